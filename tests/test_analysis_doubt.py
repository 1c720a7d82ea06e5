"""Sensitivity, discovery, information and structure, on problems whose answers are known."""

import numpy as np
import pytest
from scipy.stats import norm

from simlib import world
from simlib.analysis import (
    adaptive,
    believe,
    discovery,
    information,
    runs,
    sensitivity,
    structure,
    themes,
)
from simlib.errors import InputError
from simlib.inputs.observed import load_observed
from simlib.inputs.parameters import load_parameters
from simlib.inputs.policy import Policy
from simlib.inputs.posterior import shipped_posterior
from simlib.results import OUTCOMES
from simlib.simulation import simulate
from simlib.strategies import Strategy, equal_money

BORDER = Strategy("border", "Border", {"port_scanning": 1, "port_officers": 3})
INTERNAL = Strategy("internal", "Internal", {"drug_units": 1, "organised_crime": 1})
BOTH = (BORDER, INTERNAL)


# --- sensitivity ------------------------------------------------------------------------------


def ishigami(positions: np.ndarray) -> np.ndarray:
    x = (2 * positions - 1) * np.pi
    return np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])


def test_ishigami() -> None:
    """Textbook values: first order 0.3139, 0.4424, 0; total 0.5576, 0.4424, 0.2437."""
    found = sensitivity.sobol(ishigami, ["one", "two", "three"], points=2048)
    assert found.names == ("one", "two", "three")
    assert found.total == pytest.approx([0.5576, 0.4424, 0.2437], abs=0.02)
    assert found.first == pytest.approx([0.3139, 0.4424, 0.0], abs=0.03)
    assert np.all(np.abs(found.first - [0.3139, 0.4424, 0]) <= 1.5 * found.first_within)


def test_sobol_g() -> None:
    """First-order indices of the g-function: V_i = 1 / (3 (1 + a_i)^2), V = prod(1 + V_i) - 1."""
    a = np.array([0.0, 1.0, 4.5, 9.0])

    def g(positions: np.ndarray) -> np.ndarray:
        return np.prod((np.abs(4 * positions - 2) + a) / (1 + a), axis=-1)

    part = 1 / (3 * (1 + a) ** 2)
    found = sensitivity.sobol(g, ["a", "b", "c", "d"], points=2048)
    assert found.names == ("a", "b", "c", "d")
    assert found.first == pytest.approx(part / (np.prod(1 + part) - 1), abs=0.03)


def test_grouped_inputs_are_one_factor() -> None:
    found = sensitivity.sobol(ishigami, ["x", "y", "z"], ["xz", "y", "xz"], points=1024)
    assert dict(zip(found.names, found.total, strict=True)) == pytest.approx(
        {"xz": 0.5576, "y": 0.4424}, abs=0.03
    )


def test_sobol_refuses_what_it_cannot_do() -> None:
    with pytest.raises(InputError, match="power of two"):
        sensitivity.sobol(ishigami, ["a", "b", "c"], points=100)
    with pytest.raises(InputError, match="never varies"):
        sensitivity.sobol(lambda x: np.ones(len(x)), ["a", "b"], points=4)
    with pytest.raises(InputError, match="outcome: 16 of 16 runs give no finite number"):
        sensitivity.sobol(lambda x: np.full(len(x), np.nan), ["a", "b"], points=4)


@pytest.mark.parametrize("total", [0, -1, np.nan, "1000"])
def test_money_that_is_none_is_refused(total: float) -> None:
    said = "total_musd: .* is not above 0 million USD a year"
    with pytest.raises(InputError, match=said):
        sensitivity.tornado(BOTH, total, ["vsl"], draws=4)
    with pytest.raises(InputError, match=said):
        sensitivity.gap_at(BOTH, total, runs.sample(4))
    with pytest.raises(InputError, match=said):
        discovery.futures(BOTH, total, draws=4)


def test_a_factor_moves_its_parameters_only() -> None:
    names = ("demand_elasticity", "pass_through_weight")
    positions = np.array([[0.1, 0.5, 0.25], [0.9, 0.5, 0.25]])
    found = sensitivity.sample_at(positions, names).parameters
    row = load_parameters()["demand_elasticity"]
    assert found["demand_elasticity"] == pytest.approx(row.quantile(np.array([0.1, 0.9])))
    assert all(np.ptp(v) == 0 for name, v in found.items() if name != "demand_elasticity")


