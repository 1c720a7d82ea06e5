"""Supply chain: production -> border -> wholesale -> retail; costs, capacity, shipments.

Mass is pure kilograms, costs are 2024 USD per pure kilogram. Plain numbers, or arrays of many.
"""

from typing import NamedTuple

from simlib.model.enforcement import Intensity
from simlib.model.functions import Number, exp, log, maximum, minimum, power
from simlib.model.future import Capacity, Draw, Drivers, Future, Prices, Slow, Stages


class Chain(NamedTuple):
    """Prices and what stands behind them; fentanyl today, or any drug at any time."""

    prices: Prices
    handling: Stages
    risk: Stages
    """[USD per pure kg]"""
    seized: Stages
    """[share of what enters the stage]"""

    @property
    def entering(self) -> Stages:
        """Kilograms that enter each stage for each kilogram consumed."""
        retail = 1 / (1 - self.seized.retail)
        wholesale = retail / (1 - self.seized.wholesale)
        return Stages(wholesale / (1 - self.seized.border), wholesale, retail)


ALIKE = Stages(1.0, 1.0, 1.0)
NOTHING = Prices(0.0, 0.0, 0.0, 0.0)


def price_ladder(retail_price: Number, ratio: Stages, seized: Stages) -> Prices:
    """Prices at production, landed, US wholesale and retail, built down from retail.

    ``C_{i-1} = ratio_i * C_i * (1 - s_i)`` with every ratio below one, so that the value added at
    each stage is positive by construction.

    Parameters
    ----------
    retail_price : [USD per pure kg]
    ratio : input price over price of each stage [-]
    seized : [share]
    """
    wholesale = ratio.retail * (1 - seized.retail) * retail_price
    landed = ratio.wholesale * (1 - seized.wholesale) * wholesale
    production = ratio.border * (1 - seized.border) * landed
    return Prices(production, landed, wholesale, retail_price)


def value_added(prices: Prices, seized: Stages) -> Stages:
    """Handling plus risk premium of each stage, ``C_i (1 - s_i) - C_{i-1}`` [USD per pure kg]."""
    return Stages(
        prices.landed * (1 - seized.border) - prices.production,
        prices.wholesale * (1 - seized.wholesale) - prices.landed,
        prices.retail * (1 - seized.retail) - prices.wholesale,
    )


def prison_premium(punishment: Number, prison_part: Number, sigma: Number) -> Number:
    """Risk premium relative to today when punishment changes.

    ``a (arrests time)^sigma + (1 - a)``: arrests and time served enter alike (Reuter & Kleiman
    1986).

    Parameters
    ----------
    punishment : [-], arrests x time served relative to today
    prison_part : [share of the risk premium], 0.3-0.6
    sigma : [-]
    """
    return prison_part * power(punishment, sigma) + (1 - prison_part)


def swamping(size: Number, omega: Number) -> Number:
    """Risk premium relative to today when the market's size changes, ``(V_ref / V12)^omega``.

    A smaller market meets more enforcement a kilo (Kleiman 1993).

    Parameters
    ----------
    size : [-], V_ref / V12, kept within bounds by the caller
    omega : [-], 0-1
    """
    return power(size, omega)


def sigma_from_elasticity(
    elasticity: Number, retail: Number, risk: Stages, seized: Stages, prison_part: Number
) -> Number:
    """Exponent on arrests x time that gives a retail-price elasticity at today's costs.

    In the additive chain a dollar of risk at stage i is ``1 / prod_{j>=i}(1 - s_j)`` dollars at
    retail; the prison part of all of them, over the retail price, times sigma is the elasticity.

    Parameters
    ----------
    elasticity : [-], retail price to arrests x time at all stages, 0.01-0.25
    retail : [USD per pure kg]
    """
    sold = 1 - seized.retail
    landed = sold * (1 - seized.wholesale)
    shipped = landed * (1 - seized.border)
    grossed = risk.border / shipped + risk.wholesale / landed + risk.retail / sold
    return elasticity * retail / (prison_part * grossed)


