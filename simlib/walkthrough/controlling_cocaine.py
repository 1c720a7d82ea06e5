"""Pictures of `08_controlling_cocaine`: the order of four programmes, and what turns it."""

import numpy as np

from simlib.analysis.cocaine import PROGRAMMES, cost_of_one_percent, draw_1992, load_cocaine
from simlib.charts.bands import curves
from simlib.charts.bars import live_ranges
from simlib.charts.draws import (
    DEFAULT_COLOUR,
    FIRST_COLOUR,
    PALETTE,
    Array,
    Bar,
    Line,
    Sight,
    curve_tables,
    range_tables,
)
from simlib.charts.style import number
from simlib.walkthrough.picture import Values, picture

COST = "Cost of cutting consumption by 1 % (million USD, log scale)"
POSITIONS = 21
SERIES = "rebuilt"
KEY = "diamond: published in 1994 · tick: rebuilt, median · dark bar: middle half · light: 9 in 10"


def label(programme: str) -> str:
    """The programme's name for a reader."""
    return load_cocaine()[f"published_{programme}"].label


def costs(values: Values, draws: int) -> dict[str, Array]:
    """Cost of a 1 % cut by programme [million USD], shape (draws,)."""
    p = draw_1992(draws, values)
    return {programme: cost_of_one_percent(p, programme) for programme in PROGRAMMES}


@picture(
    live_ranges(COST, 4, log=True),
    "pass_through_weight",
    "supply_slope",
    "demand_elasticity",
    "treatment_leaves_heavy_use",
    rows=load_cocaine,
)
def order(values: Values, draws: int) -> Sight:
    """What a 1 % cut costs by programme, and the 1994 figures (`cocaine.cost_of_one_percent`)."""
    found = costs(values, draws)
    colour = FIRST_COLOUR if values else DEFAULT_COLOUR
    bars = [Bar(label(name), SERIES, cost, colour) for name, cost in found.items()]
    marks = {
        label(name): (load_cocaine()[f"published_{name}"].value, "published in 1994")
        for name in PROGRAMMES
    }
    middle = {name: float(np.median(cost)) for name, cost in found.items()}
    ranked = sorted(middle, key=middle.__getitem__)
    least, most = ranked[0], ranked[-1]
    return range_tables(
        bars,
        f"Cheapest: {label(ranked[0]).lower()}, then {label(ranked[1]).lower()}, "
        f"{label(ranked[2]).lower()}, {label(ranked[3]).lower()}",
        f"Per 1 % less consumption {number(middle[least])} against {number(middle[most])} million "
        "USD (medians). Supply figures rest on back-solved inputs.",
        KEY,
        marks,
    )


def costs_along(name: str, values: Values, draws: int) -> tuple[Array, dict[str, Array]]:
    """Cost by programme along the range of one input, every place as draws of one sample.

    Returns
    -------
    places : shape (positions,)
    costs : shape (positions, draws) by programme
    """
    row = load_cocaine()[name]
    across = np.linspace(row.low, row.high, POSITIONS)
    others = {other: value for other, value in values.items() if other != name}
    p = {each: np.tile(drawn, POSITIONS) for each, drawn in draw_1992(draws, others).items()}
    p[name] = np.repeat(across, draws)
    shape = (POSITIONS, draws)
    return across, {each: cost_of_one_percent(p, each).reshape(shape) for each in PROGRAMMES}


def crossings(across: Array, found: dict[str, Array]) -> list[tuple[float, str, str]]:
    """Where medians cross: place, programme that was cheaper before, programme cheaper after."""
    medians = {name: np.median(cost, axis=-1) for name, cost in found.items()}
    crossed = []
    for i, first in enumerate(PROGRAMMES):
        for second in PROGRAMMES[i + 1 :]:
            gap = np.log(medians[first] / medians[second])
            for k in np.flatnonzero(np.sign(gap[1:]) != np.sign(gap[:-1])):
                place = np.interp(0, *_rising(gap[k : k + 2], across[k : k + 2]))
                before, after = (second, first) if gap[k] > 0 else (first, second)
                crossed.append((float(place), before, after))
    return sorted(crossed)


def _rising(x: Array, y: Array) -> tuple[Array, Array]:
    return (x, y) if x[0] < x[1] else (x[::-1], y[::-1])


def _over(name: str, values: Values, draws: int) -> Sight:
    across, found = costs_along(name, values, draws)
    pairs = zip(found.items(), PALETTE, strict=False)
    lines = [Line(label(each), across, cost, colour) for (each, cost), colour in pairs]
    turns = crossings(across, found)
    said = [
        f"{label(after).lower()} under {label(before).lower()} from {number(place, 2)} on"
        for place, before, after in turns
    ]
    often = {0: "never turns", 1: "turns once", 2: "turns twice"}
    times = often.get(len(turns), f"turns {len(turns)} times")
    here = values.get(name, load_cocaine()[name].value)
    costs_here = {line.name: float(np.median(line.draws_at(here))) for line in lines}
    least = min(costs_here, key=costs_here.__getitem__)
    return curve_tables(
        lines,
        f"At {here:g} {least.lower()} costs least, {number(costs_here[least])} million USD; "
        f"the order {times} along this range",
        f"Medians, rightward: {'; '.join(said)}." if said else "The medians do not cross.",
        (here, "your setting"),
        log=True,
    )


@picture(
    curves("Price transmission: 0 dollar for dollar, 1 in proportion", COST, log=True),
    "pass_through_weight",
    "wholesale_price_share",
    "treatment_leaves_heavy_use",
    rows=load_cocaine,
)
def transmission(values: Values, draws: int) -> Sight:
    """Cost of a 1 % cut over the rule of price transmission (`cocaine.cost_of_one_percent`)."""
    return _over("pass_through_weight", values, draws)


@picture(
    curves("Supply: falling (above 0) or rising (below 0) unit cost", COST, log=True),
    "supply_slope",
    "pass_through_weight",
    rows=load_cocaine,
)
def supply_slope(values: Values, draws: int) -> Sight:
    """Cost of a 1 % cut over the slope of supply (`cocaine.cost_of_one_percent`)."""
    return _over("supply_slope", values, draws)


@picture(
    curves("Response of demand to price (elasticity, size)", COST, log=True),
    "demand_elasticity",
    "supply_slope",
    "pass_through_weight",
    rows=load_cocaine,
)
def demand_response(values: Values, draws: int) -> Sight:
    """Cost of a 1 % cut over the response of demand (`cocaine.cost_of_one_percent`)."""
    return _over("demand_elasticity", values, draws)
