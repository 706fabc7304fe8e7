"""What earlier sessions left behind in the journal, as jobs of this one; nothing is sent."""

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
from seedream_widgets.values.receipt import request_again
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
    """Return the pending requests that nobody follows; those that have ended are put away.

    Args:
        library: Whose.
        engine: Knows what this process is at.
        keys: Those with one of these keys only.
    """
    found = []
    for entry in library._journal.pending():
        if keys is not None and entry.key not in keys:
            continue
        if at_work(entry, library, engine):
            continue
        if entry.step in ENDS:  # its process ended right after it
            put_away(entry, library)
        else:
            found.append(entry)
    return found


def at_work(entry: Pending, library: Library, engine: Engine) -> bool:
    """Tell whether somebody is getting on with what an entry tells of."""
    if entry.owner == library._journal.leases.own():  # else its end could not be written
        return engine.following.get(entry.id) is not None
    return entry.followed


def put_away(entry: Pending, library: Library) -> None:
    """Move an entry to the ended ones."""
    try:
        library._journal.end(entry, entry.step, entry.billing, entry.message)
    except OSError as error:
        _log.warning("%s can't be written (%s)", library.path, error)


def take_over(entry: Pending, library: Library) -> Pending | None:
    """Make an entry this process's own; ``None`` when another process has it."""
    try:
        return library._journal.take_over(entry)
    except OSError as error:  # a library that is only read: the result counts more
        _log.warning("%s can't be written (%s)", library.path, error)
        return entry


def job_of(entry: Pending, library: Library, engine: Engine) -> Job:
    """Return the job that an entry tells of, with its handle if it was accepted."""
    asked = entry.request
    request = request_again(asked["prompt"], asked["settings"], asked["inputs"], library.input)
    job = Job(request, backend=entry.backend, engine=engine, id=entry.id, created=entry.created)
    if entry.step == "accepted" and entry.handle:
        job.handle = Handle(**entry.handle)
    return job


def settle(
    job: Job, entry: Pending, library: Library, engine: Engine, *, finds: bool = False
) -> bool:
    """End a job that has nothing to wait for: its result is here, or fal never answered.

    Args:
        job: The job.
        entry: What it follows.
        library: Whose entry it is.
        engine: Where jobs end.
        finds: Whether a request whose reply was lost can be looked for.
    """
    result = library._find(job.handle.request_id) if job.handle else None
    if result and not _tells_of(result, entry):  # fal gave the id twice: fetched, it is kept, too
        result = None
    looks = finds and entry.step == "sending" and bool(entry.sent)
    over = bool(result) or not (job.handle or looks)
    try:
        if result:
            library._share(result)
            engine.loop.call_soon_threadsafe(job._succeed, replace(result, request=job.request))
            library._journal.close(entry)
        elif over:
            error, step = _lost(entry)
            engine.loop.call_soon_threadsafe(job._fail, error)
            library._journal.end(entry, step, error.billing, str(error))
    except OSError as error:
        _log.warning("%s can't be written (%s)", library.path, error)
    return over


def _tells_of(result: Result, entry: Pending) -> bool:
    """Tell whether a kept result is what an entry asked for."""
    receipt = result.receipt
    return receipt is None or (
        receipt.prompt == entry.request["prompt"] and entry.key in (None, receipt.key)
    )


def _lost(entry: Pending) -> tuple[SubmitUnknownError | JobCancelled, Step]:
    if entry.step in UNSENT:
        return (
            JobCancelled("Python ended before it was sent; nothing is billed", billing="no"),
            "cancelled",
        )
    return lost_before(), "unknown"


def lost_before() -> SubmitUnknownError:
    """Return why it can't be told what became of a request that was sent before Python ended."""
    return SubmitUnknownError(
        "Python ended before fal's reply came: fal may have accepted this request and may "
        "bill it. It is not sent again by itself; look at fal's dashboard, then submit it again",
        billing="maybe",
    )


PAUSE = 0.3
"""Seconds between two looks at the other's entry."""


