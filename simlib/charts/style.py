"""How pictures look: names, colours, dashes, number formats."""

import math
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

STATUS_QUO = "status quo"
BORDER = "border-focused"
INTERNAL = "internal enforcement"
NO_POLICY = "your assumptions, no new policy"

# Okabe and Ito's hues, darkened until a label in the same colour can be read on white (4.5 : 1).
COLOURS = {STATUS_QUO: "#505050", BORDER: "#0072B2", INTERNAL: "#C45000", NO_POLICY: "#767676"}
FURTHER_COLOURS = ("#00662E", "#A34A80", "#000000")  # bluish green, reddish purple, black
MANY_COLOURS = (COLOURS[BORDER], COLOURS[INTERNAL], *FURTHER_COLOURS)
EXPLANATION_COLOURS = ("#A34A80", "#7A5C00", "#007A4D", "#4B3FA0", "#000000")  # no strategy's
FAMILY_COLOURS = {
    "border": COLOURS[BORDER],
    "abroad": "#A34A80",
    "internal": COLOURS[INTERNAL],
    "health": "#007A4D",
}
INK, FAINT, GRID, PAPER = "#1A1A1A", "#595959", "#E3E3E3", "#FFFFFF"

BANDS = ["low90", "low50", "median", "high50", "high90"]
"""Columns of a table of ranges: the ends of 9 in 10 and of the middle half, and the median."""
LIGHT, DARK = 0.12, 0.24
"""Opacity of the bands of 9 in 10 and of the middle half."""
DASHES = ((1, 0), (5, 3), (11, 4), (2, 2), (10, 3, 2, 3), (3, 6), (1, 4))
SOLID, ASSUMED, BEYOND = 0, 1, 2
"""Which of the dashes a line has: none, under the reader's assumptions, beyond the record."""
LINE: Mapping[str, Any] = {"strokeWidth": 2.2}
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
SHORT = ",.3~r"
"""Format of numbers on axes and under the mouse: three significant digits at most."""
FONT = "Liberation Sans, Arial, Helvetica, sans-serif"


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


def on_axis(value: float, span: float, digits: int) -> str:
    """A number with as many digits as a number as large as its axis would have."""
    decimals = int(digits - math.floor(math.log10(span)))
    rounded = round(float(value), decimals)
    if not rounded:
        return "0"
    digits = math.floor(math.log10(abs(rounded))) + 1 + max(decimals, 0)
    return number(rounded, max(digits, 1))


def spoken(text: str) -> str:
    """A text as a screen reader should get it: no sign that it passes over."""
    return text.replace(MINUS, "minus ")


def palette(names: Iterable[str]) -> dict[str, str]:
    """A colour for each name; where the further ones are used up, they begin again."""
    further = [name for name in dict.fromkeys(names) if name not in COLOURS]
    many = {name: FURTHER_COLOURS[i % len(FURTHER_COLOURS)] for i, name in enumerate(further)}
    return COLOURS | many


def blend(colour: str, share: float) -> str:
    """A colour on white, as strong as a share 0-1."""
    parts = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(255 + (part - 255) * share):02X}" for part in parts)


def config() -> dict[str, Any]:
    """Vega-Lite configuration of all pictures.

    It goes with each picture: a theme of Altair's would change a reader's own charts too.
    """
    axis = {"labelFontSize": 12, "labelColor": FAINT, "gridColor": GRID, "labelLimit": 400}
    title = {"titleFontSize": 12, "titleColor": FAINT, "titleFontWeight": "normal"}
    head = {"anchor": "start", "color": INK, "fontSize": 14, "offset": 10}
    return {
        "font": FONT,
        "locale": {"number": NUMBER_LOCALE},
        "view": {"stroke": None},
        "axis": axis | title,
        "legend": {"title": None, "labelFontSize": 12, "labelLimit": 400, "symbolOpacity": 1},
        "title": head | {"subtitleFontSize": 12, "subtitleColor": FAINT},
        "text": {"lineBreak": "\n", "lineHeight": 14},
    }
