"""The ledger for readers: an accessible HTML table."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from jinja2 import Template

from simlib.analysis.ledger import NONE_AVERTED, NOTES
from simlib.charts.style import number, on_axis
from simlib.dashboard.phrases import DIGITS, futures

PAGE = Template(
    """<style>.simlib-ledger{border-collapse:collapse;font-size:13px;line-height:1.3}
.simlib-ledger thead th:first-child{text-align:left}
.simlib-ledger caption{text-align:left;font-weight:bold;padding:4px 0}
.simlib-ledger th,.simlib-ledger td{padding:3px 12px 3px 0;border-bottom:1px solid #E3E3E3;
vertical-align:top;text-align:right}.simlib-ledger th[scope=row]{text-align:left;
font-weight:normal}.simlib-ledger .range,.simlib-ledger .unit{color:#595959;font-size:12px}</style>
<table class='simlib-ledger'><caption>{{ caption }}</caption>
<thead><tr><th scope='col'>Over the whole projection</th>
{%- for name in names %}<th scope='col'>{{ name }}</th>{% endfor %}</tr></thead>
<tbody>{% for label, unit, note, cells in rows %}<tr><th scope='row'>{{ label }}
{%- if unit %} <span class='unit'>{{ unit }}</span>{% endif %}
{%- if note %}<br><span class='unit'>{{ note }}</span>{% endif %}</th>
{%- for middle, span, best in cells %}<td>
{%- if best %}<strong>{{ middle }} (best)</strong>{% else %}{{ middle }}{% endif %}
{%- if span %}<br><span class='range'>9 in 10: {{ span }}</span>{% endif %}</td>{% endfor %}</tr>
{% endfor %}</tbody></table>""",
    autoescape=True,
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
    policies = ledger["policy"].unique()
    rows = []
    for name, lines in ledger.groupby("row", sort=False):
        first = lines.iloc[0]
        cells = [(*cell(line), line["best"]) for _, line in lines.iterrows()]
        rows.append((first["label"], unit(first), NOTES.get(str(name), ""), cells))
    names = [labels.get(policy, policy) for policy in policies]
    return PAGE.render(caption=caption, names=names, rows=rows)


def unit(line: pd.Series) -> str:
    """Unit of a line; nothing for a share of futures, which says so itself."""
    return "" if line["unit"] == "share" else str(line["unit"])


def cell(line: pd.Series) -> tuple[str, str]:
    """Median of a line in words, and its range of 9 in 10 where it has one."""
    low, middle, high = line["low90"], line["median"], line["high90"]
    if np.isnan(middle):
        return (NONE_AVERTED if line["row"] == "cost_per_death_averted" else "none spent"), ""
    text = futures(middle) if line["unit"] == "share" else _figure(middle)
    return text, f"{_figure(low)} to {_figure(high)}" if low < high else ""


def _figure(value: float) -> str:
    """Two digits; below 10 two decimals."""
    return number(value, DIGITS) if abs(value) >= 10 else on_axis(value, 1.0, DIGITS)
