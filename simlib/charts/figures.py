"""Small figures: what moved each factor, what each lever adds, how far policies are apart.

All are rows of ranges on one axis. They are drawn once and for all, as files are: hand the
specification to :func:`simlib.charts.files.export`, or its SVG to a page.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from simlib.charts.checks import BANDS
from simlib.charts.places import on_axis, placed, round_limits
from simlib.charts.style import (
    COLOURS,
    DARK,
    FAINT,
    FURTHER_COLOURS,
    INK,
    LIGHT,
    MARGIN,
    SOURCE,
    STATUS_QUO,
    SUBTITLE,
    TITLE,
    config,
)

ROW_LABEL, RANGES, VALUES = 210, 440, 290
"""Widths of the three columns: names of rows, ranges, numbers [pixels]."""
LINE_HEIGHT, BETWEEN_ROWS = 19, 13
HALF_LIGHT, HALF_DARK, HALF_MEDIAN = 6.0, 4.0, 7.0
"""Half heights of the bars of 90 % and 50 % and of the median's stroke [pixels]."""
DIGITS = 2


def palette(names: Sequence[str]) -> dict[str, str]:
    """A colour for each of any number of names; where they are used up, they begin again."""
    further = [name for name in dict.fromkeys(names) if name not in COLOURS]
    many = [FURTHER_COLOURS[i % len(FURTHER_COLOURS)] for i in range(len(further))]
    return dict(COLOURS) | dict(zip(further, many, strict=True))


def ranges(table: pd.DataFrame, words: Mapping[str, str]) -> dict[str, Any]:
    """Rows of ranges on one axis with a line at zero, each with its numbers in words.

    Parameters
    ----------
    table : DataFrame
        row, series (may be empty), low90, low50, median, high50, high90 [the axis' unit], in the
        order in which they are drawn. Optionally ``begin``: where zero of this row lies, drawn
        as a bar from there (steps of a sum); ``colour``; ``note``: words beside its numbers.
    words : mapping
        title, subtitle, footer, axis (what is on it, with its unit).

    Returns
    -------
    dict
        A Vega-Lite specification that stands alone, with its text alternative.
    """
    return finished(range_layers(table, words["axis"]), words)


def range_layers(table: pd.DataFrame, axis: str) -> Any:
    """The rows of :func:`ranges` as a chart without title, to be put beside others."""
    begin = table["begin"] if "begin" in table else pd.Series(0.0, index=table.index)
    ends = [*(table[BANDS].add(begin, axis=0).to_numpy().ravel()), *begin, 0.0]
    low, high = min(ends), max(ends)
    corners = round_limits(low, high) if low < high else (-1.0, 1.0)
    lines = _lines(table.assign(begin=begin), corners[1] - corners[0])
    height = float(lines["y"].max() + LINE_HEIGHT)
    return alt.layer(
        *_axis(corners, height, axis), *_bars(lines, axis, "begin" in table), *_texts(lines)
    ).properties(width=RANGES, height=height)


def _lines(table: pd.DataFrame, span: float) -> pd.DataFrame:
    """Places, colours and numbers in words of each line."""
    new = (table["row"] != table["row"].shift()).to_numpy()
    y = np.arange(len(table)) * LINE_HEIGHT + np.cumsum(new) * BETWEEN_ROWS
    own = palette(table["series"])
    colour = table["colour"] if "colour" in table else table["series"].map(own)
    note = table["note"] if "note" in table else pd.Series("", index=table.index)
    said = [_said(row, more, span) for (_, row), more in zip(table.iterrows(), note, strict=True)]
    return table.assign(
        name=table["row"].where(new, ""),
        end=table["begin"] + table["median"],
        y=y.astype(float),
        colour=colour,
        said=said,
    )


def _said(row: pd.Series, note: str, span: float) -> str:
    """Name, median and range of a line, as exact as the axis."""
    digits = DIGITS + 1 if note else DIGITS  # a step of a sum may be small beside it
    low, middle, high = (on_axis(row[band], span, digits) for band in ("low90", "median", "high90"))
    text = f"{row['series']} {middle}".strip()
    if low != high:
        text += f" ({low} to {high})"
    return f"{text} {note}".strip()


def inline(values: pd.DataFrame | list[dict[str, Any]]) -> alt.Chart:
    """A chart that carries its few rows itself."""
    records = values.to_dict("records") if isinstance(values, pd.DataFrame) else values
    return alt.Chart(alt.InlineData(records))


