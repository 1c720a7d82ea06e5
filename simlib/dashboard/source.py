"""Where numbers come from: what every file says of itself, and the line below a picture."""

from collections.abc import Mapping
from datetime import date

from simlib.charts.style import number, whole
from simlib.dashboard.catalogue import BORDER_NAME, preset
from simlib.dashboard.spending import NO_VERDICT, SERIES, Spending
from simlib.dashboard.state import Scenario
from simlib.fingerprint import results_fingerprint
from simlib.inputs.parameters import load_parameters
from simlib.inputs.posterior import shipped_posterior
from simlib.results import Ensemble
from simlib.version import __version__


def about() -> str:
    """Version of the model, fingerprint of its numbers, vintage of its data, and the day."""
    vintage = shipped_posterior().about["data_vintage"]
    numbers = results_fingerprint()[:8]
    return f"simlib {__version__} ({numbers}). Data: {vintage}. {date.today().isoformat()}."


def footer(scenario: Scenario, ensemble: Ensemble, spent: Spending) -> str:
    """Where the numbers come from, and all that was moved."""
    known = ensemble.about
    return " ".join(
        [
            f"simlib {known['model_version']}, {date.today().isoformat()}.",
            f"Data: {known['data_vintage']}.",
            f"{_money(scenario, spent)} from {scenario.start}; {whole(known['draws'])} draws.",
            *pinned(scenario.judgement, "Judged with"),
            *_moved(scenario),
            *pinned(scenario.assumptions, "Assumed"),
        ]
    )


def pinned(values: Mapping[str, float], how: str) -> list[str]:
    """Rows that a reader has pinned, each in a sentence."""
    rows = load_parameters()
    return [
        f"{how}: {rows[name].label} {number(value)} {rows[name].unit}."
        for name, value in values.items()
    ]


def _money(scenario: Scenario, spent: Spending) -> str:
    """The total, or where the money differs what each strategy costs."""
    if spent.same:
        all_spent = not any(spent.left(name) for name in SERIES)
        total = scenario.money(BORDER_NAME) if all_spent else spent.cost(BORDER_NAME)
        return f"Extra money {number(total)} million USD a year each"
    costs = [f"{whole(spent.cost(name))} ({label})" for name, label in SERIES.items()]
    return f"Different money, million USD a year: {', '.join(costs)}: {NO_VERDICT};"


def _moved(scenario: Scenario) -> list[str]:
    """What the scenario changes besides the money's total and what is pinned."""
    rows, default = load_parameters(), Scenario()
    sentences = []
    if not scenario.count_prison:
        sentences.append("Prison cost is paid outside it.")
    for name, label in SERIES.items():
        if getattr(scenario, name) != getattr(default, name):
            sentences.append(f"The {label} money is split by hand.")
    for name, longer in scenario.sentences.items():
        if longer:
            sentences.append(f"{rows[name].label} (internal): {100 * longer:+.0f} %.")
    if health := sum(scenario.health.values()):
        sentences.append(
            f"Health money, {number(health)} million, in both; differences without it."
        )
    if scenario.preset:
        sentences.append(f"Third line: {preset(scenario.preset).title}.")
    return sentences
