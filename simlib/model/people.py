"""People: exposed, dependent use, treatment, custody, remission, dead.

Rates are per year, stocks are persons. Custody has one box an offence, so each lever touches only
its own. Plain numbers, or arrays of many.
"""

from typing import NamedTuple

from simlib.model.functions import SMALL, TINY, Number, expm1, maximum, minimum, power, where
from simlib.model.future import Deaths, Draw, Drivers, Offences, People, Pressed, Slow
from simlib.model.overdose import Risk


class Moves(NamedTuple):
    """Rates [per year] of each move, named origin_destination."""

    exposed_active: Number
    exposed_overdose: Number
    exposed_other: Number
    active_treatment: Number
    active_custody: Offences
    active_remission: Number
    active_overdose: Number
    active_other: Number
    treatment_active: Number
    treatment_custody: Offences
    treatment_remission: Number
    treatment_overdose: Number
    treatment_other: Number
    custody_active: Offences
    custody_treatment: Offences
    custody_remission: Offences
    custody_other: Number
    remission_active: Number
    remission_other: Number


def total(each: Offences) -> Number:
    """Sum over offences."""
    return each.possession + each.selling + each.other


def product(one: Offences, other: Offences) -> Offences:
    """Product, offence by offence."""
    return Offences(
        one.possession * other.possession, one.selling * other.selling, one.other * other.other
    )


def scaled(each: Offences, factor: Number) -> Offences:
    """Each number times a factor."""
    return Offences(each.possession * factor, each.selling * factor, each.other * factor)


def over(one: Number, each: Offences) -> Offences:
    """A number over each number."""
    return Offences(one / each.possession, one / each.selling, one / each.other)


class Exits(NamedTuple):
    """How a box empties within a step."""

    leaving: Number
    """Share that leaves, ``q = 1 - exp(-H dt)``: never more than there is."""
    per_rate: Number
    """Share that leaves for each unit of rate [years]: exits are split by rate."""
    present: Number
    """Share of the step's arrivals that is exposed to the exits, ``1/q - 1/(H dt)``: of people who
    arrive evenly; a box with steady arrivals is then exact."""


def exits(rate: Number, dt: float) -> Exits:
    """How a box empties that people leave at `rate` by all ways together [per year]."""
    hazard = maximum(rate * dt, TINY)
    leaving = -expm1(-hazard)
    present = where(hazard > SMALL, 1 / leaving - 1 / hazard, 0.5)
    return Exits(leaving, leaving / hazard * dt, present)


def custody_leaving(m: Moves) -> Offences:
    """Rate of leaving custody by offence [per year]."""
    to_active, to_treatment = m.custody_active, m.custody_treatment
    stay_off, die = m.custody_remission, m.custody_other
    return Offences(
        to_active.possession + to_treatment.possession + stay_off.possession + die,
        to_active.selling + to_treatment.selling + stay_off.selling + die,
        to_active.other + to_treatment.other + stay_off.other + die,
    )


def times(one: People, other: People) -> People:
    """Product, box by box."""
    return People(
        one.exposed * other.exposed,
        one.active * other.active,
        one.treatment * other.treatment,
        one.possession * other.possession,
        one.selling * other.selling,
        one.other * other.other,
        one.remission * other.remission,
    )


def plus(one: People, other: People) -> People:
    """Sum, box by box."""
    return People(
        one.exposed + other.exposed,
        one.active + other.active,
        one.treatment + other.treatment,
        one.possession + other.possession,
        one.selling + other.selling,
        one.other + other.other,
        one.remission + other.remission,
    )


def minus(one: People, other: People) -> People:
    """Difference, box by box."""
    return People(
        one.exposed - other.exposed,
        one.active - other.active,
        one.treatment - other.treatment,
        one.possession - other.possession,
        one.selling - other.selling,
        one.other - other.other,
        one.remission - other.remission,
    )


def all_exits(m: Moves, dt: float) -> tuple[People, People, People]:
    """How each box empties: the fields of :class:`Exits`, box by box."""
    custody = custody_leaving(m)
    active = m.active_treatment + total(m.active_custody) + m.active_remission
    treatment = m.treatment_active + total(m.treatment_custody) + m.treatment_remission
    a = exits(m.exposed_active + m.exposed_overdose + m.exposed_other, dt)
    b = exits(active + m.active_overdose + m.active_other, dt)
    c = exits(treatment + m.treatment_overdose + m.treatment_other, dt)
    d = exits(custody.possession, dt)
    e = exits(custody.selling, dt)
    f = exits(custody.other, dt)
    g = exits(m.remission_active + m.remission_other, dt)
    return (
        People(a.leaving, b.leaving, c.leaving, d.leaving, e.leaving, f.leaving, g.leaving),
        People(a.per_rate, b.per_rate, c.per_rate, d.per_rate, e.per_rate, f.per_rate, g.per_rate),
        People(a.present, b.present, c.present, d.present, e.present, f.present, g.present),
    )


