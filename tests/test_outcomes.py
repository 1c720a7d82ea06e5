"""Each outcome by hand, from half-yearly flows made up here: one policy, two draws, two years."""

import numpy as np
import pytest

from simlib.compare import Comparison, compare
from simlib.results import OUTCOMES, Ensemble

TIME = np.array([2019.25, 2019.75, 2020.25, 2020.75])
FLOWS = {
    "deaths_fentanyl": 100.0,
    "deaths_any_opioid": 130.0,
    "deaths_illicit": 110.0,
    "overdoses": 1000.0,
    "price_ratio": 2.0,
    "potency_ratio": 0.8,
    "log_potency_trend": np.log(1.5),
    "produced_kg": 9.0,
    "seized_border_kg": 0.6,
    "seized_wholesale_kg": 0.4,
    "seized_retail_kg": 0.2,
    "consumed_kg": 5.0,
    "purity": 0.1,
    "active_years": 400.0,
    "treatment_years": 200.0,
    "custody_user_years": 30.0,
    "custody_seller_years": 10.0,
    "remission_years": 50.0,
    "exposed_years": 1000.0,
    "spending_musd": 60.0,
    "spending_federal_musd": 30.0,
    "spending_state_musd": 20.0,
    "spending_local_musd": 10.0,
}
PARAMETERS = {
    "retail_price": 2e6,
    "retail_price_trend": -0.2,
    "retail_price_trend_start": 2016.0,
    "retail_price_trend_end": 2022.0,
    "prison_cost": 50_000.0,
    "treatment_cost": 9_000.0,
    "qaly_active": 0.6,
    "qaly_treatment": 0.75,
    "qaly_custody": 0.5,
    "qaly_other": 0.9,
}


def made() -> Ensemble:
    """The first draw has the flows above, the second twice as many kilograms consumed."""

    def part(time: np.ndarray) -> dict[str, np.ndarray]:
        shape = (len(time), 1, 2)
        flows = {name: np.full(shape, value) for name, value in FLOWS.items()}
        flows["consumed_kg"][..., 1] *= 2
        return flows | {"time": time[:, None, None], "dt": np.array(0.5)}

    p = {name: np.full(2, value) for name, value in PARAMETERS.items()}
    return Ensemble(("quo",), part(TIME[:2]), part(TIME[2:]), p)


GRAM = 2000 * 0.8 ** -np.array([2.75, 2.25])  # three years before the price of the reference year
BY_HAND = {
    "deaths_fentanyl": 200.0,
    "deaths_any_opioid": 260.0,
    "deaths_illicit": 220.0,
    "overdoses": 2000.0,
    "nonfatal_overdoses": 1780.0,
    "price_pure": 2 * GRAM.mean(),
    "price_street": 2 * GRAM.mean() * 0.8 * 1.5,
    "potency": 1.2,
    "produced_kg": 18.0,
    "seized_border_kg": 1.2,
    "seized_wholesale_kg": 0.8,
    "seized_retail_kg": 0.4,
    "seized_border_gross_kg": 1.2 / (0.1 * 0.8),
    "consumed_kg": 10.0,
    "people_active": 800.0,
    "people_in_treatment": 400.0,
    "people_in_custody": 60.0,
    "sellers_in_custody": 20.0,
    "prison_years": 80.0,
    "programme_spending_musd": 120.0,
    "spending_federal_musd": 60.0,
    "spending_state_musd": 40.0,
    "spending_local_musd": 20.0,
    "prison_cost_musd": 80 * 0.05,
    "care_cost_musd": 400 * 0.009,
    "trade_revenue_musd": 2 * GRAM.mean() * 1000 * 10 / 1e6,
    "qalys": 800 * 0.6 + 400 * 0.75 + 60 * 0.5 + 2100 * 0.9,
}


def test_every_outcome_has_its_number() -> None:
    assert set(BY_HAND) == set(OUTCOMES)


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_a_year_by_hand(outcome: str) -> None:
    found = made().yearly(outcome)
    assert found.shape == (2, 1, 2)
    assert found[0, 0, 0] == pytest.approx(BY_HAND[outcome])
    twice = outcome in ("consumed_kg", "trade_revenue_musd")
    assert found[0, 0, 1] == pytest.approx((1 + twice) * BY_HAND[outcome])


def test_the_price_falls_along_its_trend_and_stays_outside_it() -> None:
    for when, exponent in ((2010.0, -6), (2016.0, -6), (2021.0, -1), (2022.0, 0), (2034.0, 0)):
        flows = {"price_ratio": np.ones(1), "time": np.array([when])}
        p = {name: np.full(1, value) for name, value in PARAMETERS.items()}
        found = OUTCOMES["price_pure"].of(flows, p)
        np.testing.assert_allclose(found, 2000 * 0.8**exponent)


def test_a_year_that_is_not_whole_is_left_out() -> None:
    found = made()
    late = {k: v if k == "dt" else v[:1] for k, v in found.projection.items()}
    cut = Ensemble(("quo",), found.history, late, found.parameters)
    assert cut.years.tolist() == [2019]
    assert cut.projected_years.tolist() == []


def changed(parameters: dict[str, list[float]], **more: object) -> Comparison:
    """Two projected years in which a policy adds so much to a flow in each half-year."""
    base = made()
    time = np.array([2020.25, 2020.75, 2021.25, 2021.75])[:, None, None]
    flows = {
        name: np.tile(values, (2, 2, 1))
        for name, values in base.projection.items()
        if name not in ("time", "dt")
    }
    for name, added in more.items():
        flows[name][:, 1] += np.asarray(added)
    p = base.parameters | {name: np.array(values) for name, values in parameters.items()}
    flows |= {"time": time, "dt": np.array(0.5)}
    return compare(Ensemble(("quo", "policy"), base.history, flows, p), policy="policy")


def test_prison_cost_is_paid_by_each_payer_in_its_share() -> None:
    """The share of a draw goes with the cost of that draw: the mean of products."""
    shares = {"prison_federal_share": [0.1, 0.3], "prison_state_share": [0.6, 0.4]}
    paid = changed(shares, custody_user_years=[1000.0, 3000.0]).prison_by_payer
    cost = np.array([4000, 12000]) * 0.05
    federal, state = (cost * [0.1, 0.3]).mean(), (cost * [0.6, 0.4]).mean()
    assert paid == pytest.approx({"federal": federal, "state": state, "local": (cost * 0.3).mean()})


@pytest.mark.parametrize(("chosen", "rate"), [(None, 0.03), (0.07, 0.07), (0.0, 0.0)])
def test_a_rate_discounts_benefits_and_costs_alike(chosen: float | None, rate: float) -> None:
    """Lives, QALYs and costs of the second year all lie one year ahead."""
    values = {"vsl": [1e7, 1e7], "value_per_qaly": [1e5, 1e5], "discount_rate": [0.03, 0.03]}
    found = changed(values, deaths_fentanyl=-5, active_years=20, spending_musd=7)
    years = 1 + 1 / (1 + rate)
    lives, qalys, cost = 10 * 10 * years, 40 * 0.6 * 0.1 * years, 14 * years
    np.testing.assert_allclose(found.net_benefit_musd("vsl", chosen), lives - cost)
    np.testing.assert_allclose(found.net_benefit_musd("qaly", chosen), qalys - cost)
