"""The walk-through pictures: each slider moves its picture, and every picture is the model's."""

import io
import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from simlib.charts.supply import png
from simlib.charts.supply_tables import (
    WIDTH,
    Bar,
    Line,
    Sight,
    Words,
    axis_limits,
    curve_tables,
    range_tables,
)
from simlib.dashboard.explore import DRAWS, Explorer, explore
from simlib.model import enforcement, future, market, supply
from simlib.model import today as conditions
from simlib.walkthrough import cocaine as cocaine_pictures
from simlib.walkthrough import common
from simlib.walkthrough import kilo as kilo_pictures
from simlib.walkthrough import market as market_pictures
from simlib.walkthrough import price as price_pictures
from simlib.walkthrough.common import Picture, drawn, load_rows

MODULES = (kilo_pictures, price_pictures, market_pictures, cocaine_pictures)
PICTURES = {
    name: value
    for module in MODULES
    for name, value in vars(module).items()
    if isinstance(value, Picture)
}
each_picture = pytest.mark.parametrize("name", PICTURES)


def moved_value(picture: Picture, control: str) -> float:
    row = (picture.rows or load_rows)()[control]
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
    picture = PICTURES[name]
    before = picture.compute({}, 60)
    for control in picture.controls:
        after = picture.compute({control: moved_value(picture, control)}, 60)
        assert not same(before.tables, after.tables), control
        assert after.alt != before.alt, control
        assert on_screen(after) != on_screen(before), control


@each_picture
def test_bands_are_in_order_and_within_the_axes(name: str) -> None:
    picture = PICTURES[name]
    for moved in ({}, {c: moved_value(picture, c) for c in picture.controls}):
        tables = picture.compute(moved, 60).tables
        table = tables["lines" if "lines" in tables else "bars"]
        bands = table[["low90", "low50", "median", "high50", "high90"]].to_numpy()
        assert np.isfinite(bands).all()
        assert (np.diff(bands, axis=1) >= -1e-9 * np.abs(bands).max()).all()
        low, high = tables["corners"]["value"]
        assert low <= bands.min() + 1e-9
        assert bands.max() <= high * (1 + 1e-9)


@each_picture
def test_a_chart_names_all_its_tables(name: str) -> None:
    picture = PICTURES[name]
    named = json.dumps(picture.chart().to_dict())
    for table in picture.compute({}, 60).tables:
        assert f'"name": "{table}"' in named


@pytest.mark.parametrize("name", ["SEIZE_MORE", "ORDER"])
def test_a_filled_chart_is_drawn_without_a_network(name: str) -> None:
    picture = PICTURES[name]
    drawn_png = png(picture.chart(), picture.compute({}, 60))
    image = Image.open(io.BytesIO(drawn_png))
    assert image.width > 2 * WIDTH
    assert len(image.convert("L").getcolors()) > 20  # not an empty page


@each_picture
def test_words_fit_and_tell_the_numbers(name: str) -> None:
    picture = PICTURES[name]
    for moved in ({}, {c: moved_value(picture, c) for c in picture.controls}):
        sight = picture.compute(moved, 60)
        heading = sight.tables["heading"]
        assert not heading["text"].str.endswith("…").any(), heading["text"].tolist()
        assert heading["y"].max() <= 98
        assert "9 in 10 draws" in sight.alt
        assert any(letter.isdigit() for letter in sight.alt)


@each_picture
def test_controls_are_rows_with_a_range(name: str) -> None:
    rows = (PICTURES[name].rows or load_rows)()
    for control in PICTURES[name].controls:
        assert rows[control].low < rows[control].high


# --- the widget -------------------------------------------------------------------------------


@pytest.fixture
def explorer() -> Explorer:
    return explore(price_pictures.SEIZE_MORE)


def slide(explorer: Explorer, name: str, value: float | None) -> None:
    """What the browser sends when a reader moves a slider, or lets go of a pin."""
    explorer.controls[name].set_state({"value": value})


def test_a_moved_slider_changes_what_is_sent(explorer: Explorer) -> None:
    sent, alt = explorer.chart.sent, explorer.chart.alt
    slide(explorer, "pass_through_weight", 1.0)
    assert explorer.runner.wait()
    assert explorer.chart.sent > sent
    assert explorer.chart.alt == explorer.sight.alt != alt
    expected = price_pictures.seize_more({"pass_through_weight": 1.0}, DRAWS)
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
    cocaine = explore(cocaine_pictures.ORDER)
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
    other = explore(price_pictures.SEIZE_MORE)
    before = other.sight
    slide(explorer, "pass_through_weight", 0.7)
    explorer.runner.wait()
    assert other.sight is before
    assert other.moved == {}


# --- the model behind the pictures ------------------------------------------------------------


