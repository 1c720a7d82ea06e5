"""The house: imports only point up, and nothing that is read can run code."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

SIMLIB = Path(__file__).resolve().parents[1] / "simlib"
PATHS = {
    ".".join(("simlib", *path.relative_to(SIMLIB).with_suffix("").parts)).removesuffix(
        ".__init__"
    ): path
    for path in sorted(SIMLIB.rglob("*.py"))
}
"""Path by name of every module; a package stands for its `__init__`."""
each_module = pytest.mark.parametrize("name", PATHS)
BASE = ("", "inputs", "model")
PICTURES = (*BASE, "analysis", "charts")
MAY_IMPORT = {
    "": BASE,
    "model": ("model",),
    "inputs": ("", "inputs"),
    "analysis": (*BASE, "analysis"),
    "charts": PICTURES,
    "walkthrough": (*PICTURES, "walkthrough"),
    "pages": (*BASE, "charts", "walkthrough", "pages"),
    "dashboard": (*PICTURES, "walkthrough", "pages", "dashboard"),
    "study": (*BASE, "analysis", "study"),
}
"""From which folders the modules of a folder take; "" is the package itself. Nothing but the
study itself takes from `study`."""
BESIDE = {
    ("simlib.model.pressure", "simlib.units"),
    ("simlib.fingerprint", "simlib.analysis.ledger"),
    ("simlib.pages.gallery", "simlib.dashboard.autosave"),
}
"""Single imports that point elsewhere: how many of a unit make another, the numbers that a
fingerprint is of, where a reader's scenario lies."""


def imported(path: Path) -> set[str]:
    """Names that a module imports, those inside functions too."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def folder(name: str) -> str:
    """Folder that a module lies in."""
    return PATHS[name].parent.relative_to(SIMLIB).parts[0] if PATHS[name].parent != SIMLIB else ""


def module_of(name: str) -> str | None:
    """Module of the package that holds an imported name; None where another package does."""
    while name and name not in PATHS:
        name = name.rpartition(".")[0]
    return name or None


def taken_from(name: str) -> set[str]:
    """Modules of the package that a module imports."""
    return {found for each in imported(PATHS[name]) if (found := module_of(each))} - {name}


def test_every_folder_has_its_place() -> None:
    assert {folder(name) for name in PATHS} == set(MAY_IMPORT)


@each_module
def test_a_module_takes_from_the_folders_that_it_may(name: str) -> None:
    allowed = MAY_IMPORT[folder(name)]
    others = {each for each in taken_from(name) if folder(each) not in allowed}
    assert {(name, each) for each in others} <= BESIDE


def test_no_module_needs_itself() -> None:
    """Imports point one way, whether at the top of a module or inside a function."""
    needs = {name: taken_from(name) for name in PATHS}
    assert len(list(TopologicalSorter(needs).static_order())) == len(PATHS)


def test_every_import_beside_is_there() -> None:
    assert all(other in taken_from(name) for name, other in BESIDE)


MODEL = [name for name in PATHS if folder(name) == "model"]
each_mechanism = pytest.mark.parametrize("name", MODEL)


@each_mechanism
def test_the_model_knows_numbers_only(name: str) -> None:
    """All of its mathematics comes from one place, which the compiled model has its own for."""
    others = {each for each in imported(PATHS[name]) if not module_of(each)}
    allowed = ("typing.", "collections.abc.")
    numpy = {"numpy"} if name == "simlib.model.functions" else set()
    assert {each for each in others if not each.startswith(allowed)} <= numpy


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


@each_module
def test_nothing_that_is_read_can_run_code(name: str) -> None:
    assert runs_code(PATHS[name].read_text(encoding="utf-8")) == []


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


@pytest.mark.parametrize(
    "name", [name for name in PATHS if folder(name) in (*BASE, "analysis", "study")]
)
def test_the_library_knows_no_charts(name: str) -> None:
    """Neither at the top of a module nor inside a function."""
    shown = ("altair", "ipywidgets", "anywidget", "IPython")
    assert not [each for each in imported(PATHS[name]) if each.startswith(shown)]


LOOPS = (ast.For, ast.While, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def test_only_the_loop_steps_through_time() -> None:
    """Nothing loops over `step` of the model but the loop, and what stands for it uncompiled."""
    callers = []
    for path in PATHS.values():
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
    assert callers == ["block.run", "runs.run_on_arrays"]


@pytest.mark.parametrize("name", [*MODEL, "simlib.block", "simlib.money"])
def test_equations_hold_no_numbers_but_0_1_2_and_12(name: str) -> None:
    tree = ast.parse(PATHS[name].read_text(encoding="utf-8"))
    places = {
        id(n)
        for subscript in ast.walk(tree)
        if isinstance(subscript, ast.Subscript)
        for n in ast.walk(subscript.slice)
    }
    numbers = {
        n.value
        for n in ast.walk(tree)
        if isinstance(n, ast.Constant)
        and isinstance(n.value, int | float)
        and not isinstance(n.value, bool)
        and id(n) not in places
    }
    allowed = {0, 1, 2, 12, 0.5}  # a half is the middle of a step
    assert numbers <= allowed
