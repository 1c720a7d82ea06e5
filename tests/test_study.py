"""The main calibration: runs, their agreement, weights, the mixture, and what it must refuse."""

from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from simlib import simulation
from simlib.analysis import explanations
from simlib.inputs.observed import load_observed
from simlib.inputs.parameters import load_parameters
from simlib.inputs.posterior import read_posterior, shipped_posterior
from simlib.study import __main__ as command
from simlib.study import build, likelihood, runs, study, weights
from simlib.study.agreement import RHAT_LIMIT, ConvergenceError, agreement, require

ROWS, OBSERVED = load_parameters(), load_observed()
QUARTERS = len(runs.forecast_quarters(OBSERVED))


# --- agreement --------------------------------------------------------------------------------


def test_runs_of_one_distribution_agree_and_a_shifted_one_is_named() -> None:
    rng = np.random.default_rng(4)
    same, shifted = rng.normal(size=(2, 4, 600))
    require(agreement({"same": same}))
    shifted[2] += 1.0
    found = agreement({"same": same, "shifted": shifted})
    with pytest.raises(ConvergenceError, match="shifted") as refused:
        require(found)
    assert "same" not in str(refused.value)


@pytest.mark.parametrize("fault", ["scale", "tail", "stuck", "nan"])
def test_other_disagreements_are_found(fault: str) -> None:
    values = np.random.default_rng(5).normal(size=(4, 600))
    if fault == "scale":
        values[1] *= 3
    if fault == "tail":
        values[1] = np.where(values[1] > 0.5, values[1] * 10, values[1]) - 3
    if fault == "stuck":  # runs that agree, but each moves so slowly that it holds little
        values = np.repeat(values[:, :12], 50, axis=1)
    if fault == "nan":
        values[0, 0] = np.nan
    with pytest.raises(ConvergenceError, match="wrong"):
        require(agreement({"wrong": values}))


# --- weights ----------------------------------------------------------------------------------


def test_stacking_maximises_the_score_of_the_mixture() -> None:
    density = np.array([[0.9, 0.2, 0.6, 0.1], [0.3, 0.5, 0.5, 0.4]])
    found = weights.stacking(np.log(density))
    best = minimize_scalar(
        lambda w: -np.log(w * density[0] + (1 - w) * density[1]).sum(),
        bounds=(0, 1),
        method="bounded",
    )
    np.testing.assert_allclose(found, [best.x, 1 - best.x], atol=1e-3)
    assert 0.05 < best.x < 0.95
    always_better = np.log([[0.5, 0.6], [0.1, 0.2], [0.3, 0.1]])
    np.testing.assert_allclose(weights.stacking(always_better), [1, 0, 0], atol=1e-6)


def test_weights_are_drawn_half_way_to_equal() -> None:
    np.testing.assert_allclose(weights.shrunk(np.array([1.0, 0, 0, 0])), [0.625, *[0.125] * 3])


def test_the_mean_over_runs_is_one_of_densities() -> None:
    one = np.log([[[0.2], [0.4]]])
    np.testing.assert_allclose(weights.over_runs(one), np.log([[0.3]]))


def test_behind_the_best_and_its_error_by_hand() -> None:
    behind, error = weights.behind_best(np.array([[1.0, 2, 3], [0.0, 2, 1]]))
    np.testing.assert_allclose(behind, [0, -3])
    np.testing.assert_allclose(error, [0, np.sqrt(3) * np.std([-1, 0, -2], ddof=1)])


def test_error_of_weights_needs_something_to_differ() -> None:
    rng = np.random.default_rng(1)
    alike = np.log(np.broadcast_to([[[0.9]], [[0.1]]], (2, 3, 8)))
    np.testing.assert_allclose(weights.stacking_error(alike, rng), 0, atol=1e-9)
    by_quarter = np.log(rng.random((2, 1, 8)))
    by_run = np.log(np.broadcast_to([[[0.9], [0.1]], [[0.5], [0.5]]], (2, 2, 8)))
    for uncertain in (by_quarter, by_run):
        assert weights.stacking_error(uncertain, rng).min() > 0.05


# --- runs -------------------------------------------------------------------------------------


def test_pieces_add_up_to_the_likelihood() -> None:
    names = runs.free("depletion", ROWS)
    p = runs.draws(np.random.default_rng(2).normal(size=(5, len(names))), "depletion", ROWS)
    found = runs.taken_in(p, OBSERVED)
    flows = simulation.history(p, OBSERVED).flows
    assert found.shape == (QUARTERS + 2, 5)
    np.testing.assert_allclose(found.sum(axis=0), likelihood.log_likelihood(p, flows, OBSERVED))


@pytest.mark.parametrize("name", explanations.EXPLANATIONS)
def test_an_explanation_switches_its_rivals_off_and_leaves_the_rest(name: str) -> None:
    held = explanations.held(name, ROWS)
    names = runs.free(name, ROWS)
    assert set(names) | set(held) == set(build.informed(ROWS))
    assert not set(names) & set(held)
    p = runs.draws(np.zeros((1, len(names))), name, ROWS)
    for each, value in held.items():
        assert value == ROWS[each].low == p[each][0]
    own = explanations.EXPLANATIONS[name].carried_by
    assert not set(own) & set(held)
    assert (len(held) == 0) == (name == explanations.EVERYTHING)


