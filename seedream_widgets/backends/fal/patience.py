"""Waiting with an end, and trying again while a paid request is out of hearing."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, TypeVar

import httpx
from fal_client import FalClientHTTPError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from seedream_widgets.backends.fal.session import Session
    from seedream_widgets.errors import BackendError

T = TypeVar("T")
# InvalidURL: of a redirect, though none is followed. KeyError, TypeError and ValueError: what
# fal_client raises for a reply it can't read.
LOST = (httpx.HTTPError, httpx.InvalidURL, asyncio.TimeoutError, KeyError, TypeError, ValueError)
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 15.0
_KNOWN = (401, 403, 404, 410)
"""What fal answers to the question for a request: key, account or request are not known."""
_WORDS = (*_KNOWN, 400, 422, 499)
"""What besides a model may answer in place of a result; other 4xx come from in between."""


async def within(seconds: float, work: Awaitable[T]) -> T:
    """Wait for `work` that long.

    Unlike `asyncio.wait_for` before Python 3.12 it never swallows a cancellation that comes in
    the same moment as the result.

    Raises:
        asyncio.TimeoutError: It took longer, and was cancelled.
    """
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task}, timeout=seconds)
        if not task.done():
            raise asyncio.TimeoutError
        return task.result()
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait({task})


class Patience:
    """Call fal until it answers, up to `Limits.patience` seconds of nothing but failures.

    The request is paid for: trouble on the way must not lose it.
    """

    def __init__(self, session: Session, request_id: str) -> None:
        self._session = session
        self._request_id = request_id
        self._since: float | None = None
        self._pause = _FIRST_PAUSE

    async def call(
        self, ask: Callable[[], Awaitable[T]], passing: Callable[[FalClientHTTPError], bool]
    ) -> T:
        """Return what `ask` returns; `passing` tells which error replies are worth waiting out.

        Raises:
            SeedreamError: fal's answer is an error, or patience ended.
        """
        while True:
            try:
                async with self._session.requests:
                    answer = await within(self._session.limits.call, ask())
            except FalClientHTTPError as error:
                if not passing(error):
                    explain = self._session.explain
                    raise explain.response(
                        error.response, request_id=self._request_id
                    ) from explain.cause(error)
                await self._wait(error)
            except LOST as error:
                await self._wait(error)
            else:
                self._since, self._pause = None, _FIRST_PAUSE
                return answer

    async def _wait(self, error: Exception) -> None:
        now = time.monotonic()
        self._since = now if self._since is None else self._since
        left = self._since + self._session.limits.patience - now
        if left <= 0:
            raise self._given_up(error) from self._session.explain.cause(error)
        await asyncio.sleep(min(self._pause, left))
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)

    def _given_up(self, error: Exception) -> BackendError:
        minutes = self._session.limits.patience / 60
        known: dict[str, Any] = {"request_id": self._request_id, "billing": "maybe"}
        return self._session.explain.unreachable(
            error,
            f"for {minutes:.0f} minutes while request {self._request_id} ran; it may be done "
            "and billed",
            then="call sd.resume() to get it",
            **known,
        )


def is_no_answer(error: FalClientHTTPError) -> bool:
    """Tell whether an error reply is not fal's own word on the request."""
    if error.status_code < 500:
        page = "html" in error.response.headers.get("content-type", "")
        return page or error.status_code not in _WORDS
    try:
        return not isinstance(error.response.json(), dict)
    except ValueError:
        return True


def is_trouble(error: FalClientHTTPError) -> bool:
    """Tell whether an error reply to a status request says nothing of the request itself."""
    return error.status_code not in _KNOWN or is_no_answer(error)
