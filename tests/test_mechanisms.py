"""Each mechanism on a case worked by hand, and at its extremes."""

import numpy as np
import pytest

from simlib import enforcement, market, money, overdose, people, supply
from simlib.people import Moves, People


def one(*values: float) -> np.ndarray:
    return np.array(values, dtype=float)


def test_spending_arrives_with_its_lag() -> None:
    half = enforcement.spending_reached(one(0), one(100), one(1 / np.log(2)), 1.0)
    assert half == pytest.approx([50])


def test_intensity() -> None:
    doubled = enforcement.intensity(one(100), one(100), one(0.5), one(0.1))
    assert doubled == pytest.approx([(2.1 / 1.1) ** 0.5])
    assert enforcement.intensity(one(1e9), one(1), one(0), one(0.1)) == pytest.approx([1])
    abolished = enforcement.intensity(one(-500), one(100), one(1), one(0.1))
    assert abolished == pytest.approx([0.1 / 1.1])


def test_scanning_hazard_is_of_the_scanned_share_and_finite_at_certainty() -> None:
    assert enforcement.scan_hazard(one(0.4), one(0.5)) == pytest.approx([-np.log(0.8)])
    assert enforcement.scan_hazard(one(3), one(0.5)) == pytest.approx([-np.log(0.5)])
    assert np.isfinite(enforcement.scan_hazard(one(1), one(1))).all()


def test_open_hazard_completes_the_seized_share() -> None:
    weights, known = np.array([[0.6], [0.3]]), np.array([[0.1], [0.0]])
    added = enforcement.open_hazard(one(0.2), weights, known)
    seized = np.sum(weights * (1 - np.exp(-known - added)), axis=0)
    assert seized == pytest.approx([0.2])


def test_displacement_moves_to_the_safer_lane_within_its_stage() -> None:
    weights = np.array([[0.5], [0.5], [0.3], [0.7]])
    added = np.array([[np.log(3)], [0], [0], [0]])
    settled = enforcement.displaced_weights(weights, weights, added, one(1), one(1e-6), (0, 2), 1.0)
    np.testing.assert_allclose(settled[:, 0], [0.25, 0.75, 0.3, 0.7])
    half = enforcement.displaced_weights(weights, weights, added, one(1), one(1), (0, 2), 1.0)
    np.testing.assert_allclose(half[:2, 0], [0.375, 0.625])


def test_seized_shares_are_capped() -> None:
    shares = enforcement.seized_shares(np.ones((1, 1)), np.full((1, 1), 50.0), (0,), one(0.95))
    assert shares == pytest.approx(np.array([[0.95]]))


def test_price_ladder_and_value_added_by_hand() -> None:
    ratio, seized = np.array([[0.5], [0.5], [0.5]]), np.array([[0.2], [0.0], [0.0]])
    ladder = supply.price_ladder(one(800), ratio, seized)
    np.testing.assert_allclose(ladder[:, 0], [80, 200, 400, 800])
    np.testing.assert_allclose(supply.value_added(ladder, seized)[:, 0], [80, 200, 400])


@pytest.mark.parametrize("stage", [0, 1, 2])
def test_transmission_rules(stage: int) -> None:
    """In proportion the same rise moves the street alike at each stage; in dollars it does not."""
    seized = np.array([[0.1], [0.05], [0.05]])
    prices = supply.price_ladder(one(1000), np.array([[0.05], [0.4], [0.3]]), seized)
    added = supply.value_added(prices, seized)
    same = supply.cost_additive(prices[0], added, seized)
    assert same == pytest.approx([1000])
    dearer = added.copy()
    dearer[stage] += 0.1 * prices[stage + 1] * (1 - seized[stage])  # own price 10 % up
    in_proportion = supply.cost_multiplicative(prices[0], prices, dearer, seized)
    assert in_proportion == pytest.approx([1100])
    in_dollars = supply.cost_additive(prices[0], dearer, seized)
    passed = np.prod(1 / (1 - seized[stage + 1 :, 0]))
    assert in_dollars == pytest.approx([1000 + 0.1 * prices[stage + 1, 0] * passed])
    assert supply.transmitted_cost(in_dollars, in_proportion, one(1)) == pytest.approx([1100])


