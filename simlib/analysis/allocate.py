"""Split a total over programmes: best on average, best against regret, best in bad futures.

Each programme is simulated alone at several sizes, in every draw. Between those sizes its effect
is taken as straight, and effects of programmes as adding up; then the best split under bounds is a
mixed-integer linear programme, which HiGHS (scipy) solves to the optimum. What adding up leaves
out is checked afterwards by simulating the split itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from simlib.errors import Faults, InputError, check_name, is_finite, shown, unknown
from simlib.inputs.arrays import Array

Curves = Mapping[str, Array]
Split = Mapping[str, float]

CRITERIA = ("mean", "cvar", "regret")
TAIL = 0.1
"""Share of worst futures whose mean CVaR maximises."""
DOLLAR = 1e-6
"""[million USD]; money this near to a limit keeps to it."""


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

    def gain(self, split: Split) -> Array:
        """What a split gains where effects add up, shape (draws,).

        NaN when a programme gets money outside the sizes simulated: nothing is known there.
        """
        total = np.zeros(self.draws)
        for name, money in split.items():
            sizes = self.sizes.get(name, np.zeros(1))
            if not sizes[0] - DOLLAR <= money <= sizes[-1] + DOLLAR:
                return np.full(self.draws, np.nan)
            if money:
                total += _between(money, sizes, self.gains[name])
        return total


def _between(money: float, sizes: Array, values: Array) -> Array:
    """Values at a size, straight between neighbours of those simulated, the end's beyond them."""
    place = float(np.interp(money, sizes, np.arange(len(sizes))))
    lower, share = int(place), place % 1
    upper = min(lower + 1, len(sizes) - 1)
    return np.asarray(values[lower] * (1 - share) + values[upper] * share)


@dataclass(frozen=True)
class Limits:
    """What a split must keep to [million USD a year].

    Attributes
    ----------
    least, most : by programme, within the sizes simulated; `least` may be below 0: a cut
    payer_most : most that a payer adds in all
    burden_most : most of a burden of the response
    """

    least: Mapping[str, float] = field(default_factory=dict)
    most: Mapping[str, float] = field(default_factory=dict)
    payer_most: Mapping[str, float] = field(default_factory=dict)
    burden_most: Mapping[str, float] = field(default_factory=dict)


Rows = tuple[Array, Array | float, Array | float]
"""Coefficients of the first variables, shape (rows, variables), and bounds of their sum."""


class Segments(NamedTuple):
    """Pieces between neighbouring sizes, all programmes one after the other."""

    names: tuple[str, ...]
    """Programme of each piece."""
    widths: Array
    slopes: Array
    """Gain per unit of money, shape (pieces, draws)."""
    start: Split
    """Money of each programme before its first piece."""
    gained: Array
    """Gain of that money, shape (draws,)."""
    rows: tuple[Rows, ...]
    """What money in the pieces, and whether each is full, must keep to."""
    total: float


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
        When a limit names what is not there or is not finite, or no split keeps to all limits.
    """
    total_musd, kept = _check(response, total_musd, limits, criterion)
    segments = _segments(response, total_musd, kept)
    slopes = segments.slopes
    if criterion != "regret":
        return _solve(segments, slopes.mean(axis=-1) if criterion == "mean" else slopes)
    alone = [_solve(segments, one) for one in slopes.T]
    best = np.array([response.gain(split)[i] for i, split in enumerate(alone)])
    return _solve(segments, slopes, best)


def _segments(response: Response, total: float, limits: Limits) -> Segments:
    knots = {}
    for name, sizes in response.sizes.items():
        low, high = _bounds(response, limits, name)
        knots[name] = np.unique([low, *sizes[(sizes > low) & (sizes < high)], high])
    names = tuple(name for name, ends in knots.items() for _ in ends[1:])
    widths = np.concatenate([np.diff(ends) for ends in knots.values()])
    start = {name: float(ends[0]) for name, ends in knots.items()}
    slopes, gained = _slopes(response, knots, response.gains), response.gain(start)
    limited = _limited(response, total, limits).values()
    keep = np.stack([_slopes(response, knots, curves) for curves, _ in limited])
    left = np.array([most - _summed(response, curves, start) for curves, most in limited])
    rows = (keep, -np.inf, left), *_order_rows(names, widths)
    return Segments(names, widths, slopes, start, gained, rows, total)


def _bounds(response: Response, limits: Limits, name: str) -> tuple[float, float]:
    """Least and most of a programme that is wished for and was simulated."""
    low, high = response.sizes[name][[0, -1]].tolist()
    return max(float(limits.least.get(name, low)), low), min(
        float(limits.most.get(name, high)), high
    )


def _slopes(response: Response, knots: Curves, curves: Curves) -> Array:
    """Rise of a curve by programme per unit of money, shape (pieces,) or (pieces, draws)."""
    parts = []
    for name, ends in knots.items():
        values = np.stack([_between(end, response.sizes[name], curves[name]) for end in ends])
        parts.append((np.diff(values, axis=0).T / np.diff(ends)).T)
    return np.concatenate(parts)


def _solve(segments: Segments, slopes: Array, best: Array | None = None) -> dict[str, float]:
    """Maximise a gain under the limits; pieces of a programme fill in their order.

    Variables: money in each piece, whether each piece is full, then what the criterion needs:
    for CVaR the threshold and each future's shortfall under it, for regret the largest one.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp

    pieces = len(segments.widths)
    more, least, matrix, gain = _criterion(slopes, best)
    nothing, mean = np.zeros(pieces), slopes.ndim == 1
    cost = np.concatenate([-slopes if mean else nothing, nothing, more])
    low = np.concatenate([nothing, nothing, least])
    high = np.concatenate([segments.widths, nothing + 1, np.full(len(more), np.inf)])
    rows = segments.rows
    if not mean:
        rows += ((np.hstack([slopes.T, 0 * slopes.T, matrix]), gain - segments.gained, np.inf),)
    whole = np.concatenate([nothing, nothing + 1, 0 * more])
    padded = [np.pad(row[0], ((0, 0), (0, len(cost) - row[0].shape[1]))) for row in rows]
    constraints = [LinearConstraint(m, *row[1:]) for m, row in zip(padded, rows, strict=True)]
    found = milp(cost, integrality=whole, bounds=Bounds(low, high), constraints=constraints)
    if found.x is None:
        total = f"{segments.total:,.0f} million USD a year"
        raise InputError(f"split: none of {total} keeps to all limits")
    split = dict(segments.start)
    filled = np.clip(found.x[:pieces], 0, segments.widths)
    for name, money in zip(segments.names, filled, strict=True):
        split[name] += float(money)
    return split


