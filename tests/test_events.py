"""The events of a step by hand: each from stocks and rates that are set here, one at a time."""

from types import SimpleNamespace

import numpy as np
import pytest

from simlib.model import market, month, overdose, people, supply
from simlib.model.future import (
    Anchors,
    Bought,
    Capacity,
    Deaths,
    Drivers,
    Future,
    Kept,
    Offences,
    People,
    Pressed,
    Prices,
    Slow,
    Stages,
    Stocks,
    Today,
    half_a_step_on,
    kept_of,
    slow_stocks,
)
from simlib.model.market import Traded
from simlib.model.overdose import Risk
from simlib.model.people import Moves

DT = 1 / 12


def each(kind: type, **given: object):
    """A tuple of this kind; what is not given is not a number, so that nothing else is read."""
    assert set(given) <= set(kind._fields)
    return kind(**{name: given.get(name, np.nan) for name in kind._fields})


def future(p: SimpleNamespace, **given: object) -> Future:
    return each(Future, p=p, dt=DT, **given)


values = SimpleNamespace


# --- trade ----------------------------------------------------------------------------------------

TRADE = values(
    moud_risk_ratio=0.5,
    demand_elasticity=0.5,
    short_price_elasticity=0.5,
    price_ceiling=8.0,
    weaker_share=0.5,
    shipment_lag_months=2.0,
    substitution_share=0.5,
    slack_production=2.5,
    slack_distribution=1.2,
    border_seized_share=0.2,
    domestic_seized_share=0.375,
)
KEPT = each(Kept, shipments=np.exp(-0.5), volume=0.8, substitution=0.7)
SEIZED = Stages(0.1, 1 / 9, 0.375)


def traded(cost: float = 1.0, shipped: float = 1.0, before: float = 1.0, **left: float) -> Traded:
    """A thousand users (800 active, 400 treated) who want a kilogram a month at trend prices.

    Capacity left is the mean of the step's bounds, of which that at its end is given.
    """
    now = each(
        Stocks,
        shipments=0.9,
        volume=700.0,
        stock_kg=0.3,
        substituted=0.1,
        capacity=Capacity(before, before, before),
    )
    slow = each(Slow, active=800.0, treatment=400.0, shipments=shipped, substituted=0.2)
    drivers = each(
        Drivers,
        kg_per_user=0.012,
        fentanyl_share=0.75,
        shock=left.get("shock", 1.0),
        log_potency_trend=0.4,
    )
    parts = (left.get(name, 1.0) for name in Capacity._fields)
    pressed = each(Pressed, passed=0.5, capacity=Capacity(*parts), iron=1.25)
    return market.trade(future(TRADE, kept=KEPT), drivers, now, slow, pressed, cost)


def test_a_short_market_by_hand() -> None:
    """Half of 1 kg shipped passes, 0.3 kg lie in stock: 0.8 of 1 kg wanted."""
    found = traded()
    assert found.produced_kg == pytest.approx(1)
    assert found.consumed_kg == pytest.approx(0.8)
    assert found.met == pytest.approx(0.8)
    assert found.diluted == pytest.approx(0.8 * 1.25)  # half of the rise as weaker; the iron law
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
    found = traded()
    volume = 1000 * (0.75 * 0.8 + 0.25 + 0.75 * 0.2)
    assert found.volume == pytest.approx(700 + (volume - 700) * 0.2)
    assert found.substituted == pytest.approx(0.1 + (0.5 * 0.2 - 0.1) * 0.3)


def test_dearer_fentanyl_is_bought_less_and_not_watered_down() -> None:
    found = traded(cost=4.0)
    assert found.consumed_kg == pytest.approx(0.5)
    assert found.met == pytest.approx(1)
    assert found.price == pytest.approx(4)
    assert found.diluted == pytest.approx(1.25)
    assert found.doses == pytest.approx(0.5 / 1.25)


@pytest.mark.parametrize(
    ("capacity", "most"),
    [
        ({}, 1.2 * 2),  # trend shipments are 1 / (0.8 * 0.625) = 2
        ({"distribution": 0.0}, 0.6 * 2),
        ({"production": -0.2}, 1.0 * 2),
        ({"production": 0.6, "precursors": 0.0, "shock": 0.9}, 2.5 * 0.36 * 2),
        ({"distribution": 0.0, "production": -0.8}, 0.25 * 2),
        ({"before": 0.5, "distribution": 0.1, "production": 0.5, "precursors": 0.5}, 0.36 * 2),
    ],
)
def test_the_shorter_capacity_bounds_what_is_shipped(capacity: dict, most: float) -> None:
    """Capacity of mid-step, between 1 (or `before`) and what is given."""
    assert traded(shipped=99.0, **capacity).produced_kg == pytest.approx(most)
    assert traded(shipped=0.2, **capacity).produced_kg == pytest.approx(0.2)


