"""Rebuild the shipped posterior: ``python -m simlib.calibration``."""

import argparse
from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from simlib.calibration import build
from simlib.observed import load_observed
from simlib.parameters import load_parameters
from simlib.posterior import SHIPPED


def main() -> None:
    """Calibrate and write the first rows of the posterior to a file."""
    parser = argparse.ArgumentParser(prog="python -m simlib.calibration", description=main.__doc__)
    parser.add_argument("--particles", type=int, default=build.PARTICLES)
    parser.add_argument("--moves", type=int, default=build.MOVES)
    parser.add_argument("--seed", type=int, default=build.SEED)
    parser.add_argument("--to", type=Path, default=SHIPPED, help="file to write")
    chosen = parser.parse_args()
    with tqdm(total=1.0, bar_format="{l_bar}{bar}| {elapsed}") as bar:

        def progress(temperature: float) -> None:
            bar.update(temperature - bar.n)

        posterior, _ = build.calibrate(
            load_parameters(),
            load_observed(),
            chosen.particles,
            chosen.moves,
            chosen.seed,
            progress,
        )
    rows = {name: column[: build.SHIPPED_ROWS] for name, column in posterior.values.items()}
    kept = replace(posterior, values=rows, residual=posterior.residual[: build.SHIPPED_ROWS])
    kept.save(chosen.to)
    for name, value in kept.about.items():
        print(f"{name}: {value}")


if __name__ == "__main__":
    main()
