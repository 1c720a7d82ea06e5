"""The notebook in a real JupyterLab in a real browser: move, drag, export."""

import html
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

import psutil
import pytest
import soak
from PIL import Image
from test_page import Server, kernels_of

import launch
from simlib.charts.style import WIDTH
from simlib.dashboard import Scenario, compute, share
from simlib.dashboard.session import Session

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
    for command in (["init", "--quiet"], ["add", NOTEBOOK]):  # kept by git, as the original is
        subprocess.run(["git", *command], cwd=folder, check=True)
    settings = folder / "settings"
    settings.mkdir()
    (settings / "overrides.json").write_text(json.dumps(NEWS))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--expose-app-in-browser"]
    command += [f"--port={port}", "--ip=127.0.0.1", f"--IdentityProvider.token={TOKEN}"]
    command += [f"--ServerApp.root_dir={folder}", f"--LabApp.app_settings_dir={settings}"]
    command += [option for option in launch.LAB_OPTIONS if "hook" in option]
    command += ["--allow-root", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    environment = (
        launch.MEMORY
        | os.environ
        | {
            "JUPYTER_CONFIG_DIR": str(folder / "config"),
            "SIMLIB_EXPORTS": str(folder / "exports"),
        }
    )
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
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=CHROMIUM, args=[f"--{flag}" for flag in FLAGS.split()]
        )
        yield started
        started.close()


@pytest.fixture(scope="module")
def opened(
    lab: str, browser: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Any]]:
    """The page with the notebook run, and all that the page asked for or complained of."""
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
    temporary = tmp_path_factory.getbasetemp()
    yield {"page": page, "asked": asked, "complaints": complaints, "temporary": temporary}
    page.close()


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


def _slider(page: Any, name: str = "Extra money a year") -> Any:
    return page.get_by_role("slider", name=name).first


def _box(page: Any, name: str = "Extra money a year") -> Any:
    """The number box beside a slider."""
    return page.get_by_role("textbox", name=f"{name} [").first


def _said(page: Any) -> str:
    return page.locator(".simlib-verdict").first.inner_text()


def _drawn(page: Any) -> str:
    """Words of the picture, wherever its lines are broken."""
    return " ".join(page.locator(".simlib-chart").first.inner_text().split())


def _until(page: Any, holds: Any, what: str, seconds: float = 40) -> None:
    end = time.monotonic() + seconds
    while not holds():
        told = page.locator(".simlib-status").all_inner_texts()
        assert time.monotonic() < end, f"{what}; on screen: {told} {_said(page)}"
        page.wait_for_timeout(100)


def _money(page: Any) -> float:
    return float(_box(page).input_value().replace(",", ""))


def _type(page: Any, text: str) -> None:
    _box(page).fill(text)
    _box(page).press("Enter")


def _settle(page: Any, money: float) -> None:
    """Type a number and wait until the kernel has taken it up: a click may overtake it."""
    _type(page, f"{money:g}")
    _until(page, lambda: _session(page).now.total == money, f"{money} was not taken up")
    _in_full(page)


def _in_full(page: Any) -> None:
    _until(page, lambda: "1,000 draws" in _drawn(page), "not drawn in full")


def _download(page: Any, label: str) -> bytes:
    named = page.get_by_role("button", name="Download the", exact=False)
    with page.expect_download(timeout=60_000) as download:
        named.filter(has_text=label).first.click()
    return Path(download.value.path()).read_bytes()


def _session(page: Any) -> Session:
    return Session.from_toml(_download(page, "TOML").decode())


def _load(page: Any, text: str) -> None:
    """Give the dashboard a scenario file."""
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Load scenario").first.click()
    file = {"name": "mine.toml", "mimeType": "application/toml", "buffer": text.encode()}
    chooser.value.set_files(file)


def test_opening_changes_nothing(opened: dict[str, Any]) -> None:
    page = opened["page"]
    _in_full(page)
    page.wait_for_timeout(1500)
    assert "1,000 draws" in _drawn(page)  # no slider moved by itself
    assert _session(page) == Session()