# --- unit cost ------------------------------------------------------------------------------------


@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0])
def test_unit_cost_by_hand(weight: float) -> None:
    """A market of a quarter at exponent 0.5 doubles risk; a vacuum makes production cheaper."""
    today = each(
        Today,
        prices=Prices(100.0, 200.0, 500.0, 1000.0),
        handling=Stages(20.0, 100.0, 300.0),
        risk=Stages(40.0, 150.0, 200.0),
        volume=400.0,
    )
    p = values(swamping_limit=9.0, swamping_exponent=0.5, pass_through_weight=weight)
    premium, seized = Stages(1.0, 1.5, 2.0), Stages(0.2, 0.1, 0.5)
    slow = each(Slow, volume=100.0)
    ratio, additive = supply.unit_cost(future(p, today=today), slow, premium, 0.9, seized)
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
        prices=Prices(100.0, 200.0, 500.0, 1000.0),
        handling=Stages(0.0, 0.0, 0.0),
        risk=Stages(100.0, 300.0, 500.0),
        volume=400.0,
    )
    p = values(swamping_limit=4.0, swamping_exponent=0.5, pass_through_weight=0.0)
    nothing = Stages(0.0, 0.0, 0.0)
    f, slow = future(p, today=today), each(Slow, volume=volume)
    _, additive = supply.unit_cost(f, slow, supply.ALIKE, 1.0, nothing)
    assert additive == pytest.approx(100 + 900 * size**0.5)


# --- overdoses ------------------------------------------------------------------------------------

RISK = values(
    dose_exponent=0.5,
    potency_short_elasticity=0.6,
    potency_long_elasticity=0.2,
    frailty_variance=2.0,
    overdose_rate=0.05,
    substitute_risk=0.4,
)


@pytest.mark.parametrize(("potency", "kept"), [(0.5, np.exp(-0.5)), (-0.3, np.exp(-1 / 12))])
def test_overdose_risk_by_hand(potency: float, kept: float) -> None:
    """Tolerance and frailty of mid-step; occasional users have neither tolerance nor doses more."""
    now = each(Stocks, log_tolerance=0.1, lived_hazard=99.0)
    slow = each(Slow, lived_hazard=0.25, substituted=0.3)
    pressed = each(Pressed, circumstances=1.1, health=each(Bought, fatality=0.08))
    lags = each(Kept, tolerance_up=np.exp(-0.5), tolerance_down=np.exp(-1 / 12))
    found = overdose.overdose_risk(
        future(RISK, a=each(Anchors, exposed_rate=0.001), kept=lags),
        each(Drivers, heroin_deaths=0.002),
        now,
        slow,
        each(Traded, log_potency=potency, doses=0.64),
        pressed,
    )
    tolerance = 0.1 + (potency - 0.1) * (1 - kept)
    middle = (0.1 + tolerance) / 2
    reference = 0.05 * 1.1 / 1.5
    fentanyl = reference * 0.8 * np.exp(0.6 * (potency - middle) + 0.2 * middle)
    assert found.log_tolerance == pytest.approx(tolerance)
    assert found.fentanyl == pytest.approx(fentanyl)
    assert found.substitutes == pytest.approx(reference * 0.3 * 0.4)
    assert found.exposed == pytest.approx(0.001 * 1.1 * 0.8 * np.exp(0.6 * potency))
    assert found.fatal == pytest.approx(0.08 * (fentanyl + reference * 0.12) + 0.002)


def brought(**given: object) -> month.Flows:
    """What a step brings of these; nothing is known of the rest."""
    kinds = {
        "pressed": Pressed, "traded": Traded, "risk": Risk, "rates": Moves, "out": People,
        "now": Stocks, "after": People,
    }  # fmt: skip
    known = {name: given.get(name, each(kind)) for name, kind in kinds.items()}
    p = values(substitute_synthetic_share=0.2, background_deaths=24.0)
    drivers = each(Drivers, heroin_deaths=0.002, prescription_deaths=120.0, born_exposed=600.0)
    if "now" not in given:
        nobody = each(Stages)
        known["now"] = each(Stocks, people=each(People), sellers=nobody)
        known["pressed"] = known["pressed"]._replace(sellers=nobody)
    if "pressed" not in given:
        known["pressed"] = known["pressed"]._replace(health=each(Bought), seized=each(Stages))
    return month.flows(future(p), drivers, **known, additive=77.0)


