"""Many futures: compiled and plain numbers agree; the same bits however the work is cut."""

import ast
import logging
import multiprocessing
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Lock
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import simlib
from simlib import block, kept_runs, runs, simulation, units, world
from simlib.inputs import sampling
from simlib.inputs.observed import load_observed
from simlib.inputs.parameters import load_parameters
from simlib.inputs.policy import Policy
from simlib.inputs.tables import load_programmes
from simlib.model import functions, future, month
from simlib.model.month import Flows
from simlib.results import OUTCOMES

PACKAGE = Path(simlib.__file__).parent
DRAWS = 150
"""More than two blocks, the last one short."""
LEVERS = tuple(load_programmes())
compiled_only = pytest.mark.skipif(not runs.has_numba(), reason="numba is not installed here")


def moved(name: str, start: str, ramp_months: int, size: float = 1.0) -> Policy:
    """Every lever moved, each by its own amount."""
    changes = {
        lever: size * (0.1 + n / 40 if lever.startswith("sentence") else 300.0 + 60 * n)
        for n, lever in enumerate(LEVERS)
    }
    return Policy.constant(name, changes, start=start, ramp_months=ramp_months)


POLICIES = (
    moved("all", "2026-02", 7),
    Policy(name="none"),
    moved("some_back", "2027-01", 12, -0.1),
)


@pytest.fixture(scope="module")
def begun() -> simulation.Begun:
    """Draws of the prior, with model error, ready to be projected over six years."""
    observed = load_observed()
    quarters = world.record_quarters(observed)
    sample = sampling.sample(load_parameters(), DRAWS, 7, record_quarters=quarters)
    return simulation.begin(sample, observed, 2030)


def planned(begun: simulation.Begun) -> block.Work:
    """Work of all policies, the money of each draw spent by its own share."""
    by_lever = [[each.values(lever, begun.time) for lever in LEVERS] for each in POLICIES]
    scale = np.linspace(0.5, 1.5, 3 * DRAWS).reshape(3, DRAWS)
    return begun.work._replace(planned=np.moveaxis(np.array(by_lever), 1, 2), scale=scale)


def bits(found: tuple[dict[str, np.ndarray], np.ndarray]) -> bytes:
    flows, ends = found
    return b"".join([*(values.tobytes() for values in flows.values()), ends.tobytes()])


