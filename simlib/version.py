"""Version of the package, and a hash of all that decides what the record says about the model."""

import ast
import csv
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

__version__ = version("simlib")

MODEL = (
    "enforcement",
    "supply",
    "market",
    "people",
    "overdose",
    "world",
    "record",
    "state",
    "pressure",
    "events",
    "model",
    "calibration/likelihood",
)
"""Modules that a posterior rests on."""
NUMBERS = ("name", "value", "low", "high", "distribution")
"""Columns of the parameters that do; labels and notes may change."""


@cache
def model_hash(root: Path = Path(__file__).parent) -> str:
    """Hash of the model's code, of its parameters of the past and of the record, 16 digits.

    Comments, docstrings and blank lines do not count, nor do parameters that touch the future
    only.
    """
    parts = [_code((root / f"{name}.py").read_text(encoding="utf-8")) for name in MODEL]
    with (root / "data" / "parameters.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["scope"] == "history"]
    parts += sorted(",".join(row[column] for column in NUMBERS) for row in rows)
    records = sorted((root / "data" / "observed").glob("*.csv"))
    parts += [record.read_text(encoding="utf-8") for record in records]
    return sha256("\n".join(parts).encode()).hexdigest()[:16]


def _code(text: str) -> str:
    """Lines of a module without docstrings, comments of their own and blank lines."""
    described = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            described |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    lines = enumerate(text.splitlines(), start=1)
    kept = (line.rstrip() for number, line in lines if number not in described)
    return "\n".join(line for line in kept if line and not line.lstrip().startswith("#"))
