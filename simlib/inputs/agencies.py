"""Files as the agencies publish them, read into tidy frames with a mark on every number.

Two files: CDC's provisional drug overdose death counts (Vital Statistics Rapid Release, sums over
twelve months) and CBP's nationwide drug seizures. Both are refused as a whole, with every fault,
when any cell cannot be used. A mark says how firm a number is, so that final, provisional and
predicted counts can stand in one frame and never be taken for each other.

Rules for repeated lines: the same line twice is one observation (``times_listed`` tells); two
lines about the same thing that say different numbers are an error.
"""

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from simlib.errors import InputError, shown, told
from simlib.inputs.fetch import read_csv_text
from simlib.inputs.observed import RECORD, Observed, load_observed
from simlib.inputs.tables import Row, rows_of

COUNT_COLUMNS = (
    "State", "Year", "Month", "Period", "Indicator", "Data Value", "Percent Complete",
    "Percent Pending Investigation", "State Name", "Footnote", "Footnote Symbol", "Predicted Value",
)  # fmt: skip
SEIZURE_COLUMNS = (
    "FY", "Month (abbv)", "Component", "Region", "Land Filter", "Area of Responsibility",
    "Drug Type", "Count of Event", "Sum Qty (lbs)",
)  # fmt: skip
MARKS = ("final", "provisional", "predicted")
"""Final: will not change. Provisional: counted so far. Predicted: the agency's estimate of what
will have been counted once all certificates are in."""

SPECIFIED = "Percent with drugs specified"
INDICATORS = {
    "Number of Deaths": "deaths_all_causes",
    "Number of Drug Overdose Deaths": "deaths_all_drugs",
    "Opioids (T40.0-T40.4,T40.6)": "deaths_any_opioid",
    "Synthetic opioids, excl. methadone (T40.4)": "deaths_synthetic_opioids",
    "Heroin (T40.1)": "deaths_heroin",
    "Natural & semi-synthetic opioids (T40.2)": "deaths_natural_semisynthetic",
    "Methadone (T40.3)": "deaths_methadone",
    "Natural & semi-synthetic opioids, incl. methadone (T40.2, T40.3)": "deaths_prescription",
    "Natural, semi-synthetic, & synthetic opioids, incl. methadone (T40.2-T40.4)": (
        "deaths_opioids_but_heroin"
    ),
    "Cocaine (T40.5)": "deaths_cocaine",
    "Psychostimulants with abuse potential (T43.6)": "deaths_psychostimulants",
}
"""Series by CDC's name of it; those of the record bear the record's names."""
PERIOD = "12 month-ending"
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
ABBREVIATED = tuple(month[:3].upper() for month in MONTHS)
FISCAL_START = ABBREVIATED.index("OCT")
"""Months from here on belong to the next fiscal year."""
KG_PER_LB = 0.45359237

_NUMBER = re.compile(r"([0-9]+|[0-9]{1,3}(,[0-9]{3})+)(\.[0-9]*)?")
_DOTTED = re.compile(r"\.[0-9]{3}$")
_YEAR = re.compile(r"(?:19|20)[0-9]{2}")
_FISCAL_YEAR = re.compile(r"((?:19|20)[0-9]{2})( ?\(FYTD\))?")


def read_overdose_counts(source: str | Path) -> pd.DataFrame:
    """Provisional overdose deaths of CDC's VSRR file, one row a place, month, series and mark.

    Parameters
    ----------
    source : path, or an http or https address

    Returns
    -------
    DataFrame
        `place`, `place_name`, `series`, `twelve_months_to` (YYYY-MM), `mark` (provisional or
        predicted; never final, because these are counts by place of occurrence that the final
        ones do not equal even years later), `deaths_in_12_months` (NaN where suppressed),
        `percent_complete`, `percent_pending`, `percent_with_drugs_specified`, `footnote`,
        `times_listed`.

    Raises
    ------
    InputError
        With every fault: file, line, column and what is allowed.
    """
    name, text = read_csv_text(source)
    rows = _rows(name, text, COUNT_COLUMNS)
    found = [_count(row) for row in rows]
    kept = _once(rows, found, ("place", "twelve_months_to", "indicator"))
    _raise(name, rows)
    shares = {
        (each["place"], each["twelve_months_to"]): each["value"]
        for each in kept
        if each["indicator"] == SPECIFIED
    }
    tidy = [
        _marked(each, mark, shares)
        for each in kept
        if each["indicator"] != SPECIFIED
        for mark in ("provisional", "predicted")
        if mark == "provisional" or not math.isnan(each["predicted"])
    ]
    if not tidy:
        raise InputError(f"{name}: holds no counts")
    order = ["place", "series", "twelve_months_to", "mark"]
    return pd.DataFrame(tidy).sort_values(order, kind="stable", ignore_index=True)


