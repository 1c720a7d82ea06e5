"""What the tables of a picture must hold; whatever would draw a wrong one is refused in words."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from simlib.errors import Faults, InputError, unknown

BANDS = ["low90", "low50", "median", "high50", "high90"]
COLUMNS: Mapping[str, list[str]] = {
    "lines": ["year", "series", *BANDS],
    "difference": ["year", "series", *BANDS],
    "observed": ["year", "value", "provisional"],
    "words": ["title", "subtitle", "footer"],
}
PANEL_WORDS = ["outcome", "unit", "difference", "difference_unit", "more", "fewer", "reference"]
OPTIONAL_COLUMNS: Mapping[str, list[str]] = {
    "lines": ["extrapolated"],
    "difference": ["extrapolated"],
    "words": [*PANEL_WORDS, "record_end"],
}
TEXT_COLUMNS = ("series", "title", "subtitle", "footer", *PANEL_WORDS)
MAY_BE_EMPTY = ("lines", "difference", "observed")
MAX_ROWS = 5_000  # bands and a few single trajectories, never raw draws


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
    if not faults[0].messages and tables["lines"].empty and tables["difference"].empty:
        faults[0].add("tables", "neither 'lines' nor 'difference' has a row: nothing to draw")
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
    if len(table) > MAX_ROWS or (table.empty and name not in MAY_BE_EMPTY):
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
