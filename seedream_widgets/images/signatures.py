"""Tell image formats by their first bytes, never by a name or a claimed media type."""

from __future__ import annotations

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
_REFUSED_STARTS = (
    (b"%PDF", "a PDF; export the page as PNG or JPEG"),
    (b"PK\x03\x04", "a ZIP archive (or an office document); extract the image first"),
    (b"8BPS", f"a Photoshop file; {CONVERT}"),
    (b"\x00\x00\x00\x0cjP  ", f"a JPEG 2000 file; {CONVERT}"),
    (b"\x1a\x45\xdf\xa3", "a video; save one frame as PNG or JPEG"),
)
_TEXTS = (
    (b"<svg", f"an SVG drawing; {CONVERT}"),
    (b"<html", "a web page; download the image itself"),
    (b"<!doctype html", "a web page; download the image itself"),
)


def sniff(data: bytes) -> str:
    """Return Pillow's name of the format, such as ``"PNG"``.

    Raises:
        ImageInputError: It is no image, or of a kind that is not read.
    """
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
    raise ImageInputError("it is a video; save one frame as PNG or JPEG")


def _refusal(data: bytes) -> str:
    for start, kind in _REFUSED_STARTS:
        if data.startswith(start):
            return f"it is {kind}"
    head = data[:2048].lower()
    for mark, kind in _TEXTS:
        if mark in head:
            return f"it is {kind}"
    return (
        f"it is no image that can be read (it begins with {data[:8]!r}); "
        "give a PNG, JPEG, WebP, GIF, BMP, TIFF or AVIF file"
    )
