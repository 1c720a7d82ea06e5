"""Pieces of a long study: stored, read again, the same on any number of workers."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest

from simlib.study import pieces

KEYS = ["a", "b", "c", "d"]


def work(key: str, factor: float, log: Path) -> pieces.Piece:
    """Numbers that depend on the key alone; each call is written down."""
    with log.open("a") as file:
        file.write(key)
    if key == "stop":
        raise RuntimeError("stopped")
    return {"x": factor * np.random.default_rng(ord(key)).random(3)}


def test_the_same_numbers_on_any_number_of_workers(tmp_path) -> None:
    found = {}
    for workers in (1, 2):
        folder = tmp_path / str(workers)
        job = partial(work, factor=2.0, log=tmp_path / f"log{workers}")
        found[workers] = pieces.perform_all(job, KEYS, folder, workers)
    assert list(found[1]) == list(found[2]) == KEYS
    for key in KEYS:
        np.testing.assert_array_equal(found[1][key]["x"], found[2][key]["x"])
    other = pieces.perform_all(partial(work, factor=3.0, log=tmp_path / "o"), KEYS, tmp_path / "o3")
    assert not np.array_equal(other["a"]["x"], found[1]["a"]["x"])


def test_after_a_kill_only_what_is_missing_is_done(tmp_path) -> None:
    log, folder = tmp_path / "log", tmp_path / "pieces"
    job = partial(work, factor=1.0, log=log)
    with pytest.raises(RuntimeError, match="stopped"):
        pieces.perform_all(job, ["a", "stop"], folder, 1)
    assert sorted(path.name for path in folder.iterdir()) == ["a.npz"]
    (folder / "b.npz").write_bytes(b"half a file")  # as a full disk would leave it
    found = pieces.perform_all(job, ["a", "b"], folder, 1)
    assert log.read_text().count("a") == 1
    assert log.read_text().count("b") == 1
    np.testing.assert_array_equal(found["b"]["x"], work("b", 1.0, log)["x"])
