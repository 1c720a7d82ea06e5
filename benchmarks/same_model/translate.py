"""The equations read as a list, one quantity each, for tools that want a model of their own kind.

The months of :func:`same_model.equations.step` are followed call by call. A quantity is named for
the object it belongs to in `step` and for its field there, as in ``risk_fatal``; parameters,
drivers and stocks keep their own names.
"""

import ast
import copy
import inspect
from collections.abc import Iterator
from types import CodeType
from typing import NamedTuple

from same_model import equations

TREE = {
    node.name: node
    for node in ast.parse(inspect.getsource(equations)).body
    if isinstance(node, ast.FunctionDef)
}
STOCKS: tuple[str, ...] = equations.Stocks._fields
GIVEN = ("p", "m", "s")


class Model(NamedTuple):
    """Equations in the order in which they can be computed."""

    variables: dict[str, ast.expr]
    following: dict[str, ast.expr]
    """A stock's value a month later, by stock."""
    deaths: str
    price: str


def used(owner: str) -> list[str]:
    """Fields of `p` (a draw) or `m` (a month) that the equations read."""
    found = {
        node.attr
        for function in TREE.values()
        for node in ast.walk(function)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == owner
    }
    return sorted(found)


class _Names(ast.NodeTransformer):
    """Gives names inside a function the names they have outside of it."""

    def __init__(self, objects: dict[str, str], inside: dict[str, ast.expr]) -> None:
        self.objects, self.inside = objects, inside

    def renamed(self, value: ast.expr) -> ast.expr:
        """The expression in outside names; the function's own tree stays as it is."""
        return self.visit(copy.deepcopy(value))

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        owner = self.objects[ast.unparse(node.value)]
        return ast.Name(node.attr if owner in GIVEN else f"{owner}_{node.attr}", ast.Load())

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.inside.get(node.id, node)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        args = [self.visit(each) for each in node.args]
        name = ast.unparse(node.func)
        if name not in TREE:
            return ast.Call(node.func, args, [])
        helper = TREE[name]
        values = dict(zip((each.arg for each in helper.args.args), args, strict=True))
        told = helper.body[-1]
        assert isinstance(told, ast.Return)
        assert told.value is not None
        return _Names({}, values).renamed(told.value)


def _pairs(statement: ast.Assign) -> Iterator[tuple[str, ast.expr]]:
    target, value = statement.targets[0], statement.value
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        names = (ast.unparse(each) for each in target.elts)
        yield from zip(names, value.elts, strict=True)
    else:
        yield ast.unparse(target), value


def _called(result: str, call: ast.Call) -> Iterator[tuple[str, ast.expr]]:
    """Equations of one call in `step`, whose result is named `result` there."""
    function = TREE[ast.unparse(call.func)]
    inner = [each.arg for each in function.args.args]
    outer = [ast.unparse(each) for each in call.args]
    objects = dict(zip(inner, outer, strict=True))
    inside: dict[str, ast.expr] = {
        name: ast.Name(other, ast.Load()) for name, other in objects.items()
    }
    for statement in function.body:
        if isinstance(statement, ast.Assign):
            for name, value in _pairs(statement):
                yield f"{result}_{name}", _Names(objects, inside).renamed(value)
                inside[name] = ast.Name(f"{result}_{name}", ast.Load())
        elif isinstance(statement, ast.Return) and statement.value:
            yield from _returned(result, statement.value, _Names(objects, inside))


def _returned(result: str, value: ast.expr, names: _Names) -> Iterator[tuple[str, ast.expr]]:
    if not isinstance(value, ast.Call):
        yield result, names.renamed(value)
        return
    fields = getattr(equations, ast.unparse(value.func))
    for field, part in zip(fields._fields, value.args, strict=True):
        found = names.renamed(part)
        if ast.unparse(found) != f"{result}_{field}":
            yield f"{result}_{field}", found


class _Choices(ast.NodeTransformer):
    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        parts = [self.visit(each) for each in (node.test, node.body, node.orelse)]
        return ast.Call(ast.Name("choose", ast.Load()), parts, [])


def code(value: ast.expr) -> CodeType:
    """An equation to be evaluated on objects of a tool, with its own `choose(if, then, else)`."""
    expression = ast.Expression(_Choices().visit(copy.deepcopy(value)))
    return compile(ast.fix_missing_locations(expression), "equation", "eval")


def model() -> Model:
    """All equations of :func:`same_model.equations.step`."""
    found: dict[str, ast.expr] = {}
    taken = {*used("p"), *used("m"), *STOCKS}
    for statement in TREE["step"].body:
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call):
            for name, value in _called(ast.unparse(statement.targets[0]), statement.value):
                if name in found or name in taken:
                    raise ValueError(f"two quantities are called {name}")
                found[name] = value
    end = "following_"
    following = {stock: found.pop(end + stock) for stock in STOCKS}
    return Model(found, following, "died_counted", "traded_price")
