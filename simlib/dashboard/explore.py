"""One picture that the reader moves: sliders beside a chart, each move drawn from the model."""

import html
import math
import threading
from collections.abc import Mapping
from typing import Any

import ipywidgets as w
import pandas as pd

from simlib.dashboard.controls import Control, Range
from simlib.dashboard.live_chart import LiveChart, pack
from simlib.dashboard.runner import Runner
from simlib.parameters import Parameter
from simlib.walkthrough import Picture, load_rows

DRAWS, DRAGGED_DRAWS = 400, 100
"""Draws on release, and while a slider moves."""
LEFT_WIDTH, CHART_WIDTH = "316px", "560px"
UNTOUCHED = "An assumption that you have not moved is drawn from its whole range."
SMALL = "font-size:12px;line-height:1.3"


class TableChart(LiveChart):
    """A live chart of tables that need no further preparation."""

    def _pack(self, tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
        self.sent += 1
        packed = {name: pack(table) for name, table in tables.items()}
        return {"number": self.sent, "tables": packed}


class Explorer(w.HBox):
    """Sliders and a chart; nothing is pinned until its slider is moved.

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
        self._lock = threading.RLock()
        self.moved: dict[str, float] = {}
        self.sight = picture.compute({}, DRAWS)
        self.chart = TableChart(picture.chart(), self.sight.tables, self.sight.alt)
        self.runner: Runner[dict[str, float]] = Runner(self._draw, self._failed)
        self.controls = {name: self._control(self._rows[name]) for name in picture.controls}
        self.reset = w.Button(description="Reset", layout={"width": "70px"})
        self.reset.on_click(lambda _: self._reset())
        self.status = w.HTML("", layout={"min_height": "24px"})
        hint = w.HTML(f"<div style='{SMALL}'>{UNTOUCHED}</div>")
        left = w.VBox([hint, *self.controls.values(), self.reset, self.status])
        left.layout = {"width": LEFT_WIDTH, "min_width": LEFT_WIDTH}
        self.chart.layout = {"flex": f"1 1 {CHART_WIDTH}", "min_width": "0"}
        super().__init__([left, self.chart], layout={"flex_flow": "row wrap"})

    def _control(self, row: Parameter) -> Control:
        def moved(value: float | None) -> None:
            with self._lock:  # front ends may call back in two threads at once
                others = {name: v for name, v in self.moved.items() if name != row.name}
                self.moved = others if value is None else {**others, row.name: value}
                self.runner.wish(self.moved)

        return Control(_limits(row), None, moved, unset="its whole range", middle=row.value)

    def _reset(self) -> None:
        with self._lock:
            self.moved = {}
            for control in self.controls.values():
                control.show(None)
            self.runner.wish(self.moved)

    def _draw(self, values: dict[str, float], quickly: bool) -> None:
        self.sight = self._picture.compute(values, DRAGGED_DRAWS if quickly else DRAWS)
        self.chart.update(self.sight.tables, self.sight.alt)
        self.status.value = ""

    def _failed(self, problem: Exception) -> None:
        words = html.escape(str(problem) or type(problem).__name__).replace("\n", "<br>")
        said = f"<span role='alert' style='{SMALL};color:#A00000'>{words}</span>"
        self.status.value = said


def explore(picture: Picture) -> Explorer:
    """A picture with its sliders, to be displayed as the last value of a cell."""
    return Explorer(picture)


def _limits(row: Parameter) -> Range:
    """What a control may hold: the range of its row."""
    evidence = f"{row.kind}: {'; '.join(row.source) or row.note}"
    step = 10 ** math.floor(math.log10((row.high - row.low) / 50))
    return Range(row.label, row.low, row.high, step, row.unit, f"{row.note}. Evidence {evidence}.")
