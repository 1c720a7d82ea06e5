"""What only the reader's browser can do: save a file, choose one, show a page over the rest."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from simlib.dashboard.controls import STYLE


class DownloadButton(anywidget.AnyWidget):
    """A button that hands out a file, made when it is pressed from the state of that moment.

    Parameters
    ----------
    label : on the button, for example ``PNG``
    make : returns name, MIME type and contents of the file; what it raises is shown in words
        beside the button
    title : the whole sentence for screen readers and the tooltip, for example ``Download the
        picture as PNG``; it should contain the label
    after : said beside the button when the file was handed out

    Attributes
    ----------
    disabled : set it while there is nothing to download
    error : why the last press gave no file, in words; empty when it did
    """

    _esm = Path(__file__).with_name("download.js")
    _css = STYLE
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


class Dialog(anywidget.AnyWidget):
    """Shows one page at a time over all else; nothing of it is seen until `turn_to` is called."""

    _esm = Path(__file__).with_name("dialog.js")
    _css = STYLE
    _page = traitlets.Dict().tag(sync=True)

    def turn_to(self, title: str, html: str) -> None:
        """Show a page; `html` must be made here, with every text from outside escaped."""
        number = self._page.get("number", 0) + 1  # so that the same page can be opened again
        self._page = {"number": number, "title": title, "html": html}
