"""Splits with known optima, ICERs by the book, adaptive policies, and the model behind them."""

from dataclasses import replace

import numpy as np
import pytest

from simlib.analysis import adaptive, allocate, costs, runs, spend
from simlib.analysis.allocate import Limits, Response, best_split
from simlib.errors import InputError
from simlib.inputs.parameters import load_parameters
from simlib.inputs.policy import Policy, load_policy
from simlib.simulation import simulate

SIZES = np.linspace(0, 100, 101)


def made(**gains: np.ndarray) -> Response:
    """A response with the given gains at 0 to 100, shape (101, draws)."""
    return Response(dict.fromkeys(gains, SIZES), gains)


def roots(*strengths: float) -> Response:
    """Gains s * sqrt(money): the best shares of a total are in proportion to s squared."""
    return made(**{n: (s * np.sqrt(SIZES))[:, None] for n, s in zip("abc", strengths, strict=True)})


# --- known optima -----------------------------------------------------------------------------


def test_square_roots_split_by_squares() -> None:
    split = best_split(roots(1, 2, 3), 98)
    assert split == pytest.approx({"a": 7, "b": 28, "c": 63}, abs=1)
    assert sum(split.values()) == pytest.approx(98)


def test_a_piece_waits_for_the_one_before() -> None:
    """Nothing below 60, much above: worth it only where the total reaches it."""
    late = np.where(SIZES > 60, 10 * (SIZES - 60), 0.0)[:, None]
    response = made(late=late, steady=SIZES[:, None])
    assert best_split(response, 60) == pytest.approx({"late": 0, "steady": 60})
    assert best_split(response, 90) == pytest.approx({"late": 90, "steady": 0})


def test_money_that_only_harms_is_left_over() -> None:
    response = made(good=np.minimum(SIZES, 30)[:, None], bad=-SIZES[:, None])
    split = best_split(response, 80)
    assert split["bad"] == 0
    assert response.gain(split)[0] == pytest.approx(30)


def test_bounds_payers_and_burdens_are_kept() -> None:
    base = roots(1, 2, 3)
    response = Response(
        base.sizes,
        base.gains,
        burdens={"years": dict.fromkeys("abc", 2 * SIZES) | {"c": 0 * SIZES}},
        payers={"state": {"b": 1.0, "c": 0.5}},
    )
    bounded = best_split(response, 98, Limits(least={"a": 20}, most={"c": 40}))
    assert bounded == pytest.approx({"a": 20, "b": 38, "c": 40}, abs=1)
    paid = best_split(response, 98, Limits(payer_most={"state": 40}))
    assert paid["b"] + 0.5 * paid["c"] <= 40 + 1e-6
    light = best_split(response, 98, Limits(burden_most={"years": 30}))
    assert 2 * (light["a"] + light["b"]) <= 30 + 1e-6
    assert light["c"] > bounded["c"]


def test_prison_cost_is_paid_from_the_total() -> None:
    base = roots(1, 1, 1)
    response = Response(base.sizes, base.gains, prison={"a": SIZES})
    split = best_split(response, 60)
    assert split["a"] < split["b"] == pytest.approx(split["c"], abs=1)
    assert 2 * split["a"] + split["b"] + split["c"] == pytest.approx(60)
    saving = Response(base.sizes, base.gains, prison={"b": -SIZES})
    assert sum(best_split(saving, 60).values()) == pytest.approx(60)  # what is saved is not spent
    afforded = allocate.afford(response, {"a": 60.0, "b": 0.0, "c": 0.0}, 60)
    assert afforded["a"] == pytest.approx(30)


def test_a_cut_can_pay_for_something_better() -> None:
    sizes = np.array([-20.0, 0.0, 20.0, 40.0])
    response = Response(
        {"cut": sizes, "grow": np.array([0.0, 40.0])},
        {"cut": sizes[:, None] * 0.1, "grow": np.array([[0.0], [40.0]])},
    )
    assert best_split(response, 10) == pytest.approx({"cut": -20, "grow": 30})


