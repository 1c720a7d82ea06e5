"""Random moves of a reader in a real browser: sliders, numbers, undo, presets, files, nonsense."""

import random
from collections.abc import Callable
from typing import Any

KEYS = ("ArrowRight", "ArrowLeft", "PageUp", "PageDown", "Home", "End")
NONSENSE = ("", "-5", "1e999", "nan", "abc", "1,5", "<b>", "0x10", "9" * 400)
DOWNLOADS = ("PNG", "SVG", "CSV", "TOML")
BROKEN = ("schema = 99", "", "schema = 1\ntotal = nan", "[[[[", "\x00")


class Reader:
    """One who moves whatever there is.

    Parameters
    ----------
    page : with a dashboard on it
    seed : of the moves
    """

    def __init__(self, page: Any, seed: int) -> None:
        self.page, self.dice = page, random.Random(seed)
        self.done: dict[str, int] = {}
        for fold in page.locator(".simlib-left .simlib-fold").all():
            if fold.get_attribute("class").find("mod-active") < 0:
                fold.click()
        moves: list[tuple[Callable[[], None], int]] = [
            (self.slide, 40), (self.place, 15), (self.type_number, 12), (self.type_nonsense, 8),
            (self.undo, 10), (self.redo, 5), (self.replay, 2), (self.pick, 4), (self.switch, 3),
            (self.reset, 2), (self.download, 1), (self.broken_file, 1), (self.broken_code, 2),
        ]  # fmt: skip
        self.moves, self.weights = zip(*moves, strict=True)

    def move(self) -> None:
        """Make one move."""
        chosen = self.dice.choices(self.moves, self.weights)[0]
        self.done[chosen.__name__] = self.done.get(chosen.__name__, 0) + 1
        chosen()
        self.page.wait_for_timeout(self.dice.choice((0, 0, 10, 60)))

    def _one(self, selector: str) -> Any:
        """One that is there now; it stays the same when the last move hides others."""
        shown = self.page.locator(f".simlib-left {selector}").locator("visible=true")
        return self.dice.choice(shown.element_handles())

    def slide(self) -> None:
        self._one(".simlib-range").focus()
        for _ in range(self.dice.randint(1, 6)):
            self.page.keyboard.press(self.dice.choice(KEYS))

    def place(self) -> None:
        # Without Playwright's wait until it can be seen: the last move may just be hiding it.
        self._one(".simlib-place").evaluate("place => place.click()")

    def _typed(self, text: str) -> None:
        self._one(".simlib-box").evaluate(
            "(box, text) => { box.value = text; box.dispatchEvent(new Event('change')); }", text
        )

    def type_number(self) -> None:
        self._typed(f"{self.dice.uniform(0, 1) * self.dice.choice((1, 10, 100, 5000)):.3f}")

    def type_nonsense(self) -> None:
        self._typed(self.dice.choice(NONSENSE))

    def _press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).first.click()

    def undo(self) -> None:
        for _ in range(self.dice.randint(1, 4)):
            self._press("Undo")

    def redo(self) -> None:
        self._press("Redo")

    def replay(self) -> None:
        self._press("Replay")

    def reset(self) -> None:
        self._press(self.dice.choice(("Reset policy", "Reset assumptions", "Reset judgement")))

    def pick(self) -> None:
        label = self.dice.choice(("Add a line:", "Show:"))
        box = self.page.get_by_label(label, exact=True).first
        box.select_option(index=self.dice.randrange(box.locator("option").count()))

    def switch(self) -> None:
        self._one("input[type=checkbox]").evaluate("box => box.click()")

    def download(self, kind: str = "") -> None:
        kind = kind or self.dice.choice(DOWNLOADS)
        named = self.page.get_by_role("button", name="Download the", exact=False)
        with self.page.expect_download(timeout=120_000):
            named.filter(has_text=kind).first.click()

    def broken_file(self) -> None:
        with self.page.expect_file_chooser() as chooser:
            self.page.get_by_role("button", name="Load scenario").first.click()
        text = self.dice.choice(BROKEN).encode()
        file = {"name": "broken.toml", "mimeType": "application/toml", "buffer": text}
        chooser.value.set_files(file)

    def broken_code(self) -> None:
        self.page.get_by_label("Load a code").fill(self.dice.choice(("", "S1-x", "x" * 30_000)))
        self._press("Load")


STATE = """
import ctypes, gc, ipywidgets, os
from simlib import simulation
simulation._begun.cache_clear()  # with the next: a few sets of draws of 43 MB, never more
simulation._history.cache_clear()
gc.collect()
getattr(ctypes.CDLL(None), 'malloc_trim', int)(0)  # what is free goes back, what leaks stays
_pages = int(open('/proc/self/statm').read().split()[1])
print(len(ipywidgets.widgets.widget._instances),
      len(get_ipython().kernel.comm_manager.comms), _pages * os.sysconf('SC_PAGE_SIZE'))
"""


def kernel_state(page: Any) -> tuple[int, int, int]:
    """Widgets and comms that are open in the notebook's kernel, and memory it uses [bytes]."""
    text = page.evaluate(
        """async (code) => {
            const context = window.jupyterapp.shell.currentWidget.sessionContext;
            const asked = context.session.kernel.requestExecute({code, store_history: false});
            let said = '';
            asked.onIOPub = (message) => { said += message.content.text ?? ''; };
            await asked.done;
            return said;
        }""",
        STATE,
    )
    widgets, comms, memory = map(int, text.split())
    return widgets, comms, memory
