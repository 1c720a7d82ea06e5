"""Agencies' files: what is read, what is refused, and in which words."""

import csv
import http.server
import io
import threading
import time

import numpy as np
import pytest

from simlib.errors import MOST_TOLD, InputError
from simlib.inputs import agencies, fetch
from simlib.inputs.agencies import final_counts, read_drug_seizures, read_overdose_counts
from simlib.inputs.observed import load_observed

SYNTHETIC = "Synthetic opioids, excl. methadone (T40.4)"
COUNT = {
    "State": "US",
    "Year": "2025",
    "Month": "March",
    "Period": "12 month-ending",
    "Indicator": SYNTHETIC,
    "Data Value": "43,210",
    "Percent Complete": "100",
    "Percent Pending Investigation": "0.2",
    "State Name": "United States",
    "Footnote": "",
    "Footnote Symbol": "",
    "Predicted Value": "44,000",
}
SEIZURE = {
    "FY": "2024",
    "Month (abbv)": "OCT",
    "Component": "Office of Field Operations",
    "Region": "Southwest Border",
    "Land Filter": "Land Only",
    "Area of Responsibility": "SAN DIEGO FIELD OFFICE",
    "Drug Type": "Fentanyl",
    "Count of Event": "12",
    "Sum Qty (lbs)": "1,000.50",
}


def as_csv(first, *changes):
    text = io.StringIO()
    writer = csv.DictWriter(text, list(first))
    writer.writeheader()
    writer.writerows(first | change for change in changes or ({},))
    return text.getvalue()


def counts(*changes):
    return as_csv(COUNT, *changes)


def seizures(*changes):
    return as_csv(SEIZURE, *changes)


@pytest.fixture
def write(tmp_path):
    def written(text, name="mine.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return path

    return written


def messages(read, source):
    with pytest.raises(InputError) as caught:
        read(source)
    return caught.value.messages


# --- counts -----------------------------------------------------------------------------------


def test_reported_and_predicted_counts_are_told_apart(write):
    found = read_overdose_counts(write(counts()))
    assert found["mark"].tolist() == ["predicted", "provisional"]
    assert found["deaths_in_12_months"].tolist() == [44000, 43210]
    assert set(found["twelve_months_to"]) == {"2025-03"}
    assert set(found["series"]) == {"deaths_synthetic_opioids"}
    assert set(found["percent_pending"]) == {0.2}


def test_a_suppressed_count_is_no_number_and_keeps_its_reason(write):
    (row,) = read_overdose_counts(
        write(counts({"Data Value": "", "Predicted Value": "", "Footnote": "Suppressed"}))
    ).to_dict("records")
    assert np.isnan(row["deaths_in_12_months"])
    assert row["footnote"] == "Suppressed"


def test_the_share_with_drugs_specified_stands_beside_the_counts(write):
    share = {
        "Indicator": "Percent with drugs specified",
        "Data Value": "95.5",
        "Predicted Value": "",
    }
    found = read_overdose_counts(write(counts({}, share)))
    assert len(found) == 2
    assert set(found["percent_with_drugs_specified"]) == {95.5}


def test_final_counts_carry_their_mark_and_are_sums_of_four_quarters():
    found = final_counts().set_index("twelve_months_to")
    yearly = load_observed().yearly("deaths_synthetic_opioids")
    assert set(found["mark"]) == {"final"}
    for year, deaths in yearly.items():
        if year >= 2013:
            assert found.loc[f"{year}-12", "deaths_in_12_months"] == deaths
    assert found.index[0] == "2013-12"


def test_final_and_provisional_counts_share_their_columns(write):
    found = read_overdose_counts(write(counts()))
    assert set(final_counts().columns) <= set(found.columns)
    assert "final" not in set(found["mark"])


# --- seizures ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("year", "month", "calendar"),
    [("2024", "OCT", "2023-10"), ("2024", "dec", "2023-12"), ("2024", "JAN", "2024-01")],
)
def test_fiscal_months_become_calendar_months(write, year, month, calendar):
    found = read_drug_seizures(write(seizures({"FY": year, "Month (abbv)": month})))
    assert found["month"].tolist() == [calendar]
    assert found["fiscal_year"].tolist() == [2024]


def test_pounds_become_kilograms(write):
    found = read_drug_seizures(write(seizures()))
    assert found["gross_kg"].tolist() == [pytest.approx(453.8191661)]
    assert found["events"].tolist() == [12]


def test_only_a_whole_year_that_no_longer_runs_is_final(write):
    whole = [{"FY": "2023", "Month (abbv)": month} for month in agencies.ABBREVIATED]
    part = [{"FY": "2024", "Month (abbv)": month} for month in agencies.ABBREVIATED[:11]]
    running = [{"FY": "2025 (FYTD)", "Month (abbv)": m} for m in agencies.ABBREVIATED]
    found = read_drug_seizures(write(seizures(*whole, *part, *running)))
    marks = found.groupby("fiscal_year")["mark"].unique().map(list).to_dict()
    assert marks == {2023: ["final"], 2024: ["provisional"], 2025: ["provisional"]}


