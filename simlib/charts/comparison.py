"""Tidy tables in, pictures out: with :mod:`simlib.charts.style` the only place that draws.

One definition serves the screen and the file. :func:`comparison` returns a chart that refers to
its data by name only. The live view is sent the tables of :func:`prepare` on every change; an
export gets the same tables from :func:`fill` and is drawn by :func:`export`, without a network.
"""

from collections.abc import Mapping
from typing import Any

import altair as alt
import pandas as pd

from simlib.charts.checks import BANDS
from simlib.charts.style import (
    AXIS_WIDTH,
    COLOURS,
    DARK,
    DIFFERENCE_WIDTH,
    DOT,
    EDGE_OPACITY,
    EDGE_WIDTH,
    FAINT,
    FOOTER,
    GAP,
    HEADER,
    INK,
    KEY_MIDDLE,
    LABEL_WIDTH,
    LEFT,
    LIGHT,
    LINE,
    MARGIN,
    OUTCOME_WIDTH,
    PANEL,
    STATUS_QUO,
    WIDTH,
    config,
)
from simlib.charts.tables import ASSUMED, BEYOND, SOLID, prepare

BAND_ENDS = {
    "high90": "9 in 10: up to",
    "high50": "middle half: up to",
    "median": "median",
    "low50": "middle half: from",
    "low90": "9 in 10: from",
}


# --- picture ----------------------------------------------------------------------------------


TITLES = {
    **{"anchor": "start", "color": INK, "fontSize": 13, "offset": 10},
    **{"subtitleFontSize": 12, "subtitleColor": FAINT},
}
"""How the titles of panels look."""


def comparison() -> alt.VConcatChart:
    """The comparison: outcome a year with bands and history; beside it the difference.

    The chart holds no data and no words. It refers by name to the tables that :func:`prepare`
    returns, and has the same size whatever they hold.

    Returns
    -------
    alt.VConcatChart
        To be shown by :class:`simlib.dashboard.live_chart.LiveChart`, or filled by :func:`fill`.
    """
    panels = alt.hconcat(
        _panel("lines", OUTCOME_WIDTH, _record_end(), _history()),
        _panel("difference", DIFFERENCE_WIDTH, _zero_line(), _sides()),
        spacing=GAP,
    )
    beside = WIDTH + LEFT  # rows of a column share the left panel's axis as their origin
    heading = alt.layer(_text("heading", HEADER), *_key()).properties(width=beside, height=HEADER)
    footer = _text("footer", FOOTER).properties(width=beside, height=FOOTER)
    menu = {"export": True, "source": False, "compiled": False, "editor": False}
    return alt.vconcat(heading, panels, footer, spacing=8).properties(
        padding=MARGIN,
        background="white",
        config=config(title=TITLES),
        usermeta={"embedOptions": {"actions": menu}},  # of the exported page
    )


def _table(name: str) -> alt.Chart:
    return alt.Chart(alt.NamedData(name))


def _constant() -> alt.Chart:
    return alt.Chart(alt.InlineData([{"zero": 0}]))


def _year(column: str) -> alt.X:
    axis = alt.Axis(format="d", tickCount=5, grid=False, title="calendar year")
    return alt.X(f"{column}:Q", scale=alt.Scale(nice=False, zero=False), axis=axis)


def _value(column: str) -> alt.Y:
    axis = alt.Axis(tickCount=5, ticks=False, domain=False, title=None)
    axis = alt.Axis(**axis.to_dict(), minExtent=AXIS_WIDTH, labelPadding=8)
    return alt.Y(f"{column}:Q", scale=alt.Scale(nice=False, zero=False), axis=axis)


def _pixel(column: str, height: int) -> alt.Y:
    return alt.Y(f"{column}:Q", scale=alt.Scale(domain=[0, height], range=[0, height]), axis=None)


def _across() -> alt.X:
    """The column of pixels from the left panel's axis."""
    return alt.X("x:Q", scale=alt.Scale(domain=[0, 1], range=[0, 1]), axis=None)


def _colour() -> alt.Color:
    return alt.Color("colour:N", scale=None)


def _panel(
    name: str, width: int, below: list[alt.Chart], above: list[alt.Chart]
) -> alt.HConcatChart:
    """Layers over one pair of axes, with the names and values at the line ends beside them."""
    corners = _table(f"{name}_corners").mark_point(opacity=0)
    corners = corners.encode(x=_year("year"), y=_value("value"))
    panel = alt.layer(corners, *below, *_bands(name), *above).properties(width=width, height=PANEL)
    labels = _table(f"{name}_labels").encode(color=_colour())
    leader = labels.mark_rule(strokeWidth=0.8, clip=True).encode(
        x=alt.value(1), x2=alt.value(9), y=_pixel("line_end", PANEL), y2="centre"
    )
    text = labels.mark_text(align="left", baseline="middle", fontSize=12, clip=True).encode(
        x=alt.value(12), y=_pixel("first_line", PANEL), text="text:N"
    )
    ends = alt.layer(leader, text).properties(width=LABEL_WIDTH, height=PANEL)
    return alt.hconcat(panel, ends, spacing=0)


