"""Many futures: draws x policies x months, the only file that knows there is more than one.

:func:`simlib.model.month.step` is compiled as it stands, one number at a time, and run in blocks of
draws under one policy. Blocks need no Python while they run, so that threads share the cores, and
between two of them a run can be stopped. A draw does not know what else is in its block: the same
numbers come out however the work is cut. Where numba cannot be had, the same functions run on
arrays of draws instead, slower.
"""

import importlib.util
import logging
import math
import os
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor, as_completed, wait
from functools import cache
from hashlib import sha256
from operator import itemgetter
from pathlib import Path
from threading import Lock
from types import FunctionType, ModuleType, SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simlib import block
from simlib.block import Work
from simlib.model import (
    custody,
    enforcement,
    future,
    market,
    month,
    overdose,
    people,
    pressure,
    supply,
)
from simlib.model.future import Drivers, Stocks
from simlib.model.month import Flows

Array = NDArray[np.float64]
Watch = Callable[[float], None]
"""Called between blocks with the share of the work that is done; what it raises stops the run."""

MODULES = (
    future,
    enforcement,
    supply,
    custody,
    market,
    overdose,
    people,
    pressure,
    month,
    block,
)
"""What is compiled, each after those it calls."""
MOST_KEPT = 4
"""Versions of the equations whose machine code is kept."""
BLOCK = 64
"""Draws in a block: short enough to stop soon, long enough that starting one does not count."""


# --- the equations, compiled ----------------------------------------------------------------------


def _minimum(one: float, other: float) -> float:
    return one if one < other else other


def _maximum(one: float, other: float) -> float:
    return one if one > other else other


def _where(condition: bool, one: float, other: float) -> float:
    return one if condition else other


def _power(base: float, exponent: float) -> float:
    return 1.0 if base == 1.0 or exponent == 0.0 else math.exp(exponent * math.log(base))


def _exp(x: float) -> float:
    return 1.0 if x == 0.0 else math.exp(x)


SCALAR = {
    "exp": _exp,
    "expm1": math.expm1,
    "log": math.log,
    "log1p": math.log1p,
    "minimum": _minimum,
    "maximum": _maximum,
    "power": _power,
    "where": _where,
}
"""What stands for :mod:`simlib.model.functions` where one number is computed at a time."""


def content_hash() -> str:
    """Hash of the text of all that is compiled, constants included: which machine code may be kept.

    numba looks at the file of the compiled function alone and would go on running old equations.
    """
    here = Path(__file__).parent
    files = [*sorted((here / "model").glob("*.py")), here / "block.py", here / "units.py"]
    return sha256(b"".join(file.read_bytes() for file in [*files, Path(__file__)])).hexdigest()[:16]


@cache
def has_numba() -> bool:
    """Whether the equations can be compiled; where not, one sentence is logged, once."""
    try:
        import numba  # noqa: F401
    except ImportError as why:  # missing, or unable to work with this Python or numpy
        logging.getLogger(__name__).warning("Not compiled, the model runs slowly: %s", why)
        return False
    return True


def _cache_folder() -> Path | None:
    """Where machine code of these equations is kept: beside the modules, else with the reader's."""
    for parent in (Path(__file__).parent / "__pycache__", Path("~/.cache/simlib").expanduser()):
        folder = parent / content_hash()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK | os.X_OK):
            _forget_old(folder)
            return folder
    return None


def _forget_old(folder: Path) -> None:
    """Delete machine code of equations that were in use long ago; whatever is in use stays."""
    folder.touch()
    names = "[0-9a-f]" * len(folder.name)
    kept = sorted(folder.parent.glob(names), key=lambda each: each.stat().st_mtime, reverse=True)
    for old in kept[MOST_KEPT:]:
        shutil.rmtree(old, ignore_errors=True)


def compiled() -> Callable[..., None]:
    """:func:`simlib.block.run` as machine code; seconds the first time, then kept on disk."""
    with _compiling:
        return _compiled()


@cache
def _compiled() -> Callable[..., None]:
    import numba

    # Called by the loop only, and as one piece: tuples that are handed on would be copied.
    inside = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True, "forceinline": True}
    jit = numba.njit(error_model="numpy", **inside)
    copies = {module.__name__: _copy(module) for module in MODULES}
    machine: dict[tuple[str, str], Any] = {
        (name, each.__name__): jit(each)
        for name, copy in copies.items()
        for each in vars(copy).values()
        if isinstance(each, FunctionType) and each.__module__ == name
    }
    scalar = {name: jit(f) if isinstance(f, FunctionType) else f for name, f in SCALAR.items()}
    for copy in copies.values():
        for name, value in list(vars(copy).items()):
            if isinstance(value, ModuleType) and value.__name__ in copies:
                vars(copy)[name] = copies[value.__name__]
            elif name in scalar:
                vars(copy)[name] = scalar[name]
            elif isinstance(value, FunctionType):
                vars(copy)[name] = machine.get((value.__module__, value.__name__), value)
    loop, folder = copies[block.__name__].run.py_func, _cache_folder()
    before, numba.config.CACHE_DIR = numba.config.CACHE_DIR, str(folder)
    try:
        return numba.njit(loop, nogil=True, cache=folder is not None, error_model="numpy")
    finally:
        numba.config.CACHE_DIR = before  # that of the reader's own functions


def _copy(module: ModuleType) -> ModuleType:
    """A second copy of a module, with the classes of the first."""
    spec = module.__spec__
    assert spec is not None
    assert spec.loader is not None
    copy = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(copy)
    classes = {name: each for name, each in vars(module).items() if isinstance(each, type)}
    vars(copy).update(classes)
    return copy