# --- faults -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "column", "said"),
    [
        ({"Year": "25"}, "Year", "'25' is no year; allowed: four digits"),
        ({"Month": "Brumaire"}, "Month", "is unknown; allowed: April, August"),
        ({"Period": "6 month-ending"}, "Period", "did you mean '12 month-ending'?"),
        ({"Indicator": "Heroine (T40.1)"}, "Indicator", "did you mean 'Heroin (T40.1)'?"),
        ({"Data Value": "4,32"}, "Data Value", "'4,32' cannot be used; allowed: a whole number"),
        ({"Data Value": "43.5"}, "Data Value", "whole number of 0 or more"),
        ({"Data Value": "-5"}, "Data Value", "of 0 or more"),
        ({"Data Value": "nan"}, "Data Value", "or nothing where it is suppressed"),
        ({"Predicted Value": "1e9"}, "Predicted Value", "cannot be used"),
        ({"Percent Complete": "101"}, "Percent Complete", "a number of 0 to 100"),
        ({"State": ""}, "State", "is empty"),
    ],
)
def test_a_bad_count_names_file_line_column_and_what_is_allowed(write, change, column, said):
    (message,) = messages(read_overdose_counts, write(counts({"State": "AK"}, change)))
    assert message.startswith(f"mine.csv, line 3, {column}: ")
    assert said in message


@pytest.mark.parametrize(
    ("change", "column", "said"),
    [
        ({"FY": "24"}, "FY", "allowed: 2024, or 2025 (FYTD)"),
        ({"Month (abbv)": "OKT"}, "Month (abbv)", "allowed: JAN, FEB"),
        ({"Count of Event": "1.5"}, "Count of Event", "whole number"),
        ({"Sum Qty (lbs)": ""}, "Sum Qty (lbs)", "a number of 0 or more"),
        ({"Drug Type": ""}, "Drug Type", "is empty"),
    ],
)
def test_a_bad_seizure_names_file_line_column_and_what_is_allowed(write, change, column, said):
    (message,) = messages(read_drug_seizures, write(seizures({"FY": "2023"}, change)))
    assert message.startswith(f"mine.csv, line 3, {column}: ")
    assert said in message


def test_all_faults_are_told_at_once_and_no_more_than_can_be_read(write):
    bad = {"Year": "?", "Data Value": "?"}
    assert len(messages(read_overdose_counts, write(counts(bad, bad)))) == 4
    many = messages(read_overdose_counts, write(counts(*[bad] * 1000)))
    assert len(many) == MOST_TOLD + 1
    assert many[-1] == "mine.csv: and 1,950 more faults"


def test_the_same_line_twice_is_one_observation(write):
    found = read_overdose_counts(write(counts({}, {}, {"State": "AK"})))
    assert found["times_listed"].tolist() == [1, 1, 2, 2]
    assert len(read_drug_seizures(write(seizures({}, {})))) == 1


@pytest.mark.parametrize(
    ("read", "text", "column"),
    [
        (read_overdose_counts, counts({}, {"Data Value": "1"}), "Data Value"),
        (read_drug_seizures, seizures({}, {"Sum Qty (lbs)": "1"}), "Sum Qty (lbs)"),
    ],
)
def test_lines_that_contradict_each_other_are_refused(write, read, text, column):
    (message,) = messages(read, write(text))
    assert message == (
        f"mine.csv, line 3, {column}: contradicts line 2, which is about the same thing"
    )


def test_columns_may_stand_in_any_order_but_must_be_the_known_ones(write):
    turned = {name: COUNT[name] for name in reversed(COUNT)}
    assert len(read_overdose_counts(write(as_csv(turned)))) == 2
    lacking = {k: v for k, v in COUNT.items() if k != "Year"} | {"Port": "x"}
    said = messages(read_overdose_counts, write(as_csv(lacking)))
    assert "mine.csv, header: column 'Year' must be there once, not 0x" in said
    assert any(m.startswith("mine.csv, header: column 'Port' is unknown") for m in said)


def test_the_other_agency_s_file_is_refused(write):
    assert len(messages(read_drug_seizures, write(counts()))) > 9


@pytest.mark.parametrize("cut", [1, 3, 20])
def test_a_cut_off_last_line_is_noticed(write, cut):
    said = messages(read_overdose_counts, write(counts({}, {"State": "AK"}).rstrip()[:-cut]))
    assert any("last line: does not end with a line break" in m for m in said)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings_are_recognised(write, encoding):
    place = {"State Name": "Peña Blanca"}
    found = read_overdose_counts(write(counts(place), encoding=encoding))
    assert set(found["place_name"]) == {"Peña Blanca"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<!DOCTYPE html><html></html>\n", "is a web page, not a CSV file"),
        (b"PK\x03\x04rest", "is a spreadsheet or archive; save it as CSV"),
        (b"\x00\x01\x02", "is no text"),
        (b"\x81\x8d\xff", "neither UTF-8, UTF-16 nor Windows-1252"),
        ("", "is empty"),
        (" \n", "is empty"),
        (counts().splitlines()[0] + "\n", "holds no counts"),
        ('"State\n', "cannot be read"),
    ],
)
def test_another_kind_of_file_is_refused_in_words(write, text, said):
    assert said in messages(read_overdose_counts, write(text))[0]