def test_three_ways_to_be_best() -> None:
    """A gamble and a sure thing: the mean gambles, CVaR does not, regret lies between."""
    gamble = np.array([3.0, 3.0, 3.0, -1.0])
    response = made(gamble=SIZES[:, None] * gamble, sure=SIZES[:, None] * np.ones(4))
    assert best_split(response, 100, criterion="mean")["gamble"] == pytest.approx(100)
    assert best_split(response, 100, criterion="cvar")["gamble"] == pytest.approx(0)
    middle = best_split(response, 100, criterion="regret")["gamble"]
    assert middle == pytest.approx(50)  # 100 (1 - x) 2 = 100 x 2
    gains = [response.gain({"gamble": g, "sure": 100 - g}) for g in (0, middle, 100)]
    assert list(allocate.regrets(gains).max(axis=-1)) == pytest.approx([200, 100, 200])
    assert allocate.cvar(gains[2]) == pytest.approx(-100)


@pytest.mark.parametrize("criterion", allocate.CRITERIA)
def test_no_split_of_a_grid_is_better_from_a_minimum_or_a_cut(criterion: str) -> None:
    """Bad futures and regret count what the minimum gains and what the cut loses."""
    rng = np.random.default_rng(3)
    sizes = {"cut": np.array([-10.0, 0, 10]), "held": SIZES[:21:10], "free": SIZES[:21:10]}
    slopes = {n: rng.normal(1, 2, (2, 20)) * 10 for n in sizes}  # two worst futures of twenty
    gains = {n: np.cumsum([0 * each[0], *each], axis=0) for n, each in slopes.items()}
    gains["cut"] -= gains["cut"][1]
    response, limits = Response(sizes, gains), Limits(least={"held": 7})
    grid = [
        response.gain({"cut": cut, "held": held, "free": free})
        for cut in range(-10, 11)
        for held in range(7, 21)
        for free in range(0, 21)
        if cut + held + free <= 15
    ]
    most = np.max(grid, axis=0)
    worth = {
        "mean": np.mean,
        "cvar": allocate.cvar,
        "regret": lambda gain: -np.max(most - gain),
    }[criterion]
    found = worth(response.gain(best_split(response, 15, limits, criterion)))
    assert found >= max(map(worth, grid)) - 1e-6


def test_greedy_can_be_beaten_and_never_wins() -> None:
    response = roots(1, 2, 3)
    chosen = allocate.greedy(response, 98)
    assert sum(chosen.values()) == pytest.approx(98)
    assert response.gain(chosen)[0] < response.gain(best_split(response, 98))[0]


STEPS = np.array([0.0, 25, 50, 100])
BENT = Response(
    {"a": STEPS, "b": STEPS},
    {n: np.array([each]).T for n, each in {"a": [0, 10, 15, 20], "b": [0, 8, 16, 30]}.items()},
    payers={"state": {"a": 0.5, "b": 0.5}},
)


def test_greedy_keeps_minimums() -> None:
    dear = replace(BENT, prison={"a": STEPS, "b": 0 * STEPS})
    kept = allocate.greedy(dear, 60, Limits(least={"b": 30}))
    assert kept == pytest.approx({"a": 15, "b": 30})  # each of a's dollars fills prisons for one
    with pytest.raises(InputError, match=r"none of 50 .* keeps to all limits"):
        allocate.greedy(BENT, 50, Limits(least={"a": 60}))


def test_greedy_keeps_to_payers_and_burdens() -> None:
    poor = allocate.greedy(BENT, 60, Limits(payer_most={"state": 20}))
    assert poor == pytest.approx({"a": 0, "b": 40}, abs=1e-6)
    heavy = replace(BENT, burdens={"years": {"a": 0 * STEPS, "b": 2 * STEPS}})
    light = allocate.greedy(heavy, 60, Limits(burden_most={"years": 30}))
    assert light == pytest.approx({"a": 45, "b": 15})
    none = allocate.greedy(heavy, 60, Limits(payer_most={"state": 0}))
    assert none == pytest.approx({"a": 0, "b": 0}, abs=1e-6)


def test_what_a_split_breaks_is_told() -> None:
    limits = Limits(most={"b": 30}, payer_most={"state": 30})
    found = allocate.excess(BENT, {"a": 40.0, "b": 40.0}, 70, limits)
    over = {name: by for name, by in found.items() if by > 0}
    assert over == pytest.approx({"total": 10, "total with prisons": 10, "state": 10, "b": 10})


