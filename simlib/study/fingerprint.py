"""What model a posterior or a study belongs to: see :mod:`simlib.fingerprint`."""

from functools import cache

import numpy as np

from simlib import simulation, world
from simlib.fingerprint import DRAWS, MOVED, hashed
from simlib.inputs import sampling
from simlib.inputs.observed import load_observed
from simlib.inputs.parameters import LEVER_GROUP, load_parameters
from simlib.inputs.policy import Policy
from simlib.study import likelihood


def _sample() -> sampling.Sample:
    """A few draws of the prior."""
    quarters = world.record_quarters(load_observed())
    return sampling.sample(load_parameters(), DRAWS, 0, record_quarters=quarters)


@cache
def past_fingerprint() -> str:
    """Hash of the likelihood by term for a few draws of the prior: what a posterior rests on."""
    p, observed = _sample().parameters, load_observed()
    flows = simulation.history(p, observed).flows
    return hashed(np.ravel([term(p, flows, observed) for term in likelihood.TERMS.values()]))


@cache
def model_fingerprint() -> str:
    """Hash of the past's and of deaths under each lever alone in the ten years after the record."""
    last = int(np.ceil(load_observed().record_end)) + simulation.PROJECTED_YEARS - 1
    levers = load_parameters().select(group=LEVER_GROUP)
    alone = [Policy.constant(name, {name: row.high * MOVED}) for name, row in levers.items()]
    ahead = simulation.project(alone, simulation.begin(_sample(), load_observed(), last))
    return hashed(ahead.projection["deaths_fentanyl"].sum(axis=0).ravel(), past_fingerprint())
