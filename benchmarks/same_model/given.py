"""What every tool is given, what it must find, and how it tells what it found."""

import importlib.metadata
import json
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Given(NamedTuple):
    """Numbers by name, and what simlib makes of them."""

    draws: dict[str, Array]
    """Shape (draws,)."""
    months: dict[str, Array]
    """Shape (months, draws)."""
    stocks: dict[str, Array]
    """At the start, shape (draws,)."""
    deaths: Array
    """Of simlib, shape (months, draws)."""

    def first(self, draws: int) -> "Given":
        """The first draws only."""

        def few(values: dict[str, Array]) -> dict[str, Array]:
            return {name: each[..., :draws] for name, each in values.items()}

        return Given(few(self.draws), few(self.months), few(self.stocks), self.deaths[:, :draws])

    def moving(self) -> list[str]:
        """Drivers that change from month to month; the others a tool may take as constants."""
        return [name for name, each in self.months.items() if (each != each[0]).any()]

    def constants(self) -> dict[str, Array]:
        """Numbers that stay what they are through a run, shape (draws,) each."""
        moving = self.moving()
        still = {name: each[0] for name, each in self.months.items() if name not in moving}
        return self.draws | still


def save(path: str, given: Given) -> None:
    """Keep it for another process."""
    parts = {"draws": given.draws, "months": given.months, "stocks": given.stocks}
    flat = {f"{part} {name}": each for part, all_ in parts.items() for name, each in all_.items()}
    np.savez(path, deaths=given.deaths, **flat)


def load(path: str) -> Given:
    """What `save` kept."""
    parts: dict[str, dict[str, Array]] = {"draws": {}, "months": {}, "stocks": {}}
    with np.load(path) as kept:
        for key in kept.files:
            part, _, name = key.partition(" ")
            if name:
                parts[part][name] = kept[key]
        return Given(**parts, deaths=kept["deaths"])


def timed(run: Callable[[], Any], runs: int = 3) -> tuple[Any, float, float]:
    """Result, and least seconds of the processor and of the clock over several runs."""
    taken = []
    for _ in range(runs):
        clock, core = time.perf_counter(), time.process_time()
        found = run()
        taken.append((time.process_time() - core, time.perf_counter() - clock))
    return found, min(each[0] for each in taken), min(each[1] for each in taken)


def tell(package: str, way: str, deaths: Array, given: Given, core: float, clock: float) -> None:
    """Print one result as a line for :mod:`peers`; `deaths` has shape (months, draws)."""
    apart = float(np.abs(deaths / given.deaths - 1).max())
    told = {"package": package, "version": importlib.metadata.version(package), "way": way}
    told |= {"draws": deaths.shape[1], "core": core, "clock": clock, "apart": apart}
    print(json.dumps(told), flush=True)


def main(measure: Callable[[Given], None]) -> None:
    """Measure one tool on the draws in the file named on the command line."""
    measure(load(sys.argv[1]))
