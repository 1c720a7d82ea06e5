"""Enforcement by hand: money, lag, intensity, lanes, displacement."""

import numpy as np
import pytest

from simlib import enforcement

ROW = np.array([0.1, 0.2, 0.3])


def test_spending_closes_the_same_share_of_the_gap_each_step() -> None:
    plan = np.full((2, 3), 100.0)
    once = enforcement.followed(np.zeros(3), plan[:1], enforcement.lag_kept(1 + ROW, 1.0))
    np.testing.assert_allclose(once[-1], 100 * (1 - np.exp(-1 / (1 + ROW))))
    twice = enforcement.followed(np.zeros(3), plan, enforcement.lag_kept(1 + ROW, 0.5))
    np.testing.assert_allclose(twice[::2], once)  # solved exactly, so the step does not matter
    still = enforcement.followed(np.full(3, 40.0), np.full((9, 1), 40.0), ROW)
    np.testing.assert_allclose(still, 40)


def test_a_path_follows_rests_and_lags_that_change() -> None:
    path = enforcement.followed(np.zeros(1), np.array([[8.0], [0.0]]), np.array([[0.5], [0.25]]))
    np.testing.assert_allclose(path[:, 0], [0, 4, 1])


@pytest.mark.parametrize(
    ("change", "exponent", "expected"),
    [
        (0.0, 0.7, 1.0),
        (100.0, 0.0, 1.0),
        (100.0, 1.0, 2.1 / 1.1),
        (100.0, 0.5, (2.1 / 1.1) ** 0.5),
        (-100.0, 1.0, 0.1 / 1.1),
        (-900.0, 1.0, 0.1 / 1.1),
    ],
)
def test_intensity(change: float, exponent: float, expected: float) -> None:
    assert enforcement.intensity(change, 100.0, exponent, 0.1) == pytest.approx(expected)
    broad = enforcement.intensity(np.full((2, 3), change), np.full(3, 100.0), exponent, 0.1)
    np.testing.assert_allclose(broad, np.full((2, 3), expected))


def test_the_next_dollar_buys_less() -> None:
    gains = np.diff(enforcement.intensity(np.arange(0.0, 1000, 100), 100.0, 0.8, 0.1))
    assert np.all(gains > 0)
    assert np.all(np.diff(gains) < 0)


def test_scanning_everything_perfectly_is_finite_and_nothing_is_nothing() -> None:
    hazards = enforcement.scan_hazard(np.array([0, 0.5, 1, 9]), np.ones(4), np.array(0.95))
    assert hazards[0] == 0
    assert hazards[1] == pytest.approx(np.log(2))
    assert np.all(np.isfinite(hazards))
    assert hazards[3] == hazards[2] == pytest.approx(-np.log(0.05))


def test_detection_explains_its_share_of_the_seizures() -> None:
    weights, scanned = np.array([[0.6], [0.3], [0.1]]), np.array([[0.05], [0.2], [0.0]])
    found = enforcement.detection_given_scan(np.array([0.1]), np.array([0.5]), weights, scanned)
    assert found == pytest.approx([0.05 / (0.03 + 0.06)])
    assert np.sum(weights * scanned * found) == pytest.approx(0.5 * 0.1)
    sure = enforcement.detection_given_scan(np.array([0.9]), np.array([0.9]), weights, scanned)
    assert sure == pytest.approx([1])


@pytest.mark.parametrize("seized", [1e-9, 0.1, 0.5, 0.9])
def test_open_hazard_completes_the_share_in_every_draw(seized: float) -> None:
    weights = np.array([[0.5, 0.6], [0.45, 0.35]])
    known = np.array([[0.02, 0.0], [0.0, 0.01]]) * seized
    share = np.full(2, seized)
    hazard = enforcement.open_hazard(share, weights, known)
    got = np.sum(weights * (1 - np.exp(-known - hazard)), axis=0)
    np.testing.assert_allclose(got, share, rtol=1e-6)


def test_stages_are_summed_and_the_ceiling_holds() -> None:
    lanes = np.array([[1.0], [2.0], [4.0], [8.0]])
    np.testing.assert_array_equal(enforcement.sum_by_stage(lanes, (0, 3)), [[7], [8]])
    weights = np.array([[0.5], [0.5], [1.0]])
    hazards = np.array([[np.log(2)], [0.0], [1e3]])
    seized = enforcement.seized_shares(weights, hazards, (0, 2), 0.95)
    np.testing.assert_allclose(seized, [[0.25], [0.95]])


def test_arrests_follow_the_pressure_met_by_the_average_kilo() -> None:
    weights, hazards = np.array([[0.5], [0.5]]), np.array([[0.2], [0.0]])
    base = enforcement.sum_by_stage(weights * hazards, (0,))
    assert enforcement.arrests_ratio(weights, 3 * hazards, base, (0,)) == pytest.approx(3)
    moved = np.array([[0.25], [0.75]])  # traffic that leaves the lane is not arrested there
    assert enforcement.arrests_ratio(moved, hazards, base, (0,)) == pytest.approx(0.5)


def test_traffic_moves_to_the_safer_lane_within_its_stage() -> None:
    weights = np.array([[0.5], [0.5], [0.3], [0.7]])
    added = np.array([[np.log(3)], [0], [0], [0]])
    target = enforcement.sheltered_weights(weights, added, 1.0, (0, 2))
    np.testing.assert_allclose(target[:, 0], [0.25, 0.75, 0.3, 0.7])
    still = enforcement.sheltered_weights(weights, added, 0.0, (0, 2))
    np.testing.assert_allclose(still, weights)


def test_weights_of_a_stage_add_up_on_the_way_and_half_of_it_takes_the_half_life() -> None:
    rng = np.random.default_rng(1)
    weights = rng.dirichlet(np.ones(3), 50).T
    target = enforcement.sheltered_weights(weights, rng.exponential(size=(3, 50)), 1.5, (0,))
    kept = enforcement.half_life_kept(0.25, 0.125)
    path = enforcement.followed(weights, np.stack([target, target]), kept)
    np.testing.assert_allclose(path[-1], 0.5 * (weights + target))
    np.testing.assert_allclose(path.sum(axis=1), 1)
