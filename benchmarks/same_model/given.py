"""What every tool is given, what it must find, and how it tells what it found."""

import importlib.metadata
import json
import sys
import time
from collections.abc import Callable, Iterator
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
    flat: dict[str, Any] = {
        f"{part} {name}": each for part, all_ in parts.items() for name, each in all_.items()
    }
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


class Timed(NamedTuple):
    """Least time over several runs, and that of the first, which may have to compile [s]."""

    core: float
    """Of the processor, whoever else is at work."""
    clock: float
    first: float


def timed(run: Callable[[], Any], runs: int = 5) -> tuple[Any, Timed]:
    """What it gives and how long it takes."""
    core, clock = [], []
    for _ in range(runs):
        began, at_work = time.perf_counter(), time.process_time()
        found = run()
        core.append(time.process_time() - at_work)
        clock.append(time.perf_counter() - began)
    return found, Timed(min(core), min(clock), clock[0])


class Told(NamedTuple):
    """One measurement."""

    tool: str
    way: str
    draws: int
    seconds: float
    """Of one core, or of the clock where there are two processes."""
    first: float
    """Of the clock, first run."""
    apart: float
    """Largest relative distance from simlib's deaths, of any draw and month."""


def told(tool: str, way: str, deaths: Array, given: Given, taken: Timed, cores: int = 1) -> Told:
    """A measurement of `tool`, a package; `deaths` has shape (months, draws)."""
    apart = float(np.abs(deaths / given.deaths - 1).max())
    seconds = taken.core if cores == 1 else taken.clock
    named = f"{tool} {importlib.metadata.version(tool)}"
    return Told(named, way, deaths.shape[1], seconds, taken.first, apart)


def main(measure: Callable[[Given], Iterator[Told]]) -> None:
    """Measure one tool on the draws in the file named on the command line; a line for each way."""
    for each in measure(load(sys.argv[1])):
        print(json.dumps(each), flush=True)
