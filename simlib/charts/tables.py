"""The tables behind a picture: trimmed, with colours, limits of axes, labels and hatching."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from simlib.charts.checks import BANDS, check
from simlib.charts.places import (
    Floats,
    from_first_difference,
    hatching,
    in_order,
    on_axis,
    placed,
    round_limits,
    spread,
    until_they_part,
    wrap_evenly,
)
from simlib.charts.style import (
    APART,
    BESIDE,
    COLOURS,
    DIFFERENCE_WIDTH,
    FAINT,
    FURTHER_COLOURS,
    INK,
    LABEL_LETTERS,
    LABEL_LINE,
    LEFT,
    LINE,
    NESTED,
    NO_POLICY,
    OUTCOME_WIDTH,
    PANEL,
    PANEL_TITLE,
    PANEL_UNIT,
    SOURCE,
    STATUS_QUO,
    SUBTITLE,
    TITLE,
)
from simlib.errors import InputError

MEDIAN = BANDS.index("median")
SOLID, ASSUMED, BEYOND = 0, 1, 2
"""How a line is dashed: not at all, under the reader's assumptions, beyond the record."""
SIDES = {"more": "↑", "fewer": "↓"}
HATCHED = "/// beyond any spending on record"
KEY = "line: median · dark band: middle half of simulated futures · light band: 9 in 10"
DOTS = [(LEFT + 500.0, INK), (LEFT + 574.0, "white")]
CLOSE = "the lines differ by less than their width: see the difference"


