"""A session: the scenario on screen, lines kept beside it, and what all are compared with."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import Any, cast

from simlib.charts.style import BORDER, INTERNAL, NO_POLICY, STATUS_QUO
from simlib.dashboard.catalogue import HEALTH_ALONE, WITH_HEALTH, presets
from simlib.dashboard.source import about
from simlib.dashboard.state import (
    BORDER_NAME,
    INTERNAL_NAME,
    SCHEMA,
    Scenario,
    Value,
    add_unknown,
    attempt,
    check,
    check_schema,
)
from simlib.errors import Faults, shown, unknown
from simlib.inputs.policy import load_policy
from simlib.inputs.tables import read_toml, write_toml

PRESET_NAME, NO_POLICY_NAME = "preset", "no_policy"
LINES = (BORDER_NAME, INTERNAL_NAME, PRESET_NAME)
"""Lines that a scenario draws and that can be kept."""
MOST_KEPT = 16
"""With the lines on screen as many as can still be read side by side."""
LONGEST_NAME = 40
KEPT_KEYS = ("name", "line", "scenario")
SESSION_KEYS = ("reference", "kept")


def _composed(name: Any) -> Any:
    """A name whose letters are each written in one way; anything else as it is."""
    return unicodedata.normalize("NFC", name) if isinstance(name, str) else name


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

    def to_table(self) -> dict[str, Any]:
        """The line as plain text, numbers and tables."""
        return {"name": self.name, "line": self.line, "scenario": self.scenario.to_table()}


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

    # --- moves ------------------------------------------------------------------------------

    def choose(self, **fields: Any) -> "Session":
        """Other values of some fields of the scenario on screen."""
        return self.show(replace(self.now, **fields))

    def show(self, scenario: Scenario) -> "Session":
        """Another scenario on screen, all else kept."""
        return replace(self, now=scenario)._settled()

    def reset(self, panel: str) -> "Session":
        """One panel of the scenario on screen as at the beginning; see :meth:`Scenario.reset`."""
        return self.show(self.now.reset(panel))

    def keep(self, name: str, line: str = BORDER_NAME) -> "Session":
        """Keep a line of the scenario on screen under a name; the same name again replaces it.

        Raises
        ------
        InputError
            When the name or the line cannot be used, or there are too many.
        """
        line_now = Kept(name.strip(), line, self.now)
        kept = [line_now if each.name == line_now.name else each for each in self.kept]
        if line_now not in kept:
            kept.append(line_now)
        return check_session(replace(self, kept=tuple(kept)))

    def drop(self, name: str) -> "Session":
        """Keep a line no longer."""
        return replace(self, kept=tuple(k for k in self.kept if k.name != name))._settled()

    def refer(self, reference: str) -> "Session":
        """Take paired differences from another line.

        Raises
        ------
        InputError
            When there is no such line.
        """
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

    # --- as controls and as a file ----------------------------------------------------------

    def controls(self) -> dict[str, Value]:
        """Every control by name; see :meth:`Scenario.controls`."""
        return {**self.now.controls(), "reference": self.reference}

    def to_table(self) -> dict[str, Any]:
        """The session as plain text, numbers, tables and a list of kept lines."""
        kept = [each.to_table() for each in self.kept]
        return {**self.now.to_table(), "reference": self.reference} | (
            {"kept": kept} if kept else {}
        )

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
        faults = Faults(where)
        now = {key: value for key, value in table.items() if key not in SESSION_KEYS}
        scenario = attempt(lambda: Scenario.from_table(now, where), faults) or Scenario()
        kept = _read_kept(table.get("kept", []), where, faults)
        session = cls(scenario, kept, table.get("reference", NO_POLICY_NAME))
        if not faults.messages:
            attempt(lambda: check_session(session, where), faults)
        faults.raise_any()
        return session

    @classmethod
    def from_toml(cls, text: str, where: str = "scenario") -> "Session":
        """Read a file of a session or of a scenario that may come from anyone."""
        return cls.from_file_table(read_toml(text, where), where)

    @classmethod
    def from_file_table(cls, table: Mapping[str, Any], where: str) -> "Session":
        """Read the table of a file, which names its schema; see :meth:`from_table`."""
        faults = Faults(where)
        check_schema(table.get("schema"), faults)
        rest = {key: value for key, value in table.items() if key != "schema"}
        session = attempt(lambda: cls.from_table(rest, where), faults)
        faults.raise_any()
        return cast(Session, session)


def _read_kept(found: Any, where: str, faults: Faults) -> tuple[Kept, ...]:
    if not isinstance(found, list) or not all(isinstance(each, Mapping) for each in found):
        faults.add("kept", "must be a list of tables")
        return ()
    if len(found) > MOST_KEPT:
        faults.add("kept", f"holds {len(found)} lines; allowed: up to {MOST_KEPT}")
        return ()
    kept = []
    for number, table in enumerate(found, 1):
        add_unknown(table, KEPT_KEYS, f"kept {number}", faults)
        inner = table.get("scenario")
        if not isinstance(inner, Mapping):
            faults.add(f"kept {number}", f"scenario must be a table, not {shown(inner)}")
            continue
        said = f"{where}, kept {number}"
        scenario = attempt(partial(Scenario.from_table, inner, said), faults)
        if scenario:
            kept.append(Kept(table.get("name", ""), table.get("line", BORDER_NAME), scenario))
    return tuple(kept)


def check_session(session: Session, where: str = "scenario") -> Session:
    """The session itself, when all of it can be used.

    Raises
    ------
    InputError
        Naming every field, bound and allowed value that was broken.
    """
    faults = Faults(where)
    attempt(lambda: check(session.now, where), faults)
    if len(session.kept) > MOST_KEPT:
        faults.add("kept", f"holds {len(session.kept)} lines; allowed: up to {MOST_KEPT}")
    seen: set[str] = set(_taken())
    for number, each in enumerate(session.kept[:MOST_KEPT], 1):
        fault = _name_fault(each.name, seen) or _line_fault(each)
        if fault:
            faults.add(f"kept {number}", fault)
        else:
            seen.add(each.name.casefold())
        attempt(partial(check, each.scenario, f"{where}, kept {number}"), faults)
    if session.reference not in session.references:
        faults.add("reference", unknown(session.reference, session.references))
    faults.raise_any()
    return session


@cache
def _taken() -> tuple[str, ...]:
    """Names that the picture gives to lines of its own."""
    titles = (load_policy(name).title for name in presets())
    with_health = (HEALTH_ALONE, *(f"{name}{WITH_HEALTH}" for name in (BORDER, INTERNAL)))
    own = (STATUS_QUO, BORDER, INTERNAL, NO_POLICY, NO_POLICY_NAME, *LINES, *titles, *with_health)
    return tuple(name.casefold() for name in own)


def _name_fault(name: Any, seen: set[str]) -> str | None:
    if not isinstance(name, str) or not 1 <= len(name) <= LONGEST_NAME:
        return f"name must be text of 1 to {LONGEST_NAME} letters, not {shown(name)}"
    if not name.isprintable() or name != name.strip():
        return f"name {shown(name)} holds letters that cannot be printed, or blanks at its ends"
    if not name[0].isalnum():  # a spreadsheet would take "=..." in a CSV for a formula
        return f"name {shown(name)} does not begin with a letter or digit"
    if name.casefold() in seen:
        return f"name {shown(name)} is taken by another line"
    return None


def _line_fault(kept: Kept) -> str | None:
    if kept.line not in LINES:
        return f"line {unknown(kept.line, LINES)}"
    if kept.line == PRESET_NAME and not kept.scenario.preset:
        return "line 'preset' needs a scenario in which a preset is drawn"
    return None
