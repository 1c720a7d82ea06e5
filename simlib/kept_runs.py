"""The last runs, by draws and policy: a line of a picture that did not move is not run again."""

import os
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from threading import Lock
from typing import Any

import numpy as np

from simlib.inputs.arrays import Array, closed

Kept = tuple[Mapping[str, Array], Array]
"""Flows and last stocks of one policy's run, read-only."""
MOST_RUNS = 6
"""Runs that are kept: a picture's lines, and what equal money tried."""
LARGEST_RUN = 32 * 2**20
"""Bytes of the largest run that is kept."""


class Runs:
    """Runs by key, of which the one used longest ago goes first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._runs: OrderedDict[Any, Kept] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._runs)

    def get(self, key: Any) -> Kept | None:
        """What is kept under a key; None where nothing is."""
        with self._lock:
            if key in self._runs:
                self._runs.move_to_end(key)
            return self._runs.get(key)

    def put(self, key: Any, run: Kept) -> Kept:
        """Keep a run that is not too large, and return it."""
        if sum(flow.nbytes for flow in run[0].values()) <= LARGEST_RUN:
            with self._lock:
                self._runs[key] = run
                while len(self._runs) > self._most:
                    self._runs.popitem(last=False)
        return run

    def clear(self) -> None:
        """Keep nothing; a child process begins so, because nobody there would open the lock."""
        self._runs, self._lock = OrderedDict(), Lock()


KNOWN = Runs(MOST_RUNS)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=KNOWN.clear)


class SideBySide(Mapping[str, Array]):
    """Flows of several runs by name, put beside each other only when they are asked for."""

    def __init__(self, several: Sequence[Mapping[str, Array]]) -> None:
        self._several = several
        self._joined: dict[str, Array] = {}

    def __getitem__(self, name: str) -> Array:
        if name not in self._joined:
            self._joined[name] = closed(np.stack([each[name] for each in self._several], axis=1))
        return self._joined[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._several[0])

    def __len__(self) -> int:
        return len(self._several[0])
