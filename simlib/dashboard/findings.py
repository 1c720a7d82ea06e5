"""Findings of `simlib.analysis` as figures for notebooks."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from simlib import chart_decisions as pictures
from simlib.analysis.information import Worth
from simlib.analysis.sensitivity import Indices, Swing
from simlib.analysis.structure import Shares
from simlib.chart_style import BORDER, COLOURS, INTERNAL, number
from simlib.dashboard.figure import Figure
from simlib.parameters import load_parameters

MOST_BARS = 12


def _bars(name: str, axis: str, table: pd.DataFrame, *said: str) -> Figure:
    chart = pictures.bars(axis, len(table))
    return Figure(name, chart, {"bars": table, "words": pictures.words(*said)}, "bars")


def what_decides(indices: Indices) -> Figure:
    """Total share of the spread by factor, with 95 % intervals."""
    n = min(len(indices.names), MOST_BARS)
    middle, within = indices.total[:n], indices.total_within[:n]
    table = pictures.bars_table(
        indices.names[:n], np.maximum(middle - within, 0), middle, middle + within
    )
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
    table = pictures.bars_table([rows[s.name].label for s in shown], low, middle, high, colours)
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
    table = pictures.bars_table(labels, np.maximum(middle - error, 0), middle, middle + error)
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
    table = pictures.bars_table(list(parts), np.zeros(len(middle)), middle, middle)
    return _bars(
        "spread",
        "share of the variance of the difference",
        table,
        "Where does the doubt come from?",
        f"Standard deviation of the difference: {number(shares.variance**0.5, 2)} deaths.",
    )
