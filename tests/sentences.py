"""Every sentence with a number that a reader meets, with the calls that give its numbers again.

A text's `{}` are filled with what the call returns, in the digits shown; words that a result
decides ("more", "cannot") are filled in the same way. `tests/test_sentences.py` demands that the
file says exactly this, and that no number in any file stands outside of such a sentence.
"""

import inspect
import math
import re
from collections.abc import Callable
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np
from texts import ROOT

from simlib import (
    Policy,
    compare,
    equal_money,
    load_observed,
    load_parameters,
    load_policy,
    simulate,
    simulation,
    verdict,
    world,
)
from simlib.analysis import (
    allocate,
    cocaine,
    discovery,
    explanations,
    information,
    scale,
    sensitivity,
    spend,
    structure,
    themes,
    trust,
)
from simlib.charts import explanations as pictures
from simlib.dashboard import Scenario, break_even
from simlib.dashboard.state import ASSUMPTIONS
from simlib.inputs import record, sampling
from simlib.inputs.observed import RECORD
from simlib.inputs.posterior import shipped_posterior
from simlib.inputs.tables import FAMILIES, load_programmes
from simlib.pages.content import grade, lever_texts
from simlib.study import agreement, update, weights
from simlib.study.backtest import OURS, WITHOUT_DRIFT
from simlib.walkthrough import kilo
from simlib.walkthrough.cocaine import costs_along, crossings
from simlib.walkthrough.common import load_settings

STRATEGIES, TOTAL = Scenario().strategies(), Scenario().total
CLAIMED = {"deaths": 70_000, "a_day": 200, "since_2018": 250_000}
"""What the article says of deaths."""
PRESSURE, SHOCK = "How well money becomes pressure", "Whether the supply shock lasts"
SMALL = [
    "nought",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
]


class Sentence(NamedTuple):
    """A sentence of a file: the file, the text with holes, and what fills them."""

    file: str
    text: str
    filled: Callable[[], Any]


@cache
def now(each: Sentence) -> str:
    """The sentence as it has to stand today."""
    found = each.filled()
    return each.text.format(*(found if isinstance(found, tuple) else (found,)))


def word(number: float | str) -> str:
    """A small whole number in letters."""
    return SMALL[round(float(number))]


def part(share: float) -> str:
    """A share in the words of a fraction, where it is one to within three points."""
    named = {
        0.1: "a tenth",
        0.25: "a quarter",
        1 / 3: "a third",
        0.5: "half",
        0.75: "three quarters",
    }
    return next((text for of, text in named.items() if abs(share - of) < 0.03), f"{share:.2f}")


def size(number: float) -> str:
    """Order of magnitude in words."""
    return ["ones", "tens", "hundreds", "thousands"][int(math.log10(abs(number)))]


def which(holds: bool, yes: str, no: str = "NOT TRUE") -> str:
    """A word that a result decides."""
    return yes if holds else no


# --- the record and the rows -------------------------------------------------------------------


def row(name: str) -> Any:
    return load_parameters()[name]


def cites(name: str, text: str) -> str:
    """A number that the note of a row gives."""
    return which(text in row(name).note, text)


def yearly(year: int) -> float:
    return load_observed().yearly("deaths_synthetic_opioids")[year]


def article_claims() -> tuple[str, str]:
    since = sum(map(yearly, range(2018, 2023)))
    near = [
        abs(found / claimed - 1) < 0.1
        for found, claimed in (
            (yearly(2022), CLAIMED["deaths"]),
            (yearly(2022) / 365, CLAIMED["a_day"]),
        )
    ]
    without = since - yearly(2022)
    holds = 1 < since / CLAIMED["since_2018"] < 1.1
    return (
        which(all(near), "close to"),
        which(holds and without < 0.9 * CLAIMED["since_2018"], "too high"),
    )


def since_2020(series: str) -> np.ndarray:
    found = load_observed()[series]
    return found.values[found.start >= 2020]


def pills_percent() -> tuple[float, float]:
    shares = 100 * since_2020("pill_fentanyl_mg") / row("tablet_mg").value
    return min(shares), max(shares)


