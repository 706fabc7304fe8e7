"""Downloads output files, byte for byte, whole or not at all.

Each attempt runs in a thread of its own, so that reading and writing never block the loop.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import io
import logging
import threading
import time
from contextlib import asynccontextmanager, contextmanager, suppress
from http.client import IncompleteRead
from typing import IO, TYPE_CHECKING
from urllib.parse import urljoin

from urllib3.exceptions import HTTPError, NewConnectionError, ProxyError
from urllib3.exceptions import IncompleteRead as BrokenOff
from urllib3.exceptions import TimeoutError as TimedOut

from seedream_widgets.backends.base import tell_reached
from seedream_widgets.backends.fal.addresses import may_be_fetched
from seedream_widgets.backends.fal.connections import Connections, is_untrusted, untrusted
from seedream_widgets.backends.forks import gate
from seedream_widgets.errors import ResultError
from seedream_widgets.files import in_place_of
from seedream_widgets.images.growing import Growing
from seedream_widgets.library.folder import private

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from urllib3.response import HTTPResponse

    from seedream_widgets.backends.base import OutputFile
    from seedream_widgets.backends.fal.limits import Limits
    from seedream_widgets.backends.fal.session import FalSession
    from seedream_widgets.images.growing import Arriving


_log = logging.getLogger(__name__)
_BLOCK = 1 << 18
_FINAL = (401, 403, 404, 410)
_MAY_PASS = (408, 425, 429)
_FIRST_PAUSE = 0.3
_LINGER = 1.0
"""Seconds that a cancelled download gets to tidy up."""


def decode(url: str, largest: int) -> bytes:
    """Return the bytes of a base64 ``data:`` URL.

    Raises:
        ResultError: It is not one, is empty, or holds more than `largest` bytes.
    """
    head, _, body = url.partition(",")
    if not head.endswith(";base64") or len(body) * 3 // 4 > largest + 3:
        raise _bad()
    try:
        data = base64.b64decode(body, validate=True)
    except binascii.Error as error:
        raise _bad() from error
    if not data:
        raise _bad()
    return data


def _bad() -> ResultError:
    return ResultError(
        "The image inside the reply (sync_mode) is damaged. The request is billed; without "
        "sync_mode the file can be fetched again.",
        billing="yes",
    )


async def in_thread(work: Callable[[], None], stop: Callable[[], None], name: str) -> None:
    """Run `work` in a daemon thread and await it; when cancelled, call `stop` and let it end.

    `asyncio.to_thread` won't do, as Python waits for its threads before it exits.
    """
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[BaseException | None] = loop.create_future()

    def run() -> None:
        failure: BaseException | None = None
        try:
            work()
        except BaseException as error:
            failure = error
        with suppress(RuntimeError):  # the loop was closed meanwhile
            loop.call_soon_threadsafe(ended.set_result, failure)

    threading.Thread(target=run, name=name, daemon=True).start()
    try:
        failure = await asyncio.shield(ended)
    except asyncio.CancelledError:
        stop()
        await asyncio.wait([ended], timeout=_LINGER)
        raise
    if failure is not None:
        raise failure


class Passing(Exception):
    """A download failed, but may succeed on another attempt."""


class Refused(Exception):
    """A file can't be downloaded; its text continues a sentence that begins "The image"."""


class Pace:
    """A check that a download does not get too slow."""

    def __init__(self, least: int, seconds: float) -> None:
        self._least, self._seconds = least, seconds
        self._since, self._bytes = time.monotonic(), 0

    def note(self, count: int) -> None:
        """Count bytes that have come.

        Raises:
            Passing: Too few have come in the last span of time.
        """
        self._bytes += count
        now = time.monotonic()
        if now - self._since < self._seconds:
            return
        if self._bytes < self._least:
            raise Passing(f"only {self._bytes:,} bytes in {now - self._since:.0f} s")
        self._since, self._bytes = now, 0