def test_kilograms_by_hand() -> None:
    """Of 1 kg a tenth is seized at the border, a ninth of the rest after it, 3/8 of that last."""
    found = brought(
        traded=each(Traded, produced_kg=1.0, consumed_kg=0.8, met=0.9, price=3.0, diluted=0.7),
        pressed=each(Pressed, seized=SEIZED, health=each(Bought), sellers=each(Stages)),
    )
    by_hand = {
        "produced_kg": 1.0,
        "seized_border_kg": 0.1,
        "seized_wholesale_kg": 0.1,
        "seized_retail_kg": 0.3,
        "consumed_kg": 0.8,
        "met_share": 0.9,
        "price_ratio": 3.0,
        "potency_ratio": 0.7,
        "cost_additive": 77.0,
        "entries": 50.0,
    }
    assert {name: getattr(found, name) for name in by_hand} == pytest.approx(by_hand)


def test_deaths_by_hand() -> None:
    """100 deaths of dependent users: 60 by fentanyl, 30 by substitutes, 10 by heroin."""
    found = brought(
        rates=each(Moves, active_overdose=0.01, treatment_overdose=0.005, exposed_overdose=0.0001),
        out=each(People, active=9000.0, treatment=2000.0, exposed=5e4),
        risk=each(Risk, fatal=0.02, fentanyl=0.15, substitutes=0.075),
        pressed=each(
            Pressed, health=each(Bought, fatality=0.08), seized=each(Stages), sellers=each(Stages)
        ),
    )
    fentanyl = 60 + 5  # five were occasional users
    counted = fentanyl + 0.2 * 30 + 2
    by_hand = {
        "deaths_fentanyl": counted,
        "deaths_any_opioid": counted + 10 + 0.8 * 30 + 10,
        "deaths_illicit": fentanyl + 30,
        "overdoses": (fentanyl + 30) / 0.08,
    }
    assert {name: getattr(found, name) for name in by_hand} == pytest.approx(by_hand)


def test_years_lived_are_the_mean_of_a_steps_bounds() -> None:
    before = People(10.0, 11.0, 12.0, 40.0, 20.0, 10.0, 13.0)
    after = People(30.0, 41.0, 52.0, 80.0, 41.0, 22.0, 63.0)
    found = brought(
        now=each(Stocks, people=before, sellers=Stages(10.0, 20.0, 30.0)),
        after=after,
        pressed=each(
            Pressed, sellers=Stages(1.0, 2.0, 3.0), health=each(Bought), seized=each(Stages)
        ),
    )
    by_hand = {
        "exposed_years": 20 / 12,
        "active_years": 26 / 12,
        "treatment_years": 32 / 12,
        "custody_user_years": 213 / 24,
        "custody_seller_years": 66 / 24,
        "remission_years": 38 / 12,
    }
    assert {name: getattr(found, name) for name in by_hand} == pytest.approx(by_hand)


# --- people ---------------------------------------------------------------------------------------

HELD = each(People, possession=40.0, selling=20.0, other=10.0)
RELEASE = Offences(4.0, 0.5, 3.0)
PEOPLE = {
    "exposed_people": 1000.0,
    "initiation_price_elasticity": 0.5,
    "arrest_ratio_in_treatment": 0.25,
    "treatment_leaving_rate": 1.2,
    "treatment_reach": 0.6,
    "treatment_to_remission_share": 0.2,
    "remission_rate": 0.05,
    "quit_price_elasticity": 0.5,
    "moud_risk_ratio": 0.3,
    "moud_other_death_ratio": 0.7,
    "other_death_rate_active": 0.02,
    "other_death_rate_general": 0.004,
    "remission_at_release": 0.1,
    "relapse_rate": 0.15,
    "reentry_coverage_today": 0.1,
    "reentry_effect": 0.5,
    "post_release_first_month": 13.0,
    "post_release_later": 1.6,
}


