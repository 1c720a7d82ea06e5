"""Simulation-based calibration: ``python -m simlib.study.coverage``.

A world is drawn from the prior of all parameters, a record is drawn from that world, the posterior
is found from that record, and the truth is ranked among its draws. Were prior, likelihood and
sampler one whole, every rank would be equally likely (Talts et al. 2018).
"""

from collections.abc import Mapping
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simlib import simulation, world
from simlib.inputs import sampling
from simlib.inputs.arrays import Array
from simlib.inputs.observed import Observed, load_observed
from simlib.inputs.parameters import load_parameters
from simlib.inputs.policy import STATUS_QUO
from simlib.results import Ensemble
from simlib.study import build, commands, scores
from simlib.study.forecast import (
    NO_DRIFT,
    forecast,
    quarterly_deaths,
)
from simlib.study.pieces import Piece, perform_all
from simlib.study.refit import Effort, refit
from simlib.study.synthetic import World, synthetic_record

RECORDS = 200
EFFORT = Effort(moves=6)
"""Twice the fast mode's moves: ranks show an error of the sampler that no single forecast does."""
SAMPLES = 99
"""Rows of each posterior among which the truth is ranked."""
BINS = 10
"""Of the histogram of ranks."""
CHECKED = 4
"""Records that are fitted once more, harder."""
HARDER = 2
"""How many times as many particles and moves they get."""
DEATHS = ("deaths_fitted_last_year", "deaths_next_year", "deaths_next_five_years")
AHEAD = 5
WIDE = 0.8
"""Interval whose width is compared with that of the prior."""


def perform(key: str, seed: int, effort: Effort) -> Piece:
    """One synthetic record, fitted: rank of the truth, and width and centre of the posterior."""
    parameters, observed = load_parameters(), load_observed()
    truth = sampling.sample(
        parameters,
        1,
        seed,
        NO_DRIFT,
        first=int(key),
        record_quarters=world.record_quarters(observed),
    )
    last = int(np.ceil(world.record_end(observed))) + AHEAD - 1
    happened = deaths(
        simulation.project((STATUS_QUO,), simulation.begin(truth, observed, last)),
        truth.parameters,
        observed,
    )
    rng = np.random.default_rng([seed, int(key)])
    flows = simulation.history(truth.parameters, observed).flows
    quarters = truth.error[: world.record_quarters(observed), 0]
    record = synthetic_record(World(truth.parameters, flows, quarters, rng), observed)
    own = int(rng.integers(2**31))
    found = refit(record.log_likelihood, parameters, observed, effort, own, deaths=record.observed)
    expected = forecast(found.posterior, parameters, observed, own, last, NO_DRIFT)
    names = tuple(found.posterior.values)
    drawn = np.stack(
        [*found.posterior.values.values(), *deaths(expected, expected.parameters, observed)]
    )
    true = np.array([*(truth.parameters[name][0] for name in names), *happened[:, 0]])
    return described(drawn, true, rng) | {
        "log_evidence": np.array(found.sample.log_evidence),
        "seconds": np.array(found.seconds),
    }


def described(drawn: Array, true: Array, rng: np.random.Generator) -> dict[str, Array]:
    """Rank of the truth among the first rows; ends, centre and spread of all.

    Parameters
    ----------
    drawn : shape (quantities, rows), in no order
    true : shape (quantities,)
    """
    low, high = scores.interval(drawn, WIDE)
    return {
        "rank": scores.rank(drawn[:, :SAMPLES], true, rng),
        "width": high - low,
        "median": np.median(drawn, axis=-1),
        "mean": drawn.mean(axis=-1),
        "spread": drawn.std(axis=-1),
    }


def deaths(ensemble: Ensemble, p: Mapping[str, Array], observed: Observed) -> Array:
    """What is asked of deaths, shape (quantities, draws): fitted without model error, and ahead."""
    flows = simulation.history(p, observed).flows
    fitted = flows["deaths_fentanyl"][-simulation.STEPS_PER_YEAR :, 0].sum(axis=0)
    ahead = quarterly_deaths(ensemble)
    return np.stack([fitted, ahead[:4].sum(axis=0), ahead[: 4 * AHEAD].sum(axis=0)])


