"""Blocks, executors and streamed counts: the same numbers wherever the work is done."""

import os
import signal
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from typing import Any

import numpy as np
import pytest

from simlib import runs
from simlib.analysis import scale
from simlib.errors import InputError
from simlib.results import OUTCOMES
from simlib.simulation import simulate

POLICIES = (None, "border_surge", "treatment_and_naloxone")
DRAWS = 5 * scale.BLOCK_DRAWS // 8


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks small enough for a test; worker processes are told by `set_small_blocks`."""
    monkeypatch.setattr(scale, "BLOCK_DRAWS", 128)


@pytest.fixture(scope="module")
def alone() -> scale.Summary:
    before, scale.BLOCK_DRAWS = scale.BLOCK_DRAWS, 128
    try:
        return scale.simulate_many(POLICIES, DRAWS)
    finally:
        scale.BLOCK_DRAWS = before


def same(first: scale.Summary, second: scale.Summary) -> bool:
    """To the bit."""
    return all(
        np.array_equal(first.counts[name], second.counts[name])
        and first.sums[name].tobytes() == second.sums[name].tobytes()
        for name in first.counts
    )


def test_counts_agree_with_the_draws(alone: scale.Summary) -> None:
    ensemble = simulate(list(POLICIES), DRAWS)
    yearly = ensemble.yearly("deaths_fentanyl")
    assert np.array_equal(alone.years, ensemble.years)
    assert alone.mean("deaths_fentanyl") == pytest.approx(yearly.mean(-1), rel=1e-12)
    assert alone.outside("deaths_fentanyl") == 0
    q = (0.05, 0.5, 0.95)
    exact = np.quantile(yearly, q, axis=-1, method="lower")
    apart = np.abs(alone.quantiles("deaths_fentanyl", q) - exact)
    assert apart.max() <= alone.error("deaths_fentanyl")
    assert alone.error("deaths_fentanyl") < 0.01 * yearly.max()


def test_every_outcome_is_that_of_simulate() -> None:
    draws = 160  # more than one block
    found = scale.simulate_many([None, "border_surge"], draws, tuple(OUTCOMES))
    ensemble, q = simulate([None, "border_surge"], draws), (0.05, 0.5, 0.95)
    for name in OUTCOMES:
        yearly = ensemble.yearly(name)
        assert found.mean(name) == pytest.approx(yearly.mean(-1), rel=1e-9), name
        exact = np.quantile(yearly, q, axis=-1, method="lower")
        assert np.abs(found.quantiles(name, q) - exact).max() <= found.error(name), name


def test_differences_are_paired(alone: scale.Summary) -> None:
    ensemble = simulate(list(POLICIES), DRAWS)
    first = int(ensemble.projection["time"].ravel()[0])
    deaths = ensemble.yearly("deaths_fentanyl")[ensemble.years >= first].sum(axis=0)
    exact = np.quantile(deaths[1:] - deaths[0], (0.5,), axis=-1, method="lower")
    error = alone.error(scale.DIFFERENCE + "deaths_fentanyl")
    assert np.abs(alone.difference("deaths_fentanyl", (0.5,)) - exact).max() <= error


def test_every_draw_is_counted_once(alone: scale.Summary) -> None:
    for counts in alone.counts.values():
        assert np.all(counts.sum(axis=-1) == DRAWS)


def test_another_seed_gives_other_numbers(alone: scale.Summary) -> None:
    assert not same(alone, scale.simulate_many(POLICIES, DRAWS, seed=2))


def set_small_blocks() -> None:
    scale.BLOCK_DRAWS = 128


@pytest.mark.parametrize("workers", [1, 2])
def test_threads(alone: scale.Summary, workers: int) -> None:
    with ThreadPoolExecutor(workers) as executor:
        assert same(alone, scale.simulate_many(POLICIES, DRAWS, executor=executor))


def test_processes(alone: scale.Summary) -> None:
    context = get_context("spawn")
    with ProcessPoolExecutor(2, context, initializer=set_small_blocks) as executor:
        assert same(alone, scale.simulate_many(POLICIES, DRAWS, executor=executor))


@pytest.mark.filterwarnings("ignore")  # of the cluster, which logs the loss of its worker
def test_dask_loses_a_worker_and_nothing_else(alone: scale.Summary) -> None:
    """A worker process is killed while blocks are under way."""
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        client.register_worker_callbacks(set_small_blocks)
        assert set(client.run(runs.has_numba).values()) == {runs.has_numba()}
        pids = list(client.run(os.getpid).values())
        killed = []

        def kill_one(share: float) -> None:
            if not killed:
                os.kill(pids[0], signal.SIGKILL)
                killed.append(pids[0])

        executor = client.get_executor()
        found = scale.simulate_many(POLICIES, DRAWS, executor=executor, watch=kill_one)
        assert same(alone, found)
        assert killed
        assert killed[0] not in client.run(os.getpid).values()


def test_progress_and_cancel() -> None:
    shares: list[float] = []

    def watch(share: float) -> None:
        shares.append(share)
        if len(shares) == 2:
            raise KeyboardInterrupt

    with ThreadPoolExecutor(1) as executor:
        with pytest.raises(KeyboardInterrupt):
            scale.simulate_many([None], 100 * 128, executor=executor, watch=watch)
        assert shares == [0.01, 0.02]
        executor.submit(int).result(timeout=60)  # nothing is left in the queue before it


def test_faults_are_told_together() -> None:
    with pytest.raises(InputError) as raised:
        scale.simulate_many([], 0, ["deaths_fentanil"])
    assert len(raised.value.messages) == 3
    assert "deaths_fentanyl" in str(raised.value)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"until": 1990}, "until: 1990 is not a whole number from 2025 to 2050"),
        ({"until": 2200}, "until: 2200 is not"),
        ({"seed": -1}, "seed: -1 is not a whole number from 0"),
        ({"policies": [None, None]}, "names must differ, not status_quo, status_quo"),
        ({"draws": np.float64(5)}, "not a whole number from 1 to"),
        ({"draws": True}, "draws: True is not a whole number from 1 to"),
        ({"outcomes": [["deaths_fentanyl"]]}, "outcome: .* is unknown"),
        ({"assumptions": {"vsl": -1}}, "vsl"),
    ],
)
def test_what_simulate_refuses_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        scale.simulate_many(**{"policies": [None], "draws": 5, **given})


def test_whole_numbers_of_numpy_will_do() -> None:
    found = scale.simulate_many([None], np.int64(5), seed=np.int64(1), until=np.int64(2026))
    assert same(found, scale.simulate_many([None], 5, until=2026))


def test_what_cannot_be_read_off_is_said(alone: scale.Summary) -> None:
    for q in ([95], [-0.5], [np.nan], [], 0.5):
        for read in (alone.quantiles, alone.difference):
            with pytest.raises(InputError, match=r"^q: .*allowed: .*0 to 1"):
                read("deaths_fentanyl", q)
    for read in (alone.quantiles, alone.difference, alone.mean, alone.error, alone.outside):
        with pytest.raises(InputError, match="'nope' is unknown; allowed: deaths_fentanyl"):
            read("nope")
    one = scale.simulate_many([None], 5, until=2025)
    with pytest.raises(InputError, match="'status_quo' was simulated alone"):
        one.difference("deaths_fentanyl")


def test_what_falls_off_the_grid_is_told() -> None:
    grid = scale.Grid(np.zeros(1), np.full(1, 1 / scale.CELLS))
    counts = grid.count(np.array([[-1.0, 0.5, 2.0]]))
    assert counts[0, 0] == counts[0, -1] == 1
    found = scale.Summary(("a",), np.array([2025]), ("x",), 3, {"x": grid}, {"x": counts}, {})
    assert found.outside("x") == 2
    assert found.quantiles("x", (0.0, 0.5, 1.0)).ravel() == pytest.approx(
        [-np.inf, 0.5, np.inf], abs=1 / scale.CELLS
    )
