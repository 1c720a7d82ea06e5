"""How fast beside an older checkout, as ratios: ``python benchmarks/speed.py PATH/TO/OLDER``.

Each task runs in a process of its own, the two checkouts in turn, with the same arguments and with
money moved each time, so that nothing is repeated. Told are the least and the middle of the clock,
and the processor's seconds over all threads.
"""

import json
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
TURNS = 5
SETUP = """
import json, sys, time
sys.path.insert(0, sys.argv[1])
import simlib
def timed(move, times=5):
    move(0)
    clock, core = [], []
    for i in range(1, times + 1):
        a, b = time.perf_counter(), time.process_time()
        move(i)
        clock.append(time.perf_counter() - a)
        core.append(time.process_time() - b)
    print(json.dumps([min(clock), sorted(clock)[len(clock) // 2], min(core)]))
"""
TASKS = {
    "whole picture: three lines, equal money, ledger, 1,000 draws": """
from simlib.dashboard import compute
from simlib.dashboard.state import Scenario
timed(lambda i: compute.picture(Scenario(total=1000.0 + 37 * i), details=True))
""",
    "simulate three policies, 1,000 draws, quantiles of six outcomes": """
from simlib import load_policy
moved = [load_policy(name) for name in ("border_surge", "article_proposal")]
outcomes = ("deaths_fentanyl", "price_pure", "prison_years", "consumed_kg", "overdoses", "qalys")
def move(i):
    found = simlib.simulate([None, *(each.scaled(1 + i / 100) for each in moved)])
    [found.quantiles(name) for name in outcomes]
timed(move)
""",
    "10,000 draws under three policies, streamed": """
from simlib.analysis.scale import simulate_many
timed(lambda i: simulate_many([None, "border_surge", "article_proposal"], 10_000, seed=i + 1), 1)
""",
    "import simlib": """
import subprocess
start = f"import sys; sys.path.insert(0, {sys.argv[1]!r}); import simlib"
timed(lambda i: subprocess.run([sys.executable, "-c", start], check=True))
""",
}


def once(task: str, checkout: str) -> list[float]:
    """Least clock, middle clock and least processor seconds of a task in a fresh process."""
    command = [sys.executable, "-W", "ignore", "-c", SETUP + task, checkout]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd="/")
    found: list[float] = json.loads(done.stdout.splitlines()[-1])
    return found


def middle(turns: Sequence[Sequence[float]]) -> tuple[float, float]:
    """Median over turns of the middle clock and of the least processor seconds."""
    _, clock, core = zip(*turns, strict=True)
    return statistics.median(clock), statistics.median(core)


def main(older: str) -> None:
    """Measure and print a table."""
    print("| task | older, s | here, s | ratio of the clock | ratio of the processor |")
    print("|---|---|---|---|---|")
    for name, task in TASKS.items():
        turns = [(once(task, older), once(task, str(HERE))) for _ in range(TURNS)]
        older_turns, turns_here = zip(*turns, strict=True)
        before, core_before = middle(older_turns)
        now, core = middle(turns_here)
        ratios = f"{now / before:.2f} | {core / core_before:.2f}"
        print(f"| {name} | {before:.3f} | {now:.3f} | {ratios} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
