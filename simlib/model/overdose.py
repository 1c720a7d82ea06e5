"""Overdose and death: exposure x potency x tolerance x rescue.

Plain numbers, or arrays of many. Rates are per person-year.
"""

from typing import NamedTuple

from simlib.model.functions import Number, exp, power, where
from simlib.model.future import Draw, Drivers, Future, Pressed, Slow, Stocks
from simlib.model.market import Traded


def tolerance_next(log_tolerance: Number, log_potency: Number, up: Number, down: Number) -> Number:
    """Log tolerance one step later: it follows potency quickly upward and slowly downward.

    Parameters
    ----------
    log_tolerance, log_potency : [-]
    up, down : [share of the distance that a step leaves], of lags of 1-4 and 9-36 months
    """
    gap = log_potency - log_tolerance
    return log_tolerance + gap * (1 - where(gap > 0, up, down))


def risk_ratio(
    dose_factor: Number,
    log_potency: Number,
    log_tolerance: Number,
    short_elasticity: Number,
    long_elasticity: Number,
) -> Number:
    """Overdoses per person relative to the reference.

    ``(doses/doses_0)^d (potency/tolerance)^short tolerance^long``.

    Parameters
    ----------
    dose_factor : [-], ``(doses/doses_0)^d``, doses per person relative to trend
    log_potency, log_tolerance : [-], natural logs relative to the reference year
    """
    strength = short_elasticity * (log_potency - log_tolerance) + long_elasticity * log_tolerance
    return dose_factor * exp(strength)


def frailty_ratio(cumulative_hazard: Number, variance: Number) -> Number:
    """Mean susceptibility of survivors, ``1 / (1 + v Lambda)`` (gamma frailty) [-].

    Those at highest risk die first; with v = 0 there is no depletion.

    Parameters
    ----------
    cumulative_hazard : [-], fatal hazard lived through by the average person now at risk
    variance : [-], v
    """
    return 1 / (1 + variance * cumulative_hazard)


def cumulative_hazard_next(
    cumulative_hazard: Number, hazard: Number, renewal: Number, dt: float
) -> Number:
    """Cumulative hazard of the people now at risk one step later; newcomers bring none.

    ``dLambda/dt = hazard - renewal * Lambda``.

    Parameters
    ----------
    hazard : [deaths per person-year]
    renewal : [per year], newcomers over people at risk
    """
    kept = exp(-renewal * dt)
    return cumulative_hazard * kept + hazard * dt * (1 + kept) / 2


def naloxone_use(kits_per_100k: Number, efficiency: Number) -> Number:
    """Chance that naloxone is used on a witnessed overdose, ``1 - exp(-eff * kits)`` [-].

    Parameters
    ----------
    kits_per_100k : [kits a year per 100,000 population]
    efficiency : [per (kit per 100,000)], saturating curve of the FDA SOURCE model
    """
    return 1 - exp(-efficiency * kits_per_100k)


def rescue_share(
    witnessed: Number, naloxone: Number, effective: Number, called: Number, in_time: Number
) -> Number:
    """Share of otherwise fatal overdoses that are rescued.

    ``w [1 - (1 - n e)(1 - c m)]``: witnessed, naloxone used and effective, emergency call and
    medics in time.
    """
    return witnessed * (1 - (1 - naloxone * effective) * (1 - called * in_time))


class Risk(NamedTuple):
    """Overdose risk within a step; rates per person-year of active use."""

    fentanyl: Number
    substitutes: Number
    exposed: Number
    log_tolerance: Number
    fatal: Number
    """Deaths per person-year of active use from any illicit opioid."""


def rescue(p: Draw, kits_per_100k: Number) -> Number:
    """Share of otherwise fatal overdoses rescued, given kits a year per 100,000 people."""
    used = naloxone_use(kits_per_100k, p.naloxone_efficiency)
    return rescue_share(
        p.witnessed_share, used, p.naloxone_effect, p.emergency_call, p.medics_in_time
    )


def overdose_risk(
    f: Future, d: Drivers, now: Stocks, slow: Slow, traded: Traded, pressed: Pressed
) -> Risk:
    """Event 5: tolerance, overdoses per person-year, deaths per overdose."""
    p, a = f.p, f.a
    log_tolerance = tolerance_next(
        now.log_tolerance, traded.log_potency, f.kept.tolerance_up, f.kept.tolerance_down
    )
    doses = power(traded.doses, p.dose_exponent)
    short, long = p.potency_short_elasticity, p.potency_long_elasticity
    middle = 0.5 * (now.log_tolerance + log_tolerance)
    ratio = risk_ratio(doses, traded.log_potency, middle, short, long)
    without_tolerance = risk_ratio(doses, traded.log_potency, 0.0, short, 0.0)
    frailty = frailty_ratio(slow.lived_hazard, p.frailty_variance)
    reference = p.overdose_rate * frailty * pressed.circumstances
    fentanyl = reference * ratio
    substitutes = reference * slow.substituted * p.substitute_risk
    return Risk(
        fentanyl=fentanyl,
        substitutes=substitutes,
        exposed=a.exposed_rate * pressed.circumstances * without_tolerance,
        log_tolerance=log_tolerance,
        fatal=pressed.health.fatality * (fentanyl + substitutes) + d.heroin_deaths,
    )
