"""Events 1 and 2 compiled too, as far as a policy for the border moves them.

simlib finds them for all months before its loop (:mod:`simlib.pressure`); so does this, draw by
draw. What such a policy leaves at rest (health money, sentences, programmes inside the country)
is left out, as simlib leaves it out.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from same_model.inputs import DT, Begun
from simlib.world import OFFENCES, STAGES

Array = NDArray[np.float64]

LEVERS = ("port_scanning", "port_officers", "between_ports", "border_integrity")
STAGE = np.array([0, 0, 0, 0, 1, 1, 2, 2, 2])
"""Of each lane of simlib.world.LANES."""
CORRUPTED, WHOLESALE = 3, 4
PLAIN = (
    *("spending_lag_years", "intensity_offset", "effect_exponent_border", "local_harm"),
    *("prison_part_of_risk", "iron_law_exponent", "naloxone_efficiency", "naloxone_effect"),
    *("emergency_call", "medics_in_time", "witnessed_share"),
    *("displacement_strength", "displacement_half_life_months", "seized_ceiling"),
    *("possession_arrest_rate", "possession_custody_share", "selling_custody_rate"),
    *("other_custody_rate", "source_substitution_months", "recovery_months_production"),
    *("recovery_months_distribution", "federal_years_served"),
    *(f"{offence}_years_served" for offence in OFFENCES),
)


class Work(NamedTuple):
    """Room for one month, made once."""

    kept: Array
    intensity: Array
    hazards: Array
    wanted: Array
    total: Array
    seized: Array
    arrests: Array


@njit
def _kept(p: Any, kept: Array) -> None:
    """Share of the distance to rest left after a month: money, lanes, capacity, sellers."""
    kept[0] = np.exp(-DT / p.spending_lag_years)
    kept[1] = 2.0 ** (-DT / (p.displacement_half_life_months / 12))
    kept[2] = np.exp(-DT / (p.source_substitution_months / 12))
    kept[3] = np.exp(-DT / (p.recovery_months_production / 12))
    kept[4] = np.exp(-DT / (p.recovery_months_distribution / 12))
    kept[5] = np.exp(-DT / p.federal_years_served)
    kept[6] = kept[5]
    kept[7] = np.exp(-DT / p.selling_years_served)


@njit
def _intensities(p: Any, reached: Array, planned: Array, work: Work) -> None:
    """Money takes effect with a lag and then has diminishing returns; moves `reached` on."""
    kept = work.kept[0]
    for k in range(4):
        after = kept * reached[k] + (1 - kept) * planned[k]
        spent = max(1 + 0.5 * (reached[k] + after) / p.budgets[k], 0)
        reached[k] = after
        share = (spent + p.intensity_offset) / (1 + p.intensity_offset)
        work.intensity[k] = share ** max(p.effect_exponent_border, 0)


@njit
def _hazards(p: Any, scan: Array, intensity: Array, found: Array) -> None:
    """Seizure hazard of each lane."""
    for k in range(2):
        scanned = min(scan[k] * intensity[0], 1) * p.detection
        found[k] = -np.log1p(-min(scanned, p.seized_ceiling)) + p.open_hazard[0] * intensity[1]
    found[2] = p.open_hazard[0] * intensity[2]
    found[WHOLESALE] = p.open_hazard[1]
    found[6] = p.open_hazard[2]
    found[7] = p.open_hazard[2]


@njit
def _shares(p: Any, weights: Array, work: Work) -> None:
    """Traffic moves between lanes; share seized and arrests at each stage. Moves `weights` on."""
    kept = work.kept[1]
    work.total[:], work.seized[:], work.arrests[:] = 0, 0, 0
    for k in range(9):
        open_to = p.weights[k] / work.intensity[3] if k == CORRUPTED else p.weights[k]
        added = work.hazards[k] - p.hazards[k]
        work.wanted[k] = open_to * np.exp(-p.displacement_strength * added)
        work.total[STAGE[k]] += work.wanted[k]
    for k in range(9):
        after = weights[k] * kept + (1 - kept) * work.wanted[k] / work.total[STAGE[k]]
        middle = 0.5 * (weights[k] + after)
        weights[k] = after
        work.seized[STAGE[k]] += middle * (1 - np.exp(-work.hazards[k]))
        work.arrests[STAGE[k]] += middle * work.hazards[k]
    for k in range(3):
        work.seized[k] = min(work.seized[k], p.seized_ceiling)
        work.arrests[k] /= p.arrests_today[k]


@njit
def _followed(p: Any, m: Any, capacity: Array, sellers: Array, work: Work) -> None:
    """Capacity recovers and sellers are sentenced; both are moved on."""
    terms = (p.federal_years_served, p.federal_years_served, p.selling_years_served)
    for k in range(3):
        kept, left = work.kept[2 + k], work.kept[5 + k]
        after = kept * capacity[k] + (1 - kept)
        work.total[k] = 0.5 * (capacity[k] + after)
        capacity[k] = after
        sentenced = p.sentenced[k] * work.arrests[k] * m.fentanyl_share
        sellers[k] = sellers[k] * left + (1 - left) * sentenced * terms[k]
    m.capacity_precursors = work.total[0]
    m.capacity_production = work.total[1]
    m.capacity_distribution = work.total[2]


@njit
def _health(p: Any, m: Any, kits: float, places: float) -> None:
    """Treatment and naloxone as they are, for the loop."""
    used = 1 - np.exp(-p.naloxone_efficiency * max(kits, 0))
    missed = (1 - used * p.naloxone_effect) * (1 - p.emergency_call * p.medics_in_time)
    m.fatality = p.untreated_fatality * (1 - p.witnessed_share * (1 - missed))
    m.places, m.reentry, m.prevention = max(places, 0), 0.0, 1.0


@njit
def _written(
    p: Any, m: Any, seized: Array, arrests: Array, arrested: float, circumstances: float
) -> None:
    """What the loop reads of enforcement."""
    m.seized_border, m.seized_wholesale, m.seized_retail = seized[0], seized[1], seized[2]
    prison, fixed = p.prison_part_of_risk, 1 - p.prison_part_of_risk
    m.premium_border = prison * arrests[0] ** p.sigma + fixed
    m.premium_wholesale = prison * arrests[1] ** p.sigma + fixed
    m.premium_retail = prison * arrests[2] ** p.sigma + fixed
    m.iron = ((arrests[0] + arrests[1] + arrests[2]) / 3) ** p.iron_law_exponent
    m.circumstances = circumstances * (1 + p.local_harm * (arrests[2] - 1))
    possession = p.possession_arrest_rate * arrested * p.possession_custody_share
    m.arrest_possession = possession * arrests[2]
    m.arrest_selling = p.selling_custody_rate * arrests[2]
    m.arrest_other = p.other_custody_rate
    m.release_possession = 1 / p.possession_years_served
    m.release_selling = 1 / p.selling_years_served
    m.release_other = 1 / p.other_years_served
    m.cheaper = 1.0


@njit
def _all(
    draws: Array, months: Array, by_draw: Array, planned: Array, scan: Array, arrested: Array
) -> None:
    n, k = len(STAGE), len(STAGES)
    by_stage = (np.empty(k), np.empty(k), np.empty(k))
    work = Work(np.empty(8), np.empty(4), np.zeros(n), np.empty(n), *by_stage)
    reached = np.empty(4)
    for i in range(len(draws)):
        p = draws[i]
        reached[:] = 0
        _kept(p, work.kept)
        weights, capacity = p.first_weights.copy(), p.first_capacity.copy()
        sellers = p.first_sellers.copy()
        for j in range(months.shape[1]):
            _intensities(p, reached, planned[j], work)
            _hazards(p, scan[j], work.intensity, work.hazards)
            _shares(p, weights, work)
            _followed(p, months[i, j], capacity, sellers, work)
            around, kits, places = by_draw[0, j, i], by_draw[1, j, i], by_draw[2, j, i]
            _written(p, months[i, j], work.seized, work.arrests, arrested[j], around)
            _health(p, months[i, j], kits, places)


def _records(begun: Begun) -> NDArray[np.void]:
    """What a draw needs, side by side."""
    p, a, standing = begun.p, begun.anchors, begun.state.standing
    wide = {
        "weights": a.weights[:, 0],
        "hazards": a.hazards[:, 0],
        "first_weights": standing.weights[:, 0],
        "first_capacity": standing.capacity[:, 0],
        "first_sellers": standing.sellers[:, 0],
        "open_hazard": a.open_hazard[:, 0],
        "arrests_today": begun.today.arrests[:, 0],
        "sentenced": np.stack([p[f"sentenced_{stage}"] for stage in STAGES]),
        "budgets": np.stack([p[f"budget_{name}"] * p["budget_scale"] for name in LEVERS]),
    }
    plain = {name: p[name] for name in PLAIN} | {
        "detection": a.detection.reshape(-1),
        "sigma": begun.today.sigma.reshape(-1),
        "untreated_fatality": a.untreated_fatality.reshape(-1),
    }
    fields = [(name, float, (len(each),)) for name, each in wide.items()]
    records = np.empty(len(plain["detection"]), [*fields, *((name, float) for name in plain)])
    for name, each in wide.items():
        records[name] = each.T
    for name, each in plain.items():
        records[name] = each
    return records


def prepare(begun: Begun, months: NDArray[np.void]) -> Callable[[], None]:
    """Events 1 and 2, ready to run; they fill in the months of :mod:`same_model.compiled`."""
    draws, d = _records(begun), begun.drivers
    planned = np.stack([begun.levers[name][:, 0, 0] for name in LEVERS], axis=1)
    scan = np.concatenate([d.scan_cars, d.scan_trucks], axis=1)
    series = (d.circumstances, d.kits_per_100k, d.treatment_places)
    shape = (len(d.time), len(draws))
    by_draw = np.stack([np.broadcast_to(each, shape) for each in series])
    return lambda: _all(draws, months, by_draw, planned, scan, d.arrests[:, 0])
