"""What a picture says: title, verdict, source line; short sentences that read well aloud."""

from collections.abc import Sequence
from datetime import date

import numpy as np

from simlib.charts.style import BORDER, INTERNAL, NO_POLICY, STATUS_QUO, number
from simlib.compare import CANNOT_TELL, NO_DIFFERENCE, Comparison, Verdict, compare
from simlib.dashboard.state import BORDER_NAME, INTERNAL_NAME, Scenario
from simlib.dashboard.views import COST_PER_DEATH, FIRST_VIEW, View
from simlib.observed import load_observed
from simlib.parameters import load_parameters
from simlib.policy import load_policy
from simlib.results import OUTCOMES, Ensemble
from simlib.strategies import Share
from simlib.units import USD_PER_MILLION

SERIES = {BORDER_NAME: BORDER, INTERNAL_NAME: INTERNAL}
NINE_IN_TEN = (0.05, 0.5, 0.95)
DIGITS = 2
"""Significant digits of a number that draws give: they do not tell more."""
NEARLY_ALL = 0.995
"""Share of draws that would be rounded to 100 percent."""


def capital(text: str) -> str:
    """A text that begins a sentence."""
    return text[:1].upper() + text[1:]


def people(value: float) -> str:
    """A number of people or events from draws: whole, and rounded."""
    rounded = round(value)
    return number(rounded, DIGITS if abs(rounded) >= 10 else 1)


def whole(value: float) -> str:
    """A whole number in full, such as a sum of money that a reader has chosen."""
    rounded = round(value)
    return number(rounded, len(str(abs(rounded))))


def dollars(value: float) -> str:
    """An amount [USD] from draws, rounded."""
    if abs(value) >= USD_PER_MILLION:
        return f"{number(value / USD_PER_MILLION, DIGITS)} million dollars"
    return f"{number(value, DIGITS)} dollars"


def futures(share: float) -> str:
    """A share of draws; never "0 percent" of what happens in some, nor "100" of what may not."""
    if 1 - NEARLY_ALL < share < NEARLY_ALL:
        return f"{100 * share:.0f} percent"
    return {0.0: "none", 1.0: "all"}.get(share, "nearly all" if share > 0.5 else "hardly any")


def in_futures(share: float) -> str:
    """A share of draws as in "in 70 percent of futures", "in all futures"."""
    said = futures(share)
    return (
        f"in {said} of futures" if "percent" in said else f"in {said.replace('none', 'no')} futures"
    )


def between(low: float, high: float, more: str, fewer: str) -> str:
    """A range that may be on either side of zero, without signs."""
    if low < 0 < high:
        return f"from {people(-low)} {fewer} to {people(high)} {more}"
    if low >= 0:
        return f"from {people(low)} to {people(high)} {more}"
    return f"from {people(-high)} to {people(-low)} {fewer}"


def years_ahead(scenario: Scenario, ensemble: Ensemble) -> int:
    """Years from a scenario's start to the end of the projection."""
    return int(ensemble.years[-1]) - scenario.start + 1


# --- verdict ----------------------------------------------------------------------------------


def verdict_sentences(
    scenario: Scenario, ensemble: Ensemble, judged: Verdict, money: dict[str, Share]
) -> tuple[str, ...]:
    """The verdict, how far the strategies are apart, then lives, cost and prison of each."""
    said = [head(judged), gap(judged, years_ahead(scenario, ensemble)), _margin(judged)]
    for name, label in SERIES.items():
        health = sum(scenario.health.values())
        said.append(_strategy(label, compare(ensemble, policy=name), money[name], health))
    if judged.neither_beats_status_quo:
        said.append("Neither strategy surely beats doing nothing new.")
    return tuple(said)


def beyond(names: Sequence[str]) -> list[str]:
    """That some lines are drawn beyond what was ever observed."""
    if not names:
        return []
    return [
        f"Extrapolation: the money of {' and of '.join(names)} raises a budget further than any "
        "drug budget on record rose."
    ]


def head(judged: Verdict) -> str:
    """The verdict in one sentence."""
    if judged.word == CANNOT_TELL:
        return "Cannot tell which strategy saves more lives."
    if judged.word == NO_DIFFERENCE:
        return "No difference that matters between the two strategies."
    return f"The {SERIES[judged.word]} strategy saves more lives."


