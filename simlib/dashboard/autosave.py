"""The last scenario, kept in a file the reader can find, so that a restart or reload loses nothing.

Every dashboard has a file of its own: the first free one whose owner it is. A file is held with a
lock of the operating system, which a killed process gives up by itself; who owns it stands in the
lock's file. A file that cannot be read is never written over but set aside.
"""

import os
import sys
import tempfile
import threading
import weakref
from pathlib import Path
from typing import IO, Any, ClassVar

from simlib.dashboard.session import Session
from simlib.errors import InputError
from simlib.tables import read_toml_file

FOLDER_VARIABLE = "SIMLIB_EXPORTS"
"""Environment variable that names another folder than `exports` beside the notebook."""
STEM = "last_scenario"
MOST_FILES = 40
LOCKED_BYTE = 1 << 20
"""Byte that is locked; beyond the end, so that the owner can be read by others."""
HEAD = (
    "# The last scenario of a dashboard: loaded when it is shown again. Delete it to begin anew.\n"
)


class Autosave:
    """One dashboard's file.

    Parameters
    ----------
    folder : by default `exports` in the working directory, which is that of the notebook
    owner : tells dashboards apart across restarts, such as :func:`running_cell`; one with the
        same owner in the same process takes the file over from the earlier one

    Attributes
    ----------
    path : the file

    Raises
    ------
    InputError
        In words, when the folder cannot be written to or all files are in use.
    """

    _held: ClassVar[dict[Path, "weakref.ref[Autosave]"]] = {}
    _guard = threading.RLock()

    def __init__(self, folder: Path | None = None, owner: str = "") -> None:
        self.owner = owner
        self._saved: Session | None = None
        chosen = Path(folder or os.environ.get(FOLDER_VARIABLE) or "exports").absolute()
        try:
            chosen.mkdir(parents=True, exist_ok=True)
            with self._guard:
                self.path, lock = self._claim(chosen)
        except OSError as problem:
            raise InputError(f"{chosen}: the scenario cannot be kept there: {problem}") from problem
        self.release = weakref.finalize(self, lock.close)
        self._held[self.path] = weakref.ref(self)

    def _claim(self, folder: Path) -> tuple[Path, IO[str]]:
        """The first free file of this owner, else one that is nobody's."""
        numbered = [STEM, *(f"{STEM}_{number}" for number in range(2, MOST_FILES + 1))]
        files = [folder / f"{stem}.toml" for stem in numbered]
        mine = [path for path in files if _owner(path) == self.owner]
        nobodys = [path for path in files if _owner(path) is None]
        left_over = [path for path in files if not path.exists()]
        for path in (*mine, *nobodys, *left_over):
            self._take_over(path)
            lock = _locked(path)
            if lock is not None:
                lock.truncate(0)
                lock.write(self.owner)
                lock.flush()
                return path, lock
        raise InputError(f"{folder}: all {MOST_FILES} files for scenarios are in use")

    def _take_over(self, path: Path) -> None:
        earlier = self._held.get(path, lambda: None)()
        if earlier is not None and self.owner and earlier.owner == self.owner:
            earlier.release()

    def save(self, session: Session) -> bool:
        """Write the session, all of it or nothing; whether there was something to write.

        Raises
        ------
        InputError
            In words, when it cannot be written; the file is then as it was before.
        """
        with self._guard:
            if session == self._saved or not self.release.alive:
                return False
            try:
                _write(self.path, HEAD + session.to_file())
            except OSError as problem:
                raise InputError(f"{self.path.name}: not saved: {problem}") from problem
            self._saved = session
            return True

    def load(self) -> Session | None:
        """The session as it was last saved; None when none was.

        Raises
        ------
        InputError
            In words, when the file cannot be used; it is then set aside under another name,
            which the message tells.
        """
        if not self.path.exists():
            return None
        try:
            table = read_toml_file(self.path)
            session = Session.from_file_table(table, self.path.name)
        except InputError as problem:
            raise InputError([*problem.messages, self._set_aside()]) from problem
        self._saved = session
        return session

    def _set_aside(self) -> str:
        """Give the file another name, so that it is not written over; what to tell the reader."""
        for number in range(1, sys.maxsize):
            aside = self.path.with_name(f"{self.path.stem}_broken_{number}.toml")
            if not aside.exists():
                break
        try:
            self.path.rename(aside)
        except OSError as problem:
            self.release()
            return f"{self.path.name} could not be set aside ({problem}); nothing will be saved"
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
    """Replace a file in one step: a reader, or a crash, finds the old one or the new one."""
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}_", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
