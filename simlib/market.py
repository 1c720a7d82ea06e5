"""Market: demand, scarcity, price, potency, substitution.

Pure functions of arrays, draws on the last axis. Prices and potency are relative to the trend of
the record, so that 1 means "as it would have been without shortage or new policy".
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def demand_ratio(cost_ratio: Array, elasticity: Array) -> Array:
    """Demand of current users at cost, ``(C/C0)^-eps``, relative to trend [-].

    Parameters
    ----------
    cost_ratio : [-], retail unit cost over trend
    elasticity : [-], eps > 0, response of current users' intensity only
    """
    return cost_ratio**-elasticity


def cleared(available: Array, demand: Array) -> tuple[Array, Array]:
    """Kilograms consumed and the share of demand met.

    Parameters
    ----------
    available : [kg], delivered in the step plus stock
    demand : [kg], demand at cost in the step

    Returns
    -------
    consumed : [kg]
    met : [share], ``z = min(1, available / demand)``
    """
    consumed = np.minimum(available, demand)
    return consumed, consumed / demand


def scarcity_price(met: Array, short_elasticity: Array, ceiling: Array) -> Array:
    """Price of a pure milligram over cost, ``min(z^(-1/eps_short), ceiling)`` [-].

    What is still short at the ceiling is rationed.
    """
    at_ceiling = ceiling**-short_elasticity
    return np.maximum(met, at_ceiling) ** (-1 / short_elasticity)


def potency_trend(pill_mg: Array, powder: Array, pill_share: Array, link: Array) -> Array:
    """Street potency that follows seized purity, relative to the reference [-].

    ``ln potency = lambda (w ln pill + (1 - w) ln powder)``.

    Parameters
    ----------
    pill_mg, powder : [-], mg per pill and powder purity relative to the reference year
    pill_share : [share], w
    link : [-], lambda, 0-1
    """
    return np.exp(link * (pill_share * np.log(pill_mg) + (1 - pill_share) * np.log(powder)))


def dilution(scarcity: Array, weaker_share: Array) -> Array:
    """Potency relative to trend: a share phi of the price rise appears as weaker product [-].

    ``(C/price)^phi``.

    Parameters
    ----------
    scarcity : [-], price of a pure milligram over cost
    weaker_share : [-], phi
    """
    return scarcity**-weaker_share


def iron_law(punishment: Array, exponent: Array) -> Array:
    """Potency relative to trend under the "iron law of prohibition" (Cowan 1986) [-].

    Risk per unit volume favours more potent product: ``punishment^exponent``.

    Parameters
    ----------
    punishment : [-], per kilo relative to today
    exponent : [-]
    """
    return punishment**exponent


def substitution_next(
    share: Array, unmet: Array, moved: Array, lag_years: Array, dt: float
) -> Array:
    """Share of fentanyl doses replaced by other opioids one step later.

    Parameters
    ----------
    share, unmet : [share of demand at cost]
    moved : [share of unmet demand that moves], psi
    lag_years : [years]
    """
    return share + (moved * unmet - share) * (1 - np.exp(-dt / lag_years))
