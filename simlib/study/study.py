"""The main calibration: a posterior for each explanation from several runs, weighed and mixed."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simlib import simulation, world
from simlib.analysis.explanations import EVERYTHING, EXPLANATIONS
from simlib.inputs import record
from simlib.inputs.arrays import Array
from simlib.inputs.observed import Observed, load_observed
from simlib.inputs.parameters import Parameters, load_parameters
from simlib.inputs.posterior import Posterior
from simlib.study import build, weights
from simlib.study.agreement import Agreement, agreement, require
from simlib.study.fingerprint import past_fingerprint
from simlib.study.runs import (
    SECOND,
    Run,
    Settings,
    draws,
    forecast_quarters,
    free,
    perform_all,
)
from simlib.version import __version__

SHIPPED_ROWS = 4000


class Weighed(NamedTuple):
    """How well each explanation forecast deaths, and what that makes it weigh; (explanations,)."""

    weight: Array
    error: Array
    """Standard error of the weight."""
    stacking: Array
    """Weight before it is drawn toward equal."""
    behind: Array
    """Log density of all forecasts behind the best explanation's."""
    behind_error: Array


def calibrate(
    settings: Settings, folder: Path, workers: int, rows: int = SHIPPED_ROWS
) -> Posterior:
    """Everything from the record to the shipped posterior.

    Parameters
    ----------
    settings : size and seed of the runs
    folder : where finished runs are kept; a second call takes them from there
    workers : processes; the numbers do not depend on it
    rows : of the mixture

    Raises
    ------
    ConvergenceError
        Naming every quantity on which runs, or the two methods, disagree.
    """
    parameters, observed = load_parameters(), load_observed()
    runs = perform_all((*EXPLANATIONS, SECOND), settings, folder, workers)
    second = runs.pop(SECOND)
    values = {
        name: _by_run(name, found, parameters, observed, settings.seed)
        for name, found in runs.items()
    }
    by_second = _by_run(EVERYTHING, second, parameters, observed, settings.seed)
    both = {q: np.concatenate([each, by_second[q]]) for q, each in values[EVERYTHING].items()}
    agreed = {name: agreement(each) for name, each in values.items()}
    agreed[SECOND] = agreement(both)
    require({f"{name}, {what}": a for name, each in agreed.items() for what, a in each.items()})
    weighed = weigh(runs, settings.seed)
    about = _about(runs, second, agreed, weighed, settings, observed)
    return mixture(runs, weighed.weight, rows, parameters, observed, about)


def weigh(runs: Mapping[str, Sequence[Run]], seed: int) -> Weighed:
    """Weights from the forecasts of the quarters, one after the other."""
    forecast = np.stack([[run.log_predictive[1:-1] for run in found] for found in runs.values()])
    mean = weights.over_runs(forecast)
    stacked = weights.stacking(mean)
    error = weights.stacking_error(forecast, np.random.default_rng(seed))
    behind, behind_error = weights.behind_best(mean)
    return Weighed(
        weights.shrunk(stacked), (1 - weights.TOWARD_EQUAL) * error, stacked, behind, behind_error
    )


def mixture(
    runs: Mapping[str, Sequence[Run]],
    weight: Array,
    rows: int,
    parameters: Parameters,
    observed: Observed,
    about: Mapping[str, Any],
) -> Posterior:
    """Rows of all explanations in proportion to their weights, evenly interleaved.

    Any first rows hold the explanations in about the same proportion as all of them.
    """
    counts = np.diff(np.round(np.cumsum([0, *weight]) * rows)).astype(int)
    rng = np.random.default_rng(about["seed"])
    parts = []
    for (name, found), count in zip(runs.items(), counts, strict=True):
        scores = np.concatenate([run.scores for run in found])
        chosen = np.resize(rng.permutation(scores), (count, scores.shape[1]))  # again if too few
        parts.append(draws(chosen, name, parameters))
    place = np.concatenate([(np.arange(count) + 0.5) / count for count in counts if count])
    order = np.argsort(place, kind="stable")
    p = {name: np.concatenate([part[name] for part in parts])[order] for name in parts[0]}
    explanation = np.repeat(list(runs), counts)[order]
    return build.posterior_of(p, build.informed(parameters), observed, about, explanation)


def _by_run(
    name: str, found: Sequence[Run], parameters: Parameters, observed: Observed, seed: int
) -> dict[str, Array]:
    """Free parameters and yearly deaths, shape (runs, draws), in random order."""
    rng = np.random.default_rng(seed)
    scores = [rng.permutation(run.scores) for run in found]
    each = [_quantities(draws(part, name, parameters), observed) for part in scores]
    wanted = [q for q in each[0] if q.startswith("deaths ") or q in free(name, parameters)]
    return {quantity: np.stack([one[quantity] for one in each]) for quantity in wanted}


def _quantities(p: Mapping[str, Array], observed: Observed) -> dict[str, Array]:
    """Draws by parameter, and deaths by year, shape (draws,)."""
    first = np.arange(world.HISTORY_START, np.floor(world.record_end(observed)))

    def deaths(chosen: NDArray[np.int64]) -> Array:
        flows = simulation.history({k: v[chosen] for k, v in p.items()}, observed).flows
        return record.by_period(flows, "deaths_fentanyl", first, first + 1)

    yearly = build.in_batches(np.arange(len(next(iter(p.values())))), deaths)
    return dict(p) | {f"deaths {year:.0f}": d for year, d in zip(first, yearly, strict=True)}


def _about(
    runs: Mapping[str, Sequence[Run]],
    second: Sequence[Run],
    agreed: Mapping[str, Mapping[str, Agreement]],
    weighed: Weighed,
    settings: Settings,
    observed: Observed,
) -> dict[str, Any]:
    every = [*second, *(run for found in runs.values() for run in found)]
    return {
        "data_vintage": build.vintage(observed),
        "model_version": __version__,
        "fingerprint": past_fingerprint(),
        **settings._asdict(),
        "evaluations": int(sum(run.evaluations for run in every)),
        "processor_seconds": int(sum(run.seconds for run in every)),
        "forecast_quarters": list(forecast_quarters(observed)),
        "log_evidence": [round(float(run.log_predictive.sum()), 2) for run in runs[EVERYTHING]],
        SECOND: _agreed(agreed[SECOND])
        | {"log_evidence": [round(float(run.log_predictive.sum()), 2) for run in second]},
        "explanations": {
            name: {
                **{field: round(float(getattr(weighed, field)[i]), 4) for field in Weighed._fields},
                "log_predictive": _rounded(runs[name]),
                **_agreed(agreed[name]),
            }
            for i, name in enumerate(runs)
        },
    }


def _agreed(found: Mapping[str, Agreement]) -> dict[str, Any]:
    """The worst of the agreements, and where it is."""
    name = max(found, key=lambda quantity: found[quantity].rhat)
    least = min(each.ess for each in found.values())
    return {"worst_rhat": [name, round(found[name].rhat, 4)], "least_ess": round(least)}


def _rounded(found: Sequence[Run]) -> list[float]:
    """Log predictive density of each piece, mean density over runs."""
    together = weights.over_runs(np.stack([run.log_predictive for run in found])[None])[0]
    return [round(float(each), 3) for each in together]
