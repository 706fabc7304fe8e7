"""Strips the metadata from JPEG and PNG files, keeping pixels and colours byte for byte.

Pillow parses metadata when it opens a file, and warns if it is damaged; its warnings can't be
silenced for one thread only, so it gets none. fal gets none either, as its files are public: photos
say where they were taken, and other tools put prompts into their pictures.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zlib import decompressobj, error

from seedream_widgets.errors import ImageInputError
from seedream_widgets.images.containers import (
    END,
    EXIF,
    PIXELS,
    SCAN,
    XMP,
    Part,
    jpeg_scans,
    jpeg_segments,
    png_parts,
)
from seedream_widgets.images.png_colours import profile_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_ICC = b"ICC_PROFILE\x00"
PNG_KEPT = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"iCCP", b"sRGB", b"gAMA", b"cHRM"}
PNG_COLOURS = {b"cICP", b"iCCP", b"sRGB", b"gAMA", b"cHRM"}
PNG_TEXTS = {b"iTXt", b"zTXt", b"tEXt"}
_PNG_LENGTHS = {b"IEND": 0, b"sRGB": 1, b"gAMA": 4, b"cHRM": 32}
_DAMAGED = "it is truncated or damaged; download or save it again"
# Frames, tables, restarts and scans: what a JPEG's pixels are decoded from.
_JPEG_PIXELS = {*range(0xC0, 0xD0), 0xDA, 0xDB, 0xDC, 0xDD}
_FRAMES = {0xC0, 0xC1, 0xC2}
_RARE_FRAMES = {*range(0xC3, 0xD0)} - {0xC4, 0xC8, 0xCC}
_ORIENTATION = re.compile(rb"""tiff:Orientation\s*(?:=\s*["']|>)\s*([1-8])\b""")
_LONGEST_XMP = 4_000_000


@dataclass(frozen=True)
class Stripped:
    """A file without metadata, and those facts of the metadata that matter here.

    Attributes:
        data: The file.
        orientation: EXIF's, 1 to 8, or XMP's where EXIF names none.
        animated: Whether it is a PNG of several frames.
        by_exif: Whether EXIF named the orientation.
        deep: Whether it is a PNG of 16 bits a colour.
        unusual: What it is, if it is a JPEG that not every decoder can read.
        profile: An ICC profile for the colours that a PNG names in chunks of its own.
    """

    data: bytes
    orientation: int = 1
    animated: bool = False
    by_exif: bool = True
    deep: bool = False
    unusual: str | None = None
    profile: bytes | None = None


def strip_metadata(data: bytes, format_name: str) -> Stripped:
    """Return `data` without its metadata; only JPEG and PNG are taken apart."""
    if format_name == "JPEG":
        return _strip_jpeg(data)
    if format_name == "PNG":
        return _strip_png(data)
    return Stripped(data)


def exif_orientation(exif: bytes) -> int:
    """Return EXIF's orientation, 1 to 8; 1 (upright) where it is missing or nonsense."""
    value = tiff_numbers(exif).get(0x0112, 1)
    return value if 1 <= value <= 8 else 1


def exif_size(exif: bytes) -> tuple[int, int] | None:
    """Return width and height of the picture as the camera stored it, where EXIF tells."""
    first = tiff_numbers(exif)
    size = tiff_numbers(exif, first.get(0x8769))
    width = size.get(0xA002) or first.get(0x0100, 0)
    height = size.get(0xA003) or first.get(0x0101, 0)
    return (width, height) if width and height else None


def tiff_numbers(exif: bytes, directory: int | None = None) -> dict[int | str, int]:
    """Return a directory's whole numbers by tag, and where the ``"next"`` one is.

    Args:
        exif: A TIFF file, or EXIF, which is one.
        directory: Where it begins; the first unless given.
    """
    tiff = exif.removeprefix(EXIF)
    if tiff[:4] not in (b"II*\x00", b"MM\x00*"):
        return {}

    def number(at: int, size: int) -> int:
        return int.from_bytes(tiff[at : at + size], "little" if tiff[:1] == b"I" else "big")

    start = number(4, 4) if directory is None else directory
    end = min(start + 2 + 12 * number(start, 2), len(tiff) - 10)
    found: dict[int | str, int] = {}
    for entry in range(start + 2, end, 12):
        size = {1: 1, 3: 2, 4: 4, 13: 4}.get(number(entry + 2, 2))
        if size:
            found.setdefault(number(entry, 2), number(entry + 8, size))
    return {**found, "next": number(start + 2 + 12 * number(start, 2), 4)}


def xmp_orientation(packet: bytes) -> int:
    """Return XMP's orientation, 1 to 8; 1 (upright) where it is missing or nonsense."""
    found = _ORIENTATION.search(packet, 0, _LONGEST_XMP)
    return int(found[1]) if found else 1


def orientation_of(info: Mapping[Any, Any]) -> int:
    """Return the orientation that the `info` of a PIL image names, read as Pillow reads it."""
    exif, text = info.get("exif"), info.get("Raw profile type exif")
    if isinstance(exif, bytes) and (found := exif_orientation(exif)) != 1:
        return found
    if isinstance(text, str) and exif is None:
        return exif_orientation(raw_profile(text.encode("latin-1", "replace")))
    packet = info.get("XML:com.adobe.xmp") or info.get("xmp")
    if isinstance(packet, str):
        packet = packet.encode("utf-8", "replace")
    return xmp_orientation(packet) if isinstance(packet, bytes) else 1


def raw_profile(text: bytes) -> bytes:
    """Return the bytes that ImageMagick writes into PNG texts as lines of hexadecimal digits."""
    try:
        return bytes.fromhex("".join(text.decode("latin-1").split("\n")[3:]))
    except ValueError:
        return b""


def pixels_only(data: bytes, format_name: str) -> bytes:
    """Return a JPEG or PNG with the same pixels, byte for byte, and nothing else.

    Left out are EXIF with place and thumbnail, XMP, captions, texts, comments, the colour profile,
    which was applied or can't be, and what follows the picture: further pictures, a film, what a
    cropped file was before.

    Args:
        data: The file; it was opened by `strip_metadata` before.
        format_name: ``"JPEG"`` or ``"PNG"``.

    Raises:
        ImageInputError: It can't be taken apart.
    """
    parts = _jpeg_pixels(data) if format_name == "JPEG" else _png_pixels(data)
    found = b"".join(parts)
    return data if found == data else found


def _strip_jpeg(data: bytes) -> Stripped:
    kept, orientation, text_orientation, unusual = [data[:2]], 1, 1, None
    marker, body = 0, b""
    for segment in jpeg_segments(data):
        marker, body = segment.marker, segment.body(data, most=29)
        if marker == 0xE1 and body.startswith(EXIF):
            orientation = exif_orientation(segment.body(data))
        if marker == 0xE1 and body.startswith(XMP):
            text_orientation = xmp_orientation(segment.body(data))
        if marker in _RARE_FRAMES or (marker in _FRAMES and body[:1] not in (b"", b"\x08")):
            unusual = "a lossless, arithmetic or 12-bit JPEG"
        is_text = 0xE1 <= marker <= 0xEF or marker == 0xFE
        if not is_text or marker == 0xEE or body.startswith(_ICC):
            kept.append(data[segment.start : None if marker == SCAN else segment.end])
    if marker != SCAN:
        raise ImageInputError(_DAMAGED)
    by_exif = orientation != 1
    turn = orientation if by_exif else text_orientation
    return Stripped(b"".join(kept), turn, by_exif=by_exif, unusual=unusual)


def _jpeg_pixels(data: bytes) -> Iterator[bytes | memoryview]:
    view, marker, at = memoryview(data), None, 2
    yield view[:2]
    for _, start, at in jpeg_segments(data):
        yield _jpeg_part(view[start:at])
    for marker, start, end in jpeg_scans(data, at):
        if marker == END:
            yield b"\xff\xd9"
        else:
            yield view[start:end] if marker == PIXELS else _jpeg_part(view[start:end])
    if marker != END:
        raise ImageInputError(_DAMAGED)


def _jpeg_part(segment: memoryview) -> bytes | memoryview:
    """Return a segment reduced to what the pixels and their colours need, perhaps to nothing."""
    marker, body = segment[1], bytes(segment[4:18])
    if marker in _JPEG_PIXELS:
        return segment
    if marker == 0xE0 and body.startswith(b"JFIF\x00") and len(body) >= 14:
        return b"\xff\xe0\x00\x10" + body[:12] + b"\x00\x00"  # its thumbnail has no pixels
    if marker == 0xEE and body.startswith(b"Adobe") and len(body) >= 12:
        return b"\xff\xee\x00\x0e" + body[:12]
    return b""


def _strip_png(data: bytes) -> Stripped:
    kept, orientation, text_orientation, animated = [data[:8]], 1, 1, False
    colours: dict[bytes, bytes] = {}
    for part in _checked_chunks(data):
        if part.kind in PNG_COLOURS:
            colours.setdefault(part.kind, b"" if part.kind == b"iCCP" else part.body(data))
        animated = animated or part.kind == b"acTL"
        if part.kind == b"eXIf":
            orientation = part_orientation(part.kind, part.body(data))
        if part.kind in PNG_TEXTS and text_orientation == 1 and part.size <= _LONGEST_XMP:
            text_orientation = part_orientation(part.kind, part.body(data))
        if part.kind in PNG_KEPT:
            kept.append(data[part.start : part.end])
    by_exif = orientation != 1
    deep = data[24] == 16 and data[25] in (2, 6)
    return Stripped(
        b"".join(kept),
        orientation if by_exif else text_orientation,
        animated,
        by_exif,
        deep,
        profile=profile_of(colours),
    )


def _png_pixels(data: bytes) -> Iterator[bytes | memoryview]:
    view = memoryview(data)
    yield view[:8]
    for kind, start, end, size in png_parts(data):
        if kind in PNG_KEPT and size == _PNG_LENGTHS.get(kind, size):
            if kind != b"iCCP":  # where it changes colours, the pixels are converted
                yield view[start:end]
        elif kind == b"IEND":
            yield b"\x00\x00\x00\x00IEND\xaeB`\x82"


def _checked_chunks(data: bytes) -> Iterator[Part]:
    """Yield the chunks of a PNG, each of which must have arrived whole: dropped ones, too."""
    kind = b""
    for part in png_parts(data):
        kind = part.kind
        if not kind.isalpha() or not part.is_sound(data):
            break
        yield part
    else:
        if kind == b"IEND":
            return
    raise ImageInputError(_DAMAGED)


def part_orientation(kind: bytes, body: bytes) -> int:
    """Return the orientation that a chunk of PNG names: EXIF, XMP, or ImageMagick's EXIF."""
    if kind == b"eXIf":
        return exif_orientation(body)
    keyword, _, rest = body.partition(b"\x00")
    if keyword == b"XML:com.adobe.xmp" and kind == b"iTXt":
        compressed, rest = rest[:1] == b"\x01", rest[2:].split(b"\x00", 2)[-1]
        return xmp_orientation(_inflate(rest) if compressed else rest)
    if keyword == b"Raw profile type exif" and kind in (b"zTXt", b"tEXt"):
        return exif_orientation(raw_profile(_inflate(rest[1:]) if kind == b"zTXt" else rest))
    return 1


def _inflate(body: bytes) -> bytes:
    try:
        return decompressobj().decompress(body, _LONGEST_XMP)
    except error:
        return b""
