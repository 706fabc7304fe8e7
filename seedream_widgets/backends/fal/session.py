"""What all requests of one key share: a guarded `AsyncClient`, and how long they wait."""

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
# InvalidURL: of a redirect, though none is followed. KeyError, TypeError and ValueError: what
# fal_client raises for a reply it can't read.
LOST = (
    *(httpx.HTTPError, httpx.InvalidURL, asyncio.TimeoutError, KeyError, TypeError),
    *NOT_JSON,
)
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 15.0
# fal_client warns of each host it can't reach. What no handler takes, Python prints: into the cell.
logging.getLogger("fal_client").addHandler(logging.NullHandler())
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

    def __init__(self, session: FalSession, request_id: str) -> None:
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
    """Tell whether an error reply is not fal's own word on the request."""
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
    """The key as fal_client gets it, whose `AuthCredentials` would show it in their repr."""

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
        """A URL of the queue host: what others are measured against."""
        self.limits = limits
        self.explain = Explainer(key)
        self.requests = asyncio.Semaphore(limits.requests)
        self.submits = asyncio.Semaphore(limits.submits)
        self.cancels = asyncio.Semaphore(limits.requests)
        self.streams = asyncio.Semaphore(limits.open_streams)
        self.polls = asyncio.Lock()
        """Lets polls through one after the other."""
        self.context = context
        self.files = self.http()
        """For questions about files: without the key."""

    @classmethod
    async def open(
        cls, key: Key, limits: Limits, policy: Policy, context: ssl.SSLContext | None = None
    ) -> FalSession:
        """Make the client and put the guard on it before anything is sent."""
        client = AsyncClient(key=_Unseen(key.value), default_timeout=limits.submit)
        # The public way to the httpx client fal_client uses: a handle's `client` field.
        handle = await client.get_handle("fal-ai/bytedance", "none")
        watch_over(handle.client, handle.status_url, limits)
        # A context costs 45 ms to make, a client on a shared one 0.4 ms.
        if context is None:
            context = await asyncio.to_thread(Environment.now().context)
        return cls(key, limits, client, handle, context, policy)

    def http(self, most: int | None = None, **options: Any) -> httpx.AsyncClient:
        """Make an httpx client on the shared context; proxies come from the environment.

        Args:
            most: Bytes that are read of a reply; `Limits.reply_bytes` unless given.
            **options: As for `httpx.AsyncClient`.
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
        """Return fal_client's handle; an address not of fal is replaced by the one it must have.

        Raises:
            BackendError: The request id or the endpoint id is none.
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