def lost(series: str) -> float:
    """Share lost from the highest value of 2023 to the last."""
    found = load_observed()[series]
    return 1 - found.values[-1] / max(found.values[(found.start >= 2023) & (found.start < 2024)])


def triangular_below(name: str, limit: float) -> float:
    each = row(name)
    return float(np.mean(each.quantile((np.arange(10_000) + 0.5) / 10_000) <= limit))


def detection() -> float:
    """Detection given a scan that central rows imply."""
    p = {name: np.array([each.value]) for name, each in load_parameters().items()}
    return float(world.anchors(p, load_observed()).detection.mean())


# --- runs, shared ------------------------------------------------------------------------------


@cache
def default_world(**assumptions: float) -> Any:
    policies, _ = equal_money(STRATEGIES, TOTAL)
    return simulate([None, *policies], assumptions=assumptions)


def level(found: Any) -> float:
    return found.quantiles("deaths_fentanyl")[2, -1, 0]


def gap(found: Any) -> float:
    return verdict(found, "border", "internal").gap[1]


@cache
def swings() -> dict[str, tuple[float, float]]:
    """By assumption of the panel: how far the level and the gap move over its range."""
    ends = {
        name: [default_world(**{name: value}) for value in (row(name).low, row(name).high)]
        for name in ASSUMPTIONS
    }
    return {
        name: (abs(level(high) - level(low)), abs(gap(high) - gap(low)))
        for name, (low, high) in ends.items()
    }


def first_row_counts_most() -> tuple[str, str]:
    by_level, by_gap = ({name: pair[i] for name, pair in swings().items()} for i in (0, 1))
    largest = sorted(by_gap, key=lambda name: -by_gap[name])[:2]
    exponents = {"effect_exponent_border", "effect_exponent_internal"}
    return (
        which(max(by_level, key=by_level.__getitem__) == ASSUMPTIONS[0], "first"),
        which(set(largest) == exponents, "how well added money becomes pressure on each side"),
    )


@cache
def futures_chances() -> dict[str, float]:
    return dict(discovery.futures(STRATEGIES, TOTAL, draws=600).chances)


def who_wins() -> tuple[str, str]:
    chances = futures_chances()
    return (
        which(chances["border"] > chances["internal"], "more often", "less often"),
        which(sum(chances.values()) < 0.5, "most", "some"),
    )


@cache
def response() -> allocate.Response:
    return spend.response(draws=30)


@cache
def best(health: bool = True) -> dict[str, float]:
    families = load_programmes()
    none = {name: 0.0 for name in spend.programmes() if families[name].family == "health"}
    limits = allocate.Limits() if health else allocate.Limits(most=none)
    return dict(allocate.best_split(response(), 2000, limits))


def health_share() -> float:
    families = load_programmes()
    money = sum(m for name, m in best().items() if families[name].family == "health")
    return money / sum(best().values())


def largest(health: bool, count: int) -> set[str]:
    split = best(health)
    return set(sorted(split, key=lambda name: -split[name])[:count])


def programmes_do_not_get_in_the_way() -> tuple[str, str]:
    judged = spend.judge({"best": best()}, response(), draws=30, seed=1)  # on the same draws
    greedy = response().gain(allocate.greedy(response(), 2000)).mean()
    return (
        which(abs(judged.gains.mean() / judged.predicted[0] - 1) < 0.1, "hardly"),
        which(greedy > 0.95 * response().gain(best()).mean(), "well"),
    )


def worth_of_pressure() -> str:
    policies, _ = equal_money(STRATEGIES, TOTAL)
    found = simulate([None, *policies], 600)
    by_theme = information.by_theme(information.choices(found), found.parameters)
    worth = {each.about: each.value for each in by_theme}
    return which(worth.pop(PRESSURE) > sum(worth.values()), "more", "less")


