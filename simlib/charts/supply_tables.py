"""The tables behind the pictures of the supply side: quantiles, places of text, limits of axes."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simlib.charts.places import spread, wrap_evenly
from simlib.charts.style import (
    BORDER,
    COLOURS,
    FAINT,
    FURTHER_COLOURS,
    INK,
    INTERNAL,
    STATUS_QUO,
    number,
)

Array = NDArray[np.float64]

FIRST_COLOUR = COLOURS[BORDER]
PALETTE = (FIRST_COLOUR, COLOURS[INTERNAL], *FURTHER_COLOURS)
DEFAULT_COLOUR = COLOURS[STATUS_QUO]
DEFAULT, YOURS = "as the evidence says", "your settings"

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
BANDS = ["low90", "low50", "median", "high50", "high90"]

# Pixels.
PLOT, AXIS, LABELS, NAMES = 400, 58, 150, 150
HEADER, FOOTER, PANEL, ROW = 98, 20, 270, 46
WIDTH = AXIS + PLOT + LABELS
TITLE_SIZE, TEXT_SIZE, LETTER = 17, 12.5, 0.51
LABEL_LINE, LABEL_LETTERS, NAME_LETTERS = 14, 22, 24
TITLE_LINES, TEXT_LINES = 2, 3


class Words(NamedTuple):
    """What a picture says: its message, and what it holds in numbers."""

    title: str
    subtitle: str


class Line(NamedTuple):
    """A curve with its draws."""

    name: str
    across: Array
    """Shape (positions,)."""
    values: Array
    """Shape (positions, draws)."""
    colour: str
    banded: bool = True
    """Without bands it is dashed: what the lines would be with no control moved."""

    def draws_at(self, place: float) -> Array:
        """Draws at a place across, linear between positions; shape (draws,)."""
        position = np.interp(place, self.across, np.arange(len(self.across)))
        left = min(int(position), len(self.across) - 2)
        share = position - left
        return (1 - share) * self.values[left] + share * self.values[left + 1]


class Bar(NamedTuple):
    """A range in a row; several bars of one row stand under each other."""

    row: str
    series: str
    values: Array
    """Shape (draws,)."""
    colour: str
    start: float | None = None
    """Where a solid bar begins that ends at the mean, in place of a range."""


class Sight(NamedTuple):
    """What is on screen: the tables of a chart, and the same in a sentence."""

    tables: dict[str, pd.DataFrame]
    alt: str


def curve_tables(
    lines: Sequence[Line],
    words: Words,
    here: tuple[float, str] | None = None,
    within: Sequence[float] = (),
    log: bool = False,
) -> Sight:
    """Tables of :func:`curves`.

    Parameters
    ----------
    lines : the lines, all over the same span
    words : title and subtitle
    here : a place on the axis across, and what it is
    within : values that the upper axis must hold besides the bands
    log : as in :func:`curves`
    """
    banded = sum(line.banded for line in lines)
    parts = []
    for line in lines:
        shares = QUANTILES if line.banded else [0.5] * len(BANDS)
        found = np.quantile(line.values, shares, axis=-1)
        part = pd.DataFrame(dict(zip(BANDS, found, strict=True)))
        parts.append(
            part.assign(
                x=line.across,
                series=line.name,
                colour=line.colour,
                dashed=0 if line.banded else 1,
                shade=min(1.0, 2 / max(banded, 1)) if line.banded else 0.0,
            )
        )
    table = pd.concat(parts, ignore_index=True)
    limits = axis_limits([*table["low90"], *table["high90"], *within], log)
    ends = [float(line.across[-1]) for line in lines]
    starts = [float(line.across[0]) for line in lines]
    places = [here] if here else []
    place = pd.DataFrame(
        {
            "x": np.array([x for x, _ in places], dtype=float),
            "text": pd.Series([text for _, text in places], dtype=str),
            "late": np.array([x > (min(starts) + max(ends)) / 2 for x, _ in places], dtype=float),
        }
    )
    tables = {
        "lines": table,
        "labels": _labels([line for line in lines if line.banded], limits, log),
        "corners": pd.DataFrame({"x": [min(starts), max(ends)], "value": limits}),
        "here": place,
        "heading": _heading(words),
    }
    there = here[0] if here else max(ends)
    said = [(line.name, line.draws_at(there)) for line in lines]
    return Sight(tables, _in_words(words, said))


def range_tables(
    bars: Sequence[Bar],
    words: Words,
    marks: Mapping[str, tuple[float, str]] | None = None,
    within: Sequence[float] = (),
    log: bool = False,
) -> Sight:
    """Tables of :func:`ranges`.

    Parameters
    ----------
    bars : row by row; rows stand in order of appearance
    words : title and subtitle
    marks : diamonds by row: value and what it is
    within : values that the axis must hold besides the bars
    log : as in :func:`ranges`
    """
    rows = list(dict.fromkeys(bar.row for bar in bars))
    each = [[bar for bar in bars if bar.row == row] for row in rows]
    found, texts = [], []
    for i, group in enumerate(each):
        thick = (ROW - 14) / len(group)
        for j, bar in enumerate(group):
            top = i * ROW + 7 + j * thick
            found.append(_bar_row(bar, top, top + thick - 2))
            texts.append((_value_text(bar), bar.colour, top + thick / 2 - 1))
    table = pd.DataFrame(found)
    points = marks or {}
    diamonds = pd.DataFrame(
        [(value, (rows.index(row) + 0.5) * ROW, text) for row, (value, text) in points.items()],
        columns=["value", "y", "text"],
    ).astype({"value": float, "y": float})
    ends = table[["low90", "high90"]].to_numpy().ravel()
    limits = axis_limits([*ends, *diamonds["value"], *within], log)
    names = [
        ("\n".join(wrap_evenly(row, NAME_LETTERS, 2)), (i + 0.5) * ROW)
        for i, row in enumerate(rows)
    ]
    named = pd.DataFrame(names, columns=["text", "y"])
    named["y"] -= named["text"].str.count("\n") * LABEL_LINE / 2
    tables = {
        "bars": table,
        "corners": pd.DataFrame({"value": limits}),
        "marks": diamonds,
        "names": named,
        "values": pd.DataFrame(texts, columns=["text", "colour", "y"]),
        "heading": _heading(words),
    }
    said = [(f"{bar.row}, {bar.series}", bar.values) for bar in bars]
    middles = [float(np.mean(bar.values)) if bar.start is not None else None for bar in bars]
    return Sight(tables, _in_words(words, said, middles))


def _bar_row(bar: Bar, top: float, bottom: float) -> dict[str, Any]:
    quantiles = dict(zip(BANDS, np.quantile(bar.values, QUANTILES), strict=True))
    if bar.start is not None:
        end = bar.start + float(np.mean(bar.values))
        low, high = min(bar.start, end), max(bar.start, end)
        quantiles = {"low90": low, "low50": high, "median": high, "high50": high, "high90": high}
    place = {"top": top, "bottom": bottom, "colour": bar.colour, "series": bar.series}
    return quantiles | place | {"solid": 0.0 if bar.start is None else 0.75}


def _value_text(bar: Bar) -> str:
    low, middle, high = np.quantile(bar.values, (0.05, 0.5, 0.95))
    if bar.start is not None:
        middle = float(np.mean(bar.values))
    if high - low <= abs(middle) * 1e-6:
        return number(middle)
    return f"{number(middle)} ({number(low, 2)} to {number(high, 2)})"


def _labels(lines: Sequence[Line], limits: list[float], log: bool) -> pd.DataFrame:
    """Names and last values at the line ends, moved apart where they would overlap."""
    last = [float(np.median(line.values[-1])) for line in lines]
    low, high = np.log(limits) if log else np.array(limits)
    ends = PANEL * (high - (np.log(last) if log else np.array(last))) / (high - low)
    texts = [
        "\n".join([*wrap_evenly(line.name, LABEL_LETTERS, 2), number(value)])
        for line, value in zip(lines, last, strict=True)
    ]
    heights = np.array([LABEL_LINE * (text.count("\n") + 1) for text in texts], dtype=float)
    centres = spread(ends, heights + 4, PANEL)
    return pd.DataFrame(
        {
            "text": texts,
            "colour": [line.colour for line in lines],
            "centre": centres,
            "first_line": centres - (heights - LABEL_LINE) / 2,
            "line_end": ends,
        }
    )


def _heading(words: Words) -> pd.DataFrame:
    """Title and subtitle in lines that fit, with the lower edge of each."""
    parts, top = [], 0.0
    for text, size, most, weight, colour in (
        (words.title, TITLE_SIZE, TITLE_LINES, "bold", INK),
        (words.subtitle, TEXT_SIZE, TEXT_LINES, "normal", FAINT),
    ):
        for line in wrap_evenly(text, int(WIDTH / (size * LETTER)), most):
            top += size * 1.25
            parts.append((line, top, size, weight, colour))
        top += 3
    return pd.DataFrame(parts, columns=["text", "y", "size", "weight", "colour"])


def axis_limits(values: Sequence[float], log: bool) -> list[float]:
    """Round limits that hold all values: on a log axis 1, 2 or 5 times a power of ten."""
    low, high = float(np.min(values)), float(np.max(values))
    if low == high:
        low, high = low - abs(low) / 2, high + max(abs(high) / 2, 1.0)
    if log:
        return [_round_down(low), 1 / _round_down(1 / high)]
    step = 10 ** np.floor(np.log10(high - low)) / 2
    steps = np.round([low / step, high / step], 9)
    return [float(np.floor(steps[0]) * step), float(np.ceil(steps[1]) * step)]


def _round_down(value: float) -> float:
    power = 10 ** np.floor(np.log10(value))
    return float(power * max(m for m in (1, 2, 5) if m * power <= value * (1 + 1e-9)))


def _in_words(
    words: Words,
    numbers: Sequence[tuple[str, Array]],
    middles: Sequence[float | None] | None = None,
) -> str:
    """The text alternative: the message, then the numbers behind it; medians, unless told."""
    said = []
    for (name, values), told in zip(numbers, middles or [None] * len(numbers), strict=True):
        low, median, high = np.quantile(values, (0.05, 0.5, 0.95))
        middle = median if told is None else told
        said.append(f"{name}: {number(middle)}, 9 in 10 draws {number(low)} to {number(high)}")
    return f"{words.title} {words.subtitle} {'; '.join(said)}."
