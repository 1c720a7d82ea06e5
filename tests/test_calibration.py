"""Calibration: pieces by hand, the posterior file, and the fit to the record."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

import simlib
from simlib import simulation
from simlib.inputs.observed import load_observed
from simlib.inputs.parameters import load_parameters
from simlib.inputs.posterior import shipped_posterior
from simlib.study import build, likelihood, sampler

ROWS, OBSERVED = load_parameters(), load_observed()


def test_flows_are_summed_over_exactly_their_period() -> None:
    time = 2013 + (np.arange(24) + 0.5) / 12
    flows = {"time": time[:, None, None], "x": np.arange(24.0)[:, None, None]}
    found = likelihood.by_period(flows, "x", np.array([2013, 2014]), np.array([2013.25, 2015]))
    np.testing.assert_allclose(found[:, 0], [0 + 1 + 2, sum(range(12, 24))])
    assert likelihood.mean_over(flows, "x", 2013, 2014) == pytest.approx([5.5])


def test_scores_of_zero_are_medians_and_the_rest_is_central() -> None:
    names = build.informed(ROWS)
    p = build.draws_from(np.zeros((2, len(names))), names, ROWS)
    for name, values in p.items():
        row = ROWS[name]
        np.testing.assert_allclose(values, row.quantile(0.5) if name in names else row.value)


def test_batches_change_nothing(monkeypatch) -> None:
    scores = np.random.default_rng(1).normal(size=(7, 3))
    monkeypatch.setattr(build, "BATCH", 3)
    np.testing.assert_array_equal(build.in_batches(scores, lambda z: z.T), scores.T)


def test_a_worse_draw_is_less_likely() -> None:
    names = build.informed(ROWS)
    joint = shipped_posterior().take(20)
    p = build.draws_from(np.zeros((20, len(names))), names, ROWS) | joint
    good = likelihood.log_likelihood(p, simulation.history(p, OBSERVED).flows, OBSERVED)
    p = p | {"overdose_rate": p["overdose_rate"] * 1.5}
    bad = likelihood.log_likelihood(p, simulation.history(p, OBSERVED).flows, OBSERVED)
    assert np.all(np.isfinite(good))
    assert np.all(bad < good - 5)


def test_terms_add_up() -> None:
    names = build.informed(ROWS)
    p = build.draws_from(np.random.default_rng(2).normal(size=(5, len(names))), names, ROWS)
    flows = simulation.history(p, OBSERVED).flows
    parts = sum(term(p, flows, OBSERVED) for term in likelihood.TERMS.values())
    np.testing.assert_allclose(likelihood.log_likelihood(p, flows, OBSERVED), parts)


def test_sampler_finds_a_correlated_target_and_its_evidence() -> None:
    """Prior N(0, I) times N(x; m, S): mean, spread, correlation and evidence are known."""
    m, s = np.array([1.0, -0.5, 0.0]), np.array([[0.3, 0.2, 0], [0.2, 0.4, 0], [0, 0, 9.0]])
    target = multivariate_normal(m, s)
    found = sampler.sample(target.logpdf, 3, 2000, 8, np.random.default_rng(6))
    covariance = np.linalg.inv(np.linalg.inv(s) + np.eye(3))
    mean = covariance @ np.linalg.solve(s, m)
    np.testing.assert_allclose(found.scores.mean(axis=0), mean, atol=0.06)
    np.testing.assert_allclose(np.cov(found.scores.T), covariance, atol=0.07)
    exact = multivariate_normal(np.zeros(3), s + np.eye(3)).logpdf(m)
    assert found.log_evidence == pytest.approx(exact, abs=0.15)
    assert found.temperatures[0] == 0
    assert found.temperatures[-1] == 1
    assert list(found.temperatures) == sorted(found.temperatures)
    other = sampler.sample(target.logpdf, 3, 2000, 8, np.random.default_rng(7))
    assert not np.array_equal(found.scores, other.scores)


def _possible_above(floor: float):
    return lambda scores: np.where(scores[:, 0] > floor, 0.0, -np.inf)


def test_sampler_survives_impossible_regions() -> None:
    found = sampler.sample(_possible_above(-0.5), 2, 1000, 4, np.random.default_rng(1))
    assert found.scores[:, 0].min() > -0.5
    assert found.log_evidence == pytest.approx(np.log(norm.sf(-0.5)), abs=0.1)
    with pytest.raises(RuntimeError, match="finite likelihood"):
        sampler.sample(_possible_above(99.0), 2, 50, 1, np.random.default_rng(1))


def test_residuals_belong_to_their_rows() -> None:
    """The last residual, stored with a row, is what the history of that row leaves unexplained."""
    posterior, names = shipped_posterior(), build.informed(ROWS)
    p = build.draws_from(np.zeros((30, len(names))), names, ROWS) | posterior.take(30)
    flows = simulation.history(p, OBSERVED).flows
    found = likelihood.last_residual(p, flows, OBSERVED)
    np.testing.assert_allclose(found, posterior.take_residual(30), atol=0.005)
    assert not np.allclose(found, posterior.take_residual(31)[1:], atol=0.005)


def test_the_median_fits_the_record_and_the_prior_does_not() -> None:
    counted = OBSERVED.yearly("deaths_synthetic_opioids")

    def worst(prior: bool) -> float:
        found = simlib.simulate(draws=400, prior=prior)
        middle = np.median(found.yearly("deaths_fentanyl")[:, 0], axis=-1)
        years = [i for i, year in enumerate(found.years) if 2016 <= year <= 2024]
        return max(abs(middle[i] / counted[int(found.years[i])] - 1) for i in years)

    assert worst(prior=False) < 0.1 < worst(prior=True)
