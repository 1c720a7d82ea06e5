"""Parts that open and close, and work that takes a while: with a bar and a way to stop it."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets as w
import traitlets

from simlib.charts.style import percent

Watch = Callable[[float], None]
"""Told the share done, 0 to 1; what it raises stops the work."""


def button(label: str, pressed: Callable[[], None], tooltip: str = "") -> w.Button:
    """A button as wide as its label."""
    made = w.Button(description=label, tooltip=tooltip, layout={"width": "auto"})
    made.on_click(lambda _: pressed())
    return made


class Head(anywidget.AnyWidget):
    """The button of a fold, which tells screen readers whether it is open."""

    _esm = Path(__file__).with_name("folds.js")
    description = traitlets.Unicode().tag(sync=True)
    value = traitlets.Bool().tag(sync=True)


class Fold(w.VBox):
    """A part under a button that opens and closes it; reached and moved by the keyboard.

    Parameters
    ----------
    title : on the button
    parts : shown while it is open
    is_open : at the beginning
    opened : called when the reader opens it
    """

    def __init__(
        self,
        title: str,
        parts: Sequence[w.Widget],
        is_open: bool = False,
        opened: Callable[[], None] = lambda: None,
    ) -> None:
        self._opened = opened
        self.head = Head(description=title, value=is_open)
        self.body = w.VBox(parts)
        self.body.add_class("simlib-fold-body")
        self.head.observe(self._turned, "value")
        self._show()
        super().__init__([self.head, self.body])

    @property
    def is_open(self) -> bool:
        """Whether its parts are shown."""
        return bool(self.head.value)

    def _turned(self, _: Any) -> None:
        self._show()
        if self.is_open:
            self._opened()

    def _show(self) -> None:
        self.body.layout.display = "" if self.is_open else "none"


class Stopped(Exception):
    """The reader has stopped the work."""


class Work(w.HBox):
    """A button that starts long work in a thread of its own, a bar, and a button that stops it.

    Parameters
    ----------
    label : on the button
    work : called with a `Watch`; it shows its result itself
    failed : called with what it raised
    """

    def __init__(
        self, label: str, work: Callable[[Watch], None], failed: Callable[[Exception], None]
    ) -> None:
        self._work, self._failed = work, failed
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._guard = threading.Lock()
        self.start = button(label, self.begin)
        self.cancel = button("Stop", self._stop.set)
        self.bar = w.FloatProgress(min=0, max=1, layout={"width": "220px"}, tooltip="Share done")
        self.words = w.HTML()
        super().__init__([self.start, self.bar, self.cancel, self.words])
        self._say("")

    def begin(self) -> None:
        """Start, unless it is at work already."""
        with self._guard:
            if self._thread and self._thread.is_alive():
                return
            self._stop.clear()
            self._say("at work")
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()

    def wait(self, timeout: float = 120.0) -> None:
        """Wait until the work has ended [s]."""
        if self._thread:
            self._thread.join(timeout)

    def _run(self) -> None:
        words = ""
        try:
            self._work(self._watch)
        except Stopped:
            words = "stopped"
        except Exception as problem:  # whatever it is, the reader must see it
            self._failed(problem)
        self._say(words)

    def _watch(self, done: float) -> None:
        if self._stop.is_set():
            raise Stopped
        self.bar.value = done
        self._say(percent(done))

    def _say(self, words: str) -> None:
        working = words.endswith("%") or words == "at work"
        self.bar.layout.visibility = self.cancel.layout.visibility = (
            "visible" if working else "hidden"
        )
        self.words.value = f"<span class='simlib-small'>{words}</span>"
