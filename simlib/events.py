"""The events of one step, in their order; each turns arrays into arrays, none holds a number.

Draws are on the last axis, policies before it, lanes, stages or offences first.
"""

from collections.abc import Mapping

import numpy as np

from simlib import enforcement, market, money, overdose, people, supply, world
from simlib.people import Moves, People
from simlib.state import (
    Array,
    Custody,
    Draws,
    Market,
    Pressure,
    Risk,
    State,
    Today,
)
from simlib.world import STAGE_START, STAGES, Anchors, Drivers

ENFORCEMENT = {
    "port_scanning": "border",
    "port_officers": "border",
    "between_ports": "border",
    "border_integrity": "border",
    "precursor_control": "abroad",
    "cartel_operations": "abroad",
    "drug_units": "internal",
    "organised_crime": "internal",
    "cyber_units": "internal",
    "police_integrity": "internal",
}


def pressure(
    state: State, p: Draws, a: Anchors, today_arrests: Array, d: Drivers, dt: float
) -> Pressure:
    """Events 1 and 2: intensities, hazards, lane weights, shares seized, arrests."""
    intensity = {
        name: enforcement.intensity(
            state.reached[name],
            p[f"budget_{name}"] * p["budget_scale"],
            np.maximum(p[f"effect_exponent_{side}"], 0),
            p["intensity_offset"],
        )
        for name, side in ENFORCEMENT.items()
        if name in state.reached
    }
    hazards = world.lane_hazards(
        (d.scan_cars, d.scan_trucks),
        a.detection,
        a.open_hazard,
        intensity,
        state.weights.shape[1:],
    )
    open_to = np.broadcast_to(a.weights, hazards.shape).copy()
    open_to[world.LANES.index("corrupted")] /= intensity.get("border_integrity", 1.0)
    for lane in ("wholesale_protected", "retail_protected"):
        open_to[world.LANES.index(lane)] /= intensity.get("police_integrity", 1.0)
    weights = enforcement.displaced_weights(
        state.weights,
        open_to,
        hazards - a.hazards,
        p["displacement_strength"],
        p["displacement_half_life_months"] / 12,
        STAGE_START,
        dt,
    )
    middle = 0.5 * (state.weights + weights)
    seized = enforcement.seized_shares(middle, hazards, STAGE_START, p["seized_ceiling"])
    arrests = enforcement.arrests_ratio(middle, hazards, today_arrests, STAGE_START)
    return Pressure(intensity, hazards, weights, seized, arrests)


def unit_cost(
    p: Draws, today: Today, state: State, seized: Array, punishment: Array, cartel: Array
) -> tuple[Array, Array]:
    """Event 3: retail unit cost over today's, and its additive chain [USD per pure kg]."""
    ratio = today.volume / state.volume
    limit = p["swamping_limit"]
    premium = supply.risk_multiplier(
        punishment,
        p["prison_part_of_risk"],
        today.sigma,
        np.clip(ratio, 1 / limit, limit),
        p["swamping_exponent"],
    )
    added = today.handling + today.risk * premium
    cheaper = p["vacuum_cheaper_handling"] * np.clip(cartel - 1, 0, 1)
    production = today.prices[0] * (1 - cheaper)
    additive = supply.cost_additive(production, added, seized)
    in_proportion = supply.cost_multiplicative(production, today.prices, added, seized)
    cost = supply.transmitted_cost(additive, in_proportion, p["pass_through_weight"])
    return cost / today.prices[-1], additive


