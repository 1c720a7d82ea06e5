"""The dashboard without a browser: state, files, one computation a move, words for errors."""

import html
import io
import threading
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from sessions import moved, moves

from simlib import runs
from simlib.dashboard import Dashboard, Scenario, app, compute, files
from simlib.dashboard.catalogue import todays_split
from simlib.dashboard.controls import Control
from simlib.dashboard.files import KINDS
from simlib.dashboard.folds import Work
from simlib.dashboard.live import Outdated, Runner
from simlib.dashboard.panels import idle
from simlib.dashboard.session import History, Session
from simlib.dashboard.share import write
from simlib.dashboard.state import POLICY
from simlib.errors import InputError
from simlib.inputs.parameters import load_parameters
from simlib.simulation import DRAWS
from simlib.version import __version__

TOTAL = (POLICY, "total")


def move(board: Dashboard, name: str, value: float) -> None:
    """What a browser tells when a slider of the policy panel is moved."""
    board.controls[POLICY, name].set_state({"value": value})


def typed(control: Control, text: str) -> None:
    """What a browser tells when a number is typed."""
    control._hear(control, {"typed": text}, [])


def upload(board: Dashboard, name: str, content: bytes) -> None:
    """What a browser tells when a file is chosen."""
    button = board.files.upload
    button._hear(button, {"name": name}, [memoryview(content)])


@pytest.fixture(scope="module")
def board() -> Dashboard:
    return Dashboard(Session(Scenario(total=500.0)))


def test_a_slider_changes_chart_and_verdict(board: Dashboard) -> None:
    sent, said = board.chart.sent, board.verdict.value
    move(board, "total", 2500.0)
    assert board.runner.wait()
    assert board.now.total == 2500.0
    assert board.chart.sent > sent
    assert board.verdict.value != said
    assert board.status.value == ""
    board.undo.click()
    assert board.runner.wait()
    assert board.controls[TOTAL].value == 500.0
    assert board.verdict.value == said


# --- frames -----------------------------------------------------------------------------------


