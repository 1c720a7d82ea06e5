"""Bring the posterior up to new months without a new calibration.

The draws of the posterior are projected on current policy. Each is then weighted by how likely it
makes the new counts, and the rows are resampled by weight. Provisional files hold sums over twelve
months, of which the part within the record is known exactly: a sum is compared with that part
plus what a draw says for the quarters since. Nothing is differenced. As in the calibration, the
model error is autocorrelated and counts have noise of their own; how far provisional counts run
above final ones is uncertain too. The model error after the record is integrated out, so the
projection of an updated posterior does not start from the newest surprise.

Weighting can only choose among the rows that are there. Where few of them remain, or the counts
lie outside what all of them expect, a full calibration is due, and the update says so.
"""

import argparse
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp, ndtr

from simlib import simulation, world
from simlib.errors import Faults, InputError, is_finite, plain, shown
from simlib.inputs import record, sampling
from simlib.inputs.agencies import read_overdose_counts
from simlib.inputs.arrays import Array
from simlib.inputs.observed import RECORD, Observed, load_observed, month_name, read_period
from simlib.inputs.parameters import load_parameters
from simlib.inputs.policy import STATUS_QUO
from simlib.inputs.posterior import Posterior, read_posterior, shipped_posterior
from simlib.study import likelihood

if TYPE_CHECKING:
    import pandas as pd


EFFECTIVE_SHARE_DUE = 0.1
"""A full calibration is due when fewer rows than this share carry the weight."""
SURPRISE_DUE = 0.005
"""... or when a count lies this far in either tail of what the rows expected."""
OVER_FINAL = {"predicted": "predicted_over_final", "provisional": "provisional_over_final"}
"""Parameter that says how far counts of a mark run above final ones; the better mark first."""
PLACE, SERIES = "US", RECORD.removesuffix("_quarterly")
QUARTER = 3
QUARTERS_A_YEAR = 4


class Window(NamedTuple):
    """Twelve months that end with a quarter after the record."""

    to: str
    """Last month, YYYY-MM."""
    mark: str
    counted: float
    """Deaths as published."""
    known: float
    """Final deaths of the part within the record."""
    new: NDArray[np.bool_]
    """Which of the quarters after the record are in it."""


class Expected(NamedTuple):
    """What each draw says about each window, model error apart."""

    deaths: Array
    """Shape (draws, windows)."""
    covariance: Array
    """Of the logs, shape (draws, windows, windows)."""


def update(posterior: Posterior, new_counts: "pd.DataFrame", seed: int = 1) -> Posterior:
    """Weight and resample a posterior by counts that came after its record.

    Parameters
    ----------
    posterior : Posterior
        Not one that is already updated: its counts would be used twice.
    new_counts : DataFrame
        As :func:`simlib.inputs.agencies.read_overdose_counts` gives them: `place`, `series`,
        `twelve_months_to`, `mark`, `deaths_in_12_months`. Used are synthetic opioids in the
        whole country in sums that end with a quarter after the record; the agency's prediction
        where there is one.
    seed : seed of the uncertainties that no posterior holds, and of the order of rows

    Returns
    -------
    Posterior
        As many rows. Every uncertain parameter is in it, those of the projection too, because
        the new months inform them jointly. ``about["update"]`` tells windows, effective rows,
        and whether and why a full calibration is due.

    Raises
    ------
    InputError
        When there is no count that can be used, a month or count is none, two counts of one month
        and mark differ, the seed is none, or the posterior is already updated.
    """
    if not isinstance(posterior, Posterior):
        raise InputError(f"posterior: {shown(posterior)} is no Posterior")
    seed = plain(seed)
    if "update" in posterior.about:
        raise InputError("posterior: is already updated; begin with the one before that update")
    observed = load_observed()
    simulation.checked(1, None, seed, simulation.STEPS_PER_YEAR, world.record_end(observed))
    windows = _windows(new_counts, observed)
    p, quarters = _projected(posterior, observed, seed, len(windows[0].new))
    expected = _expected(p, quarters, windows)
    logs, below = _weighed(p, expected, windows)
    weights = np.exp(logs - logsumexp(logs))
    report = _report(weights, below, expected, windows)
    if posterior.explanation is not None:
        report["explanations"] = _explained(weights, posterior.explanation)
    rows = _resampled(weights, seed)
    table = load_parameters()
    uncertain = [name for name in p if table[name].distribution != "fixed"]
    vintage = f"{posterior.about['data_vintage']}; weighted by {windows[-1].mark} counts"
    return replace(
        posterior,
        values={name: p[name][rows] for name in uncertain},
        residual=posterior.residual[rows],
        explanation=None if posterior.explanation is None else posterior.explanation[rows],
        about=dict(posterior.about)
        | {"data_vintage": f"{vintage} to {windows[-1].to}", "update": report},
    )


