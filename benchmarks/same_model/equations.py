"""Events 3 to 6 of :mod:`simlib.model.month` as assignments of plain numbers.

One source for all peers: plain Python for EMA Workbench, and read equation by equation
(:mod:`same_model.translate`) for the tools that want a model of their own kind. So a function is a
list of assignments that returns one number or one named tuple. `p` is a draw, `m` a month's drivers
and pressure, `s` the stocks at the month's start.
"""

from collections import namedtuple
from math import exp, expm1, log
from typing import Any

DT = 1 / 12
SMALL_HAZARD = 2.0**-26  # as in simlib.model.people: below it half of the arrivals count as present

Slow = namedtuple("Slow", "active treatment shipments volume substituted lived_hazard")
Boxes = namedtuple("Boxes", "exposed active treatment possession selling other remission")
Dead = namedtuple("Dead", "overdose otherwise counted")
Stocks = namedtuple(  # `was_` is a month earlier
    "Stocks",
    "exposed active treatment possession selling other remission dead_overdose dead_otherwise "
    "shipments volume substituted lived_hazard stock_kg log_tolerance "
    "was_active was_treatment was_shipments was_volume was_substituted was_lived_hazard",
)
Traded = namedtuple("Traded", "shipments volume substituted stock_kg price log_potency doses")
Risk = namedtuple("Risk", "log_tolerance fentanyl substitutes exposed fatality fatal")
Rates = namedtuple("Rates", "covered start enter stop active_fatal treated_fatal arrested")


def seen(hazard: float, leaving: float) -> float:
    """Share of the month's arrivals in a box that is present."""
    return 1 / leaving - 1 / hazard if hazard > SMALL_HAZARD else 0.5


def middle(s: Any) -> Slow:
    """Slow stocks in the middle of the month, straight on from the month before."""
    return Slow(
        1.5 * s.active - 0.5 * s.was_active,
        1.5 * s.treatment - 0.5 * s.was_treatment,
        1.5 * s.shipments - 0.5 * s.was_shipments,
        1.5 * s.volume - 0.5 * s.was_volume,
        1.5 * s.substituted - 0.5 * s.was_substituted,
        1.5 * s.lived_hazard - 0.5 * s.was_lived_hazard,
    )


def unit_cost(p: Any, m: Any, mid: Any) -> float:
    """Event 3: retail unit cost over today's."""
    swamping = min(max(p.volume_today / mid.volume, 1 / p.swamping_limit), p.swamping_limit)
    swamped = swamping**p.swamping_exponent
    added_border = p.handling_border + p.risk_border * m.premium_border * swamped
    added_wholesale = p.handling_wholesale + p.risk_wholesale * m.premium_wholesale * swamped
    added_retail = p.handling_retail + p.risk_retail * m.premium_retail * swamped
    produced_at = p.price_production * m.cheaper
    landed = (produced_at + added_border) / (1 - m.seized_border)
    sold_on = (landed + added_wholesale) / (1 - m.seized_wholesale)
    additive = (sold_on + added_retail) / (1 - m.seized_retail)
    own_border = (p.price_production + added_border) / (1 - m.seized_border) / p.price_landed
    own_wholesale = (p.price_landed + added_wholesale) / (1 - m.seized_wholesale)
    own_retail = (p.price_wholesale + added_retail) / (1 - m.seized_retail) / p.price_retail
    own = own_border * (own_wholesale / p.price_wholesale) * own_retail
    in_proportion = p.price_retail * m.cheaper * own
    mixed = in_proportion**p.pass_through_weight * additive ** (1 - p.pass_through_weight)
    return mixed / p.price_retail


def trade(p: Any, m: Any, s: Any, mid: Any, cost_ratio: float) -> Traded:
    """Event 4: demand, shipments, capacity, kilograms, price, potency, substitution."""
    users = mid.active + p.moud_risk_ratio * mid.treatment
    trend_kg = users * m.kg_per_user * DT
    passed = (1 - m.seized_border) * (1 - m.seized_wholesale) * (1 - m.seized_retail)
    demand = cost_ratio**-p.demand_elasticity
    made = p.slack_production * m.capacity_precursors * m.capacity_production * m.shock
    baseline = 1 / ((1 - p.border_seized_share) * (1 - p.domestic_seized_share))
    most = min(made, p.slack_distribution * m.capacity_distribution) * baseline
    delivered_kg = min(mid.shipments, most) * trend_kg * passed
    consumed_kg = min(delivered_kg + s.stock_kg, demand * trend_kg)
    met = consumed_kg / (demand * trend_kg)
    at_ceiling = p.price_ceiling**-p.short_price_elasticity
    scarcity = max(met, at_ceiling) ** (-1 / p.short_price_elasticity)
    diluted = scarcity**-p.weaker_share * m.iron
    doses = consumed_kg / trend_kg / diluted
    stock_kg = s.stock_kg + delivered_kg - consumed_kg
    lag = p.shipment_lag_months / 12
    in_stock = 0.5 * (s.stock_kg + stock_kg) * DT / (lag * trend_kg)
    wanted = max(demand - in_stock, 0) / passed
    shipments = s.shipments + (wanted - s.shipments) * (1 - exp(-DT / lag))
    others = 1 - m.fentanyl_share + m.fentanyl_share * mid.substituted
    all_doses = users * (m.fentanyl_share * doses + others)
    memory = 1 - exp(-DT / p.volume_memory_years)
    volume = s.volume + (all_doses - s.volume) * memory
    price = cost_ratio * scarcity
    log_potency = m.log_potency_trend + log(diluted)
    replaced = p.substitution_share * (1 - met) - s.substituted
    substituted = s.substituted + replaced * (1 - exp(-DT / (p.substitution_lag_months / 12)))
    return Traded(shipments, volume, substituted, stock_kg, price, log_potency, doses)


