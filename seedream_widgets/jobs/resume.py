"""Picks up requests that other sessions have in the journal, as jobs of this one; sends nothing.

An unfinished request of a session that has ended becomes a job here (`left_behind`, `take_over`,
`settle`); for one that another process is still working on, a job waits (`wait`).
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from seedream_widgets.errors import BackendError, JobCancelled, SubmitUnknownError
from seedream_widgets.jobs.job import Job
from seedream_widgets.library.journal import ENDS, UNSEEN_SECONDS, UNSENT
from seedream_widgets.values.handle import Handle
from seedream_widgets.values.receipt import request_from_receipt
from seedream_widgets.values.status import Queued

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

    from seedream_widgets.jobs.engine import Engine
    from seedream_widgets.library import Library
    from seedream_widgets.library.journal import Pending, Step
    from seedream_widgets.values.result import Result

_log = logging.getLogger(__name__)


def left_behind(
    library: Library, engine: Engine, keys: Collection[str] | None = None
) -> list[Pending]:
    """Return the pending requests that no process works on; those that have ended are put away.

    Args:
        library: The library whose journal is read.
        engine: Knows the jobs under way in this process.
        keys: Only requests with one of these keys; by default all.
    """
    found = []
    for entry in library._journal.pending():
        if keys is not None and entry.key not in keys:
            continue
        if is_at_work(entry, library, engine):
            continue
        if entry.step in ENDS:  # its process died before it could move the entry
            move_to_ended(entry, library)
        else:
            found.append(entry)
    return found


def is_at_work(entry: Pending, library: Library, engine: Engine) -> bool:
    """Tell whether some process, perhaps this one, is working on an entry's request."""
    if entry.owner == library._journal.leases.own():  # unless its end could not be written
        return engine.following.get(entry.id) is not None
    return entry.followed


def move_to_ended(entry: Pending, library: Library) -> None:
    """Move an entry to the ended ones."""
    try:
        library._journal.end(entry, entry.step, entry.billing, entry.message)
    except OSError as error:
        _log.warning("%s can't be written (%s)", library.path, error)


def take_over(entry: Pending, library: Library) -> Pending | None:
    """Make an entry this process's own; return ``None`` if another process has it."""
    try:
        return library._journal.take_over(entry)
    except OSError as error:  # a read-only library: fetching the result matters more
        _log.warning("%s can't be written (%s)", library.path, error)
        return entry


def job_of(entry: Pending, library: Library, engine: Engine) -> Job:
    """Return a job for an entry's request, with its handle if it was accepted."""
    asked = entry.request
    request = request_from_receipt(
        asked["prompt"], asked["settings"], asked["inputs"], library.input
    )
    job = Job(request, backend=entry.backend, engine=engine, id=entry.id, created=entry.created)
    if entry.step == "accepted" and entry.handle:
        job.handle = Handle(**entry.handle)
    return job


def settle(
    job: Job, entry: Pending, library: Library, engine: Engine, *, can_search: bool = False
) -> bool:
    """End a job that has nothing to wait for, and return whether that is so.

    Either its result is in the library already, or fal never answered.

    Args:
        job: The job.
        entry: The entry of its request.
        library: The library that the entry is in.
        engine: The engine that jobs end on.
        can_search: Whether the backend can search for a request whose reply was lost.
    """
    result = library._find(job.handle.request_id) if job.handle else None
    if result and not _is_result_of(
        result, entry
    ):  # fal gave one id to two requests: fetch this one
        result = None
    looks = can_search and entry.step == "sending" and bool(entry.sent)
    over = bool(result) or not (job.handle or looks)
    try:
        if result:
            library._share(result)
            engine.loop.call_soon_threadsafe(job._succeed, replace(result, request=job.request))
            library._journal.close(entry)
        elif over:
            error, step = _error_and_step(entry)
            engine.loop.call_soon_threadsafe(job._fail, error)
            library._journal.end(entry, step, error.billing, str(error))
    except OSError as error:
        _log.warning("%s can't be written (%s)", library.path, error)
    return over


def _is_result_of(result: Result, entry: Pending) -> bool:
    """Tell whether a result in the library is that of an entry's request."""
    receipt = result.receipt
    return receipt is None or (
        receipt.prompt == entry.request["prompt"] and entry.key in (None, receipt.key)
    )


def _error_and_step(entry: Pending) -> tuple[SubmitUnknownError | JobCancelled, Step]:
    if entry.step in UNSENT:
        return (
            JobCancelled("Python ended before it was sent; nothing is billed", billing="no"),
            "cancelled",
        )
    return lost_reply_error(), "unknown"


def lost_reply_error() -> SubmitUnknownError:
    """Return the error for a request that was sent just before Python ended."""
    return SubmitUnknownError(
        "Python ended before fal's reply came: fal may have accepted this request and may "
        "bill it. It is not sent again automatically; look at fal's dashboard, then submit it "
        "again",
        billing="maybe",
    )


