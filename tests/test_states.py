"""The state machine: undo, redo, replay, resets, kept lines, files - for any sequence of moves."""

from dataclasses import FrozenInstanceError, fields, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sessions import controls, moved, moves, scenarios, sessions

from simlib.compare import verdict
from simlib.dashboard.catalogue import GROUPS, OUTCOME_NAMES, PANELS, bounds, label, names
from simlib.dashboard.session import LINES, MOST_KEPT, History, Kept, Session, check_session
from simlib.dashboard.state import POLICY, Scenario, check
from simlib.errors import InputError
from simlib.inputs.parameters import load_parameters
from simlib.results import OUTCOMES
from simlib.simulation import simulate

many_moves = st.lists(moves, max_size=15)
quick = settings(max_examples=60, deadline=None)


# --- history --------------------------------------------------------------------------------------


@given(many_moves)
@quick
def test_undoing_all_moves_is_the_start_and_redoing_them_the_end(made: list[Any]) -> None:
    history, seen = History(Session()), [Session()]
    assert history.before is None
    for move in made:
        history.go(moved(history.now, move))
        if history.now != seen[-1]:
            assert history.before == seen[-1]  # what a replay shows
            seen.append(history.now)
    for earlier in reversed(seen[:-1]):
        assert history.undo() == earlier
    assert not history.can_undo
    assert history.undo() == Session()
    for later in seen[1:]:
        assert history.redo() == later
    assert not history.can_redo
    assert history.redo() == seen[-1]


def test_a_new_move_forgets_what_was_undone() -> None:
    history = History(Session())
    history.go(Session().choose(total=1.0))
    history.undo()
    assert history.can_redo
    history.go(Session().choose(total=2.0))
    assert not history.can_redo


def test_a_drag_is_one_step_and_none_where_it_ends_as_it_began() -> None:
    start = Session()
    history = History(start)
    history.go(start.choose(total=1.0))
    history.go(start.choose(total=2.0), same_move=True)
    assert history.before == start
    history.go(start, same_move=True)
    assert not history.can_undo


def test_a_drag_that_passes_where_it_began_takes_no_earlier_step_away() -> None:
    first, second = Session(), Session().choose(total=2000.0)
    history = History(first)
    history.go(second)
    for total in (3000.0, 2000.0, 4000.0, 2000.0, 5000.0):
        history.go(second.choose(total=total), same_move=total != 3000.0)
    assert history.before == second
    assert history.undo() == second
    history.go(second.choose(total=6000.0), same_move=True)  # after an undo nothing goes on
    assert history.undo() == second
    assert history.undo() == first


# --- scenarios ------------------------------------------------------------------------------------


@given(sessions, st.sampled_from(sorted(PANELS)))
@quick
def test_a_reset_touches_its_panel_only(session: Session, panel: str) -> None:
    after, first = session.reset(panel), Scenario()
    for each in fields(Scenario):
        kept = getattr(session.now, each.name)
        wanted = getattr(first, each.name) if each.name in PANELS[panel] else kept
        assert getattr(after.now, each.name) == wanted
    assert after.kept == session.kept
    assert after.reference == session.reference or session.reference == "preset"
    panels = [name for panel in PANELS.values() for name in panel]
    assert sorted([*panels, "outcome"]) == sorted(each.name for each in fields(Scenario))


@given(sessions)
@quick
def test_a_session_file_round_trips_exactly(session: Session) -> None:
    again = Session.from_toml(session.to_toml())
    assert again == session
    assert Session.from_toml(session.to_file()) == session
    assert repr(again) == repr(session)  # also the order, the type and the sign of a zero
    alone = session.now.to_toml()
    assert Session.from_toml(alone).now == Scenario.from_toml(alone) == session.now


