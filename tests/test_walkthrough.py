"""The walk-through pictures: each slider moves its picture, and every picture is the model's."""

import json

import numpy as np
import pandas as pd
import pytest

from simlib import charts
from simlib.charts.draws import Bar, Line, Sight, curve_tables, range_tables
from simlib.charts.layout import HEAD
from simlib.charts.style import BANDS
from simlib.dashboard.explore import DRAWS, Explorer, explore
from simlib.inputs.parameters import load_parameters
from simlib.model import enforcement, future, market, supply
from simlib.model import today as conditions
from simlib.walkthrough import (
    controlling_cocaine,
    falling_short,
    follow_the_kilo,
    picture,
    seizing_more,
)
from simlib.walkthrough.picture import Picture, drawn, load_rows

PICTURES = {
    name: value
    for module in (follow_the_kilo, seizing_more, falling_short, controlling_cocaine)
    for name, value in vars(module).items()
    if isinstance(value, Picture)
}
each_picture = pytest.mark.parametrize("name", PICTURES)


def moved_value(shown: Picture, control: str) -> float:
    row = (shown.rows or load_rows)()[control]
    return row.high if row.high > row.value else row.low


def on_screen(sight: Sight) -> list[str]:
    """All words of a picture, numbers at its lines and bars included."""
    return [
        str(word)
        for table in sight.tables.values()
        for word in table.select_dtypes(exclude="number").to_numpy().ravel()
    ]


def same(first: dict[str, pd.DataFrame], second: dict[str, pd.DataFrame]) -> bool:
    return all(first[name].equals(second[name]) for name in first)


# --- every picture ----------------------------------------------------------------------------


@each_picture
def test_every_slider_moves_its_picture(name: str) -> None:
    shown = PICTURES[name]
    before = shown.compute({}, 60)
    for control in shown.controls:
        row = (shown.rows or load_rows)()[control]
        assert row.low < row.high
        after = shown.compute({control: moved_value(shown, control)}, 60)
        assert not same(before.tables, after.tables), control
        assert after.alt != before.alt, control
        assert on_screen(after) != on_screen(before), control


@each_picture
def test_a_picture_is_drawn_whole_whatever_is_moved(name: str) -> None:
    """Bands in order and within the axes; words that fit and tell the numbers."""
    shown = PICTURES[name]
    for moved in ({}, {c: moved_value(shown, c) for c in shown.controls}):
        sight = shown.compute(moved, 60)
        told = sight.tables["words"].iloc[0]
        table = sight.tables["lines" if "lines" in sight.tables else "bars"]
        bands = table[[band for band in BANDS if band != "median" or "lines" in sight.tables]]
        assert np.isfinite(bands.to_numpy()).all()
        assert (np.diff(bands.to_numpy(), axis=1) >= -1e-9 * np.abs(bands.to_numpy()).max()).all()
        if "lines" in sight.tables:
            assert told["lines_low"] <= bands.min(axis=None) + 1e-9
            assert bands.max(axis=None) <= told["lines_high"] * (1 + 1e-9)
        assert "…" not in told["title"] + told["subtitle"]
        assert told["top"] + (told["subtitle"].count("\n") + 1) * 12.5 * 1.25 <= HEAD
        assert "9 in 10 draws" in sight.alt
        named = json.dumps(shown.chart.to_dict())
        assert all(f'"name": "{table}"' in named for table in sight.tables)


@pytest.mark.parametrize("name", ["seize_more", "order", "hundred_kilos"])
def test_a_picture_becomes_a_file(name: str) -> None:
    shown = PICTURES[name]
    sight = shown.compute({}, 60)
    svg = charts.export(charts.fill(shown.chart, sight.tables), "svg").decode()
    assert "NaN" not in svg
    for name, column in (("lines_labels", "text"), ("bars", "said"), ("here", "text")):
        for words in sight.tables.get(name, {}).get(column, ()):
            assert all(f">{line}<" in svg for line in words.split("\n"))


# --- the widget -------------------------------------------------------------------------------


@pytest.fixture
def explorer() -> Explorer:
    return explore(seizing_more.seize_more)


def slide(explorer: Explorer, name: str, value: float | None) -> None:
    """What the browser sends when a reader moves a slider, or lets go of a pin."""
    explorer.controls[name].set_state({"value": value})


