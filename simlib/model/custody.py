"""Arrests -> custody and release, by offence; sellers who do not use.

Rates are per year, stocks are persons. Plain numbers, or arrays of many.
"""

from simlib.model.functions import Number, exp, power
from simlib.model.future import Draw, Drivers, Future, Offences, Stages


def custody_rates(p: Draw, arrests: Number) -> Offences:
    """Rate of entering custody of people in dependent use by offence [per year].

    Parameters
    ----------
    arrests : possession arrests relative to the last count
    """
    possession = p.possession_arrest_rate * arrests * p.possession_custody_share
    return Offences(possession, p.selling_custody_rate, p.other_custody_rate)


def custody_chance(multiplier: Number, elasticity: Number) -> Number:
    """Chance of custody given arrest relative to today when sentences change, ``m ** e`` [-]."""
    return power(multiplier, elasticity)


def rates(
    p: Draw, d: Drivers, retail: Number, possession: Number, selling: Number
) -> tuple[Offences, Offences]:
    """Rate of entering custody from active use, and of release, by offence [per year].

    Parameters
    ----------
    retail : arrests at retail over today's
    possession, selling : time served over today's
    """
    now = custody_rates(p, d.arrests)
    chance = custody_chance(possession, p.possession_custody_elasticity)
    return (
        Offences(now.possession * (retail * chance), now.selling * retail, now.other),
        Offences(
            1 / (p.possession_years_served * possession),
            1 / (p.selling_years_served * selling),
            1 / p.other_years_served,
        ),
    )


def sentenced_next(now: Number, sentenced: Number, years: Number, dt: float) -> Number:
    """Non-using sellers in custody a step later [persons], ``dS/dt = sentenced - S / years``.

    Parameters
    ----------
    sentenced : [persons per year]
    years : [years], time served
    """
    kept = exp(-dt / years)
    return now * kept + (1 - kept) * (sentenced * years)


def sellers_next(f: Future, d: Drivers, now: Stages, arrests: Stages, selling: Number) -> Stages:
    """Non-using sellers in custody by stage a step later [persons].

    Longer sentences for selling act on wholesale and retail sellers, not on couriers.

    Parameters
    ----------
    arrests : over today's
    selling : time served over today's
    """
    p, share = f.p, d.fentanyl_share
    federal, state_court = p.federal_years_served, p.selling_years_served
    border = p.sentenced_border * arrests.border * share
    wholesale = p.sentenced_wholesale * arrests.wholesale * share
    retail = p.sentenced_retail * arrests.retail * share
    return Stages(
        sentenced_next(now.border, border, federal, f.dt),
        sentenced_next(now.wholesale, wholesale, federal * selling, f.dt),
        sentenced_next(now.retail, retail, state_court * selling, f.dt),
    )
