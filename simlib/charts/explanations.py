"""Pictures of the rival explanations: their fit, their forecasts, their weights, their answers."""

from typing import Any

import altair as alt
import pandas as pd

from simlib.analysis.explanations import EXPLANATIONS, MIXTURE
from simlib.charts.layout import titled, zero
from simlib.charts.style import DARK, DOT, EXPLANATION_COLOURS, FAINT, INK, LINE

TITLES = [explanation.title for explanation in EXPLANATIONS.values()]
WIDTH, HEIGHT, ROW = 520, 280, 38
ALL = "All"


def live(chart: Any) -> alt.JupyterChart:
    """The picture as a widget that needs no network."""
    alt.JupyterChart.enable_offline()
    return alt.JupyterChart(chart)


def fits(table: pd.DataFrame) -> alt.LayerChart:
    """Yearly deaths under each explanation beside the counts, with a list to choose one from.

    Parameters
    ----------
    table : from :func:`simlib.analysis.explanations.fit`
    """
    choose = alt.binding_select(options=[ALL, *TITLES], name="Show: ")
    chosen = alt.param(name="chosen", value=ALL, bind=choose)
    rows = alt.Chart(table[table["title"] != MIXTURE])
    rows = rows.transform_filter(f"chosen == '{ALL}' || chosen == datum.title")
    x = alt.X("year:O", title="calendar year", axis=alt.Axis(labelAngle=0))
    band = rows.mark_area(opacity=DARK / 2).encode(x=x, y=_deaths("low"), y2="high", color=_hue())
    line = rows.mark_line(**LINE).encode(
        x=x, y=_deaths("median"), color=_hue(), tooltip=["title", "year", "median", "low", "high"]
    )
    counted = alt.Chart(table).mark_circle(**DOT, fill=INK).encode(x=x, y=_deaths("counted"))
    layers = alt.layer(band, line, counted).add_params(chosen)
    return _sized(layers, "What each explanation itself says (dots: counted deaths)", HEIGHT)


def forecasts(table: pd.DataFrame) -> alt.Chart:
    """How far each explanation's forecasts have fallen behind the best so far.

    Parameters
    ----------
    table : from :func:`simlib.analysis.explanations.forecasts`
    """
    total = table.assign(total=table.groupby("title")["log_density"].cumsum())
    best = total.groupby("quarter")["total"].transform("max")
    chart = alt.Chart(total.assign(behind=total["total"] - best))
    line = chart.mark_line(point=True, **LINE).encode(
        x=alt.X("quarter:O", title="quarter that was forecast"),
        y=alt.Y("behind:Q", title="log density so far, behind the best"),
        color=_hue(),
        tooltip=["title", "quarter", alt.Tooltip("behind:Q", format=".2f")],
    )
    return _sized(line, "Forecasts of each quarter from all earlier ones", HEIGHT)


def weights(table: pd.DataFrame) -> alt.LayerChart:
    """Weight of each explanation with its error (two standard errors either way).

    Parameters
    ----------
    table : from :func:`simlib.analysis.explanations.weights`
    """
    ends = table.assign(
        low=(table["weight"] - 2 * table["error"]).clip(lower=0),
        high=table["weight"] + 2 * table["error"],
        equal=1 / len(table),
    )
    chart = alt.Chart(ends)
    y = alt.Y("title:N", sort=TITLES, title=None)
    axis = alt.Axis(format="%", title="share of the shipped ensemble")
    bar = chart.mark_bar(height=ROW / 2).encode(
        x=alt.X("weight:Q", axis=axis),
        y=y,
        color=_hue(legend=False),
        tooltip=["title", alt.Tooltip("weight:Q", format="%")],
    )
    error = chart.mark_rule(color=INK).encode(x="low:Q", x2="high:Q", y=y)
    equal = chart.mark_rule(color=FAINT, strokeDash=[3, 3]).encode(x="mean(equal):Q")
    layers = alt.layer(bar, error, equal)
    return _sized(layers, "Weights (dashed: all equal)", ROW * len(table))


def answers(table: pd.DataFrame) -> alt.LayerChart:
    """Deaths of one strategy minus the other's: under each explanation, then in the mixture.

    Parameters
    ----------
    table : from :func:`simlib.analysis.explanations.answers` or `answers_by_rule`
    """
    chart = alt.Chart(table)
    first, second = table.columns[2:4]
    y = alt.Y("title:N", sort=list(table["title"]), title=None)
    title = f"fewer deaths with: ← {second} · {first} →"
    x = alt.X("low:Q", title=title)
    bar = chart.mark_rule(strokeWidth=6, opacity=DARK).encode(x=x, x2="high:Q", y=y)
    middle = chart.mark_tick(thickness=3, size=16, color=INK).encode(
        x="median:Q", y=y, tooltip=["title", "verdict", "low", "median", "high"]
    )
    word = chart.mark_text(align="left", dx=5, dy=-11, color=FAINT).encode(
        x="median:Q", y=y, text="verdict:N"
    )
    layers = alt.layer(zero().mark_rule(color=FAINT).encode(x="zero:Q"), bar, middle, word)
    heading = "Difference in deaths at equal money (bar: 9 in 10 draws)"
    return _sized(layers, heading, ROW * len(table))


def _deaths(column: str) -> alt.Y:
    return alt.Y(f"{column}:Q", title="deaths a year (T40.4)", scale=alt.Scale(zero=False))


def _hue(legend: bool = True) -> alt.Color:
    scale = alt.Scale(domain=TITLES, range=list(EXPLANATION_COLOURS))
    return alt.Color("title:N", scale=scale, legend=alt.Legend() if legend else None)


def _sized(chart: Any, title: str, height: int) -> Any:
    return titled(chart.properties(width=WIDTH, height=height), title)
