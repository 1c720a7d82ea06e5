"""simlib and what a modeller might take instead, on the same model: ``python benchmarks/peers.py``.

Needs the extra `peers`. The model is events 3 to 6 of :mod:`simlib.model.month` over ten years, as
written in `same_model/equations.py` for tools that want a model of their own kind; simlib finds
events 1 and 2 besides. Every tool is held to simlib's deaths of every draw and month. Each runs in
a process of its own. A tool that cannot share an environment with the others gets its own
interpreter: ``--python bptk=/path/to/python``.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from same_model.given import Told

HERE = Path(__file__).parent
TOOLS = ("summer", "bptk", "ema", "vensim")
LARGEST_DISTANCE = 1e-9
AT_LEAST_PEERS = 2
"""Times the speed of the fastest peer, on one core; simlib finds events 1 and 2 besides."""


def lines(module: str, *given: str, python: str = sys.executable) -> list[list[Any]]:
    """What a module of `same_model` prints in a process of its own."""
    command = [python, "-W", "ignore", "-m", f"same_model.{module}", *given]
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True)
    if done.returncode:
        print(f"{module} did not run: {done.stderr.splitlines()[-1]}", flush=True)
        return []
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]


def measured(draws: int, pythons: Mapping[str, str]) -> list[Told]:
    """All measurements, those of simlib first."""
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder, "given.npz"))
        found = lines("itself", str(draws), file)
        for tool in TOOLS:
            found += lines(tool, file, python=pythons.get(tool, sys.executable))
    return [Told(*each) for each in found]


def table(results: list[Told]) -> None:
    """One line a measurement; the ratio is simlib's loop's speed over the tool's."""
    own = results[0].seconds / results[0].draws
    print("| tool | way | draws | ms a draw | draws a second | ratio | first run s | apart |")
    print("|---|---|---|---|---|---|---|---|")
    for each in results:
        cost = each.seconds / each.draws
        print(
            f"| {each.tool} | {each.way} | {each.draws:,} | {1000 * cost:.3f} | {1 / cost:,.0f} "
            f"| {cost / own:.2f} | {each.first:.2f} | {each.apart:.0e} |"
        )


def same_model(tool: str, apart: float) -> None:
    """Stop when a tool does not give simlib's deaths: its speed would say nothing."""
    if apart > LARGEST_DISTANCE:
        sys.exit(f"not the same model: {tool}, {apart:.0e} apart")


def verdict(results: list[Told]) -> None:
    """How simlib does against the fastest peer."""
    own = results[0].seconds / results[0].draws
    others = [each for each in results if each.tool.split()[0] != "simlib"]
    fastest = min(others, key=lambda each: each.seconds / each.draws)
    ahead = fastest.seconds / fastest.draws / own
    met = "met" if ahead >= AT_LEAST_PEERS else "missed"
    print(f"simlib: {ahead:.2f} times the speed of {fastest.tool}, {fastest.way}: {met}")


def main() -> None:
    """Check, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=1_000)
    parser.add_argument("--python", action="append", default=[], metavar="TOOL=PATH")
    asked = parser.parse_args()
    results = measured(asked.draws, dict(each.split("=", 1) for each in asked.python))
    table(results)
    for each in results:
        same_model(each.tool, each.apart)
    verdict(results)


if __name__ == "__main__":
    main()
