"""The events of a step by hand: each from stocks and rates that are set here, one at a time."""

import numpy as np
import pytest

from simlib import events
from simlib.people import Chances, Moves, People
from simlib.state import Market, Pressure, Release, Risk, Slow, State, Today
from simlib.world import Anchors, Drivers

DT = 1 / 12


def each(kind: type, fill: float = np.nan, **given: object):
    """A tuple of this kind; what is not given is not a number, so that nothing else is read."""
    return kind(**{name: given.get(name, np.full(1, fill)) for name in kind._fields})


def values(**given: float) -> dict[str, np.ndarray]:
    return {name: np.array([value]) for name, value in given.items()}


def column(*parts: float) -> np.ndarray:
    return np.array(parts)[:, None]


# --- trade ----------------------------------------------------------------------------------------

TRADE = values(
    moud_risk_ratio=0.5,
    demand_elasticity=0.5,
    short_price_elasticity=0.5,
    price_ceiling=8.0,
    weaker_share=0.5,
    shipment_lag_months=2.0,
    volume_memory_years=0.25,
    substitution_share=0.5,
    substitution_lag_months=3.0,
    slack_production=2.5,
    slack_distribution=1.2,
    border_seized_share=0.2,
    domestic_seized_share=0.375,
)
PASSING = column(0.9, 0.8, 0.5)
SEIZED = column(0.1, 1 / 9, 0.375)


def traded(cost: float = 1.0, shipped: float = 1.0, **capacity: float) -> Market:
    """A thousand users (800 active, 400 treated) who want a kilogram a month at trend prices."""
    stocks = {
        "shipments": np.array([0.9]),
        "volume": np.array([700.0]),
        "stock_kg": np.array([0.3]),
    }
    state = each(State, **stocks, substituted=np.array([0.1]))
    slow = each(
        Slow,
        active=np.array([800.0]),
        treatment=np.array([400.0]),
        shipments=np.array([shipped]),
        substituted=np.array([0.2]),
    )
    drivers = each(
        Drivers,
        kg_per_user=np.array([0.012]),
        fentanyl_share=np.array([0.75]),
        shock=np.array([capacity.get("shock", 1.0)]),
        log_potency_trend=np.array([0.4]),
    )
    parts = (capacity.get(name, 1.0) for name in ("precursors", "production", "distribution"))
    pressed = each(
        Pressure,
        passing=PASSING,
        seized=SEIZED,
        capacity=column(*parts),
        iron=np.array([1.25]),
    )
    return events.trade(state, slow, TRADE, drivers, pressed, np.array([cost]), DT)


def test_a_short_market_by_hand() -> None:
    """Half of 1 kg shipped passes, 0.3 kg lie in stock: 0.8 of 1 kg wanted."""
    found = traded()
    by_hand = {
        "produced_kg": 1.0,
        "seized_border_kg": 0.1,
        "seized_wholesale_kg": 0.1,
        "seized_retail_kg": 0.3,
        "consumed_kg": 0.8,
        "met_share": 0.8,
        "price_ratio": 0.8**-2,
        "potency_ratio": 0.8 * 1.25,  # half of the price rise as weaker product, and the iron law
    }
    assert {name: pytest.approx(float(value[0])) for name, value in found.flows.items()} == by_hand
    assert found.price == pytest.approx(0.8**-2)
    assert found.doses == pytest.approx(0.8)
    assert found.log_potency == pytest.approx(0.4)
    assert found.stock_kg == pytest.approx(0, abs=1e-12)


def test_shipments_follow_what_the_market_takes_beside_the_mean_stock_of_the_step() -> None:
    """Stock falls from 0.3 kg to 0: 0.15 of them lie there, and a lag of two months takes 2 kg."""
    wanted = (1 - 0.15 / 2) / 0.5
    assert traded().shipments == pytest.approx(0.9 + (wanted - 0.9) * (1 - np.exp(-0.5)))
    full = traded(cost=4.0)  # half is wanted, 0.3 kg stay
    assert full.stock_kg == pytest.approx(0.3)
    wanted = (0.5 - 0.3 / 2) / 0.5
    assert full.shipments == pytest.approx(0.9 + (wanted - 0.9) * (1 - np.exp(-0.5)))


