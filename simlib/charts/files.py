"""Pictures and tables as files; no network is used, and the page needs none either."""

import functools
import json
import re
from hashlib import sha256
from html import escape
from typing import Any

import pandas as pd
import vl_convert

from simlib.charts.style import spoken
from simlib.errors import InputError, unknown

BLANK = "simlib-blank"
"""Stands for the chart in a page without one."""
MIME = {
    "png": "image/png",
    "svg": "image/svg+xml",
    "pdf": "application/pdf",
    "html": "text/html",
    "csv": "text/csv",
    "txt": "text/plain",
}
FORMULA = re.compile(r"\s*[-=+@\uff1d\uff0b\uff0d\uff20]")
"""How texts begin that a spreadsheet would run."""
CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
"""Letters, such as ends of lines, that would break a row."""


def export(spec: dict[str, Any], kind: str, below: str = "") -> bytes:
    """The filled chart as a file; no network is used, and the HTML needs none either.

    Parameters
    ----------
    spec : dict
        From :func:`fill`.
    kind : str
        ``png`` (two pixels for each of the picture's), ``svg``, ``pdf`` or ``html``.
    below : str
        HTML that a page shows under the chart.

    Returns
    -------
    bytes
        Contents of the file; its type is ``MIME[kind]``.

    Raises
    ------
    InputError
        If `kind` is unknown.
    """
    if kind == "png":
        return vl_convert.vegalite_to_png(spec, scale=2, allowed_base_urls=[])
    description = escape(spoken(spec["description"]))
    if kind == "svg":
        svg = _with_own_marks(vl_convert.vegalite_to_svg(spec, allowed_base_urls=[]))
        return svg.replace("<svg ", f'<svg role="img" aria-label="{description}" ', 1).encode()
    if kind == "pdf":
        return vl_convert.vegalite_to_pdf(spec, allowed_base_urls=[])
    if kind == "html":
        return _page(spec, description, below).encode()
    raise InputError(f"kind of file {unknown(kind, MIME)}")


def table_csv(table: pd.DataFrame) -> bytes:
    """A table as CSV that pandas and spreadsheets read as it is.

    A text that a spreadsheet would take for a formula begins with an apostrophe, as there. Texts
    in other letters than ASCII need a mark, without which spreadsheets misread them.
    """
    plain = table.map(_harmless).rename(columns=_harmless).to_csv(index=False)
    return plain.encode("utf-8" if plain.isascii() else "utf-8-sig")


def _harmless(cell: Any) -> Any:
    if not isinstance(cell, str):
        return cell
    plain = CONTROL.sub(" ", cell)
    return f"'{plain}" if FORMULA.match(plain) else plain


def _with_own_marks(svg: str) -> str:
    """The drawing with marks that depend on it alone.

    The library counts its clipping areas on from drawing to drawing, so the same picture would
    differ from file to file; and with marks from 1 two drawings in one page would clip each other.
    """
    order: dict[str, int] = {}
    mark = re.compile(r'(id="|url\(#)clip(\d+)')
    plain = mark.sub(lambda m: f"{m[1]}clip{order.setdefault(m[2], len(order))}", svg)
    own = sha256(plain.encode()).hexdigest()[:8]
    return mark.sub(rf"\1clip{own}-\2", plain)


def _page(spec: dict[str, Any], description: str, below: str) -> str:
    """A page with the chart; no text of it, whoever wrote it, can end the script it stands in."""
    script = json.dumps(spec).replace("<", "\\u003c")
    before, after = _blank_page()
    before = before.replace("<html>", '<html lang="en">', 1)
    before = before.replace("<title>Chart<", f"<title>{description}<", 1)
    return f"{before}{script}{after.replace('</body>', f'{below}</body>', 1)}"


@functools.cache
def _blank_page() -> tuple[str, str]:
    """What a page holds before and after its chart: the drawing library and the call of it."""
    page = vl_convert.vegalite_to_html({"mark": BLANK}, bundle=True)
    before, after = re.split(rf'\{{[^{{}}]*"{BLANK}"[^{{}}]*\}}', page)
    return before, after
