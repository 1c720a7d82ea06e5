"""Rebuild the shipped posterior: ``python -m simlib.study``."""

import argparse
from pathlib import Path

from simlib.inputs.posterior import SHIPPED
from simlib.study.runs import Settings
from simlib.study.study import calibrate


def main() -> None:
    """Calibrate every explanation, weigh them, write the mixture; a restart goes on from before.

    Ends with an error, and writes nothing, when independent runs or the two methods disagree.
    """
    usual = Settings()
    parser = argparse.ArgumentParser(prog="python -m simlib.study", description=main.__doc__)
    parser.add_argument("--particles", type=int, default=usual.particles)
    parser.add_argument("--moves", type=int, default=usual.moves)
    parser.add_argument("--runs", type=int, default=usual.runs, help="of each explanation")
    parser.add_argument("--seed", type=int, default=usual.seed)
    parser.add_argument("--workers", type=int, default=2, help="processes")
    parser.add_argument(
        "--work", type=Path, default=Path("calibration_runs"), help="folder of finished runs"
    )
    parser.add_argument("--to", type=Path, default=SHIPPED, help="file to write")
    chosen = parser.parse_args()
    settings = Settings(chosen.particles, chosen.moves, chosen.runs, chosen.seed)
    posterior = calibrate(settings, chosen.work, chosen.workers)
    posterior.save(chosen.to)
    for name, value in posterior.about.items():
        print(f"{name}: {value}")


if __name__ == "__main__":
    main()
