"""Sequential Monte Carlo along the record, with the moves and the resampling of blackjax.

Particles start from the prior (standard normal scores) and take in the record piece by piece, in
the order of time. A piece that tells much is taken in at rising temperatures. Between pieces the
particles are resampled and moved by `blackjax.smc.from_mcmc` with a Metropolis-Hastings kernel of
blackjax; its proposal is autoregressive around a normal fitted to the particles, which keeps
moving in many dimensions where a random walk does not. All particles are evaluated at once.

The mean likelihood of each piece before it is taken in is its predictive density given all
earlier ones: the forecasts come from the same run as the posterior.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from blackjax.mcmc import random_walk
from blackjax.smc import extend_params, from_mcmc, resampling
from blackjax.smc.base import SMCState
from scipy.optimize import brentq
from scipy.special import logsumexp

from simlib.inputs.arrays import Array
from simlib.study.sampler import ACCEPTANCE, ESS_SHARE, JITTER, WIDTHS, fitted_normal

LogLikelihoods = Callable[[Array], Array]

WIDTH = 0.5
"""First share of fresh noise in a proposal."""
GAIN = 2.0
"""How strongly the width answers to acceptance above or below the wanted one."""
IMPOSSIBLE = -1e10
"""Log likelihood that stands for none at all: finite, so that nothing times it is nothing."""
LEAST_STEP = 1e-6
LAST_ROUNDS = 3
"""Rounds of moves that the finished posterior gets."""


class Sample(NamedTuple):
    """Particles of the posterior, all of the same weight."""

    scores: Array
    """Standard normal scores, shape (particles, dimensions)."""
    log_predictive: Array
    """Log density of each piece given all earlier ones, shape (pieces,)."""
    acceptance: tuple[float, ...]
    """Mean acceptance of each round of moves."""
    evaluations: int

    @property
    def log_evidence(self) -> float:
        """Log density of the whole record."""
        return float(self.log_predictive.sum())


def sample(
    log_likelihoods: LogLikelihoods,
    dimensions: int,
    particles: int,
    moves: int,
    seed: int,
) -> Sample:
    """Draw from prior times likelihood.

    Parameters
    ----------
    log_likelihoods : scores (particles, dimensions) -> log likelihood (pieces, particles)
    moves : proposals between two changes of the target; the finished posterior gets
        `LAST_ROUNDS` times as many

    Raises
    ------
    RuntimeError
        When no particle is possible at all.
    """
    scores = np.random.default_rng(seed).standard_normal((particles, dimensions))
    mover = _Mover(log_likelihoods, seed)
    found = mover.evaluate(scores)
    if not np.any(found.min(axis=0) > IMPOSSIBLE):
        raise RuntimeError("no draw of the prior has a finite likelihood")
    raised, predictive = np.zeros(len(found)), np.zeros(len(found))
    weights = np.full(particles, -np.log(particles))
    for piece in range(len(found)):
        while raised[piece] < 1:
            step = _next_step(weights, found[piece], 1 - raised[piece])
            weights = weights + step * found[piece]
            predictive[piece] += logsumexp(weights)
            weights -= logsumexp(weights)
            raised[piece] += step
            if raised[piece] < 1:  # else the next piece may be so light that no move is needed
                scores, found = mover.move(scores, weights, raised, moves)
                weights = np.full(particles, -np.log(particles))
    for _ in range(LAST_ROUNDS):
        scores, found = mover.move(scores, weights, raised, moves)
        weights = np.full(particles, -np.log(particles))
    return Sample(scores, predictive, tuple(mover.acceptance), mover.evaluations)


def _next_step(weights: Array, found: Array, room: float) -> float:
    """Rise of temperature that keeps the wanted effective share of what is possible."""
    possible = found > IMPOSSIBLE
    weights, found = weights[possible], found[possible]

    def excess(step: float) -> float:
        logs = weights + step * found
        ess = np.exp(2 * logsumexp(logs) - logsumexp(2 * logs))
        return float(ess / len(found) - ESS_SHARE)

    if excess(room) >= 0:
        return room
    return float(brentq(excess, 0.0, room)) if excess(0.0) > 0 else LEAST_STEP


class _Mover:
    """Resamples and moves particles; holds what the moves have learnt and counted.

    Parameters
    ----------
    log_likelihoods : see `sample`
    seed : of the moves
    """

    def __init__(self, log_likelihoods: LogLikelihoods, seed: int) -> None:
        jax.config.update("jax_enable_x64", True)
        self._log_likelihoods = log_likelihoods
        self._key = jax.random.key(seed)
        self._kernel = from_mcmc.build_kernel(_step, random_walk.init, resampling.systematic)
        self._width = WIDTH
        self.acceptance: list[float] = []
        self.evaluations = 0

    def evaluate(self, scores: Array) -> Array:
        """Log likelihood by piece, shape (pieces, ..., particles); never infinite."""
        flat = np.asarray(scores).reshape(-1, scores.shape[-1])
        found = self._log_likelihoods(flat)
        self.evaluations += len(flat)
        return np.where(np.isfinite(found), np.maximum(found, IMPOSSIBLE), IMPOSSIBLE)

    def move(self, scores: Array, weights: Array, raised: Array, moves: int) -> tuple[Array, Array]:
        """Resample by log weights and move at given temperatures; scores and what they give."""
        centre, root = fitted_normal(scores, np.exp(weights))
        learnt: dict[str, Any] = {"centre": centre, "root": root, "unroot": np.linalg.inv(root)}
        learnt["width"] = self._width
        self._key, key = jax.random.split(self._key)
        moved, accepted = self._advance(
            key, scores, np.exp(weights), raised, extend_params(learnt), moves
        )
        self.acceptance.append(float(accepted))
        factor = np.exp(GAIN * (self.acceptance[-1] - ACCEPTANCE))
        self._width = float(np.clip(self._width * factor, *WIDTHS))
        found = np.asarray(moved)
        return found, self.evaluate(found)

    @partial(jax.jit, static_argnums=(0, 6))
    def _advance(
        self, key: Any, scores: Any, weights: Any, raised: Any, learnt: Any, moves: int
    ) -> tuple[Any, Any]:
        def each(z: Any) -> Any:
            found = jax.ShapeDtypeStruct(raised.shape, z.dtype)
            return jax.pure_callback(self._batch, found, z, vmap_method="broadcast_all")

        state, info = self._kernel(
            key,
            SMCState(scores, weights, {}),
            moves,
            learnt,
            lambda z: raised @ each(z) - 0.5 * z @ z,
            lambda z: jnp.zeros(()),
        )
        return state.particles, info.update_info.acceptance_rate.mean()

    def _batch(self, scores: Any) -> Array:
        """All particles at once, pieces last: what the callback of a vectorised function wants."""
        found = self.evaluate(np.asarray(scores))
        return np.moveaxis(found, 0, -1).reshape(*scores.shape[:-1], len(found))


def _step(
    key: Any, state: Any, log_target: Any, centre: Any, root: Any, unroot: Any, width: Any
) -> Any:
    """One Metropolis-Hastings move that would leave the fitted normal as it is.

    ``z' = m + sqrt(1 - w^2) (z - m) + w L noise`` (generalised preconditioned Crank-Nicolson,
    Rudolf & Sprungk 2018), with a width w of its own for each move.
    """
    key, jitter = jax.random.split(key)
    fresh = jnp.clip(width * jnp.exp(JITTER * jax.random.normal(jitter)), *WIDTHS)
    kept = jnp.sqrt(1 - fresh**2)

    def propose(key: Any, z: Any) -> Any:
        return centre + kept * (z - centre) + fresh * (root @ jax.random.normal(key, z.shape))

    def log_proposal(old: Any, new: Any) -> Any:
        white = unroot @ (new.position - centre - kept * (old.position - centre)) / fresh
        return -0.5 * white @ white

    return random_walk.build_rmh()(key, state, log_target, propose, log_proposal)
