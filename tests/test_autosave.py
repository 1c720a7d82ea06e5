"""The last scenario survives restarts, crashes, broken files and a second dashboard."""

import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from sessions import sessions

from simlib.dashboard import app
from simlib.dashboard.autosave import Autosave, BrowserStore, running_cell
from simlib.dashboard.session import Session
from simlib.errors import InputError

TOTALS = (1500.0, 1600.0, 1700.0)
MOVED = Session().choose(total=321.0).keep("A")
CELL = "01_border cell-3"


@given(sessions)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_what_was_saved_is_loaded_after_a_restart(tmp_path: Path, session: Session) -> None:
    Autosave(tmp_path, CELL).save(session)
    assert Autosave(tmp_path, CELL).load() == session


def test_the_reader_can_find_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SIMLIB_EXPORTS", raising=False)
    keeper = Autosave(cell=CELL)
    assert keeper.load() is None
    keeper.save(MOVED)
    file = tmp_path / "exports" / "last_scenario_01_border-cell-3.toml"
    assert list(file.parent.iterdir()) == [file]
    text = file.read_text(encoding="utf-8")
    assert "simlib 0." in text.splitlines()[1]
    assert Session.from_toml(text) == MOVED
    monkeypatch.setenv("SIMLIB_EXPORTS", str(tmp_path / "here"))
    assert Autosave().path == tmp_path / "here" / "last_scenario.toml"


def test_two_dashboards_of_a_notebook_have_a_file_each(tmp_path: Path) -> None:
    Autosave(tmp_path, CELL).save(MOVED)
    other = Autosave(tmp_path, "01_border cell-4")
    assert other.load() is None
    other.save(Session().choose(total=1.0))
    assert Autosave(tmp_path, CELL).load() == MOVED


@pytest.mark.parametrize("cell", ["note\udcffbook.ipynb cell/1", "../../x", "a\0b", "é ☂"])
def test_any_name_of_a_notebook_makes_a_file_in_the_folder(tmp_path: Path, cell: str) -> None:
    Autosave(tmp_path, cell).save(MOVED)
    assert Autosave(tmp_path, cell).load() == MOVED
    assert len(list(tmp_path.glob("last_scenario*.toml"))) == 1


@pytest.mark.parametrize("broken", [b"", b"schema = 1\ntotal = -5.0", b"\xff\x00", b"x" * 300_000])
def test_a_broken_file_is_said_and_set_aside(tmp_path: Path, broken: bytes) -> None:
    path = tmp_path / "last_scenario.toml"
    for times in (1, 2):
        path.write_bytes(broken)
        keeper = Autosave(tmp_path)
        with pytest.raises(InputError, match="set aside as last_scenario_broken_") as caught:
            keeper.load()
        aside = list(tmp_path.glob("last_scenario_broken_*.toml"))
        assert len(aside) == times
        assert any(each.name in str(caught.value) for each in aside)
        assert all(each.read_bytes() == broken for each in aside)
        keeper.save(MOVED)  # and all goes on
        assert keeper.load() == MOVED


def test_a_file_that_cannot_be_set_aside_is_written_over_only_once_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "last_scenario.toml"
    path.write_text("broken")
    keeper = Autosave(tmp_path)

    def refuse(*_: Any) -> None:
        raise OSError("held by a virus scanner")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", refuse)
        for attempt in (keeper.load, lambda: keeper.save(MOVED)):
            with pytest.raises(InputError, match=r"virus scanner.*nothing is saved"):
                attempt()
    assert path.read_text() == "broken"
    keeper.save(MOVED)
    assert Autosave(tmp_path).load() == MOVED
    assert [each.read_text() for each in tmp_path.glob("*_broken_*")] == ["broken"]


def test_a_write_that_fails_leaves_the_old_file_and_no_litter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper = Autosave(tmp_path)
    keeper.save(MOVED)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(InputError, match=r"not saved.*No space left"):
            keeper.save(MOVED.choose(total=1.0))
    assert [each.name for each in tmp_path.iterdir()] == ["last_scenario.toml"]
    assert Autosave(tmp_path).load() == MOVED
    keeper.save(MOVED.choose(total=1.0))
    assert Autosave(tmp_path).load() == MOVED.choose(total=1.0)


def test_a_folder_that_cannot_be_made_is_said_and_one_deleted_made_again(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file" / "exports", tmp_path / "a\0b"):
        keeper = Autosave(folder)
        with pytest.raises(InputError, match="cannot be kept"):
            keeper.load()
        with pytest.raises(InputError, match="not saved"):
            keeper.save(MOVED)
    keeper = Autosave(tmp_path / "exports")
    keeper.save(Session())
    shutil.rmtree(tmp_path / "exports")
    keeper.save(MOVED)
    assert keeper.load() == MOVED


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes that have a name")
def test_a_pipe_in_the_place_of_a_file_keeps_nobody_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "last_scenario.toml")
    keeper = Autosave(tmp_path)
    assert keeper.load() is None
    keeper.save(MOVED)
    assert keeper.load() == MOVED