def test_a_missing_or_huge_file_is_refused(tmp_path, write, monkeypatch):
    assert "cannot be read" in messages(read_overdose_counts, tmp_path / "no.csv")[0]
    monkeypatch.setattr(fetch, "MAX_BYTES", 100)
    assert "is larger than" in messages(read_overdose_counts, write(counts()))[0]


def test_a_whole_national_file_is_read_in_seconds(write):
    many = [
        {"State": f"S{place}", "Year": str(year), "Month": month, "Indicator": indicator}
        for place in range(54)
        for year in range(2015, 2025)
        for month in agencies.MONTHS
        for indicator in agencies.INDICATORS
    ]
    path = write(counts(*many))
    began = time.process_time()
    assert len(read_overdose_counts(path)) == 2 * len(many)
    assert time.process_time() - began < 30


# --- web --------------------------------------------------------------------------------------


class Agency(http.server.BaseHTTPRequestHandler):
    """A server on this machine; the path says how it behaves."""

    def do_GET(self):
        body = counts().encode()
        if self.path == "/moved.csv":
            self.send_response(302)
            self.send_header("Location", "file:///etc/hostname")
            self.end_headers()
            return
        if self.path == "/gone.csv":
            self.send_error(404)
            return
        self.send_response(200)
        kind = "text/html" if self.path == "/page.csv" else "text/csv; charset=utf-8"
        self.send_header("Content-Type", kind)
        length = {"/half.csv": len(body) + 10, "/huge.csv": 10**12}.get(self.path, len(body))
        if self.path != "/endless.csv":
            self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(body * (50 if self.path == "/endless.csv" else 1))

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture(scope="module")
def server():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Agency) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def test_a_file_is_read_from_an_address(server):
    assert len(read_overdose_counts(f"{server}/whole.csv")) == 2


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("half.csv", "arrived; fetch it again"),
        ("gone.csv", "the server says 404"),
        ("huge.csv", "is larger than the 64 MiB allowed"),
        ("page.csv", "the server sends text/html; allowed: text/csv"),
        ("moved.csv", "the server says 302"),
    ],
)
def test_an_answer_that_is_no_whole_csv_file_is_refused(server, path, said):
    (message,) = messages(read_overdose_counts, f"{server}/{path}")
    assert message.startswith(f"{path}: ")
    assert said in message


def test_an_endless_answer_is_cut_short(server, monkeypatch):
    monkeypatch.setattr(fetch, "MAX_BYTES", 2000)
    assert "is larger than" in messages(read_overdose_counts, f"{server}/endless.csv")[0]


def test_a_slow_answer_is_given_up(server, monkeypatch):
    monkeypatch.setattr(fetch, "DEADLINE_SECONDS", -1.0)
    assert "still not whole" in messages(read_overdose_counts, f"{server}/whole.csv")[0]


def test_a_server_that_is_not_there_is_told_in_words(server):
    assert "cannot be fetched" in messages(read_overdose_counts, "http://127.0.0.1:9/x.csv")[0]


@pytest.mark.parametrize("address", ["ftp://a/b.csv", "file:///etc/hostname", "http://[/x.csv"])
def test_other_addresses_are_refused(address):
    assert messages(read_overdose_counts, address)


@pytest.mark.parametrize("cell", ["45.000", "1.234", "45000.000"])
def test_a_dot_before_three_digits_may_mean_thousands_and_is_refused(write, cell):
    (told,) = messages(read_overdose_counts, write(counts({"Data Value": cell})))
    assert "Data Value" in told
    assert "without a dot before three digits" in told
    for whole in ("45000", "45,000", "45000.0"):
        found = read_overdose_counts(write(counts({"Data Value": whole})))
        assert 45_000 in found["deaths_in_12_months"].to_list()
    assert len(messages(read_drug_seizures, write(seizures({"Count of Event": cell})))) == 1
    assert len(read_drug_seizures(write(seizures({"Sum Qty (lbs)": "1.234"})))) == 1


def test_two_byte_order_marks_are_none(write):
    whole = read_overdose_counts(write(counts({})))
    twice = read_overdose_counts(write(b"\xef\xbb\xbf" * 2 + counts({}).encode()))
    assert twice.equals(whole)


def test_what_is_no_file_is_not_waited_for(tmp_path):
    import os

    os.mkfifo(tmp_path / "pipe.csv")
    for source in (tmp_path / "pipe.csv", tmp_path, tmp_path / "a\0b", "a\udc80b", 7, None):
        (told,) = messages(read_overdose_counts, source)
        told.encode()
