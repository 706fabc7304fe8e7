"""A request that another kernel or client has under way: waited for, not paid for twice."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from seedream_widgets.errors import BackendError, JobCancelled
from seedream_widgets.jobs.resume import take_over
from seedream_widgets.values.status import Queued

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from seedream_widgets.jobs.engine import Engine
    from seedream_widgets.jobs.job import Job
    from seedream_widgets.library import Library
    from seedream_widgets.library.journal import Entry

PAUSE = 0.3
"""Seconds between two looks at the other's entry."""
_LONGEST = 3600.0
"""Seconds without a step after which the other's entry is taken to be stuck."""


def at_work(entry: Entry) -> bool:
    """Tell whether somebody is getting on with what an entry tells of."""
    return entry.followed and time.time() - entry.touched < _LONGEST


async def wait(
    job: Job,
    entry: Entry,
    library: Library,
    engine: Engine,
    adopt: Callable[[Entry], Awaitable[None]],
) -> None:
    """Take `job` to the end that another's `entry` comes to; send nothing.

    Args:
        job: The job that waits.
        entry: What the other follows.
        library: Whose journal it is, and where the result will be.
        engine: Runs what reads files.
        adopt: Goes on with an accepted request that the other left behind.
    """
    try:
        job.update(Queued())
        ours = await _end(job, entry, library, engine)
    except asyncio.CancelledError:
        words = "no longer waited for; the other Python that asked for it goes on"
        job.fail(JobCancelled(words, billing="no"))
        raise
    except Exception as error:
        job.fail(BackendError(f"{library.path} can't be read ({error})", billing="no"))
    else:
        if ours:
            await adopt(ours)


async def _end(job: Job, entry: Entry, library: Library, engine: Engine) -> Entry | None:
    """End `job`, or return the entry that it is to go on with."""
    while True:
        now = await engine.decode(library.journal.find, entry.id)
        if now is None or not at_work(now):
            # The result is put into the library before the entry is taken away.
            result = await engine.decode(library.twin, entry.key or "", entry.backend)
            if result:
                job.succeed(replace(result, request=job.request))
                return None
            if now is None or now.step != "accepted":
                job.fail(_no_result())
                return None
            ours = await engine.decode(take_over, now, library)
            if ours:
                return ours
        await asyncio.sleep(PAUSE)


def _no_result() -> BackendError:
    return BackendError(
        "another Python asked for the same and came to no result; sd.spending() says how it "
        "ended. Nothing was sent from here: submit it again",
        billing="no",
    )
