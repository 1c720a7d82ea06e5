"""simlib: supply of illicit fentanyl, enforcement, funding and US overdose deaths.

Three calls are enough for a notebook::

    base = simlib.simulate()
    cut = simlib.simulate(policy="border_surge")
    simlib.compare(base, cut)
"""

from simlib.compare import compare, verdict
from simlib.errors import InputError
from simlib.inputs.observed import load_observed
from simlib.inputs.parameters import load_parameters
from simlib.inputs.policy import Policy, load_policy, policy_names, read_policy
from simlib.results import OUTCOMES, Ensemble
from simlib.simulation import simulate
from simlib.strategies import Strategy, TotalNotKept, equal_money
from simlib.version import __version__

__all__ = [
    "OUTCOMES",
    "Ensemble",
    "InputError",
    "Policy",
    "Strategy",
    "TotalNotKept",
    "__version__",
    "compare",
    "equal_money",
    "load_observed",
    "load_parameters",
    "load_policy",
    "policy_names",
    "read_policy",
    "simulate",
    "verdict",
]