# --- runs -----------------------------------------------------------------------------------------


def flat(nested: Any) -> list[Any]:
    """Numbers of nested tuples, in order."""
    if isinstance(nested, tuple):
        return [number for part in nested for number in flat(part)]
    return [nested]


def packed(nested: Any, draws: int) -> Array:
    """Numbers of nested tuples side by side, shape (draws, numbers)."""
    return np.stack([np.broadcast_to(each, draws) for each in flat(nested)], axis=1)


def stocks(ends: Array) -> Stocks:
    """Stocks as tuples of arrays, from what :func:`run` returns of one policy."""
    return block.stocks_of(np.ascontiguousarray(ends.T))


def records(columns: Mapping[str, Array]) -> NDArray[np.void]:
    """A record a draw, with a field a parameter."""
    draws = len(next(iter(columns.values())))
    by_name = sorted(
        columns.items(), key=itemgetter(0)
    )  # in whatever order they come, one machine code serves
    found = np.empty(draws, dtype=[(name, float) for name, _ in by_name])
    for name, values in by_name:
        found[name] = values
    return found


def packed_drivers(drivers: Drivers, draws: int) -> Array:
    """Drivers of all steps, each of shape (steps, draws or 1); shape (draws, steps, fields)."""
    steps = max(len(series) for series in drivers)
    found = np.empty((draws, steps, len(drivers)))
    for n, series in enumerate(drivers):
        found[:, :, n] = np.broadcast_to(series, (steps, draws)).T
    return found


def run(
    work: Work,
    levers: Sequence[str],
    watch: Watch = lambda done: None,
    only: Iterable[int] | None = None,
    executor: Executor | None = None,
) -> tuple[dict[str, Array], Array]:
    """Run all draws under all policies.

    Parameters
    ----------
    levers : names, in the order of `work.planned`
    watch : called between blocks
    only : the policies to run, by number; those of others are left as they come
    executor : of threads; by default one thread a core

    Returns
    -------
    flows : by name, shape (steps, policies, draws)
    ends : stocks at the end, shape (policies, draws, stocks)
    """
    policies, draws = len(work.planned), len(work.draws)
    work = Work(*(_read_only(part) for part in work))
    flows = np.empty((len(Flows._fields), work.drivers.shape[1], policies, draws))
    ends = np.empty((policies, draws, work.first.shape[1]))
    wanted = range(policies) if only is None else only
    cuts = [(k, at) for k in wanted for at in range(0, draws, BLOCK)]
    loop = compiled() if has_numba() else run_on_arrays
    fields = np.dtype([(name, float) for name in levers])

    def one(cut: tuple[int, int]) -> None:
        k, at = cut
        reached = np.zeros((2, len(levers)))
        inside = reached[1:].view(fields)[:, 0]
        loop(work, k, at, min(at + BLOCK, draws), reached, inside, flows, ends)

    pool = executor or _threads()
    waiting = [pool.submit(one, cut) for cut in cuts]
    try:
        for n, done in enumerate(as_completed(waiting), start=1):
            done.result()
            watch(n / len(cuts))
    finally:
        for each in waiting:
            each.cancel()
        wait(waiting)  # a block that has begun still writes
    return dict(zip(Flows._fields, flows, strict=True)), ends


def _read_only(part: Any) -> Any:
    """A view of an array of one kind, so that one machine code serves all; else the part."""
    if not isinstance(part, np.ndarray):
        return part
    view = np.ascontiguousarray(part).view()
    view.flags.writeable = False
    return view


def run_on_arrays(
    work: Work,
    k: int,
    first: int,
    last: int,
    reached: Array,
    levers: NDArray[np.void],
    flows: Array,
    ends: Array,
) -> None:
    """What :func:`simlib.block.run` does, on arrays of draws: where nothing can be compiled."""
    cut = slice(first, last)
    mine = work.draws[cut]
    p = SimpleNamespace(**{name: mine[name] for name in mine.dtype.names or ()})
    anchors, today = block.anchors_of(work.anchors[cut].T), block.today_of(work.today[cut].T)
    kept = block.kept_of(work.kept[cut].T)
    alike = future.Future(p, anchors, today, kept, work.projected, work.dt)
    stocks = block.stocks_of(work.first[cut].T)
    lag = future.lag_kept(p.spending_lag_years, work.dt)
    money = np.zeros((len(work.is_money), last - first))
    for j in range(work.drivers.shape[1]):
        planned = np.broadcast_to(work.planned[k, j][:, None], money.shape)
        after = future.toward(money, planned * work.scale[k, cut], lag)
        force = np.where(work.is_money[:, None], 0.5 * (money + after), planned)
        now = SimpleNamespace(**dict(zip(levers.dtype.names or (), force, strict=True)))
        d = block.drivers_of(work.drivers[cut, j].T)
        stocks, brought = month.step(alike, d, now, stocks)
        for f, values in enumerate(brought):
            flows[f, j, k, cut] = values
        money = after
    ends[k, cut] = packed(stocks, last - first)


@cache
def _threads() -> ThreadPoolExecutor:
    """A thread a core, for the life of the process."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return ThreadPoolExecutor(cores or 1, thread_name_prefix="simlib")


def _after_fork() -> None:
    """A child has no threads of its parent, and nobody who would open a lock again."""
    global _compiling
    _threads.cache_clear()
    _compiling = Lock()


_compiling = Lock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
