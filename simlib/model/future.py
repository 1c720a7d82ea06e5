"""One future: what stays, what moves without policy, what a month carries to the next.

Everything is a plain number, or an array of many.
"""

from typing import Any, NamedTuple

from simlib.model.functions import Number, exp, power


class Stages(NamedTuple):
    """A number for each stage after production."""

    border: Number
    wholesale: Number
    retail: Number


class Lanes(NamedTuple):
    """A number for each lane, the lanes of a stage side by side."""

    cars: Number
    trucks: Number
    between: Number
    corrupted: Number
    wholesale: Number
    wholesale_protected: Number
    street: Number
    online: Number
    retail_protected: Number


class Offences(NamedTuple):
    """A number for each offence that leads to custody."""

    possession: Number
    selling: Number
    other: Number


class People(NamedTuple):
    """A number for each box of the living, such as persons; custody has a box an offence."""

    exposed: Number
    active: Number
    treatment: Number
    possession: Number
    selling: Number
    other: Number
    remission: Number


class Deaths(NamedTuple):
    """Persons who died."""

    overdose: Number
    otherwise: Number


class Capacity(NamedTuple):
    """Share of undisturbed capacity that is left [-]."""

    precursors: Number
    production: Number
    distribution: Number


class Prices(NamedTuple):
    """What a pure kilogram costs at each level of the trade [USD per pure kg]."""

    production: Number
    landed: Number
    wholesale: Number
    retail: Number


class Today(NamedTuple):
    """What costs are compared with: conditions at the end of the record."""

    prices: Prices
    handling: Stages
    risk: Stages
    sigma: Number
    arrests: Stages
    """Pressure met by the average kilo."""
    volume: Number


Draw = Any
"""A draw of the parameters: a number in a field named as its row."""


class Drivers(NamedTuple):
    """What moves without policy, in the middle of a step."""

    fentanyl_share: Number
    """Share of the illicit opioid market that is fentanyl."""
    log_potency_trend: Number
    """Street potency without shortage, relative to the reference year."""
    scan_cars: Number
    scan_trucks: Number
    """Share of vehicles scanned."""
    shock: Number
    """Production capacity left by the supply shock."""
    entry: Number
    """New dependent users a year at trend prices [persons per year]."""
    treatment_places: Number
    kits_per_100k: Number
    arrests: Number
    """Possession arrests relative to the last count."""
    kg_per_user: Number
    """Consumption of a person in active use at trend prices [pure kg per year]."""
    circumstances: Number
    """Overdose hazard relative to the reference: share of fentanyl, pandemic, model error."""
    heroin_deaths: Number
    """Deaths from heroin without fentanyl [per person-year of active use]."""
    born_exposed: Number
    """People newly exposed [persons per year]."""
    prescription_deaths: Number
    """[deaths per year]"""


class Anchors(NamedTuple):
    """Today's seizures by lane and other constants of a draw."""

    weights: Lanes
    hazards: Lanes
    detection: Number
    """Chance of a seizure given a scan."""
    open_border: Number
    open_wholesale: Number
    open_retail: Number
    """Hazard of open lanes, scanning apart."""
    untreated_fatality: Number
    exposed_rate: Number
    """Overdoses of exposed people at full exposure [per person-year]."""


class Kept(NamedTuple):
    """Share of the distance to rest that a step leaves, of each first-order lag [-]."""

    traffic: Number
    shipments: Number
    volume: Number
    substitution: Number
    tolerance_up: Number
    tolerance_down: Number


class Future(NamedTuple):
    """What stays as it is in one future, month after month."""

    p: Draw
    """Parameters."""
    a: Anchors
    today: Today
    """What costs and arrests are compared with."""
    kept: Kept
    projected: float
    """1 in the projection; 0 in the record, where costs follow their observed trend."""
    dt: float
    """Length of a step [years]."""


class Slow(NamedTuple):
    """Stocks that rates depend on."""

    active: Number
    treatment: Number
    shipments: Number
    volume: Number
    """Trailing volume of all illicit opioid doses."""
    substituted: Number
    lived_hazard: Number


class Stocks(NamedTuple):
    """Stocks at a step's bound."""

    weights: Lanes
    capacity: Capacity
    sellers: Stages
    """Non-using sellers in custody by stage [persons]."""
    people: People
    dead: Deaths
    shipments: Number
    volume: Number
    substituted: Number
    lived_hazard: Number
    stock_kg: Number
    log_tolerance: Number
    before: Slow
    """The slow stocks one step earlier."""


class Bought(NamedTuple):
    """What there is of health measures."""

    prevention: Number
    """Intensity of prevention."""
    places: Number
    """Treatment places."""
    fatality: Number
    """Deaths per overdose, after rescue."""
    reentry: Number
    """Releases a year covered with medication beyond today's [persons per year]."""


class Pressed(NamedTuple):
    """What policy alone does in a step, whatever the market does."""

    seized: Stages
    passed: Number
    """Share of what is shipped that is left after all stages."""
    premium: Stages
    """Risk premium relative to today, before the size of the market."""
    iron: Number
    """Potency relative to today under the iron law of prohibition."""
    circumstances: Number
    """Overdoses per person relative to the reference, market and tolerance apart."""
    cheaper: Number
    """Production cost relative to today after a power vacuum."""
    entry: Offences
    """Rate of entering custody from active use [per year]."""
    release: Offences
    """Rate of release [per year]."""
    health: Bought
    weights: Lanes
    capacity: Capacity
    sellers: Stages
    """Stocks at the end of the step."""


def kept_of(p: Draw, dt: float) -> Kept:
    """What a step of `dt` years leaves of each lag."""
    return Kept(
        traffic=half_life_kept(p.displacement_half_life_months / 12, dt),
        shipments=lag_kept(p.shipment_lag_months / 12, dt),
        volume=lag_kept(p.volume_memory_years, dt),
        substitution=lag_kept(p.substitution_lag_months / 12, dt),
        tolerance_up=lag_kept(p.tolerance_up_months / 12, dt),
        tolerance_down=lag_kept(p.tolerance_down_months / 12, dt),
    )


def slow_stocks(s: Stocks) -> Slow:
    """Stocks that rates depend on, at a bound."""
    return Slow(
        s.people.active, s.people.treatment, s.shipments, s.volume, s.substituted, s.lived_hazard
    )


def half_a_step_on(now: Slow, before: Slow) -> Slow:
    """Mid-step values, straight on from the step before: second-order accurate."""
    return Slow(
        onward(now.active, before.active),
        onward(now.treatment, before.treatment),
        onward(now.shipments, before.shipments),
        onward(now.volume, before.volume),
        onward(now.substituted, before.substituted),
        onward(now.lived_hazard, before.lived_hazard),
    )


def onward(now: Number, before: Number) -> Number:
    """Half a step on, at the pace of the last step."""
    return now + 0.5 * (now - before)


def toward(now: Number, rest: Number, kept: Number) -> Number:
    """One step of a linear lag, exact: ``kept`` is the share of the distance that is left."""
    return now * kept + (1 - kept) * rest


def lag_kept(lag_years: Number, dt: Number) -> Number:
    """Share of the distance to a plan that is left after a step, for a first-order lag [-].

    ``dS/dt = (planned - S) / lag``: money becomes staff and equipment with a lag of 0.5-2 years.
    """
    return exp(-dt / lag_years)


def half_life_kept(half_life_years: Number, dt: Number) -> Number:
    """Share of the distance to rest that is left after a step [-]."""
    return power(2.0, -dt / half_life_years)
