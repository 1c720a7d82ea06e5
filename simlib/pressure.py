"""Events 1 and 2 of all steps at once: what policy alone decides, whatever the market does.

Money takes effect, intensities follow, traffic moves between lanes, arrests lead to custody,
capacity is knocked down and recovers. None of it depends on prices or on people, so whole paths
are found before the loop begins. Lanes, stages or offences lead the steps in here; the results
have the steps first.
"""

from collections.abc import Mapping

import numpy as np

from simlib import enforcement, market, money, people, supply, world
from simlib.state import Array, Draws, Levers, Pressure, Standing, Today
from simlib.world import STAGE_START, STAGES, Anchors, Drivers

ENFORCEMENT = {
    "port_scanning": "border",
    "port_officers": "border",
    "between_ports": "border",
    "border_integrity": "border",
    "precursor_control": "abroad",
    "cartel_operations": "abroad",
    "drug_units": "internal",
    "organised_crime": "internal",
    "cyber_units": "internal",
    "police_integrity": "internal",
}

Paths = Mapping[str, Array]


def pressure(
    standing: Standing,
    p: Draws,
    a: Anchors,
    drivers: Drivers,
    levers: Levers,
    today: Today | None,
    dt: float,
) -> tuple[Pressure, Standing]:
    """Everything that policy alone decides, for all steps.

    Parameters
    ----------
    standing : at the first bound
    today : None while the record lasts

    Returns
    -------
    pressure : by step
    standing : at the last bound
    """
    d = Drivers(*(_for_policies(series) for series in drivers))
    reached = _reached(standing, p, levers, dt)
    middle = dict(zip(standing.reached, np.moveaxis(_middle(reached), 1, 0), strict=True))
    intensity = intensities(middle, p)
    hazards, weights = _lanes(standing.weights, p, a, d, intensity, dt)
    between = np.moveaxis(_middle(weights), 0, 1)
    seized = enforcement.seized_shares(between, hazards, STAGE_START, p["seized_ceiling"])
    passing = np.cumprod(1 - seized, axis=0, dtype=np.float64)
    anchored = enforcement.sum_by_stage(a.weights * a.hazards, STAGE_START)
    baseline = (today.arrests if today else anchored)[:, None]
    arrests = enforcement.arrests_ratio(between, hazards, baseline, STAGE_START)
    rest, kept = capacity_rest(intensity, seized[0].shape, p, dt)
    capacity = enforcement.followed(standing.capacity, rest, kept)
    possession, selling = (1 + _planned(levers, f"sentence_{o}") for o in ("possession", "selling"))
    entry, release = custody(p, d, arrests[STAGES.index("retail")], possession, selling)
    sellers = _sellers(standing.sellers, p, d, arrests, selling, dt)
    same = np.ones_like(arrests)
    premium, iron = same, same[0]
    circumstances = d.circumstances * same[0]
    if today:
        punishment = arrests * np.stack([same[0], *(selling * same[1:])])
        premium = supply.prison_premium(punishment, p["prison_part_of_risk"], today.sigma)
        iron = market.iron_law(np.mean(punishment, axis=0), p["iron_law_exponent"])
        local = arrests[STAGES.index("retail")] - 1
        circumstances = circumstances * (1 + p["local_harm"] * local)
    added = np.clip(intensity.get("cartel_operations", np.ones((1, 1, 1))) - 1, 0, 1)
    found = Pressure(
        seized=_steps_first(seized),
        passing=_steps_first(passing),
        arrests=_steps_first(arrests),
        premium=_steps_first(premium),
        iron=iron,
        circumstances=circumstances,
        cheaper=(1 - p["vacuum_cheaper_handling"] * added) * same[0],
        capacity=_middle(capacity),
        entry=_steps_first(entry),
        release=_steps_first(release),
        seller_years=_middle(sellers).sum(axis=1),
        **_bought(middle, p, a, d, same[0]),
    )
    ends = dict(zip(standing.reached, reached[-1], strict=True))
    return found, Standing(ends, weights[-1], capacity[-1], sellers[-1])


def _reached(standing: Standing, p: Draws, levers: Levers, dt: float) -> Array:
    """Money that has taken effect, shape (bounds, levers, policies, draws)."""
    if not standing.reached:
        return np.empty((2, 0, 1, 1))
    planned = np.stack([levers[name] for name in standing.reached], axis=1)
    kept = enforcement.lag_kept(p["spending_lag_years"], dt)
    return enforcement.followed(np.stack(list(standing.reached.values())), planned, kept)


def _for_policies(series: Array) -> Array:
    """Drivers with a place for policies, shape (steps, 1, draws or 1)."""
    return series[:, None, :] if series.ndim > 1 else series[:, None, None]


def _middle(bounds: Array) -> Array:
    return 0.5 * (bounds[1:] + bounds[:-1])


def _steps_first(series: Array) -> Array:
    return np.moveaxis(series, 1, 0)


def _planned(levers: Levers, name: str) -> Array:
    return levers.get(name, np.zeros((1, 1, 1)))


def intensities(reached: Paths, p: Draws) -> Paths:
    """Intensity of each enforcement programme that money moves, 1 at today's spending."""
    return {
        name: enforcement.intensity(
            reached[name],
            p[f"budget_{name}"] * p["budget_scale"],
            np.maximum(p[f"effect_exponent_{side}"], 0),
            p["intensity_offset"],
        )
        for name, side in ENFORCEMENT.items()
        if name in reached
    }


