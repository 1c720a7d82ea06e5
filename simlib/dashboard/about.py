"""What every exported file says about where its numbers come from."""

from dataclasses import dataclass
from datetime import date
from functools import cache
from hashlib import sha256
from pathlib import Path

from simlib.observed import load_observed
from simlib.posterior import shipped_posterior
from simlib.tables import DATA
from simlib.version import __version__

RESULTS = (
    "*.py",
    *(f"analysis/{name}.py" for name in ("identities", "ledger", "wedges")),
    *(
        f"dashboard/{name}.py"
        for name in (
            "catalogue",
            "compute",
            "phrases",
            "several",
            "spending",
            "state",
            "views",
            "words",
        )
    ),
)
"""Modules that decide the numbers of exported files, but for those below."""
NOT_RESULTS = (
    "chart*.py",
    "walkthrough*.py",
    *(
        f"{name}.py"
        for name in (
            *("__init__", "errors", "tables", "version"),
            *("agencies", "fetch", "update", "gallery", "trust"),
            *("chain", "cocaine", "explanations"),
        )
    ),
)
"""Modules beside the model's that move no number of it: pictures, other files, words."""
INPUTS = ("parameters.csv", "programmes.csv", "observed/*.csv", "policies/*.toml")


@cache
def results_hash(package: Path = DATA.parent) -> bytes:
    """Hash of all that decides results: modules of model and analysis, tables, posterior.

    Equal hashes mean equal numbers; different ones that numbers may differ.

    Returns
    -------
    bytes, 32 of them
    """
    left_out = {path for pattern in NOT_RESULTS for path in package.glob(pattern)}
    texts = [path for each in RESULTS for path in package.glob(each) if path not in left_out]
    texts += [path for pattern in INPUTS for path in (package / "data").glob(pattern)]
    found = sha256()
    for path in sorted(texts):
        name = path.relative_to(package).as_posix()
        found.update(f"{name}\0{path.read_text(encoding='utf-8')}\0".encode())
    found.update((package / "data" / "posterior.npz").read_bytes())
    return found.digest()


def data_month() -> int:
    """Last month of the record, counted from January of the year 0."""
    return round(load_observed().record_end * 12) - 1


def month_text(month: int) -> str:
    """A month counted from January of the year 0, as YYYY-MM."""
    return f"{month // 12:04}-{month % 12 + 1:02}"


@dataclass(frozen=True)
class About:
    """Version of model and data, and the day.

    Attributes
    ----------
    version : of the package
    results : first digits of the hash of all that decides results
    vintage : of the data
    day : YYYY-MM-DD
    """

    version: str
    results: str
    vintage: str
    day: str

    def __str__(self) -> str:
        return f"simlib {self.version} ({self.results}). Data: {self.vintage}. {self.day}."


def about() -> About:
    """What a file made now says of itself."""
    vintage = str(shipped_posterior().about["data_vintage"])
    return About(__version__, results_hash().hex()[:8], vintage, date.today().isoformat())