def test_nothing_is_promised_beyond_the_sizes_simulated() -> None:
    for bounds in (Limits({"a": 150}, {"a": 200}), Limits({"a": -20}, {"a": -5})):
        with pytest.raises(InputError, match=r"a: at least .* sizes simulated, 0 to 100"):
            best_split(BENT, 400, bounds)
    assert best_split(BENT, 400, Limits(most={"a": 200})) == pytest.approx({"a": 100, "b": 100})
    assert np.isnan(BENT.gain({"a": 150, "b": 1})).all()
    assert np.isnan(BENT.gain({"a": -1})).all()
    assert np.isnan(BENT.gain({"unmeasured": 1})).all()
    assert BENT.gain({"a": 100 + 1e-9, "unmeasured": 0}) == pytest.approx(20)


@pytest.mark.parametrize("criterion", allocate.CRITERIA)
def test_where_nothing_is_free_the_split_is_the_limits(criterion: str) -> None:
    bounds = {"a": 25.0, "b": 75.0}
    assert best_split(BENT, 100, Limits(bounds, bounds), criterion) == bounds
    with pytest.raises(InputError, match="keeps to all limits"):
        best_split(BENT, 99, Limits(bounds, bounds), criterion)
    assert best_split(BENT, 0, criterion=criterion) == {"a": 0, "b": 0}


def test_the_frontier_keeps_the_limits_on_burdens() -> None:
    years, arrests = {"a": 0 * STEPS, "b": STEPS}, {"a": STEPS, "b": 2 * STEPS}
    response = replace(BENT, burdens={"years": years, "arrests": arrests})
    limits = Limits(burden_most={"years": 20, "arrests": 90})
    for years_added, _, split in allocate.frontier(response, 80, "years", limits, points=4):
        assert years_added <= 20 + 1e-5
        assert allocate.burden_of(response, "arrests", split) <= 90 + 1e-5


def test_a_frontier_of_no_burden_is_refused() -> None:
    response = replace(BENT, burdens={"years": dict.fromkeys("ab", STEPS)})
    with pytest.raises(InputError, match="'lives' is unknown; allowed: years"):
        allocate.frontier(response, 80, "lives")


def test_the_frontier_rises() -> None:
    base = roots(1, 2, 3)
    burdens = {"years": {"a": 0 * SIZES, "b": SIZES, "c": 3 * SIZES}}
    response = Response(base.sizes, base.gains, burdens=burdens)
    found = allocate.frontier(response, 98, "years", points=5)
    burden, gain = np.array([(b, g) for b, g, _ in found]).T
    assert np.all(np.diff(burden) > 0)
    assert np.all(np.diff(gain) > 0)
    assert np.all(np.diff(np.diff(gain) / np.diff(burden)) < 0)  # each further year buys less


def test_impossible_wishes_are_named() -> None:
    wrong = Limits(least={"a": 90, "d": 1}, most={"a": 10}, payer_most={"state": 1})
    with pytest.raises(InputError) as raised:
        best_split(roots(1, 2, 3), -1, wrong, "median")
    assert len(raised.value.messages) == 5
    with pytest.raises(InputError, match="keeps to all limits"):
        best_split(roots(1, 2, 3), 50, Limits(least={"a": 60}))
    endless = Limits({"a": np.nan}, {"a": np.inf}, {"state": np.nan})
    with pytest.raises(InputError) as raised:
        best_split(BENT, np.inf, endless)
    assert "inf is no number from 0" in raised.value.messages[0]
    assert [each.split(":")[0] for each in raised.value.messages[1:]] == [
        "split, least",
        "split, most",
        "split, payer_most",
    ]
    with pytest.raises(InputError, match="total"):
        allocate.afford(BENT, {"a": 1.0}, np.nan)


# --- policies ---------------------------------------------------------------------------------


def test_parts_add_up_to_the_dollar() -> None:
    split = {"naloxone": 1 / 3, "port_scanning": -1 / 7, "drug_units": 100 + 1 / 11}
    policy = spend.as_policy("split", split)
    dollars = sum(round(points[-1][1] * 10**6) for points in policy.changes.values())
    assert dollars == round(sum(split.values()) * 10**6)


def test_nothing_goes_beyond_the_record_unasked() -> None:
    most = spend.most_on_record()
    medians = {f"budget_{n}": np.array([b]) for n, b in spend.todays_budgets().items()}
    p = {n: np.array([row.value]) for n, row in load_parameters().items()} | medians
    assert spend.beyond_record(spend.as_policy("most", most), p) == ()
    more = most | {"naloxone": most["naloxone"] + 5}
    assert spend.beyond_record(spend.as_policy("more", more), p) == ("naloxone",)


