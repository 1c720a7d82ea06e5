"""Wedges: games worked by hand, the axioms, sampling, and the model's own levers."""

import itertools

import numpy as np
import pytest

import simlib
from simlib.analysis.wedges import (
    sampled_orders,
    shapley,
    shapley_sampled,
    taylor_pairs,
    wedges,
)
from simlib.compare import compare
from simlib.errors import InputError
from simlib.inputs.policy import Policy

PLAYERS = 5


def game(value, players: int = PLAYERS, draws: int = 3) -> np.ndarray:
    """Values of all sets; `value` is a function of a set of players."""
    sets = [{i for i in range(players) if number >> i & 1} for number in range(2**players)]
    return np.array([[value(each) * (draw + 1) for draw in range(draws)] for each in sets])


def some_game(seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(2**PLAYERS, 4))


def test_an_additive_game_gives_each_its_own() -> None:
    worth = [3.0, -1.0, 0.5, 0.0, 10.0]
    values = game(lambda chosen: 7 + sum(worth[i] for i in chosen))
    np.testing.assert_allclose(shapley(values)[:, 0], worth, atol=1e-12)
    np.testing.assert_allclose(taylor_pairs(values), 0, atol=1e-12)


def test_what_only_two_do_together_is_halved() -> None:
    values = game(lambda chosen: 6.0 if {1, 3} <= chosen else 0.0)
    np.testing.assert_allclose(shapley(values)[:, 1], [0, 6, 0, 6, 0], atol=1e-12)
    together = taylor_pairs(values)[:, :, 0]
    assert together[1, 3] == together[3, 1] == pytest.approx(6)
    assert np.abs(together).sum() == pytest.approx(12)


def test_three_players_by_hand() -> None:
    """The glove game: one left, two right gloves; a pair is worth 1."""
    values = game(lambda chosen: float(0 in chosen and bool(chosen & {1, 2})), players=3, draws=1)
    np.testing.assert_allclose(shapley(values)[:, 0], [4 / 6, 1 / 6, 1 / 6])


def test_shares_add_up_to_the_whole_in_every_draw() -> None:
    values = some_game()
    np.testing.assert_allclose(shapley(values).sum(axis=0), values[-1] - values[0], rtol=1e-12)
    alone = np.stack([values[1 << i] - values[0] for i in range(PLAYERS)])
    pairs = taylor_pairs(values)
    whole = alone.sum(axis=0) + pairs.sum(axis=(0, 1)) / 2
    np.testing.assert_allclose(whole, values[-1] - values[0], rtol=1e-12)
    np.testing.assert_allclose(alone + pairs.sum(axis=1) / 2, shapley(values), rtol=1e-10)


def test_who_adds_nothing_gets_nothing_and_equals_get_the_same() -> None:
    base = some_game()
    numbers = np.arange(2**PLAYERS)
    null = base[numbers & ~(1 << 2)]  # player 2 changes no set's value
    np.testing.assert_allclose(shapley(null)[2], 0, atol=1e-12)
    np.testing.assert_allclose(taylor_pairs(null)[2], 0, atol=1e-12)
    swapped = np.array([n & ~3 | (n & 1) << 1 | (n & 2) >> 1 for n in numbers])
    alike = base + base[swapped]
    np.testing.assert_allclose(*shapley(alike)[:2], rtol=1e-12)


def test_all_orders_give_the_exact_shares_and_some_come_near() -> None:
    values = some_game(2)
    by_number = dict(enumerate(values))
    exact = shapley(values)
    every = np.array(list(itertools.permutations(range(PLAYERS))))
    np.testing.assert_allclose(shapley_sampled(by_number, every)[0], exact, rtol=1e-10)
    orders = sampled_orders(PLAYERS, 40, seed=3)
    shares, error = shapley_sampled(by_number, orders)
    np.testing.assert_allclose(shares.sum(axis=0), values[-1] - values[0], rtol=1e-12)
    assert (np.abs((shares - exact).mean(axis=1)) < 4 * error).all()
    assert (error > 0).all()
    more = shapley_sampled(by_number, sampled_orders(PLAYERS, 640, seed=3))[1]
    assert (more < 0.6 * error).all()


def test_orders_are_permutations_and_come_with_their_reverse() -> None:
    orders = sampled_orders(6, 10, seed=1)
    assert (np.sort(orders, axis=1) == np.arange(6)).all()
    assert (orders[::2] == orders[1::2, ::-1]).all()
    assert (sampled_orders(6, 10, seed=2) != orders).any()


# --- the model's levers -------------------------------------------------------------------------

POLICY = Policy.constant("three", {"port_scanning": 500.0, "drug_units": 500.0, "naloxone": 200.0})


@pytest.fixture(scope="module")
def found():
    return wedges(POLICY, draws=20)


