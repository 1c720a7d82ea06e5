"""Spend a budget: measure what programmes do, and judge splits by simulating them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from simlib.analysis.allocate import Response, cvar, regrets
from simlib.analysis.runs import BLOCK, DEATHS, blocks, run, sample, size, take, totals
from simlib.compare import Comparison
from simlib.errors import Faults, InputError, is_finite, shown, unknown
from simlib.inputs.arrays import Array
from simlib.inputs.parameters import load_parameters
from simlib.inputs.policy import STATUS_QUO, Policy
from simlib.inputs.sampling import Sample
from simlib.inputs.split import allocate
from simlib.inputs.tables import PAYERS, load_programmes
from simlib.money import payer_shares
from simlib.runs import Watch
from simlib.strategies import beyond_record
from simlib.units import USD_PER_MILLION

GOALS: Mapping[str, Callable[[Comparison], Array]] = {
    "deaths": lambda compared: compared.averted,
    "qalys": lambda compared: compared.discounted("qalys"),
    "net_benefit": lambda compared: compared.net_benefit_musd("vsl"),
}
"""What a split may maximise: deaths averted, QALYs gained, or net benefit [million USD]."""

PRISON_YEARS = "prison_years"
LEVELS = (0.1, 0.25, 0.5, 1.0)
"""Sizes at which a programme is simulated, as shares of the most it may get."""


def programmes() -> tuple[str, ...]:
    """All levers that money moves."""
    return tuple(name for name, row in load_programmes().items() if row.payers)


def most_on_record() -> dict[str, float]:
    """Most that each programme may get without going beyond any rise on record.

    The largest rise of a drug budget on record, applied to today's budget at its median
    [million USD a year, whole numbers].
    """
    rise = load_parameters()["observed_spending_ratio"].value - 1
    return {name: float(int(rise * budget)) for name, budget in todays_budgets().items()}


def todays_budgets() -> dict[str, float]:
    """Today's budgets at their median [million USD a year]."""
    rows = load_parameters()
    return {name: float(rows[f"budget_{name}"].quantile(0.5)) for name in programmes()}


def todays_split(total_musd: float) -> dict[str, float]:
    """A total split in proportion to today's budgets."""
    return allocate(total_musd, todays_budgets())


def response(
    goal: str = "deaths",
    most: Mapping[str, float] | None = None,
    *,
    least: Mapping[str, float] | None = None,
    draws: int = 60,
    seed: int = 1,
    assumptions: Mapping[str, float] | None = None,
    watch: Watch | None = None,
) -> Response:
    """Simulate every programme alone at several sizes.

    Parameters
    ----------
    goal : one of `GOALS`
    most : largest size by programme [million USD a year]; default the most on record
    least : smallest size; negative for a cut, at which the programme is simulated too

    Raises
    ------
    InputError
        When the goal or a programme is unknown, a size is not finite, or as `sample`.
    """
    _check("response", goal, {"most": most or {}, "least": least or {}})
    top = most_on_record() | {name: float(size) for name, size in (most or {}).items()}
    low = {name: min(float((least or {}).get(name, 0.0)), 0.0) for name in top}
    sizes = {
        name: np.unique([low[name], 0.0, *(round(level * size) for level in LEVELS[:-1]), size])
        for name, size in top.items()
    }
    wanted = [(name, size) for name, several in sizes.items() for size in several if size]
    policies = [Policy.constant(f"{name} {size:g}", {name: size}) for name, size in wanted]
    found = measured(policies, goal, sample(draws, seed, assumptions), watch)
    several = (found.gain, found.prison_cost, found.prison_years)
    gains, costs, served = (_by_programme(sizes, wanted, each) for each in several)
    prison = {name: each.mean(axis=-1) for name, each in costs.items()}
    burden = {name: each.mean(axis=-1) for name, each in served.items()}
    return Response(sizes, gains, prison, {PRISON_YEARS: burden}, payers(tuple(sizes)))


