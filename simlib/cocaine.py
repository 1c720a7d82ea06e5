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
from numpy.typing import NDArray

from simlib import enforcement, market, money, people, sampling, supply
from simlib.chain import Chain, chain_of, retail_cost
from simlib.errors import InputError, unknown
from simlib.parameters import Parameters, load_parameters
from simlib.people import Moves
from simlib.tables import DATA
from simlib.units import G_PER_KG, USD_PER_MILLION
from simlib.world import STAGES

Array = NDArray[np.float64]
Draws = Mapping[str, Array]

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
    return load_parameters(DATA / "cocaine.csv")


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
    """The cocaine chain, its ladder from shares of the retail price; see `simlib.chain`."""
    landed = p["source_price_share"] + p["importing_price_share"]
    retail = np.ones_like(landed)
    shares = np.stack([p["source_price_share"], landed, p["wholesale_price_share"], retail])
    # What part of the value added is risk moves nothing here: supply slopes as a whole.
    undivided = dict(p) | {f"risk_share_{stage}": np.zeros(1) for stage in STAGES}
    passed = 1 - chain_of(undivided | _ratios(shares)).seized[:, 0, :]
    return chain_of(undivided | _ratios(shares, passed))


def _ratios(shares: Array, passed: Array | float = 1.0) -> dict[str, Array]:
    """Input price over price net of seizures by stage, from shares of the retail price."""
    ratios = shares[:-1] / (shares[1:] * passed)
    return {f"input_ratio_{stage}": ratio for stage, ratio in zip(STAGES, ratios, strict=True)}


def imposed_cost(p: Draws, chain: Chain, programme: str, budget: Array) -> Array:
    """Cost laid on each kilogram at production, border, wholesale and retail.

    Parameters
    ----------
    programme : one of `SUPPLY_PROGRAMMES`
    budget : [million USD], shape (..., draws)

    Returns
    -------
    array [USD per pure kg entering], shape (4, ..., draws)
    """
    here, nowhere = np.ones_like(budget), np.zeros_like(budget)
    wholesale = p["wholesale_share_of_domestic"] * here
    where = {
        "source_country": (here, nowhere, nowhere, nowhere),
        "interdiction": (nowhere, here, nowhere, nowhere),
        "domestic": (nowhere, nowhere, wholesale, 1 - wholesale),
    }
    kg = consumed_kg(p) * np.concatenate([chain.entering[:1], chain.entering])
    imposed_usd = p[f"imposed_{programme}"] * budget * USD_PER_MILLION
    return np.stack(where[programme]) * imposed_usd / kg


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
    return retail_cost(chain, p["pass_through_weight"], imposed=imposed) * slope


def grams_avoided(p: Draws) -> Array:
    """Present value of the consumption that one treatment avoids [g].

    In treatment, and after it for those who leave heavy use and would not have; the others leave
    by themselves in time. What they use as light users is not counted, as in the check that
    rebuilt the published figure.
    """
    nobody = dict.fromkeys(Moves._fields, 0 * p["heavy_exit"])
    exits = p["heavy_to_light"] + p["heavy_exit"]
    month = people.chances(Moves(**nobody | {"active_remission": exits}), 1 / STEPS_PER_YEAR)
    steps = round(p["horizon_years"][0] * STEPS_PER_YEAR)
    nothing = np.zeros((steps, exits.size))
    heavy = enforcement.followed(np.ones_like(exits), nothing, 1 - month.leaving.active)
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