def test_the_effect_of_border_money_swings_the_difference_upwards() -> None:
    names = ("effect_exponent_border", "qaly_other")
    first, last = sensitivity.tornado(BOTH, 1000, names, draws=16)
    assert first.name == "effect_exponent_border"
    assert first.high > first.low
    assert last.high == last.low  # what a year is worth saves nobody


def test_every_free_parameter_has_a_theme() -> None:
    rows, joint = load_parameters(), shipped_posterior().values
    free = {n for n in believe.assumptions() if rows[n].distribution != "fixed"} - set(joint)
    assert set(themes.free_parameters()) == free
    assert all(themes.members(theme) for theme in themes.THEMES)


# --- scenario discovery -----------------------------------------------------------------------


def test_a_planted_region_is_found_and_said() -> None:
    rng = np.random.default_rng(3)
    x = {"demand_elasticity": rng.random(4000), "vsl": rng.random(4000)}
    inside = (x["demand_elasticity"] > 0.7) & (x["vsl"] <= 0.4)
    best = discovery.rules(x, inside ^ (rng.random(4000) < 0.05))[0]
    assert best.conditions["demand_elasticity"] == pytest.approx((0.7, np.inf), abs=0.02)
    assert best.conditions["vsl"] == pytest.approx((-np.inf, 0.4), abs=0.02)
    assert best.chance == pytest.approx(0.95, abs=0.03)
    assert best.futures == pytest.approx(0.12, abs=0.02)
    said = best.sentence("It holds")
    assert said.startswith(f"It holds in {100 * best.chance:.0f} % of the futures where ")
    assert load_parameters()["vsl"].label in said


def test_no_rule_is_praised_for_luck() -> None:
    rng = np.random.default_rng(4)
    x = {name: rng.random(1000) for name in ("vsl", "demand_elasticity", "prison_cost")}
    found = discovery.rules(x, rng.random(1000) < 0.3)
    weights = [rule.futures for rule in found]
    assert np.average([rule.chance for rule in found], weights=weights) == pytest.approx(
        0.3, abs=0.06
    )
    assert found[0].chance < 0.55


def test_a_rule_without_conditions_says_that_none_was_found() -> None:
    true = np.tile([True, False], 200)
    (rule,) = discovery.rules({"vsl": np.ones(400)}, true)
    assert rule.conditions == {}
    said = rule.sentence("border wins")
    assert said.startswith(f"border wins in {100 * rule.chance:.0f} % of all futures; ")
    assert said.endswith("no condition was found that tells these futures apart.")


def test_rules_need_both_kinds() -> None:
    with pytest.raises(InputError, match="nothing to find out"):
        discovery.rules({"vsl": np.arange(9.0)}, np.ones(9, dtype=bool))


# --- value of information ---------------------------------------------------------------------


def gain(mean: float, sd: float) -> float:
    """Expected value of knowing a normal net gain before choosing between it and nothing."""
    return sd * norm.pdf(mean / sd) - abs(mean) * norm.cdf(-abs(mean) / sd)


@pytest.fixture(scope="module")
def toy() -> tuple[np.ndarray, dict[str, np.ndarray]]:
    normal = np.random.default_rng(5).standard_normal((3, 4000))
    normal = (normal - normal.mean(-1, keepdims=True)) / normal.std(-1, keepdims=True)
    known = {"a": 2 * normal[0], "b": normal[1], "idle": normal[2]}
    return np.stack([np.zeros(4000), 0.5 + known["a"] + known["b"]]), known


def test_perfect_information(toy: tuple[np.ndarray, dict[str, np.ndarray]]) -> None:
    found = information.perfect(toy[0])
    assert found.value == pytest.approx(gain(0.5, 5**0.5), abs=3 * found.error)
    assert found.changed == pytest.approx(norm.cdf(-0.5 / 5**0.5), abs=0.03)


