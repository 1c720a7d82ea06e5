"""Each term of the likelihood by hand, on a record of a few periods made up here."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm
from test_world import END, made, series

from simlib import world
from simlib.inputs.observed import RECORD
from simlib.study import likelihood

MONTHS = np.arange(2020, END, 1 / 12) + 1 / 24
PARAMETERS = {
    "background_deaths": 7200.0,
    "count_spread": 0.02,
    "model_error_sd": 0.1,
    "model_error_correlation": 0.8,
    "other_opioid_spread": 0.2,
    "pill_share": 0.4,
    "purity_link": 0.5,
    "purity_spread": 0.3,
    "wave_spread": 0.05,
    "detection_drift": 0.25,
    "tablet_mg": 100.0,
    "users_spread": 0.3,
    "consumption_anchor_kg": 5000.0,
    "consumption_spread": 0.4,
    "removed_spread": 0.5,
    "street_price_spread": 0.1,
}


def draws(count: int = 1, **changed: float) -> dict[str, np.ndarray]:
    return {name: np.full(count, value) for name, value in (PARAMETERS | changed).items()}


def flows(count: int = 1, **given: object) -> dict[str, np.ndarray]:
    """Monthly flows of four years, one value for all, one a year or one a month."""
    found = {"time": MONTHS[:, None, None], "dt": np.array(1 / 12)}
    for name, values in given.items():
        several = np.atleast_1d(np.array(values, dtype=float))
        months = np.repeat(several, len(MONTHS) // len(several))
        found[name] = months[:, None, None] * np.ones((1, 1, count))
    return found


# --- deaths ---------------------------------------------------------------------------------------

QUARTERS = 9000 * np.exp([0.2, -0.1, 0.1, 0.3])
DEATHS = made(series(RECORD, END - 1, *QUARTERS, months=3))


def test_the_last_residual_is_that_of_fentanyl_in_the_last_half_year() -> None:
    """A fifth of 9,000 deaths a quarter are not of fentanyl: the rest has to move by more."""
    found = likelihood.last_residual(draws(), flows(deaths_fentanyl=3000), DEATHS)
    np.testing.assert_allclose(found, (0.1 / 0.8 + 0.3 / 0.8) / 2)


def test_quarters_of_deaths_by_hand(monkeypatch) -> None:
    """AR(1) error on the share owed to fentanyl, count noise and the draw's extra spread."""
    monthly = np.full(48, 3000.0)
    monthly[-6:] = 6000
    modelled = flows(5, deaths_fentanyl=monthly)
    p = draws(5) | {"model_error_sd": np.array([0.05, 0.1, 0.15, 0.2, 0.3])}
    residual = np.log(QUARTERS / [9000, 9000, 18000, 18000])
    share = np.array([0.8, 0.8, 0.9, 0.9])
    apart = np.abs(np.subtract.outer(np.arange(4), np.arange(4)))
    by_hand = [
        multivariate_normal(
            cov=sd**2 * np.outer(share, share) * 0.8**apart + np.diag(1 / QUARTERS + 0.02**2)
        ).logpdf(residual)
        for sd in p["model_error_sd"]
    ]
    np.testing.assert_allclose(likelihood.quarterly_deaths(p, modelled, DEATHS), by_hand)
    monkeypatch.setattr(likelihood, "BLOCK", 2)  # draws are taken in blocks; that changes nothing
    np.testing.assert_allclose(likelihood.quarterly_deaths(p, modelled, DEATHS), by_hand)


def test_other_opioids_are_compared_with_what_is_not_counted_as_synthetic() -> None:
    synthetic = series("deaths_synthetic_opioids", 2020, 1.0, 30e3, 35e3)
    observed = made(
        series("deaths_any_opioid", 2021, 50e3, 60e3),
        replace(synthetic, periods=("2020", "2021", "2022")),
    )
    modelled = flows(deaths_any_opioid=[0, 4000, 5000, 0], deaths_fentanyl=[0, 2500, 2000, 0])
    found = likelihood.any_opioid_deaths(draws(), modelled, observed)
    by_hand = norm.logpdf(np.log([18e3, 36e3]), np.log([20e3, 25e3]), 0.2).sum()
    np.testing.assert_allclose(found, by_hand)


# --- purity, waves and seizures -------------------------------------------------------------------


@pytest.mark.parametrize("link", [0.5, 0.1])
def test_the_fall_of_purity_by_hand(link: float) -> None:
    """Both halves of the last year against the year of the peak, on the scale of the street."""
    powder = [10] * 4 + [20, 20, 19, 20] + [18, 18, 17, 18] + [12, 13, 8, 9]
    pills = [1] * 4 + [2] * 4 + [2, 2, 2, 3] + [1.5, 1.5, 1, 1.4]
    observed = made(
        series(RECORD, END - 0.25, 9000.0, months=3),
        series("powder_purity", 2020, *powder, months=3),
        series("pill_fentanyl_mg", 2020, *pills, months=3),
    )
    potency = np.repeat([0.9, 1.0, 1.0, 0.8, 0.6], [12, 12, 12, 6, 6])
    found = likelihood.purity_fall(draws(purity_link=link), flows(potency_ratio=potency), observed)
    base_powder, base_pills = 19.75, 2.0  # 2021: what is above nine tenths of the largest before
    by_hand = 0.0
    for street, late_powder, late_pills in ((0.8, 12.5, 1.5), (0.6, 8.5, 1.2)):
        fell = 0.4 * np.log(late_pills / base_pills) + 0.6 * np.log(late_powder / base_powder)
        by_hand += norm.logpdf(np.log(street), link * fell, 0.3) + np.log(link)
    np.testing.assert_allclose(found, by_hand)


