"""The posterior, weighted by new counts: by hand, against a known truth, and where it must fail."""

import dataclasses
import time

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kstest, multivariate_normal, norm

import simlib
import simlib.inputs.agencies
from simlib.errors import InputError
from simlib.inputs import sampling
from simlib.inputs.observed import load_observed
from simlib.inputs.parameters import load_parameters
from simlib.inputs.posterior import SHIPPED, Posterior, read_posterior, shipped_posterior
from simlib.study import update as updating
from simlib.study.update import update

END = load_observed().record_end
MONTHS = [round(12 * END) + 3 * ahead for ahead in (1, 2, 3)]
TO = [updating._month(stop) for stop in MONTHS]
EXCESS = load_parameters()["predicted_over_final"]
EXCESS_SPREAD = load_parameters()["predicted_over_final_spread"]


def counts(values, mark="predicted", to=TO):
    return pd.DataFrame(
        {
            "place": "US",
            "series": "deaths_synthetic_opioids",
            "twelve_months_to": list(to)[: len(values)],
            "mark": mark,
            "deaths_in_12_months": [float(value) for value in values],
        }
    )


@pytest.fixture(scope="module")
def projected():
    """Draws by parameter, and deaths in each new quarter that each row expects."""
    return updating._projected(shipped_posterior(), load_observed(), 1, len(MONTHS))


@pytest.fixture(scope="module")
def expected(projected):
    """Final deaths in each window that each row of the posterior expects."""
    return updating._expected(*projected, updating._windows(counts([1, 1, 1]), load_observed()))


def published(deaths):
    """What CDC would predict where these are the final counts."""
    return deaths * EXCESS.value


def test_a_window_is_the_known_quarters_and_the_new_ones():
    record = load_observed()["deaths_synthetic_opioids_quarterly"].values
    windows = updating._windows(counts([5, 6, 7]), load_observed())
    assert [window.known for window in windows] == [
        sum(record[-3:]), sum(record[-2:]), record[-1]
    ]  # fmt: skip
    assert [window.new.tolist() for window in windows] == [
        [True, False, False], [True, True, False], [True, True, True]
    ]  # fmt: skip
    late = updating._windows(counts([5], to=[updating._month(MONTHS[0] + 15)]), load_observed())
    assert late[0].known == 0
    assert late[0].new.tolist() == [False, False, True, True, True, True]


def test_the_better_mark_is_used_and_other_sums_are_left_alone():
    both = pd.concat(
        [
            counts([5], "predicted"),
            counts([4], "provisional"),
            counts([9], "final"),
            counts([8], to=[updating._month(MONTHS[0] + 1)]),
            counts([8], to=["2024-12"]),
            counts([8]).assign(place="AK"),
            counts([8]).assign(series="deaths_heroin"),
            counts([np.nan], to=TO[1:]),
        ]
    )
    (window,) = updating._windows(both, load_observed())
    assert (window.to, window.mark, window.counted) == (TO[0], "predicted", 5)
    (window,) = updating._windows(counts([4], "provisional"), load_observed())
    assert window.mark == "provisional"


def test_expected_sums_and_covariance_by_hand():
    """One draw, two quarters; the second window holds both."""
    p = {
        "model_error_correlation": np.array([0.5]),
        "model_error_sd": np.array([0.1]),
        "forecast_drift_sd": np.array([0.2]),
        "background_deaths": np.array([800.0]),
        "count_spread": np.array([0.02]),
    }
    windows = [
        updating.Window("a", "predicted", 1, 3000.0, np.array([True, False])),
        updating.Window("b", "predicted", 1, 2000.0, np.array([True, True])),
    ]
    found = updating._expected(p, np.array([[1000.0], [2000.0]]), windows)
    np.testing.assert_allclose(found.deaths, [[4000, 5000]])
    illicit = np.diag([800.0, 1800.0])
    error = 0.01 * np.array([[1 - 0.25, 0.5 - 0.125], [0.5 - 0.125, 1 - 0.0625]])
    error += 0.04 / 4 * np.array([[1, 1], [1, 2]])
    noise = np.diag([1000 + 20.0**2, 2000 + 40.0**2])
    of_quarters = illicit @ error @ illicit + noise
    sums = np.array([[1, 0], [1, 1]])
    by_hand = sums @ of_quarters @ sums.T / np.outer([4000, 5000], [4000, 5000])
    np.testing.assert_allclose(found.covariance[0], by_hand)


