"""`FalBackend`: the steps of `Backend` on fal; imports httpx and fal_client when first used."""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import aclosing
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from seedream_widgets.backends.base import Policy
from seedream_widgets.backends.fal.limits import Limits
from seedream_widgets.backends.forks import gate
from seedream_widgets.errors import BackendError
from seedream_widgets.values.status import Completed, Queued

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence
    from io import BytesIO
    from pathlib import Path

    from seedream_widgets.backends.base import Listed, Output, OutputFile
    from seedream_widgets.backends.fal.connections import Environment
    from seedream_widgets.backends.fal.downloads import Downloads
    from seedream_widgets.backends.fal.session import FalSession
    from seedream_widgets.backends.fal.uploads import Uploader
    from seedream_widgets.credentials import Key
    from seedream_widgets.errors import Billing
    from seedream_widgets.images import ImageInput
    from seedream_widgets.images.growing import Arriving
    from seedream_widgets.library.uploads import KeptUploads
    from seedream_widgets.values.endpoints import Price
    from seedream_widgets.values.handle import Handle
    from seedream_widgets.values.request import Request
    from seedream_widgets.values.status import Status


def _import() -> None:
    with gate:
        for name in ("connections", "session", "uploads", "downloads"):
            import_module(f"seedream_widgets.backends.fal.{name}")


class _Opened(NamedTuple):
    """What the first call opens and `aclose` closes."""

    session: FalSession
    uploads: Uploader
    downloads: Downloads


class FalBackend:
    """fal, with one key; see `Backend`. All methods are called on one loop.

    Errors are a `CredentialsError` if fal refuses the key or the account, a `SubmitUnknownError`
    if the reply to a submit was lost, a `ResultError` if the pictures are gone or damaged, and
    another `BackendError` if fal refuses the request or can't be reached.

    Args:
        key: The fal key.
        limits: Time limits and counts.
        policy: What fal may keep.
        kept: Uploads of other and earlier kernels.
    """

    name = "fal"
    label: str | None = None
    bills = True

    def __init__(
        self,
        key: Key,
        limits: Limits | None = None,
        policy: Policy | None = None,
        kept: KeptUploads | None = None,
    ) -> None:
        self._key = key
        self._kept = kept
        self._policy = policy or Policy()
        self._limits = limits or Limits()
        self._opening = asyncio.Lock()
        self._opened: dict[Environment, _Opened] = {}
        self._queued: set[str] = set()

    def account(self, salt: str) -> str:
        """Return a salted digest of the key, to recognise requests that it sent."""
        return hashlib.sha256(f"{salt} {self._key.value}".encode()).hexdigest()[:16]

    async def upload(self, image: ImageInput) -> str:
        """Upload an image and return its URL; the same bytes are uploaded once."""
        return await (await self._open()).uploads.url(image)

    async def forget(self, image: ImageInput) -> None:
        """Forget where an image was uploaded to, as fal can no longer fetch it there."""
        for opened in self._opened.values():
            opened.uploads.forget(image.sent_sha256)
        if self._kept is not None:
            await asyncio.to_thread(self._kept.forget, image.sent_sha256)

    async def submit(self, request: Request, image_urls: Sequence[str]) -> Handle:
        """Send the request; never send it again if it may have been accepted."""
        session = (await self._open()).session
        from seedream_widgets.backends.fal.submit import privacy_headers, submit

        arguments = request.arguments_with(image_urls)
        headers = privacy_headers(self._policy)
        handle = await submit(session, request.endpoint.id, arguments, headers)
        self._queued.add(handle.request_id)
        return handle

    async def watch(self, handle: Handle) -> AsyncGenerator[Status, None]:
        """Yield `Queued` and `InProgress` as they change, then one `Completed`, and end."""
        session = (await self._open("maybe")).session
        from seedream_widgets.backends.fal.fetch import raise_failure
        from seedream_widgets.backends.fal.watch import Watch

        resolved = await session.resolve(handle)
        watch = Watch(session, resolved)
        async with aclosing(watch.statuses()) as statuses:
            async for status in statuses:
                self._note(handle, status)
                if isinstance(status, Completed):
                    await raise_failure(session, resolved, watch.end)
                yield status

    def _note(self, handle: Handle, status: Status) -> None:
        if isinstance(status, Queued):
            self._queued.add(handle.request_id)
        else:
            self._queued.discard(handle.request_id)

    async def fetch(self, handle: Handle) -> Output:
        """Return the finished request's output."""
        session = (await self._open("maybe")).session
        from seedream_widgets.backends.fal.fetch import fetch

        return await fetch(session, await session.resolve(handle))

    async def download(
        self, file: OutputFile, target: Path | BytesIO, arriving: Arriving | None = None
    ) -> None:
        """Write the untouched bytes of one output file to `target`, whole or not at all."""
        await (await self._open("yes")).downloads.save(file, target, arriving)

    async def cancel(self, handle: Handle) -> Billing:
        """Ask to stop the request and tell whether it may still be billed."""
        session = (await self._open("maybe")).session
        from seedream_widgets.backends.fal.submit import cancel

        queued = handle.request_id in self._queued
        billing = await cancel(session, await session.resolve(handle), queued=queued)
        self._queued.discard(handle.request_id)
        return billing

    async def find(self, endpoint_id: str, since: float) -> tuple[Listed, ...]:
        """Return the requests that fal lists for an endpoint since a time, in epoch seconds."""
        session = (await self._open()).session
        from seedream_widgets.backends.fal.platform_api import list_requests

        return await list_requests(session, endpoint_id, since)

    async def prices(self) -> Mapping[str, Price]:
        """Return fal's current prices by endpoint id; empty if they can't be had."""
        session = (await self._open()).session
        from seedream_widgets.backends.fal.platform_api import fetch_prices

        return await fetch_prices(session)

    async def aclose(self) -> None:
        """Close connections and stop uploads."""
        opened, self._opened = self._opened, {}
        for each in opened.values():
            await each.uploads.aclose()
            await each.session.aclose()
            each.downloads.close()

    async def _open(self, billing: Billing = "no") -> _Opened:
        """Return connections for the proxies and certificates that the environment names now.

        Requests under way keep the connections that they began with.

        Args:
            billing: What the error is to say about billing, if no connection can be made.

        Raises:
            BackendError: A proxy or certificate that the environment names can't be used.
        """
        async with self._opening:
            if not self._opened:
                # httpx and fal_client take 100 ms or more to import: too long for the loop.
                await asyncio.to_thread(_import)
            from seedream_widgets.backends.fal.connections import Environment
            from seedream_widgets.backends.fal.downloads import Downloads
            from seedream_widgets.backends.fal.session import FalSession
            from seedream_widgets.backends.fal.uploads import Uploader

            here = Environment.now()
            if here not in self._opened:
                try:
                    context = await asyncio.to_thread(here.context)
                except BackendError as error:
                    error.billing = billing
                    raise
                session = await FalSession.open(self._key, self._limits, self._policy, context)
                uploads = Uploader(session, self._kept)
                self._opened[here] = _Opened(session, uploads, Downloads(session))
            return self._opened[here]

    def __repr__(self) -> str:
        return "<FalBackend>"