def _windows(counts: "pd.DataFrame", observed: Observed) -> list[Window]:
    """The sums that can be used, oldest first."""
    columns = list(getattr(counts, "columns", ()))
    needed = ("place", "series", "twelve_months_to", "mark", "deaths_in_12_months")
    if missing := [name for name in needed if columns.count(name) != 1]:
        raise InputError(f"new counts: one column each is needed of {', '.join(missing)}")
    end = round(12 * world.record_end(observed))
    ours = counts[(counts["place"] == PLACE) & (counts["series"] == SERIES)]
    faults, found = Faults("new counts"), dict[int, tuple[str, str, float]]()
    for mark in reversed(OVER_FINAL):  # the better mark is found last, and stays
        counted = _counted(ours[ours["mark"] == mark], end, faults)
        found |= {stop: (_month(stop), mark, deaths) for stop, deaths in counted.items()}
    faults.raise_any()
    if not found:
        what = f"no {SERIES} of {PLACE} over twelve months that end with a quarter after"
        raise InputError(f"new counts: {what} {_month(end)}; there is nothing to update with")
    starts = np.arange(end, max(found), QUARTER)
    return [
        Window(
            *found[stop],
            known=_known(observed, stop - 12),
            new=(starts >= stop - 12) & (starts < stop),
        )
        for stop in sorted(found)
    ]


def _counted(rows: "pd.DataFrame", end: int, faults: Faults) -> dict[int, float]:
    """Published counts of one mark by the end of a quarter after the record.

    Ends are months, counted from the year 0.
    """
    found: dict[int, float] = {}
    some = rows.dropna(subset=["deaths_in_12_months"])
    last = 12 * math.ceil(end / 12 + simulation.PROJECTED_YEARS)
    for to, deaths in zip(some["twelve_months_to"], some["deaths_in_12_months"], strict=True):
        period = read_period(str(to))
        if period is None or period.months != 1:
            faults.add("twelve_months_to", f"{shown(to)} is no month such as 2025-03")
            continue
        stop = period.first_month + 1
        if stop <= end or stop % QUARTER:
            continue
        if stop > last:
            faults.add(f"deaths to {to}", f"end after {_month(last)}, the last projected month")
        elif not is_finite(deaths) or deaths <= 0:
            faults.add(f"deaths to {to}", f"{shown(deaths)} is not a number above 0")
        elif found.setdefault(stop, float(deaths)) != deaths:
            both = f"{found[stop]:,g} and {deaths:,g}"
            faults.add(f"deaths to {to}", f"are both {both} under one mark; allowed: one count")
    return found


def _known(observed: Observed, start: int) -> float:
    """Deaths of the record since a month, counted from the year 0."""
    series = observed[RECORD]
    return float(series.values[np.round(12 * series.start) >= start].sum())


def _month(stop: int) -> str:
    """The month that ends at a count of months from the year 0."""
    return month_name(stop - 1)


