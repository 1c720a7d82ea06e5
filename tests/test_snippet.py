"""The Python snippet: run as a reader would run it, it prints what the CSV of the picture holds."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from simlib.dashboard import compute, share
from simlib.dashboard.catalogue import names
from simlib.dashboard.session import Session
from simlib.dashboard.snippet import snippet
from simlib.errors import InputError
from simlib.inputs.policy import policy_names

BANDS = ["low90", "low50", "median", "high50", "high90"]
SESSIONS = {
    "all moved": Session().choose(
        total=1234.56789,
        start=2028,
        border={"port_scanning": 1.0, "between_ports": 2.5},
        sentences={"sentence_selling": 0.5},
        health={"naloxone": 200.0},
        assumptions={"budget_scale": 1.5, "demand_elasticity": 0.75},
        preset="balanced",
        outcome="price_street",
    ),
    "net benefit": Session().choose(count_prison=False, outcome="net_benefit_qaly"),
    "impossible": Session().choose(
        total=100.0,
        sentences={"sentence_selling": 1.0},
        health={"naloxone": 200.0},
        preset="balanced",
    ),
    "cost": Session().choose(total=5000.0, outcome="cost_per_death_averted"),
    "cost of one line": Session().choose(
        own_total={"border": 0.0, "internal": 2000.0}, outcome="cost_per_death_averted"
    ),
}


def run(text: str, folder: Path) -> str:
    """What a program prints that is run in a folder, with warnings as errors."""
    file = folder / "snippet.py"
    file.write_text(text, encoding="utf-8")
    command = [sys.executable, "-W", "error", str(file)]
    paths = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run(
        command, cwd=folder, env=paths, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", SESSIONS)
def test_the_snippet_prints_the_numbers_of_the_picture(name: str, tmp_path: Path) -> None:
    session = SESSIONS[name]
    printed = pd.read_csv(io.StringIO(run(snippet(session), tmp_path)))
    picture = compute.picture(session.now, outcome=session.now.outcome)
    drawn = pd.read_csv(io.BytesIO(compute.export(picture, "csv")))
    drawn = drawn[drawn["panel"].isin(["lines", "difference"])]
    keys = ["panel", "series", "year"]
    both = drawn.merge(printed, on=keys, how="outer", suffixes=("", "_printed"), indicator=True)
    assert set(both["_merge"]) == {"both"}
    assert len(both) == len(drawn) == len(printed) > 0
    for band in BANDS:
        assert (both[band] == both[f"{band}_printed"]).all(), band  # to the last digit
    assert (tmp_path / "picture.svg").read_bytes().startswith(b"<svg")


def test_each_snippet_is_a_program_that_names_its_origin() -> None:
    for preset in policy_names():
        session = Session().choose(preset=preset)
        text = snippet(session)
        compile(text, "snippet", "exec")
        assert share.write(session) in text
        assert "Data: deaths to" in text
        assert max(map(len, text.splitlines())) <= 100


def test_names_that_a_reader_gave_are_no_part_of_the_program() -> None:
    session = Session().keep('x""" + exit() + """')
    assert "exit()" not in snippet(session)


def test_money_of_its_own_is_written_out() -> None:
    apart = Session().choose(own_total={"border": 100.0, "internal": 2500.0})
    text = snippet(apart)
    assert "priced([border], 100.0) + priced([internal], 2500.0)" in text
    compile(text, "snippet", "exec")


def test_a_session_that_cannot_be_used_has_no_snippet() -> None:
    with pytest.raises(InputError):
        snippet(Session().choose(total=-1.0))


def test_every_moved_number_stands_in_the_text() -> None:
    health = {name: 100.125 + number for number, name in enumerate(names("health"))}
    text = snippet(Session().choose(total=777.25, health=health, judgement={"vsl": 7654321.0}))
    for value in (777.25, *health.values(), 7654321.0):
        assert repr(value) in text
