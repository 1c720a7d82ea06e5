"""Policies: their arithmetic, their files, and every fault that a file from anyone can have."""

import copy
import math
import pickle
import time
import tomllib
from contextlib import suppress
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlib.errors import InputError, UnknownName
from simlib.inputs.observed import load_observed
from simlib.inputs.parameters import load_parameters
from simlib.inputs.policy import (
    FIRST_YEAR,
    LAST_YEAR,
    Policy,
    default_start,
    load_policy,
    policy_names,
    read_policy,
)
from simlib.inputs.split import allocate
from simlib.inputs.tables import DATA, MAX_TOML_BYTES, load_programmes, read_toml, write_toml

LEVERS = load_parameters().select(group="lever")
GOOD = 'schema = 1\nname = "x"\n'

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@st.composite
def paths(draw, low=-1e4, high=1e4):
    years = draw(
        st.lists(
            st.one_of(
                st.integers(FIRST_YEAR * 12, LAST_YEAR * 12 + 11).map(
                    lambda m: m // 12 + m % 12 / 12
                ),
                st.floats(FIRST_YEAR, LAST_YEAR + 1, exclude_max=True),
            ),
            min_size=1,
            max_size=5,
            unique=True,
        )
    )
    return tuple((year, draw(st.floats(low, high))) for year in sorted(years))


@st.composite
def policies(draw):
    levers = draw(st.lists(st.sampled_from(sorted(LEVERS)), max_size=4, unique=True))
    return Policy(
        name=draw(texts.filter(lambda text: text[:1].isalnum())),
        title=draw(texts),
        author=draw(texts),
        reference=draw(texts),
        note=draw(texts),
        changes={lever: draw(paths(LEVERS[lever].low, LEVERS[lever].high)) for lever in levers},
    )


def faults(text):
    with pytest.raises(InputError) as caught:
        Policy.from_toml(text, "file.toml")
    return caught.value.messages


# --- values -----------------------------------------------------------------------------------


def test_a_constant_policy_ramps_up_and_stays():
    policy = Policy.constant("x", {"treatment": 1200}, start="2026-01", ramp_months=12)
    times = np.array([[2013, 2025.99, 2026], [2026.5, 2027, 2050]])
    np.testing.assert_allclose(policy.values("treatment", times), [[0, 0, 0], [600, 1200, 1200]])

    sudden = Policy.constant("x", {"treatment": 5}, start="2026-07", ramp_months=0)
    before = np.nextafter(2026.5, 0)
    assert sudden.values("treatment", np.array([before, 2026.5])).tolist() == [0, 5]
    assert policy.values("naloxone", np.ones((2, 3))).tolist() == [[0] * 3] * 2


def test_dates_may_be_months_in_words():
    path = (("2026-01", 0), ("2028-07", 1500))
    assert Policy("x", changes={"naloxone": path}).changes["naloxone"][1] == (2028.5, 1500)


def test_a_policy_starts_in_the_second_january_after_the_record():
    start = Policy.constant("x", {"treatment": 1.0}).changes["treatment"][0][0]
    assert 1 <= start - load_observed().record_end < 2
    assert start == int(default_start()[:4])
    assert default_start().endswith("-01")


def test_a_policy_cannot_be_changed():
    path = [(2026, 1)]
    policy = Policy("x", changes={"treatment": path})
    path.append((2027, 9))
    assert policy.changes["treatment"] == ((2026, 1),)
    with pytest.raises(FrozenInstanceError):
        policy.name = "y"
    with pytest.raises(TypeError):
        policy.changes["treatment"] = ()


