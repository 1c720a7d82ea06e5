"""simlib itself: its loop, the loop with what policy alone decides, and all it does."""

import json
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from simlib.state import Pressure

from same_model import inputs
from same_model.given import Given, Timed, Told, save, timed, told

Array = NDArray[np.float64]
DEATHS = "deaths_fentanyl"
HALVES: list[tuple[inputs.Begun, Pressure]] = []
"""Ready for two forked workers."""


class Block(NamedTuple):
    """Some draws: what any tool is given, and simlib's time for each part [s of one core]."""

    given: Given
    begun: inputs.Begun
    pressed: Pressure
    begin: Timed
    press: Timed
    loop: Timed


def block(draws: int, first: int = 0, runs: int = 1) -> Block:
    """Run simlib's parts one by one."""
    begun, begin = timed(lambda: inputs.begin(draws, first), runs)
    pressed, press = timed(lambda: inputs.press(begun), runs)
    flows, loop = timed(lambda: inputs.loop(begun, pressed), runs)
    given = inputs.by_name(begun, pressed, flows[DEATHS])
    return Block(given, begun, pressed, begin, press, loop)


def _half(number: int) -> Array:
    return inputs.loop(*HALVES[number])[DEATHS][:, 0]


def in_two(given: Given) -> Told:
    """The loop in two processes that are up and have their draws."""
    draws = given.deaths.shape[1]
    for first, count in ((0, draws // 2), (draws // 2, draws - draws // 2)):
        begun = inputs.begin(count, first)
        HALVES.append((begun, inputs.press(begun)))
    with ProcessPoolExecutor(2, get_context("fork")) as pool:
        deaths, taken = timed(lambda: np.concatenate(list(pool.map(_half, (0, 1))), axis=1))
    return told("simlib", "loop, two processes", deaths, given, taken, cores=2)


def measure(draws: int, path: str) -> Iterator[Told]:
    """Measure, and keep what the other tools are given in the file at `path`."""
    found = block(draws, runs=5)
    given = found.given
    save(path, given)
    yield told("simlib", "loop", given.deaths, given, found.loop)
    sums = zip(found.begin, found.press, found.loop, strict=True)
    whole = Timed(*(sum(parts) for parts in sums))
    yield told("simlib", "whole: sampling, record, drivers, loop", given.deaths, given, whole)
    yield in_two(given)


def main() -> None:
    """Print a line for each way; draws and file come from the command line."""
    for each in measure(int(sys.argv[1]), sys.argv[2]):
        print(json.dumps(each), flush=True)


if __name__ == "__main__":
    main()
