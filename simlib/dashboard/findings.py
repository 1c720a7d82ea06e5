"""Findings of `simlib.analysis` as figures for notebooks."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from simlib.analysis import costs
from simlib.analysis.adaptive import Adaptive
from simlib.analysis.information import Worth
from simlib.analysis.sensitivity import Indices, Swing
from simlib.analysis.structure import Shares
from simlib.charts import lines
from simlib.charts.bars import bars, bars_table
from simlib.charts.layout import words
from simlib.charts.style import BORDER, COLOURS, INTERNAL, number, percent, whole
from simlib.dashboard.figure import Figure
from simlib.inputs.parameters import load_parameters
from simlib.results import Ensemble

MOST_BARS = 12
FIGURE_WIDTH = 700
"""Of texts [pixels]."""


def _bars(name: str, axis: str, table: pd.DataFrame, *said: str) -> Figure:
    tables = {"bars": table, "words": _words(*said)}
    return Figure(name, bars(axis, len(table)), tables, "bars")


def _words(title: str, *subtitle: str) -> pd.DataFrame:
    return words(title, "\n".join(subtitle), width=FIGURE_WIDTH)


def what_decides(indices: Indices) -> Figure:
    """Total share of the spread by factor, with 95 % intervals."""
    n = min(len(indices.names), MOST_BARS)
    middle, within = indices.total[:n], indices.total_within[:n]
    table = bars_table(indices.names[:n], np.maximum(middle - within, 0), middle, middle + within)
    return _bars(
        "what_decides",
        "share of the variance of the difference, interactions included",
        table,
        "What decides which strategy saves more lives?",
        "Tick: total Sobol index; bar: its 95 % confidence interval.",
        "Totals add up to more than 1 where doubts act together.",
    )


def tornado(swings: Sequence[Swing]) -> Figure:
    """Gap in deaths with each assumption low and high."""
    rows = load_parameters()
    shown = list(swings)[:MOST_BARS]
    low = [min(swing.low, swing.high) for swing in shown]
    high = [max(swing.low, swing.high) for swing in shown]
    colours = [COLOURS[BORDER] if s.high > s.low else COLOURS[INTERNAL] for s in shown]
    middle = [swing.high for swing in shown]
    table = bars_table([rows[s.name].label for s in shown], low, middle, high, colours)
    return _bars(
        "tornado",
        f"deaths that {BORDER} averts more than {INTERNAL}, over the projection",
        table,
        "How far does one assumption move the answer?",
        "Bar: mean difference with the assumption low (5 %) and high (95 %); tick: high.",
        "Blue: a higher value favours the border; orange: it favours internal enforcement.",
    )


def worth(found: Sequence[Worth], unit: str) -> Figure:
    """What settling each doubt would be worth, with two standard errors."""
    middle = np.array([each.value for each in found])
    error = 2 * np.array([each.error for each in found])
    labels = [each.about for each in found]
    table = bars_table(labels, np.maximum(middle - error, 0), middle, middle + error)
    return _bars(
        "value_of_information",
        f"expected gain from knowing before choosing [{unit}]",
        table,
        "Which study would be worth paying for?",
        "Tick: expected value of information; bar: two standard errors either side.",
    )


def spread(shares: Shares) -> Figure:
    """Shares of the variance by kind of doubt."""
    parts = {
        "Parameters": shares.parameters,
        "Structure: explanation and transmission rule": shares.structure,
        "Chance from year to year": shares.noise,
    }
    middle = np.array(list(parts.values()))
    table = bars_table(list(parts), np.zeros(len(middle)), middle, middle)
    return _bars(
        "spread",
        "share of the variance of the difference",
        table,
        "Where does the doubt come from?",
        f"Standard deviation of the difference: {number(shares.variance**0.5, 2)} deaths.",
    )


def _titles(ensemble: Ensemble) -> list[str]:
    """Titles of the policies."""
    known = ensemble.about.get("policies", {})
    return [known.get(name) or name for name in ensemble.policies]


def cost_curve(table: pd.DataFrame) -> Figure:
    """Lives a million by programme and step of money."""
    rows = load_parameters()
    shown = table.head(2 * MOST_BARS)
    labels = [
        f"{rows[name].label}, {whole(low)} to {whole(high)}"
        for name, low, high in shown[["programme", "from_musd", "to_musd"]].itertuples(index=False)
    ]
    bars = bars_table(labels, shown["q05"], shown["q50"], shown["q95"])
    return _bars(
        "cost_curve",
        "deaths averted per million USD of programme money",
        bars,
        "What does a million buy, and how soon does it wear out?",
        "Steps in million USD more a year; cheapest first (by mean).",
        "Tick: median; bar: 9 futures in 10.",
    )


SHOWN_DRAWS = 200
"""Draws of each policy in a plane."""


def plane(ensemble: Ensemble) -> Figure:
    """Cost against deaths averted, one dot a draw."""
    cost, effect = costs.plane(ensemble)
    several = _titles(ensemble)[1:]
    draws = min(SHOWN_DRAWS, cost.shape[-1])
    dots = pd.DataFrame(
        {
            "x": effect[1:, :draws].ravel(),
            "y": cost[1:, :draws].ravel(),
            "series": np.repeat(several, draws),
        }
    )
    means = {"x": effect[1:].mean(-1), "y": cost[1:].mean(-1), "series": several}
    said = _words(
        "What does it cost, and what does it bring?",
        "Faint dots: single futures; strong dots: means. Right: fewer deaths; down: cheaper.",
        "Costs: programmes and prisons, not discounted, against no new policy.",
    )
    chart = lines.plane("deaths averted", "added cost [million USD]")
    tables = {"draws": dots, "means": pd.DataFrame(means), "words": said}
    return Figure("plane", chart, tables, "means")


def acceptability(ensemble: Ensemble, most_musd: float, steps: int = 40) -> Figure:
    """Chance that each policy is the best buy, by what averting a death is worth."""
    willing = np.linspace(0, most_musd, steps + 1)
    chance = costs.acceptability(*costs.plane(ensemble), willing)
    table = _curves(willing, dict(zip(_titles(ensemble), chance.T, strict=True)))
    said = _words(
        "Which is the best buy, if a death averted is worth so much?",
        "Share of futures in which a policy has the highest net benefit.",
    )
    chart = lines.curves("million USD per death averted", "share of futures")
    return Figure("acceptability", chart, {"curves": table, "words": said}, "curves")


def frontier(found: Sequence[tuple[float, float, Mapping[str, float]]]) -> Figure:
    """Deaths averted against prison-years, along the best splits."""
    burden = np.array([each[0] for each in found])
    gain = np.array([each[1] for each in found])
    table = _curves(burden, {"best split": gain})
    said = _words(
        "What do lives cost in prison-years?",
        "Each point: the split that averts most deaths with at most so many added prison-years.",
        "Negative: fewer years in prison than without a new policy.",
    )
    chart = lines.curves("added prison-years", "deaths averted", points=True)
    return Figure("frontier", chart, {"curves": table, "words": said}, "curves")


def _curves(x: np.ndarray, lines: Mapping[str, np.ndarray]) -> pd.DataFrame:
    parts = [
        pd.DataFrame({"x": x, "y": y, "series": name, "order": np.arange(len(x))})
        for name, y in lines.items()
    ]
    return pd.concat(parts, ignore_index=True)


def adaptive(found: Adaptive, first: str, second: str) -> Figure:
    """Deaths averted by an adaptive policy and by the two it is made of."""
    several = np.stack([found.averted, *found.fixed])
    low, middle, high = np.quantile(several, (0.05, 0.5, 0.95), axis=-1)
    labels = ["adaptive", f"{first}, kept", f"{second} from the beginning"]
    changed = percent(float(np.mean(found.switched > 0)))
    beyond = float(found.against_best_fixed.mean())
    return _bars(
        "adaptive",
        "deaths averted over the projection",
        bars_table(labels, low, middle, high),
        "Does it pay to begin with one strategy and watch?",
        f"It switches in {changed} of the futures; on average it averts "
        f"{number(abs(beyond), 2)} {'more' if beyond > 0 else 'fewer'} than the better fixed one.",
        f"Mean regret against the better of the two in each future: "
        f"{number(float(found.regret.mean()), 2)} deaths.",
    )
