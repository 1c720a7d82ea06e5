"""Where the code reads a parameter: found in the source itself, so that no page can go stale."""

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from simlib.tables import DATA

PACKAGE = DATA.parent
NO_READERS = ("charts", "dashboard", "pages")
"""Packages that show parameters and do not compute with them."""

HOLE = "[a-z0-9_]+"
SHORTEST = 4
"""Letters that a pattern must have beside its holes to be taken for a parameter's name."""


@cache
def readers() -> Mapping[str, tuple[tuple[str, str], ...]]:
    """Functions that name each text, with the first line of their docstrings.

    Keys are texts of the code, or patterns where a text has holes, as in ``f"budget_{name}"``.
    """
    found: dict[str, dict[str, str]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        inside = path.relative_to(PACKAGE)
        if inside.parts[0] in NO_READERS:
            continue
        module = ".".join(("simlib", *inside.with_suffix("").parts))
        for text, where, says in _texts(path, module):
            found.setdefault(text, {})[where] = says
    return {text: tuple(where.items()) for text, where in found.items()}


def read_by(name: str) -> tuple[tuple[str, str], ...]:
    """Functions that read a parameter, and what each says it does."""
    exact = readers().get(re.escape(name), ())
    if exact:
        return exact
    fitting = [
        each for text, each in readers().items() if HOLE in text and re.fullmatch(text, name)
    ]
    return tuple(sorted({where for each in fitting for where in each}))


def _texts(path: Path, module: str) -> Iterator[tuple[str, str, str]]:
    """Texts and patterns in one module, each with the function it stands in."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    whole = (module, _says(tree))
    for node in tree.body:
        parts = node.body if isinstance(node, ast.ClassDef) else [node]
        for part in parts:
            place = whole
            if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef):
                place = (f"{module}.{part.name}", _says(part))
            for inner in ast.walk(part):
                if isinstance(inner, ast.JoinedStr):
                    if len(_pattern(inner).replace(HOLE, "")) >= SHORTEST:
                        yield _pattern(inner), *place
                elif isinstance(inner, ast.Constant) and isinstance(inner.value, str):
                    yield re.escape(inner.value), *place


def _pattern(text: ast.JoinedStr) -> str:
    return "".join(
        re.escape(str(part.value)) if isinstance(part, ast.Constant) else HOLE
        for part in text.values
    )


def _says(node: ast.Module | ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    return (ast.get_docstring(node) or "").partition("\n")[0]