@pytest.fixture(scope="module")
def whole(begun) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The run that others are compared with."""
    return runs.run(planned(begun), LEVERS)


def assert_same(found: Any, other: Any, name: str = "") -> None:
    """To 1e-12, and no less than a billionth of a kilogram or person."""
    np.testing.assert_allclose(found, other, rtol=1e-12, atol=1e-9, err_msg=name)


# --- the same numbers, compiled and plain -----------------------------------------------------


def one_by_one(work: block.Work, k: int, i: int) -> tuple[list[Flows], future.Stocks]:
    """One draw under one policy, month after month, on plain numbers of Python."""

    def plain(kind: Any, row: np.ndarray) -> Any:
        return kind(row.tolist())

    names = work.draws.dtype.names
    p = SimpleNamespace(**{name: float(work.draws[name][i]) for name in names})
    f = future.Future(
        p,
        plain(block.anchors_of, work.anchors[i]),
        plain(block.today_of, work.today[i]),
        future.kept_of(p, work.dt),
        work.projected,
        work.dt,
    )
    stocks, money, brought = plain(block.stocks_of, work.first[i]), dict.fromkeys(LEVERS, 0.0), []
    for j, drivers in enumerate(work.drivers[i]):
        levers = {}
        for n, lever in enumerate(LEVERS):
            wanted = float(work.planned[k, j, n])
            if lever.startswith("sentence"):
                levers[lever] = wanted
                continue
            before, wanted = money[lever], wanted * float(work.scale[k, i])
            gap = (wanted - before) * np.exp(-work.dt / p.spending_lag_years)
            money[lever] = wanted - float(gap)
            levers[lever] = (before + money[lever]) / 2
        d = plain(block.drivers_of, drivers)
        stocks, flows = month.step(f, d, SimpleNamespace(**levers), stocks)
        brought.append(flows)
    return brought, stocks


@compiled_only
@pytest.mark.parametrize(("k", "i"), [(0, 0), (2, 149), (1, 70)])
def test_a_future_on_plain_numbers_is_the_compiled_one(begun, whole, k: int, i: int) -> None:
    """The same functions as they stand, every step of the projection."""
    flows, ends = whole
    brought, stocks = one_by_one(planned(begun), k, i)
    for name, series in zip(Flows._fields, zip(*brought, strict=True), strict=True):
        assert_same(series, flows[name][:, k, i], name)
    assert_same(runs.flat(stocks), ends[k, i])


@compiled_only
def test_the_record_on_plain_numbers_is_the_compiled_one(begun, monkeypatch) -> None:
    """From the first stocks of 2013 to the last of the record."""
    seen = []
    real = runs.run

    def watched(work, levers):
        seen.append(work)
        return real(work, levers)

    monkeypatch.setattr(runs, "run", watched)
    past = simulation.history(begun.parameters, load_observed())
    (work,) = seen
    assert work.projected == 0
    brought, stocks = one_by_one(work, 0, 3)
    assert len(brought) == len(past.flows["time"]) >= 144
    for name, series in zip(Flows._fields, zip(*brought, strict=True), strict=True):
        if name != "cost_additive":  # it begins with prices
            assert_same(series, past.flows[name][:, 0, 3], name)
    mine = [each[3] for each in runs.flat(past.stocks)]
    assert_same(runs.flat(stocks), mine)


@compiled_only
def test_the_loop_itself_in_plain_python_is_the_compiled_one(begun, whole) -> None:
    """`block.run` as it stands, on records that can be read by field without numba."""
    flows, ends = whole
    work = planned(begun)
    work = work._replace(draws=work.draws.view(np.recarray))
    mine = np.full((len(Flows._fields), *flows["consumed_kg"].shape), np.nan)
    last = np.full_like(ends, np.nan)
    reached = np.full((2, len(LEVERS)), 99.0)  # of whatever was run before
    fields = np.dtype([(name, float) for name in LEVERS])
    inside = reached[1:].view(fields)[:, 0].view(np.recarray)
    block.run(work, 2, 64, 66, reached, inside, mine, last)
    for name, values in zip(Flows._fields, mine, strict=True):
        assert_same(values[:, 2, 64:66], flows[name][:, 2, 64:66], name)
    assert_same(last[2, 64:66], ends[2, 64:66])
    untouched = np.isnan(mine)
    untouched[:, :, 2, 64:66] = True
    assert untouched.all()


@compiled_only
def test_arrays_of_draws_give_the_compiled_numbers(begun, whole, monkeypatch) -> None:
    monkeypatch.setattr(runs, "has_numba", lambda: False)
    flows, ends = runs.run(planned(begun), LEVERS)
    for name, values in flows.items():
        assert_same(values, whole[0][name], name)
    assert_same(ends, whole[1])


@compiled_only
def test_without_numba_simulate_gives_the_same_and_says_so_once(monkeypatch, caplog) -> None:
    """numba may be missing, or unable to work with the numpy that is there."""
    policies = [None, "border_surge"]
    arguments = {"draws": 50, "until": 2027, "seed": 5, "prior": True}
    compiled = simlib.simulate(policies, **arguments)

    def forget() -> None:
        runs.has_numba.cache_clear()
        simulation._begun.cache_clear()
        simulation._history.cache_clear()

    with monkeypatch.context() as patched, caplog.at_level(logging.WARNING):
        patched.setitem(sys.modules, "numba", None)
        forget()
        assert not runs.has_numba()
        plain = simlib.simulate(policies, **arguments)
    forget()
    assert runs.has_numba()
    assert [record.name for record in caplog.records] == ["simlib.runs"]
    assert "slowly" in caplog.text
    for outcome in OUTCOMES:
        assert_same(plain.yearly(outcome), compiled.yearly(outcome), outcome)


# --- numbers side by side ---------------------------------------------------------------------


def distinct(kind: type, start: float = 1.0) -> Any:
    """A tuple of this kind whose numbers are all different."""
    found = []
    for name in kind._fields:
        part = PARTS.get((kind, name))
        found.append(distinct(part, start) if part else start)
        start += len(runs.flat(found[-1]))
    return kind(*found)


PARTS: dict[tuple[type, str], type] = {
    (future.Anchors, "weights"): future.Lanes,
    (future.Anchors, "hazards"): future.Lanes,
    (future.Today, "prices"): future.Prices,
    **{(future.Today, name): future.Stages for name in ("handling", "risk", "arrests")},
    (future.Stocks, "weights"): future.Lanes,
    (future.Stocks, "capacity"): future.Capacity,
    (future.Stocks, "sellers"): future.Stages,
    (future.Stocks, "people"): future.People,
    (future.Stocks, "dead"): future.Deaths,
    (future.Stocks, "before"): future.Slow,
}
PACKED = {
    future.Anchors: block.anchors_of,
    future.Today: block.today_of,
    future.Kept: block.kept_of,
    future.Stocks: block.stocks_of,
    future.Drivers: block.drivers_of,
}
each_tuple = pytest.mark.parametrize("kind", PACKED, ids=lambda kind: kind.__name__)


@each_tuple
def test_what_is_packed_is_unpacked_into_the_same_fields(kind: type) -> None:
    numbers = distinct(kind)
    assert len(set(runs.flat(numbers))) == len(runs.flat(numbers))
    rows = runs.packed(numbers, 2)
    assert rows.shape == (2, len(runs.flat(numbers)))
    assert PACKED[kind](rows[1]) == numbers


def test_drivers_of_all_steps_come_in_the_order_of_their_fields() -> None:
    """Of shape (steps, draws) or (steps, 1); a draw's steps lie side by side."""
    one = [np.arange(3.0)[:, None] * 100 + n for n in range(len(future.Drivers._fields))]
    apart = np.array([[0.25, 0.5]])
    several = [each + apart if n % 2 else each for n, each in enumerate(one)]
    found = runs.packed_drivers(future.Drivers(*several), 2)
    for draw in range(2):
        for step in range(3):
            expected = [float(np.broadcast_to(each, (3, 2))[step, draw]) for each in several]
            assert block.drivers_of(found[draw, step]) == future.Drivers(*expected)


