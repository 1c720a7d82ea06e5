"""Lines with bands: what makes a panel of them, curves, many policies side by side."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from simlib.charts import bars
from simlib.charts.layout import (
    AXIS,
    COLOUR,
    PANEL,
    beside,
    domain,
    fill,
    framed,
    limits,
    line_labels,
    table,
    text,
    words,
)
from simlib.charts.style import (
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
    PAPER,
    SHORT,
    SOLID,
    STATUS_QUO,
    on_axis,
)

# Pixels.
CURVE_WIDTH, CURVE_LABELS = 400, 150
MANY_WIDTH, MANY_LABELS = 440, 290

BAND_ENDS = {
    "high90": "9 in 10: up to",
    "high50": "middle half: up to",
    "median": "median",
    "low50": "middle half: from",
    "low90": "9 in 10: from",
}
AFTER_RECORD = "projection →"

Up = Callable[[str], alt.Y]


# --- one panel --------------------------------------------------------------------------------


def axes(name: str, across: str, dates: bool = True, log: bool = False) -> tuple[alt.X, Up]:
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


def bands(name: str, x: alt.X, y: Up, across: str) -> list[alt.Chart]:
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


def history(x: alt.X, y: Up) -> list[alt.Chart]:
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


def panel(layers: Sequence[Any], name: str, width: int, labels: int) -> list[Any]:
    """Layers over one pair of axes, then the names and values at the line ends beside them."""
    layered = alt.layer(*layers).properties(width=width, height=PANEL)
    return [layered, beside(f"{name}_labels", labels)]


def in_a_row(views: Sequence[Any]) -> Any:
    """Views side by side, each as wide as it is said to be, however long its texts are."""
    return alt.hconcat(*views, spacing=0, bounds="flush")


def until_they_part(lines: pd.DataFrame) -> pd.DataFrame:
    """Drop what lies exactly under the status quo: several equal bands look like a darker one.

    Each other series begins in the last year in which it still is the status quo.
    """
    own, series = lines["series"] == STATUS_QUO, lines["series"]
    status_quo = lines[own].set_index("x")[BANDS].reindex(lines["x"]).to_numpy()
    shown = own | (status_quo != lines[BANDS].to_numpy()).any(axis=1)
    return lines[shown | (shown.shift(-1, fill_value=False) & (series == series.shift(-1)))]


def dots(observed: pd.DataFrame) -> pd.DataFrame:
    """The record: filled where it is final, hollow where it is provisional."""
    fill = np.where(observed["provisional"].to_numpy(dtype=bool), PAPER, INK)
    return observed.rename(columns={"year": "x"}).assign(fill=fill)


# --- charts -----------------------------------------------------------------------------------


def curves(across: str, up: str, log: bool = False) -> alt.VConcatChart:
    """Lines with bands over one quantity; the tables of :func:`simlib.charts.draws.curve_tables`.

    Parameters
    ----------
    across, up : what the axes count, with unit
    log : whether the upper axis is logarithmic
    """
    x, y = axes("lines", across, dates=across == "Calendar year", log=log)
    here = table("here").encode(x=x)
    side: Any = {"align": alt.expr("datum.late ? 'right' : 'left'")}
    side["dx"] = alt.expr("datum.late ? -5 : 5")
    name = here.mark_text(fontSize=11, color=INK, **side).encode(text="text:N", y=alt.value(8))
    layers = [*bands("lines", x, y, across), here.mark_rule(color=INK, strokeDash=[2, 2]), name]
    views = panel(layers, "lines", CURVE_WIDTH, CURVE_LABELS)
    titled = in_a_row(views).properties(
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
    looks = _looks(lines.rename(columns={"year": "x"}))
    colours = dict(zip(looks["series"], looks["colour"], strict=True))
    banded = looks.loc[looks["series"] == STATUS_QUO, ["low90", "high90"]].to_numpy().ravel()
    heights = [0.0, *banded, *looks["median"], *observed["value"]]
    ends = ends_of("lines", [*looks["x"], *observed["year"]], heights)
    edges = ends["lines_low"], ends["lines_high"]
    last = looks[looks["x"] == looks["x"].max()]
    texts = [
        f"{name} {on_axis(value, edges[1] - edges[0], 3)}"
        for name, value in zip(last["series"], last["median"], strict=True)
    ]
    rows = differences.assign(row=differences["series"], series="")
    outcome = f"{told['outcome']}, {told['unit']}"
    title, subtitle, footer = (told[name] for name in ("title", "subtitle", "footer"))
    width = bars.FIGURE_WIDTH
    tables = {
        "lines": until_they_part(looks),
        "lines_labels": line_labels([*last["median"]], texts, [*last["colour"]], edges),
        "observed": dots(observed),
        "record": pd.DataFrame({"x": [told["record_end"]]}),
        "bars": bars.ranges_table(rows.assign(colour=rows["row"].map(colours)), bars.LOW_ROW),
        "words": words(title, subtitle, footer, width=width, outcome=outcome, **ends),
    }
    x, y = axes("lines", "calendar year")
    layers = [*history(x, y), *bands("lines", x, y, "year"), text("outcome", -bars.NAMES, -34)]
    lower = bars.ranges(told["axis"], len(rows), row=bars.LOW_ROW)
    both = alt.vconcat(in_a_row(panel(layers, "lines", MANY_WIDTH, MANY_LABELS)), lower)
    return fill(framed(both, width, -bars.NAMES), tables)


def _looks(lines: pd.DataFrame) -> pd.DataFrame:
    """Colour and dashes of each line, of which no two have both alike; bands of the status quo."""
    series = lines["series"]
    others = [name for name in dict.fromkeys(series) if name != STATUS_QUO]
    colours = {name: MANY_COLOURS[i % len(MANY_COLOURS)] for i, name in enumerate(others)}
    dashes = {name: i // len(MANY_COLOURS) for i, name in enumerate(others)}
    return lines.assign(
        colour=series.map(colours | {STATUS_QUO: COLOURS[STATUS_QUO]}),
        dashed=series.map(dashes | {STATUS_QUO: SOLID}),
        shade=(series == STATUS_QUO).astype(float),
        stroke=LINE["strokeWidth"],
    )