@cache
def what_decides() -> tuple[str, str]:
    found = sensitivity.what_decides(STRATEGIES, TOTAL, points=128)
    total = dict(zip(found.names, found.total, strict=True))
    return (
        which(found.names[0] == PRESSURE, "leads"),
        which(total[SHOCK] < 0.25 * total[PRESSURE], "hardly does"),
    )


def tornado_leaders() -> str:
    first, second = sensitivity.tornado(STRATEGIES, TOTAL, themes.movers(), draws=24)[:2]
    exponents = {"effect_exponent_border", "effect_exponent_internal"}
    return which({first.name, second.name} == exponents, "matters most")


def transmission_favours() -> tuple[str, str]:
    gaps = structure.gaps(STRATEGIES, TOTAL, draws=120)
    by_rule = gaps.mean(axis=(1, 2))
    shares = structure.take_apart(gaps, np.full(gaps.shape[1], "one"))
    return (
        which(bool(by_rule[0] < by_rule[1] < by_rule[2]), "favours the border"),
        which(shares.parameters > 0.5 > shares.structure + shares.noise, "within"),
    )


@cache
def misfit() -> tuple[float, float]:
    """Share of draws whose last half year, without model error, is above its count; by how much."""
    found, observed = shipped_posterior(), load_observed()
    p = sampling.sample(load_parameters(), 2000, 1, {}, found, record_quarters=48).parameters
    flows = simulation.history(p, observed).flows
    counts = observed[RECORD]
    deaths = record.by_period(flows, "deaths_fentanyl", counts.start, counts.end)[-2:].sum(axis=0)
    ratio = deaths / counts.values[-2:].sum()
    return 100 * float(np.mean(ratio > 1)), 100 * (float(np.median(ratio)) - 1)


def scanning_moves_the_fall() -> float:
    """Largest move of the fall by scanning's rows, ends of 90 % of draws [% of deaths]."""
    p = sampling.draw(load_parameters(), 200, posterior=shipped_posterior())
    start = np.array([2022.0, 2024.0])
    moved = []
    for end in ("high", "low"):
        pinned = {
            "scanning_share_of_seizures": getattr(row("scanning_share_of_seizures"), end),
            "border_seized_share": row("border_seized_share").high,
        }
        there = p | {name: np.full(200, value) for name, value in pinned.items()}
        flows = simulation.history(there, load_observed()).flows
        before, after = record.by_period(flows, "deaths_fentanyl", start, start + 1)
        moved.append(np.log(before / after))
    return 100 * float(np.max(np.abs(np.quantile(moved[0] - moved[1], (0.05, 0.95)))))


def rise_of_seized_share() -> tuple[float, float]:
    """Recorded share seized at the border, 2023 over 2019: ends of half of the draws."""
    found = simulate(draws=400)
    share = found.yearly("seized_border_kg")[:, 0] / found.yearly("produced_kg")[:, 0]
    years = list(found.years)
    ratio = share[years.index(2023)] / share[years.index(2019)]
    return tuple(np.quantile(ratio, (0.25, 0.75)))


def less_likely() -> tuple[int, str]:
    behind = 2
    return behind, word(math.exp(behind))


def error_lines() -> str:
    """Standard errors that the lines of the picture of weights reach to either side."""
    table = explanations.weights()
    drawn = pictures.weights(table).data
    widest = table["error"].to_numpy().argmax()
    return word((drawn["high"] - drawn["weight"])[widest] / table["error"][widest])


MORE = 100.0
"""Added money at which levers are judged on their pages [million USD a year]."""
LONGER = 0.5


@cache
def levers_alone() -> Any:
    changes = {name: MORE if lever.payers else LONGER for name, lever in load_programmes().items()}
    alone = [Policy.constant(name, {name: change}) for name, change in changes.items()]
    return simulate([None, *alone])


def futures(share: float) -> str:
    """A share of futures as a count in a hundred that hides neither a few nor the last."""
    if 0 < share < 0.005:
        return "fewer than 1"
    if 0.995 <= share < 1:
        return "more than 99"
    return f"{100 * share:.0f}" if share else "none"


