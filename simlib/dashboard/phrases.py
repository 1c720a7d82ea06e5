"""Numbers in words: few digits, no signs, shares of futures that are never quite all or none."""

import numpy as np
from numpy.typing import NDArray

from simlib.charts.style import number
from simlib.units import USD_PER_MILLION

NINE_IN_TEN = (0.05, 0.5, 0.95)
DIGITS = 2
"""Significant digits of a number that draws give: they do not tell more."""
NEARLY_ALL = 0.995
"""Share of draws that would be rounded to 100 %."""


def capital(text: str) -> str:
    """A text that begins a sentence."""
    return text[:1].upper() + text[1:]


def people(value: float) -> str:
    """A number of people or events from draws: whole, and rounded."""
    rounded = round(value)
    return number(rounded, DIGITS if abs(rounded) >= 10 else 1)


def dollars(value: float) -> str:
    """An amount [USD] from draws, rounded."""
    if abs(value) >= USD_PER_MILLION:
        return f"{number(value / USD_PER_MILLION, DIGITS)} million dollars"
    return f"{number(value, DIGITS)} dollars"


def percent(share: float) -> str:
    """A share that was chosen, in full."""
    return f"{100 * share:.4g} %"


def futures(share: float) -> str:
    """A share of draws; never "0 %" of what happens in some, nor "100 %" of what may not."""
    if 1 - NEARLY_ALL < share < NEARLY_ALL:
        return f"{100 * share:.0f} %"
    return {0.0: "none", 1.0: "all"}.get(share, "nearly all" if share > 0.5 else "hardly any")


def in_futures(share: float) -> str:
    """A share of draws as in "in 70 % of futures", "in all futures"."""
    said = futures(share)
    return f"in {said} of futures" if "%" in said else f"in {said.replace('none', 'no')} futures"


def between(low: float, high: float, more: str, fewer: str) -> str:
    """A range that may be on either side of zero, without signs."""
    if low < 0 < high:
        return f"from {people(-low)} {fewer} to {people(high)} {more}"
    if low >= 0:
        return f"from {people(low)} to {people(high)} {more}"
    return f"from {people(-high)} to {people(-low)} {fewer}"


def averted_range(averted: NDArray[np.float64]) -> str:
    """Deaths averted in nine of ten futures; what is added is more deaths, not fewer averted."""
    low, _, high = np.quantile(averted, NINE_IN_TEN)
    if round(low) < 0 < round(high):
        return f"between {people(-low)} more deaths and {people(high)} fewer"
    return between(low, high, "averted", "added")
