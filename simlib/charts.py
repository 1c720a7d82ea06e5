"""Tidy tables in, pictures out: the only place with colours, number formats and a renderer.

One definition serves the screen and the file. :func:`comparison` returns a chart that refers to
its data by name only. The live view is sent the tables of :func:`prepare` on every change; an
export gets the same tables from :func:`fill` and is drawn by :func:`export`, without a network.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
import vl_convert

from simlib.chart_tables import (
    BANDS,
    STATUS_QUO,
    Floats,
    check,
    from_first_difference,
    in_order,
    round_limits,
    spread,
    until_they_part,
    wrap_evenly,
)
from simlib.errors import InputError, unknown

__all__ = [
    "BORDER",
    "INTERNAL",
    "MIME",
    "NO_POLICY",
    "STATUS_QUO",
    "comparison",
    "export",
    "fill",
    "number",
    "prepare",
]

BORDER = "border-focused"
INTERNAL = "internal enforcement"
NO_POLICY = "your assumptions, no new policy"

# Okabe and Ito's hues, darkened until a label in the same colour can be read on white (4.5 : 1).
COLOURS = {STATUS_QUO: "#505050", BORDER: "#0072B2", INTERNAL: "#C45000", NO_POLICY: "#767676"}
FURTHER_COLOURS = ("#00795A", "#A34A80", "#000000")  # bluish green, reddish purple, black
INK, FAINT, GRID = "#1A1A1A", "#595959", "#E3E3E3"

LIGHT, DARK = 0.12, 0.24  # opacity of the bands where three lines share a panel
EDGE = {"strokeWidth": 0.7, "strokeOpacity": 0.6}
LINE = {"strokeWidth": 2.2}
DOT = {"size": 28, "opacity": 1, "stroke": INK, "strokeWidth": 1.2}

THIN_SPACE = "\u202f"
NUMBER_LOCALE = {"decimal": ".", "thousands": THIN_SPACE, "grouping": [3], "currency": ["$", ""]}
FONT = "Liberation Sans, Arial, Helvetica, sans-serif"

# Pixels. Everything has a fixed place, so that nothing jumps when numbers change.
HEADER, PANEL, FOOTER = 112, 300, 28
OUTCOME_WIDTH, DIFFERENCE_WIDTH, LABEL_WIDTH, AXIS_WIDTH, GAP = 350, 220, 126, 62, 8
WIDTH = OUTCOME_WIDTH + DIFFERENCE_WIDTH + 2 * (LABEL_WIDTH + AXIS_WIDTH) + GAP
LEFT = -AXIS_WIDTH  # where text starts, counted from the left panel's axis
LABEL_LINE, LABEL_LETTERS = 14, 20
# Size, lines allowed, and width of a letter as a share of the size.
TITLE, SUBTITLE, SOURCE = (19, 2, 0.54), (13, 2, 0.5), (10.5, 2, 0.5)

BAND_ENDS = {
    "high90": "9 in 10: up to",
    "high50": "middle half: up to",
    "median": "median",
    "low50": "middle half: from",
    "low90": "9 in 10: from",
}


def number(value: float, digits: int = 3) -> str:
    """A number for a reader: few digits, thin spaces between thousands, a true minus sign.

    Parameters
    ----------
    value : float
        [any unit]
    digits : int
        Significant digits to keep.

    Returns
    -------
    str
        For example ``62 100`` for 62,134 or ``−0.123`` for -0.1234.
    """
    if value == 0:
        return "0"
    decimals = digits - 1 - math.floor(math.log10(abs(value)))
    text = f"{round(abs(float(value)), decimals):,.{max(decimals, 0)}f}"
    return ("\N{MINUS SIGN}" if value < 0 else "") + text.replace(",", THIN_SPACE)


# --- tables -----------------------------------------------------------------------------------


def prepare(tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Check the four tables and add what the picture needs besides: colours, labels, limits.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        ``lines``: year, series, low90, low50, median, high50, high90 [unit of the outcome];
        optionally ``extrapolated`` (bool: beyond the range of the evidence).
        ``difference``: the same columns; differences from the status quo, from paired draws.
        It may have no rows.
        ``observed``: year, value, provisional (bool).
        ``words``: one row; title, subtitle, footer.

    Returns
    -------
    dict of str to DataFrame
        One table for each name that :func:`comparison` refers to.

    Raises
    ------
    InputError
        With every fault of the tables.
    """
    check(tables)
    observed, words = tables["observed"], tables["words"].iloc[0]
    lines, difference = in_order(tables["lines"]), in_order(tables["difference"])
    palette = _palette([*lines["series"], *difference["series"]])
    difference = from_first_difference(difference[difference["series"] != STATUS_QUO])
    record_end = observed["year"].max() + 0.5
    top = round_limits(0.0, max(lines["high90"].max(), observed["value"].max()))
    around = _difference_limits(difference, top[1] / 100)
    years = [*lines["year"], *observed["year"]]
    later = difference["year"] if len(difference) else [record_end, max(years)]
    return {
        "lines": _styled(until_they_part(lines), palette),
        "lines_labels": _labels(lines, top, palette),
        "lines_corners": _corners(years, top),
        "difference": _styled(difference, palette),
        "difference_labels": _labels(difference, around, palette, [STATUS_QUO]),
        "difference_corners": _corners(later, around),
        "observed": observed,
        "record": pd.DataFrame({"end": [record_end]}),
        "heading": _heading(words["title"], words["subtitle"]),
        "footer": _place(words["footer"], SOURCE, 0.0, "normal", FAINT),
    }


