"""Comparison on a hand-made ensemble of two policies, two years and four draws."""

from dataclasses import replace

import numpy as np
import pytest

import simlib
from simlib.analysis.costs import plane
from simlib.analysis.ledger import ledger
from simlib.compare import CANNOT_TELL, NO_DIFFERENCE, compare, verdict
from simlib.inputs.tables import PAYERS
from simlib.results import Ensemble

FLOWS = (
    "deaths_fentanyl", "consumed_kg", "cost_additive", "custody_user_years",
    "custody_seller_years", "active_years", "treatment_years", "remission_years", "exposed_years",
    "spending_musd", *(f"spending_{payer}_musd" for payer in PAYERS),
)  # fmt: skip
PARAMETERS = {
    "discount_rate": 0.25,
    "vsl": 10e6,
    "value_per_qaly": 1e5,
    "prison_cost": 50_000.0,
    "prison_federal_share": 0.15,
    "prison_state_share": 0.6,
    "qaly_active": 0.5,
    "qaly_treatment": 0.7,
    "qaly_custody": 0.6,
    "qaly_other": 0.8,
    "verdict_margin": 0.01,
    "verdict_confidence": 0.9,
}


def made(
    deaths: list[list[float]], other: dict[str, list[float]] | None = None, **about: object
) -> Ensemble:
    """Yearly steps 2024 (history), 2025 and 2026; `deaths` by policy and draw, the same each year.

    `other` holds a value by policy for flows that are not 0.
    """
    by_policy = np.array(deaths, dtype=float)
    policies, draws = by_policy.shape

    def flows(years: list[float], count: int) -> dict[str, np.ndarray]:
        shape = (len(years), count, draws)
        found = {name: np.zeros(shape) for name in FLOWS}
        for name, values in (other or {}).items():
            found[name] = np.array(values)[:count, None] * np.ones(shape)
        found["deaths_fentanyl"] = by_policy[:count] * np.ones(shape)
        return found | {"time": np.array(years)[:, None, None], "dt": np.array(1.0)}

    p = {name: np.full(draws, value) for name, value in PARAMETERS.items()}
    names = ("quo", "one", "two")[:policies]
    return Ensemble(names, flows([2024.5], 1), flows([2025.5, 2026.5], policies), p, about)


def test_differences_are_paired_and_start_with_the_projection() -> None:
    found = compare(made([[100, 200, 300, 400], [90, 210, 300, 380]]))
    np.testing.assert_array_equal(found.years, [2025, 2026])
    np.testing.assert_allclose(found.difference("deaths_fentanyl"), [[-10, 10, 0, -20]] * 2)
    np.testing.assert_allclose(found.averted, [20, -20, 0, 40])
    np.testing.assert_allclose(found.discounted("deaths_fentanyl"), [-18, 18, 0, -36])
    assert found.summary()["chance_that_any_are_averted"] == 0.5


def test_cost_per_death_is_a_ratio_of_means() -> None:
    spending = {"spending_musd": [0, 100.0], "custody_user_years": [0, 1000.0]}
    found = compare(made([[100] * 4, [90, 110, 100, 60]], spending))
    np.testing.assert_allclose(found.cost_musd, (100 + 50) * 1.8)
    np.testing.assert_allclose(found.spent_musd, (100 + 50) * 2)
    assert found.cost_per_death_averted == pytest.approx(300e6 / 20)  # neither is discounted
    assert found.net_benefit_musd("vsl") == pytest.approx([180 - 270, -450, -270, 720 - 270])
    assert found.prison_by_payer == pytest.approx({"federal": 15, "state": 60, "local": 25})
    nothing = compare(made([[100] * 4, [100, 110, 100, 90]], spending))
    assert nothing.cost_per_death_averted is None
    worse = compare(made([[100] * 4, [101] * 4], spending))
    assert worse.cost_per_death_averted is None


def test_cost_and_effect_in_the_plane_are_counted_alike() -> None:
    spending = {"spending_musd": [0, 100.0], "active_years": [0, 10.0]}
    found = made([[100] * 4, [90] * 4], spending)
    cost, averted = plane(found)
    assert cost[1].tolist() == [200] * 4
    assert averted[1].tolist() == [20] * 4
    cost, qalys = plane(found, "qalys")
    assert cost[1] == pytest.approx([180] * 4)
    assert qalys[1] == pytest.approx([10 * 0.5 * 1.8] * 4)


def test_qalys_are_valued_once_and_custody_with_its_own_weight() -> None:
    lived = {"active_years": [0.0, 10.0], "treatment_years": [0.0, 20.0],
             "custody_user_years": [0.0, 30.0], "remission_years": [0.0, 40.0]}  # fmt: skip
    found = compare(made([[100], [100]], lived))
    gained = (10 * 0.5 + 20 * 0.7 + 30 * 0.6 + 40 * 0.8) * 1.8
    cost = 30 * 50_000 * 1.8
    assert found.net_benefit_musd("qaly") == pytest.approx((gained * 1e5 - cost) / 1e6)


