"""Back-tests: scores by hand, a cut record that leaks nothing, rivals, and all of it when tiny."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from simlib import simulation
from simlib.inputs import sampling
from simlib.inputs.observed import RECORD, Observed, load_observed
from simlib.inputs.parameters import load_parameters
from simlib.study import backtest, cut, drift, forecast, scores
from simlib.study.cut import observed_until
from simlib.study.refit import Effort, witness_of
from simlib.world import record_quarters

ROWS, OBSERVED = load_parameters(), load_observed()
TINY = Effort(200, 1)


def test_weighted_interval_score_by_hand() -> None:
    """Samples 0 to 100: the 50 % interval is 25-75, the 80 % interval 10-90, the median 50."""
    samples = np.arange(101.0)
    inside = (0.5 * 10 + 0.25 * 50 + 0.1 * 80) / 2.5
    above = (0.5 * 50 + (0.25 * 50 + 25) + (0.1 * 80 + 10)) / 2.5
    found = scores.weighted_interval_score(
        np.stack([samples, samples]), np.array([60.0, 100.0]), (0.5, 0.8)
    )
    np.testing.assert_allclose(found, [inside, above])


def test_intervals_of_a_known_normal_hold_what_they_claim() -> None:
    rng = np.random.default_rng(1)
    samples, truth = rng.standard_normal((3000, 500)), rng.standard_normal(3000)
    for level in scores.LEVELS:
        held = np.mean(scores.covered(samples, truth, level))
        too_sure = np.mean(scores.covered(0.5 * samples, truth, level))
        assert held == pytest.approx(level, abs=0.03)
        assert too_sure < level - 0.1


def _changed(observed: Observed, after: float, factor: float) -> Observed:
    """The record with every value of a period that ends after a date changed."""
    found = {}
    for name, series in observed.items():
        values = np.where(series.end > after + 1 / 24, series.values * factor, series.values)
        found[name] = replace(series, values=values)
    return Observed(found)


@pytest.mark.parametrize("origin", backtest.ORIGINS)
def test_a_cut_record_knows_nothing_of_the_future(origin: float) -> None:
    known, other = (
        observed_until(each, origin) for each in (OBSERVED, _changed(OBSERVED, origin, 1.7))
    )
    assert known.record_end == pytest.approx(origin)
    for name, series in known.items():
        np.testing.assert_array_equal(series.values, other[name].values)
        assert series.name in cut.DRIVERS or np.all(series.end <= origin + 1 / 24)
        assert len(series.periods) == len(series.values) == len(series.start)
    left_out = (*backtest.TOO_LATE, "seizure_changes")
    found = [_told(each, left_out) for each in (known, other)]
    np.testing.assert_array_equal(*found)
    earlier = observed_until(_changed(OBSERVED, origin - 1, 1.7), origin)
    assert not np.array_equal(_told(earlier, left_out), found[0])


def _told(observed: Observed, left_out: tuple[str, ...]) -> np.ndarray:
    """Log likelihood and last year's deaths of a few draws."""
    p = sampling.sample(ROWS, 5, 3, record_quarters=record_quarters(observed)).parameters
    flows = simulation.history(p, observed).flows
    deaths = flows["deaths_fentanyl"][-12:, 0].sum(axis=0)
    return np.concatenate([witness_of(observed, left_out)(p, flows), deaths])


def test_the_level_of_a_driver_held_flat_moves_no_death(monkeypatch) -> None:
    left_out = (*backtest.TOO_LATE, "seizure_changes")
    before = _told(observed_until(OBSERVED, 2016.0), left_out)
    monkeypatch.setattr(cut, "FLAT", 2 * cut.FLAT)
    np.testing.assert_allclose(_told(observed_until(OBSERVED, 2016.0), left_out), before, rtol=1e-9)


def test_the_blind_model_does_not_know_what_had_not_happened() -> None:
    """Every effect it is denied is one that the record cannot have shown by then."""
    for name, known in backtest.NOT_YET.items():
        assert ROWS[name].low == 0
        assert known <= 2023.5
        assert any(origin <= known for origin in backtest.ORIGINS)
    assert ROWS["pandemic_start"].value == backtest.NOT_YET["pandemic_effect"]
    assert ROWS["shock_onset"].value == backtest.NOT_YET["shock_depth"]


