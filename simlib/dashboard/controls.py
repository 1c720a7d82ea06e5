"""One control: label, slider, number box, and words when the number cannot be used."""

import html
import math
from collections.abc import Callable
from dataclasses import dataclass

import ipywidgets

from simlib.parameters import Parameter, load_parameters

LABEL_WIDTH, SLIDER_WIDTH, BOX_WIDTH = "138px", "282px", "76px"
ABOVE_WIDTH = "228px"
LONGEST_BESIDE = 20
"""Letters of a label that stands beside its slider; a longer one stands above it."""
SMALL = "line-height:1.3;font-size:12px"


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

    The slider knows only whole steps: a browser moves a handle that stands between two of them,
    and would report that as a move of the reader's. The value itself may lie between steps.

    Parameters
    ----------
    limits : what it may hold
    value : at the beginning
    changed : called with the new value, not when it is set by `show`

    Attributes
    ----------
    value : the last usable value
    """

    def __init__(self, limits: Range, value: float, changed: Callable[[float], None]) -> None:
        self.limits, self.value, self._changed, self._silent = limits, value, changed, False
        tip = f"{limits.label} [{limits.unit}]. {limits.why}"
        above = len(limits.label) > LONGEST_BESIDE
        self.slider = ipywidgets.FloatSlider(
            value=self._step(value),
            min=limits.low,
            max=limits.high,
            step=limits.step,
            description="" if above else limits.label,
            readout=False,
            tooltip=tip,
            style={"description_width": "0" if above else LABEL_WIDTH},
            layout={"width": ABOVE_WIDTH if above else SLIDER_WIDTH},
        )
        self.box = ipywidgets.FloatText(value=value, tooltip=tip, layout={"width": BOX_WIDTH})
        self.words = ipywidgets.HTML("", layout={"display": "none"})
        self.slider.observe(self._slid, "value")
        self.box.observe(self._typed, "value")
        rows = [ipywidgets.HBox([self.slider, self.box]), self.words]
        if above:
            said = f"{html.escape(limits.label)} [{html.escape(limits.unit)}]"
            rows.insert(0, ipywidgets.HTML(f"<div style='{SMALL}'>{said}</div>"))
        super().__init__(rows)

    def show(self, value: float) -> None:
        """Show a value that was chosen elsewhere."""
        self.value = value
        self._silent = True
        self.slider.value = self._step(value)
        self.box.value = value
        self._silent = False
        self._say("")

    def _step(self, value: float) -> float:
        """The slider's position nearest to a value."""
        limits = self.limits
        steps = round((value - limits.low) / limits.step)
        return min(max(round(limits.low + steps * limits.step, 10), limits.low), limits.high)

    def _slid(self, change: dict[str, float]) -> None:
        value = float(f"{change['new']:.10g}")  # a slider's steps add up to 60.00000000000001
        if self._silent or abs(value - self._step(self.value)) < self.limits.step / 2:
            return
        self.value = value
        self._silent = True
        self.box.value = value  # never the slider: the browser's handle may be further already
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
        self.show(value)
        self._changed(value)

    def _say(self, words: str) -> None:
        self.words.value = f"<div style='{SMALL};color:#A00000'>{words}</div>" if words else ""
        self.words.layout.display = "" if words else "none"
