"""One kind of error for everything a reader can get wrong, with all faults told at once."""

import math
from collections.abc import Callable, Collection, Iterable, Sequence
from decimal import Decimal
from difflib import get_close_matches
from numbers import Integral, Real
from typing import Any, TypeVar

MOST_TOLD = 50
"""Faults told of one input; the rest are counted."""
_LONGEST_SHOWN = 60
_MOST_LISTED = 30
_MOST_UNKNOWN = 10


T = TypeVar("T")


class InputError(ValueError):
    """An input that cannot be used, with every reason why.

    Parameters
    ----------
    messages : iterable of str, or one str
        One message for each fault.
    """

    def __init__(self, messages: Iterable[str] | str) -> None:
        super().__init__((messages,) if isinstance(messages, str) else tuple(messages))

    @property
    def messages(self) -> tuple[str, ...]:
        """The faults, one message each."""
        return self.args[0]

    def __str__(self) -> str:
        return "\n".join(self.messages)


class Faults:
    """The faults found so far in one input.

    Parameters
    ----------
    where : str
        What is being read, or called; it begins every message, unless it is empty.
    """

    __slots__ = ("messages", "where")

    def __init__(self, where: str) -> None:
        self.where = where
        self.messages: list[str] = []

    def add(self, field: str, problem: str) -> None:
        """Note that `field` has a `problem`."""
        place = f"{self.where}, {field}" if self.where else field
        self.messages.append(f"{place}: {problem}")

    def add_unknown(self, field: str, names: Iterable[object], allowed: Collection[str]) -> None:
        """Note each of some names that are not allowed; of many, the first."""
        wrong = [name for name in names if name not in allowed]
        for name in wrong[:_MOST_UNKNOWN]:  # each costs a search for the nearest allowed one
            self.add(field, unknown(name, allowed))
        if len(wrong) > _MOST_UNKNOWN:
            self.add(field, f"{len(wrong) - _MOST_UNKNOWN:,} more are unknown")

    def whole(self, field: str, value: Any, low: int, high: int) -> int:
        """The value, which must be a whole number within bounds."""
        number: int = plain(value)
        if type(number) is not int or not low <= number <= high:
            most = f"{high:,}" if high > 9999 else high  # years have no comma
            self.add(field, f"{shown(value)} is not a whole number from {low} to {most}")
        return number

    def name(self, field: str, name: Any, allowed: Collection[str]) -> None:
        """Note a name that is not among those allowed."""
        if not isinstance(name, str) or name not in allowed:
            self.add(field, unknown(name, allowed))

    def attempt(self, check: Callable[..., T], *given: Any) -> T | Any:
        """What a check returns; where it raises, its faults are noted."""
        try:
            return check(*given)
        except InputError as error:
            self.messages.extend(error.messages)
            return None

    def raise_any(self) -> None:
        """Raise the faults in one InputError; do nothing when there are none."""
        if self.messages:
            raise InputError(told(self.where, self.messages))


def told(where: str, messages: Sequence[str]) -> list[str]:
    """The faults of an input, as many as can be read."""
    rest = len(messages) - MOST_TOLD
    return [*messages[:MOST_TOLD], *([f"{where}: and {rest:,} more faults"] if rest > 0 else [])]


def plain(value: Any) -> Any:
    """A number of any kind (NumPy's, a decimal, a fraction) as Python's own; all else as it is.

    Sums of NumPy's integers wrap around in silence, and its floats may be short.
    """
    if type(value) in (int, float, bool) or not isinstance(value, Real | Decimal):
        return value
    try:
        return int(value) if isinstance(value, Integral) else float(value)
    except (OverflowError, ValueError):  # beyond every float; a signalling NaN
        return value


def is_finite(value: Any) -> bool:
    """Whether a value is a number (no truth value) that is finite as a float."""
    number = plain(value)
    try:
        return type(number) in (int, float) and math.isfinite(number)
    except OverflowError:  # an integer beyond every float
        return False


def shown(value: object) -> str:
    """A value as it can be printed in a message: quoted, and cut when it is long."""
    if isinstance(value, str):
        value = value[: _LONGEST_SHOWN + 1]
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # an integer of thousands of digits has no repr
        return f"a {type(value).__name__} too large to show"
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"


def unknown(name: object, allowed: Iterable[str]) -> str:
    """What to say about a name that is not allowed: the nearest allowed one, or all of them."""
    names = sorted(allowed)
    text = name if isinstance(name, str) else shown(name)
    near = get_close_matches(text[:_LONGEST_SHOWN], names, n=1)
    if near:
        return f"{shown(name)} is unknown; did you mean {near[0]!r}?"
    more = ", …" if len(names) > _MOST_LISTED else ""
    return f"{shown(name)} is unknown; allowed: {', '.join(names[:_MOST_LISTED]) or 'none'}{more}"


def check_name(field: str, name: object, allowed: Collection[str]) -> None:
    """Refuse a name that is not among those allowed."""
    if not isinstance(name, str) or name not in allowed:
        raise InputError(f"{field}: {unknown(name, allowed)}")


class UnknownName(InputError, KeyError):
    """A name that a table does not hold; both an InputError and what a mapping must raise."""
