"""Uploads input images: the same bytes go up once, a few at a time."""

from __future__ import annotations

import asyncio
import re
import time
from typing import TYPE_CHECKING

import httpx
from fal_client import FalClientHTTPError, StorageSettings

from seedream_widgets.backends.fal.addresses import may_be_fetched
from seedream_widgets.errors import BackendError

if TYPE_CHECKING:
    from seedream_widgets.backends.fal.session import Session
    from seedream_widgets.images import ImageInput


class Uploads:
    """Remember where images went, by the hash of their bytes."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: dict[str, tuple[float, asyncio.Task[str]]] = {}
        self._slots = asyncio.Semaphore(session.limits.uploads)
        expires = session.policy.expire_media
        self._lifecycle = None if expires is None else StorageSettings(expires_in=expires)
        self._age = min(session.limits.upload_age, (expires or session.limits.upload_age * 2) / 2)

    async def url(self, image: ImageInput) -> str:
        """Return the URL of `image`, uploading it unless it is there or on its way.

        Raises:
            BackendError: It did not arrive; nothing is billed, and the next call tries anew.
            CredentialsError: fal refused the key or the account.
        """
        began, task = self._known.get(image.sha256, (0.0, None))
        if task is None or time.monotonic() - began > self._age:
            task = asyncio.create_task(self._send(image))
            self._known[image.sha256] = (time.monotonic(), task)
            task.add_done_callback(lambda done: self._forget_failed(image.sha256, done))
        # Shielded: one job's cancel must not stop the upload another waits for.
        return await asyncio.shield(task)

    def _forget_failed(self, sha256: str, task: asyncio.Task[str]) -> None:
        if task.cancelled() or task.exception() is not None:
            self._known.pop(sha256, None)

    async def _send(self, image: ImageInput) -> str:
        explain = self._session.explain
        try:
            async with self._slots:
                url = await self._session.client.upload(
                    image.data, image.media_type, _plain(image.name), lifecycle=self._lifecycle
                )
        except FalClientHTTPError as error:
            refusal = explain.response(error.response, accepted=False)
            raise refusal from explain.cause(error)
        except httpx.HTTPStatusError as error:
            refusal = explain.response(error.response, accepted=False)
            raise refusal from explain.cause(error)
        except httpx.HTTPError as error:
            lost = explain.unreachable(error, f"to upload {image.name}; nothing is billed")
            raise lost from explain.cause(error)
        except (KeyError, TypeError, ValueError) as error:
            raise _unusable(image) from error
        if not may_be_fetched(url, self._session.queue):
            raise _unusable(image)
        return url

    async def aclose(self) -> None:
        """Stop what is on its way."""
        tasks = [task for _, task in self._known.values() if not task.done()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _plain(name: str) -> str:
    """Return a file name that can stand in a header and in an address."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", name)[-100:] or "image"


def _unusable(image: ImageInput) -> BackendError:
    return BackendError(
        f"fal took {image.name} but gave no usable address for it. Nothing is billed; try again."
    )
