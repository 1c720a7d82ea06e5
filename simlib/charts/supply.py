"""Pictures of the supply side: curves over a control, and ranges by step of the chain.

As in :mod:`simlib.charts`, a chart holds no numbers: it refers by name to the tables of
:mod:`simlib.charts.supply_tables`, so that a live view is sent tables alone.
"""

from typing import Any

import altair as alt
import vl_convert

from simlib.charts.style import (
    DARK,
    EDGE_OPACITY,
    EDGE_WIDTH,
    FAINT,
    INK,
    LIGHT,
    LINE,
    MARGIN,
    config,
)
from simlib.charts.supply_tables import (
    AXIS,
    BANDS,
    FOOTER,
    HEADER,
    LABELS,
    NAMES,
    PANEL,
    PLOT,
    ROW,
    WIDTH,
    Sight,
)

CURVE_KEY = (
    "line: median of the draws · dark band: middle half · light band: 9 in 10 · "
    "dashed: before you moved"
)
RANGE_KEY = "tick: median of the draws · dark bar: middle half · light bar: 9 in 10"


def curves(across: str, up: str, log: bool = False) -> alt.VConcatChart:
    """Lines with bands over one quantity.

    Parameters
    ----------
    across, up : what the axes count, with unit
    log : whether the upper axis is logarithmic
    """
    x = alt.X("x:Q", scale=alt.Scale(nice=False, zero=False), axis=_axis(across, format=",~r"))
    scale = alt.Scale(type="log" if log else "linear", nice=False, zero=False)
    axis = _axis(None, ticks=False, domain=False, minExtent=AXIS, labelPadding=6)
    y = {name: alt.Y(f"{name}:Q", scale=scale, axis=axis) for name in (*BANDS, "value")}
    colour, detail = alt.Color("colour:N", scale=None), "series:N"
    lines = _table("lines").encode(x=x, color=colour, detail=detail)
    layers = [_table("corners").mark_point(opacity=0).encode(x=x, y=y["value"])]
    for shade, low, high in ((LIGHT, "low90", "high90"), (DARK, "low50", "high50")):
        area = lines.mark_area(
            fillOpacity=alt.expr(f"{shade} * datum.shade"),
            strokeWidth=EDGE_WIDTH,
            strokeOpacity=alt.expr(f"{EDGE_OPACITY} * datum.shade"),
        )
        layers.append(area.encode(y=y[low], y2=high, stroke=alt.Stroke("colour:N", scale=None)))
    dashes = alt.Scale(domain=[0, 1], range=[[1, 0], [5, 3]])
    dash = alt.StrokeDash("dashed:O", scale=dashes, legend=None)
    layers.append(lines.mark_line(**LINE).encode(y=y["median"], strokeDash=dash))
    layers.append(
        lines.mark_point(size=110, opacity=0).encode(y=y["median"], tooltip=_tips(across))
    )
    layers += _here(x)
    panel = alt.layer(*layers).properties(
        width=PLOT, height=PANEL, title=alt.TitleParams(up, anchor="start", offset=10)
    )
    return _page(alt.hconcat(panel, _line_ends(), spacing=0), -AXIS, CURVE_KEY)


def ranges(along: str, rows: int, log: bool = False, key: str = RANGE_KEY) -> alt.VConcatChart:
    """Bars by row, one quantity along them.

    Parameters
    ----------
    along : what the axis counts, with unit
    rows : number of rows
    log : whether the axis is logarithmic
    key : what the bars mean
    """
    height = rows * ROW
    scale = alt.Scale(type="log" if log else "linear", nice=False, zero=False)
    axis = _axis(along)
    x = {name: alt.X(f"{name}:Q", scale=scale, axis=axis) for name in (*BANDS, "value")}
    bars = _table("bars").encode(color=alt.Color("colour:N", scale=None))
    layers = [_table("corners").mark_point(opacity=0).encode(x=x["value"])]
    for shade, low, high in ((LIGHT, "low90", "high90"), (DARK, "low50", "high50")):
        opacity = alt.expr(f"datum.solid ? datum.solid : {shade}")
        rect = bars.mark_rect(opacity=opacity, tooltip=False)
        layers.append(rect.encode(x=x[low], x2=high, y=_pixel("top", height), y2="bottom"))
    tick = bars.mark_rule(strokeWidth=2.4, opacity=alt.expr("datum.solid ? 0 : 1"))
    tick = tick.encode(x=x["median"], y=_pixel("top", height), y2="bottom")
    layers.append(tick)
    marks = _table("marks").mark_point(shape="diamond", size=80, filled=True, color=INK)
    layers.append(marks.encode(x=x["value"], y=_pixel("y", height), tooltip=["text:N"]))
    panel = alt.layer(*layers).properties(width=PLOT, height=height)
    names = _table("names").mark_text(align="right", fontSize=12, color=INK)
    names = names.encode(x=alt.value(NAMES - 10), y=_pixel("y", height), text="text:N")
    values = _table("values").mark_text(align="left", fontSize=12)
    values = values.encode(
        x=alt.value(8),
        y=_pixel("y", height),
        text="text:N",
        color=alt.Color("colour:N", scale=None),
    )
    sides = [
        each.properties(width=width, height=height)
        for each, width in ((names, NAMES), (values, LABELS))
    ]
    return _page(alt.hconcat(sides[0], panel, sides[1], spacing=0), 0, key)


