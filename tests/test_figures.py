"""Small figures: identities, wedges, many policies; what they draw and what they say."""

import html
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import simlib
from simlib import charts
from simlib.analysis import identities
from simlib.analysis.wedges import Wedges
from simlib.charts import bars
from simlib.charts.bars import BAR
from simlib.charts.style import BANDS, MANY_COLOURS, number
from simlib.compare import Comparison
from simlib.dashboard import Scenario, compute
from simlib.dashboard.details import line_labels
from simlib.dashboard.session import Session
from simlib.dashboard.several import MOST, SideBySide, side_by_side_picture
from simlib.dashboard.spending import SERIES
from simlib.dashboard.why import identity_figure, wedges_figure
from simlib.errors import InputError
from simlib.inputs.policy import Policy, load_policy, policy_names

FOOTER = "Data of 2026."
NAMES = {"status_quo": "status quo", "border_surge": "surge", "balanced": "balanced"}


def records(spec: dict, column: str) -> list[dict]:
    """Rows of all tables of a specification that have a column."""
    return [row for table in spec["datasets"].values() for row in table if column in row]


def texts(spec: dict) -> set[str]:
    svg = charts.export(spec, "svg").decode()
    return set(re.findall(r"<(?:text|tspan)[^>]*>([^<]+)<", svg))


# --- identities ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ensemble() -> simlib.Ensemble:
    return simlib.simulate([None, "border_surge", "balanced"], draws=60)


@pytest.fixture(scope="module", params=[identities.kilograms, identities.deaths])
def identity(request, ensemble):
    return request.param(ensemble, 2027)


def test_an_identity_shows_each_factor_under_each_policy(identity) -> None:
    spec = identity_figure(identity, NAMES, FOOTER)
    said = {row["said"] for row in records(spec, "said")}
    assert len([text for text in said if text.startswith("surge ")]) >= 3
    names = {row["name"] for row in records(spec, "name")} - {""}
    assert len(names) == len(identity.names)
    change = 100 * (np.median(identity.change()[-1, 1]) - 1)
    drawn = [row for row in records(spec, "said") if row["row"].startswith("= ")]
    assert drawn[0]["median"] == pytest.approx(change, abs=1e-3)
    assert spec["description"].startswith(f"{identity.title}: surge ")
    assert "What moved most: " in spec["description"]
    assert charts.export(spec, "pdf").startswith(b"%PDF")
    assert FOOTER in " ".join(texts(spec))
    assert "change against status quo, %" in texts(spec)


def test_lines_of_a_figure_do_not_overlap() -> None:
    table = pd.DataFrame(
        {"row": ["a", "a", "b"], "series": ["x", "y", "x"], "low90": -1.0, "low50": -0.5}
    ).assign(median=0.0, high50=0.5, high90=1.0)
    words = {"title": "T", "subtitle": "S", "footer": "F", "axis": "unit"}
    places = sorted({row["y"] for row in records(bars.figure(table, words), "said")})
    assert len(places) == 3
    assert np.diff(places).min() > BAR


def test_nothing_at_all_can_be_drawn() -> None:
    table = pd.DataFrame({"row": ["a"], "series": [""]}).assign(**dict.fromkeys(BANDS, 0.0))
    spec = bars.figure(table, {"title": "T", "subtitle": "S", "footer": "F", "axis": "unit"})
    assert charts.export(spec, "svg").startswith(b"<svg")


# --- wedges -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def found() -> Wedges:
    """Means -100, -20 and -10; the first two do 10 more together than alone."""
    shares = np.array([[-100.0, -120.0, -80.0], [-10.0, -30.0, -20.0], [-5.0, -10.0, -15.0]])
    alone = shares + np.array([[5.0], [5.0], [0.0]])
    together = np.zeros((3, 3, 3))
    together[0, 1] = together[1, 0] = -10.0
    levers = ("drug_units", "naloxone", "cyber_units")
    return Wedges("deaths_fentanyl", levers, shares, alone, shares.sum(axis=0), together)