@given(policies())
def test_equal_policies_have_equal_hashes_and_copies_are_equal(policy):
    for twin in (replace(policy), copy.deepcopy(policy), pickle.loads(pickle.dumps(policy))):
        assert twin == policy
        assert hash(twin) == hash(policy)
    assert replace(policy, name=policy.name + "y") != policy


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"x": [(2026, 1), (2026, 2)]}, "2026-01 does not come after 2026-01"),
        ({"x": [(2012.9, 1)]}, "allowed: 2013 to 2050"),
        ({"x": [("2051-01", 1)]}, "allowed: 2013 to 2050"),
        ({"x": [(math.nan, 1)]}, "allowed: 2013 to 2050"),
        ({"x": [(2026, math.inf)]}, "no finite number"),
        ({"x": [(2026, True)]}, "no finite number"),
        ({"x": [(2026, 10**400)]}, "no finite number"),
        ({"x": [(2026,)]}, "no pair"),
        ({"x": []}, "must be 1 to 200 pairs"),
        ({"x": 5}, "must be 1 to 200 pairs"),
        ({"x": [(2013 + i / 12, 1) for i in range(201)]}, "must be 1 to 200 pairs"),
        ([("x", 1)], "must be a table of levers"),
    ],
)
def test_points_that_cannot_be_used_are_refused(changes, said):
    with pytest.raises(InputError) as caught:
        Policy("name", changes=changes)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": " "}, "name: is missing"),
        ({"name": 3}, "name: must be text"),
        ({"name": "x" * 201}, "name: has 201 characters; allowed: up to 200"),
        ({"name": "x", "note": "\ud800"}, "note: holds half a character"),
    ],
)
def test_texts_that_cannot_be_used_are_refused(fields, said):
    with pytest.raises(InputError) as caught:
        Policy(**fields)
    assert said in str(caught.value)


def test_check_names_unknown_levers_and_broken_bounds():
    policy = Policy.constant("x", {"treatmnt": 1, "port_scanning": -201, "naloxone": 20001})
    with pytest.raises(InputError) as caught:
        policy.check()
    nearest, low, high = caught.value.messages
    assert "did you mean 'treatment'" in nearest
    assert "port_scanning: -201.0 is below the lower bound -200; allowed: -200 to 20,000" in low
    assert "naloxone: 20001.0 is above the upper bound 20,000" in high


# --- arithmetic -------------------------------------------------------------------------------


@given(policies(), policies(), st.lists(st.floats(2010, 2055), max_size=5))
def test_a_sum_is_exact_at_and_around_every_break(first, second, more):
    both = first + second
    years = [year for each in (first, second) for path in each.changes.values() for year, _ in path]
    times = np.array([*more, *years, *np.nextafter(years, 0), *(np.array(years) + 1e-3)])
    for lever in LEVERS:
        expected = first.values(lever, times) + second.values(lever, times)
        np.testing.assert_allclose(both.values(lever, times), expected, rtol=1e-9, atol=1e-6)
    assert set(both.levers) == {*first.levers, *second.levers}
    assert (second + first).changes == both.changes


def test_a_jump_stays_a_jump_in_a_sum():
    slow = Policy.constant("slow", {"naloxone": 10}, start="2026-01", ramp_months=24)
    sudden = Policy.constant("sudden", {"naloxone": 3}, start="2027-01", ramp_months=0)
    times = np.array([2026.5, np.nextafter(2027, 0), 2027, 2028, 2040])
    np.testing.assert_allclose(
        (slow + sudden).values("naloxone", times), [2.5, 5, 8, 13, 13], rtol=1e-12
    )


def test_a_sum_names_both_policies():
    first = Policy("a", title="A", author="Ann", note="why")
    second = Policy("b", author="Ann", note="how")
    both = first + second
    assert both.texts == {
        "name": "a + b",
        "title": "A + b",
        "author": "Ann",
        "reference": "",
        "note": "why\nhow",
    }
    assert len((Policy("a" * 200) + Policy("b")).name) == 200


def test_only_policies_can_be_added():
    with pytest.raises(TypeError):
        Policy("x") + 1


def test_scaling_scales_every_point_and_says_so():
    half = Policy("x", "X", changes={"treatment": [(2026, 1), (2027, 3)]}).scaled(0.5)
    assert half.changes == {"treatment": ((2026, 0.5), (2027, 1.5))}
    assert (half.name, half.title) == ("x × 0.5", "X × 0.5")
    with pytest.raises(InputError, match="factor: nan is no finite number"):
        half.scaled(math.nan)


# --- reading and writing ----------------------------------------------------------------------


@given(policies())
def test_writing_and_reading_gives_an_equal_policy(policy):
    assert Policy.from_toml(policy.to_toml()) == policy


