"""Any number of draws in bounded memory, on any executor, with the same numbers to the bit.

The sample is cut into fixed blocks. A block is simulated wherever there is room and comes back as
whole-number counts on a fixed grid and as sums; both are added up in the order of the blocks. So
neither the number of workers nor their fate can change a result.
"""

from collections import deque
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import Executor, Future
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simlib import world
from simlib.analysis.runs import run, sample, totals
from simlib.errors import Faults, InputError, check_name, plain, shown
from simlib.inputs.arrays import Array
from simlib.inputs.observed import load_observed
from simlib.inputs.parameters import load_parameters
from simlib.inputs.policy import Policy, policies_of
from simlib.results import OUTCOMES, QUANTILES, Ensemble, shares_checked
from simlib.runs import Watch
from simlib.simulation import STEPS_PER_YEAR, checked

Counts = NDArray[np.int64]
Counted = dict[str, tuple[NDArray[np.uint16], Array]]
"""Counts by cell and sums of one block, by what is counted."""

BLOCK_DRAWS = 1_024
"""Draws in a block; part of the definition of the result, as sums are rounded block by block."""

MOST_DRAWS = 1_000_000_000
"""More would take one computer weeks."""

CELLS = 4_000
"""Cells of a grid."""

ROOM = 1.5
"""How far a grid reaches beyond the first block, on either side, in ranges of the first block."""

PENDING = 16
"""Blocks handed out and not yet added up; more only cost memory."""

DIFFERENCE = "difference from the first policy, summed over the projection: "


@dataclass(frozen=True)
class Grid:
    """Where values are counted: cell 0 is below, the last cell above.

    Attributes
    ----------
    low, width : lower end and width of the cells, shape (rows,)
    """

    low: Array
    width: Array

    def count(self, values: Array) -> Counts:
        """Number of values by cell, shape (rows, CELLS + 2), of values of shape (rows, draws)."""
        cell = np.floor((values - self.low[:, None]) / self.width[:, None]).astype(np.int64)
        flat = cell.clip(-1, CELLS) + 1 + np.arange(len(values))[:, None] * (CELLS + 2)
        return np.bincount(flat.ravel(), minlength=len(values) * (CELLS + 2)).reshape(
            len(values), CELLS + 2
        )


@dataclass(frozen=True)
class Task:
    """What is simulated; small, so that it can be sent to a worker."""

    policies: tuple[Policy, ...]
    outcomes: tuple[str, ...]
    draws: int
    seed: int
    until: int | None
    assumptions: Mapping[str, float]

    def run(self, block: int) -> Ensemble:
        """Simulate the draws of one block."""
        first = block * BLOCK_DRAWS
        count = min(BLOCK_DRAWS, self.draws - first)
        chosen = sample(count, self.seed, self.assumptions, first=first)
        return run(self.policies, chosen, self.until)

    def values(self, ensemble: Ensemble) -> dict[str, Array]:
        """Everything that is counted, of one block; shape (rows, draws) each."""
        counted = {}
        for name in self.outcomes:
            counted[name] = ensemble.yearly(name).reshape(-1, ensemble.draws)
            summed = totals(ensemble, name)
            if len(summed) > 1:
                counted[DIFFERENCE + name] = summed[1:] - summed[0]
        return counted


def count(values: Mapping[str, Array], grids: Mapping[str, Grid]) -> Counted:
    """Counts and sums of the values of one block."""
    return {
        name: (grids[name].count(rows).astype(np.uint16), rows.sum(axis=-1))
        for name, rows in values.items()
    }


def count_block(task: Task, block: int, grids: Mapping[str, Grid]) -> Counted:
    """Simulate and count one block; runs on a worker."""
    return count(task.values(task.run(block)), grids)


def _grids(first: Mapping[str, Array]) -> dict[str, Grid]:
    """Grids that reach well beyond the values of the first block."""
    found = {}
    for name, values in first.items():
        low, high = values.min(axis=-1), values.max(axis=-1)
        reach = np.maximum(high - low, np.abs(high) * 1e-9 + 1e-9)  # a constant needs a width too
        found[name] = Grid(low - ROOM * reach, reach * (1 + 2 * ROOM) / CELLS)
    return found


