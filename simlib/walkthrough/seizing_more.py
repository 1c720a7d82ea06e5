"""Pictures of `03_does_seizing_more_raise_the_price`: what seizures and arrests do to cost."""

from collections.abc import Mapping

import numpy as np

from simlib import world
from simlib.charts.bands import curves
from simlib.charts.draws import Array, Line, Sight, curve_tables
from simlib.charts.style import number
from simlib.inputs.observed import load_observed
from simlib.model import enforcement, supply, today
from simlib.model.future import Anchors, Draw, Lanes, Prices, Stages, half_life_kept
from simlib.walkthrough.picture import (
    PERCENT,
    Values,
    along,
    anchored,
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
)

COST = "Unit cost of the trade at retail, change from today (%)"
SEIZED = "Share of the flow seized at the border (%)"
MONTHS_SHOWN = 24


def _span(line: Line, place: float) -> str:
    low, _, high = at(line, place)
    return draws_said(low, high, change)


def _chain(p: Draw) -> supply.Chain:
    return today.chain(p, today.seized_today(p))


def _dearer(chain: supply.Chain, theta: Array, premium: Array) -> Array:
    """Change of unit cost [%] under a risk premium that is the same at all stages."""
    alike = Stages(premium, premium, premium)
    return percent_change(supply.retail_cost(chain, theta, premium=alike))


# --- unit cost --------------------------------------------------------------------------------


@picture(curves(SEIZED, COST), "new_seized_share", "pass_through_weight", "input_ratio_retail")
def seize_more(values: Values, draws: int) -> Sight:
    """Unit cost over the share seized at the border (`model.supply.retail_cost`)."""
    across = along("new_seized_share")

    def curve(chosen: Values) -> Array:
        p = drawn(chosen, draws)
        chain = _chain(p)
        seized = chain.seized._replace(border=across[:, None])
        return percent_change(supply.retail_cost(chain, p.pass_through_weight, seized))

    here = setting(values, "new_seized_share")
    lines = before_and_after(values, PERCENT * across, curve)
    return curve_tables(
        lines,
        f"Seizing {percent(here)} at the border changes the unit cost on the street by "
        f"{change(at(lines[-1], PERCENT * here)[1])}",
        f"{_span(lines[-1], PERCENT * here)} A seized kilo is replaced at what it is worth "
        "at the border.",
        (PERCENT * here, "your share"),
        within=[0],
    )


@picture(
    curves("Arrests times time served, ratio to today", COST),
    "punishment",
    "punishment_elasticity",
    "pass_through_weight",
)
def punish_more(values: Values, draws: int) -> Sight:
    """Unit cost over arrests times time served (`model.supply.prison_premium`)."""
    across = along("punishment")

    def curve(chosen: Values) -> Array:
        p = drawn(chosen, draws)
        chain = _chain(p)
        sigma = today.sigma(p, chain)
        premium = supply.prison_premium(across[:, None], p.prison_part_of_risk, sigma)
        return _dearer(chain, p.pass_through_weight, premium)

    here = setting(values, "punishment")
    lines = before_and_after(values, across, curve)
    return curve_tables(
        lines,
        f"{here:g} times the arrests and time served: "
        f"{change(at(lines[-1], here)[1])} on unit cost",
        f"{_span(lines[-1], here)} Sellers want to be paid for prison, which is part of the "
        "risk they run.",
        (here, "your setting"),
        within=[0],
    )


@picture(
    curves("Price transmission: 0 dollar for dollar, 1 in proportion", COST),
    "cost_rise",
    "input_ratio_wholesale",
    "input_ratio_retail",
)
def pass_on(values: Values, draws: int) -> Sight:
    """What a dearer stage adds on the street, by rule of transmission (`supply.retail_cost`)."""
    across = along("pass_through_weight")
    rise = setting(values, "cost_rise")
    names = ("production", "at the border", "US wholesale")

    def lines_of(chosen: Values) -> Mapping[str, Array]:
        chain = _chain(drawn(chosen, draws))
        passed = (1.0, *(1 - seized for seized in chain.seized))
        found = {}
        for stage, name in enumerate(names):
            cost = [0.0, 0.0, 0.0, 0.0]
            cost[stage] = rise * chain.prices[stage] * passed[stage]
            dearer = supply.retail_cost(chain, across[:, None], imposed=Prices(*cost))
            found[name] = percent_change(dearer)
        return found

    lines = several(values, across, lines_of)
    additive, in_proportion = (at(lines[1], place)[1] for place in (0, 1))
    return curve_tables(
        lines,
        f"A kilo {percent(rise)} dearer at the border: {change(additive)} on the street, or "
        f"{change(in_proportion)}",
        "Left end: costs are passed on dollar for dollar; right end: in proportion. One kilo "
        "made dearer at one stage, three stages in turn.",
        within=[0],
    )


@picture(
    curves("Size of the market, ratio to today", COST),
    "volume_ratio",
    "swamping_exponent",
    "risk_share_retail",
)
def swamp(values: Values, draws: int) -> Sight:
    """Unit cost over the size of the market, enforcement the same (`model.supply.swamping`)."""
    across = along("volume_ratio")

    def curve(chosen: Values) -> Array:
        p = drawn(chosen, draws)
        premium = supply.swamping(1 / across[:, None], p.swamping_exponent)
        return _dearer(_chain(p), p.pass_through_weight, premium)

    here = setting(values, "volume_ratio")
    lines = before_and_after(values, across, curve)
    return curve_tables(
        lines,
        f"A market {here:g} times as large with the same enforcement: "
        f"{change(at(lines[-1], here)[1])} on unit cost",
        f"{_span(lines[-1], here)} The same officers spread over fewer kilos make each kilo "
        "riskier, over more kilos safer.",
        (here, "your market"),
        within=[0],
    )


