"""Follows a running request: by fal's status stream, else by polling.

Measured on 200 jobs, a poller for each on one connection pool takes seconds to notice the
end; a stream on a small client of its own takes 20 ms.
"""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import aclosing
from typing import TYPE_CHECKING

import httpx
from fal_client import Completed, InProgress, Queued

from seedream_widgets.backends.fal.events import EventReader
from seedream_widgets.backends.fal.patience import Patience, is_trouble, within
from seedream_widgets.backends.fal.progress import Progress, Report

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from fal_client import AsyncRequestHandle

    from seedream_widgets.backends.fal.session import Session
    from seedream_widgets.values.status import Status

_SHARE = 0.02
_APART = 0.005
"""Seconds between two polls, all jobs together: 200 a second at most, however many there are."""


class NoStream(Exception):
    """Tell that the status stream is no use for this request."""


class StreamCut(Exception):
    """Tell that the status stream ended early."""


class Watch:
    """Follow one request to its end."""

    def __init__(self, session: Session, handle: AsyncRequestHandle) -> None:
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
        if isinstance(status, Queued):
            return Report("IN_QUEUE", position=status.position)
        assert isinstance(status, InProgress | Completed)
        logs = self._session.explain.hide_in(status.logs)
        if isinstance(status, InProgress):
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
