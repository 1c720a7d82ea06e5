"""simlib's loop against the compiled one on many draws, block by block; both on one core."""

import json
import sys
from typing import NamedTuple

import numpy as np

from same_model import compiled, itself
from same_model.given import timed
from simlib.analysis.scale import BLOCK_DRAWS


class Many(NamedTuple):
    """Sums over all blocks [s of one core]."""

    draws: int
    whole: float
    press: float
    loop: float
    compiled: float
    apart: float


def measure(draws: int) -> Many:
    """Run each block with both, on the same numbers."""
    compiled.prepare(itself.block(8).given)()
    whole = press = loop = plain = apart = 0.0
    for first in range(0, draws, BLOCK_DRAWS):
        block = itself.block(min(BLOCK_DRAWS, draws - first), first)
        run = compiled.prepare(block.given)
        (deaths, _), taken = timed(run, 1)
        apart = max(apart, float(np.abs(deaths.T / block.given.deaths - 1).max()))
        press, loop, plain = press + block.press.core, loop + block.loop.core, plain + taken.core
        whole += block.begin.core + block.press.core + block.loop.core
    return Many(draws, whole, press, loop, plain, apart)


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))
