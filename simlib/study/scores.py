"""How good forecasts and intervals were: coverage, weighted interval score, ranks of the truth."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from simlib.inputs.arrays import Array

LEVELS = (0.5, 0.8, 0.95)
"""Central intervals that are judged, by the share of cases they claim to hold."""
BANDS = 1000
"""Sets of uniform ranks drawn to find the band within which an even distribution stays."""


def interval(samples: Array, level: float) -> tuple[Array, Array]:
    """Ends of the central interval of samples along the last axis."""
    low, high = np.quantile(samples, (0.5 - level / 2, 0.5 + level / 2), axis=-1)
    return low, high


def covered(samples: Array, truth: Array, level: float) -> NDArray[np.bool_]:
    """Whether the central interval of the samples holds the truth, shape of `truth`."""
    low, high = interval(samples, level)
    return (low <= truth) & (truth <= high)


def weighted_interval_score(
    samples: Array, truth: Array, levels: tuple[float, ...] = LEVELS
) -> Array:
    """Weighted interval score (Bracher et al. 2021): small is good; the unit of the samples.

    ``[|y - median| / 2 + sum_k alpha_k / 2 IS_k] / (K + 1/2)`` with
    ``IS = width + 2 / alpha (distance of y outside the interval)``.

    Parameters
    ----------
    samples : shape (..., samples)
    truth : shape (...)
    """
    total = np.abs(truth - np.median(samples, axis=-1)) / 2
    for level in levels:
        low, high = interval(samples, level)
        outside = np.maximum(low - truth, 0) + np.maximum(truth - high, 0)
        total = total + (1 - level) / 2 * (high - low) + outside
    return total / (len(levels) + 0.5)


def rank(samples: Array, truth: Array, rng: np.random.Generator) -> NDArray[np.int64]:
    """How many samples lie below the truth, ties broken by lot; 0 to the number of samples.

    Parameters
    ----------
    samples : shape (..., samples)
    truth : shape (...)
    """
    below = np.sum(samples < truth[..., None], axis=-1)
    equal = np.sum(samples == truth[..., None], axis=-1)
    return below + rng.integers(0, equal + 1)


def rank_within(ranks: NDArray[np.int64], samples: int, level: float) -> NDArray[np.bool_]:
    """Whether a central interval held the truth, told by the rank of the truth."""
    share = (ranks + 0.5) / (samples + 1)
    return np.abs(share - 0.5) <= level / 2


def evenness(ranks: NDArray[np.int64], samples: int, bins: int) -> float:
    """Chance of ranks as uneven as these, or more so, were all ranks equally likely.

    Chi-square over bins of as equal a number of ranks as can be.

    Parameters
    ----------
    ranks : one a record, each 0 to `samples`
    """
    from scipy.stats import chisquare  # half a second to import

    places = samples + 1
    bin_of = np.arange(places) * bins // places
    expected = np.bincount(bin_of, minlength=bins) / places * len(ranks)
    return float(chisquare(np.bincount(bin_of[ranks], minlength=bins), expected).pvalue)


@cache
def even_band(records: int, samples: int, level: float = 0.95) -> tuple[Array, Array]:
    """Band that the whole cumulative curve of even ranks keeps within, in a share of cases.

    The simultaneous band of Säilynoja, Bürkner & Vehtari (2022): binomial at each rank, as wide
    as curves of ranks drawn by lot require.

    Returns
    -------
    low, high : share of records at or below each rank, shape (samples + 1,)
    """
    from scipy.stats import binom

    rng = np.random.default_rng(records)
    share = np.arange(1, samples + 2) / (samples + 1)
    drawn = rng.integers(0, samples + 1, (BANDS, records))
    counts = np.stack([cumulative(each, samples) for each in drawn]) * records
    tails = np.minimum(binom.cdf(counts, records, share), binom.sf(counts - 1, records, share))
    tail = np.quantile(tails[:, :-1].min(axis=1), 1 - level)
    low, high = (binom.ppf(each, records, share) / records for each in (tail, 1 - tail))
    return low, high


def within_band(ranks: NDArray[np.int64], samples: int) -> bool:
    """Whether the cumulative curve of ranks keeps within the band of even ones."""
    low, high = even_band(len(ranks), samples)
    curve = cumulative(ranks, samples)
    return bool(np.all((low <= curve) & (curve <= high)))


def cumulative(ranks: NDArray[np.int64], samples: int) -> Array:
    """Share of records whose rank is at or below each rank, shape (samples + 1,)."""
    return np.cumsum(np.bincount(ranks, minlength=samples + 1)) / len(ranks)
