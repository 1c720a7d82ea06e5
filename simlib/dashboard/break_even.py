"""The live map of two assumptions: choose the axes, pin the rest, see who wins where."""

from collections.abc import Callable
from typing import Any

import ipywidgets as w

from simlib.analysis import believe
from simlib.charts import break_even as pictures
from simlib.charts.layout import Tables
from simlib.charts.style import BORDER, INTERNAL, percent, whole
from simlib.dashboard.catalogue import ASSUMPTIONS, MOST_MONEY
from simlib.dashboard.controls import Control, Range
from simlib.dashboard.figure import Figure
from simlib.dashboard.live import Live
from simlib.dashboard.state import Scenario
from simlib.inputs.parameters import load_parameters

QUICK: dict[str, Any] = {"steps": 7, "draws": 8}
FULL: dict[str, Any] = {"steps": 11, "draws": 40}
"""Points along a side and draws at each, while a slider is dragged and once it rests."""

AXES = ("effect_exponent_border", "effect_exponent_internal")


class BreakEven(Live):
    """A map that answers every move.

    Attributes
    ----------
    found : the map on screen
    """

    def __init__(self, across: str = AXES[0], up: str = AXES[1]) -> None:
        super().__init__()
        self.layout.flex_flow = "column"
        self.scenario = Scenario()
        rows = load_parameters()
        names = [(rows[name].label, name) for name in believe.assumptions()]
        wide = {"layout": {"width": "520px"}, "style": {"description_width": "60px"}}
        self.across = w.Dropdown(options=names, value=across, description="Across:", **wide)
        self.up = w.Dropdown(options=names, value=up, description="Up:", **wide)
        money = Range("Extra money a year", 50, MOST_MONEY, 50, "million USD", "Of each strategy")
        self.total = Control(money, self.scenario.total, self._setter("total_musd"))
        self.pins: dict[str, tuple[w.Checkbox, Control]] = {}
        self._numbers: dict[str, float] = {"total_musd": self.scenario.total}
        panel = w.Accordion([w.VBox([self._pin(name) for name in ASSUMPTIONS])])
        panel.titles = ("Pin other assumptions",)
        for chooser in (self.across, self.up):
            chooser.observe(lambda _: self._moved(), "value")
        self.found = self._map(self.wish(), **QUICK)
        tables = self._tables(self.found, self.scenario.total)
        self.figure = Figure("break_even", pictures.break_even(), tables, "cells")
        top = [self.across, self.up, self.total]
        self.children = [*top, panel, self.status, self.figure]
        self._moved()

    def wish(self) -> dict[str, Any]:
        """What the controls ask for."""
        pinned = {name: self._numbers[name] for name, (pin, _) in self.pins.items() if pin.value}
        axes = {"across": self.across.value, "up": self.up.value}
        return axes | {"total_musd": self._numbers["total_musd"], "pinned": pinned}

    def _setter(self, name: str) -> Callable[[float], None]:
        """What a control calls; its own value may not be the new one yet."""

        def set_number(value: float) -> None:
            self._numbers[name] = value
            self._moved()

        return set_number

    def _pin(self, name: str) -> w.HBox:
        pin = w.Checkbox(description="pin", indent=False, layout={"width": "52px"})
        row = load_parameters()[name]
        self._numbers[name] = row.value
        control = Control(Range.of(row), self._numbers[name], self._setter(name))
        pin.observe(lambda _: self._moved(), "value")
        self.pins[name] = pin, control
        return w.HBox([pin, control])

    def _moved(self) -> None:
        self.runner.wish(self.wish())

    def _map(self, wish: dict[str, Any], **effort: Any) -> believe.Map:
        return believe.break_even(**wish, **effort, strategies=self.scenario.strategies())

    def _draw(self, wish: dict[str, Any], rests: bool) -> None:
        if rests:
            self.say("Drawn coarsely; the fine map follows.")
        effort = FULL | {"watch": self.runner.watch} if rests else QUICK
        self.found = self._map(wish, **effort)
        self.figure.update(self._tables(self.found, wish["total_musd"]))
        self.say("")

    def _tables(self, found: believe.Map, total: float) -> Tables:
        where = found.found.first, found.found.second
        sure = [found.evidence_for(chance >= found.confidence) for chance in where]
        likely = [found.evidence_for(chance > 0.5) for chance in where]
        return pictures.break_even_tables(
            found,
            f"Who wins where, with {whole(total)} million USD more a year each?",
            f"Of the evidence {percent(likely[0])} lies where {BORDER} is probably better, "
            f"{percent(likely[1])} where {INTERNAL} is; "
            f"settled: {percent(sure[0])} and {percent(sure[1])}. "
            f"{found.steps} × {found.steps} points, {found.draws} draws at each.",
        )


def show(across: str = AXES[0], up: str = AXES[1]) -> BreakEven:
    """The live map, to be displayed as the last value of a cell."""
    return BreakEven(across, up)
