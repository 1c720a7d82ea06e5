"""simlib against compiled loops on many draws, block by block; all on one core."""

import json
import sys
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from same_model import compiled, inputs, itself, policy
from same_model.given import timed
from simlib.analysis.scale import BLOCK_DRAWS


class Many(NamedTuple):
    """Sums over all blocks [s of one core]."""

    draws: int
    loop: float
    compiled: float
    both: float
    """Events 1 and 2, and the loop."""
    both_compiled: float
    whole: float
    apart: float


def compiled_block(block: itself.Block) -> tuple[float, float, NDArray[Any]]:
    """Time of events 1 and 2 and of the loop, compiled; deaths that the two of them give."""
    ready = compiled.prepare(block.given)
    _forget(ready.months)
    _, pressed = timed(policy.prepare(block.begun, ready.months), 1)
    (deaths, _), looped = timed(ready.run, 1)
    return pressed.core, looped.core, deaths.T


def _forget(months: NDArray[np.void]) -> None:
    """Wipe out what events 1 and 2 are to find."""
    for name in months.dtype.names or ():
        if name not in inputs.DRIVERS:
            months[name] = np.nan


def measure(draws: int) -> Many:
    """Run each block with both, on the same numbers."""
    compiled_block(itself.block(8))
    sums, apart = np.zeros(5), 0.0
    for first in range(0, draws, BLOCK_DRAWS):
        block = itself.block(min(BLOCK_DRAWS, draws - first), first)
        pressed, looped, deaths = compiled_block(block)
        apart = max(apart, float(np.abs(deaths / block.given.deaths - 1).max()))
        loop, both = block.loop.core, block.press.core + block.loop.core
        sums += (loop, looped, both, pressed + looped, both + block.begin.core)
    return Many._make([draws, *sums.tolist(), apart])


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))