def moved(bought: float = 0.0, **changed: float) -> Moves:
    """Rates at four times the price; 200 people a year are released."""
    pressed = each(
        Pressed,
        entry=Offences(0.04, 0.02, 0.06),
        release=RELEASE,
        health=Bought(prevention=1.25, places=100.0, fatality=0.08, reentry=bought),
    )
    risk = each(Risk, fatal=0.01, exposed=0.001)
    slow = each(Slow, active=600.0, treatment=400.0)
    p, drivers = values(**PEOPLE | changed), each(Drivers, entry=50.0)
    return people.moves(p, drivers, HELD, slow, pressed, 4.0, risk)


@pytest.mark.parametrize(("bought", "covered"), [(0.0, 0.1), (40.0, 0.3), (1e6, 1), (-1e6, 0)])
def test_release_by_hand(bought: float, covered: float) -> None:
    """Medication on release takes away part of the risk that follows it."""
    found = moved(bought)
    extra = 200 * (1 + 0.6 * 11 / 12) * (1 - covered / 2) / 600
    assert found.active_overdose == pytest.approx(0.01 * (1 + extra))
    for move, share in (
        ("custody_treatment", covered),
        ("custody_active", (1 - covered) * 0.9),
        ("custody_remission", (1 - covered) * 0.1),
    ):
        by_hand = tuple(rate * share for rate in RELEASE)
        assert getattr(found, move) == pytest.approx(by_hand), move


def test_rates_by_hand() -> None:
    found = moved(30.0)  # a quarter of the 200 released is covered
    by_hand = {
        "exposed_active": 0.05 / 2 / 1.25,
        "exposed_overdose": 0.00008,
        "exposed_other": 0.004,
        "active_treatment": 100 * (1.2 + 0.12 / 4) / 600,  # as many as leave, arrest included
        "active_custody": (0.04, 0.02, 0.06),
        "active_remission": 0.1,
        "active_overdose": 0.01 * (1 + 200 * 1.55 * (1 - 0.25 / 2) / 600),
        "active_other": 0.02,
        "treatment_active": 0.96,
        "treatment_custody": (0.01, 0.005, 0.015),
        "treatment_remission": 0.24,
        "treatment_overdose": 0.003,
        "treatment_other": 0.014,
        "custody_active": tuple(rate * 0.75 * 0.9 for rate in RELEASE),
        "custody_treatment": tuple(rate * 0.25 for rate in RELEASE),
        "custody_remission": tuple(rate * 0.75 * 0.1 for rate in RELEASE),
        "custody_other": 0.004,
        "remission_active": 0.15,
        "remission_other": 0.004,
    }
    assert by_hand.keys() == set(Moves._fields)
    for move, rate in by_hand.items():
        assert getattr(found, move) == pytest.approx(rate), move
    reach = moved(treatment_reach=0.05).active_treatment  # no more than half the places are filled
    assert reach == pytest.approx(50 * (1.2 + 0.12 / 4) / 600)


# --- the order of a step --------------------------------------------------------------------------


def test_rates_depend_on_stocks_half_a_step_on() -> None:
    now, before = Slow(*map(float, range(10, 16))), Slow(*map(float, range(0, 12, 2)))
    found = half_a_step_on(now, before)
    assert found == tuple(1.5 * a - 0.5 * b for a, b in zip(now, before, strict=True))


def test_slow_stocks_are_those_of_their_names() -> None:
    stocks = each(
        Stocks,
        people=each(People, active=1.0, treatment=2.0),
        shipments=3.0,
        volume=4.0,
        substituted=5.0,
        lived_hazard=6.0,
        dead=each(Deaths),
    )
    assert slow_stocks(stocks) == Slow(
        active=1.0, treatment=2.0, shipments=3.0, volume=4.0, substituted=5.0, lived_hazard=6.0
    )


def test_what_a_step_keeps_of_each_lag() -> None:
    lags = values(
        displacement_half_life_months=3.0,
        shipment_lag_months=2.0,
        volume_memory_years=0.25,
        substitution_lag_months=4.0,
        tolerance_up_months=1.0,
        tolerance_down_months=24.0,
    )
    assert kept_of(lags, DT)._asdict() == pytest.approx(
        {
            "traffic": 0.5 ** (1 / 3),
            "shipments": np.exp(-1 / 2),
            "volume": np.exp(-1 / 3),
            "substitution": np.exp(-1 / 4),
            "tolerance_up": np.exp(-1),
            "tolerance_down": np.exp(-1 / 24),
        }
    )
