"""A picture with its downloads, for notebooks; its numbers can be changed in place."""

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

import ipywidgets as w
import pandas as pd

from simlib.charts import MIME, export, table_csv
from simlib.charts.decisions import filled
from simlib.dashboard.browser import DownloadButton
from simlib.dashboard.live_chart import LiveChart
from simlib.dashboard.source import about

AFTER_CSV = "What the numbers are: button Notes."
"""Said when a table was handed out."""
NOTES = "_notes.txt"
"""End of the name of the notes beside a table."""


def file_code(contents: str) -> str:
    """Letters by which names of files tell their contents apart."""
    return sha256(contents.encode()).hexdigest()[:8]


class Figure(w.VBox):
    """A chart of `simlib.charts.decisions` and buttons that hand it out.

    Parameters
    ----------
    name : of the files, without what tells the numbers apart
    chart : Altair chart that refers to its tables by name
    tables : with ``words``, whose texts are also the text alternative
    shown : name of the table that is handed out as CSV
    """

    def __init__(self, name: str, chart: Any, tables: Mapping[str, pd.DataFrame], shown: str):
        self._name, self._chart, self._shown = name, chart, shown
        self.tables = dict(tables)
        self.chart = LiveChart(chart, self.tables, self.alt)
        buttons = [
            DownloadButton(label, self._file(label.lower()), f"Download the picture as {label}")
            for label in ("PNG", "SVG", "PDF", "HTML")
        ]
        buttons += [
            DownloadButton("CSV", self._file("csv"), "Download the picture as CSV", AFTER_CSV),
            DownloadButton("Notes", self._file("txt"), "Download the notes on the numbers"),
        ]
        super().__init__([self.chart, w.HBox(buttons)])

    @property
    def alt(self) -> str:
        """The picture in words."""
        return " ".join(self.tables["words"]["text"])

    def update(self, tables: Mapping[str, pd.DataFrame]) -> None:
        """Show other numbers."""
        self.tables = dict(tables)
        self.chart.update(self.tables, self.alt)

    def contents(self, kind: str) -> bytes:
        """The picture as it is now, its table, or what that is, as a file."""
        if kind == "csv":
            return table_csv(self.tables[self._shown])
        if kind == "txt":
            return "\n\n".join((*self.tables["words"]["text"], about())).encode()
        return export(filled(self._chart, self.tables), kind)

    def _file(self, kind: str) -> Callable[[], tuple[str, str, bytes]]:
        ending = NOTES if kind == "txt" else f".{kind}"
        return lambda: (self.stem + ending, MIME[kind], self.contents(kind))

    @property
    def stem(self) -> str:
        """Name of its files as it is now: other numbers, another name."""
        numbers = "\n".join(table.to_csv() for table in self.tables.values())
        return f"simlib_{self._name}_{file_code(numbers)}"
