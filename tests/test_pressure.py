"""What policy alone decides, by hand: each expected number is worked out from the draws."""

import numpy as np
import pytest

from simlib import pressure, sampling, simulation, world
from simlib.observed import RECORD, load_observed
from simlib.parameters import load_parameters
from simlib.state import Pressure, Standing
from simlib.world import LANES, STAGES

RETAIL = STAGES.index("retail")
DRAWS = 20


@pytest.fixture(scope="module")
def begun() -> simulation.Begun:
    """Draws of the prior, ready to be projected over twenty years."""
    observed = load_observed()
    quarters = len(observed[RECORD].values)
    sample = sampling.sample(load_parameters(), DRAWS, posterior=None, record_quarters=quarters)
    return simulation.begin(sample, observed, 2044)


def altered(begun: simulation.Begun, **values: float | np.ndarray) -> simulation.Begun:
    """The same draws with rows of the projection set."""
    changed = {name: np.broadcast_to(value, DRAWS) for name, value in values.items()}
    return begun._replace(parameters={**begun.parameters, **changed})


def pressed(
    begun: simulation.Begun, steps: int | None = None, **levers: float
) -> tuple[Pressure, Standing]:
    """The first steps (or all) of changes that are planned in full from the start."""
    p, past, drivers, today, dt = begun
    drivers = world.Drivers(*(series[:steps] for series in drivers))
    planned = {name: np.full((len(drivers.time), 1, 1), value) for name, value in levers.items()}
    state = simulation._spread(past.state, 1, planned)
    return pressure.pressure(state.standing, p, past.anchors, drivers, planned, today, dt)


def pressed_at_the_end(begun: simulation.Begun, **levers: float) -> Pressure:
    """Last step of twenty years under a steady policy: all money has long taken effect."""
    return pressed(begun, **levers)[0].at(-1)


def intensity(begun: simulation.Begun, lever: str, side: str, money: float) -> np.ndarray:
    """Intensity of a programme in each draw, by the formula."""
    p = begun.parameters
    spent = 1 + money / (p[f"budget_{lever}"] * p["budget_scale"])
    return ((spent + 0.1) / 1.1) ** np.maximum(p[f"effect_exponent_{side}"], 0)


# --- money ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("lag", [0.5, 1.0, 2.0])
def test_after_one_lag_all_but_an_eth_of_the_money_has_taken_effect(begun, lag: float) -> None:
    slow = altered(begun, spending_lag_years=lag)
    _, after = pressed(slow, round(lag * 12), drug_units=100.0)
    np.testing.assert_allclose(after.reached["drug_units"], 100 * (1 - np.exp(-1)))


def test_a_step_feels_the_mean_of_the_money_at_its_bounds(begun) -> None:
    p = begun.parameters
    found, _ = pressed(begun, 3, prevention=1000.0)
    reached = 1000 * (1 - np.exp(np.arange(4)[:, None] / 12 / -p["spending_lag_years"]))
    money = (reached[1:] + reached[:-1]) / 2
    by_hand = ((1 + money / p["budget_prevention"] + 0.1) / 1.1) ** p["effect_exponent_prevention"]
    np.testing.assert_allclose(found.prevention[:, 0], by_hand)


def test_money_for_prevention_is_set_against_its_own_budget(begun) -> None:
    """A reader's scale of the enforcement budgets is not one of prevention's."""
    p = begun.parameters
    by_hand = ((1 + 1000 / p["budget_prevention"] + 0.1) / 1.1) ** p["effect_exponent_prevention"]
    for scale in (0.5, 2.0):
        found = pressed_at_the_end(altered(begun, budget_scale=scale), prevention=1000.0)
        np.testing.assert_allclose(found.prevention[0], by_hand, 1e-4)


