"""Pages for readers without Python: ``python3 launch.py gallery``.

Every notebook is run from top to bottom and written as one HTML file, with an index. Charts are
pictures inside the page and controls are words, so nothing is fetched and nothing needs a kernel;
there is no script in a page at all.
"""

import argparse
import html
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbconvert import HTMLExporter
from nbformat import NotebookNode
from tqdm import tqdm

from simlib.dashboard.autosave import FOLDER_VARIABLE
from simlib.errors import InputError
from simlib.version import __version__

STILLS = "from simlib.dashboard.stills import show_stills\n\nshow_stills()"
"""First cell of every run; it is taken out again before the page is written."""
SECONDS = 900
"""Longest run of one cell."""
STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #222; max-width: 75rem; margin: 0 auto;
  padding: 1rem; }
main > * { max-width: 100%; overflow-x: auto; }
p, li { max-width: 46rem; }
figure { margin: 1rem 0; }
figure svg { max-width: 100%; height: auto; }
pre { padding: .6rem; background: #f5f5f5; overflow-x: auto; font-size: 13px; }
table { border-collapse: collapse; }
th, td { padding: .2rem .6rem; border-bottom: 1px solid #ddd; text-align: left; }
.still-row { display: flex; flex-wrap: wrap; gap: 1.5rem; align-items: flex-start; }
.anchor-link { display: none; }
.note { color: #555; border-left: 4px solid #999; padding-left: .8rem; }
"""
NOTE = (
    "This page was made by running a notebook. Charts are pictures and controls show their values "
    "as words; to move them, run the notebook."
)
TO_RUN = re.compile(
    r'Run all cells \(menu [^)]*\)[^.?!]*[.?!]\s*|"Model not found" [^.?!]*[.?!]\s*'
)
"""Sentences for those who have the notebook open; nothing can be run on a page."""


def run(path: Path) -> NotebookNode:
    """Run a notebook from top to bottom, its charts and controls shown as they stand.

    Raises
    ------
    InputError
        When it cannot be read, or a cell fails: which one, and why.
    """
    try:
        book = nbformat.read(path, as_version=4)
    except (OSError, ValueError, nbformat.reader.NotJSONError) as error:
        raise InputError(f"{path.name}: cannot be read as a notebook: {error}") from error
    for cell in book.cells:
        if cell.cell_type == "markdown":
            cell.source = TO_RUN.sub("", cell.source)
    book.cells.insert(0, nbformat.v4.new_code_cell(STILLS))
    client = NotebookClient(
        book,
        timeout=SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": path.parent}},
        store_widget_state=False,
        coalesce_streams=True,
    )
    try:
        with TemporaryDirectory() as nobodys:  # no reader's scenario is found there, none is left
            client.execute(env={**os.environ, FOLDER_VARIABLE: nobodys})
    except CellExecutionError as error:
        failed = [place for place, cell in enumerate(book.cells) if _failed(cell)]
        raise InputError(
            f"{path.name}, cell {failed[0] if failed else '?'}: {error.ename}: {error.evalue}"
        ) from error
    del book.cells[0]
    return book


def _failed(cell: NotebookNode) -> bool:
    return any(output.output_type == "error" for output in cell.get("outputs", []))


def as_page(book: NotebookNode) -> str:
    """An executed notebook as one HTML file that stands alone."""
    exporter = HTMLExporter(
        template_name="basic", exclude_input_prompt=True, exclude_output_prompt=True
    )
    body, resources = exporter.from_notebook_node(book)
    title, _ = heading(book)
    colours_of_code = "".join(resources["inlining"]["css"])
    back = '<p><a href="index.html">All notebooks</a></p>'
    note = f'<p class="note">{html.escape(NOTE)}</p>'
    return _page(title, f"{back}{note}<main>{body}</main>", STYLE + colours_of_code)


def index(books: Mapping[str, NotebookNode]) -> str:
    """The page that leads to the others, by file name."""
    items = []
    for name, book in books.items():
        title, first = heading(book)
        items.append(
            f'<li><a href="{html.escape(name)}">{html.escape(title)}</a>'
            f"<br>{html.escape(first)}</li>"
        )
    head = f"<h1>The notebooks, executed</h1><p>simlib {html.escape(__version__)}</p>"
    return _page("The notebooks, executed", f"{head}<ol>{''.join(items)}</ol>", STYLE)


def heading(book: NotebookNode) -> tuple[str, str]:
    """A notebook's title and the first paragraph under it, as plain text."""
    text = next((cell.source for cell in book.cells if cell.cell_type == "markdown"), "")
    first, _, rest = text.strip().partition("\n")
    paragraph = rest.strip().partition("\n\n")[0]
    return _plain(first.lstrip("# ")) or "Notebook", _plain(paragraph)


def _plain(text: str) -> str:
    return " ".join(re.sub(r"\[([^\]]*)\]\([^)]*\)|[*`]", r"\1", text).split())


def _page(title: str, body: str, style: str) -> str:
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{style}</style></head>"
        f"<body>{body}</body></html>\n"
    )


def build(notebooks: Sequence[Path], folder: Path) -> list[Path]:
    """Run notebooks and write their pages; nothing is written unless all of them run.

    Returns
    -------
    list of Path
        The files written, the index first.

    Raises
    ------
    InputError
        When there is no notebook, or one cannot be run.
    """
    if not notebooks:
        raise InputError("notebooks: there is none to show")
    books = {f"{path.stem}.html": run(path) for path in tqdm(notebooks, desc="notebooks")}
    pages = {"index.html": index(books)} | {name: as_page(book) for name, book in books.items()}
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in pages]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the notebooks and write them as HTML pages that need no Python."""
    parser = argparse.ArgumentParser(prog="launch.py gallery", description=main.__doc__)
    parser.add_argument(
        "--to", type=Path, default=Path("gallery"), help="folder to write into (default: gallery)"
    )
    parser.add_argument(
        "--notebooks", type=Path, default=Path("notebooks"), help="folder of the notebooks"
    )
    chosen = parser.parse_args(arguments)
    try:
        written = build(sorted(chosen.notebooks.glob("*.ipynb")), chosen.to)
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"Written: {written[0]} and {len(written) - 1} notebooks.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
