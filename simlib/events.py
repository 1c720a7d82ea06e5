"""The events of one step, in their order; each turns arrays into arrays, none holds a number.

Draws are on the last axis, policies before it, lanes, stages or offences first. What policy alone
decides is found before, in :mod:`simlib.pressure`.
"""

import numpy as np

from simlib import market, overdose, people, supply
from simlib.people import Chances, Moves, People
from simlib.state import Array, Draws, Market, Pressure, Release, Risk, Slow, State, Today
from simlib.world import Anchors, Drivers


def unit_cost(p: Draws, today: Today, volume: Array, pressed: Pressure) -> tuple[Array, Array]:
    """Event 3: retail unit cost over today's, and its additive chain [USD per pure kg]."""
    limit = p["swamping_limit"]
    size = np.clip(today.volume / volume, 1 / limit, limit)
    premium = pressed.premium * supply.swamping(size, p["swamping_exponent"])
    added = today.handling + today.risk * premium
    production = today.prices[0] * pressed.cheaper
    additive = supply.cost_additive(production, added, pressed.seized)
    in_proportion = supply.cost_multiplicative(production, today.prices, added, pressed.seized)
    cost = supply.transmitted_cost(additive, in_proportion, p["pass_through_weight"])
    return cost / today.prices[-1], additive


def trade(
    state: State, slow: Slow, p: Draws, d: Drivers, pressed: Pressure, cost_ratio: Array, dt: float
) -> Market:
    """Event 4: demand, shipments, capacity, kilograms, price, potency, substitution."""
    users = slow.active + p["moud_risk_ratio"] * slow.treatment
    trend_kg = users * d.kg_per_user * dt
    passed = pressed.passing[-1]
    demand = market.demand_ratio(cost_ratio, p["demand_elasticity"])
    produced_kg = np.minimum(slow.shipments, _most_shipped(p, d, pressed)) * trend_kg
    delivered_kg = produced_kg * passed
    consumed_kg, met = market.cleared(delivered_kg + state.stock_kg, demand * trend_kg)
    scarcity = market.scarcity_price(met, p["short_price_elasticity"], p["price_ceiling"])
    diluted = market.dilution(scarcity, p["weaker_share"]) * pressed.iron
    doses = consumed_kg / trend_kg / diluted
    stock_kg = state.stock_kg + delivered_kg - consumed_kg
    lag = p["shipment_lag_months"] / 12
    in_stock = 0.5 * (state.stock_kg + stock_kg) * dt / (lag * trend_kg)
    others = 1 - d.fentanyl_share + d.fentanyl_share * slow.substituted
    volume = users * (d.fentanyl_share * doses + others)
    price = cost_ratio * scarcity
    flows = _kilograms(produced_kg, consumed_kg, pressed) | {
        "price_ratio": price,
        "potency_ratio": diluted,
        "met_share": met,
    }
    memory = 1 - np.exp(-dt / p["volume_memory_years"])
    return Market(
        flows=flows,
        price=price,
        doses=doses,
        log_potency=d.log_potency_trend + np.log(diluted),
        stock_kg=stock_kg,
        shipments=supply.shipments_next(state.shipments, demand, passed, in_stock, lag, dt),
        volume=state.volume + (volume - state.volume) * memory,
        substituted=market.substitution_next(
            state.substituted,
            1 - met,
            p["substitution_share"],
            p["substitution_lag_months"] / 12,
            dt,
        ),
    )


def _most_shipped(p: Draws, d: Drivers, pressed: Pressure) -> Array:
    """Shipments that capacity allows [kg shipped per kg of trend demand]."""
    precursors, production, distribution = pressed.capacity
    produced = p["slack_production"] * precursors * production * d.shock
    baseline = 1 / ((1 - p["border_seized_share"]) * (1 - p["domestic_seized_share"]))
    return np.minimum(produced, p["slack_distribution"] * distribution) * baseline


def _kilograms(produced_kg: Array, consumed_kg: Array, pressed: Pressure) -> dict[str, Array]:
    """Pure kilograms shipped, seized at each stage and consumed within the step."""
    past_border, past_wholesale, _ = produced_kg * pressed.passing
    border, wholesale, retail = pressed.seized
    return {
        "produced_kg": produced_kg,
        "seized_border_kg": produced_kg * border,
        "seized_wholesale_kg": past_border * wholesale,
        "seized_retail_kg": past_wholesale * retail,
        "consumed_kg": consumed_kg,
    }


