"""Enforcement by hand: money, lag, intensity, lanes, displacement."""

import numpy as np
import pytest

from simlib.model import enforcement, future, today
from simlib.model.enforcement import STEADY
from simlib.model.future import Lanes, Stages

ROW = np.array([0.1, 0.2, 0.3])
NONE = Lanes(*[0.0] * 9)


def followed(first, rests, kept):
    """The bounds that a stock passes, nearer to each step's rest by what is not kept."""
    bounds = [first]
    for rest in rests:
        bounds.append(future.toward(bounds[-1], rest, kept))
    return np.stack(bounds)


def test_spending_closes_the_same_share_of_the_gap_each_step() -> None:
    once = followed(np.zeros(3), [100.0], future.lag_kept(1 + ROW, 1.0))
    np.testing.assert_allclose(once[-1], 100 * (1 - np.exp(-1 / (1 + ROW))))
    twice = followed(np.zeros(3), [100.0, 100.0], future.lag_kept(1 + ROW, 0.5))
    np.testing.assert_allclose(twice[::2], once)  # solved exactly, so the step does not matter
    still = followed(np.full(3, 40.0), [40.0] * 9, ROW)
    np.testing.assert_allclose(still, 40)


def test_a_path_follows_rests_and_lags_that_change() -> None:
    first = future.toward(0.0, 8.0, 0.5)
    assert (first, future.toward(first, 0.0, 0.25)) == (4, 1)


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
    weights, scanned = np.array([0.6, 0.3, 0.1]), np.array([0.05, 0.2, 0.0])
    found = today.detection_given_scan(0.1, 0.5, np.sum(weights * scanned))
    assert found == pytest.approx(0.05 / (0.03 + 0.06))
    assert np.sum(weights * scanned * found) == pytest.approx(0.5 * 0.1)
    assert today.detection_given_scan(0.9, 0.9, np.sum(weights * scanned)) == 1


@pytest.mark.parametrize("seized", [1e-9, 0.1, 0.5, 0.9])
def test_open_hazard_completes_the_share_in_every_draw(seized: float) -> None:
    weights = np.array([[0.5, 0.6], [0.45, 0.35]])
    known = np.array([[0.02, 0.0], [0.0, 0.01]]) * seized
    share = np.full(2, seized)
    passing = np.sum(weights * np.exp(-known), axis=0)
    hazard = today.open_hazard(share, weights.sum(axis=0), passing)
    got = np.sum(weights * (1 - np.exp(-known - hazard)), axis=0)
    np.testing.assert_allclose(got, share, rtol=1e-6)


def test_open_hazard_is_never_below_nothing() -> None:
    """Scanning alone may find more than the share that was drawn."""
    assert today.open_hazard(0.1, 1.0, 0.5) == 0


def test_stages_are_summed_and_the_ceiling_holds() -> None:
    assert enforcement.summed(Stages(1.0, 2.0, 4.0)) == 7
    weights = Lanes(0.5, 0.25, 0.125, 0.125, 0.9, 0.1, 0.25, 0.25, 0.5)
    hazards = NONE._replace(cars=np.log(2), between=np.log(4), wholesale=1e3, online=np.log(2))
    seized = enforcement.seized_shares(weights, hazards, 0.85)
    assert seized == pytest.approx((0.25 + 0.75 / 8, 0.85, 0.125))
    assert enforcement.seized_shares(weights, hazards, 0.1) == pytest.approx((0.1,) * 3)
    assert enforcement.passed(Stages(0.5, 0.2, 0.75)) == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("lane", "stage"),
    [
        ("cars", "border"),
        ("trucks", "border"),
        ("between", "border"),
        ("wholesale", "wholesale"),
        ("street", "retail"),
        ("online", "retail"),
    ],
)
def test_each_lane_is_seized_and_met_at_its_own_stage(lane: str, stage: str) -> None:
    weights = Lanes(*[0.5] * 9)
    hazards = NONE._replace(**{lane: np.log(4)})
    seized = enforcement.seized_shares(weights, hazards, 0.95)
    met = enforcement.pressure_met(weights, hazards)
    for name in Stages._fields:
        assert getattr(seized, name) == pytest.approx(0.375 if name == stage else 0)
        assert getattr(met, name) == pytest.approx(np.log(2) if name == stage else 0)


