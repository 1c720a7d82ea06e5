"""Share codes: exact, short, refused when broken, and honest about another version."""

import math
import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sessions import sessions, values

from simlib.dashboard import about, share
from simlib.dashboard.bits import Packer, Unpacker
from simlib.dashboard.catalogue import OUTCOME_NAMES, programmes
from simlib.dashboard.session import LONGEST_NAME, MOST_KEPT, Kept, Session
from simlib.dashboard.share import Standing
from simlib.dashboard.state import Scenario
from simlib.errors import InputError
from simlib.inputs.policy import policy_names

quick = settings(max_examples=60, deadline=None)
LONGEST_OF_TWELVE = 200


@given(sessions)
@quick
def test_a_code_brings_back_the_exact_state(session: Session) -> None:
    found = share.read(share.write(session))
    assert repr(found.session) == repr(session)
    assert found.changed == ()


@given(st.floats(allow_nan=False) | st.integers(-(10**9), 10**9).map(lambda n: n / 1000))
@settings(max_examples=500)
def test_every_number_comes_back_exactly(value: float) -> None:
    packer = Packer()
    packer.number(value)
    assert repr(Unpacker(packer.packed()).number()) == repr(float(value))


twelve = st.lists(st.sampled_from(share.controls()), min_size=12, max_size=12, unique=True)


@given(twelve, st.integers(0, 2**32).map(random.Random))
@quick
def test_twelve_changed_controls_fit_into_200_letters(
    controls: list[str], chance: random.Random
) -> None:
    found: dict[str, Any] = dict(Scenario().controls())
    other = {"preset": policy_names()[-1], "outcome": "qalys", "start": 2031, "count_prison": False}
    for control in controls:
        low, high, _ = share.bounds(control) or (0.0, 1.0, "")
        found[control] = other.get(control, chance.uniform(low, high))
    session = Session(Scenario.from_controls(found)).keep("A").refer("internal").drop("A")
    assert len(session.now.changes()) == 12
    code = share.write(session)
    assert len(code) <= LONGEST_OF_TWELVE
    assert share.read(code).session == session


def test_a_code_can_stand_in_a_link_and_be_broken_by_a_mail_programme() -> None:
    session = Session().choose(total=1234.5, start=2028).keep("Ñandú ☂")
    code = share.write(session)
    assert set(code) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    wrapped = "\r\n ".join(code[i : i + 20] for i in range(0, len(code), 20))
    assert share.read(f"  {wrapped}\n").session == session


def test_the_longest_session_has_a_code_and_a_file_that_can_be_read() -> None:
    found: dict[str, Any] = {
        "preset": policy_names()[-1],
        "outcome": "qalys",
        "count_prison": False,
    }
    for control in share.controls():
        if limits := share.bounds(control):
            found[control] = limits[0] + (limits[1] - limits[0]) / math.pi  # takes all 64 bits
    scenario = Scenario.from_controls(found | {"start": 2031})
    assert len(scenario.changes()) == len(share.controls())
    names = [f"{chr(0x10400) * (LONGEST_NAME - 2)}{number:02}" for number in range(MOST_KEPT)]
    session = Session(scenario, tuple(Kept(name, "preset", scenario) for name in names), names[-1])
    code = share.write(session)
    wrapped = "\r\n ".join(code[i : i + 20] for i in range(0, len(code), 20))
    for each in (code, wrapped):
        assert share.read(each).session == session
    assert len(code) < share.LONGEST_CODE / 2
    assert Session.from_toml(session.to_file()) == session


def test_no_two_controls_or_choices_share_an_id() -> None:
    ids = [share.name_id(name) for name in share.controls()]
    assert len(set(ids)) == len(ids)
    choices = ["", *policy_names(), *OUTCOME_NAMES]
    assert len({share.name_id(name) for name in choices}) == len(choices)