@pytest.mark.parametrize(("name", "sd"), [("a", 2.0), ("b", 1.0)])
def test_partial_information(
    toy: tuple[np.ndarray, dict[str, np.ndarray]], name: str, sd: float
) -> None:
    found = information.partial(toy[0], {name: toy[1][name]}, name)
    assert found.value == pytest.approx(gain(0.5, sd), abs=3 * found.error + 0.01)


def test_knowing_what_does_not_matter_is_worth_nothing(
    toy: tuple[np.ndarray, dict[str, np.ndarray]],
) -> None:
    assert information.partial(toy[0], {"idle": toy[1]["idle"]}, "idle").value < 0.01


def test_a_part_is_never_worth_more_than_the_whole() -> None:
    """Knowing x is knowing everything, and a smooth fit overshoots the jump of a few draws."""
    x = np.random.default_rng(1).normal(size=2000)
    values = np.stack([np.zeros(2000), np.where(x > 2, 100, -1.0)])
    whole, part = information.perfect(values), information.partial(values, {"x": x}, "x")
    assert (part.value, part.error, part.about) == (whole.value, whole.error, "x")


# --- structure --------------------------------------------------------------------------------


def test_the_law_of_total_variance_by_hand() -> None:
    """Two rules 10 apart, parameters of variance 4, noise of variance 9."""
    rng = np.random.default_rng(6)
    parameters, noise = 2 * rng.standard_normal(20000), 3 * rng.standard_normal((2, 20000, 2))
    values = np.array([0.0, 10.0])[:, None, None] + parameters[:, None] + noise
    found = structure.take_apart(values, np.full(20000, "one"))
    assert found.variance == pytest.approx(38, rel=0.03)
    assert found.structure == pytest.approx(25 / 38, abs=0.02)
    assert found.parameters == pytest.approx(4 / 38, abs=0.02)
    assert found.noise == pytest.approx(9 / 38, abs=0.02)


def test_labels_are_structure_too() -> None:
    labels = np.repeat(["shock", "scanning"], 500)
    values = np.where(labels == "shock", 1.0, 3.0)[None, :, None] * np.ones((1, 1, 2))
    assert structure.take_apart(values, labels) == structure.Shares(1.0, 1.0, 0.0, 0.0)


# --- maps -------------------------------------------------------------------------------------


def test_draws_of_an_analysis_are_those_of_simulate() -> None:
    policies, _ = equal_money(BOTH, 1000)
    ensemble = simulate([None, *policies], draws=12, seed=4)
    found = runs.run([Policy("status_quo"), *policies], runs.sample(12, 4))
    assert np.array_equal(runs.totals(ensemble, runs.DEATHS), runs.totals(found, runs.DEATHS))


@pytest.mark.parametrize("prior", [False, True])
def test_every_outcome_of_an_analysis_is_that_of_simulate(prior: bool) -> None:
    """Seizures of the record too, which draws of a posterior know and those of the prior do not."""
    ensemble = simulate(draws=12, prior=prior)
    chosen = runs.take(runs.sample(12, prior=prior), slice(None))
    found = runs.run([Policy("status_quo")], runs.at(chosen, [{}]))
    for name in OUTCOMES:
        assert np.array_equal(ensemble.yearly(name), found.yearly(name)), name


def test_draws_and_years_are_checked_as_in_simulate() -> None:
    for given in ((0, 1), (5, -1), (2.5, 1)):
        with pytest.raises(InputError, match="is not a whole number from"):
            runs.sample(*given)
    with pytest.raises(InputError, match="until: 0 is not a whole number from 2025 to 2050"):
        runs.run([Policy("status_quo")], runs.sample(2), until=0)


@pytest.mark.parametrize(
    ("years", "said"),
    [
        ([2029.0, 2030.0], "is no list of whole years"),
        (np.array([]), "is no list of whole years; allowed: one or more"),
        ([2029, 2031], "must follow each other"),
        ([2034, 2035], "must not be after 2034, the last projected year"),
    ],
)
def test_years_of_a_switch_that_cannot_be_used_are_refused(years: list[int], said: str) -> None:
    (first, second), _ = equal_money(BOTH, 1000)
    with pytest.raises(InputError, match=said):
        adaptive.adapt(first, second, adaptive.Trigger("price_pure", 0.1), years=years, draws=2)


