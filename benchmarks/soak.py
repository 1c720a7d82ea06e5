"""A thousand random moves in JupyterLab in Chromium, and what they leave behind.

``python benchmarks/soak.py``: after 50 moves and a file of each kind to warm up, 1,000 seeded
moves with undo, presets, files and broken input mixed in. It fails when an error shows, when
widgets or comms are left over, when the memory that the kernel uses grows by 5 % or more, or when
what is on screen at the end is not what the state gives when it is computed directly.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import soak as moves_of
import test_browser as browser_test

WARM_UP, MOVES = 50, 1000
MOST_GROWTH = 0.05


def main() -> None:
    """Run, print and judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moves", type=int, default=MOVES)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    folders = type("Folders", (), {"mktemp": lambda self, _: Path(tempfile.mkdtemp())})()
    lab = browser_test.lab.__wrapped__(folders)
    browser = browser_test.browser.__wrapped__()
    opened = browser_test.opened.__wrapped__(next(lab), next(browser))
    try:
        failed = soak(next(opened), chosen.moves, chosen.seed)
    finally:
        for started in (opened, browser, lab):
            started.close()
    if failed:
        sys.exit("The soak failed.")


def soak(found: dict[str, Any], moves: int, seed: int) -> bool:
    """Make the moves and print what they leave behind; whether that is too much."""
    page = found["page"]
    browser_test._in_full(page)
    reader = moves_of.Reader(page, seed)
    for kind in moves_of.DOWNLOADS:  # the library that draws files stays in memory from its first
        reader.download(kind)
    for _ in range(WARM_UP):
        reader.move()
    browser_test.check_final_state(page)
    before, begun = moves_of.kernel_state(page), time.monotonic()
    for _ in range(moves):
        reader.move()
    print(f"{moves} moves in {time.monotonic() - begun:.0f} s: {reader.done}", flush=True)
    browser_test.check_final_state(page)
    after = moves_of.kernel_state(page)
    growth = after[2] / before[2] - 1
    print(f"widgets {before[0]} -> {after[0]}, comms {before[1]} -> {after[1]}")
    print(f"memory {before[2] / 1e6:.0f} -> {after[2] / 1e6:.0f} MB ({growth:+.1%})")
    print(f"complaints of the page: {found['complaints'] or 'none'}")
    return bool(found["complaints"]) or after[:2] != before[:2] or growth >= MOST_GROWTH


if __name__ == "__main__":
    main()
