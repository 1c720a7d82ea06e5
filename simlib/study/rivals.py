"""Forecasts of quarterly deaths that know nothing of drugs: what a model must beat.

Each takes the counts up to the origin and returns simulated futures, shape (quarters, draws).
"""

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from simlib.inputs.arrays import Array


def no_change(counts: Array, quarters: int, draws: int, seed: int) -> Array:
    """The last quarter for ever: a random walk of logs, as wide as past quarterly changes."""
    spread = np.std(np.diff(np.log(counts)), ddof=1)
    steps = spread * np.random.default_rng(seed).standard_normal((quarters, draws))
    return counts[-1] * np.exp(np.cumsum(steps, axis=0))


def damped_trend(counts: Array, quarters: int, draws: int, seed: int) -> Array:
    """Exponential smoothing of logs with a trend that fades (Gardner & McKenzie 1985)."""
    from statsmodels.tsa.exponential_smoothing.ets import (
        ETSModel,
    )

    model = ETSModel(np.log(counts), error="add", trend="add", damped_trend=True)
    return _futures(_fitted(model, disp=False), quarters, draws, seed)


def arima(counts: Array, quarters: int, draws: int, seed: int) -> Array:
    """ARIMA(1, 1, 0) of logs: the last change carries on in part."""
    from statsmodels.tsa.arima.model import ARIMA

    fitted = _fitted(ARIMA(np.log(counts), order=(1, 1, 0)))
    return _futures(fitted, quarters, draws, seed)


RIVALS: Mapping[str, Callable[[Array, int, int, int], Array]] = {
    "no change": no_change,
    "damped trend": damped_trend,
    "ARIMA(1, 1, 0)": arima,
}


def _fitted(model: Any, **options: Any) -> Any:
    """A fitted model; what a short series makes its optimiser say is not the reader's concern."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(**options)


def _futures(fitted: Any, quarters: int, draws: int, seed: int) -> Array:
    rng = np.random.default_rng(seed)
    logs = fitted.simulate(quarters, anchor="end", repetitions=draws, rng=rng)
    return np.exp(np.asarray(logs).reshape(quarters, draws))