def _palette(series: Iterable[str]) -> dict[str, str]:
    """A colour for each series; the four known names keep theirs, others in order of appearance."""
    further = [name for name in dict.fromkeys(series) if name not in COLOURS]
    if len(further) > len(FURTHER_COLOURS):
        most = f"at most {len(FURTHER_COLOURS)} can be told apart"
        raise InputError(f"chart, lines besides {', '.join(COLOURS)}: {most}, not {len(further)}")
    return COLOURS | dict(zip(further, FURTHER_COLOURS, strict=False))


def _styled(table: pd.DataFrame, palette: Mapping[str, str]) -> pd.DataFrame:
    return table.assign(
        colour=table["series"].map(palette),
        dashed=(table["series"] == NO_POLICY).astype(int),
        shade=min(1.0, 3 / max(table["series"].nunique(), 1)),
    )


def _difference_limits(difference: pd.DataFrame, least: float) -> tuple[float, float]:
    """Limits that hold zero; `least` either side of it where nothing differs."""
    low, high = min(difference["low90"], default=0.0), max(difference["high90"], default=0.0)
    if low == high == 0:
        low, high = -least, least
    return round_limits(min(low, 0.0), max(high, 0.0))


def _corners(years: Iterable[float], limits: tuple[float, float]) -> pd.DataFrame:
    """Two corners of a panel; they alone set its axes."""
    return pd.DataFrame({"year": [min(years), max(years)], "value": limits})


def _labels(
    table: pd.DataFrame,
    limits: tuple[float, float],
    palette: Mapping[str, str],
    at_zero: Iterable[str] = (),
) -> pd.DataFrame:
    """Names and last values at the line ends, moved apart where they would overlap [pixels]."""
    last = table[table["year"] == table["year"].max()]
    names, values, texts = [], [], []
    for _, row in last.iterrows():
        names.append(row["series"])
        values.append(row["median"])
        texts.append(wrap_evenly(row["series"], LABEL_LETTERS, 2))
        texts[-1].append(f"{number(row['median'])} in {row['year']:.0f}")
        if row.get("extrapolated", False):
            texts[-1].append("beyond the evidence")
    for name in at_zero:
        names.append(name)
        values.append(0.0)
        texts.append([name])
    ends: Floats = PANEL * (limits[1] - np.array(values)) / (limits[1] - limits[0])
    heights = np.array([LABEL_LINE * len(text) for text in texts], dtype=float)
    centres = spread(ends, heights + 4, PANEL)
    return pd.DataFrame(
        {
            "text": ["\n".join(text) for text in texts],
            "colour": [palette[name] for name in names],
            "centre": centres,
            "first_line": centres - (heights - LABEL_LINE) / 2,
            "line_end": ends,
        }
    )