async def wait(
    job: Job,
    entry: Pending,
    library: Library,
    engine: Engine,
    adopt: Callable[[Pending], Awaitable[None]],
) -> None:
    """Take `job` to the end that another's `entry` comes to; send nothing.

    Args:
        job: The job that waits.
        entry: What the other follows.
        library: Whose journal it is, and where the result will be.
        engine: Runs what reads files.
        adopt: Goes on with a request that the other left behind, accepted or not yet sent.
    """
    try:
        job._update(Queued())
        ours = await _end(job, entry, library, engine)
    except asyncio.CancelledError:
        words = "not waited for any more; the other process that asked for it goes on"
        job._fail(JobCancelled(words, billing="no"))
        raise
    except Exception as error:
        job._fail(BackendError(f"{library.path} can't be read ({error})", billing="no"))
    else:
        if ours:
            await adopt(ours)


async def _end(job: Job, entry: Pending, library: Library, engine: Engine) -> Pending | None:
    """End `job`, or return the entry that it is to go on with."""
    gone = 0.0
    while True:
        now = await engine.run_on_disk(library._journal.find, entry.id)
        entry = now or entry
        if now is None or not at_work(now, library, engine):
            # The result is put into the library before the entry is taken away.
            result = await engine.run_on_disk(library._twin, entry.key or "", entry.backend)
            if result:
                job._succeed(replace(result, request=job.request, cached=True))
                return None
            if now is None:
                gone = gone or time.monotonic()
                ended: bool = await engine.run_on_disk(library._journal.has_ended, entry)
                if ended or time.monotonic() - gone > UNSEEN_SECONDS:
                    job._fail(_no_result(entry))
                    return None
            elif now.step in (*UNSENT, "accepted"):
                ours = await _to_go_on_with(job, now, library, engine)
                if ours and ours.step in UNSENT:
                    result = await _kept_meanwhile(ours, library, engine)
                    if result:
                        await engine.run_on_disk(library._journal.withdraw, ours)
                        job._succeed(replace(result, request=job.request, cached=True))
                        return None
                if ours:
                    return ours
            else:
                job._fail(_sent_before(now) if now.step == "sending" else _no_result(now))
                return None
        await asyncio.sleep(PAUSE)


async def _to_go_on_with(
    job: Job, entry: Pending, library: Library, engine: Engine
) -> Pending | None:
    """Take an entry over; one that `job` is cancelled meanwhile for is let go again."""
    engine.following.add(job, library.path, entry.id)
    taking = asyncio.ensure_future(engine.run_on_disk(lambda: take_over(entry, library)))
    try:
        return await asyncio.shield(taking)
    except asyncio.CancelledError:
        ours = await taking
        if ours:
            await engine.run_on_disk(library._journal.release, ours)
        raise


def unseen(entry: Pending, library: Library) -> float:
    """Return for how many seconds more another machine's result of a claimed key may not show."""
    try:
        return library._journal.unseen(entry)
    except OSError as error:
        _log.warning("%s can't be written (%s)", library.path, error)
        return 0.0


async def _kept_meanwhile(ours: Pending, library: Library, engine: Engine) -> Result | None:
    """Return the result that another machine came to a moment ago, which may show late.

    Who had claimed the request was to look for it, and ended before it could.
    """
    try:
        end = time.monotonic() + await engine.run_on_disk(lambda: unseen(ours, library))
        while True:
            last = time.monotonic() >= end  # before the look: this process may be stopped
            result = await engine.run_on_disk(library._twin, ours.key or "", ours.backend)
            if result or last:
                return result
            await asyncio.sleep(PAUSE)
    except asyncio.CancelledError:
        await engine.run_on_disk(library._journal.release, ours)
        raise


def _sent_before(entry: Pending) -> SubmitUnknownError:
    when = datetime.fromtimestamp(entry.created).astimezone().isoformat(" ", "seconds")
    return SubmitUnknownError(
        f"the same request was sent before, at {when} (job {entry.id}), and Python ended before "
        "fal's reply came: fal may have accepted it and may bill it. Nothing was sent now. Look at "
        "https://fal.ai/dashboard/requests; then call sd.resume() to put the old one away, or ask "
        "anew with fresh=True",
        billing="no",
    )


def _no_result(entry: Pending) -> BackendError:
    known = f" (request {entry.handle['request_id']})" if entry.handle else ""
    return BackendError(
        f"another process asked for the same{known}, and the library has no result of it; "
        "sd.spending() says how it ended. Nothing was sent from here: look there before you submit "
        "it again",
        billing="no",
    )
