"""The notebook in a real JupyterLab in a real browser: move, drag, export."""

import io
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from PIL import Image

from simlib.chart_style import WIDTH
from simlib.dashboard import Scenario, compute

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOK = "01_border_or_internal.ipynb"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "no-sandbox disable-gpu disable-quic no-first-run disable-background-networking "
    "disable-component-update disable-sync"
)
NEWS = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false"}}
TOKEN = "simlib-test"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine (chromium on PATH)"),
]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a JupyterLab that serves a copy of the notebooks."""
    folder = tmp_path_factory.mktemp("lab")
    shutil.copy(ROOT / "notebooks" / NOTEBOOK, folder)
    settings = folder / "settings"
    settings.mkdir()
    (settings / "overrides.json").write_text(json.dumps(NEWS))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--expose-app-in-browser"]
    command += [f"--port={port}", "--ip=127.0.0.1", f"--IdentityProvider.token={TOKEN}"]
    command += [f"--ServerApp.root_dir={folder}", f"--LabApp.app_settings_dir={settings}"]
    command += ["--allow-root", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    environment = os.environ | {"JUPYTER_CONFIG_DIR": str(folder / "config")}
    log = (folder / "lab.log").open("w")
    server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{url}/api", server, folder / "lab.log")
        yield url
    finally:
        server.terminate()
        server.wait(timeout=20)
        log.close()


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(120):
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except OSError:
            assert server.poll() is None, log.read_text()
            time.sleep(0.5)
    raise AssertionError(log.read_text())


@pytest.fixture(scope="module")
def opened(lab: str) -> Iterator[dict[str, Any]]:
    """The page with the notebook run, and all that the page asked for or complained of."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=[f"--{flag}" for flag in FLAGS.split()]
        )
        page = browser.new_page(viewport={"width": 1500, "height": 2200}, accept_downloads=True)
        asked: list[str] = []
        complaints: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("websocket", lambda socket: asked.append(socket.url))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: said.type == "error" and complaints.append(said.text))
        page.goto(f"{lab}/lab/tree/{NOTEBOOK}?token={TOKEN}")
        _run_all(page)
        page.wait_for_selector(".simlib-chart svg", timeout=90_000)
        yield {"page": page, "asked": asked, "complaints": complaints}
        browser.close()


def _run_all(page: Any) -> None:
    """Run all cells once the kernel is connected and idle."""
    page.wait_for_function(
        """() => {
            const shell = window.jupyterapp && window.jupyterapp.shell;
            const session = shell && shell.currentWidget && shell.currentWidget.sessionContext;
            const kernel = session && session.session && session.session.kernel;
            return kernel && kernel.connectionStatus === 'connected' && kernel.status === 'idle';
        }""",
        timeout=90_000,
    )
    page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }")


def _slider(page: Any) -> Any:
    """The handle of the first slider: extra money a year."""
    return page.locator(".widget-slider .noUi-handle").first


def _said(page: Any) -> str:
    return page.locator(".simlib-verdict").first.inner_text()


def _drawn(page: Any) -> str:
    return page.locator(".simlib-chart").first.inner_text()