def test_the_largest_policy_can_be_read_back():
    path = [(2013 + i * 0.1234567, 19999.123456789) for i in range(200)]
    largest = Policy(
        *("x" + "\x01" * 199, "\x01" * 300, "\x01" * 300, "\x01" * 1000, "\x01" * 4000),
        changes=dict.fromkeys((name for name in LEVERS if LEVERS[name].high > 2), path),
    )
    assert Policy.from_toml(largest.to_toml()) == largest


def test_a_file_in_plain_words():
    policy = Policy.from_toml(
        GOOD
        + """
        title = "Trial"
        start = "2027-07"
        ramp_months = 6
        [change]
        treatment = 100
        [path]
        naloxone = [["2026-01", 0.0], [2028.5, 1500.0]]
        """
    )
    short = Policy.from_toml(GOOD + "[change]\ntreatment = 1\n")
    assert short == Policy.constant("x", {"treatment": 1})
    assert policy == Policy(
        "x",
        "Trial",
        changes={
            "treatment": [(2027.5, 0), (2028, 100)],
            "naloxone": [(2026, 0), (2028.5, 1500)],
        },
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('name = "x"', "schema: must be 1, not None"),
        ('schema = 2\nname = "x"', "schema: must be 1, not 2"),
        ("schema = 1", "name: is missing"),
        (GOOD + "nam = 1", "'nam' is unknown; did you mean 'name'?"),
        (GOOD + "title = 5", "title: must be text, not 5"),
        (GOOD + 'start = "2026"', "start: '2026' is no month such as"),
        (GOOD + "start = 2026-01-01", "start: datetime.date(2026, 1, 1) is no month"),
        (GOOD + "ramp_months = -1", "ramp_months: -1 is out of bounds; allowed: 0 to"),
        (GOOD + "change = 5", "change: must be a table of levers, not 5"),
        (GOOD + "path = [1]", "path: must be a table of levers, not [1]"),
        (GOOD + "[change]\ntreatmnt = 1", "did you mean 'treatment'?"),
        (GOOD + "[change]\ntreatment = nan", "nan is no finite number"),
        (GOOD + '[change]\ntreatment = "1"', "'1' is no finite number"),
        (GOOD + "[change]\ntreatment = 20001", "above the upper bound 20,000"),
        (GOOD + "[change]\nsentence_selling = 2.5", "above the upper bound 2; allowed: -0.5 to 2"),
        (GOOD + "[change]\ntreatment = 0x" + "f" * 300, "no finite number"),
        (GOOD + '[path]\ntreatment = [["2026-01", 1], ["2026-01", 1]]', "does not come after"),
        (GOOD + '[path]\ntreatment = [["1999-01", 1]]', "allowed: 2013 to 2050"),
        (GOOD + '[path]\ntreatment = [["2026-01", -9999]]', "below the lower bound -7,000"),
        (GOOD + "[path]\ntreatment = [{a = 1, b = 2}]", "no pair of date and number"),
    ],
)
def test_each_fault_names_file_field_and_what_is_allowed(text, said):
    (message,) = faults(text)
    assert message.startswith("file.toml, ")
    assert said in message


def test_all_faults_are_told_at_once():
    text = """
        name = 3
        colour = "blue"
        start = "soon"
        [change]
        treatment = 99999
        [path]
        treatment = [["2026-01", nan]]
        naloxon = [["2026-01", 1]]
        """
    fields = [message.split(":")[0].removeprefix("file.toml, ") for message in faults(text)]
    assert sorted(fields) == sorted(
        ["key", "schema", "name", "start", "path.treatment", "treatment", "lever"]
    )


@settings(max_examples=300)
@given(st.one_of(st.text(), st.text(alphabet="[]{}\"'=.,#\\\n\t a1_-:+xe")))
def test_any_text_is_read_or_refused_in_words(text):
    with suppress(InputError):
        Policy.from_toml(GOOD + text)


@given(policies(), st.data())
def test_a_truncated_file_is_read_or_refused_in_words(policy, data):
    text = policy.to_toml()
    with suppress(InputError):
        Policy.from_toml(text[: data.draw(st.integers(0, len(text) - 1))])