def test_sums_of_one_release_share_their_excess_by_hand():
    """Two sums of one mark and one of another."""
    marks = ("predicted", "predicted", "provisional")
    windows = [updating.Window("", m, 1100.0, 0.0, np.array([True])) for m in marks]
    p = {
        "predicted_over_final": np.array([1.05]),
        "predicted_over_final_spread": np.array([0.02]),
        "provisional_over_final": np.array([1.01]),
        "provisional_over_final_spread": np.array([0.03]),
    }
    own = np.diag([0.01, 0.02, 0.03])
    found = updating.Expected(np.full((1, 3), 1000.0), own[None])
    shared = [[4e-4, 4e-4, 0], [4e-4, 4e-4, 0], [0, 0, 9e-4]]
    residual = np.log(1.1 / np.array([1.05, 1.05, 1.01]))
    logs, below = updating._weighed(p, found, windows)
    assert logs == pytest.approx(multivariate_normal(cov=own + shared).logpdf(residual))
    np.testing.assert_allclose(below, norm.cdf(residual / np.sqrt([0.0104, 0.0204, 0.0309])))


def test_the_projection_runs_at_the_expected_model_error():
    """Rows differ from a simulation by its random model error, which has no lasting direction."""
    rows = 400
    few = Posterior(shipped_posterior().take(rows), shipped_posterior().take_residual(rows), {})
    p, quarters = updating._projected(few, load_observed(), 1, 4)
    simulated = simlib.simulate(draws=rows, until=2025)
    assert simulated.parameters["overdose_rate"].tolist() == p["overdose_rate"].tolist()
    deaths = simulated.projection["deaths_fentanyl"][:, 0]
    of_quarters = deaths.reshape(4, -1, rows).sum(axis=1)
    surprise = np.log(of_quarters / quarters)
    assert np.all(np.abs(surprise.mean(axis=1)) < 0.02)
    last = round((END - 2013) * 4)
    error = sampling.sample(load_parameters(), rows, 1, None, few, record_quarters=last).error[
        last : last + 4
    ]
    ahead = np.arange(1, 5)[:, None]
    unexpected = error - p["model_error_correlation"] ** ahead * few.residual
    for quarter in range(4):
        assert np.corrcoef(surprise[quarter], unexpected[quarter])[0, 1] > 0.99


@pytest.mark.parametrize("tail", [0.15, 0.5, 0.85])
def test_counts_of_one_row_pull_the_weights_toward_rows_like_it(projected, expected, tail):
    """Of twenty rows near one another: a row that expects little of itself may weigh less."""
    last = expected.deaths[:, -1]
    middle = int(tail * len(last))
    heavy = []
    for truth in np.argsort(last)[middle - 10 : middle + 10]:
        windows = updating._windows(counts(published(expected.deaths[truth])), load_observed())
        logs, _ = updating._weighed(projected[0], expected, windows)
        weights = np.exp(logs - np.max(logs))
        weights /= weights.sum()
        distance = np.abs(np.log(expected.deaths / expected.deaths[truth])).mean(axis=1)
        # Forecasts drift, so no more than that.
        assert weights @ distance < 0.8 * distance.mean()
        heavy.append(weights[truth] > np.median(weights))
    assert np.mean(heavy) >= 0.8


def test_weights_are_as_sure_as_they_may_be(projected, expected):
    """Truths drawn from the rows, with model error and noise of their own, rank evenly among them.

    Were the spread too small the ranks would pile up at both ends, were it too large in the middle.
    """
    rng, rows = np.random.default_rng(11), 300
    p, quarters = projected
    first = {name: values[:rows] for name, values in p.items()}
    few = updating.Expected(expected.deaths[:rows], expected.covariance[:rows])
    blank = updating._windows(counts([1, 1, 1]), load_observed())
    ranks = []
    for truth in range(rows, 2 * rows):
        sd, r = p["model_error_sd"][truth], p["model_error_correlation"][truth]
        drift = p["forecast_drift_sd"][truth] / 2  # in a quarter
        error, walked, deaths = 0.0, 0.0, []
        for quarter in quarters[:, truth]:
            error = r * error + sd * np.sqrt(1 - r**2) * rng.standard_normal()
            walked += drift * rng.standard_normal()
            background = p["background_deaths"][truth] / 4
            true = background + (quarter - background) * np.exp(error + walked)
            deaths.append(true * np.exp(p["count_spread"][truth] * rng.standard_normal()))
        ratio = EXCESS.value * np.exp(EXCESS_SPREAD.value * rng.standard_normal())
        windows = [
            w._replace(counted=ratio * (w.known + rng.poisson(deaths) @ w.new)) for w in blank
        ]
        logs, _ = updating._weighed(first, few, windows)
        weights = np.exp(logs - np.max(logs))
        lower = few.deaths[:, -1] < expected.deaths[truth, -1]
        ranks.append(weights @ lower / weights.sum())
    assert kstest(ranks, "uniform").pvalue > 0.01
    tails = np.mean((np.array(ranks) < 0.05) | (np.array(ranks) > 0.95))
    assert 0.05 < tails < 0.16