@given(scenarios, scenarios)
@quick
def test_changes_lead_from_one_scenario_to_another(one: Scenario, other: Scenario) -> None:
    scenario = check(one)
    for control, value in other.changes(since=one).items():
        group, _, name = control.rpartition(".")
        if group not in ("border", "internal", "sentences", "health") or value is not None:
            scenario = scenario.moved(group or POLICY, name, value)
    assert scenario == other


def test_a_scenario_cannot_be_changed_in_place() -> None:
    weights = {"port_scanning": 1.0}
    scenario = Scenario(border=weights)
    weights["port_scanning"] = 2.0
    assert scenario.border["port_scanning"] == 1.0
    with pytest.raises(FrozenInstanceError):
        scenario.total = 1.0  # type: ignore[misc]
    for group in GROUPS:
        with pytest.raises(TypeError):
            getattr(scenario, group)["x"] = 1.0


def test_what_is_left_out_of_a_split_gets_nothing() -> None:
    found = Scenario.from_toml("schema = 1\n[border]\nport_scanning = 3.0\n")
    assert found == Scenario(border={"port_scanning": 3})
    assert set(found.border) == set(names("border"))
    assert sum(found.border.values()) == 3


def test_equal_money_can_be_given_up_and_taken_back() -> None:
    free = Scenario(total=700.0).moved(POLICY, "equal_money", False)
    assert (free.money("border"), free.money("internal")) == (700.0, 700.0)
    apart = replace(free, own_total={"border": 100.0, "internal": 900.0})
    assert not apart.equal_money
    assert (apart.money("border"), apart.money("internal")) == (100.0, 900.0)
    assert apart.moved(POLICY, "equal_money", True) == Scenario(total=700.0)


def test_judgement_reaches_the_verdict_and_moves_no_line() -> None:
    def judged(scenario: Scenario) -> Any:
        world = simulate([None, "border_surge", "balanced"], 20, assumptions=scenario.pinned)
        return verdict(world, "border_surge", "balanced"), world.yearly("deaths_fentanyl")

    first, lines = judged(Scenario())
    other, same = judged(Scenario(judgement={"verdict_margin": 0.1, "verdict_confidence": 0.6}))
    assert (lines == same).all()
    assert other.margin_deaths == pytest.approx(
        first.margin_deaths * 0.1 / load_parameters()["verdict_margin"].value
    )
    assert other.confidence == 0.6


@pytest.mark.parametrize("control", controls())
def test_every_control_has_a_label_and_bounds_where_it_is_a_number(control: str) -> None:
    assert label(control)
    limits = bounds(control)
    assert (limits is None) == (control in ("count_prison", "preset", "outcome"))
    if limits:
        assert limits[0] < limits[1]
        assert limits[2]


def test_each_outcome_can_be_chosen() -> None:
    assert set(OUTCOMES) <= set(OUTCOME_NAMES)
    for name in OUTCOME_NAMES:
        assert check(Scenario(outcome=name)).outcome == name


