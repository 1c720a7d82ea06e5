"""What a picture says: title, verdict, odds; short sentences that read well aloud."""

import numpy as np

from simlib.charts.style import BORDER, INTERNAL, number, whole
from simlib.compare import CANNOT_TELL, NO_DIFFERENCE, Comparison, Verdict, compare
from simlib.dashboard.catalogue import listed, moved_words, sums_words
from simlib.dashboard.phrases import (
    DIGITS,
    NINE_IN_TEN,
    averted_range,
    between,
    capital,
    dollars,
    futures,
    in_futures,
    people,
    percent,
)
from simlib.dashboard.source import footer
from simlib.dashboard.spending import NO_VERDICT, SERIES
from simlib.dashboard.state import PRESET_NAME
from simlib.dashboard.views import COST_PER_DEATH, FIRST_VIEW, Run, View
from simlib.inputs.observed import load_observed
from simlib.inputs.parameters import load_parameters
from simlib.results import OUTCOMES, Ensemble
from simlib.strategies import beyond_record

HEALTH_NAME = "health"


def _bar(run: Run) -> str:
    """The share of futures that settles a verdict."""
    return percent(float(run.ensemble.parameters["verdict_confidence"][0]))


# --- verdict ----------------------------------------------------------------------------------


def verdict_sentences(run: Run) -> tuple[str, ...]:
    """The verdict or why there is none, then lives, cost and prison of each line, and odds."""
    said = [head(run)]
    if run.judged:
        said += [gap(run.judged, run.years), *_margin(run, run.judged)]
    else:
        said.append(f"{run.spent.words} Compare each with doing nothing new, not with the other.")
    said += _health(run)
    for label, compared in run.compared.items():
        said.append(_line(run, label, compared))
    if run.judged:
        said.append(_odds(run, run.judged))
    return (*said, *beyond(run))


def head(run: Run) -> str:
    """The verdict in one sentence with its odds, or that there is none."""
    judged = run.judged
    if judged is None:
        return f"Different money: {NO_VERDICT}."
    by = _by(judged)
    if judged.word == NO_DIFFERENCE:
        under = by.replace("by more than", "under") or "none at all"
        return f"No difference that matters: {under.strip()}, {in_futures(judged.within)}."
    chances = dict(zip((BORDER, INTERNAL), judged.chances, strict=True))
    if judged.word != CANNOT_TELL:
        better = SERIES[judged.word]
        return f"The {better} strategy saves more lives{by}, {in_futures(chances[better])}."
    low, _, high = judged.gap
    if low > 0 or high < 0:
        ahead = BORDER if low > 0 else INTERNAL
        return (
            f"Not settled: {ahead} averts more deaths, but{by or ' any'} only "
            f"{in_futures(chances[ahead])}; the bar is {_bar(run)}."
        )
    return (
        f"Cannot tell which strategy saves more lives: {BORDER} leads{by} "
        f"{in_futures(chances[BORDER])}, {INTERNAL} in {futures(chances[INTERNAL])}; "
        f"the bar is {_bar(run)}."
    )


def _by(judged: Verdict) -> str:
    """By how much a strategy has to lead; nothing where any lead counts."""
    margin = judged.margin_deaths
    return f" by more than {people(margin)} deaths" if round(margin) else ""


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


def _margin(run: Run, judged: Verdict) -> list[str]:
    """How often the gap matters, from where on it does, and for how many years it is made."""
    border, internal = (futures(chance) for chance in judged.chances)
    if not _by(judged):
        leads = f"{BORDER} leads in {border}, {INTERNAL} in {internal}"
        return [f"Any difference counts: {leads}."]
    return [
        f"{_too_small(run, judged)}.",
        f"The strategies act in {run.years} of these {len(run.ensemble.projected_years)} years; "
        f"{BORDER} leads by more in {border}, {INTERNAL} in {internal}.",
    ]


def _too_small(run: Run, judged: Verdict) -> str:
    first, last = run.ensemble.projected_years[[0, -1]]
    margin = percent(float(run.ensemble.parameters["verdict_margin"][0]))
    return (
        f"{capital(in_futures(judged.within))} the gap is too small to matter: under "
        f"{people(judged.margin_deaths)} deaths, {margin} of those expected from {first} to {last}"
    )


def _odds(run: Run, judged: Verdict) -> str:
    """How often each strategy beats doing nothing new by what matters."""
    chances = zip(SERIES.values(), judged.beats_status_quo, strict=True)
    odds = ", ".join(f"{label} {in_futures(chance)}" for label, chance in chances)
    beyond = "the health money alone" if HEALTH_NAME in run.drawn.names else "doing nothing new"
    return f"Better than {beyond}{_by(judged)}: {odds}; the bar is {_bar(run)}."