def _lanes(
    first: Array, p: Draws, a: Anchors, d: Drivers, intensity: Paths, dt: float
) -> tuple[Array, Array]:
    """Lane hazards by step, lanes first, and lane weights on bounds, bounds first."""
    shape = np.broadcast_shapes(d.time.shape, first.shape[1:])
    scan = (d.scan_cars, d.scan_trucks)
    hazards = world.lane_hazards(
        scan, a.detection, a.open_hazard[:, None], p["seized_ceiling"], intensity, shape
    )
    open_to = np.broadcast_to(a.weights[:, None], hazards.shape).copy()
    open_to[world.LANES.index("corrupted")] /= intensity.get("border_integrity", 1.0)
    for lane in ("wholesale_protected", "retail_protected"):
        open_to[world.LANES.index(lane)] /= intensity.get("police_integrity", 1.0)
    wanted = enforcement.sheltered_weights(
        open_to, hazards - a.hazards[:, None], p["displacement_strength"], STAGE_START
    )
    kept = enforcement.half_life_kept(p["displacement_half_life_months"] / 12, dt)
    return hazards, enforcement.followed(first, _steps_first(wanted), kept)


def capacity_rest(
    intensity: Paths, shape: tuple[int, ...], p: Draws, dt: float
) -> tuple[Array, Array]:
    """Where precursors, production and distribution come to rest, shape (steps, 3, ...)."""
    added = [
        np.broadcast_to(intensity.get(name, np.ones(1)) - 1, shape)
        for name in ("precursor_control", "cartel_operations", "organised_crime")
    ]
    lost_to_shock = -np.log(1 - p["shock_depth"]) / (p["shock_decline_months"] / 12)
    knockdown = (
        p["shock_precursor_share"] * lost_to_shock,
        p["knockdown_cartel_operations"],
        p["knockdown_organised_crime"],
    )
    entrants = 1 - p["vacuum_faster_recovery"] * np.clip(added[1], 0, 1)
    recovery = (
        p["source_substitution_months"] / 12,
        p["recovery_months_production"] / 12 * entrants,
        p["recovery_months_distribution"] / 12,
    )
    parts = [
        supply.capacity_rest(down, more, years, dt)
        for down, more, years in zip(knockdown, added, recovery, strict=True)
    ]
    rests, kept = zip(*parts, strict=True)
    return np.stack(rests, axis=1), np.stack(kept, axis=1)


def custody(
    p: Draws, d: Drivers, retail: Array, possession: Array, selling: Array
) -> tuple[Array, Array]:
    """Rates of entering custody and of release by offence, shape (3, steps, policies, draws)."""
    same = np.ones_like(retail)
    chance = people.custody_chance(possession, p["possession_custody_elasticity"])
    rates = world.custody_rates(p, d.arrests)
    entry = [rate * more for rate, more in zip(rates, (retail * chance, retail, same), strict=True)]
    served = [p[f"{offence}_years_served"] for offence in world.OFFENCES]
    longer = (possession * same, selling * same, same)
    return np.stack(entry), np.stack([1 / (t * m) for t, m in zip(served, longer, strict=True)])


def _sellers(
    first: Array, p: Draws, d: Drivers, arrests: Array, selling: Array, dt: float
) -> Array:
    """Non-using sellers in custody by stage, shape (bounds, 3, policies, draws)."""
    federal, state_court = p["federal_years_served"], p["selling_years_served"]
    terms = (federal * np.ones_like(selling), federal * selling, state_court * selling)
    rests, kept = [], []
    for stage, arrested, years in zip(STAGES, arrests, terms, strict=True):
        sentenced = p[f"sentenced_{stage}"] * arrested * d.fentanyl_share
        rest, left = people.sellers_rest(sentenced, years, dt)
        rests.append(rest)
        kept.append(np.broadcast_to(left, rest.shape))
    return enforcement.followed(first, np.stack(rests, axis=1), np.stack(kept, axis=1))


def _bought(reached: Paths, p: Draws, a: Anchors, d: Drivers, same: Array) -> dict[str, Array]:
    """What there is of health measures with what money buys, by field of `Pressure`."""
    nothing = 0 * same

    def bought(name: str, cost: str, crowding_out: Array) -> Array:
        if name not in reached:
            return nothing
        return money.units_bought(reached[name] * world.USD_PER_MILLION, p[cost], crowding_out)

    prevention = same
    if "prevention" in reached:
        prevention = enforcement.intensity(
            reached["prevention"],
            p["budget_prevention"],
            p["effect_exponent_prevention"],
            p["intensity_offset"],
        )
    none = np.zeros(1)
    places = bought("treatment", "treatment_cost", p["treatment_crowding_out"])
    kits = bought("naloxone", "kit_cost", none) / p["population"] * world.PER_100K
    rescued = world.rescue(p, np.maximum(d.kits_per_100k + kits, 0))
    return {
        "prevention": prevention,
        "places": np.maximum(d.treatment_places + places, 0),
        "fatality": a.untreated_fatality * (1 - rescued),
        "reentry": bought("reentry_treatment", "reentry_cost", none),
    }
