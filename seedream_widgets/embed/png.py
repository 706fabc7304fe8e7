"""A receipt in PNG: one ``iTXt`` chunk before the pixels."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from seedream_widgets.embed.splice import MAX_PARTS, MAX_TEXT, Pieces, damaged, pieces, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

SIGNATURE = b"\x89PNG\r\n\x1a\n"
KEYWORD = b"seedream_receipt"
_COMPRESSED_ABOVE = 2048
_TEXTS = (b"iTXt", b"tEXt", b"zTXt")


def embed(data: bytes, receipt: str) -> Pieces:
    """Return `data` with the receipt as its last chunk before the pixels."""
    edits, pixels, kind = [], None, b""
    for kind, start, end in _chunks(data):
        if kind == b"IDAT" and pixels is None:
            pixels = start
        elif _is_receipt(data, kind, start, end):
            edits.append((start, end, b""))
    if pixels is None or kind != b"IEND":
        raise damaged("PNG")
    return pieces(data, [*edits, (pixels, pixels, _chunk(receipt))])


def extract(data: bytes) -> str | None:
    """Return the receipt; of several, only the first is looked at."""
    for kind, start, end in _chunks(data):
        if _is_receipt(data, kind, start, end):
            crc = int.from_bytes(data[end - 4 : end], "big")
            if zlib.crc32(memoryview(data)[start + 4 : end - 4]) != crc:
                return None
            return _read(kind, data[start + 9 + len(KEYWORD) : end - 4])
    return None


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield kind, start and end of each whole chunk."""
    at = len(SIGNATURE)
    for _ in range(MAX_PARTS):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        if end > len(data):
            return
        kind = data[at + 4 : at + 8]
        yield kind, at, end
        if kind == b"IEND":
            return
        at = end


def _is_receipt(data: bytes, kind: bytes, start: int, end: int) -> bool:
    return kind in _TEXTS and data.startswith(KEYWORD + b"\x00", start + 8, end - 4)


def _chunk(receipt: str) -> bytes:
    text = receipt.encode()
    flag = b"\x00"
    if len(text) > _COMPRESSED_ABOVE:
        text, flag = zlib.compress(text), b"\x01"
    body = b"iTXt" + KEYWORD + b"\x00" + flag + b"\x00" + b"\x00\x00" + text
    return (len(body) - 4).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")


def _read(kind: bytes, body: bytes) -> str | None:
    """Read what follows the keyword; other tools may have made it ``tEXt`` or ``zTXt``."""
    if kind == b"tEXt":
        return body.decode("latin-1") if len(body) <= MAX_TEXT else None
    if kind == b"zTXt":
        text = _inflated(body[1:]) if body[:1] == b"\x00" else None
        return None if text is None else text.decode("latin-1")
    flags = body[:2]
    _, _, rest = body[2:].partition(b"\x00")
    _, found, text = rest.partition(b"\x00")
    if flags == b"\x01\x00":
        text = _inflated(text)
    elif flags[:1] != b"\x00":
        return None
    return text_of(text) if found and text is not None else None


def _inflated(body: bytes) -> bytes | None:
    stream = zlib.decompressobj()
    try:
        text = stream.decompress(body, MAX_TEXT + 1)
    except zlib.error:
        return None
    return text if stream.eof and len(text) <= MAX_TEXT else None
