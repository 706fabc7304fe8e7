"""Receives files from the page in chunks: in order, limited in size, and safe to send twice."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from seedream_widgets.errors import RequestError
from seedream_widgets.studio.facts import UPLOAD_BYTES

if TYPE_CHECKING:
    from seedream_widgets.studio.protocol import Upload

MAX_OPEN = 12
"""The most files that arrive at once (the oldest is dropped), and the most that wait to be read."""
MAX_HELD = 4 * UPLOAD_BYTES
"""The most bytes of files that arrive or wait to be read, in all."""
_REMEMBERED = 200


@dataclass
class _File:
    name: str
    size: int
    purpose: str
    data: io.BytesIO = field(default_factory=io.BytesIO)


class Uploads:
    """The files that the page sends; each answer says how many bytes have come without a gap."""

    def __init__(self) -> None:
        self._open: dict[str, _File] = {}
        self._finished: dict[str, int] = {}
        self._unread: dict[str, int] = {}

    def start(self, message: Upload) -> int:
        """Note an announced file, and return from which byte on to send it.

        Raises:
            RequestError: It is empty or larger than `UPLOAD_BYTES`, or too much waits to be read.
        """
        if not 0 < message.size <= UPLOAD_BYTES:
            raise RequestError(
                f"{message.name} has {message.size:,} bytes; the page can upload 1 to "
                f"{UPLOAD_BYTES:,}. Make it smaller, or set studio.references from Python",
                field="references",
                value=message.size,
            )
        if message.upload_id not in self._open and message.upload_id not in self._finished:
            while len(self._open) >= MAX_OPEN:
                del self._open[next(iter(self._open))]
            sizes = [*self._unread.values(), *(file.size for file in self._open.values())]
            if len(self._unread) >= MAX_OPEN or sum(sizes) + message.size > MAX_HELD:
                raise RequestError(
                    f"{message.name} has to wait: the images before it are still being read. "
                    "Add it again when they are there",
                    field="references",
                )
            self._open[message.upload_id] = _File(message.name, message.size, message.purpose)
        return self.received(message.upload_id)

    def received(self, upload_id: str) -> int:
        """Return how many bytes of a file have come without a gap.

        Raises:
            RequestError: No such file is known; the page must announce it again.
        """
        if upload_id in self._finished:
            return self._finished[upload_id]
        if upload_id not in self._open:
            raise RequestError(
                "this upload is not known (the kernel restarted or too many were open); "
                "add the image again",
                field="references",
            )
        return self._open[upload_id].data.tell()

    def write(self, upload_id: str, offset: int, data: memoryview) -> int:
        """Append bytes that follow on the last ones, ignore others, and return how many have come.

        Raises:
            RequestError: No such file is known.
        """
        received = self.received(upload_id)
        file = self._open.get(upload_id)
        if file and offset == received:
            return received + file.data.write(data[: file.size - received])
        return received

    def take(self, upload_id: str) -> tuple[str, bytes, str] | None:
        """Return name, bytes and purpose of a file that is complete, once; else ``None``.

        Its bytes count towards `MAX_HELD` until `mark_read` is called.
        """
        file = self._open.get(upload_id)
        if file is None or file.data.tell() < file.size:
            return None
        del self._open[upload_id]
        self._finished[upload_id] = self._unread[upload_id] = file.size
        while len(self._finished) > _REMEMBERED:
            del self._finished[next(iter(self._finished))]
        return file.name, file.data.getvalue(), file.purpose  # getvalue() does not copy

    def mark_read(self, upload_id: str) -> None:
        """Note that a file that was taken has been read, and its bytes are freed."""
        self._unread.pop(upload_id, None)

    def is_wanted(self, upload_id: str) -> bool:
        """Tell whether a file that was taken has not been dropped since."""
        return upload_id in self._finished

    def drop(self, upload_id: str) -> None:
        """Forget a file."""
        self._open.pop(upload_id, None)
        self._finished.pop(upload_id, None)
