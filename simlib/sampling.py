"""Draws of all uncertainties.

Each parameter has a generator of its own, seeded by its name, so adding a row moves no other
parameter's draws, and the first draws of a large sample are those of a small one. Parameters that
the record informs come jointly from the posterior, the rest from their prior; a reader's own
assumption overrides either.
"""

from collections.abc import Mapping
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from simlib.parameters import LEVER_GROUP, Parameters
from simlib.posterior import Posterior

Array = NDArray[np.float64]

QUARTERS = 4 * (2051 - 2013)
"""Quarters of model error drawn, whatever the horizon, so that a longer run keeps its past."""


def generator(name: str, seed: int) -> np.random.Generator:
    """Random generator that belongs to one name."""
    return np.random.default_rng([seed, crc32(name.encode())])


def draw(
    parameters: Parameters,
    draws: int,
    seed: int = 1,
    assumptions: Mapping[str, float] | None = None,
    posterior: Posterior | None = None,
) -> dict[str, Array]:
    """Draws of every parameter that is not a lever.

    Parameters
    ----------
    parameters : Parameters
    draws : number of draws
    seed : any whole number
    assumptions : values a reader has pinned, by name; already checked
    posterior : joint draws of calibrated parameters, or None for the prior alone

    Returns
    -------
    dict of name -> array, shape (draws,)
    """
    pinned = assumptions or {}
    joint = posterior.take(draws) if posterior else {}
    found = {}
    for name, parameter in parameters.items():
        if parameter.group == LEVER_GROUP:
            continue
        if name in pinned:
            found[name] = np.full(draws, float(pinned[name]))
        elif name in joint:
            found[name] = joint[name]
        else:
            found[name] = parameter.quantile(generator(name, seed).random(draws))
    return found


def model_error(
    sd: Array,
    correlation: Array,
    seed: int,
    residual: Array | None = None,
    residual_quarter: int = 0,
) -> Array:
    """Quarterly AR(1) model error on the log hazard, the same path under all policies.

    Parameters
    ----------
    sd, correlation : shape (draws,)
        Stationary spread [log] and correlation from quarter to quarter.
    residual : [log], shape (draws,)
        Last residual of the record: the path is conditioned to pass through it exactly.
    residual_quarter : its quarter, counted from the start of the history

    Returns
    -------
    array [log], shape (QUARTERS, draws)
    """
    noise = generator("model_error", seed).standard_normal((len(sd), QUARTERS)).T
    path = np.empty_like(noise)
    path[0] = sd * noise[0]
    fresh = sd * np.sqrt(1 - correlation**2)
    for quarter in range(1, QUARTERS):
        path[quarter] = correlation * path[quarter - 1] + fresh * noise[quarter]
    if residual is None:
        return path
    apart = np.abs(np.arange(QUARTERS) - residual_quarter)[:, None]
    return path + correlation**apart * (residual - path[residual_quarter])