def test_enforcement_money_is_set_against_its_scaled_budget_and_never_does_harm(begun) -> None:
    sides = set(pressure.ENFORCEMENT.values())
    wide = {f"effect_exponent_{side}": np.linspace(-0.2, 0.8, DRAWS) for side in sides}
    scaled = altered(begun, budget_scale=2.0, **wide)
    p, money = scaled.parameters, dict.fromkeys(pressure.ENFORCEMENT, 700.0)
    found = pressure.intensities({name: np.array(value) for name, value in money.items()}, p)
    assert set(found) == set(pressure.ENFORCEMENT)
    for lever, side in pressure.ENFORCEMENT.items():
        np.testing.assert_allclose(found[lever], intensity(scaled, lever, side, 700.0))
        assert np.all(found[lever][:4] == 1)  # not above 0: money buys nothing
        assert np.all(found[lever][4:] > 1)


def test_money_for_naloxone_buys_kits_at_their_price(begun) -> None:
    p, drivers, a = begun.parameters, begun.drivers, begun.past.anchors
    kits = drivers.kits_per_100k[-1] + 90e6 / p["kit_cost"] / p["population"] * 1e5
    expected = a.untreated_fatality * (1 - world.rescue(p, kits))
    found = pressed_at_the_end(begun, naloxone=90.0).fatality
    np.testing.assert_allclose(found, np.broadcast_to(expected, found.shape), 1e-4)


def test_money_for_treatment_buys_places_at_their_price(begun) -> None:
    p, drivers = begun.parameters, begun.drivers
    bought = 500e6 / p["treatment_cost"] * (1 - p["treatment_crowding_out"])
    found = pressed_at_the_end(begun, treatment=500.0).places
    np.testing.assert_allclose(found[0], drivers.treatment_places[-1] + bought, 1e-4)


def test_money_for_reentry_covers_releases_at_their_price(begun) -> None:
    found = pressed_at_the_end(begun, reentry_treatment=200.0).reentry
    np.testing.assert_allclose(found[0], 200e6 / begun.parameters["reentry_cost"], 1e-4)


def test_cuts_leave_no_fewer_than_no_kits_and_no_places(begun) -> None:
    found = pressed_at_the_end(begun, naloxone=-1e6, treatment=-1e6)
    np.testing.assert_array_equal(found.places, 0)
    without = begun.past.anchors.untreated_fatality * (1 - world.rescue(begun.parameters, 0.0))
    np.testing.assert_allclose(found.fatality, np.broadcast_to(without, found.fatality.shape))


# --- lanes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lever", "lanes"),
    [
        ("port_officers", ("cars", "trucks")),
        ("between_ports", ("between",)),
        ("organised_crime", ("wholesale",)),
        ("drug_units", ("street",)),
        ("cyber_units", ("online",)),
    ],
)
def test_more_pressure_is_felt_in_its_own_lanes(begun, lever: str, lanes: tuple) -> None:
    """Thrice the intensity is thrice the hazard, scanning apart."""
    p, a = begun.parameters, begun.past.anchors
    scan = (np.zeros(1), np.zeros(1))
    once, thrice = (
        world.lane_hazards(scan, a.detection, a.open_hazard, p["seized_ceiling"], more, (1, DRAWS))
        for more in ({}, {lever: 3.0})
    )
    for lane, before, after in zip(LANES, once, thrice, strict=True):
        np.testing.assert_allclose(after, (3 if lane in lanes else 1) * before, err_msg=lane)
        protected = lane == "corrupted" or lane.endswith("protected")
        assert np.all(before == 0) if protected else np.all(before > 0), lane


def test_scanning_is_felt_in_cars_and_trucks_up_to_all_of_them(begun) -> None:
    a, cars, trucks = begun.past.anchors, np.array([0.1]), np.array([0.6])
    ceiling = begun.parameters["seized_ceiling"]
    found = world.lane_hazards(
        (cars, trucks), a.detection, a.open_hazard, ceiling, {"port_scanning": 3.0}, (1, DRAWS)
    )
    officers = a.open_hazard[0]
    np.testing.assert_allclose(found[0], -np.log(1 - 0.3 * a.detection) + officers)
    np.testing.assert_allclose(found[1], -np.log(1 - np.minimum(a.detection, ceiling)) + officers)
    np.testing.assert_allclose(found[2], officers)


