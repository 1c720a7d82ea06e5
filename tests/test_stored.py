"""Files of posteriors: whatever was done to them, words and never a wrong number."""

import io
import json
import os
import random
import zipfile

import numpy as np
import pytest

import simlib
from simlib.inputs.posterior import SHIPPED, Posterior, read_posterior, shipped_posterior

ABOUT = {"data_vintage": "mine"}


@pytest.fixture(scope="module")
def small() -> dict:
    """Arrays of a small posterior file."""
    shipped = shipped_posterior()
    about = np.frombuffer(json.dumps(ABOUT).encode(), dtype=np.uint8)
    columns = {name: column.astype(np.float32) for name, column in shipped.take(4).items()}
    return columns | {"last_residual": np.zeros(4, np.float32), "about": about}


def text(words: str) -> np.ndarray:
    return np.frombuffer(words.encode(), dtype=np.uint8)


POSTERIORS = {
    "NaN residual": ({"last_residual": np.full(4, np.nan)}, "last_residual"),
    "infinite residual": ({"last_residual": np.full(4, np.inf)}, "last_residual"),
    "no rows": ({"last_residual": np.zeros(0)}, "one row or more"),
    "no axis": ({"last_residual": np.zeros(())}, "last_residual"),
    "two axes": ({"last_residual": np.zeros((4, 2))}, "last_residual"),
    "text residual": ({"last_residual": np.array(["a"] * 4)}, "last_residual"),
    "out of bounds": (
        {"demand_elasticity": np.full(4, 1.5, np.float32)},
        "demand_elasticity: goes from 1.5 to 1.5; allowed: 0.3 to 0.9",
    ),
    "sign turned": ({"demand_elasticity": np.full(4, -0.6, np.float32)}, "demand_elasticity"),
    "text column": ({"demand_elasticity": np.array(["a"] * 4)}, "not finite"),
    "two-dimensional": ({"demand_elasticity": np.full((4, 1), 0.6)}, "rows are missing"),
    "unknown column": ({"demand_elasticiti": np.full(4, 0.6)}, "demand_elasticity"),
    "a fixed row": ({"prison_federal_share": np.full(4, 0.15)}, "prison_federal_share"),
    "a lever": ({"drug_units": np.full(4, 0.0)}, "drug_units"),
    "about is no table": ({"about": text("[]")}, "about: must be JSON with a data_vintage"),
    "about says nothing": ({"about": text("{}")}, "data_vintage"),
    "about is no text": ({"about": text('{"data_vintage": 3}')}, "data_vintage"),
    "about is deep": ({"about": text("[" * 100_000)}, "about"),
    "about nests": (
        {"about": text('{"data_vintage":"a","b":' + "[" * 1500 + "]" * 1500 + "}")},
        "about",
    ),
    "explanation is no text": ({"explanation": np.zeros(4)}, "explanation"),
}


@pytest.mark.parametrize(("changed", "said"), POSTERIORS.values(), ids=POSTERIORS.keys())
def test_a_posterior_that_cannot_be_one_is_refused(small, changed, said, tmp_path) -> None:
    np.savez(tmp_path / "bad.npz", **small | changed)
    with pytest.raises(simlib.InputError, match=said):
        read_posterior(tmp_path / "bad.npz")


def test_a_posterior_needs_columns_and_all_that_is_right_is_read(small, tmp_path) -> None:
    bare = {name: small[name] for name in ("last_residual", "about")}
    np.savez(tmp_path / "bare.npz", **bare)
    with pytest.raises(simlib.InputError, match="columns: are missing"):
        read_posterior(tmp_path / "bare.npz")
    np.savez(tmp_path / "good.npz", **small)
    good = read_posterior(str(tmp_path / "good.npz"))
    assert np.isfinite(simlib.simulate(draws=4, posterior=good).yearly("deaths_fentanyl")).all()


def kinds(path) -> None:
    """Files that are none, of many kinds."""
    np.save(path / "one.npy", np.ones(3))
    with zipfile.ZipFile(path / "lzma.npz", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("about.npy", b"x" * 100)
    with zipfile.ZipFile(path / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("about.npy", b"\0" * 100_000_000)
    huge = io.BytesIO()
    described = {"descr": "<f8", "fortran_order": False, "shape": (2**40,)}
    np.lib.format.write_array_header_1_0(huge, described)
    with zipfile.ZipFile(path / "header.npz", "w") as archive:
        archive.writestr("about.npy", huge.getvalue())
    code = io.BytesIO()
    np.save(code, np.array([{}], dtype=object), allow_pickle=True)
    with zipfile.ZipFile(path / "code.npz", "w") as archive:
        archive.writestr("about.npy", code.getvalue())
    (path / "empty.npz").touch()
    (path / "folder.npz").mkdir()
    os.mkfifo(path / "pipe.npz")
    for name in ("one.npy", "lzma.npz", "bomb.npz", "header.npz", "code.npz", "empty.npz",
                 "folder.npz", "pipe.npz", "no such", "a\0b", "a\udc80b"):  # fmt: skip
        yield path / name
    yield from (7, None, b"x", np.zeros(2), "")


@pytest.mark.parametrize("read", [read_posterior, simlib.read_policy])
def test_what_is_no_such_file_is_refused_in_words(read, tmp_path) -> None:
    for path in kinds(tmp_path):
        with pytest.raises(simlib.InputError) as caught:
            read(path)
        str(caught.value).encode()


def test_flipped_bits_are_refused_or_change_nothing(small, tmp_path) -> None:
    rng, path = random.Random(5), tmp_path / "file.npz"
    np.savez_compressed(path, **small)
    whole = path.read_bytes()
    for _ in range(250):
        changed = bytearray(whole)
        changed[rng.randrange(len(whole))] ^= 1 << rng.randrange(8)
        path.write_bytes(changed)
        try:
            read_posterior(path)
        except simlib.InputError:
            continue
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(simlib.InputError):
        read_posterior(path)


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch) -> None:
    path = tmp_path / "run.npz"
    save = shipped_posterior().save
    save(path)
    before = path.read_bytes()

    def full(file, **arrays) -> None:
        file.write(b"half")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(np, "savez_compressed", full)
        with pytest.raises(simlib.InputError, match=r"cannot be written.*No space left"):
            save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
    for bad in (tmp_path / "no" / "x.npz", tmp_path / "a\0b", 7, tmp_path):
        with pytest.raises(simlib.InputError):
            save(bad)


def test_a_new_file_follows_no_link_and_removes_nothing_of_others(small, tmp_path) -> None:
    values = {k: v for k, v in small.items() if k not in ("last_residual", "about")}
    posterior = Posterior(values, small["last_residual"], ABOUT)
    victim, to = tmp_path / "victim", tmp_path / "mine.npz"
    victim.write_text("mine")
    (tmp_path / ".mine.npz.part.npz").symlink_to(victim)
    (tmp_path / "dangling.npz").symlink_to(tmp_path / "nowhere")
    posterior.save(to, new=True)
    assert victim.read_text() == "mine"
    assert (tmp_path / ".mine.npz.part.npz").is_symlink()
    for taken in (to, tmp_path / "dangling.npz", victim):
        with pytest.raises(simlib.InputError, match="exists already and is not overwritten"):
            posterior.save(taken, new=True)
    assert (tmp_path / "dangling.npz").is_symlink()
    assert len(list(tmp_path.iterdir())) == 4
    assert read_posterior(to).about == ABOUT


def test_the_shipped_posterior_is_among_those_that_are_read() -> None:
    assert len(read_posterior(str(SHIPPED)).residual) == len(shipped_posterior().residual)