HOSTILE = {
    "deep brackets": ("a = " + "[" * 100_000, "nested more than"),
    "deep tables": ("a = " + "{a = " * 50_000, "nested more than"),
    "deep, closed": ("a = " + "[" * 5_000 + "]" * 5_000, "nested more than"),
    "long dotted key": ("a" + ".a" * 100_000 + " = 1", "dotted key"),
    "long quoted key": ("a" + '."a"' * 50_000 + " = 1", "dotted key"),
    "long header": ("[a" + " . a" * 50_000 + "]", "dotted key"),
    "key after four quotes": ('a = {b = """x"""", c' + ".c" * 90_000 + " = 1}", "dotted key"),
    "key after five quotes": ('a = {b = """x""""", c' + ".c" * 90_000 + " = 1}", "dotted key"),
    "key after four marks": ("a = {b = '''x'''', c" + ".c" * 90_000 + " = 1}", "dotted key"),
    "key after a comment": ('# "\na' + ".a" * 90_000 + " = 1", "dotted key"),
    "too large": ("#" * (MAX_TOML_BYTES + 1), "larger than the 256 KiB allowed"),
    "too large in bytes": ("#" + "é" * (MAX_TOML_BYTES // 2), "larger than the 256 KiB allowed"),
    "endless digits": ("a = " + "9" * 100_000, "no valid TOML"),
    "escaped quotes": ('a = "' + '\\"' * 100_000, "no valid TOML"),
    "open text": ('a = """' + '\\"' * 100_000 + "\\", "no valid TOML"),
    "quotes only": ('"' * 200_000, "no valid TOML"),
    "dots and spaces": ("a" + (". " * 100_000), "dotted key"),
    "spaces after dot": ("a." + " " * 200_000 + "!", "no valid TOML"),
    "null": ("a = 1\x00", "no valid TOML"),
    "code": ("__import__('os').system('true')", "no valid TOML"),
    "half a character": ('name = "\ud800"', "half a character"),
    "many unknown keys": ("\n".join(f"k{i} = 1" for i in range(20_000)), "19,990 more are unknown"),
}


@pytest.mark.parametrize(("text", "said"), HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_is_refused_quickly(text, said):
    begin = time.perf_counter()
    messages = faults(text)
    assert any(said in message for message in messages)
    assert all(len(message) < 600 for message in messages)
    assert time.perf_counter() - begin < 10  # a second or so; unguarded parsing takes minutes


def test_the_guard_lets_ordinary_text_pass():
    text = 'a = "[[[[[[[[[[[[[[[[ a.a.a.a.a.a.a.a.a.a.a.a.a.a.a"\nb = [1.5, [2.5]] # [[[[[[[[[[[[[['
    assert read_toml(text, "x") == tomllib.loads(text)


plain = st.one_of(texts, st.integers(), st.floats(allow_nan=False), st.booleans())
tables = st.recursive(
    st.dictionaries(texts, st.one_of(plain, st.lists(plain, max_size=3)), max_size=3),
    lambda inner: st.dictionaries(texts, st.one_of(inner, st.lists(inner, max_size=3)), max_size=3),
    max_leaves=6,
)


@given(tables)
def test_written_toml_reads_back_as_it_was(table):
    assert read_toml(write_toml(table), "x") == table


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff", "UTF-8"),
        (b"\xc3" * (MAX_TOML_BYTES + 2), "larger than"),
        (None, r"mine\.toml: cannot be read"),
        (b"a = [1]", "schema"),
    ],
)
def test_a_damaged_policy_file_is_refused_in_words(tmp_path, content, said):
    path = tmp_path / "mine.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=said):
        read_policy(path)
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.encode())  # as an editor may save it
    assert read_policy(path).name == "x"


# --- splitting a sum --------------------------------------------------------------------------


def test_a_split_worked_by_hand():
    thirds = allocate(0.0001, {"a": 1, "b": 1, "c": 1})
    assert thirds == {"a": 0.000034, "b": 0.000033, "c": 0.000033}
    assert allocate(-0.0001, {"a": 1, "b": 2}) == {"a": -0.000033, "b": -0.000067}
    assert allocate(100, {"a": 1, "b": 0}) == {"a": 100, "b": 0}


