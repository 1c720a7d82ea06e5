"""The outcome picker: every outcome can be drawn, says its message, and costs no more than it."""

import re
from dataclasses import replace

import numpy as np
import pytest

import simlib
from simlib import charts
from simlib.charts.style import BORDER, INTERNAL, NO_POLICY, STATUS_QUO, spoken
from simlib.compare import compare
from simlib.dashboard import Scenario, compute
from simlib.dashboard.phrases import between, dollars, futures, people
from simlib.dashboard.views import VIEWS, observed
from simlib.errors import InputError
from simlib.inputs.observed import load_observed
from simlib.results import OUTCOMES, Ensemble

SCENARIO = Scenario(total=2000.0)


def picture(outcome: str, scenario: Scenario = SCENARIO) -> compute.Picture:
    return compute.picture(replace(scenario, outcome=outcome), 40)


@pytest.mark.parametrize("outcome", VIEWS)
@pytest.mark.parametrize("total", [0.0, 2000.0])
def test_every_outcome_can_be_drawn(outcome: str, total: float) -> None:
    shown = picture(outcome, Scenario(total=total))
    told = shown.tables["words"].iloc[0]
    assert told["outcome"] == VIEWS[outcome].label
    assert told["unit"]
    assert shown.alt.startswith(spoken(told["title"]))
    charts.prepare(shown.tables)


def test_the_picker_holds_all_that_the_model_tells() -> None:
    assert set(OUTCOMES) < set(VIEWS)
    for name in ("net_benefit_vsl", "net_benefit_qaly", "cost_per_death_averted"):
        assert name in VIEWS


@pytest.mark.parametrize(
    ("outcome", "series"),
    [
        ("deaths_fentanyl", "deaths_synthetic_opioids"),
        ("deaths_any_opioid", "deaths_any_opioid"),
        ("seized_border_gross_kg", "cbp_seized"),
        ("price_pure", "retail_price_pure_gram"),
    ],
)
def test_the_record_is_drawn_where_there_is_one(outcome: str, series: str) -> None:
    table, record = observed(outcome), load_observed()[series]
    assert record.unit.removesuffix(" per year") in VIEWS[outcome].unit
    drawn = dict(zip(table["year"], table["value"], strict=True))
    for middle, value in zip(record.middle, record.values, strict=True):
        if middle > 2013:
            assert drawn[middle - 0.5] == value
    assert table["provisional"].sum() == (record.quality[record.middle > 2013] != "final").sum()


def test_what_has_no_record_has_no_dots() -> None:
    assert observed("potency").empty
    assert charts.prepare(picture("potency").tables)["key_dots"].empty


def test_lines_and_differences_are_those_of_the_ensemble() -> None:
    shown = picture("prison_years")
    ensemble = simlib.simulate([None, *shown.spent.policies], draws=40)
    lines = shown.tables["lines"].set_index(["series", "year"])["median"]
    middle = np.median(ensemble.yearly("prison_years"), axis=-1)
    for place, label in enumerate((STATUS_QUO, BORDER, INTERNAL)):
        np.testing.assert_allclose(lines[label], middle[:, place], rtol=1e-6)
    apart = shown.tables["difference"].set_index(["series", "year"])["median"]
    paired = np.median(compare(ensemble, policy="internal").difference("prison_years"), axis=-1)
    np.testing.assert_allclose(apart[INTERNAL], paired, rtol=1e-5)


def test_net_benefit_adds_up_to_that_of_the_comparison() -> None:
    shown = picture("net_benefit_vsl")
    lines = shown.tables["lines"].set_index(["series", "year"])["median"]
    assert (lines[STATUS_QUO] == 0).all()
    compared = compare(simlib.simulate([None, shown.spent.policies[0]], draws=40))
    whole = np.median(compared.net_benefit_musd("vsl"))
    assert lines[BORDER].iloc[-1] == pytest.approx(whole, rel=1e-5)


def test_nothing_spent_is_said_in_words_that_can_be_read_aloud() -> None:
    said = " ".join(compute.picture(Scenario(total=0.0), 20).verdict)
    assert "deaths are the same under both strategies" in said
    assert "In all futures the gap is too small to matter" in said
    assert "Border-focused: deaths stay as they are." in said
    assert " 0 deaths" not in said


