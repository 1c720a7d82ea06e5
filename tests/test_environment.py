"""One set of packages, wherever it is written down, and the launcher that installs it."""

import ast
import importlib
import importlib.util
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

import launch

ROOT = Path(__file__).resolve().parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
IMPORT_NAMES = {
    "ipython": "IPython",
    "pillow": "PIL",
    "pytest-xdist": "xdist",
    "pyyaml": "yaml",
    "salib": "SALib",
    "scikit-learn": "sklearn",
    "vl-convert-python": "vl_convert",
}


def bounds(requirements):
    return {Requirement(line).name: Requirement(line).specifier for line in requirements}


def import_name(package):
    return IMPORT_NAMES.get(package, package.replace("-", "_"))


RUNTIME = bounds(PROJECT["dependencies"])
STUDY = bounds(PROJECT["optional-dependencies"]["study"])
TEST = bounds(PROJECT["optional-dependencies"]["test"])
BUILD = bounds(PYPROJECT["build-system"]["requires"])


# --- environment.yml --------------------------------------------------------------------------


def test_conda_environment_has_the_packages_and_bounds_of_the_project():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    *packages, pip, pip_section = environment["dependencies"]
    named = {name: SpecifierSet(bound) for name, bound in map(str.split, packages)}
    conda = {name.replace("_", "-"): bound for name, bound in named.items()}
    assert conda == {"python": SpecifierSet(PROJECT["requires-python"]), **RUNTIME}
    assert environment["channels"] == ["conda-forge"]
    assert (pip, pip_section) == ("pip", {"pip": ["--editable ."]})


# --- requirements.lock ------------------------------------------------------------------------


def locked_versions(package):
    pins = re.findall(rf"^{re.escape(package)}==([^\s;]+)", LOCK, flags=re.MULTILINE)
    return [Version(pin) for pin in pins]


@pytest.mark.parametrize(("package", "bound"), (RUNTIME | STUDY | TEST | BUILD).items())
def test_lock_holds_each_package_inside_its_bounds(package, bound):
    assert locked_versions(package)
    assert all(version in bound for version in locked_versions(package))


def test_lock_holds_nothing_but_pins_with_hashes():
    pin = r"[a-z0-9-]+==\S+(?: ; [^\n\\]+)?(?: \\\n    --hash=sha256:[0-9a-f]{64})+"
    comment = r" *#[^\n]*"
    assert re.fullmatch(rf"(?:(?:{pin}|{comment})\n)+", LOCK)


@pytest.mark.parametrize("name", ["requirements.lock", "environment.yml", "launch.py", ".ci/run"])
def test_no_host_or_index_is_named(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    named = r"://|\bwww\.|\b\w+\.(?:org|com|net|io)\b|--(?:extra-)?index|--find-links"
    assert re.findall(named, text) == []


# --- what is declared is what is imported -----------------------------------------------------


@pytest.mark.parametrize("package", [*RUNTIME, *STUDY, *TEST])
def test_each_declared_package_can_be_imported(package):
    assert importlib.util.find_spec(import_name(package))


def imported_names(source):
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module.split(".")[0]


def notebook_source(path):
    cells = nbformat.read(path, as_version=4).cells
    return "\n".join(cell.source for cell in cells if cell.cell_type == "code")


def python_source(path):
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("pattern", "read", "declared"),
    [
        ("simlib/*.py", python_source, RUNTIME),
        ("simlib/[!s]*/*.py", python_source, RUNTIME),
        ("simlib/study/*.py", python_source, RUNTIME | STUDY),
        ("notebooks/*.ipynb", notebook_source, RUNTIME),
        ("tests/**/*.py", python_source, RUNTIME | STUDY | TEST),
    ],
)
def test_each_import_is_declared(pattern, read, declared):
    paths = sorted(ROOT.glob(pattern))
    own = {"simlib", "launch", *(path.stem for path in (ROOT / "tests").glob("*.py"))}
    known = {import_name(package) for package in declared} | own | sys.stdlib_module_names
    undeclared = {path.name: set(imported_names(read(path))) - known for path in paths}
    assert paths
    assert {name: names for name, names in undeclared.items() if names} == {}