def test_the_same_numbers_in_this_process_and_in_others_and_a_restart_skips(tmp_path) -> None:
    tiny = runs.Settings(particles=10, moves=1, runs=1, seed=3)
    names = ("port_scanning", runs.SECOND)
    found = runs.perform_all(names, tiny, tmp_path / "two", workers=2)
    alone = runs.perform(runs.Job("port_scanning", 0, tiny))
    np.testing.assert_array_equal(found["port_scanning"][0].scores, alone.scores)
    assert not list((tmp_path / "two").glob("*.part*"))
    stamps = {path: path.stat().st_mtime_ns for path in (tmp_path / "two").iterdir()}
    assert len(stamps) == 2
    again = runs.perform_all(names, tiny, tmp_path / "two", workers=1)
    assert stamps == {path: path.stat().st_mtime_ns for path in (tmp_path / "two").iterdir()}
    np.testing.assert_array_equal(again["port_scanning"][0].scores, alone.scores)


def test_stored_runs_belong_to_their_settings_and_seeds_to_their_runs() -> None:
    usual = runs.Settings()
    names = {
        runs.Job(name, run, settings).key
        for name in ("depletion", "supply_shock")
        for run in (0, 1)
        for settings in (usual, usual._replace(moves=1), usual._replace(seed=1))
    }
    assert len(names) == 12
    more = runs.Job("depletion", 0, usual._replace(runs=9)).key
    assert more in names
    seeds = {runs._seed(runs.Job(n, r, usual)) for n in explanations.EXPLANATIONS for r in range(4)}
    assert len(seeds) == 4 * len(explanations.EXPLANATIONS)


# --- the whole --------------------------------------------------------------------------------


def _made_up(shift: float) -> dict[str, list[runs.Run]]:
    """Runs that nobody ran: the prior near its centre, the last run of each apart."""
    rng = np.random.default_rng(8)
    found = {}
    for place, name in enumerate((*explanations.EXPLANATIONS, runs.SECOND)):
        under = explanations.EVERYTHING if name == runs.SECOND else name
        size = (150, len(runs.free(under, ROWS)))
        forecast = np.full(QUARTERS + 2, -0.1 * place)
        found[name] = [
            runs.Run(0.1 * rng.normal(size=size) + moved, forecast, np.ones(1), *np.ones(2))
            for moved in (0, 0, 0, shift)
        ]
    return found


@pytest.fixture
def _no_sampling(monkeypatch, request) -> None:
    made_up = _made_up(request.param)
    monkeypatch.setattr(study, "perform_all", lambda *_: made_up)
    monkeypatch.setattr(study, "require", lambda found: require(found, rhat=1.1, ess=0))


@pytest.mark.usefixtures("_no_sampling")
@pytest.mark.parametrize("_no_sampling", [0.5], indirect=True)
def test_disagreement_ends_the_calibration(tmp_path) -> None:
    with pytest.raises(ConvergenceError, match="supply_shock, deaths 2022"):
        study.calibrate(runs.Settings(), tmp_path, 1, rows=50)


@pytest.mark.usefixtures("_no_sampling")
@pytest.mark.parametrize("_no_sampling", [0.0], indirect=True)
def test_the_mixture_holds_each_explanation_in_proportion_throughout(tmp_path) -> None:
    found = study.calibrate(runs.Settings(), tmp_path, 1, rows=200)
    about = found.about["explanations"]
    for name, each in about.items():
        assert np.mean(found.explanation == name) == pytest.approx(each["weight"], abs=0.006)
        assert np.mean(found.explanation[:50] == name) == pytest.approx(each["weight"], abs=0.021)
        alone = found.only(name)
        for held, value in explanations.held(name, ROWS).items():
            np.testing.assert_array_equal(alone.values[held], value)
    assert sum(each["weight"] for each in about.values()) == pytest.approx(1)
    weight = [each["weight"] for each in about.values()]
    assert weight == sorted(weight, reverse=True)  # made up to be surprised ever more
    found.save(tmp_path / "mine.npz")
    again = read_posterior(tmp_path / "mine.npz")
    np.testing.assert_array_equal(again.explanation, found.explanation)


def test_the_command_writes_what_it_is_given_and_nothing_after_an_error(
    monkeypatch, tmp_path, capsys
) -> None:
    asked = []

    def made_up(settings, folder, workers):
        asked.append((settings, folder, workers))
        if settings.particles == 1:
            raise ConvergenceError("depletion, shock_onset: R-hat 2")
        return shipped_posterior()

    monkeypatch.setattr(command, "calibrate", made_up)
    to = tmp_path / "mine.npz"
    monkeypatch.setattr("sys.argv", ["simlib.study", "--to", str(to), "--particles", "1"])
    with pytest.raises(ConvergenceError):
        command.main()
    assert not to.exists()
    monkeypatch.setattr("sys.argv", ["simlib.study", "--to", str(to), "--workers", "3"])
    command.main()
    assert read_posterior(to).about == shipped_posterior().about
    assert asked[1] == (runs.Settings(), Path("calibration_runs"), 3)
    assert "data_vintage" in capsys.readouterr().out


def test_the_shipped_posterior_is_such_a_mixture() -> None:
    found = shipped_posterior()
    about = found.about["explanations"]
    assert set(about) == set(explanations.EXPLANATIONS)
    for name, each in about.items():
        share = np.mean(found.explanation == name)
        assert share == pytest.approx(each["weight"], abs=0.5 / len(found.residual) + 1e-3)
        for held, value in explanations.held(name, ROWS).items():
            assert set(found.only(name).values[held].tolist()) == {value}
        assert each["worst_rhat"][1] <= RHAT_LIMIT
    assert found.about["runs"] >= 4
    assert list(found.about["forecast_quarters"]) == list(runs.forecast_quarters(OBSERVED))