def test_cost_per_death_is_the_ratio_of_means_or_said_to_be_none() -> None:
    shown = picture("cost_per_death_averted")
    lines = shown.tables["lines"].set_index(["series", "year"])["median"]
    compared = compare(simlib.simulate([None, shown.spent.policies[0]], draws=40))
    cost = compared.spent_musd.mean() / compared.averted.mean()
    assert lines[BORDER].iloc[-1] == pytest.approx(cost, rel=1e-5)
    assert "million dollars (border-focused)" in shown.alt
    nothing = picture("cost_per_death_averted", Scenario(total=0.0))
    assert nothing.tables["lines"].empty
    assert "none is averted" in nothing.alt


def test_discounting_can_be_chosen() -> None:
    compared = compare(simlib.simulate([None, "balanced"], draws=30))
    by_rate = [compared.net_benefit_musd("vsl", rate).mean() for rate in (0.0, 0.03, 0.07)]
    assert by_rate[0] > by_rate[1] > by_rate[2] > 0
    np.testing.assert_allclose(compared.net_benefit_musd(), compared.net_benefit_musd("vsl", 0.03))
    np.testing.assert_allclose(compared.discounted("qalys", 0.0), compared.total("qalys"))
    with pytest.raises(InputError, match=r"discount rate: 0\.5 is above the upper bound"):
        compared.net_benefit_musd(rate=0.5)


def test_a_drag_computes_only_what_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: set[str] = set()
    real = Ensemble._by_year
    monkeypatch.setattr(
        Ensemble, "_by_year", lambda self, part, name: asked.add(name) or real(self, part, name)
    )
    picture("potency")
    verdict = {"deaths_fentanyl", "prison_years", "programme_spending_musd", "prison_cost_musd"}
    payers = {f"spending_{payer}_musd" for payer in ("federal", "state", "local")}
    assert asked == {"potency"} | verdict | payers


def test_with_pinned_assumptions_differences_are_from_their_line() -> None:
    shown = picture("overdoses", replace(SCENARIO, assumptions={"demand_elasticity": 0.3}))
    told = shown.tables["words"].iloc[0]
    assert told["difference"] == f"Difference from {NO_POLICY}"
    assert list(dict.fromkeys(shown.tables["lines"]["series"]))[:2] == [STATUS_QUO, NO_POLICY]
    assert "Assumed: " in told["footer"]


# --- words --------------------------------------------------------------------------------------

STUMBLING = re.compile("[−\u202f\u00a0~<>≥≤±×→/]|--")


@pytest.mark.parametrize("outcome", ["deaths_fentanyl", "price_pure", "net_benefit_qaly"])
@pytest.mark.parametrize("total", [0.0, 1000.0, 9000.0])
def test_what_is_said_holds_no_sign_that_a_reader_aloud_stumbles_on(outcome, total) -> None:
    shown = compute.picture(Scenario(total=total, preset="balanced", outcome=outcome), 60)
    for text in (shown.alt, *shown.verdict):
        assert not STUMBLING.search(text)
        assert text.endswith(".")
    for sentence in re.split(r"[.;:] ", " ".join(shown.verdict)):
        assert len(sentence.split()) < 40


def test_extrapolation_is_said_and_drawn_where_money_goes_beyond_the_record() -> None:
    much = compute.picture(Scenario(total=9000.0), 20)
    hatched = much.tables["lines"].query("extrapolated")
    said = [text for text in much.verdict if text.startswith("Extrapolation: ")]
    assert len(said) == 1
    assert all(name in said[0] for name in hatched["series"].unique())
    assert set(hatched["year"]) == set(range(SCENARIO.start, int(hatched["year"].max()) + 1))
    assert not picture("deaths_fentanyl").tables["lines"]["extrapolated"].any()


def test_numbers_in_words() -> None:
    assert people(1234) == "1,200"
    assert people(-0.4) == "0"
    assert people(7.6) == "8"
    assert dollars(9.97e6) == "10 million dollars"
    assert dollars(54_321) == "54,000 dollars"
    assert [futures(x) for x in (0, 0.001, 0.25, 0.999, 1)] == [
        "none",
        "hardly any",
        "25 %",
        "nearly all",
        "all",
    ]
    assert between(-1150, 3420, "more", "fewer") == "from 1,200 fewer to 3,400 more"
    assert between(0, 4360, "averted", "added") == "from 0 to 4,400 averted"
    assert between(-300, -20, "more", "fewer") == "from 20 to 300 fewer"
    assert spoken("−1,150") == "minus 1,150"
