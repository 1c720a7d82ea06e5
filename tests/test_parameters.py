"""The parameter table, the table of sources, and every fault that a row can have."""

import csv
import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simlib.errors import InputError, UnknownName, is_finite, unknown
from simlib.inputs.observed import load_observed
from simlib.inputs.parameters import (
    COLUMNS,
    DISTRIBUTIONS,
    Parameter,
    Parameters,
    load_parameters,
)
from simlib.inputs.tables import DATA, load_programmes, load_sources, read_sources

GOOD = {
    "name": "share_seen",
    "label": "Share seen",
    "value": "0.2",
    "low": "0.1",
    "high": "0.5",
    "distribution": "triangular",
    "unit": "share",
    "group": "border",
    "scope": "projection",
    "kind": "measured",
    "source": "sordo_2017; santo_2021",
    "note": "",
}
LEVER = GOOD | {
    "name": "port_scanning",
    "value": "0",
    "low": "-200",
    "high": "20000",
    "distribution": "fixed",
    "group": "lever",
    "unit": "million USD per year",
}


def write(folder, *rows, columns=COLUMNS):
    path = folder / "parameters.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, columns)
        table.writeheader()
        table.writerows(rows)
    return path


def faults(folder, *rows):
    with pytest.raises(InputError) as caught:
        load_parameters(write(folder, *rows))
    return caught.value.messages


def parameter(distribution, value=0.2, low=0.1, high=0.5):
    return Parameter(
        "x", "X", value, low, high, distribution, "share", "border", "history", "assumed", (), "-"
    )


# --- reading ----------------------------------------------------------------------------------


def test_a_row_becomes_a_parameter(tmp_path):
    found = load_parameters(write(tmp_path, GOOD, LEVER))
    assert list(found) == ["share_seen", "port_scanning"]
    row = found["share_seen"]
    assert (row.value, row.low, row.high, row.unit) == (0.2, 0.1, 0.5, "share")
    assert row.source == ("sordo_2017", "santo_2021")


def test_a_fixed_row_may_leave_its_range_empty(tmp_path):
    row = GOOD | {"distribution": "fixed", "low": "", "high": ""}
    assert load_parameters(write(tmp_path, row))["share_seen"].high == 0.2


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        ({"name": "Share seen"}, "name", "allowed: a-z"),
        ({"label": ""}, "label", "is empty"),
        ({"value": "nan"}, "value", "'nan' is no finite number"),
        ({"value": "1_0"}, "value", "no finite number"),
        ({"value": "1e999"}, "value", "no finite number"),
        ({"value": "٣"}, "value", "no finite number"),
        ({"value": "0.05"}, "value", "0.05 is below low; allowed: 0.1 to 0.5"),
        ({"value": "0.6"}, "value", "0.6 is above high; allowed: 0.1 to 0.5"),
        ({"low": "0.2", "high": "0.2"}, "low", "must be below high"),
        ({"low": "0", "distribution": "log_uniform"}, "low", "allowed: above 0"),
        ({"low": "-1", "distribution": "log_triangular"}, "low", "allowed: above 0"),
        ({"distribution": "triangle"}, "distribution", "did you mean 'triangular'?"),
        ({"unit": ""}, "unit", "is empty"),
        ({"group": "two words"}, "group", "allowed: a-z"),
        ({"scope": "past"}, "scope", "allowed: history, projection"),
        ({"kind": "guessed"}, "kind", "allowed: assumed, calibrated, derived, measured"),
        ({"source": ""}, "source", "a measured value needs a source"),
        ({"source": "sordo_2018"}, "source", "did you mean 'sordo_2017'?"),
        ({"source": "sordo_2017;sordo_2017"}, "source", "twice"),
        ({"kind": "assumed", "source": "", "note": " "}, "note", "needs its reasoning"),
    ],
)
def test_each_fault_names_file_line_field_and_what_is_allowed(tmp_path, change, field, said):
    (message,) = faults(tmp_path, GOOD | {"name": "first"}, GOOD | change)
    assert message.startswith(f"parameters.csv, line 3, {field}: ")
    assert said in message


