"""What the comparison picture can show: any outcome, net benefit, cost per death averted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from simlib.charts.style import BANDS, NO_POLICY, STATUS_QUO
from simlib.compare import Comparison, compare
from simlib.errors import UnknownName, unknown
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

    def compared(self, ensemble: Ensemble) -> dict[str, Comparison]:
        """Each comparison, by what its line is called."""
        return {
            self.names[name]: compare(ensemble, policy=name, against=reference)
            for name, reference in self.against.items()
        }

    def alone(self, ensemble: Ensemble) -> Comparison:
        """What both strategies add to, against the first policy."""
        return compare(ensemble, policy=next(iter(self.against.values())))

    @property
    def zero(self) -> str:
        """What the line is called from which the first differences are taken."""
        return self.names[next(iter(self.against.values()))]


@dataclass(frozen=True)
class View:
    """One thing that the picture can show.

    Attributes
    ----------
    name : outcome of `simlib.results.OUTCOMES`, or one of its own
    label, unit : of the lines
    more, fewer : what more and less of it are called
    aim : what the better strategy has of it
    tables : from an ensemble, :class:`Lines` and the year in which policies begin to lines and
        differences
    difference, difference_unit : of the second panel, where it is not the difference
    summed : whether years are summed over the projection, or averaged
    """

    name: str
    label: str
    unit: str
    more: str
    fewer: str
    aim: str
    tables: Callable[[Ensemble, "Lines", int], Tables]
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


def banded(years: Any, series: str, values: np.ndarray) -> pd.DataFrame:
    """Bands by year of one line; `values` of shape (years, draws)."""
    columns = dict(zip(BANDS, quantiles(values, QUANTILES).astype(float), strict=True))
    return pd.DataFrame({"year": np.asarray(years, dtype=float), "series": series} | columns)


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


def view(name: str) -> View:
    """The view of this name.

    Raises
    ------
    UnknownName
        When there is none.
    """
    if name not in VIEWS:
        raise UnknownName(f"outcome: {unknown(name, VIEWS)}")
    return VIEWS[name]


# --- outcomes ---------------------------------------------------------------------------------


@lru_cache(maxsize=8)
def _default(name: str, draws: int) -> pd.DataFrame:
    """The status quo line with nothing pinned; the same for every scenario."""
    ensemble = simulate(draws=draws)
    return banded(ensemble.years, STATUS_QUO, ensemble.yearly(name)[:, 0])


def _levels(name: str) -> Callable[[Ensemble, Lines, int], Tables]:
    """Lines of an outcome, and paired differences of those that are compared."""

    def tables(ensemble: Ensemble, drawn: Lines, start: int) -> Tables:
        values, labels = ensemble.yearly(name), [*drawn.names.values()]
        lines = [banded(ensemble.years, label, values[:, i]) for i, label in enumerate(labels)]
        if labels[0] == NO_POLICY:
            lines.insert(0, _default(name, ensemble.draws))
        years, places = ensemble.projected_years, ensemble.policies.index
        later = values[-len(years) :]
        difference = [
            banded(years, drawn.names[policy], later[:, places(policy)] - later[:, places(base)])
            for policy, base in drawn.against.items()
        ]
        return pd.concat(lines, ignore_index=True), pd.concat(difference, ignore_index=True)

    return tables


def _net_benefit(valued_by: str) -> Callable[[Ensemble, Lines, int], Tables]:
    """Net benefit added up since the start, and by year."""

    def tables(ensemble: Ensemble, drawn: Lines, start: int) -> Tables:
        years = ensemble.projected_years
        lines = [banded(years, drawn.zero, np.zeros((len(years), 1)))]
        by_year = []
        for label, compared in drawn.compared(ensemble).items():
            found = compared.net_benefit_by_year(valued_by)
            lines.append(banded(years, label, found.cumsum(axis=0)))
            by_year.append(banded(years, label, found))
        return pd.concat(lines, ignore_index=True), pd.concat(by_year, ignore_index=True)

    return tables


def _cost_per_death(ensemble: Ensemble, drawn: Lines, start: int) -> Tables:
    """Mean cost so far over mean deaths averted so far, where any are; and the latter's bands."""
    lines, averted = [], []
    for label, compared in drawn.compared(ensemble).items():
        saved = -compared.difference(FIRST_VIEW).cumsum(axis=0)
        cost = compared.spent_by_year().mean(axis=1).cumsum()
        some = (saved.mean(axis=1) > 0) & (compared.years >= start + SETTLING_YEARS)
        each = (cost[some] / saved[some].mean(axis=1))[:, None]
        lines.append(banded(compared.years[some], label, each))
        averted.append(banded(compared.years, label, saved))
    return pd.concat(lines, ignore_index=True), pd.concat(averted, ignore_index=True)


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
