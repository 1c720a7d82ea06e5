"""From draws to the tables of curves and of ranges, and the same in a sentence."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simlib.charts.bands import CURVE_LABELS, CURVE_WIDTH, ends_of
from simlib.charts.bars import ranges_table
from simlib.charts.layout import AXIS, LABEL_LETTERS, Tables, line_labels, words, wrap
from simlib.charts.style import (
    ASSUMED,
    BANDS,
    COLOURS,
    LINE,
    MANY_COLOURS,
    SOLID,
    STATUS_QUO,
    number,
)
from simlib.results import QUANTILES

Array = NDArray[np.float64]

DEFAULT, YOURS = "as the evidence says", "your settings"
DEFAULT_COLOUR, FIRST_COLOUR, PALETTE = COLOURS[STATUS_QUO], MANY_COLOURS[0], MANY_COLOURS
WIDTH = AXIS + CURVE_WIDTH + CURVE_LABELS
"""Of a picture [pixels]."""
CURVE_KEY = (
    "line: median of the draws · dark band: middle half · light band: 9 in 10 · "
    "dashed: before you moved"
)
RANGE_KEY = "tick: median of the draws · dark bar: middle half · light bar: 9 in 10"
STEP_KEY = "bar: mean of the draws · thin line: 9 in 10 · number: mean (9 in 10 draws)"


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
    begin: float | None = None
    """Where a solid bar begins that is as long as the mean, in place of a range."""

    @property
    def middle(self) -> float:
        """The mean of what adds up, else the median."""
        return float(np.median(self.values) if self.begin is None else np.mean(self.values))


class Sight(NamedTuple):
    """What is on screen: the tables of a chart, and the same in a sentence."""

    tables: Tables
    alt: str


def curve_tables(
    lines: Sequence[Line],
    title: str,
    subtitle: str,
    here: tuple[float, str] | None = None,
    within: Sequence[float] = (),
    log: bool = False,
) -> Sight:
    """Tables of :func:`simlib.charts.bands.curves`.

    Parameters
    ----------
    lines : all over the same span
    title, subtitle : what the picture says, and what it holds in numbers
    here : a place on the axis across, and what it is
    within : values that the upper axis must hold besides the bands
    log : as in :func:`simlib.charts.bands.curves`
    """
    banded = [line for line in lines if line.banded]
    drawn = pd.concat([_curve(line, len(banded)) for line in lines], ignore_index=True)
    across = [lines[0].across[0], lines[0].across[-1]]
    ends = ends_of("lines", across, [*drawn["low90"], *drawn["high90"], *within], log)
    last = [float(np.median(line.values[-1])) for line in banded]
    texts = [
        f"{wrap(line.name, LABEL_LETTERS, 2)}\n{number(value)}"
        for line, value in zip(banded, last, strict=True)
    ]
    colours = [line.colour for line in banded]
    place = pd.DataFrame([here] if here else [], columns=["x", "text"]).astype({"x": float})
    tables = {
        "lines": drawn,
        "lines_labels": line_labels(
            last, texts, colours, (ends["lines_low"], ends["lines_high"]), log
        ),
        "here": place.assign(late=place["x"] > np.mean(across)),
        "words": words(title, subtitle, CURVE_KEY, width=WIDTH, **ends),
    }
    there = here[0] if here else across[1]
    numbers = [(line.name, line.draws_at(there)) for line in lines]
    said = [_in_words(name, draws, float(np.median(draws))) for name, draws in numbers]
    return Sight(tables, f"{title} {subtitle} {'; '.join(said)}.")


def _curve(line: Line, several: int) -> pd.DataFrame:
    shares = QUANTILES if line.banded else [0.5] * len(BANDS)
    bands = dict(zip(BANDS, np.quantile(line.values, shares, axis=-1), strict=True))
    return pd.DataFrame({"x": line.across, "series": line.name} | bands).assign(
        colour=line.colour,
        dashed=SOLID if line.banded else ASSUMED,
        shade=min(1.0, 2 / max(several, 1)) if line.banded else 0.0,
        stroke=LINE["strokeWidth"],
    )


def range_tables(
    bars: Sequence[Bar],
    title: str,
    subtitle: str,
    key: str = RANGE_KEY,
    marks: Mapping[str, tuple[float, str]] | None = None,
) -> Sight:
    """Tables of a picture of :func:`simlib.charts.bars.ranges`.

    Parameters
    ----------
    bars : row by row; rows stand in order of appearance
    title, subtitle : what the picture says, and what it holds in numbers
    key : what the bars mean
    marks : diamonds by row: value and what it is
    """
    drawn = ranges_table(pd.DataFrame([_bar(bar) for bar in bars]))
    tables = {"bars": drawn, "words": words(title, subtitle, key, width=WIDTH)}
    if marks is not None:
        centres = drawn.groupby("row")["y"].mean()
        points = [(value, centres[row], text) for row, (value, text) in marks.items()]
        tables["marks"] = pd.DataFrame(points, columns=["value", "y", "text"])
    said = [_in_words(f"{bar.row}, {bar.series}", bar.values, bar.middle) for bar in bars]
    return Sight(tables, f"{title} {subtitle} {'; '.join(said)}.")


def _bar(bar: Bar) -> dict[str, Any]:
    quantiles = np.quantile(bar.values, QUANTILES)
    low, high = quantiles[0], quantiles[-1]
    said = number(bar.middle)
    if high - low > abs(bar.middle) * 1e-6:
        said += f" ({number(low, 2)} to {number(high, 2)})"
    row: dict[str, Any] = {"row": bar.row, "series": bar.series, "colour": bar.colour, "said": said}
    row |= dict(zip(BANDS, quantiles, strict=True)) | {"median": bar.middle}
    return row if bar.begin is None else row | {"begin": bar.begin}


def _in_words(name: str, draws: Array, middle: float) -> str:
    """A number and its range."""
    low, high = np.quantile(draws, (QUANTILES[0], QUANTILES[-1]))
    return f"{name}: {number(middle)}, 9 in 10 draws {number(low)} to {number(high)}"
