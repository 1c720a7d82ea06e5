"""Market by hand: demand, scarcity, potency, substitution."""

import numpy as np
import pytest

from simlib.model import market


def test_demand() -> None:
    assert market.demand_ratio(1.0, 0.7) == 1
    np.testing.assert_allclose(market.demand_ratio(np.array([4.0, 0.25]), 0.5), [0.5, 2])


def test_no_more_is_taken_than_is_there_or_wanted() -> None:
    consumed, met = market.cleared(np.array([0.0, 30.0, 90.0]), np.array([60.0, 60.0, 60.0]))
    np.testing.assert_allclose(consumed, [0, 30, 60])
    np.testing.assert_allclose(met, [0, 0.5, 1])


def test_scarcity_price_up_to_its_ceiling() -> None:
    price = market.scarcity_price(np.array([1.0, 0.5, 0.25, 0.0]), 0.5, 8.0)
    np.testing.assert_allclose(price, [1, 4, 8, 8])
    demand = market.scarcity_price(np.array(0.8), 0.4, 8.0) ** -0.4
    assert demand == pytest.approx(0.8)  # at this price the market takes what there is


@pytest.mark.parametrize(
    ("phi", "price", "potency"), [(0.0, 4.0, 1.0), (0.5, 4.0, 0.5), (1.0, 4.0, 0.25)]
)
def test_dilution_and_the_nominal_price(phi: float, price: float, potency: float) -> None:
    found = market.dilution(price, phi)
    assert found == pytest.approx(potency)
    assert price * found == pytest.approx(4 ** (1 - phi))


def test_iron_law() -> None:
    assert market.iron_law(2.0, 0.5) == pytest.approx(2**0.5)
    assert market.iron_law(2.0, 0.0) == 1


def test_potency_follows_seizures_as_far_as_they_are_linked() -> None:
    np.testing.assert_allclose(
        market.potency_trend(np.array([4.0, 4.0]), np.array([1.0, 9.0]), 0.5, np.array([1, 0.5])),
        [2, 6**0.5],
    )
    assert market.potency_trend(4.0, 9.0, 0.3, 0.0) == 1


def test_substitution_goes_to_its_share_of_what_is_unmet() -> None:
    np.testing.assert_allclose(
        market.substitution_next(np.array([0.0, 0.5]), 0.4, 0.5, np.exp(-1e3)), 0.2
    )
    assert market.substitution_next(0.0, 0.4, 0.5, np.exp(-1)) == pytest.approx(
        0.2 * (1 - np.exp(-1))
    )
    assert market.substitution_next(0.0, 0.4, 0.0, np.exp(-1)) == 0