def _criterion(slopes: Array, best: Array | None) -> tuple[Array, Array, Array, Array]:
    """What a criterion adds: variables' cost and lower bounds, then a row and its bound a future.

    Mean gain needs nothing; CVaR a threshold and shortfalls under it; regret its largest.
    """
    draws = slopes.shape[-1]
    nothing, one = np.zeros(draws), np.ones((draws, 1))
    if slopes.ndim == 1:  # an idle variable: the solver wants one even where nothing is free
        return np.zeros(1), np.zeros(1), one, nothing
    if best is not None:  # gain + regret >= best, in every future
        return np.ones(1), np.zeros(1), one, best
    cost = np.append(-1.0, np.full(draws, 1 / (TAIL * draws)))
    return cost, np.append(-np.inf, nothing), np.hstack([-one, np.eye(draws)]), nothing


def _limited(response: Response, total: float, limits: Limits) -> dict[str, tuple[Curves, float]]:
    """What has a limit over all programmes: its curve by programme, and its most.

    Neither programmes alone nor with the prisons they fill cost more than the total: prison cost
    that is saved is not spent again. Payers and burdens stay under their limits.
    """
    sizes, prison = response.sizes, _prison(response)
    with_prison = {name: each + prison[name] for name, each in sizes.items()}
    found = {"total": (sizes, total), "total with prisons": (with_prison, total)}
    for payer, most in limits.payer_most.items():
        share = response.payers[payer]
        found[payer] = {n: share.get(n, 0.0) * each for n, each in sizes.items()}, most
    burdens = {goal: (response.burdens[goal], most) for goal, most in limits.burden_most.items()}
    return {name: (curves, float(most)) for name, (curves, most) in (found | burdens).items()}


def _order_rows(names: Sequence[str], widths: Array) -> tuple[Rows, Rows]:
    """A piece may hold money only when the piece before it is full."""
    each, width = np.eye(len(names)), np.diag(widths)
    later = [i for i in range(1, len(names)) if names[i] == names[i - 1]]
    waits = np.hstack([each, -np.roll(width, -1, axis=1)])[later]
    return (np.hstack([each, -width]), 0.0, np.inf), (waits, -np.inf, 0.0)


def excess(response: Response, split: Split, total: float, limits: Limits) -> dict[str, float]:
    """By how much a split breaks the limit of the total and of each payer, burden and programme.

    Million USD a year, a burden in its unit; 0 or below where the limit is kept.
    """
    limited = _limited(response, total, limits)
    found = {n: _summed(response, curves, split) - m for n, (curves, m) in limited.items()}
    for name, money in split.items():
        low, high = _bounds(response, limits, name)
        found[name] = max(low - money, money - high)
    return found


def greedy(response: Response, total_musd: float, limits: Limits | None = None) -> dict[str, float]:
    """Fill one programme after the other, cheapest first by its mean gain a dollar in all.

    Each gets, above its least, what all limits leave once those before it are filled.

    Raises
    ------
    InputError
        As :func:`best_split`, or when what is filled in this order breaks a limit.
    """
    total_musd, kept = _check(response, total_musd, limits)
    split = {name: _bounds(response, kept, name)[0] for name in response.sizes}
    left = max(total_musd - sum(split.values()), 0.0)

    def yields(name: str) -> float:
        first, last = _bounds(response, kept, name)
        size = min(last - first, left)
        gain = response.gain({name: first + size}) - response.gain({name: first})
        return float(gain.mean()) / (size or 1.0)

    for name in sorted(split, key=yields, reverse=True):
        split[name] = _most_left(response, split, name, total_musd, kept)
    if max(excess(response, split, total_musd, kept).values()) > DOLLAR:
        total = f"{total_musd:,.0f} million USD a year"
        raise InputError(f"split: filled cheapest first, none of {total} keeps to all limits")
    return split


