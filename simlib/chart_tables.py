"""The tables behind a picture: checked, trimmed, with limits of axes and places of text."""

import math
import textwrap
from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simlib.chart_style import (
    COLOURS,
    FAINT,
    FURTHER_COLOURS,
    INK,
    LABEL_LETTERS,
    LABEL_LINE,
    NO_POLICY,
    PANEL,
    SOURCE,
    STATUS_QUO,
    SUBTITLE,
    TITLE,
    WIDTH,
    number,
)
from simlib.errors import Faults, InputError, unknown

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


def prepare(tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Check the four tables and add what the picture needs besides: colours, labels, limits.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        ``lines``: year, series, low90, low50, median, high50, high90 [unit of the outcome];
        optionally ``extrapolated`` (bool: beyond the range of the evidence).
        ``difference``: the same columns; differences from the status quo, from paired draws.
        It may have no rows.
        ``observed``: year, value, provisional (bool).
        ``words``: one row; title, subtitle, footer.

    Returns
    -------
    dict of str to DataFrame
        One table for each name that :func:`comparison` refers to.

    Raises
    ------
    InputError
        With every fault of the tables.
    """
    check(tables)
    observed, words = tables["observed"], tables["words"].iloc[0]
    lines, difference = in_order(tables["lines"]), in_order(tables["difference"])
    palette = _palette([*lines["series"], *difference["series"]])
    difference = from_first_difference(difference[difference["series"] != STATUS_QUO])
    record_end = observed["year"].max() + 0.5
    top = round_limits(0.0, max(lines["high90"].max(), observed["value"].max()))
    around = _difference_limits(difference, top[1] / 100)
    years = [*lines["year"], *observed["year"]]
    later = difference["year"] if len(difference) else [record_end, max(years)]
    return {
        "lines": _styled(until_they_part(lines), palette),
        "lines_labels": _labels(lines, top, palette),
        "lines_corners": _corners(years, top),
        "difference": _styled(difference, palette),
        "difference_labels": _labels(difference, around, palette, [STATUS_QUO]),
        "difference_corners": _corners(later, around),
        "observed": observed,
        "record": pd.DataFrame({"end": [record_end]}),
        "heading": _heading(words["title"], words["subtitle"]),
        "footer": _place(words["footer"], SOURCE, 0.0, "normal", FAINT),
    }


def _palette(series: Iterable[str]) -> dict[str, str]:
    """A colour for each series; the four known names keep theirs, others in order of appearance."""
    further = [name for name in dict.fromkeys(series) if name not in COLOURS]
    if len(further) > len(FURTHER_COLOURS):
        most = f"at most {len(FURTHER_COLOURS)} can be told apart"
        raise InputError(f"chart, lines besides {', '.join(COLOURS)}: {most}, not {len(further)}")
    return COLOURS | dict(zip(further, FURTHER_COLOURS, strict=False))


def _styled(table: pd.DataFrame, palette: Mapping[str, str]) -> pd.DataFrame:
    return table.assign(
        colour=table["series"].map(palette),
        dashed=(table["series"] == NO_POLICY).astype(int),
        shade=min(1.0, 3 / max(table["series"].nunique(), 1)),
    )


def _difference_limits(difference: pd.DataFrame, least: float) -> tuple[float, float]:
    """Limits that hold zero; `least` either side of it where nothing differs."""
    low, high = min(difference["low90"], default=0.0), max(difference["high90"], default=0.0)
    if low == high == 0:
        low, high = -least, least
    return round_limits(min(low, 0.0), max(high, 0.0))


def _corners(years: Iterable[float], limits: tuple[float, float]) -> pd.DataFrame:
    """Two corners of a panel; they alone set its axes."""
    return pd.DataFrame({"year": [min(years), max(years)], "value": limits})


def _labels(
    table: pd.DataFrame,
    limits: tuple[float, float],
    palette: Mapping[str, str],
    at_zero: Iterable[str] = (),
) -> pd.DataFrame:
    """Names and last values at the line ends, moved apart where they would overlap [pixels]."""
    last = table[table["year"] == table["year"].max()]
    names, values, texts = [], [], []
    for _, row in last.iterrows():
        names.append(row["series"])
        values.append(row["median"])
        texts.append(wrap_evenly(row["series"], LABEL_LETTERS, 2))
        texts[-1].append(f"{number(row['median'])} in {row['year']:.0f}")
        if row.get("extrapolated", False):
            texts[-1].append("beyond the evidence")
    for name in at_zero:
        names.append(name)
        values.append(0.0)
        texts.append([name])
    ends: Floats = PANEL * (limits[1] - np.array(values)) / (limits[1] - limits[0])
    heights = np.array([LABEL_LINE * len(text) for text in texts], dtype=float)
    centres = spread(ends, heights + 4, PANEL)
    return pd.DataFrame(
        {
            "text": ["\n".join(text) for text in texts],
            "colour": [palette[name] for name in names],
            "centre": centres,
            "first_line": centres - (heights - LABEL_LINE) / 2,
            "line_end": ends,
        }
    )


def _heading(title: str, subtitle: str) -> pd.DataFrame:
    first = _place(title, TITLE, 0.0, "bold", INK)
    second = _place(
        subtitle, SUBTITLE, first["y"].max() + 4 if len(first) else 0.0, "normal", FAINT
    )
    return pd.concat([first, second], ignore_index=True)


def _place(
    text: str, style: tuple[float, int, float], top: float, weight: str, colour: str
) -> pd.DataFrame:
    """A text in lines that fit, with the lower edge of each [pixels]."""
    size, most, letter = style
    lines = wrap_evenly(text, int(WIDTH / (size * letter)), most)
    return pd.DataFrame(
        {
            "text": pd.Series(lines, dtype=str),
            "y": top + size * 1.25 * np.arange(1, len(lines) + 1),
            "size": size,
            "weight": weight,
            "colour": colour,
        }
    )


# --- checks -----------------------------------------------------------------------------------


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


# --- trimming and placing ---------------------------------------------------------------------


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
