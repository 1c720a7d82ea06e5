"""A picture that answers every move: one worker, the last wish wins, one line says what fails."""

import html
import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import ipywidgets as w

Wish = TypeVar("Wish")

RESTS_AFTER = 0.25
"""Quiet seconds after which a control counts as released."""


class Outdated(Exception):
    """What is being worked on is no longer wanted."""


class Runner(Generic[Wish]):
    """Works on the last wish only; once as a frame, then, when no newer one came, with the rest.

    A frame that is begun is finished, so that a drag paints. Front ends may call back in two
    threads at once, so wishes are guarded by one condition and all work is done by one thread. It
    stays: each new thread may get a part of memory of its own, which the next one does not use.

    Parameters
    ----------
    work : called with the wish and whether the control rests; may raise :class:`Outdated`
    failed : called with whatever else `work` raised
    """

    def __init__(
        self, work: Callable[[Wish, bool], None], failed: Callable[[Exception], None]
    ) -> None:
        self._work, self._failed = work, failed
        self._wish: list[tuple[Wish, bool]] = []
        self._condition = threading.Condition()
        self._thread: threading.Thread | None = None
        self._busy = False

    def wish(self, wish: Wish, frame: bool = True) -> None:
        """Ask for something; forget what was asked for before and not begun.

        Parameters
        ----------
        frame : whether a frame comes first
        """
        with self._condition:
            self._wish, self._busy = [(wish, frame)], True
            self._condition.notify_all()
            if self._thread is None:
                self._thread = threading.Thread(target=self._live, daemon=True)
                self._thread.start()

    def watch(self, _: float = 0.0) -> None:
        """Give up work that a newer wish has outdated; to be called on the way."""
        if self._wish:
            raise Outdated

    def wait(self, timeout: float = 60.0) -> bool:
        """Wait until nothing is left to do; whether that came to pass in time [s]."""
        with self._condition:
            return self._condition.wait_for(lambda: not self._busy, timeout)

    def _live(self) -> None:
        while True:
            with self._condition:
                if not self._wish:
                    self._busy = False
                    self._condition.notify_all()
                    self._condition.wait_for(lambda: bool(self._wish))
                wish, frame = self._wish.pop()
            if frame:
                self._try(wish, False)
                with self._condition:
                    if self._condition.wait_for(lambda: bool(self._wish), RESTS_AFTER):
                        continue
            self._try(wish, True)

    def _try(self, wish: Wish, rests: bool) -> None:
        try:
            self._work(wish, rests)
        except Outdated:
            pass
        except Exception as problem:  # whatever it is, the reader must see it
            self._failed(problem)


class Live(w.Box):
    """What all pictures have that a reader moves.

    Attributes
    ----------
    runner : waits, for tests, until the last move is drawn and all that follows it
    status : a line for what is going on, or has gone wrong
    """

    _draw: Callable[[Any, bool], None]
    """Draws what is wished for; when the control rests, also what follows a picture that stays."""

    def __init__(self) -> None:
        self._lock = threading.RLock()  # front ends may call back in two threads at once
        self.runner: Runner[Any] = Runner(self._draw, self.failed)
        self.status = w.HTML("").add_class("simlib-status")
        super().__init__()

    def say(self, words: str) -> None:
        """Say something in the line of the picture, until it is drawn again."""
        self.status.value = html.escape(words)

    def failed(self, problem: Exception) -> None:
        """Say what went wrong."""
        words = html.escape(str(problem) or type(problem).__name__).replace("\n", "<br>")
        self.status.value = f"<span role='alert'>{words}</span>"
