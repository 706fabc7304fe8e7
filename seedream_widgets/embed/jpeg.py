"""A receipt in JPEG: in the XMP packet, or in segments of its own where that has no room."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from seedream_widgets.embed import xmp
from seedream_widgets.embed.splice import (
    MAX_PARTS,
    MAX_TEXT,
    Edit,
    Pieces,
    damaged,
    pieces,
    text_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

SIGNATURE = b"\xff\xd8\xff"
_XMP = b"http://ns.adobe.com/xap/1.0/\x00"
_OWN = b"seedream-receipt\x00"
_EXIF = b"Exif\x00\x00"
_MULTI_PICTURE = b"MPF\x00"
_MAX_PACKET = 65_502
_MAX_PART = 65_000
_MAX_PARTS = MAX_TEXT // _MAX_PART + 1
_SCAN = 0xDA


class _Segment(NamedTuple):
    marker: int
    start: int
    end: int
    body: bytes

    def is_app1(self, identifier: bytes) -> bool:
        return self.marker == 0xE1 and self.body.startswith(identifier)


def embed(data: bytes, receipt: str) -> Pieces:
    """Return `data` with the receipt among its first segments."""
    segments = list(_segments(data))
    scan = segments[-1] if segments else None
    if scan is None or scan.marker != _SCAN or data.rfind(b"\xff\xd9", scan.end) < 0:
        raise damaged("JPEG")
    place = _place(segments)
    packets = [segment for segment in segments if segment.is_app1(_XMP)] or [
        _Segment(0xE1, place, place, _XMP)
    ]
    bodies = [segment.body.removeprefix(_XMP) for segment in packets]
    written, done = xmp.rewrite(bodies, receipt, _room(segments, packets[0]))
    edits: list[Edit] = [(s.start, s.end, b"") for s in segments if s.is_app1(_OWN)]
    edits += [
        (segment.start, segment.end, _app1(_XMP + body) if body else b"")
        for segment, body in zip(packets, written, strict=True)
    ]
    if not done:
        edits.append((place, place, _own(receipt)))
    return pieces(data, edits)


def extract(data: bytes) -> str | None:
    """Return the receipt; one in segments of its own is the newer one."""
    segments = list(_segments(data))
    own = [segment.body.removeprefix(_OWN) for segment in segments if segment.is_app1(_OWN)]
    if own:
        return _joined(own)
    return xmp.first([s.body.removeprefix(_XMP) for s in segments if s.is_app1(_XMP)])


def _segments(data: bytes) -> Iterator[_Segment]:
    """Yield each whole segment up to the first start-of-scan."""
    at = 2
    for _ in range(MAX_PARTS):
        if at + 4 > len(data) or data[at] != 0xFF:
            return
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if end > len(data):
            return
        yield _Segment(marker, at, end, data[at + 4 : end])
        if marker == _SCAN:
            return
        at = end


def _place(segments: list[_Segment]) -> int:
    """Return where to insert: JFIF and Exif stay first."""
    for segment in segments:
        if segment.marker != 0xE0 and not segment.is_app1(_EXIF):
            return segment.start
    return segments[-1].start


def _room(segments: list[_Segment], packet: _Segment) -> int:
    """Return how long the packet may get: not at all where offsets count from before it."""
    for segment in segments:
        is_offsets = segment.marker == 0xE2 and segment.body.startswith(_MULTI_PICTURE)
        if is_offsets and segment.start < packet.start:
            return 0
    return _MAX_PACKET


def _app1(body: bytes) -> bytes:
    return b"\xff\xe1" + (len(body) + 2).to_bytes(2, "big") + body


def _own(receipt: str) -> bytes:
    """Write the receipt as numbered segments, as ICC profiles are."""
    text = receipt.encode()
    parts = [text[at : at + _MAX_PART] for at in range(0, max(len(text), 1), _MAX_PART)]
    return b"".join(
        _app1(_OWN + bytes((number, len(parts))) + part) for number, part in enumerate(parts, 1)
    )


def _joined(parts: list[bytes]) -> str | None:
    if len(parts) > _MAX_PARTS:
        return None
    for number, part in enumerate(parts, 1):
        if part[:2] != bytes((number, len(parts))):
            return None
    return text_of(b"".join(part[2:] for part in parts))
