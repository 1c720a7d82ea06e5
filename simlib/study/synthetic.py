"""Records that the model could have made: for each term of the likelihood, what it would observe.

Simulation-based calibration stands on this: a record drawn here from given parameters has, term
by term, the density that :mod:`simlib.study.likelihood` assigns to it. What the likelihood
takes as given (treatment, scanning, purity before the shock ...) stays as it was observed.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from simlib import world
from simlib.inputs.arrays import Array, Draws, Flows
from simlib.inputs.observed import RECORD, Observed
from simlib.inputs.record import border_seizures, by_period, mean_over
from simlib.study import likelihood


class Record(NamedTuple):
    """What was observed of one simulated world."""

    observed: Observed
    consumption: float = 1.0
    """Consumption observed, over that of the parameters' table."""
    street_price: float = 1.0
    """Street price observed, relative to no change."""

    def as_seen(self, p: Draws, flows: Flows) -> tuple[Draws, Flows]:
        """Draws and flows relative to what was observed outside the series."""
        seen = {"consumption_anchor_kg": p["consumption_anchor_kg"] * self.consumption}
        return {**p, **seen}, {**flows, "price_ratio": flows["price_ratio"] / self.street_price}

    def log_likelihood(self, p: Draws, flows: Flows) -> Array:
        """Log likelihood of this record under draws, shape (draws,)."""
        return likelihood.log_likelihood(*self.as_seen(p, flows), self.observed)


class World(NamedTuple):
    """One simulated world: a single draw, its history without model error, and its chances."""

    p: Draws
    flows: Flows
    error: Array
    """[log], quarterly model error, shape (quarters,)."""
    rng: np.random.Generator

    def noise(self, size: int, spread: str) -> Array:
        """Independent normal noise, of the spread that a parameter gives."""
        return self.p[spread][0] * self.rng.standard_normal(size)


def with_values(observed: Observed, **values: Array) -> Observed:
    """The record with other values of some series."""
    changed = {name: replace(observed[name], values=each) for name, each in values.items()}
    return Observed({**observed, **changed})


def quarterly_deaths(of: World, record: Record) -> Record:
    """Counts by quarter, and the years' sums of them."""
    series = record.observed[RECORD]
    modelled = by_period(of.flows, "deaths_fentanyl", series.start, series.end)[:, 0]
    background = of.p["background_deaths"][0] * (series.end - series.start)
    quarter = np.round(4 * (series.start - world.HISTORY_START)).astype(int)
    spread = np.sqrt(1 / modelled + of.p["count_spread"][0] ** 2)
    log_ratio = (1 - background / modelled) * of.error[quarter]
    log_ratio = log_ratio + spread * of.rng.standard_normal(len(modelled))
    counted = modelled * np.exp(log_ratio)
    yearly = record.observed["deaths_synthetic_opioids"]
    first = [np.round(series.start - year, 6) for year in yearly.start]
    sums = [counted[(since >= 0) & (since < 1)].sum() for since in first]
    whole = [np.sum((since >= 0) & (since < 1)) == 4 for since in first]
    values = {RECORD: counted, yearly.name: np.where(whole, sums, yearly.values)}
    return record._replace(observed=with_values(record.observed, **values))


def any_opioid_deaths(of: World, record: Record) -> Record:
    """Yearly deaths from any opioid: those counted above and others."""
    series = record.observed["deaths_any_opioid"]
    synthetic = record.observed.yearly("deaths_synthetic_opioids")
    modelled = [
        by_period(of.flows, name, series.start, series.end)[:, 0]
        for name in ("deaths_any_opioid", "deaths_fentanyl")
    ]
    others = (modelled[0] - modelled[1]) * np.exp(
        of.noise(len(series.start), "other_opioid_spread")
    )
    counted = others + [synthetic[int(year)] for year in series.start]
    return record._replace(observed=with_values(record.observed, **{series.name: counted}))


