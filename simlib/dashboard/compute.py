"""From a scenario to what is drawn and said: tables, text alternative, verdict."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from html import escape
from typing import Any

import numpy as np
import pandas as pd

from simlib import charts
from simlib.chart_style import BORDER, INTERNAL, NO_POLICY, STATUS_QUO, number
from simlib.compare import CANNOT_TELL, NO_DIFFERENCE, Comparison, Verdict, compare, verdict
from simlib.dashboard.state import BORDER_NAME, INTERNAL_NAME, Scenario
from simlib.observed import load_observed
from simlib.parameters import load_parameters
from simlib.policy import Policy, allocate, load_policy
from simlib.results import Ensemble, quantiles
from simlib.simulation import DRAWS, simulate
from simlib.strategies import Share, beyond_record, equal_money

OUTCOME = "deaths_fentanyl"
DRAGGED_DRAWS = 100
BANDS = (0.05, 0.25, 0.5, 0.75, 0.95)
BAND_COLUMNS = ["low90", "low50", "median", "high50", "high90"]
SERIES = {BORDER_NAME: BORDER, INTERNAL_NAME: INTERNAL}


@dataclass(frozen=True)
class Picture:
    """All that one scenario shows.

    Attributes
    ----------
    tables : for `simlib.charts`
    alt : the picture in a sentence
    verdict : in words, several sentences
    money : what each strategy spends on programmes and prisons
    parts : what each strategy spends by programme [million USD a year]
    """

    tables: dict[str, pd.DataFrame]
    alt: str
    verdict: tuple[str, ...]
    money: dict[str, Share]
    parts: dict[str, dict[str, float]]


class Outdated(Exception):
    """The picture is no longer wanted."""


def picture(
    scenario: Scenario,
    draws: int = DRAWS,
    affordable: dict[str, float] | None = None,
    outdated: Callable[[], bool] = lambda: False,
) -> Picture:
    """Simulate a scenario and say what it shows.

    Parameters
    ----------
    scenario : checked
    draws : fewer while a slider is dragged, all on release
    affordable : share of each strategy's total left for programmes, from an earlier picture of
        nearly the same scenario; saves the trials that find it
    outdated : asked on the way whether the picture is still wanted

    Raises
    ------
    Outdated
        When it is not.
    """
    policies, money = _equal(scenario, affordable)
    if outdated():
        raise Outdated
    health = scenario.health_policy()
    chosen: list[str | Policy | None] = [None]
    chosen += [replace(p + health, name=p.name, title=p.title) for p in policies]
    if scenario.preset:
        chosen.append(replace(load_policy(scenario.preset), name="preset"))
    pinned = dict(scenario.assumptions)
    ensemble = simulate(chosen, draws=draws, assumptions=pinned)
    lines, difference = _tables(scenario, ensemble)
    beyond = [p for p in chosen if isinstance(p, Policy) and beyond_record(p, ensemble.parameters)]
    for table in (lines, difference):
        hatched = table["series"].isin([_label(p.name, scenario) for p in beyond])
        table["extrapolated"] = hatched & (table["year"] >= scenario.start)
    judged = verdict(ensemble, BORDER_NAME, INTERNAL_NAME)
    said = _sentences(scenario, ensemble, judged, money)
    title, subtitle = said[0], said[1]
    words = {"title": [title], "subtitle": [subtitle], "footer": [_footer(scenario, ensemble)]}
    tables = {
        "lines": lines,
        "difference": difference,
        "observed": _observed(),
        "words": pd.DataFrame(words),
    }
    return Picture(tables, f"{title} {subtitle}", said, money, _by_programme(scenario, money))


def _equal(
    scenario: Scenario, affordable: dict[str, float] | None
) -> tuple[list[Policy], dict[str, Share]]:
    """Policies of equal cost; quickly, where the affordable share is known."""
    strategies, start = scenario.strategies(), f"{scenario.start}-01"
    if affordable is None:
        return equal_money(
            strategies,
            scenario.total,
            start,
            count_prison=scenario.count_prison,
            assumptions=dict(scenario.assumptions),
        )
    programmes = {s.name: round(affordable[s.name] * scenario.total) for s in strategies}
    policies = [s.policy(programmes[s.name], start) for s in strategies]
    shares = {n: Share(m, scenario.total - m, 0.0) for n, m in programmes.items()}
    return policies, shares


def affordable(shown: Picture, scenario: Scenario) -> dict[str, float] | None:
    """Share of the total that went to programmes; None where there was no money."""
    if not scenario.total:
        return None
    return {name: share.programmes / scenario.total for name, share in shown.money.items()}


def _banded(years: Any, series: str, values: np.ndarray) -> pd.DataFrame:
    """Bands by year of one line; `values` of shape (years, draws)."""
    columns = dict(zip(BAND_COLUMNS, quantiles(values, BANDS).astype(float), strict=True))
    return pd.DataFrame({"year": np.asarray(years, dtype=float), "series": series} | columns)


@lru_cache(maxsize=4)
def _default(draws: int) -> pd.DataFrame:
    """The status quo line with nothing pinned; the same for every scenario."""
    ensemble = simulate(draws=draws)
    return _banded(ensemble.years, STATUS_QUO, ensemble.yearly(OUTCOME)[:, 0])


def _tables(scenario: Scenario, ensemble: Ensemble) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Lines and paired differences from the line without new policy."""
    names = list(ensemble.policies)
    first = NO_POLICY if scenario.assumptions else STATUS_QUO
    labels = [first, *(_label(name, scenario) for name in names[1:])]
    values = ensemble.yearly(OUTCOME)
    lines = [_banded(ensemble.years, label, values[:, i]) for i, label in enumerate(labels)]
    if scenario.assumptions:
        lines.insert(0, _default(ensemble.draws))
    apart = []
    for name, label in zip(names[1:], labels[1:], strict=True):
        compared = compare(ensemble, policy=name)
        apart.append(_banded(compared.years, label, compared.difference(OUTCOME)))
    return pd.concat(lines, ignore_index=True), pd.concat(apart, ignore_index=True)


