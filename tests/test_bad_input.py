"""What cannot be used is answered in words that name the argument, wherever it comes in."""

import time

import numpy as np
import pandas as pd
import pytest

import simlib
from simlib.analysis import adaptive, believe, costs, discovery, identities, scale, themes, wedges
from simlib.errors import InputError, unknown
from simlib.inputs.policy import Policy
from simlib.inputs.posterior import shipped_posterior
from simlib.study.update import update

MORE = Policy.constant("more", {"drug_units": 500.0})
LESS = Policy.constant("less", {"port_officers": 500.0})
TRIGGER = adaptive.Trigger("price_pure", 0.1)
STRATEGIES = [
    simlib.Strategy("a", "", {"port_officers": 1}),
    simlib.Strategy("b", "", {"drug_units": 1}, {"sentence_selling": 0.5}),
]
MANY = np.zeros(3)
DEEP: list = []
for _ in range(100_000):
    DEEP = [DEEP]
HUGE = 10**5000


@pytest.fixture(scope="module")
def found() -> simlib.Ensemble:
    return simlib.simulate([None, MORE, LESS], draws=6)


EFFECTS = ("deaths_averted", None, float("nan"), 7, MANY, "", "QALYS")


@pytest.mark.parametrize("effect", EFFECTS, ids=str)
def test_an_effect_that_is_none_is_no_qaly(found, effect) -> None:
    for table in (costs.icer_table, costs.plane):
        with pytest.raises(InputError, match=r"effect: .* is unknown; (allowed|did you mean)"):
            table(found, effect)
    qalys, averted = (costs.icer_table(found, each) for each in ("qalys", "averted"))
    assert not np.allclose(qalys["qalys"], averted["averted"])


