"""PySD: the equations as a Vensim model of monthly Euler steps, one run a draw."""

import ast
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pysd
from numpy.typing import NDArray

from same_model import equations, translate
from same_model.given import Given, Told, main, timed, told

RUNS = 10
"""Draws run; a run costs the same whatever the number of draws."""
OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "^"}
FUNCTIONS = {"exp": "EXP", "log": "LN", "min": "MIN", "max": "MAX"}
CONTROL = {"INITIAL TIME": "0", "TIME STEP": "1", "SAVEPER": "1"}


def written(node: ast.expr) -> str:
    """An expression in Vensim's language."""
    match node:
        case ast.Constant():
            return repr(node.value)
        case ast.Name():
            constant = getattr(equations, node.id, None)
            return repr(constant) if isinstance(constant, float) else node.id
        case ast.UnaryOp():
            return f"(-{written(node.operand)})"
        case ast.BinOp():
            sign = OPERATORS[type(node.op)]
            return f"({written(node.left)} {sign} {written(node.right)})"
        case ast.IfExp(test=ast.Compare(left=left, comparators=[right], ops=[ast.Gt()])):
            parts = (f"{written(left)} > {written(right)}", written(node.body))
            return f"IF THEN ELSE({parts[0]}, {parts[1]}, {written(node.orelse)})"
        case ast.Call(func=ast.Name(id="expm1")):
            return f"(EXP({written(node.args[0])}) - 1)"
        case ast.Call(func=ast.Name(id=name)):
            return f"{FUNCTIONS[name]}({', '.join(map(written, node.args))})"
    raise ValueError(ast.unparse(node))


def lines(months: int) -> Iterator[tuple[str, str]]:
    """Every equation of the model as its two sides."""
    model = translate.model()
    for name in [*translate.used("p"), *translate.used("m")]:
        yield name, "0"
    for name, value in model.variables.items():
        yield name, written(value)
    for stock, value in model.following.items():
        yield f"initial_{stock}", "0"
        yield f"change_{stock}", f"{written(value)} - {stock}"
        yield stock, f"INTEG(change_{stock}, initial_{stock})"
    yield from CONTROL.items()
    yield "FINAL TIME", str(months - 1)


def text(months: int) -> str:
    """The model file."""
    body = "".join(f"{left} = {right} ~ ~ |\n" for left, right in lines(months))
    return "{UTF-8}\n" + body


def settings(given: Given, draw: int) -> dict[str, Any]:
    """What one run is given: constants, first stocks and series of the drivers that move."""
    found: dict[str, Any] = {name: float(each[draw]) for name, each in given.constants().items()}
    found |= {f"initial_{name}": float(each[draw]) for name, each in given.stocks.items()}
    return found | {name: pd.Series(given.months[name][:, draw]) for name in given.moving()}


def measure(given: Given) -> Iterator[Told]:
    """One run after another, all of them with the model read once."""
    months = len(given.deaths)
    few = given.first(RUNS)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "same_model.mdl")
        file.write_text(text(months), encoding="utf-8")
        model = pysd.read_vensim(str(file))
        ready = [settings(few, draw) for draw in range(RUNS)]

        def run() -> NDArray[np.float64]:
            found = [model.run(params=each, return_columns=["died_counted"]) for each in ready]
            return np.stack([each["died_counted"].to_numpy() for each in found], axis=1)

        deaths, taken = timed(run, 3)
    yield told("pysd", "run by run", deaths, few, taken)


if __name__ == "__main__":
    main(measure)
