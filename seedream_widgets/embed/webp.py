"""A receipt in WebP: in the ``XMP`` chunk of an extended file."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from seedream_widgets.embed import xmp
from seedream_widgets.embed.splice import MAX_PARTS, Edit, Pieces, damaged, pieces, splice, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_XMP = b"XMP "
_OWN = b"SDRM"
_HAS_XMP = 0x04
_HAS_ALPHA = 0x10


class _Chunk(NamedTuple):
    kind: bytes
    start: int
    end: int
    size: int

    def body(self, data: bytes) -> bytes:
        return data[self.start + 8 : self.start + 8 + self.size]


def is_webp(data: bytes) -> bool:
    """Tell WebP by its signature."""
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


def embed(data: bytes, receipt: str) -> Pieces:
    """Return `data` with the receipt in its XMP chunk, or in one of its own beside a bad one."""
    data = _padded(data)
    chunks, end = list(_chunks(data)), _end(data)
    if not chunks or chunks[-1].end != end:
        raise damaged("WebP")
    packets = [chunk for chunk in chunks if chunk.kind == _XMP] or [_Chunk(_XMP, end, end, 0)]
    bodies = [chunk.body(data) for chunk in packets]
    written, done = xmp.rewrite(bodies, receipt, xmp.MAX_PACKET)
    edits = [_header(data, chunks[0])]
    edits += [(chunk.start, chunk.end, b"") for chunk in chunks if chunk.kind == _OWN]
    edits += [
        (chunk.start, chunk.end, _chunk(_XMP, body) if body else b"")
        for chunk, body in zip(packets, written, strict=True)
    ]
    if not done:
        edits.append((end, end, _chunk(_OWN, receipt.encode())))
    grown = sum(len(new) - (stop - start) for start, stop, new in edits)
    return pieces(data, [(4, 8, (end - 8 + grown).to_bytes(4, "little")), *edits])


def extract(data: bytes) -> str | None:
    """Return the receipt; one in a chunk of its own is the newer one."""
    chunks = [chunk for chunk in _chunks(data) if chunk.kind in (_XMP, _OWN)]
    for chunk in chunks:
        if chunk.kind == _OWN:
            return text_of(chunk.body(data))
    return xmp.first([chunk.body(data) for chunk in chunks])


def _end(data: bytes) -> int:
    return 8 + int.from_bytes(data[4:8], "little")


def _padded(data: bytes) -> bytes:
    """Add the last chunk's pad byte, which some writers leave out."""
    end = _end(data)
    if end % 2 == 0 or len(data) < end:
        return data
    return splice(data, [(4, 8, (end - 7).to_bytes(4, "little")), (end, end, b"\x00")])


def _chunks(data: bytes) -> Iterator[_Chunk]:
    """Yield each whole chunk; what follows the end that the file states is not read."""
    at, end = 12, min(_end(data), len(data))
    for _ in range(MAX_PARTS):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        if at + 8 + size > end:
            return
        after = min(at + 8 + size + size % 2, end)
        yield _Chunk(data[at : at + 4], at, after, size)
        at = after


def _header(data: bytes, chunk: _Chunk) -> Edit:
    """Return the edit that marks the file as extended, with XMP."""
    body = data[chunk.start + 8 : chunk.start + 18]
    if chunk.kind == b"VP8X" and chunk.size >= 10:
        flags = body[0] | _HAS_XMP
        return chunk.start + 8, chunk.start + 9, bytes((flags,))
    if chunk.kind == b"VP8 " and chunk.size >= 10 and body[3:6] == b"\x9d\x01\x2a":
        width = int.from_bytes(body[6:8], "little") & 0x3FFF
        height = int.from_bytes(body[8:10], "little") & 0x3FFF
        return 12, 12, _extended(width, height, _HAS_XMP)
    if chunk.kind == b"VP8L" and chunk.size >= 5 and body[:1] == b"\x2f":
        bits = int.from_bytes(body[1:5], "little")
        flags = _HAS_XMP | (_HAS_ALPHA if bits >> 28 & 1 else 0)
        return 12, 12, _extended((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, flags)
    raise damaged("WebP")


def _extended(width: int, height: int, flags: int) -> bytes:
    if not width or not height:
        raise damaged("WebP")
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return _chunk(b"VP8X", bytes((flags, 0, 0, 0)) + sides)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return kind + len(body).to_bytes(4, "little") + body + b"\x00" * (len(body) % 2)
