"""The last scenario survives restarts, crashes, broken files and a second dashboard."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from sessions import sessions

from simlib.dashboard import app, autosave
from simlib.dashboard.autosave import Autosave, running_cell
from simlib.dashboard.browser_store import BrowserStore
from simlib.dashboard.session import Session
from simlib.errors import InputError

TOTALS = (1500.0, 1600.0, 1700.0)
MOVED = Session().choose(total=321.0).keep("A")


@given(sessions)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_what_was_saved_is_loaded_after_a_restart(tmp_path: Path, session: Session) -> None:
    keeper = Autosave(tmp_path)
    keeper.save(session)
    keeper.release()
    again = Autosave(tmp_path)
    assert again.path == keeper.path
    assert again.load() == session
    again.release()


def test_the_reader_can_find_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SIMLIB_EXPORTS", raising=False)
    keeper = Autosave()
    assert keeper.load() is None
    assert keeper.save(MOVED)
    text = (tmp_path / "exports" / "last_scenario.toml").read_text(encoding="utf-8")
    assert "simlib 0." in text.splitlines()[1]
    assert Session.from_toml(text) == MOVED
    assert not keeper.save(MOVED)  # nothing to write
    keeper.release()


def test_another_folder_can_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMLIB_EXPORTS", str(tmp_path / "here"))
    keeper = Autosave()
    assert keeper.path == tmp_path / "here" / "last_scenario.toml"
    keeper.release()


def test_two_dashboards_have_a_file_each_and_find_it_again(tmp_path: Path) -> None:
    one, two = Autosave(tmp_path, "cell 1"), Autosave(tmp_path, "cell 2")
    assert one.path != two.path
    one.save(MOVED)
    two.save(Session().choose(total=1.0))
    one.release()
    two.release()
    second = Autosave(tmp_path, "cell 2")  # in another order than before
    first = Autosave(tmp_path, "cell 1")
    assert first.load() == MOVED
    assert second.load() == Session().choose(total=1.0)
    third = Autosave(tmp_path, "cell 3")
    assert third.load() is None
    for keeper in (first, second, third):
        keeper.release()


def test_the_same_cell_run_again_takes_its_file_over(tmp_path: Path) -> None:
    old = Autosave(tmp_path, "cell 1")
    old.save(MOVED)
    new = Autosave(tmp_path, "cell 1")
    assert new.path == old.path
    assert new.load() == MOVED
    with pytest.raises(InputError, match="This view no longer saves"):
        old.save(Session())
    assert new.load() == MOVED
    assert new.save(MOVED.choose(total=5.0))
    nameless = [Autosave(tmp_path), Autosave(tmp_path)]
    assert len({new.path, *(each.path for each in nameless)}) == 3
    for keeper in (new, *nameless):
        keeper.release()


def test_another_process_keeps_its_file_until_it_dies(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom simlib.dashboard.autosave import Autosave\n"
        "from simlib.dashboard.session import Session\n"
        "keeper = Autosave(Path(sys.argv[1]), 'cell 1')\n"
        "keeper.save(Session().choose(total=77.0))\nprint(keeper.path, flush=True)\ninput()\n"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with other:
        assert other.stdout
        taken = Path(other.stdout.readline().strip())
        mine = Autosave(tmp_path, "cell 1")
        assert mine.path != taken
        assert mine.load() is None
        mine.release()
        other.kill()  # a kernel that is restarted gets no time to tidy up
    after = Autosave(tmp_path, "cell 1")
    assert after.path == taken
    assert after.load() == Session().choose(total=77.0)
    after.release()


@pytest.mark.parametrize("broken", [b"", b"schema = 1\ntotal = -5.0", b"\xff\x00", b"x" * 300_000])
def test_a_broken_file_is_said_and_set_aside(tmp_path: Path, broken: bytes) -> None:
    path = tmp_path / "last_scenario.toml"
    for number in (1, 2):
        path.write_bytes(broken)
        keeper = Autosave(tmp_path)
        with pytest.raises(InputError, match=f"set aside as last_scenario_broken_{number}.toml"):
            keeper.load()
        assert (tmp_path / f"last_scenario_broken_{number}.toml").read_bytes() == broken
        assert keeper.save(MOVED)  # and all goes on
        assert keeper.load() == MOVED
        keeper.release()


def test_a_file_that_cannot_be_set_aside_is_never_written_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "last_scenario.toml"
    path.write_text("broken")
    keeper = Autosave(tmp_path)

    def refuse(*_: Any) -> None:
        raise OSError("held by a virus scanner")

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(InputError, match="nothing will be saved"):
        keeper.load()
    with pytest.raises(InputError, match="nothing will be saved"):
        keeper.save(MOVED)
    assert path.read_text() == "broken"


def test_a_write_that_fails_leaves_the_old_file_and_no_litter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper = Autosave(tmp_path)
    keeper.save(MOVED)
    with monkeypatch.context() as patch:

        def full(_: int) -> None:
            raise OSError(28, "No space left on device")

        patch.setattr(os, "fsync", full)
        with pytest.raises(InputError, match="No space left"):
            keeper.save(MOVED.choose(total=1.0))
    assert sorted(each.name for each in tmp_path.iterdir()) == [
        ".last_scenario.lock",
        "last_scenario.toml",
    ]
    assert keeper.load() == MOVED
    assert keeper.save(MOVED.choose(total=1.0))
    keeper.release()


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file" / "exports", tmp_path / "a\0b"):
        keeper = Autosave(folder)
        for attempt in (keeper.load, lambda keeper=keeper: keeper.save(MOVED)):
            with pytest.raises(InputError, match="cannot be kept there"):
                attempt()


def test_saving_goes_on_once_the_folder_can_be_used_and_loses_no_older_scenario(
    tmp_path: Path,
) -> None:
    earlier = Autosave(tmp_path / "exports", "cell 1")
    earlier.save(MOVED)
    earlier.release()
    (tmp_path / "exports").rename(tmp_path / "away")
    (tmp_path / "exports").write_text("")
    keeper = Autosave(tmp_path / "exports", "cell 1")
    with pytest.raises(InputError, match="cannot be kept there"):
        keeper.save(Session())
    (tmp_path / "exports").unlink()
    (tmp_path / "away").rename(tmp_path / "exports")
    assert keeper.save(Session())
    assert keeper.path == tmp_path / "exports" / "last_scenario_2.toml"
    assert Session.from_toml((tmp_path / "exports" / "last_scenario.toml").read_text()) == MOVED
    keeper.release()


def test_a_folder_deleted_meanwhile_is_made_again(tmp_path: Path) -> None:
    keeper = Autosave(tmp_path / "exports")
    shutil.rmtree(tmp_path / "exports")
    assert keeper.save(MOVED)
    assert keeper.load() == MOVED
    keeper.release()


def test_what_a_killed_process_left_half_written_is_removed(tmp_path: Path) -> None:
    part = tmp_path / ".last_scenario.part"
    victim = tmp_path / "victim"
    victim.write_text("mine")
    for litter in (lambda: part.write_text("half"), lambda: part.symlink_to(victim)):
        litter()
        keeper = Autosave(tmp_path)
        assert not os.path.lexists(part)
        litter()
        keeper.save(MOVED)
        assert not os.path.lexists(part)
        assert victim.read_text() == "mine"
        keeper.release()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes that have a name")
@pytest.mark.parametrize("name", ["last_scenario.toml", ".last_scenario.lock"])
def test_a_pipe_in_the_place_of_a_file_is_left_alone(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    keeper = Autosave(tmp_path, "cell 1")
    assert keeper.path == tmp_path / "last_scenario_2.toml"
    assert keeper.save(MOVED)
    keeper.release()


def test_an_owner_that_is_no_text_finds_its_file_again(tmp_path: Path) -> None:
    owner = "note\udcffbook.ipynb cell-1"
    keeper = Autosave(tmp_path, owner)
    keeper.save(MOVED)
    keeper.release()
    again = Autosave(tmp_path, owner)
    assert again.load() == MOVED
    again.release()


def test_files_are_used_again_when_all_were_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(autosave, "MOST_FILES", 2)
    keepers = [Autosave(tmp_path, "cell 1"), Autosave(tmp_path, "cell 2")]
    with pytest.raises(InputError, match="all 2 files"):
        Autosave(tmp_path, "cell 3").load()
    keepers[0].save(MOVED)
    for keeper in keepers:
        keeper.release()
    third = Autosave(tmp_path, "cell 3")  # only a file that holds nothing is given to another
    assert third.path == keepers[1].path
    with pytest.raises(InputError, match="all 2 files"):
        Autosave(tmp_path, "cell 4").save(MOVED)
    third.release()


def test_a_cell_is_told_apart_by_its_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    assert running_cell() == ""
    shell = SimpleNamespace(get_parent=lambda: {"metadata": {"cellId": "cell-3"}})
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setenv("JPY_SESSION_NAME", "notebooks/01.ipynb")
    assert running_cell() == "notebooks/01.ipynb cell-3"
    shell.get_parent = dict
    assert running_cell() == ""


# --- what the dashboard says ------------------------------------------------------------------


def until(holds: Callable[[], bool], what: str, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, what
        time.sleep(0.05)


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """A disk on which nothing can be saved, until what it gives is called."""

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(autosave, "_write", full)
        yield patch.undo


def test_a_failed_save_stays_in_view_until_one_works_by_itself(
    tmp_path: Path, full_disk: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIMLIB_EXPORTS", str(tmp_path))
    monkeypatch.setattr(app, "RETRY_SECONDS", 0.5)
    board = app.show()
    for total in TOTALS[:2]:  # it stays over the next move, too
        board.choose("policy", "total", total)
        assert board.runner.wait()
        assert "role='alert'" in board.saving.value
        assert "No space left on device" in board.saving.value
    full_disk()
    until(lambda: not board.saving.value, "saving was not tried again")
    saved = Session.from_toml((tmp_path / "last_scenario.toml").read_text(encoding="utf-8"))
    assert saved == board.history.now
    assert saved.now.total == TOTALS[1]


def test_a_folder_that_cannot_be_used_at_first_is_said_until_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "exports").write_text("a file where a folder should be")
    monkeypatch.setenv("SIMLIB_EXPORTS", str(tmp_path / "exports"))
    monkeypatch.setattr(app, "RETRY_SECONDS", 0.5)
    board = app.show()
    assert "cannot be kept there" in board.saving.value
    board.choose("policy", "total", TOTALS[0])
    assert board.runner.wait()
    assert "role='alert'" in board.saving.value
    (tmp_path / "exports").unlink()
    until(lambda: not board.saving.value, "saving was not tried again")
    assert (tmp_path / "exports" / "last_scenario.toml").exists()


def test_the_older_of_two_views_says_that_it_no_longer_saves(tmp_path: Path) -> None:
    older = app.Dashboard(None, Autosave(tmp_path, "cell 1"))
    newer = app.Dashboard(None, Autosave(tmp_path, "cell 1"))
    older.choose("policy", "total", TOTALS[0])
    assert older.runner.wait()
    assert "This view no longer saves" in older.saving.value
    assert older._again is None  # it is not tried again
    newer.choose("policy", "total", TOTALS[1])
    assert newer.runner.wait()
    assert not newer.saving.value


# --- on a page without code, in the visitor's browser -----------------------------------------


@pytest.fixture
def visit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> app.Dashboard:
    """What a visitor of the page has, while a scenario of somebody else lies in the folder."""
    monkeypatch.setenv("SIMLIB_EXPORTS", str(tmp_path))
    monkeypatch.setenv("SERVER_SOFTWARE", "voila/0.5")
    somebody = Autosave(tmp_path)
    somebody.save(MOVED)
    somebody.release()
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