def capacities(state: State, p: Draws, intensity: Mapping[str, Array], dt: float) -> Array:
    """Precursor, production and distribution capacity one step later, shape (3, ...)."""
    added = [
        intensity.get(name, 1.0) - 1 + np.zeros_like(state.shipments)
        for name in ("precursor_control", "cartel_operations", "organised_crime")
    ]
    lost_to_shock = -np.log(1 - p["shock_depth"]) / (p["shock_decline_months"] / 12)
    knockdown = (
        p["shock_precursor_share"] * lost_to_shock,
        p["knockdown_cartel_operations"],
        p["knockdown_organised_crime"],
    )
    entrants = 1 - p["vacuum_faster_recovery"] * np.clip(added[1], 0, 1)
    recovery = (
        p["source_substitution_months"] / 12,
        p["recovery_months_production"] / 12 * entrants,
        p["recovery_months_distribution"] / 12,
    )
    parts = zip(state.capacity, knockdown, added, recovery, strict=True)
    return np.stack([supply.capacity_next(k, down, i, tau, dt) for k, down, i, tau in parts])


def trade(
    state: State, p: Draws, d: Drivers, pressed: Pressure, cost_ratio: Array, risk: Array, dt: float
) -> Market:
    """Event 4: demand, shipments, capacity, kilograms, price, potency, substitution."""
    kg_per_user = (
        p["consumption_g_per_user"]
        / world.G_PER_KG
        * d.fentanyl_share
        * np.exp(d.log_potency_trend)
    )
    users = state.people.active + p["moud_risk_ratio"] * state.people.treatment
    trend_kg = users * kg_per_user
    passing = np.cumprod(1 - pressed.seized, axis=0)
    capacity = capacities(state, p, pressed.intensity, dt)
    baseline = 1 / ((1 - p["border_seized_share"]) * (1 - p["domestic_seized_share"]))
    produce = p["slack_production"] * capacity[0] * capacity[1] * d.shock
    distribute = p["slack_distribution"] * capacity[2]
    shipped = np.minimum(state.shipments, np.minimum(produce, distribute) * baseline)
    demand = market.demand_ratio(cost_ratio, p["demand_elasticity"])
    produced_kg = shipped * trend_kg * dt
    delivered_kg = produced_kg * passing[-1]
    consumed_kg, met = market.cleared(delivered_kg + state.stock_kg, demand * trend_kg * dt)
    scarcity = market.scarcity_price(met, p["short_price_elasticity"], p["price_ceiling"])
    diluted = market.dilution(scarcity, p["weaker_share"], risk, p["iron_law_exponent"])
    lag = p["shipment_lag_months"] / 12
    in_stock = state.stock_kg / (lag * trend_kg)
    doses = consumed_kg / (trend_kg * dt) / diluted
    others = 1 - d.fentanyl_share + d.fentanyl_share * state.substituted
    volume = users * (d.fentanyl_share * doses + others)
    flows = {
        "produced_kg": produced_kg,
        "seized_border_kg": produced_kg * pressed.seized[0],
        "seized_wholesale_kg": produced_kg * passing[0] * pressed.seized[1],
        "seized_retail_kg": produced_kg * passing[1] * pressed.seized[2],
        "consumed_kg": consumed_kg,
        "price_ratio": cost_ratio * scarcity,
        "potency_ratio": diluted,
        "met_share": met,
    }
    after = {
        "capacity": capacity,
        "stock_kg": state.stock_kg + delivered_kg - consumed_kg,
        "shipments": supply.shipments_next(state.shipments, demand, passing[-1], in_stock, lag, dt),
    } | _followers(state, p, volume, 1 - met, dt)
    log_potency = d.log_potency_trend + np.log(diluted)
    return Market(flows, cost_ratio * scarcity, doses, log_potency, 1 - met, after)


def _followers(state: State, p: Draws, volume: Array, unmet: Array, dt: float) -> dict[str, Array]:
    """Trailing volume and substitution one step later."""
    memory = 1 - np.exp(-dt / p["volume_memory_years"])
    lag = p["substitution_lag_months"] / 12
    return {
        "volume": state.volume + (volume - state.volume) * memory,
        "substituted": market.substitution_next(
            state.substituted, unmet, p["substitution_share"], lag, dt
        ),
    }