@pytest.mark.parametrize(
    ("change", "field"), [({"value": "1"}, "value"), ({"distribution": "uniform"}, "distribution")]
)
def test_a_lever_starts_from_no_change_and_is_never_sampled(tmp_path, change, field):
    (message,) = faults(tmp_path, LEVER | change)
    assert f", {field}: " in message
    assert "for a lever" in message


def test_all_faults_of_all_rows_are_told_at_once(tmp_path):
    messages = faults(tmp_path, GOOD | {"unit": "", "scope": "x"}, GOOD | {"value": "9"})
    fields = [message.split(":")[0] for message in messages]
    assert fields == [
        "parameters.csv, line 2, unit",
        "parameters.csv, line 2, scope",
        "parameters.csv, line 3, name",
        "parameters.csv, line 3, value",
    ]
    assert "already in parameters.csv, line 2" in messages[2]


def test_a_wrong_header_names_the_missing_and_the_unknown_column(tmp_path):
    columns = [*COLUMNS[:-1], "notes"]
    path = write(tmp_path, columns=columns)
    with pytest.raises(InputError, match="did you mean 'note'") as caught:
        load_parameters(path)
    assert any("'note' must be there once" in message for message in caught.value.messages)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "must be there once"),
        (b"\xff\xfe\x00", "cannot be read as a UTF-8 table"),
        (b'"name,label', "cannot be read as a UTF-8 table"),
        (",".join(COLUMNS).encode() + b"\na,b\n", "line 2: has 2 cells; the header has 12"),
    ],
)
def test_a_damaged_file_is_refused_in_words(tmp_path, content, said):
    path = tmp_path / "parameters.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=said):
        load_parameters(path)


def test_a_missing_file_is_refused_in_words(tmp_path):
    with pytest.raises(InputError, match=r"none\.csv: cannot be read"):
        load_parameters(tmp_path / "none.csv")


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
    found = parameter(distribution).quantile(np.array([0, 0.5, 1]))
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_a_quarter_lies_below_a_mode_at_a_quarter_of_the_range():
    assert parameter("triangular").quantile(0.25) == pytest.approx(0.2)


def test_log_triangular_is_triangular_in_logarithms():
    u = np.linspace(0, 1, 11)
    logs = parameter("triangular", math.log(0.2), math.log(0.1), math.log(0.5)).quantile(u)
    found = parameter("log_triangular").quantile(u)
    np.testing.assert_allclose(found, np.exp(logs), rtol=1e-12)


@pytest.mark.parametrize("mode", [0.1, 0.5])
def test_a_mode_at_the_edge_is_allowed(mode):
    found = parameter("triangular", mode).quantile(np.array([0, 0.5, 1]))
    assert found[0] == 0.1
    assert found[2] == 0.5
    assert abs(found[1] - mode) < 0.2


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


def test_quantiles_keep_the_shape():
    assert parameter("uniform").quantile(np.zeros((2, 3, 4))).shape == (2, 3, 4)


@pytest.mark.parametrize("share", [-0.1, 1.1, math.nan])
def test_a_share_outside_0_to_1_is_refused(share):
    with pytest.raises(InputError, match="within 0 and 1"):
        parameter("uniform").quantile(share)


# --- choosing and pinning ---------------------------------------------------------------------


@pytest.fixture
def two(tmp_path):
    return load_parameters(write(tmp_path, GOOD, LEVER))


def test_select_takes_one_group_scope_or_kind(two):
    assert list(two.select(group="lever")) == ["port_scanning"]
    assert len(two.select(scope="projection", kind="measured")) == 2
    with pytest.raises(InputError, match="did you mean 'lever'"):
        two.select(group="levers")


def test_an_unknown_name_suggests_the_nearest(two):
    assert "share_sen" not in two
    with pytest.raises(UnknownName, match="did you mean 'share_seen'"):
        two["share_sen"]
    assert two.get("share_sen") is None


def test_parameters_survive_pickling(two):
    assert dict(pickle.loads(pickle.dumps(two))) == dict(two)


