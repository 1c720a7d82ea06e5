"""Reading the tables (CSV) and scenario files (TOML) of simlib, distrustful of every cell.

CSV faults are collected, so that one reading reports them all. TOML is read only through
:func:`read_toml`, which bounds size, nesting and key length before anything is parsed.
"""

import csv
import io
import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from simlib.errors import Faults, InputError, shown, unknown
from simlib.inputs.paths import readable

DATA = Path(__file__).parents[1] / "data"

SOURCE_COLUMNS = ("id", "agency_or_authors", "title", "year", "kind", "note")
SOURCE_KINDS = ("statistics", "report", "article", "model", "press")

PROGRAMME_COLUMNS = ("name", "label", "family", "effect", "payers", "links")
FAMILIES = ("border", "abroad", "internal", "health")
PAYERS = ("federal", "state", "local")
STAGES = ("production", "border", "wholesale", "retail")
LINKS = (*STAGES, "custody", "release", "initiation", "treatment", "rescue")

IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*")

MAX_TOML_BYTES = 256 * 1024
MAX_TOML_DEPTH = 12

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


# --- CSV --------------------------------------------------------------------------------------


class Row:
    """One line of a CSV table; a cell that cannot be used becomes a fault, not an exception.

    Parameters
    ----------
    where : str
        File and line.
    cells : mapping of str to str
        Cell by column.
    """

    __slots__ = ("cells", "faults")  # a file may have a million lines

    def __init__(self, where: str, cells: Mapping[str, str]) -> None:
        self.cells = cells
        self.faults = Faults(where)

    def text(self, field: str) -> str:
        """The cell, which must not be empty."""
        if not self.cells[field]:
            self.faults.add(field, "is empty; some text is needed")
        return self.cells[field]

    def identifier(self, field: str) -> str:
        """The cell, which must be a snake_case name."""
        if not IDENTIFIER.fullmatch(self.cells[field]):
            problem = "is no name; allowed: a-z, 0-9 and _, beginning with a letter"
            self.faults.add(field, f"{shown(self.cells[field])} {problem}")
        return self.cells[field]

    def choice(self, field: str, allowed: Sequence[str]) -> str:
        """The cell, which must be one of the `allowed` words."""
        if self.cells[field] not in allowed:
            self.faults.add(field, unknown(self.cells[field], allowed))
        return self.cells[field]

    def number(self, field: str, blank: float | None = None) -> float:
        """The cell as a finite number; `blank` stands for an empty one; NaN if it has a fault."""
        cell = self.cells[field]
        if not cell and blank is not None:
            return blank
        value = float(cell) if _NUMBER.fullmatch(cell) else math.nan
        if not math.isfinite(value):
            self.faults.add(field, f"{shown(cell)} is no finite number such as 12.5 or 3e-4")
            return math.nan
        return value

    def listed(self, field: str, allowed: Mapping[str, Any] | Sequence[str]) -> tuple[str, ...]:
        """The `;`-separated names in the cell, each of which must be `allowed`."""
        names = tuple(name.strip() for name in self.cells[field].split(";") if name.strip())
        for name in names:
            if name not in allowed:
                self.faults.add(field, unknown(name, allowed))
        if len(set(names)) < len(names):
            self.faults.add(field, "names one thing twice")
        return names


def name_fault(name: str) -> str | None:
    """Why a text cannot be a name in a CSV: a spreadsheet would take "=..." for a formula."""
    return None if name[:1].isalnum() else f"{shown(name)} does not begin with a letter or digit"


def read_rows(path: Path, columns: Sequence[str]) -> list[Row]:
    """Read a CSV table whose header holds exactly `columns`, in any order.

    Parameters
    ----------
    path : Path
        A UTF-8 file.
    columns : sequence of str
        The names the header must hold.

    Returns
    -------
    list of Row
        The lines that have one cell for each column; blank lines are left out.

    Raises
    ------
    InputError
        When the file or its header cannot be used, or a line has too few or too many cells.
    """
    try:
        text = readable(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path.name}: cannot be read as a UTF-8 table: {error}") from error
    return rows_of(text, path.name, columns)