class Transfer:
    """One attempt to download `url` into `target`; `safe` checks the address and each redirect."""

    def __init__(
        self,
        url: str,
        target: Path | io.BytesIO,
        connections: Connections,
        limits: Limits,
        safe: Callable[[str], bool],
        arriving: Arriving | None = None,
    ) -> None:
        self.url = url
        """The current address, after redirects."""
        self._target = target
        self._connections, self._limits = connections, limits
        self._safe, self._arriving = safe, arriving
        self._stopped = threading.Event()
        self._reply: HTTPResponse | None = None

    def stop(self) -> None:
        """Make `run` end soon; called from another thread."""
        self._stopped.set()
        if self._reply is not None:
            with suppress(OSError, RuntimeError, ValueError):  # it has just ended
                self._reply.shutdown()

    def run(self) -> None:
        """Write the file, whole or not at all.

        Raises:
            Passing, urllib3.exceptions.HTTPError: Another attempt may succeed.
            Refused: No attempt will succeed.
            OSError: `target` can't be written.
        """
        for _ in range(self._limits.redirects + 1):
            if not self._safe(self.url):
                raise Refused("is sent on to an address that is not safe to fetch")
            with gate:
                reply = self._reply = self._connections.get(self.url, self._limits.stall)
            try:
                location = reply.get_redirect_location()
                if not location:
                    self._save(reply)
                    return
                self.url = urljoin(self.url, location)
            finally:
                reply.close()
                reply.release_conn()
        raise Refused("is redirected too often")

    def _save(self, reply: HTTPResponse) -> None:
        self._check(reply)
        self._go_on()
        with whole(self._target) as out, self._told() as growing:
            written, pace = 0, Pace(*self._limits.pace)
            # read1 returns what has arrived so far, so that `pace` sees a trickle, too.
            while block := reply.read1(_BLOCK, decode_content=True):
                self._go_on()
                pace.note(len(block))
                written += len(block)
                if written > self._limits.file_bytes:
                    raise Refused("is larger than any image of Seedream")
                out.write(block)
                growing.add(block)
            self._go_on()
            if not written:
                raise Refused("is empty")

    def _go_on(self) -> None:
        if self._stopped.is_set():
            raise Passing("stopped")

    def _check(self, reply: HTTPResponse) -> None:
        code = reply.status
        if code in _FINAL:
            raise Refused(f"is gone ({code}); fal keeps files as the account says")
        if code >= 500 or code in _MAY_PASS:
            raise Passing(f"HTTP {code}")
        if code != 200:
            raise Refused(f"can't be downloaded (HTTP {code})")
        if reply.headers.get("content-type", "").startswith(("text/html", "application/json")):
            raise Refused("came as a web page instead of an image")
        if (reply.length_remaining or 0) > self._limits.file_bytes:
            raise Refused("is larger than any image of Seedream")

    @contextmanager
    def _told(self) -> Iterator[Growing]:
        growing = Growing()
        try:
            if self._arriving:
                self._arriving(growing)
            else:
                growing.close()
        except Exception:  # a failing preview must not cost the file
            _log.exception("a file can't be shown while it downloads")
            growing.close()
        try:
            yield growing
        except BaseException:
            growing.end(whole=False)
            raise
        growing.end(whole=True)


@contextmanager
def whole(target: Path | io.BytesIO) -> Iterator[IO[bytes]]:
    """Open a file that replaces `target` if nothing goes wrong, or clear a buffer in memory."""
    if isinstance(target, io.BytesIO):
        target.seek(0)
        target.truncate()
        yield target
        return
    # A buffered file has a lock: closing it waits for a write that still runs in a thread.
    with in_place_of(target) as part, open(part, "wb", opener=private) as out:
        yield out


class Downloads:
    """Downloads of output files, a few at a time, without the key."""

    def __init__(self, session: FalSession) -> None:
        self._session = session
        self._slots = asyncio.Semaphore(session.limits.downloads)
        self._slow = 0
        self._connections = Connections(session.context, session.limits.downloads)

    async def save(
        self, file: OutputFile, target: Path | io.BytesIO, arriving: Arriving | None = None
    ) -> None:
        """Write the bytes of `file` to `target`, readable by its owner alone, or into memory.

        Raises:
            ResultError: The file is gone, is not an image, or did not arrive whole.
            OSError: `target` can't be written.
        """
        if file.url.startswith("data:"):
            with whole(target) as out:
                most = self._session.limits.file_bytes
                await asyncio.to_thread(lambda: out.write(decode(file.url, most)))
            return
        async with self._turn():
            await self._fetch(file.url, target, arriving)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """Wait for a slot; a slow download frees its slot for others, up to a number of them."""
        await self._slots.acquire()
        turn = asyncio.ensure_future(self._make_room())
        try:
            yield
        finally:
            if turn.done():
                self._slow -= 1
            else:
                turn.cancel()
                self._slots.release()

    async def _make_room(self) -> None:
        await asyncio.sleep(self._session.limits.turn)
        while self._slow >= self._session.limits.slow:
            await asyncio.sleep(self._session.limits.turn)
        self._slow += 1
        self._slots.release()

    async def _fetch(self, url: str, target: Path | io.BytesIO, arriving: Arriving | None) -> None:
        limits, pause = self._session.limits, _FIRST_PAUSE
        for left in reversed(range(limits.attempts)):
            transfer = Transfer(url, target, self._connections, limits, self._is_safe, arriving)
            try:
                await in_thread(transfer.run, transfer.stop, "seedream-download")
                tell_reached(True)
                return
            except Refused as error:
                raise self._refusal(str(error), transfer.url) from error
            except (Passing, HTTPError) as error:
                if is_untrusted(error):
                    raise self._refusal("did not arrive", url, untrusted()) from error
                if not left:
                    raise self._refusal(f"did not arrive ({self._why(error)})", url) from error
                if isinstance(error, HTTPError):
                    tell_reached(False)
            await asyncio.sleep(pause)
            pause *= 2

    def _is_safe(self, url: str) -> bool:
        return may_be_fetched(url, self._session.queue)

    def _why(self, error: Exception) -> str:
        return self._session.explain.clean(_plainly(error, self._session.limits.stall), 120)

    def _refusal(self, how: str, url: str, first: str = "The request is billed;") -> ResultError:
        shown = self._session.explain.clean(url, 200)
        return ResultError(
            f"The image {how}: {shown}. {first} call sd.resume() to fetch it again.",
            billing="yes",
        )

    def close(self) -> None:
        """Close the connections."""
        self._connections.close()


def _plainly(error: BaseException, stall: float) -> str:
    """Return a failure in plain words, as urllib3's messages name its own objects."""
    if isinstance(error, ProxyError):  # also raised if the host behind the proxy hung up
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
