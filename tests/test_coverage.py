"""Simulation-based calibration: synthetic records, ranks, and a toy whose answer is known."""

import numpy as np
import pytest

from simlib import simulation
from simlib.inputs import sampling
from simlib.inputs.observed import RECORD, load_observed
from simlib.inputs.parameters import load_parameters
from simlib.inputs.record import by_period
from simlib.study import coverage, likelihood, scores
from simlib.study.synthetic import GENERATORS, World, synthetic_record, with_values
from simlib.world import record_quarters

ROWS, OBSERVED = load_parameters(), load_observed()
WORLDS = 400


@pytest.fixture(scope="module")
def one() -> tuple[dict, dict, np.ndarray]:
    """A single draw near the record, its flows, and paths of its model error."""
    centre = {name: row.value for name, row in ROWS.items() if row.group != "lever"}
    p = {name: np.array([value]) for name, value in centre.items()}
    many = {name: np.full(WORLDS, value) for name, value in centre.items()}
    shares = np.random.default_rng(5).random((record_quarters(OBSERVED), WORLDS))
    error = sampling.model_error(many["model_error_sd"], many["model_error_correlation"], shares)
    return p, simulation.history(p, OBSERVED).flows, error


def test_every_term_of_the_likelihood_has_its_simulator() -> None:
    assert list(GENERATORS) == list(likelihood.TERMS)


def _found(one: tuple[dict, dict, np.ndarray], change: dict | None = None) -> dict:
    """Log likelihood by term of many records of one world, under that world or a changed one."""
    p, flows, error = one
    under = p | (change or {})
    flows_under = simulation.history(under, OBSERVED).flows
    values = {name: [] for name in likelihood.TERMS}
    for i in range(WORLDS):
        of = World(p, flows, error[:, i], np.random.default_rng(i))
        record = synthetic_record(of, OBSERVED)
        seen, over = record.as_seen(under, flows_under)
        for name, term in likelihood.TERMS.items():
            values[name].append(term(seen, over, record.observed)[0])
    return {name: np.array(each) for name, each in values.items()}


def test_synthetic_records_have_the_density_of_the_likelihood(one) -> None:
    """Of n normal witnesses, twice the log likelihood below its peak is chi-square of n."""
    found = _found(one)
    p = {name: float(value[0]) for name, value in one[0].items()}
    users = np.log(
        [p["users_spread"], p["consumption_spread"], p["removed_spread"], p["street_price_spread"]]
    )
    waves = len(OBSERVED["fentanyl_penetration_nflis_share"].values)
    seized = OBSERVED["fentanyl_share_of_fentanyl_and_heroin_seized"]
    laboratory = OBSERVED["fentanyl_penetration_nflis_share"]
    late = seized.start > laboratory.end.max() - 1 / 12
    waves = int(np.sum(laboratory.middle >= 2013) + late.sum())
    changes = int(np.sum(OBSERVED["cbp_seized"].start >= 2018.5)) - 1
    peak = {
        "any_opioid_deaths": (12, 12 * np.log(p["other_opioid_spread"])),
        "purity_fall": (2, 2 * np.log(p["purity_spread"]) - 2 * np.log(p["purity_link"])),
        "fentanyl_waves": (waves, waves * np.log(p["wave_spread"])),
        "seizure_changes": (changes, changes * np.log(p["detection_drift"])),
        "anchors": (4, users.sum()),
    }
    for name, (n, log_spreads) in peak.items():
        square = -2 * (found[name] + 0.5 * n * np.log(2 * np.pi) + log_spreads)
        assert square.mean() == pytest.approx(n, abs=5 * np.sqrt(2 * n / WORLDS)), name
        assert square.std() == pytest.approx(np.sqrt(2 * n), rel=0.25), name


def test_synthetic_deaths_have_the_density_of_the_likelihood(one) -> None:
    p, flows, _ = one
    series = OBSERVED[RECORD]
    modelled = by_period(flows, "deaths_fentanyl", series.start, series.end)[:, 0]
    exact = with_values(OBSERVED, **{RECORD: modelled})
    square = 2 * (likelihood.quarterly_deaths(p, flows, exact) - _found(one)["quarterly_deaths"])
    quarters = len(series.values)
    assert square.mean() == pytest.approx(quarters, abs=5 * np.sqrt(2 * quarters / WORLDS))
    assert square.std() == pytest.approx(np.sqrt(2 * quarters), rel=0.25)


@pytest.mark.parametrize(
    ("parameter", "factor", "term"),
    [
        ("overdose_rate", 1.1, "quarterly_deaths"),
        ("heroin_death_rate", 1.3, "any_opioid_deaths"),
        ("purity_link", 0.7, "purity_fall"),
        ("east_share", 1.2, "fentanyl_waves"),
        ("consumption_g_per_user", 1.4, "anchors"),
    ],
)
def test_another_world_is_less_likely_on_average(one, parameter, factor, term) -> None:
    """The mean of log p(y | truth) - log p(y | other) is a divergence, and above 0."""
    apart = _found(one)[term] - _found(one, {parameter: one[0][parameter] * factor})[term]
    assert apart.mean() > 3 * apart.std() / np.sqrt(WORLDS)


def test_rank_counts_samples_below_and_breaks_ties_by_lot() -> None:
    rng = np.random.default_rng(1)
    samples = np.array([[1.0, 2.0, 3.0], [5.0, 5.0, 5.0]])
    drawn = np.stack([scores.rank(samples, np.array([2.5, 5.0]), rng) for _ in range(400)])
    assert set(drawn[:, 0]) == {2}
    assert set(drawn[:, 1]) == {0, 1, 2, 3}


def _conjugate(narrower: float, shift: float = 0.0) -> np.ndarray:
    """Ranks of a toy: prior N(0, 1), four observations of noise 1; right or wrong posterior."""
    rng = np.random.default_rng(11)
    true = rng.standard_normal(400)
    seen = true[:, None] + rng.standard_normal((400, 4))
    mean, spread = seen.sum(axis=1) / 5, np.sqrt(1 / 5)
    drawn = (mean + shift)[:, None] + narrower * spread * rng.standard_normal(
        (400, coverage.SAMPLES)
    )
    return scores.rank(drawn, true, rng)[None]


def test_the_exact_posterior_of_a_toy_passes() -> None:
    found = coverage.judged(_conjugate(1.0), coverage.SAMPLES)
    assert found["p_even"][0] > 0.01
    assert found["within_band"][0]
    assert found["covered_50"][0] == pytest.approx(0.5, abs=0.08)
    assert found["covered_95"][0] == pytest.approx(0.95, abs=0.04)
    assert sum(found[f"bin_{i}"][0] for i in range(coverage.BINS)) == 400


@pytest.mark.parametrize(("narrower", "shift"), [(0.6, 0.0), (1.0, 0.15)])
def test_a_wrong_posterior_fails(narrower: float, shift: float) -> None:
    found = coverage.judged(_conjugate(narrower, shift), coverage.SAMPLES)
    assert found["p_even"][0] < 0.001
    assert not found["within_band"][0]
    if narrower < 1:
        assert found["covered_80"][0] < 0.7


def test_the_band_of_even_ranks_is_left_as_often_as_it_says() -> None:
    rng = np.random.default_rng(2)
    inside = [scores.within_band(rng.integers(0, 100, 200), 99) for _ in range(400)]
    assert np.mean(inside) == pytest.approx(0.95, abs=0.035)
