"""The observed record: consistent with itself, marked cell by cell, refused when broken."""

import numpy as np
import pytest

from simlib.errors import InputError
from simlib.observed import load_observed
from simlib.tables import load_sources

HEADER = "series,period,value,unit,source,quality,vintage,note\n"


def test_quarters_add_up_to_the_final_years() -> None:
    observed = load_observed()
    quarters = observed["deaths_synthetic_opioids_quarterly"]
    years = observed.yearly("deaths_synthetic_opioids")
    for year in range(2013, 2025):
        inside = np.floor(quarters.start + 1e-9) == year
        assert quarters.values[inside].sum() == years[year]


def test_known_counts() -> None:
    years = load_observed().yearly("deaths_synthetic_opioids")
    assert (years[2022], years[2024]) == (73838, 47735)
    assert load_observed().yearly("deaths_any_opioid")[2023] == 79358


def test_record_ends_with_2024() -> None:
    assert load_observed().record_end == 2025.0


def test_every_cell_has_source_quality_and_vintage() -> None:
    sources = load_sources()
    for series in load_observed().values():
        assert set(series.quality) <= {"final", "provisional", "unverified"}
        assert all(source in sources for cell in series.source for source in cell)
        assert all(series.vintage)
        assert np.all(np.isfinite(series.values))


def test_unverified_cells_stay_marked() -> None:
    heroin = load_observed()["deaths_heroin"]
    marks = dict(zip(heroin.periods, heroin.quality, strict=True))
    assert marks["2019"] == "unverified"
    assert marks["2017"] == "final"


def test_drivers_are_held_flat_and_flagged() -> None:
    years, values, _ = load_observed().series("naloxone_kits")
    found, held = load_observed().interpolate("naloxone_kits", np.array([years[-1], 2024.0]))
    np.testing.assert_allclose(found, values[-1])
    assert list(held) == [False, True]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("x,2020,1,people,cdc_wonder_2024,fine,2024,", "fine"),
        ("x,2020,nan,people,cdc_wonder_2024,final,2024,", "number"),
        ("x,2020,-1,people,cdc_wonder_2024,final,2024,", "-1"),
        ("x,20x0,1,people,cdc_wonder_2024,final,2024,", "20x0"),
        ("x,2020,1,people,nobody_1999,final,2024,", "nobody_1999"),
        ("x,2020,1,people,cdc_wonder_2024,final,2024", "cells"),
    ],
)
def test_a_broken_row_is_refused_with_its_line(tmp_path, row: str, said: str) -> None:
    (tmp_path / "bad.csv").write_text(HEADER + row + "\n")
    with pytest.raises(InputError, match=said) as caught:
        load_observed(tmp_path)
    assert "bad.csv" in str(caught.value)
    assert "line 2" in str(caught.value)