def _label(name: str, scenario: Scenario) -> str:
    return SERIES.get(name) or load_policy(scenario.preset).title


def _observed() -> pd.DataFrame:
    years, values, quality = load_observed().series("deaths_synthetic_opioids")
    recent = years > load_observed()["deaths_synthetic_opioids_quarterly"].start.min()
    return pd.DataFrame(
        {
            "year": np.floor(years[recent]),
            "value": values[recent],
            "provisional": quality[recent] != "final",
        }
    )


def _footer(scenario: Scenario, ensemble: Ensemble) -> str:
    from datetime import date

    about = ensemble.about
    own = "Differences under your assumptions. " if scenario.assumptions else ""
    if health := sum(scenario.health.values()):
        own = f"Health money, {number(health)} million, in both, not in the status quo. {own}"
    return (
        f"Extra money {number(scenario.total)} million USD a year each from {scenario.start}; "
        f"{about['draws']} draws. {own}Data: {about['data_vintage']}. "
        f"simlib {about['model_version']}, {date.today().isoformat()}."
    )


def _sentences(
    scenario: Scenario, ensemble: Ensemble, judged: Verdict, money: dict[str, Share]
) -> tuple[str, ...]:
    """The verdict, then lives, cost, prison and payers of each strategy."""
    low, middle, high = (_tens(deaths) for deaths in judged.gap)
    chance = {BORDER: judged.chances[0], INTERNAL: judged.chances[1]}
    if judged.word == CANNOT_TELL:
        head = "Cannot tell which strategy saves more lives."
    elif judged.word == NO_DIFFERENCE:
        head = "No difference that matters between the two strategies."
    else:
        name = SERIES[judged.word]
        head = f"The {name} strategy saves more lives, in {chance[name]:.0%} of draws."
    years = f"{ensemble.years[-1] - scenario.start + 1} years"
    ahead = (
        f"Over {years} the border-focused strategy averts {middle} deaths more than the "
        f"internal one (9 in 10: {low} to {high}). Better by more than "
        f"{number(judged.margin_deaths)} deaths: border in {judged.chances[0]:.0%} of draws, "
        f"internal in {judged.chances[1]:.0%}; within that margin {judged.within:.0%}."
    )
    said = [head, ahead]
    for name, label in SERIES.items():
        said.append(_strategy(label, compare(ensemble, policy=name), money[name]))
    if judged.neither_beats_status_quo:
        said.append("Neither strategy beats the status quo by the margin with confidence.")
    return tuple(said)


