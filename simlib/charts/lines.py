"""Lines and dots without bands: by name over a common axis."""

from typing import Any

import altair as alt

from simlib.charts.layout import framed, table, zero
from simlib.charts.style import COLOURS, FAINT, INK, LINE, MANY_COLOURS, SHORT, STATUS_QUO

WIDTH, HEIGHT = 380, 290
NAMES = alt.Legend(orient="bottom", columns=1)
HOVER = [
    alt.Tooltip("series:N"),
    alt.Tooltip("x:Q", format=SHORT),
    alt.Tooltip("y:Q", format=SHORT),
]


def curves(across: str, up: str, *, points: bool = False) -> alt.VConcatChart:
    """Lines by name from the table ``curves``: x, y, series, order.

    Parameters
    ----------
    across, up : what the axes count, with unit
    points : whether each place is marked; the upper axis then need not hold 0
    """
    x = alt.X("x:Q", title=across, scale=alt.Scale(zero=False))
    y = alt.Y("y:Q", title=up, scale=alt.Scale(zero=not points))
    legend = alt.Legend(symbolType="stroke", orient="bottom", columns=1)
    scale = alt.Scale(range=[COLOURS[STATUS_QUO], *MANY_COLOURS])
    colour = alt.Color("series:N", sort=None, scale=scale, legend=legend)
    line = table("curves").mark_line(**LINE, point=points)
    panel = line.encode(x=x, y=y, color=colour, order=alt.Order("order:Q"), tooltip=HOVER)
    return framed(panel.properties(width=WIDTH, height=HEIGHT), WIDTH, head=72, foot=0)


def plane(across: str, up: str) -> alt.VConcatChart:
    """One faint dot a draw (table ``draws``) and one strong dot for the mean (``means``), by name.

    Parameters
    ----------
    across, up : what the axes count, with unit
    """
    x, y = alt.X("x:Q", title=across), alt.Y("y:Q", title=up)
    same: dict[str, Any] = {"sort": None, "scale": alt.Scale(range=list(MANY_COLOURS))}
    draws = table("draws").mark_circle(size=14, opacity=0.35)
    means = table("means").mark_point(size=150, filled=True, opacity=1, strokeWidth=1.2)
    panel = alt.layer(
        zero().mark_rule(color=FAINT).encode(x="zero:Q"),
        zero().mark_rule(color=FAINT).encode(y="zero:Q"),
        draws.encode(
            x=x,
            y=y,
            color=alt.Color("series:N", **same, legend=NAMES),
        ),
        means.encode(
            x=x,
            y=y,
            fill=alt.Fill("series:N", **same, legend=None),
            stroke=alt.value(INK),
            tooltip=HOVER,
        ),
    )
    return framed(panel.properties(width=WIDTH, height=HEIGHT), WIDTH, head=72, foot=0)
