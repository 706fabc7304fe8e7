"""Writes output files to disk, byte for byte, whole or not at all."""

from __future__ import annotations

import asyncio
from http.client import IncompleteRead
from typing import IO, TYPE_CHECKING

from urllib3.exceptions import HTTPError, NewConnectionError, ProxyError
from urllib3.exceptions import IncompleteRead as BrokenOff
from urllib3.exceptions import TimeoutError as TimedOut

from seedream_widgets.backends.fal.addresses import may_be_fetched
from seedream_widgets.backends.fal.connections import Connections, NoSocks
from seedream_widgets.backends.fal.inline import decode
from seedream_widgets.backends.fal.threads import in_thread
from seedream_widgets.backends.fal.transfer import Passing, Refused, Transfer, whole
from seedream_widgets.errors import ResultError

if TYPE_CHECKING:
    from pathlib import Path

    from seedream_widgets.backends.base import OutputFile
    from seedream_widgets.backends.fal.session import Session
    from seedream_widgets.images.growing import Arriving

_FIRST_PAUSE = 0.3
_SOCKS = "can't be fetched through a SOCKS proxy without PySocks (pip install PySocks)"


class Downloads:
    """Fetch output files, a few at a time, without the key."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._slots = asyncio.Semaphore(session.limits.downloads)
        self._connections = Connections(session.context, session.limits.downloads)

    async def save(self, file: OutputFile, target: Path, arriving: Arriving | None = None) -> None:
        """Write the bytes of `file` to `target`, readable by its owner alone.

        Raises:
            ResultError: The file is gone, is no image, or did not arrive whole.
            OSError: `target` can't be written.
        """
        if file.url.startswith("data:"):
            with whole(target) as out:
                largest = self._session.limits.file_bytes
                await asyncio.to_thread(_write_inline, file.url, out, largest)
            return
        async with self._slots:
            await self._fetch(file.url, target, arriving)

    async def _fetch(self, url: str, target: Path, arriving: Arriving | None) -> None:
        limits, pause = self._session.limits, _FIRST_PAUSE
        for left in reversed(range(limits.attempts)):
            transfer = Transfer(url, target, self._connections, limits, self._is_safe, arriving)
            try:
                await in_thread(transfer.run, transfer.stop, "seedream-download")
                return
            except Refused as error:
                raise self._refusal(str(error), transfer.url) from error
            except NoSocks as error:
                raise self._refusal(_SOCKS, url) from error
            except (Passing, HTTPError) as error:
                if not left:
                    raise self._refusal(f"did not arrive ({self._why(error)})", url) from error
            await asyncio.sleep(pause)
            pause *= 2

    def _is_safe(self, url: str) -> bool:
        return may_be_fetched(url, self._session.queue)

    def _why(self, error: Exception) -> str:
        return self._session.explain.clean(_plainly(error, self._session.limits.stall), 120)

    def _refusal(self, how: str, url: str) -> ResultError:
        shown = self._session.explain.clean(url, 200)
        return ResultError(
            f"The image {how}: {shown}. The request is billed; call sd.resume() to fetch it again.",
            billing="yes",
        )

    def close(self) -> None:
        """Close the connections."""
        self._connections.close()


def _write_inline(url: str, out: IO[bytes], largest: int) -> None:
    out.write(decode(url, largest))


def _plainly(error: BaseException, stall: float) -> str:
    """Say what urllib3 means: its own texts name its objects."""
    if isinstance(error, ProxyError):  # also where what is behind the proxy hung up
        inner = error.original_error
        said = _plainly(inner, stall)
        return f"the proxy: {said}" if isinstance(inner, NewConnectionError) else said
    if isinstance(error, TimedOut) and not isinstance(error, NewConnectionError):
        return f"nothing came for {stall:g} s"
    if isinstance(error, IncompleteRead):
        count = error.partial if isinstance(error, BrokenOff) else len(error.partial)
        return f"it broke off after {count:,} bytes"
    cause = error.__cause__ or error.__context__
    if isinstance(error, HTTPError) and cause is not None:
        return _plainly(cause, stall)
    return str(error) or type(error).__name__
