"""Scenario discovery: in which futures does a strategy win, said in a few plain conditions.

A small decision tree (CART, by scikit-learn) is grown on half of the draws. What is reported of
its leaves is counted on the other half, so that no rule is praised for luck.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simlib.chart_style import number
from simlib.errors import InputError
from simlib.parameters import load_parameters

Array = NDArray[np.float64]

CONDITIONS = 3
"""Most conditions in a rule; more can hardly be kept in mind."""

SMALLEST = 0.04
"""Smallest share of the futures that a rule may speak of."""

LEAST_GAIN = 0.002
"""How much purer (Gini) a condition must make the tree; less is taken for noise."""


@dataclass(frozen=True)
class Rule:
    """Where something is true more or less often than elsewhere.

    Attributes
    ----------
    conditions : parameter -> range of values [its unit]; infinite where open
    chance : share of the futures meeting the conditions in which it is true
    coverage : share of all futures in which it is true that meet the conditions
    futures : share of all futures that meet the conditions
    """

    conditions: Mapping[str, tuple[float, float]]
    chance: float
    coverage: float
    futures: float

    def sentence(self, what: str) -> str:
        """The rule in words: "<what> in 83 % of the futures where ..."."""
        where = " and ".join(_said(name, *limits) for name, limits in self.conditions.items())
        share = f"({100 * self.futures:.0f} % of all futures)"
        return f"{what} in {100 * self.chance:.0f} % of the futures where {where} {share}."


def _said(name: str, low: float, high: float) -> str:
    row = load_parameters().get(name)
    label, unit = (row.label, f" {row.unit}") if row else (name, "")
    if np.isinf(low):
        return f"“{label}” is at most {number(high)}{unit}"
    if np.isinf(high):
        return f"“{label}” is above {number(low)}{unit}"
    return f"“{label}” is between {number(low)} and {number(high)}{unit}"


def rules(parameters: Mapping[str, Array], true: NDArray[np.bool_], seed: int = 1) -> list[Rule]:
    """Rules that say where something is true, highest chance first.

    Parameters
    ----------
    parameters : values by name, shape (draws,) each; only these may appear in a rule
    true : in which draws it is true, shape (draws,)
    seed : of the cut into a half to learn on and a half to count on

    Raises
    ------
    InputError
        When it is true in all draws or in none, so that there is nothing to find out.
    """
    from sklearn.tree import DecisionTreeClassifier

    if np.all(true) or not np.any(true):
        raise InputError("rules: true in all draws or in none, so there is nothing to find out")
    names = list(parameters)
    values = np.stack([parameters[name] for name in names], axis=-1)
    order = np.random.default_rng(seed).permutation(len(true))
    learn, count = order[: len(true) // 2], order[len(true) // 2 :]
    tree = DecisionTreeClassifier(
        max_depth=CONDITIONS,
        min_samples_leaf=SMALLEST,
        ccp_alpha=LEAST_GAIN,
        random_state=seed,
    ).fit(values[learn], true[learn])
    leaf, wins = tree.apply(values[count]), true[count]
    found = []
    for number_of_leaf, conditions in _leaves(tree.tree_, names):
        here = leaf == number_of_leaf
        chance = float(wins[here].mean()) if here.any() else 0.0
        coverage = float((wins & here).sum() / max(wins.sum(), 1))
        found.append(Rule(conditions, chance, coverage, float(here.mean())))
    return sorted(found, key=lambda rule: -rule.chance)


def _leaves(tree: Any, names: list[str]) -> list[tuple[int, dict[str, tuple[float, float]]]]:
    """Every leaf of a fitted tree with the range of each parameter on the way to it."""
    found, waiting = [], [(0, dict[str, tuple[float, float]]())]
    left, right = tree.children_left, tree.children_right
    while waiting:
        node, ranges = waiting.pop()
        if left[node] == right[node]:
            found.append((node, ranges))
            continue
        name, cut = names[tree.feature[node]], float(tree.threshold[node])
        low, high = ranges.get(name, (-np.inf, np.inf))
        waiting.append((left[node], ranges | {name: (low, min(high, cut))}))
        waiting.append((right[node], ranges | {name: (max(low, cut), high)}))
    return found
