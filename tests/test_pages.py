"""Pages: every lever and parameter has one, the docs are those of today, hostile text is text."""

import pkgutil
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from simlib.charts.style import exact
from simlib.errors import UnknownName
from simlib.inputs.parameters import LEVER_GROUP, load_parameters
from simlib.inputs.tables import Source, load_programmes, load_sources
from simlib.model import supply
from simlib.pages import __main__ as command
from simlib.pages import content
from simlib.pages.content import grade, names, page
from simlib.pages.mentions import mentions

DOCS = Path(__file__).resolve().parents[1] / "docs"
ROWS = load_parameters()
LEVERS = tuple(load_programmes())
TAGS = {"div", "h3", "h4", "p", "strong", "ul", "li", "code", "a"}
TAGS |= {"table", "thead", "tbody", "tr", "th", "td"}
HOSTILE = "<script>alert(1)</script> [x](javascript:alert(1)) `a` | **b** &lt; \n# c"


class Reader(HTMLParser):
    """What a browser would make of a fragment: its tags, links and text, by heading too."""

    def __init__(self, fragment):
        super().__init__()
        self.tags, self.links, self.text, self.open = [], [], "", []
        self.under = {}
        self.feed(fragment)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.open.append(tag)
        if tag == "a":
            self.links.append(dict(attrs))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data
        if self.open[-1] == "h4":
            self.under[data] = ""
        elif self.under:
            self.under[list(self.under)[-1]] += data


# --- every page -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", names())
def test_a_page_is_whole_small_and_about_its_row(name):
    read, row = Reader(page(name)), ROWS[name]
    assert not read.open
    assert len(page(name)) < 12_000
    assert row.label in read.text
    assert re.sub(r"\s+", " ", row.note).rstrip(".") in read.text
    assert all(load_sources()[each].title in read.text for each in row.source)
    for link in read.links:
        assert link["href"].startswith("https://")
        assert link["target"] == "_blank"  # the notebook stays open
    assert set(read.tags) <= TAGS
    if row.group != LEVER_GROUP:
        assert f"Grade {grade(row)}" in read.text
        assert exact(row.high, row.unit) in read.text or row.low == row.high
        assert content.group_texts()[row.group]["what"] in read.text


@pytest.mark.parametrize("name", [n for n in names() if n not in LEVERS])
def test_a_page_says_where_the_code_reads_its_parameter_and_in_which_lines(name):
    enters = Reader(page(name)).under["How it enters"]
    assert mentions()[name]
    for (where, says), lines in mentions()[name].items():
        assert where in enters
        assert says in enters
        for line in lines:
            assert line in enters
            assert re.search(rf"\b{name}\b", line)
    for group in content.group_texts().values():
        assert group["equation"] not in enters


def test_lines_are_read_from_the_model():
    place = ("simlib.model.supply.unit_cost", supply.unit_cost.__doc__.partition("\n")[0])
    assert mentions()["swamping_exponent"][place] == ["swamped = swamping(size, swamping_exponent)"]
    rescue = [line for lines in mentions()["witnessed_share"].values() for line in lines]
    assert [line.partition("(")[0] for line in rescue] == ["rescue_share"]  # held by a bracket
    modules = {where for where, _ in mentions()["drug_units_federal_share"]}
    assert "simlib.money.payer_shares" in modules  # by a name put together
    assert sum(any(lines.values()) for lines in mentions().values()) > 100


@pytest.mark.parametrize("name", LEVERS)
def test_a_lever_s_page_answers_all_questions(name):
    read, lever = Reader(page(name)), content.lever_texts()[name]
    assert list(read.under) == [
        "What it is", "How it works here", "Why this range", "What decides its effect",
        "Evidence", "Side effects", "Who pays", "Sources",
    ]  # fmt: skip
    for text in (lever["message"], lever["odds"], *lever["steps"], *lever["side_effects"]):
        assert text in read.text
    assert "of grade" in read.under["Evidence"]
    assert all(ROWS[each].label in read.text for each in lever["rests_on"])
    assert len(lever["steps"]) > 1
    assert any(re.search(r"\bnot\b", each) for each in lever["side_effects"])
    for each in lever["code"]:
        found = pkgutil.resolve_name(each)  # a function, or the module of that name
        assert callable(found) or found.__name__ == each
    shares = [int(each) for each in re.findall(r"(\d+) %", read.under["Who pays"])]
    assert sum(shares) == (0 if len(load_programmes()[name].payers) == 1 else 100)


