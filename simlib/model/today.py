"""Today: what makes a draw's seizures, prices and fatality come out as drawn, and the first stocks.

Everything is a plain number, or an array of many.
"""

from typing import NamedTuple

from simlib.model import custody, enforcement, overdose, supply
from simlib.model.functions import Number, exp, log, maximum, minimum
from simlib.model.future import (
    Anchors,
    Capacity,
    Deaths,
    Draw,
    Drivers,
    Future,
    Lanes,
    People,
    Prices,
    Slow,
    Stages,
    Stocks,
    Today,
    kept_of,
)


class Recorded(NamedTuple):
    """What of the record the anchors rest on."""

    scan_cars: Number
    scan_trucks: Number
    """Share of vehicles scanned at the end of the record."""
    kits_2020: Number
    """Naloxone kits per 100,000 people when fatality was measured."""


def seized_today(p: Draw) -> Stages:
    """Share of the flow seized at each stage; inside the country split from the domestic total."""
    kept = 1 - p.domestic_seized_share
    wholesale = 1 - kept**p.wholesale_share_of_domestic
    return Stages(p.border_seized_share, wholesale, 1 - kept / (1 - wholesale))


def lanes_today(p: Draw) -> Lanes:
    """Share of each stage's flow by lane; what is protected would pass unseized."""
    seized = seized_today(p)
    corrupted = p.protected_share_border * (1 - seized.border)
    wholesale = p.protected_share_wholesale * (1 - seized.wholesale)
    retail = p.protected_share_retail * (1 - seized.retail)
    ports = (1 - corrupted) * p.port_share
    online = (1 - retail) * p.online_share
    return Lanes(
        cars=ports * (1 - p.truck_share),
        trucks=ports * p.truck_share,
        between=(1 - corrupted) * (1 - p.port_share),
        corrupted=corrupted,
        wholesale=1 - wholesale,
        wholesale_protected=wholesale,
        street=1 - retail - online,
        online=online,
        retail_protected=retail,
    )


def detection_given_scan(
    seized_share: Number, scanning_share: Number, weight_scanned: Number
) -> Number:
    """Detection probability that makes scanning account for a given share of today's seizures.

    Written this way round so that today's seized share can always be met.

    Parameters
    ----------
    seized_share : [share of flow], border total today
    scanning_share : [share of those seizures]
    weight_scanned : [share of flow], lane weights times share of vehicles scanned
    """
    return minimum(scanning_share * seized_share / weight_scanned, 1)


def open_hazard(seized_share: Number, weight: Number, passing: Number) -> Number:
    """Hazard common to the open lanes of a stage that completes today's seized share.

    Solves ``sum_l w_l (1 - exp(-(known_l + h))) = s`` for h.

    Parameters
    ----------
    seized_share : [share of flow]
    weight : [share of flow] in open lanes
    passing : [share of flow], what of it the hazards already known leave
    """
    return maximum(log(passing / (weight - seized_share)), 0)


def anchors(p: Draw, recorded: Recorded) -> Anchors:
    """Constants that make today's seizures and fatality come out as drawn."""
    w, seized, ceiling = lanes_today(p), seized_today(p), p.seized_ceiling
    scanned = w.cars * recorded.scan_cars + w.trucks * recorded.scan_trucks
    detection = detection_given_scan(seized.border, p.scanning_share_of_seizures, scanned)
    missed_cars = exp(-enforcement.scan_hazard(recorded.scan_cars, detection, ceiling))
    missed_trucks = exp(-enforcement.scan_hazard(recorded.scan_trucks, detection, ceiling))
    border, retail = w.cars + w.trucks + w.between, w.street + w.online
    passing = w.cars * missed_cars + w.trucks * missed_trucks + w.between
    dependent_deaths = p.overdose_rate * p.net_fatality_2020 * p.active_users_2013
    share = p.nondependent_share
    exposed_deaths = share / (1 - share) * dependent_deaths / p.exposed_people
    a = Anchors(
        weights=w,
        hazards=w,
        detection=detection,
        open_border=open_hazard(seized.border, border, passing),
        open_wholesale=open_hazard(seized.wholesale, w.wholesale, w.wholesale),
        open_retail=open_hazard(seized.retail, retail, retail),
        untreated_fatality=p.net_fatality_2020 / (1 - overdose.rescue(p, recorded.kits_2020)),
        exposed_rate=exposed_deaths / p.net_fatality_2020,
    )
    now = enforcement.hazards(p, a, recorded.scan_cars, recorded.scan_trucks, enforcement.STEADY)
    return a._replace(hazards=now)


