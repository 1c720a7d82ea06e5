"""Signs of every lever: in every single draw, and on average.

The sign of enforcement on deaths is what the model is asked, so no row here assumes it.
"""

import numpy as np
import pytest

import simlib
from simlib.inputs.parameters import load_parameters
from simlib.inputs.policy import Policy
from simlib.inputs.tables import load_programmes

LEVERS = load_parameters().select(group="lever")
EXPONENT = {
    name: f"effect_exponent_{each.family}"
    for name, each in load_programmes().items()
    if each.family != "health" and each.payers
}
DEARER = {"price_pure": 1}
# Lever -> outcomes whose sum over the projection goes this way, or does not move, in each draw;
# outcomes whose mean does.
SIGNS = {
    "port_scanning": ({"seized_border_kg": 1}, DEARER),
    "port_officers": ({"seized_border_kg": 1}, DEARER),
    "between_ports": ({"seized_border_kg": 1}, DEARER),
    "border_integrity": ({"seized_border_kg": 1}, DEARER),
    "precursor_control": ({}, {"produced_kg": -1, **DEARER}),
    "cartel_operations": ({}, {"produced_kg": -1, **DEARER}),
    "drug_units": ({"seized_retail_kg": 1, "prison_years": 1}, DEARER),
    "organised_crime": ({"seized_wholesale_kg": 1, "prison_years": 1}, DEARER),
    "cyber_units": ({"seized_retail_kg": 1, "prison_years": 1}, {}),
    "police_integrity": (  # kilos: an elastic market may shrink by more
        {"prison_years": 1},
        {"seized_wholesale_kg": 1, "seized_retail_kg": 1, **DEARER},
    ),
    "sentence_possession": ({"prison_years": 1, "people_in_custody": 1}, {}),
    "sentence_selling": ({"prison_years": 1, "sellers_in_custody": 1}, DEARER),
    "prevention": ({"deaths_fentanyl": -1, "people_active": -1}, {}),
    "treatment": ({"deaths_fentanyl": -1, "people_in_treatment": 1, "care_cost_musd": 1}, {}),
    "naloxone": ({"deaths_fentanyl": -1, "overdoses": 1, "people_active": 1}, {}),
    "reentry_treatment": ({"deaths_fentanyl": -1}, {}),
}
SETTLED = 0.8
"""Share of draws that must move at all: money does nothing in about 7 %, places can be full."""


@pytest.fixture(scope="module")
def found():
    full = {n: 0.5 if n.startswith("sentence") else 1000.0 for n in LEVERS}
    return simlib.simulate([None, *(Policy.constant(n, {n: full[n]}) for n in LEVERS)], draws=150)


def test_every_lever_has_its_row() -> None:
    assert set(SIGNS) == set(LEVERS)


@pytest.mark.parametrize("lever", SIGNS)
def test_signs(found, lever: str) -> None:
    compared = simlib.compare(found, policy=lever)
    always, on_average = SIGNS[lever]
    for outcome, sign in on_average.items():  # a median may stand still: some draws do
        assert sign * np.mean(compared.difference(outcome)[3]) > 0, outcome
    for outcome, sign in always.items():
        moved = sign * compared.total(outcome)
        base = found.yearly(outcome)[-10:, 0].sum(axis=0)
        assert np.all(moved >= -1e-9 * base), outcome
        assert np.mean(moved > 1e-9 * base) > SETTLED, outcome


@pytest.mark.parametrize("lever", EXPONENT)
def test_the_price_rises_at_first_or_stays(found, lever: str) -> None:
    compared = simlib.compare(found, policy=lever)
    first_full = list(compared.years).index(2027)
    assert np.median(compared.difference("price_pure")[first_full]) > 0


@pytest.mark.parametrize("lever", EXPONENT)
def test_money_that_buys_nothing_changes_nothing_but_money(found, lever: str) -> None:
    nothing = found.parameters[EXPONENT[lever]] <= 0
    assert 0.01 < nothing.mean() < 0.2
    compared = simlib.compare(found, policy=lever)
    np.testing.assert_array_equal(compared.averted[nothing], 0)
    assert np.all(compared.averted[~nothing] != 0) or lever == "precursor_control"
    assert np.all(compared.total("programme_spending_musd") > 0)


@pytest.mark.parametrize("lever", LEVERS)
def test_spending_is_what_the_policy_says(found, lever: str) -> None:
    compared = simlib.compare(found, policy=lever)
    spent = compared.difference("programme_spending_musd")
    assert np.all(spent[0] == 0)  # the policy starts in the second January
    if lever.startswith("sentence"):
        assert np.all(spent == 0)
    else:
        np.testing.assert_allclose(spent[1], 500)  # it grows over its first year
        np.testing.assert_allclose(spent[2:], 1000)


@pytest.mark.parametrize("lever", ["naloxone", "treatment", "drug_units", "port_officers"])
def test_a_cut_goes_the_other_way(lever: str) -> None:
    cut = Policy.constant("cut", {lever: LEVERS[lever].low / 2})
    compared = simlib.compare(simlib.simulate([None, cut], draws=40), policy="cut")
    outcome = {"drug_units": "seized_retail_kg", "port_officers": "seized_border_kg"}
    moved = compared.total(outcome.get(lever, "deaths_fentanyl"))
    sign = -1 if lever in outcome else 1
    assert np.median(sign * moved) > 0
    assert np.all(compared.total("programme_spending_musd") < 0)
