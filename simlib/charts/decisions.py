"""Pictures for decisions under doubt: a map of two assumptions, bars, curves, a plane.

As in :mod:`simlib.charts`, a chart refers to its data by name only, so that one definition serves
the live view and the file. Each chart function has a table function beside it.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import altair as alt
import numpy as np
import pandas as pd

from simlib.charts.style import BORDER, COLOURS, FAINT, INK, INTERNAL, config, number, percent

if TYPE_CHECKING:
    from simlib.analysis.believe import Map

Tables = dict[str, pd.DataFrame]

SIDE = 380
"""Length of the map's sides [pixels]."""
BAR, BARS_WIDTH, LABELS_WIDTH = 20, 380, 400
EVIDENCE_DOTS = 300
TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
WHITE = "#FFFFFF"


def blend(colour: str, share: float) -> str:
    """A colour on white, as strong as a share 0-1."""
    parts = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(255 + (part - 255) * share):02X}" for part in parts)


def _table(name: str) -> alt.Chart:
    return alt.Chart(alt.NamedData(name))


def _finish(chart: alt.TopLevelMixin) -> Any:
    shared = config(axis={"labelLimit": LABELS_WIDTH})
    return chart.properties(padding=12, background="white", config=shared)


def _heading(width: int) -> alt.Chart:
    """Title and subtitle from the table ``words``: one row a line."""
    text = _table("words").mark_text(align="left", baseline="top", fontSize=alt.expr("datum.size"))
    y = alt.Y("y:Q", scale=alt.Scale(domain=[0, 64], range=[0, 64]), axis=None)
    found = text.encode(x=alt.value(0), y=y, text="text:N", color=alt.value(INK))
    return found.properties(width=width, height=64)


def words(title: str, *lines: str) -> pd.DataFrame:
    """The table ``words``: a title and up to two further lines."""
    texts = (title, *lines)
    return pd.DataFrame(
        {
            "text": texts,
            "size": [17, 12.5, 12.5][: len(texts)],
            "y": [0.0, 26.0, 44.0][: len(texts)],
        }
    )


def filled(chart: Any, tables: Tables) -> dict[str, Any]:
    """The chart with its tables put in: a Vega-Lite specification that stands alone."""
    spec = chart.to_dict()
    put_in = {name: table.to_dict("records") for name, table in tables.items()}
    spec["datasets"] = spec.get("datasets", {}) | put_in
    return spec | {"description": " ".join(tables["words"]["text"])}


# --- map of two assumptions -------------------------------------------------------------------


def break_even() -> alt.VConcatChart:
    """The map: who wins where, what the evidence says, and where money breaks even."""
    unit = alt.Scale(domain=[0, 1], nice=False)
    across = alt.X("x:Q", scale=unit, axis=None)
    up = alt.Y("y:Q", scale=unit, axis=None)
    hover = [alt.Tooltip(f"{name}:N") for name in ("here", "border", "internal", "neither", "gap")]
    cells = _table("cells").mark_rect(stroke=None)
    cells = cells.encode(
        x=across, x2="x2", y=up, y2="y2", color=alt.Color("colour:N", scale=None), tooltip=hover
    )
    lines = _table("outlines").mark_rule(color=INK, strokeWidth=alt.expr("datum.width"))
    dash = alt.StrokeDash(
        "dashed:O", scale=alt.Scale(domain=[0, 1], range=[[1, 0], [4, 3]]), legend=None
    )
    lines = lines.encode(x=across, x2="x2", y=up, y2="y2", strokeDash=dash)
    dots = _table("evidence").mark_circle(size=13, color=INK, opacity=0.45).encode(x=across, y=up)
    panel = alt.layer(cells, lines, dots, *_map_axes(unit)).properties(
        width=SIDE, height=SIDE, view=alt.ViewConfig(stroke=FAINT)
    )
    sides = alt.hconcat(_up_labels(), panel, _map_key(), spacing=4)
    rows = (_heading(SIDE + 320), _up_title(), sides, _across_labels())
    return _finish(alt.vconcat(*rows, spacing=3))


def _map_axes(unit: alt.Scale) -> list[alt.Chart]:
    ticks = _table("ticks").mark_rule(color=FAINT)
    x, y = alt.X("at:Q", scale=unit, axis=None), alt.Y("at:Q", scale=unit, axis=None)
    return [
        ticks.encode(x=x, y=alt.value(SIDE), y2=alt.value(SIDE + 5)),
        ticks.encode(y=y, x=alt.value(-5), x2=alt.value(0)),
    ]