@pytest.fixture(scope="module")
def measuring() -> Response:
    return spend.response(draws=6)


def test_the_best_split_beats_todays_when_simulated(measuring: Response) -> None:
    best = best_split(measuring, 1000)
    today = allocate.afford(measuring, spend.todays_split(1000), 1000)
    judged = spend.judge({"best": best, "today": today, "again": best}, measuring, draws=12)
    assert judged.words == {"best": spend.BEST, "today": spend.WORSE, "again": spend.FLAT}
    assert not judged.flat
    alike = spend.judge({"best": best, "today": today}, measuring, draws=6, seed=1)  # same draws
    assert alike.predicted == pytest.approx(alike.gains.mean(axis=-1), rel=0.1)
    assert spend.judge({"a": best, "b": best}, measuring, draws=6).flat


@pytest.mark.parametrize("goal", spend.GOALS)
def test_twins_are_indistinguishable_whatever_they_gain(measuring: Response, goal: str) -> None:
    """Drug units cost more than they are worth: their net benefit is below 0."""
    units = {"drug_units": 10475.0}
    judged = spend.judge({"one": units, "two": units}, measuring, goal, draws=20)
    assert judged.words == {"one": spend.BEST, "two": spend.FLAT}


@pytest.mark.parametrize("goal", spend.GOALS)
def test_splits_of_nothing_are_flat(measuring: Response, goal: str) -> None:
    nothing = best_split(measuring, 0)
    judged = spend.judge({"one": nothing, "two": {}}, measuring, goal, draws=6)
    assert judged.flat
    assert not judged.gains.any()
    assert judged.table()["programmes_musd"].eq(0).all()


def test_a_split_may_have_any_name(measuring: Response) -> None:
    named = spend.judge({"status_quo": {"naloxone": 400.0}}, measuring, draws=6)
    assert named.gains.all()


def test_in_net_benefit_the_margin_is_the_worth_of_its_deaths() -> None:
    chosen = spend.sample(6, 2)
    found = spend.measured([spend.as_policy("n", {"naloxone": 495.0})], "net_benefit", chosen)
    worth = spend._worth("net_benefit", found, chosen.parameters["vsl"])
    assert worth == pytest.approx(chosen.parameters["vsl"] / 1e6)
    deaths = found._replace(gain=found.averted)
    assert spend._worth("deaths", deaths, chosen.parameters["vsl"]) == pytest.approx(1)


def test_beyond_what_was_measured_no_gain_is_promised(measuring: Response) -> None:
    splits = {"far": {"naloxone": 1e4}, "near": {"naloxone": 400.0}}
    table = spend.judge(splits, measuring, draws=6).table()
    assert table["if_effects_added_up"].isna().tolist() == [True, False]


def test_a_programme_may_be_kept_from_all_money() -> None:
    none = dict.fromkeys(spend.programmes(), 0.0)
    found = spend.response(most=none | {"naloxone": 10.5}, draws=3)
    assert found.sizes["naloxone"].tolist() == [0, 1, 3, 5, 10.5]
    split = best_split(found, 100, Limits(most={"treatment": 0}))
    assert split == pytest.approx(none | {"naloxone": 10.5})
    assert allocate.greedy(found, 100) == pytest.approx(split)
    assert not spend.response(most=none, draws=3).gain(none).any()


def test_wrong_goals_names_and_money_are_told_all_at_once(measuring: Response) -> None:
    with pytest.raises(InputError) as raised:
        spend.response("death", {"nope": 10, "naloxone": np.inf}, least={"nope": -1})
    assert len(raised.value.messages) == 4
    with pytest.raises(InputError, match="draws"):
        spend.response(draws=0)


def test_what_cannot_be_judged_is_named(measuring: Response) -> None:
    with pytest.raises(InputError) as raised:
        spend.judge({"one": {"nope": 10.0}, "two": {"naloxone": np.nan}}, measuring, "lives")
    fields = [each.split(":")[0] for each in raised.value.messages]
    assert fields == ["judge, goal", "judge, one", "judge, two"]
    with pytest.raises(InputError, match="at least one"):
        spend.judge({}, measuring)


