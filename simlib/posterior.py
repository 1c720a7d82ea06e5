"""The shipped joint posterior: compact, versioned, read without running code."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from simlib.errors import InputError, unknown
from simlib.tables import DATA

Array = NDArray[np.float64]
SHIPPED = DATA / "posterior.npz"
RESIDUAL = "last_residual"
EXPLANATION = "explanation"


@dataclass(frozen=True, eq=False)
class Posterior:
    """Joint draws of the calibrated parameters.

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

    def save(self, path: Path) -> None:
        """Write to a compressed file of 32-bit numbers and one JSON text."""
        numbers = dict(self.values) | {RESIDUAL: self.residual}
        columns: dict[str, Any] = {k: column.astype(np.float32) for k, column in numbers.items()}
        if self.explanation is not None:
            columns[EXPLANATION] = self.explanation
        about = np.frombuffer(json.dumps(self.about, sort_keys=True).encode(), dtype=np.uint8)
        np.savez_compressed(path, allow_pickle=False, about=about, **columns)


def read_posterior(path: Path) -> Posterior:
    """Read a posterior; arrays of numbers only, no code is ever run.

    Raises
    ------
    InputError
        When the file is missing, damaged or incomplete.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            columns = {name: stored[name] for name in stored.files}
        about = json.loads(columns.pop("about").tobytes())
        residual = columns.pop(RESIDUAL).astype(float)
        explanation = columns.pop(EXPLANATION, None)
        values = {name: column.astype(float) for name, column in columns.items()}
    except (OSError, ValueError, KeyError, BadZipFile) as problem:
        raise InputError(f"{path.name}: cannot be read as a posterior: {problem}") from problem
    for name, column in values.items():
        if column.shape != residual.shape or not np.all(np.isfinite(column)):
            raise InputError(f"{path.name}, {name}: rows are missing or not finite")
    if explanation is not None and explanation.shape != residual.shape:
        raise InputError(f"{path.name}, {EXPLANATION}: rows are missing")
    return Posterior(values, residual, about, explanation)


@cache
def shipped_posterior() -> Posterior:
    """The posterior that comes with the package."""
    return read_posterior(SHIPPED)
