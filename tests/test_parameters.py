"""The shipped tables hold what the code trusts; quantiles; a reader's own values."""

import csv
import math
import pickle
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simlib.errors import InputError, UnknownName, is_finite, unknown
from simlib.inputs.observed import load_observed
from simlib.inputs.parameters import DISTRIBUTIONS, Parameter, Parameters, load_parameters
from simlib.inputs.tables import (
    DATA,
    FAMILIES,
    PAYERS,
    load_programmes,
    load_sources,
    read_rows,
)

NAME = re.compile(r"[a-z][a-z0-9_]*")
ALLOWED = {
    "scope": {"history", "projection"},
    "kind": {"measured", "derived", "calibrated", "assumed"},
    "distribution": set(DISTRIBUTIONS),
}
ROWS = [row for table in ("parameters", "cocaine", "walkthrough")
        for row in load_parameters(table).values()]  # fmt: skip


def parameter(distribution, value=0.2, low=0.1, high=0.5, name="x", group="border"):
    return Parameter(
        name, "X", value, low, high, distribution, "share", group, "history", "assumed", (), "-"
    )


# --- shipped tables ---------------------------------------------------------------------------


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_row_can_be_used(row):
    assert NAME.fullmatch(row.name)
    assert NAME.fullmatch(row.group)
    assert row.label
    assert row.unit
    for field, allowed in ALLOWED.items():
        assert getattr(row, field) in allowed
    assert row.low <= row.value <= row.high
    assert all(map(math.isfinite, (row.low, row.high)))
    assert row.distribution == "fixed" or row.low < row.high
    assert not row.distribution.startswith("log") or row.low > 0
    if row.group == "lever":
        assert (row.value, row.distribution) == (0, "fixed")
    assert set(row.source) <= set(load_sources())
    assert len(set(row.source)) == len(row.source)
    assert re.search(r"\w", row.note) if row.kind == "assumed" else row.source


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("parameters", "name"),
        ("cocaine", "name"),
        ("walkthrough", "name"),
        ("programmes", "name"),
        ("sources", "id"),
        ("pages/links", "id"),
    ],
)
def test_no_row_is_lost_or_there_twice(table, key):
    with (DATA / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        names = {row[key] for row in csv.DictReader(file)}
        file.seek(0)
        cells = [line for line in csv.reader(file, strict=True) if line]
    assert len(names) == len(cells) - 1
    assert {len(line) for line in cells} == {len(cells[0])}


def test_the_shipped_table_is_read_once():
    assert load_parameters() is load_parameters()
    assert load_parameters("cocaine") is load_parameters("cocaine")


def test_sources_can_be_found_and_are_cited_or_said_to_be_background():
    cited = {each for row in load_parameters().values() for each in row.source}
    cited |= {n for each in load_observed().values() for cell in each.source for n in cell}
    for name, source in load_sources().items():
        assert NAME.fullmatch(name)
        assert source.agency_or_authors, name
        assert source.title, name
        assert source.kind in {"statistics", "report", "article", "model", "press"}, name
        assert re.fullmatch(r"([12][0-9]{3})?", source.year), name
        assert name in cited or "Background." in source.note, name
    for link in read_rows(DATA / "pages" / "links.csv"):
        assert link["id"] in load_sources()
        assert link["link"].startswith("https://")


def test_levers_and_programmes_are_the_same_things():
    levers = load_parameters().select(group="lever")
    assert set(levers) == set(load_programmes())
    for name, programme in load_programmes().items():
        assert programme.label, name
        assert programme.effect, name
        assert programme.links, name
        assert programme.family in FAMILIES, name
        assert set(programme.payers) <= set(PAYERS), name
        assert bool(programme.payers) == ("USD" in levers[name].unit), name
        if programme.payers:  # never cut below its lowest budget
            assert -levers[name].low <= load_parameters()[f"budget_{name}"].low, name


# --- quantiles --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("distribution", "expected"),
    [
        ("fixed", [0.2, 0.2, 0.2]),
        ("uniform", [0.1, 0.3, 0.5]),
        # rising side: area up to the mode is a quarter, so that half lies on the falling side
        ("triangular", [0.1, 0.5 - math.sqrt(0.5 * 0.4 * 0.3), 0.5]),
        ("log_uniform", [0.1, math.sqrt(0.1 * 0.5), 0.5]),
    ],
)
def test_quantiles_worked_by_hand(distribution, expected):
    found = parameter(distribution).quantile(np.array([[0, 0.5, 1]]))
    np.testing.assert_allclose(found, [expected], rtol=1e-12)


