"""Long studies in pieces: each stored when finished and skipped on restart.

A piece depends on its key and the settings alone and is worked out in one thread, so the numbers
are the same on any number of workers, and after any number of kills.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread

from tqdm import tqdm

from simlib.errors import InputError
from simlib.inputs.arrays import Array
from simlib.inputs.paths import read_arrays, write_arrays

Piece = Mapping[str, Array]

WORKERS = 2
FOLDER = Path(".study")
"""Where finished pieces wait for the others, below the folder the command is run in."""
ONE_THREAD = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "JAX_PLATFORMS": "cpu",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
}


def perform_all(
    work: Callable[[str], Piece],
    keys: Sequence[str],
    folder: Path,
    workers: int = WORKERS,
    label: str = "",
) -> dict[str, Piece]:
    """Pieces by key, in the order of the keys; those that are stored already are only read.

    Parameters
    ----------
    work : function of a module, or a `functools.partial` of one: another process must find it
    folder : where finished pieces are kept, made if need be; one folder a model and settings
    label : shown beside the progress bar
    """
    folder.mkdir(parents=True, exist_ok=True)
    found = {key: piece for key in keys if (piece := _read(folder / f"{key}.npz")) is not None}
    missing = [key for key in keys if key not in found]
    bar = tqdm(total=len(keys), initial=len(found), desc=label, unit="piece")
    pool = ProcessPoolExecutor(workers, get_context("spawn"), _end_with_parent)
    with bar, _one_thread(), pool:
        waiting = {pool.submit(_perform, work, key, folder): key for key in missing}
        try:
            for each in as_completed(waiting):
                found[waiting[each]] = each.result()
                bar.update()
        except BaseException:  # one failed, or the reader stopped it: start no others
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return {key: found[key] for key in keys}


def _perform(work: Callable[[str], Piece], key: str, folder: Path) -> Piece:
    """Work out one piece and store it: after a kill there is a whole file or none."""
    piece = work(key)
    write_arrays(folder / f"{key}.npz", piece)
    return piece


def _read(path: Path) -> Piece | None:
    """A stored piece; None when there is none, or none that can be read."""
    try:
        return read_arrays(path, "a piece")
    except InputError:
        return None


def _end_with_parent() -> None:
    """End this process when the one that started it is killed, which else it would not notice."""

    def watch() -> None:
        parent = parent_process()
        if parent is not None:
            parent.join()
            os._exit(1)

    Thread(target=watch, daemon=True).start()


@contextmanager
def _one_thread() -> Iterator[None]:
    """Processes started within use one thread each: libraries read this when they are loaded."""
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(ONE_THREAD)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value
