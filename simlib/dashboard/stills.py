"""Widgets and charts as they stand, in HTML that needs neither a kernel nor a network."""

import html
from collections.abc import Hashable, Iterable
from typing import Any

import altair as alt
import ipywidgets as w
import numpy as np
import pandas as pd
from IPython.core.interactiveshell import InteractiveShell

from simlib.charts import export
from simlib.charts.style import exact
from simlib.dashboard.browser import UploadButton
from simlib.dashboard.folds import Head

SECONDS = 120.0
"""Longest wait for a widget that is still drawing."""
PRESSED = (w.Button, UploadButton)
"""Widgets that only do something when pressed: nothing is left of them on paper."""


def show_stills() -> None:
    """From here on show widgets and charts of this kernel as pictures and words."""
    shown_by = InteractiveShell.instance().display_formatter
    assert shown_by is not None  # a kernel always has one
    bundles = shown_by.mimebundle_formatter
    for kind in (w.Widget, alt.TopLevelMixin):
        bundles.for_type(kind, _bundle)


def _bundle(shown: Any, include: Any = None, exclude: Any = None) -> dict[str, str]:
    return {"text/html": still(shown)}


def still(shown: Any) -> str:
    """A widget or chart as it stands now.

    Parameters
    ----------
    shown : widget or Altair chart
        A box of widgets is shown with all that is in it; folded parts can be unfolded.

    Returns
    -------
    str
        HTML fragment: charts as SVG with their text alternative, controls as label and value.
        Empty for what only does something when pressed.
    """
    if isinstance(shown, alt.JupyterChart):
        shown = shown.chart
    if isinstance(shown, alt.TopLevelMixin):
        return _picture(shown.to_dict(), getattr(shown, "description", ""))
    if hasattr(shown, "runner"):
        shown.runner.wait(SECONDS)
    if getattr(shown.layout, "display", None) == "none" or isinstance(shown, PRESSED):
        return ""
    if "_spec" in shown.keys and "_picture" in shown.keys:
        return _live(shown)
    if isinstance(shown, w.HTML | w.HTMLMath):
        return f"<div>{shown.value}</div>"
    if isinstance(shown, Head):
        return f"<div><b>{html.escape(shown.description)}</b></div>" if shown.value else ""
    if isinstance(shown, w.Label):
        return f"<div>{html.escape(shown.value)}</div>"
    if isinstance(shown, w.Accordion | w.Tab):
        return _folded(shown)
    if isinstance(shown, w.Box):
        row = "still-row" if isinstance(shown, w.HBox) else "still-column"
        parts = [still(child) for child in shown.children]
        if "simlib-board" in shown._dom_classes:  # the picture first, as on a narrow screen
            parts.sort(key=lambda part: "<figure" not in part)
        return _joined(row, parts)
    return _control(shown)


def _live(chart: Any) -> str:
    """The picture of a live chart, from what was last sent to the browser."""
    state = chart.get_state()
    tables = {name: _rows(columns) for name, columns in state["_picture"]["tables"].items()}
    spec = state["_spec"]
    return _picture(spec | {"datasets": {**spec.get("datasets", {}), **tables}}, chart.alt)


def _rows(columns: dict[str, Any]) -> list[dict[Hashable, Any]]:
    """Rows of a packed table; numbers that are none become null."""
    table = pd.DataFrame(
        {
            name: cells if isinstance(cells, list) else np.frombuffer(cells, "<f8")
            for name, cells in columns.items()
        }
    ).replace([np.inf, -np.inf], np.nan)
    return table.astype(object).where(table.notna(), None).to_dict("records")


def _picture(spec: dict[str, Any], words: Any) -> str:
    words = words if isinstance(words, str) else ""
    return f"<figure>{export(spec | {'description': words}, 'svg').decode()}</figure>"


def _folded(shown: Any) -> str:
    """Parts that a reader unfolds one by one; the one in view is unfolded."""
    parts = []
    for place, child in enumerate(shown.children):
        inside, title = still(child), html.escape(shown.get_title(place) or f"{place + 1}")
        unfolded = " open" if place == shown.selected_index else ""
        parts.append(f"<details{unfolded}><summary>{title}</summary>{inside}</details>")
    return _joined("still-column", parts)


def _control(shown: Any) -> str:
    """Label, value and unit of a control; nothing for a control that is left unset."""
    label = getattr(shown, "description", "") or getattr(shown, "label", "")
    value = getattr(shown, "value", None)
    if isinstance(shown, w.Dropdown | w.ToggleButtons | w.RadioButtons):
        label, value = shown.description, shown.label
    if value is None or value == "" or not label:
        return ""
    if isinstance(value, bool):
        value = "yes" if value else "no"
    elif isinstance(value, float | int):
        value = exact(value, getattr(shown, "unit", ""))
    words = f"{label.rstrip(' :')}: {value} {getattr(shown, 'unit', '')}".strip()
    return f"<div>{html.escape(words)}</div>"


def _joined(kind: str, parts: Iterable[str]) -> str:
    inside = "".join(part for part in parts if part)
    return f'<div class="{kind}">{inside}</div>' if inside else ""