def _until(page: Any, holds: Any, what: str, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"{what}; on screen: {_said(page)}"
        page.wait_for_timeout(100)


def _money(page: Any) -> float:
    return float(page.locator("input[type=number]").first.input_value())


def _button(page: Any, label: str) -> Any:
    """A download button of the dashboard."""
    named = page.get_by_role("button", name="Download the", exact=False)
    return named.filter(has_text=label).first


def _download(page: Any, label: str) -> bytes:
    with page.expect_download(timeout=60_000) as download:
        _button(page, label).click()
    return Path(download.value.path()).read_bytes()


def _load(page: Any, text: str) -> None:
    """Give the dashboard a scenario file."""
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Load scenario").first.click()
    file = {"name": "mine.toml", "mimeType": "application/toml", "buffer": text.encode()}
    chooser.value.set_files(file)


def test_opening_changes_nothing(opened: dict[str, Any]) -> None:
    page = opened["page"]
    _until(page, lambda: "1000 draws" in _drawn(page), "not drawn in full")
    page.wait_for_timeout(1500)
    assert "1000 draws" in _drawn(page)  # no slider moved by itself
    assert Scenario.from_toml(_download(page, "TOML").decode()) == Scenario()


def test_a_key_moves_the_slider_and_chart_and_verdict_follow(opened: dict[str, Any]) -> None:
    page = opened["page"]
    said, drawn, money = _said(page), _drawn(page), _money(page)
    _slider(page).focus()
    page.keyboard.press("PageUp")
    _until(page, lambda: _money(page) > money, "the number box did not follow the slider")
    _until(page, lambda: _said(page) != said, "the verdict did not change")
    _until(page, lambda: _drawn(page) != drawn, "the chart did not change")


def test_the_last_position_wins_after_a_fast_drag(opened: dict[str, Any]) -> None:
    page = opened["page"]
    box = _slider(page).bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(40):
        page.mouse.move(x + (80 if step % 2 else 20), y)
    page.mouse.move(x + 50, y)
    page.mouse.up()
    page.wait_for_timeout(500)
    money = f"{_money(page):,.0f}".replace(",", "\u202f")
    _until(page, lambda: f"Extra money {money} million" in _drawn(page), f"not drawn at {money}")
    _until(page, lambda: "1000 draws" in _drawn(page), "not drawn in full")
    page.wait_for_timeout(1500)
    assert f"Extra money {money} million" in _drawn(page)


def test_a_number_out_of_bounds_is_answered_in_words(opened: dict[str, Any]) -> None:
    page = opened["page"]
    number = page.locator("input[type=number]").first
    before = number.input_value()
    number.fill("-5")
    number.press("Enter")
    _until(page, lambda: "out of bounds" in page.inner_text("body"), "no words about -5")
    number.fill(before)
    number.press("Enter")
    _until(page, lambda: "out of bounds" not in page.inner_text("body"), "words stayed")


def test_exports_arrive_and_hold_what_is_on_screen(opened: dict[str, Any]) -> None:
    page = opened["page"]
    _until(page, lambda: "1000 draws" in _drawn(page), "not drawn in full")
    files = {label: _download(page, label) for label in ("PNG", "CSV", "TOML")}
    scenario = Scenario.from_toml(files["TOML"].decode())
    assert scenario.total == _money(page)
    picture, again = Image.open(io.BytesIO(files["PNG"])), compute.picture(scenario)
    assert picture.format == "PNG"
    assert picture.size == Image.open(io.BytesIO(compute.export(again, "png"))).size
    assert picture.width > 2 * WIDTH
    assert files["CSV"] == compute.export(again, "csv")
    table = pd.read_csv(io.BytesIO(files["CSV"]), comment="#")
    last = table[(table.panel == "lines") & (table.year == table.year.max())]
    drawn = re.sub(r"\s", "", _drawn(page))
    assert len(last) == 3
    for middle in last["median"]:
        shown = f"{float(f'{middle:.3g}'):.0f}in{table.year.max():.0f}"
        assert shown in drawn


def test_a_saved_scenario_is_loaded_and_undone(opened: dict[str, Any]) -> None:
    page = opened["page"]
    before, money = _download(page, "TOML"), _money(page)
    loaded = Scenario(total=3210.0, preset="balanced", assumptions={"budget_scale": 1.37})
    _load(page, loaded.to_toml())
    _until(page, lambda: _money(page) == loaded.total, "the scenario did not arrive")
    _until(page, lambda: "your assumptions" in _drawn(page), "no line of its own")
    assert Scenario.from_toml(_download(page, "TOML").decode()) == loaded
    _load(page, "schema = 99")
    _until(page, lambda: "mine.toml, schema: must be 1" in page.inner_text("body"), "no words")
    assert _money(page) == loaded.total
    page.get_by_role("button", name="Undo").first.click()
    _until(page, lambda: _money(page) == money, "not undone")
    assert _download(page, "TOML") == before


def test_nothing_leaves_the_machine_and_nothing_fails(opened: dict[str, Any]) -> None:
    outside = [
        url
        for url in opened["asked"]
        if not re.match(r"(https?|wss?)://(127\.0\.0\.1|localhost)[:/]|data:|blob:", url)
    ]
    assert not outside
    assert not opened["complaints"]
    assert len(opened["asked"]) > 10
