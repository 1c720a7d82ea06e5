"""Set up simlib in .venv beside this file, then open its notebooks or do what the command says.

    python3 launch.py [options of jupyter lab]      open the notebooks
    python3 launch.py page [options of voila]       serve the dashboard alone, without code cells
    python3 launch.py gallery [--to FOLDER]         write every notebook as a page to read
    python3 launch.py python [arguments]            run a program, or Python, with simlib in it
    python3 launch.py test [options of pytest]      run all checks and tests
    python3 launch.py --help                        say this, and install nothing

Standard library only, and plain enough for an old Python 3 to read: it has to run before anything
is installed, and to say so in words when this Python will not do.
"""

import contextlib
import hashlib
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

OLDEST_PYTHON = (3, 11)
ROOT = Path(__file__).resolve().parent
# Big arrays go back to the system when they are done with, where the C library is GNU's.
MEMORY = {"MALLOC_ARENA_MAX": "2", "MALLOC_MMAP_THRESHOLD_": str(2**20)}
VENV = ROOT / ".venv"
BEFORE = ROOT / ".venv-before"  # the last environment, until another takes its place
LOCK = ROOT / ".venv-lock"
VENV_PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = VENV / "simlib-installed.json"
LAB_OPTIONS = [
    "--LabApp.default_url=/lab/tree/notebooks/01_border_or_internal.ipynb",
    "--LabApp.extension_manager=readonly",
    "--ContentsManager.pre_save_hook=simlib.pages.tidy.unrun",
]
PAGE = "notebooks/page/dashboard.ipynb"
LAB_SETTINGS = VENV / "share/jupyter/lab/settings/overrides.json"
OFFLINE_SETTINGS = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false"}}
# A run of one draw: machine code is made now and kept, so that the first picture need not wait.
WARM = "import simlib; simlib.simulate(draws=1)"
# Files of tests side by side; more of them would need more browsers than a laptop has memory for.
ON_ALL_CORES = ["-n", "logical", "--maxprocesses", "4", "--dist", "loadfile"]
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
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def why_unusable(found, wanted):
    """Return why .venv has to be built from nothing, in words; None when it can be kept."""
    if not VENV.exists():
        return "it is not there yet"
    if found.keys() != wanted.keys():
        return "launch.py did not finish installing into it"
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
    wanted = wanted_stamp()
    if found_stamp() == wanted and starts(VENV_PYTHON):
        return
    with alone():
        restore()
        found = found_stamp()
        unusable = why_unusable(found, wanted)
        if unusable:
            rebuild(unusable, wanted)
        elif found["requirements"] != wanted["requirements"]:
            install_again(wanted)
        elif found != wanted:
            print("The folder was moved or copied: linking simlib again.", flush=True)
            link()
            STAMP.write_text(json.dumps(wanted), encoding="utf-8")


def rebuild(reason, wanted):
    """Build .venv from nothing; the one before stays until this one is finished."""
    print(f"Building .venv: {reason}.", flush=True)
    if VENV.exists():
        VENV.rename(BEFORE)
    try:
        run([sys.executable, "-m", "venv", str(VENV)], "Could not build .venv.")
        install(wanted)
    finally:
        restore()


def restore():
    """Put the environment before back in place, unless the new one is finished."""
    if not BEFORE.exists():
        return
    if found_stamp():
        shutil.rmtree(str(BEFORE), ignore_errors=True)
        return
    shutil.rmtree(str(VENV), ignore_errors=True)
    BEFORE.rename(VENV)


def install_again(wanted):
    """Install other packages into .venv; where pip refuses, it has taken everything back."""
    stamp = STAMP.read_text(encoding="utf-8")
    STAMP.unlink()  # whoever kills this leaves an environment of which nobody knows the state
    try:
        install(wanted)
    except SystemExit:
        STAMP.write_text(stamp, encoding="utf-8")
        raise


