"""No sentence contradicts the numbers beside it; different money is no contest; health is told."""

import html
import random
import re
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from simlib.charts.style import BORDER, INTERNAL, spoken
from simlib.compare import compare
from simlib.dashboard import Scenario, brief, compute, words
from simlib.dashboard.album import past, twelve_months
from simlib.dashboard.catalogue import HEALTH_ALONE, names, presets
from simlib.dashboard.phrases import in_futures, people
from simlib.dashboard.session import Session
from simlib.dashboard.spending import SERIES
from simlib.dashboard.views import VIEWS, Run
from simlib.inputs.parameters import load_parameters
from simlib.inputs.policy import load_policy
from simlib.simulation import simulate

CONTEST = re.compile(
    "saves more lives|averts more|leads|the bar is|difference that matters|cannot tell|"
    "(?:more|fewer|higher|lower|larger|less) with",
    re.IGNORECASE,
)
"""What compares the strategies with each other."""


def told(scenario: Scenario, draws: int = 16, details: bool = False) -> tuple[Run, compute.Picture]:
    """A picture of few draws, and what its words were made from."""
    runs: list[Run] = []
    real = words.verdict_sentences
    with pytest.MonkeyPatch.context() as watched:
        watched.setattr(words, "verdict_sentences", lambda run: runs.append(run) or real(run))
        shown = compute.picture(scenario, draws, details=details)
    return runs[0], shown


# --- any scenario -------------------------------------------------------------------------------


def any_scenario(dice: random.Random) -> Scenario:
    def sometimes(values: dict[str, float], chance: float = 0.4) -> dict[str, float]:
        return {name: value for name, value in values.items() if dice.random() < chance}

    longer = {name: dice.choice([-0.3, 0.2, 1.5]) for name in names("sentences")}
    own = {name: dice.choice([500.0, 2000.0]) for name in SERIES}
    judgement = {"verdict_margin": dice.choice([0.0, 0.02]), "verdict_confidence": 0.6}
    return Scenario(
        total=dice.choice([0.0, 300.0, 2000.0, 9000.0]),
        start=dice.choice([2026, 2026, 2031]),
        count_prison=dice.random() < 0.8,
        sentences=sometimes(longer, 0.25),
        health=sometimes({"naloxone": 2000.0, "treatment": -50.0}, 0.3),
        own_total=own if dice.random() < 0.15 else {},
        judgement=sometimes(judgement),
        assumptions=sometimes({"budget_scale": 0.5}, 0.2),
        preset=dice.choice(["", "", *presets()]),
        outcome=dice.choice(["deaths_fentanyl", *VIEWS]),
    )


@pytest.mark.parametrize("seed", range(30))
def test_no_sentence_contradicts_the_numbers_beside_it(
    seed: int,
) -> None:
    scenario = any_scenario(random.Random(seed))
    run, shown = told(scenario)
    said = " ".join((shown.alt, *shown.verdict))
    assert not re.search(r"\bnan\b|\binf\b|\b0 to prisons|Neither strategy", said)
    deaths = run.ensemble.projected("deaths_fentanyl").sum(axis=0)
    by_name = dict(zip(run.ensemble.policies, deaths, strict=True))
    quo = by_name["status_quo"]
    base = by_name.get("health", quo)
    costs = [run.spent.cost(name) for name in SERIES]
    if max(costs) - min(costs) > max(1.0, 0.01 * max(map(abs, costs))):
        assert not CONTEST.search(said)
        title = shown.tables["words"].iloc[0]["title"]
        assert "different money" in title.lower() or title.startswith("Cost per death averted")
        assert "Different money, million USD a year:" in shown.alt
        assert "no verdict between the strategies" in shown.tables["words"].iloc[0]["footer"]
    else:
        check_verdict(run, shown, quo, base, by_name)
    for name, label in SERIES.items():
        check_line(shown, label, base - by_name[name])
    if scenario.preset:
        check_line(shown, load_policy(scenario.preset).title, quo - by_name["preset"])


