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
from simlib.charts.checks import BANDS, MAX_ROWS
from simlib.charts.places import hatching, round_limits, spread, wrap_evenly
from simlib.charts.style import (
    COLOURS,
    FOOTER,
    FURTHER_COLOURS,
    HEADER,
    LABEL_LINE,
    MARGIN,
    PANEL,
    WIDTH,
)
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


@pytest.fixture(scope="module")
def chart():
    return charts.comparison()


@pytest.fixture(scope="module")
def spec(chart):
    return charts.fill(chart, example())


def named_data(spec):
    """Names of the tables that a specification refers to."""
    if isinstance(spec, list):
        return set().union(*map(named_data, spec))
    if not isinstance(spec, dict):
        return set()
    own = {spec["data"]["name"]} if "data" in spec else set()
    return own.union(*(named_data(part) for key, part in spec.items() if key != "datasets"))


# --- tables -----------------------------------------------------------------------------------


def drop_column(tables):
    del tables["lines"]["low50"]


def add_column(tables):
    tables["observed"]["valeu"] = 1.0


def gap(tables):
    tables["lines"].loc[3, "median"] = np.nan


def infinite(tables):
    tables["observed"].loc[2, "value"] = np.inf


def raw_draws(tables):
    tables["lines"] = pd.concat([tables["lines"]] * 80, ignore_index=True)


def numbers_as_text(tables):
    tables["difference"]["median"] = tables["difference"]["median"].astype(str)


def crossed(tables):
    tables["lines"].loc[0, "low50"] = tables["lines"].loc[0, "median"] + 1


def repeated(tables):
    tables["lines"] = pd.concat([tables["lines"], tables["lines"].iloc[:1]], ignore_index=True)


def missing_table(tables):
    del tables["observed"]


def unknown_table(tables):
    tables["lignes"] = tables["lines"]


def two_titles(tables):
    tables["words"] = pd.concat([tables["words"]] * 2, ignore_index=True)


def no_title(tables):
    tables["words"]["title"] = None


def no_rows(tables):
    for name in ("lines", "difference"):
        tables[name] = tables[name].iloc[:0]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (drop_column, "table 'lines', columns: 'low50' is missing"),
        (add_column, "table 'observed', columns: 'valeu' is unknown; did you mean 'value'?"),
        (gap, "table 'lines', column 'median': no finite number in row 3"),
        (infinite, "table 'observed', column 'value': no finite number in row 2"),
        (raw_draws, f"1 to {MAX_ROWS:,} allowed (bands, not raw draws), not 5,040"),
        (numbers_as_text, "table 'difference', column 'median': must hold numbers"),
        (crossed, "status quo, 2015: is not low90 <= low50 <= median"),
        (repeated, "status quo, 2015: has more than one row"),
        (missing_table, "table 'observed': is missing; its columns: year, value, provisional"),
        (unknown_table, "'lignes' is unknown; did you mean 'lines'?"),
        (two_titles, "table 'words', rows: must be one, not 2"),
        (no_title, "table 'words', column 'title': no text in row 0"),
        (no_rows, "neither 'lines' nor 'difference' has a row: nothing to draw"),
    ],
)
def test_a_table_that_would_draw_a_wrong_picture_is_refused_in_words(spoil, words):
    tables = example()
    spoil(tables)
    with pytest.raises(InputError, match=re.escape(words)):
        charts.prepare(tables)


def test_all_faults_are_told_at_once():
    tables = example()
    drop_column(tables)
    infinite(tables)
    with pytest.raises(InputError) as caught:
        charts.prepare(tables)
    assert len(caught.value.messages) == 2


def test_more_lines_than_can_be_told_apart_are_refused():
    fits = [f"policy {n}" for n in range(len(FURTHER_COLOURS))]
    charts.prepare(example(*fits))
    with pytest.raises(InputError, match="at most 3 can be told apart, not 4"):
        charts.prepare(example(*fits, "one more"))


