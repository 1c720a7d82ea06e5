"""Files that leave the product: names, tables that pandas reads as they are, notes beside them."""

import io
import os
import re
import subprocess
import sys
import unicodedata
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from simlib.charts import table_csv
from simlib.dashboard import Scenario, autosave, compute, files, share
from simlib.dashboard.details import KeptLines
from simlib.dashboard.figure import Figure
from simlib.dashboard.files import KINDS, Files
from simlib.dashboard.findings import _bars
from simlib.dashboard.session import LONGEST_NAME, Session
from simlib.dashboard.several import side_by_side_picture
from simlib.errors import InputError
from simlib.inputs.policy import Policy, load_policy

CELL = "=cmd|'/C calc'!A0"


@pytest.fixture(scope="module")
def shown() -> compute.Picture:
    return compute.picture(Scenario(preset="balanced"), 60, details=True)


@pytest.fixture
def exports(shown: compute.Picture, tmp_path: Path, monkeypatch) -> Files:
    monkeypatch.setenv(autosave.FOLDER_VARIABLE, str(tmp_path / "exports"))
    problems: list[Exception] = []
    made = Files(lambda: (Session(Scenario(preset="balanced")), shown), print, problems.append)
    made.problems = problems
    return made


# --- tables ---------------------------------------------------------------------------------


def assert_tidy(contents: bytes) -> pd.DataFrame:
    """Read as it is, with one header and no row of words; numbers are numbers."""
    assert not [line for line in contents.decode().splitlines() if line.startswith("#")]
    table = pd.read_csv(io.BytesIO(contents))
    assert not [name for name in table.columns if name.startswith("Unnamed")]
    assert all(table[name].dtype.kind == "f" for name in ("low90", "median", "high90"))
    return table


def test_the_table_is_read_as_it_is_and_tells_what_each_number_is(shown) -> None:
    table = assert_tidy(compute.export(shown, "csv"))
    assert set(table["panel"]) == {"lines", "difference", "observed", "ledger"}
    assert table[["panel", "quantity", "unit", "series"]].notna().all(axis=None)
    keys = ["panel", "row", "quantity", "series", "year"]
    assert not table.duplicated(keys).any()
    counted = table.query("panel == 'observed' and year == 2024")
    assert counted["median"].tolist() == [47735.0]
    text = compute.export(shown, "csv").decode()
    assert ",2024," in text  # a whole year, as the picture says it
    assert ",2024.0," not in text


def test_the_notes_hold_what_the_table_cannot(shown) -> None:
    notes = compute.export(shown, "txt").decode()
    title = shown.tables["words"].iloc[0]["title"].removesuffix(".")
    assert notes.count(title) == 1  # what the picture says is not said again
    assert title not in compute.export(shown, "html").decode().partition("<p>")[2]
    told = shown.tables["words"].iloc[0]
    for text in (told["title"], told["subtitle"], told["footer"], *shown.verdict):
        assert text in notes
    scenario = notes.partition("The scenario, as a file:")[2]
    assert Scenario.from_toml(scenario.strip()) == Scenario(preset="balanced")
    columns = pd.read_csv(io.BytesIO(compute.export(shown, "csv"))).columns
    for name in ("panel", "low90", "high50", "median", "extrapolated", "provisional"):
        assert name in columns
        assert name in notes


def test_side_by_side_has_a_tidy_table_and_notes() -> None:
    found = side_by_side_picture({"Café": Policy("b"), "more": load_policy("balanced")}, draws=20)
    table = assert_tidy(found.csv())
    assert {"Café", "more"} < set(table["series"])
    assert found.alt in found.notes().decode()
    assert "Data: deaths to" in found.notes().decode()


def bars(middle: float) -> Figure:
    table = pd.DataFrame({"label": [CELL], "low": [0.0], "middle": [middle], "high": [9.0]})
    table["colour"] = "#000000"
    return _bars("what", "deaths", table, "A question?", "An answer.")


