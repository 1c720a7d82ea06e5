"""Equal money is a promise: kept in the run that follows, or refused in words."""

import pickle
from dataclasses import replace

import numpy as np
import pytest

import simlib
from simlib import strategies as module
from simlib.strategies import TOLERANCE, Strategy, TotalNotKept, beyond_record, equal_money

BORDER = Strategy("border", "", {"port_scanning": 1, "port_officers": 6, "between_ports": 3})
INTERNAL = Strategy("internal", "", {"drug_units": 6, "organised_crime": 4})
STRONG = {"effect_exponent_internal": 0.8, "budget_drug_units": 2000.0}
"""Drug units that arrest many sellers: the prison cost bends as far as the rows allow."""
QUICK = {"draws": 50}


def longer(share: float, strategy: Strategy = INTERNAL) -> Strategy:
    return replace(strategy, other={"sentence_possession": share, "sentence_selling": share})


def spent(policies, **options) -> dict[str, tuple[float, float]]:
    """Programme money and added prison cost a year from full force, in the run itself."""
    found = simlib.simulate([None, *policies], **options)
    means = {}
    for policy in policies:
        compared = simlib.compare(found, policy=policy.name)
        full = compared.years >= max(points[-1][0] for points in policy.changes.values())
        means[policy.name] = tuple(
            float(compared.difference(outcome)[full].mean())
            for outcome in ("programme_spending_musd", "prison_cost_musd")
        )
    return means


@pytest.mark.parametrize(
    ("total", "share", "pinned"),
    [
        (1000, 0.1, {}),
        (3000, 0.5, {}),
        (8000, 0.5, STRONG),
        (8000, 0, STRONG),
        (8000, -0.3, STRONG),
    ],
)
def test_the_money_is_equal_in_the_run_that_follows(total, share, pinned) -> None:
    strategies = [BORDER, longer(share)]
    policies, shares = equal_money(strategies, total, assumptions=pinned)
    for name, (programmes, prison) in spent(policies, assumptions=pinned).items():
        assert abs(programmes + prison - total) <= TOLERANCE * total
        assert shares[name].programmes == pytest.approx(programmes)
        assert shares[name].prison == pytest.approx(prison, abs=TOLERANCE * total)
        assert shares[name].unspent == pytest.approx(0, abs=2e-6)


@pytest.mark.parametrize("share", [0.1, 0.0, -0.2])
def test_a_search_nearby_needs_one_try_and_finds_the_same_money(share, monkeypatch) -> None:
    strategies, asked = [BORDER, longer(share)], []
    known = equal_money(strategies, 3000, **QUICK)[1]
    afresh = equal_money(strategies, 3040, **QUICK)[1]
    real = module._prison
    monkeypatch.setattr(module, "_prison", lambda *args: asked.append(args) or real(*args))
    found = equal_money(strategies, 3040, near=known, **QUICK)[1]
    assert len(asked) == 2  # sentences alone, and one try
    for name, each in found.items():
        assert each.programmes == pytest.approx(afresh[name].programmes, abs=0.002 * 3040)


@pytest.mark.parametrize("total", [0, 500, 3000])
def test_what_shorter_sentences_save_stays_unspent(total) -> None:
    strategies = [replace(longer(-0.3, BORDER), name="a"), replace(longer(-0.4), name="b")]
    policies, shares = equal_money(strategies, total, **QUICK)
    for name, (programmes, prison) in spent(policies, **QUICK).items():
        share = shares[name]
        assert programmes == pytest.approx(share.programmes)
        assert share.programmes <= total
        assert prison < 0
        assert share.prison == pytest.approx(prison, rel=0.01)
        assert share.programmes + share.prison <= total
        assert share.unspent == pytest.approx(total - share.programmes - share.prison, abs=1e-6)
    assert shares["a"].programmes == total


def test_sentences_that_alone_cost_more_than_the_total_are_refused() -> None:
    strategies = [BORDER, longer(0.2)]
    with pytest.raises(TotalNotKept) as caught:
        equal_money(strategies, 500, **QUICK)
    refused = caught.value
    assert isinstance(refused, simlib.InputError)
    assert refused.broken == ("internal",)
    alone = refused.shares["internal"]
    assert alone.programmes == 0
    assert alone.prison > 500
    assert alone.unspent == pytest.approx(500 - alone.prison, abs=1e-6)
    assert refused.shares["border"].unspent == 0
    assert [policy.name for policy in refused.policies] == ["border", "internal"]
    assert refused.smallest - 1 < alone.prison <= refused.smallest
    assert "'internal'" in str(refused)
    assert f"{refused.smallest:,.0f}" in str(refused)
    assert "border" not in str(refused)
    (real,) = spent(refused.policies[1:], **QUICK).values()
    assert real == pytest.approx((0, alone.prison), rel=0.01)