def sampling(run: Run) -> str:
    """How far mean deaths averted may be off because there are no more draws."""
    draws = run.ensemble.draws
    errors = [
        f"{people(2 * float(compared.averted.std()) / draws**0.5)} ({label})"
        for label, compared in run.strategies.items()
    ]
    return (
        f"With {draws:,} draws mean deaths averted are known to within about "
        f"{' and '.join(errors)}, two standard errors."
    )


def beyond(run: Run) -> list[str]:
    """That some lines are drawn beyond what was ever observed."""
    p, labels = run.ensemble.parameters, run.drawn.names
    policies = [*run.spent.policies, *run.scenario.preset_policy()]
    names = [labels[each.name] for each in policies if beyond_record(each, p)]
    said = []
    if names:
        said.append(f"the money of {listed(names)}")
    if health := beyond_record(run.scenario.health_policy(), p):
        rows = load_parameters()
        said.append(f"the health money for {listed([rows[n].label.lower() for n in health])}")
    return [
        f"Extrapolation: {each} raises a budget further than any drug budget on record rose."
        for each in said
    ]


# --- lines ------------------------------------------------------------------------------------


def _lives(compared: Comparison, further: str = "") -> str:
    """Deaths averted by a line, their range, and what each costs."""
    _, middle, _ = np.quantile(compared.averted, NINE_IN_TEN)
    mean = float(compared.averted.mean())
    lives = f"{people(abs(middle))} {further}deaths {_done(middle)}"
    if np.sign(mean) == np.sign(middle):
        lives += f", {people(abs(mean))} on average"
    else:
        lives += f" by the median, {people(abs(mean))} {_done(mean)} on average"
    return (
        f"about {lives}; in 9 of 10 futures, {averted_range(compared.averted)}. {_each(compared)}"
    )


def _each(compared: Comparison) -> str:
    """What a death averted costs."""
    cost = compared.cost_per_death_averted
    if cost is None:
        return "No death is averted on average."
    if cost < 0:
        return f"On average it saves {dollars(-cost)} for each death averted."
    return f"Each death averted costs {dollars(cost)} on average."


def _done(averted: float) -> str:
    return "averted" if averted >= 0 else "added"


def _health(run: Run) -> list[str]:
    """What the health money that both strategies contain does alone."""
    if HEALTH_NAME not in run.drawn.names:
        return []
    compared = compare(run.ensemble, policy=HEALTH_NAME)
    money = moved_words(run.scenario.health_policy())
    return [
        f"Both strategies come with {money}, which alone {_alone(compared)}; "
        f"this is credited to neither. {_each(compared)} {_custody(compared)}"
    ]


def _alone(compared: Comparison) -> str:
    _, middle, _ = np.quantile(compared.averted, NINE_IN_TEN)
    return (
        f"{'averts' if middle >= 0 else 'adds'} about {people(abs(middle))} deaths "
        f"({averted_range(compared.averted)} in 9 of 10 futures)"
    )


def _line(run: Run, label: str, compared: Comparison) -> str:
    """Lives, cost, prison and payers of one line, beyond what it adds to."""
    name = compared.names[1]
    further = "further " if compared.names[0] == HEALTH_NAME else ""
    title = f"{capital(label)}{', beyond the health money' if further else ''}"
    spent = _of_its_own(run, compared) if name == PRESET_NAME else _spending(run, name, compared)
    if not compared.averted.any():
        return f"{title}: deaths stay as they are. {spent}"
    return f"{title}: {_lives(compared, further)} {_custody(compared)} {spent}"


def _custody(compared: Comparison) -> str:
    custody = float(np.median(compared.total("prison_years")))
    if not round(custody):
        return "Time in prison stays about as it is."
    kind = "more" if custody > 0 else "fewer"
    return f"People spend {people(abs(custody))} {kind} years in prison."


def _payers(compared: Comparison) -> str:
    """Who pays the programmes [% of them]; nothing where no money is added."""
    paid = compared.spending_by_payer
    total = sum(paid.values())
    parts = [f"{payer} {100 * part / total:.0f}" for payer, part in paid.items() if part and total]
    return f" ({', '.join(parts)} %)" if parts else ""


def _of_its_own(run: Run, compared: Comparison) -> str:
    """What a shipped policy spends, which is no total of the reader's."""
    policy = run.scenario.preset_policy()[0]
    payers = f" Who pays the programmes:{_payers(compared)}." if _payers(compared) else ""
    return f"It moves {sums_words(policy)}; this is not the same money.{payers}"


def _spending(run: Run, name: str, compared: Comparison) -> str:
    """Where the money of a strategy goes, who pays, and how far that is from its total."""
    share, left = run.spent.shares[name], run.spent.left(name)
    said = f"A year, {whole(share.programmes)} million dollars go to programmes{_payers(compared)}"
    prison = share.prison
    if prison < 0:
        said += f"; prisons cost about {_about(-prison)} less"
    elif prison and not run.scenario.count_prison:
        said += f"; about {_about(prison)} to prisons, paid outside the total"
    elif prison:
        said += f", about {_about(prison)} to prisons"
    if left > 0:
        said += f"; {whole(left)} are not spent"
    elif left < 0 and run.scenario.count_prison:
        said += f"; {whole(-left)} more than the total"
    return f"{said}."


