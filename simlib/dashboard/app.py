"""The comparison dashboard: controls on the left, picture and verdict on the right."""

import html
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import ipywidgets as w

from simlib.chart_style import BORDER, INTERNAL
from simlib.charts import MIME
from simlib.dashboard import compute, state
from simlib.dashboard.controls import SMALL, Control, Range
from simlib.dashboard.download import DownloadButton
from simlib.dashboard.live_chart import LiveChart
from simlib.dashboard.runner import Runner
from simlib.errors import InputError
from simlib.parameters import load_parameters
from simlib.policy import load_policy, policy_names
from simlib.simulation import DRAWS

Scenario = state.Scenario
NOT_PINNED = "as the evidence says"
HEALTH_MOST = 5_000.0
SAME_MOVE_SECONDS = 1.0
"""Moves of one control that follow each other faster are one step of the undo history."""


class Dashboard(w.HBox):
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
        self.controls: dict[tuple[str, str], Control] = {}
        self.pins: dict[str, w.Checkbox] = {}
        self.parts: dict[str, w.HTML] = {}
        self.chart = LiveChart(compute.chart(), self.picture.tables, self.picture.alt)
        self.verdict = w.HTML(_verdict_html(self.picture))
        self.status = w.HTML("", layout={"min_height": "28px"})
        self.runner: Runner[Scenario] = Runner(self._draw, self._failed)
        self._showing = False
        self._lock = threading.RLock()  # front ends may call back in two threads at once
        self._last_move: tuple[Any, float] = (None, 0.0)
        right = w.VBox([self.chart, self._files(), self.status, self.verdict])
        left = w.VBox([self._steps(), self._policy_panel(), self._assumption_panel()])
        left.layout.min_width = left.layout.max_width = "398px"
        right.layout = {"flex": "1 1 0", "min_width": "0"}
        super().__init__([left, right], layout={"align_items": "flex-start"})

    # --- panels ---------------------------------------------------------------------------

    def _steps(self) -> w.HBox:
        self.undo = _button("Undo", lambda: self._step(self.history.undo))
        self.redo = _button("Redo", lambda: self._step(self.history.redo))
        titles = [("none", "")] + [(load_policy(n).title, n) for n in policy_names()]
        self.preset = w.Dropdown(
            options=titles,
            description="Add a line:",
            tooltip="Draws a shipped policy as a line of its own",
            style={"description_width": "72px"},
            layout={"width": "262px"},
        )
        self.preset.observe(lambda c: self._choose(preset=c["new"]), "value")
        return w.HBox([self.undo, self.redo, self.preset])

    def _policy_panel(self) -> w.VBox:
        total = Range("Extra money a year", 0, state.MOST_MONEY, 50, "million USD", "The same")
        self.total = Control(
            total, self.history.now.total, lambda v: self._choose("total", total=v)
        )
        first, last = self.history.now.start, self.history.now.start + 8
        begins = Range("First year", first, last, 1, "year", "January; full after a year")
        self.start = Control(begins, first, lambda v: self._choose("start", start=int(v)))
        self.prison = w.Checkbox(
            value=True, description="Added prison cost is paid from it", indent=False
        )
        self.prison.observe(lambda c: self._choose(count_prison=c["new"]), "value")
        split = "Only the ratio between the programmes counts; at first as today's budgets"
        parts = [
            self._group("border", lambda n: self._weight(n, split)),
            self._group("internal", lambda n: self._weight(n, split)),
            self._group("sentences", Range.of),
            self._group("health", lambda n: Range.of(n, 0, HEALTH_MOST)),
        ]
        tabs = w.Accordion(parts, selected_index=0)
        tabs.titles = (
            f"{BORDER}: split of the money",
            f"{INTERNAL}: split of the money",
            f"{INTERNAL}: longer sentences",
            "In both strategies: extra health money",
        )
        self.policy_reset = _button(
            "Reset policy", lambda: self._go(self.history.now.policy_reset(), show=True)
        )
        head = w.HTML("<b>Policy</b> - what a government does")
        return w.VBox([head, self.total, self.start, self.prison, tabs, self.policy_reset])

    def _assumption_panel(self) -> w.VBox:
        rows = []
        for name in state.ASSUMPTIONS:
            row = load_parameters()[name]
            pin = w.Checkbox(
                description="pin", indent=False, layout={"width": "52px"}, tooltip=NOT_PINNED
            )
            control = Control(Range.of(name), row.value, self._pinner(name))
            control.slider.disabled = control.box.disabled = True
            pin.observe(lambda change, name=name: self._pin(name, change["new"]), "value")
            self.controls["assumptions", name], self.pins[name] = control, pin
            rows.append(w.HBox([pin, control]))
        self.assumptions_reset = _button(
            "Reset assumptions", lambda: self._go(self.history.now.assumptions_reset(), show=True)
        )
        head = w.HTML(f"<b>Assumptions</b> - how the world works; not pinned: {NOT_PINNED}")
        tabs = w.Accordion(
            [w.VBox(rows)], selected_index=None, titles=("The six that matter most",)
        )
        return w.VBox([head, tabs, self.assumptions_reset])

    def _weight(self, name: str, why: str) -> Range:
        label = load_parameters()[name].label
        return Range(label, 0, state.MOST_WEIGHT, 1, "parts of the money", why)

    def _group(self, group: str, limits: Callable[[str], Range]) -> w.VBox:
        rows = []
        for name, value in getattr(self.history.now, group).items():
            control = Control(limits(name), value, self._setter(group, name))
            self.controls[group, name] = control
            rows.append(control)
        if group in ("border", "internal"):
            self.parts[group] = w.HTML(_small(compute.parts(self.picture, group)))
            rows.append(self.parts[group])
        return w.VBox(rows)

    def _files(self) -> w.HBox:
        kinds = [("PNG", "png"), ("SVG", "svg"), ("CSV", "csv")]
        buttons: list[w.Widget] = [
            DownloadButton(label, self._file(kind), f"Download the picture as {label}")
            for label, kind in kinds
        ]
        buttons.append(DownloadButton("TOML", self._toml, "Download the scenario as TOML"))
        self.upload = w.FileUpload(accept=".toml", description="Load scenario")
        self.upload.observe(self._load, "value")
        return w.HBox([*buttons, self.upload])

    # --- moves ----------------------------------------------------------------------------

    def _setter(self, group: str, name: str) -> Callable[[float], None]:
        return lambda value: self._choose(
            name, **{group: {**getattr(self.history.now, group), name: value}}
        )

    def _pinner(self, name: str) -> Callable[[float], None]:
        set_value = self._setter("assumptions", name)
        return lambda value: set_value(value) if self.pins[name].value else None

    def _pin(self, name: str, pinned: bool) -> None:
        control = self.controls["assumptions", name]
        control.slider.disabled = control.box.disabled = not pinned
        with self._lock:
            values = dict(self.history.now.assumptions)
            if pinned:
                values[name] = control.value
            else:
                values.pop(name, None)
            self._choose(assumptions=values)

    def _choose(self, control: str | None = None, **changes: Any) -> None:
        """Take up what the reader changed; nothing when the change came from :meth:`_show`."""
        with self._lock:
            if not self._showing:
                self._go(replace(self.history.now, **changes), control=control)

    def _go(self, scenario: Scenario, show: bool = False, control: str | None = None) -> None:
        """Take up a scenario, or say why not; the one before then stays."""
        with self._lock:
            before, self._last_move = self._last_move, (control, time.monotonic())
            soon = self._last_move[1] - before[1] < SAME_MOVE_SECONDS
            same_move = control is not None and control == before[0] and soon
            try:
                self.history.go(state.check(scenario), same_move)
            except InputError as problem:
                self._failed(problem)
                return
            if show:
                self._show(self.history.now)
            else:
                self.runner.wish(self.history.now)

    def _step(self, step: Callable[[], Scenario]) -> None:
        with self._lock:
            self._last_move = (None, 0.0)
            self._show(step())

    def _show(self, scenario: Scenario) -> None:
        """Set all controls to a scenario, then draw it once."""
        self._showing = True
        try:
            self.total.show(scenario.total)
            self.start.show(scenario.start)
            self.prison.value = scenario.count_prison
            self.preset.value = scenario.preset
            for (group, name), control in self.controls.items():
                value = getattr(scenario, group).get(name)
                if group == "assumptions":
                    self.pins[name].value = value is not None
                control.show(load_parameters()[name].value if value is None else value)
        finally:
            self._showing = False
        self.runner.wish(scenario)

    def _load(self, change: dict[str, Any]) -> None:
        for file in change["new"]:
            try:
                text = bytes(file["content"]).decode("utf-8")
                self._go(Scenario.from_toml(text, file["name"]), show=True)
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
        for group, words in self.parts.items():
            words.value = _small(compute.parts(picture, group))
        if not quickly:
            self.picture = picture
        more = f"<i>Drawn with {draws} of {DRAWS} draws; the others follow.</i>"
        self.status.value = more if quickly else ""

    def _failed(self, problem: Exception) -> None:
        words = html.escape(str(problem) or type(problem).__name__).replace("\n", "<br>")
        self.status.value = f"<span role='alert' style='color:#A00000'>{words}</span>"

    def _file(self, kind: str) -> Callable[[], tuple[str, str, bytes]]:
        mime = {**MIME, "csv": "text/csv"}[kind]
        return lambda: (f"border_or_internal.{kind}", mime, self._settled(kind))

    def _settled(self, kind: str) -> bytes:
        self.runner.wait()
        return compute.export(self.picture, kind)

    def _toml(self) -> tuple[str, str, bytes]:
        return "scenario.toml", "application/toml", self.history.now.to_toml().encode()


def _button(label: str, pressed: Callable[[], None]) -> w.Button:
    button = w.Button(description=label, layout={"width": "auto"})
    button.on_click(lambda _: pressed())
    return button


def _small(words: str) -> str:
    return f"<div style='{SMALL}'>{words}</div>"


def _verdict_html(picture: compute.Picture) -> str:
    head, *rest = (html.escape(text) for text in picture.verdict)
    lines = "".join(f"<p style='margin:2px 0'>{text}</p>" for text in rest)
    box = "max-width:1000px;line-height:1.3;font-size:13px"
    return (
        f"<div class='simlib-verdict' aria-live='polite' style='{box}'><b>{head}</b>{lines}</div>"
    )


def show(scenario: Scenario | None = None) -> Dashboard:
    """The dashboard, to be displayed as the last value of a cell."""
    return Dashboard(scenario)
