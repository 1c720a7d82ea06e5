"""One month of one future in plain numbers, to call the model's equations with."""

from collections import namedtuple
from collections.abc import Mapping
from typing import Any

from simlib import block, simulation, world
from simlib.inputs import sampling
from simlib.inputs.observed import load_observed
from simlib.inputs.parameters import load_parameters
from simlib.inputs.posterior import shipped_posterior
from simlib.inputs.tables import load_programmes
from simlib.model.future import Drivers, Future, Stocks


def first_month(seed: int = 1) -> tuple[Future, Drivers, Any, Stocks]:
    """What `simlib.model.month.step` needs: the first month after the record, in one future.

    Parameters
    ----------
    seed : of the one draw that is taken from the posterior

    Returns
    -------
    future : the draw of the parameters in `p`, a plain number in a field named as its row
    drivers : what moves without policy
    levers : a field a lever, all 0 [million USD per year; for sentences share of time served];
        ``levers._replace(port_officers=1000.0)`` moves one
    stocks : at the end of the record
    """
    observed = load_observed()
    sample = sampling.sample(
        load_parameters(),
        1,
        seed,
        {},
        shipped_posterior(),
        record_quarters=world.record_quarters(observed),
    )
    work = simulation.begin(sample, observed, int(world.record_end(observed))).work
    names = sorted(sample.parameters)
    draw = _named("Draw", {name: float(sample.parameters[name][0]) for name in names})
    anchors, today = (
        block.anchors_of(work.anchors[0].tolist()),
        block.today_of(work.today[0].tolist()),
    )
    kept = block.kept_of(work.kept[0].tolist())
    programmes = load_programmes()
    return (
        Future(draw, anchors, today, kept, work.projected, work.dt),
        block.drivers_of(work.drivers[0, 0].tolist()),
        _named("Levers", dict.fromkeys(programmes, 0.0)),
        block.stocks_of(work.first[0].tolist()),
    )


def _named(title: str, numbers: Mapping[str, float]) -> Any:
    """Numbers as fields."""
    return namedtuple(title, numbers)(**numbers)
