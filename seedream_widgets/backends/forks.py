"""Threads stand still while their process forks.

A forked child has one thread, and keeps for ever what others held at that moment: the lock of a
module that was being imported, of OpenSSL, of SQLite. What needs such a one then never ends there.
"""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
P = ParamSpec("P")

MOST_SECONDS = 2.0
"""Longest that a fork waits for work under way; with what takes longer it is as it always was."""


class Gate:
    """Hold it for as long as a child that is forked meanwhile would miss the thread."""

    def __init__(self) -> None:
        self._inside: dict[int, int] = {}
        """How deep each thread is in it."""
        self.renew()

    def __enter__(self) -> None:
        me = threading.get_ident()
        with self._changed:
            while self._forking and me not in self._inside:
                self._changed.wait()
            self._inside[me] = self._inside.get(me, 0) + 1

    def __exit__(self, *_: object) -> None:
        me = threading.get_ident()
        with self._changed:
            self._inside[me] -= 1
            if not self._inside[me]:
                del self._inside[me]
                self._changed.notify_all()

    def close(self) -> None:
        """Let nobody in any more, and wait for those inside, but for the caller itself."""
        me, end = threading.get_ident(), time.monotonic() + MOST_SECONDS
        with self._changed:
            self._forking += 1
            while self._inside.keys() - {me} and (left := end - time.monotonic()) > 0:
                self._changed.wait(left)

    def open(self) -> None:
        """Let all in again."""
        with self._changed:
            self._forking -= 1
            self._changed.notify_all()

    def renew(self) -> None:
        """Begin anew in a forked child, which has this thread alone."""
        me = threading.get_ident()
        self._changed, self._forking = threading.Condition(), 0
        self._inside = {who: deep for who, deep in self._inside.items() if who == me}


gate = Gate()
"""Of this process: a fork is of all of it."""


class Pool(ThreadPoolExecutor):
    """Threads that hold the gate while they work."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run `fn` in one of the threads."""
        return super().submit(_run, fn, args, kwargs)


def _run(work: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]) -> T:
    with gate:
        return work(*args, **kwargs)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=gate.close, after_in_parent=gate.open, after_in_child=gate.renew)