def _whole(value: float) -> str:
    """A whole number for a reader."""
    whole = round(value)
    return number(whole, len(str(abs(whole))))


def _tens(value: float) -> str:
    """A number of people rounded to tens: draws do not tell more."""
    return _whole(round(value, -1))


def _strategy(label: str, compared: Comparison, share: Share) -> str:
    """Lives, cost, prison and payers of one strategy."""
    low, middle, high = (_tens(x) for x in np.quantile(compared.averted, (0.05, 0.5, 0.95)))
    cost = compared.cost_per_death_averted
    each = "none averted on average" if cost is None else f"{_dollars(cost)} per death averted"
    paid = compared.spending_by_payer
    total = sum(paid.values())
    payers = ", ".join(f"{payer} {part / total:.0%}" for payer, part in paid.items() if part)
    custody = _tens(float(compared.total("prison_years").mean()))
    return (
        f"{label[0].upper()}{label[1:]}: averts {middle} deaths against no new policy "
        f"(9 in 10: {low} to {high}); {each}; {custody} more person-years in custody; "
        f"of its money {_whole(share.programmes)} million a year goes to programmes"
        f"{f' ({payers})' if payers else ''} and {_whole(share.prison)} million to prisons"
        f"{_left(share)}."
    )


def _left(share: Share) -> str:
    """What is not spent, or spent beyond the total."""
    if share.unspent >= 1:
        return f"; {_whole(share.unspent)} million is not spent"
    if share.unspent <= -1:
        return f", {_whole(-share.unspent)} million above the total"
    return ""


def _dollars(value: float) -> str:
    return f"{number(value / 1e6)} million USD" if value >= 1e6 else f"{number(value)} USD"


def _by_programme(scenario: Scenario, money: Mapping[str, Share]) -> dict[str, dict[str, float]]:
    """Programme money of each strategy, split exactly as the strategy is."""
    return {
        each.name: allocate(money[each.name].programmes, each.weights)
        for each in scenario.strategies()
        if any(each.weights.values())
    }


def parts(shown: Picture, strategy: str) -> str:
    """What a strategy's programmes get, in words."""
    split = shown.parts.get(strategy)
    if split is None:
        return "All programmes stand at 0: nothing is spent."
    said = ", ".join(
        f"{escape(load_parameters()[name].label)} {_whole(part)}" for name, part in split.items()
    )
    return f"Million USD a year: {said}."


def export(shown: Picture, kind: str) -> bytes:
    """The picture as a file of the given kind, or its drawn numbers as CSV."""
    if kind == "csv":
        parts = [shown.tables[name].assign(panel=name) for name in ("lines", "difference")]
        seen = shown.tables["observed"].rename(columns={"value": "median"})
        table = pd.concat([*parts, seen.assign(panel="observed", series="observed")])
        notes = "".join(f"# {text}\n" for text in shown.tables["words"].iloc[0])
        return (notes + table.to_csv(index=False)).encode()
    return charts.export(charts.fill(chart(), shown.tables), kind)


def chart() -> Any:
    """The one chart definition of live view and export."""
    return charts.comparison("Deaths from synthetic opioids", "deaths a year")
