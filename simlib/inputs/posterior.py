"""The shipped joint posterior: compact, versioned, read without running code."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simlib.errors import Faults, InputError, unknown
from simlib.inputs.arrays import Array, closed, opened
from simlib.inputs.parameters import LEVER_GROUP, Parameter, load_parameters
from simlib.inputs.paths import named, read_arrays, write_arrays
from simlib.inputs.tables import DATA

SHIPPED = DATA / "posterior.npz"
RESIDUAL = "last_residual"
EXPLANATION = "explanation"
ROUNDING = 1e-6
"""Share of a bound by which 32-bit numbers may lie beyond it."""


@dataclass(frozen=True, eq=False)
class Posterior:
    """Joint draws of the calibrated parameters; copied, and read-only throughout.

    Attributes
    ----------
    values : mapping of name -> array, shape (rows,)
    residual : log of observed over modelled deaths at the end of the record, shape (rows,)
    about : data vintage, fingerprint of the model, seed, settings and diagnostics
    explanation : name of the explanation of 2023-24 that a row belongs to, shape (rows,); None
        where the rows belong to one posterior
    """

    values: Mapping[str, Array]
    residual: Array
    about: Mapping[str, Any]
    explanation: NDArray[np.str_] | None = None

    def __post_init__(self) -> None:
        own = {name: np.array(column) for name, column in self.values.items()}
        object.__setattr__(self, "values", closed(own))
        object.__setattr__(self, "residual", closed(np.array(self.residual)))
        object.__setattr__(self, "about", closed(self.about))
        if self.explanation is not None:
            object.__setattr__(self, "explanation", closed(np.array(self.explanation)))

    def __reduce__(self) -> tuple[type["Posterior"], tuple[Any, ...]]:
        values, about = opened(self.values), opened(self.about)
        return Posterior, (values, self.residual, about, self.explanation)

    def take(self, draws: int, first: int = 0) -> dict[str, Array]:
        """Rows for draws `first` to `first + draws`, starting again when they are used up."""
        rows = self._rows(draws, first)
        return {name: column[rows] for name, column in self.values.items()}

    def take_residual(self, draws: int, first: int = 0) -> Array:
        """Last residual of the same rows."""
        return self.residual[self._rows(draws, first)]

    def _rows(self, draws: int, first: int) -> NDArray[np.int64]:
        return np.arange(first, first + draws) % len(self.residual)

    def only(self, explanation: str) -> "Posterior":
        """The rows that belong to one explanation.

        Raises
        ------
        InputError
            When there are none.
        """
        names = () if self.explanation is None else tuple(np.unique(self.explanation))
        if explanation not in names:
            raise InputError(f"explanation {unknown(explanation, names)}")
        rows = self.explanation == explanation
        values = {name: column[rows] for name, column in self.values.items()}
        return Posterior(values, self.residual[rows], self.about)

    def save(self, path: str | Path, *, new: bool = False) -> None:
        """Write to a compressed file of 32-bit numbers and one JSON text, whole or not at all.

        Parameters
        ----------
        new : refuse to replace a file that is there

        Raises
        ------
        InputError
            When it cannot be written, or is not `new`.
        """
        numbers = dict(self.values) | {RESIDUAL: self.residual}
        columns: dict[str, Any] = {k: column.astype(np.float32) for k, column in numbers.items()}
        if self.explanation is not None:
            columns[EXPLANATION] = self.explanation
        about = json.dumps(opened(self.about), sort_keys=True)
        columns["about"] = np.frombuffer(about.encode(), dtype=np.uint8)
        write_arrays(path, columns, new=new)


def read_posterior(path: str | Path) -> Posterior:
    """Read a posterior; arrays of numbers only, no code is ever run.

    Raises
    ------
    InputError
        When the file is missing, damaged or incomplete, or holds what no posterior can.
    """
    columns, faults = read_arrays(path, "a posterior"), Faults(named(path).name)
    about = _about(columns.pop("about", None), faults)
    residual, explanation = columns.pop(RESIDUAL, np.zeros(0)), columns.pop(EXPLANATION, None)
    if residual.ndim != 1 or not len(residual) or not _numbers(residual):
        faults.add(RESIDUAL, "must be a finite number a row, of one row or more")
        faults.raise_any()
    if explanation is not None and explanation.shape != residual.shape:
        faults.add(EXPLANATION, "rows are missing")
    elif explanation is not None and explanation.dtype.kind != "U":
        faults.add(EXPLANATION, "is no text")
    rows = {name: row for name, row in load_parameters().items() if _free(row)}
    faults.add_unknown("column", columns, rows)
    if not columns:
        faults.add("columns", "are missing: no parameter is there")
    for name in [name for name in columns if name in rows]:
        if fault := _column_fault(columns[name], len(residual), rows[name]):
            faults.add(name, fault)
    faults.raise_any()
    values = {name: column.astype(float) for name, column in columns.items()}
    return Posterior(values, residual.astype(float), about, explanation)


def _about(text: np.ndarray | None, faults: Faults) -> Mapping[str, Any]:
    """What a posterior says about itself."""
    try:
        about = json.loads(b"" if text is None else text.tobytes())
        closed(about)  # nested too deeply for what is read of it
    except (ValueError, RecursionError):
        about = None
    if not isinstance(about, dict) or not isinstance(about.get("data_vintage"), str):
        faults.add("about", "must be JSON with a data_vintage")
        return {}
    return about


def _free(row: Parameter) -> bool:
    return row.group != LEVER_GROUP and row.distribution != "fixed"


def _numbers(column: np.ndarray) -> bool:
    return column.dtype.kind == "f" and bool(np.all(np.isfinite(column)))


def _column_fault(column: np.ndarray, rows: int, row: Parameter) -> str | None:
    if column.shape != (rows,) or not _numbers(column):
        return "rows are missing or not finite"
    slack = ROUNDING * np.abs([row.low, row.high])
    if column.min() < row.low - slack[0] or column.max() > row.high + slack[1]:
        allowed = f"allowed: {row.low:,.10g} to {row.high:,.10g} {row.unit}"
        return f"goes from {column.min():,.6g} to {column.max():,.6g}; {allowed}"
    return None


@cache
def shipped_posterior() -> Posterior:
    """The posterior that comes with the package."""
    return read_posterior(SHIPPED)