def test_ids_depend_on_the_name_alone() -> None:
    """Written down once: a code from a mail of last year must still be read."""
    assert share.name_id("total") == 0x11239
    assert share.name_id("border.port_scanning") == 0xEF276


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("", "begins with S1-"),
        ("hello", "begins with S1-"),
        ("S2-AAAA", "schema 2"),
        ("S1-", "damaged"),
        ("S1-A", "damaged"),
        ("S1-AAAAAAAAAA", "damaged"),
        ("S1-A+B/", "other signs"),
        ("S1-../../etc/passwd", "other signs"),
        ("S1-é", "other signs"),
        ("S١-AAAA", "begins with"),
        ("S1-" + "A" * share.LONGEST_CODE, "longer"),
        (b"S1-AAAA", "must be text"),
        (None, "must be text"),
    ],
)
def test_a_broken_code_is_refused_in_words(code: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        share.read(code)


def test_any_letter_changed_lost_or_added_is_noticed() -> None:
    session = Session().choose(total=777.0).keep("A").refer("A")
    code = share.write(session)
    for at in range(3, len(code)):
        other = "A" if code[at] != "A" else "Q"
        for broken in (code[:at] + other + code[at + 1 :], code[:at], code[:at] + code[at + 1 :]):
            if at == len(code) - 1:
                continue  # some of its bits only fill it up
            with pytest.raises(InputError, match="damaged"):
                share.read(broken)


def body(*parts: tuple[int, int]) -> str:
    """A code with a right checksum and whatever bits."""
    import base64
    import zlib

    packer = Packer()
    for value, width in parts:
        packer.whole(value, width)
    packed = packer.packed()
    return "S1-" + base64.urlsafe_b64encode(
        zlib.crc32(packed).to_bytes(4, "big") + packed
    ).decode().rstrip("=")


HEAD = ((0, 32), (0, 16), (24_000, 16))
TOTAL, START = ((share.name_id(name), 20) for name in ("total", "start"))
NAN = ((0, 2), (1, 1), (0x7FF8 << 48, 64))


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ([], "too early"),
        ([(1, 9)], "too early"),
        ([(511, 9), TOTAL], "too early"),
        ([(1, 9), TOTAL, (3, 2), (0, 64)], "no known kind"),
        ([(1, 9), TOTAL, *NAN, (0, 10)], "total"),
        ([(1, 9), TOTAL, (2, 2), (1, 1), (0, 10)], "total"),
        ([(1, 9), START, (2, 2), (1, 1), (0, 10)], "start"),
        ([(0, 9), (9, 5), (0, 5)], "compares with"),
        ([(0, 9), (0, 5), (1, 5), (255, 8)], "too early"),
        ([(0, 9), (0, 5), (1, 5), (1, 8), (0xFF, 8)], "no text"),
        ([(0, 9), (0, 5), (1, 5), (1, 8), (65, 8), (3, 2)], "no scenario draws"),
        ([(0, 9), (0, 5), (1, 5), (1, 8), (10, 8), (0, 2), (0, 9)], "printed"),
        ([(0, 9), (0, 10), (1, 1)], "after its end"),
        ([(0, 9), (0, 10), (0, 16)], "after its end"),
    ],
)
def test_a_hostile_code_with_a_right_checksum_is_refused_in_words(
    parts: list[tuple[int, int]], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        share.read(body(*HEAD, *parts))


# --- versions -------------------------------------------------------------------------------------


def test_what_controls_stand_at_today_is_on_record() -> None:
    """When this fails after a change of bounds or defaults: python -m simlib.dashboard.share."""
    today = share.standings()
    assert share.known_standings().get(share.standing_hash(today)) == today


def test_the_record_is_named_after_what_it_holds() -> None:
    for name, found in share.known_standings().items():
        assert share.standing_hash(found) == name


def test_another_model_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session().choose(total=777.0)
    code = share.write(session)
    monkeypatch.setattr(share, "results_fingerprint", lambda: "0123456789abcdef")
    found = share.read(code)
    assert found.session == session
    assert len(found.changed) == 1
    assert "another version of the model (data to 20" in found.changed[0]


@pytest.fixture
def old(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Codes as an earlier version would have written them, given where its controls stood."""

    def write(then: dict[str, Standing], **fields: Any) -> str:
        session = Session().choose(**fields)
        name = share.standing_hash(then)
        with monkeypatch.context() as patch:
            patch.setattr(share, "standings", lambda: then)
            code = share.write(session)
        monkeypatch.setattr(share, "known_standings", lambda: {name: then})
        return code

    return write


def test_a_code_keeps_what_a_control_stood_at_when_it_was_made(old: Any) -> None:
    then = share.standings() | {
        "total": Standing(500.0, 0.0, 20_000.0),
        "start": Standing(2025, 2025.0, 2033.0),
    }
    found = share.read(old(then, preset="balanced"))
    assert found.session == Session().choose(total=500.0, start=2025, preset="balanced")
    said = " ".join(found.changed)
    assert "Extra money a year stood at 500 unless moved, now at 1,000" in said
    assert "could be 0 to 20,000, now 0 to 10,000" in said
    assert "First year stood at 2025" in said
    assert len(found.changed) == 3


def test_a_control_that_is_new_or_gone_is_said_and_stands_at_nothing(old: Any) -> None:
    then = share.standings()
    del then["border.port_officers"]
    then["border.walls"] = Standing(5.0, 0.0, 100.0)
    found = share.read(old(then))
    assert found.session.now.border["port_officers"] == 0
    said = " ".join(found.changed)
    assert "border.walls is there no longer" in said
    assert "Port officers, part of the border strategy's money is new" in said


def test_an_unknown_version_is_said(old: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    code = old(share.standings() | {"total": Standing(1.0, 0.0, 2.0)}, start=2030)
    monkeypatch.setattr(share, "known_standings", dict)
    found = share.read(code)
    assert found.session == Session().choose(start=2030)
    assert any("not on record" in words for words in found.changed)


def test_a_value_beyond_todays_bounds_is_moved_and_an_unknown_control_left_out() -> None:
    unknown = (share.name_id("border.walls"), 20)
    far = (*((0, 2), (0, 1), (0, 1), (0, 4), (5, 4)), (90_000, 20))
    code = body(*HEAD, (2, 9), TOTAL, *far, unknown, *far, (0, 10))
    found = share.read(code)
    assert found.session == Session().choose(total=10_000.0)
    moved = "Extra money a year: 90,000 is not allowed in this version; moved to 10,000"
    assert moved in found.changed
    assert any("not known in this version" in words for words in found.changed)


def test_a_year_that_may_no_longer_be_the_first_is_moved_and_said() -> None:
    year = ((0, 2), (0, 1), (0, 1), (0, 4), (3, 4), (2034, 12))
    found = share.read(body(*HEAD, (1, 9), START, *year, (0, 10)))
    assert found.session == Session().choose(start=2033)
    assert "First year: 2034 is not allowed in this version; moved to 2033" in found.changed


def test_a_choice_that_is_gone_is_left_out() -> None:
    preset = (share.name_id("preset"), 20)
    code = body(*HEAD, (1, 9), preset, (1, 2), (share.name_id("war"), 20), (0, 10))
    found = share.read(code)
    assert found.session == Session()
    assert any("Shipped policy" in words for words in found.changed)


@given(st.sampled_from(share.controls()).flatmap(lambda c: st.tuples(st.just(c), values(c))))
@quick
def test_one_moved_control_makes_a_short_code(moved: tuple[str, float]) -> None:
    control, value = moved
    if share.bounds(control) and control != "start":
        scenario = Scenario.from_controls({**Scenario().controls(), control: value})
        assert len(share.write(Session(scenario))) < 45


# --- about ----------------------------------------------------------------------------------------


def test_files_say_version_vintage_and_day() -> None:
    said = str(about.about())
    assert "simlib 0." in said
    assert "Data: deaths to" in said
    assert about.about().results in said
    assert about.month_text(about.data_month()) in said


def test_a_session_that_cannot_be_used_gets_no_code() -> None:
    with pytest.raises(InputError, match="total"):
        share.write(Session(replace(Scenario(), total=-1.0)))


def test_programmes_are_part_of_what_is_shared() -> None:
    shared = {f"{family}.{n}" for family in ("border", "internal") for n in programmes(family)}
    assert shared <= set(share.controls())
