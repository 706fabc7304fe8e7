"""Follows a running request: through fal's status stream, else by polling.

With 200 jobs, polling on one connection pool was measured to notice the end after seconds, and a
stream for each job, with a small client of its own, after 20 ms.
"""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import fal_client
import httpx
from httpx_sse import aconnect_sse

from seedream_widgets.backends.fal.session import Patience, is_trouble, within
from seedream_widgets.errors import whole_number
from seedream_widgets.files import NOT_JSON
from seedream_widgets.values.status import Completed, InProgress, Log, Queued, Status

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Mapping

    from fal_client import AsyncRequestHandle
    from httpx_sse import ServerSentEvent

    from seedream_widgets.backends.fal.errors import Explainer
    from seedream_widgets.backends.fal.session import FalSession
    from seedream_widgets.values.status import Status


_LARGEST = 1 << 22
"""The most characters of an event; fal's have a few hundred."""
_SLOW = 1 << 16
"""A longer event is parsed in a thread, so as not to block the loop."""
_MANY_EVENTS = 1000
"""After so many events, a stream is slowed down by a pause after each."""
_PAUSE = 0.01
_USELESS = (*NOT_JSON, httpx.TimeoutException, httpx.DecodingError, asyncio.TimeoutError)
LINES = 200
"""How many log lines of a job are kept."""
_MESSAGE = 2000
_WORD = 64
_SHARE = 0.02
"""The pause between two polls, as a share of the time waited so far."""
_APART = 0.005
"""Seconds between two polls of any jobs: at most 200 a second in all."""


class Report(NamedTuple):
    """One status reply: fal's state and further fields (untrusted)."""

    state: str
    position: object = None
    logs: object = None
    error: object = None
    error_type: object = None

    @classmethod
    def from_event(cls, data: Mapping[str, Any]) -> Report:
        """Read the JSON of one event of the status stream."""
        return cls(
            str(data.get("status")),
            data.get("queue_position"),
            data.get("logs"),
            data.get("error"),
            data.get("error_type"),
        )


class Progress:
    """Turns reports about a request into changes of its status."""

    def __init__(self) -> None:
        self._logs: tuple[Log, ...] = ()
        self._last: Status | None = None

    def change(self, report: Report) -> Status | None:
        """Return the new status, or ``None`` when nothing changed or the state is unknown."""
        self._logs = _joined(self._logs, read_logs(report.logs))
        status: Status
        if report.state == "IN_QUEUE":
            status = Queued(_position(report.position))
        elif report.state == "IN_PROGRESS":
            status = InProgress(self._logs)
        elif report.state == "COMPLETED":
            status = Completed(self._logs)
        else:
            return None
        if status == self._last:
            return None
        self._last = status
        return status


def read_logs(entries: object) -> tuple[Log, ...]:
    """Read fal's log entries; malformed ones are left out, and long ones cut."""
    if not isinstance(entries, list):
        return ()
    return tuple(
        Log(
            message[:_MESSAGE],
            str(entry.get("level") or "INFO")[:_WORD],
            str(entry.get("timestamp") or "")[:_WORD],
        )
        for entry in entries[-LINES:]
        if isinstance(entry, dict) and isinstance(message := entry.get("message"), str)
    )


def _joined(known: tuple[Log, ...], new: tuple[Log, ...]) -> tuple[Log, ...]:
    """Append log lines, without those known already: the stream sends new ones, a poll all."""
    for overlap in range(min(len(known), len(new)), 0, -1):
        if known[-overlap:] == new[:overlap]:
            return (known + new[overlap:])[-LINES:]
    return (known + new)[-LINES:]


def _position(value: object) -> int | None:
    place = whole_number(value)
    return place if place is not None and 0 <= place < 10**9 else None


class NoStream(Exception):
    """The status stream can't be used for this request."""


class StreamCut(Exception):
    """The status stream ended early."""


