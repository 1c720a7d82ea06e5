"""Flows set beside the record: sums over its periods, and seizures under a drifting detection."""

import numpy as np

from simlib.inputs.arrays import Array, Draws, Flows
from simlib.inputs.observed import Observed


def by_period(flows: Flows, name: str, start: Array, end: Array) -> Array:
    """Sum of a flow over each period of a series, shape (periods, draws)."""
    return np.stack(
        [_within(flows, name, a, b).sum(axis=0) for a, b in zip(start, end, strict=True)]
    )


def mean_over(flows: Flows, name: str, start: float, end: float) -> Array:
    """Mean of a per-step value over a period, shape (draws,)."""
    return _within(flows, name, start, end).mean(axis=0)


def _within(flows: Flows, name: str, start: float, end: float) -> Array:
    time = flows["time"].ravel()
    return flows[name][(time > start) & (time < end), 0]


def border_seizures(p: Draws, observed: Observed) -> tuple[Array, Array, Array]:
    """Pure kilograms seized at the border by fiscal year, from where purity is known.

    Returns
    -------
    start, end : [decimal year], shape (years,)
    log_kg : [log pure kg], shape (years, draws); draws differ in the share of pills
    """
    series, powder = observed["cbp_seized"], observed["powder_purity"]
    whole = series.start >= powder.start.min() - 0.5
    start, end = series.start[whole], series.end[whole]
    pill, middle = observed["pill_fentanyl_mg"], (start + end) / 2
    in_pills = np.interp(middle, pill.middle, pill.values)[:, None] / p["tablet_mg"]
    in_powder = np.interp(middle, powder.middle, powder.values)[:, None] / 100
    pure = p["pill_share"] * in_pills + (1 - p["pill_share"]) * in_powder
    return start, end, np.log(series.values[whole][:, None] * pure)


def with_recorded_detection(flows: Flows, p: Draws, observed: Observed) -> dict[str, Array]:
    """Flows of the record with border seizures as recorded: flow times a drifting detection.

    Detection is today's at the last fiscal year and before it whatever the record asks for, given
    the flow; flat before the first year known. It drifts slowly, so the trade is taken to make up
    for it at once: what passes the border stays, what is shipped changes. Deaths are untouched.

    Parameters
    ----------
    flows : of the history, shape (steps, 1, draws)
    """
    start, end, seen = border_seizures(p, observed)
    drift = np.zeros_like(seen)
    found = dict(flows)
    for _ in range(PASSES):
        apart = seen - np.log(by_period(found, "seized_border_kg", start, end))
        drift += apart - apart[-1]
        by_step = _between(flows["time"].ravel(), (start + end) / 2, drift)[:, None, :]
        found |= _detected(flows, by_step, p["seized_ceiling"])
    return found


PASSES = 4
"""The drift of a year is that of its middle; each pass mends what its sum still lacks."""


def _detected(flows: Flows, drift: Array, ceiling: Array) -> dict[str, Array]:
    """Kilograms seized at the border and shipped when detection is off by `drift` [log]."""
    passed = flows["produced_kg"] - flows["seized_border_kg"]
    share = flows["seized_border_kg"] / flows["produced_kg"] * np.exp(drift)
    produced = passed / (1 - np.minimum(share, ceiling))
    return {"produced_kg": produced, "seized_border_kg": produced - passed}


def _between(time: Array, middle: Array, values: Array) -> Array:
    """Values by draw, linear between the middles of years and flat outside."""
    place = np.clip(np.interp(time, middle, np.arange(len(middle))), 0, len(middle) - 1)
    low = np.minimum(place.astype(int), len(middle) - 2)
    part = (place - low)[:, None]
    return values[low] * (1 - part) + values[low + 1] * part
