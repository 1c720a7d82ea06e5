"""One block of draws under one policy: the loop over months, as :mod:`simlib.runs` compiles it."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simlib.model import month
from simlib.model.future import (
    Anchors,
    Capacity,
    Deaths,
    Drivers,
    Future,
    Kept,
    Lanes,
    People,
    Prices,
    Slow,
    Stages,
    Stocks,
    Today,
    lag_kept,
    toward,
)

Array = NDArray[np.float64]


class Work(NamedTuple):
    """What a block needs; draws first, so that those of a block lie side by side."""

    draws: NDArray[np.void]
    """A field by parameter."""
    anchors: Array
    today: Array
    kept: Array
    """Numbers of the tuples of that name side by side, shape (draws, numbers)."""
    first: Array
    """Stocks at the start."""
    drivers: Array
    """Shape (draws, steps, fields)."""
    planned: Array
    """Changes of levers, shape (policies, steps, levers)."""
    scale: Array
    """Share of each policy's programme money that is spent, shape (policies, draws)."""
    is_money: NDArray[np.bool_]
    """Which levers are money that takes effect with a lag."""
    projected: float
    dt: float


def anchors_of(r: Array) -> Anchors:
    """Anchors whose numbers lie side by side in `r`."""
    now = Lanes(r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7], r[8])
    hazards = Lanes(r[9], r[10], r[11], r[12], r[13], r[14], r[15], r[16], r[17])
    return Anchors(now, hazards, r[18], r[19], r[20], r[21], r[22], r[23])


def today_of(r: Array) -> Today:
    """Conditions of today whose numbers lie side by side in `r`."""
    prices = Prices(r[0], r[1], r[2], r[3])
    handling, risk = Stages(r[4], r[5], r[6]), Stages(r[7], r[8], r[9])
    return Today(prices, handling, risk, r[10], Stages(r[11], r[12], r[13]), r[14])


def kept_of(r: Array) -> Kept:
    """What a step leaves of each lag, side by side in `r`."""
    return Kept(r[0], r[1], r[2], r[3], r[4], r[5])


def stocks_of(r: Array) -> Stocks:
    """Stocks whose numbers lie side by side in `r`."""
    return Stocks(
        Lanes(r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7], r[8]),
        Capacity(r[9], r[10], r[11]),
        Stages(r[12], r[13], r[14]),
        People(r[15], r[16], r[17], r[18], r[19], r[20], r[21]),
        Deaths(r[22], r[23]),
        r[24],
        r[25],
        r[26],
        r[27],
        r[28],
        r[29],
        Slow(r[30], r[31], r[32], r[33], r[34], r[35]),
    )


def drivers_of(r: Array) -> Drivers:
    """Drivers whose numbers lie side by side in `r`."""
    return Drivers(
        r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7], r[8], r[9], r[10], r[11], r[12], r[13]
    )


def run(
    work: Work,
    k: int,
    first: int,
    last: int,
    reached: Array,
    levers: NDArray[np.void],
    flows: Array,
    ends: Array,
) -> None:
    """Run draws `first` to `last` under policy `k`.

    Parameters
    ----------
    reached : room for the money in force at the step's start, and for all levers in its middle
    levers : the second row of `reached` as a record, the same memory
    flows : filled, shape (flows, steps, policies, draws)
    ends : filled with the stocks at the end, shape (policies, draws, stocks)
    """
    for i in range(first, last):
        p, a, today = work.draws[i], anchors_of(work.anchors[i]), today_of(work.today[i])
        future = Future(p, a, today, kept_of(work.kept[i]), work.projected, work.dt)
        lag = lag_kept(p.spending_lag_years, work.dt)
        share, path = work.scale[k, i], work.drivers[i]
        stocks = stocks_of(work.first[i])
        reached[0] = 0.0
        for j in range(path.shape[0]):
            for lever in range(reached.shape[1]):
                planned = work.planned[k, j, lever]
                if work.is_money[lever]:
                    before = reached[0, lever]
                    after = toward(before, planned * share, lag)
                    reached[0, lever] = after
                    planned = 0.5 * (before + after)
                reached[1, lever] = planned
            stocks, brought = month.step(future, drivers_of(path[j]), levers[0], stocks)
            for f in range(flows.shape[0]):
                flows[f, j, k, i] = brought[f]
        store(ends[k, i], stocks)


def store(r: Array, s: Stocks) -> None:
    """Write stocks side by side, as :func:`stocks_of` reads them."""
    n = put(r, 0, s.weights)
    n = put(r, n, s.capacity)
    n = put(r, n, s.sellers)
    n = put(r, n, s.people)
    n = put(r, n, s.dead)
    n = put(r, n, (s.shipments, s.volume, s.substituted, s.lived_hazard))
    n = put(r, n, (s.stock_kg, s.log_tolerance))
    put(r, n, s.before)


def put(r: Array, n: int, numbers: Any) -> int:
    """Write numbers from place `n` on; the place after them."""
    for each in numbers:
        r[n] = each
        n += 1
    return n
