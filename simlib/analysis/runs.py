"""Running policies on draws that an analysis has chosen itself, and judging what comes out."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simlib import world
from simlib.errors import InputError, is_finite, plain, shown
from simlib.inputs import sampling
from simlib.inputs.arrays import Array
from simlib.inputs.observed import load_observed
from simlib.inputs.parameters import load_parameters
from simlib.inputs.policy import Policy
from simlib.inputs.posterior import shipped_posterior
from simlib.inputs.sampling import Sample
from simlib.results import Ensemble
from simlib.runs import Watch
from simlib.simulation import STEPS_PER_YEAR, begin, checked, history, project

BLOCK = 6_000
"""Draws times policies in one pass: enough for speed, few enough for memory."""

DEATHS = "deaths_fentanyl"


class FromPrior(Sample):
    """Draws of the prior, which know nothing of the record; all others are of a posterior."""

    __slots__ = ()


def progress(label: str) -> Watch:
    """A progress bar that can be handed over as `watch`; interrupting the kernel stops the work."""
    from tqdm.auto import tqdm

    bar = tqdm(total=1.0, desc=label, bar_format="{desc} {percentage:3.0f} % |{bar}| {remaining}")

    def watch(share: float) -> None:
        bar.update(share - bar.n)
        if share >= 1:
            bar.close()

    return watch


def take(chosen: Sample, columns: NDArray[np.int64] | slice) -> Sample:
    """Some of the draws, or the same ones several times."""
    parameters = {name: each[columns] for name, each in chosen.parameters.items()}
    return chosen._replace(parameters=parameters, error=chosen.error[:, columns])


def size(chosen: Sample) -> int:
    """Number of draws."""
    return int(chosen.error.shape[-1])


def at(chosen: Sample, points: Sequence[Mapping[str, float]]) -> Sample:
    """Every draw at every point, points first.

    Parameters
    ----------
    points : what is pinned at each, by parameter; the rest stays as drawn
    """
    draws = size(chosen)
    tiled = take(chosen, np.tile(np.arange(draws), len(points)))
    pinned = {name: tiled.parameters[name].copy() for name in set().union(*points)}
    for i, point in enumerate(points):
        for name, value in point.items():
            pinned[name][i * draws : (i + 1) * draws] = value
    return tiled._replace(parameters={**tiled.parameters, **pinned})


def sample(
    draws: int,
    seed: int = 1,
    assumptions: Mapping[str, float] | None = None,
    *,
    prior: bool = False,
    first: int = 0,
) -> Sample:
    """The draws that `simulate` would make with the same arguments, from draw `first` on.

    Raises
    ------
    InputError
        When `simulate` would refuse the draws, the seed or an assumption.
    """
    parameters, draws, seed = load_parameters(), plain(draws), plain(seed)
    checked(draws, None, seed, STEPS_PER_YEAR, world.record_end(load_observed()))
    found = sampling.sample(
        parameters,
        draws,
        seed,
        parameters.check({} if assumptions is None else assumptions),
        None if prior else shipped_posterior(),
        first=first,
        record_quarters=world.record_quarters(load_observed()),
    )
    return FromPrior(*found) if prior else found


def last_year(until: int | None = None) -> int:
    """Last projected year; default ten years after the record.

    Raises
    ------
    InputError
        When `simulate` would refuse it.
    """
    return checked(1, until, 1, STEPS_PER_YEAR, world.record_end(load_observed()))


def check_total(total_musd: float) -> float:
    """Money of a strategy, which must be above 0 [million USD a year]."""
    if not is_finite(total_musd) or total_musd <= 0:
        raise InputError(f"total_musd: {shown(total_musd)} is not above 0 million USD a year")
    return float(total_musd)


def run(
    policies: Sequence[Policy],
    chosen: Sample,
    until: int | None = None,
    scale: Array | None = None,
) -> Ensemble:
    """Simulate policies on given draws, the first of them the reference.

    Parameters
    ----------
    chosen : from :func:`sample`; the same draws give what `simulate` gives
    until : last year; default ten years after the record
    scale : share of each policy's programme money that is spent, shape (policies, draws or 1)
    """
    observed, last = load_observed(), last_year(until)
    recorded = not isinstance(chosen, FromPrior)
    past = history(chosen.parameters, observed, chosen.error, recorded=recorded)
    return project(policies, begin(chosen, observed, last, past), scale=scale)


def totals(ensemble: Ensemble, outcome: str) -> Array:
    """An outcome summed over the projection, shape (policies, draws)."""
    return ensemble.yearly(outcome)[ensemble.years >= _first_year(ensemble)].sum(axis=0)


def _first_year(ensemble: Ensemble) -> int:
    return int(np.floor(ensemble.projection["time"].ravel()[0]))


def blocks(draws: int, length: int) -> Iterator[slice]:
    """Cuts of a set of draws that can be run one after the other."""
    for first in range(0, draws, length):
        yield slice(first, min(first + length, draws))


def summed(
    policies: Sequence[Policy],
    chosen: Sample,
    outcomes: Sequence[str],
    scale: Array | None = None,
    watch: Watch | None = None,
    **options: Any,
) -> dict[str, Array]:
    """Outcomes summed over the projection, run in blocks; shape (policies, draws) each.

    Parameters
    ----------
    watch : called after each block with the share done; what it raises stops the run
    **options : for :func:`run`
    """
    found = {name: np.empty((len(policies), size(chosen))) for name in outcomes}
    for cut in blocks(size(chosen), max(BLOCK // len(policies), 1)):
        part = scale if scale is None or scale.shape[-1] == 1 else scale[:, cut]
        ensemble = run(policies, take(chosen, cut), scale=part, **options)
        for name, values in found.items():
            values[:, cut] = totals(ensemble, name)
        if watch is not None:
            watch(cut.stop / size(chosen))
    return found
