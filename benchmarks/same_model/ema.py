"""EMA Workbench: the equations as a Python function, one experiment a draw.

The workbench samples, runs and collects; the function is the modeller's. It is given a draw's
number and looks the rest up, which costs it less than sixty uncertainties would.
"""

from collections import namedtuple
from collections.abc import Iterator
from typing import Any

import numpy as np
from ema_workbench import (
    IntegerParameter,
    Model,
    MultiprocessingEvaluator,
    Sample,
    SequentialEvaluator,
    TimeSeriesOutcome,
)
from numpy.typing import NDArray

from same_model import equations, translate
from same_model.given import Given, Told, main, timed, told

named: Any = namedtuple
Draw = named("Draw", translate.used("p"))
Month = named("Month", translate.used("m"))
READY: list[tuple[Any, list[Any], Any]] = []
"""A draw's parameters, months and first stocks; forked workers have it too."""


def prepare(given: Given) -> None:
    """Lay every draw out as plain numbers."""
    draws = zip(*(given.draws[name].tolist() for name in Draw._fields), strict=True)
    months = np.stack([given.months[name] for name in Month._fields], axis=-1)
    stocks = np.stack([given.stocks[name] for name in translate.STOCKS], axis=-1)
    for i, draw in enumerate(draws):
        path = [Month(*month) for month in months[:, i].tolist()]
        READY.append((Draw(*draw), path, equations.Stocks(*stocks[i].tolist())))


def simulated(draw: int) -> dict[str, list[float]]:
    """Deaths by fentanyl of one draw, by month."""
    p, months, stocks = READY[draw]
    deaths = []
    for month in months:
        stocks, dead, _ = equations.step(p, month, stocks)
        deaths.append(dead)
    return {"deaths": deaths}


def experiments(evaluator: Any, draws: int) -> NDArray[np.float64]:
    """Run all draws; deaths, shape (months, draws)."""
    scenarios = [Sample(str(i), draw=i) for i in range(draws)]
    found, outcomes = evaluator.perform_experiments(scenarios)
    by_draw = np.argsort(found["draw"].to_numpy().astype(int))
    return outcomes["deaths"][by_draw].T


def measure(given: Given) -> Iterator[Told]:
    """In one process and in two."""
    prepare(given)
    draws = len(READY)
    model = Model("simlib", function=simulated)
    model.uncertainties = [IntegerParameter("draw", 0, draws)]
    model.outcomes = [TimeSeriesOutcome("deaths")]
    with SequentialEvaluator(model) as evaluator:
        deaths, taken = timed(lambda: experiments(evaluator, draws), 3)
    yield told("ema-workbench", "one process", deaths, given, taken)
    with MultiprocessingEvaluator(model, n_processes=2) as evaluator:
        deaths, taken = timed(lambda: experiments(evaluator, draws), 3)
    yield told("ema-workbench", "two processes", deaths, given, taken, cores=2)


if __name__ == "__main__":
    main(measure)