def test_the_keyboard_moves_the_slider_and_chart_and_verdict_follow(opened: dict[str, Any]) -> None:
    page, slider = opened["page"], _slider(opened["page"])
    said, drawn, money = _said(page), _drawn(page), _money(page)
    slider.focus()
    for key in ("ArrowRight", "ArrowUp", "PageUp", "End"):
        before = _money(page)
        page.keyboard.press(key)
        assert _money(page) > before, key
        assert slider.get_attribute("aria-valuetext") == f"{_money(page):,g} million USD"
    assert _money(page) == 10_000
    for key in ("ArrowLeft", "PageDown", "Home"):
        before = _money(page)
        page.keyboard.press(key)
        assert _money(page) < before, key
    page.keyboard.press("PageUp")
    page.keyboard.press("ArrowUp")
    assert _money(page) not in (0, money)
    _until(page, lambda: _said(page) != said, "the verdict did not change")
    _until(page, lambda: _drawn(page) != drawn, "the chart did not change")
    page.keyboard.press("Tab")  # on to the first named position
    page.keyboard.press("Enter")
    assert _money(page) == 0
    note = page.get_by_role("slider", name="Port officers").locator("xpath=..").inner_text
    _until(page, lambda: "changes nothing" in note(), "no word about controls that move nothing")
    _type(page, f"{money:g}")
    _until(page, lambda: "changes nothing" not in note(), "the word stayed")


def test_the_last_position_wins_after_a_fast_drag(opened: dict[str, Any]) -> None:
    page = opened["page"]
    box = _slider(page).bounding_box()
    x, y = box["x"] + box["width"] * 0.1, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(40):
        page.mouse.move(x + (120 if step % 2 else 20), y)
    page.mouse.move(x + 50, y)
    page.mouse.up()
    page.wait_for_timeout(500)
    money = f"{_money(page):,.0f}"
    _until(page, lambda: f"Extra money {money} million" in _drawn(page), f"not drawn at {money}")
    _in_full(page)
    page.wait_for_timeout(1500)
    assert f"Extra money {money} million" in _drawn(page)
    assert _money(page) == _session(page).now.total


def test_a_number_out_of_bounds_is_answered_beside_the_control(opened: dict[str, Any]) -> None:
    page, before = opened["page"], _money(opened["page"])
    error = _box(page).locator("xpath=../..").locator(".simlib-error")
    for text, words in (("-5", "out of bounds"), ("1e9", "out of bounds"), ("ten", "no number")):
        _type(page, text)
        _until(page, lambda words=words: words in error.inner_text(), f"no words about {text}")
        assert _session(page).now.total == before
    _type(page, f"{before:g}")
    _until(page, lambda: not error.inner_text(), "words stayed")


def test_a_control_has_a_page_that_the_keyboard_opens_and_closes(opened: dict[str, Any]) -> None:
    page = opened["page"]
    about = page.get_by_role("button", name="About Port scanning").first
    about.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    dialog.wait_for(state="visible")
    assert "scanning" in dialog.inner_text()
    page.keyboard.press("Escape")
    dialog.wait_for(state="hidden")
    assert about.evaluate("button => button === document.activeElement")


def test_exports_arrive_and_hold_what_is_on_screen(opened: dict[str, Any]) -> None:
    page = opened["page"]
    _in_full(page)
    files = {label: _download(page, label) for label in ("PNG", "SVG", "CSV", "TOML")}
    session = Session.from_toml(files["TOML"].decode())
    assert session.now.total == _money(page)
    again = compute.picture(session.now, details=True)
    picture = Image.open(io.BytesIO(files["PNG"]))
    assert picture.format == "PNG"
    assert picture.size == Image.open(io.BytesIO(compute.export(again, "png"))).size
    assert picture.width > 2 * WIDTH
    assert files["CSV"] == compute.export(again, "csv")
    assert files["SVG"] == compute.export(again, "svg")
    drawn = re.sub(r"\s", "", _drawn(page))
    title = again.tables["words"].title.iloc[0]
    assert re.sub(r"\s", "", title) in drawn
    assert html.escape(title) in files["SVG"].decode()


