"""The comparison: an outcome by year with bands and history; beside it the difference."""

from collections.abc import Mapping
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from simlib.charts.bands import (
    axes,
    bands,
    dots,
    ends_of,
    history,
    in_a_row,
    panel,
    until_they_part,
)
from simlib.charts.layout import (
    AXIS,
    LABEL_LETTERS,
    PANEL,
    Tables,
    framed,
    line_labels,
    text,
    words,
    wrap,
    zero,
)
from simlib.charts.style import (
    ASSUMED,
    BANDS,
    BEYOND,
    COLOURS,
    INK,
    LINE,
    NO_POLICY,
    SOLID,
    STATUS_QUO,
    on_axis,
    palette,
)

# Pixels.
OUTCOME_WIDTH, DIFFERENCE_WIDTH, LABELS, GAP = 280, 290, 126, 8
WIDTH = OUTCOME_WIDTH + DIFFERENCE_WIDTH + 2 * (LABELS + AXIS) + GAP
WIDEST = 4.0
"""Width of the first of several lines: those that lie on each other are all seen."""
APART = 4.0
"""Distance at which two lines, or the edges of two bands, are seen to be two."""

KEY = "line: median · dark band: middle half of simulated futures · light band: 9 in 10"
DOTS = " · ● recorded · ○ recorded, provisional"
OUTSIDE = " · pale, with long dashes: beyond any spending on record"
CLOSE = "the lines differ by less than their width: see the difference"
NARROW = 0.08
"""Share of a panel in which the name of a side would lie on lines."""
SIDES = {"more": "↑", "fewer": "↓"}


def comparison() -> alt.VConcatChart:
    """The comparison: outcome a year with bands and history; beside it the difference.

    The chart holds no data and no words. It refers by name to the tables that :func:`prepare`
    returns, and has the same size whatever they hold.

    Returns
    -------
    alt.VConcatChart
        To be shown by :class:`simlib.dashboard.live_chart.LiveChart`, or filled by
        :func:`simlib.charts.fill`.
    """
    x, y = axes("lines", "calendar year")
    rule, projection, dots = history(x, y)
    left = [rule, projection, *bands("lines", x, y, "year"), dots, *_titles("outcome", "unit")]
    left.append(text("key", -AXIS, -78))
    x, y = axes("difference", "calendar year")
    none = zero().mark_rule(color=COLOURS[STATUS_QUO], **LINE).encode(y=y("zero"))
    right = [none, *bands("difference", x, y, "year"), *_titles("difference", "difference_unit")]
    right += [text("more", 4, -14, 11), text("fewer", 4, PANEL - 14, 11)]
    views = panel(left, "lines", OUTCOME_WIDTH, LABELS + GAP + AXIS)
    views += panel(right, "difference", DIFFERENCE_WIDTH, LABELS)
    return framed(in_a_row(views), WIDTH, -AXIS)


def _titles(title: str, unit: str) -> list[alt.Chart]:
    """What a panel shows and in which unit, above it."""
    return [text(title, -AXIS, -52, 13, INK, fontWeight="bold"), text(unit, -AXIS, -34)]


def prepare(tables: Mapping[str, pd.DataFrame]) -> Tables:
    """What the comparison draws: the four tables with colours, labels, ends of axes.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        ``lines``: year, series, low90, low50, median, high50, high90 [unit of the outcome], each
        series by year; optionally ``extrapolated`` (bool: beyond the range of the evidence).
        ``difference``: the same columns; differences from the reference, from paired draws.
        ``observed``: year, value, provisional (bool). These three may have no rows.
        ``words``: one row; title, subtitle, footer, outcome and unit (of the left panel),
        difference and difference_unit (of the right one), more and fewer (its upper and lower
        side), reference (the series from which differences are taken), and record_end, the year
        in which the record ends.

    Returns
    -------
    dict of str to DataFrame
        One table for each name that :func:`comparison` refers to.
    """
    told, observed = tables["words"].iloc[0].to_dict(), tables["observed"]
    lines, difference = (tables[n].rename(columns={"year": "x"}) for n in ("lines", "difference"))
    colours = palette([*lines["series"], told["reference"], *difference["series"]])
    difference = _from_first_difference(difference[difference["series"] != STATUS_QUO])
    record = told["record_end"]
    years = [*lines["x"], *observed["year"]] or [*difference["x"]]
    later = [*difference["x"]] or [max(record, min(years)), max(years)]
    heights = [0.0, *lines["low90"], *lines["high90"], *observed["value"]]
    apart = [0.0, *difference["low90"], *difference["high90"]]
    ends = ends_of("lines", years, heights)
    if not any(apart):
        apart = [-max(heights) / 100, max(heights) / 100]
    ends |= ends_of("difference", later, apart)
    gaps = _gaps(lines, told["reference"], PANEL / (ends["lines_high"] - ends["lines_low"]))
    drawn = _styled(until_they_part(lines), colours, gaps)
    return {
        "lines": drawn,
        "lines_labels": _labels(lines, "lines", ends, colours),
        "difference": _styled(difference, colours),
        "difference_labels": _labels(difference, "difference", ends, colours, told["reference"]),
        "observed": dots(observed),
        "record": pd.DataFrame({"x": [record] if record > min(years) else []}, dtype=float),
        "words": _told(told, ends, gaps, len(observed) > 0, BEYOND in set(drawn["dashed"])),
    }