def test_a_policy_is_drawn_from_where_it_leaves_the_status_quo():
    tables = charts.prepare(example())
    first = tables["lines"].groupby("series")["year"].min()
    assert first.to_dict() == {charts.STATUS_QUO: 2015, charts.BORDER: 2027, charts.INTERNAL: 2027}
    assert tables["difference"]["year"].min() == PARTS


def test_a_policy_that_changes_nothing_still_has_its_name_in_the_picture():
    tables = charts.prepare(example(effects=(0.0, 0.0)))
    assert set(tables["lines"]["series"]) == {charts.STATUS_QUO}
    assert sum(text.startswith(charts.INTERNAL) for text in tables["lines_labels"]["text"]) == 1
    low, high = tables["difference_corners"]["value"]
    assert low < 0 < high  # not a line of no height


def test_a_drawing_is_the_same_each_time_and_shares_no_mark_with_another() -> None:
    one, other = (
        charts.fill(charts.comparison(), example(effects=effects))
        for effects in ((-500.0, -8_000.0), (-500.0, -9_000.0))
    )
    first = charts.export(one, "svg")
    second, again = charts.export(other, "svg"), charts.export(one, "svg")
    assert first == again
    marks = [set(re.findall(rb'id="(clip[^"]*)"', each)) for each in (first, second)]
    assert all(marks)
    assert not marks[0] & marks[1]
    for mark in marks[0]:
        assert b"#" + mark + b")" in first


def test_no_policy_at_all_can_be_drawn(chart):
    tables = example()
    tables["lines"] = tables["lines"][tables["lines"]["series"] == charts.STATUS_QUO]
    tables["difference"] = tables["difference"].iloc[:0]
    spec = charts.fill(chart, tables)
    assert [row["colour"] for row in spec["datasets"]["difference"]] == ["transparent"]
    assert charts.export(spec, "svg").startswith(b"<svg")


def test_no_table_is_empty_so_that_every_axis_has_ends():
    tables = example()
    for name in ("lines", "observed"):
        tables[name] = tables[name].iloc[:0]
    tables["words"]["record_end"] = 1900.0  # before all that is drawn
    prepared = charts.prepare(tables)
    unseen = ["lines", "observed", "record", "lines_hatch", "difference_hatch"]
    for name in unseen:
        assert prepared[name]["colour"].tolist() == ["transparent"]
        assert prepared[name].notna().all(axis=None)


def test_the_order_of_rows_does_not_matter():
    tables = example()
    first = {name: place for place, name in enumerate(tables["lines"]["series"].unique())}
    mixed = tables["lines"].sort_values("median")
    mixed = mixed.sort_values("series", key=lambda names: names.map(first), kind="stable")
    shuffled = tables | {"lines": mixed}
    want, have = charts.prepare(tables), charts.prepare(shuffled)
    drawn = [table["lines"].sort_values(["series", "year"]) for table in (want, have)]
    pd.testing.assert_frame_equal(*(table.reset_index(drop=True) for table in drawn))


def test_the_tables_handed_in_stay_as_they_were():
    tables = example()
    before = {name: table.copy() for name, table in tables.items()}
    charts.prepare(tables)
    for name, table in tables.items():
        pd.testing.assert_frame_equal(table, before[name])


def test_axes_hold_all_data_and_zero():
    tables = charts.prepare(example())
    low, high = tables["lines_corners"]["value"]
    assert low == 0
    assert high >= tables["lines"]["high90"].max()
    low, high = tables["difference_corners"]["value"]
    assert low <= tables["difference"]["low90"].min() < 0 <= high
    assert tables["record"]["end"].item() == 2025.5


def test_beyond_the_evidence_is_said_beside_the_line():
    tables = example()
    tables["lines"]["extrapolated"] = tables["lines"]["series"] == charts.INTERNAL
    labels = charts.prepare(tables)["lines_labels"]["text"]
    beyond = [text for text in labels if "extrapolation" in text]
    assert [text.split("\n")[0] for text in beyond] == [charts.INTERNAL]