def cost_additive(production: Number, added: Stages, seized: Stages) -> Number:
    """Retail unit cost when stages pass costs on dollar for dollar (Rydell & Everingham 1994).

    ``C_i = (C_{i-1} + handling_i + risk_i) / (1 - s_i)``.

    Parameters
    ----------
    production : [USD per pure kg]
    added : [USD per pure kg], handling + risk of each stage
    seized : [share]
    """
    landed = (production + added.border) / (1 - seized.border)
    wholesale = (landed + added.wholesale) / (1 - seized.wholesale)
    return (wholesale + added.retail) / (1 - seized.retail)


def cost_multiplicative(
    production: Number, prices: Prices, added: Stages, seized: Stages
) -> Number:
    """Retail unit cost when stages pass costs on in proportion (Caulkins 1994).

    ``C3 = C30 prod_i own_i`` with ``own_i = [(C_{i-1,0} + added_i) / (1 - s_i)] / C_i0``.

    Parameters
    ----------
    production : [USD per pure kg]
    prices : today's ladder
    """
    landed = (prices.production + added.border) / (1 - seized.border) / prices.landed
    wholesale = (prices.landed + added.wholesale) / (1 - seized.wholesale) / prices.wholesale
    retail = (prices.wholesale + added.retail) / (1 - seized.retail) / prices.retail
    return prices.retail * (production / prices.production) * (landed * wholesale * retail)


def transmitted_cost(additive: Number, multiplicative: Number, theta: Number) -> Number:
    """Mixture of the two rules, ``theta ln C_mult + (1 - theta) ln C_add`` [USD per pure kg]."""
    return additive * power(multiplicative / additive, theta)


def retail_cost(
    chain: Chain,
    theta: Number,
    seized: Stages | None = None,
    premium: Stages = ALIKE,
    imposed: Prices = NOTHING,
) -> Number:
    """Retail unit cost over today's, when seizures, risk or costs change [-].

    Parameters
    ----------
    theta : [weight], 0 dollar for dollar, 1 in proportion
    seized : [share], other seizures than today's
    premium : [-], risk premium over today's
    imposed : [USD per pure kg entering], added cost at production and at each stage
    """
    added = Stages(
        chain.handling.border + chain.risk.border * premium.border + imposed.landed,
        chain.handling.wholesale + chain.risk.wholesale * premium.wholesale + imposed.wholesale,
        chain.handling.retail + chain.risk.retail * premium.retail + imposed.retail,
    )
    cheaper = 1 + imposed.production / chain.prices.production
    cost, _ = chain_cost(chain.prices, cheaper, added, seized or chain.seized, theta)
    return cost / chain.prices.retail


def premiums(f: Future, punished: Stages) -> Stages:
    """Risk premium of each stage over today's when punishment changes; in the record 1."""
    part, sigma = f.p.prison_part_of_risk, f.today.sigma * f.projected
    return Stages(
        prison_premium(punished.border, part, sigma),
        prison_premium(punished.wholesale, part, sigma),
        prison_premium(punished.retail, part, sigma),
    )


def unit_cost(
    f: Future, slow: Slow, premium: Stages, cheaper: Number, seized: Stages
) -> tuple[Number, Number]:
    """Event 3: retail unit cost over today's, and its additive chain [USD per pure kg].

    Parameters
    ----------
    premium : risk premium over today's before the size of the market [-]
    cheaper : production cost over today's [-]
    """
    p, today = f.p, f.today
    limit = p.swamping_limit
    size = minimum(maximum(today.volume / slow.volume, 1 / limit), limit)
    swamped = swamping(size, p.swamping_exponent)
    added = Stages(
        today.handling.border + today.risk.border * (premium.border * swamped),
        today.handling.wholesale + today.risk.wholesale * (premium.wholesale * swamped),
        today.handling.retail + today.risk.retail * (premium.retail * swamped),
    )
    cost, additive = chain_cost(today.prices, cheaper, added, seized, p.pass_through_weight)
    return cost / today.prices.retail, additive


def chain_cost(
    prices: Prices, cheaper: Number, added: Stages, seized: Stages, theta: Number
) -> tuple[Number, Number]:
    """Retail unit cost under the mixture of both rules, and dollar for dollar [USD per pure kg].

    Parameters
    ----------
    cheaper : production cost over today's [-]
    added : [USD per pure kg], handling + risk of each stage
    theta : [weight], 0 dollar for dollar, 1 in proportion
    """
    production = prices.production * cheaper
    additive = cost_additive(production, added, seized)
    in_proportion = cost_multiplicative(production, prices, added, seized)
    return transmitted_cost(additive, in_proportion, theta), additive


