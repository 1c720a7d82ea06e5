"""Results, comparison, verdict, posterior and calibration."""

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import simlib
from simlib.inputs.parameters import load_parameters
from simlib.inputs.policy import Policy
from simlib.inputs.posterior import shipped_posterior
from simlib.results import quantiles
from simlib.study import build
from simlib.study.runs import Settings

BASELINE = Path(__file__).with_name("baseline.json")


@pytest.fixture(scope="module")
def found():
    policies = [None, *(simlib.load_policy(n) for n in ("border_surge", "article_proposal"))]
    return simlib.simulate(policies, draws=200)


def test_quantiles_are_numpys() -> None:
    values = np.random.default_rng(1).normal(size=(3, 4, 101))
    q = (0.05, 0.5, 0.95)
    np.testing.assert_allclose(quantiles(values, q), np.quantile(values, q, axis=-1), rtol=1e-5)


def test_unknown_outcome_is_answered_in_words(found) -> None:
    with pytest.raises(simlib.InputError, match="deaths_fentanyl"):
        found.yearly("deaths_fentanil")


def test_table(found) -> None:
    table = found.to_frame("deaths_fentanyl")
    assert list(table.columns) == ["year", "policy", "q05", "q25", "q50", "q75", "q95"]
    assert len(table) == 22 * 3
    assert table["q05"].le(table["q95"]).all()


def test_identity_of_kilograms(found) -> None:
    made, used = found.yearly("produced_kg"), found.yearly("consumed_kg")
    for stage in ("border", "wholesale", "retail"):
        used = used + found.yearly(f"seized_{stage}_kg")
    assert made.sum(axis=0) == pytest.approx(used.sum(axis=0), rel=0.02)  # the rest is in stock


def test_two_calls_equal_one_pass(found) -> None:
    apart = simlib.compare(simlib.simulate(draws=200), simlib.simulate("border_surge", draws=200))
    together = simlib.compare(found, policy="border_surge")
    np.testing.assert_allclose(apart.averted, together.averted, atol=1e-6)


def test_net_benefit_by_one_value_only(found) -> None:
    compared = simlib.compare(found, policy="border_surge")
    assert compared.net_benefit_musd("vsl").mean() != compared.net_benefit_musd("qaly").mean()
    with pytest.raises(simlib.InputError, match="vsl"):
        compared.net_benefit_musd("both")


def test_posterior_belongs_to_the_rows() -> None:
    posterior, rows = shipped_posterior(), load_parameters()
    assert set(posterior.values) == set(build.informed(rows))
    for name, values in posterior.values.items():
        assert values.min() >= rows[name].low * (1 - 1e-6) - 1e-6, name
        assert values.max() <= rows[name].high * (1 + 1e-6) + 1e-6, name
    assert "December 2024" in posterior.about["data_vintage"]


def test_the_rebuild_command_has_the_settings_of_the_shipped_posterior() -> None:
    about, settings = shipped_posterior().about, Settings()._asdict()
    assert {name: about[name] for name in settings} == settings


def test_stored_baseline(found) -> None:
    """To accept changed numbers: SIMLIB_REWRITE=1, and a line under Results change."""
    numbers = {}
    years = list(found.years)
    for year in (2016, 2022, 2024, 2027, 2030, 2034):
        for outcome in ("deaths_fentanyl", "consumed_kg", "price_pure"):
            value = np.median(found.yearly(outcome)[years.index(year), 0])
            numbers[f"{outcome} {year}"] = float(value)
    for name in found.policies[1:]:
        summary = simlib.compare(found, policy=name).summary()
        for key in ("deaths_averted", "prison_years", "cost_per_death_averted_usd"):
            numbers[f"{name} {key}"] = summary[key]
    if os.environ.get("SIMLIB_REWRITE"):
        BASELINE.write_text(json.dumps(numbers, indent=1) + "\n")
    stored = json.loads(BASELINE.read_text())
    assert numbers == pytest.approx(stored, rel=1e-6)


def test_the_baseline_would_notice(found) -> None:
    stored = json.loads(BASELINE.read_text())
    other = simlib.simulate(draws=200, seed=2)
    i = list(other.years).index(2030)
    moved = np.median(other.yearly("deaths_fentanyl")[i, 0])
    assert moved != pytest.approx(stored["deaths_fentanyl 2030"], rel=1e-6)


def test_a_policy_made_of_halves_equals_the_whole() -> None:
    half = Policy.constant("half", {"treatment": 500.0})
    whole = Policy.constant("whole", {"treatment": 1000.0})
    both = replace(half + half, name="both")
    run = simlib.simulate([None, whole, both], draws=20)
    values = run.yearly("deaths_fentanyl")
    np.testing.assert_allclose(values[:, 1], values[:, 2], rtol=1e-12)


def test_pairs_need_the_same_steps_and_the_same_posterior() -> None:
    about = {"draws": 20, "until": 2027}
    monthly = simlib.simulate(**about)
    with pytest.raises(simlib.InputError, match="steps_per_year"):
        simlib.compare(monthly, simlib.simulate(**about, steps_per_year=24))
    one = shipped_posterior().only("all_together")
    with pytest.raises(simlib.InputError, match="posterior"):
        simlib.compare(monthly, simlib.simulate(**about, posterior=one))
    assert not simlib.compare(monthly, simlib.simulate(**about)).averted.any()


def test_what_the_next_call_has_too_cannot_be_written() -> None:
    mine = simlib.simulate(draws=7, until=2026, seed=99)
    deaths = [part["deaths_fentanyl"] for part in (mine.history, mine.projection)]
    for shared in (mine.parameters["vsl"], *deaths):
        with pytest.raises(ValueError, match="read-only"):
            shared[:] = 0


def test_a_rate_of_nothing_discounts_nothing(found) -> None:
    compared = simlib.compare(found, policy="border_surge")
    for rate in (0, 0.0):
        np.testing.assert_array_equal(compared.discounted("qalys", rate), compared.total("qalys"))


@pytest.mark.parametrize("q", [(2,), (-1,), (float("nan"),), ("x",), 5, None, ()])
def test_shares_that_are_none_are_refused(found, q) -> None:
    for call in (found.quantiles, found.to_frame):
        with pytest.raises(simlib.InputError, match="q: "):
            call("deaths_fentanyl", q)


def test_each_quantile_has_a_column_of_its_own(found) -> None:
    q = (0.001, 0.002, 0.025, 0.5, 1)
    columns = found.to_frame("deaths_fentanyl", q).columns
    assert list(columns)[2:] == ["q00.1", "q00.2", "q02.5", "q50", "q100"]
