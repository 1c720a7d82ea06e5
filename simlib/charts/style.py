"""How pictures look: names, colours, sizes, number formats."""

import math
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any

STATUS_QUO = "status quo"
BORDER = "border-focused"
INTERNAL = "internal enforcement"
NO_POLICY = "your assumptions, no new policy"

# Okabe and Ito's hues, darkened until a label in the same colour can be read on white (4.5 : 1).
COLOURS = {STATUS_QUO: "#505050", BORDER: "#0072B2", INTERNAL: "#C45000", NO_POLICY: "#767676"}
FURTHER_COLOURS = ("#00662E", "#A34A80", "#000000")  # bluish green, reddish purple, black
INK, FAINT, GRID = "#1A1A1A", "#595959", "#E3E3E3"

LIGHT, DARK = 0.12, 0.24  # opacity of the bands where three lines share a panel
EDGE_WIDTH, EDGE_OPACITY = 0.7, 0.6
LINE: Mapping[str, Any] = {"strokeWidth": 2.2}
NESTED = (7.0, 1.5)
"""Width of the first and of the last of the lines that lie on each other [pixels]."""
APART = 4.0
"""Distance at which two lines, or the edges of two bands, are seen to be two [pixels]."""
DOT: Mapping[str, Any] = {"size": 28, "opacity": 1, "strokeWidth": 1.2}

MINUS = "\N{MINUS SIGN}"
YEARS = ("year", "decimal year")
"""Units of dates, which have no separator."""
NUMBER_LOCALE: Mapping[str, Any] = {
    "decimal": ".",
    "thousands": ",",
    "grouping": [3],
    "currency": ["$", ""],
    "percent": " %",
}
FONT = "Liberation Sans, Arial, Helvetica, sans-serif"

# Pixels. Everything has a fixed place, so that nothing jumps when numbers change.
MARGIN, HEADER, PANEL, FOOTER = 12, 158, 300, 42
KEY_MIDDLE, PANEL_TITLE, PANEL_UNIT = 98, 132, 150  # within the header
OUTCOME_WIDTH, DIFFERENCE_WIDTH, LABEL_WIDTH, AXIS_WIDTH, GAP = 280, 290, 126, 62, 8
WIDTH = OUTCOME_WIDTH + DIFFERENCE_WIDTH + 2 * (LABEL_WIDTH + AXIS_WIDTH) + GAP
LEFT = -AXIS_WIDTH  # where text starts, counted from the left panel's axis
BESIDE = OUTCOME_WIDTH + LABEL_WIDTH + GAP  # the same of the right panel
LABEL_LINE, LABEL_LETTERS = 14, 20
# Size, lines allowed, and width of a letter as a share of the size.
TITLE, SUBTITLE, SOURCE = (19, 2, 0.54), (13, 2, 0.5), (10.5, 3, 0.5)


def number(value: float, digits: int = 3) -> str:
    """A number for a reader: few digits, commas between thousands, a true minus sign.

    Parameters
    ----------
    value : float
        [any unit]
    digits : int
        Significant digits to keep.

    Returns
    -------
    str
        For example ``62,100`` for 62,134 or ``−0.123`` for -0.1234.
    """
    if value == 0:
        return "0"
    rounded = abs(float(value))
    for _ in range(2):  # once more where rounding added a digit, as from 9.97 to 10
        decimals = digits - 1 - math.floor(math.log10(rounded))
        rounded = round(rounded, decimals)
    return (MINUS if value < 0 else "") + f"{rounded:,.{max(decimals, 0)}f}"


def exact(value: float, unit: str = "") -> str:
    """A number that somebody has chosen, with all its digits; a date without a separator."""
    plain = Decimal(f"{value:.12g}").normalize()  # 0.1 + 0.2 is 0.3
    return f"{plain:f}" if unit in YEARS else f"{plain:,f}".replace("-", MINUS)


def whole(value: float) -> str:
    """A number rounded to a whole one, in full."""
    return exact(round(value))


def percent(share: float, digits: int = 0) -> str:
    """A share as ``34 %``; `digits` after the point."""
    rounded = round(100 * share, digits) + 0.0  # never "−0"
    return f"{rounded:,.{digits}f} %".replace("-", MINUS)


def spoken(text: str) -> str:
    """A text as a screen reader should get it: no sign that it passes over."""
    return text.replace(MINUS, "minus ")


def config(axis: Mapping[str, Any] = MappingProxyType({}), **further: Any) -> dict[str, Any]:
    """Vega-Lite configuration that all pictures share, and what one of them adds."""
    shared = {
        "labelFontSize": 12,
        "labelColor": FAINT,
        "titleFontSize": 12,
        "titleColor": FAINT,
        "titleFontWeight": "normal",
        "gridColor": GRID,
    }
    return {
        "font": FONT,
        "locale": {"number": NUMBER_LOCALE},
        "view": {"stroke": None},
        "axis": shared | dict(axis),
        "text": {"lineBreak": "\n", "lineHeight": LABEL_LINE},
    } | further