def _most_left(response: Response, split: Split, name: str, total: float, limits: Limits) -> float:
    """Money of a programme, up to its most, at which no limit is broken (further), by halving."""
    before = excess(response, split, total, limits)

    def fits(money: float) -> bool:
        now = excess(response, {**split, name: money}, total, limits)
        return all(now[each] <= max(by, 0.0) + 1e-9 for each, by in before.items())

    low, high = split[name], _bounds(response, limits, name)[1]
    middle = high
    for _ in range(60):
        low, high = (middle, high) if fits(middle) else (low, middle)
        middle = (low + high) / 2
    return low


def afford(response: Response, split: Split, total_musd: float) -> dict[str, float]:
    """A split in the same proportions that costs a total with the prison cost it adds."""
    from scipy.optimize import brentq

    total_musd, _ = _check(response, total_musd, None)

    def over(share: float) -> float:
        scaled = {name: share * money for name, money in split.items()}
        added = _summed(response, _prison(response), scaled)
        return sum(scaled.values()) + max(added, 0.0) - total_musd

    share = 1.0 if over(1.0) <= 0 else brentq(over, 0.0, 1.0)
    return {name: share * money for name, money in split.items()}


def _prison(response: Response) -> dict[str, Array]:
    return {n: response.prison.get(n, np.zeros(len(each))) for n, each in response.sizes.items()}


def _summed(response: Response, curves: Curves, split: Split) -> float:
    """A curve by programme, summed over a split."""
    return float(sum(np.interp(m, response.sizes[n], curves[n]) for n, m in split.items()))


def _check(
    response: Response, total: float, limits: Limits | None, criterion: str = "mean"
) -> tuple[float, Limits]:
    faults, kept = Faults("split"), limits or Limits()
    if not is_finite(total) or total < 0:
        faults.add("total", f"{shown(total)} is no number from 0 million USD a year up")
    faults.name("criterion", criterion, CRITERIA)
    kinds = ("least", "most", "payer_most", "burden_most")
    tables = (response.sizes, response.sizes, response.payers, response.burdens)
    for kind, known in zip(kinds, tables, strict=True):
        for name, limit in getattr(kept, kind).items():
            if name not in known:
                faults.add(kind, unknown(name, known))
            elif not is_finite(limit):
                faults.add(kind, f"{name}: {shown(limit)} is no finite number")
    for name, sizes in response.sizes.items():
        first, last = sizes[0], sizes[-1]
        low, high = kept.least.get(name, first), kept.most.get(name, last)
        if is_finite(low) and is_finite(high) and max(low, first) > min(high, last):
            allowed = f"within the sizes simulated, {first:,g} to {last:,g}"
            faults.add(name, f"at least {low:,g}, at most {high:,g}: no money {allowed}")
    faults.raise_any()
    return float(total), kept


def frontier(
    response: Response,
    total_musd: float,
    burden: str,
    limits: Limits | None = None,
    points: int = 7,
) -> list[tuple[float, float, dict[str, float]]]:
    """Splits that trade the gain against a burden: burden, mean gain and split of each.

    From the split with the least burden to the best split without a further limit.

    Raises
    ------
    InputError
        When there is no such burden, and as :func:`best_split`.
    """
    check_name("frontier, burden", burden, response.burdens)
    kept = limits or Limits()
    free = best_split(response, total_musd, kept)
    against = replace(response, gains={n: -b[:, None] for n, b in response.burdens[burden].items()})
    light = best_split(against, total_musd, kept)
    ends = [burden_of(response, burden, split) for split in (light, free)]
    found = []
    for most in np.linspace(ends[0], ends[1], points):
        room = abs(ends[1] - ends[0]) * 1e-6 + 1e-6  # the solver's tolerance
        cap = min(float(most) + room, kept.burden_most.get(burden, np.inf))
        capped = replace(kept, burden_most={**kept.burden_most, burden: cap})
        split = best_split(response, total_musd, capped)
        found.append(
            (burden_of(response, burden, split), float(response.gain(split).mean()), split)
        )
    return found


def burden_of(response: Response, burden: str, split: Split) -> float:
    """Mean burden of a split where effects add up."""
    return _summed(response, response.burdens[burden], split)


def regrets(gains: Sequence[Array] | Array) -> Array:
    """Loss of each split against the best of them in each future, shape (splits, draws)."""
    together = np.asarray(gains)
    return together.max(axis=0) - together


def cvar(gain: Array, tail: float = TAIL) -> float:
    """Mean gain over the worst share of the futures."""
    worst = np.sort(gain)[: max(round(tail * len(gain)), 1)]
    return float(worst.mean())
