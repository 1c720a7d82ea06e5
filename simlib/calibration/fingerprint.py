"""What model a result belongs to: a hash of numbers it gives, not of its text.

Rewriting the code without changing what it computes leaves the fingerprint as it is; a changed
equation, parameter, record, likelihood or policy effect does not.
"""

from functools import cache
from hashlib import sha256

import numpy as np

from simlib import sampling, simulation, world
from simlib.calibration import likelihood
from simlib.observed import load_observed
from simlib.parameters import LEVER_GROUP, load_parameters
from simlib.policy import Policy

DRAWS = 8
MOVED = 0.05
"""How far each lever is moved, over the end of its range."""
DIGITS = 4
"""Kept of each number: machines differ in the last ones, models in the first."""


@cache
def model_fingerprint() -> str:
    """Hash of the likelihood, by term, and of deaths under each lever alone, 16 digits.

    For a few draws of the prior; deaths are those of the ten years after the record.
    """
    parameters, observed = load_parameters(), load_observed()
    end = world.record_end(observed)
    quarters = round((end - world.HISTORY_START) * 4)
    sample = sampling.sample(parameters, DRAWS, 0, record_quarters=quarters)
    past = simulation.history(sample.parameters, observed)
    told = [term(sample.parameters, past.flows, observed) for term in likelihood.TERMS.values()]
    last = int(np.ceil(end)) + simulation.PROJECTED_YEARS - 1
    levers = parameters.select(group=LEVER_GROUP)
    alone = [Policy.constant(name, {name: row.high * MOVED}) for name, row in levers.items()]
    ahead = simulation.project(alone, sample, observed, last)
    deaths = ahead.projection["deaths_fentanyl"].sum(axis=0)
    numbers = np.concatenate([np.ravel(told), np.ravel(deaths)])
    return sha256(" ".join(f"{each:.{DIGITS}g}" for each in numbers).encode()).hexdigest()[:16]
