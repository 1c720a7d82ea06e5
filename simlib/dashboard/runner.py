"""The latest wish wins: one worker, no queue."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Wish = TypeVar("Wish")

SETTLED_SECONDS = 0.25
"""Quiet time after which a control counts as released."""


class Runner(Generic[Wish]):
    """Works on the last wish only; first quickly, then, when no newer one came, in full.

    Front ends may call back in two threads at once, so wishes are guarded by one condition and
    all work is done by one thread. It stays: each new thread may get a part of memory of its own,
    which the next one does not use again.

    Parameters
    ----------
    work : called with the wish and whether to do it quickly
    failed : called with what `work` raised
    """

    def __init__(
        self, work: Callable[[Wish, bool], None], failed: Callable[[Exception], None]
    ) -> None:
        self._work, self._failed = work, failed
        self._wish: list[tuple[Wish, bool]] = []
        self._condition = threading.Condition()
        self._thread: threading.Thread | None = None
        self._busy = False

    def wish(self, wish: Wish, quickly: bool = True) -> None:
        """Ask for something; forget what was asked for before and not begun.

        With `quickly` it is done quickly first, and in full once no newer wish came for a while.
        """
        with self._condition:
            self._wish, self._busy = [(wish, quickly)], True
            self._condition.notify_all()
            if self._thread is None:
                self._thread = threading.Thread(target=self._live, daemon=True)
                self._thread.start()

    @property
    def newer(self) -> bool:
        """Whether something was asked for after what is being worked on."""
        return bool(self._wish)

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
                wish, quickly = self._wish.pop()
            if quickly:
                self._try(wish, True)
                with self._condition:
                    if self._condition.wait_for(lambda: bool(self._wish), SETTLED_SECONDS):
                        continue
            self._try(wish, False)

    def _try(self, wish: Wish, quickly: bool) -> None:
        try:
            self._work(wish, quickly)
        except Exception as problem:  # whatever it is, the reader must see it
            self._failed(problem)