def test_counts_in_the_middle_leave_most_rows(expected):
    found = update(shipped_posterior(), counts(published(np.median(expected.deaths, axis=0))))
    report = found.about["update"]
    assert report["effective_share"] > 0.5
    assert not report["full_calibration_due"]
    assert "no full calibration is due" in updating.verdict(found)
    assert all(0.3 < each["chance_of_fewer"] < 0.7 for each in report["windows"])


@pytest.mark.parametrize("factor", [0.3, 3])
def test_absurd_counts_say_that_a_full_calibration_is_due(expected, factor):
    absurd = factor * published(np.median(expected.deaths, axis=0))
    found = update(shipped_posterior(), counts(absurd))
    assert found.about["update"]["full_calibration_due"]
    said = updating.verdict(found)
    assert "A full calibration is due: only" in said
    assert ("below" if factor < 1 else "above") + " what the rows expected" in said


def test_a_surprise_alone_makes_a_calibration_due():
    """Rows that agree with each other and not with the count keep all their weight."""
    rows = 50
    same = updating.Expected(np.full((rows, 1), 4e4), np.full((rows, 1, 1), 1e-4))
    (window,) = updating._windows(counts([6e4]), load_observed())
    ratios = {"predicted_over_final": EXCESS.value, "predicted_over_final_spread": 0.008}
    p = {name: np.full(rows, value) for name, value in ratios.items()}
    logs, below = updating._weighed(p, same, [window])
    report = updating._report(np.full(rows, 1 / rows), below, same, [window])
    assert np.ptp(logs) < 1e-9
    assert report["effective_share"] == 1
    assert report["full_calibration_due"]


def test_an_updated_posterior_moves_the_projection_and_only_by_its_rows(expected):
    high = published(np.quantile(expected.deaths, 0.8, axis=0))
    before, began = shipped_posterior(), time.process_time()
    after = update(before, counts(high))
    assert time.process_time() - began < 60
    assert len(after.residual) == len(before.residual)
    assert set(before.values) < set(after.values)
    assert "shock_recovery_months" in after.values
    again = update(before, counts(high))
    np.testing.assert_array_equal(after.values["overdose_rate"], again.values["overdose_rate"])
    other = update(before, counts(high), seed=2)
    assert not np.array_equal(after.values["overdose_rate"], other.values["overdose_rate"])

    def deaths(posterior):
        found = simlib.simulate(draws=800, until=2026, posterior=posterior)
        return np.median(found.yearly("deaths_fentanyl")[-2:, 0], axis=-1)

    assert np.all(deaths(after) > 1.01 * deaths(before))


def test_rows_stay_whole(expected):
    """A row of the update is one row of the projection: its residual belongs to its values."""
    before = shipped_posterior()
    after = update(before, counts(published(np.median(expected.deaths, axis=0))))
    keys = ("overdose_rate", "border_seized_share")  # one alone may occur twice
    place = {key: row for row, key in enumerate(zip(*map(before.values.get, keys), strict=True))}
    rows = [place[key] for key in zip(*map(after.values.get, keys), strict=True)]
    np.testing.assert_array_equal(after.residual, before.residual[rows])
    np.testing.assert_array_equal(after.values["pill_share"], before.values["pill_share"][rows])
    assert len(set(rows)) < len(rows)


def test_explanations_are_weighted_with_their_rows(expected):
    """Rows that say more deaths belong to one explanation; counts above the middle favour it."""
    last = expected.deaths[:, -1]
    names = np.where(last > np.median(last), "more", "fewer")
    before = dataclasses.replace(shipped_posterior(), explanation=names)
    after = update(before, counts(published(np.quantile(expected.deaths, 0.6, axis=0))))
    weights = after.about["update"]["explanations"]
    assert weights["more"][0] == 0.5
    assert weights["more"][1] > 0.55
    assert sum(each[1] for each in weights.values()) == pytest.approx(1, abs=0.002)
    assert np.mean(after.explanation == "more") == pytest.approx(weights["more"][1], abs=0.01)
    assert "Explanation more: weight 50% before" in updating.verdict(after)


