"""Policies: dated changes of what a government does, as a difference from current policy.

A policy is piecewise linear in time. Money levers count million 2024 USD a year more (negative:
less), sentence levers the share by which time served is longer. Policies are data files;
nothing in the code knows the name of one.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from simlib.errors import Faults, InputError, UnknownName, is_finite, plain, shown, unknown
from simlib.inputs.observed import decimal_year, load_observed, month_name, read_period
from simlib.inputs.parameters import LEVER_GROUP, load_parameters, number_fault
from simlib.inputs.paths import named
from simlib.inputs.tables import DATA, read_toml, read_toml_file, write_toml

Points = tuple[tuple[float, float], ...]

SCHEMA = 1
FIRST_YEAR, LAST_YEAR = 2013, 2050
RAMP_MONTHS = 12
LONGEST_RAMP = 12 * (LAST_YEAR - FIRST_YEAR)
MOST_POINTS = 200
LONGEST_TEXTS = {"name": 200, "title": 300, "author": 300, "reference": 1000, "note": 4000}

_KEYS = ("schema", *LONGEST_TEXTS, "start", "ramp_months", "change", "path")
_DATES = f"allowed: {FIRST_YEAR} to {LAST_YEAR}, as a year or as YYYY-MM"


@dataclass(frozen=True)
class Policy:
    """What is done differently from current policy, from when, and who proposed it.

    Attributes
    ----------
    name, title, author, reference, note : str
    changes : mapping of lever to points
        Points are (decimal year, change), years rising; a year may be given as "YYYY-MM". The
        change is 0 before the first point, linear between points, and held after the last.

    Texts and points that cannot be used raise one InputError naming them all; whether the levers
    exist and keep their bounds is asked by :meth:`check`.
    """

    name: str
    title: str = ""
    author: str = ""
    reference: str = ""
    note: str = ""
    changes: Mapping[str, Points] = field(default_factory=dict)

    def __post_init__(self) -> None:
        faults = Faults(f"policy {shown(self.name)}")
        self._settle(faults)
        faults.raise_any()

    def _settle(self, faults: Faults) -> None:
        """Check texts and points, and keep points of its own: all that any policy goes through."""
        _check_texts(self.texts, faults)
        levers = _levers(self.changes, "changes", faults)
        changes = {lever: _points(lever, points, faults) for lever, points in levers.items()}
        object.__setattr__(self, "changes", MappingProxyType(changes))

    def __hash__(self) -> int:
        return hash((self.name, frozenset(self.changes.items())))

    def __reduce__(self) -> tuple[type["Policy"], tuple[Any, ...]]:
        return Policy, (*self.texts.values(), dict(self.changes))

    def __add__(self, other: "Policy") -> "Policy":
        """Both policies at once: their changes added, exactly, at every moment."""
        if not isinstance(other, Policy):
            return NotImplemented
        levers = dict.fromkeys((*self.levers, *other.levers))
        return Policy(
            name=_joined("name", " + ", self.name, other.name),
            title=_joined("title", " + ", self.title or self.name, other.title or other.name),
            author=_joined("author", "; ", self.author, other.author),
            reference=_joined("reference", "; ", self.reference, other.reference),
            note=_joined("note", "\n", self.note, other.note),
            changes={lever: _sum(self, other, lever) for lever in levers},
        )

    @property
    def texts(self) -> dict[str, str]:
        """Name, title, author, reference and note."""
        return {name: getattr(self, name) for name in LONGEST_TEXTS}

    @property
    def levers(self) -> tuple[str, ...]:
        """Names of the levers that are moved."""
        return tuple(self.changes)

    def values(self, lever: str, times: np.ndarray | float) -> np.ndarray:
        """Change of a lever [its unit] at `times` [decimal year], of the same shape.

        A lever that the policy does not move has change 0 throughout.

        Raises
        ------
        InputError
            When `times` are no finite numbers.
        """
        try:
            at = np.asarray(times, dtype=float)
        except (TypeError, ValueError):
            at = np.array(np.nan)
        if not np.all(np.isfinite(at)):
            raise InputError(f"times: {shown(times)} are no finite numbers [decimal year]")
        if lever not in self.changes:
            return np.zeros(at.shape)
        years, changes = np.array(self.changes[lever]).T
        return np.asarray(np.interp(at, years, changes, left=0.0))

    def scaled(self, factor: float) -> "Policy":
        """The policy with every change multiplied by `factor`."""
        if not is_finite(factor):
            raise InputError(f"factor: {shown(factor)} is no finite number")
        factor = plain(factor)
        changes = {
            lever: tuple((year, value * factor) for year, value in points)
            for lever, points in self.changes.items()
        }
        times = f"{factor:g}"
        renamed = {
            "name": _joined("name", " × ", self.name, times),
            "title": _joined("title", " × ", self.title or self.name, times),
        }
        return replace(self, **renamed, changes=changes)

    def check(self, faults: Faults | None = None) -> None:
        """Raise an InputError naming every unknown lever and every change out of bounds.

        Parameters
        ----------
        faults : to which they are added instead
        """
        told = Faults(f"policy {shown(self.name)}") if faults is None else faults
        levers = load_parameters().select(group=LEVER_GROUP)
        told.add_unknown("lever", self.changes, levers)
        for lever in [lever for lever in self.changes if lever in levers]:
            for value in dict.fromkeys(value for _, value in self.changes[lever]):
                if fault := number_fault(value, levers[lever]):
                    told.add(lever, fault)
        if faults is None:
            told.raise_any()

    def to_table(self) -> dict[str, Any]:
        """The policy as plain text, numbers and lists, as :meth:`from_table` reads it."""
        texts = {name: text for name, text in self.texts.items() if text}
        path = {
            lever: [[_date(year), value] for year, value in points]
            for lever, points in self.changes.items()
        }
        return {"schema": SCHEMA, **texts} | ({"path": path} if path else {})

    def to_toml(self) -> str:
        """The policy as TOML; reading it gives an equal policy."""
        return write_toml(self.to_table())

    @classmethod
    def constant(
        cls,
        name: str,
        changes: Mapping[str, float],
        start: str | None = None,
        ramp_months: int = RAMP_MONTHS,
        **texts: str,
    ) -> "Policy":
        """A policy that grows from 0 at `start` to its full size after the ramp, and stays.

        Parameters
        ----------
        changes : mapping of str to float
            Full change [the lever's unit] by lever.
        start : str
            "YYYY-MM"; by default the second January after the end of the record.
        ramp_months : int
            With 0 the change is full from the start.
        **texts : str
            title, author, reference, note.
        """
        faults = Faults(f"policy {shown(name)}")
        paths = _ramped(_levers(changes, "changes", faults), start, ramp_months, faults)
        faults.raise_any()
        return cls(name=name, changes=paths, **texts)

    @classmethod
    def from_table(cls, table: Mapping[str, Any], where: str = "policy") -> "Policy":
        """Check a table that may come from anyone and make a policy of it.

        Parameters
        ----------
        table : mapping
            Keys: schema (1), name, title, author, reference, note, start, ramp_months; `change`
            holds a number by lever, `path` a list of [date, number] by lever.
        where : str, what is read, for messages

        Raises
        ------
        InputError
            Naming every fault: field, bound and what is allowed.
        """
        if not isinstance(table, Mapping):
            raise InputError(f"{where}: must be a table, not {shown(table)}")
        faults = Faults(where)
        faults.add_unknown("key", table, _KEYS)
        schema = table.get("schema")
        if type(schema) is not int or schema != SCHEMA:
            faults.add("schema", f"must be {SCHEMA}, not {shown(schema)}")
        change = _levers(table.get("change", {}), "change", faults)
        path = _levers(table.get("path", {}), "path", faults)
        for lever in sorted(change.keys() & path.keys()):
            faults.add(f"path.{lever}", "is under change too; allowed: in one of them")
        ramped = _ramped(change, table.get("start"), table.get("ramp_months", RAMP_MONTHS), faults)
        policy = object.__new__(cls)  # its faults are to be told with all others of the file
        fields = {name: table.get(name, "") for name in LONGEST_TEXTS}
        for name, value in (fields | {"changes": ramped | dict(path)}).items():
            object.__setattr__(policy, name, value)
        policy._settle(faults)
        policy.check(faults)
        faults.raise_any()
        return policy

    @classmethod
    def from_toml(cls, text: str, where: str = "policy") -> "Policy":
        """Read a policy from TOML that may come from anyone; see :meth:`from_table`."""
        return cls.from_table(read_toml(text, where), where)


def default_start() -> str:
    """When a policy starts unless it says so: the second January after the end of the record."""
    return f"{math.ceil(load_observed().record_end) + 1}-01"


def _month(date: Any) -> int | None:
    """Months from the year 0 to a "YYYY-MM"; None when it is none."""
    period = read_period(date) if isinstance(date, str) else None
    return period.first_month if period and period.months == 1 else None


def _year(date: Any) -> float | None:
    """The decimal year meant by a number or a "YYYY-MM", if it is an allowed one."""
    month = _month(date)
    year = date if month is None else decimal_year(month)
    return float(year) if is_finite(year) and FIRST_YEAR <= year < LAST_YEAR + 1 else None


def _date(year: float) -> str | float:
    """The "YYYY-MM" that means exactly this decimal year, or else the year itself."""
    month = round(year * 12)
    return month_name(month) if decimal_year(month) == year else year


def _levers(value: Any, key: str, faults: Faults) -> Mapping[str, Any]:
    if isinstance(value, Mapping):
        return value
    faults.add(key, f"must be a table of levers, not {shown(value)}")
    return {}


def _check_texts(texts: Mapping[str, Any], faults: Faults) -> None:
    for name, longest in LONGEST_TEXTS.items():
        text = texts[name]
        if not isinstance(text, str):
            faults.add(name, f"must be text, not {shown(text)}")
        elif len(text) > longest:
            faults.add(name, f"has {len(text)} characters; allowed: up to {longest}")
        elif not text.strip() and name == "name":
            faults.add(name, "is missing; some text is needed")
        elif re.search("[\ud800-\udfff]", text):
            faults.add(name, "holds half a character (a lone surrogate), which no file can hold")
        elif name == "name" and not text[0].isalnum():  # a spreadsheet takes "=..." for a formula
            faults.add(name, f"{shown(text)} does not begin with a letter or digit")


def _ramped(
    changes: Mapping[str, Any], start: Any, ramp_months: Any, faults: Faults
) -> dict[str, Any]:
    """Points that lead each change from 0 at the start to its full size after the ramp."""
    first = _month(default_start() if start is None else start)
    months = plain(ramp_months)
    if first is None:
        faults.add("start", f"{shown(start)} is no month such as {default_start()}")
        first = 12 * FIRST_YEAR
    if type(months) is not int or not 0 <= months <= LONGEST_RAMP:
        allowed = f"allowed: 0 to {LONGEST_RAMP} whole months"
        faults.add("ramp_months", f"{shown(ramp_months)} is out of bounds; {allowed}")
        months = 0
    begin = [(decimal_year(first), 0.0)] if months else []
    full = decimal_year(first + months)
    return {lever: [*begin, (full, change)] for lever, change in changes.items()}


def _points(lever: Any, points: Any, faults: Faults) -> Points:
    """The points that can be used; a fault for each that cannot."""
    field_name = lever if isinstance(lever, str) and lever.isidentifier() else shown(lever)
    if not isinstance(points, list | tuple) or not 1 <= len(points) <= MOST_POINTS:
        faults.add(field_name, f"must be 1 to {MOST_POINTS} pairs of date and number")
        return ()
    usable = []
    for number, point in enumerate(points, 1):
        if not isinstance(point, list | tuple) or len(point) != 2:
            faults.add(field_name, f"point {number}, {shown(point)}, is no pair of date and number")
            continue
        year, value = _year(point[0]), point[1]
        if year is None:
            faults.add(field_name, f"point {number} has the date {shown(point[0])}; {_DATES}")
        if not is_finite(value):
            faults.add(field_name, f"point {number}: {shown(value)} is no finite number")
        if year is not None and is_finite(value):
            usable.append((year, float(value)))
    for (earlier, _), (later, _) in pairwise(usable):
        if later <= earlier:
            faults.add(field_name, f"{_date(later)} does not come after {_date(earlier)}")
    return tuple(usable)


def _joined(name: str, separator: str, *texts: str) -> str:
    """The texts that say something, each once, cut to the length allowed."""
    text, longest = separator.join(dict.fromkeys(filter(None, texts))), LONGEST_TEXTS[name]
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _sum(first: Policy, second: Policy, lever: str) -> Points:
    """Points of the sum of two changes: every date at which either bends or jumps.

    A change may jump from 0 at its first point. Where it does so while the other already runs,
    the last moment before the jump becomes a point too, so that the sum jumps as well.
    """
    paths = [policy.changes[lever] for policy in (first, second) if lever in policy.changes]
    years = {year for path in paths for year, _ in path}
    begin = min(years)
    for (start, value), *_ in paths:
        if start > begin and value:
            years.add(math.nextafter(start, -math.inf))
    ordered = np.array(sorted(years))
    total = first.values(lever, ordered) + second.values(lever, ordered)
    return tuple(zip(ordered.tolist(), total.tolist(), strict=True))


def read_policy(path: str | Path) -> Policy:
    """Read a policy file that may come from anyone; see :meth:`Policy.from_table`."""
    return Policy.from_table(read_toml_file(path), named(path).name)


def policy_names() -> tuple[str, ...]:
    """Names of the shipped policies."""
    return tuple(sorted(path.stem for path in (DATA / "policies").glob("*.toml")))


def load_policy(name: str) -> Policy:
    """The shipped policy of this name."""
    if not isinstance(name, str) or name not in policy_names():
        raise UnknownName(f"policy {unknown(name, policy_names())}")
    return read_policy(DATA / "policies" / f"{name}.toml")


STATUS_QUO = Policy("status_quo", title="Status quo")
"""No new policy."""


def policies_of(policy: Any) -> tuple[Policy, ...]:
    """Policies to run, None as the status quo; an InputError says which cannot be used."""
    several = policy if isinstance(policy, list | tuple) else [policy]
    if not several:
        raise InputError("policy: at least one is needed")
    policies = []
    for given in several:
        if given is None:
            given = STATUS_QUO
        policies.append(load_policy(given) if isinstance(given, str) else given)
        if not isinstance(policies[-1], Policy):
            raise InputError(f"policy: {shown(given)} is neither a name nor a Policy")
        policies[-1].check()
    names = [each.name for each in policies]
    if len(set(names)) < len(names):
        raise InputError(f"policy: names must differ, not {', '.join(names)}")
    return tuple(policies)
