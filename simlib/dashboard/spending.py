"""What the strategies spend, and whether it is the same: only then can they be judged."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simlib import strategies
from simlib.charts.style import BORDER, INTERNAL, whole
from simlib.dashboard.catalogue import BORDER_NAME, INTERNAL_NAME
from simlib.dashboard.state import Scenario
from simlib.inputs.policy import Policy
from simlib.simulation import DRAWS
from simlib.strategies import Share, TotalNotKept, equal_money

SERIES = {BORDER_NAME: BORDER, INTERNAL_NAME: INTERNAL}
"""What the strategies are called."""
TOLERANCE = 2 * strategies.TOLERANCE
"""Share of the larger sum by which two may differ and still be called the same money."""
LEAST = 1.0
"""Sums that differ by less are the same money [million USD a year]."""
NO_VERDICT = "no verdict between the strategies"
Key = tuple[str, str]
Watch = Callable[[float], None]


@dataclass(frozen=True)
class Spending:
    """The strategies as policies, and what becomes of their money.

    Attributes
    ----------
    scenario : whose strategies they are
    policies : without health money
    shares : of each strategy's total
    smallest : smallest total that would do [million USD a year]; None where the total does
    broken : strategies that cannot keep to their total
    """

    scenario: Scenario
    policies: tuple[Policy, ...]
    shares: Mapping[str, Share]
    smallest: float | None = None
    broken: tuple[str, ...] = ()

    def cost(self, name: str) -> float:
        """Programmes and added prison cost of a strategy [million USD a year]."""
        return self.shares[name].programmes + self.shares[name].prison

    @property
    def same(self) -> bool:
        """Whether both strategies cost the same."""
        return same_money([self.cost(name) for name in self.shares])

    def left(self, name: str) -> float:
        """What a strategy leaves unspent; negative, what it costs beyond its total."""
        left = self.scenario.money(name) - self.cost(name)
        return 0.0 if same_money([self.cost(name), self.scenario.money(name)]) else left

    @property
    def words(self) -> str:
        """That the money differs, and how; nothing where it is the same."""
        if self.same:
            return ""
        sums = "; ".join(f"{label} {whole(self.cost(name))}" for name, label in SERIES.items())
        return f"Different money, million USD a year: {sums}."

    def notes(self) -> dict[Key, str]:
        """What to say beside the controls because of which the money is not the same."""
        if not self.scenario.count_prison:
            outside = [
                f"about {whole(self.shares[name].prison)} ({label})"
                for name, label in SERIES.items()
                if abs(self.shares[name].prison) >= LEAST
            ]
            if not outside:
                return {}
            said = f"Prisons cost {' and '.join(outside)} million USD a year outside the total"
            verdict = "" if self.same else f": different money, {NO_VERDICT}"
            return {("policy", "count_prison"): f"{said}{verdict}."}
        found: dict[Key, str] = {}
        for name in SERIES:
            if said := self._missed(name):
                total = ("policy", "total") if self.scenario.equal_money else ("own_total", name)
                sentences = self.scenario.sentences if name == INTERNAL_NAME else {}
                found[total] = said
                found |= {("sentences", each): said for each, value in sentences.items() if value}
        return found

    def _missed(self, name: str) -> str:
        """Why a strategy does not spend its total."""
        if name in self.broken and self.smallest is not None:
            return (
                f"Cannot be kept: prisons alone cost about {whole(self.shares[name].prison)} "
                f"million USD a year; smallest total {whole(self.smallest)}"
            )
        left = self.left(name)
        return f"About {whole(left)} million USD a year of it are not spent" if left > 0 else ""


def same_money(sums: Sequence[float], tolerance: float = TOLERANCE) -> bool:
    """Whether sums [million USD] are the same but for a share of the largest."""
    return max(sums) - min(sums) <= max(LEAST, tolerance * max(map(abs, sums)))


def spending(
    scenario: Scenario,
    near: Spending | None = None,
    watch: Watch = lambda done: None,
    draws: int = DRAWS,
) -> Spending:
    """Find strategies of equal cost, or each of its own.

    Parameters
    ----------
    near : of a picture nearly the same; it makes the search shorter, its result no less equal
    watch : told the share done of each simulation that finds the money
    draws : of the picture
    """
    strategies = scenario.strategies()
    together = [strategies] if scenario.equal_money else [(each,) for each in strategies]
    options: dict[str, Any] = {
        "count_prison": scenario.count_prison,
        "assumptions": scenario.pinned,
        "near": near.shares if near else None,
        "watch": watch,
        "draws": draws,
    }
    policies: list[Policy] = []
    shares: dict[str, Share] = {}
    smallest: float | None = None
    broken: tuple[str, ...] = ()
    for some in together:
        total = scenario.money(some[0].name)
        try:
            found, spent = equal_money(some, total, f"{scenario.start}-01", **options)
        except TotalNotKept as problem:
            found, spent = problem.policies, problem.shares
            smallest, broken = problem.smallest, (*broken, *problem.broken)
        policies += found
        shares |= spent
    return Spending(scenario, tuple(policies), shares, smallest, broken)
