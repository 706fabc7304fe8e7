"""Tells which processes are alive: each has a file in ``leases/`` that it touches every 5 seconds.

For a process on the same machine the system is asked, as a busy cell may keep Python from touching
its file. For other machines the file's time counts, by the clock of the shared disk, since the
clocks of two machines may be minutes apart.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
import weakref
from contextlib import suppress
from typing import TYPE_CHECKING

from seedream_widgets.library.processes import AWAY_SECONDS, runs, this_process

if TYPE_CHECKING:
    from collections.abc import Callable

    from seedream_widgets.library.steps import Steps

_log = logging.getLogger(__name__)
TOUCHED_EVERY = 5.0
_FOLDER = "leases"
_OLD = 7 * 86_400.0
"""Seconds of silence after which the lease of another machine's process is deleted."""


class Leases:
    """Keeps this process's lease in one library, and tells whether other processes are alive.

    Args:
        steps: Keeps the library's small files.
        own: Returns this process's name.
        runs: Tells whether a named process runs; ``None`` if that can't be seen from here.
        keep: Has the lease touched from now on; by default on a thread of this process.
    """

    def __init__(
        self,
        steps: Steps,
        own: Callable[[], str] = this_process,
        runs: Callable[[str], bool | None] = runs,
        keep: Callable[[Leases], object] | None = None,
    ) -> None:
        self._steps = steps
        self.own = own
        self._runs = runs
        self._keep = keep
        self._held = ""

    def hold(self) -> str:
        """Have this process's lease touched from now on, and return the process's name.

        A forked child gets its own lease.
        """
        own = self.own()
        if self._held != own:
            self.touch()
            self._held = own
            (self._keep or _keeper.add)(self)
        return own

    def touch(self) -> float:
        """Touch this process's lease, and return the time by the disk's clock."""
        try:
            return self._steps.touch(f"{_FOLDER}/{self.own()}")
        except OSError as error:  # a read-only library
            _log.debug("the lease can't be touched (%s)", error)
            return time.time()

    def follows(self, owner: str, touched: float) -> bool:
        """Tell whether the owner of an entry is still alive.

        Args:
            owner: A process's name; empty for none.
            touched: When it last wrote something, by the disk's clock.
        """
        if not owner:
            return False
        told = self._runs(owner)
        return self.silent(owner, touched) < AWAY_SECONDS if told is None else told

    def away(self, owner: str) -> bool:
        """Tell whether an owner is on another machine, so that only its lease can be seen."""
        return bool(owner) and self._runs(owner) is None

    def silent(self, owner: str, touched: float) -> float:
        """Return how many seconds ago an owner last wrote or touched something."""
        return self.touch() - max(touched, self._steps.touched(f"{_FOLDER}/{owner}"))

    def let_go(self) -> None:
        """Delete this process's lease, when it ends."""
        if self._held == self.own():
            self._held = ""
            try:
                self._steps.delete(f"{_FOLDER}/{self.own()}")
            except OSError as error:
                _log.debug("the lease can't be deleted (%s)", error)

    def sweep(self) -> None:
        """Delete the leases of processes that have ended."""
        with suppress(OSError):  # another process was faster, or it is read-only
            for name in self._steps.names(_FOLDER):
                told = self._runs(name)
                if told is False or (told is None and self.silent(name, 0) > _OLD):
                    self._steps.delete(f"{_FOLDER}/{name}")


class _Keeper:
    """Touches all leases of this process every few seconds, on its own thread."""

    def __init__(self) -> None:
        self._leases: weakref.WeakSet[Leases] = weakref.WeakSet()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def add(self, leases: Leases) -> None:
        with self._lock:
            self._leases.add(leases)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="seedream-leases", daemon=True
                )
                self._thread.start()

    def _run(self) -> None:
        while True:
            time.sleep(TOUCHED_EVERY)
            for each in self._all():
                each.touch()

    def _all(self) -> list[Leases]:
        with self._lock:
            return list(self._leases)

    def end(self) -> None:
        for each in self._all():
            each.let_go()


_keeper = _Keeper()
atexit.register(lambda: _keeper.end())


def _forget() -> None:
    # A forked child does not have the parent's thread, and the lock may stay held for ever.
    global _keeper
    _keeper = _Keeper()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
