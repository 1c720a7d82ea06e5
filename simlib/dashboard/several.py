"""More than two: any number of named policies side by side, on the same draws."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from html import escape
from typing import Any

import numpy as np
import pandas as pd

from simlib.analysis.ledger import ledger
from simlib.charts.checks import BANDS
from simlib.charts.files import table_csv
from simlib.charts.several import side_by_side
from simlib.charts.style import STATUS_QUO, number, spoken
from simlib.compare import Comparison, compare
from simlib.dashboard import phrases
from simlib.dashboard.ledger_page import ledger_html
from simlib.dashboard.source import pinned
from simlib.dashboard.spending import same_money
from simlib.dashboard.views import FIRST_VIEW, VIEWS, banded, observed
from simlib.errors import InputError, UnknownName, unknown
from simlib.inputs.observed import load_observed
from simlib.inputs.policy import Policy
from simlib.results import OUTCOMES, Ensemble
from simlib.simulation import DRAWS, simulate

MOST_OF = {
    "more": "most",
    "fewer": "fewest",
    "less": "least",
    "higher": "highest",
    "lower": "lowest",
}
SAMPLING = 0.05
"""Share by which sums over the projection differ that are the same a year, once all is in force."""
MOST = 20
"""Most policies side by side: more rows than that are not read."""


@dataclass(frozen=True)
class SideBySide:
    """Several policies compared.

    Attributes
    ----------
    lines : year, series, low90 to high90
    differences : over the projection from the chosen one; series, low90 to high90, and where all
        lines cost the same chance_first, how often each is first of all
    ledger : from `simlib.analysis.ledger`, against the chosen one
    spec : specification for `simlib.charts.export`
    alt : the picture in words
    said : what each line does and costs, in words
    against : name of the chosen one
    """

    lines: pd.DataFrame
    differences: pd.DataFrame
    ledger: pd.DataFrame
    spec: dict[str, Any]
    alt: str
    said: tuple[str, ...]
    against: str

    def page(self) -> str:
        """What each line does, then the ledger as an HTML table; the best of a row says so."""
        lines = "".join(f"<li>{escape(text)}</li>" for text in self.said)
        table = ledger_html(self.ledger, {}, f"Against {self.against}")
        return f"<ul class='simlib-said'>{lines}</ul>{table}"

    def csv(self) -> bytes:
        """All numbers in one table; what they are stands in the notes."""
        parts = [
            self.lines.assign(panel="lines"),
            self.differences.assign(panel="difference"),
            self.ledger.rename(columns={"policy": "series"}).assign(panel="ledger"),
        ]
        return table_csv(pd.concat(parts))

    def notes(self) -> bytes:
        """What the picture says in words, and where its numbers come from."""
        said = [self.alt, *self.said, self.spec["usermeta"]["source"]]
        return ("\n\n".join(said) + "\n").encode()


def side_by_side_picture(
    policies: Mapping[str, Policy],
    assumptions: Mapping[str, float] | None = None,
    against: str = STATUS_QUO,
    outcome: str = FIRST_VIEW,
    draws: int = DRAWS,
    judgement: Mapping[str, float] | None = None,
    **options: Any,
) -> SideBySide:
    """Compare any number of named policies, all under the same assumptions and draws.

    Parameters
    ----------
    policies : by the name that is shown; the status quo is added
    assumptions : values by parameter; those on screen, not those under which one was kept, so
        that the effect of a policy is never mixed with that of an assumption
    against : the one that differences are taken from
    outcome : by its name in `simlib.results.OUTCOMES`
    draws : of each
    judgement : pinned values of the rows that say how results are judged
    **options : for `simulate` (until, seed, watch)

    Raises
    ------
    InputError
        When a name is unknown or taken, or there are more than `MOST` policies.
    """
    if STATUS_QUO in policies:
        raise InputError(f"name: {STATUS_QUO!r} is taken by the line without new policy")
    if not 1 <= len(policies) <= MOST:
        raise InputError(f"policies: {len(policies)} are too few or too many; allowed: 1 to {MOST}")
    if outcome not in OUTCOMES:
        raise UnknownName(f"outcome: {unknown(outcome, OUTCOMES)}")
    named = [Policy(STATUS_QUO), *(replace(p, name=name) for name, p in policies.items())]
    world, judged = dict(assumptions or {}), dict(judgement or {})
    ensemble = simulate(named, draws=draws, assumptions={**world, **judged}, **options)
    if against not in ensemble.policies:
        raise UnknownName(f"against: {unknown(against, ensemble.policies)}")
    values = ensemble.yearly(outcome)
    lines = banded(ensemble.years, {name: values[:, i] for i, name in enumerate(ensemble.policies)})
    costs, differences = _costs(ensemble), _differences(ensemble, against, outcome)
    same = same_money([*costs.values()], SAMPLING)
    told = _words(ensemble, differences, against, outcome, same)
    told["footer"] += "".join(
        f" {said}" for said in (*pinned(judged, "Judged with"), *pinned(world, "Assumed"))
    )
    spec = side_by_side(lines, observed(outcome), differences, told)
    spec["usermeta"] = {"source": told["footer"]}
    table = ledger(ensemble, against, [*costs] if same else ())
    if not same:
        differences = differences.drop(columns="chance_first")
    said = _said(differences, costs, told["unit_of_differences"], against)
    return SideBySide(lines, differences, table, spec, spoken(spec["description"]), said, against)


def _costs(ensemble: Ensemble) -> dict[str, float]:
    """Programmes and added prison cost of each policy but the first [million USD in all]."""
    return {
        name: float(compare(ensemble, policy=name).spent_musd.mean())
        for name in ensemble.policies[1:]
    }


def _differences(ensemble: Ensemble, against: str, outcome: str) -> pd.DataFrame:
    """Paired difference of each policy from the chosen one, and how often it is first of all."""
    base, shown = ensemble.policies.index(against), VIEWS[outcome]
    change = np.stack(
        [
            shown.change(Comparison(ensemble, base, ensemble, i))
            for i in range(len(ensemble.policies))
        ]
    )
    sign = 1 if shown.aim == shown.fewer else -1
    first = (sign * change).argmin(axis=0)
    others = [i for i in range(len(ensemble.policies)) if i != base]
    named = {ensemble.policies[i]: change[i : i + 1] for i in others}
    found = banded([0], named).drop(columns="year")
    found["chance_first"] = [float(np.mean(first == i)) for i in others]
    order = (sign * found["median"]).argsort(kind="stable")
    return found.iloc[order].reset_index(drop=True)


def _said(
    differences: pd.DataFrame, costs: Mapping[str, float], unit: str, against: str
) -> tuple[str, ...]:
    """What each line does and costs."""
    said = []
    for row in differences.itertuples():
        low, middle, high = (
            number(getattr(row, band), phrases.DIGITS) for band in ("low90", "median", "high90")
        )
        cost = f"; costs {_million(costs[row.series])}" if row.series in costs else ""
        said.append(
            f"{row.series}: {middle} {unit} against {against} (9 in 10: {low} to {high}){cost}."
        )
    return tuple(said)


def _million(money: float) -> str:
    return f"{number(money, 3)} million USD in programmes and prisons over the projection"


def _words(
    ensemble: Ensemble, differences: pd.DataFrame, against: str, outcome: str, same: bool
) -> dict[str, Any]:
    shown, about = VIEWS[outcome], ensemble.about
    unit = shown.unit.removesuffix(" a year") if shown.summed else shown.unit
    over = f"{unit} {'in all' if shown.summed else 'on average'}"
    years = ensemble.projected_years
    if same:
        first = differences.loc[differences["chance_first"].idxmax()]
        low, high = (number(first[band], phrases.DIGITS) for band in (BANDS[0], BANDS[-1]))
        title = (
            f"{MOST_OF[shown.aim]} with {first['series']} "
            f"{phrases.in_futures(first['chance_first'])}."
        )
        numbers = (
            f"Its median difference from {against} {number(first['median'], phrases.DIGITS)} "
            f"{over}, {years[0]} to {years[-1]} (9 in 10: {low} to {high})."
        )
    else:
        title = "the lines spend different money, so none is called best."
        numbers = f"Differences from {against}, {years[0]} to {years[-1]}."
    return {
        "title": f"{shown.label}: {title}",
        "subtitle": f"{numbers} The same draws under every policy. Stroke: median; dark bar: "
        "middle half; light: 9 in 10.",
        "footer": f"{len(differences) + 1} lines; {about['draws']} draws. "
        f"Data: {about['data_vintage']}. "
        f"simlib {about['model_version']}, {date.today().isoformat()}.",
        "outcome": shown.label,
        "unit": shown.unit,
        "axis": f"difference from {against}, {over}",
        "unit_of_differences": over,
        "record_end": load_observed().record_end - 0.5,
    }