def purity_fall(of: World, record: Record) -> Record:
    """Purity in the last year's two halves, as far below the base as street potency says.

    The likelihood sees one mixture of the two series; the difference between them stays as it was.
    """
    observed, link, w = record.observed, of.p["purity_link"][0], of.p["pill_share"][0]
    end, powder = world.record_end(observed), observed["powder_purity"]
    early = np.where(powder.end <= end - 1, powder.values, 0)
    base = (powder.start >= np.floor(powder.start[np.argmax(early)])) & (early > 0.9 * early.max())
    when = (powder.start[base].min(), powder.end[base].max())
    before = np.log(mean_over(of.flows, "potency_ratio", *when))[0]
    values = {n: observed[n].values.copy() for n in ("pill_fentanyl_mg", "powder_purity")}
    for last in (end - 0.5, end):
        late = (powder.start >= last - 0.5) & (powder.end <= last)
        street = np.log(mean_over(of.flows, "potency_ratio", last - 0.5, last))[0] - before
        seized = (street + of.noise(1, "purity_spread")[0]) / link
        fell = [np.log(v[late].mean() / v[base].mean()) for v in values.values()]
        missing = np.exp(seized - (w * fell[0] + (1 - w) * fell[1]))
        values = {name: np.where(late, v * missing, v) for name, v in values.items()}
    return record._replace(observed=with_values(observed, **values))


def fentanyl_waves(of: World, record: Record) -> Record:
    """Fentanyl share of the market, in laboratories and in seizures."""
    values = {}
    for name in (
        "fentanyl_penetration_nflis_share",
        "fentanyl_share_of_fentanyl_and_heroin_seized",
    ):
        series = record.observed[name]
        modelled = world.fentanyl_share(of.p, series.middle)[:, 0]
        values[name] = modelled + of.noise(len(modelled), "wave_spread")
    return record._replace(observed=with_values(record.observed, **values))


def seizure_changes(of: World, record: Record) -> Record:
    """Gross kilograms seized at the border: flow, detection that drifts, purity as observed."""
    series = record.observed["cbp_seized"]
    start, end, seen = border_seizures(of.p, record.observed)
    modelled = np.log(by_period(of.flows, "seized_border_kg", start, end))[:, 0]
    drift = np.cumsum(np.append(0, of.noise(len(modelled) - 1, "detection_drift")))
    values = series.values.copy()
    values[np.isin(series.start, start)] *= np.exp(modelled + drift - seen[:, 0])
    return record._replace(observed=with_values(record.observed, cbp_seized=values))


def anchors(of: World, record: Record) -> Record:
    """People at risk, kilograms consumed and removed, street price."""
    flows, observed = of.flows, record.observed

    def yearly(name: str, start: float, end: float) -> float:
        return float(mean_over(flows, name, start, end)[0] / flows["dt"])

    def chance(name: str) -> float:
        return float(np.exp(of.noise(1, f"{name}_spread")[0]))

    users, doses = observed["chronic_heroin_users"], observed["dea_doses_removed"]
    counted = users.values.copy()
    counted[-1] = yearly("active_years", 2016, 2017) * chance("users")
    removed = yearly("seized_wholesale_kg", 2022, 2025) + yearly("seized_retail_kg", 2022, 2025)
    removed *= chance("removed") / (doses.values.mean() * likelihood.DOSE_MG)
    consumed = yearly("consumed_kg", 2021, 2024) * chance("consumption")
    end = world.record_end(observed)
    street = mean_over(flows, "price_ratio", end - 0.5, end)
    street = street * mean_over(flows, "potency_ratio", end - 0.5, end)
    return Record(
        with_values(
            observed, chronic_heroin_users=counted, dea_doses_removed=doses.values * removed
        ),
        consumed / float(of.p["consumption_anchor_kg"][0]),
        float(street[0]) * chance("street_price"),
    )


GENERATORS: Mapping[str, Callable[[World, Record], Record]] = {
    "quarterly_deaths": quarterly_deaths,
    "any_opioid_deaths": any_opioid_deaths,
    "purity_fall": purity_fall,
    "fentanyl_waves": fentanyl_waves,
    "seizure_changes": seizure_changes,
    "anchors": anchors,
}
"""By the name of the term of the likelihood, in an order in which each sees what it is given."""


def synthetic_record(of: World, observed: Observed) -> Record:
    """What would have been observed of a simulated world."""
    record = Record(observed)
    for generator in GENERATORS.values():
        record = generator(of, record)
    return record
