"""Supply chain by hand: ladder, risk, cost rules, capacity, shock, shipments."""

import numpy as np
import pytest

from simlib.model import supply
from simlib.model.future import Prices, Stages

SEIZED = Stages(np.array([0.2, 0.1]), np.array([0.1, 0.05]), np.array([0.0, 0.05]))
RATIO = Stages(np.array([0.5, 0.2]), np.array([0.5, 0.6]), np.array([0.5, 0.4]))
PRICE = np.array([1000.0, 500.0])


def first(each):
    """Numbers of the first draw."""
    return [number[0] for number in each]


def test_ladder_by_hand() -> None:
    ladder = supply.price_ladder(PRICE, RATIO, SEIZED)
    np.testing.assert_allclose(first(ladder), [1000 * 0.5 * 0.45 * 0.4, 225, 500, 1000])
    added = supply.value_added(ladder, SEIZED)
    np.testing.assert_allclose(first(added), [225 * 0.8 - 90, 500 * 0.9 - 225, 1000 - 500])
    assert np.all(np.array(added) > 0)


@pytest.mark.parametrize("theta", [0.0, 0.25, 1.0])
def test_todays_costs_rebuild_todays_price_under_any_rule(theta: float) -> None:
    ladder = supply.price_ladder(PRICE, RATIO, SEIZED)
    added = supply.value_added(ladder, SEIZED)
    dollars = supply.cost_additive(ladder.production, added, SEIZED)
    parts = supply.cost_multiplicative(ladder.production, ladder, added, SEIZED)
    np.testing.assert_allclose(supply.transmitted_cost(dollars, parts, theta), PRICE)


def test_the_mixture_of_rules_by_hand() -> None:
    """Halfway in logs between 4 and 9 lie 6; a weight is that of the second."""
    assert supply.transmitted_cost(4.0, 9.0, 0.5) == pytest.approx(6)
    assert supply.transmitted_cost(4.0, 9.0, 0.25) == pytest.approx(4**0.75 * 9**0.25)


def test_additive_chain_by_hand() -> None:
    """(10 + 30) / 0.8 = 50; (50 + 40) / 0.9 = 100; 100 + 100 = 200."""
    cost = supply.cost_additive(10.0, Stages(30.0, 40.0, 100.0), Stages(0.2, 0.1, 0.0))
    assert cost == pytest.approx(200)


def test_a_kilo_seized_costs_its_value_at_that_stage() -> None:
    """The same share seized late costs more than early, dollar for dollar."""
    nothing = Stages(0.0, 0.0, 0.0)
    ladder = supply.price_ladder(1000.0, Stages(0.5, 0.5, 0.5), nothing)
    added = supply.value_added(ladder, nothing)
    costs = [
        supply.cost_additive(ladder.production, added, nothing._replace(**{stage: 0.1}))
        for stage in Stages._fields
    ]
    assert costs[0] < costs[1] < costs[2]
    by_hand = [1000 + price * (1 / 0.9 - 1) for price in ladder[1:]]
    np.testing.assert_allclose(costs, by_hand)


def test_risk_premium_by_hand_and_today_is_one() -> None:
    assert supply.prison_premium(1.0, 0.4, 0.7) == supply.swamping(1.0, 0.5) == 1
    assert supply.prison_premium(4.0, 0.4, 0.5) == pytest.approx(0.8 + 0.6)
    assert supply.swamping(9.0, 0.5) == 3
    none_arrested = supply.prison_premium(np.zeros(2), 0.4, 0.5)
    np.testing.assert_allclose(none_arrested, 0.6)


def test_sigma_gives_the_elasticity_that_was_drawn() -> None:
    ladder = supply.price_ladder(PRICE, RATIO, SEIZED)
    added = supply.value_added(ladder, SEIZED)
    risk = Stages(*(0.5 * each for each in added))
    sigma = supply.sigma_from_elasticity(0.1, ladder.retail, risk, SEIZED, 0.4)
    small = 1e-6
    more = supply.prison_premium(1 + small, 0.4, sigma)
    grown = Stages(*(a - r + r * more for a, r in zip(added, risk, strict=True)))
    cost = supply.cost_additive(ladder.production, grown, SEIZED)
    np.testing.assert_allclose((cost / ladder.retail - 1) / small, 0.1, rtol=1e-4)


