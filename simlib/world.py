"""The world before any new policy: drivers of the record, today's anchors and the first state.

Turns draws of the parameters and the observed series into the arrays that the loop in
:mod:`simlib.model` reads. Nothing here depends on a policy.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simlib import enforcement, market, overdose, supply
from simlib.observed import RECORD, Observed
from simlib.people import People

Array = NDArray[np.float64]
Draws = Mapping[str, Array]

LANES = (
    "cars",
    "trucks",
    "between",
    "corrupted",
    "wholesale",
    "wholesale_protected",
    "street",
    "online",
    "retail_protected",
)
STAGES = ("border", "wholesale", "retail")
STAGE_START = (0, 4, 6)
OFFENCES = ("possession", "selling", "other")
HISTORY_START = 2013.0
PURITY_REFERENCE = 2019
G_PER_KG = 1e3
USD_PER_MILLION = 1e6
PER_100K = 1e5


class Drivers(NamedTuple):
    """What moves without policy, one row a step, at mid-step; shape (steps, draws or 1)."""

    time: Array
    """[decimal year], shape (steps,)"""
    fentanyl_share: Array
    """Share of the illicit opioid market that is fentanyl."""
    log_potency_trend: Array
    """Street potency without shortage, relative to the reference year."""
    scan_cars: Array
    scan_trucks: Array
    """Share of vehicles scanned."""
    shock: Array
    """Production capacity left by the supply shock."""
    entry: Array
    """New dependent users a year at trend prices [persons per year]."""
    treatment_places: Array
    kits_per_100k: Array
    arrests: Array
    """Possession arrests relative to the last count."""
    kg_per_user: Array
    """Consumption of a person in active use at trend prices [pure kg per year]."""
    circumstances: Array
    """Overdose hazard relative to the reference: share of fentanyl, pandemic, model error."""
    heroin_deaths: Array
    """Deaths from heroin without fentanyl [per person-year of active use]."""
    born_exposed: Array
    """People newly exposed [persons per year]."""
    prescription_deaths: Array
    """[deaths per year]"""
    purity: Array
    """Pure share of gross weight seized, without shortage."""


class Anchors(NamedTuple):
    """Today's seizures by lane and other constants of a draw; shape (draws,) unless said."""

    weights: Array
    """Lane weights today, shape (lanes, 1, draws)."""
    detection: Array
    open_hazard: Array
    """Hazard of open lanes, scanning apart; border, wholesale, retail; shape (3, 1, draws)."""
    hazards: Array
    """Lane hazards today, shape (lanes, 1, draws)."""
    untreated_fatality: Array
    exposed_rate: Array
    """Overdoses of exposed people at full exposure [per person-year]."""


def record_end(observed: Observed) -> float:
    """End of the death record [decimal year]: where the projection begins."""
    return observed.data_end(RECORD)


def lane_hazards(
    scan: tuple[Array, Array],
    detection: Array,
    open_hazard: Array,
    ceiling: Array,
    pressure: Mapping[str, Array],
    shape: tuple[int, ...],
) -> Array:
    """Seizure hazard of every lane, shape (lanes, *shape).

    Parameters
    ----------
    scan : share of cars and of trucks scanned without new policy
    detection, open_hazard : see `Anchors`
    ceiling : [share], the most that scanning can find
    pressure : intensity by programme, 1 where absent
    """
    hazards = np.zeros((len(LANES), *shape))
    scanning = pressure.get("port_scanning", 1.0)
    border, wholesale, retail = open_hazard
    officers = border * pressure.get("port_officers", 1.0)
    for lane, share in enumerate(scan):
        hazards[lane] = enforcement.scan_hazard(share * scanning, detection, ceiling) + officers
    hazards[LANES.index("between")] = border * pressure.get("between_ports", 1.0)
    hazards[LANES.index("wholesale")] = wholesale * pressure.get("organised_crime", 1.0)
    hazards[LANES.index("street")] = retail * pressure.get("drug_units", 1.0)
    hazards[LANES.index("online")] = retail * pressure.get("cyber_units", 1.0)
    return hazards


def domestic_shares(p: Draws) -> tuple[Array, Array]:
    """Today's seized share at wholesale and at retail, from the domestic total."""
    kept = 1 - p["domestic_seized_share"]
    wholesale = 1 - kept ** p["wholesale_share_of_domestic"]
    return wholesale, 1 - kept / (1 - wholesale)


