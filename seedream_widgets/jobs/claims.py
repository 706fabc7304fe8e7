"""Decides who may send a request with a key: only one of all processes that share a library."""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from seedream_widgets.errors import BackendError
from seedream_widgets.jobs.resume import unseen_seconds
from seedream_widgets.library.journal import UNSENT, TakenOver

if TYPE_CHECKING:
    from collections.abc import Callable

    from seedream_widgets.jobs.engine import Engine
    from seedream_widgets.jobs.job import Job
    from seedream_widgets.library import Library
    from seedream_widgets.library.journal import Pending
    from seedream_widgets.values.result import Result

_log = logging.getLogger(__name__)
_LOOK = 0.3
_TRIES = 200
_PAUSE = 0.01
"""Seconds between tries, while another process is between two of its writes."""


class Ours(NamedTuple):
    """This process may send the request; `entry` claims it, if that could be written."""

    entry: Pending | None


class Theirs(NamedTuple):
    """The request was submitted before: another process is at it, or has left it unfinished."""

    entry: Pending


def find_or_claim(
    key: str,
    backend: str,
    library: Library,
    engine: Engine,
    plan: Callable[[], Pending] | None,
    held: Result | None,
) -> Job | Result | Ours | Theirs:
    """Return what answers a request already, or the right to send it.

    Args:
        key: The request's key, which equal requests share.
        backend: The name of the backend that is to answer.
        library: The library whose results and journal are searched.
        engine: Knows the jobs under way in this process.
        plan: Returns the request's entry; ``None`` if nothing is billed, so that no claim is
            needed.
        held: This session's result of the request, if it could not be written to disk.

    Raises:
        BackendError: It can't be decided; nothing was sent.
        OSError: Likewise, only if several machines share the library; see `unreached_place`.
    """
    for tried in range(_TRIES):
        known = _find_answer(key, backend, library, engine, plan is not None)
        if isinstance(known, Theirs) and engine.following.get(known.entry.id):
            return Ours(None)  # that job is being cancelled here, and this asks for a new one
        if known or held or plan is None:
            return known or held or Ours(None)
        try:
            entry = library._journal.claim(plan()) or library._journal.claim_anew(plan())
        except (OSError, TakenOver) as error:
            if library._journal.strict:
                raise unreached_place(error) from error
            _log.warning(
                "%s can't be written (%s), so this request is sent without a record on disk: "
                "another process that asks for the same would pay for it, too, and sd.resume() "
                "can't find it. Its pictures stay in memory: save them with result.save()",
                *(library.path, error),
            )
            return Ours(None)
        if entry:
            break
        time.sleep(min(_PAUSE * 2**tried, _LOOK))
    else:
        raise BackendError(
            f"{library.path / 'claims'} does not show whether another process is already sending "
            "this request, so nothing was sent. Submit it again; if that does not help, add "
            "fresh=True",
            billing="no",
        )
    # Another process may have finished the request between the first look and the claim.
    end = time.monotonic() + unseen_seconds(entry, library)
    while True:
        last = time.monotonic() >= end  # read before looking, as this process may be suspended
        known = _find_answer(key, backend, library, engine, True, entry.id)
        if known or last:
            break
        time.sleep(_LOOK)
    if known:
        with suppress(OSError):
            library._journal.withdraw(entry)
    return known or Ours(entry)


def unreached_place(error: Exception) -> BackendError:
    """Return the error for a shared place that can't be reached, so that nothing was sent."""
    return BackendError(
        f"the shared place can't be reached ({error!s:.300}), so another machine might send this "
        "request as well; nothing was sent. Run it again once the place can be reached",
        billing="no",
    )


def _find_answer(
    key: str, backend: str, library: Library, engine: Engine, claims: bool, own_id: str = ""
) -> Job | Result | Theirs | None:
    jobs: list[Job] = engine.following.of(library.path)
    for job in jobs:
        if job._may_be_joined(engine) and (job.backend, job.request.key) == (backend, key):
            return job
    result = library._twin(key, backend)
    if result or not claims:
        return result
    entry = None if own_id else _entry_with_claim(key, backend, library)
    entry = entry or _entry_without_claim(key, backend, library, engine, own_id)
    return Theirs(entry) if entry else None


def _entry_with_claim(key: str, backend: str, library: Library) -> Pending | None:
    try:
        return library._journal.claimed(key, backend)
    except OSError as error:
        if library._journal.strict:
            raise
        _log.warning("%s can't be read (%s)", library.path, error)
        return None


def _entry_without_claim(
    key: str, backend: str, library: Library, engine: Engine, own_id: str
) -> Pending | None:
    """Return an equal request that has no claim: one of an early version, or of ``fresh=True``."""
    passed = {own_id, *(job.id for job in engine.following.of(library.path))}
    for entry in library._journal.pending(but=passed):
        same = (entry.key, entry.backend) == (key, backend)
        if same and (entry.step not in UNSENT or (entry.step == "planned" and entry.followed)):
            return entry
    return None
