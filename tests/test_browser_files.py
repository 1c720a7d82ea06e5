"""Numbers as people type them, folds, and files that arrive, in a real JupyterLab."""

import io
import re
from pathlib import Path
from typing import Any

import pandas as pd
from test_browser import (
    _box,
    _in_full,
    _load,
    _money,
    _said,
    _session,
    _type,
    _until,
    browser,
    lab,
    opened,
    pytestmark,
)

from simlib.dashboard import Scenario
from simlib.dashboard.session import LONGEST_NAME, Session

__all__ = ["browser", "lab", "opened", "pytestmark"]


def _download(page: Any, title: str) -> tuple[str, bytes]:
    with page.expect_download(timeout=60_000) as download:
        page.get_by_role("button", name=title, exact=True).first.click()
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


def test_numbers_are_taken_as_people_type_them(opened: dict[str, Any]) -> None:
    page = opened["page"]
    for text, shown, value in (
        ("2B", "2,000", 2000.0),
        ("5 000", "5,000", 5000.0),
        ("$1.5 bn", "1,500", 1500.0),
        ("1.234", "1.234", 1.234),
        ("5,000", "5,000", 5000.0),
    ):
        _type(page, text)
        _until(page, lambda shown=shown: _box(page).input_value() == shown, f"{text} not taken")
        assert _session(page).now.total == value


def test_a_refused_or_emptied_box_shows_what_holds(opened: dict[str, Any]) -> None:
    page = opened["page"]
    error = _box(page).locator("xpath=../..").locator(".simlib-error")
    for text, words in (
        ("1.234.567", "more than one decimal point"),
        ("1,23", "a comma parts thousands"),
        ("$5,000", "could be dollars or million dollars"),
        ("", "nothing was typed"),
        ("1e9", "is out of bounds"),
    ):
        _type(page, text)
        _until(page, lambda words=words: words in error.inner_text(), f"no words about {text}")
        _until(page, lambda: _box(page).input_value() == "5,000", f"{text} stayed in the box")
        assert "allowed: 0 to 10,000 million USD, for example" in error.inner_text()
    assert _session(page).now.total == 5000.0
    _type(page, "1000")
    _until(page, lambda: not error.inner_text(), "words stayed")


def test_the_verdict_is_seen_once_and_heard(opened: dict[str, Any]) -> None:
    page = opened["page"]
    _in_full(page)
    verdict = page.locator(".simlib-verdict").first
    heard = verdict.locator("p").all_inner_texts()
    seen = [p for p in verdict.locator("p").all() if p.bounding_box()["height"] > 2]
    assert 0 < len(seen) < len(heard)
    drawn = re.sub(r"\s", "", page.locator(".simlib-chart").first.inner_text())
    assert not [p for p in seen if re.sub(r"\s", "", p.inner_text()) in drawn]
    assert re.sub(r"\s", "", heard[0]) in drawn
    assert heard[0] in _said(page)


def test_a_fold_says_whether_it_is_open(opened: dict[str, Any]) -> None:
    page = opened["page"]
    fold = page.get_by_role("button", name="Side by side")
    assert fold.get_attribute("aria-expanded") == "false"
    fold.focus()
    page.keyboard.press("Enter")
    assert fold.get_attribute("aria-expanded") == "true"
    name = page.get_by_placeholder("of the line to keep")
    _until(page, name.is_visible, "the fold did not open")
    name.fill("n" * (LONGEST_NAME + 3))
    _until(page, lambda: name.input_value() == "n" * LONGEST_NAME, "the name was not cut")
    page.keyboard.press("Escape")
    name.fill("")
    fold.click()
    _until(page, name.is_hidden, "the fold did not close")
    assert fold.get_attribute("aria-expanded") == "false"


def test_table_and_notes_arrive_under_names_that_tell_the_scenario(opened: dict[str, Any]) -> None:
    page = opened["page"]
    _in_full(page)
    name, table = _download(page, "Download the numbers drawn as CSV")
    assert re.fullmatch(r"simlib_border-vs-internal_1000M_\d{4}_deaths-fentanyl_\w{8}\.csv", name)
    assert set(pd.read_csv(io.BytesIO(table))["panel"]) >= {"lines", "difference", "observed"}
    status = page.get_by_role("status").filter(has_text="button Notes")
    _until(page, lambda: status.count() == 1, "no word about the notes")
    notes, contents = _download(page, "Download the notes on the numbers")
    assert notes == name.replace(".csv", "_notes.txt")
    assert "total = 1000.0" in contents.decode()


def test_the_load_button_counts_nothing_and_takes_a_file_twice(opened: dict[str, Any]) -> None:
    page = opened["page"]
    assert page.get_by_role("button", name="Load scenario", exact=True).count() == 1
    text = Session(Scenario(total=3210.0)).to_toml()
    for _ in range(2):
        _load(page, text)
        _until(page, lambda: _money(page) == 3210.0, "the scenario did not arrive")
        _type(page, "700")
        _until(page, lambda: _session(page).now.total == 700.0, "700 was not taken")
    assert opened["complaints"] == []
