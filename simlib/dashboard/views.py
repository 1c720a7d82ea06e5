"""What the comparison picture can show: any outcome, net benefit, cost per death averted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import pandas as pd

from simlib.charts.checks import BANDS
from simlib.charts.style import NO_POLICY, STATUS_QUO
from simlib.compare import Comparison, Verdict, compare, verdict
from simlib.dashboard.spending import SERIES, Spending
from simlib.dashboard.state import Scenario
from simlib.inputs.observed import load_observed
from simlib.results import OUTCOMES, QUANTILES, Ensemble, quantiles
from simlib.simulation import simulate
from simlib.world import HISTORY_START

Tables = tuple[pd.DataFrame, pd.DataFrame]

FIRST_VIEW = "deaths_fentanyl"
RECORDED = {
    "deaths_fentanyl": "deaths_synthetic_opioids",
    "deaths_any_opioid": "deaths_any_opioid",
    "seized_border_gross_kg": "cbp_seized",
    "price_pure": "retail_price_pure_gram",
}
"""Observed series in the unit of an outcome."""
AIMS = ("qalys", "people_in_treatment", "price_", "seized_")
"""Beginnings of the names of what policies mean to raise; the others they mean to lower."""
SETTLING_YEARS = 2
"""Years from a policy's start in which its cost is spread over next to no deaths averted."""


@dataclass(frozen=True)
class Lines:
    """What the lines of a picture are called, and what each is compared with.

    Attributes
    ----------
    names : by policy, in the order of the ensemble
    against : by policy that is compared, the one that it adds to; without health money the first
    """

    names: Mapping[str, str]
    against: Mapping[str, str]

    @property
    def origin(self) -> str:
        """The policy from which the first differences are taken."""
        return next(iter(self.against.values()))

    @property
    def zero(self) -> str:
        """What its line is called."""
        return self.names[self.origin]


@dataclass(frozen=True)
class Run:
    """What a scenario came to: what there is to draw and to tell of.

    Attributes
    ----------
    spent : what the strategies cost
    drawn : names of the lines and what each is compared with
    """

    scenario: Scenario
    ensemble: Ensemble
    spent: Spending
    drawn: Lines

    @property
    def years(self) -> int:
        """Years from the scenario's start to the end of the projection."""
        return int(self.ensemble.years[-1]) - self.scenario.start + 1

    @cached_property
    def compared(self) -> dict[str, Comparison]:
        """Each strategy and further line against what it adds to, by what it is called."""
        return {
            self.drawn.names[name]: compare(self.ensemble, policy=name, against=reference)
            for name, reference in self.drawn.against.items()
        }

    @property
    def strategies(self) -> dict[str, Comparison]:
        """The two strategies, each against what both add to, by what they are called."""
        return {label: self.compared[label] for label in SERIES.values()}

    @cached_property
    def judged(self) -> Verdict | None:
        """The verdict; None where the strategies spend different money."""
        if not self.spent.same:
            return None
        first, second = SERIES
        return verdict(self.ensemble, first, second, against=self.drawn.origin)


@dataclass(frozen=True)
class View:
    """One thing that the picture can show.

    Attributes
    ----------
    name : outcome of `simlib.results.OUTCOMES`, or one of its own
    label, unit : of the lines
    more, fewer : what more and less of it are called
    aim : what the better strategy has of it
    tables : lines and differences of a run
    difference, difference_unit : of the second panel, where it is not the difference
    summed : whether years are summed over the projection, or averaged
    """

    name: str
    label: str
    unit: str
    more: str
    fewer: str
    aim: str
    tables: Callable[[Run], Tables]
    difference: str = ""
    difference_unit: str = ""
    summed: bool = True

    def change(self, compared: Comparison) -> Any:
        """Difference over the projection, shape (draws,): its sum, or its mean over the years."""
        if self.name in NET_BENEFIT:
            return compared.net_benefit_musd(NET_BENEFIT[self.name])
        by_year = compared.difference(self.name if self.name in OUTCOMES else FIRST_VIEW)
        return by_year.sum(axis=0) if self.summed else by_year.mean(axis=0)


NET_BENEFIT = {"net_benefit_vsl": "vsl", "net_benefit_qaly": "qaly"}
COST_PER_DEATH = "cost_per_death_averted"


