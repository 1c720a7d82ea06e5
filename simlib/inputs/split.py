"""A sum of money in parts that add up to it."""

import math
from collections.abc import Mapping
from fractions import Fraction

from simlib.errors import Faults, InputError, is_finite, plain, shown


def allocate(total_musd: float, weights: Mapping[str, float]) -> dict[str, float]:
    """Split a sum in whole dollars so that the parts add up to it exactly (largest remainder).

    Parameters
    ----------
    total_musd : float [million USD], rounded to a dollar; negative for cuts
    weights : mapping of str to float, none below 0 and at least one above

    Returns
    -------
    dict of str to float [million USD]
        Whole dollars each; equal remainders favour the earlier name.

    Raises
    ------
    InputError
        Naming the total or every weight that cannot be used.
    """
    faults, total_musd = Faults("allocate"), plain(total_musd)
    if not isinstance(weights, Mapping):
        raise InputError(f"allocate, weights: must be numbers by name, not {shown(weights)}")
    if not is_finite(total_musd) or abs(total_musd) > 1e9:
        faults.add("total", f"{shown(total_musd)} is no number within a billion million")
    for name, weight in weights.items():
        if not is_finite(weight) or weight < 0:
            faults.add(name, f"weight {shown(weight)} is no finite number from 0 up")
    if not faults.messages and not any(weights.values()):
        faults.add("weights", "are all 0; one above 0 is needed")
    faults.raise_any()
    dollars = round(Fraction(total_musd) * 10**6)
    shares = {name: Fraction(plain(weight)) for name, weight in weights.items()}
    whole = sum(shares.values())
    exact = {name: abs(dollars) * share / whole for name, share in shares.items()}
    parts = {name: math.floor(share) for name, share in exact.items()}
    left = abs(dollars) - sum(parts.values())
    for name in sorted(exact, key=lambda name: parts[name] - exact[name])[:left]:
        parts[name] += 1
    return {name: math.copysign(part, dollars) / 10**6 for name, part in parts.items()}
