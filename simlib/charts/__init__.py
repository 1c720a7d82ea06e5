"""Tidy tables in, pictures out: the only place that draws."""

from simlib.charts.comparison import comparison, fill
from simlib.charts.files import MIME, export, table_csv
from simlib.charts.style import BORDER, INTERNAL, NO_POLICY, STATUS_QUO, number
from simlib.charts.tables import prepare

__all__ = [
    "BORDER",
    "INTERNAL",
    "MIME",
    "NO_POLICY",
    "STATUS_QUO",
    "comparison",
    "export",
    "fill",
    "number",
    "prepare",
    "table_csv",
]
