"""simulate(): draws -> history, once -> projection of any number of policies in one pass."""

from collections import ChainMap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, NamedTuple, cast

import numpy as np

from simlib import money, runs, world
from simlib.block import Work
from simlib.errors import Faults, plain, shown
from simlib.inputs import record, sampling
from simlib.inputs.arrays import Array, closed
from simlib.inputs.observed import Observed, load_observed
from simlib.inputs.parameters import load_parameters
from simlib.inputs.policy import Policy, policies_of
from simlib.inputs.posterior import Posterior, shipped_posterior
from simlib.inputs.tables import PAYERS, costs_money, load_programmes
from simlib.kept_runs import KNOWN, SideBySide
from simlib.model import today as conditions
from simlib.model.future import Anchors, Drivers, Future, Stocks
from simlib.results import Ensemble
from simlib.version import __version__

STEPS_PER_YEAR = 12
DRAWS = 1000
PROJECTED_YEARS = 10
LAST_YEAR = 2050
MOST_DRAWS = 200_000
MOST_KEPT = 10_000
"""Draws of a history that is kept for the next call; more would fill the memory."""
FEW_RUNS = 3
"""So many that were run at once are kept as they are, more as copies of their own."""


class Past(NamedTuple):
    """The simulated history of a set of draws."""

    stocks: Stocks
    """At the end of the record, shape (draws,)."""
    flows: Mapping[str, Array]
    anchors: Anchors


@dataclass(frozen=True, eq=False)
class Begun:
    """What a projection of a set of draws begins from, whatever the policy."""

    parameters: Mapping[str, Array]
    past: Past
    drivers: Drivers
    time: Array
    """Middle of each projected step [decimal year]."""
    future: Future
    work: Work
    """What every policy's run has in common."""
    described: Mapping[str, Array]
    """What outcomes need to know about the steps besides the flows."""
    dt: float
    shared: bool = False
    """Whether other calls have it too, so that its runs are worth keeping."""


def simulate(
    policy: str | Policy | Sequence[str | Policy | None] | None = None,
    draws: int = DRAWS,
    until: int | None = None,
    assumptions: Mapping[str, float] | None = None,
    *,
    seed: int = 1,
    prior: bool = False,
    posterior: Posterior | None = None,
    steps_per_year: int = STEPS_PER_YEAR,
    watch: runs.Watch = lambda done: None,
) -> Ensemble:
    """Simulate the record and the projection under one or more policies on the same draws.

    Parameters
    ----------
    policy : name of a shipped policy, a Policy, or several; None is the status quo
    draws : number of draws, 1 to 200,000
    until : last calendar year of the projection, to 2050; default ten years after the record
    assumptions : values by parameter name that override their distribution
    seed : any whole number; the same seed gives the same numbers
    prior : draw every parameter from its prior, not from a posterior
    posterior : to draw from instead of the shipped one, such as an updated one
    steps_per_year : a multiple of 12
    watch : called after each projected step with the share done, 0 to 1; what it raises stops
        the run

    Returns
    -------
    Ensemble
        Outcomes by policy, time and draw; an unnamed status quo is named ``status_quo``.

    Raises
    ------
    InputError
        Naming every field, bound and allowed value that was broken.
    """
    _check_kinds(prior, posterior, watch)
    parameters, observed = load_parameters(), load_observed()
    policies = policies_of(policy)
    draws, until, seed, steps_per_year = map(plain, (draws, until, seed, steps_per_year))
    end = world.record_end(observed)
    last = checked(draws, until, seed, steps_per_year, end)
    pinned = parameters.check({} if assumptions is None else assumptions)
    posterior = None if prior else shipped_posterior() if posterior is None else posterior
    kept = _begun if draws <= MOST_KEPT else _begun.__wrapped__
    begun = kept(draws, seed, tuple(sorted(pinned.items())), posterior, last, steps_per_year)
    about = _about(policies, pinned, draws, seed, posterior, last)
    last_begun, last_policies, ensemble = _last_run[0] if _last_run else (None, (), None)
    if ensemble is None or last_begun is not begun or last_policies != policies:
        ensemble = replace(project(policies, begun, watch), about=about)
        if begun.shared:
            _last_run[:] = [(begun, policies, ensemble)]
    else:
        watch(1.0)
    return ensemble


def begin(
    sample: sampling.Sample,
    observed: Observed,
    last: int,
    past: Past | None = None,
    steps_per_year: int = STEPS_PER_YEAR,
) -> Begun:
    """Make ready draws ready to be projected.

    Parameters
    ----------
    sample : draws of all that is uncertain
    observed : the record; the projection begins where its deaths end
    last : last calendar year of the projection
    past : the simulated record of these draws, where it is known
    """
    past = past or history(sample.parameters, observed, sample.error, steps_per_year)
    p, dt = sample.parameters, 1 / steps_per_year
    time = _mid_steps(world.record_end(observed), last + 1, steps_per_year)
    drivers = world.drivers(p, observed, time, _by_step(sample.error, time))
    future = conditions.projected(world.draw(p), past.anchors, _at(drivers, 0), past.stocks, dt)
    work = _work(p, future, drivers, past.stocks)
    described = _described(p, observed, drivers, time, dt)
    return Begun(p, past, drivers, time, future, work, described, dt)


