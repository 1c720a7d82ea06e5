"""The 1994 cocaine comparison: replicated, checked, and turned by what critics attacked."""

import numpy as np
import pytest

from simlib import money
from simlib.analysis import cocaine
from simlib.errors import InputError
from simlib.inputs.tables import load_sources
from simlib.model import market, people, supply
from simlib.walkthrough.controlling_cocaine import costs_along, crossings

SUPPLY = cocaine.SUPPLY_PROGRAMMES


def published(programme: str) -> float:
    return cocaine.load_cocaine()[f"published_{programme}"].value


def cost(programme: str, **assumptions: float) -> float:
    return float(cocaine.cost_of_one_percent(cocaine.draw_1992(1, assumptions), programme)[0])


def ranked(**assumptions: float) -> list[str]:
    return sorted(cocaine.PROGRAMMES, key=lambda name: cost(name, **assumptions))


# --- the published figures --------------------------------------------------------------------


def test_treatment_is_replicated_from_published_inputs() -> None:
    assert cost("treatment") == pytest.approx(published("treatment"), rel=0.05)


def test_treatment_needs_no_back_solved_or_assumed_input() -> None:
    """Whatever those rows hold, treatment's cost stays the same."""
    rows = cocaine.load_cocaine()
    others = [r for r in rows.values() if r.group in ("back_solved", "assumed")]
    moved = {row.name: row.high for row in others}
    assert len(moved) == 7
    assert cost("treatment", **moved) == cost("treatment")


def test_treatment_by_hand() -> None:
    """28 g in treatment, 121 g after it at a continuous rate; 292.44 t consumed in a year."""
    p = cocaine.draw_1992()
    during, exits = 0.30 * 0.79 * 118, 0.06 + np.log(1.04)
    after = 0.132 * 118 * (1 - np.exp(-15 * exits)) / exits
    assert cocaine.grams_avoided(p) == pytest.approx([during + after], rel=1e-4)
    assert cocaine.consumed_kg(p) == pytest.approx([292_440])
    expected = 0.01 * 292.44e6 / (during + after) * 1740 / 1e6
    assert cost("treatment") == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("programme", SUPPLY)
def test_supply_figures_are_consistent_with_their_back_solved_inputs(programme: str) -> None:
    assert cost(programme) == pytest.approx(published(programme), rel=0.03)


def test_the_published_order_comes_out() -> None:
    assert ranked() == ["treatment", "domestic", "interdiction", "source_country"]


def test_the_budget_found_does_cut_consumption_by_one_percent() -> None:
    """At that budget, demand at the unit cost of the smaller market is the smaller market."""
    for theta in (0.0, 0.3, 1.0):
        p = cocaine.draw_1992(50, {"pass_through_weight": theta})
        chain, target = cocaine.chain_1992(p), np.full((1, 50), 0.99)
        for programme in SUPPLY:
            budget = cocaine.cost_of_one_percent(p, programme)[None, :]
            price = cocaine.unit_cost(p, chain, programme, budget, target)
            demand = market.demand_ratio(price, p["demand_elasticity"])
            np.testing.assert_allclose(demand, target, rtol=1e-9)


# --- the same mechanisms ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("module", "function", "programme"),
    [
        (supply, "price_ladder", "domestic"),
        (supply, "cost_additive", "interdiction"),
        (supply, "cost_multiplicative", "source_country"),
        (supply, "transmitted_cost", "source_country"),
        (supply, "swamping", "interdiction"),
        (market, "demand_ratio", "domestic"),
        (people, "exits", "treatment"),
        (money, "units_bought", "treatment"),
        (money, "discount_factor", "treatment"),
    ],
)
def test_a_changed_mechanism_changes_cocaine(monkeypatch, module, function, programme) -> None:
    """The fentanyl model's functions are used, not a copy of them."""
    world = {"pass_through_weight": 0.5}
    before, original = cost(programme, **world), getattr(module, function)

    def other(*arguments, **named):
        found = original(*arguments, **named)
        if function == "exits":
            return found._replace(leaving=found.leaving * 0.5)
        if function == "transmitted_cost":
            additive, *_ = arguments
            return additive
        if isinstance(found, tuple):
            return type(found)(*(each**1.1 for each in found))
        return found**1.1

    monkeypatch.setattr(module, function, other)
    assert abs(cost(programme, **world) / before - 1) > 1e-3


# --- what turns the order ---------------------------------------------------------------------


