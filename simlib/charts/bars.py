"""Ranges in rows on one axis: with numbers beside them, as steps of a sum, or as plain bars."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from simlib.charts.layout import (
    COLOUR,
    LABEL,
    fill,
    framed,
    limits,
    pixel,
    table,
    words,
    wrap,
    zero,
)
from simlib.charts.style import (
    BANDS,
    BORDER,
    COLOURS,
    DARK,
    FAINT,
    INK,
    LIGHT,
    SHORT,
    on_axis,
    palette,
)

# Pixels.
ROW, LOW_ROW, BAR_STEP, BAR = 46, 32, 19, 12
NAMES, RANGES, VALUES = 180, 440, 290
LIVE_RANGES, LIVE_VALUES = 320, 210
FIGURE_WIDTH = NAMES + RANGES + VALUES
PLAIN_ROW, PLAIN_WIDTH = 20, 380
NAME_LETTERS = 27
DIGITS = 2

RANGE_SPANS = ((2 * LIGHT, "low90", "high90"), (2 * DARK, "low50", "high50"))
STEP_SPANS = ((0.75, "begin", "end"),)


def ranges(
    along: str,
    rows: int,
    *,
    steps: bool = False,
    log: bool = False,
    zeroed: bool = True,
    row: int = ROW,
    width: int = RANGES,
    values: int = VALUES,
    marked: bool = False,
) -> Any:
    """Rows of ranges from the table ``bars``, their names left, their numbers right.

    Parameters
    ----------
    along : what the axis counts, with unit
    rows : number of rows
    steps : solid bars from where the one before ended, with a thin line for the range
    log, zeroed : whether the axis is logarithmic; whether it holds 0
    row, width, values : height of a row, width of the axis, room for numbers [pixels]
    marked : whether there are diamonds, from the table ``marks``
    """
    scale = alt.Scale(type="log", nice=False, padding=12) if log else alt.Scale(zero=zeroed)
    axis = alt.Axis(title=along, tickCount=6, format=",~r")

    def x(column: str) -> alt.X:
        return alt.X(f"{column}:Q", scale=scale, axis=axis)

    tips = [alt.Tooltip("row:N", title="row"), alt.Tooltip("series:N", title="line")]
    tips += [alt.Tooltip("said:N", title="value")]
    bars = table("bars").encode(y=pixel("y"), color=COLOUR, tooltip=tips)
    layers: list[alt.Chart] = []
    for opacity, low, high in STEP_SPANS if steps else RANGE_SPANS:
        bar = bars.mark_rule(strokeWidth=BAR, opacity=opacity)
        layers.append(bar.encode(x=x(low), x2=high))
    if steps:
        layers.append(bars.mark_rule(strokeWidth=1.2).encode(x=x("low90"), x2="high90"))
    else:
        tick = bars.mark_tick(orient="vertical", thickness=2.4, size=BAR + 3, opacity=1)
        layers.append(tick.encode(x=x("median")))
    if zeroed and not log:
        layers.append(zero().mark_rule(color=INK).encode(x="zero:Q"))
    if marked:
        diamonds = table("marks").mark_point(shape="diamond", size=80, filled=True, color=INK)
        layers.append(diamonds.encode(x=x("value"), y=pixel("y"), tooltip=["text:N", "value:Q"]))
    names = table("bars").mark_text(align="right", fontSize=LABEL, color=INK)
    layers.append(names.encode(x=alt.value(-10), y=pixel("name_y"), text="name:N"))
    numbers = bars.mark_text(align="left", fontSize=LABEL)
    layers.append(numbers.encode(x=alt.value(width + 12), text="said:N"))
    room = table("words").mark_point(opacity=0)  # so that the width is that of the longest number
    for edge in (-NAMES, width + values):
        layers.append(room.encode(x=alt.value(edge), y=alt.value(0)))
    return alt.layer(*layers).properties(width=width, height=rows * row)


def live_ranges(
    along: str, rows: int, *, steps: bool = False, log: bool = False, zeroed: bool = False
) -> alt.VConcatChart:
    """Rows of ranges under a heading, with diamonds: the tables of `charts.draws.range_tables`.

    Parameters
    ----------
    along, rows, steps, log, zeroed : as for :func:`ranges`
    """
    size = {"width": LIVE_RANGES, "values": LIVE_VALUES}
    layers = ranges(along, rows, steps=steps, log=log, zeroed=zeroed, marked=not steps, **size)
    return framed(layers, NAMES + LIVE_RANGES + LIVE_VALUES, -NAMES, foot=18)


def ranges_table(rows: pd.DataFrame, row: int = ROW) -> pd.DataFrame:
    """The table of :func:`ranges`: with places, names and numbers in words.

    Parameters
    ----------
    rows : DataFrame
        row, series (may be empty), low90 to high90 [the axis' unit] and colour, in the order in
        which they are drawn. Optionally ``begin``, where zero of this row lies (steps of a sum);
        ``note``, words beside its numbers; ``said``, all words beside it.
    row : height of a row [pixels]
    """
    begin = rows["begin"] if "begin" in rows else pd.Series(0.0, index=rows.index)
    table = rows.assign(**{band: rows[band] + begin for band in BANDS})
    new = rows["row"] != rows["row"].shift()
    number = new.cumsum() - 1
    size = number.groupby(number).transform("size")
    centre = (number + 0.5) * row
    name = [
        wrap(text, NAME_LETTERS, 2) if first else ""
        for text, first in zip(rows["row"], new, strict=True)
    ]
    table = table.assign(
        begin=begin,
        end=table["median"],
        name=name,
        name_y=centre - [text.count("\n") * 7 for text in name],
        y=centre + (number.groupby(number).cumcount() - (size - 1) / 2) * BAR_STEP,
    )
    if "said" in rows:
        return table
    ends = [0.0, *table[BANDS].to_numpy().ravel()]
    low, high = limits(ends)
    return table.assign(said=[_said(line, high - low) for _, line in rows.iterrows()])


def _said(line: pd.Series, span: float) -> str:
    """Name, median and range of a line, as exact as the axis."""
    note = line.get("note", "")
    digits = DIGITS + 1 if note else DIGITS  # a step of a sum may be small beside it
    low, middle, high = (
        on_axis(line[band], span, digits) for band in ("low90", "median", "high90")
    )
    text = f"{line['series']} {middle}".strip()
    if low != high:
        text += f" ({low} to {high})"
    return f"{text} {note}".strip()


def figure(rows: pd.DataFrame, told: Mapping[str, str]) -> dict[str, Any]:
    """A picture of ranges alone, drawn once and for all.

    Parameters
    ----------
    rows : DataFrame
        As for :func:`ranges_table`, colours by series where there are none; with ``begin`` its
        bars are steps of a sum.
    told : mapping
        title, subtitle, footer, axis (what is on it, with its unit).

    Returns
    -------
    dict
        A Vega-Lite specification that stands alone, with its text alternative.
    """
    if "colour" not in rows:
        rows = rows.assign(colour=rows["series"].map(palette(rows["series"])))
    most = int(rows.groupby("row", sort=False).size().max())
    row = BAR_STEP * most + LOW_ROW - BAR_STEP
    count, steps = rows["row"].nunique(), "begin" in rows
    chart = framed(ranges(told["axis"], count, steps=steps, row=row), FIGURE_WIDTH, -NAMES)
    said = words(told["title"], told["subtitle"], told["footer"], width=FIGURE_WIDTH)
    return fill(chart, {"bars": ranges_table(rows, row), "words": said})


# --- plain bars -------------------------------------------------------------------------------


def bars(axis: str, rows: int, *, zero_held: bool = True) -> alt.VConcatChart:
    """Horizontal bars with an interval, most important first, from a :func:`bars_table`.

    Parameters
    ----------
    axis : what is measured, with its unit
    rows : number of bars, for the height
    zero_held : whether the axis must hold zero
    """
    x = alt.X("low:Q", title=axis, scale=alt.Scale(zero=zero_held))
    y = alt.Y("label:N", sort=None, title=None, axis=alt.Axis(ticks=False, domain=False))
    hover = [alt.Tooltip("label:N")]
    hover += [alt.Tooltip(f"{end}:Q", format=SHORT) for end in ("low", "middle", "high")]
    drawn = table("bars").encode(y=y, color=COLOUR, tooltip=hover)
    panel = alt.layer(
        drawn.mark_bar(height=BAR, opacity=0.45).encode(x=x, x2="high"),
        drawn.mark_tick(thickness=3, height=BAR + 3).encode(x="middle:Q", color=alt.value(INK)),
        zero().mark_rule(color=FAINT).encode(x="zero:Q"),
    ).properties(width=PLAIN_WIDTH, height=PLAIN_ROW * rows)
    return framed(panel, PLAIN_WIDTH, head=72, foot=0)


def bars_table(
    labels: Sequence[str],
    low: Sequence[float] | np.ndarray,
    middle: Sequence[float] | np.ndarray,
    high: Sequence[float] | np.ndarray,
    colours: Sequence[str] | None = None,
) -> pd.DataFrame:
    """The table of :func:`bars`."""
    columns: Mapping[str, Any] = {"label": labels, "low": low, "middle": middle, "high": high}
    return pd.DataFrame(columns).assign(colour=colours or COLOURS[BORDER])
