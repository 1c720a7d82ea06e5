"""Money by hand."""

import numpy as np
import pytest

from simlib import money


def test_units_bought_and_cut() -> None:
    np.testing.assert_allclose(money.units_bought(np.array([9e6, -9e6, 0]), 9000.0, 0.2),
                               [800, -800, 0])  # fmt: skip


def test_the_past_counts_fully_and_the_future_less() -> None:
    weights = money.discount_factor(np.array([-5.0, 0.0, 1.0, 2.0]), 0.25)
    np.testing.assert_allclose(weights, [1, 1, 0.8, 0.64])
    np.testing.assert_array_equal(money.discount_factor(np.arange(50.0), 0.0), 1)


def test_qalys_and_net_benefit() -> None:
    lived = money.qalys((np.array([10.0, 0.0]), np.array([20.0, 4.0])), (0.5, 0.25))
    np.testing.assert_allclose(lived, [10, 1])
    assert money.net_benefit(-2.0, 10.0, 5.0) == pytest.approx(-25)