def anchors(p: Draws, observed: Observed) -> Anchors:
    """Constants that make today's seizures and fatality come out as drawn."""
    now = np.array([record_end(observed)])
    scan = [observed.interpolate(f"scan_share_{kind}", now)[0] for kind in ("cars", "trucks")]
    seized = (p["border_seized_share"], *domestic_shares(p))
    protected = [
        p[f"protected_share_{s}"] * (1 - share) for s, share in zip(STAGES, seized, strict=True)
    ]
    border_open, wholesale_open, retail_open = (1 - share for share in protected)
    cars = border_open * p["port_share"] * (1 - p["truck_share"])
    trucks = border_open * p["port_share"] * p["truck_share"]
    between = border_open * (1 - p["port_share"])
    online = retail_open * p["online_share"]
    border_lanes = (cars, trucks, between, protected[0])
    retail_lanes = (retail_open - online, online, protected[2])
    lanes = (*border_lanes, wholesale_open, protected[1], *retail_lanes)
    weights = np.stack(lanes)[:, None, :]
    border = weights[:3]
    scanned = np.stack([scan[0], scan[1], np.zeros(1)])[:, None, :] * np.ones_like(border)
    detection = enforcement.detection_given_scan(
        seized[0], p["scanning_share_of_seizures"], border, scanned
    )[0]
    nothing, ceiling = np.zeros((1, 1, 1)), p["seized_ceiling"]
    found = enforcement.scan_hazard(scanned, detection, ceiling)
    open_hazard = np.stack(
        [
            enforcement.open_hazard(seized[0], border, found),
            enforcement.open_hazard(seized[1], weights[4:5], nothing),
            enforcement.open_hazard(seized[2], weights[6:8], nothing),
        ]
    )
    shape = weights.shape[1:]
    hazards = lane_hazards((scan[0], scan[1]), detection, open_hazard, ceiling, {}, shape)
    fatality = p["net_fatality_2020"] / (1 - rescue(p, kits_per_100k(p, observed, 2020.5)))
    dependent_deaths = p["overdose_rate"] * p["net_fatality_2020"] * p["active_users_2013"]
    share = p["nondependent_share"]
    exposed_deaths = share / (1 - share) * dependent_deaths / p["exposed_people"]
    exposed_rate = exposed_deaths / p["net_fatality_2020"]
    return Anchors(weights, detection, open_hazard, hazards, fatality, exposed_rate)


def rescue(p: Draws, kits: Array) -> Array:
    """Share of otherwise fatal overdoses rescued, given kits per 100,000 people."""
    used = overdose.naloxone_use(kits, p["naloxone_efficiency"])
    return overdose.rescue_share(
        p["witnessed_share"],
        used,
        p["naloxone_effect"],
        p["emergency_call"],
        p["medics_in_time"],
    )


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


def first_people(p: Draws, observed: Observed) -> People:
    """People at the start of the history, boxes in balance with the active; shape (1, draws)."""
    active = p["active_users_2013"]
    treated = treatment_places(p, observed, np.array([HISTORY_START]))[0]
    treated = np.minimum(treated, active)
    rates = custody_rates(p, np.ones(1))
    served = [p[f"{offence}_years_served"] for offence in OFFENCES]
    custody = active * np.stack([r * years for r, years in zip(rates, served, strict=True)])
    leaving = active * p["remission_rate"]
    leaving = leaving + treated * p["treatment_leaving_rate"] * p["treatment_to_remission_share"]
    nobody = np.zeros((1, len(active)))
    return People(
        exposed=p["exposed_people"][None, :],
        active=active[None, :],
        treatment=treated[None, :],
        custody=custody[:, None, :],
        remission=(leaving / p["relapse_rate"])[None, :],
        dead_overdose=nobody,
        dead_otherwise=nobody,
    )


def custody_rates(p: Draws, arrests: Array) -> tuple[Array, Array, Array]:
    """Rate of entering custody of people in dependent use by offence [per year]."""
    possession = p["possession_arrest_rate"] * arrests * p["possession_custody_share"]
    return possession, p["selling_custody_rate"], p["other_custody_rate"]


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
        time=time,
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
        purity=pure_share(p, observed, time),
    )
