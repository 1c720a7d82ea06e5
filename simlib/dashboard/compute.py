"""From a scenario to what is drawn and said: tables, text alternative, verdict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Any

import pandas as pd

from simlib import charts
from simlib.analysis import identities
from simlib.analysis.identities import Identity
from simlib.analysis.ledger import ledger
from simlib.charts.style import FONT, NO_POLICY, STATUS_QUO, spoken, whole
from simlib.dashboard import words
from simlib.dashboard.catalogue import HEALTH_ALONE, STRATEGIES
from simlib.dashboard.ledger_page import ledger_html
from simlib.dashboard.spending import SERIES, Spending, Watch, spending
from simlib.dashboard.state import PRESET_NAME, Scenario
from simlib.dashboard.views import VIEWS, Lines, Run, observed
from simlib.dashboard.words import HEALTH_NAME
from simlib.inputs.parameters import load_parameters
from simlib.inputs.policy import Policy
from simlib.inputs.split import allocate
from simlib.results import Ensemble
from simlib.simulation import DRAWS, simulate
from simlib.strategies import Share, beyond_record

FRAME_DRAWS = 400
"""Draws of a frame while the thumb moves, in months as ever; a picture that rests has all.

Two strategies of 1,000 draws take two cores 65 to 110 ms, as long as all the rest up to the paint.
"""
STATUS_QUO_NAME = "status_quo"
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
    spent : what each strategy spends, and whether it is the same
    parts : what each strategy spends by programme [million USD a year]
    names : what each policy of the ledger and the identities is called
    ledger : what each strategy brings and costs; None in a frame
    identities : why kilograms and deaths moved; empty in a frame
    scenario : what the picture shows
    sampling : how far numbers may be off because there are no more draws, in words
    """

    tables: dict[str, pd.DataFrame]
    alt: str
    verdict: tuple[str, ...]
    spent: Spending
    parts: dict[str, dict[str, float]]
    names: dict[str, str]
    scenario: Scenario
    sampling: str
    ledger: pd.DataFrame | None = None
    identities: tuple[Identity, ...] = ()

    @property
    def further(self) -> tuple[str, ...]:
        """Sentences of the verdict that the picture does not say itself."""
        return tuple(text for text in self.verdict if text not in self.alt)


def picture(
    scenario: Scenario,
    draws: int = DRAWS,
    *,
    near: Spending | None = None,
    watch: Watch = lambda done: None,
    details: bool = False,
) -> Picture:
    """Simulate a scenario and say what it shows.

    Parameters
    ----------
    scenario : checked; its outcome is what is drawn
    draws : how many futures
    near : what was spent in a picture of nearly the same scenario, such as the last while a
        slider is dragged; it shortens the search for equal money
    watch : told the share done of each simulation; what it raises stops the work
    details : whether ledger and identities are wanted too
    """
    view = VIEWS[scenario.outcome]
    spent = spending(scenario, near, watch, draws)
    chosen = _chosen(scenario, spent.policies)
    ensemble = simulate([None, *chosen], draws, assumptions=scenario.pinned, watch=watch)
    run = Run(scenario, ensemble, spent, lines_of(scenario))
    lines, difference = view.tables(run)
    beyond = [run.drawn.names[p.name] for p in chosen if beyond_record(p, ensemble.parameters)]
    for table in (lines, difference):
        hatched = table["series"].isin(beyond)
        table["extrapolated"] = hatched & (table["year"] >= scenario.start)
    told = words.picture_words(run, view)
    return Picture(
        tables={
            "lines": lines,
            "difference": difference,
            "observed": observed(view.name),
            "words": pd.DataFrame([told]),
        },
        alt=spoken(f"{told['title']} {told['subtitle']}"),
        verdict=tuple(spoken(text) for text in words.verdict_sentences(run)),
        spent=spent,
        parts=_by_programme(scenario, spent.shares),
        names=dict(run.drawn.names),
        scenario=scenario,
        sampling=words.sampling(run),
        ledger=_ledger(run) if details else None,
        identities=_identities(ensemble, run.drawn, scenario.start) if details else (),
    )


