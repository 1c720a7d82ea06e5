"""Pictures: the tables behind them, their colours, and the files they become."""

import io
import itertools
import json
import re

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from simlib import charts
from simlib.charts.comparison import WIDTH
from simlib.charts.layout import LABEL_LINE, MARGIN, PANEL, limits, spread, words, wrap
from simlib.charts.style import BANDS, BEYOND, COLOURS, EXPLANATION_COLOURS, FURTHER_COLOURS
from simlib.errors import InputError

YEARS = np.arange(2015, 2036)
RECORD = np.arange(2015, 2026)
PARTS = 2027  # last year in which every policy still is the status quo
TITLE = "Internal enforcement saves more lives for the same money"

WORDS = {
    "title": TITLE,
    "subtitle": "Chance 9 in 10.",
    "footer": "Data of 2026.",
    "outcome": "Overdose deaths",
    "unit": "deaths a year",
    "difference": "Difference from status quo",
    "difference_unit": "deaths a year",
    "more": "more",
    "fewer": "fewer",
    "reference": charts.STATUS_QUO,
    "record_end": 2025.5,
}


def bands(series, median, width):
    table = pd.DataFrame({"year": YEARS, "series": series})
    for column, z in zip(BANDS, (-1.6, -0.7, 0.0, 0.7, 1.6), strict=True):
        table[column] = median + z * width
    return table


def example(*further, effects=(-500.0, -8_000.0)):
    """Tables of a comparison with a policy for each effect [deaths a year in the last year]."""
    names = [charts.BORDER, charts.INTERNAL, *further]
    effects = [*effects, *np.linspace(4_000, 9_000, len(further))]
    ramp = np.clip((YEARS - PARTS) / (YEARS[-1] - PARTS), 0, 1)
    status_quo = np.linspace(60_000, 50_000, len(YEARS))
    lines = [bands(charts.STATUS_QUO, status_quo, 6_000)]
    difference = []
    for name, effect in zip(names, effects, strict=True):
        lines.append(bands(name, status_quo + effect * ramp, 6_000))
        difference.append(bands(name, effect * ramp, abs(effect) * ramp / 3))
    return {
        "lines": pd.concat(lines, ignore_index=True),
        "difference": pd.concat(difference, ignore_index=True),
        "observed": pd.DataFrame(
            {"year": RECORD, "value": 58_000.0, "provisional": RECORD >= 2025}
        ),
        "words": pd.DataFrame([WORDS]),
    }


CHART = charts.comparison()


def filled(tables):
    return charts.fill(CHART, charts.prepare(tables))


@pytest.fixture(scope="module")
def spec():
    return filled(example())


def named_data(spec):
    """Names of the tables that a specification refers to."""
    if isinstance(spec, list):
        return set().union(*map(named_data, spec))
    if not isinstance(spec, dict):
        return set()
    own = {spec["data"]["name"]} if "data" in spec else set()
    return own.union(*(named_data(part) for key, part in spec.items() if key != "datasets"))


# --- tables -----------------------------------------------------------------------------------


def test_a_policy_is_drawn_from_where_it_leaves_the_status_quo():
    tables = charts.prepare(example())
    first = tables["lines"].groupby("series")["x"].min()
    assert first.to_dict() == {charts.STATUS_QUO: 2015, charts.BORDER: 2027, charts.INTERNAL: 2027}
    assert tables["difference"]["x"].min() == PARTS


def test_a_policy_that_changes_nothing_still_has_its_name_in_the_picture():
    tables = charts.prepare(example(effects=(0.0, 0.0)))
    assert set(tables["lines"]["series"]) == {charts.STATUS_QUO}
    assert sum(text.startswith(charts.INTERNAL) for text in tables["lines_labels"]["text"]) == 1
    told = tables["words"].iloc[0]
    assert told["difference_low"] < 0 < told["difference_high"]  # not a line of no height


@pytest.mark.parametrize("names", [("difference",), ("difference", "observed"), ("observed",)])
def test_what_there_is_none_of_is_left_out_and_the_rest_drawn(names):
    tables = example()
    for name in names:
        tables[name] = tables[name].iloc[:0]
    if "difference" in names:
        tables["lines"] = tables["lines"][tables["lines"]["series"] == charts.STATUS_QUO]
    svg = charts.export(filled(tables), "svg").decode()
    assert TITLE in svg
    assert "NaN" not in svg
    assert ("recorded" in svg) == ("observed" not in names)


