"""Take a JPEG or PNG apart just far enough to drop what is no pixel and no colour.

Pillow parses metadata as it opens a file, and warns on damaged metadata; its warnings
can't be silenced in one thread alone. So it is never shown any.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from zlib import crc32

from seedream_widgets.errors import ImageInputError

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_PARTS = 100_000
PNG_KEPT = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"iCCP", b"sRGB", b"gAMA", b"cHRM"}
_DAMAGED = "it is truncated or damaged; download or save it again"


@dataclass(frozen=True)
class Bare:
    """Hold a file without metadata, and what the metadata said that matters here."""

    data: bytes
    orientation: int = 1
    animated: bool = False


def bare(data: bytes, format_name: str) -> Bare:
    """Return `data` without its metadata; only JPEG and PNG are taken apart."""
    if format_name == "JPEG":
        return _bare_jpeg(data)
    if format_name == "PNG":
        return _bare_png(data)
    return Bare(data)


def exif_orientation(exif: bytes) -> int:
    """Return EXIF's orientation, 1 to 8; 1 (upright) where it is missing or nonsense."""
    tiff = exif.removeprefix(b"Exif\x00\x00")
    if tiff[:4] not in (b"II*\x00", b"MM\x00*"):
        return 1

    def number(at: int, size: int) -> int:
        return int.from_bytes(tiff[at : at + size], "little" if tiff[:1] == b"I" else "big")

    directory = number(4, 4)
    for entry in range(directory + 2, directory + 2 + 12 * number(directory, 2), 12):
        if number(entry, 2) == 0x0112:
            value = number(entry + 8, 2)
            return value if 1 <= value <= 8 else 1
    return 1


def _bare_jpeg(data: bytes) -> Bare:
    kept, orientation = [data[:2]], 1
    for marker, start, end in _segments(data):
        body = data[start + 4 : min(end, start + 16)]
        if marker == 0xE1 and body.startswith(b"Exif\x00\x00"):
            orientation = exif_orientation(data[start + 4 : end])
        is_text = 0xE1 <= marker <= 0xEF or marker == 0xFE
        if not is_text or marker == 0xEE or body.startswith(b"ICC_PROFILE\x00"):
            kept.append(data[start:end])
    return Bare(b"".join(kept), orientation)


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield marker, start and end of each segment; the last is all from start-of-scan on."""
    at = 2
    for _ in range(MAX_PARTS):
        if at + 4 > len(data) or data[at] != 0xFF:
            break
        marker = data[at + 1]
        if marker == 0xDA:
            yield marker, at, len(data)
            return
        if marker == 0xFF:
            at += 1
            continue
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        yield marker, at, end
        at = end
    raise ImageInputError(_DAMAGED)


def _bare_png(data: bytes) -> Bare:
    kept, orientation, animated = [data[:8]], 1, False
    for kind, start, end in _chunks(data):
        animated = animated or kind == b"acTL"
        if kind == b"eXIf":
            orientation = exif_orientation(data[start + 8 : end - 4])
        if kind in PNG_KEPT:
            kept.append(data[start:end])
    return Bare(b"".join(kept), orientation, animated)


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    at = 8
    for _ in range(MAX_PARTS):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        if end > len(data):
            break
        kind = data[at + 4 : at + 8]
        check = int.from_bytes(data[end - 4 : end], "big")
        # Of what is dropped too: the file may go as it is, and others read all of it.
        if not kind.isalpha() or crc32(data[at + 4 : end - 4]) != check:
            break
        yield kind, at, end
        if kind == b"IEND":
            return
        at = end
    raise ImageInputError(_DAMAGED)
