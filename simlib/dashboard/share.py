"""A share code: a session as a text that fits into a link or a message, and the box that shows it.

A code is compressed JSON: what differs from the beginning, the version of simlib that made it, and
a fingerprint of the numbers that its maker saw.
"""

import base64
import binascii
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from simlib.dashboard.controls import STYLE
from simlib.dashboard.session import Session, check_session
from simlib.dashboard.state import beginning
from simlib.errors import InputError, shown
from simlib.fingerprint import results_fingerprint
from simlib.inputs.posterior import shipped_posterior
from simlib.version import __version__

WHERE = "share code"
PREFIX = "S2-"
MOST_LETTERS, MOST_BYTES = 100_000, 400_000
"""Of a code, blanks included, and of what is in it: twice a session with all that can be moved."""
FINGERPRINT_LETTERS = 8


@dataclass(frozen=True)
class Shared:
    """What a share code holds.

    Attributes
    ----------
    session : the state
    changed : in words, that its maker saw another version; empty with the same one
    """

    session: Session
    changed: str


def write(session: Session) -> str:
    """The share code of a session; see :func:`read`.

    Raises
    ------
    InputError
        When the session cannot be used.
    """
    table = check_session(session).to_table()
    lines = [line | {"scenario": _moved(line["scenario"])} for line in table.pop("kept", [])]
    content = {"made": _version(), **_moved(table)} | ({"kept": lines} if lines else {})
    packed = zlib.compress(json.dumps(content, separators=(",", ":")).encode(), level=9)
    return PREFIX + base64.urlsafe_b64encode(packed).decode().rstrip("=")


def _moved(table: dict[str, Any]) -> dict[str, Any]:
    """What stands elsewhere than at the beginning."""
    before = Session(beginning()).to_table()
    return {name: value for name, value in table.items() if value != before[name]}


def _version() -> list[str]:
    """Of simlib, of its data, and of the numbers that come of both."""
    vintage = str(shipped_posterior().about["data_vintage"])
    return [__version__, vintage, results_fingerprint()[:FINGERPRINT_LETTERS]]


def read(code: str) -> Shared:
    """Read a share code that may come from anyone.

    Blanks and line breaks, as mail programmes put them in, do not count.

    Raises
    ------
    InputError
        In words, when it is broken, cut off, too long or of another kind, or sets what cannot be
        set in this version.
    """
    content = _unpacked(code)
    made = content.pop("made", None)
    if not (isinstance(made, list) and len(made) == 3 and all(isinstance(m, str) for m in made)):
        raise InputError(f"{WHERE}: does not say which version made it")
    changed = ""
    if made != _version():
        changed = (
            f"made with another version (simlib {shown(made[0])}, data {shown(made[1])}): "
            "its maker may have seen other numbers; what the code does not name stands as here"
        )
    try:
        return Shared(Session.from_table(content, WHERE), changed)
    except InputError as problem:
        told = [f"{WHERE}: {changed}"] if changed else []
        raise InputError([*told, *problem.messages]) from problem


def _unpacked(code: Any) -> dict[str, Any]:
    """What a code holds, however it was sent; nothing in it has been checked."""
    if not isinstance(code, str):
        raise InputError(f"{WHERE}: must be text, not {type(code).__name__}")
    if len(code) > MOST_LETTERS:
        raise InputError(f"{WHERE}: is longer than the {MOST_LETTERS:,} letters allowed")
    text = "".join(code.split())
    if text.startswith("S1-"):
        raise InputError(f"{WHERE}: was made by simlib 0.1, whose codes cannot be read any more")
    if not text.startswith(PREFIX):
        raise InputError(f"{WHERE}: begins with {PREFIX}, and this text does not")
    letters = text.removeprefix(PREFIX)
    unpacker = zlib.decompressobj()
    try:
        packed = base64.b64decode(letters + "=" * (-len(letters) % 4), b"-_", validate=True)
        content = unpacker.decompress(packed, MOST_BYTES)
    except (binascii.Error, ValueError, zlib.error):
        raise InputError(f"{WHERE}: is damaged; copy the whole code again") from None
    if unpacker.unconsumed_tail:
        raise InputError(f"{WHERE}: holds more than the {MOST_BYTES:,} bytes allowed")
    if not unpacker.eof or unpacker.unused_data:
        raise InputError(f"{WHERE}: is cut off, or goes on after its end; copy the whole code")
    try:
        table = json.loads(content)
    except (ValueError, RecursionError):
        table = None
    if not isinstance(table, dict):
        raise InputError(f"{WHERE}: holds no scenario")
    return table


class ShareBox(anywidget.AnyWidget):
    """Shows a code to copy; `load` is called with the session of a code that is pasted.

    Attributes
    ----------
    code : of what is on screen
    error : why the last code was refused, in words
    note : that the last code was made with another version, in words
    """

    _esm = Path(__file__).with_name("share.js")
    _css = STYLE
    code = traitlets.Unicode().tag(sync=True)
    error = traitlets.Unicode().tag(sync=True)
    note = traitlets.Unicode().tag(sync=True)

    def __init__(self, load: Callable[[Session], None]) -> None:
        self._load = load
        self._loaded: Session | None = None
        super().__init__()
        self.on_msg(self._hear)

    def show(self, session: Session) -> None:
        """Show the code of a session; what was said of another is gone."""
        self.code = write(session)
        if session != self._loaded:
            self.note = ""

    def _hear(self, _: Any, message: dict[str, Any], __: Any) -> None:
        try:
            shared = read(str(message["code"]))
        except InputError as problem:
            self.error = str(problem)
            return
        self.error, self.note, self._loaded = "", shared.changed, shared.session
        self._load(shared.session)