def test_a_record_that_ended_before_all_that_is_drawn_is_not_marked():
    tables = example()
    tables["words"]["record_end"] = 1900.0
    assert charts.prepare(tables)["record"].empty
    assert charts.prepare(example())["record"]["x"].tolist() == [2025.5]


def test_the_tables_handed_in_stay_as_they_were():
    tables = example()
    before = {name: table.copy() for name, table in tables.items()}
    charts.prepare(tables)
    for name, table in tables.items():
        pd.testing.assert_frame_equal(table, before[name])


def test_axes_hold_all_data_and_zero():
    tables, drawn = example(), charts.prepare(example())
    told = drawn["words"].iloc[0]
    assert told["lines_low"] == 0
    assert told["lines_high"] >= tables["lines"]["high90"].max()
    assert told["difference_low"] <= tables["difference"]["low90"].min() < 0
    assert told["difference_high"] >= 0
    assert (told["lines_first"], told["lines_last"]) == (2015, 2035)


@pytest.mark.parametrize(
    ("low", "high", "ends"),
    [
        (0, 81_800, (0, 100_000)),
        (-19_500, 1_100, (-20_000, 5_000)),
        (-33_000, 1_100, (-40_000, 10_000)),
        (-0.013, 0, (-0.014, 0)),
        (2, 2, (1, 3)),
    ],
)
def test_axes_end_on_round_numbers(low, high, ends):
    assert limits([low, high]) == pytest.approx(ends)


@pytest.mark.parametrize(("low", "high"), [(2.0, 60.0), (3.0, 3.0), (0.01, 1e6)])
def test_a_logarithmic_axis_has_room_around_what_it_holds(low, high):
    least, most = limits([low, high], log=True)
    assert 0 < least < low <= high < most


def test_beyond_the_evidence_is_said_pale_and_dashed():
    tables = example()
    for name in ("lines", "difference"):
        beyond = (tables[name]["series"] == charts.INTERNAL) & (tables[name]["year"] >= 2030)
        tables[name]["extrapolated"] = beyond
    drawn = charts.prepare(tables)
    for name in ("lines", "difference"):
        dashed = drawn[name][drawn[name]["dashed"] == BEYOND]
        assert set(dashed["series"]) == {charts.INTERNAL}
        assert dashed["x"].min() == 2029  # joined to where the solid line ends
        texts = [text for text in drawn[f"{name}_labels"]["text"] if "extrapolation" in text]
        assert [text.split("\n")[0] for text in texts] == [charts.INTERNAL]
    svg = charts.export(filled(tables), "svg").decode()
    assert len(re.findall(r'<path[^>]*stroke-dasharray="11,4"', svg)) >= 2 * 3  # bands, and line
    assert "beyond any spending on record" in svg
    told = charts.prepare(example())["words"]["key"].item()
    assert "beyond any spending on record" not in told


def test_lines_that_lie_on_each_other_are_all_seen_and_said_to():
    apart, close = charts.prepare(example()), charts.prepare(example(effects=(-20.0, -40.0)))
    widths = close["lines"].groupby("series", sort=False)["stroke"].max()
    assert widths.is_monotonic_decreasing
    assert widths.iloc[0] > 2 * widths.iloc[-1]
    shade = close["lines"].groupby("series")["shade"].max()
    assert shade[charts.INTERNAL] < 0.1 < shade[charts.STATUS_QUO]
    assert apart["lines"].groupby("series")["shade"].max()[charts.INTERNAL] == 1
    said = "deaths a year; the lines differ by less than their width: see the difference"
    assert close["words"]["unit"].item() == said
    assert apart["words"]["unit"].item() == "deaths a year"


def test_under_pinned_assumptions_zero_is_that_line():
    tables = example(charts.NO_POLICY)
    tables["words"]["reference"] = charts.NO_POLICY
    labels = charts.prepare(tables)["difference_labels"]["text"]
    assert labels.iloc[0] == "your assumptions,\nno new policy"


def test_a_side_of_zero_is_named_where_there_is_room_for_its_name():
    told = charts.prepare(example())["words"].iloc[0]
    assert (told["more"], told["fewer"]) == ("", "↓ fewer")


@pytest.mark.parametrize("effects", [(-500.0, -8_000.0), (0.0, 0.0), (-1.0, 1.0)])
def test_labels_do_not_overlap_and_stay_in_the_panel(effects):
    tables = charts.prepare(example(charts.NO_POLICY, "a", "b", effects=effects))
    for name in ("lines_labels", "difference_labels"):
        labels = tables[name].sort_values("first_line")
        top = labels["first_line"] - LABEL_LINE / 2
        bottom = top + LABEL_LINE * (labels["text"].str.count("\n") + 1)
        assert (top.iloc[1:].to_numpy() >= bottom.iloc[:-1].to_numpy()).all()
        assert top.min() >= 0
        assert bottom.max() <= PANEL


