"""Lines with bands: the comparison over years, curves over any quantity, many lines at once."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from simlib.charts import bars
from simlib.charts.layout import (
    AXIS,
    COLOUR,
    LABEL_LETTERS,
    PANEL,
    Tables,
    beside,
    domain,
    fill,
    framed,
    limits,
    line_labels,
    table,
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
    DARK,
    DASHES,
    DOT,
    FAINT,
    INK,
    LIGHT,
    LINE,
    MANY_COLOURS,
    NO_POLICY,
    PAPER,
    SHORT,
    SOLID,
    STATUS_QUO,
    on_axis,
    palette,
)

# Pixels.
OUTCOME_WIDTH, DIFFERENCE_WIDTH, LABELS, GAP = 280, 290, 126, 8
WIDTH = OUTCOME_WIDTH + DIFFERENCE_WIDTH + 2 * (LABELS + AXIS) + GAP
CURVE_WIDTH, CURVE_LABELS = 400, 150
MANY_WIDTH, MANY_LABELS = 440, 290
WIDEST = 4.0
"""Width of the first of several lines: those that lie on each other are all seen."""
APART = 4.0
"""Distance at which two lines, or the edges of two bands, are seen to be two."""

BAND_ENDS = {
    "high90": "9 in 10: up to",
    "high50": "middle half: up to",
    "median": "median",
    "low50": "middle half: from",
    "low90": "9 in 10: from",
}
KEY = "line: median · dark band: middle half of simulated futures · light band: 9 in 10"
DOTS = " · ● recorded · ○ recorded, provisional"
OUTSIDE = " · pale, with long dashes: beyond any spending on record"
CLOSE = "the lines differ by less than their width: see the difference"
NARROW = 0.08
"""Share of a panel in which the name of a side would lie on lines."""
SIDES = {"more": "↑", "fewer": "↓"}
AFTER_RECORD = "projection →"

Up = Callable[[str], alt.Y]


# --- one panel --------------------------------------------------------------------------------


def _axes(name: str, across: str, dates: bool = True, log: bool = False) -> tuple[alt.X, Up]:
    """Axes of a panel, whose ends stand in the table ``words``."""
    along = alt.Axis(title=across, tickCount=5, grid=False, format="d" if dates else SHORT)
    ends = domain(f"{name}_first", f"{name}_last")
    x = alt.X("x:Q", axis=along, scale=alt.Scale(domain=ends, nice=False, zero=False))
    axis = alt.Axis(
        title=None,
        tickCount=5,
        ticks=False,
        domain=False,
        minExtent=AXIS,
        labelPadding=8,
        format=",~r",
    )
    scale = alt.Scale(
        domain=domain(f"{name}_low", f"{name}_high"),
        type="log" if log else "linear",
        nice=False,
        zero=False,
    )
    return x, lambda column: alt.Y(f"{column}:Q", axis=axis, scale=scale)


def ends_of(
    name: str, across: Sequence[float], up: Sequence[float], log: bool = False
) -> dict[str, float]:
    """Columns of ``words`` in which a panel finds the ends of its axes.

    Parameters
    ----------
    across, up : all that the axes must hold
    """
    low, high = limits(up, log)
    first, last = float(min(across)), float(max(across))
    return {
        f"{name}_{end}": value
        for end, value in zip(
            ("first", "last", "low", "high"), (first, last, low, high), strict=True
        )
    }


def _bands(name: str, x: alt.X, y: Up, across: str) -> list[alt.Chart]:
    """Light and dark bands, medians, and unseen points that answer the mouse with numbers."""
    kinds = alt.Scale(domain=list(range(len(DASHES))), range=[list(dash) for dash in DASHES])
    dash = alt.StrokeDash("dashed:O", scale=kinds, legend=None)
    lines = table(name).encode(x=x, color=COLOUR, detail=["series:N", "dashed:O"])
    layers = [
        lines.mark_area(
            fillOpacity=alt.expr(f"{shade} * datum.shade * (datum.dashed == {BEYOND} ? 0.4 : 1)"),
            strokeOpacity=alt.expr("0.6 * datum.shade"),
            strokeDash=alt.expr(f"datum.dashed == {BEYOND} ? [11, 4] : [1, 0]"),
            strokeWidth=0.7,
        ).encode(y=y(low), y2=high, stroke=alt.Stroke("colour:N", scale=None))
        for shade, low, high in ((LIGHT, BANDS[0], BANDS[-1]), (DARK, BANDS[1], BANDS[-2]))
    ]
    width = alt.StrokeWidth("stroke:Q", scale=None, legend=None)
    layers.append(lines.mark_line().encode(y=y("median"), strokeDash=dash, strokeWidth=width))
    hover = [alt.Tooltip("series:N", title="line")]
    hover.append(alt.Tooltip("x:Q", title=across, format="d" if across == "year" else SHORT))
    hover += [alt.Tooltip(f"{c}:Q", format=SHORT, title=t) for c, t in BAND_ENDS.items()]
    points = table(name).mark_point(size=110, opacity=0)
    return [*layers, points.encode(x=x, y=y("median"), tooltip=hover)]


def _history(x: alt.X, y: Up) -> list[alt.Chart]:
    """Where the record ends; the record itself."""
    record = table("record").encode(x=x)
    words = record.mark_text(align="left", dx=5, fontSize=11, color=FAINT, text=AFTER_RECORD)
    rule = record.mark_rule(color=FAINT, strokeDash=[2, 2])
    hover = [
        alt.Tooltip("x:Q", title="year", format="d"),
        alt.Tooltip("value:Q", title="count", format=","),
    ]
    fill = alt.Fill("fill:N", scale=None)
    dots = table("observed").mark_circle(**DOT, stroke=INK)
    return [
        rule,
        words.encode(y=alt.value(-8)),
        dots.encode(x=x, y=y("value"), fill=fill, tooltip=hover),
    ]


def _panel(layers: Sequence[Any], name: str, width: int, labels: int) -> list[Any]:
    """Layers over one pair of axes, then the names and values at the line ends beside them."""
    panel = alt.layer(*layers).properties(width=width, height=PANEL)
    return [panel, beside(f"{name}_labels", labels)]


def _in_a_row(views: Sequence[Any]) -> Any:
    """Views side by side, each as wide as it is said to be, however long its texts are."""
    return alt.hconcat(*views, spacing=0, bounds="flush")


# --- charts -----------------------------------------------------------------------------------


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
    x, y = _axes("lines", "calendar year")
    rule, projection, dots = _history(x, y)
    left = [rule, projection, *_bands("lines", x, y, "year"), dots, *_titles("outcome", "unit")]
    left.append(text("key", -AXIS, -78))
    x, y = _axes("difference", "calendar year")
    none = zero().mark_rule(color=COLOURS[STATUS_QUO], **LINE).encode(y=y("zero"))
    right = [none, *_bands("difference", x, y, "year"), *_titles("difference", "difference_unit")]
    right += [text("more", 4, -14, 11), text("fewer", 4, PANEL - 14, 11)]
    views = _panel(left, "lines", OUTCOME_WIDTH, LABELS + GAP + AXIS)
    views += _panel(right, "difference", DIFFERENCE_WIDTH, LABELS)
    return framed(_in_a_row(views), WIDTH, -AXIS)


def _titles(title: str, unit: str) -> list[alt.Chart]:
    """What a panel shows and in which unit, above it."""
    return [text(title, -AXIS, -52, 13, INK, fontWeight="bold"), text(unit, -AXIS, -34)]


def curves(across: str, up: str, log: bool = False) -> alt.VConcatChart:
    """Lines with bands over one quantity; the tables of :func:`simlib.charts.draws.curve_tables`.

    Parameters
    ----------
    across, up : what the axes count, with unit
    log : whether the upper axis is logarithmic
    """
    x, y = _axes("lines", across, dates=across == "Calendar year", log=log)
    here = table("here").encode(x=x)
    side: Any = {"align": alt.expr("datum.late ? 'right' : 'left'")}
    side["dx"] = alt.expr("datum.late ? -5 : 5")
    name = here.mark_text(fontSize=11, color=INK, **side).encode(text="text:N", y=alt.value(8))
    layers = [*_bands("lines", x, y, across), here.mark_rule(color=INK, strokeDash=[2, 2]), name]
    panel = _panel(layers, "lines", CURVE_WIDTH, CURVE_LABELS)
    titled = _in_a_row(panel).properties(
        title=alt.TitleParams(up, fontSize=12, fontWeight="normal", color=FAINT)
    )
    return framed(titled, AXIS + CURVE_WIDTH + CURVE_LABELS, -AXIS, foot=18)


def side_by_side(
    lines: pd.DataFrame,
    observed: pd.DataFrame,
    differences: pd.DataFrame,
    told: Mapping[str, Any],
) -> dict[str, Any]:
    """Medians of any number of policies as lines, and ranges of their differences from one.

    Parameters
    ----------
    lines : DataFrame
        year, series, low90 to high90; the status quo alone is drawn with its bands.
    observed : DataFrame
        year, value, provisional; may have no rows.
    differences : DataFrame
        series and low90 to high90, in the order in which they are drawn.
    told : mapping
        title, subtitle, footer; outcome, unit, axis (of the differences), record_end.

    Returns
    -------
    dict
        A Vega-Lite specification that stands alone, with its text alternative.
    """
    names = list(dict.fromkeys(lines["series"]))
    others = [name for name in names if name != STATUS_QUO]
    colours = {name: MANY_COLOURS[i % len(MANY_COLOURS)] for i, name in enumerate(others)}
    colours[STATUS_QUO] = COLOURS[STATUS_QUO]
    dashes = {name: i // len(MANY_COLOURS) for i, name in enumerate(others)} | {STATUS_QUO: 0}
    drawn = _until_they_part(lines.rename(columns={"year": "x"}))
    series = drawn["series"]
    drawn = drawn.assign(
        colour=series.map(colours),
        dashed=series.map(dashes),
        shade=(series == STATUS_QUO).astype(float),
        stroke=2.0,
    )
    banded = drawn.loc[series == STATUS_QUO, ["low90", "high90"]].to_numpy().ravel()
    heights = [0.0, *banded, *drawn["median"], *observed["value"]]
    ends = ends_of("lines", [*drawn["x"], *observed["year"]], heights)
    span = ends["lines_high"] - ends["lines_low"]
    last = drawn[drawn["x"] == drawn["x"].max()]
    texts = [
        f"{name} {on_axis(value, span, 3)}"
        for name, value in zip(last["series"], last["median"], strict=True)
    ]
    edges = ends["lines_low"], ends["lines_high"]
    rows = differences.assign(row=differences["series"], series="")
    rows = rows.assign(colour=rows["row"].map(colours))
    tables = {
        "lines": drawn,
        "lines_labels": line_labels([*last["median"]], texts, [*last["colour"]], edges),
        "observed": _dots(observed),
        "record": pd.DataFrame({"x": [told["record_end"]]}),
        "bars": bars.ranges_table(rows, bars.LOW_ROW),
        "words": words(
            told["title"],
            told["subtitle"],
            told["footer"],
            width=bars.FIGURE_WIDTH,
            outcome=f"{told['outcome']}, {told['unit']}",
            **ends,
        ),
    }
    x, y = _axes("lines", "calendar year")
    outcome = text("outcome", -bars.NAMES, -34)
    panel = _panel(
        [*_history(x, y), *_bands("lines", x, y, "year"), outcome], "lines", MANY_WIDTH, MANY_LABELS
    )
    lower = bars.ranges(told["axis"], len(rows), row=bars.LOW_ROW)
    return fill(
        framed(alt.vconcat(_in_a_row(panel), lower), bars.FIGURE_WIDTH, -bars.NAMES), tables
    )


# --- tables of the comparison -----------------------------------------------------------------


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
    drawn = _styled(_until_they_part(lines), colours, gaps)
    return {
        "lines": drawn,
        "lines_labels": _labels(lines, "lines", ends, colours),
        "difference": _styled(difference, colours),
        "difference_labels": _labels(difference, "difference", ends, colours, told["reference"]),
        "observed": _dots(observed),
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


def _until_they_part(lines: pd.DataFrame) -> pd.DataFrame:
    """Drop what lies exactly under the status quo: several equal bands look like a darker one.

    Each other series begins in the last year in which it still is the status quo.
    """
    own, series = lines["series"] == STATUS_QUO, lines["series"]
    status_quo = lines[own].set_index("x")[BANDS].reindex(lines["x"]).to_numpy()
    shown = own | (status_quo != lines[BANDS].to_numpy()).any(axis=1)
    return lines[shown | (shown.shift(-1, fill_value=False) & (series == series.shift(-1)))]


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


def _dots(observed: pd.DataFrame) -> pd.DataFrame:
    """The record: filled where it is final, hollow where it is provisional."""
    fill = np.where(observed["provisional"].to_numpy(dtype=bool), PAPER, INK)
    return observed.rename(columns={"year": "x"}).assign(fill=fill)


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
