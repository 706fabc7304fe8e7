"""What earlier sessions left behind in the journal, as jobs of this one; nothing is sent."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from seedream_widgets.again import request_again
from seedream_widgets.backends.base import Handle
from seedream_widgets.errors import JobCancelled, SubmitUnknownError
from seedream_widgets.jobs.job import Job

if TYPE_CHECKING:
    from seedream_widgets.jobs.engine import Engine
    from seedream_widgets.library import Library
    from seedream_widgets.library.journal import Entry, Step

_log = logging.getLogger(__name__)


def take_over(entry: Entry, library: Library) -> Entry | None:
    """Make an entry this process's own; ``None`` when another process has it."""
    try:
        return library.journal.claim(entry)
    except OSError as error:  # a library that is only read: the result counts more
        _log.warning("%s can't be written (%s)", library.path, error)
        return entry


def job_of(entry: Entry, library: Library, engine: Engine) -> Job:
    """Return the job that an entry tells of, with its handle if it was accepted."""
    asked = entry.request
    request = request_again(asked["prompt"], asked["settings"], asked["inputs"], library.input)
    job = Job(request, backend=entry.backend, engine=engine, id=entry.id, created=entry.created)
    if entry.step == "accepted" and entry.handle:
        job.handle = Handle(**entry.handle)
    return job


def settle(job: Job, entry: Entry, library: Library, engine: Engine) -> bool:
    """End a job that has nothing to wait for: its result is here, or fal never answered."""
    result = library.find(job.handle.request_id) if job.handle else None
    try:
        if result:
            engine.loop.call_soon_threadsafe(job.succeed, replace(result, request=job.request))
            library.journal.close(entry)
        elif not job.handle:
            error, step = _lost(entry)
            engine.loop.call_soon_threadsafe(job.fail, error)
            library.journal.end(entry, step, error.billing, str(error))
    except OSError as error:
        _log.warning("%s can't be written (%s)", library.path, error)
    return bool(result) or not job.handle


def _lost(entry: Entry) -> tuple[SubmitUnknownError | JobCancelled, Step]:
    if entry.step == "planned":
        return (
            JobCancelled("Python ended before it was sent; nothing is billed", billing="no"),
            "cancelled",
        )
    return (
        SubmitUnknownError(
            "Python ended before fal's reply came: fal may have accepted this request and may "
            "bill it. It is not sent again by itself; look at fal's dashboard, then submit anew",
            billing="maybe",
        ),
        "unknown",
    )