PAUSE = 0.3
"""Seconds between two looks at the other process's entry."""


async def wait(
    job: Job,
    entry: Pending,
    library: Library,
    engine: Engine,
    adopt: Callable[[Pending], Awaitable[None]],
) -> None:
    """Have `job` wait for the same request in another process, and end as that does.

    Args:
        job: The job that waits.
        entry: The other process's entry.
        library: The library that has the journal and will have the result.
        engine: Runs what reads files.
        adopt: Goes on with the request if the other process ends before it is sent or fetched.
    """
    try:
        job._update(Queued())
        ours = await _follow_other(job, entry, library, engine)
    except asyncio.CancelledError:
        words = "no longer waited for; the other process that sent it goes on"
        job._fail(JobCancelled(words, billing="no"))
        raise
    except Exception as error:
        job._fail(BackendError(f"{library.path} can't be read ({error})", billing="no"))
    else:
        if ours:
            await adopt(ours)


async def _follow_other(
    job: Job, entry: Pending, library: Library, engine: Engine
) -> Pending | None:
    """End `job`, or return the entry that it has taken over and is to go on with."""
    gone = 0.0
    while True:
        now = await engine.run_on_disk(library._journal.find, entry.id)
        entry = now or entry
        if now is None or not is_at_work(now, library, engine):
            # The result is put into the library before the entry is removed.
            result = await engine.run_on_disk(library._twin, entry.key or "", entry.backend)
            if result:
                job._succeed(replace(result, request=job.request, cached=True))
                return None
            if now is None:
                gone = gone or time.monotonic()
                ended: bool = await engine.run_on_disk(library._journal.has_ended, entry)
                if ended or time.monotonic() - gone > UNSEEN_SECONDS:
                    job._fail(_no_result_error(entry))
                    return None
            elif now.step in (*UNSENT, "accepted"):
                ours = await _take_over_unless_cancelled(job, now, library, engine)
                if ours and ours.step in UNSENT:
                    result = await _find_late_result(ours, library, engine)
                    if result:
                        await engine.run_on_disk(library._journal.withdraw, ours)
                        job._succeed(replace(result, request=job.request, cached=True))
                        return None
                if ours:
                    return ours
            else:
                job._fail(
                    _sent_before_error(now) if now.step == "sending" else _no_result_error(now)
                )
                return None
        await asyncio.sleep(PAUSE)


async def _take_over_unless_cancelled(
    job: Job, entry: Pending, library: Library, engine: Engine
) -> Pending | None:
    """Take an entry over; release it again if `job` is cancelled meanwhile."""
    engine.following.add(job, library.path, entry.id)
    taking = asyncio.ensure_future(engine.run_on_disk(lambda: take_over(entry, library)))
    try:
        return await asyncio.shield(taking)
    except asyncio.CancelledError:
        ours = await taking
        if ours:
            await engine.run_on_disk(library._journal.release, ours)
        raise


def unseen_seconds(entry: Pending, library: Library) -> float:
    """Return how many seconds another machine's result of a claimed key may still be unseen."""
    try:
        return library._journal.unseen(entry)
    except OSError as error:
        _log.warning("%s can't be written (%s)", library.path, error)
        return 0.0


async def _find_late_result(ours: Pending, library: Library, engine: Engine) -> Result | None:
    """Return the result that another machine may just have kept, and that shows up late.

    The process that had claimed the request should have looked for it, but ended before it could.
    """
    try:
        end = time.monotonic() + await engine.run_on_disk(lambda: unseen_seconds(ours, library))
        while True:
            last = time.monotonic() >= end  # read before looking, as this process may be suspended
            result = await engine.run_on_disk(library._twin, ours.key or "", ours.backend)
            if result or last:
                return result
            await asyncio.sleep(PAUSE)
    except asyncio.CancelledError:
        await engine.run_on_disk(library._journal.release, ours)
        raise


def _sent_before_error(entry: Pending) -> SubmitUnknownError:
    when = datetime.fromtimestamp(entry.created).astimezone().isoformat(" ", "seconds")
    return SubmitUnknownError(
        f"the same request was sent before, at {when} (job {entry.id}), and Python ended before "
        "fal's reply came: fal may have accepted it and may bill it. Nothing was sent now. Look at "
        "https://fal.ai/dashboard/requests; then call sd.resume() to close the old one, or send it "
        "again with fresh=True",
        billing="no",
    )


def _no_result_error(entry: Pending) -> BackendError:
    known = f" (request {entry.handle['request_id']})" if entry.handle else ""
    return BackendError(
        f"another process sent the same request{known}, and the library has no result of it; "
        "sd.spending() says how it ended. Nothing was sent from here: look there before you submit "
        "it again",
        billing="no",
    )
