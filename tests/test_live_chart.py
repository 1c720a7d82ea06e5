"""The live chart and the download button: what Python sends, and what a real browser does."""

import base64
import json
import shutil
import threading
import time
from pathlib import Path

import ipywidgets
import numpy as np
import pandas as pd
import pytest
import test_charts

from simlib import charts
from simlib.dashboard import live_chart
from simlib.dashboard.browser import DownloadButton
from simlib.dashboard.live_chart import LiveChart, pack

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
MEMORY_FLAGS = ["--enable-precise-memory-info", "--js-flags=--expose-gc"]

DEFINITION = charts.comparison()


def tables(effect=-8_000.0):
    """What a dashboard would show when internal enforcement has this effect [deaths a year]."""
    return charts.prepare(test_charts.example(effects=(-500.0, effect)))


def last_value(effect):
    """What the picture must say of that effect."""
    return f"{charts.number(effect, len(f'{abs(effect):.0f}'))} in 2035"


# --- what Python sends ------------------------------------------------------------------------


@pytest.fixture
def chart():
    return LiveChart(DEFINITION, tables(), alt="Three lines.")


def test_numbers_go_as_bytes_and_come_back():
    table = pd.DataFrame({"year": [2025, 2026], "value": [1.5, -2.0], "final": [True, False]})
    packed = pack(table.assign(series=["a", "b"]))
    assert packed.pop("series") == ["a", "b"]
    for column, data in packed.items():
        assert np.frombuffer(data, "<f8").tolist() == table[column].tolist()


def test_the_picture_holds_every_table_that_the_chart_names(chart):
    own = set(chart._spec["datasets"])
    assert test_charts.named_data(chart._spec) - own == set(chart._picture["tables"])


def test_an_update_sends_data_but_not_the_chart(chart, monkeypatch):
    sent = []
    monkeypatch.setattr(chart.comm, "send", lambda *args, **kwargs: sent.append((args, kwargs)))
    number = chart.update(tables(-9_000.0), alt="Other lines.")
    (args, kwargs) = sent[0]
    assert len(sent) == 1
    state = (kwargs.get("data") or args[0])["state"]
    assert set(state) == {"_picture", "alt"}
    assert state["_picture"]["number"] == number
    assert len(json.dumps(state)) + sum(map(len, kwargs["buffers"])) < 20_000


def test_of_updates_in_two_threads_the_later_call_wins(chart, monkeypatch):
    begun = threading.Event()

    def slow_at_first(table):
        if not begun.is_set():
            begun.set()
            time.sleep(0.1)
        return pack(table)

    monkeypatch.setattr(live_chart, "pack", slow_at_first)
    first = threading.Thread(target=chart.update, args=(tables(-1.0), "first"))
    first.start()
    begun.wait()
    chart.update(tables(-2.0), "second")
    first.join()
    assert chart.alt == "second"
    assert last_value(-2.0) in "".join(chart._picture["tables"]["difference_labels"]["text"])
    assert (chart.sent, chart._picture["number"]) == (3, 3)


def test_charts_are_independent_but_share_the_library(chart):
    other = LiveChart(DEFINITION, tables(), alt="Another.")
    other.update(tables(-1.0), alt="Changed.")
    assert (chart.sent, chart.alt) == (1, "Three lines.")
    assert other._vega is chart._vega
    assert len(chart._vega.source) > 500_000
    assert chart._vega.source not in json.dumps(chart._spec)


def test_a_chart_made_after_all_widgets_were_closed_has_a_library(chart):
    ipywidgets.Widget.close_all()
    assert LiveChart(DEFINITION, tables(), alt="")._vega.comm is not None


def test_what_the_browser_reports_is_noted(chart):
    chart._handle_custom_msg({"painted": 3}, [])
    chart._handle_custom_msg({"painted": 2}, [])  # a second, slower view
    assert (chart.painted, chart.error) == (3, "")
    chart._handle_custom_msg({"error": "The chart could not be drawn: why"}, [])
    assert (chart.painted, chart.error) == (3, "The chart could not be drawn: why")
    chart._handle_custom_msg({"painted": 4}, [])
    assert (chart.painted, chart.error) == (4, "")


def pressed(button, monkeypatch):
    """What goes back to the browser when the button is pressed."""
    sent = []
    monkeypatch.setattr(
        button, "send", lambda content, buffers=None: sent.append((content, buffers))
    )
    button._handle_custom_msg({"request": "7"}, [])
    (answer,) = sent
    return answer


def test_a_file_is_made_from_the_state_at_the_press(monkeypatch):
    state = {"text": "old"}
    button = DownloadButton("CSV", lambda: ("a.csv", "text/csv", state["text"].encode()), "Get CSV")
    state["text"] = "new"
    content, buffers = pressed(button, monkeypatch)
    assert content == {"request": "7", "name": "a.csv", "mime": "text/csv", "said": ""}
    assert buffers == [b"new"]
    assert button.error == ""


