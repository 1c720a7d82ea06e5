"""What simlib hands its month, as plain numbers by name, and what it makes of them."""

from types import SimpleNamespace

import numpy as np
from numpy.typing import NDArray

from same_model import translate
from same_model.given import Given
from simlib import runs, simulation, world
from simlib.analysis.runs import sample
from simlib.inputs.observed import load_observed
from simlib.inputs.policy import load_policy
from simlib.inputs.tables import load_programmes
from simlib.model import future, month, pressure, supply
from simlib.model.future import Drivers, Pressed

Array = NDArray[np.float64]

POLICY = "border_surge"
DRIVERS = (
    *("fentanyl_share", "log_potency_trend", "shock", "entry"),
    *("kg_per_user", "heroin_deaths", "born_exposed"),
)


def begin(count: int, first: int = 0) -> simulation.Begun:
    """Simulate the record and make the drivers of the projection."""
    observed = load_observed()
    last = int(np.ceil(world.record_end(observed))) + simulation.PROJECTED_YEARS - 1
    return simulation.begin(sample(count, 1, {}, first=first), observed, last)


def run(begun: simulation.Begun) -> Array:
    """Deaths by month and draw, by the compiled model."""
    flows, _ = simulation.run([load_policy(POLICY)], begun)
    return flows["deaths_fentanyl"][:, 0]


def given(begun: simulation.Begun, deaths: Array) -> Given:
    """The month's inputs by the names of :mod:`same_model.equations`, and simlib's deaths."""
    stocks = runs.stocks(begun.work.first)
    first, by_month = _stocks(stocks), []
    kept = future.lag_kept(begun.future.p.spending_lag_years, begun.dt)
    plan = simulation.planned([load_policy(POLICY)], begun.time)
    reached = dict.fromkeys(load_programmes(), np.zeros(len(deaths[0])))
    for i in range(len(begun.time)):
        d = Drivers(*(series[i] for series in begun.drivers))
        after = {
            name: future.toward(now, plan[name][i, 0] if name in plan else 0.0, kept)
            for name, now in reached.items()
        }
        levers = SimpleNamespace(**{name: (reached[name] + after[name]) / 2 for name in after})
        pressed = pressure.press(begun.future, d, levers, stocks)
        capacity = supply.halfway(stocks.capacity, pressed.capacity)
        by_month.append({name: getattr(d, name) for name in DRIVERS} | _by_name(pressed, capacity))
        stocks, _ = month.step(begun.future, d, levers, stocks)
        reached = after
    shape = deaths.shape[1]
    months = {
        name: np.stack([np.broadcast_to(each[name], shape) for each in by_month])
        for name in by_month[0]
    }
    return Given(_constants(begun), months, first, deaths)


def _by_name(pressed: Pressed, capacity: future.Capacity) -> dict[str, Array]:
    found = {"iron": pressed.iron, "circumstances": pressed.circumstances}
    found |= {"cheaper": pressed.cheaper, **pressed.health._asdict()}
    for name, parts in (
        ("seized", pressed.seized),
        ("premium", pressed.premium),
        ("capacity", capacity),
        ("arrest", pressed.entry),
        ("release", pressed.release),
    ):
        found |= {f"{name}_{part}": value for part, value in parts._asdict().items()}
    return found


def _constants(begun: simulation.Begun) -> dict[str, Array]:
    """Parameters, anchors and today's conditions."""
    today, found = begun.future.today, dict(begun.parameters)
    for name, parts in (
        ("price", today.prices),
        ("handling", today.handling),
        ("risk", today.risk),
    ):
        found |= {f"{name}_{part}": value for part, value in parts._asdict().items()}
    found |= {"volume_today": today.volume, "exposed_rate": begun.future.a.exposed_rate}
    return {name: found[name].reshape(-1) for name in translate.used("p")}


def _stocks(stocks: future.Stocks) -> dict[str, Array]:
    found = stocks._asdict() | stocks.people._asdict()
    found |= {"dead_overdose": stocks.dead.overdose, "dead_otherwise": stocks.dead.otherwise}
    found |= {f"was_{name}": value for name, value in stocks.before._asdict().items()}
    return {name: np.asarray(found[name]) for name in translate.STOCKS}