def test_beyond_the_evidence_is_hatched_and_dashed_within_its_band():
    tables = example()
    for name in ("lines", "difference"):
        beyond = (tables[name]["series"] == charts.INTERNAL) & (tables[name]["year"] >= 2030)
        tables[name]["extrapolated"] = beyond
    prepared = charts.prepare(tables)
    for name in ("lines", "difference"):
        strokes, table = prepared[f"{name}_hatch"], tables[name]
        assert len(strokes) > 20
        band = table[(table["series"] == charts.INTERNAL) & (table["year"] >= 2029)]
        for x, y in (("x", "y"), ("x2", "y2")):
            low, high = (
                np.interp(strokes[x], band["year"], band[e]) for e in (BANDS[0], BANDS[-1])
            )
            room = 1e-6 * np.ptp(prepared[f"{name}_corners"]["value"])
            assert ((low - room <= strokes[y]) & (strokes[y] <= high + room)).all()
        assert strokes["x"].min() >= 2029
        dashed = prepared[name][prepared[name]["dashed"] == 2]
        assert set(dashed["series"]) == {charts.INTERNAL}
        assert dashed["year"].min() == 2029  # joined to where the solid line ends
    assert prepared["key"]["text"].str.startswith("///").any()
    assert not charts.prepare(example())["key"]["text"].str.startswith("///").any()


def test_hatching_fills_a_rectangle_evenly():
    corners = pd.DataFrame({"year": [0.0, 10.0], "value": [0.0, 100.0]})
    band = pd.DataFrame({"year": [0.0, 5.0, 10.0], "low90": 0.0, "high90": 100.0})
    strokes = hatching(band, corners, 300.0, 1)
    length = np.hypot((strokes["x2"] - strokes["x"]) * 30, (strokes["y2"] - strokes["y"]) * 3)
    assert length.sum() == pytest.approx(300 * 300 / (7 / 2**0.5), rel=0.02)
    assert hatching(band.assign(high90=0.0), corners, 300.0, 1).empty


def test_lines_that_lie_on_each_other_are_nested_and_said_to():
    apart, close = charts.prepare(example()), charts.prepare(example(effects=(-20.0, -40.0)))
    widths = close["lines"].groupby("series", sort=False)["stroke"].max()
    assert widths.is_monotonic_decreasing
    assert widths.iloc[0] > 3 * widths.iloc[-1]
    assert set(close["lines"].loc[close["lines"]["year"] < PARTS - 1, "stroke"]) == {2.2}
    shade = close["lines"].groupby("series")["shade"].max()
    assert shade[charts.INTERNAL] < 0.1 < shade[charts.STATUS_QUO]
    said = "deaths a year; the lines differ by less than their width: see the difference"
    assert said in set(close["heading"]["text"])
    assert said not in set(apart["heading"]["text"])


def test_under_pinned_assumptions_zero_is_that_line():
    labels = charts.prepare(example(charts.NO_POLICY))["difference_labels"]["text"]
    assert labels.iloc[0] == "your assumptions,\nno new policy"


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


@pytest.mark.parametrize(
    ("low", "high", "limits"),
    [
        (0, 81_800, (0, 100_000)),
        (0, 79, (0, 80)),
        (-19_500, 1_100, (-20_000, 5_000)),
        (-33_000, 1_100, (-40_000, 10_000)),
        (-0.013, 0, (-0.014, 0)),
        (0, 1e-9, (0, 1e-9)),
    ],
)
def test_limits_are_round_and_hold_the_data(low, high, limits):
    assert round_limits(low, high) == pytest.approx(limits)


def test_limits_are_ticks_so_that_the_title_above_does_not_move():
    rng = np.random.default_rng(1)
    for low, high in zip(-rng.exponential(1e4, 300), rng.exponential(1e3, 300), strict=True):
        limits = round_limits(low, high)
        assert limits[0] <= low < high <= limits[1]
        step = d3_step(*limits)
        assert np.array(limits) / step == pytest.approx(np.round(np.array(limits) / step))


