"""Open bytes from outside as a PIL image, safely.

Pillow's own `Image.open` guesses among all its formats and warns of large images. Here the
format's class is called directly: no warning, no global limit to change, so it is safe in
threads.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, cast

from seedream_widgets.errors import ImageInputError
from seedream_widgets.images.limits import LIMITS, InputLimits
from seedream_widgets.images.metadata import bare, exif_orientation
from seedream_widgets.images.signatures import CONVERT, sniff

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

_CLASSES = {
    "PNG": ("PIL.PngImagePlugin", "PngImageFile"),
    "JPEG": ("PIL.JpegImagePlugin", "JpegImageFile"),
    "GIF": ("PIL.GifImagePlugin", "GifImageFile"),
    "WEBP": ("PIL.WebPImagePlugin", "WebPImageFile"),
    "BMP": ("PIL.BmpImagePlugin", "BmpImageFile"),
    "TIFF": ("PIL.TiffImagePlugin", "TiffImageFile"),
    "AVIF": ("PIL.AvifImagePlugin", "AvifImageFile"),
    "HEIF": ("pillow_heif", "HeifImageFile"),
}
_MISSING = {
    "AVIF": f"it is AVIF, which this Pillow can't read; {CONVERT}, or `pip install -U pillow`",
    "HEIF": f"it is HEIC, which Pillow can't read; {CONVERT}, or `pip install pillow-heif`",
}
ORIENTATION = "seedream_orientation"
ANIMATED = "seedream_animated"


def open_image(data: bytes, limits: InputLimits = LIMITS) -> ImageFile:
    """Open an image of known format; its pixels are not decoded yet.

    Its ``info`` tells ``seedream_orientation`` (EXIF's, 1 to 8, still to be applied) and
    ``seedream_animated``.

    Raises:
        ImageInputError: It is no image, damaged, too large, or can't be read by Pillow here.
    """
    import io

    limits.refuse_length(len(data))
    format_name = sniff(data)
    _refuse_canvas(data, format_name, limits)
    plain = bare(data, format_name)
    opener = _class_of(format_name)
    try:
        image = opener(io.BytesIO(plain.data))
        animated = plain.animated or bool(getattr(image, "is_animated", False))
    except Exception as error:
        raise _unreadable(format_name, error) from error
    limits.refuse_pixels(*image.size)
    exif = image.info.get("exif")
    # A TIFF is turned by Pillow itself as it loads.
    turned = exif_orientation(exif) if isinstance(exif, bytes) and format_name != "TIFF" else 1
    image.info[ORIENTATION] = plain.orientation if plain.orientation != 1 else turned
    image.info[ANIMATED] = animated
    return image


def decode(image: Image, least: int | None = None) -> None:
    """Decode all pixels; a JPEG at a half or less if its longer side stays `least` px or more.

    Raises:
        ImageInputError: They can't be decoded to the end.
    """
    try:
        if least is not None:
            factor = least / max(image.size)
            image.draft(None, (int(image.width * factor), int(image.height * factor)))
        image.load()
    except Exception as error:
        raise _unreadable(image.format or "image", error) from error


def _class_of(format_name: str) -> type[ImageFile]:
    module, name = _CLASSES[format_name]
    try:
        return cast("type[ImageFile]", getattr(import_module(module), name))
    except (ImportError, AttributeError) as error:
        text = f"this Pillow can't read {format_name}; {CONVERT}"
        raise ImageInputError(_MISSING.get(format_name, text)) from error


def _refuse_canvas(data: bytes, format_name: str, limits: InputLimits) -> None:
    """Refuse a giant GIF or WebP canvas before Pillow reserves memory for it."""
    if format_name == "GIF":
        width, height = (int.from_bytes(data[at : at + 2], "little") for at in (6, 8))
        limits.refuse_pixels(width, height)
    elif format_name == "WEBP":
        limits.refuse_pixels(*_webp_size(data))


def _webp_size(data: bytes) -> tuple[int, int]:
    kind = data[12:16]
    if kind == b"VP8X":
        width, height = (int.from_bytes(data[at : at + 3], "little") for at in (24, 27))
        return width + 1, height + 1
    if kind == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = (int.from_bytes(data[at : at + 2], "little") & 0x3FFF for at in (26, 28))
    return width, height


def _unreadable(format_name: str, error: Exception) -> ImageInputError:
    reason = " ".join(str(error).split())[:100]
    detail = f" ({reason})" if reason else ""
    return ImageInputError(
        f"its {format_name} data is truncated or damaged{detail}; download or save it again"
    )