@pytest.mark.parametrize(
    ("module", "function", "picture"),
    [
        (supply, "price_ladder", "LADDER"),
        (supply, "cost_additive", "SEIZE_MORE"),
        (supply, "cost_multiplicative", "PASS_ON"),
        (supply, "swamping", "SWAMP"),
        (supply, "prison_premium", "PUNISH_MORE"),
        (supply, "sigma_from_elasticity", "PUNISH_MORE"),
        (supply, "capacity_next", "KNOCK_DOWN"),
        (enforcement, "sheltered_weights", "SCAN"),
        (supply, "shipments_next", "REPLACED"),
        (market, "scarcity_price", "FALL_SHORT"),
        (market, "dilution", "DILUTE"),
    ],
)
def test_a_changed_mechanism_changes_its_picture(monkeypatch, module, function, picture) -> None:
    before = PICTURES[picture].compute({}, 60)
    original = getattr(module, function)
    monkeypatch.setattr(module, function, lambda *a, **k: shrunk(original(*a, **k)))
    assert not same(before.tables, PICTURES[picture].compute({}, 60).tables)


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


def test_a_kilo_account_adds_up() -> None:
    for compute in (kilo_pictures.hundred_kilos, kilo_pictures.account):
        bars = compute({}, 80).tables["bars"]
        first, *middle, last = bars.itertuples()
        left = first.high90 - sum(bar.high90 - bar.low90 for bar in middle)
        assert left == pytest.approx(last.high90, rel=1e-9)


@pytest.mark.parametrize("name", ["ACCOUNT", "HUNDRED_KILOS"])
def test_words_of_a_kilo_account_are_those_of_its_bars(name: str) -> None:
    sight = PICTURES[name].compute({}, 400)
    for printed in sight.tables["values"]["text"]:
        assert f": {printed.split(' (')[0]}, 9 in 10 draws" in sight.alt


def test_an_added_seizure_bites_first_and_is_then_replaced_at_a_cost() -> None:
    tables = kilo_pictures.replaced({"slack_production": 2.0}, 200).tables
    eaten = tables["lines"].query("series == 'consumed'")["median"].to_numpy()
    assert eaten[0] < eaten[12] < eaten[-1] < 0


def test_in_proportion_the_stage_does_not_matter_and_dollar_for_dollar_it_does() -> None:
    table = price_pictures.pass_on({}, 100).tables["lines"]
    left, right = (table[table["x"] == x]["median"].to_numpy() for x in (0, 1))
    np.testing.assert_allclose(right, 50, rtol=1e-6)
    assert left[0] < left[1] < left[2]


def test_without_displacement_both_lines_are_one() -> None:
    table = price_pictures.scan({"displacement_strength": 0.0}, 60).tables["lines"]
    at_once, moved = (
        table[table["series"] == name]["median"].to_numpy()
        for name in ("at once", "after traffic has moved")
    )
    np.testing.assert_allclose(at_once, moved)


def test_settings_are_questions_and_never_pinned() -> None:
    assert common.pinned({"new_seized_share": 0.3, "pass_through_weight": 1.0}) == {
        "pass_through_weight": 1.0
    }
    settings = common.load_settings()
    assert {row.group for row in settings.values()} == {"setting", "shown"}
    assert not set(settings) & set(common.load_parameters())


# --- tables -----------------------------------------------------------------------------------


def test_axis_limits_hold_all_values_on_round_numbers() -> None:
    assert axis_limits([0.0, 61.0], log=False) == [0.0, 65.0]
    assert axis_limits([-3.0, 8.0], log=False) == [-5.0, 10.0]
    assert axis_limits([34.0, 783.0], log=True) == pytest.approx([20.0, 1000.0])
    assert axis_limits([2.0, 2.0], log=False)[1] > axis_limits([2.0, 2.0], log=False)[0]


def test_labels_do_not_overlap_and_a_dashed_line_has_neither_label_nor_band() -> None:
    across = np.array([0.0, 1.0])
    flat = [Line(f"line {i}", across, np.full((2, 9), 1.0 + i * 1e-3), "#000000") for i in range(4)]
    behind = Line("before", across, np.arange(18.0).reshape(2, 9), "#000000", banded=False)
    tables = curve_tables([*flat, behind], Words("Title", "Subtitle")).tables
    centres = np.sort(tables["labels"]["centre"])
    assert len(centres) == 4
    assert np.diff(centres).min() >= 28
    dashed = tables["lines"].query("series == 'before'")
    assert (dashed["low90"] == dashed["high90"]).all()


def test_bars_of_a_row_stand_under_each_other() -> None:
    draws = np.arange(10.0)
    bars = [Bar("a", "one", draws, "#000000"), Bar("a", "two", draws, "#111111")]
    table = range_tables([*bars, Bar("b", "one", draws, "#000000")], Words("T", "S")).tables["bars"]
    assert (table["top"].to_numpy()[1:] >= table["bottom"].to_numpy()[:-1]).all()