def test_stocks_are_stored_where_they_are_read() -> None:
    numbers = distinct(future.Stocks)
    row = np.full(len(runs.flat(numbers)), np.nan)
    block.store(row, numbers)
    assert block.stocks_of(row) == numbers
    np.testing.assert_array_equal(row, runs.packed(numbers, 1)[0])
    np.testing.assert_array_equal(row, np.ravel(runs.flat(runs.stocks(row[None]))))


def test_a_record_holds_each_parameter_under_its_name() -> None:
    columns = {"b": np.array([1.0, 2.0]), "a": np.array([3.0, 4.0])}
    for some in (columns, dict(reversed(columns.items()))):
        found = runs.records(some)
        assert found.dtype.names == ("a", "b")  # so that one machine code serves all orders
        for name, values in columns.items():
            np.testing.assert_array_equal(found[name], values)


# --- the same bits, however it is done --------------------------------------------------------


@pytest.mark.parametrize("length", [1, 7, 64, 1000])
def test_the_length_of_a_block_changes_nothing(begun, whole, monkeypatch, length: int) -> None:
    monkeypatch.setattr(runs, "BLOCK", length)
    assert bits(runs.run(planned(begun), LEVERS)) == bits(whole)


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_the_number_of_threads_changes_nothing(begun, whole, workers: int) -> None:
    with ThreadPoolExecutor(workers) as executor:
        assert bits(runs.run(planned(begun), LEVERS, executor=executor)) == bits(whole)


