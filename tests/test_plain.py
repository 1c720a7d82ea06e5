"""Numbers of any kind are the same number: NumPy's, decimals, fractions."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

import simlib
from simlib.analysis import allocate as best
from simlib.analysis import runs, spend
from simlib.errors import InputError, is_finite, plain
from simlib.inputs.policy import Policy
from simlib.inputs.split import allocate
from simlib.results import quantiles

WHOLE = (np.int8, np.uint8, np.int16, np.int32, np.int64, np.uint64, Decimal, Fraction, float)
BROKEN = (np.float16, np.float32, np.float64, np.longdouble, Decimal, Fraction)


@pytest.mark.parametrize("kind", WHOLE)
def test_whole_numbers_of_any_kind_split_as_python_s_do(kind) -> None:
    expected = allocate(100, {"a": 1, "b": 2})
    assert allocate(kind(100), {"a": kind(1), "b": kind(2)}) == expected
    assert sum(expected.values()) == pytest.approx(100)


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_numbers_of_any_kind_split_as_python_s_do(kind) -> None:
    assert allocate(kind(1000.5), {"a": kind(0.5), "b": 2}) == allocate(1000.5, {"a": 0.5, "b": 2})


def test_large_whole_numbers_of_numpy_do_not_wrap_around() -> None:
    assert allocate(np.int32(3000), {"a": 1, "b": 2}) == {"a": 1000.0, "b": 2000.0}
    million = np.int64(10**6)
    assert allocate(np.int64(10**7), {"a": million, "b": million}) == {"a": 5e6, "b": 5e6}
    weights = {"port_officers": np.int64(1_900_000_000), "drug_units": np.int64(3_100_000_000)}
    policy = simlib.Strategy("b", "", weights).policy(5000)
    assert {k: v[-1][1] for k, v in policy.changes.items()} == {
        "port_officers": 1900.0,
        "drug_units": 3100.0,
    }
    plans = [simlib.Strategy("a", "", {"port_officers": 1, "drug_units": 2})]
    _, shares = simlib.equal_money(plans, np.int32(500), draws=5)
    assert shares["a"].programmes + shares["a"].prison == pytest.approx(500, abs=1e-5)
    split = spend.as_policy("x", {"drug_units": np.int32(3000), "naloxone": np.int32(-1000)})
    assert split.changes["drug_units"][-1][1] == 3000.0


@pytest.mark.parametrize(
    ("draws", "seed"),
    [
        (np.uint8(200), np.uint8(3)),
        (np.int16(200), np.int64(3)),
        (np.uint64(200), np.uint64(3)),
        (np.int8(100), np.int16(3)),
    ],
)
def test_draws_and_seeds_of_numpy(draws, seed) -> None:
    options = {"until": np.int16(2026), "steps_per_year": np.uint8(12)}
    found = simlib.simulate(draws=draws, seed=seed, **options)
    same = simlib.simulate(draws=int(draws), seed=3, until=2026)
    np.testing.assert_array_equal(found.yearly("deaths_illicit"), same.yearly("deaths_illicit"))
    assert found.about == same.about
    assert {type(found.about[key]) for key in ("draws", "seed", "until")} == {int}
    assert runs.size(runs.sample(draws, seed)) == draws


def test_thirty_thousand_draws_counted_in_sixteen_bits() -> None:
    assert simlib.simulate(draws=np.int16(30_000), until=2025, seed=5).draws == 30_000


def test_assumptions_terms_and_changes_of_any_kind() -> None:
    pinned = {"demand_elasticity": Decimal("0.5"), "prison_cost": np.int32(40_000)}
    found = simlib.simulate([None, "border_surge"], draws=5, assumptions=pinned)
    assert found.parameters["prison_cost"][0] == 40_000.0
    compared = simlib.compare(found)
    for rate in (Fraction(3, 100), Decimal("0.03")):
        np.testing.assert_array_equal(
            compared.discounted("qalys", rate), compared.discounted("qalys", 0.03)
        )
    terms = {"margin": Decimal("0.01"), "confidence": np.float64(0.9)}
    plainly = simlib.verdict(found, *found.policies, margin=0.01, confidence=0.9)
    assert simlib.verdict(found, *found.policies, **terms) == plainly
    values = np.arange(5.0)
    np.testing.assert_array_equal(
        quantiles(values, [Decimal("0.5"), Fraction(1, 4)]), quantiles(values, [0.5, 0.25])
    )
    policy = Policy.constant("x", {"drug_units": Decimal(7)}, ramp_months=np.int32(6))
    assert policy == Policy.constant("x", {"drug_units": 7.0}, ramp_months=6)
    assert policy.scaled(Decimal(2)) == policy.scaled(2)
    third = policy.scaled(np.float32(0.1)).changes["drug_units"][-1][1]
    assert type(third) is float
    assert third == 7.0 * float(np.float32(0.1))


def test_limits_and_totals_of_a_split_of_any_kind() -> None:
    gains = {"a": np.array([[0.0], [3.0]]), "b": np.array([[0.0], [2.0]])}
    response = best.Response({"a": np.array([0.0, 10.0]), "b": np.array([0.0, 10.0])}, gains)
    limits = best.Limits(most={"a": Decimal(4)}, least={"b": np.int8(1)})
    assert best.best_split(response, Fraction(9), limits) == pytest.approx({"a": 4, "b": 5})


@pytest.mark.parametrize(
    "value",
    [True, np.True_, "1", None, 1j, np.array(1), Decimal("sNaN"), Decimal("inf"), float("nan"),
     np.float32("inf"), 10**400, Fraction(10**400)],
)  # fmt: skip
def test_what_is_no_finite_number_of_any_kind(value) -> None:
    assert not is_finite(value)
    with pytest.raises(InputError):
        allocate(value, {"a": 1})
    with pytest.raises(InputError):
        simlib.Strategy("a", "", {"drug_units": value})


def test_plain_numbers_are_python_s_own() -> None:
    assert [type(plain(kind(3))) for kind in (np.int8, np.float32, Decimal, Fraction, int)] == [
        int, float, float, float, int,
    ]  # fmt: skip
    assert plain("text") == "text"
    assert plain(True) is True
