"""The notebooks on decisions in a real JupyterLab: change a map, drag a total, export."""

import io
import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from PIL import Image
from test_browser import CHROMIUM, FLAGS, ROOT, TOKEN, _run_all, lab, pytestmark

from simlib.analysis.spend import most_on_record

__all__ = ["lab", "pytestmark"]

BELIEVE, SPEND = "06_what_would_you_have_to_believe", "07_spend_a_budget"


def _upload(url: str, name: str) -> None:
    """Put the first cells of a notebook, with its live picture, on the server."""
    book = json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8"))
    book["cells"] = book["cells"][:3]
    body = json.dumps({"type": "notebook", "content": book}).encode()
    request = urllib.request.Request(f"{url}/api/contents/{name}.ipynb", body, method="PUT")
    request.add_header("Authorization", f"token {TOKEN}")
    urllib.request.urlopen(request, timeout=30).close()


@pytest.fixture(params=[BELIEVE, SPEND], scope="module")
def opened(lab: str, request: pytest.FixtureRequest) -> Iterator[tuple[str, Any, list[str]]]:
    from playwright.sync_api import sync_playwright

    _upload(lab, request.param)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=[f"--{flag}" for flag in FLAGS.split()]
        )
        page = browser.new_page(viewport={"width": 1400, "height": 1900}, accept_downloads=True)
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        place = f"lab/workspaces/{request.param}/tree/{request.param}.ipynb"  # no other tab's chart
        page.goto(f"{lab}/{place}?token={TOKEN}")
        _run_all(page)
        page.wait_for_selector(".simlib-chart svg", timeout=120_000)
        yield request.param, page, complaints
        browser.close()


def _drawn(page: Any) -> str:
    return str(page.locator(".simlib-chart").first.inner_text())


def _until(page: Any, holds: Callable[[], bool], what: str, seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"{what}; on screen: {_drawn(page)}"
        page.wait_for_timeout(200)


def _download(page: Any, label: str) -> bytes:
    button = page.get_by_role("button", name=f"Download the picture as {label}")
    with page.expect_download(timeout=60_000) as download:
        button.first.click()
    return Path(download.value.path()).read_bytes()


def test_moving_a_slider_changes_the_picture_and_its_files(
    opened: tuple[str, Any, list[str]],
) -> None:
    name, page, complaints = opened
    coarse = "7 × 7 points"
    if name == BELIEVE:
        _until(page, lambda: coarse not in _drawn(page), "the fine map did not follow")
    else:
        _until(page, lambda: "deaths averted" in page.inner_text("body"), "not simulated")
    before, table = _drawn(page), _download(page, "CSV")
    page.locator("input[type=range]").first.focus()
    for _ in range(3):
        page.keyboard.press("PageUp")
    _until(page, lambda: _drawn(page) != before, "the picture did not change")
    total = float(page.locator(".simlib-box").first.input_value().replace(",", ""))
    said = f"{total:,.0f}"
    _until(page, lambda: said in _drawn(page), f"not drawn at {said}")
    if name == BELIEVE:
        _until(page, lambda: coarse not in _drawn(page), "the fine map did not follow")
    again = _download(page, "CSV")
    assert again != table
    assert Image.open(io.BytesIO(_download(page, "PNG"))).width > 800
    shown = pd.read_csv(io.BytesIO(again))
    if name == SPEND:
        assert 0.7 * total < shown["middle"].sum() <= total + 0.1  # prisons may take a part
        assert len(shown) == len(most_on_record())
    else:
        assert len(shown) == 11 * 11
    assert not complaints


def test_nothing_fails_when_a_choice_is_changed(opened: tuple[str, Any, list[str]]) -> None:
    name, page, complaints = opened
    before = _drawn(page)
    chooser = page.locator(".widget-dropdown select").first
    if name == BELIEVE:
        chooser.select_option(label="Response of current users to price")
        _until(page, lambda: "Response of current users" in _drawn(page), "axis not changed")
    else:
        chooser.select_option(label="least regret, whatever the future")
        _until(page, lambda: "least regret" in _drawn(page), "criterion not changed")
    assert _drawn(page) != before
    assert not complaints
    assert not page.get_by_role("alert").filter(has_text="could not").count()
