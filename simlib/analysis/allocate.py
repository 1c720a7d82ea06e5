"""Split a total over programmes: best on average, best against regret, best in bad futures.

Each programme is simulated alone at several sizes, in every draw. Between those sizes its effect
is taken as straight, and effects of programmes as adding up; then the best split under bounds is a
mixed-integer linear programme, which HiGHS (scipy) solves to the optimum. What adding up leaves
out is checked afterwards by simulating the split itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simlib.errors import Faults, InputError, shown

Array = NDArray[np.float64]

CRITERIA = ("mean", "cvar", "regret")
TAIL = 0.1
"""Share of worst futures whose mean CVaR maximises."""


@dataclass(frozen=True, eq=False)
class Response:
    """What each programme does alone, at several sizes.

    Attributes
    ----------
    sizes : programme -> money, rising, 0 among it [million USD a year], shape (sizes,)
    gains : programme -> what is to be maximised, 0 at no money; shape (sizes, draws)
    prison : programme -> added prison cost, mean over draws [million USD a year], (sizes,)
    burdens : goal that is not to grow -> programme -> its mean, shape (sizes,)
    payers : payer -> programme -> share of its money
    """

    sizes: Mapping[str, Array]
    gains: Mapping[str, Array]
    prison: Mapping[str, Array] = field(default_factory=dict)
    burdens: Mapping[str, Mapping[str, Array]] = field(default_factory=dict)
    payers: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @property
    def draws(self) -> int:
        """Number of draws."""
        return next(iter(self.gains.values())).shape[-1]

    def gain(self, split: Mapping[str, float]) -> Array:
        """What a split gains where effects add up, shape (draws,)."""
        total = np.zeros(self.draws)
        for name, money in split.items():
            total += _between(money, self.sizes[name], self.gains[name])
        return total


def _between(money: float, sizes: Array, values: Array) -> Array:
    """Values at a size between those simulated, straight between neighbours."""
    upper = int(np.clip(np.searchsorted(sizes, money), 1, len(sizes) - 1))
    share = (money - sizes[upper - 1]) / (sizes[upper] - sizes[upper - 1])
    return np.asarray(values[upper - 1] * (1 - share) + values[upper] * share)


@dataclass(frozen=True)
class Limits:
    """What a split must keep to [million USD a year].

    Attributes
    ----------
    least, most : by programme; `least` may be negative: a cut that pays for others
    payer_most : most that a payer adds in all
    burden_most : most of a burden of the response
    """

    least: Mapping[str, float] = field(default_factory=dict)
    most: Mapping[str, float] = field(default_factory=dict)
    payer_most: Mapping[str, float] = field(default_factory=dict)
    burden_most: Mapping[str, float] = field(default_factory=dict)


class Segments(NamedTuple):
    """Pieces between neighbouring sizes, all programmes one after the other."""

    names: tuple[str, ...]
    """Programme of each piece."""
    widths: Array
    slopes: Array
    """Gain per unit of money, shape (pieces, draws)."""
    prison: Array
    start: Mapping[str, float]
    """Money of each programme before its first piece."""


def best_split(
    response: Response, total_musd: float, limits: Limits | None = None, criterion: str = "mean"
) -> dict[str, float]:
    """The best split of a total by programme [million USD a year].

    Money that would only do harm is left over.

    Parameters
    ----------
    total_musd : most for programmes, and for programmes with the prison cost that they add
    criterion : "mean" gain; "cvar", the mean gain over the worst tenth of the futures; "regret",
        the smallest largest loss against the best split of each single future

    Raises
    ------
    InputError
        When a limit names what is not there, or no split keeps to all limits.
    """
    kept = limits or Limits()
    _check(response, total_musd, kept, criterion)
    segments = _segments(response, kept)
    slopes = segments.slopes
    if criterion == "mean":
        return _solve(response, segments, total_musd, kept, slopes.mean(axis=-1))
    if criterion == "cvar":
        return _solve(response, segments, total_musd, kept, slopes, TAIL)
    best = np.array([_best_of(response, segments, total_musd, kept, one) for one in slopes.T])
    return _solve(response, segments, total_musd, kept, slopes, None, best)


def _best_of(
    response: Response, segments: Segments, total: float, limits: Limits, slopes: Array
) -> float:
    """Gain of the best split of one future, over that of the smallest sizes."""
    split = _solve(response, segments, total, limits, slopes)
    return float(slopes @ _filled(segments, split))


def _filled(segments: Segments, split: Mapping[str, float]) -> Array:
    """Money in each piece."""
    left = {name: split[name] - first for name, first in segments.start.items()}
    money = np.zeros(len(segments.widths))
    for i, (name, width) in enumerate(zip(segments.names, segments.widths, strict=True)):
        money[i] = min(max(left[name], 0.0), width)
        left[name] -= money[i]
    return money


def _segments(response: Response, limits: Limits) -> Segments:
    names: list[str] = []
    widths, slopes, prison, start = [], [], [], {}
    for name, sizes in response.sizes.items():
        low = max(limits.least.get(name, sizes[0]), sizes[0])
        high = min(limits.most.get(name, sizes[-1]), sizes[-1])
        inside = sizes[(sizes > low) & (sizes < high)]
        knots = np.unique([low, *inside, high])
        gains = np.stack([_between(knot, sizes, response.gains[name]) for knot in knots])
        paid = _prison(response, name)
        width = np.diff(knots)
        names += [name] * len(width)
        widths += [*width]
        slopes += [*(np.diff(gains, axis=0) / width[:, None])]
        prison += [*(np.diff(np.interp(knots, sizes, paid)) / width)]
        start[name] = float(low)
    shape = (len(names), response.draws)
    filled = np.array(slopes).reshape(shape)
    return Segments(tuple(names), np.array(widths), filled, np.array(prison), start)


def _solve(
    response: Response,
    segments: Segments,
    total: float,
    limits: Limits,
    slopes: Array,
    tail: float | None = None,
    best: Array | None = None,
) -> dict[str, float]:
    """Maximise a gain under the limits; pieces of a programme fill in their order.

    Variables: money in each piece, whether each piece is full, then what the criterion needs:
    for CVaR the threshold and each future's shortfall under it, for regret the largest one.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp

    pieces = len(segments.widths)
    wanted = _criterion(slopes, tail, best)
    count = 2 * pieces + len(wanted.cost) - (pieces if slopes.ndim == 1 else 0)
    cost, low, high = np.zeros(count), np.zeros(count), np.ones(count)
    high[:pieces], high[2 * pieces :] = segments.widths, np.inf
    rows = _limit_rows(response, segments, total, limits, count) + _order_rows(segments, count)
    if slopes.ndim == 1:
        cost[:pieces] = wanted.cost
    else:
        cost[2 * pieces :] = wanted.cost
        low[2 * pieces :] = wanted.low
        matrix = np.zeros((response.draws, count))
        matrix[:, :pieces], matrix[:, 2 * pieces :] = slopes.T, wanted.matrix
        rows.append((matrix, wanted.least, np.full(response.draws, np.inf)))
    whole = np.zeros(count)
    whole[pieces : 2 * pieces] = 1
    constraints = [LinearConstraint(*row) for row in rows]
    found = milp(cost, integrality=whole, bounds=Bounds(low, high), constraints=constraints)
    if found.x is None:
        raise InputError(f"split: none of {total:,.0f} million USD a year keeps to all limits")
    split = dict(segments.start)
    for name, money in zip(segments.names, found.x[:pieces], strict=True):
        split[name] += float(money)
    return split