def chain(p: Draw, seized: Stages) -> supply.Chain:
    """The priced chain, built down from the price at retail.

    Parameters
    ----------
    seized : [share of what enters the stage]
    """
    ratio = Stages(p.input_ratio_border, p.input_ratio_wholesale, p.input_ratio_retail)
    ladder = supply.price_ladder(p.retail_price, ratio, seized)
    added = supply.value_added(ladder, seized)
    risk = Stages(
        added.border * p.risk_share_border,
        added.wholesale * p.risk_share_wholesale,
        added.retail * p.risk_share_retail,
    )
    handling = Stages(
        added.border - risk.border, added.wholesale - risk.wholesale, added.retail - risk.retail
    )
    return supply.Chain(ladder, handling, risk, seized)


def sigma(p: Draw, priced: supply.Chain) -> Number:
    """Exponent on arrests x time that gives the price elasticity drawn, at today's costs."""
    return supply.sigma_from_elasticity(
        p.punishment_elasticity,
        priced.prices.retail,
        priced.risk,
        priced.seized,
        p.prison_part_of_risk,
    )


def first_people(p: Draw, treated: Number) -> People:
    """People at the start of the history, boxes in balance with the active [persons].

    Parameters
    ----------
    treated : treatment places at the start
    """
    active = p.active_users_2013
    treated = minimum(treated, active)
    rates = custody.custody_rates(p, 1)
    leaving = active * p.remission_rate
    leaving = leaving + treated * p.treatment_leaving_rate * p.treatment_to_remission_share
    return People(
        exposed=p.exposed_people,
        active=active,
        treatment=treated,
        possession=active * rates.possession * p.possession_years_served,
        selling=active * rates.selling * p.selling_years_served,
        other=active * rates.other * p.other_years_served,
        remission=leaving / p.relapse_rate,
    )


def first_stocks(p: Draw, a: Anchors, d: Drivers, treated: Number) -> Stocks:
    """Stocks at the start of the history.

    Parameters
    ----------
    d : drivers of the first step
    treated : treatment places at the start
    """
    living = first_people(p, treated)
    nothing = 0 * living.active
    passed = (1 - p.border_seized_share) * (1 - p.domestic_seized_share)
    served = d.fentanyl_share * p.federal_years_served
    volume = living.active + p.moud_risk_ratio * living.treatment
    return Stocks(
        weights=a.weights,
        capacity=Capacity(1.0, 1.0, 1.0),
        sellers=Stages(
            p.sentenced_border * served, p.sentenced_wholesale * served, p.sentenced_retail * served
        ),
        people=living,
        dead=Deaths(nothing, nothing),
        shipments=1 / passed,
        volume=volume,
        substituted=nothing,
        lived_hazard=nothing,
        stock_kg=nothing,
        log_tolerance=d.log_potency_trend,
        before=Slow(living.active, living.treatment, 1 / passed, volume, nothing, nothing),
    )


def unpriced(a: Anchors) -> Today:
    """What stands for today while the record lasts: costs follow their trend, so only arrests."""
    one = Stages(1.0, 1.0, 1.0)
    met = enforcement.pressure_met(a.weights, a.hazards)
    return Today(Prices(1.0, 1.0, 1.0, 1.0), one, one, 0.0, met, 1.0)


def recorded(p: Draw, a: Anchors, dt: float) -> Future:
    """A future while the record lasts."""
    return Future(p, a, unpriced(a), kept_of(p, dt), 0.0, dt)


def projected(p: Draw, a: Anchors, d: Drivers, now: Stocks, dt: float) -> Future:
    """A future from the end of the record on, whose conditions are what change is measured from.

    Parameters
    ----------
    d : drivers of the first step of the projection
    now : stocks at the end of the record
    """
    before = recorded(p, a, dt)
    searched = enforcement.search(before, d, enforcement.STEADY, now.weights)
    priced = chain(p, searched.seized)
    today = Today(
        priced.prices, priced.handling, priced.risk, sigma(p, priced), searched.met, now.volume
    )
    return before._replace(today=today, projected=1.0)