@pytest.mark.parametrize("count_prison", [True, False])
@pytest.mark.parametrize("share", [0.07, 0.2])
def test_the_smallest_total_named_does(share, count_prison) -> None:
    strategies = [longer(share), replace(longer(share / 2, BORDER), name="other")]
    with pytest.raises(TotalNotKept) as caught:
        equal_money(strategies, 100, count_prison=count_prison, **QUICK)
    smallest = caught.value.smallest
    assert smallest == round(smallest)
    for share in equal_money(strategies, smallest, **QUICK)[1].values():
        assert share.unspent == 0
        assert 0 <= share.programmes <= smallest
    with pytest.raises(TotalNotKept):
        equal_money(strategies, smallest - 1, **QUICK)


def test_prison_cost_outside_the_total_is_told_and_refused_where_it_matters() -> None:
    policies, shares = equal_money([BORDER], 1000, count_prison=False, **QUICK)
    cost = spent(policies, **QUICK)["border"][1]
    assert 0 < cost < TOLERANCE * 1000
    assert shares["border"].prison == pytest.approx(cost, rel=0.02)
    assert shares["border"].programmes == 1000
    assert shares["border"].unspent == pytest.approx(-shares["border"].prison, abs=1e-6)
    with pytest.raises(TotalNotKept, match=r"'internal'.* outside the total") as caught:
        equal_money([BORDER, INTERNAL], 1000, count_prison=False, **QUICK)
    refused = caught.value
    assert refused.broken == ("internal",)
    assert refused.smallest == 0
    assert refused.shares["internal"].programmes == 1000
    (real, _) = (spent(refused.policies, **QUICK)[name] for name in ("internal", "border"))
    assert real == pytest.approx((1000, refused.shares["internal"].prison), rel=0.02)


def test_saved_prison_money_is_not_paid_outside_the_total() -> None:
    _, shares = equal_money([longer(-0.5)], 1000, count_prison=False, **QUICK)
    assert shares["internal"].prison < 0
    assert shares["internal"].unspent > 0


def test_nothing_costs_nothing() -> None:
    assert equal_money([], 1000) == ([], {})
    for count_prison in (True, False):
        policies, shares = equal_money([BORDER, INTERNAL], 0, count_prison=count_prison, **QUICK)
        assert all(not policy.changes for policy in policies)
        assert {(s.programmes, s.prison, s.unspent) for s in shares.values()} == {(0, 0, 0)}


def test_the_refusal_survives_a_process() -> None:
    with pytest.raises(TotalNotKept) as caught:
        equal_money([longer(0.2)], 0, **QUICK)
    copy = pickle.loads(pickle.dumps(caught.value))
    assert str(copy) == str(caught.value)
    assert vars(copy) == vars(caught.value)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"strategies": None}, "strategies: None is no Strategy"),
        ({"strategies": BORDER}, "must be a list"),
        ({"strategies": "ab"}, "'ab' is no Strategy"),
        ({"strategies": [BORDER, 7]}, "7 is no Strategy"),
        ({"strategies": [BORDER, BORDER]}, "names must differ, not 'border', 'border'"),
        ({"total_musd": float("nan")}, "total: nan"),
        ({"total_musd": -1}, "total: -1"),
        ({"count_prison": "no"}, "count_prison: 'no'"),
        ({"count_prison": float("nan")}, "count_prison: nan"),
        ({"count_prison": 1}, "count_prison: 1"),
        ({"start": "2034-01"}, "last simulated year, 2034"),
        ({"start": "2034-01", "count_prison": False}, "last simulated year, 2034"),
    ],
)
def test_arguments_of_the_wrong_kind(arguments, said) -> None:
    usual = {"strategies": [BORDER], "total_musd": 1000.0, "draws": 5}
    with pytest.raises(simlib.InputError, match=said):
        equal_money(**usual | arguments)


def test_a_peak_in_the_middle_is_beyond_the_record_too() -> None:
    p = simlib.simulate(draws=5).parameters
    most = float(p["observed_spending_ratio"][0])
    budget = float(np.median(p["budget_drug_units"]))
    peak = 1.01 * (most - 1) * budget
    for middle, beyond in ((peak, ("drug_units",)), (0.98 * peak, ())):
        path = ((2027.0, 0.0), (2028.0, middle), (2029.0, 1.0))
        assert beyond_record(simlib.Policy("x", changes={"drug_units": path}), p) == beyond