def _ledger(run: Run) -> pd.DataFrame:
    """Each line against what it adds to; the best is marked among what costs the same."""
    health = {HEALTH_NAME: STATUS_QUO_NAME} if HEALTH_NAME in run.drawn.names else {}
    against = {**health, **run.drawn.against}
    return ledger(run.ensemble, against, STRATEGIES if run.spent.same else ())


def _chosen(scenario: Scenario, policies: Sequence[Policy]) -> list[Policy]:
    """Health money alone where there is some, the strategies with it, and the preset."""
    health = scenario.health_policy()
    if not health.changes:
        return [*policies, *scenario.preset_policy()]
    with_health = [replace(p + health, name=p.name, title=p.title) for p in policies]
    return [health, *with_health, *scenario.preset_policy()]


def lines_of(scenario: Scenario) -> Lines:
    """What the lines of a scenario are called, and what each adds to."""
    first = NO_POLICY if scenario.assumptions else STATUS_QUO
    names, origin = {STATUS_QUO_NAME: first}, STATUS_QUO_NAME
    if scenario.health_policy().changes:
        names[HEALTH_NAME], origin = HEALTH_ALONE, HEALTH_NAME
    names |= SERIES
    against = dict.fromkeys(SERIES, origin)
    for preset in scenario.preset_policy():
        names[PRESET_NAME], against[PRESET_NAME] = preset.title, STATUS_QUO_NAME
    return Lines(names, against)


def _identities(ensemble: Ensemble, drawn: Lines, start: int) -> tuple[Identity, ...]:
    """Both identities for each line that others add to, with those that add to it."""
    found = []
    against = {HEALTH_NAME: STATUS_QUO_NAME, **drawn.against}
    for origin in dict.fromkeys(drawn.against.values()):
        chosen = [origin, *(n for n in drawn.names if against.get(n) == origin)]
        places = [ensemble.policies.index(name) for name in chosen]
        for make in (identities.kilograms, identities.deaths):
            whole = make(ensemble, start)
            found.append(replace(whole, policies=tuple(chosen), values=whole.values[:, places]))
    return tuple(found)


def policies(scenario: Scenario, watch: Watch = lambda done: None) -> dict[str, Policy]:
    """What a scenario draws, as policies: health money alone, border, internal, preset.

    The strategies come with the health money.

    Parameters
    ----------
    watch : told the share done of each simulation that finds the affordable money
    """
    found = spending(scenario, watch=watch).policies
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
    first = shown.names[STATUS_QUO_NAME]
    caption = f"Against {first}, 9 in 10 futures below each median."
    if HEALTH_NAME in shown.names:
        caption = (
            f"The strategies against {HEALTH_ALONE}, the other lines against {first}; "
            "9 in 10 futures below each median."
        )
    if not shown.spent.same:
        caption += f" {shown.spent.words} None is called best."
    if PRESET_NAME in shown.names:
        caption += f" {shown.names[PRESET_NAME]} spends a sum of its own, not the same money."
    return ledger_html(shown.ledger, shown.names, f"{caption} {shown.sampling}")


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
    spec = charts.fill(chart(), charts.prepare(shown.tables))
    if kind != "html":
        return charts.export(spec, kind)
    said = "".join(f"<p>{escape(text)}</p>" for text in shown.further)
    scenario = escape(shown.scenario.to_toml())
    file = f"<details><summary>Scenario as a file</summary><pre>{scenario}</pre>"
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
    said = [told["title"], told["subtitle"], *shown.further, told["footer"], CSV_NOTES]
    paragraphs = [*said, f"The scenario, as a file:\n\n{shown.scenario.to_toml()}"]
    return "\n\n".join(paragraphs).encode()


def chart() -> Any:
    """The one chart definition of live view and export."""
    return charts.comparison()