@pytest.mark.parametrize(
    ("error", "words"),
    [(ValueError("no run yet"), "No file: no run yet"), (KeyError(), "No file: KeyError")],
)
def test_an_error_becomes_words_until_the_next_press_succeeds(monkeypatch, error, words):
    answers = iter([error, ("a", "b", b"x")])

    def make():
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    button = DownloadButton("CSV", make, "Get CSV")
    assert pressed(button, monkeypatch) == ({"request": "7", "error": words}, None)
    assert button.error == words
    pressed(button, monkeypatch)
    assert button.error == ""


# --- what a browser does ----------------------------------------------------------------------

# Stands in for the model that Jupyter gives a widget: state, events, messages to Python.
MODEL = """
    window.decode = (x) =>
      x?.base64 !== undefined
        ? new DataView(Uint8Array.from(atob(x.base64), (c) => c.charCodeAt(0)).buffer)
        : Array.isArray(x) || x === null || typeof x !== "object"
          ? x
          : Object.fromEntries(Object.entries(x).map(([key, value]) => [key, decode(value)]));
    window.Model = class {
      sent = []; listeners = {}; libraryReads = 0;
      constructor(state, library) {
        this.state = decode(state);
        const get = (name) => (name === "source" ? (this.libraryReads++, library) : "1");
        this.widget_manager = { get_model: async () => ({ get }) };
      }
      get(name) { return this.state[name]; }
      on(names, f) { for (const n of names.split(" ")) (this.listeners[n] ??= []).push(f); }
      off(names, f) {
        for (const n of names.split(" "))
          this.listeners[n] = this.listeners[n].filter((g) => g !== f);
      }
      send(message) { this.sent.push(message); }
      tell(event, ...args) { for (const f of this.listeners[event] ?? []) f(...args); }
      put(name, value) { this.state[name] = decode(value); this.tell(`change:${name}`); }
    };
    window.load = (source) =>
      import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
    window.show = (model, widget) => {
      const el = document.body.appendChild(document.createElement("div"));
      return widget.default.render({ model, el });
    };
    null;
"""


