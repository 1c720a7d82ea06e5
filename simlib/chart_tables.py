"""What a picture needs worked out before it is drawn: checks, trimming, limits, places of text.

No colours, formats or renderer here; those are the business of :mod:`simlib.charts`.
"""

import math
import textwrap
from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simlib.errors import Faults, InputError, unknown

STATUS_QUO = "status quo"

BANDS = ["low90", "low50", "median", "high50", "high90"]
COLUMNS: Mapping[str, list[str]] = {
    "lines": ["year", "series", *BANDS],
    "difference": ["year", "series", *BANDS],
    "observed": ["year", "value", "provisional"],
    "words": ["title", "subtitle", "footer"],
}
OPTIONAL_COLUMNS: Mapping[str, list[str]] = {
    "lines": ["extrapolated"],
    "difference": ["extrapolated"],
}
TEXT_COLUMNS = ("series", "title", "subtitle", "footer")
MAX_ROWS = 5_000  # bands and a few single trajectories, never raw draws

# The round step for a fifth of an axis: at least so many units of its power of ten, so many.
STEPS = ((50**0.5, 10), (10**0.5, 5), (2**0.5, 2), (0, 1))

Floats = NDArray[np.float64]


def check(tables: Mapping[str, pd.DataFrame]) -> None:
    """Refuse tables that would draw a wrong picture.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        By the names of `COLUMNS`.

    Raises
    ------
    InputError
        With every fault: tables, columns, gaps, too many rows, bands out of order.
    """
    faults = [Faults("chart")]
    for name in COLUMNS.keys() - tables.keys():
        faults[0].add(f"table {name!r}", f"is missing; its columns: {', '.join(COLUMNS[name])}")
    for name in tables:
        faults.append(Faults(f"chart, table {name!r}"))
        if name in COLUMNS:
            _check_table(name, tables[name], faults[-1])
        else:
            faults[0].add("tables", unknown(name, COLUMNS))
    messages = [message for each in faults for message in each.messages]
    if messages:
        raise InputError(messages)


def _check_table(name: str, table: pd.DataFrame, faults: Faults) -> None:
    """Columns first, then cells, then what cells mean together: each needs the one before."""
    wanted = [*COLUMNS[name], *(c for c in OPTIONAL_COLUMNS.get(name, []) if c in table)]
    for column in wanted:
        if column not in table:
            faults.add("columns", f"{column!r} is missing")
    for column in table:
        if column not in wanted:
            faults.add("columns", unknown(column, [*wanted, *OPTIONAL_COLUMNS.get(name, [])]))
    if name == "words" and len(table) != 1:
        faults.add("rows", f"must be one, not {len(table):,}")
    if len(table) > MAX_ROWS or (table.empty and name != "difference"):
        faults.add("rows", f"1 to {MAX_ROWS:,} allowed (bands, not raw draws), not {len(table):,}")
    if not faults.messages:
        _check_cells(table[wanted], faults)
    if not faults.messages and "median" in wanted:
        _check_bands(table, faults)


def _check_cells(table: pd.DataFrame, faults: Faults) -> None:
    usable = {}
    for column, values in table.items():
        if column in TEXT_COLUMNS:
            usable[column] = values.map(lambda cell: isinstance(cell, str)).to_numpy(dtype=bool)
        elif pd.api.types.is_numeric_dtype(values):
            usable[column] = np.isfinite(values.to_numpy(dtype=float, na_value=np.nan))
        else:
            faults.add(f"column {column!r}", f"must hold numbers, not {values.dtype}")
    for column, good in usable.items():
        if not good.all():
            kind = "text" if column in TEXT_COLUMNS else "finite number"
            faults.add(f"column {column!r}", f"no {kind} in row {table.index[~good][0]}")


def _check_bands(table: pd.DataFrame, faults: Faults) -> None:
    crossed = (np.diff(table[BANDS].to_numpy(dtype=float), axis=1) < 0).any(axis=1)
    repeated = table.duplicated(["year", "series"]).to_numpy()
    for bad, problem in (
        (crossed, f"is not {' <= '.join(BANDS)}"),
        (repeated, "has more than one row"),
    ):
        if bad.any():
            row = table[bad].iloc[0]
            faults.add(f"{row['series']}, {row['year']:.0f}", problem)


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
    """Axis limits on round numbers, about five steps apart (the rule of d3's ``nice``).

    Raises
    ------
    ValueError
        If `high` is not above `low`.
    """
    fifth = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(fifth))
    step = power * next(round_one for least, round_one in STEPS if fifth >= least * power)
    return math.floor(low / step) * step, math.ceil(high / step) * step


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
    for narrower in range(math.ceil(len(text) / max(len(lines), 1)), width):
        even = textwrap.wrap(text, narrower, break_on_hyphens=False)
        if len(even) <= len(lines):
            return even
    return lines