def test_a_saved_scenario_is_loaded_and_undone(opened: dict[str, Any]) -> None:
    page = opened["page"]
    before, money = _download(page, "TOML"), _money(page)
    loaded = Session(Scenario(total=3210.0, preset="balanced", assumptions={"budget_scale": 1.37}))
    _load(page, loaded.to_toml())
    _until(page, lambda: _money(page) == 3210.0, "the scenario did not arrive")
    _until(page, lambda: "your assumptions" in _drawn(page), "no line of its own")
    assert _session(page) == loaded
    _load(page, "schema = 99")
    _until(page, lambda: "mine.toml, schema: must be 1" in page.inner_text("body"), "no words")
    assert _money(page) == 3210.0
    page.get_by_role("button", name="Undo").first.click()
    _until(page, lambda: _money(page) == money, "not undone")
    assert _download(page, "TOML") == before


def test_a_share_code_brings_the_state_back(opened: dict[str, Any]) -> None:
    page = opened["page"]
    _type(page, "4321")
    _in_full(page)
    before = _session(page)
    code = page.get_by_label("Share code of this view")
    _until(page, lambda: code.input_value() == share.write(before), "not the code of this view")
    kept = code.input_value()
    _type(page, "100")
    pasted, load = (
        page.get_by_label("Load a code"),
        page.get_by_role("button", name="Load", exact=True),
    )
    pasted.fill(kept[:-2])
    load.click()
    _until(page, lambda: "share code" in page.inner_text(".simlib-share"), "no words")
    assert _money(page) == 100
    pasted.fill(kept)
    load.click()
    _until(page, lambda: _money(page) == 4321, "the code was not loaded")
    assert _session(page) == before


def test_a_hundred_random_moves_leave_a_state_that_is_right(opened: dict[str, Any]) -> None:
    """The full run, of 1,000 moves, is `benchmarks/soak.py`."""
    page = opened["page"]
    reader = soak.Reader(page, seed=2024)
    before = soak.kernel_state(page)
    for _ in range(100):
        reader.move()
    check_final_state(page)
    assert soak.kernel_state(page)[:2] == before[:2]  # no widget and no comm is left over
    page.get_by_role("button", name="Reset policy").click()
    page.get_by_role("button", name="Reset assumptions").click()
    page.get_by_label("Show:", exact=True).first.select_option(index=0)


def check_final_state(page: Any) -> None:
    """What is on screen is what the state in the file gives when it is computed directly."""
    page.get_by_role("checkbox", name="The same money for both").check()
    _settle(page, 777)
    session, csv = _session(page), _download(page, "CSV")
    again = compute.picture(session.now, details=True)
    assert csv == compute.export(again, "csv")
    words = again.tables["words"].iloc[0]
    drawn = re.sub(r"\s", "", _drawn(page))
    for part in ("title", "footer"):  # what is too long for its lines is cut at their end
        assert re.sub(r"\s", "", words[part])[:60] in drawn, words[part]
    assert _money(page) == session.now.total == 777
    assert page.locator(".simlib-status [role=alert]").count() == 0


@pytest.mark.parametrize("width", [800, 640])  # a narrow window; 1,280 pixels at 200 %
def test_nothing_is_cut_off_in_a_narrow_window(opened: dict[str, Any], width: int) -> None:
    page = opened["page"]
    page.evaluate("window.jupyterapp.commands.execute('application:toggle-left-area')")
    page.set_viewport_size({"width": width, "height": 2200})
    page.wait_for_timeout(800)
    cut = page.evaluate(
        """() => [...document.querySelectorAll('.simlib-board, .simlib-board *')]
            .filter((e) => e.clientWidth && e.scrollWidth > e.clientWidth + 1
                && !e.closest('svg, .simlib-places, .simlib-note, .simlib-unseen, input, select'))
            .map((e) => `${e.className}: ${e.scrollWidth} > ${e.clientWidth}`)"""
    )
    box = page.locator(".simlib-chart svg").first.bounding_box()
    page.evaluate("window.jupyterapp.commands.execute('application:toggle-left-area')")
    page.set_viewport_size({"width": 1500, "height": 2200})
    assert not cut
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width


