"""Which unknowns decide the difference between two strategies.

Sobol indices split the variance of an outcome over independent factors. Parameters that the
record informs are drawn jointly and depend on each other, so together with chance from year to
year they form *one* factor: which draw. Every other uncertain parameter is a factor of its own.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from simlib.analysis.believe import compared_at
from simlib.analysis.runs import check_total, sample, size, take
from simlib.analysis.themes import RECORD, free_parameters, movers
from simlib.errors import InputError
from simlib.inputs.arrays import Array
from simlib.inputs.parameters import load_parameters
from simlib.inputs.posterior import shipped_posterior
from simlib.inputs.sampling import Sample
from simlib.runs import Watch
from simlib.strategies import Strategy

BOUNDS = (0.05, 0.95)
"""Quantiles of a parameter that a tornado compares."""


@dataclass(frozen=True)
class Indices:
    """Share of the variance of an outcome by factor, largest total first.

    Attributes
    ----------
    names : factors
    first, total : first-order and total indices, shape (factors,)
    first_within, total_within : half the width of their 95 % confidence intervals
    """

    names: tuple[str, ...]
    first: Array
    first_within: Array
    total: Array
    total_within: Array


def sobol(
    function: Callable[[Array], Array],
    names: Sequence[str],
    groups: Sequence[str] | None = None,
    points: int = 256,
    seed: int = 1,
) -> Indices:
    """Sobol indices of a function of independent inputs, by SALib.

    Parameters
    ----------
    function : of positions 0-1, shape (runs, inputs), giving the outcome, shape (runs,)
    names : of the inputs
    groups : name of the factor that each input belongs to; by default each is one
    points : base points, a power of two; the function is run ``points * (factors + 2)`` times

    Raises
    ------
    InputError
        When `points` is not a power of two, or the outcome never varies or is not finite.
    """
    from SALib.analyze import sobol as analysis
    from SALib.sample import sobol as sampler

    if points < 2 or points & (points - 1):
        raise InputError(f"points: {points} is not a power of two above 1")
    factors = list(dict.fromkeys(groups or names))
    problem: dict[str, Any] = {"num_vars": len(names), "names": list(names)}
    problem |= {"bounds": [[0, 1]] * len(names), "groups": list(groups or names)}
    positions = sampler.sample(problem, points, calc_second_order=False, seed=seed)
    outcome = function(positions)
    if wrong := int(np.sum(~np.isfinite(outcome))):
        raise InputError(f"outcome: {wrong} of {len(outcome)} runs give no finite number; all must")
    if np.ptp(outcome) == 0:
        raise InputError("outcome: never varies, so there is nothing to explain")
    found = analysis.analyze(problem, outcome, calc_second_order=False, seed=seed)
    order = np.argsort(-found["ST"])
    parts = (found[key][order] for key in ("S1", "S1_conf", "ST", "ST_conf"))
    return Indices(tuple(factors[i] for i in order), *parts)


def sample_at(positions: Array, names: Sequence[str], seed: int = 1) -> Sample:
    """Draws whose parameters lie at given positions of their distributions.

    Parameters
    ----------
    positions : 0-1, shape (draws, names + 1); the last chooses a draw of all the rest
    names : parameters
    """
    rest, parameters = sample(len(shipped_posterior().residual), seed), load_parameters()
    chosen = take(rest, (positions[:, -1] * size(rest)).astype(int))
    moved = {name: parameters[name].quantile(positions[:, i]) for i, name in enumerate(names)}
    return chosen._replace(parameters={**chosen.parameters, **moved})


def gap_at(
    strategies: Sequence[Strategy], total_musd: float, chosen: Sample, watch: Watch | None = None
) -> Array:
    """Deaths of the second strategy minus deaths of the first, shape (draws,).

    Money is made equal on average over the draws.

    Raises
    ------
    InputError
        When the total is not above 0 million USD a year.
    """
    total_musd = check_total(total_musd)
    deaths = compared_at(strategies, total_musd, chosen, [{}], watch)
    return deaths[2, 0] - deaths[1, 0]


def what_decides(
    strategies: Sequence[Strategy],
    total_musd: float,
    *,
    by_theme: bool = True,
    points: int = 256,
    seed: int = 1,
    watch: Watch | None = None,
) -> Indices:
    """Sobol indices of the difference in deaths between two strategies of equal cost.

    Parameters
    ----------
    by_theme : take what one study could find out as one factor; else each parameter
    points : base points, a power of two
    """
    names, rows, themes = movers(), load_parameters(), free_parameters()
    factors = [themes[name] if by_theme else rows[name].label for name in names]

    def outcome(positions: Array) -> Array:
        return gap_at(strategies, total_musd, sample_at(positions, names, seed), watch)

    return sobol(outcome, [*names, RECORD], [*factors, RECORD], points, seed)


@dataclass(frozen=True)
class Swing:
    """Mean gap in deaths with one parameter low and with it high, the others as they may be."""

    name: str
    low: float
    high: float


def tornado(
    strategies: Sequence[Strategy],
    total_musd: float,
    names: Sequence[str],
    *,
    draws: int = 100,
    seed: int = 1,
    watch: Watch | None = None,
) -> list[Swing]:
    """The swing of the gap as each parameter moves between the quantiles `BOUNDS` of its prior.

    Money is made equal at each end. Longest swing first.

    Raises
    ------
    InputError
        When a name is unknown, or the total is not above 0 million USD a year.
    """
    total_musd = check_total(total_musd)
    rows = load_parameters()
    ends = [{name: float(rows[name].quantile(share))} for name in names for share in BOUNDS]
    deaths = compared_at(strategies, total_musd, sample(draws, seed), ends, watch)
    gaps = (deaths[2] - deaths[1]).mean(-1).reshape(-1, 2).tolist()
    found = [Swing(name, *gap) for name, gap in zip(names, gaps, strict=True)]
    return sorted(found, key=lambda swing: -abs(swing.high - swing.low))
