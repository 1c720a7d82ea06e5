"""What a reader has chosen on the controls: one immutable scenario, its check and its file."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache
from types import MappingProxyType
from typing import Any, cast

from simlib.charts.style import YEARS, exact
from simlib.dashboard.catalogue import (
    ASSUMPTIONS,
    BORDER_NAME,
    GROUPS,
    INTERNAL_NAME,
    OUTCOME_NAMES,
    STRATEGIES,
    WHOLE_GROUPS,
    bounds,
    names,
    preset,
    presets,
    todays_split,
)
from simlib.errors import Faults, InputError, is_finite, shown, unknown
from simlib.inputs.parameters import load_parameters, number_fault
from simlib.inputs.policy import Policy, default_start
from simlib.inputs.tables import read_toml, write_toml
from simlib.strategies import Strategy

__all__ = ["ASSUMPTIONS", "Scenario", "check"]

Value = float | int | bool | str

SCHEMA = 1
FIRST_OUTCOME = "deaths_fentanyl"
POLICY = "policy"
"""The group of the controls that belong to none: total, start, count_prison, preset, outcome."""
PRESET_NAME = "preset"


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
        return [replace(preset(self.preset), name=PRESET_NAME)] if self.preset else []

    def moved(self, group: str, name: str, value: Any) -> "Scenario":
        """The scenario with one control moved; None unpins one, "equal_money" is a switch."""
        if name == "equal_money":
            own = {} if value else dict.fromkeys(STRATEGIES, self.total)
            return self if value == self.equal_money else replace(self, own_total=own)
        if group == POLICY:
            whole = name == "start" and is_finite(value) and float(value).is_integer()
            changed: dict[str, Any] = {name: int(value) if whole else value}
            return replace(self, **changed)
        others = {key: kept for key, kept in getattr(self, group).items() if key != name}
        changed = {group: others if value is None else {**others, name: value}}
        return replace(self, **changed)

    def controls(self) -> dict[str, Value]:
        """Every control by name, those of a group as `group.name`; what is not pinned is absent."""
        flat: dict[str, Value] = {}
        for key, value in self.to_table().items():
            inner = value.items() if key in GROUPS else [("", value)]
            flat |= {f"{key}.{name}" if name else key: each for name, each in inner}
        return flat

    def changes(self, since: "Scenario | None" = None) -> dict[str, Value | None]:
        """Controls that stand elsewhere than in another scenario, by default the first.

        None stands for one that is not pinned any more.
        """
        before, now = (since or beginning()).controls(), self.controls()
        keys = dict.fromkeys((*before, *now))
        return {key: now.get(key) for key in keys if before.get(key) != now.get(key)}

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
        faults = Faults(where)
        known = [each.name for each in fields(cls)]
        faults.add_unknown("key", table, known)
        scenario = cls(**{key: value for key, value in table.items() if key in known})
        check_scenario(scenario, faults)
        faults.raise_any()
        return scenario

    @classmethod
    def from_toml(cls, text: str, where: str = "scenario") -> "Scenario":
        """Read a scenario file that may come from anyone; see :meth:`from_table`."""
        table, faults = read_toml(text, where), Faults(where)
        check_schema(table.pop("schema", None), faults)
        try:
            scenario = cls.from_table(table, where)
        except InputError as problem:
            faults.messages.extend(problem.messages)
        faults.raise_any()
        return scenario


@cache
def beginning() -> Scenario:
    """The scenario in which nothing was moved (made once)."""
    return Scenario()


def _frozen(group: str, values: Any) -> Any:
    """A group that cannot be changed, in the order of its table; anything else as it is."""
    if not isinstance(values, Mapping):
        return values
    known = [name for name in names(group) if group in WHOLE_GROUPS or name in values]
    order = [*known, *(name for name in values if name not in names(group))]
    if isinstance(values, MappingProxyType) and list(values) == order:
        return values
    return MappingProxyType({name: _plain(values.get(name, 0.0)) for name in order})


def _plain(value: Any) -> Any:
    return float(value) if is_finite(value) else value


def check(scenario: Scenario, where: str = "scenario") -> Scenario:
    """The scenario itself, when all of it can be used.

    Raises
    ------
    InputError
        Naming every field, bound and allowed value that was broken.
    """
    faults = Faults(where)
    check_scenario(scenario, faults)
    faults.raise_any()
    return scenario


def check_schema(schema: Any, faults: Faults) -> None:
    """A fault unless a file is of the schema that is read here."""
    if type(schema) is not int or schema != SCHEMA:
        faults.add("schema", f"must be {SCHEMA}, not {shown(schema)}")


def check_scenario(scenario: Scenario, faults: Faults) -> None:
    """Add what is wrong with a scenario to the faults of what it belongs to."""
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
    faults.add_unknown(group, values, names(group))
    for name in [name for name in names(group) if name in values]:
        if group in (*STRATEGIES, "own_total"):
            _check_number(f"{group}.{name}", values[name], faults)
        elif fault := number_fault(values[name], load_parameters()[name]):
            faults.add(f"{group}.{name}", fault)
