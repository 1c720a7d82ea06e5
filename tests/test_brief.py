"""The brief: what it says, that it stands alone, and that a browser prints it on one page."""

import re
import shutil
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import pytest

from simlib.dashboard import brief, compute, share
from simlib.dashboard.catalogue import ASSUMPTIONS, names
from simlib.dashboard.session import Session
from simlib.errors import InputError
from simlib.inputs.parameters import load_parameters

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
Drawn = tuple[Session, compute.Picture, str]


def drawn(session: Session) -> Drawn:
    picture = compute.picture(session.now, draws=60, details=True)
    return session, picture, brief.html(session, picture).decode()


@pytest.fixture(scope="module")
def plain() -> Drawn:
    return drawn(Session())


@pytest.fixture(scope="module")
def full() -> Drawn:
    """More than a reader usually puts on a page."""
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
    return drawn(session)


class Page(HTMLParser):
    """Text and tags of a page, and its cells by row."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.rows: list[list[str]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)
        if tag == "tr":
            self.rows.append([])

    def handle_data(self, data: str) -> None:
        self.text += f" {data}"
        if self.tags[-1] in ("th", "td") and data.strip():
            self.rows[-1].append(data)


def test_the_brief_says_what_a_reader_needs(plain: Drawn) -> None:
    session, picture, page = plain
    headline = page.partition("<h1>")[2].partition("<figure")[0]
    assert " %" not in headline  # a line would begin with it
    read = Page(page.replace(headline, headline.replace("\N{NO-BREAK SPACE}", " ")))
    told = picture.tables["words"].iloc[0]
    for text in (told["title"], told["subtitle"], *brief.LIMITS, date.today().isoformat()):
        assert text in read.text
    for text in picture.verdict:
        assert (text in read.text) or text in picture.alt
    for text in ("Data: deaths to", "Nothing is pinned", "Prison money", "paid by federal"):
        assert text in read.text
    assert share.read(read.text.rpartition("Share code: ")[2]).session == session
    assert f'aria-label="{picture.alt}"' in page


def test_the_ledger_of_the_brief_is_that_of_the_picture(plain: Drawn) -> None:
    _, picture, page = plain
    head, first, *rows = Page(page).rows
    assert head[1:] == ["border-focused", "internal enforcement"]
    assert len(rows) + 1 == len(brief.ROWS)
    line = picture.ledger.set_index(["row", "policy"]).loc["deaths_averted", "internal"]
    low, middle, high = (brief.number(line[end], 2) for end in ("low90", "median", "high90"))
    assert (first[0], first[2]) == ("Deaths averted [deaths]", f"{middle} ({low} to {high})")


def test_what_was_changed_stands_in_the_brief(full: Drawn) -> None:
    session, _, page = full
    said = Page(page).text
    for text in (
        "1,234.5 million",
        "+50",
        "Naloxone 123.4",
        "Balanced",
        "line & 7 <b>with",
        "1\u00a0%",
    ):
        assert text in said
    rows = load_parameters()
    for name in session.now.assumptions:
        assert rows[name].label in said


def test_each_strategy_tells_its_own_money() -> None:
    apart = Session().choose(
        own_total={"border": 100.0, "internal": 2500.0},
        border=dict.fromkeys(names("border"), 0.0),
    )
    said = Page(drawn(apart)[2]).text
    assert "100 million (border-focused) and 2,500 million (internal enforcement)" in said
    assert "none is spent" in said


@pytest.mark.parametrize("which", ["plain", "full"])
def test_the_page_stands_alone(which: str, request: pytest.FixtureRequest) -> None:
    page = request.getfixturevalue(which)[2]
    read = Page(page)
    assert not {"script", "link", "iframe", "b"} & set(read.tags)
    assert read.tags.count("svg") == 1
    links = re.findall(r'(?:href|src)="([^"]*)"|url\(([^)]*)\)', page)
    assert all((one or other).startswith("#") for one, other in links)


def test_the_picture_of_the_brief_leaves_out_what_the_brief_says(plain: Drawn) -> None:
    _, picture, page = plain
    drawing = ElementTree.fromstring(page[page.index("<svg") : page.index("</figure>")])
    said = "".join(drawing.itertext())
    assert picture.tables["words"].iloc[0]["title"] not in said
    assert "calendar year" in said
    box = [float(n) for n in drawing.attrib["viewBox"].split()]
    assert box[1] == brief.ABOVE
    assert box[3] < box[2]


def test_without_a_ledger_there_is_no_brief(plain: Drawn) -> None:
    session, picture, _ = plain
    with pytest.raises(InputError, match="not ready"):
        brief.html(session, replace(picture, ledger=None))


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine (chromium on PATH)")
@pytest.mark.parametrize("which", ["plain", "full"])
def test_a_browser_prints_it_on_one_page(which: str, request: pytest.FixtureRequest) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser: Any = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.set_content(request.getfixturevalue(which)[2])
        for paper in ("Letter", "A4"):
            assert len(re.findall(rb"/Type\s*/Page\b", page.pdf(format=paper))) == 1
        browser.close()
