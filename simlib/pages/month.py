"""The page of equations: one month of the model, in the order of its code, and a picture of it."""

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from simlib.inputs.parameters import Parameter, load_parameters
from simlib.model import future, month, today
from simlib.pages.content import grade, measured, reference, table

EQUATIONS = "simlib.model."
"""Where the functions live whose equations are told."""
INTRODUCTION = """# One month of the model

Every equation in the order in which the model computes it, with the parameters that it reads:
central value, range and [grade of evidence](parameters/index.md). What composes others
is shown as the code that is run, so that names of rows can be seen where they enter: `f` is one
future, `p` its draw of the parameters, `d` what moves without policy, `now` the stocks at the start
of the month. All of it can be called with plain numbers:

```python
from simlib.model import month
from simlib.walkthrough.one_month import first_month

f, d, levers, now = first_month()
after, brought = month.step(f, d, levers._replace(port_officers=1000.0), now)
```

![Stocks and flows: kilograms above, people below](model.svg)

A blue box is a stock that a month hands on to the next, an arrow is a flow.
"""
OUTSIDE = """## What is set before the first month

Anchors that make today's seizures, prices and fatality come out as drawn, and the first stocks.
"""
DRIVERS = """## What moves without policy, and what is counted after

Parameters that no equation of the month reads: those of drivers made from the record
(`simlib.world`), of the record's likelihood (`simlib.study`), and of outcomes such as money and
quality-adjusted years (`simlib.results`).
"""


def page() -> str:
    """Text of docs/model.md."""
    done: set[Callable[..., Any]] = {month.step}
    parts = [INTRODUCTION, textwrap.dedent(month.__doc__ or "").partition("\n\n")[2]]
    for event in called(month.step):
        parts += _walk(event, done, 2)
    parts.append(OUTSIDE)
    for first in (today.anchors, today.first_stocks, today.projected, future.kept_of):
        parts += _walk(first, done, 3)
    told = {name for function in done for name in read(function)}
    rest = [row for name, row in load_parameters().items() if name not in told]
    parts += [DRIVERS, _table(rest)]
    return "\n\n".join(part.strip() for part in parts if part.strip())


def called(function: Callable[..., Any]) -> Iterator[Callable[..., Any]]:
    """Functions of the model that a function calls, in the order of its text."""
    known = {**vars(inspect.getmodule(function))}
    for node in _in_order(function):
        if isinstance(node, ast.Call):
            name, _, attribute = ast.unparse(node.func).partition(".")
            what = known.get(name)
            what = getattr(what, attribute, None) if isinstance(what, ModuleType) else what
            if inspect.isfunction(what) and what.__module__.startswith(EQUATIONS):
                yield what


def read(function: Callable[..., Any]) -> list[str]:
    """Parameters and levers that a function reads, in the order of its text."""
    nodes = (node for node in _in_order(function) if isinstance(node, ast.Attribute))
    inner = ((ast.unparse(n.value).split(".")[-1], n.attr) for n in nodes)
    rows = load_parameters()
    return list(dict.fromkeys(a for of, a in inner if of in ("p", "levers", "money") and a in rows))


def _in_order(function: Callable[..., Any]) -> list[ast.expr]:
    """Expressions of a function as a reader meets them."""
    nodes = ast.walk(ast.parse(textwrap.dedent(inspect.getsource(function))))
    expressions = (node for node in nodes if isinstance(node, ast.expr))
    return sorted(expressions, key=lambda node: (node.lineno, node.col_offset))


def _walk(function: Callable[..., Any], done: set[Callable[..., Any]], level: int) -> Iterator[str]:
    """A function and those that it calls, each once; what has no equation is passed through."""
    if function in done:
        return
    done.add(function)
    is_event = (function.__doc__ or "").startswith("Event")
    if read(function) or "``" in (function.__doc__ or "") or is_event:
        yield from _told(function, level)
    for inner in called(function):
        yield from _walk(inner, done, 3)


def _told(function: Callable[..., Any], level: int) -> Iterator[str]:
    """What one function says, its code where it reads parameters, and their rows."""
    first, _, rest = (inspect.getdoc(function) or "").partition("\n")
    module = function.__module__.removeprefix(EQUATIONS)
    yield f"{'#' * level} {first.replace('``', '`').rstrip('.')}"
    yield f"`{module}.{function.__name__}`"
    prose, _, arguments = rest.strip().partition("Parameters\n----------")
    yield prose.replace("``", "`").strip()
    yield _arguments(arguments)
    rows = load_parameters()
    names = read(function)
    if names:
        yield f"```python\n{_text(function)}\n```"
        yield _table([rows[name] for name in names])


def _arguments(section: str) -> str:
    """Arguments and their units, from a docstring."""
    lines = textwrap.dedent(section.partition("\n\n")[0]).strip().splitlines()
    joined: list[str] = []
    for line in lines:
        if line.startswith(" ") and joined:
            joined[-1] += f" {line.strip()}"
        else:
            joined.append(line)
    return "\n".join(
        f"- `{name}`: {says}" for name, _, says in (j.partition(" : ") for j in joined)
    )


def _text(function: Callable[..., Any]) -> str:
    """Statements of a function, without its docstring and first lines."""
    source = textwrap.dedent(inspect.getsource(function))
    body = ast.parse(source).body[0].body[1:]  # type: ignore[attr-defined]
    lines = source.splitlines()[body[0].lineno - 1 : body[-1].end_lineno]
    return textwrap.dedent("\n".join(lines))


def _table(rows: list[Parameter]) -> str:
    told = [[reference(row.name, _link), *measured(row), grade(row)] for row in rows]
    return table(("Parameter", "Central value", "Range", "Unit", "Grade"), told)


def _link(name: str) -> str:
    row = load_parameters()[name]
    return f"parameters/{f'levers/{name}.md' if row.group == 'lever' else f'{row.group}.md#{name}'}"
