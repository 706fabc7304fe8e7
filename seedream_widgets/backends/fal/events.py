"""Reads server-sent events out of chunks of bytes, within bounds."""

from __future__ import annotations

_LARGEST = 4 * 1024 * 1024


class EventReader:
    """Collect chunks and give the data of each event that is complete.

    Comments and fields other than ``data`` are skipped; lines may end with LF or CRLF.

    Raises:
        ValueError: A line or an event is larger than anything fal sends.
    """

    def __init__(self, largest: int = _LARGEST) -> None:
        self._largest = largest
        self._rest = b""
        self._data: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> list[str]:
        """Take one chunk and return the events it completes."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if len(self._rest) > self._largest:
            raise ValueError("a line of the status stream is too long")
        return [event for line in lines if (event := self._line(line.removesuffix(b"\r")))]

    def _line(self, line: bytes) -> str | None:
        if not line:
            event = b"\n".join(self._data).decode("utf-8", "replace")
            self._data, self._size = [], 0
            return event
        field, _, value = line.partition(b":")
        if field == b"data":
            self._data.append(value.removeprefix(b" "))
            self._size += len(value)
        if self._size > self._largest:
            raise ValueError("an event of the status stream is too large")
        return None