def test_a_scenario_begins_so_that_it_is_in_full_force_in_a_simulated_year() -> None:
    last = int(simulate(draws=1).years[-1]) - 1
    assert check(Scenario(start=last)).start == last
    with pytest.raises(InputError, match=f"to {last}"):
        check(Scenario(start=last + 1))


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
        ("schema = 1\nstart = 2027.5", "no whole year"),
        ("schema = 1\nstart = true", "start"),
        ("schema = 1\ncount_prison = 3", "count_prison"),
        ("schema = 1\nborder = 3", "border"),
        ("schema = 1\n[border]\nport_scaning = 1.0", "port_scanning"),
        ("schema = 1\n[border]\nport_scanning = -1.0", "port_scanning"),
        ("schema = 1\n[sentences]\nsentence_selling = 9.0", "sentence_selling"),
        ("schema = 1\n[assumptions]\npass_through_weight = inf", "pass_through_weight"),
        ('schema = 1\npreset = "../../etc/passwd"', "preset"),
        ('schema = 1\noutcome = "deaths"', "outcome"),
        ('schema = 1\noutcome = ["deaths_fentanyl"]', "outcome"),
        ("schema = 1\nkept = 3", "kept: must be a list of tables"),
        ("schema = 1\nreference = 'A'", "reference"),
        ("schema = 1\nx = " + "[" * 5000, "nested"),
        ("schema = 1\nnote = '" + "x" * 300_000 + "'", "KiB"),
        ("schema = 1\n[border]\n" + "".join(f"p{n} = 1\n" for n in range(9000)), "8,990 more"),
        ("schema = 1\n" + "[[kept]]\nname = 'x'\n[kept.scenario]\n" * 40, "more than the 16"),
        ("\x00\x01", "TOML"),
    ],
)
def test_a_broken_file_is_refused_in_words(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        Session.from_toml(text)


def test_all_faults_of_a_file_are_told_at_once() -> None:
    broken = (
        "schema = 3\ntotl = 1.0\ntotal = -1.0\nstart = 1999\nhealth = 7\nreference = 'B'\n"
        "[border]\nport_scanning = inf\nport_scaning = 1.0\n"
        "[assumptions]\nbudget_scale = 'much'\n"
        "[[kept]]\nname = ''\nscenario = 3\n[[kept]]\nlein = 'y'\n[kept.scenario]\nstart = 1\n"
    )
    with pytest.raises(InputError) as caught:
        Session.from_toml(broken)
    told = str(caught.value)
    for field in (
        *("schema", "'totl'", "total", "start", "health", "port_scanning", "'port_scaning'"),
        "assumptions.budget_scale: 'much' is no finite number; allowed: 0.5 to 2",
        *("kept 1: scenario", "'lein'", "kept 2, start"),
    ):
        assert field in told


# --- kept lines -----------------------------------------------------------------------------------


def test_lines_are_kept_in_order_replaced_by_name_and_dropped() -> None:
    first = Session().keep("A").choose(total=5.0).keep("B", "internal")
    again = first.choose(total=7.0).keep("A", "internal")
    assert [(each.name, each.line, each.scenario.total) for each in again.kept] == [
        ("A", "internal", 7.0),
        ("B", "internal", 5.0),
    ]
    referred = again.refer("B")
    assert referred.drop("A").reference == "B"
    assert referred.drop("B").reference == "no_policy"
    assert referred.drop("B").drop("A").kept == ()


def test_a_preset_that_vanishes_is_no_reference() -> None:
    session = Session().choose(preset="balanced").refer("preset")
    assert session.choose(total=1.0).reference == "preset"
    assert session.choose(preset="").reference == "no_policy"
    assert session.reset("policy").reference == "no_policy"


@pytest.mark.parametrize(
    ("name", "line", "said"),
    [
        ("", "border", "1 to 40"),
        ("x" * 41, "border", "1 to 40"),
        ("two\nlines", "border", "printed"),
        ("\u202eback", "border", "printed"),
        ("half \ud800", "border", "printed"),
        ("=cmd|' /C calc'!A0", "border", "begin with a letter"),
        ("Status Quo", "border", "taken"),
        ("border-focused", "border", "taken"),
        ("no_policy", "border", "taken"),
        ("A", "neither", "line"),
        ("A", "preset", "needs"),
    ],
)
def test_a_line_that_cannot_be_kept_is_refused_in_words(name: str, line: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        Session().keep(name, line)


def test_so_many_lines_of_different_names_and_no_more() -> None:
    one = Kept("Mine", "border", Scenario())
    with pytest.raises(InputError, match="taken"):
        check_session(Session(kept=(one, replace(one, name="MINE"))))
    session = Session()
    for number in range(MOST_KEPT):
        session = session.keep(f"line {number}")
    with pytest.raises(InputError, match=str(MOST_KEPT)):
        session.keep("one more")
    assert session.keep("line 3", "internal").kept[3].line == "internal"
    assert Session().references == ("no_policy", *LINES[:-1])
