"""Whether two copies of simlib give the same numbers: a hash of numbers, never of text.

Rewriting the code without changing what it computes leaves the hash as it is; a changed equation,
parameter, record, policy, posterior or way to count does not.
"""

from functools import cache
from hashlib import sha256

import numpy as np
from numpy.typing import ArrayLike

from simlib.analysis.ledger import ledger
from simlib.inputs.parameters import LEVER_GROUP, load_parameters
from simlib.inputs.policy import Policy, load_policy, policy_names
from simlib.inputs.posterior import shipped_posterior
from simlib.simulation import simulate

DRAWS = 8
MOVED = 0.05
"""How far each lever is moved, over the end of its range."""
DIGITS = 4
"""Kept of each number: machines differ in the last ones, models in the first."""


@cache
def results_fingerprint() -> str:
    """Hash of the ledger under each shipped policy and each lever alone, and of the posterior."""
    levers = load_parameters().select(group=LEVER_GROUP)
    alone = [Policy.constant(name, {name: row.high * MOVED}) for name, row in levers.items()]
    shipped = [load_policy(name) for name in policy_names() if name != "status_quo"]
    counted = ledger(simulate([None, *shipped, *alone], draws=DRAWS))
    calibrated = [column.mean() for column in shipped_posterior().values.values()]
    return hashed([*counted.select_dtypes("number").to_numpy().ravel(), *calibrated])


def hashed(numbers: ArrayLike, before: str = "") -> str:
    """Hash of the first digits of numbers, 16 of its own.

    Parameters
    ----------
    before : text that they are appended to, such as another hash
    """
    text = " ".join([before, *(f"{each:.{DIGITS}g}" for each in np.ravel(numbers))])
    return sha256(text.encode()).hexdigest()[:16]
