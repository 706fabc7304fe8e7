"""Makes `os.fork` wait until no thread of ours is at work.

A forked child has only the forking thread. A lock that another thread held at that moment (of an
import, OpenSSL or SQLite) stays locked in the child for ever, and whatever needs it hangs. So our
threads hold a `Gate` while they work, and a fork waits until it is free.
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
"""How long a fork waits for work under way; after that it forks all the same."""


class Gate:
    """A context manager for work during which this process must not fork; any number may enter."""

    def __init__(self) -> None:
        self._inside: dict[int, int] = {}
        """How many times each thread has entered it."""
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
        """Let no more threads in, and wait for those inside, except the caller itself."""
        me, end = threading.get_ident(), time.monotonic() + MOST_SECONDS
        with self._changed:
            self._forking += 1
            while self._inside.keys() - {me} and (left := end - time.monotonic()) > 0:
                self._changed.wait(left)

    def open(self) -> None:
        """Let threads in again."""
        with self._changed:
            self._forking -= 1
            self._changed.notify_all()

    def renew(self) -> None:
        """Reset it in a forked child, which has only this thread."""
        me = threading.get_ident()
        self._changed, self._forking = threading.Condition(), 0
        self._inside = {who: deep for who, deep in self._inside.items() if who == me}


gate = Gate()
"""The process's only gate, as a fork copies the whole process."""


class Pool(ThreadPoolExecutor):
    """A thread pool whose threads hold the gate while they work."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run `fn` in one of the threads."""
        return super().submit(_run, fn, args, kwargs)


def _run(work: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]) -> T:
    with gate:
        return work(*args, **kwargs)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=gate.close, after_in_parent=gate.open, after_in_child=gate.renew)
