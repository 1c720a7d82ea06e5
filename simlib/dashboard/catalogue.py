"""Which controls there are: their names, labels and bounds, all from the tables."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from simlib.charts.style import exact
from simlib.dashboard.phrases import capital
from simlib.errors import is_finite
from simlib.inputs.parameters import LEVER_GROUP, load_parameters
from simlib.inputs.policy import Policy, default_start, load_policy, policy_names
from simlib.inputs.tables import load_programmes
from simlib.results import OUTCOMES
from simlib.simulation import PROJECTED_YEARS

BORDER_NAME, INTERNAL_NAME = "border", "internal"
STRATEGIES = (BORDER_NAME, INTERNAL_NAME)
OUTCOME_NAMES = (*OUTCOMES, "net_benefit_vsl", "net_benefit_qaly", "cost_per_death_averted")
"""What the picture can show."""
MOST_MONEY = 10_000.0
MOST_WEIGHT = 100.0
ASSUMPTIONS = (
    "shock_recovery_months",
    "budget_scale",
    "pass_through_weight",
    "demand_elasticity",
    "effect_exponent_border",
    "effect_exponent_internal",
)
"""Assumptions that matter most and are on screen from the start; :func:`names` knows them all."""
JUDGEMENT = (
    "verdict_margin",
    "verdict_confidence",
    "discount_rate",
    "vsl",
    "value_per_qaly",
)
"""Rows that say how results are judged: neither policy nor how the world works."""
SENTENCES = ("sentence_possession", "sentence_selling")
WHOLE_GROUPS = ("border", "internal", "sentences", "health")
"""Groups in which every name has a value; one that is left out has 0."""
GROUPS = (*WHOLE_GROUPS, "own_total", "assumptions", "judgement")
PANELS = {
    "policy": ("total", "own_total", "start", "count_prison", *WHOLE_GROUPS, "preset"),
    "assumptions": ("assumptions",),
    "judgement": ("judgement",),
}
"""Fields of each panel, which its reset sets back; the outcome is a view and belongs to none."""

HEALTH_ALONE, WITH_HEALTH = "health money alone", ", with health money"
"""What health money is called as a line, and what a line that holds it is called after its name."""
LABELS = {
    "total": "Extra money a year",
    "start": "First year",
    "count_prison": "Added prison cost is paid from the total",
    "preset": "Shipped policy drawn as a line",
    "outcome": "Outcome",
}


def programmes(family: str) -> tuple[str, ...]:
    """Money programmes of a family, in the order of the table."""
    rows = load_programmes().items()
    return tuple(n for n, row in rows if row.family == family and n not in SENTENCES)


def todays_budgets(family: str) -> dict[str, float]:
    """Today's central budgets of a family of programmes [million USD a year]."""
    rows = load_parameters()
    return {name: rows[f"budget_{name}"].value for name in programmes(family)}


def todays_split(family: str) -> dict[str, float]:
    """Weights in proportion to today's central budgets [% of them]."""
    budgets = todays_budgets(family)
    return {name: round(100 * each / sum(budgets.values()), 1) for name, each in budgets.items()}


@cache
def presets() -> tuple[str, ...]:
    """Names of the shipped policies (looked up once)."""
    return policy_names()


@cache
def preset(name: str) -> Policy:
    """A shipped policy (read once)."""
    return load_policy(name)


@cache
def names(group: str) -> tuple[str, ...]:
    """Names that a group of controls may hold, in the order of their table."""
    if group == "assumptions":
        rows = load_parameters().values()
        free = (row for row in rows if row.low < row.high and row.group != LEVER_GROUP)
        return tuple(row.name for row in free if row.name not in JUDGEMENT)
    known = {"sentences": SENTENCES, "own_total": STRATEGIES, "judgement": JUDGEMENT}
    return known.get(group) or programmes(group)


def bounds(control: str) -> tuple[float, float, str] | None:
    """Lowest and highest value of a control and its unit; None where it holds no such number.

    Parameters
    ----------
    control : as in :meth:`Scenario.controls`, for example "border.port_scanning"
    """
    group, _, name = control.rpartition(".")
    if control == "total" or group == "own_total":
        return 0.0, MOST_MONEY, "million USD a year"
    if control == "start":
        first = float(default_start()[:4])
        return first - 1, first + PROJECTED_YEARS - 3, "year"  # full force in a simulated year
    if group in STRATEGIES:
        return 0.0, MOST_WEIGHT, "parts of the money"
    if group not in GROUPS:
        return None
    row = load_parameters()[name]
    return row.low, row.high, row.unit


def figure(control: str, value: Any) -> str:
    """What a control stands at, for readers."""
    return exact(value, (bounds(control) or ("",))[-1]) if is_finite(value) else str(value)


def label(control: str) -> str:
    """What a reader calls a control."""
    group, _, name = control.rpartition(".")
    if group == "own_total":
        return f"Extra money a year, {name} strategy"
    if group in STRATEGIES:
        return f"{load_parameters()[name].label}, part of the {group} strategy's money"
    return load_parameters()[name].label if group else LABELS[control]


# --- in words -------------------------------------------------------------------------------------


def listed(texts: Sequence[str]) -> str:
    """Several names as in a sentence."""
    *first, last = texts
    return f"{', '.join(first)} and {last}" if first else last


def moved_words(policy: Policy) -> str:
    """What a policy moves once it is in full force: money by programme, sentences."""
    rows, money = load_parameters(), _money(policy)
    parts = [f"{_within(rows[n].label)} {exact(value)}" for n, value in money.items()]
    if len(money) < 2:
        return _and_sentences(policy, f"{', '.join(parts)} million USD a year" if money else "")
    whole = exact(sum(money.values()))
    return _and_sentences(policy, f"{', '.join(parts)} million USD a year, {whole} in all")


def sums_words(policy: Policy) -> str:
    """The same in short: how much money for how many programmes, sentences."""
    if len(money := _money(policy)) < 2:
        return moved_words(policy)
    whole = exact(sum(money.values()))
    return _and_sentences(policy, f"{whole} million USD a year in {len(money)} programmes")


def _money(policy: Policy) -> dict[str, float]:
    """Programme money in full force, by lever [million USD a year]."""
    full = {name: points[-1][1] for name, points in policy.changes.items()}
    return {name: value for name, value in full.items() if name not in SENTENCES}


def _and_sentences(policy: Policy, money: str) -> str:
    rows, full = load_parameters(), {n: points[-1][1] for n, points in policy.changes.items()}
    longer = [f"{_within(rows[n].label)} {100 * full[n]:+.3g} %" for n in SENTENCES if n in full]
    return "; ".join(filter(None, (money, ", ".join(longer)))) or "nothing"


def preset_words(name: str) -> str:
    """What a shipped policy moves, and the note of its file."""
    policy = preset(name)
    return f"{capital(moved_words(policy))}. {' '.join(policy.note.split())}".strip()


def _within(label: str) -> str:
    return label[:1].lower() + label[1:]