def odds(lever: str) -> tuple[object, ...]:
    averted = compare(levers_alone(), policy=lever).averted
    shares = (np.mean(averted > 0), np.mean(averted < 0), np.mean(averted == 0))
    return (*map(futures, map(float, shares)), len(averted), levers_alone().years[-1])


def always_prison() -> str:
    added = compare(levers_alone(), policy="sentence_possession").total("prison_years")
    return which(bool((added > 0).all()), "every one")


def treatment_cuts() -> tuple[float, ...]:
    each = row("moud_risk_ratio")
    return tuple(100 * (1 - ratio) for ratio in (each.value, each.high, each.low))


# --- cocaine ------------------------------------------------------------------------------------


def rand(name: str) -> Any:
    return cocaine.load_cocaine()[name]


@cache
def rebuilt(name: str) -> float:
    return float(cocaine.cost_of_one_percent(cocaine.draw_1992(), name)[0])


def miss(name: str) -> float:
    """By how much a rebuilt figure misses the published one [%]."""
    return 100 * abs(rebuilt(name) / rand(f"published_{name}").value - 1)


def seven() -> str:
    return word(rebuilt("domestic") / rebuilt("treatment"))


SUPPLY = ("source_country", "interdiction", "domestic")


@cache
def turns(name: str) -> list[tuple[float, frozenset[str]]]:
    across, found = costs_along(name, {}, 200)
    return [(place, frozenset(pair)) for place, *pair in crossings(across, found)]


def scanned(vehicles: str) -> float:
    """Vehicles scanned in the last year on record [%]."""
    return 100 * load_observed()[f"scan_share_{vehicles}"].values[-1]


LEVERS = "simlib/data/pages/levers.toml"


def judged(lever: str) -> float:
    """Share of the numbers a lever rests on that are judgement."""
    resting = lever_texts()[lever]["rests_on"]
    return float(np.mean([grade(row(name)) == "D" for name in resting]))


# --- study tables -------------------------------------------------------------------------------

EXPONENTS = [f"effect_exponent_{side}" for side in ("border", "abroad", "internal")]
BY_HAND = {"size of .venv": "1.8"}
"""What no test can measure: the folder that `launch.py` makes, Debian 12, November 2026."""


def origins() -> int:
    return trust.past_errors()["known_until"].nunique()


def missed_by() -> float:
    """Distance of a middling forecast from what happened [deaths]."""
    found = trust.past_errors()
    return float((found["forecast"] - found["happened"]).abs().median())


def rivals() -> int:
    return len(set(trust.result("backtest")["forecaster"]) - set(OURS))


def standard_error(cases: int) -> float:
    """Of the share of independent cases that 80 % intervals hold [points]."""
    return 100 * math.sqrt(0.8 * 0.2 / cases)


def held(forecaster: str) -> float:
    """Share of cases that the 80 % intervals held [%]."""
    return 100 * trust.result("backtest").set_index("forecaster").loc[forecaster, "covered_80"]


def rhats() -> list[float]:
    about = shipped_posterior().about
    each = (*about["explanations"].values(), about["second_method"])
    return [found["worst_rhat"][1] for found in each]


def which_number(holds: bool, number: float) -> float:
    return number if holds else math.nan


def fitted() -> tuple[str, str]:
    about = shipped_posterior().about
    return word(about["runs"]), word(len(about["explanations"]))


def sizes_of_analyses() -> tuple[object, ...]:
    quick, full = break_even.QUICK, break_even.FULL
    themed = {themes.free_parameters()[name] for name in themes.movers()} | {themes.RECORD}
    levels, programmes = len(spend.LEVELS), len(spend.programmes())
    return (
        quick["steps"] ** 2 * quick["draws"],
        word(1 + len(STRATEGIES)),
        quick["steps"],
        quick["steps"],
        quick["draws"],
        full["steps"] ** 2 * full["draws"],
        default_of(sensitivity.what_decides, "points") * (len(themed) + 2),
        word(programmes),
        word(levels),
        default_of(spend.response, "draws"),
        1 + programmes * levels,
    )


