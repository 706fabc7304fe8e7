"""What all requests of one key share: a guarded AsyncClient, one SSL context, few connections."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx
from fal_client import AsyncClient

from seedream_widgets.backends.fal.addresses import is_about, is_endpoint_id, is_request_id
from seedream_widgets.backends.fal.errors import Explainer
from seedream_widgets.backends.fal.guard import watch_over
from seedream_widgets.errors import BackendError

if TYPE_CHECKING:
    import ssl

    from fal_client import AsyncRequestHandle

    from seedream_widgets.backends.base import Policy
    from seedream_widgets.backends.fal.limits import Limits
    from seedream_widgets.credentials import Key
    from seedream_widgets.values.handle import Handle


class _Unseen(str):
    """Be the key for fal_client, whose `AuthCredentials` shows in its repr what it is given."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


class Session:
    """Hold the connections of one key; made, used and closed on one loop."""

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
        self._client = client
        self._transport = handle.client
        self.queue = handle.status_url
        """A URL of the queue host: what others are measured against."""
        self.limits = limits
        self.explain = Explainer(key)
        self.requests = asyncio.Semaphore(limits.requests)
        self.submits = asyncio.Semaphore(limits.submits)
        self.cancels = asyncio.Semaphore(limits.requests)
        self.polls = asyncio.Lock()
        """Lets polls through one after the other."""
        self.context = context
        self.files = self.http()
        """For questions about files: without the key."""

    @classmethod
    async def open(cls, key: Key, limits: Limits, policy: Policy) -> Session:
        """Make the client and put the guard on it before anything is sent."""
        client = AsyncClient(key=_Unseen(key.value), default_timeout=limits.submit)
        # The public way to the httpx client fal_client uses: a handle's `client` field.
        handle = await client.get_handle("fal-ai/bytedance", "none")
        watch_over(handle.client, handle.status_url)
        # A context costs 45 ms to make, a client on a shared one 0.4 ms.
        context = await asyncio.to_thread(httpx.create_ssl_context)
        return cls(key, limits, client, handle, context, policy)

    @property
    def client(self) -> AsyncClient:
        """The guarded `fal_client.AsyncClient`."""
        return self._client

    def http(self, **options: Any) -> httpx.AsyncClient:
        """Make an httpx client on the shared context; proxies come from the environment."""
        return httpx.AsyncClient(verify=self.context, **options)

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
                f"{self.explain.clean(handle.endpoint_id, 80)!r} is no fal endpoint id; "
                "take it from the job or the result"
            )
        if not is_request_id(handle.request_id):
            raise BackendError(
                f"{self.explain.clean(handle.request_id, 80)!r} is no fal request id; "
                "take it from the job or the result"
            )
        known = await self._client.get_handle(handle.endpoint_id, handle.request_id)
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