def test_spread_moves_only_what_overlaps_and_keeps_the_order():
    heights = np.full(4, 10.0)
    assert spread(np.array([50.0, 20.0, 80.0, 110.0]), heights, 200).tolist() == [50, 20, 80, 110]
    moved = spread(np.array([52.0, 50.0, 48.0, 150.0]), heights, 200)
    assert moved.tolist() == [60, 50, 40, 150]
    assert spread(np.array([199.0, 0.0]), heights[:2], 200).tolist() == [195, 5]


def test_text_is_broken_evenly_and_cut_visibly():
    assert wrap(charts.NO_POLICY, 20, 2) == "your assumptions,\nno new policy"
    assert wrap("short", 20, 2) == "short"
    assert wrap("", 20, 2) == ""
    assert wrap("one\ntwo", 20, 2) == "one\ntwo"
    cut = wrap("word " * 40, 20, 2)
    assert cut.count("\n") == 1
    assert cut.endswith("…")


def test_the_subtitle_stands_under_the_title_however_long_it_is():
    one, two = (words(title, "S", width=400)["top"].item() for title in ("T", "word " * 15))
    assert two > 1.8 * one > 0


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (62_134, "62,100"),
        (-1_234_567, "−1,230,000"),
        (999.9, "1,000"),
        (0.12345, "0.123"),
        (12.0, "12.0"),
        (0, "0"),
    ],
)
def test_numbers_are_short_and_spaced(value, text):
    assert charts.number(value) == text


# --- colours ----------------------------------------------------------------------------------

# Machado, Oliveira and Fernandes (2009): full colour blindness, on linear RGB.
SIGHT = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
}
LEAST_DISTANCE = 15  # CIE 1976; 2.3 is the least that can just be seen
SOLID = [colour for name, colour in COLOURS.items() if name != charts.NO_POLICY]  # it is dashed


def linear_rgb(colour):
    rgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    x, y, z = np.cbrt(np.clip(to_xyz @ rgb / to_xyz.sum(axis=1), 0.008856, None))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("sight", SIGHT)
def test_lines_are_told_apart_by_the_colour_blind(sight):
    seen = [lab(np.clip(SIGHT[sight] @ linear_rgb(c), 0, 1)) for c in [*SOLID, *FURTHER_COLOURS]]
    nearest = min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2))
    assert nearest > LEAST_DISTANCE


@pytest.mark.parametrize(
    ("sight", "colours"),
    [("deuteranopia", ("#A05000", "#707000")), ("tritanopia", ("#0072B2", "#007A6A"))],
)
def test_the_colour_test_can_fail(sight, colours):
    first, second = (lab(np.clip(SIGHT[sight] @ linear_rgb(c), 0, 1)) for c in colours)
    assert np.linalg.norm(first - second) < LEAST_DISTANCE


@pytest.mark.parametrize("sight", SIGHT)
def test_every_line_stands_out_from_the_paper(sight):
    paper = lab(np.ones(3))
    for colour in [*COLOURS.values(), *FURTHER_COLOURS]:
        seen = lab(np.clip(SIGHT[sight] @ linear_rgb(colour), 0, 1))
        assert np.linalg.norm(seen - paper) > 3 * LEAST_DISTANCE


@pytest.mark.parametrize("sight", SIGHT)
def test_simulated_sight_leaves_grey_grey(sight):
    """Rows of each matrix sum to 1: a mistyped number shows."""
    np.testing.assert_allclose(SIGHT[sight].sum(axis=1), 1.0, atol=2e-6)


@pytest.mark.parametrize("colour", [*COLOURS.values(), *FURTHER_COLOURS, *EXPLANATION_COLOURS])
def test_labels_in_the_colour_of_a_line_can_be_read_on_white(colour):
    luminance = linear_rgb(colour) @ [0.2126, 0.7152, 0.0722]
    assert 1.05 / (luminance + 0.05) >= 4.5


# --- picture and files ------------------------------------------------------------------------