def test_cost_imposed_on_the_trade_for_a_dollar() -> None:
    """1 USD a kilo dearer x 1e6 kg a year over 0.5 million USD of programmes a year: 2."""
    other = {"cost_additive": [10.0, 11.0], "consumed_kg": [1e6, 7.0], "spending_musd": [0, 0.5]}
    assert compare(made([[1], [1]], other)).imposed_per_dollar == pytest.approx(2)
    assert compare(made([[1], [1]], other | {"spending_musd": [0, 0]})).imposed_per_dollar is None


@pytest.mark.parametrize(
    ("one", "two", "word"),
    [
        ([80] * 10, [99] * 10, "one"),
        ([99] * 10, [80] * 10, "two"),
        ([80] * 9 + [99], [99] * 9 + [80], "one"),  # nine of ten settle it
        ([80] * 8 + [99] * 2, [99] * 8 + [80] * 2, CANNOT_TELL),
        ([99.5] * 10, [99] * 10, NO_DIFFERENCE),
        ([90, 110] * 5, [110, 90] * 5, CANNOT_TELL),
    ],
)
def test_verdict(one: list[float], two: list[float], word: str) -> None:
    judged = verdict(made([[100] * 10, one, two]), "one", "two")
    assert judged.word == word
    assert sum(judged.chances) + judged.within == pytest.approx(1)
    assert judged.margin_deaths == pytest.approx(2)  # 1 % of 100 deaths in each of two years


def test_verdict_says_when_neither_beats_doing_nothing() -> None:
    judged = verdict(made([[100] * 4, [100] * 4, [150] * 4]), "one", "two")
    assert judged.neither_beats_status_quo
    assert not verdict(
        made([[100] * 4, [80] * 4, [150] * 4]), "one", "two"
    ).neither_beats_status_quo


def test_margin_and_confidence_can_be_chosen() -> None:
    found = made([[100] * 10, [97] * 10, [99] * 10])
    assert verdict(found, "one", "two").word == "one"
    assert verdict(found, "one", "two", margin=0.05).word == NO_DIFFERENCE
    split = made([[100] * 10, [80] * 6 + [99] * 4, [99] * 6 + [80] * 4])
    assert verdict(split, "one", "two", confidence=0.6).word == "one"


def test_other_draws_and_other_names_are_refused() -> None:
    one, other = made([[1] * 4], seed=1, draws=4), made([[1] * 4], seed=2, draws=5)
    with pytest.raises(simlib.InputError, match="draws, seed"):
        compare(one, other)
    with pytest.raises(simlib.InputError, match="quo"):
        compare(one, policy="quoo")
    assert compare(one, replace(one)).averted.tolist() == [0] * 4


def test_one_policy_of_several_has_to_be_named() -> None:
    several = made([[100] * 4, [90] * 4, [80] * 4])
    with pytest.raises(simlib.InputError, match="name one of"):
        compare(several)
    with pytest.raises(simlib.InputError, match="name one of"):
        compare(made([[100] * 4]))
    assert compare(made([[100] * 4, [90] * 4])).averted.tolist() == [20] * 4


def test_terms_of_a_verdict_are_checked_together() -> None:
    found = made([[100] * 4, [90] * 4, [80] * 4])
    with pytest.raises(simlib.InputError) as told:
        verdict(found, "one", "one", margin=-1, confidence=float("nan"))
    said = str(told.value)
    assert "second: is the first strategy, 'one', too" in said
    assert "margin: -1 is below the lower bound 0" in said
    assert "confidence: nan is no finite number; allowed: 0.5 to 0.99" in said


def test_a_policy_is_told_by_what_it_adds_to_another() -> None:
    """Both hold what the second policy does: 40 deaths fewer a year, of which they are not told."""
    found = made([[100] * 4, [60] * 4, [55] * 4])
    own = compare(found, policy="two", against="one")
    assert own.names == ("one", "two")
    assert own.averted.tolist() == [10] * 4
    assert compare(found, policy="two").averted.tolist() == [90] * 4
    with pytest.raises(simlib.InputError, match="against: 'twoo' is unknown; did you mean 'two'"):
        compare(found, policy="two", against="twoo")
    judged = verdict(made([[100] * 4, [60] * 4, [60] * 4]), "two", "quo", against="one")
    assert judged.beats_status_quo == (0, 0)
    assert judged.margin_deaths == pytest.approx(2)


def test_what_is_no_ensemble_is_refused_by_name() -> None:
    found = made([[100] * 4, [90] * 4])
    for call, named in (
        (lambda: compare(3), "base: 3"),  # type: ignore[arg-type]
        (lambda: compare(found, 3), "cut: 3"),  # type: ignore[arg-type]
        (lambda: verdict(None, "one", "two"), "ensemble: None"),  # type: ignore[arg-type]
        (lambda: ledger([]), r"ensemble: \[\]"),  # type: ignore[arg-type]
    ):
        with pytest.raises(simlib.InputError, match=f"{named} is no Ensemble"):
            call()