def test_the_order_of_blocks_and_policies_changes_nothing(begun, whole) -> None:
    backwards = [2, 1, 0]
    flows, ends = runs.run(planned(begun), LEVERS, only=backwards)
    assert bits((flows, ends)) == bits(whole)
    work = planned(begun)
    turned = work._replace(planned=work.planned[::-1], scale=work.scale[::-1])
    flows, ends = runs.run(turned, LEVERS)
    assert bits(({k: v[:, ::-1] for k, v in flows.items()}, ends[::-1])) == bits(whole)


def test_a_draw_knows_nothing_of_the_others(begun, whole) -> None:
    work = planned(begun)
    chosen = np.array([149, 3, 64])
    some = work._replace(
        scale=work.scale[:, chosen],
        **{
            name: getattr(work, name)[chosen]
            for name in ("draws", "anchors", "today", "kept", "first", "drivers")
        },
    )
    flows, ends = runs.run(some, LEVERS)
    kept = {name: values[..., chosen] for name, values in whole[0].items()}
    assert bits((flows, ends)) == bits((kept, whole[1][:, chosen]))


def test_only_the_policies_asked_for_are_run(begun, whole) -> None:
    flows, ends = runs.run(planned(begun), LEVERS, only=[2])
    for name, values in flows.items():
        np.testing.assert_array_equal(values[:, 2], whole[0][name][:, 2])
    np.testing.assert_array_equal(ends[2], whole[1][2])


@compiled_only
def test_one_machine_code_serves_arrays_of_any_kind(begun, whole) -> None:
    """Closed to writing, not side by side, or of Fortran's order."""
    before = len(runs.compiled().signatures)
    work = planned(begun)
    closed = [np.array(part) if isinstance(part, np.ndarray) else part for part in work]
    for part in closed:
        if isinstance(part, np.ndarray):
            part.flags.writeable = False
    apart = [
        np.repeat(part, 2, axis=0)[::2] if isinstance(part, np.ndarray) else part for part in work
    ]
    turned = [np.asfortranarray(p) if isinstance(p, np.ndarray) else p for p in work]
    for parts in (closed, apart, turned):
        assert bits(runs.run(block.Work(*parts), LEVERS)) == bits(whole)
    assert len(runs.compiled().signatures) == before


# --- stopping ---------------------------------------------------------------------------------


class Counted:
    """Counts the blocks under way and done."""

    def __init__(self) -> None:
        self.lock, self.under_way, self.done = Lock(), 0, 0
        self.real = runs.run_on_arrays

    def __call__(self, *arguments: Any) -> None:
        with self.lock:
            self.under_way += 1
        self.real(*arguments)
        with self.lock:
            self.under_way -= 1
            self.done += 1


def test_progress_is_told_block_by_block(begun) -> None:
    shares: list[float] = []
    runs.run(planned(begun), LEVERS, shares.append)
    np.testing.assert_allclose(shares, np.arange(1, 10) / 9)


def test_what_watch_raises_stops_the_run_and_leaves_nothing_running(
    begun, whole, monkeypatch
) -> None:
    counted, shares = Counted(), []
    monkeypatch.setattr(runs, "BLOCK", 8)

    def watch(share: float) -> None:
        shares.append(share)
        if len(shares) == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched, ThreadPoolExecutor(2) as executor:
        patched.setattr(runs, "has_numba", lambda: False)
        patched.setattr(runs, "run_on_arrays", counted)
        with pytest.raises(KeyboardInterrupt):
            runs.run(planned(begun), LEVERS, watch, executor=executor)
        assert counted.under_way == 0
        assert counted.done < 12 < 57
        done = counted.done
        executor.submit(int).result(timeout=60)  # nothing is left in the queue before it
        assert counted.done == done
    for _ in range(2):  # of the threads that all runs share
        shares.clear()
        with pytest.raises(KeyboardInterrupt):
            runs.run(planned(begun), LEVERS, watch)
    assert bits(runs.run(planned(begun), LEVERS)) == bits(whole)


