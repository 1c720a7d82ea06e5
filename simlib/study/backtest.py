"""Rolling-origin back-tests: ``python -m simlib.study.backtest``.

The model is calibrated on what was measured before an origin, and forecasts the years after it.
What it cannot unlearn is listed in `LOOK_AHEAD`: a model built in 2026 knows which mechanisms to
have.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from simlib.inputs.arrays import Array
from simlib.inputs.observed import RECORD, load_observed
from simlib.inputs.parameters import load_parameters
from simlib.study import commands, drift, scores
from simlib.study.cut import observed_until
from simlib.study.forecast import RIVALS, forecast, quarterly_deaths
from simlib.study.pieces import Piece, perform_all
from simlib.study.refit import Effort, as_piece, from_piece, refit, witness_of

ORIGINS = (2016.0, 2018.0, 2020.0, 2022.0, 2023.5)
"""Ends of the data [decimal year]: of 2015, 2017, 2019, 2021 and of June 2023."""
HORIZON = 4
"""Years ahead."""
BLIND, SEEING = "blind", "seeing"
"""Without, or with, the pandemic and the shock before they had happened."""
NOT_YET = {"pandemic_effect": 2020.25, "shock_depth": 2023.5}
"""Effects that are switched off at origins up to the date given, when nobody knew of them."""
TOO_LATE = ("purity_fall", "anchors")
"""Terms of the likelihood that speak of 2021 and later, left out at every origin."""
CLAIMED = 0.8
SEIZURES_FROM = 2021.0
"""Origin from which two fiscal years of seizures are known, and so a change."""
MODEL = "this model"
WITHOUT_DRIFT = "this model, without drift"
WITH_HINDSIGHT = "this model, without drift, knowing pandemic and shock"
OURS = (MODEL, WITHOUT_DRIFT, WITH_HINDSIGHT)
LOOK_AHEAD = (
    "Mechanisms were chosen knowing the whole record: two waves, depletion, tolerance, supply.",
    "Prior ranges come from evidence of all years; the second wave's midpoint (2019.3-2022) is "
    "known at the origins of 2015 and 2017.",
    "Counts are today's final ones; at the time they were provisional and months late.",
    "Growth of treatment and naloxone after their last count is a prior judged today.",
    "The pandemic and the supply shock are switched off until they had happened; the line that "
    "knows them shows what their timing alone is worth.",
    "The drift beyond the record was added because of these back-tests; at each origin it is the "
    "one estimated from the other origins, later ones among them.",
)


def perform(key: str, seed: int, effort: Effort) -> Piece:
    """Posterior at one origin."""
    mode, origin = _read_key(key)
    parameters, observed = load_parameters(), observed_until(load_observed(), origin)
    left_out = TOO_LATE if origin >= SEIZURES_FROM else (*TOO_LATE, "seizure_changes")
    witness = witness_of(observed, left_out)
    return as_piece(refit(witness, parameters, observed, effort, seed, _denied(mode, origin)))


def _read_key(key: str) -> tuple[str, float]:
    mode, origin = key.split("-")
    return mode, float(origin)


def _denied(mode: str, origin: float) -> dict[str, float]:
    """Effects that are switched off."""
    return {name: 0.0 for name, known in NOT_YET.items() if mode == BLIND and origin <= known}


def future(key: str, piece: Piece, seed: int, drift_sd: float) -> Array:
    """Simulated deaths by quarter from one origin, shape (quarters, draws).

    Parameters
    ----------
    drift_sd : of the log hazard beyond the record [log per square root of a year]
    """
    mode, origin = _read_key(key)
    parameters, observed = load_parameters(), observed_until(load_observed(), origin)
    held = _denied(mode, origin) | {"forecast_drift_sd": drift_sd}
    last = int(np.ceil(origin)) + HORIZON
    expected = forecast(from_piece(piece), parameters, observed, seed, last, held)
    return quarterly_deaths(expected)[: 4 * HORIZON]


def drifts(found: Mapping[str, Piece], seed: int) -> pd.DataFrame:
    """The drift estimated from all blind origins, and without each of them in turn."""
    errors = {}
    for key, piece in found.items():
        mode, origin = _read_key(key)
        if mode == BLIND:
            errors[origin] = drift.errors_of(future(key, piece, seed, 0.0), _since(origin))
    rows: list[dict[str, Any]] = [
        {"without_origin": None} | drift.estimate(list(errors.values()))._asdict()
    ]
    for left_out in errors if len(errors) > 1 else ():
        others = [each for origin, each in errors.items() if origin != left_out]
        rows.append({"without_origin": left_out} | drift.estimate(others)._asdict())
    return pd.DataFrame(rows)


def _since(origin: float) -> Array:
    """Deaths counted by quarter since an origin."""
    series = load_observed()[RECORD]
    return series.values[series.start > origin - 1 / 24]


def forecasts(
    found: Mapping[str, Piece], estimated: pd.DataFrame, seed: int
) -> dict[tuple[str, float], Array]:
    """Simulated futures of the model and its rivals by (name, origin), (quarters, draws).

    The drift of the model is the one estimated from the *other* origins.
    """
    series, futures = load_observed()[RECORD], {}
    of_others = estimated.set_index("without_origin")["value"]
    for key, piece in found.items():
        mode, origin = _read_key(key)
        name = WITHOUT_DRIFT if mode == BLIND else WITH_HINDSIGHT
        futures[name, origin] = future(key, piece, seed, 0.0)
        if mode == BLIND:
            futures[MODEL, origin] = future(key, piece, seed, float(of_others[origin]))
    for origin in sorted({origin for _, origin in futures}):
        counts = series.values[series.end <= origin + 1 / 24]
        for name, rival in RIVALS.items():
            draws = futures[WITHOUT_DRIFT, origin].shape[-1]
            futures[name, origin] = rival(counts, 4 * HORIZON, draws, seed)
    order = {name: place for place, name in enumerate((*OURS, *RIVALS))}
    return dict(sorted(futures.items(), key=lambda each: (order[each[0][0]], each[0][1])))


def cases(futures: Mapping[tuple[str, float], Array]) -> pd.DataFrame:
    """One row a forecast of four quarters: interval ends, what happened, scores."""
    rows = []
    for (name, origin), simulated in futures.items():
        happened = _since(origin)
        for year in range(min(HORIZON, len(happened) // 4)):
            quarters = slice(4 * year, 4 * year + 4)
            rows.append(
                {"forecaster": name, "origin": origin, "years_ahead": year + 1}
                | _case(simulated[quarters].sum(axis=0), happened[quarters].sum())
            )
    return pd.DataFrame(rows)


def _case(samples: Array, happened: float) -> dict[str, float]:
    ends: dict[str, Any] = {}
    for level in scores.LEVELS:
        low, high = scores.interval(samples, level)
        ends |= {f"low_{100 * level:.0f}": low, f"high_{100 * level:.0f}": high}
    truth = np.array(happened)
    return {
        "happened": happened,
        "median": np.median(samples),
        **ends,
        "wis": float(scores.weighted_interval_score(samples, truth)),
        "wis_log": float(scores.weighted_interval_score(np.log(samples), np.log(truth))),
        "bias_log": float(np.log(np.median(samples) / happened)),
        "width_log_80": float(np.log(ends["high_80"] / ends["low_80"])),
        "reach": _reach(happened, float(np.median(samples)), ends["low_80"], ends["high_80"]),
    }


def _reach(happened: float, median: float, low: float, high: float) -> float:
    """Distance from the median in logs, over that of the end of the 80 % interval on its side."""
    end = high if happened > median else low
    return float(np.log(happened / median) / np.log(end / median))


def summary(rows: pd.DataFrame, by: tuple[str, ...] = ("forecaster",)) -> pd.DataFrame:
    """Coverage, scores, bias and width by forecaster: means over forecasts.

    `wider_by` is the factor by which intervals in logs would have had to be stretched for the 80 %
    intervals to hold 80 % of what happened.
    """
    held = {
        f"covered_{100 * level:.0f}": rows["happened"].between(
            rows[f"low_{100 * level:.0f}"], rows[f"high_{100 * level:.0f}"]
        )
        for level in scores.LEVELS
    }
    judged = rows.assign(**held, forecasts=1.0)
    means = ["wis", "wis_log", "bias_log", "width_log_80", *held]
    grouped = judged.groupby(list(by), sort=False)
    found = grouped[means].mean().join(grouped["forecasts"].sum())
    return found.join(grouped["reach"].quantile(CLAIMED).rename("wider_by")).reset_index()


def main() -> None:
    """Calibrate at each origin, forecast, and score against forecasters that know no drugs."""
    run = commands.chosen(commands.parser("backtest", main.__doc__).parse_args())
    keys = [f"{mode}-{origin}" for mode in (BLIND, SEEING) for origin in ORIGINS]
    work = partial(perform, seed=run.seed, effort=run.effort)
    found = perform_all(work, keys, run.pieces_of("backtest"), run.workers, "origins")
    estimated = drifts(found, run.seed)
    commands.write(estimated, "drift", run)
    rows = cases(forecasts(found, estimated, run.seed))
    commands.write(rows, "backtest_cases", run)
    commands.write(summary(rows), "backtest", run)
    commands.write(summary(rows, ("forecaster", "years_ahead")), "backtest_by_year", run)


if __name__ == "__main__":
    main()
