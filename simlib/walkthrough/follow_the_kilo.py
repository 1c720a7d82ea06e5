"""Pictures of `02_follow_the_kilo`: where a kilo goes, and what it is worth on the way."""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from simlib.charts.bands import curves
from simlib.charts.bars import live_ranges
from simlib.charts.draws import (
    DEFAULT,
    DEFAULT_COLOUR,
    FIRST_COLOUR,
    STEP_KEY,
    YOURS,
    Array,
    Bar,
    Sight,
    curve_tables,
    range_tables,
)
from simlib.charts.style import number
from simlib.model import enforcement, market, supply, today
from simlib.model.future import Draw, lag_kept
from simlib.walkthrough.picture import (
    PERCENT,
    Values,
    anchored,
    at,
    change,
    drawn,
    draws_said,
    load_settings,
    percent,
    picture,
    pinned,
    setting,
    several,
    simulated,
    spread_of,
    unpinned,
)

SHIPPED = 100.0
"""Kilograms followed in the first picture."""
STAGES_SAID = ("at the border", "at wholesale", "at retail")
SHARES = ("border_seized_share", "domestic_seized_share", "wholesale_share_of_domestic")
RATIOS = ("input_ratio_border", "input_ratio_wholesale", "input_ratio_retail")
LEVER = ("port_officers",)
MONTHS_SHOWN = 36
ROUNDING = 1e-9
"""Shares of the flow below this are the computer's rounding."""


def _bars(rows: Mapping[str, Array], series: str, colour: str) -> list[Bar]:
    return [Bar(row, series, values, colour) for row, values in rows.items()]


def _account(steps: Mapping[str, Array], series: str, colour: str) -> list[Bar]:
    """Bars of an account: the first is whole, each further one begins where the last ended."""
    bars, level = [], 0.0
    for i, (row, kilograms) in enumerate(steps.items()):
        start = 0.0 if i == len(steps) - 1 else level
        bars.append(Bar(row, series, kilograms, colour, start))
        level = start + float(np.mean(kilograms))
    return bars


def _in_each_world(
    values: Values,
    draws: int,
    rows_of: Callable[[Draw], dict[str, Array]],
    made: Callable[[Mapping[str, Array], str, str], list[Bar]] = _bars,
) -> tuple[list[Bar], dict[str, Array]]:
    """Bars as the evidence says and, where that was moved, the reader's; and the last rows."""
    worlds = [(DEFAULT, unpinned(values), DEFAULT_COLOUR)]
    if pinned(values):
        worlds.append((YOURS, dict(values), FIRST_COLOUR))
    groups, rows = [], {}
    for series, chosen, colour in worlds:
        rows = rows_of(drawn(chosen, draws))
        groups.append(made(rows, series, colour))
    return [bar for row in zip(*groups, strict=True) for bar in row], rows


@picture(
    live_ranges("Pure kilograms of 100 that leave the producer", 5, steps=True, zeroed=True),
    *SHARES,
)
def hundred_kilos(values: Values, draws: int) -> Sight:
    """What becomes of 100 kilograms that leave the producer (`enforcement.seized_shares`)."""

    def rows_of(p: Draw) -> dict[str, Array]:
        a, left = anchored(p), np.full(draws, SHIPPED)
        rows = {"leave the producer": left}
        shares = enforcement.seized_shares(a.weights, a.hazards, p.seized_ceiling)
        for stage, share in zip(STAGES_SAID, shares, strict=True):
            rows[f"seized {stage}"] = -left * share
            left = left * (1 - share)
        return rows | {"consumed": left}

    bars, rows = _in_each_world(values, draws, rows_of, _account)
    low, _, high = spread_of(rows["consumed"])
    mean = float(np.mean(rows["consumed"]))  # as the bars
    return range_tables(
        bars,
        f"Of {SHIPPED:.0f} kilos that leave the producer about {number(mean, 2)} are consumed",
        f"{draws_said(low, high, partial(number, digits=2))} Pure kilograms; nobody weighs the "
        "flow, so every share is inferred.",
        STEP_KEY,
    )


@picture(
    live_ranges("US dollars per pure kilogram (log scale)", 6, log=True), "retail_price", *RATIOS
)
def ladder(values: Values, draws: int) -> Sight:
    """What a pure kilogram is worth on its way to the street (`model.supply.price_ladder`)."""
    places = ("production", "landed in the US", "US wholesale", "retail, on the street")

    def rows_of(p: Draw) -> dict[str, Array]:
        return dict(zip(places, today.chain(p, today.seized_today(p)).prices, strict=True))

    bars, prices = _in_each_world(values, draws, rows_of)
    precursors, mexico = (
        Bar(f"{row.label} (shown only)", "published", row.quantile(every), DEFAULT_COLOUR)
        for every in [np.linspace(0, 1, draws)]
        for row in (load_settings()["shown_precursors"], load_settings()["shown_mexico"])
    )
    a_row = len(bars) // len(places)
    bars = [precursors, *bars[:a_row], mexico, *bars[a_row:]]
    low, landed, high = spread_of(prices[places[1]] / prices[places[-1]])
    return range_tables(
        bars,
        f"Landed in the US, a kilo is worth {percent(landed)} of its price on the street",
        f"{draws_said(low, high, percent)} Every labelled step of the axis is ten times "
        "the one before.",
    )