def test_arrests_follow_the_pressure_met_by_the_average_kilo() -> None:
    weights = Lanes(*[0.25] * 4, 0.5, 0.5, 0.5, 0.25, 0.25)
    hazards = Lanes(0.2, 0.1, 0.1, 0.0, 0.2, 0.0, 0.2, 0.0, 0.0)
    base = enforcement.pressure_met(weights, hazards)
    tripled = Lanes(*(3 * hazard for hazard in hazards))
    thrice = enforcement.ratio(enforcement.pressure_met(weights, tripled), base)
    assert thrice == pytest.approx((3, 3, 3))
    # traffic that leaves the lane is not arrested there
    moved = Lanes(0.125, 0.125, 0.125, 0.625, 0.25, 0.75, 0.25, 0.5, 0.25)
    half = enforcement.ratio(enforcement.pressure_met(moved, hazards), base)
    assert half == pytest.approx((0.5, 0.5, 0.5))


def test_traffic_moves_to_the_safer_lane_within_its_stage() -> None:
    weights = Lanes(0.5, 0.0, 0.5, 0.0, 0.3, 0.7, 0.2, 0.2, 0.6)
    now = Lanes(*[0.1] * 9)
    found = enforcement.sheltered_weights(
        weights, now._replace(cars=0.1 + np.log(3)), now, STEADY, 1.0
    )
    assert found == pytest.approx((0.25, 0.0, 0.75, 0.0, 0.3, 0.7, 0.2, 0.2, 0.6))
    still = enforcement.sheltered_weights(weights, now._replace(cars=9.0), now, STEADY, 0.0)
    assert still == pytest.approx(weights)


OPEN = ("cars", "trucks", "between", "wholesale", "street", "online")
STAGES = ("border",) * 4 + ("inland",) * 2 + ("retail",) * 3
STAGE_OF = dict(zip(Lanes._fields, STAGES, strict=True))


@pytest.mark.parametrize("lane", OPEN)
def test_each_open_lane_is_left_for_the_others_of_its_stage(lane: str) -> None:
    weights, now = Lanes(*[0.2] * 4, 0.6, 0.2, 0.2, 0.3, 0.3), Lanes(*[0.1] * 9)
    weights = enforcement.sheltered_weights(weights, now, now, STEADY, 0.0)  # shares of stages
    worse = now._replace(**{lane: 0.1 + np.log(2)})
    found = enforcement.sheltered_weights(weights, worse, now, STEADY, 2.0)
    mine = getattr(weights, lane)
    for name, before, after in zip(Lanes._fields, weights, found, strict=True):
        moved = (mine / 4 if name == lane else before) / (1 - 0.75 * mine)
        assert after == pytest.approx(moved if STAGE_OF[name] == STAGE_OF[lane] else before), name


def test_weights_of_a_stage_add_up_on_the_way_and_half_of_it_takes_the_half_life() -> None:
    rng = np.random.default_rng(1)
    weights = Lanes(*rng.dirichlet(np.ones(4), 50).T, *rng.dirichlet(np.ones(2), 50).T,
                    *rng.dirichlet(np.ones(3), 50).T)  # fmt: skip
    now, hazards = NONE, Lanes(*rng.exponential(size=(9, 50)))
    target = enforcement.sheltered_weights(weights, hazards, now, STEADY, 1.5)
    kept = future.half_life_kept(0.25, 0.125)
    after = enforcement.moved(enforcement.moved(weights, target, kept), target, kept)
    halfway = enforcement.halfway(weights, target)
    for name, start, end, found, middle in zip(
        Lanes._fields, weights, target, after, halfway, strict=True
    ):
        np.testing.assert_allclose(found, 0.5 * (start + end), err_msg=name)
        np.testing.assert_allclose(middle, 0.5 * (start + end), err_msg=name)
    for stage in (after[:4], after[4:6], after[6:]):
        np.testing.assert_allclose(np.sum(stage, axis=0), 1)
