"""Results, comparison, verdict, posterior and calibration."""

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import simlib
from simlib.compare import Comparison
from simlib.inputs.observed import load_observed
from simlib.inputs.parameters import load_parameters
from simlib.inputs.policy import Policy
from simlib.inputs.posterior import read_posterior, shipped_posterior
from simlib.results import quantiles
from simlib.study import build, likelihood, sampler
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


def test_comparing_different_draws_is_refused(found) -> None:
    with pytest.raises(simlib.InputError, match="seed"):
        simlib.compare(found, simlib.simulate("border_surge", draws=200, seed=9))


def test_two_calls_equal_one_pass(found) -> None:
    apart = simlib.compare(simlib.simulate(draws=200), simlib.simulate("border_surge", draws=200))
    together = simlib.compare(found, policy="border_surge")
    np.testing.assert_allclose(apart.averted, together.averted, atol=1e-6)


def _judged(found, monkeypatch, border: float, internal: float, noise: float = 0.0):
    rng = np.random.default_rng(0)
    by_name = {"border_surge": border, "article_proposal": internal}
    drawn = {name: value + noise * rng.normal(size=200) for name, value in by_name.items()}
    monkeypatch.setattr(Comparison, "averted", property(lambda self: drawn[self.names[1]]))
    return simlib.verdict(found, "border_surge", "article_proposal")


@pytest.mark.parametrize(
    ("border", "internal", "noise", "word"),
    [
        (9e4, 1e4, 0, "border_surge"),
        (1e4, 9e4, 0, "article_proposal"),
        (100, 110, 0, "no difference that matters"),
        (100, 110, 1e5, "cannot tell"),
    ],
)
def test_the_four_verdicts(found, monkeypatch, border, internal, noise, word) -> None:
    judged = _judged(found, monkeypatch, border, internal, noise)
    assert judged.word == word
    assert judged.neither_beats_status_quo == (
        word in ("no difference that matters", "cannot tell")
    )


def test_no_cost_per_death_where_none_is_averted(found, monkeypatch) -> None:
    monkeypatch.setattr(Comparison, "averted", property(lambda self: np.full(200, -1.0)))
    assert simlib.compare(found, policy="border_surge").cost_per_death_averted is None


def test_net_benefit_by_one_value_only(found) -> None:
    compared = simlib.compare(found, policy="border_surge")
    assert compared.net_benefit_musd("vsl").mean() != compared.net_benefit_musd("qaly").mean()
    with pytest.raises(simlib.InputError, match="vsl"):
        compared.net_benefit_musd("both")


def test_payers_add_up(found) -> None:
    compared = simlib.compare(found, policy="article_proposal")
    total = compared.total("programme_spending_musd").mean()
    assert sum(compared.spending_by_payer.values()) == pytest.approx(total)


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


def test_the_shipped_posterior_is_that_of_this_model() -> None:
    """Last residuals computed afresh from its rows are those stored beside them."""
    posterior, observed = shipped_posterior(), load_observed()
    rows = {n: np.full(40, r.value) for n, r in load_parameters().items() if r.group != "lever"}
    p = rows | posterior.take(40)
    past = simlib.simulation.history(p, observed)
    again = likelihood.last_residual(p, past.flows, observed)
    np.testing.assert_allclose(again, posterior.take_residual(40), atol=1e-4)


def test_a_damaged_posterior_is_refused(tmp_path) -> None:
    bad = tmp_path / "bad.npz"
    bad.write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(simlib.InputError, match=r"bad\.npz"):
        read_posterior(bad)


def test_sampler_on_a_known_target() -> None:
    """Prior N(0,1), likelihood N(x; 2, 0.5): posterior mean 1.6, sd 0.447."""

    def log_likelihood(z: np.ndarray) -> np.ndarray:
        return -0.5 * (((z - 2) / 0.5) ** 2).sum(axis=1) - 2 * np.log(0.5 * np.sqrt(2 * np.pi))

    one, two = (
        sampler.sample(log_likelihood, 2, 1500, 8, np.random.default_rng(4)) for _ in range(2)
    )
    np.testing.assert_array_equal(one.scores, two.scores)
    np.testing.assert_allclose(one.scores.mean(axis=0), 1.6, atol=0.06)
    np.testing.assert_allclose(one.scores.std(axis=0), 0.2**0.5, atol=0.05)
    spread = 1.25**0.5
    exact = 2 * (-0.5 * (2 / spread) ** 2 - np.log(spread * np.sqrt(2 * np.pi)))
    assert one.log_evidence == pytest.approx(exact, abs=0.3)


def test_a_tiny_calibration_runs_and_is_reproducible(tmp_path) -> None:
    runs = [
        build.calibrate(load_parameters(), load_observed(), particles=120, moves=1, seed=5)[0]
        for _ in range(2)
    ]
    for name in runs[0].values:
        np.testing.assert_array_equal(runs[0].values[name], runs[1].values[name])
    runs[0].save(tmp_path / "tiny.npz")
    again = read_posterior(tmp_path / "tiny.npz")
    np.testing.assert_allclose(again.residual, runs[0].residual, rtol=1e-6)


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
