"""Files as the agencies publish them, read into tidy frames with a mark on every number.

Two files: CDC's provisional drug overdose death counts (Vital Statistics Rapid Release, sums over
twelve months) and CBP's nationwide drug seizures. Both are refused as a whole, with every fault,
when any cell cannot be used. A mark says how firm a number is, so that final, provisional and
predicted counts can stand in one frame and never be taken for each other.

Rules for repeated lines: the same line twice is one observation (``times_listed`` tells); two
lines about the same thing that say different numbers are an error.
"""

import csv
import io
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from simlib.errors import MOST_TOLD, InputError, shown, told, unknown
from simlib.inputs.fetch import read_csv_text
from simlib.inputs.observed import RECORD, Observed, load_observed, month_name

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

_NUMBER = r"(?:[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.[0-9]*)?"
_FISCAL_YEAR = r"^((?:19|20)[0-9]{2})( ?\(FYTD\))?$"
CUT_OFF = (
    "does not end with a line break, so the file may be cut off; fetch it again, or add the line "
    "break if it is whole"
)
MOST = 1e15
KINDS = {
    "count": (
        "a whole number of 0 or more without a dot before three digits, such as 48661 or 48,661",
        MOST,
    ),
    "percent": ("a number of 0 to 100", 100.0),
    "amount": ("a number of 0 or more, such as 48661 or 48,661", MOST),
}
"""Numbers that columns hold: what is allowed, in words, and the most."""


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
    file = _File(source, COUNT_COLUMNS)
    indicator = file.choice("Indicator", (*INDICATORS, SPECIFIED))
    month = file.choice("Month", MONTHS).map({m: f"{n:02}" for n, m in enumerate(MONTHS, 1)})
    file.choice("Period", (PERIOD,))
    year = file.cells["Year"]
    bad_year = ~year.str.fullmatch(r"(?:19|20)[0-9]{2}")
    file.fault("Year", bad_year, lambda cell: f"{shown(cell)} is no year; allowed: four digits")
    percent = indicator == SPECIFIED
    counted = file.number("Data Value", "count", ~percent, blank=True)
    share = file.number("Data Value", "percent", percent, blank=True)
    lines = pd.DataFrame(
        {
            "place": file.text("State"),
            "place_name": file.text("State Name"),
            "indicator": indicator,
            "twelve_months_to": year + "-" + month,
            "provisional": counted.where(~percent, share),
            "predicted": file.number("Predicted Value", "count", blank=True),
            "percent_complete": file.number("Percent Complete", "percent", blank=True),
            "percent_pending": file.number("Percent Pending Investigation", "percent", blank=True),
            "footnote": file.cells["Footnote"],
        }
    )
    lines = file.once(lines, ["place", "twelve_months_to", "indicator"])
    about = ["place", "twelve_months_to"]
    specified = lines[lines["indicator"] == SPECIFIED].set_index(about)["provisional"]
    specified = specified.rename("percent_with_drugs_specified")
    lines = lines[lines["indicator"] != SPECIFIED].join(specified, on=about)
    if lines.empty:
        raise InputError(f"{file.name}: holds no counts")
    lines["series"] = lines["indicator"].map(INDICATORS)
    tidy = lines.melt(
        lines.columns.difference(["indicator", "provisional", "predicted"], sort=False),
        ["provisional", "predicted"],
        "mark",
        "deaths_in_12_months",
    )
    tidy = tidy[(tidy["mark"] == "provisional") | tidy["deaths_in_12_months"].notna()]
    order = ["place", "series", "twelve_months_to", "mark"]
    return tidy.sort_values(order, kind="stable", ignore_index=True)


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
            "twelve_months_to": list(map(month_name, ends)),
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
    file = _File(source, SEIZURE_COLUMNS)
    year = file.cells["FY"].str.extract(_FISCAL_YEAR)
    allowed = "allowed: 2024, or 2025 (FYTD) for one that still runs"
    file.fault("FY", year[0].isna(), lambda cell: f"{shown(cell)} is no fiscal year; {allowed}")
    abbreviated = file.cells["Month (abbv)"].str.upper()
    file.fault(
        "Month (abbv)",
        ~abbreviated.isin(ABBREVIATED),
        lambda cell: f"{shown(cell)} is no month; allowed: {', '.join(ABBREVIATED)}",
    )
    month = abbreviated.map({m: n for n, m in enumerate(ABBREVIATED)}).fillna(0).astype(int)
    fiscal = year[0].fillna("0").astype(int)
    count = 12 * (fiscal - (month >= FISCAL_START)) + month
    lines = pd.DataFrame(
        {
            "month": count.map(month_name),
            "fiscal_year": fiscal,
            "running": year[1].notna(),
            "component": file.text("Component"),
            "region": file.text("Region"),
            "land_filter": file.text("Land Filter"),
            "area": file.text("Area of Responsibility"),
            "drug": file.text("Drug Type"),
            "events": file.number("Count of Event", "count"),
            "gross_kg": file.number("Sum Qty (lbs)", "amount") * KG_PER_LB,
        }
    )
    order = ["month", "component", "region", "land_filter", "area", "drug"]
    lines = file.once(lines, order)
    if lines.empty:
        raise InputError(f"{file.name}: holds no seizures")
    by_year = lines.groupby("fiscal_year")
    whole = by_year["month"].transform("nunique") == len(MONTHS)
    final = whole & ~by_year["running"].transform("any")
    lines["mark"] = np.where(final, "final", "provisional")
    return lines.drop(columns="running").sort_values(order, kind="stable", ignore_index=True)