def test_a_figure_has_a_tidy_table_notes_and_a_name_of_its_own() -> None:
    one, other = bars(1.0), bars(2.0)
    assert pd.read_csv(io.BytesIO(one.contents("csv")))["label"].tolist() == [f"'{CELL}"]
    assert "A question?" in one.contents("txt").decode()
    assert "Data: deaths to" in one.contents("txt").decode()
    names = {figure._file(kind)()[0] for figure in (one, other) for kind in ("csv", "txt", "png")}
    assert len(names) == 6
    assert all(re.fullmatch(r"simlib_what_[0-9a-f]{8}(_notes)?\.(csv|txt|png)", n) for n in names)
    assert bars(1.0).stem == one.stem


@pytest.mark.parametrize("cell", [CELL, "+1", "-1+2", "@a", "\t=1", " =1", "\r=1", "\uff1d1"])
def test_no_cell_is_a_formula(cell: str) -> None:
    text = table_csv(pd.DataFrame({cell: [cell], "plain": [-1.5]})).decode("utf-8-sig")
    (head, *_), row = pd.read_csv(io.StringIO(text)), pd.read_csv(io.StringIO(text)).iloc[0]
    assert head == row.iloc[0] == f"'{re.sub('[^ -~=]', ' ', cell) if cell.isascii() else cell}"
    assert row["plain"] == -1.5


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1))
def test_any_name_comes_back_and_none_begins_a_formula(name: str) -> None:
    contents = table_csv(pd.DataFrame({"series": [name], "x": [1.0]}))
    (found,) = pd.read_csv(io.BytesIO(contents), keep_default_na=False, dtype=str)["series"]
    assert found.removeprefix("'") == name.removeprefix("'")
    assert unicodedata.normalize("NFKC", found).lstrip()[:1] not in ("=", "+", "-", "@")


# --- names and folders ----------------------------------------------------------------------


def test_a_name_tells_the_scenario_on_every_system_and_no_two_share_one() -> None:
    now = Scenario()
    others = [
        replace(now, total=1000.001),
        replace(now, start=now.start + 1),
        replace(now, count_prison=False),
        replace(now, outcome="price_pure"),
        replace(now, border={"port_officers": 1.0}),
        replace(now, judgement={"vsl": 7e6}),
        replace(now, assumptions={"budget_scale": 1.5}),
        replace(now, preset="balanced"),
        replace(now, own_total={"border": 1.0, "internal": 2.0}),
    ]
    sessions = [Session(), *map(Session, others), Session().keep("mine")]
    stems = [files.stem(session) for session in sessions]
    assert len({stem.casefold() for stem in stems}) == len(sessions)
    assert stems == [files.stem(session) for session in sessions]
    for stem in stems:
        assert re.fullmatch(r"[a-zA-Z0-9._-]{1,100}", stem)
    first = r"simlib_border-vs-internal_1000M_\d{4}_deaths-fentanyl_[0-9a-f]{8}"
    assert re.fullmatch(first, stems[0])
    assert stems[-2].startswith("simlib_border-vs-internal_own-money_")


def test_every_kind_of_file_is_saved_and_can_be_read_back(exports: Files, tmp_path) -> None:
    exports.save()
    assert exports.problems == []
    (folder,) = (tmp_path / "exports").iterdir()
    session, picture = exports._settled()
    stem = files.stem(session)
    found = {path.name.removeprefix(stem): path.read_bytes() for path in folder.iterdir()}
    assert set(found) == {kind.ending for kind in KINDS}
    assert Image.open(io.BytesIO(found[".png"])).width > 1000
    assert ElementTree.fromstring(found[".svg"]).tag.endswith("svg")
    assert found[".pdf"].startswith(b"%PDF")
    assert b"<script" in found[".html"]
    assert b"<h1>" in found["_brief.html"]
    assert len(assert_tidy(found[".csv"])) > 100
    assert picture.tables["words"].iloc[0]["footer"] in found["_notes.txt"].decode()
    compile(found[".py"], "picture", "exec")
    assert Session.from_toml(found[".toml"].decode()) == session