def test_memory_of_volume_and_substitution_by_hand() -> None:
    """All doses of opioids count: of fentanyl, of what stands in for it, and of the rest."""
    found, memory = traded(), 1 - np.exp(-1 / 3)
    volume = 1000 * (0.75 * 0.8 + 0.25 + 0.75 * 0.2)
    assert found.volume == pytest.approx(700 + (volume - 700) * memory)
    assert found.substituted == pytest.approx(0.1 + (0.5 * 0.2 - 0.1) * memory)


def test_dearer_fentanyl_is_bought_less_and_not_watered_down() -> None:
    found = traded(cost=4.0)
    assert found.flows["consumed_kg"] == pytest.approx(0.5)
    assert found.flows["met_share"] == pytest.approx(1)
    assert found.price == pytest.approx(4)
    assert found.flows["potency_ratio"] == pytest.approx(1.25)
    assert found.doses == pytest.approx(0.5 / 1.25)


@pytest.mark.parametrize(
    ("capacity", "most"),
    [
        ({}, 1.2 * 2),  # trend shipments are 1 / (0.8 * 0.625) = 2
        ({"distribution": 0.5}, 0.6 * 2),
        ({"production": 0.4}, 1.0 * 2),
        ({"production": 0.8, "precursors": 0.5, "shock": 0.9}, 2.5 * 0.36 * 2),
        ({"distribution": 0.5, "production": 0.1}, 0.25 * 2),
    ],
)
def test_the_shorter_capacity_bounds_what_is_shipped(capacity: dict, most: float) -> None:
    assert traded(shipped=99.0, **capacity).flows["produced_kg"] == pytest.approx(most)
    assert traded(shipped=0.2, **capacity).flows["produced_kg"] == pytest.approx(0.2)


# --- unit cost ------------------------------------------------------------------------------------


@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0])
def test_unit_cost_by_hand(weight: float) -> None:
    """A market of a quarter at exponent 0.5 doubles risk; a vacuum makes production cheaper."""
    today = each(
        Today,
        prices=column(100, 200, 500, 1000),
        handling=column(20, 100, 300),
        risk=column(40, 150, 200),
        volume=np.array([400.0]),
    )
    pressed = each(
        Pressure,
        premium=column(1.0, 1.5, 2.0),
        cheaper=np.array([0.9]),
        seized=column(0.2, 0.1, 0.5),
    )
    p = values(swamping_limit=9.0, swamping_exponent=0.5, pass_through_weight=weight)
    ratio, additive = events.unit_cost(p, today, np.array([100.0]), pressed)
    landed = (90 + 20 + 80) / 0.8
    wholesale = (landed + 100 + 450) / 0.9
    retail = (wholesale + 300 + 800) / 0.5
    own = (200 / 0.8 / 200) * (750 / 0.9 / 500) * (1600 / 0.5 / 1000)
    assert additive == pytest.approx(retail)
    assert ratio == pytest.approx((0.9 * own) ** weight * (retail / 1000) ** (1 - weight))


@pytest.mark.parametrize(("volume", "size"), [(1.0, 4.0), (1e6, 0.25)])
def test_a_market_counts_as_small_or_large_up_to_a_limit(volume: float, size: float) -> None:
    today = each(
        Today,
        prices=column(100, 200, 500, 1000),
        handling=column(0, 0, 0),
        risk=column(100, 300, 500),
        volume=np.array([400.0]),
    )
    nothing = {"premium": column(1, 1, 1), "cheaper": np.ones(1), "seized": column(0, 0, 0)}
    p = values(swamping_limit=4.0, swamping_exponent=0.5, pass_through_weight=0.0)
    _, additive = events.unit_cost(p, today, np.array([volume]), each(Pressure, **nothing))
    assert additive == pytest.approx(100 + 900 * size**0.5)