WRONG = {
    "costs of none": (lambda e: costs.plane(None), "ensemble"),
    "payers of none": (lambda e: costs.who_pays(None), "ensemble"),
    "compare": (lambda e: simlib.compare(e, policy=MANY), "policy"),
    "compare with a number": (lambda e: simlib.compare(e, policy=7), "policy"),
    "verdict first": (lambda e: simlib.verdict(e, MANY, "less"), "first"),
    "verdict second": (lambda e: simlib.verdict(e, "more", DEEP), "second"),
    "valued by": (lambda e: simlib.compare(e, policy="more").net_benefit_musd(MANY), "valued_by"),
    "outcome": (lambda e: e.yearly(MANY), "outcome"),
    "outcome of digits": (lambda e: e.yearly(HUGE), "outcome"),
    "load_policy": (lambda e: simlib.load_policy(MANY), "policy"),
    "times": (lambda e: MORE.values("drug_units", "x"), "times"),
    "no times": (lambda e: MORE.values("drug_units", None), "times"),
    "kilograms": (lambda e: identities.kilograms(e, start=float("nan")), "start: nan"),
    "kilograms too late": (lambda e: identities.kilograms(e, start=2060), "2025 to 2034"),
    "deaths": (lambda e: identities.deaths(e, start="2030"), "start: '2030'"),
    "identity of none": (lambda e: identities.deaths(None), "ensemble"),
    "members": (lambda e: themes.members("no such"), "theme: 'no such'"),
    "members of an array": (lambda e: themes.members(MANY), "theme"),
    "strategy weight": (lambda e: simlib.Strategy("a", "", {"drug_units": None}), "weights"),
    "strategy word": (lambda e: simlib.Strategy("a", "", {"drug_units": ""}), "weights"),
    "strategy cut": (lambda e: simlib.Strategy("a", "", {"drug_units": -1}), "weights"),
    "strategy change": (lambda e: simlib.Strategy("a", "", {}, {"sentence_selling": ""}), "other"),
    "wedges": (lambda e: wedges.wedges(None), "policy: None"),
    "wedges against": (lambda e: wedges.wedges(MORE, "less"), "against: 'less'"),
    "wedges draws": (lambda e: wedges.wedges(MORE, draws=0), "draws: 0"),
    "wedges orders": (lambda e: wedges.wedges(MORE, orders=1e308), r"orders: 1e\+308"),
    "wedges exact": (lambda e: wedges.wedges(MORE, exact_up_to=60), "exact_up_to: 60"),
    "wedges outcome": (lambda e: wedges.wedges(MORE, outcome=MANY), "outcome"),
    "adapt years": (lambda e: adaptive.adapt(MORE, LESS, TRIGGER, years=None), "years: None"),
    "adapt array": (
        lambda e: adaptive.adapt(MORE, LESS, TRIGGER, years=np.array([2029.5])), "whole years"
    ),
    "adapt first": (lambda e: adaptive.adapt("more", LESS, TRIGGER, years=[2030]), "first: 'more'"),
    "adapt second": (lambda e: adaptive.adapt(MORE, None, TRIGGER, years=[2030]), "second: None"),
    "adapt trigger": (lambda e: adaptive.adapt(MORE, LESS, None, years=[2030]), "trigger: None"),
    "adapt change": (
        lambda e: adaptive.adapt(
            MORE, LESS, adaptive.Trigger("price_pure", float("nan")), years=[2030]
        ),
        "change: nan",
    ),
    "update nothing": (lambda e: update(shipped_posterior(), None), "new counts"),
    "update no posterior": (lambda e: update(None, pd.DataFrame()), "posterior: None"),
    "many outcomes": (lambda e: scale.simulate_many([None], 5, None), "outcomes: None"),
    "many of a word": (lambda e: scale.simulate_many([None], 5, "qalys"), "outcomes: 'qalys'"),
    "too many draws": (lambda e: scale.simulate_many([None], 2**70), "1 to 1,000,000,000"),
    "map total": (
        lambda e: believe.break_even("vsl", MANY, STRATEGIES, float("nan")), "total: nan"
    ),
    "map steps": (
        lambda e: believe.break_even(
            "demand_elasticity", "local_harm", STRATEGIES, 5000, steps=2.5
        ),
        "steps: 2.5",
    ),
    "map that cannot be": (
        lambda e: believe.break_even(
            "demand_elasticity", "local_harm", STRATEGIES, 20, steps=2, draws=4
        ),
        "longer sentences alone cost in prisons; allowed: from",
    ),
    "an unknown strategy wins": (
        lambda e: discovery.Futures({}, {}, 1.0).best("border"), "name: 'border'"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("use", "said"), WRONG.values(), ids=WRONG.keys())
def test_an_argument_of_the_wrong_kind_is_named(found, use, said) -> None:
    with pytest.raises(InputError, match=said):
        use(found)


def test_doubled_columns_of_counts_are_refused() -> None:
    columns = ["place", "series", "twelve_months_to", "mark", "deaths_in_12_months", "mark"]
    with pytest.raises(InputError, match="one column each is needed of mark"):
        update(
            shipped_posterior(),
            pd.DataFrame([["US", "x", "2025-03", "final", 1, "final"]], columns=columns),
        )


@pytest.mark.parametrize(
    "name", [HUGE, -HUGE, DEEP, "x" * 10**7], ids=["int", "-int", "deep", "long"]
)
def test_any_name_is_told_in_a_few_letters(name) -> None:
    assert len(unknown(name, ["demand_elasticity"])) < 300
    with pytest.raises(InputError):
        simlib.simulate(draws=name)
    with pytest.raises(InputError):
        simlib.simulate(name if isinstance(name, str) else [name])


def test_of_many_wrong_names_a_few_are_told_and_soon() -> None:
    begin = time.perf_counter()
    with pytest.raises(InputError) as caught:
        simlib.simulate(draws=5, assumptions={f"wrong_{i}": 1.0 for i in range(20_000)})
    assert time.perf_counter() - begin < 5
    assert len(str(caught.value)) < 20_000
    assert "19,990 more are unknown" in str(caught.value)
    values = dict.fromkeys(simlib.load_parameters(), "x")
    with pytest.raises(InputError, match=r"and [0-9]+ more faults"):
        simlib.simulate(draws=5, assumptions=values)


def test_a_strategy_cannot_be_changed_after_its_check() -> None:
    mine = {"drug_units": 1.0}
    strategy = simlib.Strategy("a", "", mine, {"sentence_selling": 0.1})
    for mapping in (strategy.other, strategy.weights):
        with pytest.raises(TypeError):
            mapping["naloxone"] = 7
    mine["drug_units"] = float("nan")
    assert strategy.weights == {"drug_units": 1.0}
    same = simlib.Strategy("a", "", {"drug_units": 1}, {"sentence_selling": 0.1})
    assert len({strategy, same, STRATEGIES[0]}) == 2


FORMULA = "=cmd|'/C calc'!A0"


@pytest.mark.parametrize("name", [FORMULA, "+1", "-1", "@x", "\tx", " =1", "\r=1"])
def test_no_name_of_a_policy_is_a_formula(name, tmp_path) -> None:
    for make in (
        lambda: Policy(name),
        lambda: Policy.constant(name, {}),
        lambda: Policy.from_table({"schema": 1, "name": name}),
        lambda: simlib.Strategy(name, "", {"drug_units": 1}).policy(10),
    ):
        with pytest.raises(InputError, match=r"name: .* does not begin with a letter or digit"):
            make()