def test_two_saves_in_one_second_keep_both(exports: Files, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(files, "KINDS", KINDS[-2:])
    twice = SimpleNamespace(now=lambda: pd.Timestamp("2026-11-01 01:30:00"))
    monkeypatch.setattr(files, "datetime", twice)
    for _ in range(3):
        exports.save()
    folders = sorted((tmp_path / "exports").iterdir())
    names = ["2026-11-01_013000", "2026-11-01_013000_2", "2026-11-01_013000_3"]
    assert [folder.name for folder in folders] == names
    assert {len(list(folder.iterdir())) for folder in folders} == {2}


def test_a_save_that_fails_leaves_nothing_and_says_so(exports, tmp_path, monkeypatch) -> None:
    write = Path.write_bytes

    def full(path: Path, contents: bytes) -> int:
        if path.suffix == ".svg":
            write(path, contents[:100])
            raise OSError(28, "No space left on device")
        return write(path, contents)

    monkeypatch.setattr(Path, "write_bytes", full)
    exports.save()
    assert list((tmp_path / "exports").iterdir()) == []
    assert "No space left" in str(exports.problems[0])
    assert exports.saved.value == ""


@pytest.mark.parametrize(("label", "said"), [("CSV", "button Notes"), ("Brief", "print it")])
def test_a_button_says_what_to_do_with_its_file(exports: Files, label: str, said: str) -> None:
    buttons = {button.label: button for button in exports.children[0].children[: len(KINDS)]}
    sent = []
    buttons[label].send = lambda message, buffers: sent.append(message)
    buttons[label]._answer(None, {"request": "1"}, None)
    assert said in sent[0]["said"]
    assert {"Notes", "Brief"} < set(buttons)


# --- the program ----------------------------------------------------------------------------

SESSIONS = {
    "all moved": Session().choose(
        total=1234.56789,
        start=2028,
        border={"port_scanning": 1.0, "between_ports": 2.5},
        sentences={"sentence_selling": 0.5},
        health={"naloxone": 200.0},
        assumptions={"budget_scale": 1.5, "demand_elasticity": 0.75},
        preset="balanced",
        outcome="price_street",
    ),
    "own money, a view of costs": Session().choose(
        own_total={"border": 0.0, "internal": 2000.0}, outcome="cost_per_death_averted"
    ),
}


@pytest.mark.parametrize("name", SESSIONS)
def test_the_program_prints_the_numbers_of_the_picture(name: str, tmp_path: Path) -> None:
    session = SESSIONS[name]
    text = files.program(session)
    assert share.write(session) in text
    assert "Data: deaths to" in text
    (tmp_path / "program.py").write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", "program.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    picture = compute.picture(session.now, details=True)
    assert done.stdout.strip() == compute.export(picture, "csv").decode("utf-8-sig").strip()
    assert (tmp_path / "picture.svg").read_bytes().startswith(b"<svg")


def test_the_program_of_a_changed_scenario_draws_the_change(tmp_path: Path) -> None:
    text = files.program(Session().choose(total=777.25))
    assert "total = 777.25" in text
    found: dict[str, object] = {}
    before = text.partition("picture =")[0].replace("777.25", "778.5")
    exec(compile(before, "program", "exec"), found)
    assert found["scenario"] == Scenario(total=778.5)


def test_names_that_a_reader_gave_are_no_part_of_the_program() -> None:
    assert "exit()" not in files.program(Session().keep('x""" + exit() + """'))
    with pytest.raises(InputError, match="total"):
        files.program(Session().choose(total=-1.0))


# --- small parts ----------------------------------------------------------------------------


def test_names_that_look_the_same_are_one() -> None:
    one, other = (unicodedata.normalize(form, "Café") for form in ("NFC", "NFD"))
    assert one != other
    session = Session().keep(one).keep(other)
    assert [each.name for each in session.kept] == [one]
    twins = session.to_toml() + session.to_toml().partition("[[kept]]")[2].join(["[[kept]]", ""])
    with pytest.raises(InputError, match="taken by another line"):
        Session.from_toml(twins.replace(one, other, 1))
    again = session.refer(one).to_toml().replace(one, other)
    assert Session.from_toml(again) == session.refer(one)


def test_a_kept_name_is_cut_where_it_is_typed() -> None:
    lines = KeptLines(Session, lambda move: None)
    lines.name.value = "n" * (LONGEST_NAME + 5)
    assert lines.name.value == "n" * LONGEST_NAME
    assert f"at most {LONGEST_NAME} letters" in lines.answer.value
    Session().keep(lines.name.value)