@dataclass(frozen=True, eq=False)
class Summary:
    """What is left of all draws.

    Attributes
    ----------
    policies, years, outcomes : what the rows of an outcome are: years first, policies within
    draws : number of draws
    grids, counts, sums : by outcome, and by `DIFFERENCE` and outcome
    """

    policies: tuple[str, ...]
    years: NDArray[np.int64]
    outcomes: tuple[str, ...]
    draws: int
    grids: Mapping[str, Grid]
    counts: Mapping[str, Counts]
    sums: Mapping[str, Array]

    def quantiles(self, outcome: str, q: Sequence[float] = QUANTILES) -> Array:
        """Quantiles by year and policy, shape (len(q), years, policies).

        Each lies within :meth:`error` of the draw at the quantile or, between two draws, of the
        lower one; :meth:`Ensemble.quantiles` goes linearly from one to the other instead.

        Raises
        ------
        InputError
            When the outcome was not counted, or a share is not within 0 to 1.
        """
        check_name("outcome", outcome, self.outcomes)
        return self._quantiles(outcome, q).reshape(len(q), len(self.years), len(self.policies))

    def difference(self, outcome: str, q: Sequence[float] = QUANTILES) -> Array:
        """Quantiles of the paired difference over the projection, (len(q), policies - 1).

        As in :meth:`quantiles`: of two draws, the lower.

        Raises
        ------
        InputError
            As there, and when one policy was simulated alone.
        """
        check_name("outcome", outcome, self.outcomes)
        if len(self.policies) == 1:
            one = f"{self.policies[0]!r} was simulated alone"
            raise InputError(f"policies: {one}; a difference needs two or more")
        return self._quantiles(DIFFERENCE + outcome, q)

    def mean(self, outcome: str) -> Array:
        """Mean by year and policy, without any error from counting; shape (years, policies)."""
        check_name("outcome", outcome, self.outcomes)
        return (self.sums[outcome] / self.draws).reshape(len(self.years), len(self.policies))

    def error(self, outcome: str) -> float:
        """Largest error of a quantile that counting makes: the width of a cell [its unit]."""
        check_name("outcome", outcome, self.counts)
        return float(self.grids[outcome].width.max())

    def outside(self, outcome: str) -> int:
        """Values that fell off the grid; quantiles beyond them are infinite."""
        check_name("outcome", outcome, self.counts)
        return int(self.counts[outcome][:, [0, -1]].sum())

    def _quantiles(self, name: str, q: Sequence[float]) -> Array:
        grid, counts, q = self.grids[name], self.counts[name], shares_checked(q)
        reached = np.cumsum(counts, axis=-1)
        found = np.empty((len(q), len(counts)))
        for i, share in enumerate(q):
            rank = int(share * (self.draws - 1))  # of the draw at or just below the quantile
            cell = (reached <= rank).sum(axis=-1)
            value = grid.low + (cell - 0.5) * grid.width
            found[i] = np.where(cell == 0, -np.inf, np.where(cell > CELLS, np.inf, value))
        return found


def simulate_many(
    policies: Sequence[str | Policy | None],
    draws: int,
    outcomes: Sequence[str] = ("deaths_fentanyl",),
    executor: Executor | None = None,
    *,
    seed: int = 1,
    until: int | None = None,
    assumptions: Mapping[str, float] | None = None,
    watch: Watch | None = None,
) -> Summary:
    """Simulate any number of draws and keep counts only.

    Parameters
    ----------
    policies : names, policies, or None for the status quo; the first is the reference
    draws : 1 to 1,000,000,000; the first are those of `simulate` with the same seed
    outcomes : names of what is counted
    executor : any `concurrent.futures` executor (threads, processes, `client.get_executor()` of
        Dask); None works here. The numbers are the same with all of them
    seed, until, assumptions : as for `simulate`
    watch : called after each block with the share done; what it raises cancels the rest

    Raises
    ------
    InputError
        Naming every field, bound and allowed value that was broken.
    """
    task = _task(policies, draws, outcomes, seed, until, assumptions)
    first = task.run(0)
    values = task.values(first)
    grids = _grids(values)
    counts = {n: np.zeros((len(g.low), CELLS + 2), dtype=np.int64) for n, g in grids.items()}
    sums = {name: np.zeros(len(grid.low)) for name, grid in grids.items()}
    blocks = -(-task.draws // BLOCK_DRAWS)
    with closing(_later(task, blocks, grids, executor)) as later:  # else a stop cancels late
        for done, counted in enumerate(chain([count(values, grids)], later), 1):
            for name, (cells, total) in counted.items():
                counts[name] += cells
                sums[name] += total
            if watch is not None:
                watch(done / blocks)
    return Summary(first.policies, first.years, task.outcomes, task.draws, grids, counts, sums)


def _later(
    task: Task, blocks: int, grids: Mapping[str, Grid], executor: Executor | None
) -> Generator[Counted]:
    """Results of all blocks but the first in their order, a few of them under way at any time."""
    if executor is None:
        yield from (count_block(task, block, grids) for block in range(1, blocks))
        return
    waiting: deque[Future[Counted]] = deque()
    try:
        for block in range(1, blocks):
            waiting.append(executor.submit(count_block, task, block, grids))
            if len(waiting) == PENDING:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()


def _task(
    policies: Any, draws: Any, outcomes: Any, seed: Any, until: Any, assumptions: Any
) -> Task:
    """What is simulated, when all of it can be."""
    faults, end = Faults("simulate_many"), world.record_end(load_observed())
    chosen = faults.attempt(policies_of, policies)
    last = faults.attempt(checked, 1, until, seed, STEPS_PER_YEAR, end)
    pinned = faults.attempt(load_parameters().check, {} if assumptions is None else assumptions)
    draws = faults.whole("draws", draws, 1, MOST_DRAWS)
    if not isinstance(outcomes, list | tuple) or not outcomes:
        faults.add("outcomes", f"{shown(outcomes)} is no list of outcomes; allowed: one or more")
        outcomes = ()
    for name in outcomes:
        faults.name("outcome", name, OUTCOMES)
    faults.raise_any()
    return Task(chosen, tuple(outcomes), draws, plain(seed), last, pinned)
