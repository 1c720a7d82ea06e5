"""The comparison dashboard: controls on the left, picture and verdict on the right."""

import html
import threading
import time
from collections.abc import Callable
from typing import Any

import ipywidgets as w

from simlib import charts
from simlib.charts.style import exact
from simlib.dashboard import compute
from simlib.dashboard.autosave import Autosave, BrowserStore, on_a_page, running_cell
from simlib.dashboard.browser import Dialog
from simlib.dashboard.catalogue import ASSUMPTIONS, JUDGEMENT, STRATEGIES, figure, label
from simlib.dashboard.controls import Control
from simlib.dashboard.details import Details
from simlib.dashboard.files import Files
from simlib.dashboard.folds import Fold, button
from simlib.dashboard.live import Live
from simlib.dashboard.live_chart import LiveChart
from simlib.dashboard.panels import SWITCHES, Key, Panel, PinsPanel, PolicyPanel, idle
from simlib.dashboard.session import History, Session, check_session
from simlib.dashboard.state import POLICY, Scenario, check
from simlib.dashboard.views import VIEWS
from simlib.errors import InputError
from simlib.pages import content
from simlib.simulation import DRAWS

REPLAY_SECONDS = 1.5
"""How long a replay shows the state before the last change."""
RETRY_SECONDS = 5.0
"""After a save that failed the next is tried."""
SAME_MOVE_SECONDS = 1.0
"""Moves of one control that follow each other faster are one step of the undo history."""
LAST, RESETS = "This is your last scenario,", "The resets bring back the first."