def test_a_moved_slider_changes_what_is_sent(explorer: Explorer) -> None:
    sent, alt = explorer.chart.sent, explorer.chart.alt
    slide(explorer, "pass_through_weight", 1.0)
    assert explorer.runner.wait()
    assert explorer.chart.sent > sent
    assert explorer.chart.alt == explorer.sight.alt != alt
    expected = seizing_more.seize_more.compute({"pass_through_weight": 1.0}, DRAWS)
    assert same(explorer.sight.tables, expected.tables)


def test_the_last_of_many_moves_wins(explorer: Explorer) -> None:
    limits = explorer.controls["new_seized_share"].limits
    for value in np.linspace(limits.low, limits.high, 40):
        slide(explorer, "new_seized_share", float(value))
    assert explorer.runner.wait()
    assert explorer.sight.tables["here"]["x"].iloc[0] == pytest.approx(100 * limits.high)


def test_reset_brings_the_first_picture_back(explorer: Explorer) -> None:
    first = explorer.sight
    slide(explorer, "pass_through_weight", 0.9)
    explorer.runner.wait()
    explorer.reset.click()
    assert explorer.runner.wait()
    assert same(explorer.sight.tables, first.tables)
    assert explorer.controls["pass_through_weight"].value is None
    row = load_rows()["new_seized_share"]
    assert explorer.controls["new_seized_share"].value == row.value


def test_an_assumption_can_be_left_to_the_evidence_again(explorer: Explorer) -> None:
    first = explorer.sight
    slide(explorer, "pass_through_weight", 0.9)
    slide(explorer, "pass_through_weight", None)
    assert explorer.runner.wait()
    assert explorer.moved == {}
    assert same(explorer.sight.tables, first.tables)


def test_each_control_opens_a_page_about_its_row(explorer: Explorer) -> None:
    for control in explorer.controls.values():
        control._hear(None, {"about": True}, None)
        assert explorer.dialog._page["title"] == control.label
        assert control.label in explorer.dialog._page["html"]
    assert "Why this range" in explorer.dialog._page["html"]  # a row of the model, its whole page


def test_a_row_of_cocaine_is_not_explained_by_the_fentanyl_row_of_that_name() -> None:
    cocaine = explore(controlling_cocaine.order)
    cocaine.controls["pass_through_weight"]._hear(None, {"about": True}, None)
    assert "how NRC 1999" in cocaine.dialog._page["html"]


def test_what_goes_wrong_is_said_beside_the_control(explorer: Explorer, monkeypatch) -> None:
    def fails(values, draws):
        raise ValueError("no <such> number")

    before = explorer.sight
    broken = explorer._picture._replace(compute=fails)
    monkeypatch.setattr(explorer, "_picture", broken)
    slide(explorer, "pass_through_weight", 0.5)
    assert explorer.runner.wait()
    assert "no &lt;such&gt; number" in explorer.status.value
    assert explorer.sight is before


def test_two_explorers_do_not_interfere(explorer: Explorer) -> None:
    other = explore(seizing_more.seize_more)
    before = other.sight
    slide(explorer, "pass_through_weight", 0.7)
    explorer.runner.wait()
    assert other.sight is before
    assert other.moved == {}


# --- the model behind the pictures ------------------------------------------------------------


@pytest.mark.parametrize(
    ("module", "function", "name"),
    [
        (supply, "price_ladder", "ladder"),
        (supply, "cost_additive", "seize_more"),
        (supply, "cost_multiplicative", "pass_on"),
        (supply, "swamping", "swamp"),
        (supply, "prison_premium", "punish_more"),
        (supply, "sigma_from_elasticity", "punish_more"),
        (supply, "capacity_next", "knock_down"),
        (enforcement, "sheltered_weights", "scan"),
        (supply, "shipments_next", "replaced"),
        (market, "scarcity_price", "fall_short"),
        (market, "dilution", "dilute"),
    ],
)
def test_a_changed_mechanism_changes_its_picture(monkeypatch, module, function, name) -> None:
    before = PICTURES[name].compute({}, 60)
    original = getattr(module, function)
    monkeypatch.setattr(module, function, lambda *a, **k: shrunk(original(*a, **k)))
    assert not same(before.tables, PICTURES[name].compute({}, 60).tables)


def shrunk(found):
    """A tenth less of all that is below the top of a ladder or the last of several lanes."""
    if isinstance(found, tuple):
        *several, last = found
        return type(found)(*(0.9 * each for each in several), last)
    return 0.9 * found


