"""Sampling: every number where it belongs, the same for the same seed, few or many."""

import numpy as np
import pytest

from simlib.inputs import sampling
from simlib.inputs.parameters import load_parameters
from simlib.inputs.posterior import shipped_posterior

ROWS = load_parameters()


@pytest.mark.parametrize("joint", [False, True])
def test_few_draws_are_the_first_of_many(joint: bool) -> None:
    posterior = shipped_posterior() if joint else None
    few, many = (sampling.draw(ROWS, n, 3, None, posterior) for n in (200, 1000))
    assert few.keys() == many.keys()
    for name in few:
        np.testing.assert_array_equal(few[name], many[name][:200], err_msg=name)


@pytest.mark.parametrize("joint", [False, True])
def test_a_block_drawn_alone_is_that_part_of_the_whole(joint: bool) -> None:
    posterior = shipped_posterior() if joint else None
    whole, block = (
        sampling.sample(ROWS, n, 3, None, posterior, first=first, record_quarters=48)
        for n, first in ((50, 0), (20, 30))
    )
    np.testing.assert_array_equal(block.error, whole.error[:, 30:])
    for name, values in block.parameters.items():
        np.testing.assert_array_equal(values, whole.parameters[name][30:], err_msg=name)


def test_another_seed_moves_every_uncertain_row_of_the_prior() -> None:
    one, same, other = (sampling.draw(ROWS, 20, seed) for seed in (1, 1, 2))
    for name, row in ROWS.select(scope="projection").items():
        if row.group == "lever":
            assert name not in one
            continue
        np.testing.assert_array_equal(one[name], same[name])
        assert np.array_equal(one[name], other[name]) == (row.distribution == "fixed"), name


def test_draws_keep_their_range_and_their_quartiles() -> None:
    p = sampling.draw(ROWS, 4000, 7)
    for name, values in p.items():
        row = ROWS[name]
        assert row.low <= values.min() <= values.max() <= row.high, name
        share = np.mean(values <= row.quantile(0.25))
        assert row.distribution == "fixed" or abs(share - 0.25) < 0.035, name


def test_no_two_parameters_share_their_numbers() -> None:
    shares = np.stack([sampling._uniform(name, 1, 400, 0) for name in ROWS])
    apart = np.abs(np.corrcoef(shares)) - np.eye(len(shares))
    assert apart.max() < 0.3


def test_a_readers_value_overrides_the_posterior() -> None:
    posterior = shipped_posterior()
    name = next(iter(posterior.values))
    value = ROWS[name].value
    p = sampling.draw(ROWS, 50, 1, {name: value}, posterior)
    np.testing.assert_array_equal(p[name], value)
    untouched = sampling.draw(ROWS, 50, 1, None, posterior)
    assert all(np.array_equal(p[n], untouched[n]) for n in p if n != name)


def test_posterior_rows_stay_together_and_start_again() -> None:
    posterior = shipped_posterior()
    rows = len(posterior.residual)
    taken = posterior.take(rows + 3)
    for name, values in taken.items():
        np.testing.assert_array_equal(values[rows:], posterior.values[name][:3])
    np.testing.assert_array_equal(posterior.take_residual(rows + 3)[rows:], posterior.residual[:3])


SHARES = np.random.default_rng(2).random((sampling.QUARTERS, 4000))


def test_model_error_is_an_ar1_of_its_spread_and_correlation() -> None:
    path = sampling.model_error(np.full(4000, 0.08), np.full(4000, 0.6), SHARES)
    assert path[0].std() == pytest.approx(0.08, rel=0.05)
    assert path.std() == pytest.approx(0.08, rel=0.02)
    assert np.corrcoef(path[80], path[81])[0, 1] == pytest.approx(0.6, abs=0.04)
    assert np.corrcoef(path[80], path[83])[0, 1] == pytest.approx(0.6**3, abs=0.05)


def test_conditioned_model_error_is_exact_there_and_fades_away() -> None:
    residual = np.full(4000, 0.3)
    path = sampling.model_error(np.full(4000, 0.08), np.full(4000, 0.6), SHARES, residual, 47)
    np.testing.assert_allclose(path[47], 0.3)
    assert path[48].mean() == pytest.approx(0.18, abs=0.01)
    assert path[48].std() == pytest.approx(0.08 * (1 - 0.36) ** 0.5, rel=0.05)
    assert path[90].mean() == pytest.approx(0, abs=0.01)


def test_forecasts_drift_beyond_the_record_only() -> None:
    sd = np.full(4000, 0.2)
    walk = sampling.forecast_drift(sd, SHARES[:40])
    assert walk[3].std() == pytest.approx(0.2, rel=0.05)  # after a year
    assert walk[15].std() == pytest.approx(0.4, rel=0.05)  # after four
    np.testing.assert_array_equal(sampling.forecast_drift(0 * sd, SHARES[:40]), 0)
    given, calm = (
        sampling.sample(ROWS, 9, 3, {"forecast_drift_sd": value}, None, record_quarters=48)
        for value in (0.3, 0.05)
    )
    np.testing.assert_array_equal(given.error[:48], calm.error[:48])
    assert not np.isclose(given.error[48:], calm.error[48:]).any()


def test_forecasts_spread_by_model_error_and_drift_together() -> None:
    record, years = 48, 9
    p, error = sampling.sample(load_parameters(), 4000, record_quarters=record)
    for ahead in (1, years):
        expected = np.mean(p["model_error_sd"] ** 2 + p["forecast_drift_sd"] ** 2 * ahead)
        assert np.var(error[record - 1 + 4 * ahead]) == pytest.approx(expected, rel=0.08)
    assert np.var(error[record - 1]) == pytest.approx(np.mean(p["model_error_sd"] ** 2), rel=0.08)
