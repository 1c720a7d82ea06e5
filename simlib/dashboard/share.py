"""A share code: the exact state of a session as a short text that fits into a link or a message.

Only controls that were moved are in it, each under a hash of its name, so that new rows in the
tables change no code. Codes name the version of the model that made them; what controls stood at
in each version is kept in `control_defaults.csv`, so that an old code still means what it meant.
"""

import base64
import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import Any, cast

from simlib.dashboard.about import data_month, month_text
from simlib.dashboard.bits import Packer, Unpacker
from simlib.dashboard.catalogue import (
    ASSUMPTIONS,
    GROUPS,
    JUDGEMENT,
    OUTCOME_NAMES,
    WHOLE_GROUPS,
    bounds,
    figure,
    label,
    names,
    presets,
)
from simlib.dashboard.session import LINES, NO_POLICY_NAME, Kept, Session, check_session
from simlib.dashboard.state import Scenario, Value, beginning
from simlib.errors import InputError, is_finite
from simlib.fingerprint import results_fingerprint
from simlib.inputs.tables import DATA, read_rows
from simlib.version import __version__

SCHEMA = 1
WHERE = "share code"
LONGEST_CODE = 100_000
"""Letters, blanks included: twice a code in which every control of every line was moved."""
PREFIX = f"S{SCHEMA}-"
DEFAULTS = DATA / "control_defaults.csv"
COLUMNS = ("defaults", "version", "control", "value", "low", "high")

ID_BITS, KIND_BITS, COUNT_BITS = 20, 2, 9
CHECK_BITS, RESULTS_BITS, DEFAULTS_BITS, MONTH_BITS = 32, 32, 16, 16
NAME_BITS, LINE_BITS, KEPT_BITS = 8, 2, 5
NUMBER, CHOICE, SWITCH = 0, 1, 2


@dataclass(frozen=True)
class Shared:
    """What a share code holds.

    Attributes
    ----------
    session : the state, as exactly as this version can hold it
    changed : in words, what has changed since the code was made; empty with the same version
    """

    session: Session
    changed: tuple[str, ...]


@dataclass(frozen=True)
class Standing:
    """Where a control stood in some version, and what it could hold; None where it holds none."""

    value: Value | None
    low: float | None
    high: float | None


# --- writing ------------------------------------------------------------------------------------