def _across_labels() -> Any:
    place = alt.X("at:Q", scale=alt.Scale(domain=[0, 1], range=[64, 64 + SIDE]), axis=None)
    ticks = _table("ticks").mark_text(color=FAINT, fontSize=12, baseline="top")
    title = _table("titles").mark_text(align="left", baseline="top", fontSize=12.5, color=INK)
    return alt.layer(
        ticks.encode(x=place, y=alt.value(2), text="across:N"),
        title.encode(x=alt.value(64), y=alt.value(20), text="across:N"),
    ).properties(width=SIDE + 280, height=40)


def _up_labels() -> Any:
    place = alt.Y("at:Q", scale=alt.Scale(domain=[0, 1], range=[SIDE, 0]), axis=None)
    ticks = _table("ticks").mark_text(color=FAINT, fontSize=12, align="right")
    return ticks.encode(x=alt.value(54), y=place, text="up:N").properties(width=56, height=SIDE)


def _up_title() -> Any:
    title = _table("titles").mark_text(align="left", baseline="top", fontSize=12.5, color=INK)
    title = title.encode(x=alt.value(0), y=alt.value(0), text="up:N")
    return title.properties(width=SIDE + 320, height=16)


def _map_key() -> Any:
    """What colours, lines and dots mean."""
    shades = [(COLOURS[BORDER], f"{BORDER} better"), (COLOURS[INTERNAL], f"{INTERNAL} better")]
    rows = [
        {"y": 12 + 40 * i + 18 * j, "colour": blend(colour, share), "text": text}
        for i, (colour, name) in enumerate(shades)
        for j, (share, text) in enumerate(((1.0, f"{name}: sure"), (0.5, "in half the futures")))
    ]
    rows.append({"y": 92, "colour": WHITE, "text": "neither by more than the margin"})
    key = alt.Chart(alt.InlineData(rows))
    y = alt.Y("y:Q", scale=alt.Scale(domain=[0, SIDE], range=[0, SIDE]), axis=None)
    square = key.mark_square(size=150, stroke=FAINT, strokeWidth=0.6, opacity=1)
    text = key.mark_text(align="left", fontSize=12, color=INK)
    notes = (
        "solid line: the verdict is settled inside",
        "dashed line: no difference on average",
        "dots: what the evidence says, one dot",
        "a draw; few dots mean hard to believe",
    )
    lines = [{"y": 130 + 18 * i, "text": note} for i, note in enumerate(notes)]
    said = alt.Chart(alt.InlineData(lines)).mark_text(align="left", fontSize=12, color=FAINT)
    return alt.layer(
        square.encode(x=alt.value(16), y=y, color=alt.Color("colour:N", scale=None)),
        text.encode(x=alt.value(30), y=y, text="text:N"),
        said.encode(x=alt.value(8), y=y, text="text:N"),
    ).properties(width=250, height=SIDE)


def break_even_tables(found: "Map") -> Tables:
    """Tables of :func:`break_even`, without the words."""
    from simlib.analysis.believe import value_at

    shown = found.evidence[:, :EVIDENCE_DOTS]
    rows = (found.across, found.up)
    ticks = {"at": list(TICKS)} | {
        side: [number(float(value_at(row, at)), 2) for at in TICKS]
        for side, row in zip(("across", "up"), rows, strict=True)
    }
    titles = {
        side: [f"{arrow} {row.label} [{row.unit}]"]
        for side, arrow, row in zip(("across", "up"), "→↑", rows, strict=True)
    }
    return {
        "cells": _cells(found),
        "outlines": _outlines(found),
        "evidence": pd.DataFrame({"x": shown[0], "y": shown[1]}),
        "ticks": pd.DataFrame(ticks),
        "titles": pd.DataFrame(titles),
    }


def _cells(found: "Map") -> pd.DataFrame:
    from simlib.analysis.believe import value_at

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
    table = pd.concat(parts, ignore_index=True)
    if len(table):
        return table
    nothing = {"x": [0.0], "x2": [0.0], "y": [0.0], "y2": [0.0], "width": [0.0], "dashed": [0]}
    return pd.DataFrame(nothing)  # a table without rows would have no columns in the browser


def _edges(inside: np.ndarray) -> pd.DataFrame:
    """Sides between cells of which one is inside and the other is not."""
    n = len(inside)
    i, j = np.nonzero(inside[1:] != inside[:-1])
    upright = pd.DataFrame({"x": (i + 1) / n, "x2": (i + 1) / n, "y": j / n, "y2": (j + 1) / n})
    i, j = np.nonzero(inside[:, 1:] != inside[:, :-1])
    level = pd.DataFrame({"x": i / n, "x2": (i + 1) / n, "y": (j + 1) / n, "y2": (j + 1) / n})
    return pd.concat([upright, level], ignore_index=True)


# --- bars -------------------------------------------------------------------------------------


