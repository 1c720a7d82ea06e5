"""The priced supply chain: one composition of :mod:`simlib.supply`, for any drug.

Fentanyl today and cocaine in 1992 are two sets of numbers under the same names; what is done with
them is the same. Draws are on the last axis, a free axis (a slider's positions, programmes) before
it, stages first.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simlib import supply, world
from simlib.world import STAGES

Array = NDArray[np.float64]
Draws = Mapping[str, Array]


class Chain(NamedTuple):
    """Prices and what stands behind them; shape (stages, 1, draws), prices one stage more."""

    prices: Array
    """Production, landed, wholesale, retail [USD per pure kg]."""
    handling: Array
    risk: Array
    """[USD per pure kg]"""
    seized: Array
    """[share of what enters the stage]"""

    @property
    def entering(self) -> Array:
        """Kilograms that enter each stage for each kilogram consumed."""
        passed = np.cumprod((1 - self.seized)[::-1], axis=0)[::-1]
        return 1 / passed


def chain_of(p: Draws) -> Chain:
    """The chain at the seizures and prices drawn.

    Parameters
    ----------
    p : draws by parameter, shape (draws,): seized shares, input ratios, risk shares, retail price
    """
    seized = np.stack([p["border_seized_share"], *world.domestic_shares(p)])[:, None, :]
    ratios = np.stack([p[f"input_ratio_{stage}"] for stage in STAGES])[:, None, :]
    prices = supply.price_ladder(p["retail_price"], ratios, seized)
    added = supply.value_added(prices, seized)
    risk = added * np.stack([p[f"risk_share_{stage}"] for stage in STAGES])[:, None, :]
    return Chain(prices, added - risk, risk, seized)


def retail_cost(
    chain: Chain,
    theta: Array,
    *,
    seized: Array | None = None,
    premium: Array | float = 1.0,
    imposed: Array | None = None,
) -> Array:
    """Retail unit cost over today's, when seizures, risk or costs change [-].

    Parameters
    ----------
    chain : Chain
    theta : [weight], 0 dollar for dollar, 1 in proportion
    seized : [share], other seizures than today's, shape (3, ..., draws)
    premium : [-], risk premium over today's, broadcasts over (3, ..., draws)
    imposed : [USD per pure kg entering], added cost at production and at each stage,
        shape (4, ..., draws)
    """
    seized = chain.seized if seized is None else seized
    imposed = np.zeros_like(chain.prices) if imposed is None else imposed
    production = chain.prices[0] + imposed[0]
    added = chain.handling + chain.risk * premium + imposed[1:]
    additive = supply.cost_additive(production, added, seized)
    in_proportion = supply.cost_multiplicative(production, chain.prices, added, seized)
    return supply.transmitted_cost(additive, in_proportion, theta) / chain.prices[-1]