# --- costs ------------------------------------------------------------------------------------


def test_icers_by_the_book() -> None:
    """B is dominated by A's dearer neighbours' mixture, E by C; ratios rise."""
    found = {
        each.name: each for each in costs.icers(list("ABCDE"), [0, 10, 20, 60, 30], [0, 1, 4, 6, 3])
    }
    assert found["B"].status == costs.EXTENDED
    assert found["E"].status == costs.DOMINATED
    assert [found[n].ratio for n in "ABCDE"] == [None, None, 5, 20, None]


def test_acceptability_adds_up_and_turns() -> None:
    cost = np.array([[0.0] * 4, [10.0] * 4])
    effect = np.array([[0.0] * 4, [1.0, 2.0, 4.0, -1.0]])
    found = costs.acceptability(cost, effect, np.array([0.0, 3.0, 6.0, 100.0]))
    assert found.sum(axis=-1) == pytest.approx(1)
    assert list(found[:, 1]) == [0, 0.25, 0.5, 0.75]


def test_payers_pay_what_is_spent() -> None:
    ensemble = simulate([None, "treatment_and_naloxone"], 4)
    table = costs.who_pays(ensemble)
    spent = ensemble.yearly("programme_spending_musd")[:, 1].sum(axis=0).mean()
    assert table["programmes_musd"].sum() == pytest.approx(spent)


def test_the_cost_curve_falls(measuring: Response) -> None:
    table = costs.cost_curve(measuring, 8)
    assert np.all(np.diff(table["mean"]) <= 0)
    scanning = table[table["programme"] == "port_scanning"].sort_values("to_musd")
    assert np.all(scanning["q05"] <= scanning["q95"])
    assert scanning["mean"].iloc[0] > scanning["mean"].iloc[-1]  # it wears out


# --- adaptive policies ------------------------------------------------------------------------

FIRST, SECOND = load_policy("border_surge"), load_policy("treatment_and_naloxone")
ALWAYS, NEVER = adaptive.Trigger("price_pure", -9), adaptive.Trigger("price_pure", 1e9)


def test_an_adaptive_policy_that_never_switches_is_its_first() -> None:
    found = adaptive.adapt(FIRST, SECOND, NEVER, years=[2029, 2030], draws=5)
    assert np.array_equal(found.averted, found.fixed[0])
    assert not found.switched.any()


def test_one_that_always_switches_is_the_first_year_of_switching() -> None:
    found = adaptive.adapt(FIRST, SECOND, ALWAYS, years=[2029, 2030], draws=5)
    path = adaptive.then(FIRST, SECOND, 2029)
    totals = runs.totals(runs.run([Policy("quo"), path], runs.sample(5)), runs.DEATHS)
    assert np.all(found.switched == 2029)
    assert found.averted == pytest.approx(totals[0] - totals[1], rel=1e-12)
    assert np.all(found.regret >= 0)


def test_before_the_switch_nothing_differs() -> None:
    path = adaptive.then(FIRST, SECOND, 2030)
    years = np.linspace(2024, 2030, 50)
    for lever in (*FIRST.levers, *SECOND.levers):
        assert path.values(lever, years) == pytest.approx(FIRST.values(lever, years))
        assert path.values(lever, 2033.0) == pytest.approx(SECOND.values(lever, 2040.0))


def test_each_draw_switches_when_its_own_line_is_crossed() -> None:
    trigger = adaptive.Trigger("deaths_fentanyl", 0.5)
    found = adaptive.adapt(FIRST, SECOND, trigger, years=range(2028, 2034), draws=40)
    assert len(set(found.switched)) > 2
    ensemble = simulate([None, FIRST], 40)
    seen = ensemble.yearly("deaths_fentanyl")[:, 1]
    begun = list(ensemble.years).index(adaptive._begin(FIRST) - 1)
    for switched, path in zip(found.switched, seen.T, strict=True):
        risen = [
            year
            for year in range(2028, 2034)
            if path[list(ensemble.years).index(year - 1)] > 1.5 * path[begun]
        ]
        assert switched == (risen[0] if risen else 0)


def test_adaptive_faults_are_named() -> None:
    with pytest.raises(InputError) as raised:
        adaptive.adapt(FIRST, SECOND, adaptive.Trigger("prize", 0.1), years=[2020, 2030])
    assert len(raised.value.messages) == 3
