"""What the pictures of the walk-through notebooks share: rows, draws, lines of before and after.

The pictures themselves are in :mod:`simlib.walkthrough.kilo`, :mod:`simlib.walkthrough.price` and
:mod:`simlib.walkthrough.cocaine`. Each is a function of the moved sliders and a number of draws
that asks the model's own functions and returns the tables of a chart. A row of the model's table
that was moved is pinned; one that was not is drawn from its whole range. Rows of
``data/walkthrough.csv`` are no estimates but settings, or published prices that are only shown.
"""

from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
from altair import TopLevelMixin
from numpy.typing import NDArray

from simlib import world
from simlib.charts.style import number
from simlib.charts.supply_tables import (
    DEFAULT,
    DEFAULT_COLOUR,
    FIRST_COLOUR,
    PALETTE,
    YOURS,
    Line,
    Sight,
)
from simlib.inputs import sampling
from simlib.inputs.observed import load_observed
from simlib.inputs.parameters import Parameters, load_parameters
from simlib.inputs.policy import Policy
from simlib.inputs.posterior import shipped_posterior
from simlib.model.future import Anchors, Draw
from simlib.results import Ensemble
from simlib.simulation import simulate

Array = NDArray[np.float64]
Values = Mapping[str, float]

Compute = Callable[[Values, int], Sight]

POSITIONS = 25
"""Places along a curve."""
PERCENT = 100
LAST_YEAR = 2032
"""End of the simulated pictures: some years after new money has taken effect."""


class Picture(NamedTuple):
    """A picture that the reader moves, for :func:`simlib.dashboard.explore.explore`."""

    chart: Callable[[], TopLevelMixin]
    """Makes the chart; see `simlib.charts.supply`."""
    compute: Compute
    """From the moved sliders and a number of draws to what is shown."""
    controls: tuple[str, ...]
    """Names of the rows that have a slider."""
    rows: Callable[[], Parameters] | None = None
    """The table that holds them, where it is not the model's."""


@cache
def load_settings() -> Parameters:
    """Settings of the walk-through, and prices that are shown only."""
    return load_parameters("walkthrough")


@cache
def load_rows() -> Parameters:
    """The model's rows and those of the walk-through, for controls."""
    return Parameters([*load_parameters().values(), *load_settings().values()])


def setting(values: Values, name: str) -> float:
    """A setting as moved, or as its row has it."""
    return values.get(name, load_settings()[name].value)


def pinned(values: Values) -> dict[str, float]:
    """The moved sliders that are rows of the model."""
    return {name: value for name, value in values.items() if name in load_parameters()}


def drawn(values: Values, draws: int, **others: float) -> Draw:
    """Draws of the model's rows, the moved ones and `others` pinned; fields of shape (draws,)."""
    rows = load_parameters()
    pins = rows.check({**pinned(values), **others})
    return world.draw(sampling.draw(rows, draws, 1, pins, shipped_posterior()))


@lru_cache(maxsize=4)
def _simulated(
    pins: tuple[tuple[str, float], ...], levers: tuple[str, ...], money: float, draws: int
) -> Ensemble:
    policies = [Policy.constant(lever, {lever: money}) for lever in levers]
    return simulate([None, *policies], draws, LAST_YEAR, dict(pins))


def simulated(values: Values, levers: tuple[str, ...], draws: int) -> Ensemble:
    """The model without new money, then with the added money in each of the levers."""
    pins = tuple(sorted(pinned(values).items()))
    return _simulated(pins, levers, setting(values, "added_money"), draws)


def anchored(p: Draw) -> Anchors:
    """Today's lanes and hazards."""
    return world.anchors(vars(p), load_observed())


def along(name: str) -> Array:
    """Places along the range of a setting or a row."""
    row = load_rows()[name]
    return np.linspace(row.low, row.high, POSITIONS)


def before_and_after(values: Values, across: Array, curve: Callable[[Values], Array]) -> list[Line]:
    """The line with nothing pinned and, where a row of the model was moved, the reader's own.

    Parameters
    ----------
    values : moved sliders
    across : shape (positions,)
    curve : from moved sliders to values of shape (positions, draws)
    """
    lines = [Line(DEFAULT, across, curve(unpinned(values)), DEFAULT_COLOUR)]
    if pinned(values):
        lines.append(Line(YOURS, across, curve(values), FIRST_COLOUR))
    return lines


def several(
    values: Values, across: Array, curves: Callable[[Values], Mapping[str, Array]]
) -> list[Line]:
    """Several lines; dashed behind them where they were before rows of the model were moved.

    Parameters
    ----------
    values, across : as for `before_and_after`
    curves : from moved sliders to values of shape (positions, draws) by name
    """
    found = zip(curves(values).items(), PALETTE, strict=False)
    lines = [Line(name, across, line, colour) for (name, line), colour in found]
    if pinned(values):
        before = zip(curves(unpinned(values)).items(), PALETTE, strict=False)
        lines += [
            Line(f"{name}, {DEFAULT}", across, line, colour, banded=False)
            for (name, line), colour in before
        ]
    return lines


def unpinned(values: Values) -> dict[str, float]:
    """The moved settings, without the rows of the model."""
    return {name: value for name, value in values.items() if name in load_settings()}


def at(line: Line, place: float) -> tuple[float, float, float]:
    """5 %, 50 % and 95 % of draws of a line where the reader stands."""
    return spread_of(line.draws_at(place))


def spread_of(values: Array) -> tuple[float, float, float]:
    """5 %, 50 % and 95 % of draws."""
    low, median, high = np.quantile(values, (0.05, 0.5, 0.95))
    return float(low), float(median), float(high)


def change(percent: float) -> str:
    """A change for a sentence: ``+3.4 %``."""
    sign = "+" if percent > 0 else ""
    return f"{sign}{number(percent, 2)} %"


def percent_change(ratio: Array) -> Array:
    """A ratio to today as a change [%]."""
    return PERCENT * (ratio - 1)


def percent(share: float) -> str:
    """A share for a sentence: ``34 %``."""
    return f"{PERCENT * share:.3g} %"


def draws_said(low: float, high: float, said: Callable[[float], str]) -> str:
    """The span of 9 in 10 draws as a sentence."""
    if high - low <= abs(high) / PERCENT**2:
        return "No spread is left: what matters here is pinned."
    return f"9 in 10 draws: {said(low)} to {said(high)}."