def prepare(tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Check the four tables and add what the picture needs besides: colours, labels, limits.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        ``lines``: year, series, low90, low50, median, high50, high90 [unit of the outcome];
        optionally ``extrapolated`` (bool: beyond the range of the evidence), drawn hatched.
        ``difference``: the same columns; differences from the status quo, from paired draws.
        ``observed``: year, value, provisional (bool). These three may have no rows.
        ``words``: one row; title, subtitle, footer; optionally outcome and unit (of the left
        panel), difference and difference_unit (of the right one), more and fewer (its upper and
        lower side), reference, the series from which differences are taken (by default the line
        without new policy), and record_end, the year in which the record ends.

    Returns
    -------
    dict of str to DataFrame
        One table for each name that :func:`simlib.charts.comparison` refers to.

    Raises
    ------
    InputError
        With every fault of the tables.
    """
    check(tables)
    observed, words = tables["observed"], tables["words"].iloc[0].to_dict()
    lines, difference = in_order(tables["lines"]), in_order(tables["difference"])
    standard = NO_POLICY if NO_POLICY in lines["series"].to_numpy() else STATUS_QUO
    reference = words.get("reference") or standard
    palette = _palette([*lines["series"], reference, *difference["series"]])
    difference = from_first_difference(difference[difference["series"] != STATUS_QUO])
    top = _limits(pd.concat([lines["low90"], lines["high90"], observed["value"]]))
    around = _limits(
        pd.concat([difference["low90"], difference["high90"]]), (top[1] - top[0]) / 100
    )
    years = [*lines["year"], *observed["year"]] or [*difference["year"]]
    record_end = words.get("record_end", observed["year"].max() + 0.5)
    if not record_end > min(years):
        record_end = np.nan
    later = [*difference["year"]] or [np.fmax(record_end, min(years)), max(years)]
    corners, later_corners = _corners(years, top), _corners(later, around)
    gaps = _gaps(lines, reference, PANEL / (top[1] - top[0]))
    drawn = _styled(until_they_part(lines), palette, gaps)
    apart = _styled(difference, palette, {})
    return {
        "lines": _or_unseen(drawn, corners),
        "lines_labels": _labels(lines, top, palette),
        "lines_corners": corners,
        "lines_hatch": _hatch(drawn, corners, OUTCOME_WIDTH),
        "difference": _or_unseen(apart, later_corners),
        "difference_labels": _labels(difference, around, palette, [reference], ranges=True),
        "difference_corners": later_corners,
        "difference_hatch": _hatch(apart, later_corners, DIFFERENCE_WIDTH),
        "sides": _sides(words, around),
        "observed": _or_unseen(_dots(observed), corners),
        "record": _or_unseen(
            pd.DataFrame({"end": [record_end], "colour": FAINT}).dropna(), corners
        ),
        "heading": _heading(words, _close(gaps)),
        "key": _key(len(observed) > 0, bool((drawn["dashed"] == BEYOND).any())),
        "key_dots": pd.DataFrame(DOTS if len(observed) else DOTS[:0], columns=["x", "fill"]),
        "footer": placed(words["footer"], SOURCE, 0.0, "normal", FAINT),
    }


def _palette(series: Iterable[str]) -> dict[str, str]:
    """A colour for each series; the four known names keep theirs, others in order of appearance."""
    further = [name for name in dict.fromkeys(series) if name not in COLOURS]
    if len(further) > len(FURTHER_COLOURS):
        most = f"at most {len(FURTHER_COLOURS)} can be told apart"
        raise InputError(f"chart, lines besides {', '.join(COLOURS)}: {most}, not {len(further)}")
    return COLOURS | dict(zip(further, FURTHER_COLOURS, strict=False))


# --- lines and bands --------------------------------------------------------------------------


def _gaps(lines: pd.DataFrame, reference: str, scale: float) -> dict[str, tuple[float, float]]:
    """How far each line, and its bands, ever are from the line without new policy [pixels]."""
    series, years = lines["series"].to_numpy(), lines["year"].to_numpy()
    values = lines[BANDS].to_numpy(dtype=float) * scale
    own = series == reference
    if not own.any():
        return {}
    found = {}
    for name in dict.fromkeys(series):
        if name not in (reference, STATUS_QUO):
            other = series == name
            _, first, second = np.intersect1d(years[own], years[other], return_indices=True)
            apart = np.abs(values[other][second] - values[own][first])
            if not apart.any():
                continue  # it is not drawn, see until_they_part
            found[name] = (float(apart[:, MEDIAN].max(initial=0)), float(apart.max(initial=0)))
    return {reference: (min((gap for gap, _ in found.values()), default=np.inf), np.inf)} | found


def _close(gaps: Mapping[str, tuple[float, float]]) -> bool:
    """Whether all lines lie within the width of one."""
    return len(gaps) > 1 and all(gap < LINE["strokeWidth"] for gap, _ in [*gaps.values()][1:])


def _styled(
    table: pd.DataFrame, palette: Mapping[str, str], gaps: Mapping[str, tuple[float, float]]
) -> pd.DataFrame:
    """Colour, dashes, width and shade of each row.

    Lines that lie on each other are drawn one inside the other, the first the widest, so that
    each is seen; a band that lies on another's is left clear, so that it does not look darker.
    """
    codes, names = pd.factorize(table["series"])
    plain, several = LINE["strokeWidth"], min(1.0, 3 / max(len(names), 1))
    stroke, shade = np.full(len(names), plain), np.full(len(names), several)
    for name, widest in zip(gaps, np.linspace(*NESTED, max(len(gaps), 2)), strict=False):
        gap, band_gap = gaps[name]
        stroke[names == name] += (widest - plain) * max(0.0, 1 - gap / APART)
        shade[names == name] *= min(1.0, band_gap / APART)
    years = table["year"].to_numpy(dtype=float)
    parted = years[~table["series"].isin((STATUS_QUO, NO_POLICY)).to_numpy()]
    dashed = np.where(names == NO_POLICY, ASSUMED, SOLID)[codes]
    if "extrapolated" in table:
        dashed = np.where(table["extrapolated"], BEYOND, dashed)
    return _in_pieces(
        table.assign(
            colour=np.array([palette[name] for name in names], dtype=object)[codes],
            shade=shade[codes],
        ),
        dashed,
        np.where(years >= parted.min(initial=np.inf), stroke[codes], plain),
    )


def _in_pieces(table: pd.DataFrame, dashed: Floats, stroke: Floats) -> pd.DataFrame:
    """Number the stretches of a line that look alike; each begins where the last one ends."""
    series = table["series"].to_numpy()
    changes = np.zeros(len(table), dtype=bool)
    changes[1:] = (np.diff(dashed) != 0) | (np.diff(stroke) != 0)
    changes[1:] &= series[1:] == series[:-1]
    joints = np.flatnonzero(changes)
    rows = np.insert(np.arange(len(table)), joints, joints - 1)
    looks = np.insert(np.arange(len(table)), joints, joints)
    look = {"dashed": dashed, "stroke": stroke, "piece": np.cumsum(changes)}
    columns = {name: values.to_numpy()[rows] for name, values in table.items()}
    return pd.DataFrame(columns | {name: values[looks] for name, values in look.items()})


def _hatch(table: pd.DataFrame, corners: pd.DataFrame, width: float) -> pd.DataFrame:
    """Strokes over the bands of what is extrapolated."""
    beyond = table[table["dashed"] == BEYOND]
    if beyond.empty:
        return _or_unseen(pd.DataFrame(columns=["x", "x2", "y", "y2", "colour"]), corners)
    strokes = []
    for index, (colour, band) in enumerate(beyond.groupby("colour", sort=False)):
        slope = -1 if index % 2 else 1
        strokes.append(hatching(band, corners, width, slope).assign(colour=colour))
    return pd.concat(strokes, ignore_index=True)


def _limits(values: pd.Series, least: float = 0.0) -> tuple[float, float]:
    """Limits of an axis that hold zero; `least` either side of it where all is zero."""
    low, high = min(values.min(), 0.0), max(values.max(), 0.0)
    if not low < high:
        least = least or 1.0
        return round_limits(-least, least)
    return round_limits(low, high)


def _dots(observed: pd.DataFrame) -> pd.DataFrame:
    """The record: filled where it is final, hollow where it is provisional."""
    fill = np.where(observed["provisional"].to_numpy(dtype=bool), "white", INK)
    return observed.assign(fill=fill, colour=INK)


def _or_unseen(table: pd.DataFrame, corners: pd.DataFrame) -> pd.DataFrame:
    """The table; where it has no row, one that is not seen: an axis of nothing has no ends."""
    if len(table):
        return table
    year, value = corners.iloc[0]
    places = dict.fromkeys(("year", "x", "x2", "end"), year)
    places |= dict.fromkeys((*BANDS, "value", "y", "y2"), value)
    words = {"series": "", "colour": "transparent", "fill": "transparent"}
    return pd.DataFrame([{column: (places | words).get(column, 0) for column in table}])


def _corners(years: Iterable[float], limits: tuple[float, float]) -> pd.DataFrame:
    """Two corners of a panel; they alone set its axes."""
    return pd.DataFrame({"year": [min(years), max(years)], "value": limits})


# --- text -------------------------------------------------------------------------------------


def _labels(
    table: pd.DataFrame,
    limits: tuple[float, float],
    palette: Mapping[str, str],
    at_zero: Sequence[str] = (),
    ranges: bool = False,
) -> pd.DataFrame:
    """Names and last values at the line ends, moved apart where they would overlap [pixels]."""
    span = limits[1] - limits[0]
    names, values = [*at_zero], [0.0] * len(at_zero)
    texts = [wrap_evenly(name, LABEL_LETTERS, 2) for name in at_zero]
    for _, row in table[table["year"] == table["year"].max()].iterrows():
        names.append(row["series"])
        values.append(row["median"])
        texts.append(wrap_evenly(row["series"], LABEL_LETTERS, 2))
        ranged = ranges and row["low90"] < row["high90"]
        digits = 2 if ranged else 3
        texts[-1].append(f"{on_axis(row['median'], span, digits)} in {row['year']:.0f}")
        if ranged:
            low, high = (on_axis(row[end], span, digits) for end in ("low90", "high90"))
            texts[-1].append(f"({low} to {high})")
        if row.get("extrapolated", False):
            texts[-1].append("extrapolation")
    ends: Floats = PANEL * (limits[1] - np.array(values)) / span
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


def _sides(words: Mapping[str, Any], limits: tuple[float, float]) -> pd.DataFrame:
    """What the two sides of zero are called; nothing where there is no such side."""
    there = {"more": limits[1] > 0, "fewer": limits[0] < 0}
    return pd.DataFrame(
        {
            side: [f"{arrow} {words.get(side, side)}" if there[side] else ""]
            for side, arrow in SIDES.items()
        }
    )


def _key(recorded: bool, hatched: bool) -> pd.DataFrame:
    """What bands, dots and hatching mean, each with its place; only what there is to see."""
    rows = [(LEFT + 32.0, KEY)]
    if recorded:
        rows += [(LEFT + 508.0, "recorded"), (LEFT + 582.0, "recorded, provisional")]
    if hatched:
        rows.append((LEFT + 728.0, HATCHED))
    return pd.DataFrame(rows, columns=["x", "text"])


def _heading(words: Mapping[str, Any], close: bool) -> pd.DataFrame:
    """Title and subtitle, then above each panel what it shows and in which unit."""
    first = placed(words["title"], TITLE, 0.0, "bold", INK)
    under = first["y"].max() + 4 if len(first) else 0.0
    second = placed(words["subtitle"], SUBTITLE, under, "normal", FAINT)
    unit = words.get("unit", "")
    units = f"{unit}; {CLOSE}" if close else unit, words.get("difference_unit", "")
    titles = words.get("outcome", ""), words.get("difference", "")
    above = pd.DataFrame(
        {
            "text": [*titles, *units],
            "x": [float(LEFT), float(BESIDE)] * 2,
            "y": [PANEL_TITLE, PANEL_TITLE, PANEL_UNIT, PANEL_UNIT],
            "size": [13, 13, 12, 12],
            "weight": ["bold", "bold", "normal", "normal"],
            "colour": [INK, INK, FAINT, FAINT],
        }
    )
    return pd.concat([first, second, above], ignore_index=True)