def test_punishment_elasticity_comes_out_as_drawn() -> None:
    seized = np.array([[0.1], [0.05], [0.05]])
    prices = supply.price_ladder(one(1000), np.array([[0.05], [0.4], [0.3]]), seized)
    added = supply.value_added(prices, seized)
    risk, part, one_draw = 0.5 * added, one(0.4), one(1)
    sigma = supply.sigma_from_elasticity(one(0.04), prices, risk, seized, part)
    more = supply.risk_multiplier(np.full((3, 1), 1.001), part, sigma, one_draw, one(0))
    cost = supply.cost_additive(prices[0], added - risk + risk * more, seized)
    assert np.log(cost / 1000) / np.log(1.001) == pytest.approx([0.04], rel=1e-2)


def test_swamping() -> None:
    half_the_market = supply.risk_multiplier(one(1), one(0.4), one(1), one(2), one(0.5))
    assert half_the_market == pytest.approx([2**0.5])


def test_capacity_falls_to_rest_and_comes_back() -> None:
    pressed = supply.capacity_next(one(1), one(1), one(1), one(1), 1e3)
    assert pressed == pytest.approx([0.5])
    assert supply.capacity_next(one(0.5), one(1), one(0), one(1), np.log(2)) == pytest.approx(
        [0.75]
    )
    assert supply.capacity_next(one(1), one(1), one(-1), one(1), 1.0) == pytest.approx([1])


def test_shock() -> None:
    def left(time: float, recovery: float = 2.0) -> float:
        return float(
            supply.shock_factor(time, one(2023), one(1), one(1), one(recovery), one(0.25))[0]
        )

    assert [left(t) for t in (2022, 2023.5, 2024, 2025, 2026, 2027, 2040)] == pytest.approx(
        [1, 0.5, 0.25, 0.25, 0.5, 1, 1]
    )
    assert left(2100, np.inf) == 0.25


def test_shipments_bite_first_and_are_then_replaced() -> None:
    settled = supply.shipments_next(one(1), one(1), one(0.8), one(0), one(1), 1e3)
    assert settled == pytest.approx([1.25])
    soon = supply.shipments_next(one(1), one(1), one(0.8), one(0), one(1), 0.01)
    assert soon * 0.8 < 1
    assert supply.shipments_next(one(1), one(1), one(0.8), one(5), one(1), 1e3) == pytest.approx(0)


def test_market_clears_rations_and_dilutes() -> None:
    assert market.demand_ratio(one(2), one(0.5)) == pytest.approx([2**-0.5])
    consumed, met = market.cleared(one(5, 20), one(10, 10))
    np.testing.assert_allclose((consumed, met), ([5, 10], [0.5, 1]))
    price = market.scarcity_price(one(1, 0.5, 0), one(0.5), one(8))
    np.testing.assert_allclose(price, [1, 4, 8])
    unchanged = price * market.dilution(price, one(1), one(1), one(0))
    np.testing.assert_allclose(unchanged, 1)  # nominal price does not move when phi = 1
    assert market.dilution(one(1), one(1), one(2), one(0.1)) > 1
    assert market.potency_trend(one(2), one(8), one(0.5), one(1)) == pytest.approx([4])
    assert market.potency_trend(one(2), one(8), one(0.5), one(0)) == pytest.approx([1])
    assert market.substitution_next(one(0), one(0.5), one(0.4), one(1), 1e3) == pytest.approx(0.2)


def test_tolerance_lags_are_unequal() -> None:
    up = overdose.tolerance_next(one(0), one(1), one(0.1), one(2), 0.1)
    down = overdose.tolerance_next(one(1), one(0), one(0.1), one(2), 0.1)
    assert up == pytest.approx([1 - np.exp(-1)])
    assert down == pytest.approx([np.exp(-0.05)])


