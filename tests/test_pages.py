"""Pages: every lever and parameter has one, the docs are those of today, hostile text is text."""

import pkgutil
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from nbconvert.filters import markdown2html

from simlib.charts.style import exact
from simlib.errors import InputError, UnknownName
from simlib.inputs.parameters import LEVER_GROUP, load_parameters
from simlib.inputs.tables import Source, load_programmes, load_sources
from simlib.model import supply
from simlib.pages import __main__ as command
from simlib.pages import content, grade, mentions, names, page, render

DOCS = Path(__file__).resolve().parents[1] / "docs"
ROWS = load_parameters()
LEVERS = tuple(load_programmes())
TAGS = {"div", "h3", "h4", "p", "b", "ul", "li", "code", "a"}
TAGS |= {"table", "thead", "tbody", "tr", "th", "td"}
HOSTILE = "<script>alert(1)</script> [x](javascript:alert(1)) `a` | **b** &lt; \n# c"


class Reader(HTMLParser):
    """What a browser would make of a fragment: its tags, addresses and text."""

    def __init__(self, fragment):
        super().__init__()
        self.tags, self.addresses, self.text, self.open = [], [], "", []
        self.feed(fragment)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.open.append(tag)
        self.addresses += [value for name, value in attrs if name == "href"]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


# --- every page -------------------------------------------------------------------------------


def test_every_lever_and_parameter_has_a_page():
    assert set(names()) == set(ROWS)
    assert set(LEVERS) <= set(names())


@pytest.mark.parametrize("name", names())
def test_a_page_is_whole_small_and_about_its_row(name):
    read = Reader(page(name))
    row = ROWS[name]
    assert not read.open
    assert len(page(name)) < 12_000
    assert row.label in read.text
    assert row.note.rstrip(".") in read.text
    assert all(load_sources()[each].title in read.text for each in row.source)
    assert all(address.startswith("https://") for address in read.addresses)
    assert set(read.tags) <= TAGS
    if row.group != LEVER_GROUP:
        assert f"Grade {grade(row)}" in read.text
        assert exact(row.high, row.unit) in read.text or row.low == row.high


@pytest.mark.parametrize("name", [n for n in names() if n not in LEVERS])
def test_a_page_says_where_the_code_reads_its_parameter(name):
    assert mentions.read_by(name)
    for where, _ in mentions.read_by(name):
        assert where in Reader(page(name)).text


@pytest.mark.parametrize("name", [n for n in names() if n not in LEVERS])
def test_an_equation_on_a_page_is_one_in_which_its_parameter_stands(name):
    read = Reader(page(name)).text
    shown = mentions.equations().get(name, ())
    assert ("As the code has it:" in read) == bool(shown)
    for text, says in shown:
        assert says in read
        assert re.search(rf"\b{name}\b", text)
        assert text != name
        assert text in read
    for group in content.group_texts().values():
        assert group["equation"] not in read


def test_equations_are_read_from_the_model():
    found = mentions.equations()
    ((text, says),) = found["swamping_exponent"]
    assert "swamping(size, swamping_exponent)" in text
    assert says == supply.swamping.__doc__.partition("\n")[0].replace("``", "")
    assert found["entry_decline"] == (("entry_2013 * np.exp(-entry_decline * years)", ""),)
    assert "budget_naloxone" not in found  # read by a name put together, so nowhere by its own
    assert len(found) > 80


@pytest.mark.parametrize("name", LEVERS)
def test_a_lever_s_page_answers_all_questions(name):
    headings = [block.heading for block in content.content(name).blocks]
    assert headings == [
        "What it is", "How it works here", "Why this range", "What decides its effect",
        "Evidence", "Side effects", "Who pays", "Sources",
    ]  # fmt: skip
    text, lever = Reader(page(name)).text, content.lever_texts()[name]
    assert lever["message"] in text
    assert all(ROWS[each].label in text for each in lever["rests_on"])
    assert len(lever["steps"]) > 1
    assert lever["side_effects"]
    assert lever["odds"] in text
    assert "of grade" in text


