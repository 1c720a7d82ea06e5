"""Supply chain by hand: ladder, risk, cost rules, capacity, shock, shipments."""

import numpy as np
import pytest

from simlib import supply

SEIZED = np.array([[0.2, 0.1], [0.1, 0.05], [0.0, 0.05]])
RATIO = np.array([[0.5, 0.2], [0.5, 0.6], [0.5, 0.4]])


def test_ladder_by_hand() -> None:
    ladder = supply.price_ladder(np.array([1000.0, 500.0]), RATIO, SEIZED)
    np.testing.assert_allclose(ladder[:, 0], [1000 * 0.5 * 0.45 * 0.4, 225, 500, 1000])
    added = supply.value_added(ladder, SEIZED)
    np.testing.assert_allclose(added[:, 0], [225 * 0.8 - 90, 500 * 0.9 - 225, 1000 - 500])
    assert np.all(added > 0)


@pytest.mark.parametrize("theta", [0.0, 0.25, 1.0])
def test_todays_costs_rebuild_todays_price_under_any_rule(theta: float) -> None:
    price = np.array([1000.0, 500.0])
    ladder = supply.price_ladder(price, RATIO, SEIZED)
    added = supply.value_added(ladder, SEIZED)
    dollars = supply.cost_additive(ladder[0], added, SEIZED)
    parts = supply.cost_multiplicative(ladder[0], ladder, added, SEIZED)
    np.testing.assert_allclose(supply.transmitted_cost(dollars, parts, theta), price)


def test_additive_chain_by_hand() -> None:
    """(10 + 30) / 0.8 = 50; (50 + 40) / 0.9 = 100; 100 + 100 = 200."""
    added = np.array([[30.0], [40.0], [100.0]])
    cost = supply.cost_additive(np.array([10.0]), added, SEIZED[:, :1])
    np.testing.assert_allclose(cost, [200])


def test_a_kilo_seized_costs_its_value_at_that_stage() -> None:
    """The same share seized late costs more than early, dollar for dollar."""
    ladder = supply.price_ladder(np.array([1000.0]), RATIO[:, :1], 0 * SEIZED[:, :1])
    added = supply.value_added(ladder, 0 * SEIZED[:, :1])
    costs = [
        supply.cost_additive(ladder[0], added, 0.1 * np.eye(3)[:, stage : stage + 1])[0]
        for stage in range(3)
    ]
    assert costs[0] < costs[1] < costs[2]
    by_hand = [1000 + ladder[stage + 1, 0] * (1 / 0.9 - 1) for stage in range(3)]
    np.testing.assert_allclose(costs, by_hand)


def test_risk_premium_by_hand_and_today_is_one() -> None:
    assert supply.prison_premium(1.0, 0.4, 0.7) == supply.swamping(1.0, 0.5) == 1
    assert supply.prison_premium(4.0, 0.4, 0.5) == pytest.approx(0.8 + 0.6)
    assert supply.swamping(9.0, 0.5) == 3
    none_arrested = supply.prison_premium(np.zeros(2), 0.4, 0.5)
    np.testing.assert_allclose(none_arrested, 0.6)


def test_sigma_gives_the_elasticity_that_was_drawn() -> None:
    ladder = supply.price_ladder(np.array([1000.0, 500.0]), RATIO, SEIZED)
    added = supply.value_added(ladder, SEIZED)
    risk = 0.5 * added
    sigma = supply.sigma_from_elasticity(0.1, ladder, risk, SEIZED, 0.4)
    small = 1e-6
    more = supply.prison_premium(np.full((3, 2), 1 + small), 0.4, sigma)
    cost = supply.cost_additive(ladder[0], added - risk + risk * more, SEIZED)
    np.testing.assert_allclose((cost / ladder[-1] - 1) / small, 0.1, rtol=1e-4)


def test_capacity_rests_where_losses_meet_recovery() -> None:
    rest, kept = supply.capacity_rest(0.5, 2.0, 1.0, 0.1)
    assert rest == pytest.approx(1 / (1 + 0.5 * 2))
    assert kept == pytest.approx(np.exp(-(1 + 0.5 * 2) * 0.1))
    assert supply.capacity_rest(0.0, 9.0, 1.5, 1.0) == pytest.approx((1, np.exp(-1 / 1.5)))
    unhurt = supply.capacity_rest(0.5, -0.9, 1.5, 1.0)  # less pressure than today hurts nobody
    assert unhurt == pytest.approx((1, np.exp(-1 / 1.5)))


def test_shock_by_hand() -> None:
    when = np.array([2022.0, 2023.5, 2024.5, 2026.0, 2027.0, 2040.0])
    left = supply.shock_factor(when, 2023.0, 1.0, 1.0, 2.0, 0.25)
    np.testing.assert_allclose(left, [1, 0.5, 0.25, 0.5, 1, 1])
    never = supply.shock_factor(when, 2023.0, 1.0, 1.0, np.inf, 0.25)
    np.testing.assert_allclose(never[2:], 0.25)
    np.testing.assert_array_equal(supply.shock_factor(when, 2023.0, 1.0, 1.0, 2.0, 1.0), 1)


def test_shipments_gross_up_for_losses_and_stop_while_stock_lasts() -> None:
    np.testing.assert_allclose(supply.shipments_next(0.0, 0.9, 0.6, 0.0, 1.0, 1e3), 1.5)
    np.testing.assert_allclose(supply.shipments_next(1.0, 1.0, 0.5, 3.0, 1.0, 1e3), 0)
    first = supply.shipments_next(np.ones(2), 1.0, np.array([1.0, 0.5]), 0.0, 1.0, 0.1)
    np.testing.assert_allclose(first, [1, 1 + 1 - np.exp(-0.1)])