@pytest.fixture(scope="module", params=[{}, {"naloxone": 300.0}], ids=["alone", "health"])
def drawn_run(request: pytest.FixtureRequest) -> Any:
    return told(Scenario(health=request.param, preset="precursor_deal"))[0]


def test_no_sentence_contradicts_any_future(drawn_run: Any) -> None:
    """Deaths that no model made: strategies far apart or near, better or worse, sure or not."""
    policies, heads = drawn_run.ensemble.policies, set()
    shape = drawn_run.ensemble.projection["deaths_fentanyl"].shape
    for seed in range(300):
        dice = np.random.default_rng(seed)
        apart, sure = 10 ** dice.uniform(0, 3, 2)
        shift = dice.normal(0, apart, (1, len(policies), 1))
        deaths = 6000.0 + shift + dice.normal(0, sure, (1, *shape[1:]))
        ensemble = drawn_run.ensemble
        judged = {
            "verdict_margin": dice.choice([0.0, 0.0025, 0.1]),
            "verdict_confidence": dice.choice([0.5, 0.9]),
        }
        fixed = {name: np.full(shape[-1], value) for name, value in judged.items()}
        ensemble = replace(
            ensemble,
            projection={**ensemble.projection, "deaths_fentanyl": np.broadcast_to(deaths, shape)},
            parameters={**ensemble.parameters, **fixed},
        )
        run = replace(drawn_run, ensemble=ensemble)
        shown = SimpleNamespace(verdict=[spoken(text) for text in words.verdict_sentences(run)])
        sums = ensemble.projected("deaths_fentanyl").sum(axis=0)
        by_name = dict(zip(policies, sums, strict=True))
        quo = by_name["status_quo"]
        base = by_name.get("health", quo)
        check_verdict(run, shown, quo, base, by_name)
        for name, label in SERIES.items():
            check_line(shown, label, base - by_name[name])
        check_line(shown, load_policy("precursor_deal").title, quo - by_name["preset"])
        heads.add(shown.verdict[0].split()[0])
    assert heads == {"Cannot", "Not", "No", "The"}


def check_verdict(run: Any, shown: Any, quo: Any, base: Any, by_name: dict[str, Any]) -> None:
    """The first sentences and the odds, against shares counted here."""
    gap = by_name["internal"] - by_name["border"]  # deaths that border averts more
    margin = run.ensemble.parameters["verdict_margin"] * quo
    bar = float(run.ensemble.parameters["verdict_confidence"][0])
    chances = {BORDER: np.mean(gap > margin), INTERNAL: np.mean(-gap > margin)}
    low, middle, high = np.quantile(gap, (0.05, 0.5, 0.95))
    head = shown.verdict[0]
    odds = {label: in_futures(float(chance)) for label, chance in chances.items()}
    if head.startswith("Cannot tell"):
        assert low <= 0 <= high
        assert max(chances.values()) < bar
        assert odds[BORDER] in head
    elif head.startswith("Not settled"):
        ahead = BORDER if low > 0 else INTERNAL
        assert low > 0 or high < 0
        assert head.startswith(f"Not settled: {ahead} averts more")
        assert odds[ahead] in head
        assert chances[ahead] < bar
    elif head.startswith("No difference"):
        assert np.mean(np.abs(gap) <= margin) >= bar
    else:
        better = max(chances, key=lambda label: chances[label])
        assert head.startswith(f"The {better} strategy saves more lives")
        assert chances[better] >= bar
        assert odds[better] in head
    assert f"the bar is {100 * bar:.4g} %" in " ".join(shown.verdict)
    if round(middle):
        one, other = (BORDER, INTERNAL) if middle > 0 else (INTERNAL, BORDER)
        more = spoken(people(abs(middle)))
        assert (
            f"the {one} strategy averts about {more} more deaths than {other}" in shown.verdict[1]
        )
    beats = next(text for text in shown.verdict if text.startswith("Better than "))
    for name, label in SERIES.items():
        chance = float(np.mean(base - by_name[name] > margin))
        assert f"{label} {in_futures(chance)}" in beats


