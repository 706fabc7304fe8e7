"""Threads of one widget, for work that may wait: for the disk, or for the widget's lock."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from seedream_widgets.jobs.engine import Engine

P = ParamSpec("P")
T = TypeVar("T")
_THREADS = 4


class Aside:
    """Runs work in threads of its own.

    An observer of the user's may hold a widget's lock while it waits for a job, so what takes the
    lock never runs in threads that jobs need.
    """

    def __init__(self, engine: Engine) -> None:
        self._loop = engine.loop
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="seedream-studio")

    async def __call__(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work` in a thread; call it on the engine's loop only."""
        return await self._loop.run_in_executor(self._threads, partial(work, *args, **kwargs))

    def later(self, work: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
        """Run `work` in a thread, and wait for nothing; once closed, not at all."""
        with suppress(RuntimeError):
            self._threads.submit(partial(work, *args, **kwargs))

    def close(self) -> None:
        """Take no more work."""
        self._threads.shutdown(wait=False)
