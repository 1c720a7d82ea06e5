"""Take it away: downloads, a folder of files, scenarios from files, the share code."""

import html
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import ipywidgets as w

from simlib.charts import MIME
from simlib.dashboard import brief, compute
from simlib.dashboard.autosave import FOLDER_VARIABLE
from simlib.dashboard.browser_store import on_a_page
from simlib.dashboard.compute import Picture
from simlib.dashboard.download import DownloadButton
from simlib.dashboard.folds import button
from simlib.dashboard.session import Session
from simlib.dashboard.share_box import ShareBox
from simlib.dashboard.snippet import snippet
from simlib.errors import InputError

STEM = "border_or_internal"
FOLDER = "exports"


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    Attributes
    ----------
    label : on its button
    what : what the file is, for its tooltip
    name, mime : of the file
    make : from a session and its picture to the contents
    """

    label: str
    what: str
    name: str
    mime: str
    make: Callable[[Session, Picture], bytes]


def _picture(kind: str) -> Callable[[Session, Picture], bytes]:
    return lambda _, picture: compute.export(picture, kind)


def _scenario(session: Session, _: Picture) -> bytes:
    return session.to_file().encode()


def _program(session: Session, _: Picture) -> bytes:
    return snippet(session).encode()


KINDS = (
    Kind("PNG", "the picture as PNG", f"{STEM}.png", MIME["png"], _picture("png")),
    Kind("SVG", "the picture as SVG", f"{STEM}.svg", MIME["svg"], _picture("svg")),
    Kind("PDF", "the picture as PDF", f"{STEM}.pdf", MIME["pdf"], _picture("pdf")),
    Kind(
        "HTML", "the picture as HTML, a page that opens offline", f"{STEM}.html",
        MIME["html"], _picture("html"),
    ),
    Kind("CSV", "the numbers drawn as CSV", f"{STEM}.csv", "text/csv", _picture("csv")),
    Kind("Brief", "a one-page brief as HTML", "brief.html", MIME["html"], brief.html),
    Kind("Brief PDF", "a one-page brief as PDF", "brief.pdf", MIME["pdf"], brief.pdf),
    Kind("Python", "a program in Python that draws it", "picture.py", "text/x-python", _program),
    Kind("TOML", "the scenario as TOML", "scenario.toml", "application/toml", _scenario),
)  # fmt: skip


class Files(w.VBox):
    """Buttons for every kind of file; each is made from what is on screen, with all draws.

    Parameters
    ----------
    settled : waits until the last move is drawn in full; returns its session and picture
    load : called with a session that a reader loads
    failed : called with why a file could not be loaded or saved
    """

    def __init__(
        self,
        settled: Callable[[], tuple[Session, Picture]],
        load: Callable[[Session], None],
        failed: Callable[[Exception], None],
    ) -> None:
        self._settled, self._load, self._failed = settled, load, failed
        buttons = [
            DownloadButton(kind.label, partial(self.make, kind), f"Download {kind.what}")
            for kind in KINDS
        ]
        self.upload = w.FileUpload(accept=".toml", description="Load scenario")
        self.upload.observe(self._uploaded, "value")
        save = button(f"Save all to {FOLDER}/", self.save, "For browsers that block downloads")
        self.saved = w.HTML()
        self.share = ShareBox(load)
        here = [] if on_a_page() else [save]  # a visitor's folders are on another computer
        row = w.HBox([*buttons, *here, self.upload])
        row.add_class("simlib-files")
        super().__init__([row, self.saved, self.share])

    def make(self, kind: Kind) -> tuple[str, str, bytes]:
        """Name, MIME type and contents of a file."""
        return kind.name, kind.mime, kind.make(*self._settled())

    def save(self) -> None:
        """Save a file of every kind in a new folder below the notebook's, and show its path."""
        try:
            above = Path(os.environ.get(FOLDER_VARIABLE) or FOLDER)
            folder = above / datetime.now().strftime("%Y-%m-%d_%H%M%S")
            session, picture = self._settled()
            folder.mkdir(parents=True, exist_ok=True)
            for kind in KINDS:
                (folder / kind.name).write_bytes(kind.make(session, picture))
        except (OSError, InputError) as problem:
            self._failed(problem)
            return
        path = html.escape(str(folder.resolve()))
        words = f"{len(KINDS)} files saved in <code>{path}</code>"
        self.saved.value = f"<div class='simlib-small' role='status'>{words}</div>"

    def _uploaded(self, change: dict[str, Any]) -> None:
        for file in change["new"]:
            try:
                self._load(read_session(file["name"], bytes(file["content"])))
            except InputError as problem:
                self._failed(problem)
        if change["new"]:
            self.upload.value = ()  # so that the same file can be loaded again


def read_session(name: str, content: bytes) -> Session:
    """The session in a file that may come from anyone.

    Raises
    ------
    InputError
        Naming every field, bound and allowed value that was broken.
    """
    try:
        return Session.from_toml(content.decode("utf-8-sig"), name)
    except UnicodeDecodeError:
        raise InputError(f"{name}: is no text file (UTF-8)") from None