def _projected(
    posterior: Posterior, observed: Observed, seed: int, count: int
) -> tuple[Mapping[str, Array], Array]:
    """Draws by parameter, and deaths by quarter after the record, shape (quarters, draws).

    Current policy; the model error is what is expected of it after each draw's last residual.
    """
    end, rows = world.record_end(observed), len(posterior.residual)
    recorded = round((end - world.HISTORY_START) * QUARTERS_A_YEAR)
    drawn = sampling.sample(
        load_parameters(), rows, seed, None, posterior, record_quarters=recorded
    )
    p, error = drawn.parameters, drawn.error.copy()
    ahead = 1 + np.arange(len(error) - recorded)[:, None]
    error[recorded:] = p["model_error_correlation"] ** ahead * posterior.residual
    start = end + np.arange(count) / QUARTERS_A_YEAR
    last = int(np.ceil(start[-1] + 1 / QUARTERS_A_YEAR)) - 1
    begun = simulation.begin(drawn._replace(error=error), observed, last)
    found = simulation.project([STATUS_QUO], begun)
    flows, length = found.projection, 1 / QUARTERS_A_YEAR
    return p, record.by_period(flows, "deaths_fentanyl", start, start + length)


def _expected(p: Mapping[str, Array], quarters: Array, windows: Sequence[Window]) -> Expected:
    """Sums over the windows and the covariance of their logs.

    The model error is AR(1) given the last residual, and drifts: between quarters a and b after
    it the covariance is ``sd^2 (r^|a-b| - r^(a+b)) + drift^2 min(a, b) / 4``.
    """
    ahead = 1 + np.arange(len(quarters))
    r, sd, drift = (
        p[name][:, None, None]
        for name in ("model_error_correlation", "model_error_sd", "forecast_drift_sd")
    )
    error = r ** np.abs(np.subtract.outer(ahead, ahead)) - r ** np.add.outer(ahead, ahead)
    drifted = np.minimum.outer(ahead, ahead) / QUARTERS_A_YEAR
    share = (1 - p["background_deaths"] / QUARTERS_A_YEAR / quarters).T
    covariance = share[:, :, None] * share[:, None, :] * (sd**2 * error + drift**2 * drifted)
    diagonal = np.arange(len(quarters))
    covariance[:, diagonal, diagonal] += (1 / quarters + p["count_spread"] ** 2).T
    inside = np.stack([window.new for window in windows])
    known = np.array([window.known for window in windows])
    deaths = known + quarters.T @ inside.T
    part = inside * quarters.T[:, None, :] / deaths[:, :, None]
    return Expected(deaths, part @ covariance @ part.transpose(0, 2, 1))


def _weighed(
    p: Mapping[str, Array], expected: Expected, windows: Sequence[Window]
) -> tuple[Array, Array]:
    """Log likelihood of each draw, and the share of the prediction below each count.

    How far a release runs above the final counts is unknown, and the same for all its sums of one
    mark.
    """
    marks = np.array([window.mark for window in windows])
    counted = np.array([window.counted for window in windows])
    excess = np.stack([p[OVER_FINAL[mark]] for mark in marks], axis=1)
    spread = np.stack([p[f"{OVER_FINAL[mark]}_spread"] for mark in marks], axis=1)
    shared = spread[:, :, None] * spread[:, None, :] * (marks[:, None] == marks)
    covariance = expected.covariance + shared
    residual = np.log(counted / excess) - np.log(expected.deaths)
    sd = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    logs = likelihood.normal_one_ahead(residual, covariance).sum(axis=1)
    return logs, ndtr(residual / sd).mean(axis=0)


def _resampled(weights: Array, seed: int) -> NDArray[np.int64]:
    """Rows by weight, evenly spaced so that chance adds nothing, in an order without meaning."""
    rows = len(weights)
    places = (np.arange(rows) + 0.5) / rows
    chosen = np.minimum(np.searchsorted(np.cumsum(weights), places), rows - 1)
    return np.random.default_rng(seed).permutation(chosen)


