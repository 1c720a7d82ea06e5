"""Take it away: downloads, a folder of files, scenarios from files, the share code."""

import html
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import count
from pathlib import Path

import ipywidgets as w

from simlib.charts import MIME
from simlib.dashboard import brief, compute, share
from simlib.dashboard.autosave import FOLDER, exports, on_a_page
from simlib.dashboard.browser import DownloadButton, UploadButton
from simlib.dashboard.compute import Picture
from simlib.dashboard.figure import AFTER_CSV, NOTES, file_code
from simlib.dashboard.folds import button
from simlib.dashboard.session import Session
from simlib.dashboard.source import about
from simlib.errors import InputError

AFTER_BRIEF = "Open it and print it (Ctrl+P): one page, on paper or as PDF."
PROGRAM = '''"""The numbers of a picture, computed from scratch.

{about}
Share code: {code}
"""

from pathlib import Path

import simlib
from simlib.dashboard import Scenario, compute

scenario = Scenario.from_toml("""
{scenario}""")

picture = compute.picture(scenario, details=True)
print(compute.export(picture, "csv").decode("utf-8-sig"))
Path("picture.svg").write_bytes(compute.export(picture, "svg"))

# The same futures, for questions of your own: `world` is what other notebooks start from.
policies = compute.policies(scenario)
world = simlib.simulate([None, *policies.values()], assumptions=scenario.pinned)
'''


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    Attributes
    ----------
    label : on its button
    what : what the file is, for its tooltip
    ending : of the file's name, after the stem
    mime : of the file
    make : from a session and its picture to the contents
    after : said when it was handed out
    """

    label: str
    what: str
    ending: str
    mime: str
    make: Callable[[Session, Picture], bytes]
    after: str = ""


def _picture(kind: str) -> Callable[[Session, Picture], bytes]:
    return lambda _, picture: compute.export(picture, kind)


def _scenario(session: Session, _: Picture) -> bytes:
    return session.to_file().encode()


def _program(session: Session, _: Picture) -> bytes:
    return program(session).encode()


KINDS = (
    Kind("PNG", "the picture as PNG", ".png", MIME["png"], _picture("png")),
    Kind("SVG", "the picture as SVG", ".svg", MIME["svg"], _picture("svg")),
    Kind("PDF", "the picture as PDF", ".pdf", MIME["pdf"], _picture("pdf")),
    Kind(
        "HTML", "the picture as HTML, a page that opens offline", ".html",
        MIME["html"], _picture("html"),
    ),
    Kind("CSV", "the numbers drawn as CSV", ".csv", MIME["csv"], _picture("csv"), AFTER_CSV),
    Kind("Notes", "the notes on the numbers", NOTES, MIME["txt"], _picture("txt")),
    Kind(
        "Brief", "a brief as HTML, to be printed on one page", "_brief.html",
        MIME["html"], brief.html, AFTER_BRIEF,
    ),
    Kind("Python", "a program in Python that draws it", ".py", "text/x-python", _program),
    Kind("TOML", "the scenario as TOML", ".toml", "application/toml", _scenario),
)  # fmt: skip


def program(session: Session) -> str:
    """The picture of a session as a short Python program that computes it from scratch.

    Raises
    ------
    InputError
        When the session cannot be used.
    """
    code = share.write(session)
    return PROGRAM.format(about=about(), code=code, scenario=session.now.to_toml())


def stem(session: Session) -> str:
    """Name of a session's files, without what tells their kinds apart.

    It says what is compared, with how much money, from when on, and what is drawn, in letters
    that every system takes; a code at its end keeps sessions apart that differ in anything else.
    """
    now = session.now
    money = f"{now.total:g}M" if now.equal_money else "own-money"
    outcome = now.outcome.replace("_", "-")
    code = file_code(share.write(session))
    return f"simlib_border-vs-internal_{money}_{now.start}_{outcome}_{code}"


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
            DownloadButton(
                kind.label, partial(self.make, kind), f"Download {kind.what}", kind.after
            )
            for kind in KINDS
        ]
        self.upload = UploadButton("Load scenario", ".toml", self._uploaded)
        save = button(f"Save all to {FOLDER}/", self.save, "For browsers that block downloads")
        self.saved = w.HTML()
        self.share = share.ShareBox(load)
        here = [] if on_a_page() else [save]  # a visitor's folders are on another computer
        row = w.HBox([*buttons, *here, self.upload])
        row.add_class("simlib-files")
        super().__init__([row, self.saved, self.share])

    def make(self, kind: Kind) -> tuple[str, str, bytes]:
        """Name, MIME type and contents of a file."""
        session, picture = self._settled()
        return stem(session) + kind.ending, kind.mime, kind.make(session, picture)

    def save(self) -> None:
        """Save a file of every kind in a new folder below the notebook's, and show its path."""
        try:
            session, picture = self._settled()
            contents = {kind.ending: kind.make(session, picture) for kind in KINDS}
            folder = _saved(stem(session), contents)
        except (OSError, InputError) as problem:
            self._failed(problem)
            return
        path = html.escape(str(folder.resolve()))
        words = f"{len(KINDS)} files saved in <code>{path}</code>"
        self.saved.value = f"<div class='simlib-small' role='status'>{words}</div>"

    def _uploaded(self, name: str, content: bytes) -> None:
        try:
            self._load(read_session(name, content))
        except InputError as problem:
            self._failed(problem)


def _saved(name: str, contents: Mapping[str, bytes]) -> Path:
    """A new folder with a file for each ending; none where one of them could not be written."""
    when = datetime.now().strftime("%Y-%m-%d_%H%M%S")
    for number in count(1):  # two save in one second
        folder = exports() / (when if number == 1 else f"{when}_{number}")
        try:
            folder.mkdir(parents=True)
            break
        except FileExistsError:
            if not folder.is_dir():
                raise
    try:
        for ending, content in contents.items():
            (folder / (name + ending)).write_bytes(content)
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder


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