def test_triangles_by_hand_and_in_logarithms():
    assert parameter("triangular").quantile(0.25) == pytest.approx(0.2)
    for mode in (0.1, 0.5):
        found = parameter("triangular", mode).quantile(np.array([0, 0.5, 1]))
        assert (found[0], found[2]) == (0.1, 0.5)
        assert abs(found[1] - mode) < 0.2
    u = np.linspace(0, 1, 11)
    logs = parameter("triangular", math.log(0.2), math.log(0.1), math.log(0.5)).quantile(u)
    found = parameter("log_triangular").quantile(u)
    np.testing.assert_allclose(found, np.exp(logs), rtol=1e-12)


@given(
    st.sampled_from(DISTRIBUTIONS),
    st.lists(st.floats(1e-6, 1e6), min_size=3, max_size=3, unique=True),
    st.lists(st.floats(0, 1), min_size=1, max_size=20),
)
def test_quantiles_rise_and_keep_their_bounds(distribution, numbers, shares):
    low, mode, high = sorted(numbers)
    found = parameter(distribution, mode, low, high).quantile(np.sort(shares))
    assert np.all((found >= low) & (found <= high))
    assert np.all(np.diff(found) >= -1e-9 * high)


@pytest.mark.parametrize("share", [-0.1, 1.1, math.nan])
def test_a_share_outside_0_to_1_is_refused(share):
    with pytest.raises(InputError, match="within 0 and 1"):
        parameter("uniform").quantile(share)


# --- choosing and pinning ---------------------------------------------------------------------

TWO = Parameters(
    [parameter("triangular", name="share_seen"),
     parameter("fixed", 0, -200, 20000, "port_scanning", "lever")]
)  # fmt: skip


def test_select_takes_one_group_scope_or_kind():
    assert list(TWO.select(group="lever")) == ["port_scanning"]
    assert len(TWO.select(scope="history", kind="assumed")) == 2
    with pytest.raises(InputError, match="did you mean 'lever'"):
        TWO.select(group="levers")


def test_an_unknown_name_suggests_the_nearest():
    assert "share_sen" not in TWO
    with pytest.raises(UnknownName, match="did you mean 'share_seen'"):
        TWO["share_sen"]
    assert TWO.get("share_sen") is None
    assert dict(pickle.loads(pickle.dumps(TWO))) == dict(TWO)


@pytest.mark.parametrize("value", [0.1, 0.25, 0.5, np.float32(0.25)])
def test_good_assumptions_come_back_as_floats(value):
    (found,) = TWO.check({"share_seen": value}).values()
    assert (found, type(found)) == (value, float)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.09, "below the lower bound 0.1; allowed: 0.1 to 0.5 share"),
        (0.51, "above the upper bound 0.5; allowed: 0.1 to 0.5 share"),
        *(
            (value, "no finite number")
            for value in (math.nan, math.inf, 10**400, "0.2", None, True)
        ),
    ],
)
def test_a_bad_assumption_names_field_and_bound(value, said):
    with pytest.raises(InputError, match=r"^assumptions, share_seen: ") as caught:
        TWO.check({"share_seen": value})
    assert said in str(caught.value)


def test_all_bad_assumptions_are_told_at_once():
    with pytest.raises(InputError) as caught:
        TWO.check({"share_sen": 0.2, "port_scanning": 5, "share_seen": 7})
    nearest, lever, bound = caught.value.messages
    assert "did you mean 'share_seen'" in nearest
    assert "belongs in a policy" in lever
    assert "upper bound" in bound
    with pytest.raises(InputError, match="must map names to numbers"):
        TWO.check(["share_seen"])


def test_errors_keep_their_messages_and_list_what_is_allowed():
    assert pickle.loads(pickle.dumps(InputError(["a", "b"]))).messages == ("a", "b")
    assert str(InputError("one")) == "one"
    assert unknown("zzz", ["alpha", "beta"]) == "'zzz' is unknown; allowed: alpha, beta"
    assert len(unknown("z" * 10**6, [f"name_{i}" for i in range(1000)])) < 1000


def test_only_finite_numbers_are_finite():
    assert all(map(is_finite, [0, -1.5, np.float64(2), np.int8(3)]))
    assert not any(map(is_finite, [math.nan, math.inf, True, "1", None, 1j, 10**400]))
