"""Embeds a receipt in an image file without touching its pixels, and reads it back.

A PNG holds it in an ``iTXt`` chunk. A JPEG or WebP holds it in an XMP packet or, if the file has an
XMP packet of another tool, which stays untouched, in segments of our own. What is read back is
untrusted text.
"""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING

from seedream_widgets.errors import ImageInputError, RequestError
from seedream_widgets.images import xmp
from seedream_widgets.images.containers import (
    EXIF,
    JPEG,
    PNG,
    SCAN,
    XMP,
    Edit,
    Part,
    Segment,
    is_webp,
    jpeg_segments,
    pieces,
    png_parts,
    splice,
    webp_end,
    webp_parts,
    webp_size,
)
from seedream_widgets.images.signatures import first_bytes, sniff

if TYPE_CHECKING:
    from seedream_widgets.images.containers import Pieces

MAX_TEXT = xmp.MAX_TEXT
MAX_RECEIPT = 512 * 1024
"""The most bytes of UTF-8 a receipt may have to be embedded."""

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_KEYWORD = b"seedream_receipt"
_COMPRESSED_ABOVE = 2048
_TEXTS = (b"iTXt", b"tEXt", b"zTXt")
_OWN = b"seedream-receipt\x00"
_MULTI_PICTURE = b"MPF\x00"
_MAX_PACKET = 65_502
_MAX_PART = 65_000
_MAX_OWN = MAX_TEXT // _MAX_PART + 1
_OWN_CHUNK = b"SDRM"
_HAS_XMP = 0x04
_HAS_ALPHA = 0x10


def embed(data: bytes, receipt: str) -> bytes:
    """Return a new file that carries `receipt`; see `embed_pieces`."""
    return b"".join(embed_pieces(data, receipt))


def embed_pieces(data: bytes, receipt: str) -> Pieces:
    """Return a file, in pieces, with `receipt` in it, replacing an older one.

    Args:
        data: A PNG, JPEG or WebP file; its pixel data is kept byte for byte.
        receipt: JSON text. Characters that XML can't hold, such as U+FFFE, become JSON escapes.

    Raises:
        RequestError: The file is of another format or damaged, or the receipt is too long.
    """
    receipt = _NOT_XML.sub(lambda match: f"\\u{ord(match[0]):04x}", receipt)
    size = len(receipt.encode())
    if size > MAX_RECEIPT:
        raise RequestError(
            f"the receipt has {size:,} bytes, more than the {MAX_RECEIPT:,} a file may carry; "
            "save the image without it",
            field="receipt",
            value=size,
        )
    if data.startswith(PNG):
        return _embed_png(data, receipt)
    if data.startswith(JPEG):
        return _embed_jpeg(data, receipt)
    if is_webp(data):
        return _embed_webp(data, receipt)
    raise _refusal(data)


def extract(data: bytes) -> str | None:
    """Return the receipt that a file carries, or ``None``; never raise, whatever the bytes.

    The text comes from outside: whoever made the file may have written anything.
    """
    if data.startswith(PNG):
        return _extract_png(data)
    if data.startswith(JPEG):
        return _extract_jpeg(data)
    return _extract_webp(data) if is_webp(data) else None


def _refusal(data: bytes) -> RequestError:
    try:
        name = sniff(data)
    except ImageInputError:
        name = ""
    what = f"{name} files can't carry a receipt" if name else "it is not a PNG, JPEG or WebP file"
    return RequestError(
        f"{what} ({first_bytes(data)}); save the image as PNG, JPEG or WebP",
        field="file",
        value=name or bytes(data[:8]),
    )


def _embed_png(data: bytes, receipt: str) -> Pieces:
    """Return `data` with the receipt as its last chunk before the pixels."""
    edits, pixels, kind = [], None, b""
    for part in png_parts(data):
        kind = part.kind
        if kind == b"IDAT" and pixels is None:
            pixels = part.start
        elif _is_receipt(data, part):
            edits.append((part.start, part.end, b""))
    if pixels is None or kind != b"IEND":
        raise _damaged("PNG")
    return pieces(data, [*edits, (pixels, pixels, _png_chunk(receipt))])


