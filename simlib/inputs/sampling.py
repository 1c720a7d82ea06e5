"""Draws of all uncertainties.

Each parameter has a generator of its own, seeded by its name, so adding a row moves no other
parameter's draws. Draws form one unending sample: the first of a large sample are those of a small
one, and any block of it can be drawn alone. Parameters that the record informs come jointly from
the posterior, the rest from their prior; a reader's own assumption overrides either.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import NamedTuple
from zlib import crc32

import numpy as np
from scipy.special import ndtri

from simlib.inputs.arrays import Array
from simlib.inputs.parameters import LEVER_GROUP, Parameters
from simlib.inputs.posterior import Posterior

QUARTERS_A_YEAR = 4
QUARTERS = QUARTERS_A_YEAR * (2051 - 2013)
"""Quarters of model error drawn, whatever the horizon, so that a longer run keeps its past."""


class Sample(NamedTuple):
    """All that is uncertain about a set of draws."""

    parameters: Mapping[str, Array]
    """By name, shape (draws,)."""
    error: Array
    """[log], quarterly model error on the hazard, shape (QUARTERS, draws)."""


def sample(
    parameters: Parameters,
    draws: int,
    seed: int = 1,
    assumptions: Mapping[str, float] | None = None,
    posterior: Posterior | None = None,
    *,
    first: int = 0,
    record_quarters: int,
) -> Sample:
    """Draws `first` to `first + draws` of parameters and of model error.

    Beyond the record the error is that of the record plus a drift, because forecasts go astray
    further than a fit does.

    Parameters
    ----------
    record_quarters : quarters of the death record; where a posterior is given, the model error of
        its last quarter is the draw's last residual
    others : see `draw`
    """

    def shares(name: str) -> Array:
        return _uniform(name, seed, draws * QUARTERS, first * QUARTERS).reshape(draws, QUARTERS).T

    p = draw(parameters, draws, seed, assumptions, posterior, first)
    residual = posterior.take_residual(draws, first) if posterior else None
    sd, correlation = p["model_error_sd"], p["model_error_correlation"]
    error = model_error(sd, correlation, shares("model_error"), residual, record_quarters - 1)
    drift = forecast_drift(p["forecast_drift_sd"], shares("forecast_drift")[record_quarters:])
    error[record_quarters:] += drift
    return Sample(p, error)


def _uniform(name: str, seed: int, count: int, first: int) -> Array:
    """Uniform numbers `first` to `first + count` of the generator that belongs to one name."""
    bits = np.random.PCG64([seed, crc32(name.encode())])
    return np.random.Generator(bits.advance(first)).random(count)


def draw(
    parameters: Parameters,
    draws: int,
    seed: int = 1,
    assumptions: Mapping[str, float] | None = None,
    posterior: Posterior | None = None,
    first: int = 0,
) -> dict[str, Array]:
    """Draws of every parameter that is not a lever.

    Parameters
    ----------
    parameters : Parameters
    draws : number of draws
    seed : any whole number
    assumptions : values a reader has pinned, by name; already checked
    posterior : joint draws of calibrated parameters, or None for the prior alone
    first : draws to leave out at the start of the sample

    Returns
    -------
    dict of name -> array, shape (draws,)
    """
    pinned = assumptions or {}
    joint = posterior.take(draws, first) if posterior else {}
    found = {}
    for name, parameter in parameters.items():
        if parameter.group == LEVER_GROUP:
            continue
        if name in pinned:
            found[name] = np.full(draws, float(pinned[name]))
        elif name in joint:
            found[name] = joint[name]
        else:
            found[name] = parameter.quantile(_uniform(name, seed, draws, first))
    return found


def model_error(
    sd: Array,
    correlation: Array,
    shares: Array,
    residual: Array | None = None,
    residual_quarter: int = 0,
) -> Array:
    """Quarterly AR(1) model error on the log hazard, the same path under all policies.

    Parameters
    ----------
    sd, correlation : shape (draws,)
        Stationary spread [log] and correlation from quarter to quarter.
    shares : uniform numbers that the error is made of, shape (quarters, draws)
    residual : [log], shape (draws,)
        Last residual of the record: the path is conditioned to pass through it exactly.
    residual_quarter : its quarter, counted from the start of the history

    Returns
    -------
    array [log], shape (quarters, draws)
    """
    path = ndtri(np.maximum(shares, np.finfo(float).tiny))
    fresh = np.sqrt(1 - correlation**2)
    for before, now in pairwise(path):
        now *= fresh
        now += correlation * before
    path *= sd
    if residual is None:
        return path
    apart = np.abs(np.arange(len(path)) - residual_quarter)[:, None]
    return path + correlation**apart * (residual - path[residual_quarter])


def forecast_drift(sd: Array, shares: Array) -> Array:
    """Random walk of the log hazard by quarter beyond the record, the same under all policies.

    Parameters
    ----------
    sd : [log per square root of a year], shape (draws,)
    shares : uniform numbers that the walk is made of, shape (quarters, draws)

    Returns
    -------
    array [log], shape (quarters, draws)
    """
    steps = ndtri(np.maximum(shares, np.finfo(float).tiny))
    return np.cumsum(steps, axis=0) * sd / np.sqrt(QUARTERS_A_YEAR)
