"""The map of two assumptions: who wins where, what the evidence says, where money breaks even."""

from typing import TYPE_CHECKING, Any

import altair as alt
import numpy as np
import pandas as pd

from simlib.analysis.believe import value_at
from simlib.charts.layout import COLOUR, LABEL, Tables, framed, pixel, table, text, words
from simlib.charts.style import (
    BORDER,
    COLOURS,
    FAINT,
    INK,
    INTERNAL,
    PAPER,
    blend,
    number,
    percent,
)

if TYPE_CHECKING:
    from simlib.analysis.believe import Map

SIDE, LEFT, KEY_WIDTH = 380, 56, 260
"""Length of the map's sides, and the room left and right of it [pixels]."""
EVIDENCE_DOTS = 300
TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
NOTES = (
    "solid line: the verdict is settled inside",
    "dashed line: no difference on average",
    "dots: what the evidence says, one dot",
    "a draw; few dots mean hard to believe",
)


def break_even() -> alt.VConcatChart:
    """The map; its tables are those of :func:`break_even_tables`, and ``words``."""
    unit = alt.Scale(domain=[0, 1], nice=False)
    x, y = alt.X("x:Q", scale=unit, axis=None), alt.Y("y:Q", scale=unit, axis=None)
    hover = [alt.Tooltip(f"{name}:N") for name in ("here", "border", "internal", "neither", "gap")]
    cells = table("cells").mark_rect(stroke=None)
    dashes = alt.Scale(domain=[0, 1], range=[[1, 0], [4, 3]])
    dash = alt.StrokeDash("dashed:O", scale=dashes, legend=None)
    outlines = table("outlines").mark_rule(color=INK, strokeWidth=alt.expr("datum.width"))
    evidence = table("evidence").mark_circle(size=13, color=INK, opacity=0.45)
    panel = alt.layer(
        cells.encode(x=x, x2="x2", y=y, y2="y2", color=COLOUR, tooltip=hover),
        outlines.encode(x=x, x2="x2", y=y, y2="y2", strokeDash=dash),
        evidence.encode(x=x, y=y),
        *_axes(unit),
    ).properties(width=SIDE, height=SIDE, view=alt.ViewConfig(stroke=FAINT))
    body = alt.hconcat(panel, _key(), spacing=8)
    return framed(body, LEFT + SIDE + KEY_WIDTH, -LEFT, head=72, foot=0)


def _axes(unit: alt.Scale) -> list[alt.Chart]:
    """Ticks, numbers, titles: Vega's axes cannot turn logarithmic when the assumption changes."""
    ticks = table("ticks")
    x, y = alt.X("at:Q", scale=unit, axis=None), alt.Y("at:Q", scale=unit, axis=None)
    numbers: dict[str, Any] = {"fontSize": LABEL, "color": FAINT}
    return [
        ticks.mark_rule(color=FAINT).encode(x=x, y=alt.value(SIDE), y2=alt.value(SIDE + 5)),
        ticks.mark_rule(color=FAINT).encode(y=y, x=alt.value(-5), x2=alt.value(0)),
        ticks.mark_text(baseline="top", **numbers).encode(
            x=x, y=alt.value(SIDE + 9), text="across:N"
        ),
        ticks.mark_text(align="right", **numbers).encode(x=alt.value(-9), y=y, text="up:N"),
        text("across", 0, SIDE + 28, 12.5, INK),
        text("up", -LEFT, -24, 12.5, INK),
    ]


