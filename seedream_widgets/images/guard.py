"""Opens untrusted bytes as a PIL image, safely.

Pillow's own `Image.open` guesses among all its formats and warns of large images. Here the
format's class is called directly: no warning, no global limit to change, so it is safe in
threads.
"""

from __future__ import annotations

import os
import re
import threading
from contextlib import nullcontext
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from seedream_widgets.errors import ImageInputError
from seedream_widgets.images.containers import webp_size
from seedream_widgets.images.limits import LIMITS, InputLimits
from seedream_widgets.images.metadata import orientation_of, strip_metadata, tiff_numbers
from seedream_widgets.images.signatures import CONVERT, RAW, sniff

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

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
# Messages of Pillow and its decoders for a kind of file that they know but can't read.
_LACKING = re.compile(
    "support|not available|not installed|cannot handle|unknown (pixel|compression|data|raw)|"
    "unknown .*mode|no codec",
    re.IGNORECASE,
)
_CLOSED = re.compile("^ValueError: .*closed (image|file)")
_SUBFILE, _COMPRESSION, _COLOURS, _INSIDE, _DNG = 0xFE, 0x103, 0x106, 0x14A, 0xC612
_RAW_COLOURS = {32803, 34892}  # a colour filter's pattern, and DNG's linear raw
_RAW_COMPRESSIONS = {32767, 32769, 32770, 34713, 34892, 65000, 65535}
_LARGE = 30_000_000
"""Pictures of this many pixels or more are decoded one at a time, as each takes 120 to 240 MB."""
_large = threading.Lock()
ORIENTATION = "seedream_orientation"
BY_EXIF = "seedream_by_exif"
ANIMATED = "seedream_animated"
DEEP = "seedream_deep"
UNUSUAL = "seedream_unusual"


def open_image(data: bytes, limits: InputLimits = LIMITS) -> ImageFile:
    """Open an image of known format; its pixels are not decoded yet.

    Its ``info`` tells ``seedream_orientation`` (1 to 8, still to be applied),
    ``seedream_by_exif`` (whether EXIF says so), ``seedream_animated``, and ``seedream_deep``
    (a PNG of 16 bits a colour, of which Pillow reads 8).

    Raises:
        ImageInputError: It is not an image, damaged, too large, or can't be read by Pillow here.
    """
    import io

    limits.refuse_length(len(data))
    format_name = sniff(data)
    _refuse_large_canvas(data, format_name, limits)
    plain = strip_metadata(data, format_name)
    if format_name == "TIFF":
        _refuse_raw(tiff_numbers(data))
    opener = _image_class(format_name)
    try:
        image = opener(io.BytesIO(plain.data))
        animated = plain.animated or bool(getattr(image, "is_animated", False))
    except Exception as error:
        raise _decode_error(format_name, error, plain.unusual) from error
    refuse_raw(image)
    limits.refuse_pixels(*image.size)
    # A TIFF is turned by Pillow itself as it loads.
    turned = 1 if format_name == "TIFF" else orientation_of(image.info)
    image.info[ORIENTATION] = plain.orientation if plain.orientation != 1 else turned
    image.info[BY_EXIF] = plain.by_exif
    image.info[ANIMATED] = animated
    image.info[DEEP] = plain.deep
    image.info[UNUSUAL] = plain.unusual
    if plain.profile is not None:
        image.info["icc_profile"] = plain.profile
    return image


def decode(image: Image, least: int | None = None) -> None:
    """Decode all pixels; a JPEG at a half or less if its longer side stays `least` px or more.

    Raises:
        ImageInputError: They can't be decoded to the end.
    """
    no_file = getattr(image, "fp", image) is None  # so is one that is loaded, which loads again
    try:
        if least is not None:
            factor = least / max(image.size)
            image.draft(None, (int(image.width * factor), int(image.height * factor)))
        image.load()
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
        if _CLOSED.search(said) or no_file:
            raise ImageInputError(
                "the image is closed, and its pixels were not loaded before; pass it inside the "
                "with block, or pass its path"
            ) from error
        raise _decode_error(image.format or "image", error, image.info.get(UNUSUAL)) from error


def _replace_lock() -> None:
    global _large
    _large = threading.Lock()


if hasattr(os, "register_at_fork"):  # who held it is not there in the child
    os.register_at_fork(after_in_child=_replace_lock)


def one_large_at_a_time(image: Image) -> AbstractContextManager[object]:
    """Let only one large picture be decoded at a time, as several at once could fill the memory."""
    return _large if image.width * image.height > _LARGE else nullcontext()


def refuse_raw(image: Image) -> None:
    """Refuse a camera raw file, which is a TIFF whose first picture is a thumbnail.

    Raises:
        ImageInputError: It is one.
    """
    tags = getattr(image, "tag_v2", None) if image.format == "TIFF" else None
    if tags is not None:
        found = {tag: tags.get(tag) for tag in (_SUBFILE, _COMPRESSION, _COLOURS, _INSIDE, _DNG)}
        numbers = {tag: value for tag, value in found.items() if value is not None}
        _refuse_raw({**numbers, "next": getattr(tags, "next", 0)}, image.size)


def _refuse_raw(numbers: Mapping[Any, Any], size: tuple[int, int] | None = None) -> None:
    subfile = numbers.get(_SUBFILE)
    is_thumbnail = isinstance(subfile, int) and bool(subfile & 1)
    if (
        _DNG in numbers
        or numbers.get(_COLOURS) in _RAW_COLOURS
        or numbers.get(_COMPRESSION) in _RAW_COMPRESSIONS
        or (is_thumbnail and _INSIDE in numbers)
    ):
        width, height = size or (numbers.get(0x100), numbers.get(0x101))
        raise ImageInputError(
            RAW.replace(";", f", whose only readable picture is a {width}x{height} thumbnail;")
            if is_thumbnail and width
            else RAW
        )
    if is_thumbnail and numbers.get("next"):
        raise ImageInputError("its first picture is a thumbnail; save the whole one as PNG or JPEG")


def _image_class(format_name: str) -> type[ImageFile]:
    module, name = _CLASSES[format_name]
    try:
        return cast("type[ImageFile]", getattr(import_module(module), name))
    except (ImportError, AttributeError) as error:
        text = f"this Pillow can't read {format_name}; {CONVERT}"
        raise ImageInputError(_MISSING.get(format_name, text)) from error


def _refuse_large_canvas(data: bytes, format_name: str, limits: InputLimits) -> None:
    """Refuse a giant GIF or WebP canvas before Pillow reserves memory for it."""
    if format_name == "GIF":
        width, height = (int.from_bytes(data[at : at + 2], "little") for at in (6, 8))
        limits.refuse_pixels(width, height)
    elif format_name == "WEBP":
        limits.refuse_pixels(*webp_size(data))


def _decode_error(format_name: str, error: Exception, unusual: str | None) -> ImageInputError:
    reason = " ".join(str(error).split())[:100]
    detail = f" ({reason})" if reason else ""
    if isinstance(error, MemoryError):
        return ImageInputError("there is not enough memory to decode it; scale it down first")
    is_lacking = isinstance(error, ImportError | NameError) or _LACKING.search(reason)
    if format_name == "TIFF" and isinstance(error.__cause__ or error, KeyError):
        is_lacking, detail = True, f" (its compression or colours are {reason})"
    if unusual or is_lacking:
        what = unusual or format_name
        text = f"it is {what} of a kind that this Pillow can't decode{detail}; {CONVERT}"
        return ImageInputError(_MISSING.get(format_name, text))
    return ImageInputError(
        f"its {format_name} data is truncated or damaged{detail}; download or save it again"
    )
