"""One control: label, slider, number box, and words when the number cannot be used."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import ipywidgets

from simlib.parameters import Parameter, load_parameters


@dataclass(frozen=True)
class Range:
    """What a control may hold, with its label, unit and the reason for its range."""

    label: str
    low: float
    high: float
    step: float
    unit: str
    why: str

    @classmethod
    def of(cls, name: str, low: float | None = None, high: float | None = None) -> "Range":
        """The range of a parameter row, narrowed where a control needs less of it."""
        row: Parameter = load_parameters()[name]
        low = row.low if low is None else low
        high = row.high if high is None else high
        evidence = f"{row.kind}: {'; '.join(row.source) or row.note}"
        step = 10 ** math.floor(math.log10((high - low) / 50))
        return cls(row.label, low, high, step, row.unit, f"{row.note}. Evidence {evidence}.")


class Control(ipywidgets.VBox):
    """A slider with a number box; `changed` is called with every usable value.

    Parameters
    ----------
    limits : what it may hold
    value : at the beginning
    changed : called with the new value, not when it is set by `show`
    """

    def __init__(self, limits: Range, value: float, changed: Callable[[float], None]) -> None:
        self.limits, self._changed, self._silent = limits, changed, False
        tip = f"{limits.label} [{limits.unit}]. {limits.why}"
        self.slider = ipywidgets.FloatSlider(
            value=value,
            min=limits.low,
            max=limits.high,
            step=limits.step,
            description=limits.label,
            readout=False,
            tooltip=tip,
            style={"description_width": "165px"},
            layout={"width": "330px"},
        )
        self.box = ipywidgets.FloatText(value=value, tooltip=tip, layout={"width": "82px"})
        self.words = ipywidgets.HTML("", layout={"display": "none"})
        self.slider.observe(self._slid, "value")
        self.box.observe(self._typed, "value")
        super().__init__([ipywidgets.HBox([self.slider, self.box]), self.words])

    def show(self, value: float) -> None:
        """Show a value that was chosen elsewhere."""
        self._silent = True
        self.slider.value = value
        self.box.value = value
        self._silent = False
        self._say("")

    def _slid(self, change: dict[str, float]) -> None:
        if self._silent:
            return
        value = float(f"{change['new']:.10g}")  # a slider's steps add up to 60.00000000000001
        self._silent = True
        self.box.value = value
        self._silent = False
        self._say("")
        self._changed(value)

    def _typed(self, change: dict[str, float]) -> None:
        if self._silent:
            return
        value, limits = change["new"], self.limits
        if not limits.low <= value <= limits.high:
            bounds = f"{limits.low:,g} to {limits.high:,g} {limits.unit}"
            self._say(f"{limits.label}: {value:,g} is out of bounds; allowed: {bounds}")
            return
        self._silent = True
        self.slider.value = value
        self._silent = False
        self._say("")
        self._changed(value)

    def _say(self, words: str) -> None:
        self.words.value = f"<span style='color:#A00000'>{words}</span>" if words else ""
        self.words.layout.display = "" if words else "none"
