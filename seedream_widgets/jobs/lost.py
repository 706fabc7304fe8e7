"""Submits whose reply was lost, found again in fal's own list of requests; none is sent twice.

What fal lists of the same endpoint, with exactly the same input, and is nobody's yet, is what was
lost. As many found as were lost, or fewer: those are taken. More: none, as one of them may be
somebody else's. Requests that ask for the very same are told apart by nothing, so none is taken
while another one of them is on its way and may be what is listed.
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
"""Seconds that the clocks here and at fal may differ."""
_FAST, _SLOW = 1.0, 10.0
_SHOWN = 5
_MOST_KNOWN = 1000


@dataclass(frozen=True)
class Sent:
    """Name what was sent: where, a digest of exactly what, and when by the clock here."""

    endpoint: str
    digest: str
    at: float


def sent_now(endpoint: str, arguments: dict[str, Any]) -> Sent:
    """Return what is about to be sent."""
    return Sent(endpoint, digest_of(endpoint, arguments), time.time())


def digest_of(endpoint: str, arguments: dict[str, Any]) -> str:
    """Return what requests share that ask an endpoint for exactly the same."""
    asked = json.dumps([endpoint, arguments], sort_keys=True)
    return hashlib.sha256(asked.encode()).hexdigest()


@dataclass(eq=False)
class Waiting:
    """Hold one request whose reply was lost, until it is told what became of it."""

    sent: Sent
    library: Library
    lost: SubmitUnknownError
    since: float = field(default_factory=time.monotonic)
    found: asyncio.Future[str] = field(default_factory=lambda: asyncio.Future[str]())


class LostReplies:
    """Look for all lost replies of a process together; used on the engine's loop alone.

    Args:
        patience: Seconds after which what is not listed is given up.
        pace: Shortest and longest pause between two looks, in seconds.
    """

    def __init__(self, patience: float = 180.0, pace: tuple[float, float] = (_FAST, _SLOW)) -> None:
        self.patience, self.pace = patience, pace
        self._on_their_way: Counter[str] = Counter()
        self._known: dict[str, Sent] = {}
        self._searches: dict[int, _Search] = {}

    @contextmanager
    def sending(self, sent: Sent) -> Iterator[None]:
        """Know that a request is on its way: what is listed may be that one."""
        self._on_their_way[sent.digest] += 1
        try:
            yield
        finally:
            self._on_their_way[sent.digest] -= 1

    def accepted(self, sent: Sent, request_id: str) -> None:
        """Know whose a request is; of very many the last ones, as the library knows all."""
        self._known[request_id] = sent
        if len(self._known) > _MOST_KNOWN:
            del self._known[next(iter(self._known))]

    def lose(
        self, backend: Backend, sent: Sent, library: Library, lost: SubmitUnknownError
    ) -> Waiting:
        """Begin to look for a request; call it while `sending` still knows it to be on its way."""
        waiting = Waiting(sent, library, lost)
        if not isinstance(backend, Finder):
            waiting.found.set_exception(lost)
            return waiting
        search = self._searches.get(id(backend))
        if search is None or search.task.done():
            search = self._searches[id(backend)] = _Search(self, backend)
            search.task.add_done_callback(lambda _: self._tidy())
        search.waiting.append(waiting)
        waiting.found.add_done_callback(lambda _: search.forget(waiting))
        return waiting

    def _tidy(self) -> None:
        """Let go of searches that have ended, and with them of their backends."""
        self._searches = {key: each for key, each in self._searches.items() if not each.task.done()}

    def on_their_way(self) -> set[str]:
        """Return the digests of what is being sent now."""
        return {digest for digest, count in self._on_their_way.items() if count}

    def shown_until(self, listed: Iterable[tuple[str, str]]) -> float:
        """Return when the last of ours was sent that a list shows, with just what it asked.

        Args:
            listed: Request ids and the digests of what they asked.
        """
        found = ((self._known.get(name), digest) for name, digest in listed)
        return max((ours.at for ours, asked in found if ours and ours.digest == asked), default=0)

    def is_known(self, request_id: str) -> bool:
        """Tell whether a request is one of this process's."""
        return request_id in self._known


