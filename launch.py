"""Set up simlib in .venv beside this file, then open its notebooks or the page, or run its checks.

    python3 launch.py [arguments for jupyter lab]
    python3 launch.py page [arguments for voila]
    python3 launch.py test [arguments for pytest]

Standard library only, and plain enough for an old Python 3 to read: it has to run before anything
is installed, and to say so in words when this Python will not do.
"""

import hashlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

OLDEST_PYTHON = (3, 11)
ROOT = Path(__file__).resolve().parent
# Big arrays go back to the system when they are done with, where the C library is GNU's.
MEMORY = {"MALLOC_ARENA_MAX": "2", "MALLOC_MMAP_THRESHOLD_": str(2**20)}
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = VENV / "simlib-installed.json"
LAB_OPTIONS = [
    "--LabApp.default_url=/lab/tree/notebooks/01_border_or_internal.ipynb",
    "--LabApp.extension_manager=readonly",
]
# The folder's voila.json forbids the page to ask anybody outside: its template would, for icons.
PAGE_OPTIONS = ["notebooks/page/dashboard.ipynb", "--Voila.config_file_paths=notebooks/page"]
LAB_SETTINGS = VENV / "share/jupyter/lab/settings/overrides.json"
OFFLINE_SETTINGS = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false"}}
CHECKS = [["ruff", "check"], ["ruff", "format", "--check"], ["mypy", "simlib"]]


def check_python():
    """Stop, saying what is missing, unless this Python can build an environment."""
    if sys.version_info < OLDEST_PYTHON:
        sys.exit(
            "simlib needs Python {}.{} or newer; this is Python {}.{}. Install a newer one and "
            "start launch.py with it, for example: python3.12 launch.py".format(
                *OLDEST_PYTHON, *sys.version_info[:2]
            )
        )
    for module in ("venv", "ensurepip"):
        if importlib.util.find_spec(module) is None:
            sys.exit(
                f"This Python ({sys.executable}) lacks its module {module}, which builds the "
                "environment. On Debian or Ubuntu: sudo apt install python3-venv. "
                "Elsewhere: install a complete Python, then run the same command again."
            )


def wanted_stamp():
    """Return what an environment must have been made from to be fit for use as it is."""
    made_from = hashlib.sha256()
    for name in ("requirements.lock", "pyproject.toml"):
        made_from.update((ROOT / name).read_bytes())
    return {
        "python": "{}.{}".format(*sys.version_info[:2]),
        "folder": str(ROOT),
        "requirements": made_from.hexdigest(),
    }


def found_stamp():
    """Return the stamp of the last finished installation; empty when there is none."""
    try:
        return json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def why_unusable(found, wanted):
    """Return why .venv has to be built from nothing, in words; None when it can be kept."""
    if not VENV.exists():
        return "it is not there yet"
    if found.keys() != wanted.keys():
        return "launch.py did not finish installing into it"
    if found["folder"] != wanted["folder"]:
        return "the folder was moved or copied from " + found["folder"]
    if found["python"] != wanted["python"]:
        return "it was made with Python {}, this is {}".format(found["python"], wanted["python"])
    if not starts(VENV_PYTHON):
        return "the Python it was made with is gone"
    return None


def starts(python):
    """Return whether a Python interpreter is there and runs."""
    try:
        return subprocess.call([str(python), "-c", ""], stderr=subprocess.DEVNULL) == 0
    except OSError:
        return False


def prepare():
    """Make .venv hold the locked packages and this project; at once when it already does."""
    wanted, found = wanted_stamp(), found_stamp()
    unusable = why_unusable(found, wanted)
    if found == wanted and not unusable:
        return
    if unusable:
        print(f"Building .venv: {unusable}.", flush=True)
        run([sys.executable, "-m", "venv", "--clear", str(VENV)], "Could not build .venv.")
    STAMP.unlink(missing_ok=True)
    print("Installing what requirements.lock lists: a few minutes, only this once.", flush=True)
    pip_install(
        ["--require-hashes", "--only-binary=:all:", "--requirement", "requirements.lock"],
        "The packages were not installed; pip's last lines above say why. The first run needs the "
        "network, 1.5 GB of disk, and a Python from 3.11 to 3.14.",
    )
    pip_install(
        ["--quiet", "--no-build-isolation", "--editable", "."],
        "The packages are there, but simlib itself was not installed; pip's lines above say why.",
    )
    LAB_SETTINGS.parent.mkdir(parents=True, exist_ok=True)
    LAB_SETTINGS.write_text(json.dumps(OFFLINE_SETTINGS), encoding="utf-8")
    STAMP.write_text(json.dumps(wanted), encoding="utf-8")


def pip_install(arguments, failure):
    """Install into .venv exactly what the arguments name; stop with `failure` if pip fails."""
    pip = [str(VENV_PYTHON), "-m", "pip", "--disable-pip-version-check"]
    run([*pip, "install", "--no-deps", *arguments], failure)


def run(command, failure):
    """Run a command in the project's folder; stop with `failure` unless it succeeds."""
    if subprocess.call(command, cwd=str(ROOT)) != 0:
        sys.exit("\n" + failure)


def hand_over(command):
    """Run the last command, which answers Ctrl-C itself; return its exit code."""
    process = subprocess.Popen(command, cwd=str(ROOT), env={**MEMORY, **os.environ})
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    return process.wait()


def test(arguments):
    """Run every check, pytest last; return its exit code."""
    for check in CHECKS:
        print("\n== " + " ".join(check), flush=True)
        run([str(VENV_PYTHON), "-m", *check], "Failed: " + " ".join(check))
    print("\n== pytest", flush=True)
    return hand_over([str(VENV_PYTHON), "-m", "pytest", *arguments])


def main(arguments):
    """Do what the command line asks; return the exit code."""
    check_python()
    try:
        prepare()
        if arguments[:1] == ["test"]:
            return test(arguments[1:])
        if arguments[:1] == ["page"]:
            return hand_over([str(VENV_PYTHON), "-m", "voila", *PAGE_OPTIONS, *arguments[1:]])
        return hand_over([str(VENV_PYTHON), "-m", "jupyterlab", *LAB_OPTIONS, *arguments])
    except OSError as error:
        sys.exit(f"Stopped: {error}")
    except KeyboardInterrupt:
        sys.exit("\nStopped. Run the same command to start again.")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
