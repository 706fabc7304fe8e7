"""Finds submits whose reply was lost in fal's own list of requests, so that none is sent twice.

A request in fal's list is a candidate if it has the same endpoint and exactly the same input, and
belongs to no known job. If there are as many candidates as lost submits, or fewer, they are taken
to be those. If there are more, none is taken, as one may be somebody else's. Equal requests can't
be told apart, so none is taken either while an equal one is being sent that may be in the list.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections import Counter
from contextlib import contextmanager
from contextvars import Context
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from seedream_widgets.backends.base import Finder
from seedream_widgets.errors import BackendError, CredentialsError, SubmitUnknownError
from seedream_widgets.library.processes import this_process

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from seedream_widgets.backends.base import Backend
    from seedream_widgets.library import Library

SLACK = 900.0
"""How much this computer's clock and fal's may differ, in seconds."""
_FAST, _SLOW = 1.0, 10.0
_SHOWN = 5
_MOST_KNOWN = 1000


@dataclass(frozen=True)
class Sent:
    """One submit: the endpoint, a digest of exactly what was sent, and when (our clock)."""

    endpoint: str
    digest: str
    at: float


def sent_now(endpoint: str, arguments: dict[str, Any]) -> Sent:
    """Return the `Sent` of a submit that is about to be sent."""
    return Sent(endpoint, digest_of(endpoint, arguments), time.time())


def digest_of(endpoint: str, arguments: dict[str, Any]) -> str:
    """Return a digest that is the same for requests with exactly the same input."""
    asked = json.dumps([endpoint, arguments], sort_keys=True)
    return hashlib.sha256(asked.encode()).hexdigest()


@dataclass(eq=False)
class Waiting:
    """One request whose reply was lost; `found` gets its id, or the error if it is not found."""

    sent: Sent
    library: Library
    lost: SubmitUnknownError
    since: float = field(default_factory=time.monotonic)
    found: asyncio.Future[str] = field(default_factory=lambda: asyncio.Future[str]())


class LostReplies:
    """Searches for all lost replies of a process together; used only on the engine's loop.

    Args:
        patience: Seconds after which the search for a request that is not listed is given up.
        pace: Shortest and longest pause between two looks at the list, in seconds.
    """

    def __init__(self, patience: float = 180.0, pace: tuple[float, float] = (_FAST, _SLOW)) -> None:
        self.patience, self.pace = patience, pace
        self._on_their_way: Counter[str] = Counter()
        self._known: dict[str, Sent] = {}
        self._searches: dict[int, _Search] = {}

    @contextmanager
    def sending(self, sent: Sent) -> Iterator[None]:
        """Mark a request as being sent: an equal one in fal's list may be this one."""
        self._on_their_way[sent.digest] += 1
        try:
            yield
        finally:
            self._on_their_way[sent.digest] -= 1

    def accepted(self, sent: Sent, request_id: str) -> None:
        """Note that a request is known; only the latest are kept here, the library has all."""
        self._known[request_id] = sent
        if len(self._known) > _MOST_KNOWN:
            del self._known[next(iter(self._known))]

    def start_search(
        self, backend: Backend, sent: Sent, library: Library, lost: SubmitUnknownError
    ) -> Waiting:
        """Start the search for a request; call it inside `sending`."""
        waiting = Waiting(sent, library, lost)
        if not isinstance(backend, Finder):
            waiting.found.set_exception(lost)
            return waiting
        search = self._searches.get(id(backend))
        if search is None or search.task.done():
            search = self._searches[id(backend)] = _Search(self, backend)
            search.task.add_done_callback(lambda _: self._drop_ended_searches())
        search.waiting.append(waiting)
        waiting.found.add_done_callback(lambda _: search.forget(waiting))
        return waiting

    def _drop_ended_searches(self) -> None:
        """Remove searches that have ended, which would keep their backends alive."""
        self._searches = {key: each for key, each in self._searches.items() if not each.task.done()}

    def on_their_way(self) -> set[str]:
        """Return the digests of the requests that are being sent now."""
        return {digest for digest, count in self._on_their_way.items() if count}

    def complete_until(self, listed: Iterable[tuple[str, str]]) -> float:
        """Return when the latest of our requests in fal's list was sent: it is complete to there.

        Args:
            listed: Request ids and digests of their input.
        """
        found = ((self._known.get(name), digest) for name, digest in listed)
        return max((ours.at for ours, asked in found if ours and ours.digest == asked), default=0)

    def is_known(self, request_id: str) -> bool:
        """Tell whether a request was sent by this process."""
        return request_id in self._known


