"""Every text that is written by hand, and the numbers in it that somebody must answer for.

Pages under docs/parameters, docs/nomenclature.md and docs/validation.md are printed from rows and
tables (tests compare them with their generators), so what is read here is where their prose comes
from: our TOML files, and the texts in the code that prints results.
"""

import ast
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from simlib.inputs.tables import load_sources

ROOT = Path(__file__).resolve().parents[1]
PRINTED = ("model.md", "nomenclature.md", "validation.md")
HEADING = 30
"""Letters of the longest heading of a column in the code that prints results."""
PRINTERS = ("analysis/trust.py", "study/report.py", "study/backtest.py")
NOT_PROSE = ("schema", "name", "author", "change", "code", "rests_on", "sources", "equation")
"""Keys of our TOML files that hold names or formulas."""
TASKS = re.compile(r"^## Exercises.*?(?=^## |\Z)", re.S | re.M)
"""Exercises ask; they state nothing."""
MEASURED = re.compile(r"\bMeasured on \d+ \w+ 20\d\d\b.*\bmachine\b", re.S)
"""Opens a section whose times and sizes carry their date and machine."""

_SMALL = "three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen"
_WORDS = (
    rf"{_SMALL}|(?:{_SMALL}|two|hundred|thousand)fold|dozen|twenty|fifty|hundred(?:s|th)?"
    r"|thousand(?:s|th)?|millions?|billions?|half|halves|halved|a third of|two thirds|a quarter of"
    r"|quarters of|a fifth|tenths?|eighth|twice|doubles?|doubled|triples?|per ?cent"
    r"|two (?:times|standard|per ?cent|months|years|to|steps)"
)
NUMBER = re.compile(
    r"(?<![\w.,])[+−-]?\d+(?:,\d{3})*(?:\.\d+)*(?:/\d+(?:\.\d+)?)?(?!\w)"
    rf"|\b(?:{_WORDS})(?!\w)",
    re.I,
)
NEEDS_NONE = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        r"\b(?:19|20)\d\d(?:-\d\d)?\b(?!\.\d)",  # years
        r"T40\.4|GAO-\d\d-\d+|ARIMA\(1, 1, 0\)|Python 3\.\d+|events 1 and 2|attacked, \d:",  # names
        r"\bnotebooks? \d\d(?: and \d\d)?",
        r"(?:50, 80 and )?\b(?:50|80|95) % (?:intervals?|band)|5 % and 95 % quantiles",  # levels
        r"\(5 % and 95 % of its range\)|(?:nine|9) in (?:ten|10)|80 % intervals to hold 80 %",
        r"\b[01] = ",  # ends of an axis
        r"half-(?:way|life)|half (?:a step|the step|year)|lower half|twelve[ -]months?",
        r"\(1 − seized|two-core",
        r"in million USD|(?:million|thousands? of) (?:USD|dollars) (?:per|for)|a million buys?",
        r"\b1 % (?:less|cut|is used)|by 1 %",  # the unit of one study
    )
)
SOURCES = tuple(
    (re.findall(r"[^\W\d_]+", each.agency_or_authors)[0], each.year)
    for each in load_sources().values()
    if each.year and each.agency_or_authors[:1].isalpha()
)
"""First word of the authors, and year, of each source we keep."""


def texts() -> dict[str, str]:
    """Prose by file, relative to the project; what is code, address or exercise is left out."""
    found = {}
    for path in (*_files("notebooks", "0*.ipynb"), ROOT / "README.md", *_files("docs", "*.md")):
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".ipynb":
            cells = (c for c in json.loads(text)["cells"] if c["cell_type"] == "markdown")
            text = "\n\n".join("".join(cell["source"]) for cell in cells)
        if path.name not in PRINTED:
            found[_name(path)] = _without_code(text)
    for folder in ("pages", "policies"):
        for path in _files(f"simlib/data/{folder}", "*.toml"):
            table = tomllib.loads(path.read_text(encoding="utf-8"))
            found[_name(path)] = "\n\n".join(_prose(table))
    for name in PRINTERS:
        path = ROOT / "simlib" / name
        found[_name(path)] = "\n\n".join(_literals(ast.parse(path.read_text(encoding="utf-8"))))
    return found


def one_line(text: str) -> str:
    """The text without line breaks and without marks of emphasis."""
    return " ".join(re.sub(r"\*+", "", text).split())


def numbers(text: str) -> Iterator[tuple[int, int]]:
    """Where in a line stand numbers that are not of a kind that needs no answer."""
    spared = [found.span() for kind in NEEDS_NONE for found in kind.finditer(text)]
    spared += [found.span() for found in re.finditer(r"[^.:]+\([^()]*\)", text) if cited(found[0])]
    for found in NUMBER.finditer(text):
        if not any(start <= found.start() and found.end() <= end for start, end in spared):
            yield found.span()


def cited(text: str) -> bool:
    """Whether a text ends with authors and year, in brackets, of a source that we keep."""
    bracket = re.search(r"\(([^()]*) (\d{4})\)$", text)
    return bracket is not None and any(
        bracket[1].startswith(first) and bracket[2] == str(year) for first, year in SOURCES
    )


def sections(text: str) -> Iterator[str]:
    """Sections of a text, those left out that were measured on a day and a machine they name."""
    for section in re.split(r"^#+ (?:\d+\. )?", text, flags=re.M):
        opening = section.partition("\n")[2].strip().partition("\n\n")[0]
        if not MEASURED.search(opening):
            yield one_line(re.sub(r"^ *\d+\. ", "", section, flags=re.M))


def _files(folder: str, pattern: str) -> list[Path]:
    return sorted((ROOT / folder).glob(pattern))


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _without_code(text: str) -> str:
    text = re.sub(r"```.*?```|<!--.*?-->|!\[[^]]*\]\([^)]*\)", " ", text, flags=re.S)
    text = re.sub(r"\${1,2}[^$]+\${1,2}", "…", text)  # equations
    text = re.sub(r"`[^`]*`", "…", re.sub(r"\]\([^)]*\)", "]", text))
    return TASKS.sub("", text)


def _prose(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _prose(each)
    elif isinstance(value, dict):
        for key, each in value.items():
            if key not in NOT_PROSE:
                yield from _prose(each)


def _literals(tree: ast.Module) -> Iterator[str]:
    """Pieces of sentences in a module; docstrings and headings are left out."""
    docstrings = [node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)]
    for node in ast.walk(tree):
        value = node.value if isinstance(node, ast.Constant) and node not in docstrings else ""
        if isinstance(value, str) and len(value) > HEADING:
            yield value
