"""Shipped results: whose they are, what they say in words, tables, pictures and page."""

import numpy as np
import pandas as pd
import pytest

from simlib import runs
from simlib.analysis import trust
from simlib.charts import trust as pictures
from simlib.compare import CANNOT_TELL
from simlib.dashboard import album
from simlib.errors import InputError
from simlib.inputs.parameters import load_parameters
from simlib.inputs.posterior import shipped_posterior
from simlib.model import overdose, supply
from simlib.study import backtest, commands, contraction, report
from simlib.study.fingerprint import model_fingerprint, past_fingerprint


@pytest.mark.parametrize("name", trust.STUDIES)
def test_results_belong_to_the_model_that_is_shipped(name: str) -> None:
    """Else run the study again: `python -m simlib.study.<study>`."""
    now = past_fingerprint() if name in commands.PAST else model_fingerprint()
    assert set(trust.result(name)["model"]) == {now}


def test_prior_against_posterior_is_of_the_shipped_posterior() -> None:
    now = contraction.table(shipped_posterior())
    shipped = trust.result("contraction")[now.columns]
    pd.testing.assert_frame_equal(shipped, now, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    ("name", "by"),
    [("backtest", ("forecaster",)), ("backtest_by_year", ("forecaster", "years_ahead"))],
)
def test_scores_are_those_of_the_cases(name: str, by: tuple[str, ...]) -> None:
    now = backtest.summary(trust.result("backtest_cases"), by)
    shipped = trust.result(name)[now.columns]
    pd.testing.assert_frame_equal(shipped, now, rtol=2e-3, atol=2e-3, check_dtype=False)


@pytest.mark.parametrize("name", ["knockouts", "left_out"])
def test_answers_of_a_study_agree_with_each_other(name: str) -> None:
    rows = trust.result(name)
    ends = rows[["gap_low", "gap", "gap_high"]].to_numpy()
    assert (np.diff(ends, axis=1) > 0).all()
    shares = rows[["within", "chance_border", "chance_internal"]]
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=2e-3)
    sure = load_parameters()["verdict_confidence"].value
    assert (shares.max(axis=1) >= sure).tolist() == (rows["verdict"] != CANNOT_TELL).tolist()


def _fingerprints() -> tuple[str, str]:
    past_fingerprint.cache_clear()
    model_fingerprint.cache_clear()
    return past_fingerprint(), model_fingerprint()


def test_the_fingerprint_answers_to_the_model_and_not_to_chance(monkeypatch) -> None:
    past, whole = _fingerprints()
    assert _fingerprints() == (past, whole)
    monkeypatch.setattr(runs, "has_numba", lambda: False)  # compiled text would not be patched
    assert _fingerprints() == (past, whole)
    with monkeypatch.context() as changed:
        plain = overdose.rescue_share
        changed.setattr(overdose, "rescue_share", lambda *a: 0.99 * plain(*a))
        assert not {past, whole} & set(_fingerprints())
    with monkeypatch.context() as changed:
        cost = supply.transmitted_cost
        changed.setattr(supply, "transmitted_cost", lambda *a: 1.01 * cost(*a))
        ahead = _fingerprints()
        assert ahead[0] == past
        assert ahead[1] != whole
    assert _fingerprints() == (past, whole)


def test_the_drift_of_the_projection_is_that_of_the_back_tests() -> None:
    row, found = load_parameters()["forecast_drift_sd"], trust.result("drift").iloc[0]
    for number, estimated in ((row.value, "value"), (row.low, "low"), (row.high, "high")):
        assert number == pytest.approx(found[estimated], abs=0.005)


def test_past_errors_are_those_of_the_cases() -> None:
    errors, cases = trust.past_errors(), trust.result("backtest_cases")
    assert len(errors) == (cases["forecaster"] == trust.MODEL).sum() == 16
    first = errors.iloc[0]
    assert first["error"] == pytest.approx(first["forecast"] / first["happened"] - 1)
    inside = (errors["low"] <= errors["happened"]) & (errors["happened"] <= errors["high"])
    assert errors["held"].tolist() == inside.tolist()
    words = trust.in_words()
    assert f"in {inside.sum()} of them" in words[0]


def test_counts_of_twelve_months_are_the_years(monkeypatch) -> None:
    yearly = trust.load_observed().yearly("deaths_synthetic_opioids")
    counted = trust.counted()
    assert counted[2024.0] == yearly[2023]
    assert counted[2025.0] == yearly[2024]


def test_a_result_that_cannot_be_read_is_refused_in_words(tmp_path) -> None:
    with pytest.raises(InputError, match="did you mean"):
        trust.result("backtests")
    with pytest.raises(InputError, match=r"backtest\.csv"):
        trust.result("backtest", tmp_path)
    (tmp_path / "backtest.csv").write_text("forecaster,wis\nx,1\n")
    with pytest.raises(InputError, match="which model"):
        trust.result("backtest", tmp_path)


def test_the_page_is_that_of_the_results() -> None:
    text = (trust.DATA.parents[1] / "docs" / "validation.md").read_text(encoding="utf-8")
    assert text == report.page()
    assert "Not run yet" not in text


def test_a_study_not_run_is_said_to_be_missing(tmp_path) -> None:
    assert report.page(tmp_path).count("*Not run yet.*") == len(report.SECTIONS)


def test_losses_are_named() -> None:
    judged = pd.DataFrame(
        {
            "forecaster": [trust.MODEL, "rival"],
            "wis": [2, 3],
            "covered_50": [0.5, 0.4],
            "covered_80": [0.6, 0.8],
            "covered_95": [0.95, 1.0],
        }
    )
    by_year = judged.assign(years_ahead=1, wis=[2, 1], covered_80=0.8)
    assert report._losses(judged, by_year) == [
        "- rival: 80 % intervals held 80%, ours 60%.",
        "- rival, 1 year(s) ahead: score 1, ours 2.",
    ]
    assert report._losses(judged[:1], by_year[:1]) == ["Nowhere in these comparisons."]


def test_pictures_are_drawn_with_words_for_those_who_do_not_see_them() -> None:
    judged, covered = trust.result("backtest"), trust.result("coverage")
    charts = [
        pictures.claims(pictures.claimed(judged)),
        pictures.ranks(covered, ["deaths_next_year", "overdose_rate"]),
        pictures.contraction(trust.result("contraction").head(10)),
        pictures.intervals(trust.result("knockouts"), "without", "deaths"),
    ]
    for chart in charts:
        drawn = album.picture(chart, "What it shows.").value
        assert drawn.startswith('<svg role="img" aria-label="What it shows."')
        assert "NaN" not in drawn
    shares = pictures.claimed(judged)
    assert sorted(set(shares["claimed"])) == [0.5, 0.8, 0.95]
    assert len(shares) == 3 * len(judged)


def test_the_album_shows_the_origin_chosen() -> None:
    choice, shown = album.past_forecasts().children
    assert choice.options == (
        "the end of 2015",
        "the end of 2017",
        "the end of 2019",
        "the end of 2021",
        "mid-2023",
    )
    before = shown.value
    choice.value = "the end of 2021"
    assert shown.value != before
    assert "the end of 2021" in shown.value
    assert np.char.count(shown.value, "<svg") == 1