def install(wanted):
    """Install the locked packages and this project, then say that it is finished."""
    print("Installing what requirements.lock lists: a few minutes, only this once.", flush=True)
    pip_install(
        ["--require-hashes", "--only-binary=:all:", "--requirement", "requirements.lock"],
        "The packages were not installed; pip's last lines above say why. The first run needs the "
        "network, 1.8 GB of disk, and a Python from 3.11 to 3.14.",
    )
    link()
    print("Compiling the model.", flush=True)
    run([str(VENV_PYTHON), "-c", WARM], "The model could not be run; the lines above say why.")
    LAB_SETTINGS.parent.mkdir(parents=True, exist_ok=True)
    LAB_SETTINGS.write_text(json.dumps(OFFLINE_SETTINGS), encoding="utf-8")
    STAMP.write_text(json.dumps(wanted), encoding="utf-8")


def link():
    """Tell .venv where this project is; needs no network."""
    pip_install(
        ["--quiet", "--no-index", "--no-build-isolation", "--editable", "."],
        "The packages are there, but simlib itself was not installed; pip's lines above say why.",
    )


@contextlib.contextmanager
def alone():
    """Hold the right to set up; wait, and say so, while another launch.py has it."""
    said = False
    with LOCK.open("a") as file:
        while not locked(file):
            if not said:
                print(
                    "Another launch.py is setting up .venv; waiting until it is done.", flush=True
                )
            said = True
            time.sleep(0.5)
        yield


def locked(file):
    """Return whether a file could be locked; a lock ends with its process, however that ends."""
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:  # a disk that knows no locks
        return True
    return True


def pip_install(arguments, failure):
    """Install into .venv exactly what the arguments name; stop with `failure` if pip fails."""
    pip = [str(VENV_PYTHON), "-m", "pip", "--disable-pip-version-check"]
    run([*pip, "install", "--no-deps", *arguments], failure)


def run(command, failure):
    """Run a command in the project's folder; stop with `failure` unless it succeeds."""
    if subprocess.call(command, cwd=str(ROOT)) != 0:
        sys.exit("\n" + failure)


def hand_over(arguments, folder=ROOT):
    """Run .venv's Python last, which answers Ctrl-C itself; return its exit code."""
    environment = {**MEMORY, **os.environ}
    process = subprocess.Popen(
        [str(VENV_PYTHON), *arguments], cwd=folder and str(folder), env=environment
    )
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    return process.wait()


def test(arguments):
    """Run every check, pytest last; return its exit code."""
    for check in CHECKS:
        print("\n== " + " ".join(check), flush=True)
        run([str(VENV_PYTHON), "-m", *check], "Failed: " + " ".join(check))
    print("\n== pytest", flush=True)
    return hand_over(["-m", "pytest", *ON_ALL_CORES, *arguments])


def lab(arguments):
    """Open the notebooks; return the exit code."""
    return hand_over(["-m", "jupyterlab", *LAB_OPTIONS, *arguments])


def page(arguments):
    """Serve the dashboard without code cells; return the exit code."""
    return hand_over(["-m", "simlib.pages.page", PAGE, *arguments])


def gallery(arguments):
    """Write every notebook as a page, below the reader's folder; return the exit code."""
    books = str(ROOT / "notebooks")
    return hand_over(["-m", "simlib.pages.gallery", "--notebooks", books, *arguments], folder=None)


def python(arguments):
    """Run a program in the reader's folder; return its exit code."""
    return hand_over(arguments, folder=None)


COMMANDS = {"page": page, "gallery": gallery, "python": python, "test": test}


def main(arguments):
    """Do what the command line asks; return the exit code."""
    first = arguments[0] if arguments else ""
    if first in ("--help", "-h", "help"):
        print(__doc__.partition("\n\nStandard library")[0])
        return 0
    if first and first not in COMMANDS and first[0] != "-" and not Path(first).exists():
        sys.exit(
            f"{first!r} is no command and no file. Commands: {', '.join(COMMANDS)}; "
            "without one the notebooks open. More: python3 launch.py --help"
        )
    check_python()
    try:
        prepare()
        if first in COMMANDS:
            return COMMANDS[first](arguments[1:])
        return lab(arguments)
    except OSError as error:
        sys.exit(f"Stopped: {error}")
    except KeyboardInterrupt:
        sys.exit("\nStopped. Run the same command to start again.")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