def _check(where: str, goal: str, money: Mapping[str, Mapping[str, float]]) -> None:
    """Refuse an unknown goal and what is no money for a programme, all at once."""
    faults, known = Faults(where), programmes()
    faults.name("goal", goal, GOALS)
    for kind, several in money.items():
        if not isinstance(several, Mapping):
            faults.add(kind, f"must be money by programme, not {shown(several)}")
            continue
        for name, each in several.items():
            if name not in known:
                faults.add(kind, unknown(name, known))
            elif not is_finite(each):
                faults.add(kind, f"{name}: {shown(each)} is no finite number")
    faults.raise_any()


class Measured(NamedTuple):
    """What policies do over the projection, against no new policy; shape (policies, draws)."""

    gain: Array
    """In the goal's unit."""
    averted: Array
    """[deaths]"""
    prison_cost: Array
    """Added, once all is in force [million USD a year]."""
    prison_years: Array
    """Added."""
    margin: Array
    """Smallest difference in deaths that matters, shape (draws,)."""


def measured(
    policies: Sequence[Policy], goal: str, chosen: Sample, watch: Watch | None = None
) -> Measured:
    """Simulate policies on given draws, in blocks."""
    gain, averted, cost, years = np.empty((4, len(policies), size(chosen)))
    found = Measured(gain, averted, cost, years, np.empty(size(chosen)))
    ends = [points[-1][0] for each in policies for points in each.changes.values()]
    full = max(ends, default=0.0)  # no policy moves any money
    for cut in blocks(size(chosen), max(BLOCK // max(len(policies), 1), 1)):
        ensemble = run([STATUS_QUO, *policies], take(chosen, cut))
        for i in range(len(policies)):
            compared = Comparison(ensemble, 0, ensemble, i + 1)  # whatever its name
            later = compared.years >= full
            found.gain[i, cut] = GOALS[goal](compared)
            found.averted[i, cut] = compared.averted
            found.prison_cost[i, cut] = compared.difference("prison_cost_musd")[later].mean(axis=0)
            found.prison_years[i, cut] = compared.total(PRISON_YEARS)
        share = chosen.parameters["verdict_margin"][cut]
        found.margin[cut] = share * totals(ensemble, DEATHS)[0]
        if watch is not None:
            watch(cut.stop / size(chosen))
    return found


def _by_programme(
    sizes: Mapping[str, Array], wanted: Sequence[tuple[str, float]], values: Array
) -> dict[str, Array]:
    """Values of single policies as a table by programme, nothing at no money."""
    found = {name: np.zeros((len(several), values.shape[-1])) for name, several in sizes.items()}
    for (name, money), row in zip(wanted, values, strict=True):
        found[name][np.searchsorted(sizes[name], money)] = row
    return found


def payers(names: Sequence[str]) -> dict[str, dict[str, float]]:
    """Share of each programme's money by payer."""
    rows, found = load_parameters(), {payer: dict[str, float]() for payer in PAYERS}
    fixed = {name: np.array([row.value]) for name, row in rows.items() if row.group == "payer"}
    for name in names:
        for payer, share in payer_shares(name, load_programmes()[name].payers, fixed).items():
            found[payer][name] = share
    return found


def as_policy(name: str, split: Mapping[str, float], title: str = "") -> Policy:
    """The policy of a split in whole dollars; parts add up to the split's sum exactly.

    Cuts are rounded by themselves, what they free and the rest by :func:`allocate`.
    """
    dollars, split = 10**6, {n: float(money) for n, money in split.items()}
    cuts = {n: round(money * dollars) / dollars for n, money in split.items() if money < 0}
    total = round(sum(split.values()) * dollars) / dollars
    added = {n: money for n, money in split.items() if money > 0}
    parts = allocate(total - sum(cuts.values()), added) if added else {}
    moved = {n: money for n, money in (cuts | parts).items() if money}
    return Policy.constant(name, moved, title=title or name)


@dataclass(frozen=True)
class Judged:
    """Splits of one total, simulated on draws that none of them was chosen on.

    Attributes
    ----------
    policies : by name
    gains : shape (splits, draws)
    prison : added prison cost, mean over draws [million USD a year], shape (splits,)
    prison_years : mean over draws, shape (splits,)
    predicted : mean gain if effects of programmes added up, shape (splits,); NaN where a
        programme gets money outside the sizes that it was measured at
    words : by name, against the split with the best mean
    beyond : by name, programmes raised further than any on record
    """

    policies: Mapping[str, Policy]
    gains: Array
    prison: Array
    prison_years: Array
    predicted: Array
    words: Mapping[str, str]
    beyond: Mapping[str, tuple[str, ...]]

    @property
    def flat(self) -> bool:
        """Whether all splits are indistinguishable: within the margin of the best."""
        return set(self.words.values()) <= {BEST, FLAT}

    @property
    def settled(self) -> bool:
        """Whether every other split is shown to be worse or indistinguishable."""
        return UNSURE not in self.words.values()

    def table(self) -> pd.DataFrame:
        """One row a split: mean, interval, bad futures, largest regret, prison, verdict."""
        low, high = np.quantile(self.gains, (0.05, 0.95), axis=-1)
        spent = [sum(p.changes[n][-1][1] for n in p.levers) for p in self.policies.values()]
        return pd.DataFrame(
            {
                "split": list(self.policies),
                "gain": self.gains.mean(axis=-1),
                "low": low,
                "high": high,
                "worst_tenth": [cvar(each) for each in self.gains],
                "largest_regret": regrets(self.gains).max(axis=-1),
                "programmes_musd": spent,
                "prison_musd": self.prison,
                "prison_years": self.prison_years,
                "if_effects_added_up": self.predicted,
                "against_the_best": list(self.words.values()),
                "beyond_record": [", ".join(self.beyond[name]) for name in self.policies],
            }
        )


BEST, WORSE, FLAT, UNSURE = "best on average", "worse", "indistinguishable", "cannot tell"


def judge(
    splits: Mapping[str, Mapping[str, float]],
    measuring: Response,
    goal: str = "deaths",
    *,
    draws: int = 400,
    seed: int = 2,
    watch: Watch | None = None,
) -> Judged:
    """Simulate splits together on fresh draws and compare each with the best of them.

    A split is "worse" when it falls short of the best by more than the margin in at least the
    share of draws that settles a verdict, "indistinguishable" when it is within the margin in as
    many, else "cannot tell". The margin is in deaths; for net benefit each is worth the value of
    a life, for QALYs what the splits gain or lose per death averted or caused.

    Raises
    ------
    InputError
        When there is no split, the goal or a programme is unknown, money is not finite, or as
        `sample`.
    """
    if not splits:
        raise InputError("judge, splits: none is given; allowed: at least one")
    _check("judge", goal, splits)
    policies = {name: as_policy(name, split) for name, split in splits.items()}
    chosen = sample(draws, seed)
    found = measured(list(policies.values()), goal, chosen, watch)
    p, best = chosen.parameters, int(np.argmax(found.gain.mean(axis=-1)))
    margin = found.margin * _worth(goal, found, p["vsl"])
    sure = float(p["verdict_confidence"][0])
    words = {}
    for name, gain in zip(policies, found.gain, strict=True):
        short = found.gain[best] - gain
        settled = {WORSE: short > margin, FLAT: np.abs(short) <= margin}
        words[name] = next((w for w, share in settled.items() if share.mean() >= sure), UNSURE)
    words[list(policies)[best]] = BEST
    predicted = np.array([float(measuring.gain(split).mean()) for split in splits.values()])
    medians = {f"budget_{name}": np.array([each]) for name, each in todays_budgets().items()}
    known = {**p, **medians}
    beyond = {name: beyond_record(policy, known) for name, policy in policies.items()}
    means = found.prison_cost.mean(-1), found.prison_years.mean(-1)
    return Judged(policies, found.gain, *means, predicted, words, beyond)


def _worth(goal: str, found: Measured, vsl: Array) -> Array:
    """What a death averted gains, in the goal's unit and never below 0, shape (draws,)."""
    if goal == "net_benefit":
        return vsl / USD_PER_MILLION
    averted = np.abs(found.averted).mean()
    return np.full(vsl.shape, np.abs(found.gain).mean() / averted if averted else 0.0)
