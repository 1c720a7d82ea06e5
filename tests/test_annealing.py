"""The sampler of the main calibration on targets whose answers are known."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from simlib.study import annealing, sampler

MEANS = (np.array([1.0, -0.5, 0.0]), np.array([0.5, 0.0, -1.0]))
SPREADS = (
    np.array([[0.3, 0.2, 0], [0.2, 0.4, 0], [0, 0, 9.0]]),
    np.diag([0.5, 2.0, 0.05]),
)


def _two_pieces(scores: np.ndarray) -> np.ndarray:
    both = zip(MEANS, SPREADS, strict=True)
    return np.stack([multivariate_normal(m, s).logpdf(scores) for m, s in both])


def test_posterior_and_forecasts_are_the_exact_ones() -> None:
    """Prior N(0, I), two normal pieces: mean, covariance and both predictive densities known."""
    found = annealing.sample(_two_pieces, 3, 2000, 8, seed=3)
    precision, pull = np.eye(3), np.zeros(3)
    exact = []
    for m, s in zip(MEANS, SPREADS, strict=True):
        covariance = np.linalg.inv(precision)
        exact.append(multivariate_normal(covariance @ pull, s + covariance).logpdf(m))
        precision, pull = precision + np.linalg.inv(s), pull + np.linalg.solve(s, m)
    covariance = np.linalg.inv(precision)
    np.testing.assert_allclose(found.log_predictive, exact, atol=0.12)
    np.testing.assert_allclose(found.scores.mean(axis=0), covariance @ pull, atol=0.05)
    np.testing.assert_allclose(np.cov(found.scores.T), covariance, atol=0.05)


def test_the_same_seed_gives_the_same_numbers_and_another_does_not() -> None:
    one, same, other = (annealing.sample(_two_pieces, 3, 60, 1, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.scores, same.scores)
    assert not np.array_equal(one.scores, other.scores)


def test_impossible_regions_and_a_hopeless_target() -> None:
    def above(floor: float):
        return lambda scores: np.where(scores[:, 0] > floor, 0.0, -np.inf)[None]

    found = annealing.sample(above(0.0), 2, 1000, 4, seed=1)
    assert found.scores[:, 0].min() > 0
    assert found.log_predictive[0] == pytest.approx(np.log(0.5), abs=0.1)
    with pytest.raises(RuntimeError, match="finite likelihood"):
        annealing.sample(above(99.0), 2, 50, 1, seed=1)


def test_fitted_normal_leaves_untold_directions_to_the_prior() -> None:
    rng = np.random.default_rng(1)
    scores = rng.standard_normal((4000, 4)) * [0.1, 1, 1, 1] + [2.0, 0.3, 0, 0]
    centre, root = sampler.fitted_normal(scores)
    np.testing.assert_allclose(centre, [2, 0, 0, 0], atol=0.03)
    told = sampler.INFLATION * 0.01
    np.testing.assert_allclose(root @ root.T, np.diag([told, 1, 1, 1]), atol=0.03)
    few = sampler.fitted_normal(rng.standard_normal((3, 4)))
    np.testing.assert_allclose(few[1] @ few[1].T, np.eye(4), atol=1e-12)
