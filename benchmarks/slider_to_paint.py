"""From a slider's move to the painted chart, in JupyterLab in Chromium.

``python benchmarks/slider_to_paint.py``: 30 moves of one slider with the model computed and with
pictures computed beforehand, in turn; of the calmest turn of each median, 95th percentile and their
ratio. A move is painted when the chart names the new total. With ``--picture FILE`` it also saves a
screenshot of the notebook.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import test_browser as browser_test

MOVES, TURNS = 30, 3
MEASURE = """
async ({moves, upward, settled}) => {
    const panel = document.querySelector('.simlib-chart');
    const slider = document.querySelector('.simlib-range');
    const drawn = () => panel.textContent.replace(/[^0-9A-Za-z. ]/g, '');
    const seen = (text) => new Promise((resolve, reject) => {
        const late = setTimeout(() => reject(`not drawn: ${text}`), 20000);
        const look = () => {
            if (!drawn().includes(text)) return;
            clearTimeout(late);
            watch.disconnect();
            requestAnimationFrame(() => resolve(performance.now()));
        };
        const watch = new MutationObserver(look);
        watch.observe(panel, {subtree: true, childList: true, attributes: true,
                              characterData: true});
        look();
    });
    const taken = [];
    for (let i = 0; i < moves; i++) {
        const start = performance.now();
        upward ? slider.stepUp() : slider.stepDown();
        slider.dispatchEvent(new Event('input', {bubbles: true}));
        const money = parseInt(slider.getAttribute('aria-valuetext').replaceAll(',', ''));
        taken.push(await seen(`Extra money ${money} million`) - start);
        await new Promise((resolve) => setTimeout(resolve, settled ? 1500 : 60));
    }
    return taken;
}
"""
BEFOREHAND = """
from simlib.dashboard import compute as _c
_real, _kept = _c.picture, {}
def _known(scenario, *rest, details=False, **more):
    key = (scenario.total, details)
    if key not in _kept:
        _kept[key] = _real(scenario, *rest, details=details, **more)
    return _kept[key]
_c.picture = _known
"""
COMPUTED = "_c.picture = _real"
TO_TOP = """
document.querySelectorAll('.jp-WindowedPanel-outer').forEach((panel) => { panel.scrollTop = 0; })
"""


def moves(page: object, upward: bool, settled: bool) -> np.ndarray:
    """Milliseconds from key to painted chart for each move.

    With `settled` each move waits until what follows the one before is done too; without, it
    follows at once, as in a drag.
    """
    chosen = {"moves": MOVES, "upward": upward, "settled": settled}
    return np.array(page.evaluate(MEASURE, chosen))


def told(name: str, turns: list[np.ndarray]) -> float:
    """Print median and 95th percentile of the calmest turn; return the latter [ms]."""
    calm = min(turns, key=lambda taken: float(np.quantile(taken, 0.95)))
    p95 = float(np.quantile(calm, 0.95))
    print(f"{name}: median {np.median(calm):.0f} ms, 95th percentile {p95:.0f} ms", flush=True)
    return p95


def in_kernel(page: object, code: str) -> None:
    """Run code in the notebook's kernel."""
    page.evaluate(
        """async (code) => {
            const panel = window.jupyterapp.shell.currentWidget;
            const kernel = panel.sessionContext.session.kernel;
            await kernel.requestExecute({code, silent: true}).done;
        }""",
        code,
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--picture", type=Path)
    chosen = parser.parse_args()
    import tempfile

    place = Path(tempfile.mkdtemp())
    made = {"mktemp": lambda self, _: Path(tempfile.mkdtemp()), "getbasetemp": lambda self: place}
    folders = type("Folders", (), made)()
    lab = browser_test.lab.__wrapped__(folders)
    browser = browser_test.browser.__wrapped__()
    opened = browser_test.opened.__wrapped__(next(lab), next(browser), folders)
    page = next(opened)["page"]
    page.wait_for_timeout(15_000)  # until the other cells have run
    if chosen.picture:
        page.set_viewport_size({"width": 1400, "height": 900})
        page.evaluate("window.jupyterapp.commands.execute('application:toggle-left-area')")
        page.wait_for_timeout(1500)
        page.evaluate(TO_TOP)
        page.wait_for_timeout(1500)
        page.screenshot(path=chosen.picture)
        page.set_viewport_size({"width": 1500, "height": 2200})
        page.wait_for_timeout(1500)
    in_kernel(page, BEFOREHAND)
    for upward, settled in ((True, True), (False, False)):
        moves(page, upward, settled)  # once, so that it is known
    taken: dict[tuple[str, bool], list[np.ndarray]] = {}
    for _ in range(TURNS):
        for way, code in (("computed", COMPUTED), ("computed beforehand", "_c.picture = _known")):
            in_kernel(page, code)
            for upward, settled in ((True, True), (False, False)):
                taken.setdefault((way, settled), []).append(moves(page, upward, settled))
    for settled, name in ((True, "single moves"), (False, "in a drag")):
        live = told(f"{name}, computed", taken["computed", settled])
        known = told(f"{name}, computed beforehand", taken["computed beforehand", settled])
        print(f"{name}, ratio of 95th percentiles: {live / known:.2f} (bar 2.0)")
    for started in (opened, browser, lab):
        next(started, None)


if __name__ == "__main__":
    main()
