"""The share code of what is on screen, and a field to load another."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from simlib.dashboard import share
from simlib.dashboard.controls import STYLE
from simlib.dashboard.session import Session
from simlib.errors import InputError


class ShareBox(anywidget.AnyWidget):
    """Shows a code to copy; `load` is called with the session of a code that is pasted.

    Attributes
    ----------
    code : of what is on screen
    error : why the last code was refused, in words
    notes : what has changed since the last code was made, sentence by sentence
    """

    _esm = Path(__file__).with_name("share_box.js")
    _css = STYLE
    code = traitlets.Unicode().tag(sync=True)
    error = traitlets.Unicode().tag(sync=True)
    notes = traitlets.List(traitlets.Unicode()).tag(sync=True)

    def __init__(self, load: Callable[[Session], None]) -> None:
        self._load = load
        self._loaded: Session | None = None
        super().__init__()
        self.on_msg(self._hear)

    def show(self, session: Session) -> None:
        """Show the code of a session; what was said of another is gone."""
        self.code = share.write(session)
        if session != self._loaded:
            self.notes = []

    def _hear(self, _: Any, message: dict[str, Any], __: Any) -> None:
        try:
            shared = share.read(str(message["code"]).strip())
        except InputError as problem:
            self.error = str(problem)
            return
        self.error, self.notes, self._loaded = "", list(shared.changed), shared.session
        self._load(shared.session)
