"""Overdose and death: exposure x potency x tolerance x rescue.

Pure functions of arrays, draws on the last axis. Rates are per person-year.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def tolerance_next(
    log_tolerance: Array, log_potency: Array, up_years: Array, down_years: Array, dt: float
) -> Array:
    """Log tolerance one step later: it follows potency quickly upward and slowly downward.

    Parameters
    ----------
    log_tolerance, log_potency : [-]
    up_years, down_years : [years], lags (1-4 and 9-36 months)
    """
    gap = log_potency - log_tolerance
    lag = np.where(gap > 0, up_years, down_years)
    return log_tolerance + gap * (1 - np.exp(-dt / lag))


def risk_ratio(
    dose_factor: Array,
    log_potency: Array,
    log_tolerance: Array | float,
    short_elasticity: Array,
    long_elasticity: Array | float,
) -> Array:
    """Overdoses per person relative to the reference.

    ``(doses/doses_0)^d (potency/tolerance)^short tolerance^long``.

    Parameters
    ----------
    dose_factor : [-], ``(doses/doses_0)^d``, doses per person relative to trend
    log_potency, log_tolerance : [-], natural logs relative to the reference year
    """
    strength = short_elasticity * (log_potency - log_tolerance) + long_elasticity * log_tolerance
    return dose_factor * np.exp(strength)


def frailty_ratio(cumulative_hazard: Array, variance: Array) -> Array:
    """Mean susceptibility of survivors, ``1 / (1 + v Lambda)`` (gamma frailty) [-].

    Those at highest risk die first; with v = 0 there is no depletion.

    Parameters
    ----------
    cumulative_hazard : [-], fatal hazard lived through by the average person now at risk
    variance : [-], v
    """
    return 1 / (1 + variance * cumulative_hazard)


def cumulative_hazard_next(
    cumulative_hazard: Array, hazard: Array, renewal: Array, dt: float
) -> Array:
    """Cumulative hazard of the people now at risk one step later; newcomers bring none.

    ``dLambda/dt = hazard - renewal * Lambda``.

    Parameters
    ----------
    hazard : [deaths per person-year]
    renewal : [per year], newcomers over people at risk
    """
    kept = np.exp(-renewal * dt)
    return cumulative_hazard * kept + hazard * dt * (1 + kept) / 2


def naloxone_use(kits_per_100k: Array, efficiency: Array) -> Array:
    """Chance that naloxone is used on a witnessed overdose, ``1 - exp(-eff * kits)`` [-].

    Parameters
    ----------
    kits_per_100k : [kits a year per 100,000 population]
    efficiency : [per (kit per 100,000)], saturating curve of the FDA SOURCE model
    """
    return 1 - np.exp(-efficiency * kits_per_100k)


def rescue_share(
    witnessed: Array, naloxone: Array, effective: Array, called: Array, in_time: Array
) -> Array:
    """Share of otherwise fatal overdoses that are rescued.

    ``w [1 - (1 - n e)(1 - c m)]``: witnessed, naloxone used and effective, emergency call and
    medics in time.
    """
    return witnessed * (1 - (1 - naloxone * effective) * (1 - called * in_time))
