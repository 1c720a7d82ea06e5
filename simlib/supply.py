"""Supply chain: production -> border -> wholesale -> retail; costs, capacity, shipments.

Pure functions of arrays, draws on the last axis. Mass is pure kilograms. Costs are 2024 USD per
pure kilogram. The three stages after production lead the arrays named ``..._by_stage``.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def price_ladder(retail_price: Array, input_ratio: Array, seized: Array) -> Array:
    """Prices at production, landed, US wholesale and retail, built down from retail.

    ``C_{i-1} = ratio_i * C_i * (1 - s_i)`` with every ratio below one, so that the value added at
    each stage is positive by construction.

    Parameters
    ----------
    retail_price : [USD per pure kg], shape (..., draws)
    input_ratio : [-], border, wholesale, retail, shape (3, ..., draws)
    seized : [share], same shape

    Returns
    -------
    Array : [USD per pure kg], shape (4, ..., draws)
    """
    steps = np.cumprod((input_ratio * (1 - seized))[::-1], axis=0)[::-1]
    return np.concatenate([steps * retail_price, np.ones_like(steps[:1]) * retail_price])


def value_added(prices: Array, seized: Array) -> Array:
    """Handling plus risk premium of each stage, ``C_i (1 - s_i) - C_{i-1}`` [USD per pure kg]."""
    return prices[1:] * (1 - seized) - prices[:-1]


def prison_premium(punishment: Array, prison_part: Array, sigma: Array) -> Array:
    """Risk premium relative to today when punishment changes.

    ``a (arrests time)^sigma + (1 - a)``: arrests and time served enter alike (Reuter & Kleiman
    1986).

    Parameters
    ----------
    punishment : [-], arrests x time served relative to today, shape (stages, ..., draws)
    prison_part : [share of the risk premium], 0.3-0.6
    sigma : [-]
    """
    return prison_part * punishment**sigma + (1 - prison_part)


def swamping(size: Array, omega: Array) -> Array:
    """Risk premium relative to today when the market's size changes, ``(V_ref / V12)^omega``.

    A smaller market meets more enforcement a kilo (Kleiman 1993).

    Parameters
    ----------
    size : [-], V_ref / V12, kept within bounds by the caller
    omega : [-], 0-1
    """
    return size**omega


def sigma_from_elasticity(
    elasticity: Array, prices: Array, risk: Array, seized: Array, prison_part: Array
) -> Array:
    """Exponent on arrests x time that gives a retail-price elasticity at today's costs.

    In the additive chain a dollar of risk at stage i is ``1 / prod_{j>=i}(1 - s_j)`` dollars at
    retail; the prison part of all of them, over the retail price, times sigma is the elasticity.

    Parameters
    ----------
    elasticity : [-], retail price to arrests x time at all stages, 0.01-0.25
    prices : [USD per pure kg], shape (4, ..., draws)
    risk, seized : shape (3, ..., draws)
    """
    grossed = risk / np.cumprod((1 - seized)[::-1], axis=0)[::-1]
    return elasticity * prices[-1] / (prison_part * np.sum(grossed, axis=0))


def cost_additive(production_cost: Array, added: Array, seized: Array) -> Array:
    """Retail unit cost when stages pass costs on dollar for dollar (Rydell & Everingham 1994).

    ``C_i = (C_{i-1} + handling_i + risk_i) / (1 - s_i)``.

    Parameters
    ----------
    production_cost : [USD per pure kg], shape (..., draws)
    added : [USD per pure kg], handling + risk of each stage, shape (stages, ..., draws)
    seized : [share], shape (stages, ..., draws)
    """
    cost = production_cost
    for stage_added, stage_seized in zip(added, seized, strict=True):
        cost = (cost + stage_added) / (1 - stage_seized)
    return cost


def cost_multiplicative(
    production_cost: Array, prices: Array, added: Array, seized: Array
) -> Array:
    """Retail unit cost when stages pass costs on in proportion (Caulkins 1994).

    ``C3 = C30 prod_i own_i`` with ``own_i = [(C_{i-1,0} + added_i) / (1 - s_i)] / C_i0``.

    Parameters
    ----------
    production_cost : [USD per pure kg], shape (..., draws)
    prices : [USD per pure kg], today's ladder, shape (stages + 1, 1, draws)
    added, seized : shape (stages, ..., draws)
    """
    own = (prices[:-1] + added) / (1 - seized) / prices[1:]
    return prices[-1] * (production_cost / prices[0]) * np.prod(own, axis=0)


def transmitted_cost(additive: Array, multiplicative: Array, theta: Array) -> Array:
    """Mixture of the two rules, ``theta ln C_mult + (1 - theta) ln C_add`` [USD per pure kg]."""
    return multiplicative**theta * additive ** (1 - theta)


def capacity_rest(
    knockdown: Array, added_intensity: Array, recovery_years: Array, dt: Array | float
) -> tuple[Array, Array]:
    """Where production or distribution capacity comes to rest, and what a step keeps.

    ``dK/dt = (1 - K)/tau - kappa max(I - 1, 0) K``, 1 = undisturbed; exact for constant pressure.

    Parameters
    ----------
    knockdown : [per year per unit of added intensity], kappa, shape (..., draws)
    added_intensity : [-], I - 1
    recovery_years : [years], tau

    Returns
    -------
    rest : [-], in (0, 1]
    kept : [share of the distance to rest that is left after a step]
    """
    recovery = 1 / recovery_years
    pressure = recovery + knockdown * np.maximum(added_intensity, 0)
    return recovery / pressure, np.exp(-pressure * dt)


def shock_factor(
    time: Array | float,
    onset: Array,
    decline_years: Array,
    plateau_years: Array,
    recovery_years: Array,
    trough: Array,
) -> Array:
    """Capacity left by a supply shock: down along a ramp in logs, a plateau, and back.

    Parameters
    ----------
    time, onset : [decimal year]
    decline_years, plateau_years, recovery_years : [years]; recovery may be infinite
    trough : [-], factor at the bottom, in (0, 1]
    """
    down = np.clip((time - onset) / decline_years, 0, 1)
    bottom_left = time - onset - decline_years - plateau_years
    back = np.clip(bottom_left / recovery_years, 0, 1)
    return trough ** (down - back)


def shipments_next(
    shipments: Array,
    demand_ratio: Array,
    passed: Array,
    stock_ratio: Array,
    lag_years: Array,
    dt: Array | float,
) -> Array:
    """Shipments per unit of trend demand one step later.

    Producers move toward what the market takes net of what is in stock, grossed up for losses:
    ``dn/dt = (n* - n)/tau``, ``n* = max(demand - stock, 0) / passed``. An added seizure therefore
    bites first and is then replaced, at a cost.

    Parameters
    ----------
    shipments : [kg shipped per kg of trend demand], shape (..., draws)
    demand_ratio : [-], demand at cost over trend demand
    passed : [share], product of what passes the stages
    stock_ratio : [-], stock over one lag's worth of trend demand
    lag_years : [years]
    """
    wanted = np.maximum(demand_ratio - stock_ratio, 0) / passed
    return shipments + (wanted - shipments) * (1 - np.exp(-dt / lag_years))