def test_the_dark_theme_can_be_read(opened: dict[str, Any]) -> None:
    page = opened["page"]
    _type(page, "-1")
    change = "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})"
    page.evaluate(change, "JupyterLab Dark")
    page.wait_for_selector("[data-jp-theme-light='false']", state="attached")
    page.wait_for_timeout(800)
    faults = _axe(page, ".simlib-board", "color-contrast")
    page.evaluate(change, "JupyterLab Light")
    _type(page, "900")
    assert not faults


def test_a_total_that_cannot_be_kept_is_said_beside_it_and_gives_no_verdict(
    opened: dict[str, Any],
) -> None:
    page, sentences = opened["page"], ("possession", "selling")
    _load(page, Session().to_toml())
    _until(page, lambda: _money(page) == Scenario().total, "the scenario did not arrive")
    fold = page.get_by_role("button", name="longer sentences").first
    if not _box(page, f"Longer sentences for {sentences[0]}").is_visible():
        fold.click()
    for which in sentences:
        _box(page, f"Longer sentences for {which}").fill("0.5")
        _box(page, f"Longer sentences for {which}").press("Enter")
    _settle(page, 1000)
    beside = _box(page).locator("xpath=../..").locator(".simlib-note, .simlib-error")
    said = beside.all_inner_texts
    _until(page, lambda: "Cannot be kept" in " ".join(said()), "no words beside the control")
    verdict = r"saves more lives|Cannot tell|\bleads\b|averts about .* more deaths than"
    for shown in (_said(page), _drawn(page)):
        assert not re.search(verdict, shown), shown
    _load(page, Session().to_toml())
    _until(page, lambda: "Cannot be kept" not in " ".join(said()), "the words stayed")
    _in_full(page)


def test_nothing_leaves_the_machine_and_nothing_fails(opened: dict[str, Any]) -> None:
    assert not _outside(opened["asked"])
    assert not opened["complaints"]
    assert len(opened["asked"]) > 10


def test_running_and_saving_leaves_the_file_as_git_has_it(opened: dict[str, Any]) -> None:
    page = opened["page"]
    save = "() => window.jupyterapp.commands.execute('docmanager:save')"
    kept = """() => {
        const model = window.jupyterapp.shell.currentWidget.content.model;
        return [...model.cells].some((cell) => cell.type === 'code' && cell.outputs.length);
    }"""
    assert page.evaluate(kept)  # there is something that must not be saved
    before = (ROOT / "notebooks" / NOTEBOOK).read_bytes()
    page.evaluate(save)
    folder = _lab_folder(opened)
    assert (folder / NOTEBOOK).read_bytes() == before
    assert page.evaluate(kept)  # and stays on screen
    type_in = """(text) => {
        const model = window.jupyterapp.shell.currentWidget.content.model;
        const cell = [...model.cells].at(-1).sharedModel;
        cell.setSource(text ?? cell.getSource().replace(' My own words.', ''));
        return cell.getSource();
    }"""
    last = json.loads(before)["cells"][-1]
    page.evaluate(type_in, "".join(last["source"]) + " My own words.")
    page.evaluate(save)
    assert "My own words." in (folder / NOTEBOOK).read_text(encoding="utf-8")
    page.evaluate(type_in, None)
    page.evaluate(save)
    assert (folder / NOTEBOOK).read_bytes() == before


def _lab_folder(opened: dict[str, Any]) -> Path:
    """Where this module's JupyterLab has its files."""
    return max(opened["temporary"].glob("lab*"), key=lambda path: path.stat().st_mtime)