def _heading(title: str, subtitle: str) -> pd.DataFrame:
    first = _place(title, TITLE, 0.0, "bold", INK)
    second = _place(subtitle, SUBTITLE, first["y"].max() + 4 if len(first) else 0.0, "normal", FAINT)
    return pd.concat([first, second], ignore_index=True)


def _place(
    text: str, style: tuple[float, int, float], top: float, weight: str, colour: str
) -> pd.DataFrame:
    """A text in lines that fit, with the lower edge of each [pixels]."""
    size, most, letter = style
    lines = wrap_evenly(text, int(WIDTH / (size * letter)), most)
    return pd.DataFrame(
        {
            "text": pd.Series(lines, dtype=str),
            "y": top + size * 1.25 * np.arange(1, len(lines) + 1),
            "size": size,
            "weight": weight,
            "colour": colour,
        }
    )


# --- picture ----------------------------------------------------------------------------------


def comparison(outcome: str, unit: str) -> alt.VConcatChart:
    """The comparison: outcome a year with bands and history; beside it the difference.

    The chart holds no data. It refers by name to the tables that :func:`prepare` returns, and
    has the same size whatever they hold.

    Parameters
    ----------
    outcome : str
        What is counted, for example ``Overdose deaths``.
    unit : str
        Its unit, for example ``deaths a year``.

    Returns
    -------
    alt.VConcatChart
        To be shown by :class:`simlib.dashboard.live_chart.LiveChart`, or filled by :func:`fill`.
    """
    difference = f"Difference from {STATUS_QUO}"
    panels = alt.hconcat(
        _panel("lines", outcome, unit, OUTCOME_WIDTH, _record_end(), _history()),
        _panel("difference", difference, unit, DIFFERENCE_WIDTH, _zero_line(), []),
        spacing=GAP,
    )
    heading = alt.layer(_text("heading", HEADER), *_key()).properties(width=WIDTH, height=HEADER)
    footer = _text("footer", FOOTER).properties(width=WIDTH, height=FOOTER)
    menu = {"export": True, "source": False, "compiled": False, "editor": False}
    return alt.vconcat(heading, panels, footer, spacing=8).properties(
        padding=12,
        background="white",
        config=_config(),
        usermeta={"embedOptions": {"actions": menu}},  # of the exported page
    )


def _config() -> dict[str, Any]:
    title = {"anchor": "start", "color": INK, "fontSize": 13, "offset": 10}
    return {
        "font": FONT,
        "locale": {"number": NUMBER_LOCALE},
        "view": {"stroke": None},
        "title": title | {"subtitleFontSize": 12, "subtitleColor": FAINT},
        "axis": {
            "labelFontSize": 12,
            "labelColor": FAINT,
            "titleFontSize": 12,
            "titleColor": FAINT,
            "titleFontWeight": "normal",
            "gridColor": GRID,
        },
        "text": {"lineBreak": "\n", "lineHeight": LABEL_LINE},
    }


def _table(name: str) -> alt.Chart:
    return alt.Chart(alt.NamedData(name))


def _constant() -> alt.Chart:
    return alt.Chart(alt.InlineData([{"zero": 0}]))


def _year(column: str) -> alt.X:
    axis = alt.Axis(format="d", tickCount=5, grid=False, title="calendar year")
    return alt.X(f"{column}:Q", scale=alt.Scale(nice=False, zero=False), axis=axis)