def _at(drivers: Drivers, step: int) -> Drivers:
    """Drivers of one step."""
    return Drivers(*(series[step] for series in drivers))


def _work(p: Mapping[str, Array], future: Future, drivers: Drivers, first: Stocks) -> Work:
    """All that a run needs but the policies."""
    draws = len(next(iter(p.values())))
    steps, levers = len(drivers.scan_cars), load_programmes()
    return Work(
        draws=runs.records(p),
        anchors=runs.packed(future.a, draws),
        today=runs.packed(future.today, draws),
        kept=runs.packed(future.kept, draws),
        first=runs.packed(first, draws),
        drivers=runs.packed_drivers(drivers, draws),
        planned=np.zeros((1, steps, len(levers))),
        scale=np.ones((1, draws)),
        is_money=np.array([bool(each.payers) for each in levers.values()]),
        projected=future.projected,
        dt=future.dt,
    )


def project(
    policies: Sequence[Policy],
    begun: Begun,
    watch: runs.Watch = lambda done: None,
    scale: Array | None = None,
) -> Ensemble:
    """Run ready draws under one or more policies.

    Parameters
    ----------
    policies : checked, names differ
    begun : from `begin`
    watch : see `simulate`
    scale : share of each policy's programme money that is spent, shape (policies, draws or 1);
        None for all of it
    """
    levers = planned(policies, begun.time)
    if scale is not None:
        levers = {k: v * scale if costs_money(k) else v for k, v in levers.items()}
    flows, _ = run(policies, begun, watch, scale)
    paid = money.spending(policies, levers, begun.parameters, begun.time, begun.dt)
    if begun.shared:
        closed(paid)
    known = {**begun.described, **paid}
    names = tuple(each.name for each in policies)
    return Ensemble(
        names, begun.past.flows, ChainMap(known, cast(dict[str, Array], flows)), begun.parameters
    )


def run(
    policies: Sequence[Policy],
    begun: Begun,
    watch: runs.Watch = lambda done: None,
    scale: Array | None = None,
) -> tuple[Mapping[str, Array], Array]:
    """Flows and last stocks of ready draws under policies; see :func:`simlib.runs.run`."""
    programmes = load_programmes()
    by_lever = [[each.values(lever, begun.time) for lever in programmes] for each in policies]
    planned = np.moveaxis(np.array(by_lever), 1, 2)
    shape = len(policies), len(begun.work.draws)
    scales = np.broadcast_to(1.0 if scale is None else scale, shape)
    kept = begun.shared and scale is None
    keys = [(begun, each.tobytes()) for each in planned]
    known = {k: found for k, key in enumerate(keys) if kept and (found := KNOWN.get(key))}
    new = [k for k in range(len(policies)) if k not in known]
    if new:
        work = begun.work._replace(planned=planned[new], scale=scales[new])
        flows, ends = runs.run(work, tuple(programmes), watch)
        if not kept:
            return flows, ends
        for place, k in enumerate(new):
            own = {name: flow[:, place] for name, flow in flows.items()}
            if len(new) > FEW_RUNS:  # a view would keep all that was run beside it
                own = {name: flow.copy() for name, flow in own.items()}
            known[k] = KNOWN.put(keys[k], (closed(own), ends[place]))
    several = [known[k] for k in range(len(policies))]
    return SideBySide([flows for flows, _ in several]), np.stack([end for _, end in several])


_last_run: list[tuple[Begun, tuple[Policy, ...], Ensemble]] = []
"""The last simulation: what equal money has tried last is what is then shown."""


def checked(draws: Any, until: Any, seed: Any, steps_per_year: Any, end: float) -> int:
    """Last projected year, when all arguments can be used.

    Parameters
    ----------
    draws, until, seed, steps_per_year : as for `simulate`
    end : of the record [decimal year]

    Raises
    ------
    InputError
        Naming every field, bound and allowed value that was broken.
    """
    faults, first = Faults(""), int(np.ceil(end))
    faults.whole("draws", draws, 1, MOST_DRAWS)
    default = first + PROJECTED_YEARS - 1
    last = faults.whole("until", default if until is None else until, first, LAST_YEAR)
    faults.whole("seed", seed, 0, 2**63 - 1)
    steps = faults.whole("steps_per_year", steps_per_year, STEPS_PER_YEAR, 1200)
    if not faults.messages and steps % STEPS_PER_YEAR:
        faults.add("steps_per_year", f"{steps} is no multiple of {STEPS_PER_YEAR}")
    faults.raise_any()
    return last


def _check_kinds(prior: Any, posterior: Any, watch: Any) -> None:
    """Refuse switches that are none."""
    faults = Faults("")
    if not isinstance(prior, bool | np.bool_):
        faults.add("prior", f"{shown(prior)} is neither True nor False")
    if not isinstance(posterior, Posterior | None):
        faults.add("posterior", f"{shown(posterior)} is no Posterior; None for the shipped one")
    if not callable(watch):
        faults.add("watch", f"{shown(watch)} cannot be called with the share done")
    faults.raise_any()


