"""The last scenario survives restarts, crashes, broken files and a second dashboard."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from sessions import sessions

from simlib.dashboard import autosave
from simlib.dashboard.autosave import Autosave, running_cell
from simlib.dashboard.session import Session
from simlib.errors import InputError

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
