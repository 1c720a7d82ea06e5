"""Policies: dated differences, exact sums, files that are refused in words."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlib.errors import InputError
from simlib.parameters import load_parameters
from simlib.policy import Policy, allocate, default_start, load_policy, policy_names, read_policy

LEVERS = sorted(load_parameters().select(group="lever"))
points = st.lists(
    st.tuples(
        st.integers(2013 * 12, 2050 * 12).map(lambda m: m // 12 + m % 12 / 12),
        st.floats(-0.5, 2),
    ),
    min_size=1,
    max_size=5,
    unique_by=lambda point: point[0],
).map(lambda found: tuple(sorted(found)))
policies = st.builds(
    Policy,
    name=st.text(min_size=1, max_size=20).filter(str.strip),
    note=st.text(max_size=50),
    changes=st.dictionaries(st.sampled_from(["sentence_selling", "sentence_possession"]), points),
).filter(lambda policy: not any("\ud800" <= c <= "\udfff" for c in policy.name + policy.note))


def test_default_start_is_the_second_january_after_the_record() -> None:
    assert default_start() == "2026-01"


def test_constant_ramps_and_holds() -> None:
    policy = Policy.constant("x", {"port_scanning": 100.0}, "2026-01", 12)
    found = policy.values("port_scanning", np.array([2025.0, 2026.0, 2026.5, 2027.0, 2040.0]))
    np.testing.assert_allclose(found, [0, 0, 50, 100, 100])
    assert policy.values("naloxone", 2030.0) == 0


@given(policies)
@settings(max_examples=60, deadline=None)
def test_a_file_round_trips(policy: Policy) -> None:
    assert Policy.from_toml(policy.to_toml()) == policy


@given(policies, policies, st.floats(2012, 2051))
@settings(max_examples=60, deadline=None)
def test_adding_adds_at_every_moment(one: Policy, two: Policy, time: float) -> None:
    both = one + two
    for lever in both.levers:
        alone = one.values(lever, time) + two.values(lever, time)
        assert both.values(lever, time) == pytest.approx(alone, abs=1e-9)


@given(
    st.integers(-(10**12), 10**12),
    st.dictionaries(st.sampled_from(LEVERS), st.floats(0, 1e6), min_size=1),
)
def test_parts_add_up_exactly(dollars: int, weights: dict[str, float]) -> None:
    if not any(weights.values()):
        return
    parts = allocate(dollars / 1e6, weights)
    assert sum(round(part * 1e6) for part in parts.values()) == dollars
    assert math.fsum(parts.values()) == pytest.approx(dollars / 1e6, abs=1e-9)


@pytest.mark.parametrize("name", policy_names())
def test_shipped_policies_are_complete(name: str) -> None:
    policy = load_policy(name)
    assert policy.name == name
    assert policy.title
    assert policy.author
    assert policy.reference
    policy.check()


@pytest.mark.parametrize("name", [n for n in policy_names() if n.startswith("shift_")])
def test_shifted_money_adds_up_to_nothing(name: str) -> None:
    policy = load_policy(name)
    assert sum(policy.values(lever, 2040.0) for lever in policy.levers) == pytest.approx(0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name = 'x'", "schema"),
        ("schema = 1", "name"),
        ("schema = 1\nname = 'x'\n[change]\nport_scaning = 1", "port_scanning"),
        ("schema = 1\nname = 'x'\n[change]\nport_scanning = 1e9", "20,000"),
        ("schema = 1\nname = 'x'\n[change]\nport_scanning = -500", "-200"),
        ("schema = 1\nname = 'x'\n[change]\nport_scanning = nan", "finite"),
        ("schema = 1\nname = 'x'\n[change]\nport_scanning = '1'", "number"),
        ("schema = 1\nname = 'x'\nstart = '2150-01'\n[change]\nnaloxone = 1", "2150"),
        ("schema = 1\nname = 'x'\nramp_months = -1", "ramp_months"),
        ("schema = 1\nname = 'x'\n[path]\nnaloxone = [['2026-01', 1], ['2026-01', 2]]", "after"),
        ("schema = 1\nname = 'x'\n[path]\nnaloxone = [[1999, 1]]", "2013"),
        ("schema = 1\nname = 'x'\nrun = 'os.system()'", "run"),
        ("schema = [[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", "nested"),
        ("a = '" + "x" * 400_000 + "'", "KiB"),
        ("schema = ", "TOML"),
    ],
)
def test_a_broken_file_is_refused_in_words(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        Policy.from_toml(text)


@given(st.text(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        Policy.from_toml(text)
    except InputError as refused:
        refusal = refused.messages
    else:
        refusal = ("read",)
    assert all(refusal)


def test_all_faults_are_told_at_once(tmp_path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text("schema = 3\nramp_months = -1\n[change]\nport_scaning = 1\n")
    with pytest.raises(InputError) as caught:
        read_policy(path)
    assert len(caught.value.messages) >= 4
    assert all(message.startswith("bad.toml") for message in caught.value.messages)