def test_a_failed_save_stays_in_view_and_recovers(opened: dict[str, Any]) -> None:
    page, exports = opened["page"], _lab_folder(opened) / "exports"
    alert = page.locator(".simlib-right [role=alert]").filter(has_text="not saved")
    exports.rename(exports.with_name("away"))
    exports.write_text("a file where the folder should be")
    try:
        for money in (2100, 2200):  # it stays when the next move is drawn, too
            _settle(page, money)
            _until(page, lambda: alert.count() == 1, "a failed save was not said")
        page.wait_for_timeout(1500)
        assert alert.is_visible()
    finally:
        exports.unlink()
        exports.with_name("away").rename(exports)
    _until(page, lambda: alert.count() == 0, "saving was not tried again")
    (kept,) = exports.glob("last_scenario_*.toml")
    assert "2200" in kept.read_text(encoding="utf-8")


def test_a_restarted_kernel_and_a_reloaded_page_find_the_scenario(opened: dict[str, Any]) -> None:
    page = opened["page"]
    _settle(page, 1234.5)
    before = _session(page)
    page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.restartKernel()")
    page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    page.reload()
    _run_all(page)
    page.wait_for_selector(".simlib-chart svg", timeout=90_000)
    _until(page, lambda: _money(page) == 1234.5, "the scenario was lost")
    _until(page, lambda: "your last scenario" in page.inner_text(".simlib-status"), "not told")
    assert _session(page) == before


def test_a_kernel_killed_during_a_drag_is_said_in_words(opened: dict[str, Any]) -> None:
    page = opened["page"]
    for kernel in kernels_of(os.getpid()):
        kernel.kill()
    _killed_during_a_drag(page)


def _killed_during_a_drag(page: Any) -> None:
    """Move on after the kernel was killed; words must come within five seconds."""
    end = time.monotonic() + 5
    words = page.get_by_role("alert").filter(has_text="Python has stopped")
    _slider(page).focus()
    while not words.count():
        assert time.monotonic() < end, "no word of it"
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(100)
    assert words.first.is_visible()
    page.wait_for_timeout(2000)
    assert words.first.is_visible()  # also when another kernel has started


def _outside(asked: list[str]) -> list[str]:
    own = r"(https?|wss?)://(127\.0\.0\.1|localhost)[:/]|data:|blob:"
    return [url for url in asked if not re.match(own, url)]


# --- the page without code --------------------------------------------------------------------


def _axe(page: Any, within: str, *rules: str) -> list[str]:
    """Serious and critical faults that axe-core finds, with the elements that have them."""
    from axe_playwright_python.sync_playwright import Axe

    options = {"runOnly": list(rules)} if rules else None
    found = Axe().run(page, context=within, options=options).response["violations"]
    return [
        f"{fault['id']}: {node['html'][:200]}"
        for fault in found
        if fault["impact"] in ("serious", "critical")
        for node in fault["nodes"]
    ]