@pytest.mark.parametrize("name", LEVERS)
def test_the_code_that_a_lever_s_page_names_exists(name):
    for each in content.lever_texts()[name]["code"]:
        found = pkgutil.resolve_name(each)  # a function, or the module of that name
        assert callable(found) or found.__name__ == each


def test_every_lever_s_page_says_what_the_model_leaves_out():
    for lever in content.lever_texts().values():
        assert any(re.search(r"\bnot\b", each) for each in lever["side_effects"])


def test_who_pays_adds_up():
    for name in LEVERS:
        (block,) = [b for b in content.content(name).blocks if b.heading == "Who pays"]
        shares = [int(each) for each in re.findall(r"(\d+) %", str(block.items))]
        assert sum(shares) in ({0} if len(load_programmes()[name].payers) == 1 else {100}), name


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


def hostile():
    row = replace(ROWS["vsl"], label=HOSTILE, note=HOSTILE, unit=HOSTILE)
    return content._parameter(row)


def test_hostile_text_is_escaped_in_html():
    found = render.as_html(hostile())
    assert "<script" not in found
    assert found.count("&lt;script&gt;") > 2
    assert HOSTILE in Reader(found).text


def test_hostile_text_is_escaped_in_markdown():
    found = render.as_markdown(hostile(), 1, lambda name: f"x.md#{name}")
    read = markdown2html(found)
    assert "<script" not in read
    addresses = re.findall(r'href="([^"#][^"]*)"', read)  # beside the headings' own anchors
    assert all(address.startswith(("https://", "x.md#")) for address in addresses)
    assert read.count("<h1") == 1
    assert read.count("<table>") == 1
    assert "<strong>b</strong>" not in read
    assert read.count("alert(1)&lt;/script&gt; [x](javascript:alert(1)) `a` | **b** &amp;lt;") > 2


def test_hostile_prose_files_are_refused(tmp_path, monkeypatch):
    (tmp_path / "levers.toml").write_text('[naloxon]\nmessage = "x"\nrests_on = ["kit_cos"]\n')
    monkeypatch.setattr(content, "PAGES", tmp_path)
    content.lever_texts.cache_clear()
    with pytest.raises(InputError) as caught:
        content.lever_texts()
    content.lever_texts.cache_clear()
    said = str(caught.value)
    assert "levers.toml, naloxon: is neither lever nor group" in said
    assert "levers.toml, naloxone: is missing" in said
    assert "levers.toml, naloxon.steps: is missing" in said
    assert "did you mean 'kit_cost'" in said


# --- where the code reads ---------------------------------------------------------------------


def test_a_name_with_a_hole_is_found():
    found = [where for where, _ in mentions.read_by("budget_port_scanning")]
    assert any(where.startswith("simlib.") for where in found)
    assert not [where for where in found if where.startswith("simlib.study.update")]
    assert mentions.read_by("no_such_parameter_anywhere") == ()


# --- docs -------------------------------------------------------------------------------------


def test_the_docs_are_what_the_command_writes_now():
    for path, text in command.written().items():
        kept = (DOCS / path).read_text(encoding="utf-8")
        assert kept == text, f"docs/{path} is old; run: {command.COMMAND}"


def test_no_page_is_left_over():
    kept = {path.relative_to(DOCS).as_posix() for path in (DOCS / "parameters").rglob("*.md")}
    assert kept == {path for path in command.written() if path.startswith("parameters/")}


def test_every_link_of_the_docs_leads_somewhere():
    texts = command.written()
    for path, text in texts.items():
        for address in re.findall(r"\]\(([^)]+)\)", text):
            if address.startswith("https://"):
                continue
            target, _, anchor = address.partition("#")
            there = (DOCS / path).parent / target
            inside = there.resolve().relative_to(DOCS).as_posix()
            assert inside in texts, (path, address)
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