class Criterion(NamedTuple):
    """What a criterion adds to the programme: variables, their cost, and a row a future."""

    cost: Array
    low: Array
    matrix: Array
    least: Array


def _criterion(slopes: Array, tail: float | None, best: Array | None) -> Criterion:
    """Mean gain needs nothing; CVaR a threshold and shortfalls under it; regret its largest."""
    draws = slopes.shape[-1]
    nothing = np.zeros(draws)
    if slopes.ndim == 1:
        return Criterion(-slopes, nothing, nothing, nothing)
    if best is not None:  # gain + regret >= best, in every future
        return Criterion(np.ones(1), np.zeros(1), np.ones((draws, 1)), best)
    cost = np.concatenate([[-1.0], np.full(draws, 1 / ((tail or 1) * draws))])
    low = np.concatenate([[-np.inf], nothing])
    return Criterion(cost, low, np.hstack([-np.ones((draws, 1)), np.eye(draws)]), nothing)


Row = tuple[Array, Array, Array]


def _limit_rows(
    response: Response, segments: Segments, total: float, limits: Limits, count: int
) -> list[Row]:
    """Neither programmes alone nor with the prisons they fill cost more than the total.

    Prison cost that is saved is not spent again. Payers and burdens stay under their limits.
    """
    pieces, started = len(segments.widths), sum(segments.start.values())
    money, with_prison = np.zeros((1, count)), np.zeros((1, count))
    money[0, :pieces], with_prison[0, :pieces] = 1, 1 + segments.prison
    before = started + sum(_paid_before(response, segments).values())
    nothing = np.array([-np.inf])
    rows: list[Row] = [(money, nothing, np.array([total - started]))]
    rows.append((with_prison, nothing, np.array([total - before])))
    for payer, most in limits.payer_most.items():
        share = response.payers[payer]
        row = np.zeros((1, count))
        row[0, :pieces] = [share.get(name, 0.0) for name in segments.names]
        started = sum(share.get(name, 0.0) * money for name, money in segments.start.items())
        rows.append((row, np.array([-np.inf]), np.array([most - started])))
    for goal, most in limits.burden_most.items():
        row, started = np.zeros((1, count)), 0.0
        for name, first in segments.start.items():
            here = [i for i, each in enumerate(segments.names) if each == name]
            knots = first + np.concatenate([[0.0], np.cumsum(segments.widths[here])])
            values = np.interp(knots, response.sizes[name], response.burdens[goal][name])
            row[0, here] = np.diff(values) / segments.widths[here]
            started += float(values[0])
        rows.append((row, np.array([-np.inf]), np.array([most - started])))
    return rows


