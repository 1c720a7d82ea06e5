"""Independent runs of the sampler: one process each, stored when finished, skipped on restart.

Each run depends on its own seed alone and uses one thread, so the numbers are the same on any
number of workers.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from hashlib import sha256
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread
from time import process_time
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from simlib import explanations, simulation
from simlib.calibration import build, likelihood
from simlib.observed import RECORD, Observed, load_observed
from simlib.parameters import Parameters, load_parameters
from simlib.version import model_hash

Array = NDArray[np.float64]

SECOND = "second_method"
"""Stands for the posterior of all explanations together by the library's own sampler."""
FORECAST_FROM = 2022.0
"""Quarters from here on are each forecast before they are taken in."""
ONE_THREAD = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "JAX_PLATFORMS": "cpu",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
}


class Settings(NamedTuple):
    """How hard to work; the defaults make the shipped posterior."""

    particles: int = 1000
    moves: int = 6
    runs: int = 4
    seed: int = build.SEED


class Job(NamedTuple):
    """One run of one explanation."""

    explanation: str
    run: int
    settings: Settings

    @property
    def path(self) -> str:
        """Name of its file, which no other model, record or setting shares."""
        return f"{self.explanation}-{self.run}-{_key(self.settings)}.npz"


def _key(settings: Settings) -> str:
    """What stored results depend on; not the number of runs, so that more can be added."""
    names = build.informed(load_parameters())
    held = [explanations.held(name, load_parameters()) for name in explanations.EXPLANATIONS]
    text = f"{model_hash()} {settings._replace(runs=0)} {names} {held} {FORECAST_FROM}"
    return sha256(text.encode()).hexdigest()[:12]


class Run(NamedTuple):
    """What one run found."""

    scores: Array
    """Normal scores of the free parameters, shape (particles, free parameters)."""
    log_predictive: Array
    """Deaths before the forecasts, each quarter forecast, the other witnesses; (pieces,)."""
    acceptance: Array
    """Share of moves accepted, round by round."""
    evaluations: Array
    seconds: Array
    """Processor time, shape ()."""


def free(explanation: str, parameters: Parameters) -> tuple[str, ...]:
    """Names of the parameters that are sampled under an explanation."""
    held = explanations.held(explanation, parameters)
    return tuple(name for name in build.informed(parameters) if name not in held)


def draws(scores: Array, explanation: str, parameters: Parameters) -> dict[str, Array]:
    """Draws of all parameters under an explanation."""
    held = explanations.held(explanation, parameters)
    return build.draws_from(scores, free(explanation, parameters), parameters, held)


def forecast_quarters(observed: Observed) -> tuple[str, ...]:
    """Quarters that are forecast before they are taken in."""
    series = observed[RECORD]
    return tuple(p for p, start in zip(series.periods, series.start, strict=True) if _late(start))


def _late(start: float) -> bool:
    return bool(start >= FORECAST_FROM - 1 / 24)


def pieces(p: Mapping[str, Array], observed: Observed) -> Array:
    """Log likelihood in the order in which it is taken in, shape (pieces, draws).

    Deaths before the forecasts; each later quarter given all before it; then all other witnesses,
    so that no forecast of deaths has seen what other series say about the fall.
    """
    flows = simulation.history(p, observed).flows
    deaths = likelihood.deaths_one_ahead(p, flows, observed)
    late = observed[RECORD].start >= FORECAST_FROM - 1 / 24
    everything = likelihood.log_likelihood(p, flows, observed)
    others = everything - deaths.sum(axis=0)
    return np.stack([deaths[~late].sum(axis=0), *deaths[late], others])


def perform(job: Job, folder: Path) -> Run:
    """Run a job, or read it where it is finished already."""
    path = folder / job.path
    if path.exists():
        return _read(path)
    begun = process_time()
    found = _second_method(job) if job.explanation == SECOND else _along_the_record(job)
    run = Run(
        found.scores,
        np.atleast_1d(getattr(found, "log_predictive", found.log_evidence)),
        np.array(found.acceptance),
        np.array(found.evaluations),
        np.array(process_time() - begun),
    )
    unfinished = path.with_suffix(f".{os.getpid()}.part")
    with unfinished.open("wb") as file:
        np.savez(file, allow_pickle=False, **run._asdict())
    unfinished.replace(path)  # a kill leaves either no file or a whole one
    return run


def _second_method(job: Job) -> Any:
    size = (job.settings.particles, job.settings.moves)
    return build.calibrate(load_parameters(), load_observed(), *size, _seed(job))[1]


def _along_the_record(job: Job) -> Any:
    from simlib.calibration import annealing  # brings in jax, which only these runs need

    parameters, observed = load_parameters(), load_observed()

    def of_scores(scores: Array) -> Array:
        return pieces(draws(scores, job.explanation, parameters), observed)

    return annealing.sample(
        lambda scores: build.in_batches(scores, of_scores),
        len(free(job.explanation, parameters)),
        job.settings.particles,
        job.settings.moves,
        _seed(job),
    )


def _read(path: Path) -> Run:
    with np.load(path, allow_pickle=False) as stored:
        return Run(**{name: stored[name] for name in Run._fields})


def _seed(job: Job) -> int:
    """Seed of a run: its own, whatever else is run."""
    text = f"{job.settings.seed} {job.explanation} {job.run}"
    return int.from_bytes(sha256(text.encode()).digest()[:4])


def perform_all(
    names: Sequence[str], settings: Settings, folder: Path, workers: int
) -> dict[str, list[Run]]:
    """All runs of the explanations named (or of `SECOND`), in a number of processes.

    Parameters
    ----------
    folder : where finished runs are kept; made if need be

    Returns
    -------
    dict of explanation -> runs in their order
    """
    folder.mkdir(parents=True, exist_ok=True)
    jobs = [Job(name, run, settings) for run in range(settings.runs) for name in names]
    context = get_context("spawn")
    with _one_thread(), ProcessPoolExecutor(workers, context, _end_with_parent) as pool:
        waiting = [pool.submit(perform, job, folder) for job in jobs]
        try:
            for each in tqdm(as_completed(waiting), total=len(waiting), unit="run"):
                each.result()
        except BaseException:  # one failed, or the reader stopped it: start no others
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    found: dict[str, list[Run]] = {name: [] for name in names}
    for job in jobs:
        found[job.explanation].append(_read(folder / job.path))
    return found


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