def _value(column: str) -> alt.Y:
    axis = alt.Axis(tickCount=5, ticks=False, domain=False, title=None)
    axis = alt.Axis(**axis.to_dict(), minExtent=AXIS_WIDTH, labelPadding=8)
    return alt.Y(f"{column}:Q", scale=alt.Scale(nice=False, zero=False), axis=axis)


def _pixel(column: str, height: int) -> alt.Y:
    return alt.Y(
        f"{column}:Q", scale=alt.Scale(domain=[0, height], range=[0, height]), axis=None
    )


def _colour() -> alt.Color:
    return alt.Color("colour:N", scale=None)


def _panel(
    name: str, title: str, unit: str, width: int, below: list[alt.Chart], above: list[alt.Chart]
) -> alt.HConcatChart:
    """Layers over one pair of axes, with the names and values at the line ends beside them."""
    corners = _table(f"{name}_corners").mark_point(opacity=0)
    corners = corners.encode(x=_year("year"), y=_value("value"))
    panel = alt.layer(corners, *below, *_bands(name), *above).properties(
        width=width, height=PANEL, title=alt.TitleParams(title, subtitle=unit)
    )
    labels = _table(f"{name}_labels").encode(color=_colour())
    leader = labels.mark_rule(strokeWidth=0.8, clip=True).encode(
        x=alt.value(1), x2=alt.value(9), y=_pixel("line_end", PANEL), y2="centre"
    )
    text = labels.mark_text(align="left", baseline="middle", fontSize=12, clip=True).encode(
        x=alt.value(12), y=_pixel("first_line", PANEL), text="text:N"
    )
    ends = alt.layer(leader, text).properties(width=LABEL_WIDTH, height=PANEL)
    return alt.hconcat(panel, ends, spacing=0)


def _bands(name: str) -> list[alt.Chart]:
    """Light and dark bands, medians, and unseen points that answer the mouse with numbers."""
    table = _table(name).encode(x=_year("year"), color=_colour(), detail="series:N")
    edge = alt.Stroke("colour:N", scale=None)
    dash = alt.StrokeDash(
        "dashed:O", scale=alt.Scale(domain=[0, 1], range=[[1, 0], [5, 3]]), legend=None
    )
    hover = [alt.Tooltip("series:N", title="line"), alt.Tooltip("year:Q", format="d")]
    hover += [alt.Tooltip(f"{c}:Q", format=",.3~r", title=t) for c, t in BAND_ENDS.items()]
    layers = [
        table.mark_area(fillOpacity=alt.expr(f"{shade} * datum.shade"), **EDGE).encode(
            y=_value(low), y2=high, stroke=edge
        )
        for shade, low, high in ((LIGHT, BANDS[0], BANDS[-1]), (DARK, BANDS[1], BANDS[-2]))
    ]
    layers.append(table.mark_line(**LINE).encode(y=_value("median"), strokeDash=dash))
    points = table.mark_point(size=110, opacity=0)
    return [*layers, points.encode(y=_value("median"), tooltip=hover)]


def _history() -> list[alt.Chart]:
    fill = alt.condition("datum.provisional", alt.value("white"), alt.value(INK))
    hover = [alt.Tooltip("year:Q", format="d"), alt.Tooltip("value:Q", format=",", title="count")]
    dots = _table("observed").mark_circle(**DOT)
    return [dots.encode(x=_year("year"), y=_value("value"), fill=fill, tooltip=hover)]


def _record_end() -> list[alt.Chart]:
    record = _table("record").encode(x=_year("end"))
    text = record.mark_text(align="left", dx=5, fontSize=11, color=FAINT, text="projection →")
    return [record.mark_rule(color=FAINT, strokeDash=[2, 2]), text.encode(y=alt.value(6))]


def _zero_line() -> list[alt.Chart]:
    """The status quo, and which way is better."""
    zero = _constant().mark_rule(color=COLOURS[STATUS_QUO], **LINE).encode(y=_value("zero"))
    return [
        zero,
        _caption("↑ more", x=4, y=6, size=11),
        _caption("↓ fewer", x=4, y=PANEL - 8, size=11),
    ]


