"""What a reader has chosen: one immutable scenario, its file, and a history with undo."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache
from types import MappingProxyType
from typing import Any, Generic, TypeVar, cast

from simlib.charts.style import YEARS, exact
from simlib.dashboard.catalogue import (
    ASSUMPTIONS,
    BORDER_NAME,
    GROUPS,
    INTERNAL_NAME,
    JUDGEMENT,
    MOST_MONEY,
    MOST_WEIGHT,
    OUTCOME_NAMES,
    PANELS,
    SENTENCES,
    STRATEGIES,
    WHOLE_GROUPS,
    bounds,
    label,
    names,
    preset,
    presets,
    programmes,
    todays_split,
)
from simlib.errors import Faults, InputError, is_finite, shown, unknown
from simlib.inputs.parameters import load_parameters, number_fault
from simlib.inputs.policy import Policy, default_start
from simlib.inputs.tables import read_toml, write_toml
from simlib.strategies import Strategy

State = TypeVar("State")
Value = float | int | bool | str

__all__ = [
    "ASSUMPTIONS",
    "BORDER_NAME",
    "GROUPS",
    "INTERNAL_NAME",
    "JUDGEMENT",
    "MOST_MONEY",
    "MOST_WEIGHT",
    "PANELS",
    "SENTENCES",
    "STRATEGIES",
    "History",
    "InputError",
    "Scenario",
    "bounds",
    "check",
    "label",
    "names",
    "programmes",
    "todays_split",
]

SCHEMA = 1
FIRST_OUTCOME = "deaths_fentanyl"
MOST_FAULTS = 10
"""Unknown names told of one table; each costs a search for the nearest allowed one."""


@dataclass(frozen=True)
class Scenario:
    """Policy and assumptions on screen, and which outcome is drawn.

    Attributes
    ----------
    total : extra money of each strategy [million USD a year]
    own_total : extra money of a strategy that departs from the total; empty with equal money
    start : year in which the strategies begin, in January
    count_prison : whether added prison cost is paid from the total
    border, internal : weights of the programmes within each strategy
    sentences : changes of time served that belong to the internal strategy [share longer]
    health : extra money by health programme, in both strategies [million USD a year]
    assumptions : pinned values by parameter
    judgement : pinned values of the rows that say how results are judged
    preset : shipped policy drawn as a line of its own, or ""
    outcome : what the picture shows, one of `OUTCOME_NAMES`

    Mappings are copied, brought into the order of their table and cannot be changed.
    """

    total: float = 1000.0
    start: int = field(default_factory=lambda: int(default_start()[:4]))
    count_prison: bool = True
    border: Mapping[str, float] = field(default_factory=lambda: todays_split("border"))
    internal: Mapping[str, float] = field(default_factory=lambda: todays_split("internal"))
    sentences: Mapping[str, float] = field(default_factory=dict)
    health: Mapping[str, float] = field(default_factory=dict)
    own_total: Mapping[str, float] = field(default_factory=dict)
    assumptions: Mapping[str, float] = field(default_factory=dict)
    judgement: Mapping[str, float] = field(default_factory=dict)
    preset: str = ""
    outcome: str = FIRST_OUTCOME

    def __post_init__(self) -> None:
        object.__setattr__(self, "total", _plain(self.total))
        for group in GROUPS:
            object.__setattr__(self, group, _frozen(group, getattr(self, group)))

    # --- what it means ----------------------------------------------------------------------

    @property
    def equal_money(self) -> bool:
        """Whether both strategies have the same money."""
        return not self.own_total

    def money(self, strategy: str) -> float:
        """Extra money of a strategy [million USD a year]."""
        return self.own_total.get(strategy, self.total)

    @property
    def pinned(self) -> dict[str, float]:
        """Assumptions and judgement, as `simlib.simulate` takes them."""
        return {**self.assumptions, **self.judgement}

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

    def preset_policy(self) -> list[Policy]:
        """The shipped policy that is drawn as a line of its own; empty where none is."""
        return [replace(preset(self.preset), name="preset")] if self.preset else []

    # --- moves ------------------------------------------------------------------------------

    def reset(self, panel: str) -> "Scenario":
        """One of :data:`PANELS` as at the beginning, all else as it is."""
        return replace(self, **{name: getattr(beginning(), name) for name in PANELS[panel]})

    def policy_reset(self) -> "Scenario":
        """Policy as at the beginning, all else kept."""
        return self.reset("policy")

    def assumptions_reset(self) -> "Scenario":
        """No assumption pinned, all else kept."""
        return self.reset("assumptions")

    def judgement_reset(self) -> "Scenario":
        """Results judged as the rows say, all else kept."""
        return self.reset("judgement")

    def with_equal_money(self, equal: bool) -> "Scenario":
        """The same money for both strategies, or for each its own, at first the same."""
        return replace(self, own_total={} if equal else dict.fromkeys(STRATEGIES, self.total))

    # --- as controls and as a file ----------------------------------------------------------

    def controls(self) -> dict[str, Value]:
        """Every control by name, those of a group as `group.name`; what is not pinned is absent."""
        flat: dict[str, Value] = {}
        for key, value in self.to_table().items():
            inner = value.items() if key in GROUPS else [("", value)]
            flat |= {f"{key}.{name}" if name else key: each for name, each in inner}
        return flat

    def changes(self, since: "Scenario | None" = None) -> dict[str, Value | None]:
        """Controls that stand elsewhere than in another scenario; None where one is unpinned.

        Parameters
        ----------
        since : by default the scenario at the beginning
        """
        before, now = (since or beginning()).controls(), self.controls()
        keys = dict.fromkeys((*before, *now))
        return {key: now.get(key) for key in keys if before.get(key) != now.get(key)}

    @classmethod
    def from_controls(cls, controls: Mapping[str, Any]) -> "Scenario":
        """The scenario in which controls stand so; not checked yet."""
        table: dict[str, Any] = {group: {} for group in GROUPS}
        for control, value in controls.items():
            group, _, name = control.rpartition(".")
            (table[group] if group else table)[name] = value
        return cls(**table)

    def to_table(self) -> dict[str, Any]:
        """The scenario as plain text, numbers and tables, as :meth:`from_table` reads it."""
        plain = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: dict(v) if name in GROUPS else v for name, v in plain.items()}

    def to_toml(self) -> str:
        """The scenario as a file; reading it gives an equal scenario."""
        return write_toml({"schema": SCHEMA} | self.to_table())

    @classmethod
    def from_table(cls, table: Mapping[str, Any], where: str = "scenario") -> "Scenario":
        """Read a table that may come from anyone; what it leaves out is as at the beginning.

        Raises
        ------
        InputError
            Naming every field, bound and allowed value that was broken.
        """
        known = [each.name for each in fields(cls)]
        faults = Faults(where)
        add_unknown(table, known, "key", faults)
        scenario = cls(**{key: value for key, value in table.items() if key in known})
        attempt(lambda: check(scenario, where), faults)
        faults.raise_any()
        return scenario

    @classmethod
    def from_toml(cls, text: str, where: str = "scenario") -> "Scenario":
        """Read a scenario file that may come from anyone; see :meth:`from_table`."""
        table = read_toml(text, where)
        faults = Faults(where)
        check_schema(table.pop("schema", None), faults)
        scenario = attempt(lambda: cls.from_table(table, where), faults)
        faults.raise_any()
        return cast(Scenario, scenario)


@cache
def beginning() -> Scenario:
    """The scenario in which nothing was moved (made once)."""
    return Scenario()


def _frozen(group: str, values: Any) -> Any:
    """A group that cannot be changed, in the order of its table; anything else as it is."""
    if not isinstance(values, Mapping):
        return values
    whole = group in WHOLE_GROUPS
    known = [name for name in names(group) if whole or name in values]
    order = [*known, *(name for name in values if name not in names(group))]
    if isinstance(values, MappingProxyType) and list(values) == order:
        return values
    return MappingProxyType({name: _plain(values.get(name, 0.0)) for name in order})


def _plain(value: Any) -> Any:
    return float(value) if is_finite(value) else value


def attempt(make: Callable[[], State], faults: Faults) -> State | None:
    """What `make` returns, or None with its faults added to those found so far."""
    try:
        return make()
    except InputError as problem:
        faults.messages.extend(problem.messages)
        return None


def add_unknown(given: Iterable[str], allowed: Iterable[str], field: str, faults: Faults) -> None:
    """A fault for each name that is not allowed; of many, the first few."""
    wrong = [name for name in given if name not in allowed]
    for name in wrong[:MOST_FAULTS]:
        faults.add(field, unknown(name, allowed))
    if len(wrong) > MOST_FAULTS:
        faults.add(field, f"{len(wrong) - MOST_FAULTS} more are unknown")


def check_schema(found: Any, faults: Faults) -> None:
    """A fault unless a file is of the schema that is read here."""
    if type(found) is not int or found != SCHEMA:
        faults.add("schema", f"must be {SCHEMA}, not {shown(found)}")


def check(scenario: Scenario, where: str = "scenario") -> Scenario:
    """The scenario itself, when all of it can be used.

    Raises
    ------
    InputError
        Naming every field, bound and allowed value that was broken.
    """
    faults = Faults(where)
    _check_number("total", scenario.total, faults)
    _check_number("start", scenario.start, faults)
    if type(scenario.start) is not int:
        faults.add("start", f"{shown(scenario.start)} is no whole year")
    if type(scenario.count_prison) is not bool:
        faults.add("count_prison", f"{shown(scenario.count_prison)} is neither true nor false")
    for group in GROUPS:
        _check_group(group, getattr(scenario, group), faults)
    for key, allowed in (("preset", ("", *presets())), ("outcome", OUTCOME_NAMES)):
        if getattr(scenario, key) not in allowed:
            faults.add(key, unknown(getattr(scenario, key), allowed))
    faults.raise_any()
    return scenario


def _check_number(control: str, value: Any, faults: Faults) -> None:
    low, high, unit = cast(tuple[float, float, str], bounds(control))
    if not is_finite(value) or not low <= value <= high:
        said = f"{exact(low, unit)} to {exact(high, unit)}"
        said += "" if unit in YEARS else f" {unit}"
        faults.add(control, f"{shown(value)} is out of bounds; allowed: {said}")


def _check_group(group: str, values: Any, faults: Faults) -> None:
    if not isinstance(values, Mapping):
        faults.add(group, f"must be a table, not {shown(values)}")
        return
    add_unknown(values, names(group), group, faults)
    for name in [name for name in names(group) if name in values]:
        if group in (*STRATEGIES, "own_total"):
            _check_number(f"{group}.{name}", values[name], faults)
        elif fault := number_fault(values[name], load_parameters()[name]):
            faults.add(f"{group}.{name}", fault)


class History(Generic[State]):
    """States a reader has been through, with the present one among them."""

    def __init__(self, first: State) -> None:
        self._past: list[State] = [first]
        self._future: list[State] = []
        self._added = False  # whether the move that may go on has added a state

    @property
    def now(self) -> State:
        """The state on screen."""
        return self._past[-1]

    @property
    def before(self) -> State | None:
        """The state before the last change, for a replay; None at the beginning."""
        return self._past[-2] if len(self._past) > 1 else None

    @property
    def can_undo(self) -> bool:
        """Whether there is a step back."""
        return len(self._past) > 1

    @property
    def can_redo(self) -> bool:
        """Whether something was undone."""
        return bool(self._future)

    def go(self, state: State, same_move: bool = False) -> None:
        """Move to another state; what was undone is forgotten.

        With `same_move` it replaces the present one: a drag is undone in one step.
        """
        if state == self.now:
            return
        if same_move and self._added:
            self._past.pop()
        self._added = state != self.now  # a drag may pass where it began, or end there
        if self._added:
            self._past.append(state)
        self._future.clear()

    def undo(self) -> State:
        """Back one step, where there is one."""
        self._added = False
        if self.can_undo:
            self._future.append(self._past.pop())
        return self.now

    def redo(self) -> State:
        """Forward again, where something was undone."""
        self._added = False
        if self.can_redo:
            self._past.append(self._future.pop())
        return self.now