def _bands(name: str) -> list[alt.Chart]:
    """Light and dark bands, medians, and unseen points that answer the mouse with numbers."""
    table = _table(name).encode(x=_year("year"), color=_colour(), detail=["series:N"])
    edge = alt.Stroke("colour:N", scale=None)
    kinds = alt.Scale(domain=[SOLID, ASSUMED, BEYOND], range=[[1, 0], [5, 3], [11, 4]])
    dash = alt.StrokeDash("dashed:O", scale=kinds, legend=None)
    width = alt.StrokeWidth("stroke:Q", scale=None, legend=None)
    hover = [alt.Tooltip("series:N", title="line"), alt.Tooltip("year:Q", format="d")]
    hover += [alt.Tooltip(f"{c}:Q", format=",.3~r", title=t) for c, t in BAND_ENDS.items()]
    layers = [
        table.mark_area(
            fillOpacity=alt.expr(f"{shade} * datum.shade"),
            strokeOpacity=alt.expr(f"{EDGE_OPACITY} * datum.shade"),
            strokeWidth=EDGE_WIDTH,
        ).encode(y=_value(low), y2=high, stroke=edge)
        for shade, low, high in ((LIGHT, BANDS[0], BANDS[-1]), (DARK, BANDS[1], BANDS[-2]))
    ]
    strokes = _table(f"{name}_hatch").mark_rule(strokeWidth=0.8, strokeOpacity=0.6)
    layers.append(strokes.encode(x=_year("x"), x2="x2", y=_value("y"), y2="y2", color=_colour()))
    lines = table.mark_line().encode(y=_value("median"), strokeDash=dash, strokeWidth=width)
    layers.append(lines.encode(detail=["series:N", "piece:N"]))
    points = table.mark_point(size=110, opacity=0)
    return [*layers, points.encode(y=_value("median"), tooltip=hover)]


def _history() -> list[alt.Chart]:
    hover = [alt.Tooltip("year:Q", format="d"), alt.Tooltip("value:Q", format=",", title="count")]
    dots = _table("observed").mark_circle(**DOT)
    return [
        dots.encode(
            x=_year("year"),
            y=_value("value"),
            fill=alt.Fill("fill:N", scale=None),
            stroke=alt.Stroke("colour:N", scale=None),
            tooltip=hover,
        )
    ]


def _record_end() -> list[alt.Chart]:
    record = _table("record").encode(x=_year("end"), color=_colour())
    text = record.mark_text(align="left", dx=5, fontSize=11, text="projection →")
    return [record.mark_rule(strokeDash=[2, 2]), text.encode(y=alt.value(-8))]


def _zero_line() -> list[alt.Chart]:
    """The status quo."""
    return [_constant().mark_rule(color=COLOURS[STATUS_QUO], **LINE).encode(y=_value("zero"))]


def _sides() -> list[alt.Chart]:
    """Which side of zero means what."""
    text = _table("sides").mark_text(align="left", fontSize=11, color=FAINT)
    return [
        text.encode(x=alt.value(4), y=alt.value(y), text=f"{side}:N")
        for side, y in (("more", -8), ("fewer", PANEL - 8))
    ]


def _caption(text: str, x: float, y: float, size: float) -> alt.Chart:
    caption = _constant().mark_text(text=text, align="left", fontSize=size, color=FAINT)
    return caption.encode(x=alt.value(x), y=alt.value(y))


def _text(name: str, height: int) -> alt.Chart:
    """Lines of text at the places that their table gives."""
    size, weight = alt.expr("datum.size"), alt.expr("datum.weight")
    text = _table(name).mark_text(align="left", baseline="bottom", fontSize=size, fontWeight=weight)
    return text.encode(x=_across(), y=_pixel("y", height), text="text:N", color=_colour())


def _key() -> list[alt.Chart]:
    """What bands and dots mean, drawn as they are in the panels, along the heading's foot."""
    y = KEY_MIDDLE
    colour, sides = COLOURS[STATUS_QUO], {"x": alt.value(LEFT), "x2": alt.value(LEFT + 26)}
    layers = [
        _constant()
        .mark_rect(color=colour, opacity=shade)
        .encode(y=alt.value(y - half), y2=alt.value(y + half), **sides)
        for half, shade in ((8, LIGHT), (4, DARK))
    ]
    layers.append(_constant().mark_rule(color=colour, **LINE).encode(y=alt.value(y), **sides))
    dots = (
        _table("key_dots")
        .mark_circle(**DOT, stroke=INK)
        .encode(fill=alt.Fill("fill:N", scale=None))
    )
    words = _table("key").mark_text(align="left", fontSize=12, color=FAINT)
    at = {"x": _across(), "y": alt.value(y)}
    return [*layers, dots.encode(**at), words.encode(text="text:N", **at)]


def fill(chart: alt.TopLevelMixin, tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """The chart with its tables put in: a Vega-Lite specification that stands alone.

    Parameters
    ----------
    chart : Altair chart
        From :func:`comparison`.
    tables : mapping of str to DataFrame
        As for :func:`prepare`.

    Returns
    -------
    dict
        Specification; its ``description``, the text alternative, is title and subtitle.

    Raises
    ------
    InputError
        As :func:`prepare`.
    """
    spec = chart.to_dict()
    datasets = {name: table.to_dict("records") for name, table in prepare(tables).items()}
    title, subtitle = tables["words"].iloc[0][["title", "subtitle"]]
    spec["datasets"] |= datasets  # the chart's own are those of the key
    return spec | {"description": f"{title} {subtitle}"}
