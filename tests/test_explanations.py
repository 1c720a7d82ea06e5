"""The rival explanations: tables, answers and pictures, on a mixture made up for the purpose."""

from dataclasses import replace

import altair as alt
import numpy as np
import pandas as pd
import pytest
import vl_convert

from simlib import simulate, verdict
from simlib.analysis import explanations
from simlib.charts import explanations as pictures
from simlib.errors import InputError
from simlib.inputs.observed import load_observed
from simlib.inputs.parameters import load_parameters
from simlib.inputs.posterior import Posterior, shipped_posterior
from simlib.strategies import Strategy, equal_money

NAMES = list(explanations.EXPLANATIONS)
TITLES = [each.title for each in explanations.EXPLANATIONS.values()]
ABOUT = {
    name: {
        "weight": 0.2,
        "error": 0.02,
        "stacking": 0.2,
        "behind": -float(place),
        "behind_error": 0.5,
        "log_predictive": [5.0, 1.0, 2.0 - place, -3.0 * place],
    }
    for place, name in enumerate(NAMES)
}
SHUFFLED = dict(sorted(ABOUT.items()))  # as a file holds them


@pytest.fixture(autouse=True)
def mixture(monkeypatch) -> Posterior:
    """Shipped rows given to explanations in turn; those of one have no shock at all."""
    shipped = shipped_posterior()
    names = np.resize(NAMES, len(shipped.residual))
    depth = np.where(names == "depletion", 0.0, shipped.values["shock_depth"])
    about = dict(shipped.about) | {
        "explanations": SHUFFLED,
        "forecast_quarters": ["2022Q1", "2022Q2"],
    }
    values = dict(shipped.values) | {"shock_depth": depth}
    found = replace(shipped, values=values, about=about, explanation=names)
    monkeypatch.setattr(explanations, "shipped_posterior", lambda: found)
    return found


TOTAL = 1000
STRATEGIES = (
    Strategy("border", "At the border", {"port_officers": 1}),
    Strategy("inside", "Inside", {"drug_units": 1}, {"sentence_selling": 0.1}),
)


def test_only_takes_the_rows_of_one_explanation(mixture: Posterior) -> None:
    alone = mixture.only("depletion")
    rows = mixture.explanation == "depletion"
    np.testing.assert_array_equal(alone.residual, mixture.residual[rows])
    np.testing.assert_array_equal(alone.values["shock_depth"], 0)
    with pytest.raises(InputError, match="depletion"):
        mixture.only("depletoin")
    with pytest.raises(InputError, match="explanation"):
        alone.only("depletion")


def test_an_unknown_explanation_is_refused() -> None:
    with pytest.raises(InputError, match="did you mean 'supply_shock'"):
        explanations.held("suply_shock", load_parameters())


def test_weights_and_forecasts_are_those_of_the_posterior() -> None:
    table = explanations.weights()
    assert list(table["title"]) == TITLES
    assert list(table["behind"]) == [0, -1, -2, -3, -4]
    assert list(table["others"]) == [0, -3, -6, -9, -12]
    found = explanations.forecasts()
    assert list(found["quarter"]) == ["2022Q1", "2022Q2"] * 5
    assert list(found["log_density"]) == [1, 2, 1, 1, 1, 0, 1, -1, 1, -2]


def test_fit_leaves_the_model_error_out_and_needs_the_shock() -> None:
    table = explanations.fit(60)
    assert list(table["title"].unique()) == [*TITLES, explanations.MIXTURE]
    counted = load_observed().yearly("deaths_synthetic_opioids")
    last = table[table["year"] == max(counted)].set_index("title")
    assert set(last["counted"]) == {max(counted.items())[1]}
    assert np.all(table["low"] < table["median"])
    assert np.all(table["median"] < table["high"])
    with_shock, without = (last.loc[title, "median"] for title in (TITLES[0], TITLES[2]))
    assert without > 1.1 * with_shock


def test_answers_are_the_verdicts_at_equal_money_under_each_posterior(
    mixture: Posterior,
) -> None:
    table = explanations.answers(STRATEGIES, TOTAL, 80)
    assert list(table["title"]) == [*TITLES, explanations.MIXTURE]
    for place, posterior in ((2, mixture.only("depletion")), (-1, mixture)):
        policies, spent = equal_money(STRATEGIES, TOTAL, posterior=posterior)
        assert spent["inside"].prison > 0.05 * TOTAL
        world = simulate([None, *policies], 80, posterior=posterior)
        found, row = verdict(world, "border", "inside"), table.iloc[place]
        assert row["verdict"] == found.word
        assert (row["At the border"], row["Inside"]) == found.chances
        assert (row["low"], row["median"], row["high"]) == found.gap
    assert table["median"].nunique() > 1


def test_a_verdict_names_the_strategy_as_readers_know_it() -> None:
    sure = (STRATEGIES[0], Strategy("care", "Treatment", {"treatment": 1}))
    table = explanations.answers(sure, 5000, 40)
    assert set(table["verdict"]) == {"Treatment"}


def test_three_strategies_are_refused() -> None:
    with pytest.raises(InputError, match="3 given; allowed: two"):
        explanations.answers((*STRATEGIES, STRATEGIES[0]), TOTAL, 40)


def test_answers_by_rule_pin_the_rule_and_only_that(monkeypatch) -> None:
    asked = []

    def noted(policies, draws, **options):
        asked.append(options)
        return simulate(policies, draws, **options)

    monkeypatch.setattr(explanations.simulation, "simulate", noted)
    table = explanations.answers_by_rule(STRATEGIES, TOTAL, 40)
    pinned = [{"pass_through_weight": 0.0}, {"pass_through_weight": 1.0}, {}]
    assert asked == [{"assumptions": rule} for rule in pinned]
    assert table["median"].nunique() == 3


def _tables() -> dict[str, tuple[alt.TopLevelMixin, int]]:
    fit = pd.DataFrame(
        [(t, y, 9e4, 5e4, 7e4, 1e5) for t in (*TITLES, explanations.MIXTURE) for y in (2023, 2024)],
        columns=["title", "year", "counted", "low", "median", "high"],
    )
    rows = [
        (t, "cannot tell", 0.2, 0.1, -900.0, 100.0, 700.0) for t in (*TITLES, explanations.MIXTURE)
    ]
    names = ["title", "verdict", "At the border", "Inside", "low", "median", "high"]
    answers = pd.DataFrame(rows, columns=names)
    return {
        "fits": (pictures.fits(fit), 5),
        "forecasts": (pictures.forecasts(explanations.forecasts()), 5),
        "weights": (pictures.weights(explanations.weights()), 5),
        "answers": (pictures.answers(answers), 6),
    }


@pytest.mark.parametrize("name", ["fits", "forecasts", "weights", "answers"])
def test_each_picture_is_drawn_and_names_every_explanation(name: str) -> None:
    chart, named = _tables()[name]
    svg = vl_convert.vegalite_to_svg(chart.to_dict(), allowed_base_urls=[])
    assert sum(f">{title}<" in svg for title in (*TITLES, explanations.MIXTURE)) == named


def test_fits_can_be_narrowed_to_one_explanation() -> None:
    spec = _tables()["fits"][0].to_dict()
    (choose,) = (each for each in spec["params"] if each["name"] == "chosen")
    assert choose["bind"]["options"] == ["All", *TITLES]
    full = vl_convert.vegalite_to_svg(spec, allowed_base_urls=[])
    choose["value"] = TITLES[0]
    one = vl_convert.vegalite_to_svg(spec, allowed_base_urls=[])
    assert one.count("<path") < full.count("<path")
