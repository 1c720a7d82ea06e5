"""The observed record: its reader, its sums and definitions, and that every cell can be used."""

import pickle

import numpy as np
import pytest

from simlib.errors import InputError, UnknownName
from simlib.inputs.observed import RECORD, load_observed, read_period
from simlib.inputs.tables import DATA, load_sources, read_rows

LARGEST = {"share": 1.0, "percent": 100.0}
SMALL = """series,period,value,unit,source,quality,vintage,note
seized,2019,10,kg per year,,final,,
seized,FY2021,20,kg per year,,provisional,,
seized,2023,40,kg per year,,unverified,,
quarterly,2019Q4,1,kg,,final,,
"""

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
    (tmp_path / "seizures.csv").write_text(SMALL)
    return load_observed(tmp_path)


def test_series_gives_middles_values_and_quality(small):
    years, values, quality = small.series("seized")
    assert years.tolist() == [2019.5, 2021.25, 2023.5]
    assert values.tolist() == [10, 20, 40]
    assert quality.tolist() == ["final", "provisional", "unverified"]
    assert small.names == ("seized", "quarterly")
    assert (small.data_end("seized"), small.data_end("quarterly")) == (2024, 2020)
    assert pickle.loads(pickle.dumps(small)).series("seized")[1].tolist() == [10, 20, 40]


def test_yearly_goes_by_calendar_or_fiscal_year(small):
    assert small.yearly("seized") == {2019: 10, 2021: 20, 2023: 40}
    with pytest.raises(InputError, match="not by year: 2019Q4"):
        small.yearly("quarterly")


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


# --- shipped record ---------------------------------------------------------------------------

SHIPPED = load_observed()


@pytest.mark.parametrize("path", sorted((DATA / "observed").glob("*.csv")), ids=lambda p: p.stem)
def test_every_cell_can_be_used(path):
    for row in read_rows(path):
        assert row["series"].isidentifier()
        assert row["quality"] in {"final", "provisional", "unverified"}
        assert row["vintage"]
        assert row["unit"] == SHIPPED[row["series"]].unit
        assert 0 <= float(row["value"]) <= LARGEST.get(row["unit"], 1e15)
        assert read_period(row["period"]), row
        sources = [name.strip() for name in row["source"].split(";")]
        assert set(sources) <= set(load_sources()), row
        assert None not in row


def test_no_cell_is_lost_and_periods_of_a_series_rise_without_overlap():
    rows = sum(len(read_rows(path)) for path in (DATA / "observed").glob("*.csv"))
    assert rows == sum(len(series.values) for series in SHIPPED.values())
    for name, series in SHIPPED.items():
        assert np.all(series.start[1:] >= series.end[:-1]), name
    assert SHIPPED.record_end == SHIPPED[RECORD].end[-1]
    assert load_observed() is SHIPPED


def quarters_by_year(name, fiscal=False):
    series, sums = SHIPPED[name], {}
    for start, value in zip(series.start, series.values, strict=True):
        sums.setdefault(int(start + 0.25 * fiscal), []).append(value)
    return {year: sum(values) for year, values in sums.items() if len(values) == 4}


def test_quarterly_deaths_sum_to_the_final_yearly_counts():
    yearly = SHIPPED.yearly("deaths_synthetic_opioids")
    sums = quarters_by_year(RECORD)
    assert set(sums) == set(range(2013, 2025))
    assert sums == {year: yearly[year] for year in sums}


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