def _key() -> Any:
    """What colours, lines and dots mean."""
    shades = [(COLOURS[BORDER], f"{BORDER} better"), (COLOURS[INTERNAL], f"{INTERNAL} better")]
    rows = [
        {"y": 12 + 40 * i + 18 * j, "colour": blend(colour, share), "text": name}
        for i, (colour, side) in enumerate(shades)
        for j, (share, name) in enumerate(((1.0, f"{side}: sure"), (0.5, "in half the futures")))
    ]
    rows.append({"y": 92, "colour": PAPER, "text": "neither by more than the margin"})
    key = alt.Chart(alt.InlineData(rows)).encode(y=pixel("y"))
    notes = [{"y": 130 + 18 * i, "text": note} for i, note in enumerate(NOTES)]
    said = alt.Chart(alt.InlineData(notes)).encode(y=pixel("y"))
    square = key.mark_square(size=150, stroke=FAINT, strokeWidth=0.6, opacity=1)
    style: dict[str, Any] = {"align": "left", "fontSize": LABEL}
    return alt.layer(
        square.encode(x=alt.value(16), color=COLOUR),
        key.mark_text(**style, color=INK).encode(x=alt.value(30), text="text:N"),
        said.mark_text(**style, color=FAINT).encode(x=alt.value(8), text="text:N"),
    ).properties(width=KEY_WIDTH, height=SIDE)


def break_even_tables(found: "Map", title: str, subtitle: str) -> Tables:
    """Tables of :func:`break_even`."""
    shown = found.evidence[:, :EVIDENCE_DOTS]
    sides = (("across", "→", found.across), ("up", "↑", found.up))
    titles = {side: f"{arrow} {row.label} [{row.unit}]" for side, arrow, row in sides}
    numbers = {
        side: [number(float(value_at(row, at)), 2) for at in TICKS] for side, _, row in sides
    }
    return {
        "cells": _cells(found),
        "outlines": _outlines(found),
        "evidence": pd.DataFrame({"x": shown[0], "y": shown[1]}),
        "ticks": pd.DataFrame({"at": list(TICKS)} | numbers),
        "words": words(title, subtitle, width=LEFT + SIDE + KEY_WIDTH, **titles),
    }


def _cells(found: "Map") -> pd.DataFrame:
    n, (first, second, within, gap) = found.steps, found.found
    x, y = np.repeat(np.arange(n), n) / n, np.tile(np.arange(n), n) / n
    centre = value_at(found.across, x + 0.5 / n), value_at(found.up, y + 0.5 / n)
    colours = [
        blend(COLOURS[BORDER], a) if a >= b else blend(COLOURS[INTERNAL], b)
        for a, b in zip(first, second, strict=True)
    ]
    chances = {"border": first, "internal": second, "neither": within}
    said = {name: [percent(each) for each in chance] for name, chance in chances.items()}
    here = [f"{number(a)} / {number(b)}" for a, b in zip(*map(np.ravel, centre), strict=True)]
    gaps = [f"{number(float(each), 2)} deaths" for each in gap]
    corners = {"x": x, "x2": x + 1 / n, "y": y, "y2": y + 1 / n}
    return pd.DataFrame(corners | {"colour": colours, "here": here, "gap": gaps} | said)


def _outlines(found: "Map") -> pd.DataFrame:
    """Borders of the settled regions, and the line where the mean gap changes its sign."""
    settled = np.maximum(found.found.first, found.found.second) >= found.confidence
    parts = [
        _edges(settled.reshape(found.steps, -1)).assign(width=2.2, dashed=0),
        _edges((found.found.gap > 0).reshape(found.steps, -1)).assign(width=1.4, dashed=1),
    ]
    return pd.concat(parts, ignore_index=True)


def _edges(inside: np.ndarray) -> pd.DataFrame:
    """Sides between cells of which one is inside and the other is not."""
    n = len(inside)
    i, j = np.nonzero(inside[1:] != inside[:-1])
    upright = pd.DataFrame({"x": (i + 1) / n, "x2": (i + 1) / n, "y": j / n, "y2": (j + 1) / n})
    i, j = np.nonzero(inside[:, 1:] != inside[:, :-1])
    level = pd.DataFrame({"x": i / n, "x2": (i + 1) / n, "y": (j + 1) / n, "y2": (j + 1) / n})
    return pd.concat([upright, level], ignore_index=True)
