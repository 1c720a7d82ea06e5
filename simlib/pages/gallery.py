"""Pages for readers without Python: ``python3 launch.py gallery``.

Every notebook is run from top to bottom and written as one HTML file, with an index. Charts are
pictures inside the page and controls are words, so nothing is fetched and nothing needs a kernel;
there is no script in a page at all.
"""

import argparse
import copy
import html
import os
import re
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import latex2mathml.converter
import nbformat
from jinja2 import Template
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbconvert import HTMLExporter
from nbformat import NotebookNode
from tqdm import tqdm

from simlib.dashboard.autosave import FOLDER_VARIABLE
from simlib.errors import InputError
from simlib.version import __version__

FIRST = "%reset -f\nfrom simlib.dashboard.stills import show_stills\n\nshow_stills()"
"""First cell of every run, taken out again before the page is written; the kernel may have run
another notebook before, which saves seconds of starting one."""
KERNELS = 2
SECONDS = 900
"""Longest run of one cell."""
PAGE = Template(
    """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }}</title><style>
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
{{ colours_of_code | safe }}</style></head><body>
{% if body %}<p><a href="index.html">All notebooks</a></p>
<p class="note">This page was made by running a notebook. Charts are pictures and controls show
their values as words; to move them, run the notebook.</p><main>{{ body | safe }}</main>
{% else %}<h1>{{ title }}</h1><p>simlib {{ version }}</p><ol>
{% for name, (called, first) in books.items() -%}
<li><a href="{{ name }}">{{ called }}</a><br>{{ first }}</li>
{% endfor %}</ol>{% endif %}</body></html>
""",
    autoescape=True,
)
EQUATION = re.compile(r"\$\$(.+?)\$\$|\$([^$\n]+)\$", re.S)
TO_RUN = re.compile(
    r'Run all cells \(menu [^)]*\)[^.?!]*[.?!]\s*|"Model not found" [^.?!]*[.?!]\s*'
)
"""Sentences for those who have the notebook open; nothing can be run on a page."""


def read(path: Path) -> NotebookNode:
    """A notebook without what only makes sense where it can be run.

    Raises
    ------
    InputError
        When it cannot be read.
    """
    try:
        book = nbformat.read(path, as_version=4)
    except (OSError, ValueError, nbformat.reader.NotJSONError) as error:
        raise InputError(f"{path.name}: cannot be read as a notebook: {error}") from error
    for cell in book.cells:
        if cell.cell_type == "markdown":
            cell.source = TO_RUN.sub("", cell.source)
    return book


def run(books: Mapping[Path, NotebookNode]) -> None:
    """Run notebooks from top to bottom, a few at once, their charts and controls as they stand.

    Raises
    ------
    InputError
        When a cell fails: which one, and why.
    """
    left = iter(list(books))

    def work(exports: str) -> None:
        kernel = KernelManager(kernel_name="python3")
        first = next(iter(books))
        kernel.start_kernel(cwd=str(first.parent), env={**os.environ, FOLDER_VARIABLE: exports})
        try:
            for path in left:
                _run(path.name, books[path], kernel)
                done.update()
        finally:
            list(left)  # where one fails, no other is begun
            kernel.shutdown_kernel(now=True)

    with (
        tqdm(total=len(books), desc="notebooks") as done,
        TemporaryDirectory() as nobodys,  # no reader's scenario is found there, none is left
        ThreadPoolExecutor(KERNELS) as pool,
    ):
        for finished in [pool.submit(work, nobodys) for _ in range(min(KERNELS, len(books)))]:
            finished.result()


def _run(name: str, book: NotebookNode, kernel: KernelManager) -> None:
    book.cells.insert(0, nbformat.v4.new_code_cell(FIRST))
    client = NotebookClient(
        book, km=kernel, timeout=SECONDS, store_widget_state=False, coalesce_streams=True
    )
    try:
        client.execute()
    except CellExecutionError as error:
        failed = (any(o.output_type == "error" for o in c.get("outputs", ())) for c in book.cells)
        place = list(failed).index(True)
        raise InputError(f"{name}, cell {place}: {error.ename}: {error.evalue}") from error
    finally:
        if client.kc is not None:
            client.kc.stop_channels()
    del book.cells[0]


def as_page(book: NotebookNode) -> str:
    """An executed notebook as one HTML file that stands alone."""
    exporter = HTMLExporter(
        template_name="basic", exclude_input_prompt=True, exclude_output_prompt=True
    )
    book = copy.deepcopy(book)
    for cell in book.cells:
        if cell.cell_type == "markdown":
            cell.source = EQUATION.sub(_drawn, cell.source)
    body, resources = exporter.from_notebook_node(book)
    colours = "".join(resources["inlining"]["css"])
    return PAGE.render(title=heading(book)[0], body=body, colours_of_code=colours)


def _drawn(found: re.Match[str]) -> str:
    """An equation as browsers draw it by themselves; its source says it to those who listen."""
    block, inline = found.groups()
    drawn: str = latex2mathml.converter.convert(
        block or inline, display="block" if block else "inline"
    )
    return drawn.replace("<math ", f'<math aria-label="{html.escape(block or inline)}" ', 1)


def index(books: Mapping[str, NotebookNode]) -> str:
    """The page that leads to the others, by file name."""
    headings = {name: heading(book) for name, book in books.items()}
    return PAGE.render(title="The notebooks, executed", version=__version__, books=headings)


def heading(book: NotebookNode) -> tuple[str, str]:
    """A notebook's title and the first paragraph under it, as plain text."""
    text = next((cell.source for cell in book.cells if cell.cell_type == "markdown"), "")
    first, _, rest = text.strip().partition("\n")
    paragraph = rest.strip().partition("\n\n")[0]
    return _plain(first.lstrip("# ")) or "Notebook", _plain(paragraph)


def _plain(text: str) -> str:
    return " ".join(re.sub(r"\[([^\]]*)\]\([^)]*\)|[*`]", r"\1", text).split())


def build(notebooks: Sequence[Path], folder: Path) -> list[Path]:
    """Run notebooks and write their pages; nothing is written unless all of them run.

    Parameters
    ----------
    notebooks : of one folder
    folder : to write into

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
    books = {path: read(path) for path in notebooks}
    run(books)
    named = {f"{path.stem}.html": book for path, book in books.items()}
    pages = {"index.html": index(named)} | {name: as_page(book) for name, book in named.items()}
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
