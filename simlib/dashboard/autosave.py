"""The last scenario, kept in a file the reader can find, so that a restart or reload loses nothing.

Every dashboard has a file of its own: the first free one whose owner it is. A file is held with a
lock of the operating system, which a killed process gives up by itself; who owns it stands in the
lock's file. A file that cannot be read is never written over but set aside.
"""

import os
import sys
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, ClassVar

from simlib.dashboard.session import Session
from simlib.errors import InputError, shown
from simlib.inputs.tables import read_toml_file

FOLDER_VARIABLE = "SIMLIB_EXPORTS"
"""Environment variable that names another folder than `exports` beside the notebook."""
STEM = "last_scenario"
MOST_FILES = 40
LOCKED_BYTE = 1 << 20
"""Byte that is locked; beyond the end, so that the owner can be read by others."""
TAKEN_OVER = (
    "This view no longer saves: its cell was run again, and the newer view saves in its place."
)
HEAD = (
    "# The last scenario of a dashboard: loaded when it is shown again. Delete it to begin anew.\n"
)


class Autosave:
    """One dashboard's file.

    Where it cannot be had at first, `load` says why and every `save` tries again, then with a file
    of its own, so that no scenario that was never loaded is written over.

    Parameters
    ----------
    folder : by default `exports` in the working directory, which is that of the notebook
    owner : tells dashboards apart across restarts, such as :func:`running_cell`; one with the
        same owner in the same process takes the file over from the earlier one

    Attributes
    ----------
    path : the file; None while it could not be had
    over : why nothing will be saved any more, in words; empty while it may
    """

    _held: ClassVar[dict[Path, "weakref.ref[Autosave]"]] = {}
    _guard = threading.RLock()

    def __init__(self, folder: Path | None = None, owner: str = "") -> None:
        self.owner = owner.encode("utf-8", "backslashreplace").decode()
        self.over = ""
        self.path: Path | None = None
        self._folder = Path(folder or os.environ.get(FOLDER_VARIABLE) or "exports").absolute()
        self._saved: Session | None = None
        self._close: Callable[[], object] = lambda: None
        self._problem = ""
        try:
            self._hold()
        except InputError as problem:
            self._problem = str(problem)

    def _hold(self, fresh: bool = False) -> Path:
        """Have a file; with `fresh` one that holds nothing yet."""
        with self._guard:
            if self.path is None:
                try:
                    self._folder.mkdir(parents=True, exist_ok=True)
                    self.path, lock = self._claim(fresh)
                    _part(self.path).unlink(missing_ok=True)  # left by a process that was killed
                except (OSError, ValueError) as problem:
                    if isinstance(problem, InputError):
                        raise
                    words = f"{shown(str(self._folder))}: the scenario cannot be kept there"
                    raise InputError(f"{words}: {problem}") from problem
                self._close = weakref.finalize(self, lock.close)
                self._held[self.path] = weakref.ref(self)
            return self.path

    def release(self, over: str = "released") -> None:
        """Give the file up; `over` says why nothing is saved from here on."""
        with self._guard:
            self.over = self.over or over
            self._close()

    def _claim(self, fresh: bool) -> tuple[Path, IO[str]]:
        """The first free file of this owner, else one that is nobody's."""
        numbered = [STEM, *(f"{STEM}_{number}" for number in range(2, MOST_FILES + 1))]
        files = [path for stem in numbered if _usable(path := self._folder / f"{stem}.toml")]
        mine = [path for path in files if _owner(path) == self.owner]
        nobodys = [path for path in files if _owner(path) is None]
        left_over = [path for path in files if not path.exists()]
        for path in (*mine, *nobodys, *left_over):
            if fresh and path.exists():
                continue
            self._take_over(path)
            lock = _locked(path)
            if lock is not None:
                lock.truncate(0)
                lock.write(self.owner)
                lock.flush()
                return path, lock
        raise InputError(f"{self._folder}: all {MOST_FILES} files for scenarios are in use")

    def _take_over(self, path: Path) -> None:
        earlier = self._held.get(path, lambda: None)()
        if earlier is not None and self.owner and earlier.owner == self.owner:
            earlier.release(TAKEN_OVER)

    def save(self, session: Session) -> bool:
        """Write the session, all of it or nothing; whether there was something to write.

        Raises
        ------
        InputError
            In words, when it cannot be written; the file is then as it was before.
        """
        with self._guard:
            if session == self._saved:
                return False
            if self.over:
                raise InputError(self.over)
            path = self._hold(fresh=True)
            try:
                path.parent.mkdir(parents=True, exist_ok=True)  # the reader may have deleted it
                _write(path, HEAD + session.to_file())
            except OSError as problem:
                raise InputError(f"{path.name}: not saved: {problem}") from problem
            self._saved = session
            return True

    def load(self) -> Session | None:
        """The session as it was last saved; None when none was.

        Raises
        ------
        InputError
            In words, when the folder cannot be written to or all files are in use; and when the
            file cannot be used: it is then set aside under another name, which the message tells.
        """
        if self.path is None:
            raise InputError(self._problem)
        if not self.path.exists():
            return None
        try:
            table = read_toml_file(self.path)
            session = Session.from_file_table(table, self.path.name)
        except InputError as problem:
            raise InputError([*problem.messages, self._set_aside(self.path)]) from problem
        self._saved = session
        return session

    def _set_aside(self, path: Path) -> str:
        """Give the file another name, so that it is not written over; what to tell the reader."""
        for number in range(1, sys.maxsize):
            aside = path.with_name(f"{path.stem}_broken_{number}.toml")
            if not aside.exists():
                break
        try:
            path.rename(aside)
        except OSError as problem:
            words = f"{path.name} could not be set aside ({problem}); nothing will be saved"
            self.release(words)
            return words
        return f"the file was set aside as {aside.name} in {aside.parent}"


def running_cell() -> str:
    """Notebook and cell that run just now, as an owner; "" where that is not known."""
    ipython = sys.modules.get("IPython")
    shell: Any = ipython.get_ipython() if ipython else None
    if shell is None or not hasattr(shell, "get_parent"):
        return ""
    cell = shell.get_parent().get("metadata", {}).get("cellId", "")
    return f"{os.environ.get('JPY_SESSION_NAME', '')} {cell}".strip() if cell else ""


def _lock_path(path: Path) -> Path:
    return path.with_name(f".{path.stem}.lock")


def _part(path: Path) -> Path:
    return path.with_name(f".{path.stem}.part")


def _usable(path: Path) -> bool:
    """Whether both files are plain ones or not there yet: to open a pipe would wait for ever."""
    return all(each.is_file() or not os.path.lexists(each) for each in (path, _lock_path(path)))


def _owner(path: Path) -> str | None:
    """Owner of a file; None of one that no dashboard has used yet."""
    lock = _lock_path(path)
    return lock.read_text(encoding="utf-8", errors="replace") if lock.exists() else None


def _locked(path: Path) -> IO[str] | None:
    """The open lock of a file, held until it is closed; None when somebody else holds it."""
    file = _lock_path(path).open("a+", encoding="utf-8")
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(LOCKED_BYTE)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            file.seek(0)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file


def _write(path: Path, text: str) -> None:
    """Replace a file in one step: a reader, or a crash, finds the old one or the new one.

    The part is this process's alone, as it holds the file's lock.
    """
    part = _part(path)
    part.unlink(missing_ok=True)
    try:
        with part.open("x", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
