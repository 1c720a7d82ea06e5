"""The fingerprint that ties a posterior to the model, its parameters and the record."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import simlib
from simlib.fingerprint import results_fingerprint
from simlib.inputs.posterior import SHIPPED, shipped_posterior
from simlib.study.fingerprint import past_fingerprint

PACKAGE = Path(simlib.__file__).parent


def test_the_shipped_posterior_belongs_to_this_model() -> None:
    """Where this fails, run `python -m simlib.study`."""
    assert shipped_posterior().about["fingerprint"] == past_fingerprint()


def test_the_shipped_posterior_is_small_and_says_what_it_rests_on() -> None:
    assert SHIPPED.stat().st_size < 5_000_000
    needed = {"data_vintage", "model_version", "fingerprint", "seed", "particles", "moves", "runs"}
    assert needed <= set(shipped_posterior().about)


@pytest.fixture
def copy(tmp_path) -> Path:
    skipped = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PACKAGE, tmp_path / "simlib", ignore=skipped)
    return tmp_path


def _edit(path: Path, old: str, new: str, times: int = -1) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, times), encoding="utf-8")


def _fingerprint(copy: Path, of: str = "study.fingerprint import past_fingerprint") -> str:
    """What another process finds in the copy; not compiled, which takes longer."""
    code = (
        "from simlib import runs; runs.has_numba = lambda: False; "
        f"from simlib.{of} as found; print(found())"
    )
    paths = os.pathsep.join([str(copy), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": paths},
        cwd=copy,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_words_names_in_the_code_and_the_future_do_not_count(copy: Path) -> None:
    for file, old, new in (
        ("model/supply.py", "from typing import", "# why not\n\nfrom typing import"),
        ("model/supply.py", '"""Supply chain:', '"""Or: supply chain:'),
        ("model/supply.py", "grossed", "grossed_up"),
        ("model/market.py", "scarcity_price", "price_of_scarcity"),
        ("data/parameters.csv", "Remission without treatment", "Leaving use untreated"),
        ("data/parameters.csv", "naloxone kit handed out,45,", "naloxone kit handed out,46,"),
    ):
        _edit(copy / "simlib" / file, old, new)
    assert _fingerprint(copy) == past_fingerprint()


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("model/overdose.py", "1 - exp(-efficiency * kits_per_100k)", "1 - exp(-kits_per_100k)"),
        ("study/likelihood.py", "0.5 *", "0.4 *"),
        ("data/parameters.csv", "treatment,0.068,0.05,", "treatment,0.068,0.04,"),
        ("data/observed/purity.csv", "8.67", "8.66"),
    ],
)
def test_equations_and_the_record_count(copy: Path, file: str, old: str, new: str) -> None:
    _edit(copy / "simlib" / file, old, new)
    assert _fingerprint(copy) != past_fingerprint()


RESULTS = "fingerprint import results_fingerprint"


def test_words_and_pictures_move_no_results(copy: Path) -> None:
    _edit(copy / "simlib" / "analysis" / "ledger.py", '"""', '# another comment\n\n"""', 1)
    _edit(copy / "simlib" / "charts" / "style.py", '"""', '# another picture\n\n"""', 1)
    _edit(copy / "simlib" / "data" / "parameters.csv", "Remission without treatment", "Leaving use")
    assert _fingerprint(copy, RESULTS) == results_fingerprint()


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("money.py", "(1.0 + rate)", "(1.1 + rate)"),
        ("data/parameters.csv", "naloxone kit handed out,45,", "naloxone kit handed out,55,"),
        ("data/policies/border_surge.toml", "port_scanning = 1200", "port_scanning = 900"),
        (
            "model/market.py",
            "power(scarcity, -weaker_share)",
            "power(scarcity, -0.5 * weaker_share)",
        ),
    ],
)
def test_equations_policies_and_how_results_are_counted_move_them(
    copy: Path, file: str, old: str, new: str
) -> None:
    _edit(copy / "simlib" / file, old, new)
    assert _fingerprint(copy, RESULTS) != results_fingerprint()
