"""The hash that ties a posterior to the model, its parameters and the record."""

import shutil
from pathlib import Path

import pytest

import simlib
from simlib.posterior import SHIPPED, shipped_posterior
from simlib.version import MODEL, model_hash

PACKAGE = Path(simlib.__file__).parent


def test_the_shipped_posterior_belongs_to_this_code() -> None:
    """Where this fails, run `python -m simlib.calibration`."""
    assert shipped_posterior().about["model_hash"] == model_hash()


def test_the_shipped_posterior_is_small_and_says_what_it_rests_on() -> None:
    assert SHIPPED.stat().st_size < 5_000_000
    needed = {"data_vintage", "model_version", "model_hash", "seed", "particles", "moves", "runs"}
    assert needed <= set(shipped_posterior().about)


@pytest.fixture
def copy(tmp_path) -> Path:
    for name in MODEL:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(PACKAGE / f"{name}.py", tmp_path / f"{name}.py")
    shutil.copytree(PACKAGE / "data" / "observed", tmp_path / "data" / "observed")
    shutil.copy(PACKAGE / "data" / "parameters.csv", tmp_path / "data" / "parameters.csv")
    return tmp_path


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("market.py", "import numpy as np\n", "# why not\nimport numpy as np\n\n"),
        ("market.py", '"""', '"""Or: '),
        ("data/parameters.csv", "Remission without treatment", "Leaving use untreated"),
        ("data/parameters.csv", "kit_cost,", "kit_price,"),
    ],
)
def test_words_and_the_future_do_not_count(copy: Path, file: str, old: str, new: str) -> None:
    assert model_hash(copy) == model_hash()
    _edit(copy / file, old, new)
    assert model_hash.__wrapped__(copy) == model_hash()


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("market.py", "import numpy as np", "import numpy as number"),
        ("calibration/likelihood.py", "0.5 *", "0.4 *"),
        ("data/parameters.csv", "remission_rate,", "remission_pace,"),
        ("data/observed/purity.csv", "8.67", "8.66"),
    ],
)
def test_code_numbers_and_record_count(copy: Path, file: str, old: str, new: str) -> None:
    _edit(copy / file, old, new)
    assert model_hash.__wrapped__(copy) != model_hash()