def _marked(each: Mapping[str, Any], mark: str, shares: Mapping[Any, float]) -> dict[str, Any]:
    """One number of a line of counts, as a row of the tidy frame."""
    return {
        "place": each["place"],
        "place_name": each["place_name"],
        "series": INDICATORS[each["indicator"]],
        "twelve_months_to": each["twelve_months_to"],
        "mark": mark,
        "deaths_in_12_months": each["predicted" if mark == "predicted" else "value"],
        "percent_complete": each["percent_complete"],
        "percent_pending": each["percent_pending"],
        "percent_with_drugs_specified": shares.get(
            (each["place"], each["twelve_months_to"]), np.nan
        ),
        "footnote": each["footnote"],
        "times_listed": each["times_listed"],
    }


def _count(row: Row) -> dict[str, Any]:
    """A line of counts; what cannot be used becomes a fault of the row."""
    cells = row.cells
    indicator = row.choice("Indicator", (*INDICATORS, SPECIFIED))
    month = row.choice("Month", MONTHS)
    row.choice("Period", (PERIOD,))
    if not _YEAR.fullmatch(cells["Year"]):
        row.faults.add("Year", f"{shown(cells['Year'])} is no year; allowed: four digits")
    percent = indicator == SPECIFIED
    number = MONTHS.index(month) + 1 if month in MONTHS else 0
    return {
        "place": row.text("State"),
        "place_name": row.text("State Name"),
        "indicator": indicator,
        "twelve_months_to": f"{cells['Year']}-{number:02}",
        "value": _amount(row, "Data Value", whole=not percent, percent=percent, blank=True),
        "predicted": _amount(row, "Predicted Value", whole=not percent, blank=True),
        "percent_complete": _amount(row, "Percent Complete", percent=True, blank=True),
        "percent_pending": _amount(row, "Percent Pending Investigation", percent=True, blank=True),
        "footnote": cells["Footnote"],
    }


def final_counts(observed: Observed | None = None) -> pd.DataFrame:
    """Final deaths of the record over twelve months, in the columns of the provisional ones.

    Synthetic opioids, the United States, sums that end with a quarter.

    Returns
    -------
    DataFrame
        `place`, `series`, `twelve_months_to`, `mark` (final), `deaths_in_12_months`.
    """
    series = (observed or load_observed())[RECORD]
    sums = np.convolve(series.values, np.ones(4), mode="valid")
    ends = [round(12 * end) - 1 for end in series.end[3:]]
    return pd.DataFrame(
        {
            "place": "US",
            "series": RECORD.removesuffix("_quarterly"),
            "twelve_months_to": [f"{month // 12}-{month % 12 + 1:02}" for month in ends],
            "mark": ["final" if q == "final" else "provisional" for q in series.quality[3:]],
            "deaths_in_12_months": sums,
        }
    )


def read_drug_seizures(source: str | Path) -> pd.DataFrame:
    """CBP's nationwide drug seizures, one row a month, place and drug, in gross kilograms.

    Parameters
    ----------
    source : path, or an http or https address

    Returns
    -------
    DataFrame
        `month` (YYYY-MM of the calendar; a fiscal year begins in October of the year before),
        `fiscal_year`, `component`, `region`, `land_filter`, `area`, `drug`, `events`, `gross_kg`,
        `mark` (final for a fiscal year that is not marked as running and has all twelve months
        in the file, else provisional), `times_listed`.

    Raises
    ------
    InputError
        With every fault: file, line, column and what is allowed.
    """
    name, text = read_csv_text(source)
    rows = _rows(name, text, SEIZURE_COLUMNS)
    found = [_seizure(row) for row in rows]
    kept = _once(rows, found, ("month", "component", "region", "land_filter", "area", "drug"))
    _raise(name, rows)
    if not kept:
        raise InputError(f"{name}: holds no seizures")
    table = pd.DataFrame(kept)
    running = table.groupby("fiscal_year")["running"].transform("any")
    whole = table.groupby("fiscal_year")["month"].transform("nunique") == len(MONTHS)
    table["mark"] = np.where(whole & ~running, "final", "provisional")
    order = ["month", "component", "region", "land_filter", "area", "drug"]
    return table.drop(columns="running").sort_values(order, kind="stable", ignore_index=True)


