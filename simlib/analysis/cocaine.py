"""Controlling cocaine: the 1994 RAND comparison on the mechanisms of the fentanyl model.

Rydell and Everingham (1994) asked what it costs to cut US cocaine consumption by 1 %. Treatment is
a replication from published inputs; the three supply programmes rest on back-solved inputs, so
that their agreement is a consistency check and no evidence. All numbers are rows of
``data/cocaine.csv``, whose `group` says which inputs were read in a source, which are published
but not confirmed, which are back-solved and which are assumed.
"""

from collections.abc import Mapping
from functools import cache

import numpy as np

from simlib import money, world
from simlib.errors import InputError, unknown
from simlib.inputs import sampling
from simlib.inputs.arrays import Array, Draws
from simlib.inputs.parameters import Parameters, load_parameters
from simlib.model import market, people, supply, today
from simlib.model.future import Prices
from simlib.model.supply import Chain
from simlib.units import G_PER_KG, USD_PER_MILLION
from simlib.world import STAGES

SUPPLY_PROGRAMMES = ("source_country", "interdiction", "domestic")
PROGRAMMES = (*SUPPLY_PROGRAMMES, "treatment")
CUT = 0.01
"""The fall in consumption that is priced: 1 %."""
ROUNDS = 15
"""Rounds of the search for a budget; each divides the error by ten or more."""
STEPS_PER_YEAR = 12


@cache
def load_cocaine() -> Parameters:
    """The inputs and published results of the 1994 comparison, by name."""
    return load_parameters("cocaine")


def draw_1992(
    draws: int = 1, assumptions: Mapping[str, float] | None = None, seed: int = 1
) -> dict[str, Array]:
    """Draws of the inputs; with one draw the central values.

    Parameters
    ----------
    draws : number of draws
    assumptions : values by name that override the row's
    seed : any whole number

    Raises
    ------
    InputError
        Naming every unknown name and every value out of bounds. Within the bounds demand and
        supply cross: the response of demand times the slope of supply stays below 1.
    """
    rows = load_cocaine()
    pinned = rows.check(assumptions or {})
    if draws == 1:
        pinned = {name: row.value for name, row in rows.items()} | pinned
    return sampling.draw(rows, draws, seed, pinned)


def consumed_kg(p: Draws) -> Array:
    """Cocaine consumed in 1992 [kg per year]."""
    grams = p["light_users"] * p["light_use"] + p["heavy_users"] * p["heavy_use"]
    return grams / G_PER_KG


def chain_1992(p: Draws) -> Chain:
    """The cocaine chain, its ladder from shares of the retail price."""
    landed = p["source_price_share"] + p["importing_price_share"]
    prices = (p["source_price_share"], landed, p["wholesale_price_share"], np.ones_like(landed))
    seized = today.seized_today(world.draw(p))
    ratios = {
        f"input_ratio_{stage}": before / (after * (1 - share))
        for stage, before, after, share in zip(STAGES, prices, prices[1:], seized, strict=False)
    }
    # What part of the value added is risk moves nothing here: supply slopes as a whole.
    undivided = {f"risk_share_{stage}": np.zeros(1) for stage in STAGES}
    return today.chain(world.draw({**p, **undivided, **ratios}), seized)


def imposed_cost(p: Draws, chain: Chain, programme: str, budget: Array) -> Prices:
    """Cost laid on each kilogram at production, border, wholesale and retail.

    Parameters
    ----------
    programme : one of `SUPPLY_PROGRAMMES`
    budget : [million USD], shape (..., draws)

    Returns
    -------
    Prices [USD per pure kg entering], each of shape (..., draws)
    """
    wholesale = p["wholesale_share_of_domestic"]
    where: dict[str, tuple[Array | float, ...]] = {
        "source_country": (1.0, 0.0, 0.0, 0.0),
        "interdiction": (0.0, 1.0, 0.0, 0.0),
        "domestic": (0.0, 0.0, wholesale, 1 - wholesale),
    }
    imposed_usd = p[f"imposed_{programme}"] * budget * USD_PER_MILLION / consumed_kg(p)
    entering = (chain.entering.border, *chain.entering)
    parts = zip(where[programme], entering, strict=True)
    return Prices(*(share * imposed_usd / kg for share, kg in parts))


