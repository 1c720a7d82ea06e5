"""What pictures share: title, subtitle and source line, ends of axes, labels beside lines.

A chart holds no numbers and no words. It refers to tables by name, so that the live view is sent
tables alone, and :func:`fill` puts the same tables in for a file.
"""

import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simlib.charts.style import FAINT, INK, config

Floats = NDArray[np.float64]
Tables = dict[str, pd.DataFrame]

# Pixels.
TITLE, TEXT, SOURCE, LABEL = 18, 12.5, 10.5, 12
"""Sizes of type."""
LINE_HEIGHT = 1.25
"""Distance of lines, as a share of the size."""
MARGIN, HEAD, PANEL, FOOT, AXIS = 12, 96, 300, 40, 62
"""Around a picture; its heading; a panel with lines; its source line; numbers left of an axis."""
LABEL_LINE, LABEL_LETTERS = 14, 20

STEPS = ((50**0.5, 10), (10**0.5, 5), (2**0.5, 2), (0, 1))
"""The round step for a fifth of an axis: at least so many units of its power of ten, so many."""

COLOUR = alt.Color("colour:N", scale=None)


def wrap(text: str, letters: int, most: int) -> str:
    """Each paragraph in lines of about equal length; if it needs more than `most` it is cut."""
    return "\n".join(_evenly(paragraph, letters, most) for paragraph in text.split("\n"))


def _evenly(text: str, letters: int, most: int) -> str:
    whole: dict[str, Any] = {"break_on_hyphens": False, "break_long_words": False}
    lines = textwrap.wrap(text, letters, max_lines=most, placeholder=" …", **whole)
    for fewer in range(math.ceil((len(text) + 1) / max(len(lines), 1)), letters):
        even = textwrap.wrap(text, fewer, **whole)
        if len(even) <= len(lines):
            return "\n".join(even)
    return "\n".join(lines)


def words(title: str, subtitle: str, footer: str = "", *, width: float, **more: Any) -> Any:
    """The table ``words`` of a picture: one row, its texts broken into lines that fit.

    Parameters
    ----------
    title : at most two lines
    subtitle : at most three
    footer : the source line, at most three
    width : of the picture [pixels]
    **more : further columns

    Returns
    -------
    DataFrame
        With ``top``, the place of the subtitle under the title [pixels].
    """
    texts = {
        name: wrap(text, int(width / (size * letter)), most)
        for name, text, size, letter, most in (
            ("title", title, TITLE, 0.54, 2),  # bold letters are wider
            ("subtitle", subtitle, TEXT, 0.5, 3),
            ("footer", footer, SOURCE, 0.5, 3),
        )
    }
    top = (texts["title"].count("\n") + 1) * TITLE * LINE_HEIGHT + 3 if title else 0.0
    return pd.DataFrame([texts | {"top": top} | more])


def described(tables: Mapping[str, pd.DataFrame]) -> str:
    """What a picture says, as its text alternative."""
    told = tables["words"].iloc[0]
    return f"{told['title']} {told['subtitle']}".replace("\n", " ")