def test_what_a_block_raises_is_raised(begun, monkeypatch) -> None:
    def broken(*arguments: Any) -> None:
        raise ValueError("no such number")

    monkeypatch.setattr(runs, "has_numba", lambda: False)
    monkeypatch.setattr(runs, "run_on_arrays", broken)
    with pytest.raises(ValueError, match="no such number"):
        runs.run(planned(begun), LEVERS)


# --- the status quo is kept -------------------------------------------------------------------


def test_a_run_that_is_kept_is_as_fresh_as_the_first(begun, whole) -> None:
    mine = replace(begun, shared=True)
    first = simulation.run(POLICIES, mine)
    with pytest.raises(ValueError, match="read-only"):  # the next call has it too
        first[0]["consumed_kg"][:] = 0
    first[1][:] = 0
    before = len(kept_runs.KNOWN)
    assert bits(simulation.run(POLICIES, mine)) == bits(simulation.run(POLICIES, begun))
    assert len(kept_runs.KNOWN) == before
    assert len(kept_runs.KNOWN) <= kept_runs.MOST_RUNS
    kept_runs.KNOWN.clear()
    simulation.run(POLICIES[1:2], mine)  # of the next, only the others are new
    assert bits(simulation.run(POLICIES, mine)) == bits(simulation.run(POLICIES, begun))
    turned = simulation.run(POLICIES[::-1], mine)
    assert bits(turned) == bits(simulation.run(POLICIES[::-1], begun))
    scale = np.full((len(POLICIES), 1), 0.5)
    half = simulation.run(POLICIES, mine, scale=scale)
    assert bits(half) == bits(simulation.run(POLICIES, begun, scale=scale))


def test_of_too_many_runs_the_one_used_longest_ago_goes() -> None:
    runs_kept, run = kept_runs.Runs(2), ({"flow": np.zeros(1)}, np.zeros(1))
    for key in ("first", "second"):
        runs_kept.put(key, run)
    assert runs_kept.get("first") is run
    runs_kept.put("third", run)
    assert [key for key in ("first", "second", "third") if runs_kept.get(key)] == ["first", "third"]


def test_what_is_kept_belongs_to_the_whole_policy(begun) -> None:
    """Every lever and every year of it, not to its name."""
    mine = replace(begun, shared=True)
    last = begun.time[-1] // 1
    alone = [Policy("same", changes={lever: [(last, 0.0), (last + 0.5, 0.4)]}) for lever in LEVERS]
    for policy in (Policy(name="same"), *alone):
        flows, ends = simulation.run([policy], mine)
        assert bits((flows, ends)) == bits(simulation.run([policy], begun)), policy.levers


def test_runs_of_ready_draws_and_large_ones_are_not_kept(begun, monkeypatch) -> None:
    kept_runs.KNOWN.clear()
    simulation.run(POLICIES, begun)
    assert not len(kept_runs.KNOWN)
    monkeypatch.setattr(kept_runs, "LARGEST_RUN", 10)
    simulation.run(POLICIES, replace(begun, shared=True))
    assert not len(kept_runs.KNOWN)


def test_a_policy_that_moves_nothing_is_the_status_quo(begun) -> None:
    """By name, or because what it plans comes later than all that is simulated."""
    late = moved("late", "2040-01", 0)
    nothing = Policy.constant("nothing", dict.fromkeys(LEVERS, 0.0))
    flows, ends = simulation.run([late, POLICIES[0], nothing], replace(begun))
    fresh, last = runs.run(begun.work, LEVERS)
    for name, values in flows.items():
        for k in (0, 2):
            np.testing.assert_array_equal(values[:, k], fresh[name][:, 0], err_msg=name)
        assert name == "entries" or np.any(values[:, 1] != values[:, 0]), name
    np.testing.assert_array_equal(ends[[0, 2]], last[[0, 0]])