def test_the_version_is_the_same_everywhere():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## (\S+) — (\S+)$", changelog, flags=re.MULTILINE)
    assert newest.groups() == (citation["version"], str(citation["date-released"]))
    assert citation["version"] == PROJECT["version"]


# --- launch.py --------------------------------------------------------------------------------


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project to set up in which commands are only noted down; returns the list of them."""
    commands = []

    def note(command, failure):
        commands.append(command)
        launch.VENV.mkdir(exist_ok=True)
        (launch.VENV / "made").touch()

    for name in ("requirements.lock", "pyproject.toml"):
        (tmp_path / name).write_text("first", encoding="utf-8")
    monkeypatch.setattr(launch, "ROOT", tmp_path)
    monkeypatch.setattr(launch, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(launch, "BEFORE", tmp_path / ".venv-before")
    monkeypatch.setattr(launch, "LOCK", tmp_path / ".venv-lock")
    monkeypatch.setattr(launch, "VENV_PYTHON", Path(sys.executable))
    monkeypatch.setattr(launch, "STAMP", tmp_path / ".venv" / "stamp.json")
    monkeypatch.setattr(launch, "LAB_SETTINGS", tmp_path / ".venv" / "lab" / "overrides.json")
    monkeypatch.setattr(launch, "run", note)
    return commands


def kinds(commands):
    names = ("venv", "pip", launch.WARM)
    return [next(name for name in names if name in command) for command in commands]


def test_first_run_builds_and_installs_and_second_does_nothing(project):
    launch.prepare()
    assert kinds(project) == ["venv", "pip", "pip", launch.WARM]
    project.clear()
    launch.prepare()
    assert project == []


@pytest.mark.parametrize("name", ["requirements.lock", "pyproject.toml"])
def test_changed_requirements_are_installed_into_the_same_environment(project, name):
    launch.prepare()
    project.clear()
    (launch.ROOT / name).write_text("second", encoding="utf-8")
    launch.prepare()
    assert kinds(project) == ["pip", "pip", launch.WARM]


def unfinish():
    launch.STAMP.unlink()


def garble(text):
    launch.STAMP.write_text(text, encoding="utf-8")


def restamp(**changed):
    launch.STAMP.write_text(json.dumps(launch.wanted_stamp() | changed), encoding="utf-8")


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (unfinish, "did not finish"),
        (lambda: garble("{"), "did not finish"),
        (lambda: garble("[]"), "did not finish"),
        (lambda: garble("null"), "did not finish"),
        (lambda: restamp(python="3.1"), "made with Python 3.1, this is 3."),
    ],
)
def test_unusable_environment_is_rebuilt_with_a_sentence(project, capsys, damage, reason):
    launch.prepare()
    project.clear()
    damage()
    launch.prepare()
    assert kinds(project) == ["venv", "pip", "pip", launch.WARM]
    assert reason in capsys.readouterr().out
    assert launch.found_stamp() == launch.wanted_stamp()


def test_environment_whose_python_is_gone_is_rebuilt(project, monkeypatch, capsys):
    launch.prepare()
    project.clear()
    monkeypatch.setattr(launch, "VENV_PYTHON", launch.VENV / "bin" / "python")
    launch.prepare()
    assert kinds(project) == ["venv", "pip", "pip", launch.WARM]
    assert "the Python it was made with is gone" in capsys.readouterr().out


def refuse(command, failure):
    """What `launch.run` does when a command fails, here with half of its work done."""
    launch.VENV.mkdir(exist_ok=True)
    (launch.VENV / "half").touch()
    sys.exit(failure)


def test_a_moved_folder_is_linked_again_without_network_and_keeps_its_packages(project, capsys):
    launch.prepare()
    project.clear()
    restamp(folder="/elsewhere")
    launch.prepare()
    (command,) = project
    assert {"--no-index", "--editable"} <= set(command)
    assert "moved or copied" in capsys.readouterr().out
    assert (launch.VENV / "made").exists()
    assert launch.found_stamp() == launch.wanted_stamp()


@pytest.mark.parametrize("damage", [unfinish, lambda: restamp(python="3.1")])
def test_a_rebuild_that_fails_leaves_the_environment_before(project, monkeypatch, damage):
    launch.prepare()
    damage()
    before = launch.found_stamp()
    monkeypatch.setattr(launch, "run", refuse)
    with pytest.raises(SystemExit, match="Could not build"):
        launch.prepare()
    assert [path.name for path in launch.ROOT.glob(".venv*/made")] == ["made"]
    assert (launch.VENV / "made").exists()
    assert not (launch.VENV / "half").exists()
    assert launch.found_stamp() == before


def test_a_rebuild_that_is_killed_is_taken_back_at_the_next_start(project, monkeypatch):
    launch.prepare()
    restamp(python="3.1")
    launch.VENV.rename(launch.BEFORE)  # killed after this
    launch.VENV.mkdir()
    (launch.VENV / "half").touch()
    monkeypatch.setattr(launch, "run", refuse)
    with pytest.raises(SystemExit):
        launch.prepare()
    assert (launch.VENV / "made").exists()
    assert launch.found_stamp()["python"] == "3.1"


def test_failed_update_keeps_what_was_there(project, monkeypatch):
    launch.prepare()
    before = launch.found_stamp()
    (launch.ROOT / "requirements.lock").write_text("second", encoding="utf-8")
    monkeypatch.setattr(launch, "run", refuse)
    with pytest.raises(SystemExit, match="needs the network"):
        launch.prepare()
    assert launch.found_stamp() == before
    assert (launch.VENV / "made").exists()


def test_killed_update_is_built_from_nothing(project, monkeypatch, capsys):
    launch.prepare()
    (launch.ROOT / "requirements.lock").write_text("second", encoding="utf-8")

    def killed(command, failure):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(launch, "run", killed)
        with pytest.raises(KeyboardInterrupt):
            launch.prepare()
    project.clear()
    launch.prepare()
    assert kinds(project) == ["venv", "pip", "pip", launch.WARM]
    assert not launch.BEFORE.exists()


def test_a_second_start_waits_for_the_first_and_says_so(project, tmp_path, capsys):
    code = (
        "import sys, time, pathlib, launch\n"
        "launch.LOCK = pathlib.Path(sys.argv[1])\n"
        "with launch.alone():\n    print('held', flush=True)\n    time.sleep(2)\n"
    )
    command = [sys.executable, "-c", code, str(launch.LOCK)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout.readline() == "held\n"
        launch.prepare()
        assert first.wait() == 0
    assert capsys.readouterr().out.startswith("Another launch.py is setting up .venv; waiting")
    assert kinds(project) == ["venv", "pip", "pip", launch.WARM]


def test_too_old_python_is_told_which_one_is_needed(monkeypatch):
    assert SpecifierSet(PROJECT["requires-python"]) == SpecifierSet(
        ">={}.{}".format(*launch.OLDEST_PYTHON)
    )
    monkeypatch.setattr(launch, "OLDEST_PYTHON", (99, 1))
    with pytest.raises(SystemExit, match=r"needs Python 99\.1 or newer; this is Python 3\."):
        launch.check_python()


def test_old_python_can_read_the_launcher():
    ast.parse((ROOT / "launch.py").read_text(encoding="utf-8"), feature_version=(3, 7))


@pytest.mark.parametrize("missing", ["venv", "ensurepip"])
def test_missing_module_is_named_with_the_way_to_get_it(monkeypatch, missing):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == missing else 1)
    with pytest.raises(SystemExit, match=rf"lacks its module {missing}.*apt install python3-venv"):
        launch.check_python()


def test_failing_command_stops_with_its_sentence():
    launch.run([sys.executable, "-c", ""], "not said")
    with pytest.raises(SystemExit, match="the sentence"):
        launch.run([sys.executable, "-c", "raise SystemExit(3)"], "the sentence")


def test_unwritable_folder_is_told_in_words(monkeypatch):
    def unwritable():
        raise PermissionError(13, "Permission denied", "somewhere")

    monkeypatch.setattr(launch, "prepare", unwritable)
    with pytest.raises(SystemExit, match=r"Stopped: .*Permission denied: 'somewhere'"):
        launch.main([])


PYTEST = "pytest -n logical --maxprocesses 4 --dist loadfile -x"


@pytest.mark.parametrize(
    ("failing", "ran"),
    [
        ("ruff check", ["ruff check"]),
        ("mypy simlib", ["ruff check", "ruff format --check", "mypy simlib"]),
        (None, ["ruff check", "ruff format --check", "mypy simlib", PYTEST]),
    ],
)
def test_checks_run_in_order_until_one_fails(monkeypatch, failing, ran):
    said = []

    def call(command, **_):
        said.append(" ".join(command[2:]))
        return said[-1] == failing

    monkeypatch.setattr(subprocess, "call", call)
    monkeypatch.setattr(launch, "hand_over", lambda command: call(["", *command]) + 5)
    monkeypatch.setattr(launch, "prepare", lambda: None)
    if failing:
        with pytest.raises(SystemExit, match=f"Failed: {failing}"):
            launch.main(["test", "-x"])
    else:
        assert launch.main(["test", "-x"]) == 5
    assert said == ran


def test_jupyterlab_opens_the_first_notebook_and_takes_further_options(monkeypatch):
    commands = []
    monkeypatch.setattr(launch, "prepare", lambda: None)
    monkeypatch.setattr(launch, "hand_over", commands.append)
    launch.main(["--no-browser"])
    (command,) = commands
    (landing,) = (part for part in command if "/lab/tree/" in part)
    assert (ROOT / landing.partition("/lab/tree/")[2]).is_file()
    assert command[-1] == "--no-browser"


def test_jupyterlab_knows_the_setting_that_keeps_news_off():
    ((name, setting),) = launch.OFFLINE_SETTINGS.items()
    schema = Path(sys.prefix, "share/jupyter/lab/schemas", name.replace(":", "/") + ".json")
    (news,) = setting
    known = json.loads(schema.read_text(encoding="utf-8"))["properties"][news]["oneOf"]
    assert setting[news] in [option["const"] for option in known]


def test_help_lists_every_command_and_installs_nothing(tmp_path):
    for name in ("launch.py",):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    for asked in ("--help", "-h", "help"):
        command = [sys.executable, "launch.py", asked]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=10)
        assert done.returncode == 0, done.stderr
        for name in launch.COMMANDS:
            assert f"python3 launch.py {name} " in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["launch.py"]


def test_a_word_that_is_no_command_is_refused_before_anything_is_installed(monkeypatch):
    monkeypatch.setattr(launch, "prepare", lambda: pytest.fail("installs"))
    with pytest.raises(SystemExit, match=r"'galery' is no command.* page, gallery, python, test"):
        launch.main(["galery"])


@pytest.mark.parametrize(
    ("arguments", "module"),
    [
        (["page", "--no-browser"], "simlib.pages.page"),
        (["gallery", "--to", "x"], "simlib.pages.gallery"),
        (["python", "-m", "simlib.study.update", "x.csv"], "simlib.study.update"),
    ],
)
def test_a_command_runs_its_module_with_what_follows(monkeypatch, arguments, module):
    handed = []
    monkeypatch.setattr(launch, "prepare", lambda: None)
    monkeypatch.setattr(launch, "hand_over", lambda command, folder="": handed.append(command))
    launch.main(arguments)
    (command,) = handed
    assert command[:2] == ["-m", module]
    assert importlib.util.find_spec(module)
    assert command[-1] == arguments[-1]
    assert all((ROOT / part).exists() for part in command if "/notebooks" in part)


README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", re.findall(r"`?(\bpython\S* [^`|\n]+)`?", README))
def test_every_command_of_the_readme_is_the_launchers(command):
    """`python` alone would be the reader's own, without the packages."""
    _, script, *rest = command.split()
    assert script == "launch.py"
    assert not rest or rest[0] in {*launch.COMMANDS, "--help"}
    if rest[:2] == ["python", "-m"]:
        assert importlib.util.find_spec(rest[2])


def test_jupyterlab_is_told_of_the_hook_that_keeps_git_clean():
    (name,) = [option.partition("=")[2] for option in launch.LAB_OPTIONS if "hook" in option]
    module, _, function = name.rpartition(".")
    assert callable(getattr(importlib.import_module(module), function))


def test_readme_and_ci_give_the_launchers_commands():
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert re.search(r"^ *python3 launch\.py$", README, flags=re.MULTILINE)
    assert re.search(r"^ *python3 launch\.py test$", README, flags=re.MULTILINE)
    assert re.search(r"^python3 launch\.py test\b", ci, flags=re.MULTILINE)
