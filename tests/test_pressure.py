"""What policy alone decides, by hand: each expected number is worked out from the draws."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest

from simlib import runs, simulation
from simlib.inputs import sampling
from simlib.inputs.observed import RECORD, load_observed
from simlib.inputs.parameters import load_parameters
from simlib.inputs.tables import load_programmes
from simlib.model import enforcement, future, month, overdose, supply
from simlib.model.enforcement import STEADY
from simlib.model.future import Capacity, Lanes, Offences, Pressed, Stages

DRAWS = 20
ENFORCEMENT = {
    name: each.family
    for name, each in load_programmes().items()
    if each.family != "health" and each.payers
}


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
    p = {**begun.parameters, **changed}
    draw = SimpleNamespace(**p)
    same = begun.future._replace(p=draw, kept=future.kept_of(draw, begun.dt))
    work = simulation._work(p, same, begun.drivers, begun.past.stocks)
    return replace(begun, parameters=p, future=same, work=work)


class Step(NamedTuple):
    """What a step of the loop saw and made of it."""

    levers: Any
    arrests: Stages
    pressed: Pressed


def path(begun: simulation.Begun, steps: int | None = None, **levers: float) -> list[Step]:
    """The first steps (or all) of changes that are planned in full from the start, as run."""
    seen, arrested = [], []
    names = tuple(load_programmes())
    work = begun.work._replace(drivers=begun.work.drivers[:, :steps])
    plan = np.array([levers.pop(name, 0.0) for name in names])
    assert not levers
    planned = np.broadcast_to(plan, (1, work.drivers.shape[1], len(names)))
    press, ratio = month.press, enforcement.ratio

    def watched(f, d, now_levers, now):
        made = press(f, d, now_levers, now)
        if np.size(now.shipments) == DRAWS:  # another test's picture may still be drawn
            seen.append((now_levers, made))
        return made

    def arrests(*met):
        made = ratio(*met)
        if np.size(made.retail) == DRAWS:
            arrested.append(made)
        return made

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(runs, "has_numba", lambda: False)
        patched.setattr(month, "press", watched)
        patched.setattr(enforcement, "ratio", arrests)
        runs.run(work._replace(planned=planned), names)
    return [Step(now, more, made) for (now, made), more in zip(seen, arrested, strict=True)]


def at_the_end(begun: simulation.Begun, **levers: float) -> Step:
    """Last step of twenty years under a steady policy: all money has long taken effect."""
    return path(begun, **levers)[-1]


def last(drivers_of: np.ndarray) -> np.ndarray:
    """A driver in the last step."""
    return np.broadcast_to(drivers_of[-1], DRAWS)


def intensity(begun: simulation.Begun, lever: str, side: str, money: float) -> np.ndarray:
    """Intensity of a programme in each draw, by the formula."""
    p = begun.parameters
    spent = 1 + money / (p[f"budget_{lever}"] * p["budget_scale"])
    return ((spent + 0.1) / 1.1) ** np.maximum(p[f"effect_exponent_{side}"], 0)


# --- money ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("lag", [0.5, 1.0, 2.0])
def test_after_one_lag_all_but_an_eth_of_the_money_has_taken_effect(begun, lag: float) -> None:
    """A step feels the mean of its bounds, of which the later is a whole lag from the start."""
    slow = altered(begun, spending_lag_years=lag)
    found = path(slow, round(lag * 12), drug_units=100.0)[-1].levers.drug_units
    bounds = np.exp(-1 + 1 / 12 / lag), np.exp(-1)
    np.testing.assert_allclose(found, 100 * (1 - np.mean(bounds)))


def test_a_step_feels_the_mean_of_the_money_at_its_bounds(begun) -> None:
    p = begun.parameters
    found = path(begun, 3, prevention=1000.0)
    reached = 1000 * (1 - np.exp(np.arange(4)[:, None] / 12 / -p["spending_lag_years"]))
    money = (reached[1:] + reached[:-1]) / 2
    by_hand = ((1 + money / p["budget_prevention"] + 0.1) / 1.1) ** p["effect_exponent_prevention"]
    prevention = [step.pressed.health.prevention for step in found]
    np.testing.assert_allclose(prevention, by_hand)


def test_sentences_are_in_force_at_once(begun) -> None:
    first = path(begun, 1, sentence_selling=0.5, sentence_possession=-0.2)[0].levers
    assert np.all(first.sentence_selling == 0.5)
    assert np.all(first.sentence_possession == -0.2)


def test_money_is_spent_by_the_share_given_and_sentences_are_not(begun) -> None:
    """Each policy and draw its own share."""
    share = np.linspace(0, 1, 2 * DRAWS).reshape(2, DRAWS)
    work = begun.work._replace(scale=share, planned=np.ones((2, *begun.work.planned.shape[1:])))
    names, seen = tuple(load_programmes()), []
    step = month.step

    def watched(f, d, levers, now):
        if np.size(now.shipments) == DRAWS:
            seen.append(levers)
        return step(f, d, levers, now)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(runs, "has_numba", lambda: False)
        patched.setattr(month, "step", watched)
        for k in range(2):
            runs.run(work, names, only=[k])
            for name in names:
                expected = 1.0 if name.startswith("sentence") else share[k]
                np.testing.assert_allclose(getattr(seen[-1], name), expected, 1e-4, err_msg=name)


def test_money_for_prevention_is_set_against_its_own_budget(begun) -> None:
    """A reader's scale of the enforcement budgets is not one of prevention's."""
    p = begun.parameters
    by_hand = ((1 + 1000 / p["budget_prevention"] + 0.1) / 1.1) ** p["effect_exponent_prevention"]
    for scale in (0.5, 2.0):
        found = at_the_end(altered(begun, budget_scale=scale), prevention=1000.0).pressed
        np.testing.assert_allclose(found.health.prevention, by_hand, 1e-4)


def test_enforcement_money_is_set_against_its_scaled_budget_and_never_does_harm(begun) -> None:
    sides = set(ENFORCEMENT.values())
    wide = {f"effect_exponent_{side}": np.linspace(-0.2, 0.8, DRAWS) for side in sides}
    scaled = altered(begun, budget_scale=2.0, **wide)
    money = dict.fromkeys(load_programmes(), 700.0)
    for n, lever in enumerate(ENFORCEMENT):
        money[lever] += n  # each its own
    found = enforcement.intensities(scaled.future.p, SimpleNamespace(**money))
    assert set(found._fields) == set(ENFORCEMENT)
    for lever, side in ENFORCEMENT.items():
        mine = getattr(found, lever)
        np.testing.assert_allclose(mine, intensity(scaled, lever, side, money[lever]))
        assert np.all(mine[:4] == 1)  # not above 0: money buys nothing
        assert np.all(mine[4:] > 1)


def test_money_for_naloxone_buys_kits_at_their_price(begun) -> None:
    p, drivers, a = begun.parameters, begun.drivers, begun.past.anchors
    kits = drivers.kits_per_100k[-1] + 90e6 / p["kit_cost"] / p["population"] * 1e5
    expected = a.untreated_fatality * (1 - overdose.rescue(begun.future.p, kits))
    found = at_the_end(begun, naloxone=90.0).pressed.health.fatality
    np.testing.assert_allclose(found, expected, 1e-4)
    assert np.all(found < 0.999 * at_the_end(begun).pressed.health.fatality)


def test_money_for_treatment_buys_places_at_their_price(begun) -> None:
    p, drivers = begun.parameters, begun.drivers
    bought = 500e6 / p["treatment_cost"] * (1 - p["treatment_crowding_out"])
    found = at_the_end(begun, treatment=500.0).pressed.health.places
    np.testing.assert_allclose(found, drivers.treatment_places[-1] + bought, 1e-4)


def test_money_for_reentry_covers_releases_at_their_price(begun) -> None:
    found = at_the_end(begun, reentry_treatment=200.0).pressed.health.reentry
    np.testing.assert_allclose(found, 200e6 / begun.parameters["reentry_cost"], 1e-4)


def test_cuts_leave_no_fewer_than_no_kits_and_no_places(begun) -> None:
    found = at_the_end(begun, naloxone=-1e6, treatment=-1e6).pressed.health
    np.testing.assert_array_equal(found.places, 0)
    without = begun.past.anchors.untreated_fatality
    np.testing.assert_allclose(found.fatality, without * (1 - overdose.rescue(begun.future.p, 0.0)))


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
    p, a = begun.future.p, begun.past.anchors
    once, thrice = (
        enforcement.hazards(p, a, 0.0, 0.0, STEADY._replace(**more)) for more in ({}, {lever: 3.0})
    )
    for lane, before, after in zip(Lanes._fields, once, thrice, strict=True):
        np.testing.assert_allclose(after, (3 if lane in lanes else 1) * before, err_msg=lane)
        protected = lane == "corrupted" or lane.endswith("protected")
        assert np.all(before == 0) if protected else np.all(before > 0), lane


def test_scanning_is_felt_in_cars_and_trucks_up_to_all_of_them(begun) -> None:
    p, a = begun.future.p, begun.past.anchors
    found = enforcement.hazards(p, a, 0.1, 0.6, STEADY._replace(port_scanning=3.0))
    officers, ceiling = a.open_border, p.seized_ceiling
    np.testing.assert_allclose(found.cars, -np.log(1 - 0.3 * a.detection) + officers)
    all_trucks = -np.log(1 - np.minimum(a.detection, ceiling)) + officers
    np.testing.assert_allclose(found.trucks, all_trucks)
    np.testing.assert_allclose(found.between, officers)


@pytest.mark.parametrize("kind", ["cars", "trucks"])
def test_the_loop_scans_what_the_step_scans(begun, kind: str) -> None:
    """More scanning of one kind of vehicle, by the record, is felt in its lane alone."""
    f, now = begun.future, begun.past.stocks.weights
    d = simulation._at(begun.drivers, 0)
    more = d._replace(**{f"scan_{kind}": getattr(d, f"scan_{kind}") + 0.1})
    hazards = [
        enforcement.hazards(f.p, f.a, each.scan_cars, each.scan_trucks, STEADY)
        for each in (d, more)
    ]
    for lane, before, after in zip(Lanes._fields, *hazards, strict=True):
        assert np.all(after > before) if lane == kind else np.all(after == before), lane
    seized = [enforcement.search(f, each, STEADY, now).seized for each in (d, more)]
    assert np.all(seized[1].border > seized[0].border)


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
    found = at_the_end(begun, **{lever: 500.0}).pressed.weights
    weights = np.array(begun.past.anchors.weights)[stage]
    for lane in protected:
        weights[lane] /= intensity(begun, lever, side, 500.0)
    np.testing.assert_allclose(np.array(found)[stage], weights / weights.sum(axis=0), 1e-3)


def test_traffic_moves_to_the_lanes_where_pressure_was_not_added(begun) -> None:
    p, a = begun.parameters, begun.past.anchors
    found = np.array(at_the_end(begun, drug_units=3000.0).pressed.weights)
    weights = np.array(a.weights)
    added = a.hazards.street * (intensity(begun, "drug_units", "internal", 3000.0) - 1)
    retail = weights[6:].copy()
    retail[0] *= np.exp(-p["displacement_strength"] * added)
    np.testing.assert_allclose(found[6:], retail / retail.sum(axis=0), 1e-3)
    np.testing.assert_allclose(found[:6], weights[:6])


def test_a_step_is_searched_with_the_lanes_of_its_middle(begun) -> None:
    """Half of the way that a step goes; and only a share of the whole way, by the half-life."""
    f, d = begun.future, simulation._at(begun.drivers, 0)
    i = STEADY._replace(drug_units=np.full(DRAWS, 3.0), police_integrity=2.0)
    now = begun.past.stocks.weights
    found = enforcement.search(f, d, i, now)
    h = enforcement.hazards(f.p, f.a, d.scan_cars, d.scan_trucks, i)
    wanted = enforcement.sheltered_weights(
        f.a.weights, h, f.a.hazards, i, begun.parameters["displacement_strength"]
    )
    kept = 0.5 ** (1 / begun.parameters["displacement_half_life_months"])
    after = np.array(wanted) + (np.array(now) - wanted) * kept
    np.testing.assert_allclose(found.weights, after)
    middle = (after + now) / 2
    met = middle * np.array(h)
    by_stage = [met[:4].sum(axis=0), met[4:6].sum(axis=0), met[6:].sum(axis=0)]
    np.testing.assert_allclose(found.met, by_stage)
    seized = middle * (1 - np.exp(-np.array(h)))
    by_stage = [seized[:4].sum(axis=0), seized[4:6].sum(axis=0), seized[6:].sum(axis=0)]
    np.testing.assert_allclose(found.seized, np.minimum(by_stage, f.p.seized_ceiling))


# --- punishment -----------------------------------------------------------------------------------


def test_longer_sentences_raise_the_premium_inside_the_country_only(begun) -> None:
    part, sigma = begun.parameters["prison_part_of_risk"], begun.future.today.sigma
    before = at_the_end(begun).pressed.premium
    after = at_the_end(begun, sentence_selling=0.5).pressed.premium
    np.testing.assert_allclose(after.border, before.border)
    for stage in ("wholesale", "retail"):
        prison = getattr(before, stage) - (1 - part)
        np.testing.assert_allclose(getattr(after, stage), prison * 1.5**sigma + 1 - part)


def test_the_premium_follows_arrests_of_its_own_stage(begun) -> None:
    part, sigma = begun.parameters["prison_part_of_risk"], begun.future.today.sigma
    found = at_the_end(begun, port_officers=2000.0, organised_crime=3000.0, drug_units=9000.0)
    assert np.unique(np.round(found.arrests, 6), axis=0).shape[0] == 3
    for premium, arrests in zip(found.pressed.premium, found.arrests, strict=True):
        np.testing.assert_allclose(premium, part * arrests**sigma + 1 - part)


def test_longer_sentences_hold_sellers_inside_the_country_longer_but_not_couriers(begun) -> None:
    """At rest there are as many as are sentenced a year, times the years that each serves."""
    brief = altered(begun, federal_years_served=1.2, selling_years_served=0.6)
    p, found = brief.parameters, at_the_end(brief, sentence_selling=0.5)
    for stage, years in zip(Stages._fields, (1.2, 1.8, 0.9), strict=True):
        arrested = getattr(found.arrests, stage) * last(begun.drivers.fentanyl_share)
        held = p[f"sentenced_{stage}"] * arrested * years
        np.testing.assert_allclose(getattr(found.pressed.sellers, stage), held, 1e-3, err_msg=stage)


def test_arrests_bring_sellers_of_their_own_stage_into_custody(begun) -> None:
    brief = altered(begun, federal_years_served=1.0, selling_years_served=1.0)
    found, alone = at_the_end(brief, organised_crime=3000.0), at_the_end(brief)
    for stage, arrests in zip(Stages._fields, found.arrests, strict=True):
        held = brief.parameters[f"sentenced_{stage}"] * arrests * last(brief.drivers.fentanyl_share)
        np.testing.assert_allclose(getattr(found.pressed.sellers, stage), held, 1e-3, err_msg=stage)
    more = np.array(found.arrests) / alone.arrests
    assert more[1].max() > 1.05
    np.testing.assert_allclose(more[[0, 2]], 1)


def test_custody_by_offence(begun) -> None:
    """Entry rises with arrests at retail, stays with sentences; other offences follow neither."""
    p = begun.parameters
    end = at_the_end(begun, drug_units=3000.0, sentence_possession=0.5, sentence_selling=0.2)
    found, arrests = end.pressed, end.arrests.retail
    assert np.any(arrests > 1.05)
    chance = 1.5 ** p["possession_custody_elasticity"]
    possession = p["possession_arrest_rate"] * p["possession_custody_share"] * arrests * chance
    # arrests stay at their last count
    np.testing.assert_allclose(found.entry.possession, possession)
    np.testing.assert_allclose(found.entry.selling, p["selling_custody_rate"] * arrests)
    np.testing.assert_allclose(found.entry.other, p["other_custody_rate"])
    for row, offence, longer in zip(found.release, Offences._fields, (1.5, 1.2, 1), strict=True):
        np.testing.assert_allclose(row, 1 / (p[f"{offence}_years_served"] * longer))


def test_the_iron_law_follows_arrests_and_time_served_over_all_stages(begun) -> None:
    strong = altered(begun, iron_law_exponent=0.2)
    found = at_the_end(strong, drug_units=3000.0, port_officers=2000.0, sentence_selling=0.5)
    border, wholesale, retail = found.arrests
    punishment = (border + 1.5 * wholesale + 1.5 * retail) / 3
    np.testing.assert_allclose(found.pressed.iron, punishment**0.2)


@pytest.mark.parametrize("money", [3000.0, -1000.0])
def test_overdoses_rise_and_fall_with_arrests_at_retail(begun, money: float) -> None:
    harmful = altered(begun, local_harm=0.1, effect_exponent_internal=0.4)
    found = at_the_end(harmful, drug_units=money)
    arrests = found.arrests.retail
    assert np.all(money * (arrests - 1) > 0)
    harm = last(begun.drivers.circumstances) * (1 + 0.1 * (arrests - 1))
    np.testing.assert_allclose(found.pressed.circumstances, harm)


def test_in_the_record_costs_potency_and_harm_follow_their_observed_trend(begun) -> None:
    """Whatever arrests do; where people and lanes go, they do follow them."""
    harmful = altered(begun, local_harm=0.1, iron_law_exponent=0.2).future
    spent = dict.fromkeys(("drug_units", "port_officers", "organised_crime"), 9000.0)
    levers = dict.fromkeys(load_programmes(), 0.0) | spent
    d, stocks = simulation._at(begun.drivers, 0), begun.past.stocks
    found, later = (
        month.press(harmful._replace(projected=now), d, SimpleNamespace(**levers), stocks)
        for now in (0.0, 1.0)
    )
    np.testing.assert_array_equal(found.premium, 1)
    np.testing.assert_array_equal(found.iron, 1)
    np.testing.assert_array_equal(found.circumstances, d.circumstances)
    for name in ("premium", "iron", "circumstances"):
        apart = np.not_equal(getattr(later, name), getattr(found, name))
        assert np.all(np.any(apart, axis=-1)), name
    np.testing.assert_array_equal(later.seized, found.seized)
    np.testing.assert_array_equal(later.entry, found.entry)


# --- capacity -------------------------------------------------------------------------------------


def test_a_power_vacuum_makes_production_cheaper(begun) -> None:
    more = intensity(begun, "cartel_operations", "abroad", 3000.0) - 1
    assert more.max() > 1  # as cheap as it gets: twice today's operations
    by_hand = 1 - begun.parameters["vacuum_cheaper_handling"] * np.minimum(more, 1)
    found = at_the_end(begun, cartel_operations=3000.0, organised_crime=3000.0).pressed
    np.testing.assert_allclose(found.cheaper, by_hand, 1e-5)
    alone = at_the_end(begun, organised_crime=3000.0).pressed
    np.testing.assert_array_equal(alone.cheaper, 1)


def test_entrants_of_a_power_vacuum_rebuild_production_and_nothing_else(begun) -> None:
    p, f = begun.parameters, begun.future._replace(dt=0.1)
    more = STEADY._replace(precursor_control=1.4, cartel_operations=1.6, organised_crime=1.8)
    entrants = 1 - p["vacuum_faster_recovery"] * 0.6
    shock = -np.log(1 - p["shock_depth"]) / (p["shock_decline_months"] / 12)
    rows = (
        (12 / p["source_substitution_months"], p["shock_precursor_share"] * shock * 0.4),
        (12 / p["recovery_months_production"] / entrants, p["knockdown_cartel_operations"] * 0.6),
        (12 / p["recovery_months_distribution"], p["knockdown_organised_crime"] * 0.8),
    )
    now = Capacity(0.9, 0.8, 0.7)
    found = supply.capacities_next(f, now, more)
    for before, after, (recovery, lost) in zip(now, found, rows, strict=True):
        rest, kept = recovery / (recovery + lost), np.exp(-0.1 * (recovery + lost))
        np.testing.assert_allclose(after, rest + (before - rest) * kept)


def test_capacity_goes_on_from_step_to_step_and_a_step_has_the_mean_of_its_bounds(begun) -> None:
    middle = []
    halfway = supply.halfway
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(supply, "halfway", lambda *two: middle.append(halfway(*two)) or middle[-1])
        found = path(begun, 3, organised_crime=3000.0)
    p, before = begun.parameters, np.ones(DRAWS)
    for step, within in zip(found, middle, strict=True):
        more = intensity(begun, "organised_crime", "internal", step.levers.organised_crime) - 1
        recovery = 12 / p["recovery_months_distribution"]
        hazard = recovery + p["knockdown_organised_crime"] * more
        rest = recovery / hazard
        after = rest + (before - rest) * np.exp(-hazard / 12)
        np.testing.assert_allclose(step.pressed.capacity.distribution, after)
        np.testing.assert_allclose(within.distribution, (before + after) / 2)
        before = after
    assert np.any(before < 0.999)


def test_a_step_has_the_mean_of_the_lanes_and_sellers_at_its_bounds(begun) -> None:
    quick = altered(
        begun,
        displacement_half_life_months=0.5,
        effect_exponent_internal=0.8,
        spending_lag_years=0.5,
    )
    found = path(quick, 1, drug_units=8000.0)[0].pressed
    before, a = begun.past.stocks, begun.past.anchors
    lanes = (np.array(before.weights[6:]) + np.array(found.weights[6:])) / 2
    hazards = np.array([np.broadcast_to(each, DRAWS) for each in a.hazards[6:]])
    hazards[0] *= intensity(quick, "drug_units", "internal", 4000 * (1 - np.exp(-1 / 6)))
    by_hand = np.sum(lanes * (1 - np.exp(-hazards)), axis=0)
    np.testing.assert_allclose(found.seized.retail, by_hand)
    assert np.abs(np.array(found.weights) / np.array(before.weights) - 1).max() > 0.01
    held = np.sum([*before.sellers, *found.sellers], axis=0) / 2
    work = quick.work._replace(drivers=quick.work.drivers[:, :1])
    names = tuple(load_programmes())
    planned = np.array([8000.0 if name == "drug_units" else 0.0 for name in names])
    flows, _ = runs.run(work._replace(planned=planned[None, None, :]), names)
    np.testing.assert_allclose(flows["custody_seller_years"][0, 0], held * quick.dt)
