"""The one-page brief: what it says, that it fits, and that it stands alone."""

import io
import re
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest
import vl_convert
from PIL import Image

from simlib.dashboard import brief, compute, share, sheet
from simlib.dashboard.catalogue import ASSUMPTIONS, names
from simlib.dashboard.session import Session
from simlib.errors import InputError
from simlib.inputs.parameters import load_parameters

DRAWS = 60


def drawn(session: Session) -> compute.Picture:
    return compute.picture(session.now, draws=DRAWS, details=True)


@pytest.fixture(scope="module")
def plain() -> tuple[Session, compute.Picture]:
    session = Session()
    return session, drawn(session)


@pytest.fixture(scope="module")
def full() -> tuple[Session, compute.Picture]:
    """As much as a reader can put on a page."""
    rows = load_parameters()
    pinned = {name: rows[name].high for name in (*ASSUMPTIONS, *names("assumptions")[:20])}
    session = Session().choose(
        total=1234.5,
        preset="balanced",
        sentences={"sentence_selling": 0.5, "sentence_possession": 0.25},
        health=dict.fromkeys(names("health"), 123.4),
        assumptions=pinned,
        judgement={"verdict_margin": 0.01},
    )
    for number in range(8):
        session = session.keep(f"line & {number} <b>with a very long name")
    return session, drawn(session)


@pytest.fixture(scope="module")
def plain_brief(plain: tuple[Session, compute.Picture]) -> brief.Brief:
    return brief.brief(*plain)


@pytest.fixture(scope="module")
def full_brief(full: tuple[Session, compute.Picture]) -> brief.Brief:
    return brief.brief(*full)


