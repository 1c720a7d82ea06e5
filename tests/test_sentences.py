"""What the texts say in words and numbers is what the model, its tables and its rows say."""

import numpy as np

from simlib import equal_money, explanations, simulate, trust
from simlib.compare import compare
from simlib.dashboard import Scenario

STRATEGIES, TOTAL = Scenario().strategies(), Scenario().total


def test_notebooks_01_04_and_05_find_the_same_gap() -> None:
    policies, _ = equal_money(STRATEGIES, TOTAL)
    world = simulate([None, *policies])
    border, internal = (compare(world, policy=each.name).averted for each in policies)
    gap, rng = border - internal, np.random.default_rng(1)
    found = explanations.answers(STRATEGIES, TOTAL, 400).set_index("title")
    studied = trust.result("knockouts").iloc[0]
    for median, draws in (
        (found.loc[explanations.MIXTURE, "median"], 400),
        (studied["gap"], 400),
    ):
        again = [np.median(rng.choice(gap, draws)) for _ in range(200)]
        error = np.hypot(
            np.std(again), np.std([np.median(rng.choice(gap, len(gap))) for _ in range(200)])
        )
        assert abs(median - np.median(gap)) < 3 * error
