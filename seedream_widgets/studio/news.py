"""Tells the page of changes that no job announces: the backend, prices, and what was spent."""

from __future__ import annotations

import weakref
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import RLock

    from seedream_widgets.jobs.engine import Engine

LOOK_SECONDS = 2.0
"""Seconds between two checks for changes that nothing announces, such as a new FAL_KEY."""
_SOON_SECONDS = 0.1


class News:
    """Updates a widget's page soon after a change, and checks for changes while the widget lives.

    It runs on the engine's thread, so it works while a cell computes, and without IPython. It
    does not keep the widget alive.

    Args:
        engine: The engine whose thread it runs on.
        lock: Held while telling, but never waited for, as a user's observer may hold it long.
        tell: A bound method that tells the page all that is new.
    """

    def __init__(self, engine: Engine, lock: RLock, tell: Callable[[], None]) -> None:
        self._loop, self._lock = engine.loop, lock
        self._tell = weakref.WeakMethod(tell)
        self._scheduled = False
        self._ended = False

    def begin(self) -> None:
        """Start checking."""
        self._loop.call_soon_threadsafe(self._check)

    def tell_soon(self) -> None:
        """Have the page told soon; returns at once, on any thread."""
        with suppress(RuntimeError):  # Python is ending
            self._loop.call_soon_threadsafe(self._tell_soon)

    def end(self) -> None:
        """Stop checking."""
        self._ended = True

    def _check(self) -> None:
        if not self._ended and self._tell() is not None:
            self._tell_soon()
            self._loop.call_later(LOOK_SECONDS, self._check)

    def _tell_soon(self) -> None:
        if not self._scheduled and not self._ended:
            self._scheduled = True
            self._loop.call_later(_SOON_SECONDS, self._tell_now)

    def _tell_now(self) -> None:
        self._scheduled = False
        tell = self._tell()
        if tell is None or self._ended:
            return
        if not self._lock.acquire(blocking=False):
            self._tell_soon()
            return
        try:
            tell()
        finally:
            self._lock.release()
