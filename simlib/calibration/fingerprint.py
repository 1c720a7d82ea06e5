"""What model a result belongs to: a hash of numbers it gives, not of its text.

Rewriting the code without changing what it computes leaves the fingerprint as it is; a changed
equation, parameter, record, likelihood or policy effect does not.
"""

from functools import cache
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from simlib import sampling, simulation, world
from simlib.calibration import likelihood
from simlib.calibration.forecast import record_quarters
from simlib.observed import load_observed
from simlib.parameters import LEVER_GROUP, load_parameters
from simlib.policy import Policy

Array = NDArray[np.float64]

DRAWS = 8
MOVED = 0.05
"""How far each lever is moved, over the end of its range."""
DIGITS = 4
"""Kept of each number: machines differ in the last ones, models in the first."""


@cache
def past_fingerprint() -> str:
    """Hash of the likelihood by term for a few draws of the prior: what a posterior rests on."""
    parameters, observed = load_parameters(), load_observed()
    sample = sampling.sample(parameters, DRAWS, 0, record_quarters=record_quarters(observed))
    past = simulation.history(sample.parameters, observed)
    terms = likelihood.TERMS.values()
    return _hash(np.ravel([term(sample.parameters, past.flows, observed) for term in terms]))


@cache
def model_fingerprint() -> str:
    """Hash of the past's and of deaths under each lever alone in the ten years after the record."""
    parameters, observed = load_parameters(), load_observed()
    end = world.record_end(observed)
    sample = sampling.sample(parameters, DRAWS, 0, record_quarters=record_quarters(observed))
    last = int(np.ceil(end)) + simulation.PROJECTED_YEARS - 1
    levers = parameters.select(group=LEVER_GROUP)
    alone = [Policy.constant(name, {name: row.high * MOVED}) for name, row in levers.items()]
    ahead = simulation.project(alone, simulation.begin(sample, observed, last))
    deaths = ahead.projection["deaths_fentanyl"].sum(axis=0)
    return _hash(deaths.ravel(), past_fingerprint())


def _hash(numbers: Array, before: str = "") -> str:
    text = " ".join([before, *(f"{each:.{DIGITS}g}" for each in numbers)])
    return sha256(text.encode()).hexdigest()[:16]
