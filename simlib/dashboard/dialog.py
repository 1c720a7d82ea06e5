"""A page over the dashboard: what a control is, why its range, which evidence."""

from pathlib import Path

import anywidget
import traitlets

from simlib.dashboard.controls import STYLE


class Dialog(anywidget.AnyWidget):
    """Shows one page at a time; nothing of it is seen until `turn_to` is called."""

    _esm = Path(__file__).with_name("dialog.js")
    _css = STYLE
    _page = traitlets.Dict().tag(sync=True)

    def turn_to(self, title: str, html: str) -> None:
        """Show a page; `html` must be made here, with every text from outside escaped."""
        number = self._page.get("number", 0) + 1  # so that the same page can be opened again
        self._page = {"number": number, "title": title, "html": html}