def _extract_png(data: bytes) -> str | None:
    """Return the receipt; of several, only the first is looked at."""
    part = next((each for each in png_parts(data) if _is_receipt(data, each)), None)
    if part is None or not part.is_sound(data):
        return None
    return _png_text(part.kind, part.body(data)[len(_KEYWORD) + 1 :])


def _is_receipt(data: bytes, part: Part) -> bool:
    return part.kind in _TEXTS and data.startswith(_KEYWORD + b"\x00", part.start + 8, part.end - 4)


def _png_chunk(receipt: str) -> bytes:
    text = receipt.encode()
    flag = b"\x00"
    if len(text) > _COMPRESSED_ABOVE:
        text, flag = zlib.compress(text), b"\x01"
    body = b"iTXt" + _KEYWORD + b"\x00" + flag + b"\x00" + b"\x00\x00" + text
    return (len(body) - 4).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")


def _png_text(kind: bytes, body: bytes) -> str | None:
    """Read what follows the keyword; other tools may have made it ``tEXt`` or ``zTXt``."""
    if kind == b"tEXt":
        return body.decode("latin-1") if len(body) <= MAX_TEXT else None
    if kind == b"zTXt":
        text = _inflate(body[1:]) if body[:1] == b"\x00" else None
        return None if text is None else text.decode("latin-1")
    flags = body[:2]
    _, _, rest = body[2:].partition(b"\x00")
    _, found, text = rest.partition(b"\x00")
    if flags == b"\x01\x00":
        text = _inflate(text)
    elif flags[:1] != b"\x00":
        return None
    return _decode_text(text) if found and text is not None else None


def _inflate(body: bytes) -> bytes | None:
    stream = zlib.decompressobj()
    try:
        text = stream.decompress(body, MAX_TEXT + 1)
    except zlib.error:
        return None
    return text if stream.eof and len(text) <= MAX_TEXT else None


def _embed_jpeg(data: bytes, receipt: str) -> Pieces:
    """Return `data` with the receipt among its first segments."""
    segments = list(jpeg_segments(data))
    scan = segments[-1] if segments else None
    if scan is None or scan.marker != SCAN or data.rfind(b"\xff\xd9", scan.end) < 0:
        raise _damaged("JPEG")
    place = _insert_position(data, segments)
    packets = [each for each in segments if _is_app1(data, each, XMP)] or [
        Segment(0xE1, place, place)
    ]
    bodies = [segment.body(data).removeprefix(XMP) for segment in packets]
    written, done = xmp.rewrite(bodies, receipt, _longest_packet(data, segments, packets[0]))
    edits: list[Edit] = [(s.start, s.end, b"") for s in segments if _is_app1(data, s, _OWN)]
    edits += [
        (segment.start, segment.end, _app1_segment(XMP + body) if body else b"")
        for segment, body in zip(packets, written, strict=True)
    ]
    if not done:
        edits.append((place, place, _own_segments(receipt)))
    return pieces(data, edits)


def _extract_jpeg(data: bytes) -> str | None:
    """Return the receipt; one in segments of its own is the newer one."""
    segments = list(jpeg_segments(data))
    own = [s.body(data).removeprefix(_OWN) for s in segments if _is_app1(data, s, _OWN)]
    if own:
        return _join_segments(own)
    packets = [s.body(data).removeprefix(XMP) for s in segments if _is_app1(data, s, XMP)]
    return xmp.first(packets)


def _is_app1(data: bytes, segment: Segment, identifier: bytes) -> bool:
    return segment.marker == 0xE1 and data.startswith(identifier, segment.start + 4, segment.end)


def _insert_position(data: bytes, segments: list[Segment]) -> int:
    """Return where to insert: JFIF and Exif stay first."""
    for segment in segments:
        if segment.marker != 0xE0 and not _is_app1(data, segment, EXIF):
            return segment.start
    return segments[-1].start


def _longest_packet(data: bytes, segments: list[Segment], packet: Segment) -> int:
    """Return how long the packet may get: not at all where offsets count from before it."""
    for segment in segments:
        is_offsets = segment.marker == 0xE2 and segment.body(data, 4) == _MULTI_PICTURE
        if is_offsets and segment.start < packet.start:
            return 0
    return _MAX_PACKET


def _app1_segment(body: bytes) -> bytes:
    return b"\xff\xe1" + (len(body) + 2).to_bytes(2, "big") + body


