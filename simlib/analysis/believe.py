"""What would you have to believe? Two strategies compared wherever two assumptions may lie.

The same draws are used at every point of the map, so neighbouring points differ by the two
assumptions alone. Money is made equal at every point: what a strategy costs in prisons there is
paid from its total there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simlib.analysis.runs import DEATHS, at, sample, size, summed, take
from simlib.errors import Faults, InputError, is_finite, plain, shown
from simlib.inputs.arrays import Array
from simlib.inputs.observed import load_observed
from simlib.inputs.parameters import LEVER_GROUP, Parameter, load_parameters
from simlib.inputs.policy import STATUS_QUO, Policy
from simlib.inputs.sampling import Sample
from simlib.runs import Watch
from simlib.simulation import PROJECTED_YEARS
from simlib.strategies import Strategy, affordable

PRISON = "prison_cost_musd"
TRIAL_SHARE = 4
"""One in so many draws is used to find out what the prisons cost at a point."""

MOST_STEPS = 100

EVIDENCE_DRAWS = 4_000
"""Draws of the two assumptions that show what the evidence says about them."""

NO_ASSUMPTIONS = (LEVER_GROUP, "calibration", "payer", "verdict")
"""Groups of rows that say nothing about how the world works."""

MADE_BEFORE = ("model_error", "forecast_drift")
"""Rows of chance from year to year: a draw's error is made from them before it could be pinned."""


def assumptions() -> tuple[str, ...]:
    """Names of the parameters that a map can be drawn over."""
    rows = load_parameters().values()
    return tuple(
        row.name
        for row in rows
        if row.low < row.high
        and row.group not in NO_ASSUMPTIONS
        and not row.name.startswith(MADE_BEFORE)
    )


class Chances(NamedTuple):
    """How two strategies compare, each array of shape (points,).

    Attributes
    ----------
    first, second : share of draws in which it is better by more than the margin
    within : share of draws in which the gap is within the margin
    gap : deaths of the second minus deaths of the first, mean over draws
    """

    first: Array
    second: Array
    within: Array
    gap: Array


def chances(deaths: Array, margin: Array | float) -> Chances:
    """Compare two strategies draw by draw, as `simlib.verdict` does, at many points at once.

    Parameters
    ----------
    deaths : status quo, first, second; shape (3, points, draws) [deaths]
    margin : smallest difference that matters [share of status-quo deaths]
    """
    gap, matters = deaths[2] - deaths[1], margin * deaths[0]
    first, second = (gap > matters).mean(-1), (-gap > matters).mean(-1)
    return Chances(first, second, (np.abs(gap) <= matters).mean(-1), gap.mean(-1))


@dataclass(frozen=True)
class Map:
    """A comparison over two assumptions.

    Attributes
    ----------
    across, up : the two parameters
    steps : points along each side
    found : chances at each point; `across` changes slowest, shape (steps * steps,)
    evidence : what the evidence says about the two, as positions 0-1, shape (2, draws)
    draws : draws at each point
    confidence : share of draws that settles a verdict
    """

    across: Parameter
    up: Parameter
    steps: int
    found: Chances
    evidence: Array
    draws: int
    confidence: float

    @property
    def weight(self) -> Array:
        """Share of the evidence nearest to each point, shape (steps * steps,)."""
        cell = np.minimum((self.evidence * self.steps).astype(int), self.steps - 1)
        counts = np.bincount(cell[0] * self.steps + cell[1], minlength=self.steps**2)
        return counts / counts.sum()

    def evidence_for(self, which: NDArray[np.bool_]) -> float:
        """Share of the evidence that lies where `which`, shape (steps * steps,), is true."""
        return float(self.weight[which].sum())


def place(parameter: Parameter, value: Array | float) -> Array:
    """Position of a value within a parameter's range, 0-1; in logs for a logarithmic row."""
    low, high, at = parameter.low, parameter.high, np.asarray(value, dtype=float)
    if parameter.distribution.startswith("log"):
        low, high, at = np.log(low), np.log(high), np.log(at)
    return (at - low) / (high - low)


def value_at(parameter: Parameter, position: Array | float) -> Array:
    """Value [unit] at a position 0-1 of a parameter's range; the inverse of :func:`place`."""
    low, high, at = parameter.low, parameter.high, np.asarray(position, dtype=float)
    if parameter.distribution.startswith("log"):
        return np.exp(np.log(low) + at * (np.log(high) - np.log(low)))
    return low + at * (high - low)


