"""What all requests of one key share: the guarded `AsyncClient`, limits, and patience."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import httpx
from fal_client import AsyncClient, FalClientHTTPError

from seedream_widgets.backends.fal.addresses import is_about, is_endpoint_id, is_request_id
from seedream_widgets.backends.fal.connections import Environment
from seedream_widgets.backends.fal.errors import Explainer
from seedream_widgets.backends.fal.guard import GivenUp, Tries, bound, following, watch_over
from seedream_widgets.errors import BackendError
from seedream_widgets.files import NOT_JSON

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable

    from fal_client import AsyncRequestHandle

    from seedream_widgets.backends.base import Policy
    from seedream_widgets.backends.fal.limits import Limits
    from seedream_widgets.credentials import Key
    from seedream_widgets.values.handle import Handle


T = TypeVar("T")
# InvalidURL comes from a redirect's address, even though none is followed; KeyError, TypeError
# and ValueError from fal_client when it can't read a reply.
LOST = (
    *(httpx.HTTPError, httpx.InvalidURL, asyncio.TimeoutError, KeyError, TypeError),
    *NOT_JSON,
)
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 15.0
# fal_client logs a warning for each host it can't reach; without a handler, Python would print it
# into the cell.
logging.getLogger("fal_client").addHandler(logging.NullHandler())
_KNOWN = (401, 403, 404, 410)
"""What fal answers to a status request if the key, account or request is not known."""
_WORDS = (*_KNOWN, 400, 422, 499)
"""The 4xx that fal may answer in place of a result; others come from a proxy."""


async def within(seconds: float, work: Awaitable[T]) -> T:
    """Wait for `work`, at most so many seconds.

    Unlike `asyncio.wait_for` before Python 3.12 it never swallows a cancellation that comes at
    the same moment as the result.

    Raises:
        asyncio.TimeoutError: `work` took longer, and was cancelled.
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
    """Asks fal about a request until it answers, up to `Limits.patience` seconds of failures.

    The request is paid for, so network trouble must not lose it.
    """

    def __init__(self, session: FalSession, request_id: str) -> None:
        self._session = session
        self._request_id = request_id
        self._since: float | None = None
        self._pause = _FIRST_PAUSE

    async def call(
        self, ask: Callable[[], Awaitable[T]], passing: Callable[[FalClientHTTPError], bool]
    ) -> T:
        """Return what `ask` returns; error replies that are `passing` are retried.

        Raises:
            SeedreamError: fal's answer is an error, or there was none for too long.
        """
        while True:
            try:
                async with self._session.requests:
                    with following(Tries(math.inf)):
                        answer = await within(self._session.limits.call, ask())
            except GivenUp as error:
                doing = f"to ask for request {self._request_id}, which goes on"
                raise self._lost(error.__cause__, doing) from self._session.explain.cause(error)
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
            doing = (
                f"for {self._session.limits.patience / 60:.0f} minutes while request "
                f"{self._request_id} ran; it may be done and billed"
            )
            raise self._lost(error, doing) from self._session.explain.cause(error)
        await asyncio.sleep(min(self._pause, left))
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)

    def _lost(self, error: BaseException | None, doing: str) -> BackendError:
        return self._session.explain.unreachable(
            error,
            doing,
            then="call sd.resume() to get it",
            request_id=self._request_id,
            billing="maybe",
        )


def is_no_answer(error: FalClientHTTPError) -> bool:
    """Tell whether an error reply is not fal's own answer about the request."""
    if error.status_code < 500:
        page = "html" in error.response.headers.get("content-type", "")
        return page or error.status_code not in _WORDS
    try:
        return not isinstance(error.response.json(), dict)
    except NOT_JSON:
        return True


def is_trouble(error: FalClientHTTPError) -> bool:
    """Tell whether an error reply to a status request says nothing of the request itself."""
    return error.status_code not in _KNOWN or is_no_answer(error)


class _Unseen(str):
    """The key for fal_client, hidden from the repr of its `AuthCredentials`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


class FalSession:
    """The connections of one key; made, used and closed on one loop."""

    def __init__(
        self,
        key: Key,
        limits: Limits,
        client: AsyncClient,
        handle: AsyncRequestHandle,
        context: ssl.SSLContext,
        policy: Policy,
    ) -> None:
        self._key = key
        self.policy = policy
        self.client = client
        """The guarded `fal_client.AsyncClient`."""
        self._transport = handle.client
        self.queue = handle.status_url
        """A URL of the queue host, which other addresses are compared with."""
        self.limits = limits
        self.explain = Explainer(key)
        self.requests = asyncio.Semaphore(limits.requests)
        self.submits = asyncio.Semaphore(limits.submits)
        self.cancels = asyncio.Semaphore(limits.requests)
        self.streams = asyncio.Semaphore(limits.open_streams)
        self.polls = asyncio.Lock()
        """Spaces out the polls of all jobs."""
        self.context = context
        self.files = self.http()
        """A client without the key, to check whether uploads are still there."""

    @classmethod
    async def open(
        cls, key: Key, limits: Limits, policy: Policy, context: ssl.SSLContext | None = None
    ) -> FalSession:
        """Make the client and put the guard on it before anything is sent."""
        client = AsyncClient(key=_Unseen(key.value), default_timeout=limits.submit)
        # The public way to get at fal_client's httpx client is a handle's `client` field.
        handle = await client.get_handle("fal-ai/bytedance", "none")
        watch_over(handle.client, handle.status_url, limits)
        # Making a context takes 45 ms, making a client on a shared one 0.4 ms.
        if context is None:
            context = await asyncio.to_thread(Environment.now().context)
        return cls(key, limits, client, handle, context, policy)

    def http(self, most: int | None = None, **options: Any) -> httpx.AsyncClient:
        """Make an httpx client on the shared context; proxies come from the environment.

        Args:
            most: The most bytes to read of a reply; by default `Limits.reply_bytes`.
            **options: Passed to `httpx.AsyncClient`.
        """

        async def after(reply: httpx.Response) -> None:
            bound(reply, most or self.limits.reply_bytes)

        hooks = {"response": [after]}
        return httpx.AsyncClient(verify=self.context, event_hooks=hooks, **options)

    @property
    def authorization(self) -> dict[str, str]:
        """The header that carries the key."""
        return {"Authorization": f"Key {self._key.value}"}

    async def resolve(self, handle: Handle) -> AsyncRequestHandle:
        """Return fal_client's handle, with any address that is not fal's replaced by fal's own.

        Raises:
            BackendError: The request id or the endpoint id is malformed.
        """
        if not is_endpoint_id(handle.endpoint_id):
            raise BackendError(
                f"{self.explain.clean(handle.endpoint_id, 80)!r} is not a fal endpoint id; "
                "take it from the job or the result"
            )
        if not is_request_id(handle.request_id):
            raise BackendError(
                f"{self.explain.clean(handle.request_id, 80)!r} is not a fal request id; "
                "take it from the job or the result"
            )
        known = await self.client.get_handle(handle.endpoint_id, handle.request_id)
        given = {
            name: url
            for name in ("status_url", "response_url", "cancel_url")
            if is_about(url := getattr(handle, name), handle.request_id, self.queue)
        }
        return replace(known, **given)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()
        await self.files.aclose()
