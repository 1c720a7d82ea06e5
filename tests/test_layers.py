"""The house: imports only point up, and nothing that is read can run code."""

import ast
from pathlib import Path

import pytest

SIMLIB = Path(__file__).resolve().parents[1] / "simlib"
MECHANISMS = ("enforcement", "supply", "market", "people", "overdose", "money")
ORDER = [
    "version",
    "errors",
    "frozen",
    "paths",
    "split",
    "tables",
    "parameters",
    "observed",
    "fetch",
    "agencies",
    "trust",
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
    "record",
    "state",
    "pressure",
    "events",
    "model",
    "results",
    "stored",
    "simulation",
    "compare",
    "strategies",
    "chain",
    "cocaine",
    "explanations",
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


RUNS_CODE = {"pickle", "marshal", "shelve", "runpy", "code", "joblib", "dill"}
"""Modules that run code which they are given."""


def runs_code(text: str) -> list[str]:
    """What in a module's text could run code that comes from a file."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name in RUNS_CODE]
        elif isinstance(node, ast.ImportFrom) and node.module in RUNS_CODE:
            found.append(node.module)
        elif isinstance(node, ast.Name) and node.id in {"eval", "exec", "compile", "__import__"}:
            found.append(node.id)
        elif isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            allowed = not isinstance(node.value, ast.Constant) or node.value.value is not False
            found += ["allow_pickle"] * allowed
    return found


@pytest.mark.parametrize("path", sorted(SIMLIB.rglob("*.py")), ids=lambda path: path.stem)
def test_nothing_that_is_read_can_run_code(path: Path) -> None:
    assert runs_code(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "text",
    [
        "exec(text)",
        "run = eval",
        "import json, pickle",
        "def f():\n    from pickle import loads",
        "np.load(path, allow_pickle=True)",
        "np.load(path, allow_pickle=trusted)",
    ],
)
def test_code_that_could_be_run_is_noticed(text: str) -> None:
    assert len(runs_code(text)) == 1


def test_importing_the_core_brings_no_widgets() -> None:
    import subprocess
    import sys

    heavy = ("ipywidgets", "altair", "scipy.stats")
    code = f"import sys, simlib; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


PACKAGES = ("analysis", "calibration")
CORE = [SIMLIB / f"{name}.py" for name in ORDER]
CORE += sorted(path for package in PACKAGES for path in (SIMLIB / package).glob("*.py"))


@pytest.mark.parametrize("path", CORE, ids=lambda path: path.stem)
def test_the_core_knows_no_charts(path: Path) -> None:
    """Neither at the top of a module nor inside a function."""
    shown = ("simlib.dashboard", "simlib.chart", "altair", "ipywidgets", "anywidget", "IPython")
    assert not [name for name in imported(path) if name.startswith(shown)]


def test_every_module_of_the_core_has_its_place_in_the_order() -> None:
    beside = {"__init__", "update", "gallery"}
    assert {path.stem for path in SIMLIB.glob("*.py")} == beside | set(ORDER)


LOOPS = (ast.For, ast.While, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def test_only_the_loop_steps_through_time() -> None:
    """One function calls `step` of the model, and nothing but `run` loops over it."""
    callers = []
    for path in SIMLIB.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for function in [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]:
            loops = [n for n in ast.walk(function) if isinstance(n, LOOPS)]
            called = {
                getattr(c.func, "id", getattr(c.func, "attr", ""))
                for loop in loops
                for c in ast.walk(loop)
                if isinstance(c, ast.Call)
            }
            if "step" in called:
                callers.append(f"{path.stem}.{function.name}")
    assert callers == ["model.run"]


@pytest.mark.parametrize("name", MECHANISMS)
def test_a_mechanism_holds_no_numbers_but_0_1_2_and_12(name: str) -> None:
    tree = ast.parse((SIMLIB / f"{name}.py").read_text(encoding="utf-8"))
    numbers = {
        n.value
        for n in ast.walk(tree)
        if isinstance(n, ast.Constant)
        and isinstance(n.value, int | float)
        and not isinstance(n.value, bool)
    }
    allowed = {0, 1, 2, 12, 0.5}  # a half is the middle of a step
    indices = {3, 5}  # three offences, five boxes of the living
    assert numbers <= allowed | indices