@pytest.mark.parametrize("name", forecast.RIVALS)
def test_rivals_start_where_the_counts_end(name: str) -> None:
    counts = OBSERVED[RECORD].values[:28]
    found = forecast.RIVALS[name](counts, 8, 400, 1)
    assert found.shape == (8, 400)
    assert np.median(found[0]) == pytest.approx(counts[-1], rel=0.15)
    width = np.ptp(np.quantile(np.log(found), (0.1, 0.9), axis=1), axis=0)
    assert width[-1] > width[0] > 0
    np.testing.assert_array_equal(found, forecast.RIVALS[name](counts, 8, 400, 1))
    assert not np.array_equal(found, forecast.RIVALS[name](counts, 8, 400, 2))


def test_no_change_is_what_it_says() -> None:
    found = forecast.no_change(np.exp(np.array([0.0, 0.2, 0.1, 0.3])), 4, 20_000, 1)
    spread = np.std([0.2, -0.1, 0.2], ddof=1)
    np.testing.assert_allclose(
        np.log(found).std(axis=1), spread * np.sqrt(np.arange(1, 5)), rtol=0.03
    )


def test_cases_and_their_summary() -> None:
    """Far above the count and almost certain: nothing is covered, the score is the distance."""
    nearly = np.linspace(0.999, 1.001, 101) * 2 * OBSERVED[RECORD].values[-12:].mean()
    rows = backtest.cases({("prophet", 2022.0): np.tile(nearly, (16, 1))})
    assert list(rows["years_ahead"]) == [1, 2, 3]
    assert rows["happened"].iloc[0] == OBSERVED[RECORD].values[-12:-8].sum()
    found = backtest.summary(rows).iloc[0]
    assert found["forecasts"] == 3
    assert found["covered_95"] == 0
    expected = (rows["median"] - rows["happened"]) * (0.5 + 3) / 3.5
    assert found["wis"] == pytest.approx(expected.mean(), rel=0.01)
    ends = np.log(rows["low_80"] / rows["median"])
    reach = np.log(rows["happened"] / rows["median"]) / ends
    assert found["wider_by"] == pytest.approx(np.quantile(reach, 0.8))


def test_one_origin_from_end_to_end_when_tiny() -> None:
    key = "blind-2018.0"
    piece, again, other = (backtest.perform(key, seed, TINY) for seed in (1, 1, 2))
    deaths = backtest.future(key, piece, 1, 0.0)
    assert deaths.shape == (16, 200)
    assert np.all(np.isfinite(deaths))
    np.testing.assert_array_equal(deaths, backtest.future(key, again, 1, 0.0))
    assert not np.array_equal(deaths, backtest.future(key, other, 1, 0.0))
    assert {"pandemic_effect", "shock_depth"}.isdisjoint(piece["names"])
    estimated = backtest.drifts({key: piece}, 1)
    assert estimated["without_origin"].isna().tolist() == [True]
    wide = backtest.forecasts({key: piece}, estimated.assign(without_origin=2018.0, value=0.5), 1)
    table = backtest.summary(backtest.cases(wide)).set_index("forecaster")
    assert list(table.index) == [backtest.MODEL, backtest.WITHOUT_DRIFT, *forecast.RIVALS]
    widths = table["width_log_80"]
    assert widths[backtest.MODEL] > 1.5 * widths[backtest.WITHOUT_DRIFT]


def test_covariance_of_a_walk_by_the_walk_itself() -> None:
    steps = np.random.default_rng(1).standard_normal((12, 100_000)) / 2
    yearly = np.cumsum(steps, axis=0).reshape(3, 4, -1).mean(axis=1)
    np.testing.assert_allclose(np.cov(yearly), drift.walk_covariance(3), rtol=0.03)


@pytest.mark.parametrize("true", [0.0, 0.2])
def test_drift_is_found_again(true: float) -> None:
    rng, spread = np.random.default_rng(2), 0.01 * np.eye(3)
    covariance = spread + true**2 * drift.walk_covariance(3)
    errors = rng.multivariate_normal(np.zeros(3), covariance, 300)
    found = drift.estimate([drift.Errors(each, spread) for each in errors])
    assert found.value == pytest.approx(true, abs=0.05)
    assert found.low <= true <= found.high
    assert found.low < found.high


def test_errors_of_an_origin_by_hand() -> None:
    future = np.tile(np.array([10.0, 20.0, 40.0]), (8, 1))
    found = drift.errors_of(future, np.full(6, 40.0))
    np.testing.assert_allclose(found.error, [np.log(2)])
    assert found.covariance.shape == (1, 1)


def test_work_can_be_sent_to_another_process() -> None:
    work = partial(backtest.perform, seed=1, effort=TINY)
    assert work.func.__module__ == "simlib.study.backtest"
