"""The observed record: its sums and definitions, its reader, and every fault a cell can have."""

import csv
import pickle

import numpy as np
import pytest

from simlib.errors import InputError, UnknownName
from simlib.inputs.observed import COLUMNS, QUALITIES, RECORD, Observed, load_observed, read_period
from simlib.inputs.tables import DATA, load_sources

GOOD = {
    "series": "seized",
    "period": "2019",
    "value": "10",
    "unit": "gross kg per year",
    "source": "cbp_nationwide_drug_seizures",
    "quality": "final",
    "vintage": "release of 2025",
    "note": "",
}


def write(folder, *rows, name="seizures.csv"):
    with (folder / name).open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, COLUMNS)
        table.writeheader()
        table.writerows(GOOD | row for row in rows)
    return folder


def faults(folder, *rows):
    with pytest.raises(InputError) as caught:
        load_observed(write(folder, *rows))
    return caught.value.messages


# --- periods ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2019", 2019, 2020),
        ("FY2021", 2020.75, 2021.75),
        ("2019Q3", 2019.5, 2019.75),
        ("2024-10", 2024.75, 2024 + 10 / 12),
    ],
)
def test_periods_are_stretches_of_months(text, start, end):
    period = read_period(text)
    assert (period.start, period.end) == (start, pytest.approx(end, abs=1e-12))


@pytest.mark.parametrize(
    "text", ["", "19", "2019Q5", "2019Q0", "FY2019Q1", "2019-13", "2019-1", "2019 ", "٢٠١٩", "3019"]
)
def test_other_periods_are_refused(text):
    assert read_period(text) is None


# --- reading ----------------------------------------------------------------------------------


@pytest.fixture
def small(tmp_path):
    rows = (
        {"period": "2019", "value": "10"},
        {"period": "FY2021", "value": "20", "quality": "provisional"},
        {"period": "2023", "value": "40", "quality": "unverified"},
        {"series": "quarterly", "period": "2019Q4"},
    )
    return load_observed(write(tmp_path, *rows))


def test_series_gives_middles_values_and_quality(small):
    years, values, quality = small.series("seized")
    assert years.tolist() == [2019.5, 2021.25, 2023.5]
    assert values.tolist() == [10, 20, 40]
    assert quality.tolist() == ["final", "provisional", "unverified"]
    assert small.names == ("seized", "quarterly")


def test_yearly_goes_by_calendar_or_fiscal_year(small):
    assert small.yearly("seized") == {2019: 10, 2021: 20, 2023: 40}
    with pytest.raises(InputError, match="not by year: 2019Q4"):
        small.yearly("quarterly")


def test_data_end_is_the_end_of_the_last_period(small):
    assert small.data_end("seized") == 2024
    assert small.data_end("quarterly") == 2020


def test_interpolation_is_linear_between_middles_and_held_outside(small):
    times = np.array([[2018.0, 2019.5, 2020.375], [2022.375, 2023.5, 2030.0]])
    values, held = small.interpolate("seized", times)
    np.testing.assert_allclose(values, [[10, 10, 15], [30, 40, 40]])
    assert held.tolist() == [[True, False, False], [False, False, True]]


def test_an_unknown_series_suggests_the_nearest(small):
    with pytest.raises(UnknownName, match="did you mean 'seized'"):
        small.series("seizd")
    assert "seizd" not in small


def test_the_record_cannot_be_written_to(small):
    with pytest.raises(ValueError, match="read-only"):
        small.series("seized")[1][0] = 0
    with pytest.raises(TypeError):
        small["seized"] = None


def test_observed_survives_pickling(small):
    copy = pickle.loads(pickle.dumps(small))
    assert copy.series("seized")[1].tolist() == [10, 20, 40]


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        ({"series": "Seized!"}, "series", "allowed: a-z"),
        ({"period": "2019Q5"}, "period", "allowed: 2019, FY2021, 2019Q3 or 2024-10"),
        ({"value": "nan"}, "value", "no finite number"),
        ({"value": ""}, "value", "no finite number"),
        ({"value": "-1"}, "value", "-1 is below 0"),
        ({"value": "1.2", "unit": "share"}, "value", "1.2 is above 1, the largest share"),
        ({"value": "101", "unit": "percent"}, "value", "101 is above 100, the largest percent"),
        ({"unit": ""}, "unit", "is empty"),
        ({"source": ""}, "source", "needs a source"),
        ({"source": "cbp"}, "source", "is unknown"),
        ({"quality": "finall"}, "quality", "did you mean 'final'?"),
        ({"vintage": ""}, "vintage", "is empty"),
    ],
)
def test_each_fault_names_file_line_field_and_what_is_allowed(tmp_path, change, field, said):
    (message,) = faults(tmp_path, {"series": "other"}, change)
    assert message.startswith(f"seizures.csv, line 3, {field}: ")
    assert said in message


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("2020", "2020"),
        ("2020", "2019"),
        ("2020", "2020Q3"),
        ("2020", "FY2021"),
        ("2020Q2", "2020"),
    ],
)
def test_periods_must_rise_without_overlap(tmp_path, first, second):
    (message,) = faults(tmp_path, {"period": first}, {"period": second})
    assert f"{second} does not begin after the end of {first}" in message
    assert message.startswith("seizures.csv, line 3, period: ")


