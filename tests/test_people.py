"""People by hand: exits, arrivals, nobody lost, treatment, custody, sellers."""

import numpy as np
import pytest

from simlib.model import custody, people
from simlib.model.future import Deaths, Offences, People
from simlib.model.people import Moves

DRAWS = 3
OFFENCES = Offences._fields


def stocks(**given: float) -> People:
    """Persons by box; custody in equal parts for each offence."""
    held = given.pop("custody", 0.0) / 3
    filled = dict.fromkeys(People._fields, 0.0) | dict.fromkeys(OFFENCES, held) | given
    return People(**{name: np.full(DRAWS, value) for name, value in filled.items()})


def rates(**given: float) -> Moves:
    """Rates of moves; those of custody are the same for each offence."""

    def shaped(move: str):
        rate = np.full(DRAWS, given.get(move, 0.0))
        by_offence = "custody" in move and move != "custody_other"
        return Offences(rate, rate, rate) if by_offence else rate

    return Moves(**{move: shaped(move) for move in Moves._fields})


def total(each: People | Deaths) -> np.ndarray:
    return np.sum(each, axis=0)


def after_steps(now: People, m: Moves, entries: float, dt: float, steps: int) -> People:
    for _ in range(steps):
        now, _, _ = people.step(now, m, entries, dt)
    return now


def test_exits_are_split_by_rate() -> None:
    moves = rates(
        active_remission=0.3, active_custody=0.1, active_other=0.6, custody_other=0.2,
        treatment_custody=0.1, treatment_other=0.3, remission_active=0.5,
    )  # fmt: skip
    leaving, per_rate, _ = people.all_exits(moves, 1.0)
    active = 1 - np.exp(-1.2)  # three offences at 0.1
    np.testing.assert_allclose(moves.active_remission * per_rate.active, active * 0.25)
    np.testing.assert_allclose(moves.active_custody.selling * per_rate.active, active / 12)
    np.testing.assert_allclose(moves.active_other * per_rate.active, active * 0.5)
    np.testing.assert_allclose(leaving.active, active)
    np.testing.assert_allclose(leaving.treatment, 1 - np.exp(-0.6))
    np.testing.assert_allclose(leaving.remission, 1 - np.exp(-0.5))
    for offence in OFFENCES:
        np.testing.assert_allclose(getattr(leaving, offence), 1 - np.exp(-0.2))
    np.testing.assert_allclose(leaving.exposed, 0, atol=1e-300)
    still, each, _ = people.all_exits(rates(), 1.0)
    np.testing.assert_allclose(still.active, 0, atol=1e-300)
    np.testing.assert_array_equal(rates().active_other * each.active, 0)


def test_arrivals_of_each_box_are_there_for_part_of_the_step() -> None:
    """Each box by its own rate of leaving, ``1/q - 1/(H dt)``; half the step where few leave."""
    rising = {
        "exposed_other": 1.0, "active_other": 2.0, "treatment_other": 3.0, "remission_other": 7.0
    }  # fmt: skip
    moves = rates(**rising)._replace(
        custody_active=Offences(*(np.full(DRAWS, rate) for rate in (4.0, 5.0, 6.0)))
    )
    leaving, per_rate, present = people.all_exits(moves, 0.25)
    for n, box in enumerate(People._fields, start=1):
        share = 1 - np.exp(-n / 4)
        np.testing.assert_allclose(getattr(leaving, box), share, err_msg=box)
        np.testing.assert_allclose(getattr(per_rate, box), share / n, err_msg=box)
        np.testing.assert_allclose(getattr(present, box), 1 / share - 4 / n, err_msg=box)
    few = people.all_exits(rates(exposed_other=1e-12), 0.25)[2]
    assert np.all(np.array(few) == 0.5)


def test_everybody_who_leaves_arrives() -> None:
    rng = np.random.default_rng(2)
    start = People(*(rng.uniform(0, 1e6, DRAWS) for _ in People._fields))
    for scale in (1e-6, 1.0, 1e3):
        wild = Moves(*(
            Offences(*rng.exponential(scale, (3, DRAWS))) if isinstance(rate, tuple)
            else rng.exponential(scale, DRAWS)
            for rate in rates()
        ))  # fmt: skip
        after, _, out = people.step(start, wild, 7.0, 1 / 12)
        died = people.deaths(out, wild)
        np.testing.assert_allclose(total(after) + total(died), total(start) + 7, rtol=1e-12)
        assert all(np.all(box > -1e-6) for box in after)
        assert all(np.all(count > 0) for count in died)