def _caption(text: str, x: float, y: float, size: float) -> alt.Chart:
    caption = _constant().mark_text(text=text, align="left", fontSize=size, color=FAINT)
    return caption.encode(x=alt.value(x), y=alt.value(y))


def _text(name: str, height: int) -> alt.Chart:
    """Lines of text at the places that their table gives."""
    size, weight = alt.expr("datum.size"), alt.expr("datum.weight")
    text = _table(name).mark_text(
        align="left", baseline="bottom", fontSize=size, fontWeight=weight
    )
    return text.encode(x=alt.value(LEFT), y=_pixel("y", height), text="text:N", color=_colour())


def _key() -> list[alt.Chart]:
    """What bands and dots mean, drawn as they are in the panels, along the heading's foot."""
    y = HEADER - 14
    colour, sides = COLOURS[STATUS_QUO], {"x": alt.value(LEFT), "x2": alt.value(LEFT + 26)}
    layers = [
        _constant()
        .mark_rect(color=colour, opacity=shade)
        .encode(y=alt.value(y - half), y2=alt.value(y + half), **sides)
        for half, shade in ((8, LIGHT), (4, DARK))
    ]
    layers.append(_constant().mark_rule(color=colour, **LINE).encode(y=alt.value(y), **sides))
    for x, fill in ((LEFT + 500, INK), (LEFT + 574, "white")):
        dot = _constant().mark_circle(**DOT, fill=fill)
        layers.append(dot.encode(x=alt.value(x), y=alt.value(y)))
    bands = "line: median · dark band: middle half of simulated futures · light band: 9 in 10"
    for x, text in ((32, bands), (508, "recorded"), (582, "recorded, provisional")):
        layers.append(_caption(text, x=LEFT + x, y=y, size=12))
    return layers


# --- files ------------------------------------------------------------------------------------

MIME = {
    "png": "image/png",
    "svg": "image/svg+xml",
    "pdf": "application/pdf",
    "html": "text/html",
}


def fill(chart: alt.TopLevelMixin, tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """The chart with its tables put in: a Vega-Lite specification that stands alone.

    Parameters
    ----------
    chart : Altair chart
        From :func:`comparison`.
    tables : mapping of str to DataFrame
        As for :func:`prepare`.

    Returns
    -------
    dict
        Specification; its ``description``, the text alternative, is title and subtitle.

    Raises
    ------
    InputError
        As :func:`prepare`.
    """
    spec = chart.to_dict()
    datasets = {name: table.to_dict("records") for name, table in prepare(tables).items()}
    title, subtitle, _ = tables["words"].iloc[0]
    spec["datasets"] |= datasets  # the chart's own are those of the key
    return spec | {"description": f"{title} {subtitle}"}


def export(spec: dict[str, Any], kind: str) -> bytes:
    """The filled chart as a file; no network is used, and the HTML needs none either.

    Parameters
    ----------
    spec : dict
        From :func:`fill`.
    kind : str
        ``png`` (two pixels for each of the picture's), ``svg``, ``pdf`` or ``html``.

    Returns
    -------
    bytes
        Contents of the file; its type is `MIME` ``[kind]``.

    Raises
    ------
    InputError
        If `kind` is unknown.
    """
    if kind == "png":
        return vl_convert.vegalite_to_png(spec, scale=2, allowed_base_urls=[])
    if kind == "svg":
        return vl_convert.vegalite_to_svg(spec, allowed_base_urls=[]).encode()
    if kind == "pdf":
        return vl_convert.vegalite_to_pdf(spec, allowed_base_urls=[])
    if kind == "html":
        return vl_convert.vegalite_to_html(spec, bundle=True).encode()
    raise InputError(f"kind of file {unknown(kind, MIME)}")
