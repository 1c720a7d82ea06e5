"""From a scenario to what is drawn and said: tables, text alternative, verdict."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Any

import pandas as pd

from simlib import charts
from simlib.analysis import identities
from simlib.analysis.identities import Identity
from simlib.analysis.ledger import ledger
from simlib.charts.style import FONT, spoken
from simlib.compare import verdict
from simlib.dashboard import words
from simlib.dashboard.ledger_page import ledger_html
from simlib.dashboard.state import BORDER_NAME, INTERNAL_NAME, Scenario
from simlib.dashboard.views import FIRST_VIEW, observed, view
from simlib.dashboard.words import SERIES, whole
from simlib.parameters import load_parameters
from simlib.policy import Policy, allocate, load_policy
from simlib.results import Ensemble
from simlib.simulation import DRAWS, STEPS_PER_YEAR, simulate
from simlib.strategies import Share, beyond_record, equal_money

DRAGGED_DRAWS = 100
"""Draws while a slider is dragged, in steps of two months."""
Watch = Callable[[float], None]
"""Told the share done, 0 to 1; what it raises stops the simulation."""
CSV_COLUMNS = (
    *("panel", "row", "quantity", "unit", "series", "year"),
    *("low90", "low50", "median", "high50", "high90"),
)
"""First columns of the table that is handed out; others follow."""
CSV_NOTES = (
    "Columns of the table: panel says what a row belongs to (lines of the picture, differences, "
    "the observed record, the ledger); 9 in 10 futures lie between low90 and high90, half of them "
    "between low50 and high50. A single number, such as a count or a mean, stands under median. "
    "Where extrapolated is True, money goes beyond what was ever observed; where provisional is "
    "True, counts may still rise."
)
PAGE = f"font-family:{FONT};font-size:14px;line-height:1.35;max-width:980px;margin:0 12px"
"""How the words under the chart of an exported page look."""


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
    names : what each policy of the ledger and the identities is called
    ledger : what each strategy brings and costs; None while a slider is dragged
    identities : why kilograms and deaths moved; empty while a slider is dragged
    scenario : what the picture shows, as a file
    """

    tables: dict[str, pd.DataFrame]
    alt: str
    verdict: tuple[str, ...]
    money: dict[str, Share]
    parts: dict[str, dict[str, float]]
    names: dict[str, str]
    scenario: str
    ledger: pd.DataFrame | None = None
    identities: tuple[Identity, ...] = ()


class Outdated(Exception):
    """The picture is no longer wanted."""