def check_line(shown: Any, label: str, averted: Any) -> None:
    """Deaths averted by a line of its own, and the range beside them."""
    title = label[:1].upper() + label[1:]
    said = next(t for t in shown.verdict if re.match(rf"{re.escape(title)}(?:, beyond[^:]*)?: ", t))
    if not averted.any():
        assert "deaths stay as they are" in said
        return
    low, middle, high = np.quantile(averted, (0.05, 0.5, 0.95))
    more = "averted" if middle >= 0 else "added"
    about = spoken(people(abs(middle)))
    assert re.search(rf"about {about} (?:further )?deaths {more}", said), said
    if round(low) < 0 < round(high):
        ends = f"between {people(-low)} more deaths and {people(high)} fewer"
    elif low >= 0 or round(high) > 0:
        ends = f"from {people(low)} to {people(high)} averted"
    else:
        ends = f"from {people(-high)} to {people(-low)} added"
    assert f"in 9 of 10 futures, {spoken(ends)}" in said
    assert ("No death is averted on average" in said) == (averted.mean() <= 0)


# --- money --------------------------------------------------------------------------------------

APART = {
    "sentences cost more than the total": Scenario(
        total=100.0, sentences={"sentence_selling": 1.0}
    ),
    "prison cost is outside": Scenario(count_prison=False),
    "shorter sentences": Scenario(sentences={"sentence_selling": -0.3}),
    "own totals": Scenario(own_total={"border": 500.0, "internal": 2000.0}),
}


@pytest.mark.parametrize("why", APART)
def test_different_money_is_no_contest_in_any_view_or_file(
    why: str,
) -> None:
    scenario = APART[why]
    for outcome in VIEWS:
        _, shown = told(replace(scenario, outcome=outcome))
        assert not CONTEST.search(" ".join((shown.alt, *shown.verdict))), outcome
    _, shown = told(scenario, details=True)
    assert not shown.ledger["best"].any()
    assert "Different money" in compute.ledger_page(shown)
    page = brief.html(Session(scenario), shown).decode()
    assert "no verdict" in page.partition("<title>")[2].partition("</title>")[0]
    assert "Different money, million USD a year" in page.partition('class="lead">')[2][:60]
    for kind in ("txt", "html"):
        text = compute.export(shown, kind).decode()
        assert "no verdict between the strategies" in text


def test_own_totals_that_are_the_same_are_the_same_money() -> None:
    run, shown = told(Scenario(own_total={"border": 700.0, "internal": 700.0}))
    assert run.spent.same
    assert "Extra money 700 million USD a year each" in shown.tables["words"].iloc[0]["footer"]


# --- health, judgement, presets -----------------------------------------------------------------


def test_health_money_is_credited_to_no_strategy() -> None:
    scenario = Scenario(health={"naloxone": 2000.0}, preset="treatment_and_naloxone")
    run, shown = told(scenario, details=True)
    deaths = run.ensemble.projected("deaths_fentanyl").sum(axis=0)
    quo, health, border = deaths[:3]
    alone, own = np.median(quo - health), np.median(health - border)
    assert alone > 50 * own
    said = " ".join(shown.verdict)
    assert f"which alone averts about {spoken(people(alone))} deaths" in said
    assert f"beyond the health money: about {spoken(people(own))} further deaths averted" in said
    assert "Extrapolation: the health money for naloxone raises a budget further" in said
    assert "the money of border-focused" not in said
    rows = shown.ledger.set_index(["row", "policy"])["median"]
    assert rows["deaths_averted", "health"] == pytest.approx(alone)
    assert rows["deaths_averted", "border"] == pytest.approx(own)
    assert "against health money alone" in compute.ledger_page(shown)
    picture = shown.tables["words"].iloc[0]
    assert picture["difference"] == f"Difference from {HEALTH_ALONE}"
    assert picture["difference_unit"].endswith("; Treatment and naloxone: from status quo")
    apart = shown.tables["difference"]
    assert set(apart["series"]) == {BORDER, INTERNAL, load_policy(scenario.preset).title}
    by_year = run.ensemble.projected("deaths_fentanyl")
    last = np.median(by_year[-1, 2] - by_year[-1, 1])
    assert apart[apart["series"] == BORDER]["median"].iloc[-1] == pytest.approx(last, abs=0.5)
    hatched = shown.tables["lines"].query("extrapolated")["series"].unique()
    assert {BORDER, INTERNAL, HEALTH_ALONE} <= set(hatched)
    assert len(shown.identities) == 4  # two for the strategies, two for what stands alone
    assert shown.identities[0].policies == ("health", "border", "internal")


