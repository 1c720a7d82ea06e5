"""Structure counts as uncertainty: rival explanations and rules, and how much they matter.

Rivals are how cost reaches the street price (transmission rule) and why deaths fell in 2023-24
(explanation). The same draws are run under every rule, and each draw with several paths of model
error, so the spread can be taken apart by the law of total variance.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simlib import world
from simlib.analysis.believe import compared_at
from simlib.analysis.runs import sample, size
from simlib.inputs.arrays import Array
from simlib.inputs.observed import load_observed
from simlib.inputs.parameters import load_parameters
from simlib.inputs.posterior import shipped_posterior
from simlib.inputs.sampling import Sample, forecast_drift, model_error
from simlib.runs import Watch
from simlib.strategies import Strategy

Labels = NDArray[np.str_]

RULE = "pass_through_weight"
PATHS = 2
"""Paths of model error run with each draw: the fewest that show how much they matter."""

UNNAMED = "all explanations together"


@dataclass(frozen=True)
class Shares:
    """Variance of an outcome, and the share of it that each kind of doubt makes."""

    variance: float
    structure: float
    parameters: float
    noise: float


def rules() -> dict[str, float]:
    """Transmission rules by name: weight of transmission in proportion."""
    row = load_parameters()[RULE]
    return {"dollar for dollar": row.low, "between the two": row.value, "in proportion": row.high}


def explanations(draws: int) -> Labels:
    """Name of the explanation of 2023-24 that each draw belongs to."""
    labels = shipped_posterior().explanation
    if labels is None:
        return np.full(draws, UNNAMED)
    return labels[np.arange(draws) % len(labels)]


def take_apart(values: Array, labels: Labels) -> Shares:
    """Split the variance over rules, labelled draws and paths of noise.

    ``Var = Var(structure means) + mean Var(parameters | structure) + mean Var(noise | both)``.
    A structure is one rule with one label; rules weigh the same, labels by their draws.

    Parameters
    ----------
    values : shape (rules, draws, paths), at least two paths
    labels : shape (draws,)
    """
    paths = values.shape[-1]
    noise = float(values.var(axis=-1, ddof=1).mean())
    means = values.mean(axis=-1)
    weights, centres, within = [], [], []
    for label in np.unique(labels):
        cells = means[:, labels == label]
        weights += [cells.shape[-1] / len(labels) / len(values)] * len(values)
        centres += list(cells.mean(axis=-1))
        within += list(cells.var(axis=-1))
    overall = np.average(centres, weights=weights)
    structure = float(np.average((np.array(centres) - overall) ** 2, weights=weights))
    parameters = max(float(np.average(within, weights=weights)) - noise / paths, 0.0)
    variance = structure + parameters + noise
    share = variance or 1.0
    return Shares(variance, structure / share, parameters / share, noise / share)


def gaps(
    strategies: Sequence[Strategy],
    total_musd: float,
    *,
    draws: int = 300,
    seed: int = 1,
    watch: Watch | None = None,
) -> Array:
    """Deaths of the second strategy minus the first by rule, draw and path of model error.

    Returns
    -------
    array, shape (rules, draws, PATHS)
    """
    base, points = sample(draws, seed), [{RULE: weight} for weight in rules().values()]
    found = []
    for path in range(PATHS):
        chosen = base if path == 0 else Sample(base.parameters, _other_error(base, seed + path))
        deaths = compared_at(strategies, total_musd, chosen, points)
        found.append(deaths[2] - deaths[1])
        if watch is not None:
            watch((path + 1) / PATHS)
    return np.stack(found, axis=-1)


def _other_error(base: Sample, seed: int) -> Array:
    """Model error of the same draws and its drift beyond the record, from other noise."""
    p, last = base.parameters, world.record_quarters(load_observed())
    shares, beyond = np.random.default_rng(seed).random((2, *base.error.shape))
    residual = shipped_posterior().take_residual(size(base))
    spread = p["model_error_sd"], p["model_error_correlation"]
    error = model_error(*spread, shares, residual, last - 1)
    error[last:] += forecast_drift(p["forecast_drift_sd"], beyond[last:])
    return error


def table(values: Array, labels: Labels, margin_deaths: float) -> pd.DataFrame:
    """Results by named explanation and transmission rule.

    Columns: rule, explanation, gap (median), low, high (90 %), and the chances of either strategy
    being better by more than the margin.
    """
    rows: list[Mapping[str, object]] = []
    for name, by_draw in zip(rules(), values, strict=True):
        for label in np.unique(labels):
            gap = by_draw[labels == label].ravel()
            low, middle, high = np.quantile(gap, (0.05, 0.5, 0.95))
            rows.append(
                {
                    "rule": name,
                    "explanation": label,
                    "low": low,
                    "gap": middle,
                    "high": high,
                    "first_better": float(np.mean(gap > margin_deaths)),
                    "second_better": float(np.mean(-gap > margin_deaths)),
                }
            )
    return pd.DataFrame(rows)
