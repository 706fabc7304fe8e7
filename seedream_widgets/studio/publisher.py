"""Sends job updates to the page: numbered, and never too many at once."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from seedream_widgets.values.status import Cancelled

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import RLock

    from seedream_widgets.jobs.engine import Engine
    from seedream_widgets.jobs.job import Job

_log = logging.getLogger(__name__)
INTERVAL = 0.1
"""Seconds between two sends."""
BURST = 10
"""The most messages at a time: the Jupyter server drops what exceeds 1,000 a second."""


class Publisher:
    """Sends each changed job's card, at most ten in a tenth of a second, numbered without gaps."""

    def __init__(self, engine: Engine, lock: RLock, send: Callable[[Job, int], None]) -> None:
        self._engine, self._lock, self._send = engine, lock, send
        self._changed: dict[str, Job] = {}
        self._scheduled = False
        self.seq = 0

    def publish(self, job: Job) -> None:
        """Have `job` shown soon, from any thread."""
        self._engine.loop.call_soon_threadsafe(self._add_changed, job)

    def next_number(self) -> int:
        """Return the number of the next message to the page; hold the lock."""
        self.seq += 1
        return self.seq

    def _add_changed(self, job: Job) -> None:
        if self._engine.ending and isinstance(job.status, Cancelled):
            return  # the kernel ends, nobody cancelled it; the page notices that by itself
        self._changed[job.id] = job
        if not self._scheduled:
            self._scheduled = True
            self._engine.loop.call_soon(self._flush)

    def _flush(self) -> None:
        # The engine never waits for the lock, which a user's observer may hold for long.
        if self._lock.acquire(blocking=False):
            try:
                for name in list(self._changed)[:BURST]:
                    self._send_safely(self._changed.pop(name), self.next_number())
            finally:
                self._lock.release()
        # The next flush waits even when nothing is left, so that a burst can't outrun it.
        self._engine.loop.call_later(INTERVAL, self._flush_or_rest)

    def _send_safely(self, job: Job, seq: int) -> None:
        try:
            self._send(job, seq)
        except Exception:  # the page asks for what it misses; further cards must still be sent
            _log.exception("the card of job %s could not be sent", job.id)

    def _flush_or_rest(self) -> None:
        if self._changed:
            self._flush()
        else:
            self._scheduled = False
