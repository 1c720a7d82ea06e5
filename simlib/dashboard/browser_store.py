"""The last scenario, kept in the reader's own browser: what a page without code has for a file."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from simlib.dashboard.session import Session
from simlib.errors import InputError

WHERE = "the scenario kept in this browser"


def on_a_page() -> bool:
    """Whether this Python serves a page without code, to somebody who may be anybody."""
    return os.environ.get("SERVER_SOFTWARE", "").startswith("voila/")


class BrowserStore(anywidget.AnyWidget):
    """Keeps a session in the browser that shows it, where a reload and a new tab find it.

    Attributes
    ----------
    over : as for :class:`simlib.dashboard.autosave.Autosave`; never
    found : called with the session found when the page opens, or with why it cannot be used: it is
        then set aside in the browser, not written over
    told : called with why the last session was not saved; with "" when it was
    """

    _esm = Path(__file__).with_name("browser_store.js")
    _kept = traitlets.Dict().tag(sync=True)
    over = ""

    def __init__(self) -> None:
        self.found: Callable[[Session | InputError], None] = lambda _: None
        self.told: Callable[[str], None] = lambda _: None
        self._number = 0
        super().__init__(_kept={"number": 0, "text": ""})
        self.on_msg(self._hear)

    def save(self, session: Session) -> None:
        """Send the session to the browser, which tells whether it could be kept."""
        self._number += 1
        self._kept = {"number": self._number, "text": session.to_file()}

    def _hear(self, _: Any, message: dict[str, Any], __: Any) -> None:
        if "found" in message:
            text = str(message["found"])
            try:
                self.found(Session.from_toml(text, WHERE))
            except InputError as problem:
                self.send({"set_aside": text})
                self.found(InputError([*problem.messages, "It was set aside in this browser."]))
        elif "failed" in message:
            self.told(f"Not saved in this browser: {message['failed']}")
        elif message.get("saved") == self._number:
            self.told("")
