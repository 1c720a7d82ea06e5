"""The dashboard without a browser: state, files, one computation a move, words for errors."""

import html
import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from simlib.dashboard import Dashboard, Scenario, compute
from simlib.dashboard.runner import Runner
from simlib.dashboard.state import ASSUMPTIONS, History, check
from simlib.errors import InputError
from simlib.parameters import load_parameters


@pytest.fixture(scope="module")
def board() -> Dashboard:
    return Dashboard(Scenario(total=500.0))


scenarios = st.builds(
    Scenario,
    total=st.floats(0, 10_000, allow_nan=False),
    start=st.integers(2025, 2040),
    count_prison=st.booleans(),
    sentences=st.fixed_dictionaries(
        {"sentence_possession": st.floats(-0.5, 2), "sentence_selling": st.floats(-0.5, 2)}
    ),
    assumptions=st.dictionaries(st.just("budget_scale"), st.floats(0.5, 2)),
    preset=st.sampled_from(["", "border_surge", "balanced"]),
)


@given(scenarios)
@settings(max_examples=60, deadline=None)
def test_a_scenario_file_round_trips(scenario: Scenario) -> None:
    assert Scenario.from_toml(scenario.to_toml()) == scenario


@given(st.lists(scenarios, max_size=12))
@settings(max_examples=40, deadline=None)
def test_undoing_everything_is_the_start_and_redoing_it_the_end(moves: list[Scenario]) -> None:
    history = History(Scenario())
    for scenario in moves:
        history.go(scenario)
    end = history.now
    for _ in moves:
        history.undo()
    assert history.now == Scenario()
    for _ in moves:
        history.redo()
    assert history.now == end


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "schema"),
        ("schema = 2", "schema"),
        ("schema = 1\ntotal = nan", "total"),
        ("schema = 1\ntotal = -1.0", "10,000"),
        ('schema = 1\ntotal = "much"', "total"),
        ("schema = 1\ntotl = 1.0", "total"),
        ("schema = 1\nstart = 1999", "start"),
        ("schema = 1\nstart = true", "start"),
        ("schema = 1\ncount_prison = 3", "count_prison"),
        ("schema = 1\nborder = 3", "border"),
        ("schema = 1\n[border]\nport_scaning = 1.0", "port_scanning"),
        ("schema = 1\n[border]\nport_scanning = -1.0", "port_scanning"),
        ("schema = 1\n[sentences]\nsentence_selling = 9.0", "sentence_selling"),
        ("schema = 1\n[assumptions]\npass_through_weight = inf", "pass_through_weight"),
        ('schema = 1\npreset = "../../etc/passwd"', "preset"),
        ("schema = 1\nx = " + "[" * 5000, "nested"),
        ("schema = 1\nnote = '" + "x" * 300_000 + "'", "KiB"),
        ("\x00\x01", "TOML"),
    ],
)
def test_a_broken_scenario_is_refused_in_words(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        Scenario.from_toml(text)


def test_resets_touch_their_own_panel_only() -> None:
    moved = replace(Scenario(), total=77.0, assumptions={"budget_scale": 2.0})
    assert moved.policy_reset() == replace(Scenario(), assumptions={"budget_scale": 2.0})
    assert moved.assumptions_reset() == replace(Scenario(), total=77.0)


def test_all_faults_of_a_file_are_told_at_once() -> None:
    broken = (
        "schema = 2\ntotl = 1.0\ntotal = nan\nstart = 1999\nhealth = 7\n"
        "[border]\nport_scanning = inf\nport_scaning = 1.0\n"
        "[assumptions]\nbudget_scale = 'much'\n"
    )
    with pytest.raises(InputError) as caught:
        Scenario.from_toml(broken)
    told = str(caught.value)
    for field in (
        "schema",
        "'totl'",
        "total",
        "start",
        "health",
        "port_scanning",
        "'port_scaning'",
    ):
        assert field in told
    assert "assumptions.budget_scale: 'much' is no finite number; allowed: 0.5 to 2" in told


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(InputError) as caught:
        check(replace(Scenario(), total=-1.0, start=1900))
    assert len(caught.value.messages) == 2


def test_a_slider_changes_chart_and_verdict(board: Dashboard) -> None:
    sent, said = board.chart.sent, board.verdict.value
    board.total.slider.value = 2500.0
    assert board.runner.wait()
    assert board.history.now.total == 2500.0
    assert board.chart.sent > sent
    assert board.verdict.value != said
    assert board.status.value == ""
    board.undo.click()
    assert board.runner.wait()
    assert board.total.slider.value == board.total.box.value == 500.0
    assert board.verdict.value == said


def test_a_drag_is_undone_in_one_step(board: Dashboard) -> None:
    board._step(lambda: board.history.now)
    before = board.history.now
    for total in (1000.0, 1500.0, 2000.0):
        board.total.slider.value = total
    board.start.slider.value = before.start + 1
    board.undo.click()
    assert board.history.now == replace(before, total=2000.0)
    board.undo.click()
    assert board.history.now == before
    board.redo.click()
    assert board.total.value == 2000.0
    board.undo.click()
    assert board.runner.wait()


def test_a_value_between_the_slider_s_steps_is_kept(board: Dashboard) -> None:
    before, control = board.history.now, board.controls["border", "port_scanning"]
    control.box.value = 12.34
    assert board.history.now.border["port_scanning"] == 12.34
    assert control.slider.value == 12.0
    control.slider.send_state()
    control._slid({"new": 12.0})  # what a browser reports when it has drawn the handle
    assert control.box.value == board.history.now.border["port_scanning"] == 12.34
    board._go(before, show=True)
    assert board.runner.wait()


def test_every_slider_stands_on_one_of_its_steps(board: Dashboard) -> None:
    for control in (board.total, board.start, *board.controls.values()):
        steps = (control.slider.value - control.slider.min) / control.slider.step
        assert steps == pytest.approx(round(steps), abs=1e-6)
        assert control.limits.low <= control.slider.value <= control.limits.high


def test_parts_of_the_money_are_told_and_add_up(board: Dashboard) -> None:
    for name, share in board.picture.money.items():
        split = board.picture.parts[name]
        assert sum(split.values()) == pytest.approx(share.programmes, abs=1e-6)
        assert "Million USD a year: " in board.parts[name].value
    nothing = replace(board.history.now, border=dict.fromkeys(board.history.now.border, 0.0))
    assert "nothing is spent" in compute.parts(compute.picture(nothing, 50), "border")


def test_a_drag_costs_one_simulation(board: Dashboard, monkeypatch) -> None:
    scenario = replace(board.history.now, assumptions={"budget_scale": 1.5}, preset="balanced")
    known = compute.affordable(board.picture, scenario)
    compute.picture(scenario, 50, known)
    asked = []
    real = compute.simulate
    monkeypatch.setattr(compute, "simulate", lambda *a, **k: asked.append(a) or real(*a, **k))
    compute.picture(scenario, 50, known)
    assert len(asked) == 1


def test_a_bad_number_is_answered_beside_the_control_and_nothing_is_lost(board: Dashboard) -> None:
    before = board.history.now
    board.total.box.value = -3.0
    assert "allowed: 0 to 10,000" in board.total.words.value
    assert board.history.now == before
    board.total.box.value = 700.0
    assert board.runner.wait()
    assert board.total.words.value == ""
    assert board.history.now.total == 700.0


def test_a_broken_file_leaves_the_state(board: Dashboard) -> None:
    before = board.history.now
    for name, content in (("bad.toml", b"schema = 7"), ("picture.toml", b"\xff\xfe\x00")):
        board._load({"new": [{"name": name, "content": memoryview(content)}]})
        assert name in board.status.value
    assert board.history.now == before
    good = replace(before, total=900.0).to_toml().encode()
    board._load({"new": [{"name": "good.toml", "content": memoryview(good)}]})
    assert board.runner.wait()
    assert board.total.slider.value == 900.0


def test_a_loaded_scenario_is_computed_once(board: Dashboard, monkeypatch) -> None:
    asked = []
    real = compute.picture
    monkeypatch.setattr(compute, "picture", lambda *a: asked.append(a) or real(*a))
    board._go(Scenario(total=300.0, start=2027, preset="balanced"), show=True)
    assert board.runner.wait()
    assert len(asked) == 2  # once quickly, once in full


def test_an_assumption_draws_its_own_line(board: Dashboard) -> None:
    board.pins["budget_scale"].value = True
    assert board.runner.wait()
    series = set(board.picture.tables["lines"]["series"])
    assert {"status quo", "your assumptions, no new policy"} <= series
    board.pins["budget_scale"].value = False
    assert board.runner.wait()
    assert "your assumptions, no new policy" not in set(board.picture.tables["lines"]["series"])


def test_ranges_come_from_the_rows(board: Dashboard) -> None:
    for name in ASSUMPTIONS:
        control, row = board.controls["assumptions", name], load_parameters()[name]
        slider = control.slider
        assert (slider.min, slider.max) == (row.low, row.high)
        assert row.label in html.unescape(control.children[0].value)
        assert row.unit in control.children[0].value
        assert row.note in slider.tooltip


def test_files_hold_what_is_drawn(board: Dashboard) -> None:
    name, mime, contents = board._file("png")()
    assert (name, mime) == ("border_or_internal.png", "image/png")
    assert Image.open(io.BytesIO(contents)).format == "PNG"
    table = pd.read_csv(io.BytesIO(board._file("csv")()[2]), comment="#")
    drawn = board.picture.tables["lines"]
    np.testing.assert_allclose(table[table.panel == "lines"]["median"], drawn["median"], rtol=1e-12)
    assert Scenario.from_toml(board._toml()[2].decode()) == board.history.now


def test_two_dashboards_do_not_interfere(board: Dashboard) -> None:
    other = Dashboard(Scenario(total=100.0))
    other.total.slider.value = 4000.0
    assert other.runner.wait()
    assert board.history.now.total != 4000.0


def test_a_picture_no_longer_wanted_is_given_up() -> None:
    with pytest.raises(compute.Outdated):
        compute.picture(Scenario(), 50, None, lambda: True)


def test_the_last_wish_wins_and_errors_are_told() -> None:
    done: list[tuple[int, bool]] = []
    failed: list[Exception] = []

    def work(wish: int, quickly: bool) -> None:
        if wish < 0:
            raise ValueError("below 0")
        done.append((wish, quickly))

    runner: Runner[int] = Runner(work, failed.append)
    for wish in range(200):
        runner.wish(wish)
    assert runner.wait()
    assert done[-2:] == [(199, True), (199, False)]
    assert len(done) < 200
    runner.wish(-1)
    assert runner.wait()
    assert str(failed[0]) == "below 0"