def overdose_risk(p: Any, m: Any, s: Any, mid: Any, traded: Any) -> Risk:
    """Event 5: tolerance, overdoses per person-year, deaths per overdose."""
    gap = traded.log_potency - s.log_tolerance
    months = p.tolerance_up_months if gap > 0 else p.tolerance_down_months
    log_tolerance = s.log_tolerance + gap * (1 - exp(-DT / (months / 12)))
    dosed = traded.doses**p.dose_exponent
    tolerance = 0.5 * (s.log_tolerance + log_tolerance)
    weaker = traded.log_potency - tolerance
    strength = p.potency_short_elasticity * weaker + p.potency_long_elasticity * tolerance
    untolerant = dosed * exp(p.potency_short_elasticity * traded.log_potency)
    frailty = 1 / (1 + p.frailty_variance * mid.lived_hazard)
    reference = p.overdose_rate * frailty * m.circumstances
    fentanyl = reference * dosed * exp(strength)
    substitutes = reference * mid.substituted * p.substitute_risk
    fatal = m.fatality * (fentanyl + substitutes) + m.heroin_deaths
    exposed = p.exposed_rate * m.circumstances * untolerant * m.fatality
    return Risk(log_tolerance, fentanyl, substitutes, exposed, m.fatality, fatal)


def moves(p: Any, m: Any, s: Any, mid: Any, traded: Any, risk: Any) -> Rates:
    """Releases from custody and the rates of moves that depend on other quantities [per year]."""
    freed_possession = s.possession * m.release_possession
    freed = freed_possession + s.selling * m.release_selling + s.other * m.release_other
    covered = min(max(p.reentry_coverage_today + m.reentry / freed, 0), 1)
    first_month = (p.post_release_first_month - 1) / 12
    risky_years = first_month + (p.post_release_later - 1) * (1 - 1 / 12)
    extra = freed * risky_years * (1 - covered * p.reentry_effect) / mid.active
    start = m.entry / p.exposed_people * traded.price**-p.initiation_price_elasticity / m.prevention
    arrested = m.arrest_possession + m.arrest_selling + m.arrest_other
    leaving = p.treatment_leaving_rate + arrested * p.arrest_ratio_in_treatment
    reached = min(m.places, p.treatment_reach * (mid.active + mid.treatment))
    enter = reached * leaving / max(mid.active, 1)
    stop = p.remission_rate * traded.price**p.quit_price_elasticity
    treated_fatal = risk.fatal * p.moud_risk_ratio
    return Rates(covered, start, enter, stop, risk.fatal * (1 + extra), treated_fatal, arrested)


def hazards(p: Any, m: Any, risk: Any, rate: Any) -> Boxes:
    """Event 6: hazard within the month of leaving each box."""
    general, dying = p.other_death_rate_general, p.other_death_rate_active
    stopped = rate.enter + rate.stop + rate.arrested
    left = p.treatment_leaving_rate + rate.arrested * p.arrest_ratio_in_treatment
    return Boxes(
        (rate.start + risk.exposed + general) * DT,
        (stopped + rate.active_fatal + dying) * DT,
        (left + rate.treated_fatal + dying * p.moud_other_death_ratio) * DT,
        (m.release_possession + general) * DT,
        (m.release_selling + general) * DT,
        (m.release_other + general) * DT,
        (p.relapse_rate + general) * DT,
    )


def leave(hazard: Any) -> Boxes:
    """Share of each box that leaves within the month."""
    return Boxes(
        -expm1(-hazard.exposed),
        -expm1(-hazard.active),
        -expm1(-hazard.treatment),
        -expm1(-hazard.possession),
        -expm1(-hazard.selling),
        -expm1(-hazard.other),
        -expm1(-hazard.remission),
    )


def chances(hazard: Any, leaving: Any) -> Boxes:
    """Chance of a move out of each box, per yearly rate of it [years]."""
    return Boxes(
        leaving.exposed / hazard.exposed * DT,
        leaving.active / hazard.active * DT,
        leaving.treatment / hazard.treatment * DT,
        leaving.possession / hazard.possession * DT,
        leaving.selling / hazard.selling * DT,
        leaving.other / hazard.other * DT,
        leaving.remission / hazard.remission * DT,
    )


