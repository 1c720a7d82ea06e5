"""The gallery: notebooks run, their widgets and charts stand still, and a page needs nothing."""

import re
from html.parser import HTMLParser
from pathlib import Path

import altair as alt
import ipywidgets as w
import nbformat
import numpy as np
import pandas as pd
import pytest

from simlib.dashboard.autosave import Autosave
from simlib.dashboard.controls import Control, Range
from simlib.dashboard.folds import Fold
from simlib.dashboard.live_chart import LiveChart, pack
from simlib.dashboard.session import Session
from simlib.dashboard.stills import still
from simlib.errors import InputError
from simlib.pages import gallery

ROOT = Path(__file__).resolve().parents[1]
TABLE = pd.DataFrame({"year": [2020.0, 2021.0, 2022.0], "deaths": [1.0, np.nan, 3.0]})
CHART = alt.Chart(TABLE.dropna()).mark_point().encode(x="year:Q", y="deaths:Q")
LOADING = {"script", "link", "iframe", "object", "embed", "img", "source", "video", "base"}


class Plain(LiveChart):
    """A live chart whose tables are complete as they come."""

    def _pack(self, tables):
        self.sent += 1
        return {"number": self.sent, "tables": {name: pack(t) for name, t in tables.items()}}


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.seen, self.handlers, self.addresses = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        self.handlers += [name for name, _ in attrs if name.startswith("on")]
        self.addresses += [value for name, value in attrs if name in ("href", "src")]


# --- stills -----------------------------------------------------------------------------------


def test_a_chart_is_a_picture_with_a_text_alternative():
    found = still(CHART.properties(description="Deaths <by> year"))
    assert found.startswith("<figure><svg ")
    assert 'aria-label="Deaths &lt;by&gt; year"' in found
    assert "deaths" in found
    assert still(alt.JupyterChart(CHART)).startswith("<figure><svg ")


def test_a_live_chart_is_the_picture_that_was_sent_last():
    named = alt.Chart(alt.NamedData("rows")).mark_point().encode(x="year:Q", y="deaths:Q")
    live = Plain(named, {"rows": TABLE}, "before")
    before = still(live)
    live.update({"rows": TABLE.assign(deaths=[1.0, 2.0, 50.0])}, "after")
    after = still(live)
    assert 'aria-label="before"' in before
    assert 'aria-label="after"' in after
    points = [text.count('aria-roledescription="point"') for text in (before, after)]
    assert points == [2, 3]  # the number that is none is not drawn


def test_a_board_is_shown_with_all_its_parts_and_its_picture_first():
    parts = w.Accordion(
        [w.FloatSlider(value=0.25, description="Share <x>"), w.HTML("<b>inside</b>")],
        titles=("Open", "Shut"),
        selected_index=0,
    )
    choice = w.Dropdown(options=[("none at all", ""), ("some", "s")], description="Line")
    hidden = w.HTML("secret", layout={"display": "none"})
    year = Control(Range("Year", 2025, 2033, 1, "year", "why"), 2026, print)
    unset = w.Text("", description="Name")
    people = w.IntText(1_000_000, description="People")
    folds = [Fold("A & B", [], is_open=True), Fold("closed fold", [])]
    board = w.VBox(
        [parts, choice, hidden, w.Button(description="Undo"), year, unset, people, *folds,
         w.Checkbox(True, description="Paid"), w.Label("a < b"), w.HBox([w.HTML("right")]),
         alt.JupyterChart(CHART)]
    )  # fmt: skip
    found = still(board)
    assert "<details open><summary>Open</summary><div>Share &lt;x&gt;: 0.25</div>" in found
    assert "<details><summary>Shut</summary><div><b>inside</b></div>" in found
    told = ("Line: none at all", "Year: 2026 year", "Paid: yes", "a &lt; b", "People: 1,000,000")
    for said in (*told, "<b>A &amp; B</b>"):
        assert f"<div>{said}</div>" in found
    assert '<div class="still-row"><div>right</div></div>' in found
    for silent in ("secret", "Undo", "Name", "closed fold"):
        assert silent not in found
    assert found.index("Share") < found.index("<figure")
    board.add_class("simlib-board")
    assert still(board).index("Share") > still(board).index("<figure")


# --- pages ------------------------------------------------------------------------------------