def test_the_prose_is_on_levers_groups_rows_and_sources_that_there_are():
    lever_keys = {"message", "odds", "steps", "equation", "code", "rests_on", "side_effects"}
    assert set(content.lever_texts()) == set(LEVERS)
    for text in content.lever_texts().values():
        assert set(text) == lever_keys | {"sources"}
        assert set(text["rests_on"]) <= set(ROWS)
        assert set(text["sources"]) <= set(load_sources())
    assert set(content.group_texts()) == {row.group for row in ROWS.values()}
    assert all(
        set(text) == {"title", "what", "equation"} for text in content.group_texts().values()
    )
    assert set(content.addresses()) <= set(load_sources())
    assert all(address.startswith("https://") for address in content.addresses().values())


def test_an_unknown_page_suggests_the_nearest():
    with pytest.raises(UnknownName, match="did you mean 'naloxone'"):
        page("naloxon")


# --- grades -----------------------------------------------------------------------------------


def source(kind="article", note=""):
    return {"a": Source("a", "A", "T", "2020", kind, note)}


@pytest.mark.parametrize(
    ("kind", "of", "expected"),
    [
        ("measured", source(), "A"),
        ("measured", source("statistics"), "A"),
        ("measured", source("model"), "B"),
        ("derived", source(), "B"),
        ("derived", source("model"), "B"),
        ("derived", source("press"), "C"),
        ("measured", source(note="Not confirmed."), "C"),
        ("derived", source(note="Read in a text that quotes it, not in the original."), "C"),
        ("assumed", source(), "D"),
    ],
)
def test_grades_follow_kind_and_source(kind, of, expected):
    row = replace(ROWS["vsl"], kind=kind, source=("a",), note="")
    assert grade(row, of) == expected


def test_one_firm_source_is_enough_and_an_unverified_value_never():
    row = replace(ROWS["vsl"], kind="derived", source=("a", "b"), note="")
    both = source("press") | {"b": source()["a"]}
    assert grade(row, both) == "B"
    assert grade(replace(row, note="Mean (unverified)"), both) == "C"


# --- hostile text -----------------------------------------------------------------------------


def test_hostile_text_is_text(monkeypatch):
    row = replace(ROWS["vsl"], label=HOSTILE, note=HOSTILE, unit=HOSTILE)
    monkeypatch.setattr(content, "load_parameters", lambda: {**ROWS, "vsl": row})
    read = Reader(page("vsl"))
    assert read.text.count(re.sub(r"\s+", " ", HOSTILE)) > 3
    assert set(read.tags) <= TAGS
    assert read.tags.count("h3") == read.tags.count("table") == read.tags.count("strong") == 1
    assert all(link["href"].startswith("https://") for link in read.links)


# --- docs -------------------------------------------------------------------------------------


def test_the_docs_are_what_the_command_writes_now():
    texts = command.written()
    for path, text in texts.items():
        kept = (DOCS / path).read_text(encoding="utf-8")
        assert kept == text, f"docs/{path} is old; run: {command.COMMAND}"
    kept = {path.relative_to(DOCS).as_posix() for path in (DOCS / "parameters").rglob("*.md")}
    assert kept == {path for path in texts if path.startswith("parameters/")}


def test_every_link_of_the_docs_leads_somewhere():
    texts = command.written()
    for path, text in texts.items():
        for address in re.findall(r"\]\(([^)]+)\)", text):
            if address.startswith("https://"):
                continue
            target, _, anchor = address.partition("#")
            there = (DOCS / path).parent / target
            inside = there.resolve().relative_to(DOCS).as_posix()
            assert inside in texts or inside == "model.svg", (path, address)
            assert not anchor or f'<a id="{anchor}"></a>' in texts[inside], (path, address)


def test_the_nomenclature_names_everything():
    text = command.written()["nomenclature.md"]
    for name in (*ROWS, "deaths_fentanyl", "powder_purity"):
        assert f"`{name}`" in text


def test_the_command_writes_into_the_folder_given(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["pages", "--to", str(tmp_path / "new")])
    command.main()
    assert "Written to" in capsys.readouterr().out
    assert (tmp_path / "new" / "parameters" / "levers" / "treatment.md").exists()