def planned(policies: Sequence[Policy], time: Array) -> dict[str, Array]:
    """Planned change by lever that any policy moves, shape (steps, policies, 1)."""
    moved = sorted({lever for each in policies for lever in each.levers})
    return {
        lever: np.stack([each.values(lever, time) for each in policies], axis=-1)[:, :, None]
        for lever in moved
    }


@lru_cache(maxsize=4)
def _begun(
    draws: int,
    seed: int,
    pinned: tuple[tuple[str, float], ...],
    posterior: Posterior | None,
    last: int,
    steps_per_year: int,
) -> Begun:
    """Draws ready to be projected; kept, so that moving a policy does not draw them again."""
    parameters, observed = load_parameters(), load_observed()
    quarters = world.record_quarters(observed)
    touching = parameters.select(scope="history")
    of_history = tuple((name, value) for name, value in pinned if name in touching)
    kept = _history if draws <= MOST_KEPT else _history.__wrapped__
    past = kept(draws, seed, of_history, posterior, steps_per_year)
    sample = sampling.sample(
        parameters, draws, seed, dict(pinned), posterior, record_quarters=quarters
    )
    begun = begin(sample, observed, last, past, steps_per_year)
    return cast(Begun, replace(closed(begun), shared=draws <= MOST_KEPT))


@lru_cache(maxsize=8)
def _history(
    draws: int,
    seed: int,
    pinned: tuple[tuple[str, float], ...],
    posterior: Posterior | None,
    steps_per_year: int,
) -> Past:
    """The history of a set of draws; kept, so that moving a policy does not run it again."""
    parameters, observed = load_parameters(), load_observed()
    quarters = world.record_quarters(observed)
    p, error = sampling.sample(
        parameters, draws, seed, dict(pinned), posterior, record_quarters=quarters
    )
    recorded = posterior is not None  # draws of the prior know nothing of the record
    return cast(Past, closed(history(p, observed, error, steps_per_year, recorded)))


def history(
    p: Mapping[str, Array],
    observed: Observed,
    error: Array | None = None,
    steps_per_year: int = STEPS_PER_YEAR,
    recorded: bool = False,
) -> Past:
    """Simulate the record for given draws.

    Parameters
    ----------
    p : draws by parameter, shape (draws,); only those of scope history are read
    observed : Observed
    error : [log], quarterly model error, shape (quarters, draws); None for none
    recorded : give border seizures as recorded, see :func:`record.with_recorded_detection`; for
        draws of a posterior that are shown, not for those that are still judged by the record
    """
    time = _mid_steps(world.HISTORY_START, world.record_end(observed), steps_per_year)
    by_step = np.zeros((len(time), 1)) if error is None else _by_step(error, time)
    drivers = world.drivers(p, observed, time, by_step)
    a = world.anchors(p, observed)
    dt = 1 / steps_per_year
    treated = world.treatment_places(p, observed, np.array([world.HISTORY_START]))[0]
    draw = world.draw(p)
    first = conditions.first_stocks(draw, a, _at(drivers, 0), treated)
    work = _work(p, conditions.recorded(draw, a, dt), drivers, first)
    flows, ends = runs.run(work, tuple(load_programmes()))
    flows["cost_additive"] = np.full_like(flows["cost_additive"], np.nan)  # it begins with prices
    nothing = np.zeros((len(time), 1, 1))
    paid = {f"spending_{payer}_musd": nothing for payer in PAYERS} | {"spending_musd": nothing}
    flows = flows | _described(p, observed, drivers, time, dt) | paid
    if recorded:
        flows = record.with_recorded_detection(flows, p, observed)
    return Past(runs.stocks(ends[0]), flows, a)


def _by_step(error: Array, time: Array) -> Array:
    return error[np.floor((time - world.HISTORY_START) * 4).astype(int)]


def _mid_steps(start: float, stop: float, steps_per_year: int) -> Array:
    """Middle of each step [decimal year]."""
    steps = round((stop - start) * steps_per_year)
    return start + (np.arange(steps) + 0.5) / steps_per_year


def _described(
    p: Mapping[str, Array], observed: Observed, drivers: Drivers, time: Array, dt: float
) -> dict[str, Array]:
    """What outcomes need to know about the steps besides the flows."""
    return {
        "log_potency_trend": drivers.log_potency_trend[:, None, :],
        "purity": world.pure_share(p, observed, time)[:, None, :],
        "time": time[:, None, None],
        "dt": np.array(dt),
    }


def _about(
    policies: Sequence[Policy],
    pinned: Mapping[str, float],
    draws: int,
    seed: int,
    posterior: Posterior | None,
    last: int,
) -> dict[str, Any]:
    return {
        "model_version": __version__,
        "data_vintage": posterior.about["data_vintage"] if posterior else "prior",
        "policies": {each.name: each.title for each in policies},
        "assumptions": dict(pinned),
        "draws": draws,
        "seed": seed,
        "until": last,
        "prior": posterior is None,
    }
