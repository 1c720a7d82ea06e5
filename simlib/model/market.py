"""Market: demand, scarcity, price, potency, substitution.

Plain numbers, or arrays of many. Prices and potency are relative to the trend of
the record, so that 1 means "as it would have been without shortage or new policy".
"""

from typing import NamedTuple

from simlib.model import supply
from simlib.model.functions import Number, exp, log, maximum, minimum, power
from simlib.model.future import Drivers, Future, Pressed, Slow, Stocks


def demand_ratio(cost_ratio: Number, elasticity: Number) -> Number:
    """Demand of current users at cost, ``(C/C0)^-eps``, relative to trend [-].

    Parameters
    ----------
    cost_ratio : [-], retail unit cost over trend
    elasticity : [-], eps > 0, response of current users' intensity only
    """
    return power(cost_ratio, -elasticity)


def cleared(available: Number, demand: Number) -> tuple[Number, Number]:
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
    consumed = minimum(available, demand)
    return consumed, consumed / demand


def scarcity_price(met: Number, short_elasticity: Number, ceiling: Number) -> Number:
    """Price of a pure milligram over cost, ``min(1 / z^(1/eps_short), ceiling)`` [-].

    What is still short at the ceiling is rationed.
    """
    at_ceiling = power(ceiling, -short_elasticity)
    return power(maximum(met, at_ceiling), -1 / short_elasticity)


def potency_trend(pill_mg: Number, powder: Number, pill_share: Number, link: Number) -> Number:
    """Street potency that follows seized purity, relative to the reference [-].

    ``ln potency = lambda (w ln pill + (1 - w) ln powder)``.

    Parameters
    ----------
    pill_mg, powder : [-], mg per pill and powder purity relative to the reference year
    pill_share : [share], w
    link : [-], lambda, 0-1
    """
    return exp(link * (pill_share * log(pill_mg) + (1 - pill_share) * log(powder)))


def dilution(scarcity: Number, weaker_share: Number) -> Number:
    """Potency relative to trend: a share phi of the price rise appears as weaker product [-].

    ``(C/price)^phi``.

    Parameters
    ----------
    scarcity : [-], price of a pure milligram over cost
    weaker_share : [-], phi
    """
    return power(scarcity, -weaker_share)


def iron_law(punishment: Number, exponent: Number) -> Number:
    """Potency relative to trend under the "iron law of prohibition" (Cowan 1986) [-].

    Risk per unit volume favours more potent product: ``punishment^exponent``.

    Parameters
    ----------
    punishment : [-], per kilo relative to today
    exponent : [-]
    """
    return power(punishment, exponent)


def substitution_next(share: Number, unmet: Number, moved: Number, kept: Number) -> Number:
    """Share of fentanyl doses replaced by other opioids one step later.

    Parameters
    ----------
    share, unmet : [share of demand at cost]
    moved : [share of unmet demand that moves], psi
    kept : [share of the distance that a step leaves]
    """
    return share + (moved * unmet - share) * (1 - kept)


class Traded(NamedTuple):
    """What the market does within a step; stocks at its end."""

    produced_kg: Number
    consumed_kg: Number
    met: Number
    price: Number
    diluted: Number
    doses: Number
    log_potency: Number
    stock_kg: Number
    shipments: Number
    volume: Number
    substituted: Number


def trade(
    f: Future, d: Drivers, now: Stocks, slow: Slow, pressed: Pressed, cost_ratio: Number
) -> Traded:
    """Event 4: demand, shipments, capacity, kilograms, price, potency, substitution."""
    p, dt = f.p, f.dt
    users = slow.active + p.moud_risk_ratio * slow.treatment
    trend_kg = users * d.kg_per_user * dt
    demand = demand_ratio(cost_ratio, p.demand_elasticity)
    most = supply.most_shipped(p, d, supply.halfway(now.capacity, pressed.capacity))
    produced_kg = minimum(slow.shipments, most) * trend_kg
    delivered_kg = produced_kg * pressed.passed
    consumed_kg, met = cleared(delivered_kg + now.stock_kg, demand * trend_kg)
    scarcity = scarcity_price(met, p.short_price_elasticity, p.price_ceiling)
    diluted = dilution(scarcity, p.weaker_share) * pressed.iron
    doses = consumed_kg / trend_kg / diluted
    stock_kg = now.stock_kg + delivered_kg - consumed_kg
    lag = p.shipment_lag_months / 12
    in_stock = 0.5 * (now.stock_kg + stock_kg) * dt / (lag * trend_kg)
    others = 1 - d.fentanyl_share + d.fentanyl_share * slow.substituted
    volume = users * (d.fentanyl_share * doses + others)
    return Traded(
        produced_kg=produced_kg,
        consumed_kg=consumed_kg,
        met=met,
        price=cost_ratio * scarcity,
        diluted=diluted,
        doses=doses,
        log_potency=d.log_potency_trend + log(diluted),
        stock_kg=stock_kg,
        shipments=supply.shipments_next(
            now.shipments, demand, pressed.passed, in_stock, f.kept.shipments
        ),
        volume=now.volume + (volume - now.volume) * (1 - f.kept.volume),
        substituted=substitution_next(
            now.substituted, 1 - met, p.substitution_share, f.kept.substitution
        ),
    )