def gap(judged: Verdict, years: int) -> str:
    """How many lives the strategies are apart."""
    low, middle, high = judged.gap
    if not any(judged.gap):
        return f"Over {years} years deaths are the same under both strategies."
    one, other = BORDER, INTERNAL
    if middle < 0:
        one, other = INTERNAL, BORDER
        low, middle, high = -high, -middle, -low
    return (
        f"Over {years} years the {one} strategy averts about {people(middle)} more deaths than "
        f"{other}; in 9 of 10 simulated futures, {between(low, high, 'more', 'fewer')}."
    )


def _margin(judged: Verdict) -> str:
    border, internal = (futures(chance) for chance in judged.chances)
    return (
        f"{capital(in_futures(judged.within))} the gap is too small to matter, under "
        f"{people(judged.margin_deaths)}; border leads by more in {border}, internal in {internal}."
    )


def _strategy(label: str, compared: Comparison, share: Share, health: float) -> str:
    """Lives, cost, prison and payers of one strategy."""
    low, middle, high = np.quantile(compared.averted, NINE_IN_TEN)
    mean = float(compared.averted.mean())
    lives = f"{people(abs(middle))} deaths {'averted' if middle >= 0 else 'added'}"
    if np.sign(mean) == np.sign(middle):
        lives += f", {people(abs(mean))} on average"
    if not compared.averted.any():
        return f"{capital(label)}: deaths stay as they are. {_spending(compared, share, health)}"
    cost = compared.cost_per_death_averted
    each = "No death is averted on average."
    if cost is not None:
        each = f"On average each costs {dollars(cost)}."
    custody = float(np.median(compared.total("prison_years")))
    kind = "more" if custody >= 0 else "fewer"
    return (
        f"{capital(label)}: about {lives}; in 9 of 10 futures, "
        f"{between(low, high, 'averted', 'added')}. {each} People spend {people(abs(custody))} "
        f"{kind} years in prison. {_spending(compared, share, health)}"
    )


def _spending(compared: Comparison, share: Share, health: float) -> str:
    """Where the money goes, who pays, and what is not spent or spent beyond the total."""
    paid = compared.spending_by_payer
    total = sum(paid.values())
    parts = [f"{payer} {100 * part / total:.0f}" for payer, part in paid.items() if part]
    payers = f" ({', '.join(parts)} percent)" if parts else ""
    programmes, prison = whole(share.programmes), whole(share.prison)
    added = f" and {whole(health)} to health" if health else ""
    said = (
        f"A year, {programmes} million dollars go to programmes{added}{payers}, {prison} to prisons"
    )
    if share.unspent >= 1:
        return f"{said}; {whole(share.unspent)} are not spent."
    if share.unspent <= -1:
        return f"{said}; {whole(-share.unspent)} more than the total."
    return f"{said}."


# --- words of the picture ------------------------------------------------------------------


def picture_words(
    scenario: Scenario, ensemble: Ensemble, judged: Verdict, shown: View
) -> dict[str, str | float]:
    """The row of `words` that :func:`simlib.charts.prepare` takes."""
    message, numbers = title(shown, ensemble, judged, years_ahead(scenario, ensemble))
    return {
        "title": message,
        "subtitle": numbers if scenario.equal_money else f"With different money. {numbers}",
        "footer": footer(scenario, ensemble),
        "outcome": shown.label,
        "unit": shown.unit,
        "difference": shown.difference or f"Difference from {against(scenario)}",
        "difference_unit": shown.difference_unit or shown.unit,
        "more": shown.more,
        "fewer": shown.fewer,
        "record_end": load_observed().record_end - 0.5,  # years are drawn at their middle
    }


def title(shown: View, ensemble: Ensemble, judged: Verdict, years: int) -> tuple[str, str]:
    """The picture's message, and the numbers behind it."""
    if shown.name == FIRST_VIEW:
        return head(judged), f"{gap(judged, years)} {_margin(judged)}"
    if shown.name == COST_PER_DEATH:
        return _cost_title(ensemble, years)
    one, other = (compare(ensemble, policy=name) for name in SERIES)
    apart = shown.change(one) - shown.change(other)
    matters = _matters(shown, ensemble)
    if shown.aim == shown.fewer:
        apart = -apart
    chances = {BORDER: np.mean(apart > matters), INTERNAL: np.mean(-apart > matters)}
    sure = judged.confidence
    better = next((name for name, chance in chances.items() if chance >= sure), None)
    if better:
        message = f"{shown.label}: {shown.aim} with the {better} strategy."
    elif np.mean(np.abs(apart) <= matters) >= sure:
        message = f"{shown.label}: no difference that matters between the strategies."
    else:
        message = f"{shown.label}: cannot tell the strategies apart."
    return message, _changes(shown, {BORDER: one, INTERNAL: other}, years)