def test_the_shares_of_fentanyl_by_hand() -> None:
    """Laboratories as far as they go, seizures of years that begin then; all within the history."""
    observed = made(
        series("fentanyl_penetration_nflis_share", 2011, 0.0, 0.01, 0.05, 0.1, 0.2),
        series("fentanyl_share_of_fentanyl_and_heroin_seized", 2014.75, 0.9, 0.31, 0.45, 0.7),
    )
    waves = {"east_midpoint": 2016.0, "east_scale": 1.0, "west_midpoint": 2020.0,
             "west_scale": 1.0, "east_share": 0.6, "fentanyl_onset": 2013.2,
             "arrival_years": 0.5}  # fmt: skip
    p = draws(**waves)
    time = np.array([2013.5, 2014.5, 2015.5, 2017.25, 2018.25])
    share = np.array([0.05, 0.1, 0.2, 0.45, 0.7])
    modelled = world.fentanyl_share(p, time)[:, 0]
    found = likelihood.fentanyl_waves(p, {}, observed)
    np.testing.assert_allclose(found, norm.logpdf(modelled, share, 0.05).sum())


def test_changes_of_seizures_by_hand() -> None:
    """Half as much again each fiscal year modelled, twice as much seized at the same purity."""
    observed = made(
        series("cbp_seized", 2020.75, 1000.0, 2000.0, 4000.0),
        series("powder_purity", 2020, *[20.0] * 4),
        series("pill_fentanyl_mg", 2020, *[2.0] * 4),
    )
    monthly = np.ones(48)
    monthly[9:] = np.repeat([10, 15, 22.5, 0], [12, 12, 12, 3])
    found = likelihood.seizure_changes(draws(), flows(seized_border_kg=monthly), observed)
    np.testing.assert_allclose(found, 2 * norm.logpdf(np.log(1.5), np.log(2), 0.25))


# --- anchors --------------------------------------------------------------------------------------


def test_anchors_by_hand() -> None:
    observed = made(
        series(RECORD, END - 0.25, 9000.0, months=3),
        series("chronic_heroin_users", 2015, 9.0, 1.5e6),
        series("dea_doses_removed", 2022, 300.0, 500.0),
    )
    time = np.arange(2016, 2025, 1 / 12) + 1 / 24
    year = np.floor(time)

    def path(values: dict[int, float], rest: float = 999.0) -> np.ndarray:
        return np.array([values.get(int(y), rest) for y in year])[:, None, None]

    last_half = (time >= END - 0.5) & (time < END)
    modelled = {
        "time": time[:, None, None],
        "dt": np.array(1 / 12),
        "active_years": path({2016: 1.2e6 / 12}),
        "consumed_kg": path({2021: 300.0, 2022: 500.0, 2023: 700.0}),
        "seized_wholesale_kg": path({2022: 10.0, 2023: 20.0, 2024: 30.0}),
        "seized_retail_kg": path({2022: 40.0, 2023: 40.0, 2024: 40.0}),
        "price_ratio": np.where(last_half, 1.5, 99.0)[:, None, None],
        "potency_ratio": np.full((len(time), 1, 1), 0.8),
    }
    found = likelihood.anchors(draws(), modelled, observed)
    by_hand = (
        norm.logpdf(np.log(1.2e6), np.log(1.5e6), 0.3)
        + norm.logpdf(np.log(6000), np.log(5000), 0.4)
        + norm.logpdf(np.log(720), np.log(800), 0.5)  # 400 million doses of 2 mg
        + norm.logpdf(np.log(1.2), 0, 0.1)
    )
    np.testing.assert_allclose(found, by_hand)


def test_a_density_counts_its_spread_once_for_each_observation() -> None:
    """Three rows and a spread of each draw; a wider one is dearer by log(2) a row."""
    zeros = np.zeros((3, 2))
    found = likelihood._anchor(zeros, zeros, np.array([0.1, 0.2]))
    np.testing.assert_allclose(found[0] - found[1], 3 * np.log(2))
    np.testing.assert_allclose(found, 3 * norm.logpdf(0, 0, [0.1, 0.2]))


def test_a_draw_without_a_finite_likelihood_is_impossible(monkeypatch) -> None:
    terms = {"one": lambda p, flows, observed: np.array([1.0, np.nan, np.inf, -np.inf])}
    monkeypatch.setattr(likelihood, "TERMS", terms)
    found = likelihood.log_likelihood({}, {}, DEATHS)
    np.testing.assert_array_equal(found, [1, -np.inf, -np.inf, -np.inf])