def overdose_risk(
    state: State,
    slow: Slow,
    p: Draws,
    a: Anchors,
    d: Drivers,
    traded: Market,
    pressed: Pressure,
    dt: float,
) -> Risk:
    """Event 5: tolerance, overdoses per person-year, deaths per overdose."""
    log_tolerance = overdose.tolerance_next(
        state.log_tolerance,
        traded.log_potency,
        p["tolerance_up_months"] / 12,
        p["tolerance_down_months"] / 12,
        dt,
    )
    doses = traded.doses ** p["dose_exponent"]
    short, long = p["potency_short_elasticity"], p["potency_long_elasticity"]
    middle = 0.5 * (state.log_tolerance + log_tolerance)
    ratio = overdose.risk_ratio(doses, traded.log_potency, middle, short, long)
    without_tolerance = overdose.risk_ratio(doses, traded.log_potency, 0.0, short, 0.0)
    frailty = overdose.frailty_ratio(slow.lived_hazard, p["frailty_variance"])
    reference = p["overdose_rate"] * frailty * pressed.circumstances
    fentanyl = reference * ratio
    substitutes = reference * slow.substituted * p["substitute_risk"]
    return Risk(
        fentanyl=fentanyl,
        substitutes=substitutes,
        exposed=a.exposed_rate * pressed.circumstances * without_tolerance,
        log_tolerance=log_tolerance,
        fatal=pressed.fatality * (fentanyl + substitutes) + d.heroin_deaths,
    )


def released(state: State, slow: Slow, p: Draws, pressed: Pressure) -> Release:
    """Releases from custody, the medication they go with and the risk that follows them."""
    people_released = np.sum(state.people.custody * pressed.release, axis=0)
    covered = np.clip(p["reentry_coverage_today"] + pressed.reentry / people_released, 0, 1)
    years = people.release_extra_years(p["post_release_first_month"], p["post_release_later"])
    extra = people_released * years * (1 - covered * p["reentry_effect"]) / slow.active
    return Release(covered, extra)


def moves(
    slow: Slow, p: Draws, d: Drivers, pressed: Pressure, price: Array, risk: Risk, freed: Release
) -> Moves:
    """Rates [per year] of every move between boxes."""
    start = d.entry / p["exposed_people"] * price ** -p["initiation_price_elasticity"]
    arrested = pressed.entry * p["arrest_ratio_in_treatment"]
    leave = p["treatment_leaving_rate"]
    other, general = p["other_death_rate_active"], p["other_death_rate_general"]
    stay_off = p["remission_at_release"]
    untreated = pressed.release * (1 - freed.covered)
    return Moves(
        exposed_active=start / pressed.prevention,
        exposed_overdose=risk.exposed * pressed.fatality,
        exposed_other=general,
        active_treatment=people.treatment_entry(
            pressed.places,
            p["treatment_reach"],
            slow.active + slow.treatment,
            slow.active,
            leave + arrested.sum(axis=0),
        ),
        active_custody=pressed.entry,
        active_remission=p["remission_rate"] * price ** p["quit_price_elasticity"],
        active_overdose=risk.fatal * (1 + freed.extra_risk),
        active_other=other,
        treatment_active=leave * (1 - p["treatment_to_remission_share"]),
        treatment_custody=arrested,
        treatment_remission=leave * p["treatment_to_remission_share"],
        treatment_overdose=risk.fatal * p["moud_risk_ratio"],
        treatment_other=other * p["moud_other_death_ratio"],
        custody_active=untreated * (1 - stay_off),
        custody_treatment=pressed.release * freed.covered,
        custody_remission=untreated * stay_off,
        custody_other=general,
        remission_active=p["relapse_rate"],
        remission_other=general,
    )


def deaths(
    chance: Chances,
    middle: People,
    risk: Risk,
    p: Draws,
    d: Drivers,
    pressed: Pressure,
    dt: float,
) -> dict[str, Array]:
    """Deaths and overdoses within the step, counted as the record counts them."""
    dependent = middle.active * chance.moves.active_overdose
    dependent = dependent + middle.treatment * chance.moves.treatment_overdose
    exposed = middle.exposed * chance.moves.exposed_overdose
    by_cause = dependent / risk.fatal
    fentanyl = by_cause * pressed.fatality * risk.fentanyl + exposed
    substitutes = by_cause * pressed.fatality * risk.substitutes
    synthetic = substitutes * p["substitute_synthetic_share"]
    heroin = by_cause * d.heroin_deaths + substitutes - synthetic
    counted = fentanyl + synthetic + p["background_deaths"] * dt
    return {
        "deaths_fentanyl": counted,
        "deaths_any_opioid": counted + heroin + d.prescription_deaths * dt,
        "deaths_illicit": fentanyl + substitutes,
        "overdoses": (fentanyl + substitutes) / pressed.fatality,
    }


def stocks_lived(before: People, after: People, sellers: Array, dt: float) -> dict[str, Array]:
    """Person-years lived in each box within the step: mean of its bounds times its length."""
    lived = People(*(0.5 * dt * (old + new) for old, new in zip(before, after, strict=True)))
    return {
        "active_years": lived.active,
        "treatment_years": lived.treatment,
        "custody_user_years": lived.custody.sum(axis=0),
        "custody_seller_years": sellers * dt,
        "remission_years": lived.remission,
        "exposed_years": lived.exposed,
    }