def picture(
    scenario: Scenario,
    draws: int = DRAWS,
    affordable: dict[str, float] | None = None,
    outdated: Callable[[], bool] = lambda: False,
    outcome: str = FIRST_VIEW,
    details: bool = False,
    steps_per_year: int = STEPS_PER_YEAR,
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
    details : whether ledger and identities are wanted too
    steps_per_year : of the projection; fewer while a slider is dragged

    Raises
    ------
    Outdated
        When it is not.
    InputError
        When there is no such outcome.
    """
    shown = view(outcome)

    def watch(done: float) -> None:
        if outdated():
            raise Outdated

    policies, money = _equal(scenario, affordable, watch)
    chosen = _chosen(scenario, policies)
    ensemble = simulate(
        [None, *chosen],
        draws=draws,
        assumptions=scenario.pinned,
        watch=watch,
        steps_per_year=steps_per_year,
    )
    reference = words.against(scenario)
    names = dict(zip(ensemble.policies, [reference, *_labels(scenario)], strict=False))
    lines, difference = shown.tables(ensemble, [*names.values()], scenario.start)
    beyond = [names[p.name] for p in chosen if beyond_record(p, ensemble.parameters)]
    for table in (lines, difference):
        hatched = table["series"].isin(beyond)
        table["extrapolated"] = hatched & (table["year"] >= scenario.start)
    judged = verdict(ensemble, BORDER_NAME, INTERNAL_NAME)
    told = words.picture_words(scenario, ensemble, judged, shown)
    said = [*words.verdict_sentences(scenario, ensemble, judged, money), *words.beyond(beyond)]
    return Picture(
        tables={
            "lines": lines,
            "difference": difference,
            "observed": observed(outcome),
            "words": pd.DataFrame([told]),
        },
        alt=spoken(f"{told['title']} {told['subtitle']}"),
        verdict=tuple(spoken(text) for text in said),
        money=money,
        parts=_by_programme(scenario, money),
        names=names,
        scenario=scenario.to_toml(),
        ledger=ledger(ensemble) if details else None,
        identities=_identities(ensemble, scenario.start) if details else (),
    )


def _chosen(scenario: Scenario, policies: Sequence[Policy]) -> list[Policy]:
    """The strategies with their health money, and the preset."""
    health = scenario.health_policy()
    chosen = [replace(p + health, name=p.name, title=p.title) for p in policies]
    if scenario.preset:
        chosen.append(replace(load_policy(scenario.preset), name="preset"))
    return chosen


def _labels(scenario: Scenario) -> list[str]:
    """What the lines of a scenario are called, in the order of :func:`_chosen`."""
    preset = [load_policy(scenario.preset).title] if scenario.preset else []
    return [*SERIES.values(), *preset]


def _identities(ensemble: Ensemble, start: int) -> tuple[Identity, ...]:
    return identities.kilograms(ensemble, start), identities.deaths(ensemble, start)


def _equal(
    scenario: Scenario, affordable: dict[str, float] | None, watch: Watch = lambda done: None
) -> tuple[list[Policy], dict[str, Share]]:
    """Policies of equal cost, or each of its own; quickly, where the affordable share is known."""
    strategies, start = scenario.strategies(), f"{scenario.start}-01"
    policies: list[Policy] = []
    shares: dict[str, Share] = {}
    if affordable is not None:
        for each in strategies:
            total = scenario.money(each.name)
            programmes = affordable[each.name] * total
            policies.append(each.policy(programmes, start))
            shares[each.name] = Share(programmes, total - programmes, 0.0)
        return policies, shares
    together = [strategies] if scenario.equal_money else [(each,) for each in strategies]
    for some in together:
        found, spent = equal_money(
            some,
            scenario.money(some[0].name),
            start,
            count_prison=scenario.count_prison,
            assumptions=scenario.pinned,
            watch=watch,
        )
        policies += found
        shares |= spent
    return policies, shares


def affordable(shown: Picture, scenario: Scenario) -> dict[str, float] | None:
    """Share of each total that went to programmes; None where one was or is without money."""
    shares = {
        name: (share.programmes, share.programmes + share.prison + share.unspent)
        for name, share in shown.money.items()
    }
    if not all(total and scenario.money(name) for name, (_, total) in shares.items()):
        return None
    return {name: programmes / total for name, (programmes, total) in shares.items()}


def policies(scenario: Scenario, watch: Watch = lambda done: None) -> dict[str, Policy]:
    """What a scenario draws, as policies with their health money: border, internal, preset.

    Parameters
    ----------
    watch : told the share done of each simulation that finds the affordable money
    """
    found, _ = _equal(scenario, None, watch)
    return {each.name: each for each in _chosen(scenario, found)}


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


def ledger_page(shown: Picture) -> str:
    """The ledger as an HTML table; nothing where it was not asked for."""
    if shown.ledger is None:
        return ""
    caption = f"Against {shown.names['status_quo']}, 9 in 10 futures below each median."
    if "preset" in shown.names:
        caption += f" {shown.names['preset']} spends a sum of its own, not the same money."
    return ledger_html(shown.ledger, shown.names, caption)


def export(shown: Picture, kind: str) -> bytes:
    """The picture as a file of the given kind; its drawn numbers and ledger; what they are.

    The page of kind ``html`` holds the verdict, the ledger and the scenario besides the chart.
    The table of kind ``csv`` holds nothing but numbers and what they are of; what else there is
    to say stands in the notes of kind ``txt``.
    """
    told = shown.tables["words"].iloc[0]
    if kind == "csv":
        return _csv(shown, told)
    if kind == "txt":
        return _notes(shown, told)
    spec = charts.fill(chart(), shown.tables)
    if kind != "html":
        return charts.export(spec, kind)
    said = "".join(f"<p>{escape(text)}</p>" for text in shown.verdict)
    file = f"<details><summary>Scenario as a file</summary><pre>{escape(shown.scenario)}</pre>"
    below = f"{said}{ledger_page(shown)}<p>{escape(told['footer'])}</p>{file}</details>"
    return charts.export(spec, kind, f"<div style='{PAGE}'>{below}</div>")


def _csv(shown: Picture, told: pd.Series) -> bytes:
    """Drawn numbers, record and ledger in one table: a row for each quantity, line and year."""
    outcome = {"quantity": told["outcome"], "unit": told["unit"]}
    apart = {"quantity": told["difference"], "unit": told["difference_unit"]}
    tables = shown.tables
    seen = tables["observed"].rename(columns={"value": "median"}).assign(series="observed")
    parts = [
        tables["lines"].assign(panel="lines", **outcome),
        tables["difference"].assign(panel="difference", **apart),
        seen.assign(panel="observed", **outcome),
    ]
    if shown.ledger is not None:
        named = shown.ledger.rename(columns={"policy": "series", "label": "quantity"})
        parts.append(named.assign(panel="ledger", series=named["series"].map(shown.names)))
    whole = pd.concat(parts)
    first = [name for name in CSV_COLUMNS if name in whole]
    return charts.table_csv(
        whole[[*first, *(name for name in whole if name not in first)]].assign(
            year=whole["year"].convert_dtypes()
        )
    )


def _notes(shown: Picture, told: pd.Series) -> bytes:
    """What the picture says in words, what the columns of its table are, and the scenario."""
    said = [told["title"], told["subtitle"], *shown.verdict, told["footer"], CSV_NOTES]
    paragraphs = [*said, f"The scenario, as a file:\n\n{shown.scenario}"]
    return "\n\n".join(paragraphs).encode()


def chart() -> Any:
    """The one chart definition of live view and export."""
    return charts.comparison()
