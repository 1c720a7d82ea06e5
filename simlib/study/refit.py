"""A posterior by the library's own sampler, from one seed: for other records, terms, assumptions.

It is also the second method, which the shipped posterior has to agree with.
"""

from collections.abc import Callable, Mapping
from time import process_time
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from simlib import simulation
from simlib.inputs.arrays import Array
from simlib.inputs.observed import Observed
from simlib.inputs.parameters import Parameters
from simlib.inputs.posterior import Posterior
from simlib.study import build, likelihood, sampler
from simlib.study.pieces import Piece

Witness = Callable[[Mapping[str, Array], Mapping[str, Array]], Array]
"""Log likelihood (draws,) of the draws of all parameters and the flows of their history."""
NOTHING: Mapping[str, float] = MappingProxyType({})


class Effort(NamedTuple):
    """How hard the sampler works; the fast mode by default."""

    particles: int = 1000
    moves: int = 3


class Refit(NamedTuple):
    """A posterior of the fast mode."""

    posterior: Posterior
    sample: sampler.Sample
    """The particles that it is made of, in another order."""
    seconds: float
    """Processor time."""


def as_piece(found: Refit) -> Piece:
    """A refit as named arrays of numbers, to be stored."""
    return {
        "names": np.array(list(found.posterior.values)),
        "values": np.stack(list(found.posterior.values.values())),
        "residual": found.posterior.residual,
        "log_evidence": np.array(found.sample.log_evidence),
        "seconds": np.array(found.seconds),
    }


def from_piece(piece: Piece) -> Posterior:
    """The posterior that was stored."""
    values = dict(zip(piece["names"].tolist(), piece["values"], strict=True))
    return Posterior(values, piece["residual"], {})


def witness_of(observed: Observed, left_out: tuple[str, ...] = ()) -> Witness:
    """The likelihood of a record, without the terms left out."""
    terms = [term for name, term in likelihood.TERMS.items() if name not in left_out]

    def witness(p: Mapping[str, Array], flows: Mapping[str, Array]) -> Array:
        total = np.sum([term(p, flows, observed) for term in terms], axis=0)
        return np.where(np.isfinite(total), total, -np.inf)

    return witness


def refit(
    witness: Witness,
    parameters: Parameters,
    observed: Observed,
    effort: Effort,
    seed: int,
    held: Mapping[str, float] = NOTHING,
    deaths: Observed | None = None,
) -> Refit:
    """Posterior of every parameter that touches the past and is not held.

    Parameters
    ----------
    witness : what the record says
    observed : drives the history; its deaths end the record
    held : values by name; they may lie outside a parameter's range, to switch a mechanism off
    deaths : record whose last deaths the posterior's rows are to leave as their residual, where
        that is not `observed`
    """
    begun = process_time()
    names = tuple(name for name in build.informed(parameters) if name not in held)

    def draws(scores: Array) -> dict[str, Array]:
        pinned = {name: np.full(len(scores), value) for name, value in held.items()}
        return build.draws_from(scores, names, parameters) | pinned

    def of_scores(scores: Array) -> Array:
        p = draws(scores)
        return witness(p, simulation.history(p, observed).flows)

    def residual(scores: Array) -> Array:
        p = draws(scores)
        flows = simulation.history(p, observed).flows
        return likelihood.last_residual(p, flows, deaths or observed)

    rng = np.random.default_rng(seed)
    found = sampler.sample(
        lambda scores: build.in_batches(scores, of_scores),
        len(names),
        effort.particles,
        effort.moves,
        rng,
    )
    order = rng.permutation(effort.particles)
    p = draws(found.scores[order])
    last = build.in_batches(found.scores[order], residual)
    posterior = Posterior({name: p[name] for name in names}, last, {})
    seconds = process_time() - begun
    return Refit(posterior, found, seconds)
