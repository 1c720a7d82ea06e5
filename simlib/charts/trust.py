"""Pictures of past errors, coverage, and of what fit and answer rest on."""

from collections.abc import Iterable
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from simlib.analysis.trust import date_in_words
from simlib.charts.layout import titled, zero
from simlib.charts.style import (
    BORDER,
    COLOURS,
    DARK,
    FAINT,
    INK,
    LIGHT,
    LINE,
    MANY_COLOURS,
    STATUS_QUO,
)

WIDTH, HEIGHT, ROW = 560, 280, 17
MODEL_COLOUR = COLOURS[BORDER]


def forecasts(cases: pd.DataFrame, recorded: pd.Series, origin: float) -> Any:
    """Forecasts from one origin beside what happened.

    Parameters
    ----------
    cases : rows of `backtest_cases` of one forecaster and origin
    recorded : deaths in the twelve months before each date, by date [decimal year]
    origin : where what was known ends [decimal year]
    """
    rows = cases.assign(date=cases["origin"] + cases["years_ahead"])
    dots = pd.DataFrame({"date": recorded.index, "deaths": recorded.to_numpy()})
    x = alt.X(
        "date:Q", scale=alt.Scale(nice=False, zero=False), axis=_axis("twelve months before", "d")
    )
    y = {
        name: alt.Y(f"{name}:Q", axis=_axis("deaths in twelve months", ",.0f"))
        for name in ("low_95", "low_80", "low_50", "median", "deaths")
    }
    bars = alt.Chart(rows).encode(x=x)
    layers = [
        bars.mark_rule(strokeWidth=width, opacity=opacity, color=MODEL_COLOUR).encode(
            y=y[f"low_{level}"], y2=f"high_{level}"
        )
        for level, width, opacity in ((95, 9, LIGHT), (80, 9, DARK), (50, 9, DARK))
    ]
    layers.append(
        bars.mark_tick(color=MODEL_COLOUR, thickness=2.5, size=16, orient="horizontal").encode(
            y=y["median"]
        )
    )
    layers.append(
        alt.Chart(dots).mark_circle(color=INK, size=30, opacity=1).encode(x=x, y=y["deaths"])
    )
    known = alt.Chart(pd.DataFrame({"date": [origin]})).encode(x=x)
    layers.append(known.mark_rule(color=FAINT, strokeDash=[2, 2]))
    said = f"Known until {date_in_words(origin)}: forecast, and what happened"
    return titled(
        alt.layer(*layers),
        said,
        "dots: counted · tick: median forecast · bars: 50, 80 and 95 % intervals",
    ).properties(width=WIDTH, height=HEIGHT)


def claimed(backtest: pd.DataFrame) -> pd.DataFrame:
    """Share claimed and share held, long, for :func:`claims`.

    Parameters
    ----------
    backtest : columns `forecaster` and `covered_...`
    """
    columns = [column for column in backtest.columns if column.startswith("covered_")]
    long = backtest.melt("forecaster", columns, "claimed", "held")
    share = long["claimed"].str.removeprefix("covered_").astype(float) / 100
    return long.assign(claimed=share).rename(columns={"forecaster": "name"})


def claims(judged: pd.DataFrame) -> Any:
    """Share of cases that intervals held, over the share they claim; the line is honesty.

    Parameters
    ----------
    judged : columns `name`, `claimed` and `held` [share]
    """
    axis = {"claimed": "share that the interval claims to hold", "held": "share that it held"}
    scale = alt.Scale(domain=[0, 1])
    x = alt.X("claimed:Q", scale=scale, axis=_axis(axis["claimed"], "%"))
    y = alt.Y("held:Q", scale=scale, axis=_axis(axis["held"], "%"))
    honest = pd.DataFrame({"claimed": [0, 1], "held": [0, 1]})
    diagonal = alt.Chart(honest).mark_line(color=FAINT, strokeDash=[4, 3]).encode(x=x, y=y)
    names = list(dict.fromkeys(judged["name"]))
    lines = alt.Chart(judged).mark_line(point={"size": 60}, strokeWidth=LINE["strokeWidth"])
    colour = alt.Color(
        "name:N",
        sort=names,
        legend=alt.Legend(title=None, labelLimit=WIDTH),
        scale=alt.Scale(domain=names, range=[*MANY_COLOURS, FAINT][: len(names)]),
    )
    return titled(
        alt.layer(diagonal, lines.encode(x=x, y=y, color=colour)),
        "Do intervals hold what they claim?",
        "below the dashed line: too sure; above it: too modest",
    ).properties(width=HEIGHT, height=HEIGHT)