# --- threads and processes --------------------------------------------------------------------


def simulated(seed: int = 3) -> bytes:
    found = simlib.simulate([None, "border_surge"], draws=130, until=2027, seed=seed)
    return b"".join(found.yearly(name).tobytes() for name in ("deaths_fentanyl", "consumed_kg"))


def test_several_threads_at_once() -> None:
    """Of the same draws and of others."""
    alone = [simulated(seed) for seed in (3, 4, 5)]
    simulation._begun.cache_clear()
    simulation._history.cache_clear()
    with ThreadPoolExecutor(6) as callers:
        assert list(callers.map(simulated, [3, 4, 5] * 2)) == alone * 2


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_children_of_a_process_that_has_run(method: str) -> None:
    """A forked child has no threads of its parent."""
    if method == "fork" and "jax" in sys.modules:  # it warns of its own threads at any fork
        again = f"{__file__}::test_children_of_a_process_that_has_run[fork]"
        subprocess.run([sys.executable, "-m", "pytest", "-q", again], check=True, timeout=300)
        return
    simulated(3)
    seed = 20 + multiprocessing.get_all_start_methods().index(method)  # of which nothing is kept
    with multiprocessing.get_context(method).Pool(1) as children:
        found = children.apply_async(simulated, [seed]).get(timeout=120)
    assert simulated(seed) == found


# --- machine code on disk ---------------------------------------------------------------------

PRINTED = """
import time
from simlib import runs
from simlib.simulation import history
from simlib.inputs.observed import load_observed
from simlib.inputs import sampling
from simlib.inputs.parameters import load_parameters
p = sampling.draw(load_parameters(), 3, 5)
deaths = history(p, load_observed()).flows["deaths_fentanyl"].sum().item()
stats = runs.compiled().stats
runs.has_numba = lambda: False
plain = history(p, load_observed()).flows["deaths_fentanyl"].sum().item()
print(deaths, plain, runs.content_hash(), sum(stats.cache_hits.values()),
      sum(stats.cache_misses.values()))
"""


def printed(copy: Path, **environment: str) -> tuple[float, float, str, int, int]:
    """Deaths compiled and plain, the hash, loads from disk and compilations of a new process."""
    paths = os.pathsep.join([str(copy), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, "-c", PRINTED],
        env=os.environ | {"PYTHONPATH": paths} | environment,
        cwd=copy,
        capture_output=True,
        text=True,
        check=True,
    )
    deaths, plain, key, loaded, compiled = done.stdout.split()
    return float(deaths), float(plain), key, int(loaded), int(compiled)


@compiled_only
def test_machine_code_is_kept_until_an_equation_changes(tmp_path) -> None:
    """numba alone would look at the file of the loop, which stays as it is here."""
    shutil.copytree(PACKAGE, tmp_path / "simlib", ignore=shutil.ignore_patterns("__pycache__"))
    first = printed(tmp_path)
    assert first[3:] == (0, 1)
    kept = sorted((tmp_path / "simlib" / "__pycache__" / first[2]).rglob("*.nb*"))
    assert len(kept) == 2  # an index and one machine code
    when = [file.stat().st_mtime_ns for file in kept]
    second = printed(tmp_path)
    assert second == (*first[:3], 1, 0)
    assert [file.stat().st_mtime_ns for file in kept] == when
    callee = tmp_path / "simlib" / "model" / "overdose.py"
    text = callee.read_text(encoding="utf-8")
    old, new = "return dose_factor * exp(strength)", "return dose_factor * exp(0.9 * strength)"
    assert text.count(old) == 1
    callee.write_text(text.replace(old, new), encoding="utf-8")
    third = printed(tmp_path)
    assert third[2] != first[2]
    assert third[3:] == (0, 1)
    assert abs(third[0] / first[0] - 1) > 1e-3
    for deaths, plain, *_ in (first, third):
        assert deaths == pytest.approx(plain, rel=1e-12)
    callee.write_text(text, encoding="utf-8")
    assert printed(tmp_path) == second


