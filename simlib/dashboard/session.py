"""A session: the scenario on screen, lines kept beside it, their file, a history with undo."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Generic, TypeVar

from simlib.charts.style import BORDER, INTERNAL, NO_POLICY, STATUS_QUO
from simlib.dashboard.catalogue import (
    BORDER_NAME,
    HEALTH_ALONE,
    INTERNAL_NAME,
    PANELS,
    WITH_HEALTH,
    preset,
    presets,
)
from simlib.dashboard.source import about
from simlib.dashboard.state import (
    PRESET_NAME,
    SCHEMA,
    Scenario,
    beginning,
    check_scenario,
    check_schema,
)
from simlib.errors import Faults, InputError, shown, unknown
from simlib.inputs.tables import read_toml, write_toml

State = TypeVar("State")

NO_POLICY_NAME = "no_policy"
LINES = (BORDER_NAME, INTERNAL_NAME, PRESET_NAME)
"""Lines that a scenario draws and that can be kept."""
MOST_KEPT = 16
"""With the lines on screen as many as can still be read side by side."""
LONGEST_NAME = 40
KEPT_KEYS = ("name", "line", "scenario")


@dataclass(frozen=True)
class Kept:
    """One line of a scenario, kept under a name.

    Attributes
    ----------
    name : for the picture and the table; ways to write the same letters count as one
    line : which line of the scenario, one of :data:`LINES`
    scenario : as it was when the line was kept
    """

    name: str
    line: str
    scenario: Scenario

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", _composed(self.name))


@dataclass(frozen=True)
class Session:
    """All that a reader has chosen.

    Attributes
    ----------
    now : the scenario on screen
    kept : lines kept beside it, in the order in which they are listed
    reference : line from which paired differences are taken: "no_policy", one of :data:`LINES`
        of the scenario on screen, or the name of a kept line
    """

    now: Scenario = field(default_factory=Scenario)
    kept: tuple[Kept, ...] = ()
    reference: str = NO_POLICY_NAME

    def __post_init__(self) -> None:
        object.__setattr__(self, "reference", _composed(self.reference))

    def choose(self, **values: Any) -> "Session":
        """Other values of some fields of the scenario on screen."""
        return self.show(replace(self.now, **values))

    def show(self, scenario: Scenario) -> "Session":
        """Another scenario on screen, all else kept."""
        return replace(self, now=scenario)._settled()

    def reset(self, panel: str) -> "Session":
        """One of :data:`PANELS` as at the beginning, all else as it is."""
        return self.choose(**{name: getattr(beginning(), name) for name in PANELS[panel]})

    def keep(self, name: str, line: str = BORDER_NAME) -> "Session":
        """Keep a line of the scenario on screen under a name; the same name again replaces it.

        Raises
        ------
        InputError
            When the name or the line cannot be used, or there are too many.
        """
        new = Kept(name.strip(), line, self.now)
        kept = {each.name: each for each in self.kept} | {new.name: new}
        return check_session(replace(self, kept=tuple(kept.values())))

    def drop(self, name: str) -> "Session":
        """Keep a line no longer."""
        return replace(self, kept=tuple(k for k in self.kept if k.name != name))._settled()

    def refer(self, reference: str) -> "Session":
        """Take paired differences from another line; an InputError where there is none."""
        return check_session(replace(self, reference=reference))

    @property
    def references(self) -> tuple[str, ...]:
        """Lines from which paired differences can be taken."""
        lines = LINES if self.now.preset else LINES[:-1]
        return (NO_POLICY_NAME, *lines, *(each.name for each in self.kept))

    def _settled(self) -> "Session":
        """The session with a reference that is there."""
        there = self.reference in self.references
        return self if there else replace(self, reference=NO_POLICY_NAME)

    def to_table(self) -> dict[str, Any]:
        """The session as plain text, numbers, tables and a list of kept lines."""
        kept = [
            {"name": each.name, "line": each.line, "scenario": each.scenario.to_table()}
            for each in self.kept
        ]
        table = {**self.now.to_table(), "reference": self.reference}
        return table | ({"kept": kept} if kept else {})

    def to_toml(self) -> str:
        """The session as a file; reading it gives an equal session."""
        return write_toml({"schema": SCHEMA} | self.to_table())

    def to_file(self) -> str:
        """The session as a file that says where it comes from."""
        return f"# {about()}\n{self.to_toml()}"

    @classmethod
    def from_table(cls, table: Mapping[str, Any], where: str = "scenario") -> "Session":
        """Read a table that may come from anyone; that of a scenario alone is one as well.

        Raises
        ------
        InputError
            Naming every field, bound and allowed value that was broken.
        """
        return _read(table, Faults(where))

    @classmethod
    def from_file_table(cls, table: Mapping[str, Any], where: str) -> "Session":
        """Read the table of a file, which names its schema; see :meth:`from_table`."""
        faults = Faults(where)
        check_schema(table.get("schema"), faults)
        return _read({key: value for key, value in table.items() if key != "schema"}, faults)

    @classmethod
    def from_toml(cls, text: str, where: str = "scenario") -> "Session":
        """Read a file of a session or of a scenario that may come from anyone."""
        return cls.from_file_table(read_toml(text, where), where)


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


# --- checks ---------------------------------------------------------------------------------------


def _composed(name: Any) -> Any:
    """A name whose letters are each written in one way; anything else as it is."""
    return unicodedata.normalize("NFC", name) if isinstance(name, str) else name


def check_session(session: Session, where: str = "scenario") -> Session:
    """The session itself, when all of it can be used.

    Raises
    ------
    InputError
        Naming every field, bound and allowed value that was broken.
    """
    faults = Faults(where)
    check_scenario(session.now, faults)
    _check_kept(session, faults)
    faults.raise_any()
    return session


def _read(table: Mapping[str, Any], faults: Faults) -> Session:
    """The session of a table, when nothing is wrong with it or was before."""
    now, kept = {k: v for k, v in table.items() if k not in ("reference", "kept")}, []
    scenario = _part(now, faults.where, faults)
    given = table.get("kept", [])
    if not isinstance(given, list) or not all(isinstance(each, Mapping) for each in given):
        faults.add("kept", "must be a list of tables")
        given = []
    for number, each in enumerate(given[: MOST_KEPT + 1], 1):
        faults.add_unknown(f"kept {number}", each, KEPT_KEYS)
        inner = each.get("scenario")
        if isinstance(inner, Mapping):
            own = _part(inner, f"{faults.where}, kept {number}", faults)
            kept.append(Kept(each.get("name", ""), each.get("line", BORDER_NAME), own))
        else:
            faults.add(f"kept {number}", f"scenario must be a table, not {shown(inner)}")
    session = Session(scenario, tuple(kept), table.get("reference", NO_POLICY_NAME))
    if not faults.messages:
        _check_kept(session, faults)
    faults.raise_any()
    return session


def _part(table: Mapping[str, Any], where: str, faults: Faults) -> Scenario:
    """The scenario of a table; what is wrong with it goes to the faults of the whole."""
    try:
        return Scenario.from_table(table, where)
    except InputError as problem:
        faults.messages.extend(problem.messages)
        return beginning()


def _check_kept(session: Session, faults: Faults) -> None:
    if len(session.kept) > MOST_KEPT:
        faults.add("kept", f"holds more than the {MOST_KEPT} lines allowed")
    taken = set(_taken())
    for number, kept in enumerate(session.kept[:MOST_KEPT], 1):
        if fault := _kept_fault(kept, taken):
            faults.add(f"kept {number}", fault)
        else:
            taken.add(kept.name.casefold())
    if session.reference not in session.references:
        faults.add("reference", unknown(session.reference, session.references))


@cache
def _taken() -> tuple[str, ...]:
    """Names that the picture gives to lines of its own."""
    titles = (preset(name).title for name in presets())
    with_health = (HEALTH_ALONE, *(f"{name}{WITH_HEALTH}" for name in (BORDER, INTERNAL)))
    own = (STATUS_QUO, BORDER, INTERNAL, NO_POLICY, NO_POLICY_NAME, *LINES, *titles, *with_health)
    return tuple(name.casefold() for name in own)


def _kept_fault(kept: Kept, taken: set[str]) -> str:
    """Why a line cannot be kept; nothing where it can."""
    name = kept.name
    if not isinstance(name, str) or not 1 <= len(name) <= LONGEST_NAME:
        return f"name must be text of 1 to {LONGEST_NAME} letters, not {shown(name)}"
    if not name.isprintable() or name != name.strip():
        return f"name {shown(name)} holds letters that cannot be printed, or blanks at its ends"
    if not name[0].isalnum():  # a spreadsheet would take "=..." in a CSV for a formula
        return f"name {shown(name)} does not begin with a letter or digit"
    if name.casefold() in taken:
        return f"name {shown(name)} is taken by another line"
    if kept.line not in LINES:
        return f"line {unknown(kept.line, LINES)}"
    if kept.line == PRESET_NAME and not kept.scenario.preset:
        return "line 'preset' needs a scenario in which a preset is drawn"
    return ""