def judged(ranks: NDArray[np.int64], samples: int) -> dict[str, Array]:
    """What the ranks of the truth say of a posterior; a column each, one row a quantity.

    Parameters
    ----------
    ranks : shape (quantities, records), 0 to `samples`
    """
    held = {
        f"covered_{100 * level:.0f}": scores.rank_within(ranks, samples, level).mean(axis=-1)
        for level in scores.LEVELS
    }
    places = np.arange(samples + 1) * BINS // (samples + 1)
    bins = np.stack([np.bincount(places[each], minlength=BINS) for each in ranks], axis=1)
    return held | {
        "mean_rank": (ranks.mean(axis=-1) + 0.5) / (samples + 1),
        "p_even": np.array([scores.evenness(each, samples, BINS) for each in ranks]),
        "within_band": np.array([scores.within_band(each, samples) for each in ranks]),
        **{f"bin_{i}": counted for i, counted in enumerate(bins)},
    }


def table(found: Mapping[str, Piece]) -> pd.DataFrame:
    """Coverage, evenness of ranks and width of intervals, one row a quantity.

    Width of a parameter is that of its 80 % interval over the prior's; of deaths, over the median.
    The median record's width is given: wide is not mistaken for honest.
    """
    parameters = load_parameters()
    names = build.informed(parameters)

    def stacked(what: str) -> Array:
        return np.stack([piece[what] for piece in found.values()], axis=-1)

    ends = 0.5 - WIDE / 2, 0.5 + WIDE / 2
    prior = np.array([np.ptp(parameters[name].quantile(np.array(ends))) for name in names])
    over = np.concatenate(
        [np.broadcast_to(prior[:, None], (len(prior), len(found))), stacked("median")[len(names) :]]
    )
    columns = {
        "quantity": [*names, *DEATHS],
        "kind": ["parameter"] * len(names) + ["deaths"] * len(DEATHS),
        "records": len(found),
        "width_80": np.median(stacked("width") / over, axis=-1),
    }
    ranks = stacked("rank").astype(np.int64)
    return pd.DataFrame(columns | judged(ranks, SAMPLES))


def compared(fast: Mapping[str, Piece], harder: Mapping[str, Piece]) -> pd.DataFrame:
    """How far the fast mode is from a harder fit of the same records, one row a quantity."""
    shift = [(fast[k]["mean"] - harder[k]["mean"]) / harder[k]["spread"] for k in harder]
    spread = [fast[k]["spread"] / harder[k]["spread"] for k in harder]
    return pd.DataFrame(
        {
            "quantity": [*build.informed(load_parameters()), *DEATHS],
            "records": len(harder),
            "shift": np.sqrt(np.mean(np.square(shift), axis=0)),
            "spread_ratio": np.median(spread, axis=0),
        }
    )


def main() -> None:
    """Fit records drawn from the prior and rank the truth among the draws of each posterior."""
    parser = commands.parser("coverage", main.__doc__, EFFORT)
    parser.add_argument("--records", type=int, default=RECORDS)
    parser.add_argument("--checked", type=int, default=CHECKED, help="records fitted harder too")
    parser.add_argument("--finished", action="store_true", help="only judge what is finished")
    line = parser.parse_args()
    run = commands.chosen(line)
    keys = [f"{record:04}" for record in range(line.records)]
    if line.finished:
        stored = {path.stem for path in run.pieces_of("coverage").glob("*.npz")}
        keys, line.checked = [key for key in keys if key in stored], 0
    fast = perform_all(
        partial(perform, seed=run.seed, effort=run.effort),
        keys,
        run.pieces_of("coverage"),
        run.workers,
        "records",
    )
    commands.write(table(fast), "coverage", run)
    if not line.checked:
        return
    effort = Effort(*(HARDER * each for each in run.effort))
    harder = perform_all(
        partial(perform, seed=run.seed, effort=effort),
        keys[: line.checked],
        run._replace(effort=effort).pieces_of("coverage"),
        run.workers,
        "checks",
    )
    commands.write(compared(fast, harder), "coverage_check", run)


if __name__ == "__main__":
    main()