def _paid_before(response: Response, segments: Segments) -> dict[str, float]:
    """Prison cost at each programme's smallest size."""
    return {
        name: float(np.interp(first, response.sizes[name], _prison(response, name)))
        for name, first in segments.start.items()
    }


def _order_rows(segments: Segments, count: int) -> list[Row]:
    """A piece may hold money only when the piece before it is full."""
    rows: list[Row] = []
    pieces = len(segments.widths)
    for i, width in enumerate(segments.widths):
        row = np.zeros((1, count))
        row[0, i], row[0, pieces + i] = 1, -width
        rows.append((row, np.array([0.0]), np.array([np.inf])))
        if i and segments.names[i] == segments.names[i - 1]:
            row = np.zeros((1, count))
            row[0, i], row[0, pieces + i - 1] = 1, -width
            rows.append((row, np.array([-np.inf]), np.array([0.0])))
    return rows


def greedy(response: Response, total_musd: float, limits: Limits | None = None) -> dict[str, float]:
    """Fill one programme after the other, cheapest first by its mean gain a dollar in all."""
    kept = limits or Limits()
    _check(response, total_musd, kept, "mean")
    segments = _segments(response, kept)
    room = dict.fromkeys(segments.start, 0.0)
    for name, width in zip(segments.names, segments.widths, strict=True):
        room[name] += float(width)
    split, left = dict(segments.start), total_musd - sum(segments.start.values())

    def yields(name: str) -> float:
        size = min(room[name], max(left, 0.0)) or 1.0
        sizes, gains = response.sizes[name], response.gains[name]
        first = segments.start[name]
        gain = _between(first + size, sizes, gains) - _between(first, sizes, gains)
        return float(gain.mean()) / size

    for name in sorted(room, key=yields, reverse=True):
        added = min(room[name], max(left, 0.0))
        split[name] += added
        left -= added
    return afford(response, split, total_musd)


