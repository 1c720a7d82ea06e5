"""The house: imports only point up, and nothing that is read can run code."""

import ast
from pathlib import Path

import pytest

SIMLIB = Path(__file__).resolve().parents[1] / "simlib"
MECHANISMS = ("enforcement", "supply", "market", "people", "overdose", "money")
ORDER = [
    "version",
    "errors",
    "tables",
    "parameters",
    "observed",
    "policy",
    "posterior",
    "sampling",
    "enforcement",
    "supply",
    "market",
    "people",
    "overdose",
    "money",
    "world",
    "state",
    "events",
    "model",
    "results",
    "simulation",
    "compare",
    "strategies",
]


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
            if node.module == "simlib":
                names |= {f"simlib.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("name", MECHANISMS)
def test_a_mechanism_imports_numpy_only(name: str) -> None:
    allowed = {"numpy", "numpy.typing", "typing"}
    assert imported(SIMLIB / f"{name}.py") <= allowed


@pytest.mark.parametrize("name", ORDER)
def test_imports_point_up(name: str) -> None:
    inside = {n.split(".")[1] for n in imported(SIMLIB / f"{name}.py") if n.startswith("simlib.")}
    below = {n for n in inside if n not in ORDER[: ORDER.index(name)]}
    assert not below


def test_only_one_loop_and_no_code_from_files() -> None:
    for path in SIMLIB.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)):
            called = node.func if isinstance(node, ast.Call) else None
            assert getattr(called, "id", "") not in {"eval", "exec", "compile"}, path
        assert "import pickle" not in text, path
        assert "allow_pickle=True" not in text, path


def test_importing_the_core_brings_no_widgets() -> None:
    import subprocess
    import sys

    heavy = ("ipywidgets", "altair", "scipy.stats")
    code = f"import sys, simlib; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