def _told(
    told: Mapping[str, Any],
    ends: Mapping[str, float],
    gaps: pd.DataFrame,
    recorded: bool,
    beyond: bool,
) -> pd.DataFrame:
    """Texts, and ends of axes; the key names what there is to see."""
    key = KEY + DOTS * recorded + OUTSIDE * beyond
    close = len(gaps) > 0 and (gaps["median"] < LINE["strokeWidth"]).all()
    room = NARROW * (ends["difference_high"] - ends["difference_low"])
    there = {"more": ends["difference_high"] > room, "fewer": ends["difference_low"] < -room}
    sides = {s: f"{arrow} {told[s]}" if there[s] else "" for s, arrow in SIDES.items()}
    return words(
        told["title"],
        told["subtitle"],
        told["footer"],
        width=WIDTH,
        key=key,
        **{name: told[name] for name in ("outcome", "difference", "difference_unit")},
        unit=f"{told['unit']}; {CLOSE}" if close else told["unit"],
        **sides,
        **ends,
    )


def _from_first_difference(difference: pd.DataFrame) -> pd.DataFrame:
    """Start in the year before anything differs; before it there is nothing to see."""
    differs = difference.loc[(difference[BANDS] != 0).any(axis=1), "x"]
    return difference[difference["x"] >= differs.min() - 1] if len(differs) else difference


def _gaps(lines: pd.DataFrame, reference: str, scale: float) -> pd.DataFrame:
    """How far the median and the bands of each line ever are from the reference's [pixels]."""
    base = lines[lines["series"] == reference].set_index("x")[BANDS]
    others = lines[~lines["series"].isin((reference, STATUS_QUO))].set_index(["series", "x"])[BANDS]
    apart = others.sub(base, axis=0, level="x").abs() * scale
    widest = apart.groupby("series").max()
    widest["band"] = widest[BANDS].max(axis=1)
    return widest[widest["band"] > 0]


def _styled(
    rows: pd.DataFrame, colours: Mapping[str, str], gaps: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Colour, dashes, width and shade of each row.

    A band that lies on the reference's is left clear, so that it does not look darker. A line
    that goes beyond the record is one that is dashed from there on.
    """
    series = rows["series"]
    names = list(dict.fromkeys(series))
    shade = dict.fromkeys(names, min(1.0, 3 / max(len(names), 1)))
    stroke = dict.fromkeys(names, LINE["strokeWidth"])
    if gaps is not None:
        stroke = dict(zip(names, np.linspace(WIDEST, 1.8, max(len(names), 2)), strict=False))
        shade |= {n: shade[n] * min(1.0, gaps["band"][n] / APART) for n in gaps.index if n in shade}
    dashed = np.where(series == NO_POLICY, ASSUMED, SOLID)
    if "extrapolated" in rows:
        dashed = np.where(rows["extrapolated"], BEYOND, dashed)
    styled = rows.assign(
        colour=series.map(colours),
        shade=series.map(shade),
        stroke=series.map(stroke),
        dashed=dashed,
    )
    ahead = styled["dashed"].shift(-1, fill_value=SOLID)
    joints = (ahead == BEYOND) & (dashed != BEYOND) & (series == series.shift(-1))
    return pd.concat([styled, styled[joints].assign(dashed=BEYOND)], ignore_index=True)


def _labels(
    rows: pd.DataFrame,
    name: str,
    ends: Mapping[str, float],
    colours: Mapping[str, str],
    at_zero: str = "",
) -> pd.DataFrame:
    """Names and last values at the line ends; of differences the range too, and what 0 is."""
    edges = ends[f"{name}_low"], ends[f"{name}_high"]
    last = rows[rows["x"] == rows["x"].max()]
    series, values = [at_zero] if at_zero else [], [0.0] if at_zero else []
    texts = [wrap(at_zero, LABEL_LETTERS, 2)] if at_zero else []
    for _, row in last.iterrows():
        ranged = bool(at_zero) and row["low90"] < row["high90"]
        low, middle, high = (
            on_axis(row[band], edges[1] - edges[0], 2 if ranged else 3)
            for band in ("low90", "median", "high90")
        )
        said = [wrap(row["series"], LABEL_LETTERS, 2), f"{middle} in {row['x']:.0f}"]
        said += [f"({low} to {high})"] * ranged
        said += ["extrapolation"] * bool(row.get("extrapolated", False))
        series.append(row["series"])
        values.append(row["median"])
        texts.append("\n".join(said))
    return line_labels(values, texts, [colours[each] for each in series], edges)
