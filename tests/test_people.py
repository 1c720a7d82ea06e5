"""People by hand: exits, arrivals, nobody lost, treatment, custody, sellers."""

import numpy as np
import pytest
from simlib.people import Moves, People

from simlib import people

DRAWS = 3


def stocks(**given: float) -> People:
    filled = {name: np.full(DRAWS, given.get(name, 0.0)) for name in People._fields}
    filled["custody"] = np.full((3, DRAWS), given.get("custody", 0.0) / 3)
    return People(**filled)


def rates(**given: float) -> Moves:
    def shaped(move: str) -> np.ndarray:
        return np.full((3, DRAWS) if "custody" in move else DRAWS, given.get(move, 0.0))

    return Moves(**{move: shaped(move) for move in Moves._fields})


def test_totals() -> None:
    found = stocks(exposed=1, active=2, custody=3, dead_overdose=4, dead_otherwise=5)
    np.testing.assert_allclose(found.total(), 15)
    np.testing.assert_allclose(found.alive(), 6)


def test_chances_split_the_exits_by_rate() -> None:
    chance = people.chances(
        rates(active_remission=0.3, active_custody=0.1, active_other=0.6, custody_other=0.2), 1.0
    )
    leaving = 1 - np.exp(-1.2)  # three offences at 0.1
    np.testing.assert_allclose(chance.moves.active_remission, leaving * 0.25)
    np.testing.assert_allclose(chance.moves.active_custody, np.full((3, DRAWS), leaving / 12))
    np.testing.assert_allclose(chance.moves.active_other, leaving * 0.5)
    np.testing.assert_allclose(chance.leaving.active, leaving)
    np.testing.assert_allclose(chance.leaving.custody, np.full((3, DRAWS), 1 - np.exp(-0.2)))
    still = people.chances(rates(), 1.0)
    np.testing.assert_array_equal(still.moves.active_other, 0)
    np.testing.assert_array_equal(still.leaving.active, 0)


def test_everybody_who_leaves_arrives() -> None:
    rng = np.random.default_rng(2)
    start = People(*(rng.uniform(0, 1e6, box.shape) for box in stocks()))
    for scale in (1e-6, 1.0, 1e3):
        wild = Moves(*(rng.exponential(scale, rate.shape) for rate in rates()))
        after, _, arrived = people.step(start, people.chances(wild, 1 / 12), np.full(DRAWS, 7.0))
        np.testing.assert_allclose(after.total(), start.total() + 7, rtol=1e-12)
        assert all(np.all(box > -1e-6) for box in after)
        np.testing.assert_allclose(after.dead_overdose, start.dead_overdose + arrived.dead_overdose)


def test_each_move_goes_from_and_to_where_its_name_says() -> None:
    into = {"overdose": "dead_overdose", "other": "dead_otherwise"}
    full = stocks(exposed=100, active=100, treatment=100, custody=100, remission=100)
    for move in Moves._fields:
        origin, destination = move.split("_")
        chance = people.chances(rates(**{move: 0.3}), 1e-6)
        after, _, _ = people.step(full, chance, np.zeros(DRAWS))
        changed = {
            name: np.sum(getattr(after, name) - getattr(full, name)) for name in People._fields
        }
        assert changed.pop(origin) < -1e-6, move
        assert changed.pop(into.get(destination, destination)) > 1e-6, move
        assert all(abs(rest) < 1e-9 for rest in changed.values()), move


def test_decay_and_growth_against_the_exact_solution() -> None:
    stock = stocks(active=100)
    chance = people.chances(rates(active_other=0.5), 1 / 12)
    for _ in range(12):
        stock, _, _ = people.step(stock, chance, np.zeros(DRAWS))
    np.testing.assert_allclose(stock.active, 100 * np.exp(-0.5), rtol=1e-9)
    for rate in (2.0, 24.0, 1e-9, 0.0):  # a stay of a fortnight is exact too
        stock, chance = stocks(), people.chances(rates(exposed_other=rate), 1 / 12)
        for _ in range(24):
            stock, _, _ = people.step(stock, chance, np.full(DRAWS, 10.0))
        exact = 120 / rate * -np.expm1(-2 * rate) if rate else 240
        np.testing.assert_allclose(stock.exposed, exact, rtol=1e-7)


def test_a_step_of_a_month_against_a_fine_euler() -> None:
    chance = people.chances(
        rates(
            active_treatment=0.8,
            treatment_active=1.3,
            active_custody=0.1,
            custody_active=6.0,
            active_overdose=0.03,
        ),
        1 / 12,
    )
    stock = stocks(active=1000, treatment=300)
    active, treated, held, dead, dt = 1000.0, 300.0, 0.0, 0.0, 1e-5
    for _ in range(24):
        stock, _, _ = people.step(stock, chance, np.zeros(DRAWS))
    for _ in range(round(2 / dt)):
        out, back, jailed, freed = 0.8 * active, 1.3 * treated, 0.3 * active, 6.0 * held
        died = 0.03 * active
        active += (back + freed - out - jailed - died) * dt
        treated += (out - back) * dt
        held += (jailed - freed) * dt
        dead += died * dt
    np.testing.assert_allclose(stock.active, active, rtol=2e-3)
    np.testing.assert_allclose(stock.custody.sum(axis=0), held, rtol=8e-3)
    np.testing.assert_allclose(stock.dead_overdose, dead, rtol=5e-3)


def test_treatment_keeps_places_filled_up_to_its_reach() -> None:
    places = np.array([100.0, 1e9, 0.0])
    entry = people.treatment_entry(places, 0.5, 1000.0, 800.0, 1.5)
    np.testing.assert_allclose(entry * 800, [150, 750, 0])
    assert np.isfinite(people.treatment_entry(100.0, 0.5, 100.0, 0.0, 1.5))


def test_custody_chance_release_time_and_sellers() -> None:
    assert people.custody_chance(1.5, 0.0) == 1
    assert people.custody_chance(4.0, 0.5) == 2
    assert people.release_extra_years(1.0, 1.0) == 0
    assert people.release_extra_years(7.0, 2.0) == pytest.approx(0.5 + 11 / 12)
    rest, kept = people.sellers_rest(np.array([10.0, 0.0]), 4.0, 0.3)
    np.testing.assert_allclose(rest, [40, 0])
    np.testing.assert_allclose(kept, np.exp(-0.3 / 4))