def bars(axis: str, rows: int, *, zero: bool = True) -> alt.VConcatChart:
    """Horizontal bars with an interval, most important first.

    Parameters
    ----------
    axis : what is measured, with its unit
    rows : number of bars, for the height
    zero : whether the axis must hold zero
    """
    value = alt.X("low:Q", title=axis, scale=alt.Scale(zero=zero))
    name = alt.Y("label:N", sort=None, title=None, axis=alt.Axis(ticks=False, domain=False))
    hover = [alt.Tooltip("label:N")] + [
        alt.Tooltip(f"{each}:Q", format=",.3~r") for each in ("low", "middle", "high")
    ]
    table = _table("bars").encode(y=name, color=alt.Color("colour:N", scale=None), tooltip=hover)
    panel = alt.layer(
        table.mark_bar(height=BAR * 0.6, opacity=0.45).encode(x=value, x2="high"),
        table.mark_tick(thickness=3, height=BAR * 0.75).encode(
            x=alt.X("middle:Q"), color=alt.value(INK)
        ),
        alt.Chart(alt.InlineData([{"zero": 0}])).mark_rule(color=FAINT).encode(x="zero:Q"),
    ).properties(width=BARS_WIDTH, height=BAR * rows)
    return _finish(alt.vconcat(_heading(BARS_WIDTH), panel, spacing=4))


def bars_table(
    labels: Sequence[str],
    low: Sequence[float] | np.ndarray,
    middle: Sequence[float] | np.ndarray,
    high: Sequence[float] | np.ndarray,
    colours: Sequence[str] | None = None,
) -> pd.DataFrame:
    """The table of :func:`bars`."""
    colour = [COLOURS[BORDER]] * len(labels) if colours is None else list(colours)
    columns: Mapping[str, Any] = {"label": labels, "low": low, "middle": middle, "high": high}
    return pd.DataFrame(columns).assign(colour=colour)


# --- curves and planes ------------------------------------------------------------------------

SERIES_COLOURS = ("#505050", COLOURS[BORDER], COLOURS[INTERNAL], "#007A4D", "#A34A80", "#000000")


def curves(across: str, up: str, *, points: bool = False) -> alt.VConcatChart:
    """Lines by name over a common axis; with `points` each place is marked and named."""
    x, y = alt.X("x:Q", title=across, scale=alt.Scale(zero=False)), alt.Y("y:Q", title=up)
    if points:
        y = alt.Y("y:Q", title=up, scale=alt.Scale(zero=False))
    legend = alt.Legend(title=None, labelLimit=LABELS_WIDTH, symbolType="stroke")
    scale = alt.Scale(range=list(SERIES_COLOURS))
    colour = alt.Color("series:N", sort=None, scale=scale, legend=legend)
    hover = [alt.Tooltip("series:N"), alt.Tooltip("x:Q", format=",.3~r")]
    hover += [alt.Tooltip("y:Q", format=",.3~r")]
    order = alt.Order("order:Q")
    line = _table("curves").mark_line(strokeWidth=2.2, point=points)
    panel = line.encode(x=x, y=y, color=colour, order=order, tooltip=hover)
    panel = panel.properties(width=BARS_WIDTH, height=280)
    return _finish(alt.vconcat(_heading(BARS_WIDTH), panel, spacing=4))


def plane(across: str, up: str) -> alt.VConcatChart:
    """One faint dot a draw and one strong dot for the mean, by name; axes through zero."""
    x, y = alt.X("x:Q", title=across), alt.Y("y:Q", title=up)
    scale = alt.Scale(range=list(SERIES_COLOURS[1:]))
    legend = alt.Legend(title=None, labelLimit=LABELS_WIDTH)
    colour = alt.Color("series:N", sort=None, scale=scale, legend=legend)
    same: dict[str, Any] = {"sort": None, "scale": scale, "legend": None}
    zero = alt.Chart(alt.InlineData([{"zero": 0}]))
    hover = [alt.Tooltip("series:N"), alt.Tooltip("x:Q", format=",.3~r")]
    hover += [alt.Tooltip("y:Q", format=",.3~r")]
    panel = alt.layer(
        zero.mark_rule(color=FAINT).encode(x="zero:Q"),
        zero.mark_rule(color=FAINT).encode(y="zero:Q"),
        _table("draws").mark_circle(size=14, opacity=0.35).encode(x=x, y=y, color=colour),
        _table("means")
        .mark_point(size=150, filled=True, opacity=1, stroke=INK, strokeWidth=1.2)
        .encode(x=x, y=y, fill=alt.Fill("series:N", **same), color=alt.value(INK), tooltip=hover),
    ).properties(width=BARS_WIDTH, height=300)
    return _finish(alt.vconcat(_heading(BARS_WIDTH), panel, spacing=4))
