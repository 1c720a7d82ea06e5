"""How far forecasts go astray beyond the model's own spread: the drift, from back-tests.

The log hazard beyond the record is taken to walk at random. How fast is found by maximum
likelihood from blind forecasts: errors of the years ahead from one origin share the walk, origins
are independent.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from simlib.inputs.arrays import Array

QUARTERS = 4
"""In a year."""
GRID = np.linspace(0, 0.6, 601)
"""Values tried [log per square root of a year]."""
DROP = 1.92
"""Fall of the log likelihood at the ends of a 95 % interval."""


class Errors(NamedTuple):
    """Log errors of one origin's forecasts, by year ahead."""

    error: Array
    """[log], counted over median forecast, shape (years,)."""
    covariance: Array
    """Of the logs of the forecasts without drift, shape (years, years)."""


class Drift(NamedTuple):
    """Estimate [log per square root of a year] with the ends of its 95 % interval."""

    value: float
    low: float
    high: float


def errors_of(future: Array, happened: Array) -> Errors:
    """Errors of one origin.

    Parameters
    ----------
    future : simulated deaths by quarter without drift, shape (quarters, draws)
    happened : deaths by quarter since, shape (quarters,); whole years of them are used
    """
    years = min(len(future), len(happened)) // QUARTERS
    logs = np.log(_yearly(future, years))
    counted = np.log(_yearly(happened[:, None], years))[:, 0]
    return Errors(counted - np.median(logs, axis=-1), np.atleast_2d(np.cov(logs)))


def _yearly(quarters: Array, years: int) -> Array:
    return quarters[: QUARTERS * years].reshape(years, QUARTERS, -1).sum(axis=1)


def walk_covariance(years: int) -> Array:
    """Covariance of the yearly means of a walk by quarters that grows by one a year."""
    quarter = np.arange(1, QUARTERS * years + 1)
    covariance = np.minimum.outer(quarter, quarter) / QUARTERS
    return covariance.reshape(years, QUARTERS, years, QUARTERS).mean(axis=(1, 3))


def estimate(origins: Sequence[Errors]) -> Drift:
    """The drift under which the errors of some origins are the most likely."""
    found = np.array([sum(_log_density(each, drift) for each in origins) for drift in GRID])
    likely = GRID[found > found.max() - DROP]
    return Drift(float(GRID[np.argmax(found)]), float(likely[0]), float(likely[-1]))


def _log_density(errors: Errors, drift: float) -> float:
    covariance = errors.covariance + drift**2 * walk_covariance(len(errors.error))
    _, log_root = np.linalg.slogdet(covariance)
    return float(-0.5 * (errors.error @ np.linalg.solve(covariance, errors.error) + log_root))