def test_sigma_by_hand_where_each_stage_has_its_own_risk() -> None:
    """100 / 0.36 + 90 / 0.45 + 50 / 0.5 dollars at retail, 0.4 of them for prison."""
    seized, risk = Stages(0.2, 0.1, 0.5), Stages(100.0, 90.0, 50.0)
    found = supply.sigma_from_elasticity(0.1, 1000.0, risk, seized, 0.4)
    assert found == pytest.approx(0.1 * 1000 / (0.4 * (100 / 0.36 + 200 + 100)))


def test_capacity_rests_where_losses_meet_recovery() -> None:
    rest, kept = 1 / (1 + 0.5 * 2), np.exp(-(1 + 0.5 * 2) * 0.1)
    after = supply.capacity_next(0.9, 0.5, 2.0, 1.0, 0.1)
    assert after == pytest.approx(rest + (0.9 - rest) * kept)
    assert supply.capacity_next(rest, 0.5, 2.0, 1.0, 0.1) == pytest.approx(rest)
    undisturbed = 1 - 0.1 * np.exp(-1 / 1.5)
    assert supply.capacity_next(0.9, 0.0, 9.0, 1.5, 1.0) == pytest.approx(undisturbed)
    # less pressure than today hurts nobody
    assert supply.capacity_next(0.9, 0.5, -0.9, 1.5, 1.0) == pytest.approx(undisturbed)


def test_shock_by_hand() -> None:
    when = np.array([2022.0, 2023.5, 2024.5, 2026.0, 2027.0, 2040.0])
    left = supply.shock_factor(when, 2023.0, 1.0, 1.0, 2.0, 0.25)
    np.testing.assert_allclose(left, [1, 0.5, 0.25, 0.5, 1, 1])
    never = supply.shock_factor(when, 2023.0, 1.0, 1.0, np.inf, 0.25)
    np.testing.assert_allclose(never[2:], 0.25)
    np.testing.assert_array_equal(supply.shock_factor(when, 2023.0, 1.0, 1.0, 2.0, 1.0), 1)


def test_shipments_gross_up_for_losses_and_stop_while_stock_lasts() -> None:
    assert supply.shipments_next(0.0, 0.9, 0.6, 0.0, np.exp(-1e3)) == pytest.approx(1.5)
    assert supply.shipments_next(1.0, 1.0, 0.5, 3.0, np.exp(-1e3)) == pytest.approx(0)
    after = supply.shipments_next(np.ones(2), 1.0, np.array([1.0, 0.5]), 0.0, np.exp(-0.1))
    np.testing.assert_allclose(after, [1, 1 + 1 - np.exp(-0.1)])


def test_the_chain_by_hand_under_what_may_change_of_it() -> None:
    """Each stage's added cost, premium and seizures in its own place."""
    chain = supply.Chain(
        Prices(100.0, 200.0, 500.0, 1000.0),
        Stages(20.0, 100.0, 300.0),
        Stages(40.0, 150.0, 200.0),
        Stages(0.2, 0.1, 0.5),
    )
    assert chain.entering == pytest.approx((2 / 0.9 / 0.8, 2 / 0.9, 2))
    imposed = Prices(10.0, 1.0, 2.0, 4.0)
    premium = Stages(1.5, 2.0, 3.0)

    def retail(border: float, wholesale: float, retail: float) -> float:
        landed = (110 + 20 + 60 + 1) / (1 - border)
        inland = (landed + 100 + 300 + 2) / (1 - wholesale)
        return (inland + 300 + 600 + 4) / (1 - retail) / 1000

    found = supply.retail_cost(chain, 0.0, None, premium, imposed)
    assert found == pytest.approx(retail(0.2, 0.1, 0.5))
    other = Stages(0.3, 0.4, 0.6)
    assert supply.retail_cost(chain, 0.0, other, premium, imposed) == pytest.approx(retail(*other))