def _matters(shown: View, ensemble: Ensemble) -> np.ndarray | float:
    """The margin of the verdict, as a share of what the line without new policy comes to."""
    if shown.name not in OUTCOMES:
        return 0.0
    level = ensemble.projected(shown.name)[:, 0]
    sized = np.abs(level.sum(axis=0) if shown.summed else level.mean(axis=0))
    return np.asarray(ensemble.parameters["verdict_margin"] * sized)


def _changes(shown: View, strategies: dict[str, Comparison], years: int) -> str:
    """What each strategy changes against no new policy."""
    unit = shown.unit.removesuffix(" a year") if shown.summed else shown.unit
    said = []
    for label, compared in strategies.items():
        low, middle, high = (
            number(x, DIGITS) if abs(x) < 10 else people(x)
            for x in np.quantile(shown.change(compared), NINE_IN_TEN)
        )
        ends = f" (9 in 10: {low} to {high})" if low != high else ""
        said.append(f"{label} {middle}{ends}")
    when = f"Over {years} years" if shown.summed else f"On average over {years} years"
    return f"{when}, against no new policy ({unit}): {'; '.join(said)}."


def _cost_title(ensemble: Ensemble, years: int) -> tuple[str, str]:
    said, chance = [], []
    for name, label in SERIES.items():
        compared = compare(ensemble, policy=name)
        cost = compared.cost_per_death_averted
        said.append(f"{'none averted' if cost is None else dollars(cost)} ({label})")
        chance.append(f"{futures(float(np.mean(compared.averted > 0)))} ({label})")
    costs = ", ".join(said) if any("dollars" in each for each in said) else "none is averted"
    return (
        f"Cost per death averted: {costs}.",
        f"Programmes and prisons over {years} years, mean cost over mean deaths averted. "
        f"Share of futures in which any death is averted: {', '.join(chance)}.",
    )


# --- source line ------------------------------------------------------------------------------


def against(scenario: Scenario) -> str:
    """What the differences are taken from."""
    return NO_POLICY if scenario.assumptions else STATUS_QUO


def footer(scenario: Scenario, ensemble: Ensemble) -> str:
    """Scenario, data vintage, model version and date, for whoever finds the picture alone."""
    known = ensemble.about
    return " ".join(
        [
            f"simlib {known['model_version']}, {date.today().isoformat()}.",
            f"Data: {known['data_vintage']}.",
            f"Extra money {_money(scenario)} from {scenario.start}; {known['draws']} draws.",
            *_moved(scenario),
        ]
    )


def _money(scenario: Scenario) -> str:
    """The total, or with different money that of each strategy."""
    if scenario.equal_money:
        return f"{number(scenario.total)} million USD a year each"
    each = [f"{number(scenario.money(name))} ({label})" for name, label in SERIES.items()]
    return f"differs, million USD a year: {', '.join(each)};"


def _moved(scenario: Scenario) -> Sequence[str]:
    """What the scenario changes besides the money's total."""
    rows, default = load_parameters(), Scenario()
    said = []
    if not scenario.count_prison:
        said.append("Prison cost is not paid from it.")
    for name, label in SERIES.items():
        if getattr(scenario, name) != getattr(default, name):
            said.append(f"The {label} money is split by hand.")
    for name, longer in scenario.sentences.items():
        if longer:
            said.append(f"{rows[name].label} (internal): {100 * longer:+.0f} %.")
    if health := sum(scenario.health.values()):
        said.append(f"Health money, {number(health)} million, in both, not in the status quo.")
    if scenario.preset:
        said.append(f"Third line: {load_policy(scenario.preset).title}.")
    for name, value in scenario.assumptions.items():
        said.append(f"Assumed: {rows[name].label} {number(value)} {rows[name].unit}.")
    return said
