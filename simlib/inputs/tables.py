"""The shipped tables (CSV, held by tests) and scenario files (TOML, distrusted).

TOML is read only through :func:`read_toml`, which bounds size, nesting and key length before
anything is parsed.
"""

import csv
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, TypeVar

from simlib.errors import InputError, UnknownName, unknown
from simlib.inputs.paths import readable

DATA = Path(__file__).parents[1] / "data"

FAMILIES = ("border", "abroad", "internal", "health")
PAYERS = ("federal", "state", "local")

MAX_TOML_BYTES = 256 * 1024
MAX_TOML_DEPTH = 12

Row = TypeVar("Row")


class ByName(Mapping[str, Row]):
    """Rows of one kind by name; immutable, and an unknown name is answered with the nearest."""

    kind: ClassVar[str] = "row"
    """What a row is called when a name is unknown."""

    def __init__(self, rows: Mapping[str, Row]) -> None:
        self._by_name = dict(rows)

    def __getitem__(self, name: str) -> Row:
        if name not in self._by_name:
            raise UnknownName(f"{self.kind} {unknown(name, self._by_name)}")
        return self._by_name[name]

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)


# --- CSV --------------------------------------------------------------------------------------


def read_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a shipped table, a cell by column."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def listed(cell: str) -> tuple[str, ...]:
    """The `;`-separated names in a cell."""
    return tuple(name.strip() for name in cell.split(";") if name.strip())


@dataclass(frozen=True)
class Source:
    """Where a number comes from; a title in square brackets is our description, not the title."""

    id: str
    agency_or_authors: str
    title: str
    year: str
    kind: str
    note: str


@cache
def load_sources() -> Mapping[str, Source]:
    """The sources that tables may cite, by id."""
    rows = read_rows(DATA / "sources.csv")
    return MappingProxyType({row["id"]: Source(**row) for row in rows})


@dataclass(frozen=True)
class Programme:
    """What a lever is and acts on; its numbers are rows of `parameters.csv`.

    Attributes
    ----------
    name, label, family, effect : str
    payers : tuple of str
        Who pays programme money; empty for a lever that costs none (sentences).
    links : tuple of str
        Stages of the chain and of people's lives that it acts on.
    """

    name: str
    label: str
    family: str
    effect: str
    payers: tuple[str, ...]
    links: tuple[str, ...]


@cache
def load_programmes() -> Mapping[str, Programme]:
    """The levers by name."""
    rows = read_rows(DATA / "programmes.csv")
    programmes = (
        Programme(**row | {field: listed(row[field]) for field in ("payers", "links")})  # type: ignore[arg-type]
        for row in rows
    )
    return MappingProxyType({programme.name: programme for programme in programmes})


def costs_money(lever: str) -> bool:
    """Whether a lever is a programme that somebody pays for."""
    programme = load_programmes().get(lever)
    return programme is not None and bool(programme.payers)


# --- TOML -------------------------------------------------------------------------------------

# Strings and comments, closed or not, in linear time: what is left shows the structure.
_QUOTED = re.compile(
    r'"""(?:\\.|[^\\])*?(?:"{3,5}|\\?\Z)|\'\'\'.*?(?:\'{3,5}|\Z)'
    r'|"(?:\\[^\n]|[^"\\\n])*+"?|\'[^\'\n]*+\'?|\#[^\n]*+',
    re.DOTALL,
)
_LONG_KEY = re.compile(rf"(?:\.[ \t]*+[\w-]*+[ \t]*+){{{MAX_TOML_DEPTH}}}")


def _structure_fault(text: str) -> str | None:
    """Why a parser should not be given this text: brackets or dotted keys nested too deeply."""
    structure = _QUOTED.sub("s", text)
    depth = 0
    for bracket in re.findall(r"[\[\]{}]", structure):
        depth += 1 if bracket in "[{" else -1
        if depth > MAX_TOML_DEPTH:
            return f"brackets are nested more than {MAX_TOML_DEPTH} deep"
    if _LONG_KEY.search(structure):
        return f"a dotted key has more than {MAX_TOML_DEPTH} parts"
    return None


def read_toml(text: str, where: str) -> dict[str, Any]:
    """Parse TOML that may come from anyone: bounded in size and nesting, never executed.

    Parameters
    ----------
    text : str
        At most 256 KiB as UTF-8.
    where : str
        What is read, for messages.

    Raises
    ------
    InputError
        When the text is too large, nested too deeply or no TOML.
    """
    if not isinstance(text, str):
        raise InputError(f"{where}: must be text, not {type(text).__name__}")
    if len(text.encode("utf-8", "surrogatepass")) > MAX_TOML_BYTES:
        raise InputError(f"{where}: is larger than the {MAX_TOML_BYTES // 1024} KiB allowed")
    if fault := _structure_fault(text):
        raise InputError(f"{where}: {fault}")
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError: also a number of 5,000 digits
        raise InputError(f"{where}: is no valid TOML: {error}") from error


def read_toml_file(path: str | Path) -> dict[str, Any]:
    """Read a TOML file that may come from anyone, never more of it than :func:`read_toml` allows.

    Raises
    ------
    InputError
        When the file cannot be read as UTF-8, or as :func:`read_toml` says.
    """
    path = readable(path)
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_TOML_BYTES + 1)
        text = raw.decode("utf-8-sig", "strict" if len(raw) <= MAX_TOML_BYTES else "replace")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path.name}: cannot be read as UTF-8 text: {error}") from error
    return read_toml(text, path.name)


def write_toml(table: Mapping[str, Any]) -> str:
    """Write text, numbers, lists and tables as TOML that :func:`read_toml` gives back.

    Parameters
    ----------
    table : mapping
        Values are str, int, float, bool, lists of these, mappings, or lists of mappings, which
        become `[[...]]` blocks.

    Returns
    -------
    str
        Ends with a line break.
    """
    return "\n".join(_toml_lines(table, "")).strip("\n") + "\n"


def _toml_lines(table: Mapping[str, Any], above: str) -> list[str]:
    lines: list[str] = []
    blocks: list[str] = []
    for name, value in table.items():
        key = name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _toml_value(name)
        if isinstance(value, Mapping):
            blocks += ["", f"[{above}{key}]", *_toml_lines(value, f"{above}{key}.")]
        elif isinstance(value, list) and value and all(isinstance(v, Mapping) for v in value):
            for part in value:
                blocks += ["", f"[[{above}{key}]]", *_toml_lines(part, f"{above}{key}.")]
        else:
            lines.append(f"{key} = {_toml_value(value)}")
    return lines + blocks


def _toml_value(value: Any) -> str:
    if isinstance(value, str | bool):  # as in JSON, but for one character
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml_value, value))}]"
    return repr(value if isinstance(value, int) else float(value))
