"""The record as it stood at an earlier date: nothing measured later is left in it."""

from dataclasses import replace
from typing import Any

import numpy as np

from simlib.inputs.arrays import closed
from simlib.inputs.observed import Observed, Series
from simlib.world import PURITY_REFERENCE

DRIVERS = ("powder_purity", "pill_fentanyl_mg", "scan_share_cars", "scan_share_trucks")
"""Series that drive the history and begin late: before they do, they are held flat."""
FLAT = 0.5
"""Value at which they are held; being flat, its level moves no death (tested)."""


def observed_until(observed: Observed, when: float) -> Observed:
    """The record without any period that ends after a date.

    A driver not measured by then is flat; any other series not begun by then is empty. Counts
    are those published today: what was revised since, and how late they came out, is not undone.

    Parameters
    ----------
    when : [decimal year]
    """
    return Observed({name: _until(series, when) for name, series in observed.items()})


def _until(series: Series, when: float) -> Series:
    known = np.flatnonzero(series.end <= when + 1 / 24)  # half a month, against rounding
    if not len(known) and series.name in DRIVERS:
        return _flat(series)
    return _rows(series, known)


def _rows(series: Series, rows: np.ndarray) -> Series:
    """Some periods of a series."""
    columns = {name: value for name, value in vars(series).items() if name not in ("name", "unit")}
    some: dict[str, Any] = {
        name: value[rows] if isinstance(value, np.ndarray) else tuple(value[row] for row in rows)
        for name, value in columns.items()
    }
    return replace(series, **closed(some))


def _flat(series: Series) -> Series:
    """One period, in the year to which others are relative, of a value that says nothing."""
    first = _rows(series, np.array([0]))
    year = float(PURITY_REFERENCE)
    return replace(
        first,
        periods=(str(PURITY_REFERENCE),),
        start=np.array([year]),
        end=np.array([year + 1]),
        values=np.array([FLAT]),
        quality=np.array(["unverified"]),
        source=((),),
        vintage=("",),
        note=("Not measured yet at this date; held flat.",),
    )