def _own_segments(receipt: str) -> bytes:
    """Write the receipt as numbered segments, as ICC profiles are."""
    text = receipt.encode()
    parts = [text[at : at + _MAX_PART] for at in range(0, max(len(text), 1), _MAX_PART)]
    return b"".join(
        _app1_segment(_OWN + bytes((number, len(parts))) + part)
        for number, part in enumerate(parts, 1)
    )


def _join_segments(parts: list[bytes]) -> str | None:
    if len(parts) > _MAX_OWN:
        return None
    for number, part in enumerate(parts, 1):
        if part[:2] != bytes((number, len(parts))):
            return None
    return _decode_text(b"".join(part[2:] for part in parts))


def _embed_webp(data: bytes, receipt: str) -> Pieces:
    """Return `data` with the receipt in its XMP chunk, or in a chunk of its own if that is bad."""
    data = _pad_last_chunk(data)
    chunks, end = list(webp_parts(data)), webp_end(data)
    if not chunks or chunks[-1].end != end:
        raise _damaged("WebP")
    packets = [chunk for chunk in chunks if chunk.kind == b"XMP "] or [Part(b"XMP ", end, end, 0)]
    bodies = [chunk.body(data) for chunk in packets]
    written, done = xmp.rewrite(bodies, receipt, xmp.MAX_PACKET)
    edits = [_header_edit(data, chunks[0])]
    edits += [(chunk.start, chunk.end, b"") for chunk in chunks if chunk.kind == _OWN_CHUNK]
    edits += [
        (chunk.start, chunk.end, _webp_chunk(b"XMP ", body) if body else b"")
        for chunk, body in zip(packets, written, strict=True)
    ]
    if not done:
        edits.append((end, end, _webp_chunk(_OWN_CHUNK, receipt.encode())))
    grown = sum(len(new) - (stop - start) for start, stop, new in edits)
    return pieces(data, [(4, 8, (end - 8 + grown).to_bytes(4, "little")), *edits])


def _extract_webp(data: bytes) -> str | None:
    """Return the receipt; one in a chunk of its own is the newer one."""
    chunks = [chunk for chunk in webp_parts(data) if chunk.kind in (b"XMP ", _OWN_CHUNK)]
    for chunk in chunks:
        if chunk.kind == _OWN_CHUNK:
            return _decode_text(chunk.body(data))
    return xmp.first([chunk.body(data) for chunk in chunks])


def _pad_last_chunk(data: bytes) -> bytes:
    """Add the last chunk's pad byte, which some writers leave out."""
    end = webp_end(data)
    if end % 2 == 0 or len(data) < end:
        return data
    return splice(data, [(4, 8, (end - 7).to_bytes(4, "little")), (end, end, b"\x00")])


def _header_edit(data: bytes, chunk: Part) -> Edit:
    """Return the edit that marks the file as extended, with XMP."""
    body = data[chunk.start + 8 : chunk.start + 18]
    if chunk.kind == b"VP8X" and chunk.size >= 10:
        flags = body[0] | _HAS_XMP
        return chunk.start + 8, chunk.start + 9, bytes((flags,))
    is_lossy = chunk.kind == b"VP8 " and chunk.size >= 10 and body[3:6] == b"\x9d\x01\x2a"
    is_lossless = chunk.kind == b"VP8L" and chunk.size >= 5 and body[:1] == b"\x2f"
    size = webp_size(data)
    if not (is_lossy or is_lossless) or not all(size):
        raise _damaged("WebP")
    flags = _HAS_XMP | (_HAS_ALPHA if is_lossless and body[4] >> 4 & 1 else 0)
    sides = b"".join((side - 1).to_bytes(3, "little") for side in size)
    return 12, 12, _webp_chunk(b"VP8X", bytes((flags, 0, 0, 0)) + sides)


def _webp_chunk(kind: bytes, body: bytes) -> bytes:
    return kind + len(body).to_bytes(4, "little") + body + b"\x00" * (len(body) % 2)


def _decode_text(raw: bytes) -> str | None:
    """Decode a receipt, unless it is too long or no UTF-8."""
    if len(raw) > MAX_TEXT:
        return None
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return None


def _damaged(format_name: str) -> RequestError:
    """Return the error for a file that can't be taken apart."""
    return RequestError(
        f"the {format_name} file is truncated or damaged; download or save it again",
        field="file",
        value=format_name,
    )