def banded(years: Any, lines: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """Bands by year of some lines, by what each is called; values of shape (years, draws)."""
    draws = max(values.shape[-1] for values in lines.values())
    wide = [np.broadcast_to(values, (len(values), draws)) for values in lines.values()]
    bands = quantiles(np.concatenate(wide), QUANTILES).astype(float)
    times = {"year": np.tile(np.asarray(years, dtype=float), len(lines))}
    series = {"series": np.repeat([*lines], len(years)).astype(object)}
    return pd.DataFrame(times | series | dict(zip(BANDS, bands, strict=True)))


def observed(name: str) -> pd.DataFrame:
    """The record of an outcome, at the places of its calendar or fiscal years; else no rows."""
    if name not in RECORDED:
        return pd.DataFrame({"year": [], "value": [], "provisional": []}, dtype=float)
    middles, values, quality = load_observed().series(RECORDED[name])
    recent = middles > HISTORY_START
    provisional = quality[recent] != "final"
    return pd.DataFrame(
        {"year": middles[recent] - 0.5, "value": values[recent], "provisional": provisional}
    )


# --- outcomes ---------------------------------------------------------------------------------


@lru_cache(maxsize=8)
def _default(name: str, draws: int) -> pd.DataFrame:
    """The status quo line with nothing pinned; the same for every scenario."""
    ensemble = simulate(draws=draws)
    return banded(ensemble.years, {STATUS_QUO: ensemble.yearly(name)[:, 0]})


def _levels(name: str) -> Callable[[Run], Tables]:
    """Lines of an outcome, and paired differences of those that are compared."""

    def tables(run: Run) -> Tables:
        values = run.ensemble.yearly(name)
        named = {label: values[:, i] for i, label in enumerate(run.drawn.names.values())}
        lines = banded(run.ensemble.years, named)
        if NO_POLICY in named:
            lines = pd.concat([_default(name, run.ensemble.draws), lines], ignore_index=True)
        apart = {label: compared.difference(name) for label, compared in run.compared.items()}
        return lines, banded(run.ensemble.projected_years, apart)

    return tables


def _net_benefit(valued_by: str) -> Callable[[Run], Tables]:
    """Net benefit added up since the start, and by year."""

    def tables(run: Run) -> Tables:
        years = run.ensemble.projected_years
        by_year = {
            label: compared.net_benefit_by_year(valued_by)
            for label, compared in run.compared.items()
        }
        so_far = {label: values.cumsum(axis=0) for label, values in by_year.items()}
        nothing = {run.drawn.zero: np.zeros((len(years), 1))}
        return banded(years, nothing | so_far), banded(years, by_year)

    return tables


def _cost_per_death(run: Run) -> Tables:
    """Mean cost so far over mean deaths averted so far, where any are; and the latter's bands."""
    lines, averted = [], {}
    for label, compared in run.compared.items():
        saved = -compared.difference(FIRST_VIEW).cumsum(axis=0)
        cost = compared.spent_by_year().mean(axis=1).cumsum()
        settled = compared.years >= run.scenario.start + SETTLING_YEARS
        some = settled & (saved.mean(axis=1) > 0)
        ratio = (cost[some] / saved[some].mean(axis=1))[:, None]
        lines.append(banded(compared.years[some], {label: ratio}))
        averted[label] = saved
    return pd.concat(lines, ignore_index=True), banded(run.ensemble.projected_years, averted)


def _outcome(name: str) -> View:
    outcome = OUTCOMES[name]
    more, fewer = "higher", "lower"
    if outcome.unit.startswith(("death", "overdose", "person")):
        more, fewer = "more", "fewer"
    elif outcome.total:
        more, fewer = "more", "less"
    aim = more if name.startswith(AIMS) else fewer
    tables = _levels(name)
    return View(name, outcome.label, outcome.unit, more, fewer, aim, tables, summed=outcome.total)


def _benefit(name: str, how: str) -> View:
    return View(
        name,
        f"Net benefit, by the value of {how}",
        "million USD since the start, present value",
        more="gain",
        fewer="loss",
        aim="larger",
        tables=_net_benefit(NET_BENEFIT[name]),
        difference="Net benefit by year",
        difference_unit="million USD a year, present value",
    )


VIEWS: Mapping[str, View] = {name: _outcome(name) for name in OUTCOMES} | {
    "net_benefit_vsl": _benefit("net_benefit_vsl", "a statistical life"),
    "net_benefit_qaly": _benefit("net_benefit_qaly", "a quality-adjusted life year"),
    COST_PER_DEATH: View(
        COST_PER_DEATH,
        "Cost per death averted",
        "million USD: mean added cost over mean deaths averted, not discounted",
        more="more averted",
        fewer="fewer averted",
        aim="fewer",
        tables=_cost_per_death,
        difference="Deaths averted since the start",
        difference_unit="deaths",
    ),
}