def afford(response: Response, split: Mapping[str, float], total_musd: float) -> dict[str, float]:
    """A split in the same proportions that costs a total with the prison cost it adds."""
    from scipy.optimize import brentq

    def over(share: float) -> float:
        scaled = {name: share * money for name, money in split.items()}
        added = sum(
            np.interp(m, response.sizes[n], _prison(response, n)) for n, m in scaled.items()
        )
        return float(sum(scaled.values()) + max(added, 0.0) - total_musd)

    share = 1.0 if over(1.0) <= 0 else brentq(over, 0.0, 1.0)
    return {name: share * money for name, money in split.items()}


def _prison(response: Response, name: str) -> Array:
    return response.prison.get(name, np.zeros(len(response.sizes[name])))


def _check(response: Response, total: float, limits: Limits, criterion: str) -> None:
    faults = Faults("split")
    if not np.isfinite(total) or total < 0:
        faults.add("total", f"{shown(total)} is below 0 million USD a year")
    if criterion not in CRITERIA:
        faults.add("criterion", f"{shown(criterion)} is unknown; allowed: {', '.join(CRITERIA)}")
    for kind, known in (
        ("least", response.sizes),
        ("most", response.sizes),
        ("payer_most", response.payers),
        ("burden_most", response.burdens),
    ):
        for name in getattr(limits, kind):
            if name not in known:
                faults.add(kind, f"{shown(name)} is unknown; allowed: {', '.join(known)}")
    for name, sizes in response.sizes.items():
        low = limits.least.get(name, sizes[0])
        high = limits.most.get(name, sizes[-1])
        if low > high:
            faults.add(name, f"at least {low:,g} is more than at most {high:,g}")
    faults.raise_any()


def frontier(
    response: Response,
    total_musd: float,
    burden: str,
    limits: Limits | None = None,
    points: int = 7,
) -> list[tuple[float, float, dict[str, float]]]:
    """Splits that trade the gain against a burden: burden, mean gain and split of each.

    From the split with the least burden to the best split without a limit.
    """
    kept = limits or Limits()
    free = best_split(response, total_musd, kept)
    against = Response(
        response.sizes,
        {name: -response.burdens[burden][name][:, None] for name in response.sizes},
        response.prison,
        response.burdens,
        response.payers,
    )
    light = best_split(against, total_musd, kept)
    ends = [burden_of(response, burden, split) for split in (light, free)]
    found = []
    for most in np.linspace(ends[0], ends[1], points):
        room = abs(ends[1] - ends[0]) * 1e-6 + 1e-6  # the solver's tolerance
        capped = Limits(kept.least, kept.most, kept.payer_most, {burden: float(most) + room})
        split = best_split(response, total_musd, capped)
        gain = float(response.gain(split).mean())
        found.append((burden_of(response, burden, split), gain, split))
    return found


def burden_of(response: Response, burden: str, split: Mapping[str, float]) -> float:
    """Mean burden of a split where effects add up."""
    goal: Mapping[str, Array] = response.burdens[burden]
    parts = (np.interp(money, response.sizes[n], goal[n]) for n, money in split.items())
    return float(sum(parts))


def regrets(gains: Sequence[Array] | Array) -> Array:
    """Loss of each split against the best of them in each future, shape (splits, draws)."""
    together = np.asarray(gains)
    return together.max(axis=0) - together


def cvar(gain: Array, tail: float = TAIL) -> float:
    """Mean gain over the worst share of the futures."""
    worst = np.sort(gain)[: max(round(tail * len(gain)), 1)]
    return float(worst.mean())
