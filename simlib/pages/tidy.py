"""A notebook that git keeps is saved without what a run adds: reading it changes no file.

``launch.py`` tells JupyterLab to call :func:`unrun` before every save.
"""

import subprocess
from pathlib import Path
from typing import Any


def unrun(model: dict[str, Any], path: str, contents_manager: Any, **_: Any) -> None:
    """Take outputs, counts and the kernel's details from a notebook that git keeps.

    What the reader has written stays, and so does all of a notebook that is the reader's own.

    Parameters
    ----------
    model : of the file that is about to be saved; changed in place
    path : below the server's root
    contents_manager : knows that root
    """
    if model["type"] != "notebook" or not kept_by_git(Path(contents_manager.root_dir, path)):
        return
    book = model["content"]
    for cell in book["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
            cell["metadata"].pop("execution", None)
    book["metadata"].pop("widgets", None)
    language = book["metadata"].get("language_info", {})
    book["metadata"]["language_info"] = {"name": language.get("name", "python")}


def kept_by_git(path: Path) -> bool:
    """Whether a file is under version control; not where there is no git."""
    listed = ["git", "ls-files", "--error-unmatch", path.name]
    try:
        done = subprocess.run(listed, cwd=path.parent, capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0
