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


@cache
def past_fingerprint() -> str:
    """Hash of the likelihood by term for a few draws of the prior: what a posterior rests on."""
    parameters, observed = load_parameters(), load_observed()
    sample = sampling.sample(parameters, DRAWS, 0, record_quarters=world.record_quarters(observed))
    past = simulation.history(sample.parameters, observed)
    terms = likelihood.TERMS.values()
    return hashed(np.ravel([term(sample.parameters, past.flows, observed) for term in terms]))


@cache
def model_fingerprint() -> str:
    """Hash of the past's and of deaths under each lever alone in the ten years after the record."""
    parameters, observed = load_parameters(), load_observed()
    end = world.record_end(observed)
    sample = sampling.sample(parameters, DRAWS, 0, record_quarters=world.record_quarters(observed))
    last = int(np.ceil(end)) + simulation.PROJECTED_YEARS - 1
    levers = parameters.select(group=LEVER_GROUP)
    alone = [Policy.constant(name, {name: row.high * MOVED}) for name, row in levers.items()]
    ahead = simulation.project(alone, simulation.begin(sample, observed, last))
    deaths = ahead.projection["deaths_fentanyl"].sum(axis=0)
    return hashed(deaths.ravel(), past_fingerprint())