def default_of(function: Callable[..., Any], name: str) -> Any:
    return inspect.signature(function).parameters[name].default


# --- policies -----------------------------------------------------------------------------------


def change(policy: str) -> dict[str, float]:
    """Full change of each lever."""
    return {lever: points[-1][1] for lever, points in load_policy(policy).changes.items()}


def top(policy: str, *levers: str) -> float:
    (found,) = {change(policy)[lever] for lever in levers}
    return found


def share_of(policy: str, lever: str) -> float:
    return change(policy)[lever] / sum(change(policy).values())


def shifted(policy: str) -> tuple[float, str, str]:
    """Money taken, from how many programmes, and the bound that its share of budgets keeps."""
    taken = {lever: -value for lever, value in change(policy).items() if value < 0}
    largest = max(value / row(f"budget_{lever}").low for lever, value in taken.items())
    return sum(taken.values()), word(len(taken)), which(largest <= 0.5, "half")


def receiving(policy: str) -> int:
    return sum(value > 0 for value in change(policy).values())


# --- the table ----------------------------------------------------------------------------------


def _of(file: str, *pairs: tuple[str, Callable[[], Any]]) -> list[Sentence]:
    return [Sentence(file, text, filled) for text, filled in pairs]


def _book(name: str, *pairs: tuple[str, Callable[[], Any]]) -> list[Sentence]:
    (path,) = (ROOT / "notebooks").glob(f"{name}_*.ipynb")
    return _of(f"notebooks/{path.name}", *pairs)


def _policy(name: str, *pairs: tuple[str, Callable[[], Any]]) -> list[Sentence]:
    return _of(f"simlib/data/policies/{name}.toml", *pairs)


