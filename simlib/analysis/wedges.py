"""Wedges: how much of a difference each lever makes, when they act together.

A lever's share is its Shapley value: what it adds, averaged over all orders in which the levers
could be moved. Shares add up to the whole difference in every draw. With all sets of levers
simulated, a share is also what the lever does alone plus half of what it does together with each
other lever (Shapley-Taylor index of order two; Sundararajan, Dhamdhere and Agarwal 2020). With
many levers orders are sampled, and the shares carry a standard error.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import comb, factorial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simlib.errors import Faults, InputError, plain, shown
from simlib.inputs.arrays import Array
from simlib.inputs.policy import Policy
from simlib.results import OUTCOMES
from simlib.runs import Watch
from simlib.simulation import MOST_DRAWS, simulate

Orders = NDArray[np.int64]

EXACT_LEVERS = 8
"""Most levers of which all sets are simulated."""
ORDERS = 32
"""Orders sampled where there are more; half of them are the others reversed."""
MOST_ORDERS, MOST_EXACT = 10_000, 16
"""Beyond these a computer works for days."""
DRAWS = 200
DRAWS_AT_ONCE = 4096
"""Draws times sets of levers in one pass: enough to be fast, and small enough for memory."""


@dataclass(frozen=True, eq=False)
class Wedges:
    """Shares of a difference by lever.

    Attributes
    ----------
    outcome : name in `simlib.results.OUTCOMES`; summed or averaged over the projection
    levers : those that the two policies move differently
    shares : Shapley values, shape (levers, draws); they add up to `total`
    alone : what each lever does by itself, shape (levers, draws)
    total : the whole difference, shape (draws,)
    together : what each pair adds beyond its two levers alone, shape (levers, levers, draws);
        None where orders were sampled
    standard_error : of the mean share, shape (levers,); None where all sets were simulated
    """

    outcome: str
    levers: tuple[str, ...]
    shares: Array
    alone: Array
    total: Array
    together: Array | None = None
    standard_error: Array | None = None

    def table(self) -> pd.DataFrame:
        """A row a lever: lever, share, low90, high90, alone, with_others, standard_error.

        `share`, `alone` and `with_others` are means over draws, which add up; low90 and high90
        bound nine in ten draws of the share.
        """
        low, high = np.quantile(self.shares, (0.05, 0.95), axis=1)
        share, alone = self.shares.mean(axis=1), self.alone.mean(axis=1)
        error = np.zeros(len(share)) if self.standard_error is None else self.standard_error
        return pd.DataFrame(
            {
                "lever": self.levers,
                "share": share,
                "low90": low,
                "high90": high,
                "alone": alone,
                "with_others": share - alone,
                "standard_error": error,
            }
        )

    def pairs(self) -> pd.DataFrame:
        """A row a pair of levers: first, second, together (mean), the largest first.

        Raises
        ------
        InputError
            When orders were sampled: pairs are then not known.
        """
        if self.together is None:
            raise InputError("pairs: are known only where all sets of levers were simulated")
        mean = self.together.mean(axis=-1)
        rows = [
            (self.levers[i], self.levers[j], float(mean[i, j]))
            for i in range(len(mean))
            for j in range(i)
        ]
        rows.sort(key=lambda row: -abs(row[2]))
        return pd.DataFrame(rows, columns=["first", "second", "together"])


def wedges(
    policy: Policy,
    against: Policy | None = None,
    outcome: str = "deaths_fentanyl",
    *,
    draws: int = DRAWS,
    orders: int = ORDERS,
    exact_up_to: int = EXACT_LEVERS,
    watch: Watch = lambda done: None,
    **options: Any,
) -> Wedges:
    """Split the difference between two policies over the levers in which they differ.

    Parameters
    ----------
    policy : the one that is explained
    against : what it is compared with; by default no new policy
    outcome : by its name in `simlib.results.OUTCOMES`
    draws : of each set of levers
    orders : sampled where more than `exact_up_to` levers differ, an even number of at least 4
    watch : told the share done, 0 to 1, as the simulations go on; what it raises stops them
    **options : for `simulate` (assumptions, until, seed, prior, posterior)

    Raises
    ------
    InputError
        When a policy is none, the outcome is unknown, the policies do not differ, or a number is
        out of bounds.
    """
    base = Policy(name="no new policy") if against is None else against
    draws, orders, exact_up_to = map(plain, (draws, orders, exact_up_to))
    _check(policy, base, outcome, draws, orders, exact_up_to)
    levers = _differing(policy, base)
    if not levers:
        raise InputError("policy: moves no lever differently, so there is nothing to split")

    def value(sets: Sequence[int]) -> dict[int, Array]:
        return _simulated(sets, levers, policy, base, outcome, draws, watch, options)

    if len(levers) <= exact_up_to:
        found = value(range(2 ** len(levers)))
        values = np.stack([found[each] for each in range(2 ** len(levers))])
        total, alone = values[-1] - values[0], _alone(found, len(levers))
        return Wedges(outcome, levers, shapley(values), alone, total, taylor_pairs(values))
    permutations = sampled_orders(len(levers), orders, int(options.get("seed", 1)))
    singles = {1 << i for i in range(len(levers))}
    found = value(sorted(singles.union(*map(_sets_on_the_way, permutations))))
    shares, error = shapley_sampled(found, permutations)
    total = found[2 ** len(levers) - 1] - found[0]
    alone = _alone(found, len(levers))
    return Wedges(outcome, levers, shares, alone, total, standard_error=error)


def _check(
    policy: Any, against: Any, outcome: Any, draws: Any, orders: Any, exact_up_to: Any
) -> None:
    faults = Faults("wedges")
    for field, each in (("policy", policy), ("against", against)):
        if not isinstance(each, Policy):
            faults.add(field, f"{shown(each)} is no Policy")
    faults.name("outcome", outcome, OUTCOMES)
    faults.whole("draws", draws, 1, MOST_DRAWS)
    faults.whole("exact_up_to", exact_up_to, 0, MOST_EXACT)
    if type(orders) is not int or not 4 <= orders <= MOST_ORDERS or orders % 2:
        faults.add("orders", f"{shown(orders)} is no even number from 4 to {MOST_ORDERS:,}")
    faults.raise_any()


# --- games: values of sets, numbered by their members' bits -------------------------------------


def shapley(values: Array) -> Array:
    """Shapley value of each player in a game whose every set has a value.

    Parameters
    ----------
    values : shape (2 ** players, draws); set number s holds player i where bit i of s is 1

    Returns
    -------
    array, shape (players, draws)
        Adds up to the value of all less that of none.
    """
    players = len(values).bit_length() - 1
    numbers = np.arange(len(values))
    sizes = np.array([int(number).bit_count() for number in numbers])
    shares = []
    for player in range(players):
        without = numbers[numbers & (1 << player) == 0]
        weights = np.array(
            [factorial(s) * factorial(players - 1 - s) / factorial(players) for s in sizes[without]]
        )
        shares.append(weights @ (values[without | (1 << player)] - values[without]))
    return np.stack(shares)


def taylor_pairs(values: Array) -> Array:
    """What each pair adds beyond its two players alone (Shapley-Taylor index of order two).

    Parameters
    ----------
    values : as for :func:`shapley`

    Returns
    -------
    array, shape (players, players, draws)
        Symmetric, 0 on the diagonal; pairs and players alone add up to the whole.
    """
    players = len(values).bit_length() - 1
    numbers = np.arange(len(values))
    together = np.zeros((players, players, *values.shape[1:]))
    for i in range(players):
        for j in range(i):
            one, other = 1 << i, 1 << j
            rest = numbers[numbers & (one | other) == 0]
            sizes = [int(number).bit_count() for number in rest]
            weights = np.array([2 / players / comb(players - 1, size) for size in sizes])
            beyond = values[rest | one | other] - values[rest | one] - values[rest | other]
            together[i, j] = together[j, i] = weights @ (beyond + values[rest])
    return together


def sampled_orders(players: int, orders: int, seed: int) -> Orders:
    """Random orders of the players, each followed by its reverse, shape (orders, players)."""
    rng = np.random.default_rng(seed)
    forward = np.stack([rng.permutation(players) for _ in range(orders // 2)])
    return np.stack([forward, forward[:, ::-1]], axis=1).reshape(orders, players)


def shapley_sampled(values: Mapping[int, Array], orders: Orders) -> tuple[Array, Array]:
    """Shapley values from some orders, and the standard error of their means over draws.

    Parameters
    ----------
    values : by number of set, those on the way of each order; shape (draws,)
    orders : from :func:`sampled_orders`

    Returns
    -------
    shares : shape (players, draws); they add up exactly, as those of every order do
    standard_error : shape (players,)
    """
    added = np.zeros((*orders.shape, len(values[0])))
    for row, order in enumerate(orders):
        for player, (before, after) in zip(order, pairwise(_sets_on_the_way(order)), strict=True):
            added[row, player] = values[after] - values[before]
    pairs = added.mean(axis=-1).reshape(len(orders) // 2, 2, -1).mean(axis=1)
    return added.mean(axis=0), pairs.std(axis=0, ddof=1) / np.sqrt(len(pairs))


def _sets_on_the_way(order: Orders) -> list[int]:
    """Numbers of the sets from none to all, as the players join in this order."""
    found = [0]
    for player in order:
        found.append(found[-1] | 1 << int(player))
    return found


def _alone(values: Mapping[int, Array], players: int) -> Array:
    return np.stack([values[1 << player] - values[0] for player in range(players)])


# --- policies as players ------------------------------------------------------------------------


def _differing(policy: Policy, base: Policy) -> tuple[str, ...]:
    levers = dict.fromkeys((*policy.levers, *base.levers))
    return tuple(each for each in levers if policy.changes.get(each) != base.changes.get(each))


def _mixed(number: int, levers: Sequence[str], policy: Policy, base: Policy) -> Policy:
    """The policy in the levers of a set, the other one in all others."""
    chosen = {each for i, each in enumerate(levers) if number >> i & 1}
    changes = {each: path for each, path in base.changes.items() if each not in chosen}
    changes |= {each: policy.changes[each] for each in chosen if each in policy.changes}
    return Policy(name=f"set {number}", changes=changes)


def _simulated(
    sets: Sequence[int],
    levers: Sequence[str],
    policy: Policy,
    base: Policy,
    outcome: str,
    draws: int,
    watch: Watch,
    options: Mapping[str, Any],
) -> dict[int, Array]:
    """Outcome over the projection by number of set, several sets in one vectorised pass."""
    at_once = max(1, DRAWS_AT_ONCE // draws)
    passes = [sets[start : start + at_once] for start in range(0, len(sets), at_once)]
    found: dict[int, Array] = {}
    for index, some in enumerate(passes):
        mixed: list[str | Policy | None] = [_mixed(each, levers, policy, base) for each in some]
        ensemble = simulate(
            mixed,
            draws=draws,
            watch=_part(watch, index, len(passes)),
            **options,
        )
        by_year = ensemble.projected(outcome)
        whole = by_year.sum(axis=0) if OUTCOMES[outcome].total else by_year.mean(axis=0)
        found |= dict(zip(some, whole, strict=True))
    return found


def _part(watch: Watch, index: int, passes: int) -> Watch:
    """What one of several passes tells of its progress, as a share of all."""
    return lambda done: watch((index + done) / passes)
