"""What the commands of the studies share: options, the folder of pieces, tables that say whose."""

import argparse
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from simlib.inputs.paths import write_whole
from simlib.inputs.tables import DATA
from simlib.study import pieces
from simlib.study.fingerprint import model_fingerprint, past_fingerprint
from simlib.study.refit import Effort

RESULTS = DATA / "study"
SEED = 2026
FAST = Effort()
PAST = ("contraction", "coverage", "coverage_check")
"""Tables that no change of the projection touches."""


class Options(NamedTuple):
    """How a study is run."""

    effort: Effort = FAST
    seed: int = SEED
    workers: int = pieces.WORKERS
    folder: Path = pieces.FOLDER
    to: Path = RESULTS

    def pieces_of(self, study: str) -> Path:
        """Folder of a study's pieces: no other posterior, effort or seed shares it."""
        effort = f"{self.effort.particles}x{self.effort.moves}"
        return self.folder / f"{study}-{past_fingerprint()}-{effort}-{self.seed}"


def parser(study: str, described: str | None, effort: Effort = FAST) -> argparse.ArgumentParser:
    """Parser of a command's line, to which a study may add options of its own."""
    found = argparse.ArgumentParser(prog=f"python -m simlib.study.{study}")
    found.description = described
    default = Options()
    found.add_argument("--particles", type=int, default=effort.particles)
    found.add_argument("--moves", type=int, default=effort.moves)
    found.add_argument("--seed", type=int, default=default.seed)
    found.add_argument("--workers", type=int, default=default.workers)
    found.add_argument("--folder", type=Path, default=default.folder, help="of finished pieces")
    found.add_argument("--to", type=Path, default=default.to, help="folder of the tables")
    return found


def chosen(line: argparse.Namespace) -> Options:
    """Options as given on the command's line."""
    effort = Effort(line.particles, line.moves)
    return Options(effort, line.seed, line.workers, line.folder, line.to)


def write(table: pd.DataFrame, name: str, run: Options) -> None:
    """Write a table with the model and the settings that it belongs to in every row.

    A table on the posterior alone belongs to the past of the model, others to all of it.
    """
    run.to.mkdir(parents=True, exist_ok=True)
    settings = f"{run.effort.particles} particles, {run.effort.moves} moves, seed {run.seed}"
    model = past_fingerprint() if name in PAST else model_fingerprint()
    belongs = table.assign(model=model, settings=settings)
    path = run.to / f"{name}.csv"
    text = belongs.to_csv(index=False, float_format="%.5g", lineterminator="\n")
    write_whole(path, lambda file: file.write(text.encode()))
    print(f"{path}: {len(belongs)} rows")
