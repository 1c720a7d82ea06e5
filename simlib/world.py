"""The world before any new policy: drivers of the record, today's anchors and the first state.

Turns draws of the parameters and the observed series into the arrays that the loop in
:mod:`simlib.model` reads. Nothing here depends on a policy.
"""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simlib.inputs.observed import RECORD, Observed
from simlib.model import market, supply, today
from simlib.model.future import Anchors, Drivers
from simlib.model.today import Recorded
from simlib.units import G_PER_KG, PER_100K

Array = NDArray[np.float64]
Draws = Mapping[str, Array]

STAGES = ("border", "wholesale", "retail")
OFFENCES = ("possession", "selling", "other")
HISTORY_START = 2013.0
PURITY_REFERENCE = 2019


def record_end(observed: Observed) -> float:
    """End of the death record [decimal year]: where the projection begins."""
    return observed.data_end(RECORD)


def record_quarters(observed: Observed) -> int:
    """Quarters of the death record."""
    return round((record_end(observed) - HISTORY_START) * 4)


def grown(observed: Observed, series: str, growth: Array, time: Array) -> Array:
    """A yearly series, growing on after its last count until the record of deaths ends."""
    counts = observed.interpolate(series, time)[0][:, None]
    last = observed.series(series)[0][-1]
    years = np.clip(time, last, max(last, record_end(observed))) - last
    return counts * (1 + growth) ** years[:, None]


def kits_per_100k(p: Draws, observed: Observed, time: Array | float) -> Array:
    """Naloxone kits a year per 100,000 people, shape (times, draws)."""
    times = np.atleast_1d(np.asarray(time, dtype=float))
    growth = p["naloxone_growth_since_record"]
    kits = grown(observed, "naloxone_kits", growth, times)
    return kits / p["population"] * PER_100K


def treatment_places(p: Draws, observed: Observed, time: Array) -> Array:
    """People in treatment with buprenorphine or methadone, shape (times, draws)."""
    growth = p["treatment_growth_since_record"]
    series = ("buprenorphine_patients", "methadone_patients")
    return np.sum([grown(observed, each, growth, time) for each in series], axis=0)


def fentanyl_share(p: Draws, time: Array) -> Array:
    """Two logistic waves, East then West, nothing before the onset; shape (times, draws)."""
    t = time[:, None]
    east = 1 / (1 + np.exp(-(t - p["east_midpoint"]) / p["east_scale"]))
    west = 1 / (1 + np.exp(-(t - p["west_midpoint"]) / p["west_scale"]))
    arrived = np.clip((t - p["fentanyl_onset"]) / p["arrival_years"], 0, 1)
    share = arrived * (p["east_share"] * east + (1 - p["east_share"]) * west)
    return np.maximum(share, np.finfo(float).eps)  # a market of nothing would have no price


def seized_purity(p: Draws, observed: Observed, time: Array) -> tuple[Array, Array]:
    """Pill milligrams and powder purity relative to the reference year, until the shock begins.

    After the onset the trend stays where it was: the fall since is what the shock explains.
    """
    found = []
    for name in ("pill_fentanyl_mg", "powder_purity"):
        years, values, _ = observed.series(name)
        reference = values[np.floor(years) == PURITY_REFERENCE].mean()
        smooth = np.convolve(np.pad(values, 1, mode="edge"), np.ones(3) / 3, mode="valid")
        when = np.minimum(time[:, None], p["shock_onset"])
        found.append(np.interp(when, years, smooth / reference))
    return found[0], found[1]


def log_potency_trend(p: Draws, observed: Observed, time: Array) -> Array:
    """Log street potency without shortage, relative to the reference year."""
    pill, powder = seized_purity(p, observed, time)
    trend = market.potency_trend(pill, powder, p["pill_share"], p["purity_link"])
    before = np.minimum(time[:, None] - PURITY_REFERENCE, 0)
    return np.log(trend) + p["potency_drift_before_purity"] * before


