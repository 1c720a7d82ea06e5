"""Share codes: exact, short, refused when broken, and honest about another version."""

import base64
import json
import math
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from sessions import controls, sessions

from simlib.dashboard import share
from simlib.dashboard.catalogue import GROUPS, bounds, names
from simlib.dashboard.session import LONGEST_NAME, MOST_KEPT, Kept, Session
from simlib.dashboard.state import Scenario
from simlib.errors import InputError
from simlib.inputs.policy import policy_names

CODE = share.write(Session().choose(total=777.0).keep("A").refer("A"))


def packed(content: Any) -> str:
    """A code that holds whatever is given, of this version unless it says otherwise."""
    if isinstance(content, dict):
        content = json.dumps({"made": opened(CODE)["made"]} | content)
    raw = zlib.compress(content.encode())
    return share.PREFIX + base64.urlsafe_b64encode(raw).decode().rstrip("=")


def opened(code: str) -> dict[str, Any]:
    letters = code.removeprefix(share.PREFIX)
    raw = base64.urlsafe_b64decode(letters + "=" * (-len(letters) % 4))
    return json.loads(zlib.decompress(raw))


@given(sessions)
@settings(max_examples=60, deadline=None)
def test_a_code_brings_back_the_exact_state(session: Session) -> None:
    found = share.read(share.write(session))
    assert repr(found.session) == repr(session)
    assert found.changed == ""


def test_a_code_is_short_can_stand_in_a_link_and_be_broken_by_a_mail_programme() -> None:
    session = Session().choose(total=1234.5, start=2028).keep("Ñandú ☂")
    code = share.write(session)
    assert len(code) < 350
    assert set(code) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    wrapped = "\r\n ".join(code[i : i + 20] for i in range(0, len(code), 20))
    assert share.read(f"  {wrapped}\n").session == session
    assert "start" not in opened(share.write(Session()))  # what was not moved


def test_the_longest_session_has_a_code_and_a_file_that_can_be_read() -> None:
    def moved(control: str) -> float:
        low, high, _ = bounds(control) or (0.0, 1.0, "")
        return low + (high - low) / math.pi  # takes all its digits

    scenario = Scenario(
        total=moved("total"),
        start=2031,
        count_prison=False,
        preset=policy_names()[-1],
        outcome="qalys",
        **{group: {name: moved(f"{group}.{name}") for name in names(group)} for group in GROUPS},
    )
    assert set(scenario.changes()) == set(controls())
    lines = [f"{chr(0x10400) * (LONGEST_NAME - 2)}{number:02}" for number in range(MOST_KEPT)]
    session = Session(scenario, tuple(Kept(name, "preset", scenario) for name in lines), lines[-1])
    code = share.write(session)
    assert share.read(code).session == session
    assert len(code) < share.MOST_LETTERS / 2
    assert len(json.dumps(opened(code))) < share.MOST_BYTES / 2
    assert Session.from_toml(session.to_file()) == session


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("", "begins with S2-"),
        ("hello", "begins with S2-"),
        ("S1-Y2xlYXI", "simlib 0.1"),
        ("S9-AAAA", "begins with S2-"),
        ("S2-", "cut off"),
        ("S2-A", "damaged"),
        ("S2-AAAAAAAAAA", "damaged"),
        ("S2-A+B/", "damaged"),
        ("S2-../../etc/passwd", "damaged"),
        ("S2-é", "damaged"),
        ("S2-" + "A" * share.MOST_LETTERS, "longer than the 100,000"),
        (packed(" " * 50_000_000), "more than the 400,000 bytes"),
        (packed("no json"), "holds no scenario"),
        (packed("[" * 100_000), "holds no scenario"),
        (packed("[]"), "holds no scenario"),
        (packed("{}"), "which version"),
        (packed({"made": ["1", "2", ["3"]]}), "which version"),
        (packed({"total": math.nan}), "total"),
        (packed({"total": True}), "total"),
        (packed({"total": 1e9}), "total.*allowed: 0 to 10,000"),
        (packed({"start": 2030.5}), "start"),
        (packed({"border": {"walls": 1.0}}), "border.*'walls' is unknown"),
        (packed({"health": "x"}), "health: must be a table"),
        (packed({"preset": ["x"]}), "preset"),
        (packed({"reference": "B"}), "reference"),
        (packed({"kept": [{"name": "\ud800", "scenario": {}}]}), "printed"),
        (packed({"__class__": "x"}), "is unknown"),
        (b"S2-AAAA", "must be text"),
        (None, "must be text"),
    ],
)  # fmt: skip
def test_a_broken_foreign_or_hostile_code_is_refused_in_words(code: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        share.read(code)


def test_any_letter_changed_lost_or_added_is_noticed_or_means_the_same() -> None:
    """A few bits of compressed text can be written in two ways."""
    meant, the_same, told = share.read(CODE), 0, set()
    for at in range(3, len(CODE)):
        other = "A" if CODE[at] != "A" else "Q"
        for broken in (CODE[:at] + other + CODE[at + 1 :], CODE[:at], CODE[:at] + CODE[at + 1 :]):
            try:
                found = share.read(broken)
            except InputError as problem:
                told.add(str(problem).partition(":")[2].split()[1])
            else:
                assert found == meant
                the_same += 1
    assert told <= {"damaged;", "cut"}
    assert the_same < 5
    with pytest.raises(InputError, match="goes on after its end"):
        share.read(CODE + "AAAA" * 3)


def test_a_code_of_another_version_says_so() -> None:
    content = opened(CODE)
    version, vintage, _ = content["made"]
    found = share.read(packed({**content, "made": [version, vintage, "01234567"]}))
    assert found.session == share.read(CODE).session
    assert f"another version (simlib '{version}', data '{vintage}')" in found.changed
    with pytest.raises(InputError, match=r"simlib '7\.0', data 'x'") as caught:
        share.read(packed({"made": ["7.0", "x", "01234567"], "budget": 5.0}))
    assert "'budget' is unknown" in str(caught.value)


def test_another_model_makes_another_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(share, "results_fingerprint", lambda: "0123456789abcdef")
    assert "its maker may have seen other numbers" in share.read(CODE).changed


def test_a_session_that_cannot_be_used_gets_no_code() -> None:
    with pytest.raises(InputError, match="total"):
        share.write(Session(Scenario(total=-1.0)))
