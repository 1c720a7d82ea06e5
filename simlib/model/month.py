"""One month of one future: the events in their order.

1. money that has taken effect -> intensity of each programme
2. intensity -> lane hazards; traffic moves between lanes -> share seized at each stage
3. seizures and punishment -> unit cost of the trade
4. cost -> demand; shipments and capacity -> kilograms delivered; market -> price and potency
5. potency -> tolerance; doses, potency, frailty -> overdoses; rescue -> deaths
6. people move between boxes

Everything is a plain number (or an array of many, then so is all that comes out). Stocks live on
the bounds of a step, flows in it. The equations hold no numbers: parameters are the fields of a
draw, named as their rows.
"""

from typing import Any, NamedTuple

from simlib.model import enforcement, market, overdose, people, supply
from simlib.model.functions import Number, power
from simlib.model.future import (
    Deaths,
    Drivers,
    Future,
    People,
    Pressed,
    Stocks,
    half_a_step_on,
    slow_stocks,
)
from simlib.model.market import Traded
from simlib.model.overdose import Risk
from simlib.model.people import Moves
from simlib.model.pressure import press


class Flows(NamedTuple):
    """What a step brings; sums over the step unless said."""

    price_ratio: Number
    """Mean of the step, relative to trend; so are potency and the share of demand met."""
    potency_ratio: Number
    met_share: Number
    produced_kg: Number
    seized_border_kg: Number
    seized_wholesale_kg: Number
    seized_retail_kg: Number
    consumed_kg: Number
    deaths_fentanyl: Number
    deaths_any_opioid: Number
    deaths_illicit: Number
    overdoses: Number
    active_years: Number
    treatment_years: Number
    custody_user_years: Number
    custody_seller_years: Number
    remission_years: Number
    exposed_years: Number
    cost_additive: Number
    """Retail unit cost if passed on dollar for dollar [USD per pure kg]."""
    entries: Number


def step(f: Future, d: Drivers, levers: Any, now: Stocks) -> tuple[Stocks, Flows]:
    """One step: the stocks at its end and what it brought.

    Parameters
    ----------
    f : the future: a draw of the parameters, today's anchors, the length of a step
    d : drivers in the middle of the step
    levers : changes in force in the middle of the step, a field a lever
        [million USD per year; for sentences share of time served]
    now : stocks at the start of the step
    """
    slow = half_a_step_on(slow_stocks(now), now.before)
    pressed = press(f, d, levers, now)
    cost, additive = supply.unit_cost(f, slow, pressed.premium, pressed.cheaper, pressed.seized)
    traded = market.trade(f, d, now, slow, pressed, power(cost, f.projected))
    risk = overdose.overdose_risk(f, d, now, slow, traded, pressed)
    rates = people.moves(f.p, d, now.people, slow, pressed, traded.price, risk)
    after, middle, out = people.step(now.people, rates, d.born_exposed * f.dt, f.dt)
    died = people.deaths(out, rates)
    renewal = d.entry / middle.active
    following = Stocks(
        weights=pressed.weights,
        capacity=pressed.capacity,
        sellers=pressed.sellers,
        people=after,
        dead=Deaths(now.dead.overdose + died.overdose, now.dead.otherwise + died.otherwise),
        shipments=traded.shipments,
        volume=traded.volume,
        substituted=traded.substituted,
        lived_hazard=overdose.cumulative_hazard_next(now.lived_hazard, risk.fatal, renewal, f.dt),
        stock_kg=traded.stock_kg,
        log_tolerance=risk.log_tolerance,
        before=slow_stocks(now),
    )
    return following, flows(f, d, pressed, traded, risk, rates, out, now, after, additive)


def flows(
    f: Future,
    d: Drivers,
    pressed: Pressed,
    traded: Traded,
    risk: Risk,
    rates: Moves,
    out: People,
    now: Stocks,
    after: People,
    additive: Number,
) -> Flows:
    """What a step brought, deaths and overdoses counted as the record counts them.

    Parameters
    ----------
    out : persons who left each box for each unit of rate
    now : stocks at the start of the step
    after : people at its end; the mean of the bounds are the person-years lived
    """
    p, dt = f.p, f.dt
    dependent = out.active * rates.active_overdose + out.treatment * rates.treatment_overdose
    exposed = out.exposed * rates.exposed_overdose
    by_cause = dependent / risk.fatal
    fentanyl = by_cause * pressed.health.fatality * risk.fentanyl + exposed
    substitutes = by_cause * pressed.health.fatality * risk.substitutes
    synthetic = substitutes * p.substitute_synthetic_share
    heroin = by_cause * d.heroin_deaths + substitutes - synthetic
    counted = fentanyl + synthetic + p.background_deaths * dt
    past_border = traded.produced_kg * (1 - pressed.seized.border)
    past_wholesale = past_border * (1 - pressed.seized.wholesale)
    one, other = now.people, after
    in_custody = one.possession + one.selling + one.other
    in_custody = in_custody + other.possession + other.selling + other.other
    sellers = enforcement.summed(now.sellers) + enforcement.summed(pressed.sellers)
    return Flows(
        price_ratio=traded.price,
        potency_ratio=traded.diluted,
        met_share=traded.met,
        produced_kg=traded.produced_kg,
        seized_border_kg=traded.produced_kg * pressed.seized.border,
        seized_wholesale_kg=past_border * pressed.seized.wholesale,
        seized_retail_kg=past_wholesale * pressed.seized.retail,
        consumed_kg=traded.consumed_kg,
        deaths_fentanyl=counted,
        deaths_any_opioid=counted + heroin + d.prescription_deaths * dt,
        deaths_illicit=fentanyl + substitutes,
        overdoses=(fentanyl + substitutes) / pressed.health.fatality,
        active_years=0.5 * dt * (one.active + other.active),
        treatment_years=0.5 * dt * (one.treatment + other.treatment),
        custody_user_years=0.5 * dt * in_custody,
        custody_seller_years=0.5 * dt * sellers,
        remission_years=0.5 * dt * (one.remission + other.remission),
        exposed_years=0.5 * dt * (one.exposed + other.exposed),
        cost_additive=additive,
        entries=d.born_exposed * dt,
    )