def test_judgement_stands_in_the_source_line() -> None:
    rows = load_parameters()
    judged = {"verdict_margin": 0.0, "verdict_confidence": 0.5}
    _, shown = told(Scenario(judgement=judged))
    footer = shown.tables["words"].iloc[0]["footer"]
    for name in judged:
        assert f"Judged with: {rows[name].label}" in footer
    svg = compute.export(shown, "svg").decode()
    drawn = " ".join(re.findall(r">([^<>]+)</t(?:ext|span)>", svg))
    assert "Judged with: Smallest difference that matters 0" in drawn
    assert "Judged" not in told(Scenario())[1].tables["words"].iloc[0]["footer"]


def test_an_added_line_has_a_sentence_and_its_contents_can_be_read() -> None:
    scenario = Scenario(preset="article_proposal")
    _, shown = told(scenario, details=True)
    said = next(text for text in shown.verdict if text.startswith("The article's proposal: "))
    assert "deaths averted" in said
    assert "2,000 million USD a year in 6 programmes; longer sentences for possession +50 %" in said
    page = html.unescape(brief.html(Session(scenario), shown).decode())
    further = page.partition("<li>Further line")[2].partition("</li>")[0]
    for part in ("Drug units 700", "Longer sentences".lower(), "Sentences half as long again"):
        assert part in further


def test_late_starts_say_how_many_years_the_margin_is_for() -> None:
    said = " ".join(told(Scenario(start=2033))[1].verdict)
    assert "expected from 2025 to 2034. The strategies act in 2 of these 10 years;" in said


def test_the_sampling_error_is_that_of_repeated_draws() -> None:
    """Means of many other sets of draws scatter as the words say."""
    run, shown = told(Scenario(total=2000.0), details=True)
    means = [
        compare(simulate([None, run.spent.policies[0]], draws=16, seed=seed)).averted.mean()
        for seed in range(12)
    ]
    said = re.search(r"within about ([\d\u202f,]+) \(border-focused\)", shown.sampling)
    assert said
    told_error = float(re.sub(r"\D", "", said[1]))
    assert told_error / 4 < 2 * np.std(means) < 4 * told_error
    assert shown.sampling in html.unescape(compute.ledger_page(shown))


# --- the past -----------------------------------------------------------------------------------


def test_dates_of_forecasts_are_told_as_they_are() -> None:
    page = past()
    assert ">mid-2023<" in page
    assert "July 2023 to June 2024" in page
    assert ">the end of 2015<" in page
    assert "January to December 2016" in page
    assert not re.search(r"scope='row'>\d", page)
    assert "Of the 5 forecasts 1 year ahead the middling one was off by" in page
    assert "of the 3 forecasts 4 years ahead the middling one was off by" in page
    assert twelve_months(2023.25) == "April 2023 to March 2024"


def test_what_is_short_is_not_lost() -> None:
    """A strategy without weights spends nothing: told, and no contest."""
    scenario = replace(Scenario(), border=dict.fromkeys(names("border"), 0.0))
    shown = compute.picture(scenario, 16)
    assert "1,000 are not spent" in " ".join(shown.verdict)
    assert "no verdict" in shown.alt
