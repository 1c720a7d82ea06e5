"""What every exported file says about where its numbers come from."""

from dataclasses import dataclass
from datetime import date

from simlib.fingerprint import results_fingerprint
from simlib.inputs.observed import load_observed
from simlib.inputs.posterior import shipped_posterior
from simlib.version import __version__


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
    return About(__version__, results_fingerprint()[:8], vintage, date.today().isoformat())