def notebook(path, *code):
    """A small notebook with a text cell and some code."""
    text = nbformat.v4.new_markdown_cell("# What <is> it?\n\nA *first* [look](x.md).\n\nMore.")
    cells = [text, *(nbformat.v4.new_code_cell(each) for each in code)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gallery")
    path = notebook(
        folder / "01_small.ipynb",
        "import altair as alt\nimport ipywidgets as w\nimport pandas as pd",
        "t = pd.DataFrame({'x': [1, 2], 'y': [3, 4]})\n"
        "alt.Chart(t).mark_line().encode(x='x', y='y')",
        "print('one')\nprint('two')",
        "w.HBox([w.FloatSlider(value=0.5, description='Share'), w.HTML('<i>words</i>')])",
    )
    before = path.read_text(encoding="utf-8")
    files = gallery.build([path], folder / "pages")
    assert path.read_text(encoding="utf-8") == before
    return files


pytestmark = pytest.mark.filterwarnings("ignore:.*:ResourceWarning", "ignore:.*:DeprecationWarning")


def test_every_output_is_on_the_page(built):
    page = built[1].read_text(encoding="utf-8")
    assert [file.name for file in built] == ["index.html", "01_small.html"]
    assert page.count("<svg ") == 1
    assert re.search(r"one\s+two", page)
    assert "<div>Share: 0.5</div>" in page
    assert "<i>words</i>" in page
    assert "show_stills" not in page
    assert "made by running a notebook" in page
    assert "widget-view" not in page


def test_a_page_needs_no_kernel_and_no_network(built):
    for file in built:
        found = Tags(file.read_text(encoding="utf-8"))
        assert not LOADING & set(found.seen)
        assert not found.handlers
        assert all(not re.match(r"[a-z]+:|//", address) for address in found.addresses)
        assert "@import" not in file.read_text(encoding="utf-8")
        assert "url(http" not in file.read_text(encoding="utf-8")


def test_the_index_leads_to_every_notebook(built):
    page = built[0].read_text(encoding="utf-8")
    assert '<a href="01_small.html">What &lt;is&gt; it?</a><br>A first look.' in page


def test_no_readers_scenario_gets_onto_a_page_and_none_is_left(tmp_path):
    Autosave(tmp_path / "exports").save(Session().choose(total=4321.0))
    before = {file: file.read_bytes() for file in (tmp_path / "exports").iterdir()}
    look = "from simlib.dashboard.autosave import Autosave\nkeeper = Autosave()\n"
    look += "from simlib.dashboard import Session\nprint('found:', keeper.load())\n"
    path = notebook(tmp_path / "01_dashboard.ipynb", look + "keeper.save(Session())")
    (_, page) = gallery.build([path], tmp_path / "pages")
    assert "found: None" in page.read_text(encoding="utf-8")
    assert {file: file.read_bytes() for file in (tmp_path / "exports").iterdir()} == before


def test_a_notebook_sees_nothing_of_those_before_it(tmp_path, monkeypatch):
    monkeypatch.setattr(gallery, "KERNELS", 1)
    names = ("01_first.ipynb", "02_second.ipynb")
    paths = [notebook(tmp_path / name, "print('mine' in dir())\nmine = 1") for name in names]
    _, *pages = gallery.build(paths, tmp_path / "pages")
    assert [re.findall("True|False", page.read_text()) for page in pages] == [["False"], ["False"]]


def test_a_page_does_not_ask_the_reader_to_run_it():
    for path in sorted((ROOT / "notebooks").rglob("*.ipynb")):
        text, left = (read.cells[0].source for read in (nbformat.read(path, 4), gallery.read(path)))
        assert not re.search(r"[Rr]un all|Model not found", left), path
        assert left.startswith(text.partition("\n")[0])


def test_equations_are_drawn_by_the_browser_itself():
    cell = nbformat.v4.new_markdown_cell("# Why?\n\n$$C_i = r$$\n\nHere $r$ costs 3 dollars.")
    text = gallery.as_page(nbformat.v4.new_notebook(cells=[cell]))
    assert text.count("<math ") == 2
    assert 'display="block"' in text
    assert "<msub>" in text
    assert "$" not in text.partition("<main>")[2]
    assert cell.source.count("$") == 6  # the notebook itself stays as it is


def test_a_failing_notebook_is_told_and_nothing_is_written(tmp_path, capsys):
    notebook(tmp_path / "02_bad.ipynb", "x = 1", "x / 0")
    assert gallery.main(["--to", str(tmp_path / "out"), "--notebooks", str(tmp_path)]) == 2
    assert "02_bad.ipynb, cell 3: ZeroDivisionError: division by zero" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_what_is_no_notebook_is_refused(tmp_path):
    (tmp_path / "x.ipynb").write_text("no json")
    with pytest.raises(InputError, match=r"x\.ipynb: cannot be read as a notebook"):
        gallery.build([tmp_path / "x.ipynb"], tmp_path)
    with pytest.raises(InputError, match="there is none to show"):
        gallery.build([], tmp_path)
