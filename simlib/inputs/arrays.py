"""Arrays by name, and read-only content: what is shared cannot be changed by who was given it."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Draws = Mapping[str, Array]
"""Values by parameter, shape (draws,)."""
Flows = Mapping[str, Array]
"""Values by what is counted in each step, shape (steps, policies, draws)."""


def closed(content: Any) -> Any:
    """The same content with its arrays closed to writing, mappings read-only, lists as tuples."""
    if isinstance(content, np.ndarray):
        content.flags.writeable = False
        return content
    if isinstance(content, Mapping):
        return MappingProxyType({name: closed(part) for name, part in content.items()})
    if isinstance(content, tuple) and hasattr(content, "_fields"):
        return type(content)(*map(closed, content))
    if is_dataclass(content) and not isinstance(content, type):
        return replace(
            content, **{each.name: closed(getattr(content, each.name)) for each in fields(content)}
        )
    return tuple(map(closed, content)) if isinstance(content, list | tuple) else content


def opened(content: Any) -> Any:
    """The same content with plain dictionaries, which can be pickled and written as JSON."""
    if isinstance(content, Mapping):
        return {name: opened(part) for name, part in content.items()}
    return tuple(map(opened, content)) if type(content) is tuple else content