def _seizure(row: Row) -> dict[str, Any]:
    """A line of seizures; what cannot be used becomes a fault of the row."""
    year = _FISCAL_YEAR.fullmatch(row.cells["FY"])
    if not year:
        allowed = "allowed: 2024, or 2025 (FYTD) for one that still runs"
        row.faults.add("FY", f"{shown(row.cells['FY'])} is no fiscal year; {allowed}")
    abbreviated = row.cells["Month (abbv)"].upper()
    if abbreviated not in ABBREVIATED:
        allowed = f"allowed: {', '.join(ABBREVIATED)}"
        row.faults.add("Month (abbv)", f"{shown(row.cells['Month (abbv)'])} is no month; {allowed}")
    fiscal = int(year[1]) if year else 0
    month = ABBREVIATED.index(abbreviated) if abbreviated in ABBREVIATED else 0
    return {
        "month": f"{fiscal - (month >= FISCAL_START)}-{month + 1:02}",
        "fiscal_year": fiscal,
        "running": bool(year and year[2]),
        "component": row.text("Component"),
        "region": row.text("Region"),
        "land_filter": row.text("Land Filter"),
        "area": row.text("Area of Responsibility"),
        "drug": row.text("Drug Type"),
        "events": _amount(row, "Count of Event", whole=True),
        "gross_kg": _amount(row, "Sum Qty (lbs)") * KG_PER_LB,
    }


def _rows(name: str, text: str, columns: Sequence[str]) -> list[Row]:
    """Lines of the file, the last of which must be whole."""
    faults = [] if text.endswith(("\n", "\r")) else [_cut_off(name)]
    try:
        rows = rows_of(text, name, columns)
    except InputError as error:
        raise InputError(told(name, [*error.messages, *faults])) from error
    if faults:
        for row in rows[-1:]:
            row.faults.messages += faults
    return rows


def _cut_off(name: str) -> str:
    what = "does not end with a line break, so the file may be cut off"
    return f"{name}, last line: {what}; fetch it again, or add the line break if it is whole"


def _amount(
    row: Row, field: str, *, whole: bool = False, percent: bool = False, blank: bool = False
) -> float:
    """A number of 0 or more, thousands separated by commas or not; NaN where blank or at fault."""
    cell = row.cells[field]
    if not cell and blank:
        return np.nan
    value = float(cell.replace(",", "")) if _NUMBER.fullmatch(cell) else np.nan
    allowed = "a whole number" if whole else "a number"
    allowed += " of 0 to 100" if percent else " of 0 or more"
    usable = math.isfinite(value) and not (whole and value % 1) and not (percent and value > 100)
    if whole and _DOTTED.search(cell):  # 45.000 is 45 thousand to half of the world
        usable, allowed = False, f"{allowed} without a dot before three digits"
    if not usable:
        empty = ", or nothing where it is suppressed" if blank else ""
        example = "" if percent else ", such as 48661 or 48,661"
        row.faults.add(field, f"{shown(cell)} cannot be used; allowed: {allowed}{example}{empty}")
        return np.nan
    return value


def _once(
    rows: Sequence[Row], found: Sequence[dict[str, Any]], key: Sequence[str]
) -> list[dict[str, Any]]:
    """Each observation once, counted; lines that contradict an earlier one get a fault."""
    seen: dict[tuple[Any, ...], tuple[Row, dict[str, Any]]] = {}
    for row, each in zip(rows, found, strict=True):
        if row.faults.messages:
            continue
        about = tuple(each[part] for part in key)
        if about not in seen:
            seen[about] = (row, each | {"times_listed": 1})
            continue
        first, kept = seen[about]
        differing = [column for column, cell in row.cells.items() if cell != first.cells[column]]
        if differing:
            where = first.faults.where.rpartition(", ")[2]
            row.faults.add(differing[0], f"contradicts {where}, which is about the same thing")
        kept["times_listed"] += 1
    return [kept for _, kept in seen.values()]


def _raise(name: str, rows: Sequence[Row]) -> None:
    messages = [message for row in rows for message in row.faults.messages]
    if messages:
        raise InputError(told(name, messages))
