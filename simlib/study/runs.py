"""Independent runs of the sampler, each a piece of the study with a seed of its own."""

from collections.abc import Mapping, Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path
from time import process_time
from typing import Any, NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from simlib import simulation
from simlib.analysis import explanations
from simlib.inputs.arrays import Array
from simlib.inputs.observed import RECORD, Observed, load_observed
from simlib.inputs.parameters import Parameters, load_parameters
from simlib.study import build, likelihood, pieces
from simlib.study.fingerprint import past_fingerprint
from simlib.study.refit import Effort, refit, witness_of

SECOND = "second_method"
"""Stands for the posterior of all explanations together by the library's own sampler."""
FORECAST_FROM = 2022.0
"""Quarters from here on are each forecast before they are taken in."""


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
    def key(self) -> str:
        """Name of its piece, which no other model, record or setting shares."""
        return f"{self.explanation}-{self.run}-{_key(self.settings)}"


def _key(settings: Settings) -> str:
    """What stored results depend on; not the number of runs, so that more can be added."""
    names = build.informed(load_parameters())
    held = [explanations.held(name, load_parameters()) for name in explanations.EXPLANATIONS]
    text = f"{past_fingerprint()} {settings._replace(runs=0)} {names} {held} {FORECAST_FROM}"
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


def taken_in(p: Mapping[str, Array], observed: Observed) -> Array:
    """Log likelihood in the order in which it is taken in, shape (quarters + 2, draws).

    Deaths before the forecasts; each later quarter given all before it; then all other witnesses,
    so that no forecast of deaths has seen what other series say about the fall.
    """
    flows = simulation.history(p, observed).flows
    deaths = likelihood.deaths_one_ahead(p, flows, observed)
    late = observed[RECORD].start >= FORECAST_FROM - 1 / 24
    everything = likelihood.log_likelihood(p, flows, observed)
    others = everything - deaths.sum(axis=0)
    return np.stack([deaths[~late].sum(axis=0), *deaths[late], others])


@threadpool_limits.wrap(limits=1)  # several threads would round otherwise, and so draw otherwise
def perform(job: Job) -> Run:
    """Run a job; the numbers depend on nothing else."""
    begun = process_time()
    parameters, observed = load_parameters(), load_observed()
    if job.explanation == SECOND:
        effort = Effort(job.settings.particles, job.settings.moves)
        second = refit(witness_of(observed), parameters, observed, effort, _seed(job)).sample
        found: Any = second
        predictive = np.atleast_1d(second.log_evidence)
    else:
        found = _along_the_record(job, parameters, observed)
        predictive = found.log_predictive
    return Run(
        found.scores,
        predictive,
        np.array(found.acceptance),
        np.array(found.evaluations),
        np.array(process_time() - begun),
    )


def _along_the_record(job: Job, parameters: Parameters, observed: Observed) -> Any:
    from simlib.study import annealing  # brings in jax, which only these runs need

    def of_scores(scores: Array) -> Array:
        return taken_in(draws(scores, job.explanation, parameters), observed)

    return annealing.sample(
        lambda scores: build.in_batches(scores, of_scores),
        len(free(job.explanation, parameters)),
        job.settings.particles,
        job.settings.moves,
        _seed(job),
    )


def _seed(job: Job) -> int:
    """Seed of a run: its own, whatever else is run."""
    text = f"{job.settings.seed} {job.explanation} {job.run}"
    return int.from_bytes(sha256(text.encode()).digest()[:4])


def perform_all(
    names: Sequence[str], settings: Settings, folder: Path, workers: int
) -> dict[str, list[Run]]:
    """All runs of the explanations named (or of `SECOND`); those that are stored are only read.

    Parameters
    ----------
    folder, workers : see `pieces.perform_all`

    Returns
    -------
    dict of explanation -> runs in their order
    """
    jobs = {
        job.key: job for r in range(settings.runs) for job in (Job(n, r, settings) for n in names)
    }
    stored = pieces.perform_all(partial(_piece, jobs), list(jobs), folder, workers, "runs")
    found: dict[str, list[Run]] = {name: [] for name in names}
    for key, job in jobs.items():
        found[job.explanation].append(Run(**stored[key]))
    return found


def _piece(jobs: Mapping[str, Job], key: str) -> pieces.Piece:
    return perform(jobs[key])._asdict()