def unit_cost(p: Draws, chain: Chain, programme: str, budget: Array, volume: Array) -> Array:
    """Retail unit cost over that of 1992 when a programme grows and the market shrinks [-].

    Supply that slopes downward is the fentanyl model's swamping, applied to the whole price.

    Parameters
    ----------
    budget : [million USD], shape (..., draws)
    volume : [-], consumption over that of 1992
    """
    slope = supply.swamping(1 / volume, p["supply_slope"])
    imposed = imposed_cost(p, chain, programme, budget)
    return supply.retail_cost(chain, p["pass_through_weight"], imposed=imposed) * slope


def grams_avoided(p: Draws) -> Array:
    """Present value of the consumption that one treatment avoids [g].

    In treatment, and after it for those who leave heavy use and would not have; the others leave
    by themselves in time. What they use as light users is not counted, as in the check that
    rebuilt the published figure.
    """
    month = people.exits(p["heavy_to_light"] + p["heavy_exit"], 1 / STEPS_PER_YEAR)
    steps = round(p["horizon_years"][0] * STEPS_PER_YEAR)
    heavy = (1 - month.leaving) ** np.arange(steps + 1)[:, None]
    years_ahead = (np.arange(steps)[:, None] + 0.5) / STEPS_PER_YEAR
    weight = money.discount_factor(years_ahead, p["discount_rate"])
    heavy_years = np.sum(0.5 * (heavy[1:] + heavy[:-1]) * weight, axis=0) / STEPS_PER_YEAR
    during = p["treatment_duration"] * p["treatment_share_off_drug"]
    return p["heavy_use"] * (during + p["treatment_leaves_heavy_use"] * heavy_years)


def cost_of_one_percent(p: Draws, programme: str) -> Array:
    """Budget that cuts consumption by 1 % [million USD], shape (draws,).

    Parameters
    ----------
    p : from `draw_1992`
    programme : one of `PROGRAMMES`

    Raises
    ------
    InputError
        When there is no such programme.
    """
    if programme not in PROGRAMMES:
        raise InputError(f"programme: {unknown(programme, PROGRAMMES)}")
    if programme == "treatment":
        return treatment_cost(p, CUT)
    chain, target = chain_1992(p), _target(p)
    # Demand of constant elasticity is its own inverse, with the inverse elasticity.
    needed = market.demand_ratio(target, 1 / p["demand_elasticity"])
    bare = unit_cost(p, chain, programme, np.zeros_like(target), target)
    budget = np.ones_like(target)
    for _ in range(ROUNDS):
        raised = unit_cost(p, chain, programme, budget, target)
        budget = budget * (needed - bare) / (raised - bare)
    return budget[0]


def treatment_cost(p: Draws, share: Array | float) -> Array:
    """Money for treatments that avoid a share of consumption directly [million USD]."""
    per_million = money.units_bought(np.array([USD_PER_MILLION]), p["treatment_cost"], np.zeros(1))
    return share * consumed_kg(p) * G_PER_KG / (per_million * grams_avoided(p))


def treatment_cost_when_prices_move(p: Draws) -> Array:
    """Money for treatment when a smaller market changes the price too [million USD].

    Supply that slopes downward raises the price of what is left, so that fewer treatments do;
    the published figure leaves this out.
    """
    target = _target(p)
    price = unit_cost(p, chain_1992(p), SUPPLY_PROGRAMMES[0], np.zeros_like(target), target)
    left_to_treatment = 1 - target / market.demand_ratio(price, p["demand_elasticity"])
    return treatment_cost(p, left_to_treatment[0])


def _target(p: Draws) -> Array:
    return np.full((1, p["retail_price"].size), 1 - CUT)
