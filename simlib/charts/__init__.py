"""Tidy tables in, pictures out: the only place that draws."""

from simlib.charts.comparison import comparison, prepare
from simlib.charts.files import MIME, export, table_csv
from simlib.charts.layout import described, fill
from simlib.charts.style import BORDER, INTERNAL, NO_POLICY, STATUS_QUO, number

__all__ = [
    "BORDER",
    "INTERNAL",
    "MIME",
    "NO_POLICY",
    "STATUS_QUO",
    "comparison",
    "described",
    "export",
    "fill",
    "number",
    "prepare",
    "table_csv",
]