def test_a_cell_is_told_apart_by_its_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    assert running_cell() == ""
    shell = SimpleNamespace(get_parent=lambda: {"metadata": {"cellId": "cell-3"}})
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setenv("JPY_SESSION_NAME", "notebooks/01.ipynb")
    assert running_cell() == "01 cell-3"
    shell.get_parent = dict
    assert running_cell() == ""


# --- what the dashboard says ------------------------------------------------------------------


def full(*_: Any) -> None:
    raise OSError(28, "No space left on device")


def until(holds: Callable[[], bool], what: str, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def test_a_failed_save_stays_in_view_until_one_works_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIMLIB_EXPORTS", str(tmp_path / "exports"))
    monkeypatch.setattr(app, "RETRY_SECONDS", 0.5)
    (tmp_path / "exports").write_text("a file where a folder should be")
    board = app.show()
    assert "cannot be kept" in board.saving.value
    (tmp_path / "exports").unlink()
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        for total in TOTALS[:2]:  # it stays over the next move, too
            board.choose("policy", "total", total)
            assert board.runner.wait()
            assert "role='alert'" in board.saving.value
            assert "No space left on device" in board.saving.value
    until(lambda: not board.saving.value, "saving was not tried again")
    (file,) = (tmp_path / "exports").glob("*.toml")
    saved = Session.from_toml(file.read_text(encoding="utf-8"))
    assert saved == board.history.now
    assert saved.now.total == TOTALS[1]
    again = app.show()
    assert again.history.now == saved
    assert f"your last scenario, from {file}" in again.status.value


# --- on a page without code, in the visitor's browser -----------------------------------------


@pytest.fixture
def visit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> app.Dashboard:
    """What a visitor of the page has, while a scenario of somebody else lies in the folder."""
    monkeypatch.setenv("SIMLIB_EXPORTS", str(tmp_path))
    monkeypatch.setenv("SERVER_SOFTWARE", "voila/0.5")
    Autosave(tmp_path).save(MOVED)
    return app.show()


def store(board: app.Dashboard) -> BrowserStore:
    (found,) = (each for each in board.children if isinstance(each, BrowserStore))
    return found


def test_a_visitor_gets_nobody_elses_scenario_and_leaves_none_on_the_server(
    visit: app.Dashboard, tmp_path: Path
) -> None:
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    assert visit.history.now == Session()
    visit.choose("policy", "total", TOTALS[0])
    assert visit.runner.wait()
    assert Session.from_toml(store(visit)._kept["text"]) == visit.history.now
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
    labels = [getattr(each, "description", "") for each in visit.files.children[0].children]
    assert not [label for label in labels if label.startswith("Save all")]


def test_what_the_browser_kept_comes_back_and_can_be_undone(visit: app.Dashboard) -> None:
    store(visit)._hear(None, {"found": MOVED.to_file()}, None)
    assert visit.runner.wait()
    assert visit.history.now == MOVED
    assert "your last scenario, kept in this browser" in visit.saving.value
    visit.choose("policy", "total", TOTALS[0])
    assert visit.runner.wait()
    store(visit)._hear(None, {"saved": store(visit)._kept["number"]}, None)
    assert not visit.saving.value
    assert visit.history.undo() == MOVED
    assert visit.history.undo() == Session()


def test_what_the_browser_cannot_keep_is_said_until_it_can(
    visit: app.Dashboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "RETRY_SECONDS", 0.2)
    visit.choose("policy", "total", TOTALS[0])
    assert visit.runner.wait()
    sent = store(visit)._kept["number"]
    store(visit)._hear(None, {"failed": "QuotaExceededError"}, None)
    assert "Not saved in this browser: QuotaExceededError" in visit.saving.value
    until(lambda: store(visit)._kept["number"] > sent, "saving was not tried again")
    store(visit)._hear(None, {"saved": sent}, None)  # an answer that is too old
    assert visit.saving.value
    store(visit)._hear(None, {"saved": store(visit)._kept["number"]}, None)
    assert not visit.saving.value


def test_what_the_browser_kept_and_nobody_can_read_is_set_aside_in_words(
    visit: app.Dashboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Any] = []
    monkeypatch.setattr(store(visit), "send", sent.append)
    store(visit)._hear(None, {"found": "schema = 1\ntotal = -5.0"}, None)
    assert visit.history.now == Session()
    assert "the scenario kept in this browser, total" in visit.saving.value
    assert "set aside in this browser" in visit.saving.value
    assert sent == [{"set_aside": "schema = 1\ntotal = -5.0"}]
