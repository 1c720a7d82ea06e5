"""The page of equations, the picture of stocks and flows, and one month in plain numbers."""

import re
from pathlib import Path

import pytest

import simlib
from simlib.inputs.parameters import load_parameters
from simlib.inputs.tables import load_programmes
from simlib.model import month, pressure
from simlib.model.future import Drivers, Future, People, Stocks
from simlib.model.people import Moves
from simlib.pages.month import called, page, read
from simlib.walkthrough.one_month import first_month

DOCS = Path(__file__).resolve().parents[1] / "docs"


@pytest.fixture(scope="module")
def told() -> str:
    return page()


def test_the_page_of_equations_tells_every_parameter_once_or_more(told: str) -> None:
    missing = [name for name in load_parameters() if not re.search(rf"[/#]{name}(?:\.md)?\)", told)]
    assert missing == []


def test_it_follows_the_order_of_events(told: str) -> None:
    places = [told.index(heading) for heading in ("## Events 1 and 2", "## Event 3", "## Event 4",
        "## Event 5", "## Event 6, first", "## Event 6, second")]  # fmt: skip
    assert places == sorted(places)


def test_it_shows_equations_code_and_ranges(told: str) -> None:
    assert "`C_i = (C_{i-1} + handling_i + risk_i) / (1 - s_i)`" in told
    assert "demand = demand_ratio(cost_ratio, p.demand_elasticity)" in told
    row = load_parameters()["swamping_exponent"]
    assert f"[{row.label}](parameters/supply.md#swamping_exponent)" in told


def test_functions_are_told_in_the_order_in_which_they_are_called() -> None:
    names = [each.__name__ for each in called(month.step)]
    events = ("press", "unit_cost", "trade", "overdose_risk", "moves", "step")
    assert [name for name in names if name in events] == [*events]
    assert [each.__name__ for each in called(pressure.press)] == [
        "intensities", "search", "ratio", "summed", "rates", "passed", "premiums", "iron_law",
        "added", "bought", "capacities_next", "sellers_next",
    ]  # fmt: skip
    assert read(month.flows) == ["substitute_synthetic_share", "background_deaths"]


def test_the_picture_has_every_stock_and_every_move() -> None:
    names = set(re.findall(r'id="(\w+)"', (DOCS / "model.svg").read_text(encoding="utf-8")))
    stocks = {*Stocks._fields, *People._fields} - {"people"}
    assert stocks | set(Moves._fields) <= names
    flows = [name for name in month.Flows._fields if name.endswith("_kg") and "cost" not in name]
    assert set(flows) <= names


def test_one_month_in_plain_numbers_is_the_first_of_a_run() -> None:
    future, drivers, levers, stocks = first_month(seed=4)
    assert [type(each) for each in (future, drivers, stocks)] == [Future, Drivers, Stocks]
    assert levers._fields == tuple(load_programmes())
    assert all(type(number) is float for number in (*drivers, *future.p, *stocks.people))
    _, brought = month.step(future, drivers, levers, stocks)
    run = simlib.simulate(draws=1, seed=4).projection
    for name in ("deaths_fentanyl", "seized_border_kg", "price_ratio"):
        assert getattr(brought, name) == pytest.approx(run[name][0, 0, 0], rel=1e-12)
    _, other = month.step(future, drivers, levers._replace(port_officers=1000.0), stocks)
    assert other.seized_border_kg > brought.seized_border_kg
