"""One style of numbers in all that is drawn and said: 1,400 and 20 %."""

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
import pytest
from test_analysis_pictures import found
from test_walkthrough import PICTURES

from simlib import charts
from simlib.analysis import believe
from simlib.charts import decisions, explanations, trust
from simlib.charts.decisions import filled
from simlib.charts.style import NUMBER_LOCALE, exact, number, percent, spoken, whole
from simlib.dashboard import Scenario, brief, compute, findings
from simlib.dashboard.break_even import BreakEven
from simlib.dashboard.session import Session
from simlib.dashboard.several import side_by_side_picture
from simlib.dashboard.why import identity_figure
from simlib.inputs.policy import load_policy
from simlib.pages import content

__all__ = ["found"]

OTHERS = {
    "blanks between thousands": r"(?<![\d.,])\d{1,3}(?:[ \u2009\u202f\u00a0]\d{3})+(?![\d.])",
    "no comma between thousands": r"(?<![\d.,\w#/-])(?<!NCJ )(?<!\d\()"  # numbers of reports
    r"(?!(?:19|20)\d\d\b)\d{4,}(?![\d\w-])",
    "percent in words": r"\bper ?cents?\b",
    "no blank before %": r"\d%",
    "a hyphen for minus": r"(?:^|(?<!\^)[\s(])-\d",
}
FORMATS = (None, "", "d", "%", ".0%", ".2f", ",~r", ",.3~r", ",", "~s")
"""How charts may write numbers of their own: dates alone have no comma."""
IDLE = {"$schema", "config", "usermeta", "data", "scale", "transform"}


def faults(texts: Iterable[str]) -> list[tuple[str, str]]:
    return [
        (kind, text)
        for text in texts
        for kind, pattern in OTHERS.items()
        if re.search(pattern, text, re.IGNORECASE)
    ]


def words(node: Any, key: str = "") -> Iterable[str]:
    """Texts of a specification or its data, and formats that are not ours."""
    if isinstance(node, dict):
        for name, inner in node.items():
            if name == "format":
                assert inner in FORMATS, inner
            elif name not in IDLE:
                yield from words(inner, name)
        if "data" in node:
            yield from words(node["data"].get("values", []))
    elif isinstance(node, list | tuple | np.ndarray | pd.Series):
        for inner in node:
            yield from words(inner, key)
    elif isinstance(node, pd.DataFrame):
        yield from words(node.to_dict("records"))
    elif isinstance(node, str) and not node.startswith("datum."):
        yield node


def spec_words(spec: dict[str, Any]) -> list[str]:
    assert spec["config"]["locale"]["number"] == NUMBER_LOCALE
    found = list(words(spec))
    assert len(" ".join(found)) > 100
    return found


def tags_away(page: str) -> list[str]:
    return re.findall(r">([^<>]+)<", re.sub(r"<style.*?</style>", "", page, flags=re.DOTALL))


def test_the_four_ways_to_write_a_number() -> None:
    assert number(62_134) == "62,100"
    assert number(-1_234_567) == "−1,230,000"
    assert [exact(x) for x in (1400, 0.1 + 0.2, -1234.5, 1e-7)] == [
        *("1,400", "0.3", "−1,234.5", "0.0000001")
    ]
    assert [exact(2027, unit) for unit in ("year", "decimal year", "kg")] == [
        *("2027", "2027", "2,027")
    ]
    assert [whole(x) for x in (1399.6, -0.2, 1_000_000)] == ["1,400", "0", "1,000,000"]
    assert [percent(x) for x in (0.2, -0.004, -0.2, 12.0)] == ["20 %", "0 %", "−20 %", "1,200 %"]
    assert percent(0.1234, 1) == "12.3 %"
    assert spoken("−1,150") == "minus 1,150"


@pytest.mark.parametrize(
    "text", ["1 400 deaths", "1\u202f400", "1400 deaths", "20 percent", "20%", "about -5 deaths"]
)
def test_the_search_finds_the_other_styles(text: str) -> None:
    assert faults([text])


@pytest.mark.parametrize("text", ["1,400 deaths", "in 2034", "20 %", "−5", "T40.4", "2026-11-24"])
def test_the_search_leaves_this_style_alone(text: str) -> None:
    assert not faults([text])


SCENARIO = Scenario(total=5000.0, preset="balanced", assumptions={"budget_scale": 1.5})


@pytest.mark.parametrize("outcome", ["deaths_fentanyl", "price_pure", "cost_per_death_averted"])
def test_the_dashboard_draws_and_says_one_style(outcome: str) -> None:
    shown = compute.picture(replace(SCENARIO, outcome=outcome), 60, details=True)
    spec = charts.fill(compute.chart(), shown.tables)
    said = [*spec_words(spec), shown.alt, *shown.verdict, *tags_away(compute.ledger_page(shown))]
    said += [compute.parts(shown, name) for name in ("border", "internal")]
    said += tags_away(brief.html(Session(SCENARIO), shown).decode().partition("</style>")[2])
    assert not faults(said)


def test_figures_below_the_picture_are_in_one_style() -> None:
    shown = compute.picture(SCENARIO, 60, details=True)
    footer = shown.tables["words"].iloc[0]["footer"]
    said = [
        text
        for each in shown.identities
        for text in spec_words(identity_figure(each, shown.names, footer))
    ]
    many = side_by_side_picture({"x": load_policy("balanced")}, draws=30)
    assert not faults([*said, *spec_words(many.spec), *tags_away(many.page())])


@pytest.mark.parametrize("name", PICTURES)
def test_walk_through_pictures_are_in_one_style(name: str) -> None:
    sight = PICTURES[name].compute({}, 60)
    assert not faults([*words(list(sight.tables.values())), sight.alt])


def test_pictures_of_decisions_are_in_one_style(found: believe.Map) -> None:
    curve = pd.DataFrame(
        {"programme": ["drug_units"], "from_musd": [0.0], "to_musd": [1500.0]}
        | {name: [x] for name, x in (("q05", 1200.0), ("q50", 2400.0), ("q95", 3600.0))}
    )
    for figure in (findings.cost_curve(curve), BreakEven().figure):
        assert not faults(spec_words(filled(figure._chart, figure.tables)))
    assert not faults(words(list(decisions.break_even_tables(found).values())))


def test_pages_about_levers_and_parameters_are_in_one_style() -> None:
    for name in content.names():
        found = [text for text in tags_away(content.page(name)) if "://" not in text]
        assert not faults(found), name


def test_charts_of_trust_and_of_explanations_have_the_same_numbers() -> None:
    chart = alt.Chart(pd.DataFrame({"x": [1.0]})).mark_point().encode(x="x:Q")
    for made in (trust._titled(chart, "title", "below"), explanations._finish(chart, "title", 100)):
        assert made.to_dict()["config"]["locale"]["number"] == NUMBER_LOCALE