class _File:
    """Cells of an agency's file by line, and what is wrong with them.

    Parameters
    ----------
    source : path or address
    columns : names that the header must hold, in any order

    Raises
    ------
    InputError
        When it is no such table at all.
    """

    def __init__(self, source: str | Path, columns: Sequence[str]) -> None:
        self.name, text = read_csv_text(source)
        self._faults: list[tuple[int, str, Callable[[str], str], str]] = []
        whole = text.endswith(("\n", "\r"))
        cut_off = [] if whole else [f"{self.name}, last line: {CUT_OFF}"]
        try:
            reader = csv.reader(io.StringIO(text.lstrip("\ufeff"), newline=""), strict=True)
            (_, header), *lines = [(reader.line_num, cells) for cells in reader if cells]
        except csv.Error as error:
            why = [f"{self.name}: cannot be read as a table: {error}", *cut_off]
            raise InputError(why) from error
        names = [cell.strip() for cell in header]
        wrong = [
            f"header: column {column!r} must be there once, not {names.count(column)}x"
            for column in columns
            if names.count(column) != 1
        ]
        wrong += [f"header: column {unknown(c, columns)}" for c in names if c not in columns]
        wrong += [
            f"line {number}: has {len(cells)} cells; the header has {len(names)}"
            for number, cells in lines
            if len(cells) != len(names)
        ]
        if wrong or cut_off:
            faults = [f"{self.name}, {message}" for message in wrong]
            raise InputError(told(self.name, [*faults, *cut_off]))
        numbers, cells = [number for number, _ in lines], [cells for _, cells in lines]
        self.cells = pd.DataFrame(cells, numbers, names, dtype=str).apply(lambda c: c.str.strip())

    def fault(self, field: str, wrong: "pd.Series[bool]", problem: Callable[[str], str]) -> None:
        """Note a problem of the lines that are wrong; it is said of the cell when it is told."""
        self._faults += [
            (int(line), field, problem, cell) for line, cell in self.cells[field][wrong].items()
        ]

    def text(self, field: str) -> "pd.Series[str]":
        """Cells that must not be empty."""
        self.fault(field, self.cells[field] == "", lambda cell: "is empty; some text is needed")
        return self.cells[field]

    def choice(self, field: str, allowed: Collection[str]) -> "pd.Series[str]":
        """Cells that must hold one of some words."""
        wrong = ~self.cells[field].isin(list(allowed))
        self.fault(field, wrong, lambda cell: unknown(cell, allowed))
        return self.cells[field]

    def number(
        self, field: str, kind: str, where: "pd.Series[bool] | bool" = True, *, blank: bool = False
    ) -> "pd.Series[float]":
        """Numbers of one of `KINDS`, thousands separated by commas or not; NaN where blank.

        Parameters
        ----------
        where : lines that are judged
        """
        cells, (allowed, most) = self.cells[field], KINDS[kind]
        values = cells.where(cells.str.fullmatch(_NUMBER), "nan").str.replace(",", "").astype(float)
        wrong = ~(values <= most)
        if kind == "count":  # 45.000 is 45 thousand to half of the world
            wrong |= (values % 1 != 0) | cells.str.contains(r"\.[0-9]{3}$")
        empty = ", or nothing where it is suppressed" if blank else ""
        said = f"cannot be used; allowed: {allowed}{empty}"
        wrong &= ((cells != "") | (not blank)) & where
        self.fault(field, wrong, lambda cell: f"{shown(cell)} {said}")
        return values

    def once(self, lines: pd.DataFrame, key: list[str]) -> pd.DataFrame:
        """Each observation once, counted, when no line has a fault or contradicts another.

        Raises
        ------
        InputError
            With every fault.
        """
        bad = {line for line, *_ in self._faults}
        sound, cells = (table[~table.index.isin(bad)] for table in (lines, self.cells))
        same = [sound[part] for part in key]
        first = sound.index.to_series().groupby(same).transform("first")
        differing = cells != cells.loc[first].set_axis(cells.index)
        for line in cells.index[differing.any(axis=1)]:
            field = str(differing.columns[differing.loc[line]][0])
            problem = f"contradicts line {first[line]}, which is about the same thing".format
            self._faults.append((int(line), field, problem, ""))
        if self._faults:
            told_of = sorted(self._faults, key=lambda fault: fault[0])
            messages = [
                f"{self.name}, line {line}, {field}: {problem(cell)}"
                for line, field, problem, cell in told_of[:MOST_TOLD]
            ]
            messages += [""] * (len(told_of) - MOST_TOLD)
            raise InputError(told(self.name, messages))
        return sound.assign(times_listed=sound.groupby(key)[key[0]].transform("size"))[
            first == first.index
        ]