def write(session: Session) -> str:
    """The share code of a session that can be used; see :func:`read`.

    Raises
    ------
    InputError
        When the session cannot be used.
    """
    check_session(session)
    body = Packer()
    body.whole(_number(results_fingerprint(), RESULTS_BITS), RESULTS_BITS)
    body.whole(int(standing_hash(standings()), 16), DEFAULTS_BITS)
    body.whole(data_month(), MONTH_BITS)
    _pack_scenario(session.now, body)
    fixed = (NO_POLICY_NAME, *LINES, *(each.name for each in session.kept))
    body.whole(fixed.index(session.reference), KEPT_BITS)
    body.whole(len(session.kept), KEPT_BITS)
    for each in session.kept:
        body.text(each.name, NAME_BITS)
        body.whole(LINES.index(each.line), LINE_BITS)
        _pack_scenario(each.scenario, body)
    packed = body.packed()
    checked = zlib.crc32(packed).to_bytes(CHECK_BITS // 8, "big") + packed
    return PREFIX + base64.urlsafe_b64encode(checked).decode().rstrip("=")


def _pack_scenario(scenario: Scenario, body: Packer) -> None:
    moved = {name: value for name, value in scenario.changes().items() if value is not None}
    body.whole(len(moved), COUNT_BITS)
    for control, value in moved.items():
        body.whole(name_id(control), ID_BITS)
        if isinstance(value, bool):
            body.whole(SWITCH, KIND_BITS)
            body.whole(value, 1)
        elif isinstance(value, str):
            body.whole(CHOICE, KIND_BITS)
            body.whole(name_id(value), ID_BITS)
        else:
            body.whole(NUMBER, KIND_BITS)
            body.number(value)


@cache
def name_id(name: str) -> int:
    """Short hash of the name of a control or of a choice; no two of ours may share one."""
    return _number(sha256(name.encode()).hexdigest(), ID_BITS)


def _number(digits: str, width: int) -> int:
    """The first `width` bits of hexadecimal digits; a multiple of four."""
    return int(digits[: width // 4], 16)


# --- reading ------------------------------------------------------------------------------------


def read(code: str) -> Shared:
    """Read a share code that may come from anyone.

    Blanks and line breaks, as mail programmes put them in, do not count. A value that is no
    longer allowed is moved to the nearest bound, and that is said.

    Raises
    ------
    InputError
        In words, when it is broken, cut off, too long or of another kind.
    """
    body = Unpacker(_checked(code))
    results, defaults = body.whole(RESULTS_BITS), f"{body.whole(DEFAULTS_BITS):04x}"
    month = body.whole(MONTH_BITS)
    before = known_standings().get(defaults)
    notes: list[str] = []
    now = _unpack_scenario(body, before, notes)
    reference, kept = body.whole(KEPT_BITS), []
    for _ in range(body.whole(KEPT_BITS)):
        name, line = body.text(NAME_BITS), body.whole(LINE_BITS)
        if line >= len(LINES):
            raise InputError(f"{WHERE}: keeps a line that no scenario draws")
        kept.append(Kept(name, LINES[line], _unpack_scenario(body, before, notes)))
    if body.left >= 8 or body.whole(body.left):
        raise InputError(f"{WHERE}: goes on after its end")
    fixed = (NO_POLICY_NAME, *LINES, *(each.name for each in kept))
    if reference >= len(fixed):
        raise InputError(f"{WHERE}: compares with a line that it does not hold")
    session = check_session(Session(now, tuple(kept), fixed[reference]), WHERE)
    changed = _changed_numbers(results, month)
    if defaults != standing_hash(standings()):
        changed += _changed_controls(before)
    return Shared(session, tuple(dict.fromkeys(changed + notes)))


def _checked(code: Any) -> bytes:
    """The packed bits of a code that arrived as it was sent."""
    if not isinstance(code, str):
        raise InputError(f"{WHERE}: must be text, not {type(code).__name__}")
    if len(code) > LONGEST_CODE:
        raise InputError(f"{WHERE}: is longer than the {LONGEST_CODE:,} letters allowed")
    text = "".join(code.split())
    found = re.match(r"S(\d{1,3})-", text, re.ASCII)
    if not found:
        raise InputError(f"{WHERE}: begins with {PREFIX}, and this text does not")
    if int(found[1]) != SCHEMA:
        raise InputError(f"{WHERE}: is of schema {int(found[1])}; this version reads {SCHEMA}")
    letters = text[found.end() :]
    if not re.fullmatch(r"[A-Za-z0-9_-]*", letters):
        raise InputError(f"{WHERE}: holds other signs than letters, digits, - and _")
    try:
        raw = base64.urlsafe_b64decode(letters + "=" * (-len(letters) % 4))
    except ValueError:  # one letter too many cannot be the end of anything
        raw = b""
    check, packed = raw[: CHECK_BITS // 8], raw[CHECK_BITS // 8 :]
    if zlib.crc32(packed).to_bytes(CHECK_BITS // 8, "big") != check:
        raise InputError(f"{WHERE}: is damaged or cut off; copy the whole code again")
    return packed


def _unpack_scenario(
    body: Unpacker, before: Mapping[str, Standing] | None, notes: list[str]
) -> Scenario:
    found = _standing_then(before)
    known = {name_id(control): control for control in controls()}
    for _ in range(body.whole(COUNT_BITS)):
        control, kind = known.get(body.whole(ID_BITS)), body.whole(KIND_BITS)
        value = _unpack_value(body, kind)
        if control is None or value is None:
            said = (
                f"the choice made for {label(control)!r}" if control else "a control that was set"
            )
            notes.append(f"{said} is not known in this version and was left out")
        else:
            found[control] = value
    start = found["start"]
    if isinstance(start, float) and start.is_integer():
        found["start"] = int(start)
    return Scenario.from_controls(_within(found, notes))


def _standing_then(before: Mapping[str, Standing] | None) -> dict[str, Value]:
    """Where the controls stood unless moved; one that was not there yet stands at 0."""
    found = beginning().controls()
    if before is None:
        return found
    for control in found:
        if control not in before and control.partition(".")[0] in WHOLE_GROUPS:
            found[control] = 0.0
        elif control in before and before[control].value is not None:
            found[control] = cast(Value, before[control].value)
    return found


def _unpack_value(body: Unpacker, kind: int) -> Value | None:
    """A value; None for a choice that is not known here."""
    if kind == NUMBER:
        return body.number()
    if kind == SWITCH:
        return bool(body.whole(1))
    if kind == CHOICE:
        choices = {name_id(name): name for name in ("", *presets(), *OUTCOME_NAMES)}
        return choices.get(body.whole(ID_BITS))
    raise InputError(f"{WHERE}: holds a value of no known kind")


def _within(found: Mapping[str, Value], notes: list[str]) -> dict[str, Value]:
    """The values, those out of today's bounds moved to the nearest one."""
    moved = dict(found)
    for control, value in found.items():
        limits = bounds(control)
        if limits is None or not is_finite(value) or isinstance(value, str):
            continue
        nearest = type(value)(min(max(value, limits[0]), limits[1]))
        if nearest != value:
            moved[control] = nearest
            notes.append(
                f"{label(control)}: {figure(control, value)} is not allowed in this version; "
                f"moved to {figure(control, nearest)}"
            )
    return moved


# --- versions -----------------------------------------------------------------------------------


def controls() -> tuple[str, ...]:
    """Every control there is, those of a group as `group.name`."""
    flat = [f"{group}.{name}" for group in GROUPS for name in names(group)]
    return ("total", "start", "count_prison", "preset", "outcome", *flat)


def standings() -> dict[str, Standing]:
    """Where the controls stand in this version unless they are moved."""
    now = beginning().controls()
    pins = [f"assumptions.{name}" for name in ASSUMPTIONS]
    pins += [f"judgement.{name}" for name in JUDGEMENT]
    found = {}
    for control in (*now, *pins):
        low, high, _ = bounds(control) or (None, None, "")
        found[control] = Standing(now.get(control), low, high)
    return found


def standing_hash(found: Mapping[str, Standing]) -> str:
    """Four hexadecimal digits that name a set of standings."""
    lines = sorted(",".join(cells) for cells in _cells(found))
    return sha256("\n".join(lines).encode()).hexdigest()[: DEFAULTS_BITS // 4]


def _cells(found: Mapping[str, Standing]) -> Iterable[tuple[str, ...]]:
    for control, each in found.items():
        numbers = (each.value, each.low, each.high)
        yield control, *("" if n is None else str(n) for n in numbers)


@cache
def known_standings() -> Mapping[str, Mapping[str, Standing]]:
    """Standings of every version on record, by their hash."""
    versions: dict[str, dict[str, Standing]] = {}
    for cells in read_rows(DEFAULTS):
        low, high = (float(cells[side]) if cells[side] else None for side in ("low", "high"))
        standing = Standing(_read_value(cells["control"], cells["value"]), low, high)
        versions.setdefault(cells["defaults"], {})[cells["control"]] = standing
    return versions


def _read_value(control: str, text: str) -> Value | None:
    if control in ("preset", "outcome"):
        return text
    if text in ("True", "False"):
        return text == "True"
    if not text:
        return None
    return int(text) if control == "start" else float(text)


def _changed_numbers(results: int, month: int) -> list[str]:
    if results == _number(results_fingerprint(), RESULTS_BITS):
        return []
    vintage = f"data to {month_text(month)}"
    return [f"made with another version of the model ({vintage}), so its maker saw other numbers"]


def _changed_controls(before: Mapping[str, Standing] | None) -> list[str]:
    """In words, which controls stand elsewhere, hold other values, have come or are gone."""
    if before is None:
        return [
            "what its controls stood at is not on record: those it does not name stand as today"
        ]
    said, today = [], standings()
    said += [f"{control} is there no longer" for control in before if control not in today]
    for control, now in today.items():
        then = before.get(control)
        if then is None:
            said.append(f"{label(control)} is new")
            continue
        if then.value != now.value:
            old, new = (figure(control, each.value) for each in (then, now))
            stood = f"stood at {old} unless moved, now at {new}"
            said.append(f"{label(control)} {stood}; the code keeps what it meant")
        if (then.low, then.high) != (now.low, now.high):
            said.append(
                f"{label(control)} could be {_span(control, then)}, now {_span(control, now)}"
            )
    return said


def _span(control: str, standing: Standing) -> str:
    if standing.low is None or standing.high is None:
        return "anything"
    return f"{figure(control, standing.low)} to {figure(control, standing.high)}"


def main() -> None:
    """Put the standings of this version on record, at the end of the table."""
    found = standings()
    name = standing_hash(found)
    if name in known_standings():
        print(f"{name} is on record")
        return
    with DEFAULTS.open("a", encoding="utf-8", newline="") as file:
        file.writelines(",".join((name, __version__, *cells)) + "\n" for cells in _cells(found))
    print(f"{name} put on record")


if __name__ == "__main__":
    main()
