"""What the notebooks 06 and 07 say in words holds in the model as shipped."""

import numpy as np
import pytest

from simlib.analysis import allocate, discovery, information, sensitivity, spend, structure, themes
from simlib.dashboard import Scenario
from simlib.simulation import simulate
from simlib.strategies import equal_money
from simlib.tables import load_programmes

STRATEGIES, TOTAL = Scenario().strategies(), Scenario().total
PRESSURE, SHOCK = "How well money becomes pressure", "Whether the supply shock lasts"


@pytest.fixture(scope="module")
def response() -> allocate.Response:
    return spend.response(draws=30)


def test_pressure_is_worth_more_to_know_than_all_else() -> None:
    policies, _ = equal_money(STRATEGIES, TOTAL)
    world = simulate([None, *policies], 600)
    found = information.by_theme(information.choices(world), world.parameters)
    worth = {each.about: each.value for each in found}
    assert worth.pop(PRESSURE) > sum(worth.values())


def test_pressure_decides_and_the_shock_hardly_does() -> None:
    found = sensitivity.what_decides(STRATEGIES, TOTAL, points=128)
    total = dict(zip(found.names, found.total, strict=True))
    assert found.names[0] == PRESSURE
    assert total[SHOCK] < 0.25 * total[PRESSURE]
    first, second = sensitivity.tornado(STRATEGIES, TOTAL, themes.movers(), draws=24)[:2]
    exponents = {"effect_exponent_border", "effect_exponent_internal"}
    assert {first.name, second.name} == exponents


def test_transmission_in_proportion_favours_the_border_within_the_doubt() -> None:
    gaps = structure.gaps(STRATEGIES, TOTAL, draws=120)
    by_rule = gaps.mean(axis=(1, 2))
    assert by_rule[0] < by_rule[1] < by_rule[2]
    shares = structure.take_apart(gaps, np.full(gaps.shape[1], "one"))
    assert shares.parameters > 0.5 > shares.structure + shares.noise


def test_each_side_wins_in_some_futures_and_neither_in_most() -> None:
    chances = discovery.futures(STRATEGIES, TOTAL, draws=600).chances
    assert chances["border"] > chances["internal"] > 0
    assert sum(chances.values()) < 0.5


def test_most_of_the_money_goes_to_health_and_greed_does_well(response: allocate.Response) -> None:
    families = load_programmes()
    split = allocate.best_split(response, 2000)
    health = sum(m for name, m in split.items() if families[name].family == "health")
    assert health > 0.5 * sum(split.values())
    greedy = response.gain(allocate.greedy(response, 2000)).mean()
    assert greedy > 0.95 * response.gain(split).mean()


def test_without_health_it_goes_to_scanning_and_precursors(response: allocate.Response) -> None:
    families = load_programmes()
    none = {name: 0.0 for name in spend.programmes() if families[name].family == "health"}
    split = allocate.best_split(response, 2000, allocate.Limits(most=none))
    largest = sorted(split, key=lambda name: -split[name])[:3]
    assert {"port_scanning", "precursor_control"} <= set(largest)


def test_programmes_hardly_get_in_each_others_way(response: allocate.Response) -> None:
    split = allocate.best_split(response, 2000)
    judged = spend.judge({"best": split}, response, draws=30, seed=1)  # on the same draws
    assert judged.gains.mean() == pytest.approx(judged.predicted[0], rel=0.1)