def encode(value):
    """Bytes in a form that JSON can carry."""
    if isinstance(value, dict):
        return {key: encode(part) for key, part in value.items()}
    return {"base64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def picture(number, effect):
    packed = {name: pack(table) for name, table in tables(effect).items()}
    return encode({"number": number, "tables": packed})


def script(name):
    return Path(live_chart.__file__).with_name(f"{name}.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine (chromium on PATH)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS + MEMORY_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser):
    """An empty page; the test fails if it complains or asks for anything from outside."""
    page = browser.new_page(viewport={"width": 1200, "height": 1400})
    complaints = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("request", lambda request: complaints.append(request.url))
    page.evaluate(MODEL)
    yield page
    page.close()
    assert [words for words in complaints if not words.startswith(("blob:", "file:"))] == []


@pytest.fixture
def live(page):
    """A page with two views of one chart, of which the first picture is painted."""
    state = {
        "_spec": DEFINITION.to_dict(),
        "_picture": picture(1, -8_000.0),
        "_vega": "IPY_MODEL_x",
        "alt": "Three lines.",
    }
    page.evaluate(
        """async ([source, state, library]) => {
            window.widget = await load(source);
            window.model = new Model(state, library);
            window.stops = await Promise.all([show(model, widget), show(model, widget)]);
        }""",
        [script("live_chart"), state, live_chart._vega_source()],
    )
    return page


def painted(page, number):
    """Wait until both views have reported that picture; return what they show."""
    page.wait_for_function(
        "number => model.sent.filter((m) => m.painted === number).length === 2", arg=number
    )
    return page.locator(".simlib-chart svg").all_text_contents()


@pytest.mark.browser
def test_a_change_of_data_is_painted_in_every_view(live):
    before = painted(live, 1)
    assert live.evaluate("model.libraryReads") == 1  # once a page
    assert all(last_value(-8_000) in text for text in before)
    live.evaluate("picture => model.put('_picture', picture)", picture(2, -5_000.0))
    after = painted(live, 2)
    assert all(last_value(-5_000) in text for text in after)
    assert not any(last_value(-8_000) in text for text in after)


@pytest.mark.browser
def test_the_last_position_wins_and_no_queue_builds_up(live):
    pictures = [picture(number, -100.0 * number) for number in range(2, 42)]
    live.evaluate("pictures => pictures.forEach((p) => model.put('_picture', p))", pictures)
    assert all(last_value(-4_100) in text for text in painted(live, 41))
    assert live.evaluate("model.sent.length") <= 2 * 3  # the first, one that had begun, the last


@pytest.mark.browser
def test_nothing_jumps_when_numbers_change(live):
    fixed = [
        live.locator(".simlib-chart svg").first,
        *(live.get_by_text(text).first for text in ("Overdose deaths", "Difference from status")),
        live.get_by_text("calendar year").first,
    ]
    painted(live, 1)
    before = [each.bounding_box() for each in fixed]
    for number, effect in enumerate((-29_000.0, -31_000.0, 900.0, -0.5, 0.0), start=2):
        live.evaluate("picture => model.put('_picture', picture)", picture(number, effect))
        painted(live, number)
        assert [each.bounding_box() for each in fixed] == before


@pytest.mark.browser
def test_the_text_alternative_follows(live):
    images = live.get_by_role("img", name="Three lines.", exact=True)
    assert images.count() == 2
    live.evaluate("model.put('alt', 'Other lines.')")
    assert images.count() == 0
    assert live.get_by_role("img", name="Other lines.", exact=True).count() == 2


@pytest.mark.browser
def test_an_error_is_said_in_words_and_the_next_picture_is_painted(live):
    live.evaluate("model.put('_picture', { number: 2, tables: { lines: null } })")
    live.wait_for_function("model.sent.filter((m) => m.error).length === 2")
    alerts = live.get_by_role("alert")
    assert all("could not be drawn" in text for text in alerts.all_text_contents())
    live.evaluate("picture => model.put('_picture', picture)", picture(3, -5_000.0))
    assert all(last_value(-5_000) in text for text in painted(live, 3))
    assert alerts.all_text_contents() == ["", ""]


@pytest.mark.browser
def test_a_view_that_is_gone_hears_nothing(live):
    live.evaluate("stops[0]()")
    live.evaluate("picture => model.put('_picture', picture)", picture(2, -5_000.0))
    live.wait_for_function("model.sent.some((m) => m.painted === 2)")
    first, second = live.locator(".simlib-chart svg").all_text_contents()
    assert last_value(-5_000) in second
    assert last_value(-5_000) not in first


@pytest.mark.browser
def test_the_memory_of_the_browser_does_not_grow(live):
    """Left to itself, Vega keeps replaced rows: about 0.2 MB a change of each view."""
    grown = live.evaluate(
        """async (tables) => {
            const change = async (from, to) => {
                for (let number = from; number <= to; number++) {
                    model.put("_picture", { number, tables });
                    while (model.sent.length < 2) await new Promise((done) => setTimeout(done, 5));
                    model.sent.length = 0;
                }
                gc();
                return performance.memory.usedJSHeapSize / 1e6;
            };
            const before = await change(2, 31);
            return (await change(32, 91)) - before;
        }""",
        picture(2, -5_000.0)["tables"],
    )
    assert grown < 4  # [MB]


@pytest.mark.browser
def test_a_press_saves_the_file_once_however_many_views(page):
    page.evaluate(
        """async (source) => {
            const widget = await load(source);
            window.model = new Model({ label: "CSV", title: "Download as CSV", disabled: false });
            await show(model, widget);
            await show(model, widget);
        }""",
        script("download"),
    )
    downloads = []
    page.on("download", lambda each: downloads.append(each))
    button = page.get_by_role("button", name="Download as CSV")
    button.first.click()
    button.first.click()  # while busy: no second request
    assert page.get_by_role("status").all_text_contents() == ["preparing …", ""]
    assert button.first.get_attribute("aria-busy") == "true"
    answer = """() => {
        const bytes = new TextEncoder().encode("a,b\\n1,2\\n");
        model.tell("msg:custom", { ...model.sent[0], name: "n.csv", mime: "text/csv" },
            [new DataView(bytes.buffer)]);
    }"""
    with page.expect_download() as waiting:
        page.evaluate(answer)
    assert waiting.value.suggested_filename == "n.csv"
    assert Path(waiting.value.path()).read_bytes() == b"a,b\n1,2\n"
    assert page.evaluate("model.sent.length") == 1
    assert page.get_by_role("status").all_text_contents() == ["", ""]
    page.wait_for_timeout(200)
    assert len(downloads) == 1


@pytest.mark.browser
def test_a_failed_press_says_why_and_can_be_repeated(page):
    page.evaluate(
        """async (source) => {
            window.model = new Model({ label: "CSV", title: "Download as CSV", disabled: false });
            await show(model, await load(source));
        }""",
        script("download"),
    )
    button = page.get_by_role("button", name="Download as CSV")
    button.click()
    page.evaluate("model.tell('msg:custom', { ...model.sent[0], error: 'No file: no run' }, [])")
    assert page.get_by_role("status").text_content() == "No file: no run"
    button.click()
    assert page.evaluate("model.sent.length") == 2
    page.evaluate("model.put('disabled', true)")
    assert button.is_disabled()


@pytest.mark.browser
def test_the_exported_page_draws_itself_without_a_network(page, tmp_path):
    file = tmp_path / "chart.html"
    file.write_bytes(
        charts.export(
            charts.fill(DEFINITION, test_charts.example(effects=(-500.0, -8_000.0))), "html"
        )
    )
    page.goto(file.as_uri())
    page.wait_for_selector("svg.marks")
    assert last_value(-8_000) in page.locator("svg.marks").text_content()
    assert page.get_by_text("Open in Vega Editor").count() == 0  # it would send the data away