def test_counts_are_not_used_twice(expected):
    once = update(shipped_posterior(), counts(published(np.median(expected.deaths, axis=0))))
    assert once.about["data_vintage"].endswith(f"weighted by predicted counts to {TO[-1]}")
    with pytest.raises(InputError, match="already updated"):
        update(once, counts([5e4]))


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (counts([]), "nothing to update with"),
        (counts([4e4], to=["2024-12"]), "nothing to update with"),
        (counts([4e4], to=["2025"]), "is no month"),
        (counts([4e4]).drop(columns="mark"), "one column each is needed of mark"),
        (counts([4e4]).assign(deaths_in_12_months="many"), "'many' is not a number above 0"),
        (counts([np.inf]), "inf is not a number above 0"),
        (counts([-4e4]), "is not a number above 0"),
        (counts([4e4], to=["2035-03"]), "end after 2034-12, the last projected month"),
        (counts([4e4], to=["2060-03"]), "end after 2034-12, the last projected month"),
        (counts([4e4, 5e4], to=[TO[0]] * 2), "both 40,000 and 50,000 under one mark"),
    ],
)
def test_counts_that_cannot_be_used_are_refused(frame, said):
    with pytest.raises(InputError, match=said):
        update(shipped_posterior(), frame)


def test_faults_of_counts_are_told_together():
    frame = counts([np.inf, 4e4, 5e4, 6e4], to=[TO[0], "2060-03", TO[1], TO[1]])
    with pytest.raises(InputError) as raised:
        update(shipped_posterior(), frame)
    assert len(raised.value.messages) == 3


def test_the_same_count_may_stand_twice():
    (window,) = updating._windows(counts([4e4, 4e4], to=[TO[0]] * 2), load_observed())
    assert window.counted == 4e4


def test_a_seed_that_is_none_is_refused():
    with pytest.raises(InputError, match="seed: -1 is not a whole number from 0"):
        update(shipped_posterior(), counts([4e4]), seed=-1)


# --- command ----------------------------------------------------------------------------------


def write(path, deaths):
    header = ",".join(simlib.inputs.agencies.COUNT_COLUMNS)
    lines = [
        f"US,{to[:4]},{simlib.inputs.agencies.MONTHS[int(to[5:]) - 1]},12 month-ending,"
        f'"Synthetic opioids, excl. methadone (T40.4)",{count:.0f},100,0,United States,,,'
        for to, count in zip(TO, deaths, strict=True)
    ]
    path.write_text("\n".join([header, *lines, ""]), encoding="utf-8")
    return str(path)


def test_the_command_writes_a_new_file_and_never_over_another(expected, tmp_path, capsys):
    file = write(tmp_path / "counts.csv", 1.015 * np.median(expected.deaths, axis=0))
    to = tmp_path / "mine.npz"
    assert updating.main([file, "--to", str(to)]) == 0
    assert "no full calibration is due" in capsys.readouterr().out
    kept = read_posterior(to)
    assert kept.about["update"]["windows"][0]["mark"] == "provisional"
    assert simlib.simulate(draws=3, until=2025, posterior=kept).draws == 3
    before = to.read_bytes()
    for taken in (to, SHIPPED):
        assert updating.main([file, "--to", str(taken)]) == 2
        assert "exists already and is not overwritten" in capsys.readouterr().err
    assert to.read_bytes() == before
    assert updating.main([file, "--to", str(tmp_path / "no" / "mine.npz")]) == 2
    assert sorted(each.name for each in tmp_path.iterdir()) == ["counts.csv", "mine.npz"]


def test_the_command_writes_nothing_when_a_calibration_is_due(tmp_path, capsys):
    file = write(tmp_path / "counts.csv", [2e5, 2e5, 2e5])
    assert updating.main([file, "--to", str(tmp_path / "mine.npz")]) == 1
    said = capsys.readouterr().out
    assert "A full calibration is due" in said
    assert "Nothing was written." in said
    assert [each.name for each in tmp_path.iterdir()] == ["counts.csv"]


def test_the_command_tells_faults_of_the_file(tmp_path, capsys):
    (tmp_path / "page.csv").write_text("<html>\n")
    to = ["--to", str(tmp_path / "mine.npz")]
    assert updating.main([str(tmp_path / "page.csv"), *to]) == 2
    assert "is a web page" in capsys.readouterr().err
    file = write(tmp_path / "counts.csv", [5e4, 5e4, 5e4])
    assert updating.main([file, *to, "--posterior", str(tmp_path / "page.csv")]) == 2
    assert "cannot be read as a posterior" in capsys.readouterr().err