COUNTED = (*runs.MODULES, functions, units, runs)


@pytest.mark.parametrize("module", COUNTED, ids=lambda each: each.__name__)
def test_the_text_of_each_module_that_is_compiled_counts(module: Any, monkeypatch) -> None:
    before, real = runs.content_hash(), Path.read_bytes

    def other(path: Path) -> bytes:
        return real(path) + b"#" * (path == Path(module.__file__))

    monkeypatch.setattr(Path, "read_bytes", other)
    assert runs.content_hash() != before


def test_all_that_is_compiled_counts() -> None:
    """What a compiled module takes from others of the package, constants too."""
    names = {module.__name__ for module in COUNTED}
    for module in runs.MODULES:
        for node in ast.walk(ast.parse(Path(module.__file__).read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith("simlib"):
                inside = {f"{node.module}.{alias.name}" for alias in node.names}
                assert node.module in names or inside <= names, (module.__name__, node.module)


@compiled_only
def test_the_folder_of_the_reader_s_own_functions_stays_his(tmp_path, monkeypatch) -> None:
    import numba

    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    runs._compiled.__wrapped__()
    assert str(tmp_path) == numba.config.CACHE_DIR
    assert not list(tmp_path.iterdir())


def test_where_the_package_is_closed_to_writing_the_reader_s_folder_is_used(
    tmp_path, monkeypatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    beside = PACKAGE / "__pycache__" / runs.content_hash()
    assert runs._cache_folder() == beside
    writable, closed = os.access, {str(beside)}

    def access(path: Path, how: int) -> bool:
        return str(path) not in closed and writable(path, how)

    monkeypatch.setattr(os, "access", access)
    mine = tmp_path / ".cache" / "simlib" / runs.content_hash()
    assert runs._cache_folder() == mine
    closed.add(str(mine))
    assert runs._cache_folder() is None  # then each process compiles for itself


def test_machine_code_of_equations_long_gone_is_forgotten(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(runs, "__file__", str(tmp_path / "runs.py"))
    monkeypatch.setattr(runs, "content_hash", lambda: "f" * 16)
    old = [tmp_path / "__pycache__" / f"{n:016x}" for n in range(6)]
    for age, folder in enumerate(old):
        folder.mkdir(parents=True)
        os.utime(folder, (1e9 + age, 1e9 + age))
    (tmp_path / "__pycache__" / "of_somebody_else").mkdir()
    mine = runs._cache_folder()
    assert mine == tmp_path / "__pycache__" / ("f" * 16)
    assert {*mine.parent.iterdir()} == {mine, *old[3:], mine.parent / "of_somebody_else"}


@pytest.mark.parametrize("name", runs.SCALAR)
def test_functions_of_one_number_are_those_of_arrays(name: str) -> None:
    pairs = [(1.0, 0.3), (0.2, -1.7), (3.0, 0.0), (2.5, 4.0), (0.7, 1.0), (4.0, 0.5)]
    one, many = runs.SCALAR[name], getattr(functions, name)
    takes = {"power": 2, "minimum": 2, "maximum": 2, "where": 3}.get(name, 1)
    for first, second in pairs:
        for arguments in ((first, second), (second, first)):
            given = ((first > second, *arguments) if takes == 3 else arguments)[:takes]
            if name in ("log", "log1p", "power") and given[0] <= 0:
                continue
            assert one(*given) == pytest.approx(float(many(*given)), rel=1e-15, abs=0)


@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0])
def test_powers_of_nothing_are_those_of_arrays(exponent: float) -> None:
    """As C has them: as the compiled model does, not Python's own, which would refuse."""
    found = functions.power(0.0, exponent)
    assert found == (1 if exponent == 0 else 0)
    if runs.has_numba():
        import numba

        power = numba.njit(runs.SCALAR["power"], error_model="numpy")
        assert power(0.0, exponent) == found
