"""A button that takes a file from the reader."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anywidget
import traitlets


class UploadButton(anywidget.AnyWidget):
    """A button; `taken` is called with name and contents of each file that is chosen.

    Parameters
    ----------
    label : on the button
    accept : endings of the names offered, such as ``.toml``
    taken : what it is given comes from anyone; of a large file only the beginning arrives
    """

    _esm = Path(__file__).with_name("upload.js")
    label = traitlets.Unicode().tag(sync=True)
    accept = traitlets.Unicode().tag(sync=True)

    def __init__(self, label: str, accept: str, taken: Callable[[str, bytes], None]) -> None:
        self._taken = taken
        super().__init__(label=label, accept=accept)
        self.on_msg(self._hear)

    def _hear(self, _: Any, message: dict[str, Any], buffers: list[Any]) -> None:
        self._taken(str(message["name"]), bytes(buffers[0]))
