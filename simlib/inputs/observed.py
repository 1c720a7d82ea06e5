"""The observed record: what was measured, when, by whom, and how firm each number is.

Every `observed/*.csv` is one long table. A series is all rows of one name; each of its cells
says its own quality, so that provisional and unverified numbers stay visible wherever they go.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from simlib.errors import InputError
from simlib.inputs.arrays import closed
from simlib.inputs.tables import DATA, ByName, listed, read_rows

# The series whose end is the end of the record: deaths are what the model must explain.
RECORD = "deaths_synthetic_opioids_quarterly"

_PERIOD = re.compile(r"(FY)?([12][0-9]{3})|([12][0-9]{3})(?:Q([1-4])|-(0[1-9]|1[0-2]))")


class Period(NamedTuple):
    """A stretch of whole months, counted from the year 0."""

    first_month: int
    months: int

    @property
    def start(self) -> float:
        """First moment [decimal year]."""
        return decimal_year(self.first_month)

    @property
    def end(self) -> float:
        """Last moment [decimal year]."""
        return decimal_year(self.first_month + self.months)


def decimal_year(month: int) -> float:
    """Start of a month that is counted from the year 0 [decimal year]."""
    return month // 12 + month % 12 / 12


def month_name(month: int) -> str:
    """The "YYYY-MM" of a month that is counted from the year 0."""
    return f"{month // 12}-{month % 12 + 1:02}"


def read_period(text: str) -> Period | None:
    """The months meant by `2019`, `FY2021` (October to September), `2019Q3` or `2024-10`."""
    match = _PERIOD.fullmatch(text)
    if not match:
        return None
    fiscal, year, part_year, quarter, month = match.groups()
    first = 12 * int(year or part_year)
    if quarter:
        return Period(first + 3 * (int(quarter) - 1), 3)
    if month:
        return Period(first + int(month) - 1, 1)
    return Period(first - 3 if fiscal else first, 12)


@dataclass(frozen=True, eq=False)
class Series:
    """One observed quantity over time; the arrays are read-only and share their length.

    Attributes
    ----------
    name, unit : str
    periods : tuple of str
        As written in the table.
    start, end : array [decimal year]
        Of each period.
    values : array [`unit`]
    quality : array of str
        final, provisional or unverified, for each cell.
    source : tuple of tuple of str
        Ids in `sources.csv`, the primary source first.
    vintage, note : tuple of str
    """

    name: str
    unit: str
    periods: tuple[str, ...]
    start: np.ndarray
    end: np.ndarray
    values: np.ndarray
    quality: np.ndarray
    source: tuple[tuple[str, ...], ...]
    vintage: tuple[str, ...]
    note: tuple[str, ...]

    @property
    def middle(self) -> np.ndarray:
        """Middle of each period [decimal year]."""
        return (self.start + self.end) / 2


class Observed(ByName[Series]):
    """All observed series by name; immutable."""

    kind = "observed series"

    def __repr__(self) -> str:
        return f"Observed({len(self)} series)"

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all series."""
        return tuple(self._by_name)

    @property
    def record_end(self) -> float:
        """Where the record of deaths ends, and with it history [decimal year]."""
        return self.data_end(RECORD)

    def series(self, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Middles of the periods [decimal year], values [the series' unit] and quality.

        Raises
        ------
        UnknownName
            When there is no such series.
        """
        series = self[name]
        return series.middle, series.values, series.quality

    def yearly(self, name: str) -> dict[int, float]:
        """Value [the series' unit] by calendar or fiscal year.

        Raises
        ------
        InputError
            When the series is not by year.
        """
        series = self[name]
        if any("Q" in period or "-" in period for period in series.periods):
            raise InputError(f"observed series {name!r} is not by year: {series.periods[0]}, …")
        years = (int(period.removeprefix("FY")) for period in series.periods)
        return dict(zip(years, series.values.tolist(), strict=True))

    def data_end(self, name: str) -> float:
        """Where the series ends: the last moment of its last period [decimal year]."""
        return float(self[name].end[-1])

    def interpolate(self, name: str, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Value at any time: linear between the middles of periods, held flat outside them.

        Parameters
        ----------
        name : str
        times : array, any shape [decimal year]

        Returns
        -------
        values : array [the series' unit]
        held : array of bool
            Where the value is held because the series does not reach so far.
        """
        series = self[name]
        times = np.asarray(times, dtype=float)
        held = (times < series.middle[0]) | (times > series.middle[-1])
        return np.interp(times, series.middle, series.values), held


def _series(name: str, rows: Sequence[Mapping[str, str]]) -> Series:
    periods = [period for row in rows if (period := read_period(row["period"]))]
    arrays = {
        "start": np.array([period.start for period in periods]),
        "end": np.array([period.end for period in periods]),
        "values": np.array([float(row["value"]) for row in rows]),
        "quality": np.array([row["quality"] for row in rows]),
    }
    return Series(
        name=name,
        unit=rows[0]["unit"],
        periods=tuple(row["period"] for row in rows),
        source=tuple(listed(row["source"]) for row in rows),
        vintage=tuple(row["vintage"] for row in rows),
        note=tuple(row["note"] for row in rows),
        **closed(arrays),
    )


@cache
def load_observed(folder: Path = DATA / "observed") -> Observed:
    """The observed record, read once; every `*.csv` of its folder is held by tests."""
    by_name: dict[str, list[dict[str, str]]] = {}
    for file in sorted(folder.glob("*.csv")):
        for row in read_rows(file):
            by_name.setdefault(row["series"], []).append(row)
    return Observed({name: _series(name, rows) for name, rows in by_name.items()})
