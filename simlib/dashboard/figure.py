"""A picture with its downloads, for notebooks; its numbers can be changed in place."""

from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets as w
import pandas as pd

from simlib.charts import MIME, export
from simlib.charts.decisions import filled
from simlib.dashboard.download import DownloadButton
from simlib.dashboard.live_chart import TableChart


class Figure(w.VBox):
    """A chart of `simlib.charts.decisions` and buttons that hand it out.

    Parameters
    ----------
    name : of the files, without ending
    chart : Altair chart that refers to its tables by name
    tables : with ``words``, whose texts are also the text alternative
    shown : name of the table that is handed out as CSV
    """

    def __init__(self, name: str, chart: Any, tables: Mapping[str, pd.DataFrame], shown: str):
        self._name, self._chart, self._shown = name, chart, shown
        self.tables = dict(tables)
        self.chart = TableChart(chart, self.tables, self.alt)
        buttons = [
            DownloadButton(label, self._file(label.lower()), f"Download the picture as {label}")
            for label in ("PNG", "SVG", "PDF", "HTML", "CSV")
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
        """The picture as it is now, or its table, as a file."""
        if kind == "csv":
            return str(self.tables[self._shown].to_csv(index=False)).encode()
        return export(filled(self._chart, self.tables), kind)

    def _file(self, kind: str) -> Callable[[], tuple[str, str, bytes]]:
        mime = {**MIME, "csv": "text/csv"}[kind]
        return lambda: (f"{self._name}.{kind}", mime, self.contents(kind))
