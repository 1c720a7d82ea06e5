"""Whether independent runs agree; where they do not, that is an error."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from arviz_stats.base.array import BaseArray

from simlib.inputs.arrays import Array

RHAT_LIMIT = 1.01
"""Largest rank-normalised R-hat over runs that counts as agreement."""
ESS_LEAST = 400.0
"""Least effective sample size over all runs: a hundred for each of four."""


class ConvergenceError(RuntimeError):
    """Runs that ought to agree do not."""


class Agreement(NamedTuple):
    """Agreement of runs on one quantity."""

    rhat: float
    """Rank-normalised split R-hat over runs; 1 is perfect (Vehtari et al. 2021)."""
    ess: float
    """Effective sample size of the bulk over all runs."""


def agreement(quantities: Mapping[str, Array]) -> dict[str, Agreement]:
    """Agreement by quantity.

    Parameters
    ----------
    quantities : values by name, shape (runs, draws); draws in random order
    """
    stacked, diagnostics = np.stack(list(quantities.values()), axis=-1), BaseArray()
    rhat = diagnostics.rhat(stacked, chain_axis=0, draw_axis=1, method="rank")
    ess = diagnostics.ess(stacked, chain_axis=0, draw_axis=1, method="bulk")
    return {
        name: Agreement(float(r), float(e))
        for name, r, e in zip(quantities, rhat, ess, strict=True)
    }


def faults(found: Mapping[str, Agreement], rhat: float, ess: float) -> list[str]:
    """What fails, in words; a value that is not a number fails."""
    return [
        f"{name}: R-hat {each.rhat:.3f} (allowed up to {rhat:g}), "
        f"effective sample size {each.ess:.0f} (at least {ess:g})"
        for name, each in found.items()
        if not (each.rhat <= rhat and each.ess >= ess)
    ]


def require(
    found: Mapping[str, Agreement], rhat: float = RHAT_LIMIT, ess: float = ESS_LEAST
) -> None:
    """Raise where runs disagree.

    Raises
    ------
    ConvergenceError
        Naming every quantity that fails.
    """
    if wrong := faults(found, rhat, ess):
        raise ConvergenceError("\n".join(["independent runs do not agree", *wrong]))