class Dashboard(Live):
    """A comparison that answers every move; two of them in one notebook do not interfere.

    Parameters
    ----------
    session : at the beginning
    keeper : saves the session whenever it has been drawn in full

    Attributes
    ----------
    history : what the reader has been through
    picture : what is on screen, with ledger and identities
    """

    def __init__(
        self, session: Session | None = None, keeper: Autosave | BrowserStore | None = None
    ) -> None:
        super().__init__()
        self.history = History(check_session(session or Session()))
        self._keeper = keeper
        self.picture = compute.picture(self.now, details=True)
        self._drawn, self._near = self.now, self.picture.spent
        self._last_move: tuple[Key | None, float] = (None, 0.0)
        self._replay: threading.Timer | None = None
        self._past: Scenario | None = None  # what a replay shows just now
        self.chart = LiveChart(
            compute.chart(), charts.prepare(self.picture.tables), self.picture.alt
        )
        self.verdict = w.HTML(_verdict_html(self.picture))
        self.saving = w.HTML()  # of its own, so that drawing does not write over it
        self._again: threading.Timer | None = None
        self._told_at: Session | None = None  # words about it stay until another is saved
        self.dialog = Dialog()
        self.panels, steps = self._panels(), self._steps()
        self._show(draw=False)
        self._tell_parts(self.picture)
        left = w.VBox([*self.panels.values()])
        self.files = Files(self.settled, lambda session: self.go(lambda _: session), self.failed)
        self.details = Details(
            lambda: self.history.now, self.go, lambda: self._wish(self.now, False), self.failed
        )
        self.files.share.show(self.history.now)
        self.details.kept.show(self.history.now)
        away = Fold("Take it away: files, share code", [self.files], is_open=True)
        shown = [steps, self.chart, self.status, self.saving, self.verdict, away, self.details]
        right = w.VBox([*shown, self.dialog])
        left.add_class("simlib-left")
        right.add_class("simlib-right")
        store = [keeper] if isinstance(keeper, BrowserStore) else []
        for each in store:
            each.told = self._saved
            each.found = each.found if session else self._found
        self.children = [left, right, *store]
        self.add_class("simlib-board")

    @property
    def now(self) -> Scenario:
        """The scenario on screen."""
        return self.history.now.now

    @property
    def controls(self) -> dict[Key, Control]:
        """All controls by group and name."""
        return {key: c for panel in self.panels.values() for key, c in panel.controls.items()}

    # --- parts ----------------------------------------------------------------------------

    def _panels(self) -> dict[str, Panel]:
        def reset(name: str) -> Callable[[], None]:
            return lambda: self.go(lambda session: session.reset(name))

        panels: dict[str, Panel] = {
            "policy": PolicyPanel(self.choose, self._about, reset("policy"))
        }
        for group, first in (("assumptions", ASSUMPTIONS), ("judgement", JUDGEMENT)):
            panels[group] = PinsPanel(group, first, self.choose, self._about, reset(group))
        return panels

    def _steps(self) -> w.HBox:
        self.undo = button("Undo", lambda: self._step(self.history.undo))
        self.redo = button("Redo", lambda: self._step(self.history.redo))
        self.replay = button("Replay", self._replayed, "Draws once more what the last move changed")
        self.outcome = w.Dropdown(
            options=[(view.label, name) for name, view in VIEWS.items()],
            description="Show:",
            tooltip="What the picture shows",
            style={"description_width": "48px"},
            layout={"width": "340px"},
        )
        self.outcome.observe(lambda c: self.choose(POLICY, "outcome", c["new"]), "value")
        row = w.HBox([self.undo, self.redo, self.replay, self.outcome])
        row.add_class("simlib-files")
        return row

    # --- moves ----------------------------------------------------------------------------

    def choose(self, group: str, name: str, value: Any) -> None:
        """Take up the move of one control.

        Raises
        ------
        InputError
            When the scenario with it cannot be used; the one before then stays.
        """
        with self._lock:
            scenario = check(self.now.moved(group, name, value))
            if scenario == self.now:
                return
            key = (group, name)
            before, self._last_move = self._last_move, (key, time.monotonic())
            same = key == before[0] and self._last_move[1] - before[1] < SAME_MOVE_SECONDS
            self.history.go(self.history.now.show(scenario), same)
            if name in SWITCHES or key not in self.controls:
                self._show()
            else:
                self._hint()
                self._wish(self.now)

    def go(self, move: Callable[[Session], Session]) -> None:
        """Take up another session, or say why not; the one before then stays."""
        with self._lock:
            try:
                session = check_session(move(self.history.now))
            except InputError as problem:
                self.failed(problem)
                return
            if session != self.history.now:
                self.history.go(session)
                self._show()

    def _step(self, step: Callable[[], Session]) -> None:
        with self._lock:
            before = self.history.now
            if step() is before:
                self.say("There is nothing further back or forward.")
            else:
                self._show()

    def _replayed(self) -> None:
        """Draw the state before the last change, then the present one."""
        with self._lock:
            before = self.history.before
            if before is None:
                self.say("Nothing has been changed yet.")
                return
            if before.now == self.now:
                self.say("The last change moved no line of the picture.")
                return
            self._wish(before.now)
            self._past = before.now
            self._replay = threading.Timer(REPLAY_SECONDS, lambda: self._wish(self.now))
            self._replay.daemon = True
            self._replay.start()

    def _show(self, draw: bool = True) -> None:
        """Set all controls to the present scenario, then draw it once."""
        self._last_move = (None, 0.0)
        notes = self._notes()
        self.outcome.value = self.now.outcome
        for panel in self.panels.values():
            panel.show(self.now, notes)
        if draw:
            self._wish(self.now)

    def _notes(self) -> dict[Key, str]:
        """What to say beside controls: that they move nothing, or that they break the total."""
        money = self.picture.spent
        return idle(self.now) | (money.notes() if money.scenario == self.now else {})

    def _hint(self) -> None:
        notes = self._notes()
        for panel in self.panels.values():
            panel.hint(notes)

    def _wish(self, scenario: Scenario, frame: bool = True) -> None:
        with self._lock:
            if self._replay:  # whatever comes later wins
                self._replay.cancel()
            self._replay = self._past = None
            self.runner.wish(scenario, frame)

    def _about(self, group: str, name: str) -> None:
        """Open the page about a control."""
        control = self.controls[group, name]
        if name in content.names():
            text = content.page(name)
            if group in STRATEGIES:  # the page is about money, the slider about parts of it
                limits = control.limits
                said = f"The slider: {exact(limits.low)} to {exact(limits.high)} {limits.unit}. "
                said += f"{limits.why}. What follows is about the money that comes of it."
                text = text.replace("</h3>", f"</h3><p>{html.escape(said)}</p>", 1)
        else:
            text = f"<h3>{html.escape(control.label)}</h3><p>{html.escape(control.why)}</p>"
        self.dialog.turn_to(control.label, text)

    # --- drawing --------------------------------------------------------------------------

    def _draw(self, scenario: Scenario, rests: bool) -> None:
        """Draw a frame; with `rests` once more, and all that follows the picture."""
        past = scenario is self._past
        if past and rests:
            return  # a replay shows it for a moment only
        picture = compute.picture(
            scenario,
            DRAWS if rests else compute.FRAME_DRAWS,
            near=None if rests else self._near,
            watch=self.runner.watch if rests else lambda _: None,
            details=rests,
        )
        self.chart.update(charts.prepare(picture.tables), picture.alt)
        self.verdict.value = _verdict_html(picture)
        self._tell_parts(picture)
        if not rests:
            self._near = picture.spent
            more = f"{compute.FRAME_DRAWS} of {DRAWS:,} draws while it moves. {picture.sampling}"
            self.status.value = f"<i>{self._last_change() if past else more}</i>"
        else:
            self.say("")
            self.picture, self._drawn = picture, scenario
            self._hint()
            self.files.share.show(self.history.now)
            self._save()
            self._refresh()

    def _refresh(self) -> None:
        """Make anew what is open below the picture, unless a newer wish comes."""
        if self.details.any_open:
            self.say("Making anew what is open below the picture.")
        self.details.refresh(self.history.now, self.picture, self.runner.watch)
        self.say("")

    def _save(self) -> None:
        """Save the session; what fails stays in view, and is tried again, until a save works."""
        if self._again:
            self._again.cancel()
        if self._keeper:
            try:
                self._keeper.save(self.history.now)
            except InputError as problem:
                self._saved(str(problem))
                return
            if isinstance(self._keeper, Autosave):
                self._saved("")  # a browser tells later

    def _saved(self, problem: str) -> None:
        """Say why the last save failed, and see to the next one; "" when it worked."""
        if problem:
            self.tell(problem, None)
            self._again = threading.Timer(RETRY_SECONDS, self._save)
            self._again.daemon = True
            self._again.start()
        elif self.history.now != self._told_at:
            self.saving.value = ""

    def tell(self, words: str, until: Session | None, role: str = "alert") -> None:
        """Say something about saving, until a session other than `until` is saved."""
        self._told_at = until
        self.saving.value = f"<div role='{role}'>{_lines(words)}</div>"

    def _found(self, found: Session | InputError) -> None:
        """Go on where the reader left this page, or say why not."""
        if isinstance(found, InputError):
            self.tell(str(found), self.history.now)
        elif found != self.history.now:
            self.tell(f"{LAST} kept in this browser. {RESETS}", found, "status")
            self.go(lambda _: found)

    def _last_change(self) -> str:
        """What the last move changed, from what the picture shows during a replay."""
        before = self._past or self.now
        changes = [
            f"{label(key)}: {_shown(key, before.controls().get(key))}, then {_shown(key, value)}"
            for key, value in self.now.changes(before).items()
        ]
        return html.escape(f"Before the last change. {'; '.join(changes)}")

    def _tell_parts(self, picture: compute.Picture) -> None:
        for group, words in self.panels["policy"].parts.items():
            words.value = f"<div class='simlib-small'>{compute.parts(picture, group)}</div>"

    def settled(self) -> tuple[Session, compute.Picture]:
        """Session and picture on screen, when all draws are drawn.

        Raises
        ------
        InputError
            When that did not come to pass.
        """
        with self._lock:
            if self._drawn is not self.now:  # a replay, for example, leaves another picture
                self._wish(self.now)
        if not self.runner.wait() or self._drawn is not self.now:
            raise InputError("The picture is not drawn, so there is nothing to take away.")
        return self.history.now, self.picture