def test_a_series_repeated_in_another_file_is_found(tmp_path):
    write(tmp_path, {}, name="first.csv")
    (message,) = faults(tmp_path, {})
    assert "(first.csv, line 2)" in message


def test_a_series_keeps_its_unit(tmp_path):
    (message,) = faults(tmp_path, {}, {"period": "2020", "unit": "lb per year"})
    assert "is not 'gross kg per year'" in message


def test_all_faults_of_all_rows_are_told_at_once(tmp_path):
    messages = faults(tmp_path, {"value": "x", "quality": "?"}, {"period": "2020", "value": "-1"})
    assert [message.split(":")[0] for message in messages] == [
        "seizures.csv, line 2, quality",
        "seizures.csv, line 2, value",
        "seizures.csv, line 3, value",
    ]


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match="holds no observed series"):
        load_observed(tmp_path)


# --- shipped record ---------------------------------------------------------------------------

SHIPPED = load_observed()


def quarters_by_year(name, fiscal=False):
    series, sums = SHIPPED[name], {}
    for start, value in zip(series.start, series.values, strict=True):
        sums.setdefault(int(start + 0.25 * fiscal), []).append(value)
    return {year: sum(values) for year, values in sums.items() if len(values) == 4}


def test_the_shipped_record_is_read_once():
    assert load_observed() is SHIPPED
    assert isinstance(SHIPPED, Observed)


def test_every_cell_says_how_firm_it_is_and_where_it_comes_from():
    for series in SHIPPED.values():
        assert set(series.quality) <= set(QUALITIES)
        assert all(cell and set(cell) <= set(load_sources()) for cell in series.source)
        assert all(series.vintage)


def test_quarterly_deaths_sum_to_the_final_yearly_counts():
    yearly = SHIPPED.yearly("deaths_synthetic_opioids")
    sums = quarters_by_year(RECORD)
    assert set(sums) == set(range(2013, 2025))
    assert sums == {year: yearly[year] for year in sums}


def test_the_record_ends_where_its_last_quarter_ends():
    assert SHIPPED.record_end == SHIPPED[RECORD].end[-1] == SHIPPED.data_end(RECORD)


def test_record_values_against_the_published_ones():
    assert SHIPPED.yearly("deaths_synthetic_opioids")[2022] == 73838
    assert SHIPPED.yearly("deaths_all_drugs")[2024] == 79384
    assert SHIPPED.yearly("deaths_any_opioid")[2021] == 80411
    assert SHIPPED.yearly("fentanyl_share_of_fentanyl_and_heroin_seized")[2019] == 0.31
    assert SHIPPED.yearly("scan_share_trucks") == {2020: 0.16, 2024: 0.27}


def test_kinds_of_drug_stay_below_all_drugs():
    every = SHIPPED.yearly("deaths_all_drugs")
    opioids = SHIPPED.yearly("deaths_any_opioid")
    synthetic = SHIPPED.yearly("deaths_synthetic_opioids")
    assert all(synthetic[year] < opioids[year] < every[year] for year in opioids)


def test_firmness_is_kept_cell_by_cell():
    def quality(name, period):
        series = SHIPPED[name]
        return str(series.quality[series.periods.index(period)])

    assert quality("deaths_synthetic_opioids", "2024") == "final"
    assert quality("deaths_natural_semisynthetic", "2023") == "provisional"
    assert quality("deaths_heroin", "2023") == "unverified"
    assert quality("deaths_any_opioid", "2024") == "unverified"
    assert quality("powder_purity", "2021Q2") == "final"
    assert quality("pill_fentanyl_mg", "2021Q2") == "provisional"
    assert quality("fentanyl_penetration_nflis_share", "2021") == "unverified"


@pytest.mark.parametrize("measure", ["seized", "events"])
def test_ports_and_between_ports_make_up_border_seizures(measure):
    total = SHIPPED[f"cbp_{measure}_quarterly"].values
    parts = (f"cbp_{measure}_ports_quarterly", f"cbp_{measure}_between_ports_quarterly")
    np.testing.assert_allclose(sum(SHIPPED[part].values for part in parts), total, atol=0.11)


@pytest.mark.parametrize("place", ["", "_ports", "_between_ports"])
def test_quarterly_seizures_sum_to_the_fiscal_years(place):
    yearly = SHIPPED.yearly(f"cbp_seized{place}")
    sums = quarters_by_year(f"cbp_seized{place}_quarterly", fiscal=True)
    assert set(sums) == set(range(2019, 2025))
    for year, value in sums.items():
        assert value == pytest.approx(yearly[year], abs=0.5), year


def test_purity_and_exhibits_cover_the_same_periods():
    names = ("powder_purity", "powder_exhibits", "pill_fentanyl_mg", "pill_exhibits")
    assert len({SHIPPED[name].periods for name in names}) == 1


def test_nothing_is_left_out_of_the_shipped_files():
    rows = 0
    for path in (DATA / "observed").glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            rows += sum(1 for _ in csv.DictReader(file))
    assert rows == sum(len(series.values) for series in SHIPPED.values())
