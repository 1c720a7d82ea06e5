"""Why deaths fell in 2023-24: the rival explanations, and the answers under each of them.

An explanation is named for the parameters that carry its effect in the past; the same parameters
drive its lever in the projection. Under one explanation those of its rivals are held at the low
end of their range, where they have no effect.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simlib.compare import Verdict, verdict
from simlib.errors import InputError, unknown
from simlib.parameters import Parameters
from simlib.results import Ensemble

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Explanation:
    """One account of the fall.

    Attributes
    ----------
    title : for readers
    carried_by : parameters that carry its effect; held low wherever it is switched off
    """

    title: str
    carried_by: tuple[str, ...] = ()


EXPLANATIONS: Mapping[str, Explanation] = {
    "supply_shock": Explanation("Supply shock", ("shock_depth",)),
    "port_scanning": Explanation("Port scanning"),
    "depletion": Explanation("Depletion of people at risk", ("frailty_variance",)),
    "naloxone_and_treatment": Explanation(
        "Naloxone and treatment",
        ("naloxone_growth_since_record", "treatment_growth_since_record"),
    ),
    "all_together": Explanation("All of them together"),
}
"""By name. Scanning needs no switch: its coverage is an input, and even at the top of their ranges
its parameters move the fall of 2022-24 by about one per cent. What is named for it has all its
rivals switched off."""
EVERYTHING = "all_together"


def held(explanation: str, parameters: Parameters) -> dict[str, float]:
    """Parameters that an explanation holds at the low end of their range, by name.

    Raises
    ------
    InputError
        When there is no such explanation.
    """
    if explanation not in EXPLANATIONS:
        raise InputError(f"explanation {unknown(explanation, EXPLANATIONS)}")
    if explanation == EVERYTHING:
        return {}
    rivals = (rival for name, rival in EXPLANATIONS.items() if name != explanation)
    return {name: parameters[name].low for rival in rivals for name in rival.carried_by}
