"""Comparing policies: paired differences on the same draws, averted deaths, costs, verdict.

Compare pairs, not clouds: every number here is taken draw by draw before it is summarised.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simlib import money
from simlib.errors import Faults, InputError, check_name, shown
from simlib.inputs.arrays import Array
from simlib.inputs.parameters import load_parameters, number_fault
from simlib.inputs.tables import PAYERS
from simlib.results import QUANTILES, Ensemble, check_ensemble, quantiles
from simlib.units import USD_PER_MILLION

VALUED_BY = ("vsl", "qaly")


@dataclass(frozen=True, eq=False)
class Comparison:
    """One policy against another on the same draws, from the start of the projection.

    Attributes
    ----------
    base, cut : Ensemble and position of the policy within it
    """

    base: Ensemble
    base_index: int
    cut: Ensemble
    cut_index: int

    @property
    def names(self) -> tuple[str, str]:
        """Names of the reference and of the policy."""
        return self.base.policies[self.base_index], self.cut.policies[self.cut_index]

    @property
    def years(self) -> NDArray[np.int64]:
        """Calendar years of the projection."""
        return self.cut.projected_years

    def difference(self, outcome: str) -> Array:
        """Policy minus reference by year, shape (years, draws) [outcome's unit]."""
        cut = self.cut.projected(outcome)[:, self.cut_index]
        return cut - self.base.projected(outcome)[:, self.base_index]

    def quantiles(self, outcome: str, q: tuple[float, ...] = QUANTILES) -> Array:
        """Quantiles of the paired difference by year, shape (len(q), years)."""
        return quantiles(self.difference(outcome), q)

    def total(self, outcome: str) -> Array:
        """Difference summed over the projection, shape (draws,)."""
        return self.difference(outcome).sum(axis=0)

    @property
    def averted(self) -> Array:
        """Synthetic-opioid deaths averted over the projection, shape (draws,)."""
        return -self.total("deaths_fentanyl")

    def present_value(self, outcome: str, rate: float | None = None) -> Array:
        """Difference by year, worth at the first projected year, shape (years, draws).

        Parameters
        ----------
        outcome : by its name in `simlib.results.OUTCOMES`
        rate : [per year]; by default its row

        Raises
        ------
        InputError
            When the rate is out of the bounds of its row.
        """
        if rate is None:
            chosen = self.cut.parameters["discount_rate"]
        else:
            if fault := number_fault(rate, load_parameters()["discount_rate"]):
                raise InputError(f"discount rate: {fault}")
            chosen = np.array([float(rate)])
        ahead = (self.years - self.years[0])[:, None]
        return self.difference(outcome) * money.discount_factor(ahead, chosen)

    def discounted(self, outcome: str, rate: float | None = None) -> Array:
        """Difference over the projection in present value, shape (draws,)."""
        return self.present_value(outcome, rate).sum(axis=0)

    def cost_by_year(self, rate: float | None = None) -> Array:
        """Programme and prison spending added, present value [million USD], (years, draws).

        Money that buys treatment places is programme spending; care is not counted twice.
        """
        programmes = self.present_value("programme_spending_musd", rate)
        return programmes + self.present_value("prison_cost_musd", rate)

    @property
    def cost_musd(self) -> Array:
        """Programme and prison spending added, present value [million USD], (draws,)."""
        return self.cost_by_year().sum(axis=0)

    def spent_by_year(self) -> Array:
        """Programme and prison spending added, not discounted [million USD], (years, draws)."""
        return self.difference("programme_spending_musd") + self.difference("prison_cost_musd")

    @property
    def spent_musd(self) -> Array:
        """Programme and prison spending added, not discounted [million USD], (draws,)."""
        return self.spent_by_year().sum(axis=0)

    @property
    def cost_per_death_averted(self) -> float | None:
        """Mean spending over mean deaths averted, neither discounted [USD per death averted].

        None when no death is averted on average.
        """
        averted = float(np.mean(self.averted))
        if averted <= 0:
            return None
        return float(np.mean(self.spent_musd)) * USD_PER_MILLION / averted

    @property
    def spending_by_payer(self) -> dict[str, float]:
        """Programme money added over the projection by payer [million USD]."""
        return {payer: float(self.total(f"spending_{payer}_musd").mean()) for payer in PAYERS}

    @property
    def prison_by_payer(self) -> dict[str, float]:
        """Prison cost added over the projection by payer [million USD]."""
        p, total = self.cut.parameters, self.total("prison_cost_musd")
        federal, state = p["prison_federal_share"], p["prison_state_share"]
        shares = (federal, state, 1 - federal - state)
        return {
            payer: float((total * share).mean())
            for payer, share in zip(PAYERS, shares, strict=True)
        }

    @property
    def imposed_per_dollar(self) -> float | None:
        """Cost imposed on the trade per programme dollar: ratio of means [USD per USD].

        Added unit cost in the additive chain times what the reference consumes; None where no
        programme money is added.
        """
        cut = self.cut.projection["cost_additive"][:, self.cut_index]
        base = self.base.projection["cost_additive"][:, self.base_index]
        consumed = self.base.projection["consumed_kg"][:, self.base_index]
        imposed = ((cut - base) * consumed).sum(axis=0).mean() / USD_PER_MILLION
        spent = float(self.total("programme_spending_musd").mean())
        return float(imposed) / spent if spent > 0 else None

    def net_benefit_by_year(self, valued_by: str = "vsl", rate: float | None = None) -> Array:
        """Value of deaths averted *or* of QALYs gained, less cost [million USD], (years, draws).

        Parameters
        ----------
        valued_by : "vsl" or "qaly", never both: a QALY gained may be a death averted
        rate : of discounting [per year]; by default its row

        Raises
        ------
        InputError
            When `valued_by` is neither, or the rate is out of the bounds of its row.
        """
        check_name("valued_by", valued_by, VALUED_BY)
        p = self.cut.parameters
        if valued_by == "vsl":
            gained, value = -self.present_value("deaths_fentanyl", rate), p["vsl"]
        else:
            gained, value = self.present_value("qalys", rate), p["value_per_qaly"]
        return money.net_benefit(gained, value / USD_PER_MILLION, self.cost_by_year(rate))

    def net_benefit_musd(self, valued_by: str = "vsl", rate: float | None = None) -> Array:
        """Net benefit over the projection [million USD], (draws,); see `net_benefit_by_year`."""
        return self.net_benefit_by_year(valued_by, rate).sum(axis=0)

    def summary(self) -> dict[str, float | None]:
        """Main numbers of the comparison, for tables and baselines."""
        low, middle, high = np.quantile(self.averted, (0.05, 0.5, 0.95)) + 0.0  # no "-0.0"
        return {
            "deaths_averted_low": float(low),
            "deaths_averted": float(middle),
            "deaths_averted_high": float(high),
            "chance_that_any_are_averted": float(np.mean(self.averted > 0)),
            "cost_per_death_averted_usd": self.cost_per_death_averted,
            "prison_years": float(self.total("prison_years").mean()),
            "programme_spending_musd": float(self.total("programme_spending_musd").mean()),
            "prison_cost_musd": float(self.total("prison_cost_musd").mean()),
            "imposed_per_dollar": self.imposed_per_dollar,
        }


def compare(
    base: Ensemble,
    cut: Ensemble | None = None,
    policy: str | None = None,
    against: str | None = None,
) -> Comparison:
    """Compare a policy with a reference on the same draws.

    Parameters
    ----------
    base : ensemble that holds the reference
    cut : another ensemble of the same draws; by default `base` itself
    policy : name of the policy in `cut`; by default its first, or the second and last of `base`
    against : name of the reference in `base`; by default its first policy

    Raises
    ------
    InputError
        When the draws or the steps are not the same, or there is no such policy.
    """
    other = base if cut is None else cut
    check_ensemble("base", base)
    check_ensemble("cut", other)
    if policy is None and cut is None and len(base.policies) != 2:
        raise InputError(f"policy: name one of {', '.join(base.policies)}")
    if policy is None:
        policy = other.policies[0 if cut is not None else 1]
    check_name("policy", policy, other.policies)
    reference = base.policies[0] if against is None else against
    check_name("against", reference, base.policies)
    if apart := _apart(base, other):
        raise InputError(f"compare: both must have the same {', '.join(apart)}")
    return Comparison(base, base.policies.index(reference), other, other.policies.index(policy))


def _apart(base: Ensemble, other: Ensemble) -> list[str]:
    """What keeps the draws of two ensembles from being pairs; empty when nothing does."""
    drawn = ("draws", "seed", "until", "prior", "assumptions")
    apart = [each for each in drawn if base.about.get(each) != other.about.get(each)]
    if float(base.projection["dt"]) != float(other.projection["dt"]):
        apart.append("steps_per_year")
    if not apart and not _same(base.parameters, other.parameters):
        apart.append("posterior")
    return apart


def _same(one: Mapping[str, Array], two: Mapping[str, Array]) -> bool:
    if one is two:
        return True
    return one.keys() == two.keys() and all(np.array_equal(one[name], two[name]) for name in one)


@dataclass(frozen=True)
class Verdict:
    """Which of two strategies saves more lives, and how sure that is.

    Attributes
    ----------
    word : name of the better strategy, "no difference that matters" or "cannot tell"
    chances : share of draws in which each strategy is better by more than the margin
    within : share of draws in which the gap is within the margin
    beats_status_quo : share of draws in which each beats what it is judged against, the status
        quo unless another line was named, by the margin
    margin_deaths : median margin over the projection [deaths]
    gap : deaths of the second minus deaths of the first; 5 %, 50 % and 95 % quantiles
    """

    word: str
    strategies: tuple[str, str]
    chances: tuple[float, float]
    within: float
    beats_status_quo: tuple[float, float]
    margin_deaths: float
    gap: tuple[float, float, float]
    confidence: float

    @property
    def neither_beats_status_quo(self) -> bool:
        """Whether neither strategy beats the status quo by the margin with confidence."""
        return max(self.beats_status_quo) < self.confidence


NO_DIFFERENCE = "no difference that matters"
CANNOT_TELL = "cannot tell"


def verdict(
    ensemble: Ensemble,
    first: str,
    second: str,
    margin: float | None = None,
    confidence: float | None = None,
    against: str | None = None,
) -> Verdict:
    """Judge two strategies by deaths over the projection; the status quo comes first.

    Parameters
    ----------
    ensemble : whose first policy is the status quo
    first, second : names of the strategies
    margin : smallest difference that matters [share of status-quo deaths]; default its row
    confidence : share of draws that settles it; default its row
    against : policy that each has to beat, such as one that both contain; default the status quo

    Raises
    ------
    InputError
        When there is no such policy, both are the same, or a number is out of its row's bounds.
    """
    check_ensemble("ensemble", ensemble)
    _check_terms(ensemble, first, second, margin, confidence)
    p = ensemble.parameters
    share = p["verdict_margin"] if margin is None else float(margin)
    sure = float(p["verdict_confidence"][0] if confidence is None else confidence)
    one, two = (compare(ensemble, policy=name, against=against) for name in (first, second))
    quo = ensemble.projected("deaths_fentanyl")[:, 0].sum(axis=0)
    matters = share * quo
    gap = one.averted - two.averted
    chances = (float(np.mean(gap > matters)), float(np.mean(-gap > matters)))
    within = float(np.mean(np.abs(gap) <= matters))
    beats = tuple(float(np.mean(each.averted > matters)) for each in (one, two))
    settled = ((first, chances[0]), (second, chances[1]), (NO_DIFFERENCE, within))
    word = next((name for name, chance in settled if chance >= sure), CANNOT_TELL)
    low, middle, high = np.quantile(gap, (0.05, 0.5, 0.95))
    return Verdict(
        word,
        (first, second),
        chances,
        within,
        (beats[0], beats[1]),
        float(np.median(matters)),
        (float(low), float(middle), float(high)),
        sure,
    )


def _check_terms(
    ensemble: Ensemble, first: str, second: str, margin: float | None, confidence: float | None
) -> None:
    """Refuse terms on which nothing can be judged, all at once."""
    faults = Faults("")
    for field, policy in (("first", first), ("second", second)):
        faults.name(field, policy, ensemble.policies)
    if not faults.messages and first == second:
        faults.add("second", f"is the first strategy, {shown(first)}, too")
    for name, value in (("margin", margin), ("confidence", confidence)):
        row = load_parameters()[f"verdict_{name}"]
        if value is not None and (fault := number_fault(value, row)):
            faults.add(name, fault)
    faults.raise_any()
