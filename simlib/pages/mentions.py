"""Where the code reads a parameter: found in its text, so that no page can go stale."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from simlib.inputs.parameters import load_parameters
from simlib.inputs.tables import DATA

PACKAGE = DATA.parent
NO_READERS = ("charts", "dashboard", "pages")
"""Folders that show parameters and do not compute with them."""
MODEL = ("", "model")
"""Folders whose lines are shown as the code has them; "" is the package itself."""
LINE = 90
"""Letters of the longest line that is shown."""
SHORTEST = 4
"""Letters beside its holes that a text such as ``f"budget_{lever}"`` must have to name rows."""
_READ = re.compile(r"\b(?:f\.)?p(?:\.(\w+)|\[\"(\w+)\"\])")
"""How the model reads the draws of a parameter."""
_HOLE = re.compile(r"\{[^}]*\}")
Place = tuple[str, str]
"""A function or module, and the first line of its docstring."""


@cache
def mentions() -> Mapping[str, Mapping[Place, list[str]]]:
    """Where each parameter is read, with the lines of the model in which it stands.

    A name that is put together when the code runs counts where no code has it whole.
    """
    whole: dict[str, dict[Place, list[str]]] = {name: {} for name in load_parameters()}
    together: dict[str, dict[Place, list[str]]] = {name: {} for name in load_parameters()}
    for path in sorted(PACKAGE.rglob("*.py")):
        folder = path.relative_to(PACKAGE).parts[0] if path.parent != PACKAGE else ""
        if folder in NO_READERS:
            continue
        for place, line in _lines(path):
            equation = _equation(line) if folder in MODEL else ""
            for name in _put_together(line):
                together[name][place] = []
            for name in re.findall(r"(?<=[.\"'])\w+(?=\W|$)", line):
                if name not in whole:
                    continue
                equations = whole[name].setdefault(place, [])
                told = any(equation in longer for longer in equations)
                if re.search(rf"\b{name}\b", equation) and not told:
                    equations.append(equation)
    return {name: whole[name] or together[name] for name in whole}


def _lines(path: Path) -> Iterator[tuple[Place, str]]:
    """Lines of a module and where they stand; what a bracket holds also as one line."""
    lines = path.read_text(encoding="utf-8").splitlines()
    module = ".".join(("simlib", *path.relative_to(PACKAGE).with_suffix("").parts))
    whole = place = (module, _says(lines))
    methods = False
    for number, line in enumerate(lines):
        begins = re.match(r"( {4})?def (\w+)", line)
        if begins and (methods or not begins[1]):
            place = (f"{module}.{begins[2]}", _says(lines[number:]))
        elif re.match(r"class |[A-Z]", line):
            place = whole
        if line[:1].strip():
            methods = line.startswith("class ")
        yield place, line.strip()
        if line.endswith("("):
            held = " ".join(each.strip() for each in lines[number : number + 3])
            yield place, held.replace("( ", "(").replace(" )", ")")


def _says(lines: list[str]) -> str:
    """The first line of the next docstring."""
    says = next((line for line in lines if line.lstrip().startswith('"""')), "")
    return says.strip().strip('"').replace("``", "")


def _put_together(line: str) -> Iterator[str]:
    """Parameters that fit a text with holes."""
    for text in re.findall(r"f\"([\w{}.]+)\"", line):
        letters = _HOLE.sub("", text)
        if SHORTEST <= len(letters) < len(text):
            pattern = _HOLE.sub(r"\\w+", text)
            yield from (name for name in load_parameters() if re.fullmatch(pattern, name))


def _equation(line: str) -> str:
    """A line that can be read alone, parameters by their names; "" where it cannot."""
    shown = _READ.sub(r"\1\2", line).removeprefix("return ").removesuffix(",")
    balanced = shown.count("(") == shown.count(")")
    return shown if balanced and re.search(r"[-+*/(<>]", shown) and len(shown) <= LINE else ""
