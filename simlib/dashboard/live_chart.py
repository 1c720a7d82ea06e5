"""A chart that stays in place while its numbers change."""

import functools
import threading
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets
import numpy as np
import pandas as pd
import traitlets
import vl_convert
from altair import TopLevelMixin


class VegaLibrary(ipywidgets.Widget):
    """The drawing library (about 0.9 MB of script): sent once a kernel, loaded once a page."""

    version = traitlets.Unicode().tag(sync=True)
    source = traitlets.Unicode().tag(sync=True)


@functools.cache
def _vega_source() -> str:
    """An ES module that exports `vegaEmbed`; making it takes about a second."""
    return vl_convert.javascript_bundle("export default vegaEmbed;")


_libraries: list[VegaLibrary] = []


def _library() -> VegaLibrary:
    """The one library widget of this kernel; a new one where someone has closed all widgets."""
    if not _libraries or _libraries[-1].comm is None:
        _libraries[:] = [VegaLibrary(version=version("vl-convert-python"), source=_vega_source())]
    return _libraries[-1]


def pack(table: pd.DataFrame) -> dict[str, bytes | list[str]]:
    """A table as columns: numbers as the bytes of little-endian float64, text as lists."""
    return {
        str(column): np.asarray(values, dtype="<f8").tobytes()
        if pd.api.types.is_numeric_dtype(values)
        else [str(value) for value in values]
        for column, values in table.items()
    }


class LiveChart(anywidget.AnyWidget):
    """A chart that refers to its tables by name, redrawn in place from data alone.

    Parameters
    ----------
    chart : Altair chart
        Sent to the browser once.
    tables : mapping of str to DataFrame
        All that the chart refers to, as :func:`simlib.charts.prepare` returns them.
    alt : str
        What the picture shows, in a sentence, for readers who do not see it.

    Attributes
    ----------
    sent : int
        Number of the last picture sent; the first is 1.
    painted : int
        Number of the last picture that the browser has on screen. Observe it to time the chart.
    error : str
        What went wrong in the browser, in words; empty when the last picture was painted.
    """

    _esm = Path(__file__).with_name("live_chart.js")
    _css = """
        .simlib-chart { background: white; width: fit-content; max-width: 100%; }
        .simlib-chart svg { display: block; max-width: 100%; height: auto; }
        .simlib-chart-notice:empty { display: none; }
    """
    _spec = traitlets.Dict().tag(sync=True)
    _picture = traitlets.Dict().tag(sync=True)
    _vega = traitlets.Instance(VegaLibrary).tag(sync=True, **ipywidgets.widget_serialization)
    alt = traitlets.Unicode().tag(sync=True)
    # Told by messages, not by synchronised traits: nothing that the browser says comes back to it.
    painted = traitlets.Int(0)
    error = traitlets.Unicode("")

    def __init__(self, chart: TopLevelMixin, tables: Mapping[str, pd.DataFrame], alt: str) -> None:
        self._lock = threading.Lock()  # front ends may call back in two threads at once
        self.sent = 0
        super().__init__(
            _spec=chart.to_dict(), _picture=self._pack(tables), _vega=_library(), alt=alt
        )
        self.on_msg(self._hear)

    def update(self, tables: Mapping[str, pd.DataFrame], alt: str) -> int:
        """Show other numbers; where several come at once, the browser skips to the last.

        Returns
        -------
        int
            The picture's number, for comparison with `painted`.
        """
        with self._lock, self.hold_sync():
            self._picture = self._pack(tables)
            self.alt = alt
            return self.sent

    def _pack(self, tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
        packed = {name: pack(table) for name, table in tables.items()}
        self.sent += 1
        return {"number": self.sent, "tables": packed}

    def _hear(self, _: Any, message: dict[str, Any], __: Any) -> None:
        """Take note of what a view reports; there may be several views of one chart."""
        self.painted = max(self.painted, int(message.get("painted", 0)))
        self.error = str(message.get("error", ""))
