"""What simlib hands its monthly loop, as plain numbers by name, and what its loop makes of them."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from simlib.pressure import pressure
from simlib.state import Levers, Pressure, State, Today

from same_model import translate
from same_model.given import Given
from simlib import model, simulation, world
from simlib.analysis.runs import sample
from simlib.observed import load_observed
from simlib.policy import load_policy
from simlib.world import OFFENCES, STAGES

Array = NDArray[np.float64]

POLICY = "border_surge"
DT = 1 / simulation.STEPS_PER_YEAR
DRIVERS = (
    *("fentanyl_share", "log_potency_trend", "shock", "entry"),
    *("kg_per_user", "heroin_deaths", "born_exposed"),
)
MARKET = ("shipments", "volume", "substituted", "lived_hazard", "stock_kg", "log_tolerance")
CAPACITY = ("precursors", "production", "distribution")
PRESSURE = ("iron", "circumstances", "cheaper", "prevention", "places", "fatality", "reentry")
BY_PART = (
    ("seized", "seized", STAGES),
    ("premium", "premium", STAGES),
    ("capacity", "capacity", CAPACITY),
    ("arrest", "entry", OFFENCES),
    ("release", "release", OFFENCES),
)


class Begun(NamedTuple):
    """simlib at the end of the record, ready for the projection."""

    state: State
    p: Any
    anchors: world.Anchors
    drivers: world.Drivers
    levers: Levers
    today: Today


def begin(count: int, first: int = 0) -> Begun:
    """Simulate the record and make the drivers of the projection."""
    observed, policy = load_observed(), load_policy(POLICY)
    chosen = sample(count, 1, {}, first=first)
    last = int(np.ceil(world.record_end(observed))) + simulation.PROJECTED_YEARS - 1
    p, past, drivers, today, _ = simulation.begin(chosen, observed, last)
    levers = simulation.planned([policy], drivers.time)
    state = simulation._spread(past.state, 1, levers)
    return Begun(state, p, past.anchors, drivers, levers, today)


def press(begun: Begun) -> Pressure:
    """Events 1 and 2 of all months."""
    b = begun
    return pressure(b.state.standing, b.p, b.anchors, b.drivers, b.levers, b.today, DT)[0]


def loop(begun: Begun, pressed: Pressure) -> dict[str, Array]:
    """Events 3 to 6 of all months, as :func:`simlib.model.run` steps through them."""
    state, flows = begun.state, {}
    months = len(begun.drivers.time)
    for i in range(months):
        now = world.Drivers(*(series[i] for series in begun.drivers))
        state, found = model.step(
            state, begun.p, begun.anchors, now, pressed.at(i), begun.today, DT
        )
        for name, value in found.items():
            if i == 0:
                flows[name] = np.empty((months, *state.shipments.shape))
            flows[name][i] = value
    return flows


def by_name(begun: Begun, pressed: Pressure, deaths: Array) -> Given:
    """The loop's inputs by the names of :mod:`same_model.equations`, and its deaths."""
    shape = (len(begun.drivers.time), len(begun.state.shipments[0]))

    def wide(series: Array) -> Array:
        return np.array(np.broadcast_to(series.reshape(-1, series.shape[-1]), shape))

    months = {name: wide(getattr(begun.drivers, name)) for name in DRIVERS}
    months |= {name: wide(getattr(pressed, name)) for name in PRESSURE}
    for name, field, parts in BY_PART:
        series = getattr(pressed, field)
        months |= {f"{name}_{part}": wide(series[:, i]) for i, part in enumerate(parts)}
    return Given(_constants(begun), months, _stocks(begun.state), deaths[:, 0])


def _constants(begun: Begun) -> dict[str, Array]:
    """Parameters, anchors and today's conditions."""
    today, found = begun.today, dict(begun.p)
    for i, name in enumerate(("production", "landed", "wholesale", "retail")):
        found[f"price_{name}"] = today.prices[i, 0]
    for i, stage in enumerate(STAGES):
        found[f"handling_{stage}"] = today.handling[i, 0]
        found[f"risk_{stage}"] = today.risk[i, 0]
    found["volume_today"] = today.volume[0]
    found["exposed_rate"] = begun.anchors.exposed_rate
    return {name: found[name].reshape(-1) for name in translate.used("p")}


def _stocks(state: State) -> dict[str, Array]:
    people = state.people._asdict()
    people |= dict(zip(OFFENCES, people.pop("custody"), strict=True))
    market = {name: getattr(state, name) for name in MARKET}
    before = (state.before or state.slow())._asdict()
    found = people | market | {f"was_{name}": value for name, value in before.items()}
    return {name: found[name][0] for name in translate.STOCKS}
