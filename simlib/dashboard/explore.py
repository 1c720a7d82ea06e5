"""One picture that the reader moves: sliders beside a chart, each move drawn from the model."""

import html
from typing import Any

import ipywidgets as w

from simlib.dashboard.browser import Dialog
from simlib.dashboard.controls import NOT_PINNED, Control, Range
from simlib.dashboard.folds import button
from simlib.dashboard.live import Live
from simlib.dashboard.live_chart import LiveChart
from simlib.inputs.parameters import Parameter
from simlib.pages import content
from simlib.walkthrough.common import Picture, load_rows

DRAWS = 400


class Explorer(Live):
    """Sliders and a chart; an assumption is pinned by moving its slider, a question has a value.

    Parameters
    ----------
    picture : Picture

    Attributes
    ----------
    controls : the sliders by name
    moved : values of the sliders that were moved
    sight : what is on screen
    """

    def __init__(self, picture: Picture) -> None:
        super().__init__()
        self._picture, self._rows = picture, (picture.rows or load_rows)()
        self.moved: dict[str, float] = {}
        self.sight = picture.compute({}, DRAWS)
        self.chart = LiveChart(picture.chart(), self.sight.tables, self.sight.alt)
        self.controls = {name: self._control(self._rows[name]) for name in picture.controls}
        self.dialog = Dialog()
        self.reset = button("Reset", self._reset)
        left = w.VBox([*self.controls.values(), self.reset, self.status])
        right = w.VBox([self.chart, self.dialog]).add_class("simlib-right")
        self.children = [left.add_class("simlib-left"), right]
        self.add_class("simlib-board")

    def _control(self, row: Parameter) -> Control:
        def chosen(value: float | None) -> None:
            with self._lock:
                others = {name: kept for name, kept in self.moved.items() if name != row.name}
                self.moved = others if value is None else {**others, row.name: value}
                self.runner.wish(self.moved)

        uncertain: dict[str, Any] = {"unset": NOT_PINNED, "middle": row.value}
        return Control(
            Range.of(row),
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
        if row is load_rows()[row.name] and row.name in content.names():
            text = content.page(row.name)
        else:
            why = html.escape(Range.of(row).why)
            text = f"<h3>{html.escape(row.label)}</h3><p>{why}</p>"
        self.dialog.turn_to(row.label, text)

    def _draw(self, values: dict[str, float], rests: bool) -> None:
        if not rests:  # nothing follows the frame
            self.sight = self._picture.compute(values, DRAWS)
            self.chart.update(self.sight.tables, self.sight.alt)
            self.status.value = ""


def explore(picture: Picture) -> Explorer:
    """A picture with its sliders, to be displayed as the last value of a cell."""
    return Explorer(picture)


def _untouched(row: Parameter) -> float | None:
    """What a control shows before it is moved: nothing where the row is drawn from its range."""
    return row.value if row.distribution == "fixed" else None
