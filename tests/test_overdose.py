"""Overdose by hand: tolerance, risk, depletion, rescue."""

import numpy as np
import pytest

from simlib.model import overdose


def test_tolerance_rises_quickly_and_falls_slowly() -> None:
    start, aim = np.array([0.0, 1.0, 0.5]), np.array([1.0, 0.0, 0.5])
    after = overdose.tolerance_next(start, aim, np.exp(-1), np.exp(-0.05))
    np.testing.assert_allclose(after, [1 - np.exp(-1), np.exp(-0.05), 0.5])


def test_risk_by_hand() -> None:
    assert overdose.risk_ratio(1.0, 0.0, 0.0, 0.7, 0.1) == 1
    found = overdose.risk_ratio(np.array([2.0, 1.0]), np.log(3), np.log(2), 1.0, 2.0)
    np.testing.assert_allclose(found, [2 * 1.5 * 4, 1.5 * 4])


def test_stronger_product_kills_until_tolerance_has_caught_up() -> None:
    sudden = overdose.risk_ratio(1.0, np.log(2), 0.0, 0.6, 0.0)
    settled = overdose.risk_ratio(1.0, np.log(2), np.log(2), 0.6, 0.0)
    assert sudden == pytest.approx(2**0.6)
    assert settled == 1


def test_depletion_and_renewal() -> None:
    np.testing.assert_array_equal(overdose.frailty_ratio(np.array([0.0, 5.0]), 0.0), 1)
    assert overdose.frailty_ratio(0.5, 2.0) == 0.5
    lived = 0.0
    for _ in range(12 * 200):
        lived = overdose.cumulative_hazard_next(lived, 0.02, 0.1, 1 / 12)
    assert lived == pytest.approx(0.2, rel=1e-3)
    assert overdose.cumulative_hazard_next(0.3, 0.02, 0.0, 1.0) == pytest.approx(0.32)


def test_naloxone_saturates() -> None:
    used = overdose.naloxone_use(np.array([0.0, np.log(2) * 1000, 1e9]), 0.001)
    np.testing.assert_allclose(used, [0, 0.5, 1])


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ((0.5, 0.5, 0.8, 0.5, 0.5), 0.5 * (1 - 0.6 * 0.75)),
        ((0.0, 1.0, 1.0, 1.0, 1.0), 0.0),
        ((1.0, 1.0, 1.0, 0.0, 0.0), 1.0),
        ((1.0, 0.0, 1.0, 1.0, 1.0), 1.0),
        ((1.0, 0.0, 1.0, 0.0, 1.0), 0.0),
    ],
)
def test_rescue(given: tuple[float, ...], expected: float) -> None:
    assert overdose.rescue_share(*given) == pytest.approx(expected)
