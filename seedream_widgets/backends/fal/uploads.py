"""Uploads input images, a few at a time, and the same bytes only once."""

from __future__ import annotations

import asyncio
import math
import time
from typing import TYPE_CHECKING

import httpx
from fal_client import FalClientHTTPError, StorageSettings

from seedream_widgets.backends.fal.addresses import is_upload, may_be_fetched
from seedream_widgets.backends.fal.guard import GivenUp, NotSent, Tries, following
from seedream_widgets.backends.fal.session import within
from seedream_widgets.errors import BackendError
from seedream_widgets.files import NOT_JSON
from seedream_widgets.library.uploads import KeptUpload

if TYPE_CHECKING:
    from seedream_widgets.backends.fal.session import FalSession
    from seedream_widgets.images import ImageInput
    from seedream_widgets.library.uploads import KeptUploads


class Uploader:
    """Uploads images, and remembers the URL of each by the hash of its bytes."""

    def __init__(self, session: FalSession, kept: KeptUploads | None) -> None:
        self._session = session
        self._kept = kept
        self._known: dict[str, tuple[float, asyncio.Task[str]]] = {}
        self._slots = asyncio.Semaphore(session.limits.uploads)
        self._expires = session.policy.expire_media
        self._lifecycle = (
            None if self._expires is None else StorageSettings(expires_in=self._expires)
        )
        # Other kernels reuse an expiring upload for half its life; this one for a quarter more.
        quarter = session.limits.upload_age if self._expires is None else self._expires / 4
        self._age = min(session.limits.upload_age, quarter)

    async def url(self, image: ImageInput) -> str:
        """Return the URL of `image`, uploading it unless it is already uploaded or being uploaded.

        Raises:
            BackendError: The upload failed; nothing is billed, and the next call tries again.
            CredentialsError: fal refused the key or the account.
        """
        began, task = self._known.get(image.sent_sha256, (0.0, None))
        if task is None or time.monotonic() - began > self._age:
            task = asyncio.create_task(self._address(image))
            self._known[image.sent_sha256] = (time.monotonic(), task)
            task.add_done_callback(lambda done: self._forget_failed(image.sent_sha256, done))
        # Shielded: cancelling one job must not stop an upload that another waits for.
        return await asyncio.shield(task)

    def forget(self, sent_sha256: str) -> None:
        """Forget an upload, so that the image is uploaded again next time."""
        self._known.pop(sent_sha256, None)

    def _forget_failed(self, sent_sha256: str, task: asyncio.Task[str]) -> None:
        failed = task.cancelled() or task.exception() is not None
        if failed and self._known.get(sent_sha256, (0.0, None))[1] is task:
            del self._known[sent_sha256]

    async def _address(self, image: ImageInput) -> str:
        if self._kept is None:
            return await self._send(image)
        kept = await asyncio.to_thread(self._kept.find, image.sent_sha256)
        if kept and self._may_serve(kept) and await self._answers(kept.url, len(image.data)):
            return kept.url
        now = time.time()
        url = await self._send(image)
        if is_upload(url, self._session.queue):
            expires = None if self._expires is None else now + self._expires
            await asyncio.to_thread(
                self._kept.keep, image.sent_sha256, KeptUpload(url, now, expires)
            )
        return url

    def _may_serve(self, kept: KeptUpload) -> bool:
        """Tell whether an earlier upload is recent enough, and expires as early as it has to."""
        now, lasts = time.time(), self._session.limits.kept_age
        if kept.expires is not None:
            lasts = min(lasts, (kept.expires - kept.uploaded) / 2)
        if self._expires is not None and (kept.expires or math.inf) > now + self._expires:
            return False
        return now - kept.uploaded < lasts and is_upload(kept.url, self._session.queue)

    async def _answers(self, url: str, size: int) -> bool:
        """Tell whether an uploaded file is still there: an account may let files expire early."""
        try:
            reply = await within(self._session.limits.answer, self._session.files.head(url))
        except (httpx.HTTPError, asyncio.TimeoutError):
            return False
        return reply.status_code == 200 and reply.headers.get("content-length") in (None, str(size))

    async def _send(self, image: ImageInput) -> str:
        explain = self._session.explain
        try:
            async with self._slots:
                with following(Tries(self._session.limits.unreachable)):
                    url = await self._sent(image)
        except NotSent as error:
            raise _unusable(image) from error
        except (FalClientHTTPError, httpx.HTTPStatusError) as error:
            refusal = explain.response(error.response, accepted=False)
            raise refusal from explain.cause(error)
        except (GivenUp, httpx.HTTPError, httpx.InvalidURL, asyncio.TimeoutError) as error:
            failure = error.__cause__ if isinstance(error, GivenUp) else error
            lost = explain.unreachable(failure, f"to upload {image.name}; nothing is billed")
            raise lost from explain.cause(error)
        except (KeyError, TypeError, *NOT_JSON) as error:
            raise _unusable(image) from explain.cause(error)
        if not may_be_fetched(url, self._session.queue):
            raise _unusable(image)
        return url

    async def _sent(self, image: ImageInput) -> str:
        # The name becomes part of a public address, and file names can give people away.
        name = f"image.{image.media_type.rpartition('/')[2]}"
        upload = self._session.client.upload(
            image.data, image.media_type, name, lifecycle=self._lifecycle
        )
        url: str = await within(self._session.limits.upload, upload)
        return url

    async def aclose(self) -> None:
        """Stop uploads under way."""
        tasks = [task for _, task in self._known.values() if not task.done()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _unusable(image: ImageInput) -> BackendError:
    return BackendError(
        f"fal took {image.name} but gave no usable address for it. Nothing is billed; try again."
    )