def test_in_proportion_the_order_of_supply_programmes_is_reversed() -> None:
    order = [name for name in ranked(pass_through_weight=1.0) if name in SUPPLY]
    assert order == ["source_country", "interdiction", "domestic"]
    assert cost("source_country", pass_through_weight=1.0) < cost("treatment")


def test_the_crossings_along_transmission_are_where_costs_are_equal() -> None:
    across, found = costs_along("pass_through_weight", {}, 200)
    turns = crossings(across, found)
    pairs = {frozenset(pair): place for place, *pair in turns}
    assert len(turns) == 4
    place = pairs[frozenset(("source_country", "treatment"))]
    assert 0.2 < place < 0.4
    assert cost("source_country", pass_through_weight=place - 0.1) > cost("treatment")
    assert cost("source_country", pass_through_weight=place + 0.1) < cost("treatment")


def test_the_slope_of_supply_alone_turns_nothing() -> None:
    row = cocaine.load_cocaine()["supply_slope"]
    assert ranked(supply_slope=row.low) == ranked() == ranked(supply_slope=row.high)
    assert cost("domestic", supply_slope=row.low) > 1.2 * cost("domestic")


def test_users_who_respond_make_the_best_supply_programme_pass_treatment() -> None:
    assert ranked(demand_elasticity=1.5)[0] == "treatment"
    assert ranked(demand_elasticity=2.5)[0] == "domestic"


def test_stage_shares_do_not_matter_dollar_for_dollar() -> None:
    moved = {
        "border_seized_share": 0.3,
        "domestic_seized_share": 0.2,
        "wholesale_price_share": 0.6,
        "wholesale_share_of_domestic": 0.2,
    }
    for name in SUPPLY:
        assert cost(name, **moved) == pytest.approx(cost(name), rel=1e-9)
        there = {**moved, "pass_through_weight": 0.5}
        assert abs(cost(name, **there) / cost(name, pass_through_weight=0.5) - 1) > 0.01


def test_a_smaller_market_helps_treatment_where_supply_slopes_downward() -> None:
    p = cocaine.draw_1992()
    moved = cocaine.treatment_cost_when_prices_move(p)[0]
    assert moved == pytest.approx(cost("treatment") * (1 - 0.5 * 0.2778), rel=0.01)
    flat = cocaine.draw_1992(1, {"supply_slope": 0.0})
    assert cocaine.treatment_cost_when_prices_move(flat)[0] == pytest.approx(cost("treatment"))


# --- inputs -----------------------------------------------------------------------------------


def test_every_input_says_what_kind_of_evidence_it_is() -> None:
    rows = cocaine.load_cocaine()
    kinds = {"published_read", "published_unverified", "back_solved", "assumed", "target"}
    assert {row.group for row in rows.values()} == kinds
    for row in rows.values():
        assert set(row.source) <= set(load_sources())
        assert (row.group == "assumed") == (row.kind == "assumed"), row.name
    back_solved = rows.select(group="back_solved")
    assert set(back_solved) == {f"imposed_{name}" for name in SUPPLY}
    assert all("Back-solved" in row.note for row in back_solved.values())


def test_the_sliders_stay_below_the_point_where_a_market_would_tip() -> None:
    rows = cocaine.load_cocaine()
    steepest = {name: rows[name].high for name in ("demand_elasticity", "supply_slope")}
    assert np.prod(list(steepest.values())) < 1
    assert cost("domestic", **steepest) > 0


def test_what_cannot_be_used_is_refused_in_words() -> None:
    with pytest.raises(InputError, match="above the upper bound"):
        cocaine.draw_1992(1, {"supply_slope": 0.5})
    with pytest.raises(InputError, match="programme"):
        cocaine.cost_of_one_percent(cocaine.draw_1992(), "prohibition")


def test_draws_are_repeatable_and_another_seed_differs() -> None:
    first, again = (cocaine.draw_1992(100, seed=3)["imposed_domestic"] for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, cocaine.draw_1992(100, seed=4)["imposed_domestic"])


INPUTS = [row.name for row in cocaine.load_cocaine().values() if row.group != "target"]


@pytest.mark.parametrize("name", [name for name in INPUTS if name != "pass_through_weight"])
def test_every_input_moves_a_result(name: str) -> None:
    before = cocaine.draw_1992(1, {"pass_through_weight": 0.5})
    after = before | {name: before[name] * 1.1}
    costs = [
        [cocaine.cost_of_one_percent(p, programme)[0] for programme in cocaine.PROGRAMMES]
        for p in (before, after)
    ]
    assert not np.allclose(*costs, rtol=1e-6)