def _lines(words: str) -> str:
    return html.escape(words).replace("\n", "<br>")


def _verdict_html(picture: compute.Picture) -> str:
    """The verdict; what the picture says itself is there for readers who do not see it."""
    lines = "".join(
        f"<p{'' if text in picture.further else ' class=simlib-unseen'}>{html.escape(text)}</p>"
        for text in picture.verdict
    )
    return f"<div class='simlib-verdict simlib-said' aria-live='polite'>{lines}</div>"


def _shown(key: str, value: Any) -> str:
    return "not pinned" if value is None else figure(key, value)


def show(session: Session | Scenario | None = None) -> Dashboard:
    """The dashboard, to be displayed as the last value of a cell.

    It begins with the session that is given, else where the reader left it: the session is saved
    to a file below the notebook's folder, or in the browser that shows a page without code, and
    found again after a restart.
    """
    if isinstance(session, Scenario):
        session = Session(session)
    if on_a_page():
        return Dashboard(session, BrowserStore())
    keeper = Autosave(cell=running_cell())
    found, problem = None, None
    try:
        found = None if session else keeper.load()
    except InputError as fault:
        problem = str(fault)
    dashboard = Dashboard(session or found, keeper)
    if problem:
        dashboard.tell(problem, dashboard.history.now)
    if found:
        dashboard.say(f"{LAST} from {keeper.path}. {RESETS}")
    return dashboard
