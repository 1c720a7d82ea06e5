"""The notebooks run from top to bottom, hold no logic and are stored without outputs."""

import re
import statistics
from pathlib import Path

import nbclient
import nbformat
import pytest

from simlib.inputs.parameters import load_parameters

NOTEBOOKS = sorted((Path(__file__).resolve().parents[1] / "notebooks").glob("*.ipynb"))
MOST_MEDIAN_LINES = 5
PRINTED = {
    "01_border_or_internal": ("73,838 deaths, 202 a day", "268,649"),
    "08_controlling_cocaine": ("34 published, 34.0 rebuilt",),
}

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


@each_notebook
def test_stored_clean_and_short(path: Path) -> None:
    cells = nbformat.read(path, 4).cells
    code = [cell for cell in cells if cell.cell_type == "code"]
    lines = [len([line for line in cell.source.splitlines() if line.strip()]) for cell in code]
    assert len(cells) - len(code) >= len(code)
    assert max(lines) <= 15
    assert statistics.median(lines) <= MOST_MEDIAN_LINES
    for cell in code:
        assert not cell.outputs
        assert cell.execution_count is None
        assert "def " not in cell.source
        assert "class " not in cell.source


@each_notebook
def test_says_how_to_run_it_and_where_it_ends(path: Path) -> None:
    cells = nbformat.read(path, 4).cells
    assert cells[0].cell_type == "markdown"
    assert cells[0].source.startswith("# ")
    assert cells[0].source.splitlines()[0].endswith("?")
    assert "Run All Cells" in cells[0].source
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    assert "## What this cannot tell you" in text
    assert "## Exercises" in text


@each_notebook
def test_links_to_rows_lead_to_their_place(path: Path) -> None:
    text = "\n".join(cell.source for cell in nbformat.read(path, 4).cells)
    for group, name in re.findall(r"\(\.\./docs/parameters/(\w+)\.md#(\w+)\)", text):
        assert load_parameters()[name].group == group


@each_notebook
@pytest.mark.filterwarnings("ignore:.*:ResourceWarning", "ignore:.*:DeprecationWarning")
def test_runs(path: Path) -> None:
    book = nbformat.read(path, 4)
    nbclient.NotebookClient(book, timeout=300, kernel_name="python3").execute()
    shown = [output for cell in book.cells for output in cell.get("outputs", [])]
    assert not [output for output in shown if output.output_type == "error"]
    code = "".join(cell.source for cell in book.cells if cell.cell_type == "code")
    widgets = [o for o in shown if "application/vnd.jupyter.widget-view+json" in o.get("data", {})]
    assert len(widgets) >= code.count("explore(") + code.count("dashboard.show(")
    printed = "".join(output.get("text", "") for output in shown)
    for words in PRINTED.get(path.stem, ()):
        assert words in printed
    if stderr := [o.text for o in shown if o.get("name") == "stderr"]:
        pytest.fail(f"a cell complains: {stderr}")
