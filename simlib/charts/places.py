"""Where things go in a picture: order, limits of axes, places of labels, hatching."""

import math
import textwrap

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simlib.charts.checks import BANDS
from simlib.charts.style import LEFT, PANEL, STATUS_QUO, WIDTH, number

# The round step for a fifth of an axis: at least so many units of its power of ten, so many.
STEPS = ((50**0.5, 10), (10**0.5, 5), (2**0.5, 2), (0, 1))
HATCH_APART = 7.0
"""Distance of hatching strokes along the axis [pixels]."""

Floats = NDArray[np.float64]


def in_order(table: pd.DataFrame) -> pd.DataFrame:
    """Rows by series, in order of appearance, and by year; numbered from 0."""
    codes, _ = pd.factorize(table["series"])
    order = np.lexsort((table["year"].to_numpy(), codes))
    return table.iloc[order].reset_index(drop=True)


def until_they_part(lines: pd.DataFrame) -> pd.DataFrame:
    """Drop what lies exactly under the status quo: several equal bands look like a darker one.

    Parameters
    ----------
    lines : DataFrame
        As `in_order` returns it.

    Returns
    -------
    DataFrame
        Each other series from the last year in which it still is the status quo.
    """
    series = lines["series"].to_numpy()
    values = lines[BANDS].to_numpy(dtype=float)
    own = series == STATUS_QUO
    status_quo = pd.DataFrame(values[own], index=lines["year"].to_numpy()[own])
    kept = own | (status_quo.reindex(lines["year"]).to_numpy() != values).any(axis=1)
    kept[:-1] |= kept[1:] & (series[1:] == series[:-1])
    return lines[kept]


def from_first_difference(difference: pd.DataFrame) -> pd.DataFrame:
    """Start in the year before anything differs; before it there is nothing to see."""
    differs = (difference[BANDS].to_numpy(dtype=float) != 0).any(axis=1)
    if not differs.any():
        return difference
    years = difference["year"].to_numpy()
    return difference[years >= years[differs].min() - 1]


def round_limits(low: float, high: float) -> tuple[float, float]:
    """Axis limits on round numbers that are ticks too, about five steps apart (d3's rule).

    Raises
    ------
    ValueError
        If `high` is not above `low`.
    """
    fifth = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(fifth))
    step = power * next(round_one for least, round_one in STEPS if fifth >= least * power)
    limits = (
        math.floor(round(low / step, 9)) * step,
        math.ceil(round(high / step, 9)) * step,
    )
    # A wider axis may have wider steps, of which the limits must be multiples as well.
    return limits if limits == (low, high) else round_limits(*limits)


def on_axis(value: float, span: float, digits: int) -> str:
    """A number with as many digits as a number as large as its axis would have."""
    decimals = int(digits - np.floor(np.log10(span)))
    rounded = round(float(value), decimals)
    if not rounded:
        return "0"
    digits = int(np.floor(np.log10(abs(rounded)))) + 1 + max(decimals, 0)
    return number(rounded, max(digits, 1))


def spread(at: Floats, heights: Floats, room: float) -> Floats:
    """Places near `at` where things keep their order, do not overlap and stay in the room.

    Take away the height of what comes before; what is left must not decrease. Halfway between
    its running maximum and its running minimum from the end, it does not.

    Parameters
    ----------
    at, heights : array, shape (things,) [pixels]
        Wanted centres, counted from the top, and heights.
    room : float [pixels]
        If it is too small for all, they run over its end.

    Returns
    -------
    array, shape (things,) [pixels]
        Centres.
    """
    order = np.argsort(at, kind="stable")
    before = np.cumsum(heights[order]) - heights[order] / 2
    free = at[order] - before
    rising = (np.maximum.accumulate(free) + np.minimum.accumulate(free[::-1])[::-1]) / 2
    centres = np.empty_like(before)
    centres[order] = np.clip(rising, 0.0, max(room - heights.sum(), 0.0)) + before
    return centres


def wrap_evenly(text: str, width: int, most: int) -> list[str]:
    """Break a text into lines of about equal length.

    Parameters
    ----------
    text : str
    width : int
        Letters that fit in a line.
    most : int
        Lines allowed; a text that needs more is cut, and ends with an ellipsis.
    """
    lines = textwrap.wrap(text, width, max_lines=most, placeholder=" …", break_on_hyphens=False)
    for narrower in range(math.ceil(len(text) / len(lines)) if lines else width, width):
        even = textwrap.wrap(text, narrower, break_on_hyphens=False)
        if len(even) <= len(lines):
            return even
    return lines


def placed(
    text: str, style: tuple[float, int, float], top: float, weight: str, colour: str
) -> pd.DataFrame:
    """A text in lines that fit, with the lower edge of each [pixels]."""
    size, most, letter = style
    lines = wrap_evenly(text, int(WIDTH / (size * letter)), most)
    return pd.DataFrame(
        {
            "text": pd.Series(lines, dtype=str),
            "x": float(LEFT),
            "y": top + size * 1.25 * np.arange(1, len(lines) + 1),
            "size": size,
            "weight": weight,
            "colour": colour,
        }
    )


def hatching(band: pd.DataFrame, corners: pd.DataFrame, width: float, slope: int) -> pd.DataFrame:
    """Diagonal strokes that fill a band: one stroke a diagonal and year, cut at the band's edges.

    The diagonals are fixed to the panel, so that they stand still while a band moves over them.

    Parameters
    ----------
    band : DataFrame
        year, low90, high90 of one series, by year.
    corners : DataFrame
        year and value at two corners of the panel.
    width : float [pixels]
        Of the panel.
    slope : int
        1 or -1: two bands that overlap are hatched crosswise.

    Returns
    -------
    DataFrame
        x, y, x2, y2 of each stroke [year, value].
    """
    first, last = corners["year"]
    bottom, top = corners["value"]
    to_pixels = np.array([width / (last - first), PANEL / (top - bottom)])
    across = (band["year"].to_numpy(dtype=float) - first) * to_pixels[0]
    low, high = (
        (band[c].to_numpy(dtype=float) - bottom) * to_pixels[1] for c in ("low90", "high90")
    )
    offsets = np.arange(-PANEL - width, PANEL + width, HATCH_APART)[:, None]
    begin, end = np.broadcast_arrays(across[:-1], across[1:] + 0 * offsets)
    for edge, above in ((low, True), (high, False)):
        begin, end = _cut(begin, end, across, slope * across + offsets - edge, above)
    kept = end - begin > 1e-6
    found = {"x": begin[kept], "x2": end[kept]}
    rows = np.broadcast_to(offsets, kept.shape)[kept]
    return pd.DataFrame(
        {name: first + x / to_pixels[0] for name, x in found.items()}
        | {
            name: bottom + (slope * found[x] + rows) / to_pixels[1]
            for name, x in (("y", "x"), ("y2", "x2"))
        }
    )


def _cut(
    begin: Floats, end: Floats, across: Floats, gap: Floats, above: bool
) -> tuple[Floats, Floats]:
    """Shorten stretches, one a diagonal and year, to where a gap that is linear has its sign."""
    sign = 1.0 if above else -1.0
    left, right = sign * gap[:, :-1], sign * gap[:, 1:]
    change = np.where(right == left, 1.0, right - left)
    crossing = across[:-1] - left * (across[1:] - across[:-1]) / change
    begin = np.where((left < 0) & (right >= 0), np.maximum(begin, crossing), begin)
    end = np.where((left >= 0) & (right < 0), np.minimum(end, crossing), end)
    return begin, np.where((left < 0) & (right < 0), begin, end)
