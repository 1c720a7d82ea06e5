"""A sheet of paper: paragraphs, a drawing, a table and columns under one another, as SVG and PDF.

The renderer of the charts turns it into a PDF, so that no browser and no further library is
needed. What has no room left is cut and says so: a sheet is one page.
"""

import re
from collections.abc import Mapping, Sequence
from html import escape

import vl_convert

from simlib.charts.style import FAINT, FONT, GRID, INK

WIDTH, HEIGHT, EDGE = 612.0, 792.0, 32.0
"""US letter paper and its margins [points]."""
LEADING, GAP = 1.28, 5.0
TABLE_LABEL = 0.34
"""Share of a table's width that its labels take."""
BOLD_WIDER = 1.07
SPARE = 1.02
"""Widths are those of the usual letters; a font put in its place may be a little wider."""
WIDTHS = {
    "ijl'|\u202f": 0.24,
    " !,./:;I[]ft": 0.28,
    "()-r`": 0.34,
    "*Jcksvxyz": 0.5,
    "FTZ+<=>\N{MINUS SIGN}": 0.6,
    "ABEKPSVXY&": 0.67,
    "CDHNRUw": 0.73,
    "GOQ": 0.78,
    "mM%": 0.87,
    "W@": 1.0,
}
"""Width of letters of Helvetica and its kin, as a share of the size; of others :data:`USUAL`."""
USUAL, WIDEST = 0.556, 1.0
_LETTERS = {letter: width for letters, width in WIDTHS.items() for letter in letters}


def width(text: str, size: float, bold: bool = False) -> float:
    """Width of a text [points], a little too much rather than too little."""
    letters = sum(_LETTERS.get(each, USUAL if ord(each) < 0x250 else WIDEST) for each in text)
    return letters * size * SPARE * (BOLD_WIDER if bold else 1)


def wrapped(text: str, size: float, room: float, bold: bool = False) -> list[str]:
    """Lines no wider than the room [points]; a word that is wider is broken."""
    lines: list[str] = [""]
    for word in text.split(" "):
        for part in _parts(word, size, room, bold):
            longer = f"{lines[-1]} {part}".lstrip()
            if width(longer, size, bold) <= room:
                lines[-1] = longer
            else:
                lines.append(part)
    return [line for line in lines if line]


def _parts(word: str, size: float, room: float, bold: bool) -> list[str]:
    """A word in parts that are no wider than the room each."""
    parts, used = [""], 0.0
    for letter in word:
        used += width(letter, size, bold)
        if used > room and parts[-1]:
            parts.append("")
            used = width(letter, size, bold)
        parts[-1] += letter
    return parts


class Sheet:
    """Things are put under one another; each method goes on where the last one ended.

    Attributes
    ----------
    y : where the next thing begins [points]
    holds_all : whether nothing had to be cut
    """

    def __init__(self) -> None:
        self._parts: list[str] = []
        self.holds_all = True
        self.y = EDGE

    @property
    def room(self) -> float:
        """Width between the margins [points]."""
        return WIDTH - 2 * EDGE

    def paragraph(self, text: str, size: float, bold: bool = False, faint: bool = False) -> None:
        """A text over the whole width."""
        lines = wrapped(text, size, self.room, bold)
        self.y = self._lines(lines, EDGE, self.y, size, bold, faint) + GAP

    def paragraphs(self, texts: Sequence[str], size: float) -> None:
        """Texts without gaps between them."""
        for text in texts:
            lines = wrapped(text, size, self.room)
            self.y = self._lines(lines, EDGE, self.y, size)
        self.y += GAP

    def drawing(self, svg: str) -> None:
        """A drawing over the whole width, which must say its `viewBox`."""
        found = re.search(r'viewBox="\S+ \S+ ([\d.]+) ([\d.]+)"', svg)
        if not found:
            raise ValueError("a drawing needs a viewBox")
        height = self.room * float(found[2]) / float(found[1])
        place = f'x="{EDGE}" y="{self.y:.1f}" width="{self.room}" height="{height:.1f}"'
        self._parts.append(svg.replace("<svg ", f"<svg {place} ", 1))
        self.y += height + GAP

    def table(
        self,
        corner: str,
        heads: Sequence[str],
        rows: Sequence[tuple[str, Sequence[str]]],
        size: float,
    ) -> None:
        """A table with a line under each row; cells are wrapped."""
        label = self.room * TABLE_LABEL
        each = (self.room - label) / max(len(heads), 1)
        for number, (first, cells) in enumerate([(corner, heads), *rows]):
            bold = number == 0
            columns = [wrapped(first, size, label - GAP, bold)]
            columns += [wrapped(cell, size, each - GAP, bold) for cell in cells]
            ends = [
                self._lines(lines, EDGE + (label + (i - 1) * each if i else 0), self.y, size, bold)
                for i, lines in enumerate(columns)
            ]
            self.y = max(ends) + 1.5
            self._rule()
        self.y += GAP

    def columns(self, texts: Mapping[str, Sequence[str]], size: float, below: str) -> None:
        """Texts side by side under their titles, as far as there is room; a line at the foot."""
        foot = wrapped(below, size - 0.5, self.room)
        end = HEIGHT - EDGE - len(foot) * (size - 0.5) * LEADING - GAP
        each = self.room / len(texts)
        for number, (title, sentences) in enumerate(texts.items()):
            x, y = EDGE + number * each, self.y
            y = self._lines([title], x, y, size + 1, bold=True) + 1
            lines = [line for text in sentences for line in wrapped(text, size, each - 2 * GAP)]
            fitting = max(int((end - y) / (size * LEADING)), 1)
            if len(lines) > fitting:
                self.holds_all = False
                lines = [*lines[: fitting - 1], "... and more: see the scenario's file."]
            self._lines(lines, x, y, size)
        self._lines(foot, EDGE, end + GAP, size - 0.5, faint=True)

    def svg(self) -> str:
        """The sheet as a drawing."""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH:g}" height="{HEIGHT:g}" '
            f'viewBox="0 0 {WIDTH:g} {HEIGHT:g}"><rect width="{WIDTH:g}" height="{HEIGHT:g}" '
            f'fill="white"/>{"".join(self._parts)}</svg>'
        )

    def pdf(self) -> bytes:
        """The sheet as a PDF of one page."""
        return vl_convert.svg_to_pdf(self.svg())

    def _lines(
        self,
        lines: Sequence[str],
        x: float,
        y: float,
        size: float,
        bold: bool = False,
        faint: bool = False,
    ) -> float:
        """Put lines of text; where they end."""
        style = f'font-family="{FONT}" font-size="{size}" fill="{FAINT if faint else INK}"'
        style += ' font-weight="bold"' if bold else ""
        for line in lines:
            y += size * LEADING
            base = y - size * (LEADING - 1)
            self._parts.append(f'<text x="{x:.1f}" y="{base:.1f}" {style}>{escape(line)}</text>')
        return y

    def _rule(self) -> None:
        ends = f'x1="{EDGE}" x2="{WIDTH - EDGE}" y1="{self.y:.1f}" y2="{self.y:.1f}"'
        self._parts.append(f'<line {ends} stroke="{GRID}" stroke-width="0.6"/>')