def fill(chart: alt.TopLevelMixin, tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """The chart with its tables put in: a Vega-Lite specification that stands alone.

    Parameters
    ----------
    chart : Altair chart
        Refers to its tables by name.
    tables : mapping of str to DataFrame
        Complete, as they are drawn.

    Returns
    -------
    dict
        Specification; its ``description``, the text alternative, is title and subtitle.
    """
    spec = chart.to_dict()
    rows = {name: table.to_dict("records") for name, table in tables.items()}
    return spec | {
        "datasets": spec.get("datasets", {}) | rows,
        "description": described(tables),
    }


def table(name: str) -> alt.Chart:
    """A chart of the table of this name."""
    return alt.Chart(alt.NamedData(name))


def zero() -> alt.Chart:
    """A chart of one row, whose column ``zero`` is 0."""
    return alt.Chart(alt.InlineData([{"zero": 0}]))


def pixel(column: str) -> alt.Y:
    """Places in a column [pixels from the top]."""
    return alt.Y(f"{column}:Q", scale=None, axis=None)


def domain(first: str, last: str) -> list[Any]:
    """Ends of an axis, from two columns of the table ``words``."""
    return [alt.expr(f"data('words')[0].{column}") for column in (first, last)]


def text(
    column: str, x: float, y: float | str, size: float = LABEL, colour: str = FAINT, **style: Any
) -> alt.Chart:
    """A text of the table ``words`` at a place [pixels]; a column may hold the one from the top."""
    line = round(size * LINE_HEIGHT, 1)
    mark = table("words").mark_text(
        align="left", baseline="top", fontSize=size, lineHeight=line, color=colour, **style
    )
    place = pixel(y) if isinstance(y, str) else alt.value(y)
    return mark.encode(x=alt.value(x), y=place, text=f"{column}:N")


def framed(body: Any, width: int, left: int = 0, head: int = HEAD, foot: int = FOOT) -> Any:
    """A picture under its title and subtitle, over its source line.

    Parameters
    ----------
    body : Altair chart
    width : of the whole [pixels]
    left : where texts begin, from the axis of the body [pixels]
    head, foot : room that the texts have, whatever they say, so that nothing jumps [pixels]
    """
    heading = alt.layer(
        text("title", left, 0, TITLE, INK, fontWeight="bold"), text("subtitle", left, "top", TEXT)
    )
    rows = [heading.properties(width=width + left, height=head), body]
    if foot:
        rows.append(text("footer", left, 0, SOURCE).properties(width=width + left, height=foot))
    return alt.vconcat(*rows, spacing=6).properties(
        padding=MARGIN,
        background="white",
        config=config(),
        # of the exported page
        usermeta={
            "embedOptions": {
                "actions": {"export": True, "source": False, "compiled": False, "editor": False}
            }
        },
    )


def titled(chart: Any, title: str, subtitle: str = "") -> Any:
    """A chart that carries its data itself, under its title."""
    head = alt.TitleParams(title, subtitle=subtitle.split("\n"))
    return chart.properties(title=head, background="white", padding=MARGIN, config=config())


# --- axes and labels --------------------------------------------------------------------------


def limits(values: Any, log: bool = False) -> tuple[float, float]:
    """Ends of an axis that holds all values, round numbers that are ticks too (d3's rule).

    A logarithmic axis ends a little beyond its values.
    """
    low, high = float(np.min(values)), float(np.max(values))
    if low == high:
        low, high = low - abs(low) / 2, high + (abs(high) / 2 or 1.0)
    if log:
        room = (high / low) ** 0.05
        return low / room, high * room
    fifth = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(fifth))
    step = power * next(round_one for least, round_one in STEPS if fifth >= least * power)
    ends = math.floor(round(low / step, 9)) * step, math.ceil(round(high / step, 9)) * step
    # A wider axis may have wider steps, of which the ends must be multiples as well.
    return ends if ends == (low, high) else limits(ends)


def spread(wanted: Floats, heights: Floats, room: float) -> Floats:
    """Places near those wanted where things keep their order and do not overlap.

    Take away the height of what comes before; what is left must not decrease. Halfway between
    its running maximum and its running minimum from the end, it does not.

    Parameters
    ----------
    wanted, heights : array, shape (things,) [pixels]
        Centres, counted from the top, and heights.
    room : float [pixels]
        If it is too small for all, they run over its end.

    Returns
    -------
    array, shape (things,) [pixels]
        Centres.
    """
    order = np.argsort(wanted, kind="stable")
    before = np.cumsum(heights[order]) - heights[order] / 2
    free = wanted[order] - before
    rising = (np.maximum.accumulate(free) + np.minimum.accumulate(free[::-1])[::-1]) / 2
    centres = np.empty_like(before)
    centres[order] = np.clip(rising, 0.0, max(room - heights.sum(), 0.0)) + before
    return centres


def line_labels(
    values: Sequence[float],
    texts: Sequence[str],
    colours: Sequence[str],
    ends: tuple[float, float],
    log: bool = False,
) -> pd.DataFrame:
    """What stands beside the ends of lines, and where [pixels].

    Parameters
    ----------
    values : where the lines end
    texts : may have several lines each
    ends : of the axis
    log : whether the axis is logarithmic
    """
    at, (low, high) = np.array(values, dtype=float), ends
    if log:
        at, low, high = np.log(at), np.log(low), np.log(high)
    wanted = PANEL * (high - at) / (high - low)
    heights = LABEL_LINE * np.array([text.count("\n") + 1.0 for text in texts])
    centres = spread(wanted, heights + 4, PANEL)
    return pd.DataFrame(
        {
            "text": texts,
            "colour": colours,
            "centre": centres,
            "first_line": centres - (heights - LABEL_LINE) / 2,
            "line_end": wanted,
        }
    )


def beside(name: str, width: int) -> Any:
    """The labels of a table from :func:`line_labels`, each joined to its line's end."""
    labels = table(name).encode(color=COLOUR)
    leader = labels.mark_rule(strokeWidth=0.8, clip=True).encode(
        x=alt.value(1), x2=alt.value(9), y=pixel("line_end"), y2="centre"
    )
    names = labels.mark_text(align="left", baseline="middle", fontSize=LABEL, clip=True).encode(
        x=alt.value(12), y=pixel("first_line"), text="text:N"
    )
    return alt.layer(leader, names).properties(width=width, height=PANEL)
