"""What a reader has chosen: one immutable scenario, its file, and its undo history."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from simlib.errors import Faults, InputError, is_finite, shown, unknown
from simlib.parameters import load_parameters, number_fault
from simlib.policy import LAST_YEAR, Policy, default_start, policy_names
from simlib.strategies import Strategy
from simlib.tables import load_programmes, read_toml, write_toml

SCHEMA = 1
BORDER_NAME, INTERNAL_NAME = "border", "internal"
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
SENTENCES = ("sentence_possession", "sentence_selling")
GROUPS = ("border", "internal", "sentences", "health", "assumptions")


def programmes(family: str) -> tuple[str, ...]:
    """Money programmes of a family, in the order of the table."""
    rows = load_programmes().items()
    return tuple(n for n, row in rows if row.family == family and n not in SENTENCES)


def todays_split(family: str) -> dict[str, float]:
    """Weights in proportion to today's central budgets [% of them]."""
    parameters = load_parameters()
    budgets = {name: parameters[f"budget_{name}"].value for name in programmes(family)}
    return {name: round(100 * each / sum(budgets.values()), 1) for name, each in budgets.items()}


@dataclass(frozen=True)
class Scenario:
    """Policy and assumptions on screen.

    Attributes
    ----------
    total : extra money of each strategy [million USD a year]
    start : year in which the strategies begin, in January
    count_prison : whether added prison cost is paid from the total
    border, internal : weights of the programmes within each strategy
    sentences : changes of time served that belong to the internal strategy [share longer]
    health : extra money by health programme, in both strategies [million USD a year]
    assumptions : pinned values by parameter
    preset : shipped policy drawn as a line of its own, or ""
    """

    total: float = 1000.0
    start: int = field(default_factory=lambda: int(default_start()[:4]))
    count_prison: bool = True
    border: Mapping[str, float] = field(default_factory=lambda: todays_split("border"))
    internal: Mapping[str, float] = field(default_factory=lambda: todays_split("internal"))
    sentences: Mapping[str, float] = field(default_factory=lambda: dict.fromkeys(SENTENCES, 0.0))
    health: Mapping[str, float] = field(
        default_factory=lambda: dict.fromkeys(programmes("health"), 0.0)
    )
    assumptions: Mapping[str, float] = field(default_factory=dict)
    preset: str = ""

    def strategies(self) -> tuple[Strategy, Strategy]:
        """The two strategies; health money is added by :meth:`health_policy`."""
        return (
            Strategy(BORDER_NAME, "Border-focused", self.border),
            Strategy(INTERNAL_NAME, "Internal enforcement", self.internal, self.sentences),
        )

    def health_policy(self) -> Policy:
        """Health money that both strategies have in common."""
        moved = {lever: value for lever, value in self.health.items() if value}
        return Policy.constant("health", moved, f"{self.start}-01")

    def policy_reset(self) -> "Scenario":
        """Policy as at the beginning, assumptions kept."""
        return replace(Scenario(), assumptions=self.assumptions)

    def assumptions_reset(self) -> "Scenario":
        """No assumption pinned, policy kept."""
        return replace(self, assumptions={})

    def to_toml(self) -> str:
        """The scenario as a file; reading it gives an equal scenario."""
        return write_toml({"schema": SCHEMA} | asdict(self))

    @classmethod
    def from_toml(cls, text: str, where: str = "scenario") -> "Scenario":
        """Read a scenario that may come from anyone.

        Raises
        ------
        InputError
            Naming every field, bound and allowed value that was broken.
        """
        table = read_toml(text, where)
        faults = Faults(where)
        default = asdict(cls())
        for key in table:
            if key not in (*default, "schema"):
                faults.add("key", unknown(key, default))
        if type(table.get("schema")) is not int or table["schema"] != SCHEMA:
            faults.add("schema", f"must be {SCHEMA}, not {shown(table.get('schema'))}")
        found = {key: table.get(key, value) for key, value in default.items()}
        for group in GROUPS:
            found[group] = _numbers(group, found[group], default[group], faults)
        try:
            scenario = check(cls(**found), where)
        except InputError as problem:
            faults.messages.extend(problem.messages)
        faults.raise_any()
        return scenario


def _numbers(
    group: str, value: Any, default: Mapping[str, float], faults: Faults
) -> dict[str, float]:
    """A table of numbers whose keys are known; what is missing stays as it was."""
    if not isinstance(value, Mapping):
        faults.add(group, f"must be a table, not {shown(value)}")
        return dict(default)
    allowed = ASSUMPTIONS if group == "assumptions" else tuple(default)
    for key in value:
        if key not in allowed:
            faults.add(group, unknown(key, allowed))
    return dict(default) | {key: number for key, number in value.items() if key in allowed}


def check(scenario: Scenario, where: str = "scenario") -> Scenario:
    """The scenario itself, when all of it can be used.

    Raises
    ------
    InputError
        Naming every field, bound and allowed value that was broken.
    """
    faults = Faults(where)
    parameters = load_parameters()
    first = int(default_start()[:4]) - 1
    if not is_finite(scenario.total) or not 0 <= scenario.total <= MOST_MONEY:
        allowed = f"allowed: 0 to {MOST_MONEY:,.0f} million USD a year"
        faults.add("total", f"{shown(scenario.total)} is out of bounds; {allowed}")
    if type(scenario.start) is not int or not first <= scenario.start < LAST_YEAR:
        faults.add("start", f"{shown(scenario.start)} is no year from {first} to {LAST_YEAR - 1}")
    if type(scenario.count_prison) is not bool:
        faults.add("count_prison", f"{shown(scenario.count_prison)} is neither true nor false")
    for group in ("border", "internal"):
        weights = getattr(scenario, group)
        for name, weight in weights.items():
            if not is_finite(weight) or not 0 <= weight <= MOST_WEIGHT:
                allowed = f"allowed: 0 to {MOST_WEIGHT:g}"
                faults.add(f"{group}.{name}", f"{shown(weight)} is out of bounds; {allowed}")
    for group in ("sentences", "health", "assumptions"):
        for name, value in getattr(scenario, group).items():
            fault = number_fault(value, parameters[name])
            if fault:
                faults.add(f"{group}.{name}", fault)
    if scenario.preset not in ("", *policy_names()):
        faults.add("preset", unknown(scenario.preset, policy_names()))
    faults.raise_any()
    return scenario


class History:
    """Scenarios a reader has been through, with the present one among them."""

    def __init__(self, first: Scenario) -> None:
        self._past: list[Scenario] = [first]
        self._future: list[Scenario] = []

    @property
    def now(self) -> Scenario:
        """The scenario on screen."""
        return self._past[-1]

    def go(self, scenario: Scenario, same_move: bool = False) -> None:
        """Move to another scenario; what was undone is forgotten.

        With `same_move` it replaces the present one: a drag is undone in one step.
        """
        if scenario == self.now:
            return
        if same_move and len(self._past) > 1:
            self._past.pop()
        self._past.append(scenario)
        self._future.clear()

    def undo(self) -> Scenario:
        """Back one step, where there is one."""
        if len(self._past) > 1:
            self._future.append(self._past.pop())
        return self.now

    def redo(self) -> Scenario:
        """Forward again, where something was undone."""
        if self._future:
            self._past.append(self._future.pop())
        return self.now


__all__ = ["History", "InputError", "Scenario", "check", "programmes", "todays_split"]