class _Search:
    """Look through one backend's list, round after round, while somebody waits."""

    def __init__(self, all_: LostReplies, backend: Finder) -> None:
        self._all, self._backend = all_, backend
        self.waiting: list[Waiting] = []
        # Of all jobs, not of the one that happens to lose its reply first: no context of its own.
        self.task = Context().run(asyncio.ensure_future, self._look())

    async def _look(self) -> None:
        pause = self._all.pace[0]
        await asyncio.sleep(pause)
        while self.waiting:
            for endpoint in {each.sent.endpoint for each in self.waiting}:
                try:
                    await self._round(endpoint)
                except Exception as error:  # nobody may wait for ever
                    self._end(endpoint, f"looking for it failed ({error!s:.200})")
            if self.waiting:
                await asyncio.sleep(pause)
                pause = min(self._all.pace[1], pause * 1.5)

    async def _round(self, endpoint: str) -> None:
        before = self._all.on_their_way()
        asking = [each for each in self.waiting if each.sent.endpoint == endpoint]
        since = min(each.sent.at for each in asking) - SLACK
        try:
            listed = await self._backend.find(endpoint, since)
        except CredentialsError as error:
            self._end(endpoint, str(error))
            return
        except BackendError as error:
            self._end(endpoint, str(error), [each for each in asking if self._is_over(each)])
            return
        asked = {
            each.request_id: digest_of(endpoint, each.arguments)
            for each in listed
            if each.arguments is not None
        }
        shown_until = self._all.shown_until(asked.items())
        stored = len(asked) == len(listed)
        wanted = {each.sent.digest for each in asking}
        names = [name for name, digest in asked.items() if digest in wanted]
        for library in {each.library for each in asking}:
            ours, elsewhere = await asyncio.to_thread(_taken, library, names, since)
            # Nothing is awaited from here on, so that nothing begins meanwhile.
            here = before | self._all.on_their_way()
            for digest in wanted:
                alike = [
                    each for each in self.waiting
                    if each.sent.digest == digest and each.library is library
                ]  # fmt: skip
                found = [
                    name
                    for name in names
                    if asked[name] == digest and name not in ours and not self._all.is_known(name)
                ]
                if digest in here:
                    for each in alike:  # their time begins once the last of them is sent
                        each.since = time.monotonic()
                elif digest in elsewhere:
                    self._end(endpoint, _BUSY, [each for each in alike if self._is_over(each)])
                elif alike:
                    last = max(each.sent.at for each in alike)
                    self._tell(alike, found, caught_up=shown_until > last, stored=stored)

    def _tell(
        self, alike: list[Waiting], found: list[str], *, caught_up: bool, stored: bool
    ) -> None:
        """Give what is found to those who ask for the very same, or end their waiting."""
        endpoint = alike[0].sent.endpoint
        if len(found) > len(alike):
            names = ", ".join(found[:_SHOWN]) + (" and more" if len(found) > _SHOWN else "")
            why = f"fal lists {len(found)} such requests, and {len(alike)} were lost here: {names}"
            self._end(endpoint, why, alike)
            return
        over = [each for each in alike if self._is_over(each)]
        if len(found) == len(alike) or caught_up or len(over) == len(alike):
            for each, request_id in zip(alike, found, strict=False):
                self._all.accepted(each.sent, request_id)
                self._done(each).set_result(request_id)
        rest = [each for each in over if each in self.waiting]
        if caught_up:
            for each in rest:
                self._done(each).set_exception(
                    BackendError(
                        "the reply to this request was lost, and fal lists no such request: "
                        "nothing is billed. Submit it again",
                        billing="no",
                    )
                )
        elif stored:
            self._end(endpoint, "its list shows none like it so far", rest)
        else:
            self._end(endpoint, "its list does not say what the requests asked", rest)

    def _is_over(self, waiting: Waiting) -> bool:
        return time.monotonic() - waiting.since > self._all.patience

    def _end(self, endpoint: str, why: str, those: list[Waiting] | None = None) -> None:
        """End the waiting of `those`, or of all at an endpoint, with what was tried."""
        for each in list(self.waiting) if those is None else those:
            if each.sent.endpoint == endpoint:
                text = f"{str(each.lost).rstrip('.')}. It was looked for at fal: {why}."
                told = SubmitUnknownError(
                    text, status_code=each.lost.status_code, billing=each.lost.billing
                )
                self._done(each).set_exception(told)

    def forget(self, waiting: Waiting) -> None:
        """Look for it no longer: it was found, or nobody waits for it any more."""
        if waiting in self.waiting:
            self.waiting.remove(waiting)

    def _done(self, waiting: Waiting) -> asyncio.Future[str]:
        self.forget(waiting)
        # One whose waiting was given up takes nothing more.
        return asyncio.Future() if waiting.found.done() else waiting.found


_BUSY = "another Python was sending the very same, or ended while it did"


def _taken(library: Library, names: list[str], since: float) -> tuple[set[str], set[str]]:
    """Return which requests a library knows already, and what others of it are sending now."""
    journal, here = library._journal, this_process()
    pending = journal.pending()
    known = {
        entry.handle["request_id"]
        for entry in (*pending, *journal.ended(since))
        if entry.handle and "request_id" in entry.handle
    }
    ours = {name for name in names if name in known or library._find(name) is not None}
    # Those of a session that has ended, too, until they are resumed: they may be what is listed.
    others = (each for each in pending if each.step == "sending" and each.owner != here)
    return ours, {each.sent for each in others}
