"""Tempered sequential Monte Carlo in the space of standard normal scores.

Every prior is a standard normal in ``z = Phi^-1(F(x))``, so the target at temperature beta is
``N(z; 0, I) L(z)^beta``. Particles are reweighted to the next temperature, resampled, and moved by
autoregressive proposals that are reversible for a normal fitted to the particles (generalised
preconditioned Crank-Nicolson: Rudolf & Sprungk 2018), which keeps working in many dimensions:
the record speaks about few directions only, and along the others a proposal may be all new.
The likelihood is called with all particles at once.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import logsumexp

from simlib.inputs.arrays import Array

LogLikelihood = Callable[[Array], Array]

ESS_SHARE = 0.6
"""Effective share of particles kept at each change of temperature."""
ACCEPTANCE = 0.25
INFLATION = 1.5
"""Variance of the fitted normal over the particles', so that no direction can die out."""
LEAST_VARIANCE = 1e-4
"""Variance of a proposal where the particles have none, all being copies of a few."""
JITTER = 0.5
"""Spread of the log width from particle to particle: some moves are bold, some careful."""
WIDTHS = (0.01, 0.99)


class Sample(NamedTuple):
    """Particles at temperature one."""

    scores: Array
    """Standard normal scores, shape (particles, dimensions)."""
    log_likelihood: Array
    temperatures: tuple[float, ...]
    acceptance: tuple[float, ...]
    """Mean acceptance of the moves at each temperature."""
    log_evidence: float
    evaluations: int


def sample(
    log_likelihood: LogLikelihood,
    dimensions: int,
    particles: int,
    moves: int,
    rng: np.random.Generator,
) -> Sample:
    """Draw from prior times likelihood.

    Parameters
    ----------
    log_likelihood : scores of shape (particles, dimensions) -> log likelihood (particles,)
    moves : passes of proposals at each temperature; the last temperature has three times as many

    Raises
    ------
    RuntimeError
        When no particle is possible at all.
    """
    scores = rng.standard_normal((particles, dimensions))
    found = log_likelihood(scores)
    if not np.any(np.isfinite(found)):
        raise RuntimeError("no draw of the prior has a finite likelihood")
    temperatures, acceptance, evidence, evaluations, width = [0.0], [], 0.0, particles, 0.3
    while temperatures[-1] < 1:
        step = _next_step(found, 1 - temperatures[-1])
        weights = step * found
        evidence += logsumexp(weights) - np.log(particles)
        chosen = _systematic(weights, rng)
        scores, found = scores[chosen], found[chosen]
        beta = temperatures[-1] + step
        beta = 1.0 if beta > 1 - 1e-9 else beta
        passes = 3 * moves if beta == 1 else moves
        accepted = []
        for _ in range(passes):
            scores, found, share = _move(scores, found, beta, width, log_likelihood, rng)
            width = float(np.clip(width * np.exp(share - ACCEPTANCE), *WIDTHS))
            accepted.append(share)
        evaluations += passes * particles
        temperatures.append(beta)
        acceptance.append(float(np.mean(accepted)))
    return Sample(
        scores, found, tuple(temperatures), tuple(acceptance), float(evidence), evaluations
    )


def _next_step(found: Array, room: float) -> float:
    """Rise of temperature that keeps the wanted effective share of what is possible."""
    possible = found[np.isfinite(found)]

    def excess(step: float) -> float:
        logs = step * possible
        ess = np.exp(2 * logsumexp(logs) - logsumexp(2 * logs))
        return float(ess / len(possible) - ESS_SHARE)

    if excess(room) >= 0:
        return room
    return float(brentq(excess, 1e-12, room, xtol=1e-12))


def _systematic(log_weights: Array, rng: np.random.Generator) -> NDArray[np.int64]:
    """Systematic resampling: indices of particles, as many as there are."""
    weights = np.exp(log_weights - logsumexp(log_weights))
    places = (rng.random() + np.arange(len(weights))) / len(weights)
    chosen = np.searchsorted(np.cumsum(weights), places)
    return np.minimum(chosen, len(weights) - 1)


def fitted_normal(scores: Array, weights: Array | None = None) -> tuple[Array, Array]:
    """Normal near the particles: mean and a root of the covariance, for proposals.

    Along directions whose spread cannot be told from the prior's by so few particles (the noise
    edge of Marchenko & Pastur 1967) it is the prior itself.

    Parameters
    ----------
    scores : shape (particles, dimensions)
    weights : of the particles, shape (particles,); None when all weigh the same
    """
    variances, directions = np.linalg.eigh(np.cov(scores.T, aweights=weights))
    edge = max(1 - np.sqrt(scores.shape[1] / len(scores)), 0.0) ** 2
    told = (variances < edge) & (edge > 0)  # rounding makes a variance of nothing negative
    spread = np.sqrt(np.clip(INFLATION * variances[told], LEAST_VARIANCE, 1))
    seen = directions[:, told]  # the others are any that rounding happens to choose
    centre = seen @ (seen.T @ np.average(scores, axis=0, weights=weights))
    return centre, np.eye(len(seen)) + (seen * (spread - 1)) @ seen.T


def _move(
    scores: Array,
    found: Array,
    beta: float,
    width: float,
    log_likelihood: LogLikelihood,
    rng: np.random.Generator,
) -> tuple[Array, Array, float]:
    """One proposal for every particle; returns the particles and the share accepted."""
    centre, root = fitted_normal(scores)
    unroot = np.linalg.inv(root)
    jitter = np.exp(JITTER * rng.standard_normal((len(scores), 1)))
    fresh = np.clip(width * jitter, *WIDTHS)
    noise = rng.standard_normal(scores.shape) @ root.T
    proposed = centre + np.sqrt(1 - fresh**2) * (scores - centre) + fresh * noise
    proposed_found = log_likelihood(proposed)

    def against_reference(z: Array) -> Array:
        white = (z - centre) @ unroot.T
        return 0.5 * (white**2).sum(axis=1) - 0.5 * (z**2).sum(axis=1)

    ratio = beta * (proposed_found - found)
    ratio += against_reference(proposed) - against_reference(scores)
    accept = np.log(rng.random(len(scores))) < ratio
    kept = accept[:, None]
    return (
        np.where(kept, proposed, scores),
        np.where(accept, proposed_found, found),
        float(accept.mean()),
    )
