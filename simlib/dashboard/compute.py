"""From a scenario to what is drawn and said: tables, text alternative, verdict."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from html import escape
from typing import Any

import pandas as pd

from simlib import charts
from simlib.compare import verdict
from simlib.dashboard import words
from simlib.dashboard.state import BORDER_NAME, INTERNAL_NAME, Scenario
from simlib.dashboard.views import FIRST_VIEW, observed, view
from simlib.dashboard.words import SERIES, whole
from simlib.observed import load_observed
from simlib.parameters import load_parameters
from simlib.policy import Policy, allocate, load_policy
from simlib.simulation import DRAWS, simulate
from simlib.strategies import Share, beyond_record, equal_money

DRAGGED_DRAWS = 100


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
    outcome: str = FIRST_VIEW,
) -> Picture:
    """Simulate a scenario and say what it shows.

    Parameters
    ----------
    scenario : checked
    draws : fewer while a slider is dragged, all on release
    affordable : share of each strategy's total left for programmes, from an earlier picture of
        nearly the same scenario; saves the trials that find it
    outdated : asked on the way whether the picture is still wanted
    outcome : what is drawn, by its name in `simlib.dashboard.views.VIEWS`

    Raises
    ------
    Outdated
        When it is not.
    InputError
        When there is no such outcome.
    """
    shown = view(outcome)
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
    against = words.against(scenario)
    labels = [against, *(_label(name, scenario) for name in ensemble.policies[1:])]
    lines, difference = shown.tables(ensemble, labels, scenario.start)
    beyond = [p for p in chosen if isinstance(p, Policy) and beyond_record(p, ensemble.parameters)]
    for table in (lines, difference):
        hatched = table["series"].isin([_label(p.name, scenario) for p in beyond])
        table["extrapolated"] = hatched & (table["year"] >= scenario.start)
    judged = verdict(ensemble, BORDER_NAME, INTERNAL_NAME)
    years = words.years_ahead(scenario, ensemble)
    title, subtitle = words.title(shown, ensemble, judged, years)
    told = {
        "title": title,
        "subtitle": subtitle,
        "footer": words.footer(scenario, ensemble),
        "outcome": shown.label,
        "unit": shown.unit,
        "difference": shown.difference or f"Difference from {against}",
        "difference_unit": shown.difference_unit or shown.unit,
        "more": shown.more,
        "fewer": shown.fewer,
        "record_end": load_observed().record_end - 0.5,
    }
    tables = {
        "lines": lines,
        "difference": difference,
        "observed": observed(outcome),
        "words": pd.DataFrame([told]),
    }
    said = words.verdict_sentences(scenario, ensemble, judged, money)
    return Picture(
        tables,
        words.spoken(f"{title} {subtitle}"),
        tuple(words.spoken(text) for text in said),
        money,
        _by_programme(scenario, money),
    )


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


def _label(name: str, scenario: Scenario) -> str:
    return SERIES.get(name) or load_policy(scenario.preset).title


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
        f"{escape(load_parameters()[name].label)} {whole(part)}" for name, part in split.items()
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
    return charts.comparison()