class _Search:
    """Looks through one backend's list, again and again, while somebody waits."""

    def __init__(self, replies: LostReplies, backend: Finder) -> None:
        self._replies, self._backend = replies, backend
        self.waiting: list[Waiting] = []
        # An empty context: the search serves all jobs, not just the one that happens to start it.
        self.task = Context().run(asyncio.ensure_future, self._look_until_settled())

    async def _look_until_settled(self) -> None:
        pause = self._replies.pace[0]
        await asyncio.sleep(pause)
        while self.waiting:
            for endpoint in {each.sent.endpoint for each in self.waiting}:
                try:
                    await self._look_once(endpoint)
                except Exception as error:  # else those who wait would wait for ever
                    self._give_up(endpoint, f"looking for it failed ({error!s:.200})")
            if self.waiting:
                await asyncio.sleep(pause)
                pause = min(self._replies.pace[1], pause * 1.5)

    async def _look_once(self, endpoint: str) -> None:
        before = self._replies.on_their_way()
        asking = [each for each in self.waiting if each.sent.endpoint == endpoint]
        since = min(each.sent.at for each in asking) - SLACK
        try:
            listed = await self._backend.find(endpoint, since)
        except CredentialsError as error:
            self._give_up(endpoint, str(error))
            return
        except BackendError as error:
            self._give_up(
                endpoint, str(error), [each for each in asking if self._has_waited_long(each)]
            )
            return
        asked = {
            each.request_id: digest_of(endpoint, each.arguments)
            for each in listed
            if each.arguments is not None
        }
        complete_until = self._replies.complete_until(asked.items())
        stored = len(asked) == len(listed)
        wanted = {each.sent.digest for each in asking}
        names = [name for name, digest in asked.items() if digest in wanted]
        for library in {each.library for each in asking}:
            ours, elsewhere = await asyncio.to_thread(_known_or_being_sent, library, names, since)
            # No await from here on, so that no submit can begin meanwhile.
            here = before | self._replies.on_their_way()
            for digest in wanted:
                alike = [
                    each for each in self.waiting
                    if each.sent.digest == digest and each.library is library
                ]  # fmt: skip
                found = [
                    name
                    for name in names
                    if asked[name] == digest
                    and name not in ours
                    and not self._replies.is_known(name)
                ]
                if digest in here:
                    for each in alike:  # the patience counts from when the last of them is sent
                        each.since = time.monotonic()
                elif digest in elsewhere:
                    self._give_up(
                        endpoint, _BUSY, [each for each in alike if self._has_waited_long(each)]
                    )
                elif alike:
                    last = max(each.sent.at for each in alike)
                    self._share_out(alike, found, caught_up=complete_until > last, stored=stored)

    def _share_out(
        self, alike: list[Waiting], found: list[str], *, caught_up: bool, stored: bool
    ) -> None:
        """Give the candidates to those who wait for equal requests, or end their waiting."""
        endpoint = alike[0].sent.endpoint
        if len(found) > len(alike):
            names = ", ".join(found[:_SHOWN]) + (" and more" if len(found) > _SHOWN else "")
            why = f"fal lists {len(found)} such requests, and {len(alike)} were lost here: {names}"
            self._give_up(endpoint, why, alike)
            return
        over = [each for each in alike if self._has_waited_long(each)]
        if len(found) == len(alike) or caught_up or len(over) == len(alike):
            for each, request_id in zip(alike, found, strict=False):
                self._replies.accepted(each.sent, request_id)
                self._settle(each, request_id)
        rest = [each for each in over if each in self.waiting]
        if caught_up:
            for each in rest:
                error = BackendError(
                    "the reply to this request was lost, and fal lists no such request: nothing "
                    "is billed. Submit it again",
                    billing="no",
                )
                self._settle(each, error)
        elif stored:
            self._give_up(endpoint, "its list shows none like it so far", rest)
        else:
            self._give_up(endpoint, "its list does not say what the requests asked", rest)

    def _has_waited_long(self, waiting: Waiting) -> bool:
        return time.monotonic() - waiting.since > self._replies.patience

    def _give_up(self, endpoint: str, why: str, those: list[Waiting] | None = None) -> None:
        """End the waiting of `those`, or of all at an endpoint, with an error that says why."""
        for each in list(self.waiting) if those is None else those:
            if each.sent.endpoint == endpoint:
                text = f"{str(each.lost).rstrip('.')}. It was looked for at fal: {why}."
                error = SubmitUnknownError(
                    text, status_code=each.lost.status_code, billing=each.lost.billing
                )
                self._settle(each, error)

    def forget(self, waiting: Waiting) -> None:
        """Stop searching for it: it was found, or nobody waits for it any more."""
        if waiting in self.waiting:
            self.waiting.remove(waiting)

    def _settle(self, waiting: Waiting, outcome: str | BackendError) -> None:
        """End the waiting with the request id or an error, unless nobody waits any more."""
        self.forget(waiting)
        if waiting.found.done():
            return
        if isinstance(outcome, str):
            waiting.found.set_result(outcome)
        else:
            waiting.found.set_exception(outcome)


_BUSY = "another process was sending the very same request, or ended while it did"


def _known_or_being_sent(
    library: Library, names: list[str], since: float
) -> tuple[set[str], set[str]]:
    """Return the requests that a library knows already, and what other processes are sending."""
    journal, here = library._journal, this_process()
    pending = journal.pending()
    known = {
        entry.handle["request_id"]
        for entry in (*pending, *journal.ended(since))
        if entry.handle and "request_id" in entry.handle
    }
    ours = {name for name in names if name in known or library._find(name) is not None}
    # This includes those of a session that has ended, until they are resumed: the list may show
    # them.
    others = (each for each in pending if each.step == "sending" and each.owner != here)
    return ours, {each.sent for each in others}
