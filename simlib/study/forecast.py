"""Forecasts from any posterior and record, and rivals that know nothing of drugs.

The model's are made by the loop that makes the shipped projections. A rival, which a model must
beat, takes the counts up to the origin and returns simulated futures, shape (quarters, draws).
"""

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from simlib import simulation, world
from simlib.inputs import sampling
from simlib.inputs.arrays import Array
from simlib.inputs.observed import Observed
from simlib.inputs.parameters import Parameters
from simlib.inputs.policy import STATUS_QUO, Policy
from simlib.inputs.posterior import Posterior
from simlib.results import Ensemble
from simlib.study.refit import NOTHING

NO_DRIFT = {"forecast_drift_sd": 0.0}
"""Without the drift beyond the record, which no posterior knows of."""


def forecast(
    posterior: Posterior,
    parameters: Parameters,
    observed: Observed,
    seed: int,
    last: int,
    held: Mapping[str, float] = NOTHING,
    policies: Sequence[Policy] = (STATUS_QUO,),
) -> Ensemble:
    """History and projection of every row of a posterior, with model error.

    Parameters
    ----------
    last : last calendar year of the projection
    held : values by name that override posterior and prior, even outside a parameter's range
    """
    sample = sampling.sample(
        parameters,
        len(posterior.residual),
        seed,
        held,
        posterior,
        record_quarters=world.record_quarters(observed),
    )
    return simulation.project(policies, simulation.begin(sample, observed, last))


def quarterly_deaths(ensemble: Ensemble) -> Array:
    """Projected deaths by quarter under the first policy, shape (quarters, draws)."""
    deaths = ensemble.projection["deaths_fentanyl"][:, 0]
    return deaths.reshape(-1, simulation.STEPS_PER_YEAR // 4, deaths.shape[-1]).sum(axis=1)


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
