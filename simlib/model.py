"""The one loop: first_state(), step() and run().

Holds no numbers; knows the order of events:

1. money that has taken effect -> intensity of each programme
2. intensity -> lane hazards; traffic moves between lanes -> share seized at each stage
3. seizures and punishment -> unit cost of the trade
4. cost -> demand; shipments and capacity -> kilograms delivered; market -> price and potency
5. potency -> tolerance; doses, potency, frailty -> overdoses; rescue -> deaths
6. people move between boxes

Policy alone decides events 1 and 2, so they come for all steps at once from
:mod:`simlib.pressure`; the loop runs the others step by step. Stocks live on step bounds, flows on
steps. Draws are on the last axis, policies before it. In the history costs follow their observed
trend, so event 3 begins with the projection.
"""

from collections.abc import Callable

import numpy as np

from simlib import enforcement, events, overdose, people, supply, world
from simlib.people import People
from simlib.pressure import pressure
from simlib.state import Array, Draws, Levers, Pressure, Standing, State, Today
from simlib.world import STAGE_START, STAGES, Anchors, Drivers

Watch = Callable[[float], None]
"""Called now and then with the share of steps done; what it raises stops the run."""


def step(
    state: State,
    p: Draws,
    a: Anchors,
    d: Drivers,
    pressed: Pressure,
    today: Today | None,
    dt: float,
) -> tuple[State, dict[str, Array]]:
    """Events 3 to 6 of one step; `today` is None while the record lasts."""
    slow = state.slow()
    middle_slow = slow.half_a_step_on(state.before or slow)
    cost_ratio, additive = np.ones((1, 1)), np.full((1, 1), np.nan)
    if today:
        cost_ratio, additive = events.unit_cost(p, today, middle_slow.volume, pressed)
    traded = events.trade(state, middle_slow, p, d, pressed, cost_ratio, dt)
    risk = events.overdose_risk(state, middle_slow, p, a, d, traded, pressed, dt)
    freed = events.released(state, middle_slow, p, pressed)
    rates = events.moves(middle_slow, p, d, pressed, traded.price, risk, freed)
    chance = people.chances(rates, dt)
    after, middle, _ = people.step(state.people, chance, d.born_exposed * dt)
    lived = overdose.cumulative_hazard_next(
        state.lived_hazard, risk.fatal, d.entry / middle.active, dt
    )
    flows = dict(traded.flows) | events.deaths(chance, middle, risk, p, d, pressed, dt)
    flows |= events.stocks_lived(state.people, after, pressed.seller_years, dt)
    flows |= {"cost_additive": additive, "entries": d.born_exposed * dt}
    following = state._replace(
        people=after,
        log_tolerance=risk.log_tolerance,
        lived_hazard=lived,
        before=slow,
        stock_kg=traded.stock_kg,
        shipments=traded.shipments,
        volume=traded.volume,
        substituted=traded.substituted,
    )
    return following, flows


def first_state(p: Draws, a: Anchors, d: Drivers, first: People) -> State:
    """State at the start of the history; shape (1, draws)."""
    shape = first.active.shape
    ones, none = np.ones(shape), np.zeros(shape)
    passed = (1 - p["border_seized_share"]) * (1 - p["domestic_seized_share"])
    sentenced = np.stack([p[f"sentenced_{stage}"] for stage in STAGES])
    standing = Standing(
        reached={},
        weights=a.weights * np.ones((len(world.LANES), *shape)),
        capacity=np.ones((3, *shape)),
        sellers=(sentenced * d.fentanyl_share * p["federal_years_served"])[:, None, :],
    )
    return State(
        standing=standing,
        people=first,
        shipments=ones / passed,
        volume=first.active + p["moud_risk_ratio"] * first.treatment,
        substituted=none,
        lived_hazard=none,
        stock_kg=none,
        log_tolerance=d.log_potency_trend * ones,
    )


def today_from(state: State, p: Draws, a: Anchors, drivers: Drivers, dt: float) -> Today:
    """Conditions at the end of the record, against which the projection measures change.

    Parameters
    ----------
    state : at the end of the record, one policy
    drivers : of the projection; only its first step is read
    """
    first = Drivers(*(series[:1] for series in drivers))
    pressed, _ = pressure(state.standing, p, a, first, {}, None, dt)
    seized, arrests = pressed.seized[0], pressed.arrests[0]
    ratios = np.stack([p[f"input_ratio_{stage}"] for stage in STAGES])[:, None, :]
    prices = supply.price_ladder(p["retail_price"], ratios, seized)
    added = supply.value_added(prices, seized)
    risk = added * np.stack([p[f"risk_share_{stage}"] for stage in STAGES])[:, None, :]
    sigma = supply.sigma_from_elasticity(
        p["punishment_elasticity"], prices, risk, seized, p["prison_part_of_risk"]
    )
    anchored = enforcement.sum_by_stage(a.weights * a.hazards, STAGE_START)
    return Today(prices, added - risk, risk, sigma, arrests * anchored, state.volume)


def run(
    state: State,
    p: Draws,
    a: Anchors,
    drivers: Drivers,
    levers: Levers,
    today: Today | None,
    dt: float,
    watch: Watch = lambda done: None,
) -> tuple[State, dict[str, Array]]:
    """Step through all of `drivers.time`; the only loop over the model's steps.

    Returns
    -------
    state : State at the end
    flows : by name, shape (steps, policies, draws)
    """
    pressed, standing = pressure(state.standing, p, a, drivers, levers, today, dt)
    flows: dict[str, Array] = {}
    steps = len(drivers.time)
    for i in range(steps):
        now = Drivers(*(series[i] for series in drivers))
        state, found = step(state, p, a, now, pressed.at(i), today, dt)
        for name, value in found.items():
            if i == 0:
                flows[name] = np.empty((steps, *state.shipments.shape))
            flows[name][i] = value
        watch((i + 1) / steps)
    return state._replace(standing=standing), flows
