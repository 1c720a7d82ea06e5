"""Scenario discovery: in which futures does a strategy win, said in a few plain conditions.

A small decision tree (CART, by scikit-learn) is grown on half of the draws. What is reported of
its leaves is counted on the other half, so that no rule is praised for luck.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simlib.analysis.believe import compared_at
from simlib.analysis.runs import check_total, sample
from simlib.analysis.themes import movers
from simlib.errors import InputError, check_name
from simlib.inputs.arrays import Array
from simlib.inputs.parameters import load_parameters
from simlib.runs import Watch
from simlib.strategies import Strategy

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
    conditions : parameter -> range of values [its unit]; infinite where open; empty where none
        was found that tells futures apart
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
        chance = f"{what} in {100 * self.chance:.0f} % of"
        if not self.conditions:
            return f"{chance} all futures; no condition was found that tells these futures apart."
        where = " and ".join(_said(name, *limits) for name, limits in self.conditions.items())
        return f"{chance} the futures where {where} ({100 * self.futures:.0f} % of all futures)."


def _few(value: float) -> str:
    """A number with three digits that count."""
    return f"{float(f'{value:.3g}'):,g}"


def _said(name: str, low: float, high: float) -> str:
    row = load_parameters().get(name)
    label, unit = (row.label, f" {row.unit}") if row else (name, "")
    if np.isinf(low):
        return f"“{label}” is at most {_few(high)}{unit}"
    if np.isinf(high):
        return f"“{label}” is above {_few(low)}{unit}"
    return f"“{label}” is between {_few(low)} and {_few(high)}{unit}"


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


@dataclass(frozen=True)
class Futures:
    """Two strategies of equal cost in many futures.

    Attributes
    ----------
    wins : strategy -> whether it is better by more than the margin, shape (draws,)
    parameters : values of what a rule may speak of, shape (draws,) each
    margin_deaths : median margin over the projection [deaths]
    """

    wins: Mapping[str, NDArray[np.bool_]]
    parameters: Mapping[str, Array]
    margin_deaths: float

    @property
    def chances(self) -> dict[str, float]:
        """Share of all futures in which each strategy wins."""
        return {name: round(float(won.mean()), 3) for name, won in self.wins.items()}

    def best(self, name: str) -> str:
        """The rule with the highest chance that a strategy wins, in words.

        Raises
        ------
        InputError
            When there is no such strategy, or it wins in all futures or in none.
        """
        check_name("name", name, self.wins)
        return rules(self.parameters, self.wins[name])[0].sentence(f"{name} wins")


def futures(
    strategies: Sequence[Strategy],
    total_musd: float,
    *,
    draws: int = 1_000,
    seed: int = 1,
    watch: Watch | None = None,
) -> Futures:
    """Compare two strategies of equal cost, and keep what may explain who wins.

    Parameters
    ----------
    total_musd : of each strategy, prison cost included [million USD a year], above 0

    Raises
    ------
    InputError
        When the total, the draws or the seed cannot be used.
    """
    total_musd = check_total(total_musd)
    chosen = sample(draws, seed)
    quo, *both = compared_at(strategies, total_musd, chosen, [{}], watch)[:, 0]
    margin = chosen.parameters["verdict_margin"] * quo
    gap = both[1] - both[0]
    wins = {strategies[0].name: gap > margin, strategies[1].name: -gap > margin}
    known = {name: chosen.parameters[name] for name in movers()}
    return Futures(wins, known, float(np.median(margin)))
