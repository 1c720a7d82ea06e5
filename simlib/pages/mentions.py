"""Where the code reads a parameter: found in the source itself, so that no page can go stale."""

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from simlib.inputs.tables import DATA

PACKAGE = DATA.parent
NO_READERS = ("charts", "dashboard", "pages")
"""Packages that show parameters and do not compute with them."""

HOLE = "[a-z0-9_]+"
SHORTEST = 4
"""Letters that a pattern must have beside its holes to be taken for a parameter's name."""
_READ = re.compile(r"\b(?:f\.)?p(?:\['(\w+)'\]|\.(\w+))")
"""How the model reads the draws of a parameter."""
_MOVED = re.compile(r"(?:levers|money)\.\w+")
"""How it reads a lever."""
LINE = 90
"""Letters of the longest expression that is shown."""


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


@cache
def equations() -> Mapping[str, tuple[tuple[str, str], ...]]:
    """Expressions of the model in which parameters stand, from its code, by name.

    Each with what the functions called in it say they do. Of nested expressions the largest one
    that fits on a line. What is read by a name put together at run time, as in
    ``p[f"budget_{name}"]``, or only handed on, stands in none.
    """
    trees = {
        path.stem: ast.parse(path.read_text(encoding="utf-8"))
        for path in sorted([*PACKAGE.glob("*.py"), *(PACKAGE / "model").glob("*.py")])
    }
    says = {
        f"{module}.{node.name}": _says(node)
        for module, tree in trees.items()
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
    }
    found: dict[str, dict[str, str]] = {}
    for module, tree in trees.items():
        for statement in ast.walk(tree):
            if isinstance(statement, ast.Assign | ast.Return) and statement.value is not None:
                for name, text in _expressions(statement.value, None):
                    called = re.findall(r"([\w.]+)\(", text)
                    told = (says.get(each, says.get(f"{module}.{each}", "")) for each in called)
                    shown = _READ.sub(r"\1\2", text)
                    found.setdefault(name, {})[shown] = " ".join(filter(None, told))
    return {name: tuple(texts.items()) for name, texts in found.items()}


def _expressions(node: ast.expr, around: str | None) -> Iterator[tuple[str, str]]:
    """Names of draws within an expression, each with the largest arithmetic around it that fits.

    Parameters
    ----------
    around : that arithmetic so far; None where there is none yet
    """
    text = ast.unparse(node)
    read = _READ.fullmatch(text)
    if read and around:
        yield read[1] or read[2], around
    if isinstance(node, ast.BinOp | ast.UnaryOp | ast.Call | ast.Compare):
        if not (isinstance(node, ast.Call) and ast.unparse(node.func)[:1].isupper()):
            around = around or (text if len(text) <= LINE else None)  # no mere tuple of several
        for child in ast.iter_child_nodes(node):
            inner = child.value if isinstance(child, ast.keyword) else child
            if isinstance(inner, ast.expr):
                yield from _expressions(inner, around)
    elif isinstance(node, ast.Subscript):
        yield from _expressions(node.value, around)


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
                elif isinstance(inner, ast.Attribute):
                    text = ast.unparse(inner)
                    if _READ.fullmatch(text) or _MOVED.fullmatch(text):
                        yield re.escape(inner.attr), *place


def _pattern(text: ast.JoinedStr) -> str:
    return "".join(
        re.escape(str(part.value)) if isinstance(part, ast.Constant) else HOLE
        for part in text.values
    )


def _says(node: ast.Module | ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    return (ast.get_docstring(node) or "").partition("\n")[0].replace("``", "")
