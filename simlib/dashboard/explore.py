"""One picture that the reader moves: sliders beside a chart, each move drawn from the model."""

import html
import math
import threading
from typing import Any

import ipywidgets as w

from simlib import pages
from simlib.dashboard.controls import STEPS, Control, Range
from simlib.dashboard.dialog import Dialog
from simlib.dashboard.live_chart import TableChart
from simlib.dashboard.panels import NOT_PINNED
from simlib.dashboard.runner import Runner
from simlib.inputs.parameters import Parameter
from simlib.walkthrough.picture import Picture, load_rows

DRAWS, DRAGGED_DRAWS = 400, 100
"""Draws on release, and while a slider moves."""


class Explorer(w.HBox):
    """Sliders and a chart; an assumption is pinned by moving its slider, a question has a value.

    Parameters
    ----------
    picture : Picture

    Attributes
    ----------
    controls : the sliders by name
    moved : values of the sliders that were moved
    sight : what is on screen
    runner : waits, for tests, until the last move is drawn in full
    """

    def __init__(self, picture: Picture) -> None:
        self._picture, self._rows = picture, (picture.rows or load_rows)()
        self._lock = threading.RLock()  # front ends may call back in two threads at once
        self.moved: dict[str, float] = {}
        self.sight = picture.compute({}, DRAWS)
        self.chart = TableChart(picture.chart, self.sight.tables, self.sight.alt)
        self.runner: Runner[dict[str, float]] = Runner(self._draw, self._failed)
        self.controls = {name: self._control(self._rows[name]) for name in picture.controls}
        self.dialog = Dialog()
        self.reset = w.Button(description="Reset", layout={"width": "70px"})
        self.reset.on_click(lambda _: self._reset())
        self.status = w.HTML("").add_class("simlib-status")
        left = w.VBox([*self.controls.values(), self.reset, self.status])
        right = w.VBox([self.chart, self.dialog]).add_class("simlib-right")
        super().__init__([left.add_class("simlib-left"), right])
        self.add_class("simlib-board")

    def _control(self, row: Parameter) -> Control:
        def chosen(value: float | None) -> None:
            with self._lock:
                others = {name: kept for name, kept in self.moved.items() if name != row.name}
                self.moved = others if value is None else {**others, row.name: value}
                self.runner.wish(self.moved)

        uncertain: dict[str, Any] = {"unset": NOT_PINNED, "middle": row.value}
        return Control(
            _limits(row),
            _untouched(row),
            chosen,
            about=lambda: self._about(row),
            **(uncertain if _untouched(row) is None else {}),
        )

    def _reset(self) -> None:
        with self._lock:
            self.moved = {}
            for name, control in self.controls.items():
                control.show(_untouched(self._rows[name]))
            self.runner.wish(self.moved)

    def _about(self, row: Parameter) -> None:
        """Open the page about a row; a short one where the row is not the model's."""
        if row is load_rows()[row.name] and row.name in pages.names():
            text = pages.page(row.name)
        else:
            text = f"<h3>{html.escape(row.label)}</h3><p>{html.escape(_why(row))}</p>"
        self.dialog.turn_to(row.label, text)

    def _draw(self, values: dict[str, float], quickly: bool) -> None:
        self.sight = self._picture.compute(values, DRAGGED_DRAWS if quickly else DRAWS)
        self.chart.update(self.sight.tables, self.sight.alt)
        self.status.value = ""

    def _failed(self, problem: Exception) -> None:
        words = html.escape(str(problem) or type(problem).__name__).replace("\n", "<br>")
        self.status.value = f"<span role='alert'>{words}</span>"


def explore(picture: Picture) -> Explorer:
    """A picture with its sliders, to be displayed as the last value of a cell."""
    return Explorer(picture)


def _untouched(row: Parameter) -> float | None:
    """What a control shows before it is moved: nothing where the row is drawn from its range."""
    return row.value if row.distribution == "fixed" else None


def _why(row: Parameter) -> str:
    return f"{row.note}. Evidence {row.kind}: {'; '.join(row.source) or 'none'}."


def _limits(row: Parameter) -> Range:
    """What a control may hold: the range of its row."""
    step = 10 ** math.floor(math.log10((row.high - row.low) / STEPS))
    step = 1 if row.unit.startswith("whole ") else step
    limits = Range(row.label, row.low, row.high, step, row.unit, _why(row))
    return limits.named(("lowest", row.low), ("central", row.value), ("highest", row.high))