@picture(
    live_ranges("Cost to the trade, % of its retail sales", 3, zeroed=True),
    *SHARES[:2],
    *RATIOS[1:],
)
def taken(values: Values, draws: int) -> Sight:
    """What seizures cost the trade, for each kilogram consumed (`model.today.chain`)."""

    def rows_of(p: Draw) -> dict[str, Array]:
        chain = today.chain(p, today.seized_today(p))
        worth = np.array(chain.entering) * np.array(chain.seized) * np.array(chain.prices[1:])
        shares = zip(STAGES_SAID, PERCENT * worth / chain.prices.retail, strict=True)
        return {f"seized {stage}": share for stage, share in shares}

    bars, rows = _in_each_world(values, draws, rows_of)
    _, border, _ = spread_of(rows[f"seized {STAGES_SAID[0]}"])
    _, total, _ = spread_of(np.sum([*rows.values()], axis=0))
    return range_tables(
        bars,
        f"Border seizures cost the trade {number(border, 2)} % of its retail sales, all "
        f"seizures {number(total, 2)} %",
        "What is lost is what it costs to bring another kilo to that place, not what it would "
        "have sold for on the street.",
    )


@picture(
    curves("Months since more is seized", "Kilograms, change from before (%)"),
    "new_seized_share",
    "shipment_lag_months",
    "slack_production",
    "demand_elasticity",
)
def replaced(values: Values, draws: int) -> Sight:
    """Kilograms by month, after more is seized (`supply.shipments_next`, `market.cleared`)."""
    months = np.linspace(0, MONTHS_SHOWN, MONTHS_SHOWN + 1)
    share = setting(values, "new_seized_share")

    def lines_of(chosen: Values) -> Mapping[str, Array]:
        p = drawn(chosen, draws)
        chain = today.chain(p, today.seized_today(p))
        seized = chain.seized._replace(border=share)
        before, after = enforcement.passed(chain.seized), enforcement.passed(seized)
        cost = supply.retail_cost(chain, p.pass_through_weight, seized)
        demand = market.demand_ratio(cost, p.demand_elasticity)
        kept = lag_kept(p.shipment_lag_months, months[:, None])
        sent = supply.shipments_next(1 / before, demand, after, 0.0, kept)
        sent = np.minimum(sent, p.slack_production / before)
        eaten, _ = market.cleared(sent * after, demand)
        return {
            "shipped by producers": PERCENT * (sent * before - 1),
            "consumed": PERCENT * (eaten - 1),
        }

    lines = several(values, months, lines_of)
    bite, settled = (at(lines[1], month)[1] for month in (0, MONTHS_SHOWN))
    shipped = at(lines[0], MONTHS_SHOWN)[1]
    return curve_tables(
        lines,
        f"{percent(share)} seized at the border from one day to the next: consumption "
        f"{change(bite)} at first, {change(settled)} in the end",
        f"Producers end up shipping {change(shipped)} (medians). Losses are replaced, at a cost; "
        "the cost is what lasts.",
        within=[0],
    )


@picture(
    live_ranges("Pure kilograms in the year", 6, steps=True, zeroed=True),
    "years_after",
    "added_money",
    "border_seized_share",
    "consumption_g_per_user",
)
def account(values: Values, draws: int) -> Sight:
    """The kilograms of one year, from shipped to consumed or put into stock (`model.month`)."""
    found = simulated(values, LEVER, draws).projection
    year = int(found["time"].ravel()[0]) + int(setting(values, "years_after"))
    within = np.floor(found["time"].ravel()) == year
    flow = {
        name: found[f"{name}_kg"][within, 1].sum(axis=0)
        for name in ("produced", "seized_border", "seized_wholesale", "seized_retail", "consumed")
    }
    seized = [flow[f"seized_{stage}"] for stage in ("border", "wholesale", "retail")]
    stocked = flow["produced"] - sum(seized) - flow["consumed"]
    stocked = np.where(np.abs(stocked) < flow["produced"] * ROUNDING, 0, stocked)
    steps = {"shipped": flow["produced"]}
    steps |= {f"seized {s}": -kg for s, kg in zip(STAGES_SAID, seized, strict=True)}
    steps |= {"put into stock": -stocked, "consumed": flow["consumed"]}
    colour = FIRST_COLOUR if values else DEFAULT_COLOUR
    means = {name: number(float(np.mean(kg))) for name, kg in flow.items()}
    return range_tables(
        _account(steps, YOURS, colour),
        f"In {year} {means['produced']} kg are shipped and {means['consumed']} kg consumed: "
        "not a gram is lost in between",
        "Shipped, less what is seized at each stage, less what goes into stock, is consumed, in "
        "every draw. Pure kilograms, means over draws.",
        STEP_KEY,
    )
