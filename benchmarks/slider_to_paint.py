"""From a slider's move to the painted chart, in JupyterLab in Chromium.

``python benchmarks/slider_to_paint.py``: 30 moves of one slider with the model computed, then the
same moves with pictures computed beforehand; medians, 95th percentiles and their ratio. With
``--picture FILE`` it also saves a screenshot of the notebook.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import test_browser as browser_test

MOVES = 30
MEASURE = """
async ({moves, upward}) => {
    const panel = document.querySelector('.simlib-chart');
    const handle = document.querySelector('.widget-slider .noUi-handle');
    const key = upward ? 'ArrowRight' : 'ArrowLeft';
    const taken = [];
    for (let i = 0; i < moves; i++) {
        const start = performance.now();
        const painted = new Promise((resolve) => {
            const watch = new MutationObserver(() => {
                watch.disconnect();
                requestAnimationFrame(() => resolve(performance.now() - start));
            });
            watch.observe(panel, {subtree: true, childList: true, attributes: true,
                                  characterData: true});
        });
        handle.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}));
        taken.push(await painted);
        await new Promise((resolve) => setTimeout(resolve, 900));
    }
    return taken;
}
"""
BEFOREHAND = """
from simlib.dashboard import compute as _c
_real, _kept = _c.picture, {}
def _known(scenario, draws=1000, affordable=None):
    key = (scenario.total, draws)
    if key not in _kept:
        _kept[key] = _real(scenario, draws, affordable)
    return _kept[key]
_c.picture = _known
"""


def moves(page: object, upward: bool) -> np.ndarray:
    """Milliseconds from key to painted chart for each move."""
    return np.array(page.evaluate(MEASURE, {"moves": MOVES, "upward": upward}))


def told(name: str, taken: np.ndarray) -> float:
    """Print median and 95th percentile; return the latter [ms]."""
    p95 = float(np.quantile(taken, 0.95))
    print(f"{name}: median {np.median(taken):.0f} ms, 95th percentile {p95:.0f} ms", flush=True)
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

    folders = type("Folders", (), {"mktemp": lambda self, _: Path(tempfile.mkdtemp())})()
    lab = browser_test.lab.__wrapped__(folders)
    opened = browser_test.opened.__wrapped__(next(lab))
    page = next(opened)["page"]
    page.wait_for_timeout(8000)
    if chosen.picture:
        page.set_viewport_size({"width": 1480, "height": 1000})
        page.wait_for_timeout(1500)
        page.screenshot(path=chosen.picture)
        page.set_viewport_size({"width": 1500, "height": 2200})
        page.wait_for_timeout(1500)
    live = told("model computed", moves(page, True))
    in_kernel(page, BEFOREHAND)
    moves(page, False)
    known = told("computed beforehand", moves(page, True))
    print(f"ratio of 95th percentiles: {live / known:.2f} (bar 2.5)")
    for started in (opened, lab):
        next(started, None)


if __name__ == "__main__":
    main()