def d3_step(low, high, count=5):
    """Distance of ticks, as in d3-array's ticks.js."""
    power = 10 ** np.floor(np.log10((high - low) / count))
    error = (high - low) / count / power
    return power * (
        10 if error >= 50**0.5 else 5 if error >= 10**0.5 else 2 if error >= 2**0.5 else 1
    )


def test_text_is_broken_evenly_and_cut_visibly():
    assert wrap_evenly(charts.NO_POLICY, 20, 2) == ["your assumptions,", "no new policy"]
    assert wrap_evenly("short", 20, 2) == ["short"]
    assert wrap_evenly("", 20, 2) == []
    cut = wrap_evenly("word " * 40, 20, 2)
    assert len(cut) == 2
    assert cut[1].endswith("…")


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


@pytest.mark.parametrize("colour", [*COLOURS.values(), *FURTHER_COLOURS])
def test_labels_in_the_colour_of_a_line_can_be_read_on_white(colour):
    luminance = linear_rgb(colour) @ [0.2126, 0.7152, 0.0722]
    assert 1.05 / (luminance + 0.05) >= 4.5


# --- picture and files ------------------------------------------------------------------------


def test_screen_and_file_are_one_definition(chart, spec):
    live = chart.to_dict()
    sent = charts.prepare(example())
    own = set(live["datasets"])
    assert named_data(live) == own | set(sent)
    assert {key: part for key, part in spec.items() if key not in ("datasets", "description")} == {
        key: part for key, part in live.items() if key != "datasets"
    }
    assert set(spec["datasets"]) == own | set(sent)


def test_a_chart_can_be_filled_again(chart, spec):
    other = charts.fill(chart, example(effects=(0.0, -1.0)))
    assert other["datasets"]["lines"] != spec["datasets"]["lines"]
    assert charts.fill(chart, example()) == spec


def size(spec):
    with Image.open(io.BytesIO(charts.export(spec, "png"))) as image:
        return image.size


def test_a_picture_has_its_size_whatever_it_shows(chart, spec):
    width, height = size(spec)
    assert width / 2 == pytest.approx(WIDTH + 2 * MARGIN, abs=20)  # 2 pixels for one
    assert height / 2 == pytest.approx(HEADER + PANEL + FOOTER + 2 * MARGIN + 63, abs=10)
    crowded = example(charts.NO_POLICY, "a policy with a long name", effects=(-400.0, -30_000.0))
    crowded["words"] = pd.DataFrame(
        {"title": ["word " * 60], "subtitle": ["word " * 90], "footer": ["word " * 90]}
    )
    assert size(charts.fill(chart, crowded)) == (width, height)


def test_dots_are_filled_for_final_counts_and_hollow_for_provisional_ones(spec):
    svg = charts.export(spec, "svg").decode()
    dots = re.findall(r'<path aria-label="year: (\d+); value[^>]*fill="([^"]+)"', svg)
    assert {int(year) for year, fill in dots if fill == "white"} == {2025}
    assert {int(year) for year, fill in dots if fill != "white"} == set(range(2015, 2025))


def test_the_picture_says_what_it_shows(spec):
    svg = charts.export(spec, "svg").decode()
    texts = set(re.findall(r"<(?:text|tspan)[^>]*>([^<]+)<", svg))
    wanted = {
        *(TITLE, "Chance 9 in 10.", "Data of 2026."),
        *("Overdose deaths", "Difference from status quo", "deaths a year", "calendar year"),
        *(charts.STATUS_QUO, charts.BORDER, charts.INTERNAL, "projection →", "↓ fewer"),
        *("50,000 in 2035", "42,000 in 2035", "−8,000 in 2035"),
        *("recorded", "recorded, provisional"),
        "line: median · dark band: middle half of simulated futures · light band: 9 in 10",
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


def test_no_text_can_break_out_of_the_page_or_the_picture(chart):
    tables = example()
    tables["words"] = pd.DataFrame([{**WORDS, "title": HOSTILE, "footer": HOSTILE}])
    hostile = charts.fill(chart, tables)
    page = charts.export(hostile, "html", "<p>below</p>").decode()
    harmless = charts.export(charts.fill(chart, example()), "html").decode()
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
