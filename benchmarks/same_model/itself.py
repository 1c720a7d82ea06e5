"""simlib itself: its months on one core and on all, and all it does."""

import json
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import patch

from same_model import inputs
from same_model.given import Timed, Told, save, timed, told
from simlib import runs


def on(threads: int, begun: inputs.simulation.Begun) -> tuple[inputs.Array, Timed]:
    """Deaths of a run on a number of threads, and its time."""
    with ThreadPoolExecutor(threads) as pool, patch.object(runs, "_threads", lambda: pool):
        return timed(lambda: inputs.run(begun))


def measure(draws: int, path: str) -> Iterator[Told]:
    """Measure, and keep what the other tools are given in the file at `path`."""
    begun, begin = timed(lambda: inputs.begin(draws))
    deaths, one = on(1, begun)
    given = inputs.given(begun, deaths)
    save(path, given)
    yield told("simlib", "all six events", deaths, given, one)
    whole = Timed(*(sum(parts) for parts in zip(begin, one, strict=True)))
    yield told("simlib", "whole: sampling, record, drivers, six events", deaths, given, whole)
    deaths, two = on(2, begun)
    yield told("simlib", "all six events, two threads", deaths, given, two, cores=2)


def main() -> None:
    """Print a line for each way; draws and file come from the command line."""
    for each in measure(int(sys.argv[1]), sys.argv[2]):
        print(json.dumps(each), flush=True)


if __name__ == "__main__":
    main()
