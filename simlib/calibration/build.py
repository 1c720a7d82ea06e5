"""From the record to the shipped posterior: one function, one seed, one file."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from simlib import simulation, world
from simlib.calibration import likelihood, sampler
from simlib.observed import RECORD, Observed
from simlib.parameters import LEVER_GROUP, Parameters
from simlib.posterior import Posterior
from simlib.version import __version__

Array = NDArray[np.float64]

PARTICLES = 3000
MOVES = 12
SEED = 2026
SHIPPED_ROWS = 2000
BATCH = 2000
"""Draws simulated at once: the fastest on two cores, and bounded in memory."""


def informed(parameters: Parameters) -> tuple[str, ...]:
    """Names of the parameters that the record can speak to: all that touch the simulated past."""
    return tuple(
        name
        for name, row in parameters.items()
        if row.scope == "history" and row.distribution != "fixed"
    )


def draws_from(scores: Array, names: tuple[str, ...], parameters: Parameters) -> dict[str, Array]:
    """Draws of all parameters from normal scores of some; the others at their central value."""
    shares = ndtr(scores)
    found = {
        name: np.full(len(scores), row.value)
        for name, row in parameters.items()
        if row.group != LEVER_GROUP
    }
    return found | {name: parameters[name].quantile(shares[:, i]) for i, name in enumerate(names)}


def in_batches(scores: Array, of: Callable[[Array], Array]) -> Array:
    """Apply a function of scores to batches of rows and join the results along the last axis."""
    starts = range(0, len(scores), BATCH)
    return np.concatenate([of(scores[i : i + BATCH]) for i in starts], axis=-1)


def calibrate(
    parameters: Parameters,
    observed: Observed,
    particles: int = PARTICLES,
    moves: int = MOVES,
    seed: int = SEED,
    progress: Callable[[float], None] = lambda temperature: None,
) -> tuple[Posterior, sampler.Sample]:
    """Joint posterior of every parameter that touches the simulated past.

    Parameters
    ----------
    particles, moves, seed : see `sampler.sample`
    progress : called with the temperature reached, 0 to 1

    Returns
    -------
    posterior : as many rows as particles
    sample : the sampler's own record
    """
    names = informed(parameters)

    def log_likelihood(scores: Array) -> Array:
        p = draws_from(scores, names, parameters)
        past = simulation.history(p, observed)
        return likelihood.log_likelihood(p, past.flows, observed)

    def last_residual(scores: Array) -> Array:
        p = draws_from(scores, names, parameters)
        past = simulation.history(p, observed)
        return likelihood.last_residual(p, past.flows, observed)

    rng = np.random.default_rng(seed)
    found = sampler.sample(
        lambda scores: in_batches(scores, log_likelihood),
        len(names),
        particles,
        moves,
        rng,
        progress,
    )
    scores = found.scores[rng.permutation(particles)]
    p = draws_from(scores, names, parameters)
    residual = in_batches(scores, last_residual)
    about = _about(found, observed, particles, moves, seed)
    return Posterior({name: p[name] for name in names}, residual, about), found


def _about(
    found: sampler.Sample, observed: Observed, particles: int, moves: int, seed: int
) -> Mapping[str, Any]:
    return {
        "data_vintage": f"deaths to {_end(observed)}, {observed[RECORD].vintage[-1]}",
        "model_version": __version__,
        "seed": seed,
        "particles": particles,
        "moves": moves,
        "evaluations": found.evaluations,
        "temperatures": len(found.temperatures) - 1,
        "acceptance_last": round(found.acceptance[-1], 3),
        "distinct_particles": len(np.unique(found.log_likelihood)),
        "log_evidence": round(found.log_evidence, 2),
    }


def _end(observed: Observed) -> str:
    months = round(world.record_end(observed) * 12)
    return f"{(months - 1) // 12}-{(months - 1) % 12 + 1:02}"
