"""Running policies on draws that an analysis has chosen itself, and judging what comes out."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simlib import model, sampling, simulation, world
from simlib.observed import load_observed
from simlib.parameters import load_parameters
from simlib.policy import Policy
from simlib.posterior import shipped_posterior
from simlib.results import Ensemble
from simlib.simulation import PROJECTED_YEARS, STEPS_PER_YEAR

Array = NDArray[np.float64]
Watch = Callable[[float], None]

BLOCK = 2_000
"""Draws in one pass: enough for speed, few enough for memory."""

DEATHS = "deaths_fentanyl"


class Sample(NamedTuple):
    """All that is uncertain about a set of draws.

    Attributes
    ----------
    parameters : by name, shape (draws,)
    error : [log], quarterly model error, shape (quarters, draws)
    """

    parameters: Mapping[str, Array]
    error: Array

    @property
    def draws(self) -> int:
        """Number of draws."""
        return self.error.shape[-1]

    def take(self, columns: Array | slice) -> "Sample":
        """Some of the draws, or the same ones several times."""
        chosen = {name: each[columns] for name, each in self.parameters.items()}
        return Sample(chosen, self.error[:, columns])

    def at(self, points: Mapping[str, Array]) -> "Sample":
        """Every draw at every point, points first.

        Parameters
        ----------
        points : pinned values by parameter, shape (points,), NaN where it stays as drawn; at
            least one parameter
        """
        count = len(next(iter(points.values())))
        tiled = self.take(np.tile(np.arange(self.draws), count))
        pinned = {}
        for name, values in points.items():
            at = np.repeat(values, self.draws)
            pinned[name] = np.where(np.isnan(at), tiled.parameters[name], at)
        return Sample({**tiled.parameters, **pinned}, tiled.error)


def sample(
    draws: int,
    seed: int = 1,
    assumptions: Mapping[str, float] | None = None,
    *,
    prior: bool = False,
) -> Sample:
    """The draws that `simulate` would make with the same arguments."""
    parameters = load_parameters()
    posterior = None if prior else shipped_posterior()
    pinned = parameters.check(assumptions or {})
    p = sampling.draw(parameters, draws, seed, pinned, posterior)
    return Sample(p, simulation.model_error(p, seed, posterior, load_observed(), draws))


def run(
    policies: Sequence[Policy],
    chosen: Sample,
    until: int | None = None,
    scale: Array | None = None,
) -> Ensemble:
    """Simulate policies on given draws.

    Parameters
    ----------
    policies : the first is the reference
    chosen : Sample
    until : last year; default ten years after the record
    scale : share of each policy's programme money that is spent, shape (policies, draws or 1)
    """
    observed, dt = load_observed(), 1 / STEPS_PER_YEAR
    end, p = world.record_end(observed), chosen.parameters
    last = int(np.ceil(end)) + PROJECTED_YEARS - 1 if until is None else until
    past = simulation.history(p, observed, chosen.error)
    time = simulation._mid_steps(end, last + 1, STEPS_PER_YEAR)
    drivers = world.drivers(p, observed, time, simulation._by_step(chosen.error, time))
    levers = simulation.planned(policies, time)
    if scale is not None:
        levers = {k: v if k.startswith("sentence_") else v * scale for k, v in levers.items()}
    state = simulation._spread(past.state, len(policies), levers)
    first = world.Drivers(*(series[0] for series in drivers))
    today = model.today_from(past.state, p, past.anchors, first, dt)
    _, flows = model.run(state, p, past.anchors, drivers, levers, today, dt)
    flows |= simulation._described(drivers, dt)
    flows |= simulation.spending(policies, levers, p, time, dt)
    return Ensemble(tuple(each.name for each in policies), past.flows, flows, p, {"until": last})


def totals(ensemble: Ensemble, outcome: str) -> Array:
    """An outcome summed over the projection, shape (policies, draws)."""
    return ensemble.yearly(outcome)[ensemble.years >= _first_year(ensemble)].sum(axis=0)


def _first_year(ensemble: Ensemble) -> int:
    return int(np.floor(ensemble.projection["time"].ravel()[0]))


def blocks(draws: int, size: int = BLOCK) -> Iterator[slice]:
    """Cuts of a set of draws that can be run one after the other."""
    for first in range(0, draws, size):
        yield slice(first, min(first + size, draws))


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
    found = {name: np.empty((len(policies), chosen.draws)) for name in outcomes}
    for cut in blocks(chosen.draws):
        part = scale if scale is None or scale.shape[-1] == 1 else scale[:, cut]
        ensemble = run(policies, chosen.take(cut), scale=part, **options)
        for name, values in found.items():
            values[:, cut] = totals(ensemble, name)
        if watch is not None:
            watch(cut.stop / chosen.draws)
    return found