@pytest.mark.parametrize(
    ("lever", "side", "stage", "protected"),
    [
        ("border_integrity", "border", slice(0, 4), (3,)),
        ("police_integrity", "internal", slice(4, 6), (1,)),
        ("police_integrity", "internal", slice(6, 9), (2,)),
    ],
)
def test_integrity_closes_protected_lanes(begun, lever, side, stage, protected) -> None:
    """Their share falls by the intensity; what moves out spreads over the stage's other lanes."""
    _, after = pressed(begun, **{lever: 500.0})
    weights = (begun.past.anchors.weights * np.ones((1, 1, DRAWS)))[stage, 0].copy()
    for lane in protected:
        weights[lane] /= intensity(begun, lever, side, 500.0)
    np.testing.assert_allclose(after.weights[stage, 0], weights / weights.sum(axis=0), 1e-3)


def test_traffic_moves_to_the_lanes_where_pressure_was_not_added(begun) -> None:
    p, a = begun.parameters, begun.past.anchors
    _, after = pressed(begun, drug_units=3000.0)
    weights = (a.weights * np.ones((1, 1, DRAWS)))[6:, 0].copy()
    added = a.hazards[6, 0] * (intensity(begun, "drug_units", "internal", 3000.0) - 1)
    weights[0] *= np.exp(-p["displacement_strength"] * added)
    np.testing.assert_allclose(after.weights[6:, 0], weights / weights.sum(axis=0), 1e-3)
    np.testing.assert_allclose(after.weights[:6, 0], a.weights[:6, 0])


# --- punishment -----------------------------------------------------------------------------------


def test_longer_sentences_raise_the_premium_inside_the_country_only(begun) -> None:
    part, sigma = begun.parameters["prison_part_of_risk"], begun.today.sigma[0]
    before = pressed_at_the_end(begun).premium
    after = pressed_at_the_end(begun, sentence_selling=0.5).premium
    prison = before - (1 - part)
    np.testing.assert_allclose(after[0], before[0])
    np.testing.assert_allclose(after[1:], prison[1:] * 1.5**sigma + 1 - part)


def test_longer_sentences_hold_sellers_inside_the_country_longer_but_not_couriers(begun) -> None:
    """At rest there are as many as are sentenced a year, times the years that each serves."""
    brief = altered(begun, federal_years_served=1.2, selling_years_served=0.6)
    p = brief.parameters
    found, after = pressed(brief, sentence_selling=0.5)
    for i, (stage, years) in enumerate(zip(STAGES, (1.2, 1.8, 0.9), strict=True)):
        arrested = found.arrests[-1, i, 0] * begun.drivers.fentanyl_share[-1]
        held = p[f"sentenced_{stage}"] * arrested * years
        np.testing.assert_allclose(after.sellers[i, 0], held, 1e-3, err_msg=stage)


def test_arrests_bring_sellers_of_their_own_stage_into_custody(begun) -> None:
    brief = altered(begun, federal_years_served=1.0, selling_years_served=1.0)
    found, after = pressed(brief, organised_crime=3000.0)
    sentenced = np.stack([brief.parameters[f"sentenced_{stage}"] for stage in STAGES])
    held = sentenced * found.arrests[-1][:, 0] * begun.drivers.fentanyl_share[-1]
    np.testing.assert_allclose(after.sellers[:, 0], held, 1e-3)
    alone, _ = pressed(brief)
    more = found.arrests[-1, :, 0] / alone.arrests[-1, :, 0]
    assert more[1].max() > 1.05
    np.testing.assert_allclose(more[[0, 2]], 1)
    np.testing.assert_allclose(found.seller_years[-1], after.sellers.sum(axis=0), 1e-3)