def ranks(table: pd.DataFrame, quantities: Iterable[str]) -> Any:
    """Histograms of the rank of the truth; level is honest, a hill too wide, a bowl too narrow.

    Parameters
    ----------
    table : `coverage`
    """
    bins = [column for column in table.columns if column.startswith("bin_")]
    rows = table[table["quantity"].isin(list(quantities))]
    long = rows.melt(["quantity", "records"], bins, "bin", "count")
    long["rank"] = long["bin"].str.removeprefix("bin_").astype(int) / len(bins)
    long["expected"] = long["records"] / len(bins)
    long["low"], long["high"] = _chance_band(long["expected"], len(bins))
    x = alt.X("rank:Q", axis=_axis("rank of the truth", "%"))
    base = alt.Chart(long)
    band = base.mark_rect(color=FAINT, opacity=LIGHT).encode(y="mean(low):Q", y2="mean(high):Q")
    bars = base.mark_bar(color=MODEL_COLOUR, width=11, align="left").encode(
        x=x, y=alt.Y("count:Q", axis=_axis("records", "d"))
    )
    panels = alt.layer(band, bars).properties(width=150, height=90)
    return titled(
        panels.facet(alt.Facet("quantity:N", title=None, sort=list(quantities)), columns=3),
        "Where the truth lay among the draws of the posterior",
        "grey: where 19 in 20 bars of an honest posterior would end",
    )


def intervals(table: pd.DataFrame, label: str, along: str) -> Any:
    """A median with its interval by row, and a zero line.

    Parameters
    ----------
    table : columns `label`, `gap_low`, `gap` and `gap_high`
    label : column that names the rows
    along : what the axis counts, with unit
    """
    base = alt.Chart(table)
    y = alt.Y(f"{label}:N", sort=list(table[label]), axis=_axis(None, labelLimit=260))
    axis = _axis(along, ",.0f")
    bar = base.mark_rule(color=MODEL_COLOUR, strokeWidth=6, opacity=2 * DARK)
    tick = base.mark_tick(color=MODEL_COLOUR, thickness=2.5, size=12)
    layers = [
        zero().mark_rule(color=INK).encode(x="zero:Q"),
        bar.encode(y=y, x=alt.X("gap_low:Q", axis=axis), x2="gap_high:Q"),
        tick.encode(y=y, x=alt.X("gap:Q", axis=axis)),
    ]
    return titled(
        alt.layer(*layers),
        "Border against internal, by what was left out",
        "tick: median · bar: 9 in 10 draws · right of zero border saves more lives",
    ).properties(width=WIDTH - 140, height=ROW * len(table))


def contraction(table: pd.DataFrame) -> Any:
    """How much of each parameter's prior variance the record took away.

    Parameters
    ----------
    table : `contraction`
    """
    long = table.assign(word=np.where(table["moved"], "moved", "not moved"))
    y = alt.Y("label:N", sort=list(table["label"]), axis=_axis(None, labelLimit=380))
    x = alt.X("contraction:Q", axis=_axis("share of the prior variance taken away", "%"))
    colour = alt.Color(
        "word:N",
        title=None,
        scale=alt.Scale(domain=["moved", "not moved"], range=[MODEL_COLOUR, COLOURS[STATUS_QUO]]),
    )
    bars = alt.Chart(long).mark_bar(height=9).encode(x=x, y=y, color=colour)
    return titled(
        alt.layer(bars), "What the record says about each parameter", "0: nothing at all"
    ).properties(width=WIDTH - 260, height=13 * len(table))


def _chance_band(expected: pd.Series, bins: int) -> tuple[pd.Series, pd.Series]:
    """Where 19 in 20 counts of even ranks end: twice the binomial spread either way."""
    spread = np.sqrt(expected * (1 - 1 / bins))
    return (expected - 2 * spread).clip(lower=0), expected + 2 * spread


def _axis(title: str | None, format: str = "", **more: Any) -> alt.Axis:
    given: dict[str, Any] = {"format": format} if format else {}
    return alt.Axis(title=title, **given, **more)
