"""The ledger for readers: an accessible HTML table."""

from collections.abc import Mapping
from html import escape

import numpy as np
import pandas as pd

from simlib.analysis.ledger import NONE_AVERTED, NOTES
from simlib.charts.style import number, on_axis
from simlib.dashboard.phrases import DIGITS, futures

STYLE = (
    "<style>.simlib-ledger{border-collapse:collapse;font-size:13px;line-height:1.3}"
    ".simlib-ledger thead th:first-child{text-align:left}"
    ".simlib-ledger caption{text-align:left;font-weight:bold;padding:4px 0}"
    ".simlib-ledger th,.simlib-ledger td{padding:3px 12px 3px 0;border-bottom:1px solid #E3E3E3;"
    "vertical-align:top;text-align:right}.simlib-ledger th[scope=row]{text-align:left;"
    "font-weight:normal}.simlib-ledger .range,.simlib-ledger .unit{color:#595959;font-size:12px}"
    "</style>"
)


def ledger_html(ledger: pd.DataFrame, labels: Mapping[str, str], caption: str) -> str:
    """The ledger as a table that a screen reader can walk through.

    Parameters
    ----------
    ledger : from `simlib.analysis.ledger.ledger`
    labels : what each policy is called; by default its name
    caption : what is compared with what, over which years

    Returns
    -------
    str
        A table with headers of rows and columns; the best of a row is strong and says so.
    """
    policies = list(dict.fromkeys(ledger["policy"]))
    names = "".join(f"<th scope='col'>{escape(labels.get(p, p))}</th>" for p in policies)
    body = []
    for _, row in ledger.groupby("row", sort=False):
        first = row.iloc[0]
        unit = "" if first["unit"] == "share" else f" <span class='unit'>{first['unit']}</span>"
        cells = "".join(_cell(row[row["policy"] == policy].iloc[0]) for policy in policies)
        note = NOTES.get(first["row"], "")
        said = f"<br><span class='unit'>{escape(note)}</span>" if note else ""
        body.append(f"<tr><th scope='row'>{first['label']}{unit}{said}</th>{cells}</tr>")
    return (
        f"{STYLE}<table class='simlib-ledger'><caption>{escape(caption)}</caption>"
        f"<thead><tr><th scope='col'>Over the whole projection</th>{names}</tr></thead>"
        f"<tbody>{''.join(body)}</tbody></table>"
    )


def _cell(line: pd.Series) -> str:
    low, middle, high = line["low90"], line["median"], line["high90"]
    if np.isnan(middle):
        return (
            f"<td>{NONE_AVERTED if line['row'] == 'cost_per_death_averted' else 'none spent'}</td>"
        )
    text = futures(middle) if line["unit"] == "share" else _figure(middle)
    if line["best"]:
        text = f"<strong>{text} (best)</strong>"
    if low < high:
        text += f"<br><span class='range'>9 in 10: {_figure(low)} to {_figure(high)}</span>"
    return f"<td>{text}</td>"


def _figure(value: float) -> str:
    """Two digits; below 10 two decimals."""
    return number(value, DIGITS) if abs(value) >= 10 else on_axis(value, 1.0, DIGITS)