def _about(money: float) -> str:
    """A sum that draws give [million USD]; what exists is never 0."""
    return whole(money) if round(money) else "less than 1"


# --- words of the picture ------------------------------------------------------------------


def picture_words(run: Run, shown: View) -> dict[str, str | float]:
    """The row of `words` that :func:`simlib.charts.prepare` takes."""
    message, numbers = title(run, shown)
    unit, first = shown.difference_unit or shown.unit, next(iter(run.drawn.names.values()))
    for preset in run.scenario.preset_policy() if run.drawn.zero != first else ():
        unit = f"{unit}; {preset.title}: from {first}"
    return {
        "title": message,
        "subtitle": f"{run.spent.words} {numbers}".strip(),
        "footer": footer(run.scenario, run.ensemble, run.spent),
        "outcome": shown.label,
        "unit": shown.unit,
        "difference": shown.difference or f"Difference from {run.drawn.zero}",
        "difference_unit": unit,
        "more": shown.more,
        "fewer": shown.fewer,
        "reference": run.drawn.zero,
        "record_end": load_observed().record_end - 0.5,  # years are drawn at their middle
    }


def title(run: Run, shown: View) -> tuple[str, str]:
    """The picture's message, and the numbers behind it."""
    if shown.name == COST_PER_DEATH:
        return _cost_title(run)
    if run.judged is None:
        apart = f"Different money: {NO_VERDICT}."
        first = shown.name == FIRST_VIEW
        return apart if first else f"{shown.label}: {apart.lower()}", _changes(run, shown)
    if shown.name == FIRST_VIEW:
        within = f" {_too_small(run, run.judged)}." if _by(run.judged) else ""
        return head(run), f"{gap(run.judged, run.years)}{within}"
    return _other_title(run, shown), _changes(run, shown)


def _other_title(run: Run, shown: View) -> str:
    """Which strategy has more of what is aimed at, and in how many futures."""
    one, other = run.strategies.values()
    apart = shown.change(one) - shown.change(other)
    matters = _matters(shown, run.ensemble)
    if shown.aim == shown.fewer:
        apart = -apart
    chances = {BORDER: np.mean(apart > matters), INTERNAL: np.mean(-apart > matters)}
    within = float(np.mean(np.abs(apart) <= matters))
    sure = float(run.ensemble.parameters["verdict_confidence"][0])
    for label, chance in chances.items():
        if chance >= sure:
            return f"{shown.label}: {shown.aim} with {label}, {in_futures(float(chance))}."
    if within >= sure:
        return f"{shown.label}: no difference that matters, {in_futures(within)}."
    odds = ", ".join(f"{label} {in_futures(float(c))}" for label, c in chances.items())
    return f"{shown.label}: cannot tell ({shown.aim} with {odds}; the bar is {_bar(run)})."


def _matters(shown: View, ensemble: Ensemble) -> np.ndarray | float:
    """The margin of the verdict, as a share of what the line without new policy comes to."""
    if shown.name not in OUTCOMES:
        return 0.0
    level = ensemble.projected(shown.name)[:, 0]
    sized = np.abs(level.sum(axis=0) if shown.summed else level.mean(axis=0))
    return np.asarray(ensemble.parameters["verdict_margin"] * sized)


def _changes(run: Run, shown: View) -> str:
    """What each strategy changes against what both add to."""
    unit = shown.unit.removesuffix(" a year") if shown.summed else shown.unit
    said = []
    for label, compared in run.strategies.items():
        low, middle, high = (
            number(x, DIGITS) if abs(x) < 10 else people(x)
            for x in np.quantile(shown.change(compared), NINE_IN_TEN)
        )
        ends = f" (9 in 10: {low} to {high})" if low != high else ""
        said.append(f"{label} {middle}{ends}")
    when = f"Over {run.years} years" if shown.summed else f"On average over {run.years} years"
    return f"{when}, against {run.drawn.zero} ({unit}): {'; '.join(said)}."


def _cost_title(run: Run) -> tuple[str, str]:
    said, chance = [], []
    for label, compared in run.strategies.items():
        cost = compared.cost_per_death_averted
        said.append(f"{'none averted' if cost is None else dollars(cost)} ({label})")
        chance.append(f"{futures(float(np.mean(compared.averted > 0)))} ({label})")
    costs = ", ".join(said) if any("dollars" in each for each in said) else "none is averted"
    return (
        f"Cost per death averted: {costs}.",
        f"Programmes and prisons over {run.years} years: mean cost over mean deaths averted, "
        f"neither discounted, against {run.drawn.zero}. "
        f"Futures in which any death is averted: {', '.join(chance)}.",
    )