NOTEBOOKS = [
    *_book(
        "01",
        ("never (above {:.0f} months)", lambda: row("shock_never_months").value),
        (
            "the level moves by {:,.0f} deaths a year, the difference by {:,.0f} over all years",
            lambda: swings()["shock_recovery_months"],
        ),
        (
            "about {:,} people died in 2022, about {} a day, and {} of a million since 2018",
            lambda: (CLAIMED["deaths"], CLAIMED["a_day"], part(CLAIMED["since_2018"] / 1e6)),
        ),
        (
            "The first two claims are {} the final counts. The third holds if 2022 is counted in, "
            "where the record says somewhat more; without 2022 it is {}.",
            article_claims,
        ),
        ("Each of the {} assumptions of the panel", lambda: word(len(ASSUMPTIONS))),
        (
            "For the number of deaths the {} row counts most: whether the fall since 2023 lasts "
            "changes more than either strategy does. For the comparison the largest swings come "
            "from {}",
            first_row_counts_most,
        ),
    ),
    *_book(
        "02",
        ("A {} pure kilos", lambda: which(kilo.SHIPPED == 100, "hundred")),
        (
            "the government's own figure was {} %",
            lambda: cites("border_seized_share", "2.1 % for cocaine at land ports")[:3],
        ),
        (
            "(assumed: {:.0f} to {:.0f} months)",
            lambda: (row("shipment_lag_months").low, row("shipment_lag_months").high),
        ),
        (
            "Since 2020 a gross kilo of powder held {:.0f} to {:.0f} % fentanyl by quarter",
            lambda: (min(since_2020("powder_purity")), max(since_2020("powder_purity"))),
        ),
        ("a kilo of pills {:.1f} to {:.1f} %", pills_percent),
    ),
    *_book(
        "03",
        (
            "its upper end ({:g}) is {} times what that study supports",
            lambda: (
                row("punishment_elasticity").high,
                word(row("punishment_elasticity").high / 0.05),
            ),
        ),
        (
            "(most likely {:g}; the draws cover the whole axis)",
            lambda: row("pass_through_weight").value,
        ),
        (
            "Pressure on ports of entry {} overnight",
            lambda: which(load_settings()["pressure_ratio"].value == 3, "triples"),
        ),
        (
            "a border surge in 2023 faded within {} to {} months",
            lambda: tuple(
                map(
                    word,
                    re.findall(r"gone within (\d)-(\d)", row("displacement_half_life_months").note)[
                        0
                    ],
                )
            ),
        ),
        (
            "about {:.0f} % of cars and {:.0f} % of trucks were scanned",
            lambda: (scanned("cars"), scanned("trucks")),
        ),
        (
            "({:.0f} months to {:.0f} years in the precedents)",
            lambda: (
                row("recovery_months_distribution").low,
                row("recovery_months_distribution").high / 12,
            ),
        ),
        (
            "pills lost nearly {} of their content and powder more than {}",
            lambda: (
                which(0.28 < lost("pill_fentanyl_mg") < 1 / 3, "a third"),
                which(0.5 < lost("powder_purity") < 0.6, "half"),
            ),
        ),
    ),
    *_book(
        "04",
        ("move the fall by about {:.1f} % of deaths", scanning_moves_the_fall),
        ("{} below means that the forecasts were about {} times less likely", less_likely),
        ("thin lines {} standard errors either way", error_lines),
        ("No weight can fall much below {} of the equal share", lambda: part(weights.TOWARD_EQUAL)),
    ),
    *_book(
        "05",
        ("The ticks miss, often by {} of deaths", lambda: size(missed_by())),
        ("{} forecasters that know nothing of drugs", lambda: word(rivals()).capitalize()),
        ("There are only {} dates to stand at", lambda: word(origins())),
        (
            "{} dates are few. The standard error of the share that the 80 % intervals held is "
            "{:.0f} points if all {} forecasts are independent, {:.0f} points if those from one "
            "date miss as one.",
            lambda: (
                word(origins()).capitalize(),
                standard_error(len(trust.past_errors())),
                len(trust.past_errors()),
                standard_error(origins()),
            ),
        ),
    ),
    *_book(
        "06",
        (
            "the margin of the verdict ({:.2f} % of deaths without a new policy)",
            lambda: 100 * row("verdict_margin").value,
        ),
        ("The row that {} is …, beside its mirror image", tornado_leaders),
        ("the border side wins {} than the internal one, and neither wins in {}", who_wins),
        ("How well money becomes pressure {}.", lambda: what_decides()[0]),
        (
            "the difference {}, because both strategies live in the same world",
            lambda: what_decides()[1],
        ),
        ("would be worth {} than all the others together", worth_of_pressure),
        ("{} transmission rules", lambda: word(len(structure.rules())).capitalize()),
        (
            "Transmission in proportion {}: there a dollar of added cost at the border becomes "
            "many on the street. It does so {} the doubt about everything else.",
            transmission_favours,
        ),
    ),
    *_book(
        "07",
        ('"Best" can mean {} things', lambda: word(len(allocate.CRITERIA))),
        ("most lives in the worst {} of futures", lambda: part(allocate.TAIL).removeprefix("a ")),
        ("All {} meanings of", lambda: word(len(allocate.CRITERIA))),
        (
            "{} of the money goes to naloxone, treatment and re-entry",
            lambda: which(health_share() > 0.5, "most"),
        ),
        (
            "with health programmes switched off, to {}",
            lambda: which(
                {"port_scanning", "precursor_control"} <= largest(False, 3),
                "scanning and to precursors",
            ),
        ),
        (
            "Programmes {} get in each other's way, so greed does {}.",
            programmes_do_not_get_in_the_way,
        ),
    ),
    *_book(
        "08",
        ("Treatment won by a factor of {}", seven),
        ("Diamonds are the {} figures published", lambda: word(len(cocaine.PROGRAMMES))),
        ("One of the {} is a replication", lambda: word(len(cocaine.PROGRAMMES))),
        ("The other {} are a consistency check", lambda: word(len(SUPPLY))),
        (
            "Treatment is within {} percent. The supply figures miss by a percent {}:",
            lambda: (
                which(miss("treatment") < 1, "one"),
                which(0.5 < max(map(miss, SUPPLY)) < 2.5, "or two"),
            ),
        ),
        ("that {:.0f} million comes out", lambda: rebuilt("treatment")),
        (
            "The order among the supply programmes turns within the first {} of the axis.",
            lambda: which(
                [
                    pair <= set(SUPPLY) and place < 0.125
                    for place, pair in turns("pass_through_weight")
                ].count(True)
                == 3,
                "eighth",
            ),
        ),
        (
            "a kilo worth one {} of its street price: in proportion, it is multiplied a {}.",
            lambda: (
                which(rand("source_price_share").value == 0.01, "hundredth"),
                which(rand("source_price_share").value == 0.01, "hundredfold"),
            ),
        ),
        (
            "lays {:.0f} cents of cost on the trade",
            lambda: 100 * rand("imposed_source_country").value,
        ),
        ("RAND's value is 1/{:.1f}.", lambda: 1 / rand("supply_slope").value),
        ("RAND used a response of {:g}.", lambda: rand("demand_elasticity").value),
        (
            "Later studies of cocaine found {} to {}.",
            lambda: re.findall(r"find ([\d.]+) to ([\d.]+)", rand("demand_elasticity").note)[0],
        ),
        ("What looked like a factor of {} becomes", seven),
        (
            "not checked, apart from {} rows",
            lambda: word(sum(r.group == "published_read" for r in cocaine.load_cocaine().values())),
        ),
    ),
]