def _page(body: alt.HConcatChart, left: int, key: str) -> alt.VConcatChart:
    """A body under its heading, over the key of its bands."""
    size, weight = alt.expr("datum.size"), alt.expr("datum.weight")
    heading = _table("heading").mark_text(
        align="left", baseline="bottom", fontSize=size, fontWeight=weight, clip=False
    )
    colour = alt.Color("colour:N", scale=None)
    heading = heading.encode(x=alt.value(left), y=_pixel("y", HEADER), text="text:N", color=colour)
    foot = alt.Chart(alt.InlineData([{}])).mark_text(
        text=key, align="left", fontSize=11, color=FAINT
    )
    foot = foot.encode(x=alt.value(left), y=alt.value(FOOTER / 2))
    width = WIDTH + left
    shared = config(title={"color": FAINT, "fontSize": 12, "fontWeight": "normal"})
    return alt.vconcat(
        heading.properties(width=width, height=HEADER),
        body,
        foot.properties(width=width, height=FOOTER),
        spacing=6,
    ).properties(padding=MARGIN, background="white", config=shared)


def _axis(title: str | None, **more: Any) -> alt.Axis:
    choices: dict[str, Any] = {"tickCount": 5, "format": ",~r", "title": title}
    return alt.Axis(**choices | more)


def _table(name: str) -> alt.Chart:
    return alt.Chart(alt.NamedData(name))


def _pixel(column: str, height: int) -> alt.Y:
    return alt.Y(f"{column}:Q", scale=alt.Scale(domain=[0, height], range=[0, height]), axis=None)


def _tips(across: str) -> list[alt.Tooltip]:
    tips = [alt.Tooltip("series:N", title="line")]
    tips.append(alt.Tooltip("x:Q", title=across, format=",.3~r"))
    return tips + [alt.Tooltip(f"{name}:Q", format=",.3~r") for name in BANDS]


def _here(x: alt.X) -> list[alt.Chart]:
    """Where the reader stands on the axis across."""
    rule = _table("here").encode(x=x)
    texts = []
    sides: tuple[dict[str, Any], ...] = (
        {"align": "left", "dx": 5, "opacity": alt.expr("datum.late ? 0 : 1")},
        {"align": "right", "dx": -5, "opacity": alt.expr("datum.late ? 1 : 0")},
    )
    for side in sides:
        text = rule.mark_text(fontSize=11, color=INK, **side)
        texts.append(text.encode(text="text:N", y=alt.value(8)))
    return [rule.mark_rule(color=INK, strokeDash=[2, 2]), *texts]


def _line_ends() -> Any:
    labels = _table("labels").encode(color=alt.Color("colour:N", scale=None))
    leader = labels.mark_rule(strokeWidth=0.8, clip=True).encode(
        x=alt.value(1), x2=alt.value(9), y=_pixel("line_end", PANEL), y2="centre"
    )
    text = labels.mark_text(align="left", baseline="middle", fontSize=12, clip=True).encode(
        x=alt.value(12), y=_pixel("first_line", PANEL), text="text:N"
    )
    return alt.layer(leader, text).properties(width=LABELS, height=PANEL)


def png(chart: alt.TopLevelMixin, sight: Sight) -> bytes:
    """The picture as a file, two pixels for each of its own; no network is used."""
    spec = chart.to_dict()
    rows = {name: table.to_dict("records") for name, table in sight.tables.items()}
    spec["datasets"] = spec.get("datasets", {}) | rows
    return vl_convert.vegalite_to_png(spec, scale=2, allowed_base_urls=[])
