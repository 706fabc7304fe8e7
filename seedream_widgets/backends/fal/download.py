"""Writes output files to disk, byte for byte, whole or not at all."""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING
from urllib.parse import urljoin

import httpx

from seedream_widgets.backends.fal.addresses import may_be_fetched
from seedream_widgets.backends.fal.inline import decode
from seedream_widgets.errors import ResultError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from seedream_widgets.backends.base import OutputFile
    from seedream_widgets.backends.fal.session import Session

_BLOCK = 1 << 20
_FIRST_PAUSE = 0.3


class Passing(Exception):
    """Tell that a download failed in a way that may pass."""


class Pace:
    """See to it that a download gets on."""

    def __init__(self, least: int, seconds: float) -> None:
        self._least, self._seconds = least, seconds
        self._since, self._bytes = time.monotonic(), 0

    def note(self, count: int) -> None:
        """Count bytes that have come.

        Raises:
            Passing: They are too few.
        """
        self._bytes += count
        now = time.monotonic()
        if now - self._since < self._seconds:
            return
        if self._bytes < self._least:
            raise Passing(f"only {self._bytes:,} bytes in {now - self._since:.0f} s")
        self._since, self._bytes = now, 0


class Downloads:
    """Fetch output files, a few at a time, without the key."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._slots = asyncio.Semaphore(session.limits.downloads)

    async def save(self, file: OutputFile, target: Path) -> None:
        """Write the bytes of `file` to `target`, readable by its owner alone.

        Raises:
            ResultError: The file is gone, is no image, or did not arrive whole.
            OSError: `target` can't be written.
        """
        if file.url.startswith("data:"):
            with _whole(target) as out:
                largest = self._session.limits.file_bytes
                await asyncio.to_thread(_write_inline, file.url, out, largest)
            return
        async with self._slots:
            await self._fetch(file.url, target)

    async def _fetch(self, url: str, target: Path) -> None:
        limits, pause = self._session.limits, _FIRST_PAUSE
        for left in reversed(range(limits.attempts)):
            try:
                with _whole(target) as out:
                    await self._stream(url, out)
                return
            except (Passing, httpx.RequestError, httpx.InvalidURL) as error:
                if not left:
                    raise self._refusal(f"did not arrive ({self._why(error)})", url) from error
            await asyncio.sleep(pause)
            pause *= 2

    async def _stream(self, url: str, out: IO[bytes]) -> None:
        limits = self._session.limits
        for _ in range(limits.redirects + 1):
            self._check_address(url)
            headers = {"Accept": "image/*", "Accept-Encoding": "identity"}
            async with self._session.files.stream(
                "GET", url, headers=headers, timeout=httpx.Timeout(limits.stall)
            ) as reply:
                if not reply.has_redirect_location:
                    await self._copy(reply, url, out)
                    return
                url = urljoin(url, reply.headers["location"])
        raise self._refusal("is redirected too often", url)

    def _check_address(self, url: str) -> None:
        if not may_be_fetched(url, self._session.queue):
            raise self._refusal("is sent on to an address that is not safe to fetch", url)

    async def _copy(self, reply: httpx.Response, url: str, out: IO[bytes]) -> None:
        self._check_reply(reply, url)
        written, block, pace = 0, bytearray(), Pace(*self._session.limits.pace)
        async for chunk in _chunks(reply):
            pace.note(len(chunk))
            block += chunk
            written += len(chunk)
            if written > self._session.limits.file_bytes:
                raise self._refusal("is larger than any image of Seedream", url)
            if len(block) >= _BLOCK:
                # A full disk cache or a network drive must not stop the loop.
                await asyncio.to_thread(out.write, bytes(block))
                block.clear()
        if not written:
            raise self._refusal("is empty", url)
        out.write(block)

    def _check_reply(self, reply: httpx.Response, url: str) -> None:
        code = reply.status_code
        if code in (401, 403, 404, 410):
            raise self._refusal(f"is gone ({code}); fal keeps files as the account says", url)
        if code >= 500 or code in (408, 425, 429):
            raise Passing(f"HTTP {code}")
        if code != 200:
            raise self._refusal(f"can't be had (HTTP {code})", url)
        if reply.headers.get("content-type", "").startswith(("text/html", "application/json")):
            raise self._refusal("came as a web page instead of an image", url)
        length = reply.headers.get("content-length", "")
        if length.isdigit() and int(length) > self._session.limits.file_bytes:
            raise self._refusal("is larger than any image of Seedream", url)

    def _why(self, error: Exception) -> str:
        return self._session.explain.clean(error, 120) or type(error).__name__

    def _refusal(self, how: str, url: str) -> ResultError:
        shown = self._session.explain.clean(url, 200)
        return ResultError(
            f"The image {how}: {shown}. The request is billed; call sd.resume() to fetch it again.",
            billing="yes",
        )


async def _chunks(reply: httpx.Response) -> AsyncIterator[bytes]:
    # Decoded, in case a server compresses although it was asked not to.
    async for chunk in reply.aiter_bytes():
        yield chunk


@contextmanager
def _whole(target: Path) -> Iterator[IO[bytes]]:
    """Open a file beside `target` that takes its place if nothing goes wrong."""
    part = target.with_name(target.name + ".part")
    try:
        # Buffered files lock: closing one waits for a write still running in a thread.
        with open(part, "wb", opener=_private) as out:
            yield out
        os.replace(part, target)
    except BaseException:
        with suppress(FileNotFoundError):
            part.unlink()
        raise


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _write_inline(url: str, out: IO[bytes], largest: int) -> None:
    out.write(decode(url, largest))
