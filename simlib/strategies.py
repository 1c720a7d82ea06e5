"""Equal money: several strategies from one total, prison cost counted.

A strategy is a split of money over programmes plus changes that cost no programme money, such as
longer sentences. What it causes in prison cost is paid from the same total.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from simlib.compare import compare
from simlib.errors import Faults, InputError, is_finite, shown
from simlib.policy import Policy, allocate, load_programmes
from simlib.simulation import simulate

TRIAL_DRAWS = 200


@dataclass(frozen=True)
class Strategy:
    """A way to spend a total.

    Attributes
    ----------
    name, title : for files and for readers
    weights : share of the money by programme; any positive numbers
    other : changes of levers that cost no programme money

    Raises
    ------
    InputError
        When `other` holds a programme, whose money would be outside every total.
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
        programmes = load_programmes()
        for lever in self.other:
            if lever in programmes and programmes[lever].payers:
                faults.add("other", f"{lever} costs programme money; allowed: under weights")
        faults.raise_any()

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
    """What became of a strategy's total [million USD a year, mean over the projection]."""

    programmes: float
    prison: float
    unspent: float
    """Negative when the prison cost of the sentences alone is more than the total."""


def equal_money(
    strategies: Sequence[Strategy],
    total_musd: float,
    start: str | None = None,
    *,
    ramp_months: int | None = None,
    count_prison: bool = True,
    draws: int = TRIAL_DRAWS,
    **options: Any,
) -> tuple[list[Policy], dict[str, Share]]:
    """Policies that cost the same in all, and what each spends on programmes and prisons.

    Programme money is scaled so that, on average over draws and over the years from the start,
    programmes and added prison cost make up the total. The prison cost is close to a straight
    line in programme money, so two trials find it.

    Parameters
    ----------
    total_musd : [million USD a year], 0 or more
    count_prison : whether added prison cost is paid from the total
    draws : draws of the trials
    **options : for `simulate` (assumptions, until, seed)

    Raises
    ------
    InputError
        When the total is no number from 0 up, something is no strategy, or prison cost is to be
        paid and no simulated year has all in force.
    """
    if not is_finite(total_musd) or total_musd < 0:
        raise InputError(f"total: {shown(total_musd)} is no number from 0 million USD a year up")
    for each in strategies:
        if not isinstance(each, Strategy):
            raise InputError(f"strategies: {shown(each)} is no Strategy")
    full = [each.policy(total_musd, start, ramp_months) for each in strategies]
    if not count_prison:
        spent = {
            each.name: Share(_programmes(p), 0.0, _left(each, total_musd, p, 0.0))
            for each, p in zip(strategies, full, strict=True)
        }
        return full, spent
    none = [each.policy(0, start, ramp_months) for each in strategies]
    at_full = _prison(full, draws, options)
    at_none = _prison(none, draws, options)
    policies, spent = [], {}
    for each, policy in zip(strategies, full, strict=True):
        base, most = at_none[each.name], at_full[each.name]
        money = _programmes(policy)
        slope = (most - base) / money if money else 0.0
        affordable = min(max((total_musd - base) / (1 + slope), 0), total_musd)
        chosen = each.policy(affordable, start, ramp_months)
        prison = base + slope * _programmes(chosen)
        policies.append(chosen)
        spent[each.name] = Share(
            _programmes(chosen), prison, _left(each, total_musd, chosen, prison)
        )
    return policies, spent


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
        if not lever.startswith("sentence_")
        and 1 + max(change for _, change in points) / np.median(p[f"budget_{lever}"]) > most
    )


def _programmes(policy: Policy) -> float:
    """Programme money of a policy at its full size [million USD a year]."""
    moved = (lever for lever in policy.levers if not lever.startswith("sentence_"))
    return float(sum(policy.changes[lever][-1][1] for lever in moved))


def _left(strategy: Strategy, total: float, policy: Policy, prison: float) -> float:
    return total - _programmes(policy) - prison


def _prison(policies: Sequence[Policy], draws: int, options: Mapping[str, Any]) -> dict[str, float]:
    """Mean added prison cost a year, from the year in which all is in force."""
    several: list[str | Policy | None] = [None, *policies]
    ensemble = simulate(several, draws=draws, **options)
    found = {}
    for policy in policies:
        compared = compare(ensemble, policy=policy.name)
        full = max((points[-1][0] for points in policy.changes.values()), default=0)
        later = compared.years >= full
        if not later.any():
            raise InputError(
                f"start and ramp_months: all is in force from {full:g} on, so its prison cost is "
                f"not known; allowed: by the last simulated year, {compared.years[-1]}"
            )
        found[policy.name] = float(compared.difference("prison_cost_musd")[later].mean())
    return found
