"""More of `03_does_seizing_more_raise_the_price`: when kilos are missing, and all together."""

from collections.abc import Mapping
from functools import partial

import numpy as np

from simlib.charts.bands import curves
from simlib.charts.draws import Array, Sight, curve_tables
from simlib.charts.style import number
from simlib.model import market, supply
from simlib.walkthrough.picture import (
    PERCENT,
    Values,
    along,
    at,
    before_and_after,
    change,
    drawn,
    draws_said,
    percent,
    percent_change,
    picture,
    setting,
    several,
    simulated,
)

MISSING = "Share of demand that is not delivered (%)"
YEARS_SHOWN = 10


@picture(
    curves("Years since the pressure began", "Share of today's flow (%)"),
    "added_pressure",
    "pressure_years",
    "knockdown_organised_crime",
    "recovery_months_distribution",
    "slack_distribution",
)
def knock_down(values: Values, draws: int) -> Sight:
    """Capacity and the most it can ship, under pressure and after it (`supply.capacity_next`)."""
    across = np.arange(YEARS_SHOWN * 12 + 1) / 12
    added, lasts = setting(values, "added_pressure"), setting(values, "pressure_years")
    pressed = np.where(across[:-1] < lasts, added, 0.0)

    def lines_of(chosen: Values) -> Mapping[str, Array]:
        p = drawn(chosen, draws)
        recovery, knockdown = p.recovery_months_distribution / 12, p.knockdown_organised_crime
        path = [np.ones(draws)]
        for each in pressed:
            path.append(supply.capacity_next(path[-1], knockdown, each, recovery, 1 / 12))
        capacity = PERCENT * np.array(path)
        most = capacity * p.slack_distribution
        return {"most that can be shipped": most, "capacity": capacity}

    lines = several(values, across, lines_of)
    most, capacity = (at(line, lasts)[1] for line in lines[:2])
    return curve_tables(
        lines,
        f"After {lasts:g} years of pressure {number(capacity, 2)} % of capacity is left, "
        f"enough for {number(most, 2)} % of the flow",
        "Medians. Below 100 % of the flow kilos go missing; above it nothing is felt, because "
        "capacity stood idle.",
        (lasts, "pressure ends"),
        within=[0, PERCENT],
    )


@picture(
    curves(MISSING, "Price over unit cost (ratio)", log=True),
    "missing_share",
    "short_price_elasticity",
)
def fall_short(values: Values, draws: int) -> Sight:
    """Price over unit cost, by share of demand not delivered (`market.scarcity_price`)."""
    across = along("missing_share")

    def curve(chosen: Values) -> Array:
        p = drawn(chosen, draws)
        return market.scarcity_price(1 - across[:, None], p.short_price_elasticity, p.price_ceiling)

    here = setting(values, "missing_share")
    lines = before_and_after(values, PERCENT * across, curve)
    low, median, high = at(lines[-1], PERCENT * here)
    times = partial(number, digits=2)
    return curve_tables(
        lines,
        f"When {percent(here)} of demand is not delivered, a pure milligram costs "
        f"{number(median, 2)} times its unit cost",
        f"{draws_said(low, high, times)} Unit cost itself does not "
        "move: this is scarcity, and it ends when shipments catch up.",
        (PERCENT * here, "your share"),
        within=[1],
        log=True,
    )


@picture(
    curves(MISSING, "Ratio to today", log=True),
    "missing_share",
    "weaker_share",
    "short_price_elasticity",
)
def dilute(values: Values, draws: int) -> Sight:
    """Price and strength of what is sold, by share not delivered (`market.dilution`)."""
    across = along("missing_share")

    def lines_of(chosen: Values) -> Mapping[str, Array]:
        p = drawn(chosen, draws)
        scarce = market.scarcity_price(
            1 - across[:, None], p.short_price_elasticity, p.price_ceiling
        )
        strength = market.dilution(scarce, p.weaker_share)
        return {
            "price of a pure milligram": scarce,
            "price of a bag or pill": scarce * strength,
            "strength of a bag or pill": strength,
        }

    here = setting(values, "missing_share")
    lines = several(values, PERCENT * across, lines_of)
    pure, bag, strength = (at(line, PERCENT * here)[1] for line in lines[:3])
    return curve_tables(
        lines,
        f"With {percent(here)} of demand not delivered a bag costs {number(bag, 2)} times as much "
        f"and holds {number(strength, 2)} of the drug",
        f"Medians, over today. A pure milligram costs {number(pure, 2)} times as much: what the "
        "bag's price does not show, its strength does.",
        (PERCENT * here, "your share"),
        within=[1],
        log=True,
    )


MONEY_LEVERS = {"port officers": "port_officers", "drug units inside": "drug_units"}


@picture(
    curves("Calendar year", "Price of pure fentanyl, change (%)"),
    "added_money",
    "pass_through_weight",
    "effect_exponent_border",
    "effect_exponent_internal",
)
def together(values: Values, draws: int) -> Sight:
    """Retail price over the status quo, the same money at the border or inside (`model.month`)."""
    levers = tuple(MONEY_LEVERS.values())

    def lines_of(chosen: Values) -> Mapping[str, Array]:
        price = simulated(chosen, levers, draws).projection["price_ratio"]
        return {
            name: percent_change(price[:, i + 1] / price[:, 0])
            for i, name in enumerate(MONEY_LEVERS)
        }

    across = simulated(values, levers, draws).projection["time"].ravel()
    lines = several(values, across, lines_of)
    border, inside = (at(line, across[-1])[1] for line in lines[:2])
    money, last = number(setting(values, "added_money")), int(across[-1])
    return curve_tables(
        lines,
        f"All together: {money} million USD a year change the price by {change(border)} (border) "
        f"or {change(inside)} (inside)",
        f"Price of a pure milligram at the end of {last} against no new money, medians; the same "
        "draws in both worlds.",
        within=[0],
    )