def capacity_next(
    now: Number, knockdown: Number, added_intensity: Number, recovery_years: Number, dt: float
) -> Number:
    """Precursor, production or distribution capacity a step later.

    ``dK/dt = (1 - K)/tau - kappa max(I - 1, 0) K``, 1 = undisturbed; exact for constant pressure.

    Parameters
    ----------
    knockdown : [per year per unit of added intensity], kappa
    added_intensity : [-], I - 1
    recovery_years : [years], tau
    """
    recovery = 1 / recovery_years
    pressure = recovery + knockdown * maximum(added_intensity, 0)
    kept = exp(-pressure * dt)
    return now * kept + (1 - kept) * (recovery / pressure)


def shock_factor(
    time: Number,
    onset: Number,
    decline_years: Number,
    plateau_years: Number,
    recovery_years: Number,
    trough: Number,
) -> Number:
    """Capacity left by a supply shock: down along a ramp in logs, a plateau, and back.

    Parameters
    ----------
    time, onset : [decimal year]
    decline_years, plateau_years, recovery_years : [years]; recovery may be infinite
    trough : [-], factor at the bottom, in (0, 1]
    """
    down = minimum(maximum((time - onset) / decline_years, 0), 1)
    bottom_left = time - onset - decline_years - plateau_years
    back = minimum(maximum(bottom_left / recovery_years, 0), 1)
    return power(trough, down - back)


def halfway(one: Capacity, other: Capacity) -> Capacity:
    """Capacity in the middle of a step."""
    return Capacity(
        0.5 * (one.precursors + other.precursors),
        0.5 * (one.production + other.production),
        0.5 * (one.distribution + other.distribution),
    )


def shipments_next(
    shipments: Number,
    demand_ratio: Number,
    passed: Number,
    stock_ratio: Number,
    kept: Number,
) -> Number:
    """Shipments per unit of trend demand one step later.

    Producers move toward what the market takes net of what is in stock, grossed up for losses:
    ``dn/dt = (n* - n)/tau``, ``n* = max(demand - stock, 0) / passed``. An added seizure therefore
    bites first and is then replaced, at a cost.

    Parameters
    ----------
    shipments : [kg shipped per kg of trend demand]
    demand_ratio : [-], demand at cost over trend demand
    passed : [share], product of what passes the stages
    stock_ratio : [-], stock over one lag's worth of trend demand
    kept : [share of the distance to n* that a step leaves]
    """
    wanted = maximum(demand_ratio - stock_ratio, 0) / passed
    return shipments + (wanted - shipments) * (1 - kept)


def capacities_next(f: Future, now: Capacity, i: Intensity) -> Capacity:
    """Precursors, production and distribution a step later, knocked down and recovering.

    Precursor control knocks down as fast as the shock fell, times its share of the shock.
    """
    p, dt = f.p, f.dt
    control = p.shock_precursor_share * -log(1 - p.shock_depth) / (p.shock_decline_months / 12)
    newcomers = 1 - p.vacuum_faster_recovery * added(i.cartel_operations)
    substitution = p.source_substitution_months / 12
    production = p.recovery_months_production / 12 * newcomers
    distribution = p.recovery_months_distribution / 12
    cartels, inside = p.knockdown_cartel_operations, p.knockdown_organised_crime
    return Capacity(
        capacity_next(now.precursors, control, i.precursor_control - 1, substitution, dt),
        capacity_next(now.production, cartels, i.cartel_operations - 1, production, dt),
        capacity_next(now.distribution, inside, i.organised_crime - 1, distribution, dt),
    )


def added(intensity: Number) -> Number:
    """Intensity above today's, at most as much again [-]."""
    return minimum(maximum(intensity - 1, 0), 1)


def most_shipped(p: Draw, d: Drivers, capacity: Capacity) -> Number:
    """Shipments that capacity allows [kg shipped per kg of trend demand]."""
    produced = p.slack_production * capacity.precursors * capacity.production * d.shock
    baseline = 1 / ((1 - p.border_seized_share) * (1 - p.domestic_seized_share))
    return minimum(produced, p.slack_distribution * capacity.distribution) * baseline
