"""One control: label, slider, number box, named positions, and words for what cannot be used."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from simlib.charts.style import YEARS, exact
from simlib.dashboard.typed import read_number
from simlib.errors import InputError, is_finite, shown
from simlib.inputs.parameters import LEVER_GROUP, Parameter, load_parameters

STYLE = Path(__file__).with_name("style.css")
STEPS = 50
"""A slider has at least as many steps."""
THOUSAND = 1000
NOT_PINNED = "as the evidence says"
"""What an assumption is that no reader has pinned."""
Place = tuple[str, float | None]


@dataclass(frozen=True)
class Range:
    """What a control may hold, with its label, unit and the reason for its range.

    Attributes
    ----------
    label, unit, why : for readers
    low, high, step : [unit]
    places : named positions; `None` where the control may be left unset
    """

    label: str
    low: float
    high: float
    step: float
    unit: str
    why: str
    places: tuple[Place, ...] = ()

    @classmethod
    def of(cls, row: Parameter, high: float | None = None) -> "Range":
        """The range of a parameter row, to `high` where a control needs less of it."""
        high = row.high if high is None else high
        step = 10 ** math.floor(math.log10((high - row.low) / STEPS))
        step = 1 if row.unit.startswith("whole ") else step
        why = f"{row.note}. Evidence {row.kind}: {'; '.join(row.source) or 'none'}."
        return cls(row.label, row.low, high, step, row.unit, why).named(*_places(row))

    def allowed(self) -> str:
        """The bounds in words, with a number that could be typed."""
        low, high = (exact(bound, self.unit) for bound in (self.low, self.high))
        middle = round((self.low + self.high) / 2 / self.step) * self.step
        example = exact(middle, self.unit)
        if self.unit.startswith("share"):
            example += f" or {exact(100 * middle)} %"
        elif self.unit.startswith("million USD") and middle >= THOUSAND:
            example += f" or ${exact(middle / THOUSAND)}B"
        return f"allowed: {low} to {high} {self.unit}, for example {example}"

    def named(self, *places: Place) -> "Range":
        """The same with those named positions that lie within it."""
        fit = tuple(p for p in places if p[1] is None or self.low <= p[1] <= self.high)
        return replace(self, places=fit)


def _places(row: Parameter) -> list[Place]:
    """Named positions of a row: of a lever by today's budget, else the ends and the centre."""
    if row.group != LEVER_GROUP:
        return [("lowest", row.low), ("central", row.value), ("highest", row.high)]
    budget = f"budget_{row.name}"
    today = load_parameters()[budget].value if budget in load_parameters() else 1.0
    return [("cut", row.low), ("current", 0.0), ("+50 %", today / 2), ("double", today)]


class Control(anywidget.AnyWidget):
    """A slider with a number box; `changed` is called with every usable value a reader chooses.

    The slider knows only whole steps, the value may lie between them: the browser tells a value
    only when the reader moves the slider, so drawing it cannot change a scenario.

    Parameters
    ----------
    limits : what it may hold
    value : at the beginning; `None` where it is left unset
    changed : called with the new value, not when it is set by `show`; an `InputError` that it
        raises is said beside the control
    about : called when the reader asks for the page about this control
    unset : how the unset state is called; the slider then stands, faint, at `middle`
    middle : where that is [unit]

    Attributes
    ----------
    value : the last usable value, `None` when unset
    error : why the last number could not be used, in words; empty when it could
    note : why moving it changes nothing in the present view; empty when it may
    """

    _esm = Path(__file__).with_name("control.js")
    _css = STYLE
    label = traitlets.Unicode().tag(sync=True)
    unit = traitlets.Unicode().tag(sync=True)
    why = traitlets.Unicode().tag(sync=True)
    is_date = traitlets.Bool().tag(sync=True)
    low = traitlets.Float().tag(sync=True)
    high = traitlets.Float().tag(sync=True)
    step = traitlets.Float().tag(sync=True)
    middle = traitlets.Float().tag(sync=True)
    places: traitlets.List[Any] = traitlets.List().tag(sync=True)
    unset = traitlets.Unicode().tag(sync=True)
    has_page = traitlets.Bool().tag(sync=True)
    value = traitlets.Float(allow_none=True).tag(sync=True)
    note = traitlets.Unicode().tag(sync=True)
    error = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        limits: Range,
        value: float | None,
        changed: Callable[[Any], None],
        *,
        about: Callable[[], None] | None = None,
        unset: str = "",
        middle: float | None = None,
    ) -> None:
        self.limits, self._changed, self._about, self._good = limits, changed, about, value
        places: list[list[Any]] = [["not pinned", None]] if unset else []
        super().__init__(
            label=limits.label,
            unit=limits.unit,
            why=f"{limits.label} [{limits.unit}]. {limits.why}",
            is_date=limits.unit in YEARS,
            low=limits.low,
            high=limits.high,
            step=limits.step,
            middle=limits.low if middle is None else middle,
            places=places + [list(place) for place in limits.places],
            unset=unset,
            has_page=about is not None,
            value=value,
        )
        self.on_msg(self._hear)

    def show(self, value: float | None) -> None:
        """Show a value that was chosen elsewhere; the range widens where it lies outside."""
        if value is not None:
            low, high = min(self.low, value), max(self.high, value)
            self.limits = replace(self.limits, low=low, high=high)
            self.low, self.high = low, high
        self._good = self.value = value
        self.error = ""

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take what the browser sends; a moved slider is a choice of the reader's."""
        super().set_state(sync_data)
        if "value" in sync_data:
            self._take(self.value)

    def _hear(self, _: Any, message: dict[str, Any], __: Any) -> None:
        if message.get("about") and self._about:
            self._about()
        elif "typed" in message:
            self._take(str(message["typed"]))
            self.value = self._good
            self.send({"answered": True})  # so that the box shows the number that holds

    def _take(self, given: Any) -> None:
        """Use a value or a text that was typed, or say why not."""
        try:
            chosen = self._checked(given)
            if chosen != self._good:
                self._changed(chosen)
        except InputError as problem:
            self.error = str(problem)
            return
        self._good = chosen  # not the trait's: the browser's slider may be further already
        self.error = ""

    def _checked(self, given: Any) -> float | None:
        limits = self.limits
        try:
            value = read_number(given, limits.unit) if isinstance(given, str) else given
            if value is None and self.unset:
                return None
            if value is not None and is_finite(value) and limits.low <= value <= limits.high:
                return float(value)
        except InputError as problem:
            raise InputError(f"{limits.label}: {problem}; {limits.allowed()}") from None
        fault = "nothing was typed" if value is None else f"{shown(given)} is out of bounds"
        raise InputError(f"{limits.label}: {fault}; {limits.allowed()}")