@pytest.fixture(scope="module")
def page_served(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The page that `launch.py page` opens, and every answer that it got."""
    folder = tmp_path_factory.mktemp("voila")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "simlib.pages.page", launch.PAGE, "--no-browser"]
    command += [f"--port={port}"]
    environment = os.environ | {"SIMLIB_EXPORTS": str(folder / "exports")}
    log = (folder / "voila.log").open("w")
    server = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=ROOT)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{url}/voila/static/voila.js", server, folder / "voila.log")
        reader = browser.new_context(viewport={"width": 1400, "height": 1600})
        page = reader.new_page()
        answered: list[str] = []
        page.on("requestfinished", lambda request: answered.append(request.url))
        _open(page, url)
        yield {"page": page, "answered": answered, "server": server.pid, "url": url}
        reader.close()
    finally:
        server.terminate()
        server.wait(timeout=20)
        log.close()


def _open(page: Any, url: str | None = None) -> None:
    """Visit the page, or reload it, and wait until it is drawn in full."""
    page.set_default_navigation_timeout(90_000)
    page.goto(url) if url else page.reload()
    page.wait_for_selector(".simlib-chart svg", timeout=90_000)
    _in_full(page)


def test_the_page_has_the_dashboard_and_no_code(page_served: dict[str, Any]) -> None:
    page = page_served["page"]
    assert page.locator(".simlib-board").count() == 1
    assert "import simlib" not in page.inner_text("body")
    money = _money(page)
    _slider(page).focus()
    page.keyboard.press("PageUp")
    assert _money(page) > money
    _in_full(page)
    assert not _outside(page_served["answered"])


def test_axe_finds_nothing_serious_that_is_ours(page_served: dict[str, Any]) -> None:
    page = page_served["page"]
    for fold in page.locator(".simlib-board .jp-Collapse-header").all():
        if "open" not in (fold.get_attribute("class") or ""):
            fold.click()
    page.wait_for_timeout(500)
    assert not _axe(page, ".simlib-board")


def test_a_reload_brings_back_this_visitors_scenario_and_nobody_elses(
    page_served: dict[str, Any], browser: Any
) -> None:
    page, url = page_served["page"], page_served["url"]
    _settle(page, 4321)
    before = _session(page)
    page.wait_for_function("() => Object.values(localStorage).some((v) => v.includes('4321'))")
    assert len(kernels_of(page_served["server"])) == 1  # a download does not end it
    _open(page)
    _until(page, lambda: _money(page) == 4321, "the scenario was lost")
    assert page.get_by_role("status").filter(has_text="your last scenario").is_visible()
    assert _session(page) == before
    stranger = browser.new_context()
    try:
        visit = stranger.new_page()
        _open(visit, url)
        visit.wait_for_timeout(1000)
        assert _money(visit) == Scenario().total
        assert not visit.get_by_text("your last scenario").count()
        visit.goto("about:blank")  # a visitor who leaves
    finally:
        stranger.close()
    again = page.context.new_page()  # the same reader, in another tab
    _open(again, url)
    _until(again, lambda: _money(again) == 4321, "a new tab does not know the scenario")
    again.goto("about:blank")
    again.close()
    server = page_served["server"]
    _until(page, lambda: len(kernels_of(server)) == 1, "kernels of those who left stayed")
    assert sum(each.memory_info().rss for each in kernels_of(server)) < 800e6


def test_twenty_visits_leave_one_kernel_and_none_when_the_tab_is_closed(
    browser: Any, tmp_path: Path
) -> None:
    server, reader = Server(tmp_path), browser.new_context()
    page, other = reader.new_page(), reader.new_page()

    def kernels(most: int) -> list[psutil.Process]:
        end = time.monotonic() + 10
        while len(kernels_of(server.process.pid)) > most:
            assert time.monotonic() < end, server.log.read_text()
            other.wait_for_timeout(200)
        return kernels_of(server.process.pid)

    try:
        for _ in range(20):
            page.goto(f"http://127.0.0.1:{server.port}", timeout=90_000)
            page.wait_for_selector(".widget-slider", timeout=90_000)
        (kernel,) = kernels(1)
        assert kernel.memory_info().rss < 200e6
        page.close(run_before_unload=True)
        assert not kernels(0)
    finally:
        reader.close()
        server.stop()


def test_what_a_browser_cannot_keep_is_said_and_tried_again(page_served: dict[str, Any]) -> None:
    page = page_served["page"]
    alert = page.get_by_role("alert").filter(has_text="Not saved in this browser")
    page.evaluate(
        """() => {
            window.setItem = Storage.prototype.setItem;
            Storage.prototype.setItem = () => { throw new Error('the disk is full'); };
        }"""
    )
    for money in (2100, 2200):
        _settle(page, money)
        _until(page, lambda: alert.count() == 1, "a failed save was not said")
    assert "the disk is full" in alert.inner_text()
    page.evaluate("() => { Storage.prototype.setItem = window.setItem; }")
    _until(page, lambda: alert.count() == 0, "saving was not tried again")
    assert page.evaluate("() => Object.values(localStorage).some((v) => v.includes('2200'))")


def test_a_kernel_of_the_page_killed_during_a_drag_is_said_in_words(
    page_served: dict[str, Any],
) -> None:
    page = page_served["page"]
    for kernel in kernels_of(page_served["server"]):
        kernel.kill()
    _killed_during_a_drag(page)
    _open(page)
    assert not page.get_by_text("Python has stopped").count()
    _until(page, lambda: _money(page) == 2200, "the scenario was lost")
