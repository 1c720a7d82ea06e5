"""From normal scores to draws and from draws to a posterior: what all calibrations share."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from simlib import simulation, world
from simlib.inputs.arrays import Array
from simlib.inputs.observed import RECORD, Observed, month_name
from simlib.inputs.parameters import LEVER_GROUP, Parameters
from simlib.inputs.posterior import Posterior
from simlib.study import likelihood

SEED = 2026
BATCH = 2000
"""Draws simulated at once: the fastest on two cores, and bounded in memory."""


def informed(parameters: Parameters) -> tuple[str, ...]:
    """Names of the parameters that the record can speak to: all that touch the simulated past."""
    return tuple(
        name
        for name, row in parameters.items()
        if row.scope == "history" and row.distribution != "fixed"
    )


def draws_from(
    scores: Array,
    names: tuple[str, ...],
    parameters: Parameters,
    held: Mapping[str, float] = MappingProxyType({}),
) -> dict[str, Array]:
    """Draws of all parameters from normal scores of some.

    The others are held at the values given, or else at their central value.
    """
    shares = ndtr(scores)
    found = {
        name: np.full(len(scores), held.get(name, row.value))
        for name, row in parameters.items()
        if row.group != LEVER_GROUP
    }
    return found | {name: parameters[name].quantile(shares[:, i]) for i, name in enumerate(names)}


def in_batches(scores: NDArray[Any], of: Callable[[NDArray[Any]], Array]) -> Array:
    """Apply a function of scores to batches of rows and join the results along the last axis."""
    starts = range(0, len(scores), BATCH)
    return np.concatenate([of(scores[i : i + BATCH]) for i in starts], axis=-1)


def posterior_of(
    p: Mapping[str, Array],
    names: tuple[str, ...],
    observed: Observed,
    about: Mapping[str, Any],
    explanation: NDArray[np.str_] | None = None,
) -> Posterior:
    """Posterior that has the draws as rows, each with its residual at the end of the record."""
    rows = np.arange(len(p[names[0]]))

    def last_residual(chosen: NDArray[np.int64]) -> Array:
        some = {name: column[chosen] for name, column in p.items()}
        return likelihood.last_residual(some, simulation.history(some, observed).flows, observed)

    residual = in_batches(rows, last_residual)
    return Posterior({name: p[name] for name in names}, residual, about, explanation)


def vintage(observed: Observed) -> str:
    """Where the record of deaths ends, and of which release it is."""
    months = round(world.record_end(observed) * 12)
    return f"deaths to {month_name(months - 1)}, {observed[RECORD].vintage[-1]}"