def arrivals(out: People, m: Moves, entries: Number) -> People:
    """Persons arriving in each box within a step.

    Parameters
    ----------
    out : persons who leave each box for each unit of rate [person-years]
    m : rates of the moves
    entries : [persons], newly exposed in the step
    """
    custody = Offences(out.possession, out.selling, out.other)
    active, treatment = m.active_custody, m.treatment_custody
    return People(
        exposed=entries,
        active=out.exposed * m.exposed_active
        + out.treatment * m.treatment_active
        + total(product(custody, m.custody_active))
        + out.remission * m.remission_active,
        treatment=out.active * m.active_treatment + total(product(custody, m.custody_treatment)),
        possession=out.active * active.possession + out.treatment * treatment.possession,
        selling=out.active * active.selling + out.treatment * treatment.selling,
        other=out.active * active.other + out.treatment * treatment.other,
        remission=out.active * m.active_remission
        + out.treatment * m.treatment_remission
        + total(product(custody, m.custody_remission)),
    )


def deaths(out: People, m: Moves) -> Deaths:
    """Persons who died within a step; see :func:`arrivals`."""
    in_custody = out.possession + out.selling + out.other
    return Deaths(
        out.exposed * m.exposed_overdose
        + out.active * m.active_overdose
        + out.treatment * m.treatment_overdose,
        out.exposed * m.exposed_other
        + out.active * m.active_other
        + out.treatment * m.treatment_other
        + in_custody * m.custody_other
        + out.remission * m.remission_other,
    )


def step(now: People, m: Moves, entries: Number, dt: float) -> tuple[People, People, People]:
    """Event 6, second half: move everybody once; second-order accurate, and nobody is lost.

    A first pass finds the arrivals; exits are then taken from the stock plus those of them that
    are present.

    Returns
    -------
    after : stocks at the end of the step
    middle : persons who were exposed to the exits in the step
    out : persons who left each box for each unit of rate [person-years]: times a rate of `m`,
        the persons who made that move
    """
    leaving, per_rate, present = all_exits(m, dt)
    first = arrivals(times(now, per_rate), m, entries)
    middle = plus(now, times(present, first))
    out = times(middle, per_rate)
    stayed = minus(now, times(middle, leaving))
    return plus(stayed, arrivals(out, m, entries)), middle, out


def treatment_entry(
    places: Number, reach: Number, in_need: Number, active: Number, leaving: Number
) -> Number:
    """Rate of entering treatment that keeps places filled [per year].

    Places turn over at the rate at which people leave; no more than a share ``reach`` of the
    people in need ever enters.

    Parameters
    ----------
    places : [places]
    reach : [share of active plus treated]
    in_need : [persons], active plus treated
    active : [persons]
    leaving : [per year], rate of leaving treatment by any way
    """
    return minimum(places, reach * in_need) * leaving / maximum(active, 1)


def release_extra_years(first_month: Number, later: Number) -> Number:
    """Extra person-years at active-use risk that one release adds [years].

    Person-time, not a box: a month at relative risk ``first_month``, eleven at ``later``, both
    within people with dependent use.
    """
    return (first_month - 1) / 12 + (later - 1) * (1 - 1 / 12)


def moves(
    p: Draw, d: Drivers, now: People, slow: Slow, pressed: Pressed, price: Number, risk: Risk
) -> Moves:
    """Event 6, first half: the rate of every move between boxes [per year].

    Parameters
    ----------
    now : stocks at the start of the step
    """
    custody = Offences(now.possession, now.selling, now.other)
    start = d.entry / p.exposed_people * power(price, -p.initiation_price_elasticity)
    arrested = scaled(pressed.entry, p.arrest_ratio_in_treatment)
    leave = p.treatment_leaving_rate
    other, general = p.other_death_rate_active, p.other_death_rate_general
    released = total(product(custody, pressed.release))
    covered = minimum(maximum(p.reentry_coverage_today + pressed.health.reentry / released, 0), 1)
    years = release_extra_years(p.post_release_first_month, p.post_release_later)
    extra = released * years * (1 - covered * p.reentry_effect) / slow.active
    untreated = scaled(pressed.release, 1 - covered)
    return Moves(
        exposed_active=start / pressed.health.prevention,
        exposed_overdose=risk.exposed * pressed.health.fatality,
        exposed_other=general,
        active_treatment=treatment_entry(
            pressed.health.places,
            p.treatment_reach,
            slow.active + slow.treatment,
            slow.active,
            leave + total(arrested),
        ),
        active_custody=pressed.entry,
        active_remission=p.remission_rate * power(price, p.quit_price_elasticity),
        active_overdose=risk.fatal * (1 + extra),
        active_other=other,
        treatment_active=leave * (1 - p.treatment_to_remission_share),
        treatment_custody=arrested,
        treatment_remission=leave * p.treatment_to_remission_share,
        treatment_overdose=risk.fatal * p.moud_risk_ratio,
        treatment_other=other * p.moud_other_death_ratio,
        custody_active=scaled(untreated, 1 - p.remission_at_release),
        custody_treatment=scaled(pressed.release, covered),
        custody_remission=scaled(untreated, p.remission_at_release),
        custody_other=general,
        remission_active=p.relapse_rate,
        remission_other=general,
    )