def _x(column: str, title: str, corners: tuple[float, float] | None = None) -> alt.X:
    domain = list(corners) if corners else alt.Undefined
    scale = alt.Scale(nice=False, zero=False, domain=domain)
    axis = alt.Axis(tickCount=6, domain=False, ticks=False, title=title, orient="bottom")
    return alt.X(f"{column}:Q", scale=scale, axis=axis)


def _y(column: str, height: float) -> alt.Y:
    scale = alt.Scale(domain=[0, height], range=[0, height])
    return alt.Y(f"{column}:Q", scale=scale, axis=None)


def _axis(corners: tuple[float, float], height: float, title: str) -> list[alt.Chart]:
    zero = inline([{"zero": 0.0, "top": 0.0, "bottom": height}])
    rule = zero.mark_rule(color=COLOURS[STATUS_QUO], strokeWidth=1.6)
    return [rule.encode(x=_x("zero", title, corners), y=_y("top", height), y2="bottom")]


def _bars(lines: pd.DataFrame, axis: str, steps: bool) -> list[alt.Chart]:
    """Light bar: nine in ten; dark bar: the middle half; stroke: the median.

    Steps of a sum are solid bars from where the one before ended, with a thin line for the range.
    """
    height = float(lines["y"].max() + LINE_HEIGHT)
    shifted = lines.assign(**{band: lines[band] + lines["begin"] for band in BANDS})
    colour = alt.Color("colour:N", scale=None)

    def bar(low: str, high: str, half: float, opacity: float) -> alt.Chart:
        placed_at = shifted.assign(top=lines["y"] - half, bottom=lines["y"] + half)
        marks = inline(placed_at).mark_rect(opacity=opacity)
        return marks.encode(
            x=_x(low, axis), x2=high, y=_y("top", height), y2="bottom", color=colour
        )

    if steps:
        thin = inline(shifted).mark_rule(strokeWidth=1.2)
        return [
            bar("begin", "end", HALF_LIGHT, 2 * DARK),
            thin.encode(x=_x("low90", axis), x2="high90", y=_y("y", height), color=colour),
        ]
    median = shifted.assign(top=lines["y"] - HALF_MEDIAN, bottom=lines["y"] + HALF_MEDIAN)
    stroke = inline(median).mark_rule(strokeWidth=2.6)
    return [
        bar("low90", "high90", HALF_LIGHT, 2 * LIGHT),
        bar("low50", "high50", HALF_DARK, 2 * DARK),
        stroke.encode(x=_x("median", axis), y=_y("top", height), y2="bottom", color=colour),
    ]


def _texts(lines: pd.DataFrame) -> list[alt.Chart]:
    """Names of the rows on the left, numbers on the right."""
    height = float(lines["y"].max() + LINE_HEIGHT)
    left = inline(lines).mark_text(align="left", baseline="middle", fontSize=12, color=INK)
    right = inline(lines).mark_text(align="left", baseline="middle", fontSize=12)
    return [
        left.encode(x=alt.value(-ROW_LABEL), y=_y("y", height), text="name:N"),
        right.encode(
            x=alt.value(RANGES + 14),
            y=_y("y", height),
            text="said:N",
            color=alt.Color("colour:N", scale=None),
        ),
    ]


def finished(chart: Any, words: Mapping[str, str]) -> dict[str, Any]:
    """With title, subtitle and source line; as a specification with its text alternative."""
    first = placed(words["title"], TITLE, 0.0, "bold", INK)
    second = placed(words["subtitle"], SUBTITLE, first["y"].max() + 4, "normal", FAINT)
    above = pd.concat([first, second], ignore_index=True)
    below = placed(words["footer"], SOURCE, 0.0, "normal", FAINT)
    left = -float(ROW_LABEL)
    head, foot = (
        _strip(text.assign(x=left), float(text["y"].max()) + 10) for text in (above, below)
    )
    whole = alt.vconcat(head, chart, foot, spacing=8).properties(
        padding=MARGIN, background="white", config=config()
    )
    spec: dict[str, Any] = whole.to_dict()
    return spec | {"description": f"{words['title']} {words['subtitle']}"}


def _strip(text: pd.DataFrame, height: float) -> alt.Chart:
    size, weight = alt.expr("datum.size"), alt.expr("datum.weight")
    mark = inline(text).mark_text(align="left", baseline="bottom", fontSize=size, fontWeight=weight)
    across = alt.X("x:Q", scale=alt.Scale(domain=[0, 1], range=[0, 1]), axis=None)
    return mark.encode(
        x=across, y=_y("y", height), text="text:N", color=alt.Color("colour:N", scale=None)
    ).properties(width=RANGES, height=height)
