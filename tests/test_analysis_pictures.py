"""Pictures of decisions: what is drawn is what was found."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from simlib import charts
from simlib.analysis import adaptive, believe, costs, information, sensitivity, spend, structure
from simlib.analysis.allocate import Response
from simlib.charts import break_even as pictures
from simlib.charts.style import BORDER, COLOURS, INTERNAL, PAPER, blend
from simlib.dashboard import findings
from simlib.dashboard.break_even import BreakEven
from simlib.dashboard.budget import Budget
from simlib.dashboard.figure import Figure
from simlib.inputs.parameters import load_parameters
from simlib.simulation import simulate

STEPS = 4


@pytest.fixture
def found() -> believe.Map:
    """A made-up map: the first strategy wins for certain on the right, the second at the left."""
    rows = load_parameters()
    x = np.repeat(np.arange(STEPS), STEPS)
    first, second = (x == 3).astype(float), 0.5 * (x == 0)
    chances = believe.Chances(first, second, 1 - first - second, x - 1.5)
    evidence = np.stack([np.linspace(0.6, 0.999, 50), np.full(50, 0.1)])
    axes = rows["demand_elasticity"], rows["budget_drug_units"]
    return believe.Map(*axes, STEPS, chances, evidence, 7, 0.9)


def test_cells_carry_the_colour_of_the_winner(found: believe.Map) -> None:
    cells = pictures.break_even_tables(found, "Title", "Subtitle")["cells"]
    assert set(cells["colour"][cells["x"] == 0.75]) == {COLOURS[BORDER]}
    assert set(cells["colour"][cells["x"] == 0]) == {blend(COLOURS[INTERNAL], 0.5)}
    assert set(cells["colour"][cells["x"] == 0.5]) == {PAPER}
    assert cells["here"].iloc[-1].startswith("0.825 / ")  # 0.3 + 7/8 (0.9 - 0.3)


def test_lines_surround_the_settled_and_follow_the_break_even(found: believe.Map) -> None:
    lines = pictures.break_even_tables(found, "Title", "Subtitle")["outlines"]
    settled, even = lines[lines["dashed"] == 0], lines[lines["dashed"] == 1]
    assert set(settled["x"]) == {0.75}
    assert set(even["x"]) == {0.5}
    assert len(settled) == len(even) == STEPS


def test_the_evidence_weighs_what_it_says(found: believe.Map) -> None:
    wins = found.found.first >= found.confidence
    assert found.evidence_for(wins) == pytest.approx(np.mean(found.evidence[0] >= 0.75))
    assert found.evidence_for(~wins) == pytest.approx(1 - found.evidence_for(wins))


def test_a_map_on_which_nothing_is_settled_is_drawn(found: believe.Map) -> None:
    nothing = np.zeros(STEPS**2)
    chances = believe.Chances(nothing, nothing, nothing + 1, nothing)
    made = believe.Map(found.across, found.up, STEPS, chances, found.evidence, 7, 0.9)
    tables = pictures.break_even_tables(made, "Title", "Subtitle")
    svg = charts.export(charts.fill(pictures.break_even(), tables), "svg").decode()
    assert "neither by more than the margin" in svg
    assert made.across.label in svg


def _what_decides() -> Figure:
    parts = (np.array([0.5, 0.1]), np.array([0.1, 0.2]))
    return findings.what_decides(sensitivity.Indices(("one", "two"), *parts, *parts))


def _tornado() -> Figure:
    swings = [sensitivity.Swing("demand_elasticity", -5, 9), sensitivity.Swing("vsl", 3, -1)]
    return findings.tornado(swings)


def _worth() -> Figure:
    return findings.worth([information.Worth("all", 9.0, 1.0, 0.5)], "deaths averted")


def _spread() -> Figure:
    return findings.spread(structure.Shares(100.0, 0.2, 0.7, 0.1))


def _cost_curve() -> Figure:
    gains = np.array([[0.0, 0.0], [10.0, 30.0]])
    response = Response({"naloxone": np.array([0.0, 50.0])}, {"naloxone": gains})
    return findings.cost_curve(costs.cost_curve(response, 2))


def _plane() -> Figure:
    return findings.plane(simulate([None, "border_surge"], 3))


def _acceptability() -> Figure:
    return findings.acceptability(simulate([None, "border_surge"], 3), 1.0, 4)


def _frontier() -> Figure:
    return findings.frontier([(0.0, 1.0, {}), (5.0, 3.0, {})])


def _adaptive() -> Figure:
    made = adaptive.Adaptive(
        np.array([3.0, 5.0]), np.array([[3.0, 4.0], [1.0, 6.0]]), np.array([0, 2030])
    )
    return findings.adaptive(made, "border", "internal")


FIGURES = [
    _what_decides,
    _tornado,
    _worth,
    _spread,
    _cost_curve,
    _plane,
    _acceptability,
    _frontier,
    _adaptive,
]


@pytest.mark.parametrize("make", FIGURES, ids=lambda make: make.__name__)
def test_every_figure_hands_out_its_numbers(make: Callable[[], Figure]) -> None:
    figure = make()
    svg = figure.contents("svg").decode()
    assert "NaN" not in svg
    assert figure.tables["words"]["title"].item().split()[0] in svg
    assert svg.startswith("<svg role=")
    table = figure.contents("csv").decode()
    assert len(table.splitlines()) > 1
    assert figure.contents("png")[:4] == b"\x89PNG"
    assert figure.contents("pdf")[:4] == b"%PDF"
    assert b"<html lang" in figure.contents("html")


def test_a_swing_takes_the_colour_of_whom_it_favours() -> None:
    table = _tornado().tables["bars"]
    assert list(table["colour"]) == [COLOURS[BORDER], COLOURS[INTERNAL]]
    assert list(table["low"]) == [-5, -1]
    assert list(table["middle"]) == [9, -1]  # the high end of the assumption


def test_a_million_buys_what_was_measured() -> None:
    table = _cost_curve().tables["bars"]
    assert table["middle"].iloc[0] == pytest.approx(20 / (50 * 2))


def test_the_adaptive_policy_is_put_beside_the_better_fixed_one() -> None:
    said = _adaptive().alt
    assert "50 % of the futures" in said
    assert "0.50 more" in said  # 4 on average, against 3.5


# --- live -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def live_map() -> BreakEven:
    live = BreakEven()
    assert live.runner.wait(120)
    return live


def test_the_map_follows_its_controls(live_map: BreakEven) -> None:
    before = live_map.figure.tables["cells"]
    pin, control = live_map.pins["demand_elasticity"]
    pin.value = True
    control._changed(control.limits.high)  # as the browser's slider does
    live_map.up.value = "pass_through_weight"
    assert live_map.runner.wait(120)
    assert live_map.found.up.name == "pass_through_weight"
    assert live_map.wish()["pinned"] == {"demand_elasticity": control.limits.high}
    assert not live_map.figure.tables["cells"]["colour"].equals(before["colour"])
    assert live_map.status.value == ""


def test_a_map_of_one_assumption_is_refused_in_words(live_map: BreakEven) -> None:
    live_map.up.value = live_map.across.value
    assert live_map.runner.wait(120)
    assert "must differ" in live_map.status.value
    live_map.up.value = "pass_through_weight"
    assert live_map.runner.wait(120)
    assert live_map.status.value == ""


def test_the_budget_follows_its_controls() -> None:
    live = Budget(500.0)
    assert live.runner.wait(120)
    assert 0.7 * 500 < sum(live.split.values()) <= 500 + 1e-6  # prisons take the rest
    assert live.split["naloxone"] > 0
    assert live.judged is not None
    live.health.value = False
    live.total._changed(800)
    assert live.runner.wait(120)
    assert live.split["naloxone"] == 0
    money = sum(live.split.values())
    assert 0.7 * 800 < money <= 800 + 1e-6
    assert live.judged.table()["programmes_musd"].iloc[0] == pytest.approx(money)
    assert "deaths averted" in live.verdict.value
    bars: pd.DataFrame = live.figure.tables["bars"]
    assert bars["middle"].sum() == pytest.approx(money, abs=0.01)


def test_the_budget_is_judged_against_what_keeps_to_its_limits() -> None:
    live = Budget(2000.0)
    assert live.runner.wait(120)
    assert "as today" in live.judged.policies
    live._choose(state_and_local=0.0)
    assert live.runner.wait(120)
    assert list(live.judged.policies) == ["this split", "cheapest first"]
    paid = spend.payers(spend.programmes())
    for policy in live.judged.policies.values():
        for payer in ("state", "local"):
            money = sum(paid[payer].get(n, 0.0) * policy.changes[n][-1][1] for n in policy.levers)
            assert money == pytest.approx(0, abs=1e-5)  # whole dollars
    assert live.judged.words["this split"] != spend.WORSE
    assert "as today</b>: not compared, as it breaks the limits on state money" in (
        live.verdict.value
    )
