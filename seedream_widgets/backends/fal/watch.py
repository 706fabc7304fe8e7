"""Follows a running request: by fal's status stream, else by polling.

Measured on 200 jobs, a poller for each on one connection pool takes seconds to notice the
end; a stream on a small client of its own takes 20 ms.
"""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, NamedTuple

import fal_client
import httpx

from seedream_widgets.backends.fal.session import Patience, is_trouble, within
from seedream_widgets.values.status import Completed, InProgress, Log, Queued, Status

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Mapping

    from fal_client import AsyncRequestHandle

    from seedream_widgets.backends.fal.session import FalSession
    from seedream_widgets.values.status import Status


_LARGEST = 4 * 1024 * 1024


class EventReader:
    """Collect chunks and give the data of each event that is complete.

    Comments and fields other than ``data`` are skipped; lines may end with LF or CRLF.

    Raises:
        ValueError: A line or an event is larger than anything fal sends.
    """

    def __init__(self, largest: int = _LARGEST) -> None:
        self._largest = largest
        self._rest = b""
        self._data: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> list[str]:
        """Take one chunk and return the events it completes."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if len(self._rest) > self._largest:
            raise ValueError("a line of the status stream is too long")
        return [event for line in lines if (event := self._line(line.removesuffix(b"\r")))]

    def _line(self, line: bytes) -> str | None:
        if not line:
            event = b"\n".join(self._data).decode("utf-8", "replace")
            self._data, self._size = [], 0
            return event
        field, _, value = line.partition(b":")
        if field == b"data":
            self._data.append(value.removeprefix(b" "))
            self._size += len(value)
        if self._size > self._largest:
            raise ValueError("an event of the status stream is too large")
        return None


LINES = 200
"""Log lines kept of one job."""
_MESSAGE = 2000
_WORD = 64


class Report(NamedTuple):
    """Hold one status reply: fal's state, and what came with it (untrusted)."""

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
    """Remember what was told, and turn reports into the changes."""

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
    """Read fal's log entries; what is no entry is left out, what is too long is cut."""
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
    """Join two runs of lines: the stream sends only new ones, a poll all of them."""
    for overlap in range(min(len(known), len(new)), 0, -1):
        if known[-overlap:] == new[:overlap]:
            return (known + new[overlap:])[-LINES:]
    return (known + new)[-LINES:]


def _position(value: object) -> int | None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole and 0 <= value < 10**9 else None  # type: ignore[operator, return-value]


_SHARE = 0.02
_APART = 0.005
"""Seconds between two polls, all jobs together: 200 a second at most, however many there are."""


class NoStream(Exception):
    """Tell that the status stream is no use for this request."""


class StreamCut(Exception):
    """Tell that the status stream ended early."""


class Watch:
    """Follow one request to its end."""

    def __init__(self, session: FalSession, handle: AsyncRequestHandle) -> None:
        self._session = session
        self._handle = handle
        self._patience = Patience(session, handle.request_id)
        self._progress = Progress()
        self._began = time.monotonic()
        self.end: Report | None = None
        """The last report, once fal says that the request is completed."""

    async def statuses(self) -> AsyncGenerator[Status, None]:
        """Yield each change, the completion last."""
        async with aclosing(self._reports()) as reports:
            async for report in reports:
                if report.state == "COMPLETED":
                    self.end = report
                if status := self._progress.change(report):
                    yield status
                if self.end:
                    return

    async def _reports(self) -> AsyncGenerator[Report, None]:
        for _ in range(self._session.limits.streams):
            try:
                async with aclosing(self._stream()) as reports:
                    async for report in reports:
                        yield report
            except NoStream:
                break
            except StreamCut:
                yield await self._in_turn()
        while True:
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
            NoStream: It is refused, silent or malformed: poll instead.
            StreamCut: The connection ended early: try it again.
        """
        limits, reader = self._session.limits, EventReader()
        url, wait = f"{self._handle.status_url}/stream", limits.first_event
        headers = {**self._session.authorization, "Accept": "text/event-stream"}
        try:
            async with (
                self._session.http(timeout=httpx.Timeout(limits.silence)) as client,
                client.stream("GET", url, params={"logs": "1"}, headers=headers) as reply,
            ):
                _check(reply)
                chunks = reply.aiter_bytes()
                while (chunk := await within(wait, _next(chunks))) is not None:
                    for event in reader.feed(chunk):
                        wait = limits.silence
                        report = _report(self._session.explain.hide_in(json.loads(event)))
                        yield report
                        if report.state == "COMPLETED":
                            return
        except (ValueError, httpx.TimeoutException, asyncio.TimeoutError) as error:
            raise NoStream from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise StreamCut from error
        raise StreamCut


async def _next(chunks: AsyncIterator[bytes]) -> bytes | None:
    async for chunk in chunks:
        return chunk
    return None


def _check(reply: httpx.Response) -> None:
    kind = reply.headers.get("content-type", "")
    if reply.status_code != 200 or not kind.startswith("text/event-stream"):
        raise NoStream


def _report(data: object) -> Report:
    if not isinstance(data, dict):
        raise ValueError("an event of the status stream is no object")
    return Report.from_event(data)