class Page(HTMLParser):
    """Text and tags of a page."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += f" {data}"


def test_the_brief_says_what_a_reader_needs(
    plain: tuple[Session, compute.Picture], plain_brief: brief.Brief
) -> None:
    session, picture = plain
    made = plain_brief
    told = picture.tables["words"].iloc[0]
    assert (made.title, made.lead) == (told["title"], told["subtitle"])
    assert made.verdict
    assert set(made.verdict) < set(picture.verdict)
    labels = " ".join(label for label, _ in made.rows)
    for word in ("Deaths averted", "Cost per death", "prison", "paid by federal", "Prison money"):
        assert word in labels
    assert made.columns == ("border-focused", "internal enforcement")
    assert all(len(cells) == 2 for _, cells in made.rows)
    assert date.today().isoformat() in made.about
    assert "Data: deaths to" in made.about
    assert share.read(made.code).session == session
    assert "Nothing is pinned" in made.assumptions[0]


def test_the_ledger_of_the_brief_is_that_of_the_picture(
    plain: tuple[Session, compute.Picture], plain_brief: brief.Brief
) -> None:
    made, ledger = plain_brief, plain[1].ledger
    assert ledger is not None
    line = ledger[(ledger["row"] == "deaths_averted") & (ledger["policy"] == "internal")].iloc[0]
    low, middle, high = (brief.number(round(line[end]), 2) for end in ("low90", "median", "high90"))
    assert made.rows[0] == (
        "Deaths averted [deaths]",
        (made.rows[0][1][0], f"{middle} ({low} to {high})"),
    )


def test_what_was_changed_stands_in_the_brief(
    full: tuple[Session, compute.Picture], full_brief: brief.Brief
) -> None:
    made = full_brief
    said = " ".join((*made.scenario, *made.assumptions))
    for text in (
        "1,234.5 million",
        "+50",
        "Naloxone 123.4",
        "Balanced",
        "line & 7",
        "1\u00a0%",
    ):
        assert text in said
    rows = load_parameters()
    for name in full[0].now.assumptions:
        assert rows[name].label in said


def test_each_strategy_tells_its_own_money() -> None:
    apart = Session().choose(own_total={"border": 100.0, "internal": 2500.0})
    said = brief._scenario(apart)[0]
    assert "100 million (border-focused)" in said
    assert "2,500 million (internal enforcement)" in said
    none = Session().choose(border=dict.fromkeys(names("border"), 0.0))
    assert any("none is spent" in text for text in brief._scenario(none))


@pytest.mark.parametrize("which", ["plain", "full"])
def test_the_page_stands_alone(which: str, request: pytest.FixtureRequest) -> None:
    made = request.getfixturevalue(f"{which}_brief")
    page = brief.page(made)
    read = Page(page)
    for text in (made.title, *made.verdict, *made.scenario, *made.limits, made.code, made.about):
        assert text in read.text
    assert not {"script", "link", "iframe", "b"} & set(read.tags)
    assert read.tags.count("svg") == 1
    links = re.findall(rb'(?:href|src)="([^"]*)"|url\(([^)]*)\)', page)
    assert all((one or other).startswith(b"#") for one, other in links)
    assert f'aria-label="{made.alt}"'.encode() in page


@pytest.mark.parametrize("which", ["plain", "full"])
def test_the_sheet_is_one_page_and_nothing_runs_over_its_edges(
    which: str, request: pytest.FixtureRequest
) -> None:
    paper = brief.sheet(request.getfixturevalue(f"{which}_brief"))
    made = paper.pdf()
    assert made.startswith(b"%PDF")
    assert re.findall(rb"/Count (\d+)", made) == [b"1"]
    assert re.findall(rb"/MediaBox ?\[([^]]*)\]", made) == [b"0 0 612 792"]
    drawn = vl_convert.svg_to_png(paper.svg())
    pixels = np.asarray(Image.open(io.BytesIO(drawn)).convert("L"))
    assert pixels.shape == (792, 612)
    assert pixels.min() < 100
    edge = int(sheet.EDGE) - 4
    for side in (pixels[:edge], pixels[-edge:], pixels[:, :edge], pixels[:, -edge:]):
        assert side.min() == 255


def test_type_is_as_large_as_the_sheet_allows(
    plain_brief: brief.Brief, full_brief: brief.Brief
) -> None:
    assert brief.sheet(plain_brief).holds_all
    small, large = replace(plain_brief, scenario=()), replace(plain_brief, scenario=("x",) * 30)
    assert len(brief.sheet(small).svg()) <= len(brief.sheet(large).svg())
    sizes = [re.findall(r'font-size="([\d.]+)"', brief.sheet(b).svg())[-1] for b in (small, large)]
    assert float(sizes[0]) > float(sizes[1])
    crowded = brief.sheet(full_brief)
    assert not crowded.holds_all
    assert len(full_brief.code) > brief.LONGEST_PRINTED
    assert "too long for paper" in crowded.svg()
    assert "see the scenario&#x27;s file" in crowded.svg()


def test_the_picture_of_the_brief_leaves_out_what_the_brief_says(plain_brief: brief.Brief) -> None:
    drawing = ElementTree.fromstring(plain_brief.chart)
    said = "".join(drawing.itertext())
    assert plain_brief.title not in said
    assert "calendar year" in said
    box = [float(n) for n in drawing.attrib["viewBox"].split()]
    assert box[1] == brief.ABOVE
    assert box[3] < box[2]


def test_both_files_come_from_the_same_brief(
    plain: tuple[Session, compute.Picture], plain_brief: brief.Brief
) -> None:
    numbered = re.compile(rb"clip\d+")  # the renderer counts its drawings
    pages = (brief.html(*plain), brief.page(plain_brief))
    assert len({numbered.sub(b"clip", page) for page in pages}) == 1
    assert brief.pdf(*plain).startswith(b"%PDF")


def test_without_a_ledger_there_is_no_brief(plain: tuple[Session, compute.Picture]) -> None:
    session, picture = plain
    with pytest.raises(InputError, match="not ready"):
        brief.pdf(session, replace(picture, ledger=None))


@pytest.mark.parametrize(
    ("text", "room"),
    [("one two three four five", 40.0), ("unbreakable" * 9, 50.0), ("a\u202fb\u00a0c d", 20.0)],
)
def test_lines_are_no_wider_than_the_room_and_lose_no_word(text: str, room: float) -> None:
    lines = sheet.wrapped(text, 8, room)
    assert all(sheet.width(line, 8) <= room for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_an_empty_text_has_no_lines() -> None:
    assert sheet.wrapped("", 8, 100) == []
    with pytest.raises(ValueError, match="viewBox"):
        sheet.Sheet().drawing("<svg></svg>")