def test_a_frame_spends_the_same_money_and_runs_each_strategy_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In a drag the money of the frame before is where the search for equal money begins."""
    ran: list[tuple[int, int]] = []
    real = runs.run

    def watched(work: Any, *rest: Any) -> Any:
        ran.append((len(work.draws), len(work.planned)))
        return real(work, *rest)

    before = compute.picture(Scenario(total=2000.0))
    monkeypatch.setattr(runs, "run", watched)
    frame = compute.picture(Scenario(total=2050.0), near=before.spent)
    assert ran == [(DRAWS, 2)]
    assert "1,000 draws" in frame.tables["words"].iloc[0]["footer"]
    for name in ("border", "internal"):
        assert frame.spent.cost(name) == pytest.approx(2050.0, rel=0.001)
    searched = compute.picture(Scenario(total=2050.0), details=True)
    assert frame.ledger is None
    assert searched.ledger is not None
    for name, share in searched.spent.shares.items():
        assert frame.spent.shares[name].programmes == pytest.approx(share.programmes, rel=0.002)


@pytest.mark.parametrize(
    "moved_to",
    [
        {"internal": {"drug_units": 100.0}},
        {"sentences": {"sentence_selling": 0.3}},
        {"own_total": {"border": 500.0, "internal": 3000.0}},
        {"border": {}},
        {"total": 0.0},
        {"assumptions": {"effect_exponent_internal": 0.8}},
    ],
    ids=str,
)
def test_a_frame_far_from_the_one_before_finds_the_money_of_a_full_search(moved_to: Any) -> None:
    before = compute.picture(Scenario(sentences={"sentence_selling": 0.1}), 40)
    scenario = replace(Scenario(total=2000.0), **moved_to)
    frame, full = compute.picture(scenario, 40, near=before.spent), compute.picture(scenario, 40)
    for name, share in full.spent.shares.items():
        found = frame.spent.shares[name]
        most = scenario.money(name)
        assert found.programmes == pytest.approx(share.programmes, abs=0.002 * most)
        assert found.unspent == pytest.approx(share.unspent, abs=0.002 * most)
    assert frame.spent.broken == full.spent.broken


def test_a_move_is_drawn_at_once_and_again_with_what_follows(
    board: Dashboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[float, int, bool, bool]] = []
    real = compute.picture

    def watched(scenario: Scenario, draws: int, **options: Any) -> compute.Picture:
        asked.append((scenario.total, draws, options["near"] is not None, options["details"]))
        return real(scenario, draws, **options)

    monkeypatch.setattr(compute, "picture", watched)
    before = board.history.now
    board.go(lambda _: Session(Scenario(total=300.0, start=2027, preset="balanced")))
    assert board.runner.wait()
    assert asked == [(300.0, compute.FRAME_DRAWS, True, False), (300.0, DRAWS, False, True)]
    assert compute.FRAME_DRAWS >= 300
    assert "1,000 draws" in board.picture.tables["words"].iloc[0]["footer"]
    board.go(lambda _: before)
    assert board.runner.wait()


def test_the_last_wish_wins_a_frame_is_finished_and_the_rest_given_up() -> None:
    done: list[tuple[int, bool]] = []
    failed: list[Exception] = []
    threads, resting = set(), threading.Event()

    def work(wish: int, rests: bool) -> None:
        threads.add(threading.current_thread())
        if wish < 0:
            raise ValueError("below 0")
        if rests and wish == 200:
            resting.set()
            while True:
                runner.watch()
        done.append((wish, rests))

    runner: Runner[int] = Runner(work, failed.append)
    for wish in range(200):
        runner.wish(wish)
    assert runner.wait()
    assert done[-2:] == [(199, False), (199, True)]
    assert len(done) < 200
    runner.wish(200)
    assert resting.wait(10)
    runner.wish(201)
    assert runner.wait()
    assert done[-3:] == [(200, False), (201, False), (201, True)]
    with pytest.raises(Outdated):  # what is no longer wanted stops in the midst of a simulation
        compute.picture(Scenario(total=77.0), 50, watch=stop)
    runner.wish(-1)
    assert runner.wait()
    assert str(failed[0]) == "below 0"
    assert len(threads) == 1  # each further one would keep memory of its own


def stop(_: float) -> None:
    raise Outdated


# --- moves ------------------------------------------------------------------------------------


own_totals = st.dictionaries(st.sampled_from(["border", "internal"]), st.floats(0, 10_000))
MOVES_OF_MONEY = st.one_of(
    st.tuples(st.just("switch"), st.booleans()),
    st.tuples(st.sampled_from(["border", "internal", "total"]), st.floats(0, 10_000)),
    st.tuples(st.just("load"), own_totals),
    st.tuples(st.just("code"), own_totals),
    st.tuples(st.sampled_from(["undo", "redo"]), st.none()),
    st.tuples(st.just("any"), moves),
)


@pytest.fixture(scope="module")
def unwatched() -> Dashboard:
    """A dashboard that draws nothing after its first picture."""
    board = Dashboard(Session())
    board.runner.wish = lambda *_: None  # type: ignore[method-assign]
    return board


def move_money(board: Dashboard, kind: str, value: Any) -> None:
    """One move of a reader; what is loaded is what is then on screen."""
    if kind == "switch":
        board.panels["policy"].switches["equal_money"].value = value
    elif kind == "any":
        board.go(lambda session: moved(session, value))
    elif kind in ("undo", "redo"):
        getattr(board, kind).click()
    elif kind in ("load", "code"):
        session = board.history.now.choose(own_total=value)
        if kind == "load":
            upload(board, "own.toml", session.to_toml().encode())
        else:
            board.files.share._hear(None, {"code": write(session)}, [])
        assert board.history.now == session
    else:
        group = POLICY if kind == "total" else "own_total"
        board.controls[group, kind].set_state({"value": value})


@given(st.lists(MOVES_OF_MONEY, max_size=12))
@settings(max_examples=60, deadline=None)
def test_own_totals_survive_loading_undo_and_redo(
    unwatched: Dashboard, moves_made: list[tuple[str, Any]]
) -> None:
    board = unwatched
    board.history = History(Session())
    board._show(draw=False)
    for kind, value in moves_made:
        move_money(board, kind, value)
    while board.history.can_redo:
        board.redo.click()
    seen = list(board.history._past)
    for earlier in reversed(seen[:-1]):
        board.undo.click()
        assert board.history.now == earlier
        assert board.panels["policy"].switches["equal_money"].value == board.now.equal_money
    assert board.history.now == Session()
    for later in seen[1:]:
        board.redo.click()
        assert board.history.now == later
    assert not board.history.can_redo


def test_what_a_reader_moves_is_not_sent_back(board: Dashboard, monkeypatch) -> None:
    """A slider that heard of its own moves would jump back while it is dragged."""
    control, sent = board.controls[TOTAL], []
    monkeypatch.setattr(control, "send_state", lambda key=None: sent.append(key))
    control.set_state({"value": 650.0})
    assert not [key for key in sent if key and "value" in key]
    board.undo.click()
    assert [key for key in sent if key and "value" in key]
    assert board.runner.wait()


def test_every_named_position_lies_within_its_slider(board: Dashboard) -> None:
    for control in board.controls.values():
        assert len(control.places) >= 2
        for _, place in control.places:
            assert place is None or control.low <= place <= control.high


def test_named_positions_come_from_the_rows_and_today_s_budgets(board: Dashboard) -> None:
    rows = load_parameters()
    places = dict(board.controls["health", "naloxone"].places)
    assert places["double"] == rows["budget_naloxone"].value
    assert places["+50 %"] == rows["budget_naloxone"].value / 2
    assert places["cut"] == rows["naloxone"].low
    split = dict(board.controls["border", "port_scanning"].places)
    assert split["current"] == todays_split("border")["port_scanning"]
    pinned = dict(board.controls["assumptions", "budget_scale"].places)
    row = rows["budget_scale"]
    assert pinned == {
        "not pinned": None, "lowest": row.low, "central": row.value, "highest": row.high
    }  # fmt: skip


def test_parts_of_the_money_are_told_and_add_up(board: Dashboard) -> None:
    for name, share in board.picture.spent.shares.items():
        split = board.picture.parts[name]
        assert sum(split.values()) == pytest.approx(share.programmes, abs=1e-6)
        assert "Million USD a year: " in board.panels["policy"].parts[name].value
    nothing = replace(board.now, border=dict.fromkeys(board.now.border, 0.0))
    assert "nothing is spent" in compute.parts(compute.picture(nothing, 50), "border")


def test_a_number_is_kept_as_readers_write_it_also_between_the_slider_s_steps(
    board: Dashboard,
) -> None:
    before = board.history.now
    for key, text, value in (
        (TOTAL, " 2\u202f500 ", 2500.0),
        (("sentences", "sentence_selling"), "\N{MINUS SIGN}0.25", -0.25),
        (("border", "port_scanning"), "12.34", 12.34),
    ):
        typed(board.controls[key], text)
        held = board.now.total if key == TOTAL else getattr(board.now, key[0])[key[1]]
        assert held == board.controls[key].value == value
    board.go(lambda _: before)
    assert board.runner.wait()


@pytest.mark.parametrize("text", ["-3", "1e999", "nan", "abc", "", "1,5", "__import__('os')"])
def test_a_bad_number_is_answered_beside_the_control_and_nothing_is_lost(
    board: Dashboard, text: str
) -> None:
    before, control = board.now, board.controls[TOTAL]
    typed(control, text)
    assert "allowed: 0 to 10,000" in control.error
    assert board.now == before
    move(board, "total", before.total + 1)
    assert control.error == ""
    board.undo.click()
    assert board.now == before
    assert board.runner.wait()


def test_a_fault_that_only_the_whole_scenario_has_is_told_beside_the_control(
    board: Dashboard,
) -> None:
    start = board.controls[POLICY, "start"]
    typed(start, "2027.5")
    assert "2027.5" in start.error
    assert board.now.start == 2026
    start.show(2026)
    assert start.error == ""


def test_a_broken_file_leaves_the_state(board: Dashboard) -> None:
    before = board.now
    late = b"schema = 1\nstart = 2034"
    for name, content, said in (
        ("bad.toml", b"schema = 7", "schema"),
        ("picture.toml", b"\xff\xfe\x00", "UTF-8"),
        ("late.toml", late, "2034 is out of bounds; allowed: 2025 to 2033"),
    ):
        upload(board, name, content)
        assert name in board.status.value
        assert said in board.status.value
    assert board.now == before
    good = replace(before, total=900.0).to_toml().encode()
    upload(board, "good.toml", b"\xef\xbb\xbf" + good)  # as some editors begin a file
    assert board.runner.wait()
    assert board.controls[TOTAL].value == 900.0


def test_an_assumption_draws_its_own_line(board: Dashboard) -> None:
    control = board.controls["assumptions", "budget_scale"]
    assert control.value is None
    control.set_state({"value": 1.5})
    assert board.runner.wait()
    series = set(board.picture.tables["lines"]["series"])
    assert {"status quo", "your assumptions, no new policy"} <= series
    control.set_state({"value": None})
    assert board.now.assumptions == {}
    assert board.runner.wait()
    assert "your assumptions, no new policy" not in set(board.picture.tables["lines"]["series"])


PRESENT_VIEWS = {
    "as at first": {},
    "no money": {"total": 0.0},
    "no money, longer sentences": {"total": 0.0, "sentences": {"sentence_selling": 0.5}},
    "one border programme": {"border": {"port_officers": 60.0}},
    "no border programme": {"border": {}},
    "money of their own": {"own_total": {"border": 0.0, "internal": 2000.0}},
    "money of its own for one": {"own_total": {"border": 100.0}},
    "net benefit": {"outcome": "net_benefit_vsl"},
}
OTHER_VALUES = {"total": 4321.0, "start": 2030, "count_prison": True}


@pytest.mark.parametrize("view", PRESENT_VIEWS)
def test_a_control_said_to_move_nothing_moves_nothing_and_the_others_do(view: str) -> None:
    scenario = Scenario(count_prison=False, **PRESENT_VIEWS[view])  # True takes trials
    said, before = idle(scenario), drawn(scenario)
    keys = [(POLICY, name) for name in OTHER_VALUES]
    keys += [(group, n) for group in ("border", "internal") for n in getattr(scenario, group)]
    keys += [("assumptions", f"effect_exponent_{side}") for side in ("border", "internal")]
    keys += [("judgement", name) for name in ("vsl", "value_per_qaly", "discount_rate")]
    for group, name in keys:
        if group in ("assumptions", "judgement"):
            # pinning draws lines of its own; what must not move is what one value or another does
            row = load_parameters()[name]
            first, other = (scenario.moved(group, name, v) for v in (row.low, row.high))
            same = drawn(first) == drawn(other)
        else:
            other = scenario.moved(group, name, OTHER_VALUES.get(name, 33.0))
            same = drawn(other) == before
        assert same == ((group, name) in said), (group, name)


def drawn(scenario: Scenario) -> str:
    """Everything that depends on the model, as text."""
    tables = compute.picture(scenario, 20).tables
    return tables["lines"].to_csv() + tables["difference"].to_csv()


def made(board: Dashboard, label: str) -> tuple[str, str, bytes]:
    """What the button of this label downloads."""
    return board.files.make(next(kind for kind in KINDS if kind.label == label))


def test_files_hold_what_is_drawn(board: Dashboard) -> None:
    name, mime, contents = made(board, "PNG")
    assert (name, mime) == (files.stem(board.history.now) + ".png", "image/png")
    assert Image.open(io.BytesIO(contents)).format == "PNG"
    table = pd.read_csv(io.BytesIO(made(board, "CSV")[2]))
    drawn = board.picture.tables["lines"]
    np.testing.assert_allclose(table[table.panel == "lines"]["median"], drawn["median"], rtol=1e-12)
    assert Session.from_toml(made(board, "TOML")[2].decode()) == board.history.now


def test_a_share_code_brings_the_state_back_and_a_broken_one_is_answered(board: Dashboard) -> None:
    before, box = board.history.now, board.files.share
    move(board, "total", 4150.0)
    assert board.runner.wait()
    code, moved = box.code, board.history.now
    board.undo.click()
    for broken in ("", "S2-nonsense", code[:-3], "x" * 100_000):
        box._hear(box, {"code": broken}, [])
        assert box.error
        assert board.history.now == before
    box._hear(box, {"code": f" {code}\n"}, [])
    assert not box.error
    assert board.history.now == moved
    assert board.controls[TOTAL].value == 4150.0
    board.undo.click()
    assert board.runner.wait()


def test_a_replay_ends_with_what_is_chosen(board: Dashboard, monkeypatch) -> None:
    monkeypatch.setattr(app, "REPLAY_SECONDS", 0.01)
    move(board, "total", 3000.0)
    assert board.runner.wait()
    drawn, wished = board.picture.alt, []
    real = board.runner.wish
    monkeypatch.setattr(
        board.runner, "wish", lambda wish, frame=True: wished.append(wish) or real(wish, frame)
    )
    board.replay.click()
    board._replay.join()
    assert board.runner.wait()
    assert wished == [board.history.before.now, board.now]
    assert board.picture.alt == drawn
    monkeypatch.setattr(app, "REPLAY_SECONDS", 60)
    board.replay.click()
    move(board, "total", 3500.0)
    assert board._replay is None
    assert wished[-1].total == 3500.0
    assert board.settled()[0].now.total == 3500.0


def test_a_replay_of_what_moved_no_line_says_so(board: Dashboard) -> None:
    for step in (lambda s: s.keep("A"), lambda s: s.refer("A"), lambda s: s.drop("A")):
        board.go(step)
        assert board.runner.wait()
        sent = board.chart.sent
        board.replay.click()
        assert board.status.value == "The last change moved no line of the picture."
        assert board.runner.wait()
        assert board.chart.sent == sent
    for _ in range(3):
        board.undo.click()
    assert board.runner.wait()


def test_nothing_is_exported_that_could_not_be_drawn(board: Dashboard, monkeypatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise InputError("the model is out of order")

    with monkeypatch.context() as broken:
        broken.setattr(compute, "picture", fail)
        move(board, "total", 123.0)
        assert board.runner.wait()
        assert "out of order" in board.status.value
        with pytest.raises(InputError, match="nothing to take away"):
            made(board, "CSV")
    board.undo.click()
    assert board.runner.wait()
    assert board.status.value == ""


def test_both_totals_are_told_where_the_money_differs(board: Dashboard) -> None:
    board.panels["policy"].switches["equal_money"].value = False
    own = board.controls["own_total", "border"]
    own.set_state({"value": 250.0})
    assert board.runner.wait()
    words = board.picture.tables["words"].iloc[0]
    assert "250 (border-focused)" in words.footer
    assert words.subtitle.startswith("Different money, million USD a year: border-focused 250;")
    assert words.title == "Different money: no verdict between the strategies."
    assert own.layout.display == ""
    assert board.controls[TOTAL].layout.display == "none"
    assert sum(board.picture.parts["border"].values()) <= 250
    board.panels["policy"].switches["equal_money"].value = True
    assert board.now.own_total == {}
    assert board.runner.wait()


def test_what_is_open_below_follows_and_what_is_closed_costs_nothing(board: Dashboard) -> None:
    details = board.details
    assert details.why.value == details.ledger.value == details.kept.found.value == ""
    for name in ("why", "ledger", "kept", "trust"):
        details.folds[name].head.value = True
    assert board.runner.wait()
    assert details.why.value.count("<img alt=") == 2
    assert "Deaths averted" in details.ledger.value
    assert "forecasts" in details.trust.value
    before = details.ledger.value
    move(board, "total", 5000.0)
    assert board.runner.wait()
    assert details.ledger.value != before
    for name in ("why", "ledger", "trust"):
        details.folds[name].head.value = False


def test_a_line_is_kept_compared_and_dropped(board: Dashboard) -> None:
    kept = board.details.kept
    kept.name.value, kept.line.value = "five thousand", "border"
    kept.keep()
    move(board, "total", 1000.0)
    assert board.runner.wait()
    assert "five thousand" in kept.found.value
    kept.reference.value = "five thousand"
    assert board.runner.wait()
    assert "Against five thousand" in kept.found.value
    assert board.history.now.reference == "five thousand"
    kept.name.value = "status quo"
    kept.keep()
    assert "taken" in kept.answer.value
    kept.drop()
    assert board.history.now.kept == ()
    assert board.history.now.reference == "no_policy"
    board.details.folds["kept"].head.value = False
    assert board.runner.wait()


def test_shares_of_levers_are_worked_out_and_can_be_stopped(board: Dashboard) -> None:
    levers = board.details.levers
    levers.line.value = "border"
    levers.work.begin()
    levers.work.wait()
    assert "<img alt=" in levers.found.value
    first = levers.found.value
    levers.work._watch = lambda done: levers.work._stop.set() or Work._watch(levers.work, done)
    levers.work.begin()
    levers.work.wait()
    assert "stopped" in levers.work.words.value
    assert levers.found.value == first


def test_a_scenario_that_lies_outside_a_slider_widens_it(board: Dashboard) -> None:
    control = board.controls["health", "naloxone"]
    board.go(lambda session: session.show(replace(board.now, health={"naloxone": 20_000.0})))
    assert control.value == control.high == 20_000
    typed(control, "20000")
    assert control.error == ""
    board.undo.click()
    assert board.runner.wait()


def test_every_control_has_a_page(board: Dashboard) -> None:
    for (group, name), control in board.controls.items():
        control._hear(control, {"about": True}, [])
        page = board.dialog._page
        assert page["title"] == control.label
        assert len(page["html"]) > (600 if group not in ("policy", "own_total") else 50), name


def test_the_control_that_breaks_the_total_says_so_and_stops_when_it_is_mended(
    board: Dashboard,
) -> None:
    before = board.now
    selling, total = board.controls["sentences", "sentence_selling"], board.controls[TOTAL]
    board.go(lambda session: session.choose(total=100.0))
    selling.set_state({"value": 1.0})
    assert board.runner.wait()
    assert total.note.startswith("Cannot be kept: prisons alone cost about ")
    assert selling.note == total.note
    assert "Different money" in board.verdict.value
    move(board, "total", 9000.0)
    assert board.runner.wait()
    assert "Cannot be kept" not in total.note + selling.note
    policy = board.panels["policy"]
    assert "outside the total" not in policy.outside.value
    policy.switches["count_prison"].value = False
    assert board.runner.wait()
    assert "million USD a year outside the total: different money" in policy.outside.value
    board.go(lambda session: session.show(before))
    assert board.runner.wait()
    assert "outside the total" not in policy.outside.value


def test_what_is_in_each_preset_can_be_read_before_and_after_it_is_chosen(board: Dashboard) -> None:
    policy, before = board.panels["policy"], board.now
    board.go(lambda session: session.choose(preset=""))
    assert policy.contents.value.count("<details") == len(policy.preset.options) - 1
    assert "Sentences half as long again are a round figure of ours." in policy.contents.value
    assert "<details class='simlib-small' open>" not in policy.contents.value
    policy.preset.value = "article_proposal"
    assert board.runner.wait()
    unfolded = policy.contents.value.split(" open>")[1].split("</details>")[0]
    assert "Drug units 700, organised crime 450" in unfolded
    assert "2,000 in all; longer sentences for possession +50 %" in unfolded
    board.go(lambda session: session.show(before))
    assert board.runner.wait()


def test_a_picture_found_alone_tells_its_origin_however_much_was_moved() -> None:
    rows = load_parameters()
    many = [
        name for name in rows if rows[name].group == "market" and rows[name].high > rows[name].low
    ]
    scenario = Scenario(assumptions={name: rows[name].value for name in many})
    shown = compute.picture(scenario, draws=20)
    assert len(shown.tables["words"].iloc[0].footer) > 600
    drawn = html.unescape(compute.export(shown, "svg").decode())
    for origin in (f"simlib {__version__}", date.today().isoformat(), "Data: deaths to"):
        assert origin in drawn
