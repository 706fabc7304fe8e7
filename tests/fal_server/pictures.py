"""Solid pictures whose colour tells which prompt, seed and index they belong to.

A PNG is built from a deflate stream cached by size: only the first pixel differs between
two colours, the rest of the first row repeats it (filter Sub) and so do all rows (filter Up).
"""

from __future__ import annotations

import hashlib
import io
import struct
import zlib
from functools import lru_cache
from typing import Any, NamedTuple

Size = tuple[int, int]
Color = tuple[int, int, int]

CONTENT_TYPES = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}
_ADLER = 65521


def expected_color(prompt: str, seed: int | None, index: int) -> Color:
    digest = hashlib.sha256(f"{prompt}|{index}|{seed}".encode()).digest()
    return digest[0], digest[1], digest[2]


@lru_cache(maxsize=256)
def draw(size: Size, color: Color, image_format: str = "png", file_bytes: int = 0) -> bytes:
    """Encode one picture, padded to `file_bytes` where that is more than it needs."""
    if image_format == "png":
        return _png(size, color, file_bytes)
    return _with_pillow(size, color, image_format).ljust(file_bytes, b"\0")


@lru_cache(maxsize=32)
def draw_clear(size: Size, color: Color) -> bytes:
    """Encode a PNG that is clear, with a square in the middle."""
    from PIL import Image

    width, height = size
    image = Image.new("RGBA", size, (0, 0, 0, 0))
    image.paste((*color, 255), (width // 4, height // 4, width * 3 // 4, height * 3 // 4))
    with io.BytesIO() as buffer:
        image.save(buffer, "png", compress_level=1)
        return buffer.getvalue()


class _Tail(NamedTuple):
    deflated: bytes
    adler: int
    length: int


@lru_cache(maxsize=32)
def _tail(size: Size) -> _Tail:
    width, height = size
    blank = bytes(3 * width)
    raw = blank[3:] + (b"\2" + blank) * (height - 1)
    deflater = zlib.compressobj(1, zlib.DEFLATED, -15)
    return _Tail(deflater.compress(raw) + deflater.flush(), zlib.adler32(raw), len(raw))


def _png(size: Size, color: Color, file_bytes: int) -> bytes:
    head = bytes([1, *color])
    tail = _tail(size)
    stored = b"\x78\x01\x00" + struct.pack("<HH", len(head), 0xFFFF ^ len(head)) + head
    adler = _combine(zlib.adler32(head), tail.adler, tail.length)
    start = b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", struct.pack(">IIBBBBB", *size, 8, 2, 0, 0, 0))
    data = _chunk(b"IDAT", stored + tail.deflated + struct.pack(">I", adler))
    end = _chunk(b"IEND", b"")
    room = file_bytes - len(start) - len(data) - len(end) - 12
    return start + (_chunk(b"paDd", bytes(room)) if room > 0 else b"") + data + end


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _combine(first: int, second: int, second_length: int) -> int:
    """Adler-32 of two byte strings joined, from the Adler-32 of each."""
    a1, b1, a2, b2 = first & 0xFFFF, first >> 16, second & 0xFFFF, second >> 16
    low = (a1 + a2 - 1) % _ADLER
    high = (b1 + b2 + second_length * (a1 - 1)) % _ADLER
    return high << 16 | low


def _with_pillow(size: Size, color: Color, image_format: str) -> bytes:
    from PIL import Image

    options: dict[str, dict[str, Any]] = {
        "jpeg": {"quality": 95, "subsampling": 0},
        "webp": {"lossless": True, "quality": 0, "method": 0},
    }
    with io.BytesIO() as buffer:
        Image.new("RGB", size, color).save(buffer, image_format, **options[image_format])
        return buffer.getvalue()
