"""An adaptive policy: begin with one strategy, watch an indicator, switch when it crosses a line.

The model need not be stopped and started. Until it switches, an adaptive policy *is* its first
strategy; so the first strategy is simulated together with "first until year y, then the second"
for every year y, on the same draws. In each draw the indicator under the first strategy tells in
which year the line is crossed, and the path of that year is the adaptive one, exactly.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simlib.analysis.runs import (
    BLOCK,
    DEATHS,
    blocks,
    last_year,
    run,
    sample,
    size,
    take,
    totals,
)
from simlib.errors import Faults, is_finite, plain, shown
from simlib.inputs.arrays import Array
from simlib.inputs.policy import RAMP_MONTHS, STATUS_QUO, Policy
from simlib.results import OUTCOMES
from simlib.runs import Watch


@dataclass(frozen=True)
class Trigger:
    """When to switch: at the end of a year whose indicator has moved far enough.

    Attributes
    ----------
    indicator : an outcome, such as "price_pure", "potency" or "deaths_fentanyl"
    change : since the year before the policy began, as a share; 0.2 is a rise by a fifth
    above : whether it must be above that, or below
    """

    indicator: str
    change: float
    above: bool = True

    def crossed(self, indicator: Array) -> NDArray[np.bool_]:
        """Whether the line is crossed in each year after the first, shape (years - 1, draws)."""
        moved = indicator[1:] / indicator[0] - 1
        return moved > self.change if self.above else moved < self.change


@dataclass(frozen=True)
class Adaptive:
    """What became of an adaptive policy.

    Attributes
    ----------
    averted : deaths averted, shape (draws,)
    fixed : of the first strategy kept, and of the second from the beginning, shape (2, draws)
    switched : year of the switch, 0 where none, shape (draws,)
    """

    averted: Array
    fixed: Array
    switched: NDArray[np.int64]

    @property
    def best_fixed(self) -> int:
        """Which of the two is better on average if kept: 0 or 1."""
        return int(np.argmax(self.fixed.mean(axis=-1)))

    @property
    def against_best_fixed(self) -> Array:
        """Deaths averted beyond the better of the two fixed strategies, shape (draws,)."""
        return self.averted - self.fixed[self.best_fixed]

    @property
    def regret(self) -> Array:
        """Deaths that the better fixed strategy *of each draw* would have averted more."""
        return np.maximum(self.fixed.max(axis=0) - self.averted, 0)


def then(first: Policy, second: Policy, year: int) -> Policy:
    """The first policy until January of a year, then over the ramp to the second.

    Both must be constant after their own ramp.
    """
    after = year + RAMP_MONTHS / 12
    changes = {}
    for lever in dict.fromkeys((*first.levers, *second.levers)):
        points = [(y, v) for y, v in first.changes.get(lever, ((float(year), 0.0),)) if y < year]
        level = float(first.values(lever, float(year)))
        final = second.changes.get(lever, ((0.0, 0.0),))[-1][1]
        changes[lever] = (*points, (float(year), level), (after, final))
    return Policy(f"{first.name} then {second.name} {year}", changes=changes)


def adapt(
    first: Policy,
    second: Policy,
    trigger: Trigger,
    *,
    years: Sequence[int],
    draws: int = 300,
    seed: int = 1,
    watch: Watch | None = None,
) -> Adaptive:
    """Simulate an adaptive policy and the two fixed ones it is made of.

    Parameters
    ----------
    years : in which a switch may begin, each in January, rising by one; all after the first
        policy has begun and within the projection

    Raises
    ------
    InputError
        When a policy is none, the indicator is unknown, its change is no number, the first policy
        changes nothing, or a year cannot be used.
    """
    years = _check(first, second, trigger, years)
    draws = plain(draws)
    switching = [then(first, second, year) for year in years]
    policies = [STATUS_QUO, first, second, *switching]
    chosen = sample(draws, seed)
    deaths = np.empty((len(policies), draws))
    crossed = np.empty((len(years), draws), dtype=bool)
    for cut in blocks(size(chosen), max(BLOCK // len(policies), 1)):
        ensemble = run(policies, take(chosen, cut))
        deaths[:, cut] = totals(ensemble, DEATHS)
        seen = ensemble.yearly(trigger.indicator)[:, 1]
        before = int(np.searchsorted(ensemble.years, _begin(first) - 1))
        last = np.searchsorted(ensemble.years, np.array(years) - 1)
        crossed[:, cut] = trigger.crossed(seen[[before, *last]])
        if watch is not None:
            watch(cut.stop / draws)
    chosen_year = np.where(crossed.any(axis=0), crossed.argmax(axis=0), -1)
    averted = deaths[0] - deaths[1:]
    path = np.where(chosen_year < 0, 0, chosen_year + 2)
    adaptive = averted[path, np.arange(draws)]
    switched = np.where(chosen_year < 0, 0, np.array(years)[chosen_year])
    return Adaptive(adaptive, averted[:2], switched)


def _begin(policy: Policy) -> int:
    """Year in which a policy begins."""
    return int(min(points[0][0] for points in policy.changes.values()))


def _check(first: Any, second: Any, trigger: Any, years: Any) -> list[int]:
    """The years, when all can be used."""
    faults = Faults("adaptive policy")
    for field, each, kind in (
        ("first", first, Policy),
        ("second", second, Policy),
        ("trigger", trigger, Trigger),
    ):
        if not isinstance(each, kind):
            faults.add(field, f"{shown(each)} is no {kind.__name__}")
    several = years if isinstance(years, list | tuple | range | np.ndarray) else ()
    found = [plain(year) for year in several]
    if not found or any(type(year) is not int for year in found):
        faults.add("years", f"{shown(years)} is no list of whole years; allowed: one or more")
    faults.raise_any()
    faults.name("indicator", trigger.indicator, OUTCOMES)
    if not is_finite(trigger.change):
        faults.add("change", f"{shown(trigger.change)} is no finite number")
    if not first.changes:
        faults.add("first", "changes nothing; an adaptive policy begins with a change")
    elif min(found) <= _begin(first) + RAMP_MONTHS / 12 - 1:
        faults.add("years", f"must be after {_begin(first)}, when the first policy begins")
    if max(found) > last_year():
        faults.add("years", f"must not be after {last_year()}, the last projected year")
    if found != list(range(min(found), max(found) + 1)):
        faults.add("years", "must follow each other")
    faults.raise_any()
    return found