@given(
    st.floats(-1e9, 1e9),
    st.lists(st.floats(0, 1e300), min_size=1, max_size=16).filter(any),
)
def test_parts_add_up_to_the_dollar_and_are_fair(total, weights):
    parts = allocate(total, {str(i): weight for i, weight in enumerate(weights)})
    dollars = [round(part * 10**6) for part in parts.values()]
    assert [number / 10**6 for number in dollars] == list(parts.values())
    assert len({math.copysign(1, each) for each in dollars if each}) <= 1
    assert abs(sum(dollars) - total * 10**6) <= 0.5 + 1e-15 * abs(total) * 10**6
    for number, weight in zip(dollars, weights, strict=True):
        fair = total * 10**6 * (weight / math.fsum(weights))
        assert abs(number - fair) <= 1.5 + 1e-12 * abs(fair)


@pytest.mark.parametrize(
    ("total", "weights", "said"),
    [
        (math.nan, {"a": 1}, "total: nan"),
        (1e10, {"a": 1}, "within a billion million"),
        (1, {"a": -1}, "a: weight -1 is no finite number from 0 up"),
        (1, {"a": math.inf}, "a: weight inf"),
        (1, {"a": 0}, "are all 0"),
        (1, {}, "are all 0"),
    ],
)
def test_a_sum_that_cannot_be_split_is_refused(total, weights, said):
    with pytest.raises(InputError) as caught:
        allocate(total, weights)
    assert said in str(caught.value)


# --- shipped files ----------------------------------------------------------------------------


def added_money(policy):
    """Programme money of a policy once it is full, million USD a year."""
    paid = [lever for lever in policy.levers if load_programmes()[lever].payers]
    return [float(policy.values(lever, LAST_YEAR)) for lever in paid]


def test_a_policy_has_the_name_of_its_file():
    assert len(policy_names()) == len(list((DATA / "policies").iterdir())) >= 10
    for name in policy_names():
        assert load_policy(name).name == name


def test_shipped_policies_say_who_why_and_keep_the_bounds():
    for policy in map(load_policy, policy_names()):
        policy.check()
        assert policy.title, policy.name
        assert policy.author, policy.name
        assert policy.note, policy.name
        assert "\n" not in policy.note, policy.name


def test_new_money_is_the_same_everywhere_and_moved_money_sums_to_nothing():
    sums = {name: math.fsum(added_money(load_policy(name))) for name in policy_names()}
    assert {total for total in sums.values() if total} == {2000}
    moved = [name for name in policy_names() if min(added_money(load_policy(name)), default=0) < 0]
    assert len(moved) == 2
    assert all(sums[name] == 0 for name in moved)


def test_shipped_policies_leave_the_record_alone():
    end = load_observed().record_end
    for policy in map(load_policy, policy_names()):
        assert all(path[0][0] > end for path in policy.changes.values()), policy.name


def test_no_code_knows_the_name_of_a_policy_that_moves_a_lever():
    moving = [name for name in policy_names() if load_policy(name).levers]
    package = DATA.parent
    inputs = package / "inputs"
    for path in (inputs / "policy.py", inputs / "tables.py", *(package / "model").glob("*.py")):
        code = path.read_text(encoding="utf-8")
        assert [name for name in moving if f'"{name}"' in code] == [], path.name


def test_an_unknown_policy_suggests_the_nearest():
    with pytest.raises(UnknownName, match="did you mean 'border_surge'"):
        load_policy("border_surg")
    with pytest.raises(UnknownName):
        load_policy("../policies/border_surge")


def test_numbers_of_numpy_are_numbers() -> None:
    months = np.int64(6)
    assert Policy.constant("a", {"naloxone": 1.0}, ramp_months=months) == Policy.constant(
        "a", {"naloxone": 1.0}, ramp_months=6
    )
    with pytest.raises(InputError, match="ramp_months"):
        Policy.constant("a", {"naloxone": 1.0}, ramp_months=True)
    with pytest.raises(InputError, match="unknown"):
        load_policy([])  # type: ignore[arg-type]
