"""Files of results and posteriors: whatever was done to them, words and never a wrong number."""

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


@pytest.fixture(scope="module")
def run() -> simlib.Ensemble:
    return simlib.simulate([None, "border_surge"], draws=3, until=2026)


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


@pytest.mark.parametrize("read", [read_posterior, simlib.read_ensemble, simlib.read_policy])
def test_what_is_no_such_file_is_refused_in_words(read, tmp_path) -> None:
    for path in kinds(tmp_path):
        with pytest.raises(simlib.InputError) as caught:
            read(path)
        str(caught.value).encode()


@pytest.mark.parametrize("which", ["posterior", "ensemble"])
def test_flipped_bits_are_refused_or_change_nothing(which, run, small, tmp_path) -> None:
    rng, path = random.Random(5), tmp_path / "file.npz"
    if which == "posterior":
        np.savez_compressed(path, **small)
    else:
        run.save(path)
    read = read_posterior if which == "posterior" else simlib.read_ensemble
    whole = path.read_bytes()
    for _ in range(250):
        changed = bytearray(whole)
        changed[rng.randrange(len(whole))] ^= 1 << rng.randrange(8)
        path.write_bytes(changed)
        try:
            read(path)
        except simlib.InputError:
            continue
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(simlib.InputError):
        read(path)


def stored(run: simlib.Ensemble, path, **changed) -> dict:
    run.save(path)
    with np.load(path) as arrays:
        whole = dict(arrays) | {name.replace("__", "/"): each for name, each in changed.items()}
    return {name: each for name, each in whole.items() if each is not None}


def described(policies: object) -> np.ndarray:
    return text(json.dumps({"policies": policies, "about": {}}))


ENSEMBLES = {
    "a flow is missing": ({"projection__overdoses": None}, "overdoses is missing"),
    "no time": ({"history__time": None}, "history/time"),
    "no dt": ({"projection__dt": None}, "projection/dt"),
    "dt is 0": ({"projection__dt": np.array(0.0)}, "projection/dt"),
    "dt is an array": ({"projection__dt": np.ones(3)}, "projection/dt"),
    "dt is NaN": ({"history__dt": np.array(np.nan)}, "history/dt"),
    "wrong shape": ({"projection__overdoses": np.ones((24, 5, 3))}, "has shape"),
    "flat": ({"history__overdoses": np.ones(7)}, "has shape"),
    "text": ({"history__overdoses": np.full((144, 1, 3), "a")}, "is not finite"),
    "NaN": ({"projection__deaths_fentanyl": np.full((24, 2, 3), np.nan)}, "is not finite"),
    "time goes back": ({"history__time": np.zeros((144, 1, 1))}, "rising"),
    "a parameter is missing": ({"parameters__vsl": None}, "vsl is missing"),
    "a parameter is NaN": ({"parameters__vsl": np.full(3, np.nan)}, "parameters/vsl"),
    "another number of draws": ({"parameters__vsl": np.ones(4)}, "different numbers of draws"),
    "no parameters": (None, "is missing"),
    "policies is text": ({"about": described("ab")}, "policies: 'ab' is no list"),
    "policies are numbers": ({"about": described([1, 2])}, "is no list of names"),
    "policies are one": ({"about": described(["a", "a"])}, "names must differ"),
    "policies are too few": ({"about": described(["a"])}, "has shape"),
    "another table": ({"other__x": np.ones(3)}, "cannot be read as results"),
}


@pytest.mark.parametrize(("changed", "said"), ENSEMBLES.values(), ids=ENSEMBLES.keys())
def test_results_that_do_not_fit_together_are_refused(run, changed, said, tmp_path) -> None:
    path = tmp_path / "run.npz"
    arrays = stored(run, path, **changed or {})
    if changed is None:
        arrays = {k: v for k, v in arrays.items() if not k.startswith("parameters/")}
    np.savez(path, **arrays)
    with pytest.raises(simlib.InputError, match=said):
        simlib.read_ensemble(path)


def test_a_name_without_an_ending_is_kept(run, tmp_path) -> None:
    run.save(tmp_path / "ens")
    assert [each.name for each in tmp_path.iterdir()] == ["ens"]
    again = simlib.read_ensemble(str(tmp_path / "ens"))
    np.testing.assert_array_equal(again.yearly("qalys"), run.yearly("qalys"))


def test_a_file_is_written_whole_or_not_at_all(run, tmp_path, monkeypatch) -> None:
    path = tmp_path / "run.npz"
    run.save(path)
    before = path.read_bytes()

    def full(file, **arrays) -> None:
        file.write(b"half")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(np, "savez_compressed", full)
        for save in (run.save, shipped_posterior().save):
            with pytest.raises(simlib.InputError, match=r"cannot be written.*No space left"):
                save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
    for bad in (tmp_path / "no" / "x.npz", tmp_path / "a\0b", 7, tmp_path):
        with pytest.raises(simlib.InputError):
            run.save(bad)


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