DOCS = [
    *_of("README.md", ("(about {} GB)", lambda: BY_HAND["size of .venv"])),
    *_of(
        "docs/decisions.md",
        ("(implied detection about {:.2f} at the centre)", detection),
        (
            "Effect exponents are triangular on {:g}, {:g}, {:g} and count as 0 below 0, on all "
            "{} sides alike: in about {:.0f} % of draws money buys nothing at all.",
            lambda: (
                *(
                    getattr(row("effect_exponent_border"), each)
                    for each in ("low", "value", "high")
                ),
                which(
                    len({(row(n).low, row(n).value, row(n).high) for n in EXPONENTS}) == 1, "three"
                ),
                100 * triangular_below("effect_exponent_border", 0),
            ),
        ),
        (
            "(uniform {:g}-{:g})",
            lambda: (row("shock_precursor_share").low, row("shock_precursor_share").high),
        ),
        (
            "longer than {:.0f} months counts as never; the log-uniform row runs to {:.0f}, so "
            "about {:.0f} % of draws never recover.",
            lambda: (
                row("shock_never_months").value,
                row("shock_recovery_months").high,
                100
                * (1 - triangular_below("shock_recovery_months", row("shock_never_months").value)),
            ),
        ),
        ("mean age {} months", lambda: word(12 * row("volume_memory_years").value)),
        (
            "(2020 to {:g}-{:g})",
            lambda: (row("pandemic_end").low, row("pandemic_end").high),
        ),
        (
            "nautilus works poorly in {} dimensions",
            lambda: sum(
                r.scope == "history" and r.low < r.high for r in load_parameters().values()
            ),
        ),
        ("with a spread of {:g}", lambda: row("detection_drift").value),
    ),
    *_of(
        "docs/performance.md",
        (
            "A block is {:,} draws. Values are counted in {:,} cells of a grid that reaches {:g} "
            "ranges of the first block beyond it on either side. A quantile is off by at most one "
            "cell, a {} of the first block's range",
            lambda: (
                scale.BLOCK_DRAWS,
                scale.CELLS,
                scale.ROOM,
                which((1 + 2 * scale.ROOM) / scale.CELLS == 1e-3, "thousandth"),
            ),
        ),
        (
            "a coarse map is {} draws under {} policies ({} × {} points, {} draws), a fine one "
            "{:,}; Sobol indices by theme {:,}; measuring {} programmes at {} sizes {} draws "
            "under {} policies.",
            sizes_of_analyses,
        ),
    ),
    *_of(
        "docs/keeping_it_current.md",
        ("Fewer than {} of the rows", lambda: part(update.EFFECTIVE_SHARE_DUE)),
        (
            "less than one in {} hundred",
            lambda: word(1 / update.SURPRISE_DUE / 100),
        ),
    ),
    *_of(
        "docs/model_card.md",
        ("{} runs for each of {} explanations", fitted),
        (
            "A second method agrees (R-hat below {:.2f})",
            lambda: which_number(max(rhats()) < agreement.RHAT_LIMIT, agreement.RHAT_LIMIT),
        ),
        (
            "its blind 80 % intervals held {:.0f} % of what happened; with it {:.0f} %, but the "
            "drift was estimated from the same {} origins",
            lambda: (held(WITHOUT_DRIFT), held(trust.MODEL), word(origins())),
        ),
        (
            "stands above its count in {:.0f} of 100 draws, by {:.0f} % in the middle one",
            misfit,
        ),
        (
            "(the share seized grows {:.1f} to {:.1f} times from 2019 to 2023 in half of the "
            "draws)",
            rise_of_seized_share,
        ),
    ),
]

