"""What is kept for the next call cannot be changed by whoever was given it."""

import copy
import json
import pickle
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from operator import setitem

import numpy as np
import pytest

import simlib
from simlib.inputs.posterior import Posterior, shipped_posterior
from simlib.inputs.tables import load_programmes, load_sources

FEW = {"draws": 20, "until": 2027}


def deaths(ensemble: simlib.Ensemble) -> np.ndarray:
    return ensemble.yearly("deaths_fentanyl")


@pytest.mark.parametrize("part", ["parameters", "history", "projection", "about"])
def test_no_mapping_of_a_result_takes_another_value(part: str) -> None:
    mapping = getattr(simlib.simulate(**FEW), part)
    name = next(iter(mapping))
    with pytest.raises(TypeError):
        mapping[name] = mapping[name]
    with pytest.raises(TypeError):
        del mapping[name]
    assert not hasattr(mapping, "update")


def test_the_next_call_is_the_same_whatever_is_tried_on_a_result() -> None:
    before = simlib.simulate(**FEW)
    kept = deaths(before), before.parameters["vsl"].copy()
    for attempt in (
        lambda: setitem(before.parameters, "vsl", kept[1] * 2),
        lambda: setitem(before.history, "deaths_fentanyl", np.zeros((144, 1, 20))),
        lambda: np.multiply(before.parameters["vsl"], 2, out=before.parameters["vsl"]),
        lambda: np.copyto(before.history["deaths_fentanyl"], 0.0),
    ):
        with pytest.raises((TypeError, ValueError)):
            attempt()
    after = simlib.simulate(**FEW)
    np.testing.assert_array_equal(deaths(after), kept[0])
    np.testing.assert_array_equal(after.parameters["vsl"], kept[1])


def test_the_shipped_posterior_is_read_only_throughout() -> None:
    posterior = shipped_posterior()
    name = next(iter(posterior.values))
    for attempt in (
        lambda: setitem(posterior.values, name, posterior.residual),
        lambda: setitem(posterior.values[name], 0, 0.0),
        lambda: setitem(posterior.residual, 0, 0.0),
        lambda: setitem(posterior.explanation, 0, ""),
        lambda: setitem(posterior.about, "data_vintage", ""),
        lambda: setitem(posterior.about["log_evidence"], 0, 0.0),
    ):
        with pytest.raises((TypeError, ValueError)):
            attempt()


def test_a_posterior_keeps_its_own_copy() -> None:
    """Else a later call with the same one would give what was simulated before the change."""
    shipped = shipped_posterior()
    values, residual = dict(shipped.take(50)), shipped.take_residual(50).copy()
    mine = Posterior(values, residual, {"data_vintage": "mine"})
    before = deaths(simlib.simulate(posterior=mine, **FEW))
    residual[:] = 1.0
    values["demand_elasticity"] = np.full(50, 0.9)
    np.testing.assert_array_equal(mine.residual, shipped.take_residual(50))
    np.testing.assert_array_equal(deaths(simlib.simulate(posterior=mine, **FEW)), before)
    assert residual.flags.writeable


def test_tables_that_are_read_once_are_read_only() -> None:
    for table in (load_sources(), load_programmes(), load_sources()):
        with pytest.raises(TypeError):
            table["new"] = None


@pytest.mark.parametrize("again", [copy.deepcopy, lambda kept: pickle.loads(pickle.dumps(kept))])
def test_copies_and_pickles_are_whole_and_their_owners(again) -> None:
    ensemble, posterior = simlib.simulate(**FEW), shipped_posterior()
    mine = again(ensemble)
    np.testing.assert_array_equal(deaths(mine), deaths(ensemble))
    assert mine.about == ensemble.about
    simlib.compare(ensemble, mine)
    other = again(posterior)
    assert json.dumps(other.about, default=dict) == json.dumps(posterior.about, default=dict)
    for name, column in posterior.values.items():
        np.testing.assert_array_equal(other.values[name], column)
    strategy = simlib.Strategy("a", "", {"drug_units": 1}, {"sentence_selling": 0.1})
    assert again(strategy) == strategy


def run(posterior: Posterior) -> simlib.Ensemble:
    return simlib.simulate(posterior=posterior, **FEW)


def test_results_and_posteriors_go_to_another_process_and_back() -> None:
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        found = pool.submit(run, shipped_posterior()).result()
    np.testing.assert_array_equal(deaths(found), deaths(run(shipped_posterior())))