def test_good_assumptions_come_back_as_floats(two):
    assert two.check({"share_seen": np.float32(0.25)}) == {"share_seen": 0.25}
    assert two.check({"share_seen": 0.1}) == {"share_seen": 0.1}
    assert two.check({"share_seen": 0.5}) == {"share_seen": 0.5}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.09, "below the lower bound 0.1; allowed: 0.1 to 0.5 share"),
        (0.51, "above the upper bound 0.5; allowed: 0.1 to 0.5 share"),
        (math.nan, "no finite number"),
        (math.inf, "no finite number"),
        (10**400, "no finite number"),
        ("0.2", "no finite number"),
        (None, "no finite number"),
        (True, "no finite number"),
    ],
)
def test_a_bad_assumption_names_field_and_bound(two, value, said):
    with pytest.raises(InputError, match=r"^assumptions, share_seen: ") as caught:
        two.check({"share_seen": value})
    assert said in str(caught.value)


def test_all_bad_assumptions_are_told_at_once(two):
    with pytest.raises(InputError) as caught:
        two.check({"share_sen": 0.2, "port_scanning": 5, "share_seen": 7})
    nearest, lever, bound = caught.value.messages
    assert "did you mean 'share_seen'" in nearest
    assert "belongs in a policy" in lever
    assert "upper bound" in bound


def test_assumptions_must_be_a_mapping(two):
    with pytest.raises(InputError, match="must map names to numbers"):
        two.check(["share_seen"])


def test_errors_keep_their_messages_when_pickled():
    assert pickle.loads(pickle.dumps(InputError(["a", "b"]))).messages == ("a", "b")
    assert str(InputError("one")) == "one"


def test_an_unknown_name_without_a_near_one_lists_what_is_allowed():
    assert unknown("zzz", ["alpha", "beta"]) == "'zzz' is unknown; allowed: alpha, beta"
    assert len(unknown("z" * 10**6, [f"name_{i}" for i in range(1000)])) < 1000


def test_only_finite_numbers_are_finite():
    assert all(map(is_finite, [0, -1.5, np.float64(2), np.int8(3)]))
    assert not any(map(is_finite, [math.nan, math.inf, True, "1", None, 1j, 10**400]))


# --- shipped tables ---------------------------------------------------------------------------


def cited():
    parameters = {each for row in load_parameters().values() for each in row.source}
    observed = {
        each for series in load_observed().values() for cell in series.source for each in cell
    }
    return parameters | observed


def test_the_shipped_table_is_read_once_and_whole():
    shipped = load_parameters()
    assert shipped is load_parameters()
    with (DATA / "parameters.csv").open(encoding="utf-8", newline="") as file:
        assert len(shipped) == sum(1 for _ in csv.DictReader(file))
    assert isinstance(shipped, Parameters)


def test_every_source_is_cited_or_said_to_be_background():
    idle = {name for name, source in load_sources().items() if "Background." not in source.note}
    assert idle - cited() == set()


def test_levers_and_programmes_are_the_same_things():
    levers = load_parameters().select(group="lever")
    assert set(levers) == set(load_programmes())


def test_money_levers_and_no_others_are_paid_for():
    for name, lever in load_parameters().select(group="lever").items():
        assert bool(load_programmes()[name].payers) == ("USD" in lever.unit), name


def test_a_money_lever_is_never_cut_below_its_lowest_budget():
    shipped = load_parameters()
    for name, lever in shipped.select(group="lever").items():
        if load_programmes()[name].payers:
            assert -lever.low <= shipped[f"budget_{name}"].low, name


def test_sources_are_checked_like_any_table(tmp_path):
    path = tmp_path / "sources.csv"
    path.write_text(
        "id,agency_or_authors,title,year,kind,note\na_1,A,T,2020,article,\na_1,,T,20,blog,\n",
        encoding="utf-8",
    )
    with pytest.raises(InputError) as caught:
        read_sources(path)
    assert [message.split(", ")[2].split(":")[0] for message in caught.value.messages] == [
        "id",
        "agency_or_authors",
        "kind",
        "year",
    ]
