"""The one loop: first_state(), step() and run().

Holds no numbers; knows the order of events within a step:

1. money that has taken effect -> intensity of each programme
2. intensity -> lane hazards; traffic moves between lanes -> share seized at each stage
3. seizures and punishment -> unit cost of the trade
4. cost -> demand; shipments and capacity -> kilograms delivered; market -> price and potency
5. potency -> tolerance; doses, potency, frailty -> overdoses; rescue -> deaths
6. people move between boxes

Stocks live on step bounds, flows on steps. Draws are on the last axis, policies before it. In the
history costs follow their observed trend, so step 3 begins with the projection.
"""

import numpy as np

from simlib import enforcement, events, overdose, people, supply, world
from simlib.people import People
from simlib.state import Array, Draws, Levers, Pressure, State, Today
from simlib.world import STAGE_START, STAGES, Anchors, Drivers


def step(
    state: State,
    p: Draws,
    a: Anchors,
    d: Drivers,
    levers: Levers,
    today: Today | None,
    dt: float,
) -> tuple[State, dict[str, Array]]:
    """One step in the order of events; `today` is None while the record lasts."""
    reached = {
        name: enforcement.spending_reached(before, levers[name], p["spending_lag_years"], dt)
        for name, before in state.reached.items()
    }
    middle_money = {name: 0.5 * (state.reached[name] + reached[name]) for name in reached}
    now = state._replace(reached=middle_money)
    anchored = enforcement.sum_by_stage(a.weights * a.hazards, STAGE_START)
    pressed = events.pressure(now, p, a, today.arrests if today else anchored, d, dt)
    nothing = np.zeros((1, 1))
    sentences = (
        levers.get("sentence_possession", nothing),
        levers.get("sentence_selling", nothing),
    )
    cost_ratio, additive, risk_ratio, harm = _costs(p, today, now, pressed, sentences[1])
    traded = events.trade(now, p, d, pressed, cost_ratio, risk_ratio, dt)
    risk = events.overdose_risk(now, p, a, d, traded, harm, dt)
    held = events.custody(now, p, d, pressed.arrests, sentences, dt)
    chance, leaving = people.chances(events.moves(now, p, d, traded.price, risk, held), dt)
    born_exposed = p["exposed_people"] * p["other_death_rate_general"] + d.entry
    after, middle, _ = people.step(state.people, chance, leaving, born_exposed * dt)
    lived = overdose.cumulative_hazard_next(
        state.lived_hazard, risk.fatal(), d.entry / middle.active, dt
    )
    flows = dict(traded.flows) | events.deaths(chance, middle, risk, p, d, dt)
    flows |= events.stocks_lived(state.people, after, 0.5 * (state.sellers + held.sellers), dt)
    flows |= {"cost_additive": additive + 0 * cost_ratio, "entries": born_exposed * dt}
    following = State(
        people=after,
        sellers=held.sellers,
        reached=reached,
        weights=pressed.weights,
        log_tolerance=risk.log_tolerance,
        lived_hazard=lived,
        **traded.state,
    )
    return following, flows


def _costs(
    p: Draws, today: Today | None, now: State, pressed: Pressure, longer: Array
) -> tuple[Array, Array, Array, Array]:
    """Unit cost over today's, additive chain, punishment a kilo, local harm; 1 in the record."""
    same = np.ones((1, 1))
    if today is None:
        return same, np.full((1, 1), np.nan), same, same
    punishment = pressed.arrests * (1 + np.stack([0 * longer, longer, longer]))
    cartel = pressed.intensity.get("cartel_operations", same)
    ratio, additive = events.unit_cost(p, today, now, pressed.seized, punishment, cartel)
    harm = 1 + p["local_harm"] * (pressed.arrests[STAGES.index("retail")] - 1)
    return ratio, additive, np.mean(punishment, axis=0), harm


def first_state(p: Draws, a: Anchors, d: Drivers, first: People) -> State:
    """State at the start of the history; shape (1, draws)."""
    shape = first.active.shape
    ones, none = np.ones(shape), np.zeros(shape)
    passed = (1 - p["border_seized_share"]) * (1 - p["domestic_seized_share"])
    sentenced = np.stack([p[f"sentenced_{stage}"] for stage in STAGES])
    return State(
        people=first,
        sellers=(sentenced * d.fentanyl_share[0] * p["federal_years_served"])[:, None, :],
        reached={},
        weights=a.weights * np.ones((len(world.LANES), *shape)),
        capacity=np.ones((3, *shape)),
        shipments=ones / passed,
        stock_kg=none,
        volume=first.active + p["moud_risk_ratio"] * first.treatment,
        substituted=none,
        log_tolerance=d.log_potency_trend[0] * ones,
        lived_hazard=none,
    )


def today_from(state: State, p: Draws, a: Anchors, d: Drivers, dt: float) -> Today:
    """Conditions at the end of the record, against which the projection measures change."""
    anchored = enforcement.sum_by_stage(a.weights * a.hazards, STAGE_START)
    pressed = events.pressure(state, p, a, anchored, d, dt)
    ratios = np.stack([p[f"input_ratio_{stage}"] for stage in STAGES])[:, None, :]
    prices = supply.price_ladder(p["retail_price"], ratios, pressed.seized)
    added = supply.value_added(prices, pressed.seized)
    risk = added * np.stack([p[f"risk_share_{stage}"] for stage in STAGES])[:, None, :]
    sigma = supply.sigma_from_elasticity(
        p["punishment_elasticity"], prices, risk, pressed.seized, p["prison_part_of_risk"]
    )
    return Today(prices, added - risk, risk, sigma, pressed.arrests * anchored, state.volume)


def run(
    state: State,
    p: Draws,
    a: Anchors,
    drivers: Drivers,
    levers: Levers,
    today: Today | None,
    dt: float,
) -> tuple[State, dict[str, Array]]:
    """Step through all of `drivers.time`; the only loop over time in the library.

    Returns
    -------
    state : State at the end
    flows : by name, shape (steps, policies, draws)
    """
    flows: dict[str, Array] = {}
    shape = (len(drivers.time), *state.shipments.shape)
    for i in range(len(drivers.time)):
        now = Drivers(*(series[i] for series in drivers))
        state, found = step(
            state, p, a, now, {name: path[i] for name, path in levers.items()}, today, dt
        )
        for name, value in found.items():
            flows.setdefault(name, np.empty(shape))[i] = value
    return state, flows