def test_each_move_goes_from_and_to_where_its_name_says() -> None:
    full = stocks(exposed=100, active=100, treatment=100, custody=100, remission=100)
    for move in Moves._fields:
        origin, destination = move.split("_")
        moves = rates(**{move: 0.3})
        after, _, out = people.step(full, moves, 0.0, 1e-6)
        changed = {
            name: np.sum(getattr(after, name) - getattr(full, name)) for name in People._fields
        }
        changed["custody"] = sum(changed.pop(offence) for offence in OFFENCES)
        dead = people.deaths(out, moves)
        changed |= {"overdose": np.sum(dead.overdose), "other": np.sum(dead.otherwise)}
        assert changed.pop(origin) < -1e-6, move
        assert changed.pop(destination) > 1e-6, move
        assert all(abs(rest) < 1e-9 for rest in changed.values()), move


@pytest.mark.parametrize("offence", OFFENCES)
@pytest.mark.parametrize(
    "move", [move for move in Moves._fields if "custody" in move and move != "custody_other"]
)
def test_custody_for_one_offence_is_not_that_for_another(move: str, offence: str) -> None:
    full = stocks(active=100, treatment=100, custody=300, remission=100)
    nobody = Offences(*np.zeros((3, DRAWS)))
    moves = rates()._replace(**{move: nobody._replace(**{offence: np.full(DRAWS, 0.3)})})
    after, _, _ = people.step(full, moves, 0.0, 1 / 12)
    changed = {name for name in OFFENCES if np.any(getattr(after, name) != getattr(full, name))}
    assert changed == {offence}
    np.testing.assert_allclose(total(after), total(full))


def test_decay_and_growth_against_the_exact_solution() -> None:
    stock = after_steps(stocks(active=100), rates(active_other=0.5), 0.0, 1 / 12, 12)
    np.testing.assert_allclose(stock.active, 100 * np.exp(-0.5), rtol=1e-9)
    for rate in (2.0, 24.0, 1e-9, 0.0):  # a stay of a fortnight is exact too
        stock = after_steps(stocks(), rates(exposed_other=rate), 10.0, 1 / 12, 24)
        exact = 120 / rate * -np.expm1(-2 * rate) if rate else 240
        np.testing.assert_allclose(stock.exposed, exact, rtol=1e-7)


def test_a_step_of_a_month_against_a_fine_euler() -> None:
    moves = rates(
        active_treatment=0.8,
        treatment_active=1.3,
        active_custody=0.1,
        custody_active=6.0,
        active_overdose=0.03,
    )
    stock, counted = stocks(active=1000, treatment=300), 0.0
    active, treated, held, dead, dt = 1000.0, 300.0, 0.0, 0.0, 1e-5
    for _ in range(24):
        stock, _, gone = people.step(stock, moves, 0.0, 1 / 12)
        counted += people.deaths(gone, moves).overdose
    for _ in range(round(2 / dt)):
        out, back, jailed, freed = 0.8 * active, 1.3 * treated, 0.3 * active, 6.0 * held
        died = 0.03 * active
        active += (back + freed - out - jailed - died) * dt
        treated += (out - back) * dt
        held += (jailed - freed) * dt
        dead += died * dt
    np.testing.assert_allclose(stock.active, active, rtol=2e-3)
    np.testing.assert_allclose(stock.possession + stock.selling + stock.other, held, rtol=8e-3)
    np.testing.assert_allclose(counted, dead, rtol=5e-3)


def test_treatment_keeps_places_filled_up_to_its_reach() -> None:
    places = np.array([100.0, 1e9, 0.0])
    entry = people.treatment_entry(places, 0.5, 1000.0, 800.0, 1.5)
    np.testing.assert_allclose(entry * 800, [150, 750, 0])
    assert np.isfinite(people.treatment_entry(100.0, 0.5, 100.0, 0.0, 1.5))


def test_custody_chance_release_time_and_sellers() -> None:
    assert custody.custody_chance(1.5, 0.0) == 1
    assert custody.custody_chance(4.0, 0.5) == 2
    assert people.release_extra_years(1.0, 1.0) == 0
    assert people.release_extra_years(7.0, 2.0) == pytest.approx(0.5 + 11 / 12)
    after = custody.sentenced_next(30.0, np.array([10.0, 0.0]), 4.0, 0.3)
    np.testing.assert_allclose(after, [40 - 10 * np.exp(-0.3 / 4), 30 * np.exp(-0.3 / 4)])