# --- overdoses ------------------------------------------------------------------------------------

RISK = values(
    tolerance_up_months=2.0,
    tolerance_down_months=12.0,
    dose_exponent=0.5,
    potency_short_elasticity=0.6,
    potency_long_elasticity=0.2,
    frailty_variance=2.0,
    overdose_rate=0.05,
    substitute_risk=0.4,
)


def test_overdose_risk_by_hand() -> None:
    """Tolerance and frailty of mid-step; occasional users have neither tolerance nor doses more."""
    state = each(State, log_tolerance=np.array([0.1]), lived_hazard=np.array([99.0]))
    slow = each(Slow, lived_hazard=np.array([0.25]), substituted=np.array([0.3]))
    market = each(Market, log_potency=np.array([0.5]), doses=np.array([0.64]))
    pressed = each(Pressure, circumstances=np.array([1.1]), fatality=np.array([0.08]))
    found = events.overdose_risk(
        state,
        slow,
        RISK,
        each(Anchors, exposed_rate=np.array([0.001])),
        each(Drivers, heroin_deaths=np.array([0.002])),
        market,
        pressed,
        DT,
    )
    tolerance = 0.1 + 0.4 * (1 - np.exp(-0.5))
    middle = (0.1 + tolerance) / 2
    reference = 0.05 * 1.1 / 1.5
    fentanyl = reference * 0.8 * np.exp(0.6 * (0.5 - middle) + 0.2 * middle)
    assert found.log_tolerance == pytest.approx(tolerance)
    assert found.fentanyl == pytest.approx(fentanyl)
    assert found.substitutes == pytest.approx(reference * 0.3 * 0.4)
    assert found.exposed == pytest.approx(0.001 * 1.1 * 0.8 * np.exp(0.6 * 0.5))
    assert found.fatal == pytest.approx(0.08 * (fentanyl + reference * 0.12) + 0.002)


def test_deaths_by_hand() -> None:
    """100 deaths of dependent users: 60 by fentanyl, 30 by substitutes, 10 by heroin."""
    chance = each(
        Moves,
        active_overdose=np.array([0.01]),
        treatment_overdose=np.array([0.005]),
        exposed_overdose=np.array([0.0001]),
    )
    nobody = np.zeros(1)
    people = each(
        People, active=np.array([9000.0]), treatment=np.array([2000.0]), exposed=np.array([5e4])
    )
    risk = each(
        Risk,
        fatal=np.array([0.02]),
        fentanyl=np.array([0.15]),
        substitutes=np.array([0.075]),
    )
    found = events.deaths(
        Chances(chance, nobody, nobody),  # type: ignore[arg-type]
        people,
        risk,
        values(substitute_synthetic_share=0.2, background_deaths=24.0),
        each(Drivers, heroin_deaths=np.array([0.002]), prescription_deaths=np.array([120.0])),
        each(Pressure, fatality=np.array([0.08])),
        DT,
    )
    fentanyl = 60 + 5  # five were occasional users
    counted = fentanyl + 0.2 * 30 + 2
    assert {name: pytest.approx(float(value[0])) for name, value in found.items()} == {
        "deaths_fentanyl": counted,
        "deaths_any_opioid": counted + 10 + 0.8 * 30 + 10,
        "deaths_illicit": fentanyl + 30,
        "overdoses": (fentanyl + 30) / 0.08,
    }


# --- people ---------------------------------------------------------------------------------------

CUSTODY = np.array([[40.0], [20.0], [10.0]])
RELEASE = np.array([[4.0], [0.5], [3.0]])