def overdose_risk(
    state: State, p: Draws, a: Anchors, d: Drivers, traded: Market, harm: Array, dt: float
) -> Risk:
    """Event 5: tolerance, overdoses per person-year, deaths per overdose."""
    log_tolerance = overdose.tolerance_next(
        state.log_tolerance,
        traded.log_potency,
        p["tolerance_up_months"] / 12,
        p["tolerance_down_months"] / 12,
        dt,
    )
    ratio = overdose.risk_ratio(
        traded.doses,
        p["dose_exponent"],
        traded.log_potency,
        0.5 * (state.log_tolerance + log_tolerance),
        p["potency_short_elasticity"],
        p["potency_long_elasticity"],
    )
    without_tolerance = overdose.risk_ratio(
        traded.doses,
        p["dose_exponent"],
        traded.log_potency,
        np.zeros(1),
        p["potency_short_elasticity"],
        np.zeros(1),
    )
    frailty = overdose.frailty_ratio(state.lived_hazard, p["frailty_variance"])
    circumstances = np.exp(d.disruption) * harm
    reference = p["overdose_rate"] * d.fentanyl_share * frailty * circumstances
    kits = d.kits_per_100k
    if "naloxone" in state.reached:
        money_usd = state.reached["naloxone"] * world.USD_PER_MILLION
        bought = money.units_bought(money_usd, p["kit_cost"], np.zeros(1))
        kits = np.maximum(kits + bought / p["population"] * world.PER_100K, 0)
    return Risk(
        fentanyl=reference * ratio,
        substitutes=reference * state.substituted * p["substitute_risk"],
        exposed=a.exposed_rate * d.fentanyl_share * circumstances * without_tolerance,
        fatality=a.untreated_fatality * (1 - world.rescue(p, kits)),
        heroin_deaths=p["heroin_death_rate"] * (1 - d.fentanyl_share),
        log_tolerance=log_tolerance,
    )


def custody(
    state: State, p: Draws, d: Drivers, arrests: Array, sentences: tuple[Array, Array], dt: float
) -> Custody:
    """Arrests and sentences -> custody, releases and the risk after release."""
    possession, selling = (1 + longer for longer in sentences)
    same = np.ones_like(state.shipments)
    chance = people.custody_chance(possession, p["possession_custody_elasticity"])
    retail = arrests[STAGES.index("retail")]
    entry = world.custody_rates(p, d.arrests)[:, None, :]
    entry = entry * np.stack([retail * chance, retail, same])
    served = np.stack([p[f"{offence}_years_served"] for offence in world.OFFENCES])[:, None, :]
    release = 1 / (served * np.stack([possession * same, selling * same, same]))
    released = np.sum(state.people.custody * release, axis=0)
    covered = p["reentry_coverage_today"] * same
    if "reentry_treatment" in state.reached:
        money_usd = state.reached["reentry_treatment"] * world.USD_PER_MILLION
        added = money.units_bought(money_usd, p["reentry_cost"], np.zeros(1)) / released
        covered = np.clip(covered + added, 0, 1)
    years = people.release_extra_years(p["post_release_first_month"], p["post_release_later"])
    extra = released * years * (1 - covered * p["reentry_effect"]) / state.people.active
    federal, state_court = p["federal_years_served"], p["selling_years_served"]
    terms = np.stack([federal * same, federal * selling * same, state_court * selling * same])
    sentenced = np.stack([p[f"sentenced_{stage}"] for stage in STAGES])[:, None, :]
    sellers = people.sellers_next(state.sellers, sentenced * arrests * d.fentanyl_share, terms, dt)
    return Custody(entry, release, covered, extra, sellers)


def _starts(state: State, p: Draws, d: Drivers, price: Array) -> Array:
    """Rate of beginning dependent use, after price and prevention [per year]."""
    start = d.entry / p["exposed_people"] * price ** -p["initiation_price_elasticity"]
    if "prevention" not in state.reached:
        return start
    return start / enforcement.intensity(
        state.reached["prevention"],
        p["budget_prevention"],
        p["effect_exponent_prevention"],
        p["intensity_offset"],
    )


