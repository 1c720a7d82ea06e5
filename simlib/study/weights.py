"""Weights of rival explanations from how well each forecast what came next.

Stacking (Yao et al. 2018) finds the mixture whose forecasts would have been best. One episode
cannot tell much, so the weights are drawn half-way to equal.
"""

import numpy as np
from scipy.special import logsumexp

from simlib.inputs.arrays import Array

TOWARD_EQUAL = 0.5
ROUNDS = 500
"""Rounds of expectation-maximisation; each raises the score."""
RESAMPLES = 500


def stacking(log_density: Array) -> Array:
    """Weights that maximise the mean log density of the mixture.

    Parameters
    ----------
    log_density : of each quarter's outcome, shape (..., explanations, quarters)

    Returns
    -------
    array, shape (..., explanations)
        Sums to 1.
    """
    density = np.exp(log_density - log_density.max(axis=-2, keepdims=True))
    weights = np.full(density.shape[:-1], 1 / density.shape[-2])
    for _ in range(ROUNDS):
        mixed = np.einsum("...k,...kt->...t", weights, density)
        weights = weights * (density / mixed[..., None, :]).mean(axis=-1)
    return weights


def shrunk(weights: Array) -> Array:
    """Weights drawn half-way to equal, shape (..., explanations)."""
    return (1 - TOWARD_EQUAL) * weights + TOWARD_EQUAL / weights.shape[-1]


def over_runs(log_density: Array) -> Array:
    """Log of the mean density over runs, shape (explanations, runs, quarters) -> without runs."""
    return logsumexp(log_density, axis=1) - np.log(log_density.shape[1])


def stacking_error(log_density: Array, rng: np.random.Generator) -> Array:
    """Standard error of the stacking weights: quarters drawn again, and one run of each drawn.

    Parameters
    ----------
    log_density : shape (explanations, runs, quarters)

    Returns
    -------
    array, shape (explanations,)
    """
    names, runs, quarters = log_density.shape
    run = rng.integers(runs, size=(RESAMPLES, names, 1))
    quarter = rng.integers(quarters, size=(RESAMPLES, 1, quarters))
    drawn = log_density[np.arange(names)[None, :, None], run, quarter]
    return stacking(drawn).std(axis=0)


def behind_best(log_density: Array) -> tuple[Array, Array]:
    """Total log density of each behind the best, and the standard error of that difference.

    Parameters
    ----------
    log_density : shape (explanations, quarters)
    """
    best = log_density[np.argmax(log_density.sum(axis=1))]
    apart = log_density - best
    return apart.sum(axis=1), np.sqrt(apart.shape[1]) * apart.std(axis=1, ddof=1)