@pytest.mark.parametrize(("bought", "covered"), [(0.0, 0.1), (40.0, 0.3), (1e6, 1), (-1e6, 0)])
def test_release_by_hand(bought: float, covered: float) -> None:
    """200 people are released a year; medication on release takes away part of their risk."""
    p = values(
        reentry_coverage_today=0.1,
        reentry_effect=0.5,
        post_release_first_month=13.0,
        post_release_later=1.6,
    )
    state = each(State, people=each(People, custody=CUSTODY))
    pressed = each(Pressure, release=RELEASE, reentry=np.array([bought]))
    found = events.released(state, each(Slow, active=np.array([500.0])), p, pressed)
    assert found.covered == pytest.approx(covered)
    extra = 1 + 0.6 * 11 / 12
    assert found.extra_risk == pytest.approx(200 * extra * (1 - covered / 2) / 500)


def test_rates_by_hand() -> None:
    p = values(
        exposed_people=1000.0,
        initiation_price_elasticity=0.5,
        arrest_ratio_in_treatment=0.25,
        treatment_leaving_rate=1.2,
        treatment_reach=0.6,
        treatment_to_remission_share=0.2,
        remission_rate=0.05,
        quit_price_elasticity=0.5,
        moud_risk_ratio=0.3,
        moud_other_death_ratio=0.7,
        other_death_rate_active=0.02,
        other_death_rate_general=0.004,
        remission_at_release=0.1,
        relapse_rate=0.15,
    )
    pressed = each(
        Pressure,
        entry=column(0.04, 0.02, 0.06),
        release=RELEASE,
        fatality=np.array([0.08]),
        prevention=np.array([1.25]),
        places=np.array([100.0]),
    )
    risk = each(Risk, fatal=np.array([0.01]), exposed=np.array([0.001]))
    slow = each(Slow, active=np.array([600.0]), treatment=np.array([400.0]))
    freed = Release(covered=np.array([0.25]), extra_risk=np.array([0.1]))
    drivers = each(Drivers, entry=np.array([50.0]))
    found = events.moves(slow, p, drivers, pressed, np.array([4.0]), risk, freed)
    by_hand = {
        "exposed_active": 0.05 / 2 / 1.25,
        "exposed_overdose": 0.00008,
        "exposed_other": 0.004,
        "active_treatment": 100 * (1.2 + 0.12 / 4) / 600,  # as many as leave, arrest included
        "active_custody": [0.04, 0.02, 0.06],
        "active_remission": 0.1,
        "active_overdose": 0.011,
        "active_other": 0.02,
        "treatment_active": 0.96,
        "treatment_custody": [0.01, 0.005, 0.015],
        "treatment_remission": 0.24,
        "treatment_overdose": 0.003,
        "treatment_other": 0.014,
        "custody_active": RELEASE[:, 0] * 0.75 * 0.9,
        "custody_treatment": RELEASE[:, 0] * 0.25,
        "custody_remission": RELEASE[:, 0] * 0.75 * 0.1,
        "custody_other": 0.004,
        "remission_active": 0.15,
        "remission_other": 0.004,
    }
    assert by_hand.keys() == set(Moves._fields)
    for move, rate in by_hand.items():
        np.testing.assert_allclose(getattr(found, move).squeeze(), rate, err_msg=move)


def test_years_lived_are_the_mean_of_a_steps_bounds() -> None:
    before = People(*(np.array([10.0]),) * 3, CUSTODY, *(np.array([10.0]),) * 3)
    after = People(*(np.array([30.0]),) * 3, CUSTODY * 2, *(np.array([30.0]),) * 3)
    found = events.stocks_lived(before, after, np.array([60.0]), DT)
    years = dict.fromkeys(("active", "treatment", "remission", "exposed"), 20 / 12)
    years |= {"custody_user": 105 / 12, "custody_seller": 5}
    assert {name: pytest.approx(float(value[0])) for name, value in found.items()} == {
        f"{name}_years": value for name, value in years.items()
    }