def test_levers_add_up_to_the_policy_s_difference(found) -> None:
    both = simlib.simulate([None, POLICY], draws=20)
    difference = compare(both).total("deaths_fentanyl")
    np.testing.assert_allclose(found.total, difference, rtol=1e-9)
    np.testing.assert_allclose(found.shares.sum(axis=0), difference, rtol=1e-9)
    table = found.table()
    assert table["share"].sum() == pytest.approx(difference.mean())
    np.testing.assert_allclose(table["share"], table["alone"] + table["with_others"])
    pairs = found.pairs()
    whole = table["alone"].sum() + pairs["together"].sum()
    assert whole == pytest.approx(difference.mean())
    assert table.set_index("lever").loc["naloxone", "share"] < 0


def test_against_another_policy_only_what_differs_is_split(found) -> None:
    other = Policy.constant("other", {"drug_units": 500.0, "naloxone": 100.0})
    split = wedges(POLICY, other, draws=20)
    assert set(split.levers) == {"port_scanning", "naloxone"}
    one = simlib.simulate([other, POLICY], draws=20)
    np.testing.assert_allclose(
        split.shares.sum(axis=0), compare(one).total("deaths_fentanyl"), rtol=1e-9
    )


def test_sampled_orders_add_up_too_and_agree(found) -> None:
    told: list[float] = []
    split = wedges(POLICY, draws=20, exact_up_to=2, orders=32, watch=told.append)
    np.testing.assert_allclose(split.shares.sum(axis=0), found.total, rtol=1e-9)
    assert told == sorted(told)
    assert told[-1] == 1
    gap = np.abs((split.shares - found.shares).mean(axis=1))
    assert (gap <= 4 * split.standard_error + 1e-9).all()
    with pytest.raises(InputError, match="pairs: are known only"):
        split.pairs()


class Stopped(Exception):
    """What a cancel button would raise."""


def test_a_run_can_be_stopped() -> None:
    def stop(done: float) -> None:
        if done > 0:
            raise Stopped

    with pytest.raises(Stopped):
        wedges(POLICY, draws=20, watch=stop)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"outcome": "death"}, "outcome: 'death' is unknown"),
        ({"against": POLICY}, "nothing to split"),
        ({"orders": 5}, "orders: 5 is no even number"),
    ],
)
def test_what_cannot_be_split_is_refused_in_words(arguments: dict, said: str) -> None:
    with pytest.raises(InputError, match=said):
        wedges(POLICY, draws=20, **arguments)


def test_a_level_is_split_by_its_mean_over_the_years_and_a_flow_by_its_sum() -> None:
    """Shares of people in use are persons, as the outcome is, not persons times years."""
    for outcome, of in (("people_active", np.mean), ("prison_years", np.sum)):
        split = wedges(POLICY, outcome=outcome, draws=5)
        both = compare(simlib.simulate([None, POLICY], draws=5))
        by_hand = of(both.difference(outcome), axis=0)
        np.testing.assert_allclose(split.total, by_hand, rtol=1e-6)
        np.testing.assert_allclose(split.shares.sum(axis=0), by_hand, rtol=1e-6)


def test_the_standard_error_is_that_of_pairs_of_orders() -> None:
    """An order and its reverse are one observation: two pairs here, worked by hand."""
    values = {0: 0.0, 1: 1.0, 2: 2.0, 4: 3.0, 3: 6.0, 5: 6.0, 6: 9.0, 7: 14.0}
    game = {number: np.array([value]) for number, value in values.items()}
    orders = np.array([[0, 1, 2], [2, 1, 0], [1, 0, 2], [2, 0, 1]])
    shares, error = shapley_sampled(game, orders)
    added = np.array([[1, 5, 8], [5, 6, 3], [4, 2, 8], [3, 8, 3]])
    np.testing.assert_allclose(shares[:, 0], added.mean(axis=0))
    pairs = np.array([[3, 5.5, 5.5], [3.5, 5, 5.5]])
    np.testing.assert_allclose(error, pairs.std(axis=0, ddof=1) / np.sqrt(2))


def test_a_lever_that_only_the_other_policy_moves_is_given_up() -> None:
    """Its share is what giving it up does; the shares lead from one policy to the other."""
    one = Policy.constant("one", {"drug_units": 500.0, "port_scanning": 300.0})
    other = Policy.constant("other", {"drug_units": 500.0, "naloxone": 200.0})
    split = wedges(one, other, draws=20)
    difference = compare(simlib.simulate([other, one], draws=20)).total("deaths_fentanyl")
    np.testing.assert_allclose(split.shares.sum(axis=0), difference, rtol=1e-9)
    assert split.table().set_index("lever").loc["naloxone", "share"] > 0


def test_the_band_of_a_share_holds_nine_in_ten_draws(found) -> None:
    for row, shares in zip(found.table().itertuples(), found.shares, strict=True):
        within = (shares >= row.low90) & (shares <= row.high90)
        assert within.sum() == 18, row.lever  # of 20
