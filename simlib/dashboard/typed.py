"""Numbers as people type them: one grammar for every number box."""

import re
import unicodedata

from simlib.charts.style import MINUS
from simlib.errors import InputError, shown

SCALES = {
    **dict.fromkeys(("k", "thousand"), 1e3),
    **dict.fromkeys(("m", "mn", "million", "millions"), 1e6),
    **dict.fromkeys(("b", "bn", "billion", "billions"), 1e9),
    **dict.fromkeys(("t", "tn", "trillion", "trillions"), 1e12),
}
MONEY, COUNTED = "usd", ("usd", "persons", "kg")
"""Words of units that take a currency; that take a scale such as "million"."""
PURE = ("share", "probability", "ratio", "per year", "per person-year")
"""How units begin in which 50 % is 0.5."""

_TYPED = re.compile(
    r"(?P<sign>[+-]?) ?(?P<coin>(?:us)?\$)? ?(?P<inner>-?)"
    r"(?P<digits>[0-9.,]+(?: [0-9.,]+)*)(?P<power>e[+-]?[0-9]+)? ?(?P<tail>[^0-9]*)"
)
_PLAIN = re.compile(r"[0-9]+\.?[0-9]*|\.[0-9]+")
_GROUPED = re.compile(r"[1-9][0-9]{0,2}(?P<mark>[, ])[0-9]{3}(?:(?P=mark)[0-9]{3})*(?:\.[0-9]*)?")
_TAIL = re.compile(
    r"(?P<scale>[a-z]*?) ?(?P<coin>\$|us\$|usd|dollars?)? ?"
    r"(?:(?:a|per|/) ?(?:year|yr))?|(?P<percent>%)"
)


def read_number(text: str, unit: str = "") -> float | None:
    """A number in the unit of the box it was typed in.

    Thousands may be parted by commas or blanks, in threes; decimals follow a point. A scale, a
    currency and ``%`` are understood where the unit has them: ``2B`` in million USD is 2,000,
    ``50 %`` of a share is 0.5.

    Parameters
    ----------
    text : str
    unit : str
        Of the box, such as "million USD" or "share longer".

    Returns
    -------
    float or None
        [unit]; None when nothing was typed.

    Raises
    ------
    InputError
        Why it is no number, or could be more than one.
    """
    plain = " ".join(unicodedata.normalize("NFKC", text).split()).casefold()
    plain = plain.replace(MINUS, "-").replace("\N{EN DASH}", "-")
    if not plain:
        return None
    found = _TYPED.fullmatch(plain)
    if not found or (found["sign"] and found["inner"]):
        raise InputError(f"{shown(text)} is no number")
    size = float(_digits(found["digits"], text) + (found["power"] or ""))
    sign = -1 if "-" in (found["sign"], found["inner"]) else 1
    return sign * size * _factor(found["tail"].strip(), bool(found["coin"]), unit.casefold(), text)


def _digits(digits: str, text: str) -> str:
    """Digits without what parts thousands."""
    if _PLAIN.fullmatch(digits):
        return digits
    if _GROUPED.fullmatch(digits):
        return digits.replace(",", "").replace(" ", "")
    if digits.count(".") > 1:
        why = "has more than one decimal point; commas part thousands, as in 1,234,567"
    elif "," in digits:
        why = "could be two numbers: a comma parts thousands (5,000), a point decimals (0.5)"
    else:
        why = "is no number: blanks part thousands only, as in 5 000"
    raise InputError(f"{shown(text)} {why}")


def _factor(tail: str, coin: bool, unit: str, text: str) -> float:
    """What one of what was typed is in the unit of the box."""
    first, _, rest = unit.partition(" ")
    held, noun = (SCALES[first], rest) if first in SCALES else (1.0, unit)
    if tail == unit:
        return 1.0
    found = _TAIL.fullmatch("" if tail == noun and held == 1 else tail)
    if not found or (found["scale"] and found["scale"] not in SCALES):
        raise InputError(f"{shown(text)} is no number: {shown(tail)} is not understood here")
    if found["percent"]:
        if not coin and unit.startswith(PURE):
            return 0.01
        raise InputError(f"{shown(text)}: this is no share, so % has no meaning")
    words = re.findall("[a-z]+", unit)
    if (coin or found["coin"]) and MONEY not in words:
        raise InputError(f"{shown(text)}: this is no sum of money")
    if not found["scale"]:
        if (coin or found["coin"]) and held != 1:
            said = f"could be dollars or {first} dollars: write the number alone for {unit}, or $2B"
            raise InputError(f"{shown(text)} {said}")
        return 1.0
    scale = SCALES[found["scale"]]
    if not set(words) & set(COUNTED) or scale < held:
        raise InputError(f"{shown(text)}: {shown(found['scale'])} has no meaning in this unit")
    return scale / held