def test_custody_by_offence(begun) -> None:
    """Entry rises with arrests at retail, stays with sentences; other offences follow neither."""
    p = begun.parameters
    found = pressed_at_the_end(
        begun, drug_units=3000.0, sentence_possession=0.5, sentence_selling=0.2
    )
    arrests = found.arrests[RETAIL, 0]
    assert np.any(arrests > 1.05)
    chance = 1.5 ** p["possession_custody_elasticity"]
    possession = p["possession_arrest_rate"] * p["possession_custody_share"] * arrests * chance
    np.testing.assert_allclose(found.entry[0, 0], possession)  # arrests stay at their last count
    np.testing.assert_allclose(found.entry[1, 0], p["selling_custody_rate"] * arrests)
    np.testing.assert_allclose(found.entry[2, 0], p["other_custody_rate"])
    for row, offence, longer in zip(found.release, world.OFFENCES, (1.5, 1.2, 1), strict=True):
        np.testing.assert_allclose(row[0], 1 / (p[f"{offence}_years_served"] * longer))


def test_the_iron_law_follows_arrests_and_time_served_over_all_stages(begun) -> None:
    strong = altered(begun, iron_law_exponent=0.2)
    found = pressed_at_the_end(
        strong, drug_units=3000.0, port_officers=2000.0, sentence_selling=0.5
    )
    border, wholesale, retail = found.arrests[:, 0]
    punishment = (border + 1.5 * wholesale + 1.5 * retail) / 3
    np.testing.assert_allclose(found.iron[0], punishment**0.2)


@pytest.mark.parametrize("money", [3000.0, -1000.0])
def test_overdoses_rise_and_fall_with_arrests_at_retail(begun, money: float) -> None:
    harmful = altered(begun, local_harm=0.1, effect_exponent_internal=0.4)
    found = pressed_at_the_end(harmful, drug_units=money)
    arrests = found.arrests[RETAIL, 0]
    assert np.all(money * (arrests - 1) > 0)
    harm = begun.drivers.circumstances[-1] * (1 + 0.1 * (arrests - 1))
    np.testing.assert_allclose(found.circumstances[0], harm)


# --- capacity -------------------------------------------------------------------------------------


def test_a_power_vacuum_makes_production_cheaper(begun) -> None:
    more = intensity(begun, "cartel_operations", "abroad", 3000.0) - 1
    assert more.max() > 1  # as cheap as it gets: twice today's operations
    by_hand = 1 - begun.parameters["vacuum_cheaper_handling"] * np.minimum(more, 1)
    found = pressed_at_the_end(begun, cartel_operations=3000.0, organised_crime=3000.0)
    np.testing.assert_allclose(found.cheaper[0], by_hand, 1e-5)
    np.testing.assert_array_equal(pressed_at_the_end(begun, organised_crime=3000.0).cheaper, 1)


def test_entrants_of_a_power_vacuum_rebuild_production_and_nothing_else(begun) -> None:
    p, more = begun.parameters, {"precursor_control": 1.4, "cartel_operations": 1.6,
                                 "organised_crime": 1.8}  # fmt: skip
    rest, kept = pressure.capacity_rest(
        {name: np.full((1, 1, 1), value) for name, value in more.items()}, (1, 1, DRAWS), p, 0.1
    )
    entrants = 1 - p["vacuum_faster_recovery"] * 0.6
    shock = -np.log(1 - p["shock_depth"]) / (p["shock_decline_months"] / 12)
    rows = (
        (12 / p["source_substitution_months"], p["shock_precursor_share"] * shock * 0.4),
        (12 / p["recovery_months_production"] / entrants, p["knockdown_cartel_operations"] * 0.6),
        (12 / p["recovery_months_distribution"], p["knockdown_organised_crime"] * 0.8),
    )
    for i, (recovery, lost) in enumerate(rows):
        np.testing.assert_allclose(rest[0, i, 0], recovery / (recovery + lost))
        np.testing.assert_allclose(kept[0, i, 0], np.exp(-0.1 * (recovery + lost)))


def test_a_step_has_the_mean_of_the_capacity_at_its_bounds(begun) -> None:
    found, after = pressed(begun, 2, organised_crime=3000.0)
    first, second = found.capacity[:, 2, 0]
    np.testing.assert_allclose(second, first + (after.capacity[2, 0] - 1) / 2)
    _, one = pressed(begun, 1, organised_crime=3000.0)
    np.testing.assert_allclose(first, (1 + one.capacity[2, 0]) / 2)
    assert np.any(after.capacity[2] < 0.999)