def test_steps_lead_from_nothing_to_the_whole(found: Wedges) -> None:
    spec = wedges_figure(found, "Mine", "status quo", FOOTER)
    steps = {row["name"]: row for row in records(spec, "said") if row["name"]}
    places = [(steps[name]["begin"], steps[name]["end"]) for name in steps]
    assert places == [(0, -100), (-100, -120), (-120, -130), (0, -130)]
    assert list(steps)[-1] == "all together"
    assert "alone −95" in steps["Drug units"]["said"]
    said = spec["description"]
    assert said.startswith(
        "Mine: −130 deaths on average, the largest part through drug units (77 %)."
    )
    assert "Acting together adds −10 to what each does alone: naloxone with drug units −10." in said
    sampled = replace(found, together=None, standard_error=np.array([0.5, 1.5, 0.2]))
    assert "standard error up to 1.5" in wedges_figure(sampled, "A", "B", "")["description"]


# --- many policies ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def many() -> SideBySide:
    names = [name for name in policy_names() if name != "status_quo"]
    return side_by_side_picture({name: load_policy(name) for name in names}, draws=40)


def test_no_two_of_many_lines_look_alike(many: SideBySide) -> None:
    looks = {(row["series"], row["colour"], row["dashed"]) for row in records(many.spec, "dashed")}
    assert len(looks) > len(MANY_COLOURS) + 1
    assert len({look[1:] for look in looks}) == len(looks)


def test_a_policy_that_changes_nothing_is_named_beside_the_line_it_lies_on() -> None:
    shown = side_by_side_picture({"idle": Policy("idle")}, draws=20)
    labels = [row["text"] for row in shown.spec["datasets"]["lines_labels"]]
    assert [text.rpartition(" ")[0] for text in labels] == ["status quo", "idle"]


def test_differences_are_paired_and_ordered(many: SideBySide) -> None:
    policies = [None, "border_surge", "balanced"]
    ensemble = simlib.simulate(policies, draws=40)
    paired = Comparison(ensemble, 0, ensemble, 2).total("deaths_fentanyl")
    row = many.differences.set_index("series").loc["balanced"]
    assert row["median"] == pytest.approx(np.median(paired), rel=1e-5)
    assert many.differences["median"].is_monotonic_increasing
    assert "spend different money, so none is called best" in many.alt
    assert "chance_first" not in many.differences
    assert set(many.ledger["policy"]) == set(many.differences["series"])
    assert many.page().count("(best)") == many.ledger["best"].sum()
    assert b"ledger" in many.csv()


def test_differences_from_a_chosen_one() -> None:
    chosen = {name: load_policy(name) for name in ("border_surge", "balanced")}
    shown = side_by_side_picture(chosen, {"budget_scale": 2.0}, "balanced", "price_pure", draws=30)
    assert set(shown.differences["series"]) == {"status quo", "border_surge"}
    text = " ".join(texts(shown.spec))
    assert "difference from balanced, USD per pure g on average" in text
    assert (
        "Assumed: Today's enforcement budgets, all together 2" in shown.spec["usermeta"]["source"]
    )
    assert "−" not in shown.alt


def test_lines_of_the_same_money_are_ranked_and_each_has_its_sentence() -> None:
    policies = compute.policies(Scenario())
    shown = side_by_side_picture({SERIES[name]: p for name, p in policies.items()}, draws=60)
    assert re.search(r"fewest with .* in \d+ % of futures", shown.alt)
    assert set(shown.said) == {t for t in shown.said if "against status quo (9 in 10: " in t}
    assert len(shown.said) == 2
    assert all(f"<li>{html.escape(text)}</li>" in shown.page() for text in shown.said)
    costs = simlib.simulate([None, *policies.values()], draws=60)
    spent = simlib.compare(costs, policy="border").spent_musd.mean()
    border = next(text for text in shown.said if text.startswith(SERIES["border"]))
    assert f"costs {number(spent, 3)} million USD in programmes and prisons" in border


def test_lines_that_hold_health_money_say_so() -> None:
    named = line_labels(Scenario(health={"naloxone": 100.0}))
    assert named["border"] == "border-focused, with health money"
    with pytest.raises(InputError, match="taken by another line"):
        Session().keep("health money alone")


@pytest.mark.parametrize(
    ("policies", "arguments", "said"),
    [
        ({}, {}, "allowed: 1 to 20"),
        ({str(i): Policy("p") for i in range(MOST + 1)}, {}, "allowed: 1 to 20"),
        ({"status quo": Policy("p")}, {}, "is taken by the line without new policy"),
        ({"a": Policy("p")}, {"against": "b"}, "against: 'b' is unknown"),
        ({"a": Policy("p")}, {"outcome": "deaths"}, "outcome: 'deaths' is unknown"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_words(policies, arguments, said) -> None:
    with pytest.raises(InputError, match=said):
        side_by_side_picture(policies, draws=10, **arguments)
