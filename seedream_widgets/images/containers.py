"""Reads PNG, JPEG and WebP files part by part, and puts files together from parts.

`metadata`, `receipts` and others all use this reader. It yields complete parts and stops where a
file is damaged; to know whether a file is complete, look at its last part. Nothing here raises,
whatever the bytes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, TypeAlias
from zlib import crc32

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PNG = b"\x89PNG\r\n\x1a\n"
JPEG = b"\xff\xd8\xff"
XMP = b"http://ns.adobe.com/xap/1.0/\x00"
EXIF = b"Exif\x00\x00"
"""The first bytes of a JPEG segment with EXIF."""
MAX_PARTS = 100_000
_PNG_END = b"\0\0\0\0IEND\xaeB`\x82"
_JPEG_END = b"\xff\xd9"
SCAN, END = 0xDA, 0xD9
PIXELS = 0
"""Used in place of a marker for the pixels of a JPEG's scan."""
# In a scan, 00 after FF is a pixel's byte, and D0 to D7 are restarts; all else is a marker.
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")

Edit: TypeAlias = tuple[int, int, bytes]
"""Start, end, and the bytes to put in place of those between them."""
Pieces: TypeAlias = list[bytes | memoryview]
"""A file's bytes in pieces, so that they can be written without being joined in memory."""


class Part(NamedTuple):
    """A chunk of a PNG or WebP file: its four letters, and where it is, header included."""

    kind: bytes
    start: int
    end: int
    size: int

    def body(self, data: bytes) -> bytes:
        """Return what is in it."""
        return data[self.start + 8 : self.start + 8 + self.size]

    def is_sound(self, data: bytes) -> bool:
        """Tell whether a chunk of PNG arrived as it was written."""
        said = int.from_bytes(data[self.end - 4 : self.end], "big")
        return crc32(memoryview(data)[self.start + 4 : self.end - 4]) == said


class Segment(NamedTuple):
    """A segment of a JPEG file: its marker, and where it is, marker included."""

    marker: int
    start: int
    end: int

    def body(self, data: bytes, most: int | None = None) -> bytes:
        """Return its content, or only the first `most` bytes."""
        return data[
            self.start + 4 : self.end if most is None else min(self.end, self.start + 4 + most)
        ]


def png_parts(data: bytes) -> Iterator[Part]:
    """Yield each whole chunk, up to ``IEND``."""
    at = len(PNG)
    for _ in range(MAX_PARTS):
        size = int.from_bytes(data[at : at + 4], "big")
        end = at + 12 + size
        if end > len(data):
            return
        kind = data[at + 4 : at + 8]
        yield Part(kind, at, end, size)
        if kind == b"IEND":
            return
        at = end


def jpeg_segments(data: bytes) -> Iterator[Segment]:
    """Yield each whole segment up to the first scan, whose head is the last."""
    at = 2
    for _ in range(MAX_PARTS):
        if at + 4 > len(data) or data[at] != 0xFF:
            return
        if data[at + 1] == 0xFF:  # fills
            at += 1
            continue
        segment = Segment(data[at + 1], at, at + 2 + int.from_bytes(data[at + 2 : at + 4], "big"))
        if segment.end > len(data):
            return
        yield segment
        if segment.marker == SCAN:
            return
        at = segment.end


def jpeg_scans(data: bytes, at: int) -> Iterator[Segment]:
    """Yield all of a JPEG from the pixels of its first scan on, up to its end.

    Args:
        data: The file.
        at: Where the head of the first scan ends.
    """
    in_scan = True
    for _ in range(MAX_PARTS):
        marker = _MARKER.search(data, at)
        start = marker.start() if marker else len(data)
        if in_scan:
            yield Segment(PIXELS, at, start)
        if marker is None or data[start + 1] == END:
            yield Segment(END, start, min(start + 2, len(data)))
            return
        at = start + 2 + int.from_bytes(data[start + 2 : start + 4], "big")
        if at < start + 4 or at > len(data):
            return
        in_scan = data[start + 1] == SCAN
        yield Segment(data[start + 1], start, at)


def is_cut(data: bytes, format_name: str) -> bool:
    """Tell whether a PNG or JPEG that can be opened ends before its own end.

    A WebP that does can't be opened. What follows a file's end is no part of it. Looking at the
    last bytes settles nearly all.
    """
    if format_name == "PNG":
        ended = data.endswith(_PNG_END) or any(part.kind == b"IEND" for part in png_parts(data))
    elif format_name == "JPEG":
        ended = data.endswith(_JPEG_END) or _has_end(data)
    else:
        ended = True
    return not ended


def _has_end(jpeg: bytes) -> bool:
    at = next((part.end for part in jpeg_segments(jpeg) if part.marker == SCAN), len(jpeg))
    return any(part.marker == END and part.end > part.start for part in jpeg_scans(jpeg, at))


def is_webp(data: bytes) -> bool:
    """Tell WebP by its signature."""
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


def webp_size(data: bytes) -> tuple[int, int]:
    """Return width and height in pixels as the first chunk says them."""
    kind = data[12:16]
    if kind == b"VP8X":
        width, height = (int.from_bytes(data[at : at + 3], "little") for at in (24, 27))
        return width + 1, height + 1
    if kind == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = (int.from_bytes(data[at : at + 2], "little") & 0x3FFF for at in (26, 28))
    return width, height


def webp_end(data: bytes) -> int:
    """Return where a WebP file says that it ends."""
    return 8 + int.from_bytes(data[4:8], "little")


def webp_parts(data: bytes) -> Iterator[Part]:
    """Yield each whole chunk; what follows the end that the file states is not read."""
    at, end = 12, min(webp_end(data), len(data))
    for _ in range(MAX_PARTS):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        if at + 8 + size > end:
            return
        after = min(at + 8 + size + size % 2, end)
        yield Part(data[at : at + 4], at, after, size)
        at = after


def pieces(data: bytes, edits: Iterable[Edit]) -> Pieces:
    """Return `data` with `edits` made, copying nothing."""
    view = memoryview(data)
    found: Pieces = []
    at = 0
    for start, end, new in sorted(edits, key=lambda edit: edit[:2]):
        found += (view[at:start], new)
        at = end
    return [*found, view[at:]]


def splice(data: bytes, edits: Iterable[Edit]) -> bytes:
    """Return `data` with `edits` made, copying the rest once."""
    return b"".join(pieces(data, edits))