def _places(state: State, p: Draws, d: Drivers) -> Array:
    """Treatment places, those bought included."""
    if "treatment" not in state.reached:
        return d.treatment_places
    money_usd = state.reached["treatment"] * world.USD_PER_MILLION
    bought = money.units_bought(money_usd, p["treatment_cost"], p["treatment_crowding_out"])
    return d.treatment_places + bought


def moves(state: State, p: Draws, d: Drivers, price: Array, risk: Risk, held: Custody) -> Moves:
    """Rates [per year] of every move between boxes."""
    stock = state.people
    start, places = _starts(state, p, d, price), _places(state, p, d)
    arrested = held.entry * p["arrest_ratio_in_treatment"]
    leave = p["treatment_leaving_rate"]
    in_need = stock.active + stock.treatment
    other, general = p["other_death_rate_active"], p["other_death_rate_general"]
    same = np.ones_like(stock.active)
    stay_off = p["remission_at_release"]
    fatal = risk.fatal()
    return Moves(
        exposed_active=start,
        exposed_overdose=risk.exposed * risk.fatality,
        exposed_other=general * same,
        active_treatment=people.treatment_entry(
            np.maximum(places, 0),
            p["treatment_reach"],
            in_need,
            stock.active,
            leave + arrested.sum(axis=0),
        ),
        active_custody=held.entry,
        active_remission=p["remission_rate"] * price ** p["quit_price_elasticity"],
        active_overdose=fatal * (1 + held.extra_risk),
        active_other=other * same,
        treatment_active=leave * (1 - p["treatment_to_remission_share"]) * same,
        treatment_custody=arrested,
        treatment_remission=leave * p["treatment_to_remission_share"] * same,
        treatment_overdose=fatal * p["moud_risk_ratio"],
        treatment_other=other * p["moud_other_death_ratio"] * same,
        custody_active=held.release * (1 - held.covered) * (1 - stay_off),
        custody_treatment=held.release * held.covered,
        custody_remission=held.release * (1 - held.covered) * stay_off,
        custody_other=general * np.ones_like(held.release),
        remission_active=p["relapse_rate"] * same,
        remission_other=general * same,
    )


def deaths(
    chance: Moves, middle: People, risk: Risk, p: Draws, d: Drivers, dt: float
) -> dict[str, Array]:
    """Overdoses and deaths of a step by cause, as death certificates would count them."""
    dependent = middle.active * chance.active_overdose
    dependent = dependent + middle.treatment * chance.treatment_overdose
    exposed = middle.exposed * chance.exposed_overdose
    by_cause = dependent / risk.fatal()
    fentanyl = by_cause * risk.fatality * risk.fentanyl + exposed
    substitutes = by_cause * risk.fatality * risk.substitutes
    synthetic = substitutes * p["substitute_synthetic_share"]
    heroin = by_cause * risk.heroin_deaths + substitutes - synthetic
    counted = fentanyl + synthetic + p["background_deaths"] * dt
    return {
        "deaths_fentanyl": counted,
        "deaths_any_opioid": counted + heroin + d.prescription_deaths * dt,
        "deaths_illicit": fentanyl + substitutes,
        "overdoses": (fentanyl + substitutes) / risk.fatality,
    }


def stocks_lived(before: People, after: People, sellers: Array, dt: float) -> dict[str, Array]:
    """Person-years lived in each box within the step: mean of its bounds times its length."""
    lived = People(*(0.5 * dt * (old + new) for old, new in zip(before, after, strict=True)))
    return {
        "active_years": lived.active,
        "treatment_years": lived.treatment,
        "custody_user_years": lived.custody.sum(axis=0),
        "custody_seller_years": sellers.sum(axis=0) * dt,
        "remission_years": lived.remission,
        "exposed_years": lived.exposed,
    }
