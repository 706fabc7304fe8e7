"""One try to fetch one file, in a thread: reading, checking and writing never touch the loop."""

from __future__ import annotations

import os
import threading
import time
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING
from urllib.parse import urljoin

from seedream_widgets.images.growing import Growing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from urllib3.response import HTTPResponse

    from seedream_widgets.backends.fal.connections import Connections
    from seedream_widgets.backends.fal.limits import Limits
    from seedream_widgets.images.growing import Arriving

_BLOCK = 1 << 18
_FINAL = (401, 403, 404, 410)
_MAY_PASS = (408, 425, 429)


class Passing(Exception):
    """Tell that a download failed in a way that may pass."""


class Refused(Exception):
    """Tell that a file is not to be had, in words that follow "The image"."""


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


class Transfer:
    """Fetch `url` into `target`; `safe` judges the address of each redirect."""

    def __init__(
        self,
        url: str,
        target: Path,
        connections: Connections,
        limits: Limits,
        safe: Callable[[str], bool],
        arriving: Arriving | None = None,
    ) -> None:
        self.url = url
        """Where it is asked for, redirects followed."""
        self._target = target
        self._connections, self._limits = connections, limits
        self._safe, self._arriving = safe, arriving
        self._stopped = threading.Event()
        self._reply: HTTPResponse | None = None

    def stop(self) -> None:
        """Have `run` end soon, from another thread."""
        self._stopped.set()
        if self._reply is not None:
            with suppress(OSError, RuntimeError, ValueError):  # it has just been read to its end
                self._reply.shutdown()

    def run(self) -> None:
        """Write the file, whole or not at all.

        Raises:
            Passing, urllib3.exceptions.HTTPError: It may come another time.
            Refused: It will not.
            OSError: `target` can't be written.
        """
        for _ in range(self._limits.redirects + 1):
            if not self._safe(self.url):
                raise Refused("is sent on to an address that is not safe to fetch")
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
            # What is there, not what was asked for: bytes that drip have to be judged, too.
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
            raise Refused(f"can't be had (HTTP {code})")
        if reply.headers.get("content-type", "").startswith(("text/html", "application/json")):
            raise Refused("came as a web page instead of an image")
        if (reply.length_remaining or 0) > self._limits.file_bytes:
            raise Refused("is larger than any image of Seedream")

    @contextmanager
    def _told(self) -> Iterator[Growing]:
        growing = Growing()
        if self._arriving:
            self._arriving(growing)
        else:
            growing.close()
        try:
            yield growing
        except BaseException:
            growing.end(whole=False)
            raise
        growing.end(whole=True)


@contextmanager
def whole(target: Path) -> Iterator[IO[bytes]]:
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
