"""One daemon thread with one asyncio loop for the whole process, and three small thread pools.

The loop has a thread of its own, as tasks on the kernel's loop stop while a cell computes.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
import sys
import threading
from concurrent.futures import Future
from contextlib import suppress
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from seedream_widgets.backends.forks import MOST_SECONDS, Pool
from seedream_widgets.errors import say
from seedream_widgets.jobs.lost import LostReplies

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

_log = logging.getLogger(__name__)
T = TypeVar("T")
P = ParamSpec("P")

SENDING = 16
"""How many submits wait for their reply at once; further ones are not sent until one has come."""
DECODERS = 2
"""Threads that decode and encode previews; Pillow releases the GIL meanwhile."""
ARRIVALS = 2
"""Threads that decode for jobs, to put an answer into its region or to find out where an input
came from. They are apart from the others, so that previews do not hold up a job, nor a job's
pictures a submit."""
WRITERS = 4
"""Threads that read and write the disk, so that decoding never holds up a submit."""
_EXIT_SECONDS = 2.0
_REPLY_SECONDS = 5.0
"""How long Python's exit waits for the replies to submits, which bring the request ids."""
_SAID_AFTER = 1.0
"""After so many seconds of that the user is told why Python does not end."""


class Engine:
    """A background thread with an event loop, and pools for previews, arrivals and the disk."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.pool = Pool(DECODERS, thread_name_prefix="seedream-decode")
        self.arrivals = Pool(ARRIVALS, thread_name_prefix="seedream-arrival")
        self.disk = Pool(WRITERS, thread_name_prefix="seedream-disk")
        self.loop.set_default_executor(Pool(thread_name_prefix="seedream"))  # of `to_thread`
        self._pid = os.getpid()
        self._ended = False
        self._may_go_on = threading.Event()
        self._thread = threading.Thread(target=self._run, name="seedream-engine", daemon=True)
        self._closing: list[Callable[[], Coroutine[Any, Any, None]]] = []
        self.following = Following()
        self.slots = asyncio.Semaphore(SENDING)
        self.lost = LostReplies()
        self.cells: dict[str, list[str]] = {}
        """The cells that made a studio of a name, in order: each continues its own studio."""
        self.replies: set[asyncio.Future[Any]] = set()
        """Submits that were sent and have no reply yet."""
        self.ending = False
        """Whether Python is ending: nothing more is sent then."""
        self._errands: SimpleQueue[Callable[[], object] | None] = SimpleQueue()
        self._runs_errands = True
        self._errand_thread = threading.Thread(
            target=self._run_errands, name="seedream-submit", daemon=True
        )
        self._errand_thread.start()
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        while not self._ended:
            try:
                self.loop.run_forever()
            except BaseException:  # sys.exit() in somebody's callback ends asyncio's loop, not ours
                _log.exception("the engine of seedream_widgets goes on after this error")
        self.loop.close()

    def _end(self) -> None:
        self._ended = True
        self.loop.stop()

    def start(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Start `work` on the loop from any thread."""
        return asyncio.run_coroutine_threadsafe(work, self.loop)

    async def run_in_pool(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work` that decodes or encodes previews in their pool; only call it on the loop."""
        return await self._run_in(self.pool, lambda: work(*args, **kwargs))

    async def run_on_arrivals(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work` on a job's pictures, in a pool of its own; only call it on the loop."""
        return await self._run_in(self.arrivals, lambda: work(*args, **kwargs))

    async def run_on_disk(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work` that reads or writes files, in a pool of its own; only call it on the loop."""
        return await self._run_in(self.disk, lambda: work(*args, **kwargs))

    async def _run_in(self, pool: Pool, work: Callable[[], T]) -> T:
        try:
            waiting = self.loop.run_in_executor(pool, work)
        except RuntimeError:  # Python is ending and starts no more threads; the work left is short
            return work()
        return await waiting

    def uninterrupted(self, work: Callable[[], T]) -> T:
        """Run `work` to its end, even if Ctrl+C interrupts the caller that waits for it.

        Ctrl+C can strike the main thread at any point, for example between sending a request and
        adding it to the list of jobs. So another thread does the work, and the main thread waits.
        That thread exists already and the wait is a plain lock: interrupted while it starts a
        thread or waits with the classes of `threading`, the main thread could keep their locks
        for ever.
        """
        if not self._runs_errands or threading.current_thread() is not threading.main_thread():
            return work()
        done, ended = threading.Lock(), Future[T]()
        done.acquire()

        def run() -> None:
            try:
                ended.set_result(work())
            except BaseException as error:
                ended.set_exception(error)
            done.release()

        self._errands.put(run)
        done.acquire()
        return ended.result()

    def _run_errands(self) -> None:
        while (errand := self._errands.get()) is not None:
            errand()
            del errand  # else its images stay in memory until the next errand

    @property
    def here(self) -> bool:
        """Whether the caller runs on the engine's own thread, where blocking would deadlock."""
        return threading.current_thread() is self._thread

    def halt(self) -> None:
        """Hold the loop between two of its steps, until `go_on`: this process is about to fork."""
        self._may_go_on.clear()
        if self.here or not self._thread.is_alive():
            return
        halted = threading.Event()

        def wait() -> None:
            halted.set()
            self._may_go_on.wait()

        with suppress(RuntimeError):  # the loop is just closing
            self.loop.call_soon_threadsafe(wait)
            halted.wait(MOST_SECONDS)

    def go_on(self) -> None:
        """Let the loop go on after a fork."""
        self._may_go_on.set()

    @property
    def forked(self) -> bool:
        """Whether this process is a forked child of the engine's, where its thread does not run."""
        return os.getpid() != self._pid

    def at_close(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Have `work` awaited when Python ends, after all tasks have ended."""
        self._closing.append(work)

    def close_now(
        self,
        work: Callable[[], Coroutine[Any, Any, None]],
        after: Coroutine[Any, Any, object] | None = None,
    ) -> None:
        """Do the `work` given to `at_close` now, rather than when Python ends.

        The call waits for it, unless it has to come `after` something or the caller is on the
        engine's thread.
        """
        self._closing.remove(work)

        async def ending() -> None:
            try:
                if after is not None:
                    await after
            finally:
                await work()

        ended = self.start(ending())
        if after is None and not self.here:
            ended.result()

    def close(self) -> None:
        """End every task and the thread; fal goes on with what it has accepted."""
        if not self._thread.is_alive():
            return
        self._runs_errands = False
        self._errands.put(None)
        self._errand_thread.join(_REPLY_SECONDS)
        self.start(self._end_all_tasks()).add_done_callback(
            lambda _: self.loop.call_soon_threadsafe(self._end)
        )
        self._thread.join(_EXIT_SECONDS + _REPLY_SECONDS)
        for pool in (self.pool, self.arrivals, self.disk):
            pool.shutdown(wait=False, cancel_futures=True)

    async def _end_all_tasks(self) -> None:
        await self._await_replies()
        others = [each for each in asyncio.all_tasks() if each is not asyncio.current_task()]
        for each in others:
            each.cancel()
        await asyncio.wait(others, timeout=_EXIT_SECONDS / 2) if others else None
        last = [asyncio.ensure_future(work()) for work in self._closing]
        await asyncio.wait(last, timeout=_EXIT_SECONDS / 4) if last else None

    async def _await_replies(self) -> None:
        self.ending = True
        if not self.replies:
            return
        _, late = await asyncio.wait(self.replies, timeout=_SAID_AFTER)
        if late:
            say(
                f"seedream_widgets: waiting up to {_REPLY_SECONDS:.0f} s for fal's reply to "
                f"{len(late)} request(s) just sent, so that sd.resume() can find them",
                sys.stderr,
            )
            await asyncio.wait(late, timeout=_REPLY_SECONDS - _SAID_AFTER)


class Following:
    """The jobs under way in this process, of all clients, by the id of their journal entry."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        """Held during a submit, so that they come one after the other."""
        self._jobs: dict[str, tuple[Any, Path]] = {}

    def add(self, job: Any, library: Path, id: str = "") -> None:
        """Add a job until it ends, by the `id` of the entry that it follows, else its own."""
        self._jobs[id or job.id] = job, library
        job.on_update(self._drop_if_done)

    def _drop_if_done(self, job: Any) -> None:
        if job.done:
            self.drop(job)

    def drop(self, job: Any) -> None:
        """Remove a job."""
        for id, known in tuple(self._jobs.items()):
            if known[0] is job and self._jobs.get(id) is known:  # not the one that resumed it
                self._jobs.pop(id, None)

    # Who waits for a job is woken just before it is dropped, and may resume its request at once.
    def get(self, id: str) -> Any:
        """Return the job of an id that has not ended, or ``None``."""
        job, _ = self._jobs.get(id, (None, None))
        return None if job is None or job.done else job

    def of(self, library: Path) -> list[Any]:
        """Return the jobs of a library that have not ended."""
        return [job for job, its in tuple(self._jobs.values()) if its == library and not job.done]


_lock = threading.Lock()
_engine: Engine | None = None


def shared() -> Engine:
    """Return the process's one engine, started on first use and again after a fork."""
    global _engine
    with _lock:
        if _engine is None:
            _engine = Engine()
            atexit.register(_engine.close)
        return _engine


def _forget() -> None:
    # A forked child does not have the parent's thread, and the lock may stay held for ever.
    global _engine, _lock
    _engine, _lock = None, threading.Lock()


def _halt() -> None:
    if _engine is not None:
        _engine.halt()


def _go_on() -> None:
    if _engine is not None:
        _engine.go_on()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_halt, after_in_parent=_go_on, after_in_child=_forget)