def test_years_of_a_switch_may_be_an_array() -> None:
    (first, second), _ = equal_money(BOTH, 1000)
    trigger = adaptive.Trigger("price_pure", -9)
    as_array = adaptive.adapt(first, second, trigger, years=np.arange(2029, 2031), draws=2)
    as_list = adaptive.adapt(first, second, trigger, years=[2029, 2030], draws=2)
    assert np.array_equal(as_array.averted, as_list.averted)
    assert as_array.switched.tolist() == as_list.switched.tolist() == [2029, 2029]


def test_the_winner_flips_across_the_map() -> None:
    axes = "effect_exponent_border", "effect_exponent_internal"
    found = believe.break_even(*axes, BOTH, 2000, steps=3, draws=6)
    gap = found.found.gap.reshape(3, 3)
    assert np.all(np.diff(gap, axis=0) >= 0)  # border money works better: border gains
    assert np.all(np.diff(gap, axis=1) <= 0)
    assert gap[-1, 0] > 0 > gap[0, -1]
    assert found.weight.sum() == pytest.approx(1)
    assert found.weight.reshape(3, 3)[1, 1] == found.weight.max()  # triangular priors peak inside


def test_money_is_equal_at_every_point() -> None:
    """Programme money shrinks where arrests fill more prisons."""
    points = [{"effect_exponent_internal": exponent} for exponent in (-0.2, 0.8)]
    policies, scale = believe.equal_scale(BOTH, 1000, runs.sample(8), points)
    assert scale[1] == pytest.approx([1, 1], abs=0.01)
    assert scale[2, 0] == 1
    assert 0.5 < scale[2, 1] < 0.95
    spread = np.repeat(scale, 8, axis=-1)
    chosen = runs.at(runs.sample(8), points)
    found = runs.summed(policies, chosen, ["programme_spending_musd", "prison_cost_musd"], spread)
    years = 9  # 2027 ramps up, on average half of it, then eight full years
    spent = sum(found.values())
    added = (spent - spent[0]).reshape(3, 2, 8).mean(-1)[2]
    assert added == pytest.approx([1000 * (years - 0.5)] * 2, rel=0.05)


def test_a_map_names_every_fault() -> None:
    with pytest.raises(InputError) as raised:
        believe.break_even("demand_elastic", "demand_elastic", BOTH, 0, steps=1)
    assert len(raised.value.messages) == 5
    assert "demand_elasticity" in str(raised.value)


def test_positions_and_values_are_inverse() -> None:
    for name in ("demand_elasticity", "budget_drug_units"):
        row = load_parameters()[name]
        at = np.array([0.0, 0.3, 1.0])
        assert believe.place(row, believe.value_at(row, at)) == pytest.approx(at)


def test_watching_can_stop_a_map() -> None:
    def stop(share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        believe.break_even("vsl", "kit_cost", BOTH, 100, steps=2, draws=2, watch=stop)


def test_a_draw_does_not_depend_on_its_neighbours() -> None:
    """Not even on the first: the middle of a sample, run alone, gives the same numbers."""
    chosen, quo = runs.sample(6), [Policy("status_quo")]
    together = runs.run(quo, chosen).yearly(runs.DEATHS)[..., 3:]
    alone = runs.run(quo, runs.take(chosen, slice(3, None))).yearly(runs.DEATHS)
    assert np.array_equal(together, alone)


def test_a_progress_bar_reaches_its_end(capsys: pytest.CaptureFixture[str]) -> None:
    watch = runs.progress("map")
    runs.summed([Policy("status_quo")], runs.sample(2), [runs.DEATHS], watch=watch)
    assert "map 100 %" in capsys.readouterr().err


def test_other_noise_spreads_as_far_as_the_draws_own() -> None:
    """Beyond the record too, where the error drifts; at its end both pass through the residual."""
    base = runs.sample(400)
    other, last = structure._other_error(base, 2), world.record_quarters(load_observed())
    assert other[last - 1] == pytest.approx(base.error[last - 1])
    assert not np.allclose(other, base.error)
    later = slice(last + 20, last + 40)
    assert other[later].std() == pytest.approx(base.error[later].std(), rel=0.15)