def test_overdose_risk_by_hand() -> None:
    ratio = overdose.risk_ratio(one(4), one(0.5), one(np.log(2)), one(np.log(4)), one(1), one(0.5))
    assert ratio == pytest.approx([4**0.5 * 0.5 * 4**0.5])
    assert overdose.frailty_ratio(one(0.5), one(2)) == pytest.approx([0.5])
    settled = overdose.cumulative_hazard_next(one(0), one(0.02), one(0.1), 1e-3)
    assert settled == pytest.approx([2e-5], rel=1e-3)


def test_rescue_by_hand() -> None:
    rescued = overdose.rescue_share(one(0.5), one(0.5), one(0.8), one(0.5), one(0.5))
    assert rescued == pytest.approx([0.5 * (1 - 0.6 * 0.75)])
    assert overdose.naloxone_use(one(np.log(2) / 0.001), one(0.001)) == pytest.approx([0.5])
    assert overdose.rescue_share(one(0), one(1), one(1), one(1), one(1)) == 0


def _people(**stocks: float) -> People:
    names = People._fields
    boxes = {name: one(stocks.get(name, 0.0)) for name in names}
    boxes["custody"] = np.full((3, 1), stocks.get("custody", 0.0))
    return People(**boxes)


def _rates(**rates: float) -> Moves:
    found = {}
    for move in Moves._fields:
        rate = rates.get(move, 0.0)
        by_offence = "custody" in move
        found[move] = np.full((3, 1), rate) if by_offence else one(rate)
    return Moves(**found)


def test_two_exits_share_by_rate_and_cannot_exceed_the_stock() -> None:
    chance, leaving = people.chances(_rates(active_remission=30.0, active_other=10.0), 1.0)
    after, _, _ = people.step(_people(active=100), chance, leaving, one(0))
    assert after.remission == pytest.approx([75], rel=1e-6)
    assert after.dead_otherwise == pytest.approx([25], rel=1e-6)
    assert after.active >= 0


def test_step_is_second_order_against_a_fine_euler() -> None:
    rates = _rates(active_treatment=0.8, treatment_active=1.3, active_custody=0.1,
                   custody_active=2.0, active_overdose=0.03)  # fmt: skip
    stock, active, treated, held, dead = _people(active=1000, treatment=300), 1000.0, 300.0, 0.0, 0
    chance, leaving = people.chances(rates, 1 / 12)
    for _ in range(24):
        stock, _, _ = people.step(stock, chance, leaving, one(0))
    steps = 200_000
    dt = 2 / steps
    for _ in range(steps):
        out, back, jailed, freed = 0.8 * active, 1.3 * treated, 0.3 * active, 2.0 * held
        died = 0.03 * active
        active += (back + freed - out - jailed - died) * dt
        treated += (out - back) * dt
        held += (jailed - freed) * dt
        dead += died * dt
    assert stock.active == pytest.approx([active], rel=2e-3)
    assert stock.custody.sum() == pytest.approx(held, rel=1e-2)
    assert stock.dead_overdose == pytest.approx([dead], rel=5e-3)


def test_treatment_entry_fills_places_and_stops_at_reach() -> None:
    entry = people.treatment_entry(one(100), one(0.5), one(1000), one(900), one(1.2))
    assert entry == pytest.approx([100 * 1.2 / 900])
    full = people.treatment_entry(one(5000), one(0.5), one(1000), one(900), one(1.2))
    assert full == pytest.approx([500 * 1.2 / 900])


def test_release_and_custody_chance() -> None:
    assert people.release_extra_years(one(7), one(1)) == pytest.approx([0.5])
    assert people.custody_chance(one(2), one(0)) == pytest.approx([1])
    assert people.sellers_next(one(0), one(10), one(3), 1e3) == pytest.approx([30])


def test_money() -> None:
    assert money.units_bought(one(1000), one(10), one(0.5)) == pytest.approx([50])
    assert money.discount_factor(one(-3, 0, 1), one(0.25)) == pytest.approx([1, 1, 0.8])
    assert money.net_benefit(one(2), one(10), one(5)) == pytest.approx([15])
    lived = money.qalys((one(10), one(20)), (one(0.5), one(0.25)))
    assert lived == pytest.approx([10])
