"""A button that hands the reader a file as a browser download."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anywidget
import traitlets

AFTER_CSV = "What the numbers are: button Notes."
"""Said when a table was handed out."""
NOTES = "_notes.txt"
"""End of the name of the notes beside a table."""
CODE_LETTERS = 8
"""Of the code by which names of files tell their contents apart."""


class DownloadButton(anywidget.AnyWidget):
    """A button; the file is made when it is pressed, from the state of that moment.

    Parameters
    ----------
    label : str
        On the button, for example ``PNG``.
    make : callable
        Returns name, MIME type and contents of the file. What it raises is shown in words beside
        the button.
    title : str
        The whole sentence for screen readers and the tooltip, for example ``Download the picture
        as PNG``; it should contain the label.
    after : str
        Said beside the button when the file was handed out.

    Attributes
    ----------
    disabled : bool
        Set it while there is nothing to download.
    error : str
        Why the last press gave no file, in words; empty when it did.
    """

    _esm = Path(__file__).with_name("download.js")
    _css = """
        .simlib-download { display: flex; align-items: center; gap: 0.5em; max-width: 30em; }
        .simlib-download button { flex: none; width: auto; min-width: 5em; }
    """
    label = traitlets.Unicode().tag(sync=True)
    title = traitlets.Unicode().tag(sync=True)
    disabled = traitlets.Bool(False).tag(sync=True)
    error = traitlets.Unicode("")

    def __init__(
        self, label: str, make: Callable[[], tuple[str, str, bytes]], title: str, after: str = ""
    ) -> None:
        self._make, self._after = make, after
        super().__init__(label=label, title=title)
        self.on_msg(self._answer)

    def _answer(self, _: Any, message: dict[str, Any], __: Any) -> None:
        """Send the file, or the reason why there is none, to the view that asked for it."""
        reply = {"request": message["request"]}
        try:
            name, mime, contents = self._make()
            self.send(reply | {"name": name, "mime": mime, "said": self._after}, [contents])
            self.error = ""
        except Exception as error:  # whatever it is, the reader must see it
            self.error = f"No file: {str(error) or type(error).__name__}"
            self.send(reply | {"error": self.error})
