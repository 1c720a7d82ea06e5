"""What a run adds to a notebook is not saved where git keeps it; what the reader writes is."""

import copy
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import pytest

from simlib.pages.tidy import kept_by_git, unrun

ROOT = Path(__file__).resolve().parents[1]
BOOKS = sorted((ROOT / "notebooks").rglob("*.ipynb"))


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "books").mkdir()
    for name in ("kept.ipynb", "own.ipynb"):
        (tmp_path / "books" / name).write_text("{}")
    for command in (["init", "--quiet"], ["add", "books/kept.ipynb"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    return tmp_path


def executed(path: Path) -> Any:
    """A notebook as JupyterLab would save it after a run."""
    book = nbformat.read(path, as_version=4)
    for number, cell in enumerate(book.cells):
        if cell.cell_type == "code":
            cell.execution_count = number
            cell.outputs = [nbformat.v4.new_output("stream", text="drawn")]
            cell.metadata["execution"] = {"iopub.status.idle": "now"}
    book.metadata["language_info"] = {"name": "python", "version": "3.11.7", "mimetype": "x"}
    book.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {}}
    return book


def saved(root: Path, name: str, book: Any, kind: str = "notebook") -> str:
    model = {"type": kind, "content": book}
    unrun(model, f"books/{name}", contents_manager=SimpleNamespace(root_dir=str(root)))
    return nbformat.writes(model["content"]) + "\n"


@pytest.mark.parametrize("path", BOOKS, ids=lambda path: path.stem)
def test_running_a_notebook_of_this_project_and_saving_it_changes_nothing(
    repository: Path, path: Path
) -> None:
    assert saved(repository, "kept.ipynb", executed(path)) == path.read_text(encoding="utf-8")


def test_what_the_reader_writes_is_kept(repository: Path) -> None:
    book = executed(BOOKS[0])
    book.cells[-1].source += "My own words."
    assert "My own words." in saved(repository, "kept.ipynb", book)


@pytest.mark.parametrize("name", ["own.ipynb", "new.ipynb"])
def test_a_notebook_of_the_readers_own_is_saved_whole(repository: Path, name: str) -> None:
    book = executed(BOOKS[0])
    before = copy.deepcopy(book)
    saved(repository, name, book)
    assert book == before


def test_without_git_all_is_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.ipynb").write_text("{}")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert not kept_by_git(tmp_path / "a.ipynb")
    monkeypatch.setenv("PATH", "")
    assert not kept_by_git(BOOKS[0])