def pure_share(p: Draws, observed: Observed, time: Array) -> Array:
    """Pure share of gross weight seized, without shortage."""
    pill, powder = seized_purity(p, observed, time)
    level = {}
    for name in ("pill_fentanyl_mg", "powder_purity"):
        years, values, _ = observed.series(name)
        level[name] = values[np.floor(years) == PURITY_REFERENCE].mean()
    in_pills = pill * level["pill_fentanyl_mg"] / p["tablet_mg"]
    in_powder = powder * level["powder_purity"] / 100
    return p["pill_share"] * in_pills + (1 - p["pill_share"]) * in_powder


def shock_bottom(p: Draws, observed: Observed) -> Array:
    """Length of the plateau [years]: it lasts at least to the end of the record."""
    reached = p["shock_onset"] + p["shock_decline_months"] / 12
    to_record_end = np.maximum(record_end(observed) - reached, 0)
    return to_record_end + p["shock_plateau_months"] / 12


def prescription_deaths(p: Draws, observed: Observed, time: Array) -> Array:
    """Deaths from prescription opioids only, following the opioids prescribed [per year]."""
    prescribed = observed.interpolate("opioid_prescribed_mme", time)[0]
    first = observed.interpolate("opioid_prescribed_mme", np.array([HISTORY_START + 0.5]))[0]
    return (prescribed / first)[:, None] * p["prescription_deaths_2013"]


def anchors(p: Draws, observed: Observed) -> Anchors:
    """Constants that make today's seizures and fatality come out as drawn; shape (draws,)."""
    now = np.array([record_end(observed)])
    cars, trucks = (
        observed.interpolate(f"scan_share_{kind}", now)[0] for kind in ("cars", "trucks")
    )
    return today.anchors(draw(p), Recorded(cars, trucks, kits_per_100k(p, observed, 2020.5)[0]))


def draw(p: Draws) -> Any:
    """Draws by parameter as the equations read them: a field a parameter."""
    return SimpleNamespace(**p)


def drivers(p: Draws, observed: Observed, time: Array, error: Array) -> Drivers:
    """All drivers at the given mid-step times.

    Parameters
    ----------
    p : draws by parameter, shape (draws,)
    time : [decimal year], shape (steps,)
    error : [log], model error, shape (steps, draws)
    """
    end = record_end(observed)
    fading = np.clip(p["pandemic_end"] - time[:, None], 0, 1)
    pandemic = p["pandemic_effect"] * fading * (time[:, None] >= p["pandemic_start"])
    never = p["shock_recovery_months"] > p["shock_never_months"]
    recovery = np.where(never, np.inf, p["shock_recovery_months"] / 12)
    arrests = observed.interpolate("drug_arrests", time)[0]
    last_arrests = observed.series("drug_arrests")[1][-1]
    bottom = (p["shock_decline_months"] / 12, shock_bottom(p, observed), recovery)
    years = np.minimum(time, end)[:, None] - HISTORY_START
    share, potency = fentanyl_share(p, time), log_potency_trend(p, observed, time)
    entry = p["entry_2013"] * np.exp(-p["entry_decline"] * years)
    return Drivers(
        fentanyl_share=share,
        log_potency_trend=potency,
        scan_cars=observed.interpolate("scan_share_cars", time)[0][:, None],
        scan_trucks=observed.interpolate("scan_share_trucks", time)[0][:, None],
        shock=supply.shock_factor(
            time[:, None], p["shock_onset"], *bottom, trough=1 - p["shock_depth"]
        ),
        entry=entry,
        treatment_places=treatment_places(p, observed, time),
        kits_per_100k=kits_per_100k(p, observed, time),
        arrests=(arrests / last_arrests)[:, None],
        kg_per_user=p["consumption_g_per_user"] / G_PER_KG * share * np.exp(potency),
        circumstances=np.exp(pandemic + error) * share,
        heroin_deaths=p["heroin_death_rate"] * (1 - share),
        born_exposed=p["exposed_people"] * p["other_death_rate_general"] + entry,
        prescription_deaths=prescription_deaths(p, observed, time),
    )
