"""The last scenario, kept so that a restart or reload loses nothing.

In a notebook it is kept in a file that the reader can find, one for each cell that shows a
dashboard; on a page without code in the visitor's own browser. What cannot be read is never
written over but set aside.
"""

import os
import re
import sys
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from simlib.dashboard.session import Session
from simlib.errors import InputError, shown
from simlib.inputs.tables import read_toml_file

FOLDER_VARIABLE = "SIMLIB_EXPORTS"
"""Environment variable that names another folder than `exports` beside the notebook."""
FOLDER = "exports"
STEM = "last_scenario"
HEAD = (
    "# The last scenario of a dashboard: loaded when it is shown again. Delete it to begin anew.\n"
)
IN_BROWSER = "the scenario kept in this browser"


def exports() -> Path:
    """The folder for files that a reader takes away."""
    return Path(os.environ.get(FOLDER_VARIABLE) or FOLDER).absolute()


class Autosave:
    """A dashboard's file; the same cell of the same notebook finds it again.

    Parameters
    ----------
    folder : by default :func:`exports`
    cell : tells dashboards apart across restarts, such as :func:`running_cell`

    Attributes
    ----------
    path : the file, which may not be there yet
    """

    _one_at_a_time = threading.Lock()

    def __init__(self, folder: Path | None = None, cell: str = "") -> None:
        name = "_".join(filter(None, [STEM, re.sub(r"[^\w-]+", "-", cell).strip("-")]))
        self.path = (folder or exports()) / f"{name}.toml"
        self._saved: Session | None = None
        self._unreadable = False

    def save(self, session: Session) -> None:
        """Write the session, all of it or nothing.

        Raises
        ------
        InputError
            In words, when it cannot be written; the file is then as it was before.
        """
        with self._one_at_a_time:
            if session == self._saved:
                return
            if self._unreadable and self.path.exists():
                words = self._set_aside()
                if self._unreadable:
                    raise InputError(words)
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._replace(HEAD + session.to_file())
            except (OSError, ValueError) as problem:
                raise InputError(f"{shown(str(self.path))}: not saved: {problem}") from problem
            self._saved = session

    def _replace(self, text: str) -> None:
        """In one step: a reader, or a crash, finds the old file or the new one."""
        part = self.path.with_suffix(".part")
        try:
            with part.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            part.replace(self.path)
        finally:
            part.unlink(missing_ok=True)

    def load(self) -> Session | None:
        """The session as it was last saved; None when none was.

        Raises
        ------
        InputError
            In words, when nothing can be kept in the folder; and when the file cannot be used: it
            is then set aside under another name, which the message tells.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except (OSError, ValueError) as problem:
            raise InputError(f"{shown(str(self.path))}: cannot be kept: {problem}") from problem
        if not self.path.is_file():
            return None
        try:
            table = read_toml_file(self.path)
            self._saved = Session.from_file_table(table, self.path.name)
        except InputError as problem:
            raise InputError([*problem.messages, self._set_aside()]) from problem
        return self._saved

    def _set_aside(self) -> str:
        """Give the file another name, so that it is not written over; what to tell the reader."""
        when = datetime.now().strftime("%Y-%m-%d_%H%M%S_%f")
        aside = self.path.with_name(f"{self.path.stem}_broken_{when}.toml")
        try:
            self.path.rename(aside)
        except OSError as problem:
            self._unreadable = True
            name = self.path.name
            return f"{name} could not be set aside ({problem}); until it can, nothing is saved"
        self._unreadable = False
        return f"the file was set aside as {aside.name} in {aside.parent}"


def running_cell() -> str:
    """Notebook and cell that run just now; "" where that is not known."""
    ipython = sys.modules.get("IPython")
    shell: Any = ipython.get_ipython() if ipython else None
    if shell is None or not hasattr(shell, "get_parent"):
        return ""
    cell = shell.get_parent().get("metadata", {}).get("cellId", "")
    return f"{Path(os.environ.get('JPY_SESSION_NAME', '')).stem} {cell}" if cell else ""


def on_a_page() -> bool:
    """Whether this Python serves a page without code, to somebody who may be anybody."""
    return os.environ.get("SERVER_SOFTWARE", "").startswith("voila/")


class BrowserStore(anywidget.AnyWidget):
    """Keeps a session in the browser that shows it, where a reload and a new tab find it.

    Attributes
    ----------
    found : called with the session found when the page opens, or with why it cannot be used: it is
        then set aside in the browser, not written over
    told : called with why the last session was not saved; with "" when it was
    """

    _esm = Path(__file__).with_name("autosave.js")
    _kept = traitlets.Dict().tag(sync=True)

    def __init__(self) -> None:
        self.found: Callable[[Session | InputError], None] = lambda _: None
        self.told: Callable[[str], None] = lambda _: None
        super().__init__(_kept={"number": 0, "text": ""})
        self.on_msg(self._hear)

    def save(self, session: Session) -> None:
        """Send the session to the browser, which tells whether it could be kept."""
        self._kept = {"number": self._kept["number"] + 1, "text": session.to_file()}

    def _hear(self, _: Any, message: dict[str, Any], __: Any) -> None:
        if "found" in message:
            text = str(message["found"])
            try:
                self.found(Session.from_toml(text, IN_BROWSER))
            except InputError as problem:
                self.send({"set_aside": text})
                self.found(InputError([*problem.messages, "It was set aside in this browser."]))
        elif "failed" in message:
            self.told(f"Not saved in this browser: {message['failed']}")
        elif message.get("saved") == self._kept["number"]:
            self.told("")
