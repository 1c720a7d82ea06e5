"""Any number of policies side by side: lines with history, and below them their differences."""

from collections.abc import Mapping
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from simlib.charts.checks import BANDS
from simlib.charts.figures import RANGES, finished, inline, range_layers
from simlib.charts.places import in_order, on_axis, round_limits, spread, until_they_part
from simlib.charts.style import (
    BORDER,
    COLOURS,
    DARK,
    DOT,
    FAINT,
    FURTHER_COLOURS,
    INK,
    INTERNAL,
    LIGHT,
    PANEL,
    STATUS_QUO,
)

MANY = (COLOURS[BORDER], COLOURS[INTERNAL], *FURTHER_COLOURS)
DASHES = ((1, 0), (6, 3), (2, 2), (10, 3, 2, 3), (3, 6), (12, 6), (1, 4))
"""Dashes that tell lines apart once colours have been used up."""
LABEL_HEIGHT = 15.0
DIGITS = 3


def side_by_side(
    lines: pd.DataFrame,
    observed: pd.DataFrame,
    differences: pd.DataFrame,
    words: Mapping[str, Any],
) -> dict[str, Any]:
    """Medians of any number of policies as lines, and ranges of their differences from one.

    Parameters
    ----------
    lines : DataFrame
        year, series, low90 to high90; the first series is drawn with its bands.
    observed : DataFrame
        year, value, provisional; may have no rows.
    differences : DataFrame
        As `table` of :func:`simlib.charts.figures.ranges`.
    words : mapping
        As for that function, and outcome, unit, record_end.

    Returns
    -------
    dict
        A Vega-Lite specification that stands alone, with its text alternative.
    """
    looks = _looks(in_order(lines))
    first = looks[looks["series"] == STATUS_QUO]
    highest = max(first["high90"].max(), looks["median"].max(), *observed["value"])
    lowest = min(0.0, looks["median"].min())
    limits = round_limits(lowest, highest if highest > lowest else lowest + 1.0)
    x, y = _axes(limits, f"{words['outcome']}, {words['unit']}")
    upper = alt.layer(
        *_record_end(words["record_end"], x),
        *_bands(first, x, y),
        _medians(until_they_part(looks), x, y),
        *_history(observed, x, y),
        *_labels(looks, limits, y),
    ).properties(width=RANGES, height=PANEL)
    colour = differences["series"].map(dict(zip(looks["series"], looks["colour"], strict=True)))
    rows = differences.assign(row=differences["series"], series="", colour=colour)
    lower = range_layers(rows, words["axis"])
    return finished(alt.vconcat(upper, lower, spacing=20), words)


def _looks(lines: pd.DataFrame) -> pd.DataFrame:
    """Colour and dashes of each line; no two have both alike."""
    others = [name for name in dict.fromkeys(lines["series"]) if name != STATUS_QUO]
    colours = {name: MANY[i % len(MANY)] for i, name in enumerate(others)}
    dashes = {name: i // len(MANY) for i, name in enumerate(others)}
    return lines.assign(
        colour=lines["series"].map({STATUS_QUO: COLOURS[STATUS_QUO]} | colours),
        dash=lines["series"].map({STATUS_QUO: 0} | dashes).astype(int),
    )


def _axes(limits: tuple[float, float], title: str) -> tuple[dict[str, Any], dict[str, Any]]:
    across = alt.Axis(format="d", tickCount=6, grid=False, title="calendar year")
    up = alt.Axis(tickCount=5, ticks=False, domain=False, title=title)
    years = alt.Scale(nice=False, zero=False)
    values = alt.Scale(domain=list(limits), nice=False)
    return {"scale": years, "axis": across}, {"scale": values, "axis": up}


def _record_end(end: float, x: dict[str, Any]) -> list[alt.Chart]:
    record = inline([{"end": end}]).encode(x=alt.X("end:Q", **x))
    text = record.mark_text(align="left", dx=5, fontSize=11, color=FAINT, text="projection →")
    rule = record.mark_rule(color=FAINT, strokeDash=[2, 2])
    return [rule, text.encode(y=alt.value(-8))]


def _bands(first: pd.DataFrame, x: dict[str, Any], y: dict[str, Any]) -> list[alt.Chart]:
    return [
        inline(first)
        .mark_area(opacity=shade, color=first["colour"].iloc[0])
        .encode(x=alt.X("year:Q", **x), y=alt.Y(f"{low}:Q", **y), y2=high)
        for shade, low, high in ((LIGHT, BANDS[0], BANDS[-1]), (DARK, BANDS[1], BANDS[-2]))
    ]


def _medians(looks: pd.DataFrame, x: dict[str, Any], y: dict[str, Any]) -> alt.Chart:
    kinds = alt.Scale(domain=list(range(len(DASHES))), range=[list(each) for each in DASHES])
    return (
        inline(looks)
        .mark_line(strokeWidth=2)
        .encode(
            x=alt.X("year:Q", **x),
            y=alt.Y("median:Q", **y),
            color=alt.Color("colour:N", scale=None),
            detail="series:N",
            strokeDash=alt.StrokeDash("dash:O", scale=kinds, legend=None),
        )
    )


def _history(observed: pd.DataFrame, x: dict[str, Any], y: dict[str, Any]) -> list[alt.Chart]:
    if observed.empty:
        return []
    fill = alt.condition("datum.provisional", alt.value("white"), alt.value(INK))
    dots = inline(observed.astype({"provisional": bool})).mark_circle(**DOT, stroke=INK)
    return [dots.encode(x=alt.X("year:Q", **x), y=alt.Y("value:Q", **y), fill=fill)]


def _labels(looks: pd.DataFrame, limits: tuple[float, float], y: dict[str, Any]) -> list[alt.Chart]:
    """Names and last values beside the line ends, moved apart where they would overlap."""
    last = looks[looks["year"] == looks["year"].max()]
    scale = PANEL / (limits[1] - limits[0])
    ends = scale * (limits[1] - last["median"].to_numpy())
    centres = spread(ends, np.full(len(last), LABEL_HEIGHT), PANEL)
    texts = [
        f"{name} {on_axis(value, limits[1] - limits[0], DIGITS)}"
        for name, value in zip(last["series"], last["median"], strict=True)
    ]
    rows = last[["colour", "median"]].assign(centre=limits[1] - centres / scale, text=texts)
    beside = inline(rows).encode(color=alt.Color("colour:N", scale=None))
    leader = beside.mark_rule(strokeWidth=0.8).encode(
        x=alt.value(RANGES + 1), x2=alt.value(RANGES + 10), y=alt.Y("median:Q", **y), y2="centre"
    )
    text = beside.mark_text(align="left", baseline="middle", fontSize=12).encode(
        x=alt.value(RANGES + 14), y=alt.Y("centre:Q", **y), text="text:N"
    )
    return [leader, text]