def rows_of(text: str, name: str, columns: Sequence[str]) -> list[Row]:
    """The rows of a CSV text, as :func:`read_rows` gives those of a file called `name`."""
    faults = Faults(name)
    try:
        whole = text.lstrip("\ufeff")  # a byte order mark, or two of them
        reader = csv.reader(io.StringIO(whole, newline=""), strict=True)
        header, *lines = [(reader.line_num, cells) for cells in reader if cells] or [(1, [])]
    except csv.Error as error:
        raise InputError(f"{name}: cannot be read as a UTF-8 table: {error}") from error
    names = [cell.strip() for cell in header[1]]
    for column in columns:
        if names.count(column) != 1:
            faults.add(
                "header", f"column {column!r} must be there once, not {names.count(column)}x"
            )
    for column in names:
        if column not in columns:
            faults.add("header", f"column {unknown(column, columns)}")
    for number, cells in lines:
        if len(cells) != len(names):
            faults.add(f"line {number}", f"has {len(cells)} cells; the header has {len(names)}")
    faults.raise_any()
    return [
        Row(
            f"{name}, line {number}",
            dict(zip(names, (cell.strip() for cell in cells), strict=True)),
        )
        for number, cells in lines
    ]


def raise_faults(rows: Sequence[Row], others: Sequence[Faults] = ()) -> None:
    """Raise the faults of all `rows` (and `others`) in one InputError, if there are any."""
    messages = [m for faults in (*(row.faults for row in rows), *others) for m in faults.messages]
    if messages:
        raise InputError(messages)


def fault_repeated(rows: Sequence[Row], *fields: str) -> None:
    """Note a fault in each row whose `fields` together are those of an earlier row."""
    seen: dict[tuple[str, ...], str] = {}
    for row in rows:
        key = tuple(row.cells[field] for field in fields)
        if key in seen:
            row.faults.add(fields[-1], f"{' '.join(key)!r} is already in {seen[key]}")
        seen.setdefault(key, row.faults.where)


# --- sources ----------------------------------------------------------------------------------


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
    """The sources that tables may cite, by id; the shipped table."""
    return read_sources(DATA / "sources.csv")


def read_sources(path: Path) -> Mapping[str, Source]:
    """Read and check a table of sources.

    Raises
    ------
    InputError
        With every fault of the file.
    """
    rows = read_rows(path, SOURCE_COLUMNS)
    fault_repeated(rows, "id")
    for row in rows:
        row.identifier("id")
        row.text("agency_or_authors")
        row.text("title")
        row.choice("kind", SOURCE_KINDS)
        if not re.fullmatch(r"([12][0-9]{3})?", row.cells["year"]):
            row.faults.add("year", f"{shown(row.cells['year'])} is no year such as 2021")
    raise_faults(rows)
    return MappingProxyType({row.cells["id"]: Source(**row.cells) for row in rows})


# --- programmes -------------------------------------------------------------------------------


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
    """The levers by name; the shipped table (read once)."""
    return read_programmes(DATA / "programmes.csv")


def read_programmes(path: Path) -> Mapping[str, Programme]:
    """Read and check a table of programmes; raise an InputError with every fault."""
    rows = read_rows(path, PROGRAMME_COLUMNS)
    fault_repeated(rows, "name")
    programmes = [
        Programme(
            name=row.identifier("name"),
            label=row.text("label"),
            family=row.choice("family", FAMILIES),
            effect=row.text("effect"),
            payers=row.listed("payers", PAYERS),
            links=row.listed("links", LINKS),
        )
        for row in rows
    ]
    raise_faults(rows)
    return MappingProxyType({programme.name: programme for programme in programmes})


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

    Lists of tables become `[[...]]` blocks.

    Parameters
    ----------
    table : mapping
        Values are str, int, float, bool, lists of these, mappings, or lists of mappings.

    Returns
    -------
    str
        Ends with a line break.
    """
    return "\n".join(_toml_lines(table, ())).strip("\n") + "\n"


def _toml_lines(table: Mapping[str, Any], parents: tuple[str, ...]) -> list[str]:
    lines: list[str] = []
    blocks: list[str] = []
    for key, value in table.items():
        path = (*parents, _toml_key(key))
        name = ".".join(path)
        if isinstance(value, Mapping):
            blocks += ["", f"[{name}]", *_toml_lines(value, path)]
        elif isinstance(value, list) and value and all(isinstance(v, Mapping) for v in value):
            for each in value:
                blocks += ["", f"[[{name}]]", *_toml_lines(each, path)]
        else:
            lines.append(f"{path[-1]} = {_toml_value(value)}")
    return lines + blocks


def _toml_key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _toml_value(key)


def _toml_value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + re.sub(r'["\\\x00-\x1f\x7f]', _escaped, value) + '"'
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_toml_value(each) for each in value)}]"
    return repr(value if isinstance(value, int) else float(value))


def _escaped(match: re.Match[str]) -> str:
    short = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}
    return short.get(match.group(), f"\\u{ord(match.group()):04x}")
