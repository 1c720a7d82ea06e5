"""The comparison dashboard: controls on the left, picture and verdict on the right."""

import html
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import ipywidgets as w

from simlib.charts import MIME
from simlib.dashboard import compute, state
from simlib.dashboard.dialog import Dialog
from simlib.dashboard.download import DownloadButton
from simlib.dashboard.idle import Key, idle
from simlib.dashboard.live_chart import LiveChart
from simlib.dashboard.panels import AssumptionPanel, PolicyPanel, button, changed
from simlib.dashboard.runner import Runner
from simlib.errors import InputError
from simlib.policy import load_policy, policy_names
from simlib.simulation import DRAWS

Scenario = state.Scenario
SAME_MOVE_SECONDS = 1.0
"""Moves of one control that follow each other faster are one step of the undo history."""


class Dashboard(w.Box):
    """A comparison that answers every move; two of them in one notebook do not interfere.

    Attributes
    ----------
    history : what the reader has been through
    picture : what is on screen
    runner : waits, for tests, until the last move is drawn in full
    """

    def __init__(self, scenario: Scenario | None = None) -> None:
        self.history = state.History(state.check(scenario or Scenario()))
        self.picture = compute.picture(self.history.now)
        self.chart = LiveChart(compute.chart(), self.picture.tables, self.picture.alt)
        self.verdict = w.HTML(_verdict_html(self.picture))
        self.status = w.HTML()
        self.status.add_class("simlib-status")
        self.dialog = Dialog()
        self.runner: Runner[Scenario] = Runner(self._draw, self._failed)
        self._lock = threading.RLock()  # front ends may call back in two threads at once
        self._last_move: tuple[Key | None, float] = (None, 0.0)
        now = self.history.now
        self.policy = PolicyPanel(
            now, self.choose, self._about, lambda: self.go(self.history.now.policy_reset())
        )
        self.assumptions = AssumptionPanel(
            now, self.choose, self._about, lambda: self.go(self.history.now.assumptions_reset())
        )
        self.panels = (self.policy, self.assumptions)
        self._tell_parts(self.picture)
        self._hint()
        left = w.VBox([self._steps(), *self.panels])
        right = w.VBox([self.chart, self._files(), self.status, self.verdict, self.dialog])
        left.add_class("simlib-left")
        right.add_class("simlib-right")
        super().__init__([left, right])
        self.add_class("simlib-board")

    @property
    def controls(self) -> dict[Key, Any]:
        """All controls by group and name."""
        return self.policy.controls | self.assumptions.controls

    def _steps(self) -> w.HBox:
        self.undo = button("Undo", lambda: self._step(self.history.undo))
        self.redo = button("Redo", lambda: self._step(self.history.redo))
        titles = [("none", "")] + [(load_policy(n).title, n) for n in policy_names()]
        self.preset = w.Dropdown(
            options=titles,
            description="Add a line:",
            tooltip="Draws a shipped policy as a line of its own",
            style={"description_width": "72px"},
            layout={"width": "262px"},
        )
        self.preset.observe(lambda c: self.go(replace(self.history.now, preset=c["new"])), "value")
        return w.HBox([self.undo, self.redo, self.preset])

    def _files(self) -> w.HBox:
        kinds = [("PNG", "png"), ("SVG", "svg"), ("CSV", "csv")]
        buttons: list[w.Widget] = [
            DownloadButton(label, self._file(kind), f"Download the picture as {label}")
            for label, kind in kinds
        ]
        buttons.append(DownloadButton("TOML", self._toml, "Download the scenario as TOML"))
        self.upload = w.FileUpload(accept=".toml", description="Load scenario")
        self.upload.observe(self._load, "value")
        row = w.HBox([*buttons, self.upload])
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
            scenario = state.check(changed(self.history.now, group, name, value))
            before, self._last_move = self._last_move, ((group, name), time.monotonic())
            soon = self._last_move[1] - before[1] < SAME_MOVE_SECONDS
            self.history.go(scenario, (group, name) == before[0] and soon)
            self._hint()
            self.runner.wish(self.history.now)

    def go(self, scenario: Scenario) -> None:
        """Take up a whole scenario, or say why not; the one before then stays."""
        with self._lock:
            if scenario != self.history.now:
                try:
                    self.history.go(state.check(scenario))
                except InputError as problem:
                    self._failed(problem)
                    return
                self._show()

    def _step(self, step: Callable[[], Scenario]) -> None:
        with self._lock:
            step()
            self._show()

    def _show(self) -> None:
        """Set all controls to the present scenario, then draw it once."""
        self._last_move = (None, 0.0)
        notes = idle(self.history.now)
        self.preset.value = self.history.now.preset
        for panel in self.panels:
            panel.show(self.history.now, notes)
        self.runner.wish(self.history.now)

    def _hint(self) -> None:
        notes = idle(self.history.now)
        for panel in self.panels:
            panel.hint(notes)

    def _about(self, group: str, name: str) -> None:
        """Open the page about a control."""
        control = self.controls[group, name]
        text = f"<h2>{html.escape(control.label)}</h2><p>{html.escape(control.why)}</p>"
        self.dialog.turn_to(control.label, text)

    def _load(self, change: dict[str, Any]) -> None:
        for file in change["new"]:
            try:
                text = bytes(file["content"]).decode("utf-8")
                self.go(Scenario.from_toml(text, file["name"]))
            except InputError as problem:
                self._failed(problem)
            except UnicodeDecodeError:
                self._failed(InputError(f"{file['name']}: is no text file (UTF-8)"))
        if change["new"]:
            self.upload.value = ()  # so that the same file can be loaded again

    # --- drawing --------------------------------------------------------------------------

    def _draw(self, scenario: Scenario, quickly: bool) -> None:
        known = compute.affordable(self.picture, scenario) if quickly else None
        draws = compute.DRAGGED_DRAWS if quickly else DRAWS
        try:
            picture = compute.picture(
                scenario, draws, known, lambda: self.runner.newer and not quickly
            )
        except compute.Outdated:
            return
        self.chart.update(picture.tables, picture.alt)
        self.verdict.value = _verdict_html(picture)
        self._tell_parts(picture)
        if not quickly:
            self.picture = picture
        more = f"<i>Drawn with {draws} of {DRAWS} draws; the others follow.</i>"
        self.status.value = more if quickly else ""

    def _tell_parts(self, picture: compute.Picture) -> None:
        for group, words in self.policy.parts.items():
            words.value = f"<div class='simlib-small'>{compute.parts(picture, group)}</div>"

    def _failed(self, problem: Exception) -> None:
        words = html.escape(str(problem) or type(problem).__name__).replace("\n", "<br>")
        self.status.value = f"<span role='alert'>{words}</span>"

    def _file(self, kind: str) -> Callable[[], tuple[str, str, bytes]]:
        mime = {**MIME, "csv": "text/csv"}[kind]
        return lambda: (f"border_or_internal.{kind}", mime, self._settled(kind))

    def _settled(self, kind: str) -> bytes:
        self.runner.wait()
        return compute.export(self.picture, kind)

    def _toml(self) -> tuple[str, str, bytes]:
        return "scenario.toml", "application/toml", self.history.now.to_toml().encode()


def _verdict_html(picture: compute.Picture) -> str:
    head, *rest = (html.escape(text) for text in picture.verdict)
    lines = "".join(f"<p>{text}</p>" for text in rest)
    return f"<div class='simlib-verdict simlib-said' aria-live='polite'><b>{head}</b>{lines}</div>"


def show(scenario: Scenario | None = None) -> Dashboard:
    """The dashboard, to be displayed as the last value of a cell."""
    return Dashboard(scenario)