def test_screen_and_file_are_one_definition(spec):
    live = CHART.to_dict()
    sent = charts.prepare(example())
    own = set(live["datasets"])
    assert named_data(live) == own | set(sent)
    assert {key: part for key, part in spec.items() if key not in ("datasets", "description")} == {
        key: part for key, part in live.items() if key != "datasets"
    }
    assert set(spec["datasets"]) == own | set(sent)


def test_a_chart_can_be_filled_again(spec):
    other = filled(example(effects=(0.0, -1.0)))
    assert other["datasets"]["lines"] != spec["datasets"]["lines"]
    assert filled(example()) == spec


def test_a_drawing_is_the_same_each_time_and_shares_no_mark_with_another(spec):
    other = filled(example(effects=(-500.0, -9_000.0)))
    first, second, again = (charts.export(each, "svg") for each in (spec, other, spec))
    assert first == again
    marks = [set(re.findall(rb'id="(clip[^"]*)"', drawing)) for drawing in (first, second)]
    assert all(marks)
    assert not marks[0] & marks[1]
    for mark in marks[0]:
        assert b"#" + mark + b")" in first


def size(spec):
    with Image.open(io.BytesIO(charts.export(spec, "png"))) as image:
        return image.size


def test_a_picture_has_its_size_whatever_it_shows(spec):
    width, height = size(spec)
    assert width / 2 == pytest.approx(WIDTH + 2 * MARGIN, abs=20)  # 2 pixels for one
    crowded = example(charts.NO_POLICY, "a policy with a long name", effects=(-400.0, -30_000.0))
    long = {"title": "word " * 60, "subtitle": "word " * 90, "footer": "word " * 90}
    crowded["words"] = crowded["words"].assign(**long)
    assert size(filled(crowded)) == (width, height)


def test_dots_are_filled_for_final_counts_and_hollow_for_provisional_ones(spec):
    svg = charts.export(spec, "svg").decode()
    dots = re.findall(r'<path aria-label="x: (\d+); value[^>]* fill="([^"]+)"', svg)
    assert {int(year) for year, fill in dots if fill == "#FFFFFF"} == {2025}
    assert {int(year) for year, fill in dots if fill != "#FFFFFF"} == set(range(2015, 2025))


def test_the_picture_says_what_it_shows(spec):
    svg = charts.export(spec, "svg").decode()
    texts = set(re.findall(r"<(?:text|tspan)[^>]*>([^<]+)<", svg))
    wanted = {
        *(TITLE, "Chance 9 in 10.", "Data of 2026."),
        *("Overdose deaths", "Difference from status quo", "deaths a year", "calendar year"),
        *(charts.STATUS_QUO, charts.BORDER, charts.INTERNAL, "projection →", "↓ fewer"),
        *("50,000 in 2035", "42,000 in 2035", "−8,000 in 2035"),
        "line: median · dark band: middle half of simulated futures · light band: 9 in 10"
        " · ● recorded · ○ recorded, provisional",
    }
    assert wanted - texts == set()
    assert f'aria-label="{TITLE} Chance 9 in 10."' in svg


def test_the_page_needs_no_network(spec):
    page = charts.export(spec, "html").decode()
    assert TITLE in page
    assert f"<title>{TITLE} Chance 9 in 10.</title>" in page
    assert not re.search(r"<(?:script|link|iframe)[^>]*\b(?:src|href)\s*=", page)
    assert not re.search(r"""(?:import|from)\s*\(?["']https?:""", page)
    assert not re.search(r"""url\(\s*["']?https?:""", page)


HOSTILE = "</script><script>document.title = 'run'</script><!-- const spec = {}; \\u003c \u2028"


def test_no_text_can_break_out_of_the_page_or_the_picture():
    tables = example()
    tables["words"] = pd.DataFrame([{**WORDS, "title": HOSTILE, "footer": HOSTILE}])
    hostile = filled(tables)
    page = charts.export(hostile, "html", "<p>below</p>").decode()
    harmless = charts.export(filled(example()), "html").decode()
    assert page.count("<script") == harmless.count("<script")
    assert page.count("<script>document") == 0
    assert page.rstrip().endswith("<p>below</p></body>\n</html>")
    script = page[page.index('const spec = {"') + len("const spec = ") :]
    assert json.JSONDecoder().raw_decode(script)[0] == hostile
    svg = charts.export(hostile, "svg").decode()
    assert "<script" not in svg


def test_pdf_and_unknown_kinds(spec):
    assert charts.export(spec, "pdf").startswith(b"%PDF")
    with pytest.raises(InputError, match="'pnj' is unknown; did you mean 'png'"):
        charts.export(spec, "pnj")
