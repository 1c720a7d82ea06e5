"""Equal money: several strategies from one total, prison cost counted.

A strategy is a split of money over programmes plus changes that cost no programme money, such as
longer sentences. What it causes in prison cost is paid from the same total.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from simlib.errors import Faults, InputError, is_finite, plain, shown
from simlib.inputs.arrays import closed, opened
from simlib.inputs.policy import Policy
from simlib.inputs.split import allocate
from simlib.inputs.tables import costs_money
from simlib.simulation import DRAWS, simulate

TRIAL_DRAWS = 200
"""Draws that tell how steeply prison cost rises with programme money."""
TRIALS = 4
"""Tries with all draws; the first is mostly near enough."""
CLOSE = 0.001
"""Share of a total by which a try may miss it; it is then told as prison cost."""
TOLERANCE = 0.005
"""Share of the total within which money is equal."""
OUTSIDE = (
    "its prison cost of {cost:,.1f} million USD a year is paid outside the total of "
    "{total:,.10g}, so the money is not equal; allowed: prison cost paid from the total, from "
    "{smallest:,.0f} million up"
)
ALONE = (
    "its sentences alone cost {cost:,.1f} million USD a year in prisons, more than the total of "
    "{total:,.10g}; allowed: a total from {smallest:,.0f} million up"
)


@dataclass(frozen=True)
class Strategy:
    """A way to spend a total.

    Attributes
    ----------
    name, title : for files and for readers
    weights : share of the money by programme; any numbers from 0 up
    other : changes of levers that cost no programme money

    Mappings are copied and cannot be changed.

    Raises
    ------
    InputError
        When something is no number, or `other` holds a programme, whose money would be outside
        every total.
    """

    name: str
    title: str
    weights: Mapping[str, float] = field(default_factory=dict)
    other: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        faults = Faults(f"strategy {shown(self.name)}")
        for name in ("weights", "other"):
            if not isinstance(getattr(self, name), Mapping):
                faults.add(name, f"must be numbers by lever, not {shown(getattr(self, name))}")
        faults.raise_any()
        for lever, weight in self.weights.items():
            if not is_finite(weight) or weight < 0:
                faults.add("weights", f"{lever}: {shown(weight)} is no finite number from 0 up")
        for lever, change in self.other.items():
            if costs_money(lever):
                faults.add("other", f"{lever} costs programme money; allowed: under weights")
            elif not is_finite(change):
                faults.add("other", f"{lever}: {shown(change)} is no finite number")
        faults.raise_any()
        for name in ("weights", "other"):
            own = {lever: plain(value) for lever, value in getattr(self, name).items()}
            object.__setattr__(self, name, closed(own))

    def __hash__(self) -> int:
        return hash((self.name, frozenset(self.weights.items()), frozenset(self.other.items())))

    def __reduce__(self) -> tuple[type["Strategy"], tuple[Any, ...]]:
        return Strategy, (self.name, self.title, opened(self.weights), opened(self.other))

    def policy(
        self, total_musd: float, start: str | None = None, ramp_months: int | None = None
    ) -> Policy:
        """The policy that spends `total_musd` a year; its parts add up to it exactly."""
        parts = allocate(total_musd, self.weights) if any(self.weights.values()) else {}
        moved = {lever: value for lever, value in (parts | dict(self.other)).items() if value}
        ramp: dict[str, Any] = {} if ramp_months is None else {"ramp_months": ramp_months}
        return Policy.constant(self.name, moved, start, title=self.title, **ramp)


@dataclass(frozen=True)
class Share:
    """What became of a strategy's total [million USD a year]; the three add up to it.

    Means over draws and over the projected years in which all is in force.
    """

    programmes: float
    prison: float
    """Added prison cost, whoever pays it; negative where shorter sentences save money."""
    unspent: float
    """Negative: what is paid outside the total."""


class TotalNotKept(InputError):
    """Strategies that were to have one total would not cost the same.

    Attributes
    ----------
    policies, shares : what the strategies would be, as :func:`equal_money` returns it
    smallest : whole million USD a year from which up the total is kept, prison cost counted
    broken : names of the strategies that do not keep it
    """

    def __init__(
        self,
        messages: Iterable[str],
        policies: list[Policy],
        shares: dict[str, Share],
        smallest: float,
        broken: tuple[str, ...],
    ) -> None:
        super().__init__(messages)
        self.policies, self.shares = policies, shares
        self.smallest, self.broken = smallest, broken
        self.args = (self.messages, policies, shares, smallest, broken)  # so that it pickles


def equal_money(
    strategies: Sequence[Strategy],
    total_musd: float,
    start: str | None = None,
    *,
    ramp_months: int | None = None,
    count_prison: bool = True,
    draws: int = DRAWS,
    near: Mapping[str, "Share"] | None = None,
    **options: Any,
) -> tuple[list[Policy], dict[str, Share]]:
    """Policies that cost the same in all, and what each spends on programmes and prisons.

    Programme money is scaled so that programmes and added prison cost make up the total, on
    average over draws and over the years from full force, to a thousandth. Prison cost is close to
    a straight line in programme money, so a few draws tell its slope and one or two tries with
    all draws find it. What shorter sentences save in prisons stays unspent.

    Parameters
    ----------
    total_musd : [million USD a year], 0 or more
    count_prison : whether added prison cost is paid from the total
    draws : of the run that is to follow, in which the money is equal
    near : what each strategy spent in a search nearby; where that is known no few draws are
        needed to tell the slope, and mostly the first try is near enough
    **options : for `simulate` (assumptions, until, seed)

    Raises
    ------
    TotalNotKept
        When the sentences of a strategy alone cost more in prisons than the total, or more than
        half a percent of the total would be paid in prisons but outside it.
    InputError
        When the total is no number from 0 up, something is no strategy, or no simulated year has
        all in force.
    """
    total = _check(strategies, total_musd, count_prison)

    def at(money: Sequence[float]) -> list[Policy]:
        pairs = zip(strategies, money, strict=True)
        return [each.policy(some, start, ramp_months) for each, some in pairs]

    options = {"draws": draws} | options
    full = at([total] * len(strategies))
    bare = _prison(at([0.0] * len(strategies)), options)
    if not count_prison:
        most = _prison(full, options)
        outside = _above(full, most, TOLERANCE * total)
        return _kept(full, most, total, outside, OUTSIDE, bare)
    if near is None:
        few = options | {"draws": min(draws, TRIAL_DRAWS) if is_finite(draws) else draws}
        none = _prison(at([0.0] * len(strategies)), few)
        added = [more - less for more, less in zip(_prison(full, few), none, strict=True)]
    else:
        shares = [near[each.name] for each in strategies]
        added = [total * _slope(each, low) for each, low in zip(shares, bare, strict=True)]
    trials = [{0.0: low, total: low + more} for low, more in zip(bare, added, strict=True)]
    for _ in range(TRIALS):
        chosen = at([affordable(total, trial) for trial in trials])
        spent = _prison(chosen, options)
        sums = [  # what is saved stays unspent, so it is nothing to look for
            _programmes(each) + max(cost, 0.0) for each, cost in zip(chosen, spent, strict=True)
        ]
        if all(abs(each - total) <= CLOSE * total for each in sums):
            break  # what was tried last is what is run next, so it is not run again
        for trial, each, cost in zip(trials, chosen, spent, strict=True):
            money = _programmes(each)
            trial[money] = cost
            if near is not None and 0 < money < total:  # a guess gives way to what was measured
                trial[total] = trial[0.0] + (cost - trial[0.0]) * total / money
    return _kept(chosen, spent, total, _above(chosen, bare, total), ALONE, bare)


def beyond_record(policy: Policy, p: Mapping[str, Any]) -> tuple[str, ...]:
    """Programmes whose budget a policy raises further than any drug budget on record rose.

    Parameters
    ----------
    p : draws by parameter; budgets are taken at their median [million USD a year]
    """
    most = float(p["observed_spending_ratio"][0])
    return tuple(
        lever
        for lever, points in policy.changes.items()
        if costs_money(lever)
        and 1 + max(change for _, change in points) / np.median(p[f"budget_{lever}"]) > most
    )


def _programmes(policy: Policy) -> float:
    """Programme money of a policy at its full size [million USD a year]."""
    return float(
        sum(points[-1][1] for lever, points in policy.changes.items() if costs_money(lever))
    )


def _check(strategies: Any, total_musd: Any, count_prison: Any) -> float:
    """The total, when everything can be used."""
    faults = Faults("")
    if not is_finite(total_musd) or total_musd < 0:
        faults.add("total", f"{shown(total_musd)} is no number from 0 million USD a year up")
    if not isinstance(count_prison, bool | np.bool_):
        faults.add("count_prison", f"{shown(count_prison)} is neither True nor False")
    if isinstance(strategies, Strategy):
        faults.add("strategies", "must be a list of Strategy, not one alone")
    several = strategies if isinstance(strategies, list | tuple) else [strategies]
    for strategy in several:
        if not isinstance(strategy, Strategy):
            faults.add("strategies", f"{shown(strategy)} is no Strategy; allowed: a list of them")
    faults.raise_any()
    names = [each.name for each in strategies]
    if len(set(names)) < len(names):
        raise InputError(f"strategies: names must differ, not {', '.join(map(shown, names))}")
    return float(total_musd)


def _slope(share: Share, bare: float) -> float:
    """Prison cost that a million for programmes brings; it never saves nearly that much."""
    return max((share.prison - bare) / share.programmes, -0.5) if share.programmes else 0.0


def affordable(total: float, trial: Mapping[float, float]) -> float:
    """Programme money that with its prison cost makes up a total, straight between trials.

    A million more for programmes never saves a million in prisons, so the sum rises.

    Parameters
    ----------
    total : [million USD a year]
    trial : prison cost by programme money [million USD a year]
    """
    money = sorted(trial)
    return float(np.interp(total, [each + trial[each] for each in money], money))


def _above(policies: Sequence[Policy], costs: Sequence[float], most: float) -> dict[str, float]:
    pairs = zip(policies, costs, strict=True)
    return {policy.name: cost for policy, cost in pairs if cost > most}


def _kept(
    policies: list[Policy],
    prison: Sequence[float],
    total: float,
    broken: Mapping[str, float],
    why: str,
    bare: Sequence[float],
) -> tuple[list[Policy], dict[str, Share]]:
    """Policies and shares, when nothing has broken the total.

    Parameters
    ----------
    prison : prison cost of each policy
    broken, why : prison cost that breaks the total by strategy, and what to say of it
    bare : prison cost of the sentences of each strategy alone
    """
    shares = {
        policy.name: _share(total, _programmes(policy), cost)
        for policy, cost in zip(policies, prison, strict=True)
    }
    if broken:
        smallest = float(max(math.ceil(cost) for cost in (0.0, *bare)))
        told = [
            f"strategy {shown(name)}: {why.format(cost=cost, total=total, smallest=smallest)}"
            for name, cost in broken.items()
        ]
        raise TotalNotKept(told, policies, shares, smallest, tuple(broken))
    return policies, shares


def _share(total: float, programmes: float, prison: float) -> Share:
    if abs(total - programmes - prison) <= CLOSE * total:
        prison = total - programmes
    unspent = round(total - programmes - prison, 6) + 0.0  # to the dollar, and no "-0.0"
    return Share(programmes, prison, unspent)


def _prison(policies: Sequence[Policy], options: Mapping[str, Any]) -> list[float]:
    """Added prison cost a year of each policy, mean over the years in which all is in force."""
    moved = [policy for policy in policies if policy.changes]
    if not moved:
        return [0.0] * len(policies)
    full = max(points[-1][0] for policy in moved for points in policy.changes.values())
    ensemble = simulate([None, *moved], **options)
    later = ensemble.projected_years >= full
    if not later.any():
        raise InputError(
            f"start and ramp_months: all is in force from {full:g} on, so its prison cost is not "
            f"known; allowed: by the last simulated year, {ensemble.projected_years[-1]}"
        )
    cost = ensemble.projected("prison_cost_musd")[later].mean(axis=(0, 2))
    added = dict(zip(ensemble.policies[1:], cost[1:] - cost[0], strict=True))
    return [float(added.get(policy.name, 0.0)) for policy in policies]