POLICIES = [
    *_policy(
        "article_proposal",
        (
            "Sentences {} as long again",
            lambda: part(top("article_proposal", "sentence_possession", "sentence_selling")),
        ),
    ),
    *_policy("balanced", ("The {} families of programmes", lambda: word(len(FAMILIES)))),
    *_policy(
        "border_surge",
        ("about {} of the trucks", lambda: part(scanned("trucks") / 100)),
    ),
    *_policy(
        "longer_sentences",
        (
            "grows by {}",
            lambda: part(top("longer_sentences", "sentence_possession", "sentence_selling")),
        ),
    ),
    *_policy(
        "shift_border_money_inside",
        (
            "{:.0f} million leave {} border programmes, {} of the lowest budgets thought possible "
            "or less",
            lambda: shifted("shift_border_money_inside"),
        ),
        (
            "the same {} steps on the receiving side",
            lambda: word(receiving("shift_border_money_inside")),
        ),
    ),
    *_policy(
        "shift_inside_money_to_border",
        (
            "{:.0f} million leave the {} large internal programmes, less than {} of the lowest "
            "budgets thought possible",
            lambda: shifted("shift_inside_money_to_border"),
        ),
        (
            "the same {} steps on the receiving side",
            lambda: word(receiving("shift_inside_money_to_border")),
        ),
    ),
    *_policy(
        "treatment_and_naloxone",
        (
            "{} of the money pay for treatment with medication, {} for medication in custody",
            lambda: (
                part(share_of("treatment_and_naloxone", "treatment")).capitalize(),
                part(share_of("treatment_and_naloxone", "reentry_treatment")),
            ),
        ),
    ),
]

ODDS = (
    "{size}: averts deaths in {{}} of 100 futures, adds some in {{}}, changes nothing in {{}} "
    "({{:,}} draws, to {{}})."
)
PAGES = [
    *(
        Sentence(
            LEVERS,
            ODDS.format(
                size=f"{lever.label}, {MORE:.0f} million USD more a year"
                if lever.payers
                else f"{lever.label}, half as long again"
            ),
            partial(odds, name),
        )
        for name, lever in load_programmes().items()
    ),
    Sentence(
        LEVERS,
        "In the model the first outweighs the second in {} futures, on evidence that is {}; it "
        "costs prison years in {}.",
        lambda: (
            which(float(odds("sentence_possession")[0]) > 95, "nearly all"),
            which(judged("sentence_possession") > 0.5, "mostly judgement"),
            always_prison(),
        ),
    ),
    Sentence(
        LEVERS,
        "cuts the risk of overdose by {:.0f} % (plausibly {:.0f} to {:.0f} %) while it lasts",
        treatment_cuts,
    ),
]

PRINTERS = _of(
    "simlib/study/backtest.py",
    (
        "the second wave's midpoint ({:g}-{:g})",
        lambda: (row("west_midpoint").low, row("west_midpoint").high),
    ),
)

SENTENCES = [*NOTEBOOKS, *DOCS, *POLICIES, *PAGES, *PRINTERS]
