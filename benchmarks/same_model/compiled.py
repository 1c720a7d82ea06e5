"""The equations compiled by numba: one loop over draws, one over months, one core."""

import importlib.util
from collections.abc import Iterator, Mapping, Sequence
from types import ModuleType
from typing import NamedTuple

import numba
import numpy as np
from numba.np.unsafe.ndarray import to_fixed_tuple
from numpy.typing import NDArray

from same_model import equations, translate
from same_model.given import Given, Told, main, timed, told

Array = NDArray[np.float64]
STOCKS = len(translate.STOCKS)


def _compiled() -> ModuleType:
    """A second copy of the equations, every function of it compiled."""
    spec = importlib.util.find_spec(equations.__name__)
    assert spec is not None
    assert spec.loader is not None
    copy = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(copy)
    for name in translate.TREE:
        setattr(copy, name, numba.njit(getattr(copy, name)))
    return copy


COMPILED = _compiled()
_step, _Stocks = COMPILED.step, COMPILED.Stocks


@numba.njit
def _loop(draws: Array, months: Array, first: Array) -> tuple[Array, Array]:
    deaths = np.empty(months.shape)
    price = np.empty(months.shape)
    for i in range(len(draws)):
        stocks = _Stocks(*to_fixed_tuple(first[i], STOCKS))
        for j in range(months.shape[1]):
            stocks, deaths[i, j], price[i, j] = _step(draws[i], months[i, j], stocks)
    return deaths, price


def _records(values: Mapping[str, Array], names: Sequence[str]) -> NDArray[np.void]:
    """Numbers that belong to one draw (and month) side by side, draws first."""
    one = values[names[0]].T
    records = np.empty(one.shape, dtype=[(name, float) for name in names])
    for name in names:
        records[name] = values[name].T
    return records


class Ready(NamedTuple):
    """Draws laid out as the loop wants them; `months` can be filled in before it runs."""

    draws: NDArray[np.void]
    months: NDArray[np.void]
    first: Array

    def run(self) -> tuple[Array, Array]:
        """Deaths and price, shape (draws, months)."""
        return _loop(*self)


def prepare(given: Given) -> Ready:
    """Put side by side what belongs to one draw and one month."""
    draws = _records(given.draws, translate.used("p"))
    months = _records(given.months, translate.used("m"))
    return Ready(draws, months, np.stack([given.stocks[name] for name in translate.STOCKS], axis=1))


def measure(given: Given) -> Iterator[Told]:
    """All draws, one core."""
    ready = prepare(given)
    deaths, taken = timed(lambda: ready.run()[0].T)
    yield told("numba", "compiled loop", deaths, given, taken)


if __name__ == "__main__":
    main(measure)
