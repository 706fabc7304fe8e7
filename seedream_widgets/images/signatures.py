"""Recognises image formats by their first bytes, never by a name or a claimed media type."""

from __future__ import annotations

import base64
import re

from seedream_widgets.errors import ImageInputError

CONVERT = "save it as PNG or JPEG first"
_STARTS = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"BM", "BMP"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"II+\x00", "TIFF"),
    (b"MM\x00+", "TIFF"),
)
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_RAW_STARTS = (
    b"II\x1a\x00\x00\x00HEAPCCDR",  # Canon CRW
    b"IIRO",  # Olympus ORF
    b"IIRS",
    b"MMOR",
    b"IIU\x00",  # Panasonic RW2, Leica RWL
    b"FUJIFILMCCD-RAW",
    b"FOVb",  # Sigma X3F
    b"\x00MRM",  # Minolta MRW
)
_TIFF_STARTS = tuple(start for start, name in _STARTS if name == "TIFF")
# What follows the head of a TIFF in Canon's CR2 and Phase One's IIQ.
_RAW_MARKS = (b"CR\x02\x00", b"IIII", b"MMMM")
RAW = "it is a camera raw file; export it as JPEG or PNG from your raw converter"
_REFUSED_STARTS = (
    (b"%!PS", f"a PostScript drawing (EPS); {CONVERT}"),
    (b"\xc5\xd0\xd3\xc6", f"a PostScript drawing (EPS); {CONVERT}"),
    (b"\xff\x0a", f"a JPEG XL file, which Pillow can't read; {CONVERT}"),
    (b"\x00\x00\x00\x0cJXL ", f"a JPEG XL file, which Pillow can't read; {CONVERT}"),
    (b"\xff\x4f\xff\x51", f"a JPEG 2000 file; {CONVERT}"),
    (b"II\xbc", f"a JPEG XR file, which Pillow can't read; {CONVERT}"),
    (b"\x76\x2f\x31\x01", f"an OpenEXR file; {CONVERT}"),
    (b"#?RADIANCE", f"a Radiance HDR file; {CONVERT}"),
    (b"\x93NUMPY", "a numpy file; pass the array, as numpy.load(path)"),
    (b"\x1f\x8b", "a gzip archive; extract the image first"),
    (b"gimp xcf", f"a GIMP file; {CONVERT}"),
    (b"\x00\x00\x01\x00", f"an icon (ICO); {CONVERT}"),
    (b"data:image/", "a data: URL in bytes; pass it as text"),
    (b"%PDF", "a PDF; export the page as PNG or JPEG"),
    (b"PK\x03\x04", "a ZIP archive (or an office document); extract the image first"),
    (b"8BPS", f"a Photoshop file; {CONVERT}"),
    (b"\x00\x00\x00\x0cjP  ", f"a JPEG 2000 file; {CONVERT}"),
    (b"\x1a\x45\xdf\xa3", "a video; save one frame as PNG or JPEG"),
)
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]+|[A-Za-z0-9_-]+)={0,2}")
_TEXTS = (
    (b"<svg", f"an SVG drawing; {CONVERT}"),
    (b"<html", "a web page; download the image itself"),
    (b"<!doctype html", "a web page; download the image itself"),
)


def sniff(data: bytes) -> str:
    """Return Pillow's name of the format, such as ``"PNG"``.

    Raises:
        ImageInputError: It is not an image, or not of a supported format.
    """
    if data.startswith(_RAW_STARTS) or (data.startswith(_TIFF_STARTS) and data[8:12] in _RAW_MARKS):
        raise ImageInputError(RAW)
    if data.startswith(b"\x89PNG") and data[12:16] == b"CgBI":
        raise ImageInputError(
            "it is a PNG that Xcode changed for an iPhone app (CgBI), which other programs can't "
            "read; give the picture it was made from, or convert it with `xcrun pngcrush "
            "-revert-iphone-optimizations`"
        )
    for start, format_name in _STARTS:
        if data.startswith(start):
            return format_name
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:8] == b"ftyp":
        return _sniff_box(data)
    raise ImageInputError(_refusal(data))


def _sniff_box(data: bytes) -> str:
    length = min(int.from_bytes(data[:4], "big"), 256)
    brands = {data[at : at + 4] for at in range(8, length, 4)}
    if brands & {b"avif", b"avis"}:
        return "AVIF"
    if brands & _HEIF_BRANDS:
        return "HEIF"
    if b"crx " in brands:  # Canon CR3
        raise ImageInputError(RAW)
    raise ImageInputError("it is a video; save one frame as PNG or JPEG")


def base64_kind(text: str) -> str | None:
    """Return the format of an image whose base64 text this is, or ``None``."""
    start = "".join(text[:400].split())[:200]
    if len(start) < 24 or not _BASE64.fullmatch(start):
        return None
    head = base64.b64decode(start[: len(start) // 4 * 4], altchars=b"-_")
    try:
        return sniff(head)
    except ImageInputError:
        return None


def base64_hint(format_name: str) -> str:
    """Say what to do with an image's base64 text."""
    kind = format_name.lower()
    return (
        f"it looks like the base64 text of a {format_name}: decode it with base64.b64decode, or "
        f"put data:image/{kind};base64, before it"
    )


def _refusal(data: bytes) -> str:
    for start, kind in _REFUSED_STARTS:
        if data.startswith(start):
            return f"it is {kind}"
    if data[128:132] == b"DICM":
        return "it is a DICOM file; pass its pixels, scaled to 0..255, as an array of uint8"
    if encoded := base64_kind(data[:400].decode("latin-1")):
        return base64_hint(encoded)
    head = data[:2048].lower()
    for mark, kind in _TEXTS:
        if mark in head:
            return f"it is {kind}"
    return (
        f"it can't be read as an image ({first_bytes(data)}); "
        "give a PNG, JPEG, WebP, GIF, BMP, TIFF or AVIF file"
    )


def first_bytes(data: bytes) -> str:
    """Describe a file's first bytes for an error message: as text, or as hexadecimal digits."""
    begin = bytes(data[:8])
    if begin.isascii() and begin.decode("ascii").isprintable():
        return f"its first bytes are '{begin.decode('ascii')}'"
    return f"its first bytes are {begin.hex(' ')}"