def _report(
    weights: Array, below: Array, expected: Expected, windows: Sequence[Window]
) -> dict[str, Any]:
    """What the update found, in numbers and in words."""
    share = float(1 / np.sum(weights**2) / len(weights))
    reasons = []
    if share < EFFECTIVE_SHARE_DUE:
        least = f"fewer than {EFFECTIVE_SHARE_DUE:.0%}"
        reasons.append(f"only {share:.1%} of the rows carry the weight, {least}")
    for window, u in zip(windows, below, strict=True):
        if min(u, 1 - u) < SURPRISE_DUE:
            side = "below" if u < SURPRISE_DUE else "above"
            what = f"the count to {window.to} lies {side} what the rows expected"
            reasons.append(f"{what} (chance under {SURPRISE_DUE:.1%})")
    centre = np.median(expected.deaths, axis=0)
    return {
        "windows": [
            {
                "twelve_months_to": window.to,
                "mark": window.mark,
                "counted": window.counted,
                "modelled_median_final": round(float(middle)),
                "chance_of_fewer": round(float(u), 3),
            }
            for window, middle, u in zip(windows, centre, below, strict=True)
        ],
        "effective_rows": round(share * len(weights)),
        "effective_share": round(share, 4),
        "full_calibration_due": bool(reasons),
        "reasons": reasons,
    }


def _explained(weights: Array, explanation: NDArray[np.str_]) -> dict[str, list[float]]:
    """Weight of each explanation of the fall of 2023-24 before and after."""
    parts = {str(name): explanation == name for name in np.unique(explanation)}
    return {
        name: [round(float(rows.mean()), 3), round(float(weights[rows].sum()), 3)]
        for name, rows in parts.items()
    }


def verdict(posterior: Posterior) -> str:
    """In words: what an update found, and whether a full calibration is due."""
    found = posterior.about["update"]
    lines = [
        f"Twelve months to {each['twelve_months_to']}: {each['counted']:,.0f} deaths "
        f"({each['mark']}); the model's middle, in final counts: "
        f"{each['modelled_median_final']:,}; chance of fewer: {_chance(each['chance_of_fewer'])}"
        for each in found["windows"]
    ]
    lines += [
        f"Explanation {name}: weight {before:.0%} before, {after:.0%} after."
        for name, (before, after) in found.get("explanations", {}).items()
    ]
    rows = len(posterior.residual)
    lines.append(f"{found['effective_rows']:,} of {rows:,} rows still count.")
    if found["full_calibration_due"]:
        lines.append(f"A full calibration is due: {'; '.join(found['reasons'])}.")
    else:
        lines.append("The update holds; no full calibration is due.")
    return "\n".join(lines)


def _chance(share: float) -> str:
    return "under 1%" if share < 0.01 else "over 99%" if share > 0.99 else f"{share:.0%}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Update the posterior with CDC's provisional overdose counts."""
    parser = argparse.ArgumentParser(prog="python -m simlib.study.update", description=main.__doc__)
    parser.add_argument("file", help="path or http(s) address of CDC's file, as CSV")
    parser.add_argument("--to", type=Path, required=True, help="file to write, a new one")
    parser.add_argument("--posterior", type=Path, help="posterior to update; default: the shipped")
    chosen = parser.parse_args(arguments)
    try:
        counts = read_overdose_counts(chosen.file)
        before = read_posterior(chosen.posterior) if chosen.posterior else shipped_posterior()
        found = update(before, counts)
        print(verdict(found))
        if found.about["update"]["full_calibration_due"]:
            print("Nothing was written.")
            return 1
        found.save(chosen.to, new=True)
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"Written to {chosen.to}; use it as simulate(posterior=read_posterior(path)).")
    return 0


if __name__ == "__main__":
    sys.exit(main())
