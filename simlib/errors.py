"""One kind of error for everything a reader can get wrong, with all faults told at once."""

import math
from collections.abc import Iterable
from difflib import get_close_matches
from numbers import Real
from typing import Any

_LONGEST_SHOWN = 60
_MOST_LISTED = 30


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
        What is being read (a file, or a file and line); it begins every message.
    """

    def __init__(self, where: str) -> None:
        self.where = where
        self.messages: list[str] = []

    def add(self, field: str, problem: str) -> None:
        """Note that `field` has a `problem`."""
        self.messages.append(f"{self.where}, {field}: {problem}")

    def raise_any(self) -> None:
        """Raise all faults in one InputError; do nothing when there are none."""
        if self.messages:
            raise InputError(self.messages)


def is_finite(value: Any) -> bool:
    """Whether a value is a number (no truth value) that is finite as a float."""
    try:
        return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:  # an integer beyond every float
        return False


def shown(value: object) -> str:
    """A value as it can be printed in a message: quoted, and cut when it is long."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # an integer of thousands of digits has no repr
        return f"a {type(value).__name__} too large to show"
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"


def unknown(name: object, allowed: Iterable[str]) -> str:
    """What to say about a name that is not allowed: the nearest allowed one, or all of them."""
    names = sorted(allowed)
    near = get_close_matches(str(name)[:_LONGEST_SHOWN], names, n=1)
    if near:
        return f"{shown(name)} is unknown; did you mean {near[0]!r}?"
    more = ", …" if len(names) > _MOST_LISTED else ""
    return f"{shown(name)} is unknown; allowed: {', '.join(names[:_MOST_LISTED]) or 'none'}{more}"


class UnknownName(InputError, KeyError):
    """A name that a table does not hold; both an InputError and what a mapping must raise."""
