"""Enforcement: spending -> intensity -> seizure hazards and arrests.

Pure functions of arrays. Draws are on the last axis; whatever leads it (lanes, stages, policies)
broadcasts. A lane is a way past one stage; lanes of one stage share one flow.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def lag_kept(lag_years: Array, dt: float) -> Array:
    """Share of the distance to a plan that is left after a step, for a first-order lag [-].

    ``dS/dt = (planned - S) / lag``: money becomes staff and equipment with a lag of 0.5-2 years.
    """
    return np.exp(-dt / lag_years)


def followed(first: Array, rest: Array, kept: Array) -> Array:
    """Path of stocks that each step brings nearer to where they would rest.

    ``S(n+1) = kept(n) S(n) + (1 - kept(n)) rest(n)``, the exact solution of a linear lag.

    Parameters
    ----------
    first : at the first bound, shape (..., draws)
    rest : by step, shape (steps, ..., draws)
    kept : by step, or the same for all steps

    Returns
    -------
    Array : on bounds, shape (steps + 1, ..., draws)
    """
    toward = (1 - kept) * rest
    kept = np.broadcast_to(kept, toward.shape)
    bounds = np.empty((len(toward) + 1, *np.broadcast_shapes(np.shape(first), toward.shape[1:])))
    bounds[0] = first
    for before, after, left, come in zip(bounds, bounds[1:], kept, toward, strict=False):
        np.multiply(before, left, out=after)
        after += come
    return bounds


def intensity(change: Array, budget: Array, exponent: Array, offset: Array) -> Array:
    """Relative intensity of a programme, 1 at today's spending.

    ``I = ((S/B + o) / (1 + o)) ** g``: diminishing returns, and ``g = 0`` means money buys nothing.

    Parameters
    ----------
    change : [million USD per year], shape (..., draws)
        Spending that has taken effect, minus today's.
    budget : [million USD per year]
        Today's spending B (poorly known, therefore sampled).
    exponent : [-], 0-0.8
    offset : [-]
        Keeps intensity above zero when a programme is abolished.

    Returns
    -------
    Array : [-]
    """
    ratio = np.maximum(1 + change / budget, 0)
    return ((ratio + offset) / (1 + offset)) ** exponent


def scan_hazard(scan_share: Array, detection: Array, ceiling: Array) -> Array:
    """Seizure hazard from scanning a share of vehicles, ``-ln(1 - detection * scan)``.

    Parameters
    ----------
    scan_share : [share of vehicles], 0-1
    detection : [probability of detection given a scan], 0-1
    ceiling : [share], the most that scanning can find, below 1: some always passes
    """
    return -np.log1p(-np.minimum(np.minimum(scan_share, 1) * detection, ceiling))


def detection_given_scan(
    seized_share: Array, scanning_share: Array, weights: Array, scan_share: Array
) -> Array:
    """Detection probability that makes scanning account for a given share of today's seizures.

    Written this way round so that today's seized share can always be met.

    Parameters
    ----------
    seized_share : [share of flow], border total today
    scanning_share : [share of those seizures]
    weights, scan_share : shape (lanes, ..., draws)
        Lane weights and share of vehicles scanned today.
    """
    return np.minimum(scanning_share * seized_share / np.sum(weights * scan_share, axis=0), 1)


def open_hazard(seized_share: Array, weights: Array, known_hazard: Array) -> Array:
    """Hazard common to the open lanes of a stage that completes today's seized share.

    Solves ``sum_l w_l * (1 - exp(-(known_l + h))) = s`` for h.

    Parameters
    ----------
    seized_share : [share of flow], shape (..., draws)
    weights : [share of flow], open lanes only, shape (lanes, ..., draws)
    known_hazard : [-], hazard already accounted for (scanning), same shape
    """
    missed = np.sum(weights, axis=0) - seized_share
    return np.maximum(np.log(np.sum(weights * np.exp(-known_hazard), axis=0) / missed), 0)


def sum_by_stage(lanes: Array, stage_start: tuple[int, ...]) -> Array:
    """Sum lanes into stages; ``stage_start`` holds each stage's first lane."""
    ends = (*stage_start[1:], len(lanes))
    sums: Array = np.stack([lanes[a:b].sum(axis=0) for a, b in zip(stage_start, ends, strict=True)])
    return sums


def seized_shares(
    weights: Array, hazards: Array, stage_start: tuple[int, ...], ceiling: Array
) -> Array:
    """Share of the flow seized at each stage, ``s = sum_l w_l (1 - exp(-h_l))``, at most ceiling.

    Parameters
    ----------
    weights, hazards : shape (lanes, ..., draws)
    ceiling : [share], the most that can be seized (0.95)

    Returns
    -------
    Array : [share of flow], shape (stages, ..., draws)
    """
    seized: Array = sum_by_stage(weights * (1 - np.exp(-hazards)), stage_start)
    return np.minimum(seized, ceiling)


def arrests_ratio(
    weights: Array, hazards: Array, baseline_arrests: Array, stage_start: tuple[int, ...]
) -> Array:
    """Arrests per kilo relative to today: pressure met by the average kilo at each stage.

    Parameters
    ----------
    weights, hazards : shape (lanes, ..., draws)
    baseline_arrests : ``sum_by_stage(weights * hazards)`` of today, shape (stages, ..., draws)
    """
    return sum_by_stage(weights * hazards, stage_start) / baseline_arrests


def sheltered_weights(
    baseline_weights: Array, added_hazard: Array, strength: Array, stage_start: tuple[int, ...]
) -> Array:
    """Lane weights that traffic moves toward: lanes where pressure was not added.

    ``w_l ~ w_l0 * exp(-strength * (h_l - h_l0))`` within each stage. Weights of a stage add up
    to one.

    Parameters
    ----------
    baseline_weights, added_hazard : shape (lanes, ..., draws)
    strength : [-], 0 = traffic never moves
    """
    target = baseline_weights * np.exp(-strength * added_hazard)
    lanes = np.diff((*stage_start, len(target)))
    return target / np.repeat(sum_by_stage(target, stage_start), lanes, axis=0)


def half_life_kept(half_life_years: Array, dt: Array | float) -> Array:
    """Share of the distance to rest that is left after a step [-]."""
    return 2 ** (-dt / half_life_years)