def arrivals(p: Any, m: Any, rate: Any, per: Any, box: Any) -> Boxes:
    """People arriving in each box within the month, from the given people."""
    from_possession = box.possession * m.release_possession * per.possession
    from_selling = box.selling * m.release_selling * per.selling
    freed = from_possession + from_selling + box.other * m.release_other * per.other
    untreated = freed * (1 - rate.covered)
    left = box.treatment * p.treatment_leaving_rate * per.treatment
    stay_off, remitted = p.remission_at_release, p.treatment_to_remission_share
    begun = box.exposed * rate.start * per.exposed
    relapsed = box.remission * p.relapse_rate * per.remission
    using = box.active * per.active
    caught = using + box.treatment * per.treatment * p.arrest_ratio_in_treatment
    return Boxes(
        m.born_exposed * DT,
        begun + left * (1 - remitted) + untreated * (1 - stay_off) + relapsed,
        using * rate.enter + freed * rate.covered,
        caught * m.arrest_possession,
        caught * m.arrest_selling,
        caught * m.arrest_other,
        using * rate.stop + left * remitted + untreated * stay_off,
    )


def present(hazard: Any, leaving: Any, new: Any, s: Any) -> Boxes:
    """People exposed to the month's risks: those there at its start, and part of the new."""
    return Boxes(
        s.exposed + seen(hazard.exposed, leaving.exposed) * new.exposed,
        s.active + seen(hazard.active, leaving.active) * new.active,
        s.treatment + seen(hazard.treatment, leaving.treatment) * new.treatment,
        s.possession + seen(hazard.possession, leaving.possession) * new.possession,
        s.selling + seen(hazard.selling, leaving.selling) * new.selling,
        s.other + seen(hazard.other, leaving.other) * new.other,
        s.remission + seen(hazard.remission, leaving.remission) * new.remission,
    )


def deaths(p: Any, risk: Any, rate: Any, per: Any, there: Any) -> Dead:
    """Deaths within the month, by overdose or not, and as the record counts those by fentanyl."""
    in_use = there.active * per.active * rate.active_fatal
    dependent = in_use + there.treatment * per.treatment * rate.treated_fatal
    exposed = there.exposed * per.exposed * risk.exposed
    treated = there.treatment * per.treatment * p.moud_other_death_ratio
    using = (there.active * per.active + treated) * p.other_death_rate_active
    custody = there.possession * per.possession + there.selling * per.selling
    calm = custody + there.other * per.other + there.remission * per.remission
    general = p.other_death_rate_general * (there.exposed * per.exposed + calm)
    by_cause = dependent / risk.fatal * risk.fatality
    synthetic = by_cause * risk.substitutes * p.substitute_synthetic_share
    fentanyl = by_cause * risk.fentanyl + exposed
    return Dead(
        dependent + exposed,
        using + general,
        fentanyl + synthetic + p.background_deaths * DT,
    )


def after(
    m: Any, s: Any, traded: Any, risk: Any, gone: Any, there: Any, new: Any, died: Any
) -> Stocks:
    """Stocks at the month's end."""
    kept = exp(-m.entry / there.active * DT)
    return Stocks(
        s.exposed - there.exposed * gone.exposed + new.exposed,
        s.active - there.active * gone.active + new.active,
        s.treatment - there.treatment * gone.treatment + new.treatment,
        s.possession - there.possession * gone.possession + new.possession,
        s.selling - there.selling * gone.selling + new.selling,
        s.other - there.other * gone.other + new.other,
        s.remission - there.remission * gone.remission + new.remission,
        s.dead_overdose + died.overdose,
        s.dead_otherwise + died.otherwise,
        traded.shipments,
        traded.volume,
        traded.substituted,
        s.lived_hazard * kept + risk.fatal * DT * (1 + kept) / 2,
        traded.stock_kg,
        risk.log_tolerance,
        s.active,
        s.treatment,
        s.shipments,
        s.volume,
        s.substituted,
        s.lived_hazard,
    )


def step(p: Any, m: Any, s: Any) -> tuple[Stocks, float, float]:
    """Events 3 to 6 of one month; stocks at its end, deaths by fentanyl and the price ratio."""
    mid = middle(s)
    cost_ratio = unit_cost(p, m, mid)
    traded = trade(p, m, s, mid, cost_ratio)
    risk = overdose_risk(p, m, s, mid, traded)
    rate = moves(p, m, s, mid, traded, risk)
    hazard = hazards(p, m, risk, rate)
    gone = leave(hazard)
    per = chances(hazard, gone)
    first = arrivals(p, m, rate, per, s)
    there = present(hazard, gone, first, s)
    new = arrivals(p, m, rate, per, there)
    died = deaths(p, risk, rate, per, there)
    following = after(m, s, traded, risk, gone, there, new, died)
    return following, died.counted, traded.price