# --- lanes ------------------------------------------------------------------------------------


def _scanned_today() -> tuple[float, float]:
    now = np.array([world.record_end(load_observed())])
    cars, trucks = (
        float(load_observed().interpolate(f"scan_share_{kind}", now)[0][0])
        for kind in ("cars", "trucks")
    )
    return cars, trucks


def _border_share(p: Draw, weights: Lanes, hazards: Lanes) -> Array:
    """Share seized at the border [%] with traffic in the lanes as `weights` has it."""
    share: Array = PERCENT * enforcement.seized_shares(weights, hazards, p.seized_ceiling).border
    return share


def _sheltered(p: Draw, a: Anchors, hazards: Lanes) -> Lanes:
    """Lane weights once traffic has moved."""
    steady, strength = enforcement.STEADY, p.displacement_strength
    return enforcement.sheltered_weights(a.weights, hazards, a.hazards, steady, strength)


def _pressed(p: Draw, a: Anchors, ratio: float) -> Lanes:
    """Lane hazards with officers and scanning at ports of entry at `ratio` of today's."""
    pressure = enforcement.STEADY._replace(port_officers=ratio, port_scanning=ratio)
    return enforcement.hazards(p, a, *_scanned_today(), pressure)


@picture(
    curves("Months since pressure on ports rose", SEIZED),
    "pressure_ratio",
    "displacement_strength",
    "displacement_half_life_months",
)
def displace(values: Values, draws: int) -> Sight:
    """Share seized by month, once pressure on ports has risen (`enforcement.sheltered_weights`)."""
    across = np.arange(MONTHS_SHOWN + 1.0)
    ratio = setting(values, "pressure_ratio")

    def curve(chosen: Values) -> Array:
        p = drawn(chosen, draws)
        a = anchored(p)
        hazards = _pressed(p, a, ratio)
        wanted = _sheltered(p, a, hazards)
        kept = half_life_kept(p.displacement_half_life_months, across[:, None])
        return _border_share(p, enforcement.moved(a.weights, wanted, kept), hazards)

    lines = before_and_after(values, across, curve)
    p = drawn(values, draws)
    seized = float(np.median(PERCENT * p.border_seized_share))
    first, last = (at(lines[-1], month)[1] for month in (0, MONTHS_SHOWN))
    return curve_tables(
        lines,
        f"{ratio:g} times the pressure on ports: {number(first, 2)} % seized at once, "
        f"{number(last, 2)} % after two years",
        f"Before it, {number(seized, 2)} % were seized (median). Traffic moves to lanes where no "
        "pressure was added.",
        within=[0],
    )


@picture(
    curves("Share of cars and trucks scanned (%)", SEIZED),
    "scan_share",
    "scanning_share_of_seizures",
    "port_share",
    "displacement_strength",
)
def scan(values: Values, draws: int) -> Sight:
    """Share seized at the border over the share of vehicles scanned (`enforcement.hazards`)."""
    across = along("scan_share")

    def lines_of(chosen: Values) -> Mapping[str, Array]:
        p = drawn(chosen, draws)
        a = anchored(p)
        scanned = across[:, None]
        hazards = enforcement.hazards(p, a, scanned, scanned, enforcement.STEADY)
        moved = {"at once": a.weights, "after traffic has moved": _sheltered(p, a, hazards)}
        return {name: _border_share(p, weights, hazards) for name, weights in moved.items()}

    here = setting(values, "scan_share")
    lines = several(values, PERCENT * across, lines_of)
    first, settled = (at(line, PERCENT * here)[1] for line in lines[:2])
    return curve_tables(
        lines,
        f"Scanning {percent(here)} of vehicles seizes {number(first, 2)} % of the flow at once, "
        f"{number(settled, 2)} % once traffic has moved",
        "Medians. The lanes between ports and the corrupted ones are not scanned; what scanning "
        "detects is inferred, not measured.",
        (PERCENT * here, "your share"),
        within=[0],
    )


@picture(
    curves("Corrupted share of what is not seized (%)", SEIZED),
    "pressure_ratio",
    "displacement_strength",
    "border_seized_share",
)
def protect(values: Values, draws: int) -> Sight:
    """Share seized over the share of the flow in corrupted lanes (`enforcement.seized_shares`)."""
    across = along("protected_share_border")
    ratio = setting(values, "pressure_ratio")

    def lines_of(chosen: Values) -> Mapping[str, Array]:
        found: dict[str, list[Array]] = {"at once": [], "after traffic has moved": []}
        for share in across:
            other = drawn(chosen, draws, protected_share_border=share)
            a = anchored(other)
            hazards = _pressed(other, a, ratio)
            for name, weights in zip(
                found, (a.weights, _sheltered(other, a, hazards)), strict=True
            ):
                found[name].append(_border_share(other, weights, hazards))
        return {name: np.array(rows) for name, rows in found.items()}

    lines = several(values, PERCENT * across, lines_of)
    least, most = (at(lines[1], PERCENT * share)[1] for share in across[[0, -1]])
    return curve_tables(
        lines,
        f"{ratio:g} times the pressure seizes {number(least, 2)} % where few lanes are "
        f"corrupted, {number(most, 2)} % where many are",
        "Once traffic has moved, medians. A corrupted lane is never seized, and pressure on the "
        "others fills it.",
        within=[0],
    )
