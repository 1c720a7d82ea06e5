"""The walk-through notebooks in a real JupyterLab: all pictures painted, each answers a key."""

import json
import re
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from test_browser import CHROMIUM, FLAGS, ROOT, TOKEN, _run_all, lab  # noqa: F401

BOOKS = (
    "02_follow_the_kilo",
    "03_does_seizing_more_raise_the_price",
    "08_controlling_cocaine",
)
LOCAL = re.compile(r"(https?|wss?)://(127\.0\.0\.1|localhost)[:/]|data:|blob:")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine (chromium on PATH)"),
]


def _upload(url: str, path: Path) -> None:
    """Put a notebook where the running JupyterLab serves it."""
    book = {"type": "notebook", "format": "json", "content": json.loads(path.read_text())}
    headers = {"Authorization": f"token {TOKEN}", "Content-Type": "application/json"}
    request = urllib.request.Request(
        f"{url}/api/contents/{path.name}", json.dumps(book).encode(), headers, method="PUT"
    )
    urllib.request.urlopen(request, timeout=20).close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        flags = [f"--{flag}" for flag in FLAGS.split()]
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield opened
        opened.close()


@pytest.mark.parametrize("name", BOOKS)
def test_every_picture_is_painted_and_answers_a_key(
    lab: str,  # noqa: F811
    browser: Any,
    name: str,
) -> None:
    path = ROOT / "notebooks" / f"{name}.ipynb"
    _upload(lab, path)
    pictures = sum("explore(" in cell.source for cell in nbformat.read(path, 4).cells)
    page = browser.new_page(viewport={"width": 1500, "height": 9000})  # all cells stay in view
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: said.type == "error" and complaints.append(said.text))
    page.goto(f"{lab}/lab/tree/{path.name}?token={TOKEN}&reset")  # alone on screen
    _run_all(page)
    charts = page.locator(".simlib-chart")
    page.wait_for_function(
        "count => document.querySelectorAll('.simlib-chart svg').length >= count",
        arg=pictures,
        timeout=120_000,
    )
    assert charts.count() == pictures > 0
    for number in range(pictures):
        chart = charts.nth(number)
        board = chart.locator("xpath=ancestor::div[contains(@class,'simlib-board')][1]")
        before, drawn = chart.get_attribute("aria-label"), chart.inner_text()
        board.locator("input[type=range]").first.focus()
        for _ in range(3):
            page.keyboard.press("PageUp")
        end = time.monotonic() + 30
        while chart.get_attribute("aria-label") == before or chart.inner_text() == drawn:
            assert time.monotonic() < end, f"picture {number} did not change"
            page.wait_for_timeout(50)
    assert not [words for words in page.locator("[role=alert]").all_inner_texts() if words]
    assert not [url for url in asked if not LOCAL.match(url)]
    assert not complaints
    page.close()