class Watch:
    """Follows one request to its end."""

    def __init__(self, session: FalSession, handle: AsyncRequestHandle) -> None:
        self._session = session
        self._handle = handle
        self._patience = Patience(session, handle.request_id)
        self._progress = Progress()
        self._began = time.monotonic()
        self.end: Report | None = None
        """The last report, once fal says that the request is completed."""

    async def statuses(self) -> AsyncGenerator[Status, None]:
        """Yield each change of status, the completion last."""
        async with aclosing(self._reports()) as reports:
            async for report in reports:
                if report.state == "COMPLETED":
                    self.end = report
                if status := self._progress.change(report):
                    yield status
                if self.end:
                    return

    async def _reports(self) -> AsyncGenerator[Report, None]:
        left, streams = self._session.limits.streams, self._session.streams
        while True:
            if left and not streams.locked():
                left -= 1
                try:
                    async with streams, aclosing(self._stream()) as reports:
                        async for report in reports:
                            yield report
                except NoStream:
                    left = 0
                except StreamCut:
                    yield await self._in_turn()
            else:
                yield await self._in_turn()
                await asyncio.sleep(self._pause())

    async def _in_turn(self) -> Report:
        async with self._session.polls:
            await asyncio.sleep(_APART)
        return await self._patience.call(self._poll, is_trouble)

    def _pause(self) -> float:
        shortest, longest = self._session.limits.poll
        waited = _SHARE * (time.monotonic() - self._began)
        return min(max(shortest, waited), longest)

    async def _poll(self) -> Report:
        status = await self._handle.status(with_logs=True)
        if isinstance(status, fal_client.Queued):
            return Report("IN_QUEUE", position=status.position)
        assert isinstance(status, fal_client.InProgress | fal_client.Completed)
        logs = self._session.explain.hide_in(status.logs)
        if isinstance(status, fal_client.InProgress):
            return Report("IN_PROGRESS", logs=logs)
        return Report("COMPLETED", logs=logs, error=status.error, error_type=status.error_type)

    async def _stream(self) -> AsyncGenerator[Report, None]:
        """Yield the stream's reports up to the completion.

        Raises:
            NoStream: The stream is refused, silent or malformed; poll instead.
            StreamCut: The connection ended early; open it again.
        """
        limits, url = self._session.limits, f"{self._handle.status_url}/stream"
        count = 0
        try:
            async with (
                self._session.http(limits.stream_bytes, timeout=limits.silence) as client,
                aconnect_sse(
                    client, "GET", url, params={"logs": "1"}, headers=self._session.authorization
                ) as source,
                aclosing(source.aiter_sse()) as events,
            ):
                _check(source.response)
                event = await within(limits.first_event, _next(events))
                while event is not None:
                    if event.data:
                        report = await self._read(event.data)
                        yield report
                        if report.state == "COMPLETED":
                            return
                    count += 1
                    await asyncio.sleep(0 if count < _MANY_EVENTS else _PAUSE)
                    event = await _next(events)
        except _USELESS as error:
            raise NoStream from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise StreamCut from error
        raise StreamCut

    async def _read(self, data: str) -> Report:
        if len(data) > _LARGEST:
            raise ValueError("an event of the status stream is too large")
        work = partial(_report, self._session.explain, data)
        return await asyncio.to_thread(work) if len(data) > _SLOW else work()


async def _next(events: AsyncIterator[ServerSentEvent]) -> ServerSentEvent | None:
    async for event in events:
        return event
    return None


def _check(reply: httpx.Response) -> None:
    kind = reply.headers.get("content-type", "")
    if reply.status_code != 200 or not kind.startswith("text/event-stream"):
        raise NoStream


def _report(explain: Explainer, event: str) -> Report:
    data = explain.hide_in(json.loads(event))
    if not isinstance(data, dict):
        raise ValueError("an event of the status stream is not an object")
    return Report.from_event(data)