def equal_scale(
    strategies: Sequence[Strategy],
    total_musd: float,
    chosen: Sample,
    points: Sequence[Mapping[str, float]],
) -> tuple[list[Policy], Array]:
    """Policies at full money, and the share of it that each can spend at every point.

    Parameters
    ----------
    total_musd : of each strategy, prison cost included [million USD a year], above 0
    chosen : draws of the trial

    Returns
    -------
    policies : the status quo, then the strategies, each with `total_musd` of programme money
    scale : shape (policies, points)

    Raises
    ------
    InputError
        When the sentences of a strategy alone cost more in prisons than the total at some point.
    """
    full = [strategy.policy(total_musd) for strategy in strategies]
    bare = [replace(s.policy(0.0), name=f"{s.name}, no money") for s in strategies]
    moved = any(policy.changes for policy in bare)  # else the status quo, which costs nothing
    tried = [STATUS_QUO, *full, *(bare if moved else [])]
    cost = summed(tried, at(chosen, points), [PRISON])[PRISON]
    added = (cost[1:] - cost[0]).reshape(-1, len(full), len(points), size(chosen))
    most = added[0].mean(-1) / _years(full)
    base = added[1].mean(-1) / _years(full) if moved else np.zeros_like(most)
    if base.max() > total_musd:
        raise InputError(
            f"total: {total_musd:,.10g} million USD a year is less than longer sentences alone "
            f"cost in prisons; allowed: from {np.ceil(base.max()):,.0f} up"
        )
    spent = [
        [affordable(total_musd, {0.0: float(low), total_musd: float(high)}) for low, high in pairs]
        for pairs in np.stack([base, most], axis=-1)
    ]
    scale = np.concatenate([np.ones((1, len(points))), np.array(spent) / total_musd])
    return [STATUS_QUO, *full], scale


def _years(policies: Sequence[Policy]) -> float:
    """Years of the projection in which the policies are in force."""
    full = max(points[-1][0] for policy in policies for points in policy.changes.values())
    return float(np.ceil(load_observed().record_end)) + PROJECTED_YEARS - full


def compared_at(
    strategies: Sequence[Strategy],
    total_musd: float,
    chosen: Sample,
    points: Sequence[Mapping[str, float]],
    watch: Watch | None = None,
) -> Array:
    """Deaths under the status quo and two strategies of equal cost, at points.

    Returns
    -------
    array, shape (3, points, draws)
    """
    trial = take(chosen, slice(0, max(size(chosen) // TRIAL_SHARE, 1)))
    policies, scale = equal_scale(strategies, total_musd, trial, points)
    tiled = at(chosen, points)
    spread = np.repeat(scale, size(chosen), axis=-1)
    deaths = summed(policies, tiled, [DEATHS], spread, watch)[DEATHS]
    return deaths.reshape(len(policies), -1, size(chosen))


def break_even(
    across: str,
    up: str,
    strategies: Sequence[Strategy],
    total_musd: float,
    pinned: Mapping[str, float] | None = None,
    *,
    steps: int = 9,
    draws: int = 40,
    seed: int = 1,
    watch: Watch | None = None,
) -> Map:
    """The map of two assumptions.

    Parameters
    ----------
    across, up : names of two parameters
    strategies : the two that are compared
    total_musd : what each costs, programmes and added prison together [million USD a year]
    pinned : the reader's values for other parameters
    steps : points along each side, 2 to 100
    draws : draws at each point, of everything else
    watch : called with the share done; what it raises stops the work

    Raises
    ------
    InputError
        When an assumption is unknown or named twice, the steps are out of bounds, or the total is
        not above 0 or less than longer sentences alone cost.
    """
    steps, total_musd = plain(steps), plain(total_musd)
    _check(across, up, total_musd, steps)
    parameters, others = load_parameters(), dict(pinned or {})
    rows = parameters[across], parameters[up]
    middle = (np.arange(steps) + 0.5) / steps
    positions = np.repeat(middle, steps), np.tile(middle, steps)
    points = [
        {across: float(one), up: float(other)}
        for one, other in zip(*map(value_at, rows, positions), strict=True)
    ]
    others = {name: value for name, value in others.items() if name not in (across, up)}
    chosen = sample(draws, seed, others)
    deaths = compared_at(strategies, total_musd, chosen, points, watch)
    p = sample(EVIDENCE_DRAWS, seed, others).parameters
    evidence = np.stack([place(row, p[row.name]) for row in rows]).clip(0, 1)
    margin, sure = (float(p[f"verdict_{name}"][0]) for name in ("margin", "confidence"))
    found = chances(deaths, margin)
    return Map(*rows, steps, found, evidence, draws, sure)


def _check(across: str, up: str, total_musd: float, steps: int) -> None:
    faults = Faults("break-even map")
    allowed = assumptions()
    for field, name in (("across", across), ("up", up)):
        faults.name(field, name, allowed)
    if isinstance(across, str) and isinstance(up, str) and across == up:
        faults.add("up", f"must differ from across, {across!r}")
    if not is_finite(total_musd) or total_musd <= 0:
        faults.add("total", f"{shown(total_musd)} is not above 0 million USD a year")
    faults.whole("steps", steps, 2, MOST_STEPS)
    faults.raise_any()
