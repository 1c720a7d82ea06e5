"""Science tests of the whole model: nothing is lost, both sides are alike, signs are right."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

import simlib
from simlib import model, sampling, simulation, strategies, world
from simlib.observed import load_observed
from simlib.parameters import load_parameters
from simlib.policy import Policy
from simlib.results import OUTCOMES

MONEY_LEVERS = [
    name
    for name, row in load_parameters().select(group="lever").items()
    if row.unit.startswith("million")
]
SENTENCES = ["sentence_possession", "sentence_selling"]
MIXED = Policy.constant("mixed", dict.fromkeys(MONEY_LEVERS, 900.0) | dict.fromkeys(SENTENCES, 0.5))


def run(p: Mapping[str, np.ndarray], policies: list[Policy], years: int = 6, steps: int = 12):
    """History and projection of hand-made draws; returns past and projected state and flows."""
    observed = load_observed()
    past = simulation.history(p, observed, steps_per_year=steps)
    end = world.record_end(observed)
    time = simulation._mid_steps(end, end + years, steps)
    drivers = world.drivers(p, observed, time, np.zeros((len(time), 1)))
    levers = simulation.planned(policies, time)
    state = simulation._spread(past.state, len(policies), levers)
    first = world.Drivers(*(series[0] for series in drivers))
    today = model.today_from(past.state, p, past.anchors, first, 1 / steps)
    after, flows = model.run(state, p, past.anchors, drivers, levers, today, 1 / steps)
    return past, state, after, flows


@pytest.fixture(scope="module")
def prior():
    """200 draws of the prior under the status quo and a policy that moves every lever."""
    p = sampling.draw(load_parameters(), 200, seed=5)
    return run(p, [Policy(name="none"), MIXED])


def test_kilograms_are_conserved(prior) -> None:
    past, before, after, flows = prior
    for part, start, end in (
        (past.flows, 0.0, past.state.stock_kg),
        (flows, before.stock_kg, after.stock_kg),
    ):
        went = sum(
            part[f"{name}_kg"].sum(axis=0)
            for name in ("seized_border", "seized_wholesale", "seized_retail", "consumed")
        )
        made = part["produced_kg"].sum(axis=0)
        np.testing.assert_allclose(went + end - start, made, rtol=1e-9)


def test_people_are_conserved(prior) -> None:
    _, before, after, flows = prior
    entered = flows["entries"].sum(axis=0)
    np.testing.assert_allclose(after.people.total(), before.people.total() + entered, rtol=1e-9)
    for box in (*after.people[:3], *after.people.custody, after.people.remission):
        assert np.all(box >= 0)


def test_everything_stays_finite_and_shares_stay_shares(prior) -> None:
    _, _, after, flows = prior
    for name, values in flows.items():
        assert np.all(np.isfinite(values)), name
        assert name == "entries" or np.all(values >= 0), name
    assert np.all(flows["met_share"] <= 1 + 1e-12)
    assert np.all((after.capacity > 0) & (after.capacity <= 1 + 1e-12))


@pytest.mark.parametrize("outcome", ["deaths_fentanyl", "consumed_kg", "prison_years", "overdoses"])
def test_half_the_step_gives_the_same_answer(outcome: str) -> None:
    policies = [None, MIXED]
    coarse, fine = (
        simlib.simulate(policies, draws=20, until=2030, steps_per_year=steps).yearly(outcome)
        for steps in (12, 24)
    )
    later = slice(2, None)  # a market that begins within a month has no half of it
    apart = np.abs(np.median(coarse / fine, axis=-1) - 1)[later]
    assert apart.max() < 0.01


def test_zero_money_is_the_status_quo_exactly() -> None:
    nothing = Policy.constant("nothing", dict.fromkeys([*MONEY_LEVERS, *SENTENCES], 0.0))
    found = simlib.simulate([None, nothing], draws=20)
    for outcome in OUTCOMES:
        quo, same = found.yearly(outcome)[:, 0], found.yearly(outcome)[:, 1]
        np.testing.assert_array_equal(quo, same, err_msg=outcome)


def _mirrored(**changed: float) -> dict[str, np.ndarray]:
    """Draws in which border and wholesale have the same numbers.

    Not mirrored, because measured: the ladder of prices (so transmission is in proportion, where
    only ratios count) and the lanes of the border (all traffic in one of them).
    """
    p = sampling.draw(load_parameters(), 40, seed=3, posterior=None)
    alike = {
        "scanning_share_of_seizures": 0.0,
        "port_share": 1.0,
        "truck_share": 0.0,
        "wholesale_share_of_domestic": 0.5,
        "pass_through_weight": 1.0,
        "vacuum_faster_recovery": 0.0,
        "vacuum_cheaper_handling": 0.0,
        "knockdown_cartel_operations": 0.0,
        "knockdown_organised_crime": 0.0,
        "sentenced_border": 1000.0,
        "sentenced_wholesale": 1000.0,
    } | changed
    p |= {name: np.full(40, value) for name, value in alike.items()}
    p["border_seized_share"] = 1 - (1 - p["domestic_seized_share"]) ** 0.5
    for border, internal in (
        ("effect_exponent_border", "effect_exponent_internal"),
        ("effect_exponent_abroad", "effect_exponent_internal"),
        ("budget_port_officers", "budget_organised_crime"),
        ("budget_cartel_operations", "budget_organised_crime"),
        ("protected_share_border", "protected_share_wholesale"),
        ("input_ratio_border", "input_ratio_wholesale"),
        ("risk_share_border", "risk_share_wholesale"),
        ("slack_production", "slack_distribution"),
        ("recovery_months_production", "recovery_months_distribution"),
    ):
        p[border] = p[internal]
    return p


def test_mirror_of_seizures_and_arrests() -> None:
    p = _mirrored()
    border = Policy.constant("border", {"port_officers": 3000.0})
    internal = Policy.constant("internal", {"organised_crime": 3000.0})
    *_, flows = run(p, [Policy(name="none"), border, internal])
    quo, one, other = np.moveaxis(flows["deaths_fentanyl"], 1, 0)
    np.testing.assert_allclose(one, other, rtol=1e-9)
    assert np.abs(one - quo).max() > 1


def test_mirror_of_capacity() -> None:
    """Operations abroad and at home, seizures of the latter taken out, knock down alike."""
    p = _mirrored(shock_depth=0.0, domestic_seized_share=1e-6, slack_distribution=1.1)
    p["slack_production"] = p["slack_distribution"]
    p["border_seized_share"] = p["domestic_seized_share"]
    for name in ("knockdown_cartel_operations", "knockdown_organised_crime"):
        p[name] = np.full(40, 1.0)
    abroad = Policy.constant("abroad", {"cartel_operations": 8000.0})
    internal = Policy.constant("internal", {"organised_crime": 8000.0})
    for name in ("punishment_elasticity", "iron_law_exponent", "displacement_strength"):
        p[name] = np.full(40, 1e-9)  # arrests of US networks have no counterpart abroad
    *_, flows = run(p, [Policy(name="none"), abroad, internal])
    quo, one, other = np.moveaxis(flows["consumed_kg"], 1, 0)
    np.testing.assert_allclose(one, other, rtol=1e-3)
    assert np.abs(one / quo - 1).max() > 0.01


def test_both_sides_have_the_same_priors() -> None:
    rows = load_parameters()
    for stem, sides in (
        ("effect_exponent", ("border", "abroad", "internal")),
        ("protected_share", ("border", "wholesale", "retail")),
        ("risk_share", ("border", "wholesale", "retail")),
        ("recovery_months", ("production", "distribution")),
        ("slack", ("production", "distribution")),
        ("knockdown", ("cartel_operations", "organised_crime")),
    ):
        first, *others = (rows[f"{stem}_{side}"] for side in sides)
        for row in others:
            assert (row.value, row.low, row.high, row.distribution) == (
                first.value,
                first.low,
                first.high,
                first.distribution,
            ), row.name


SIGNS = {
    "port_scanning": {"seized_border_kg": 1, "price_pure": 1},
    "port_officers": {"seized_border_kg": 1, "price_pure": 1},
    "between_ports": {"seized_border_kg": 1, "price_pure": 1},
    "border_integrity": {"seized_border_kg": 1, "price_pure": 1},
    "precursor_control": {"produced_kg": -1, "price_pure": 1},
    "cartel_operations": {"produced_kg": -1, "price_pure": 1},
    "drug_units": {"seized_retail_kg": 1, "price_pure": 1, "prison_years": 1},
    "organised_crime": {"seized_wholesale_kg": 1, "price_pure": 1, "prison_years": 1},
    "cyber_units": {"seized_retail_kg": 1, "prison_years": 1},
    "police_integrity": {"seized_wholesale_kg": 1, "seized_retail_kg": 1, "price_pure": 1},
    "sentence_possession": {"prison_years": 1},
    "sentence_selling": {"prison_years": 1, "price_pure": 1},
    "prevention": {"deaths_fentanyl": -1, "people_active": -1},
    "treatment": {"deaths_fentanyl": -1, "people_in_treatment": 1},
    "naloxone": {"deaths_fentanyl": -1, "overdoses": 1},
    "reentry_treatment": {"deaths_fentanyl": -1},
}


@pytest.fixture(scope="module")
def single():
    """Each lever alone, 120 draws."""
    policies = [Policy.constant(n, {n: 0.5 if n in SENTENCES else 1000.0}) for n in SIGNS]
    return simlib.simulate([None, *policies], draws=120)


def test_every_lever_has_its_row_in_the_sign_table() -> None:
    assert set(SIGNS) == set(load_parameters().select(group="lever"))


@pytest.mark.parametrize("lever", SIGNS)
def test_signs(single, lever: str) -> None:
    compared = simlib.compare(single, policy=lever)
    for outcome, sign in SIGNS[lever].items():
        moved = np.median(compared.difference(outcome)[3])
        assert sign * moved > 0, (outcome, moved)
    spent = compared.total("programme_spending_musd").mean()
    assert spent == pytest.approx(0 if lever in SENTENCES else 8500)


ENFORCEMENT = [n for n in SIGNS if n not in ("prevention", "treatment", "naloxone")]


@pytest.mark.parametrize("lever", [n for n in ENFORCEMENT if n in MONEY_LEVERS][:10])
def test_enforcement_averts_nothing_in_some_draws(single, lever: str) -> None:
    averted = simlib.compare(single, policy=lever).averted
    assert np.any(averted <= 0)


def test_longer_possession_sentences_can_help_or_harm() -> None:
    longer = Policy.constant("longer", {"sentence_possession": 0.5})
    averted = simlib.compare(simlib.simulate([None, longer], draws=1000), policy="longer").averted
    assert averted.min() < 0 < averted.max()


@pytest.mark.parametrize(
    ("levers", "assumptions"),
    [
        ({}, {"border_seized_share": 0.02, "domestic_seized_share": 0.08}),
        ({"port_scanning": 20000.0, "port_officers": 20000.0}, {"effect_exponent_border": 0.8}),
        (dict.fromkeys(MONEY_LEVERS, 20000.0), {"budget_scale": 0.5}),
        ({n: load_parameters()[n].low for n in MONEY_LEVERS}, {}),
        ({"treatment": 20000.0}, {"treatment_reach": 0.9}),
        ({"naloxone": -100.0}, {"naloxone_efficiency": 0.00033}),
        ({}, {"shock_depth": 0.8, "shock_recovery_months": 480}),
        ({}, {"shock_depth": 0.0}),
    ],
)
def test_extremes_stay_sensible(levers: dict[str, float], assumptions: dict[str, float]) -> None:
    policy = Policy.constant("extreme", levers)
    found = simlib.simulate([None, policy], draws=40, assumptions=assumptions)
    for outcome in OUTCOMES:
        assert np.all(np.isfinite(found.yearly(outcome))), outcome
    deaths = found.yearly("deaths_fentanyl")
    assert np.all(deaths >= 2600 - 1e-6)
    assert np.all(deaths < 500_000)


def test_the_record_lies_within_the_bands() -> None:
    found = simlib.simulate()
    low, _, middle, _, high = found.quantiles("deaths_fentanyl")[:, :, 0]
    counted = load_observed().yearly("deaths_synthetic_opioids")
    for i, year in enumerate(found.years[:12]):
        assert low[i] <= counted[year] <= high[i], year
        if year >= 2016:
            assert abs(middle[i] / counted[year] - 1) < 0.1, year
            assert low[i] > 0.75 * middle[i], year
            assert high[i] < 1.25 * middle[i], year


def test_comovement() -> None:
    """2019-23 seizures and deaths rose while the price fell; then deaths and flow fell."""
    found = simlib.simulate(draws=300)
    years = list(found.years)

    def ratio(outcome: str, late: int, early: int) -> float:
        values = found.yearly(outcome)[:, 0]
        return float(np.median(values[years.index(late)] / values[years.index(early)]))

    assert ratio("deaths_fentanyl", 2022, 2019) > 1.5
    assert ratio("seized_border_kg", 2023, 2019) > 2
    assert ratio("price_pure", 2022, 2019) < 0.75
    assert ratio("deaths_fentanyl", 2024, 2023) < 0.85
    assert ratio("produced_kg", 2024, 2023) < 0.95
    assert ratio("price_street", 2024, 2023) < 1.3


def test_same_seed_same_numbers_and_another_differs() -> None:
    one, two = (simlib.simulate(draws=30).yearly("deaths_fentanyl") for _ in range(2))
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, simlib.simulate(draws=30, seed=2).yearly("deaths_fentanyl"))


def test_a_draw_is_the_same_alone_and_among_a_thousand() -> None:
    few = simlib.simulate(draws=3).yearly("deaths_fentanyl")
    many = simlib.simulate(draws=1000).yearly("deaths_fentanyl")
    np.testing.assert_allclose(few, many[..., :3], rtol=1e-12)


def test_adding_a_parameter_moves_no_other_draw() -> None:
    rows = load_parameters()
    extra = replace(rows["demand_elasticity"], name="extra")
    more = simlib.parameters.Parameters([extra, *rows.values()])
    before, after = sampling.draw(rows, 50), sampling.draw(more, 50)
    for name, values in before.items():
        np.testing.assert_array_equal(values, after[name])
    assert not np.array_equal(after["extra"], after["demand_elasticity"])


def test_model_error_ends_at_the_residual() -> None:
    residual = np.array([0.1, -0.2])
    path = sampling.model_error(np.full(2, 0.1), np.full(2, 0.7), 1, residual, 47)
    np.testing.assert_allclose(path[47], residual)
    free = sampling.model_error(np.full(4000, 0.1), np.full(4000, 0.7), 1)
    assert np.std(free[60]) == pytest.approx(0.1, rel=0.1)


class Recorder(dict):
    """Draws that remember which of them were read."""

    def __init__(self, draws: Mapping[str, np.ndarray]) -> None:
        super().__init__(draws)
        self.read: set[str] = set()

    def __getitem__(self, name: str) -> np.ndarray:
        self.read.add(name)
        return super().__getitem__(name)


def test_every_parameter_row_is_read() -> None:
    from simlib.calibration import likelihood
    from simlib.results import Ensemble

    p = Recorder(sampling.draw(load_parameters(), 8))
    past, _, _, flows = run(p, [Policy(name="none"), MIXED])
    time = simulation._mid_steps(2025, 2031, 12)
    levers = simulation.planned([Policy(name="none"), MIXED], time)
    drivers = world.drivers(p, load_observed(), time, np.zeros((len(time), 1)))
    flows |= simulation._described(drivers, 1 / 12)
    flows |= simulation.spending([Policy(name="none"), MIXED], levers, p, time, 1 / 12)
    sampling.model_error(p["model_error_sd"], p["model_error_correlation"], 1)
    ensemble = Ensemble(("none", "mixed"), past.flows, flows, p)
    for outcome in OUTCOMES:
        ensemble.yearly(outcome)
    compared = simlib.compare(ensemble, policy="mixed")
    compared.net_benefit_musd("vsl"), compared.net_benefit_musd("qaly")
    simlib.verdict(ensemble, "none", "mixed")
    assert sum(compared.prison_by_payer.values()) == pytest.approx(
        compared.total("prison_cost_musd").mean()
    )
    assert set(strategies.beyond_record(MIXED, p)) >= {"cyber_units", "police_integrity"}
    likelihood.log_likelihood(p, past.flows, load_observed())
    levers_rows = set(load_parameters().select(group="lever"))
    assert set(load_parameters()) - levers_rows - p.read == set()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"policy": "border_surg"}, "border_surge"),
        ({"draws": 0}, "draws"),
        ({"until": 2051}, "2050"),
        ({"seed": -1}, "seed"),
        ({"assumptions": {"demand_elasticiti": 1.0}}, "demand_elasticity"),
        ({"assumptions": {"demand_elasticity": float("nan")}}, "demand_elasticity"),
        ({"assumptions": {"demand_elasticity": 5.0}}, "0.9"),
        ({"policy": [None, None]}, "differ"),
        ({"policy": Policy.constant("x", {"port_scaning": 1.0})}, "port_scanning"),
        ({"policy": Policy.constant("x", {"port_scanning": -1e6})}, "port_scanning"),
    ],
)
def test_bad_input_is_answered_in_words(arguments: dict, said: str) -> None:
    with pytest.raises((simlib.InputError, KeyError), match=said):
        simlib.simulate(**{"draws": 5} | arguments)


def test_equal_money_adds_up() -> None:
    border = simlib.Strategy("border", "", {"port_scanning": 1, "port_officers": 2})
    internal = simlib.Strategy(
        "internal", "", {"drug_units": 1, "organised_crime": 1}, {"sentence_selling": 0.2}
    )
    policies, shares = simlib.equal_money([border, internal], 3000, draws=100)
    found = simlib.simulate([None, *policies], draws=100)
    for policy in policies:
        compared = simlib.compare(found, policy=policy.name)
        later = compared.years >= 2027
        spent = compared.difference("programme_spending_musd")[later].mean()
        spent += compared.difference("prison_cost_musd")[later].mean()
        assert spent == pytest.approx(3000, rel=0.02)
        assert shares[policy.name].unspent == pytest.approx(0, abs=2)


def test_ten_year_elasticity_of_consumption_to_price(monkeypatch) -> None:
    """A lasting rise of unit cost by a tenth, imposed on one of two equal policies.

    All channels together: current users' intensity, initiation, quitting, shipments.
    """
    from simlib import events

    real = events.unit_cost

    def dearer(*arguments):
        ratio, additive = real(*arguments)
        return ratio * np.array([[1.0], [1.1]]), additive

    monkeypatch.setattr(events, "unit_cost", dearer)
    soon = {"shock_recovery_months": 4}  # in a lasting shortage supply sets the price, not cost
    found = simlib.simulate([None, Policy(name="dearer")], draws=200, assumptions=soon)
    consumed = found.yearly("consumed_kg")[-1]
    price = found.yearly("price_pure")[-1]
    elasticity = np.log(consumed[1] / consumed[0]) / np.log(price[1] / price[0])
    assert np.all(price[1] > price[0] * 1.05)
    low, high = np.quantile(elasticity, (0.05, 0.95))
    assert low >= -1.6
    assert high <= -0.4
