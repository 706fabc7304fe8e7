"""What is not a job's news on its way to the page: who answers, at what prices, what was spent."""

from __future__ import annotations

import weakref
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import RLock

    from seedream_widgets.jobs.engine import Engine

LOOK_SECONDS = 2.0
"""Seconds between two looks at what nobody tells of, such as a key set in the environment."""
_SOON_SECONDS = 0.1


class News:
    """Have a studio's page told soon after a change, and look for changes while it is alive.

    It runs on the engine's thread, so that a cell that computes, or a Python without IPython,
    makes no difference. It keeps no studio alive.

    Args:
        engine: Whose thread and clock.
        lock: Held while telling; never waited for, as an observer of the user's may hold it long.
        tell: A bound method that tells the page everything that is new.
    """

    def __init__(self, engine: Engine, lock: RLock, tell: Callable[[], None]) -> None:
        self._loop, self._lock = engine.loop, lock
        self._tell = weakref.WeakMethod(tell)
        self._coming = False
        self._ended = False

    def begin(self) -> None:
        """Start looking."""
        self._loop.call_soon_threadsafe(self._look)

    def changed(self) -> None:
        """Have the page told soon; from any thread, and at once back."""
        with suppress(RuntimeError):  # Python is ending
            self._loop.call_soon_threadsafe(self._soon)

    def end(self) -> None:
        """Look no longer."""
        self._ended = True

    def _look(self) -> None:
        if not self._ended and self._tell() is not None:
            self._soon()
            self._loop.call_later(LOOK_SECONDS, self._look)

    def _soon(self) -> None:
        if not self._coming and not self._ended:
            self._coming = True
            self._loop.call_later(_SOON_SECONDS, self._now)

    def _now(self) -> None:
        self._coming = False
        tell = self._tell()
        if tell is None or self._ended:
            return
        if not self._lock.acquire(blocking=False):
            self._soon()
            return
        try:
            tell()
        finally:
            self._lock.release()