def test_unit_cost_of_the_chain_is_that_of_the_model() -> None:
    """The event of the loop and the chain of the pictures put the same functions together."""
    p = drawn({"swamping_exponent": 0.7}, 50)
    chain, ones = conditions.chain(p, conditions.seized_today(p)), future.Stages(1.0, 1.0, 1.0)
    more = zip(chain.seized, (2.0, 1.5, 1.0), strict=True)
    seized = future.Stages(*(np.minimum(share * times, 0.9) for share, times in more))
    priced = future.Today(chain.prices, chain.handling, chain.risk, 0.0, ones, 3.0)
    f = future.Future(p, None, priced, None, 1.0, 1 / 12)
    slow = future.Slow(None, None, None, 1.5, None, None)
    ratio, _ = supply.unit_cost(f, slow, ones, 1.0, seized)
    swamped = supply.swamping(2.0, p.swamping_exponent)
    premium = future.Stages(swamped, swamped, swamped)
    found = supply.retail_cost(chain, p.pass_through_weight, seized=seized, premium=premium)
    np.testing.assert_allclose(found, ratio)
    assert np.all(found > 1.1)
    np.testing.assert_allclose(supply.retail_cost(chain, p.pass_through_weight), 1)


@pytest.mark.parametrize("name", ["account", "hundred_kilos"])
def test_a_kilo_account_adds_up_and_says_what_it_shows(name: str) -> None:
    sight = PICTURES[name].compute({}, 400)
    first, *middle, last = sight.tables["bars"].itertuples()
    left = first.end + sum(bar.end - bar.begin for bar in middle)
    assert left == pytest.approx(last.end, rel=1e-9)
    for printed in sight.tables["bars"]["said"]:
        assert f": {printed.split(' (')[0]}, 9 in 10 draws" in sight.alt


def test_an_added_seizure_bites_first_and_is_then_replaced_at_a_cost() -> None:
    tables = follow_the_kilo.replaced.compute({"slack_production": 2.0}, 200).tables
    eaten = tables["lines"].query("series == 'consumed'")["median"].to_numpy()
    assert eaten[0] < eaten[12] < eaten[-1] < 0


def test_in_proportion_the_stage_does_not_matter_and_dollar_for_dollar_it_does() -> None:
    table = seizing_more.pass_on.compute({}, 100).tables["lines"]
    left, right = (table[table["x"] == x]["median"].to_numpy() for x in (0, 1))
    np.testing.assert_allclose(right, 50, rtol=1e-6)
    assert left[0] < left[1] < left[2]


def test_without_displacement_both_lines_are_one() -> None:
    table = seizing_more.scan.compute({"displacement_strength": 0.0}, 60).tables["lines"]
    at_once, moved = (
        table[table["series"] == name]["median"].to_numpy()
        for name in ("at once", "after traffic has moved")
    )
    np.testing.assert_allclose(at_once, moved)


def test_settings_are_questions_and_never_pinned() -> None:
    assert picture.pinned({"new_seized_share": 0.3, "pass_through_weight": 1.0}) == {
        "pass_through_weight": 1.0
    }
    settings = picture.load_settings()
    assert {row.group for row in settings.values()} == {"setting", "shown"}
    assert not set(settings) & set(load_parameters())


# --- tables -----------------------------------------------------------------------------------


def test_a_dashed_line_has_neither_label_nor_band() -> None:
    across = np.array([0.0, 1.0])
    flat = [Line(f"line {i}", across, np.full((2, 9), 1.0 + i * 1e-3), "#000000") for i in range(4)]
    behind = Line("before", across, np.arange(18.0).reshape(2, 9), "#000000", banded=False)
    tables = curve_tables([*flat, behind], "Title", "Subtitle").tables
    centres = np.sort(tables["lines_labels"]["centre"])
    assert len(centres) == 4
    assert np.diff(centres).min() >= 28  # two lines of text each
    dashed = tables["lines"].query("series == 'before'")
    assert (dashed["low90"] == dashed["high90"]).all()
    assert set(dashed["shade"]) == {0}


def test_bars_of_a_row_stand_under_each_other() -> None:
    draws = np.arange(10.0)
    bars = [Bar("a", "one", draws, "#000000"), Bar("a", "two", draws, "#111111")]
    table = range_tables([*bars, Bar("b", "one", draws, "#000000")], "T", "S").tables["bars"]
    assert np.diff(table["y"]).min() > 12  # a bar's height
    assert table["name"].tolist() == ["a", "", "b"]
