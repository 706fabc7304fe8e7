"""Encodes an RGB or RGBA image as a JPEG or PNG within the limits."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Callable

    from seedream_widgets.images.limits import InputLimits

_JPEG_STEPS = ((95, 0), (90, 0), (85, 0), (80, 2))
"""Quality and subsampling (0 is 4:4:4, 2 is 4:2:0), tried before the image is scaled down."""
_SAMPLE_SIDE = 128


@dataclass(frozen=True)
class Encoded:
    """An encoded image; its size tells whether it was scaled down."""

    data: bytes
    format_name: str
    size: tuple[int, int]


def encode(image: Image.Image, limits: InputLimits) -> Encoded:
    """Encode within `limits`: as PNG if transparent or of few colours, else as JPEG."""
    factor = limits.max_side / max(image.size)
    fitted = image if factor >= 1 else shrunk(image, _times(image.size, factor))
    if fitted.mode == "RGBA":
        return _shrinking(fitted, limits.max_bytes, "PNG")
    if is_graphic(fitted) and len(data := png(fitted)) <= limits.max_bytes:
        return Encoded(data, "PNG", fitted.size)
    for quality, subsampling in _JPEG_STEPS:
        data = _jpeg(fitted, quality, subsampling)
        if len(data) <= limits.max_bytes:
            return Encoded(data, "JPEG", fitted.size)
    return _shrinking(fitted, limits.max_bytes, "JPEG")


def is_graphic(image: Image.Image) -> bool:
    """Tell whether an image is a drawing or screenshot: 16 colours cover most of a sample."""
    width, height = (min(side, _SAMPLE_SIDE) for side in image.size)
    sample = image.resize((width, height), Image.Resampling.NEAREST)
    colours = sample.getcolors(width * height) or []
    commonest = sorted((count for count, _ in colours), reverse=True)[:16]
    return sum(commonest) >= 0.75 * width * height


def shrunk(image: Image.Image, size: tuple[int, int], gap: float = 2.0) -> Image.Image:
    """Scale down well; colours under transparent pixels don't bleed."""
    if image.mode not in ("RGBA", "LA"):
        return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=gap)
    # Pillow ignores reducing_gap for RGBA, but not for premultiplied RGBa.
    premultiplied = image.convert(image.mode[:-1] + "a")
    small = premultiplied.resize(size, Image.Resampling.LANCZOS, reducing_gap=gap)
    result = small.convert(image.mode)
    result.info = image.info
    return result


def _times(size: tuple[int, int], factor: float) -> tuple[int, int]:
    return max(1, int(size[0] * factor)), max(1, int(size[1] * factor))


def png(image: Image.Image) -> bytes:
    """Return an RGB or RGBA image as PNG, every pixel as it is."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()


def _jpeg(image: Image.Image, quality: int = 85, subsampling: int = 0) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality, subsampling=subsampling)
    return buffer.getvalue()


def _shrinking(image: Image.Image, max_bytes: int, format_name: str) -> Encoded:
    write = png if format_name == "PNG" else _jpeg
    size, length = image.size, _estimated_length(image, write)
    if length <= 1.2 * max_bytes:
        data = write(image)
        length = len(data)
    while length > max_bytes and max(size) > 1:
        # Bytes go with the area; the margin makes a third round rare.
        size = _times(size, 0.97 * math.sqrt(max_bytes / length))
        data = write(shrunk(image, size))
        length = len(data)
    return Encoded(data, format_name, size)


def _estimated_length(image: Image.Image, write: Callable[[Image.Image], bytes]) -> int:
    """Estimate from eight thin bands: a large PNG takes seconds to write just to be too big."""
    band = image.height // 64
    if band < 8:
        return 0
    bands = Image.new(image.mode, (image.width, 8 * band))
    for number in range(8):
        top = (2 * number + 1) * image.height // 16
        bands.paste(image.crop((0, top, image.width, top + band)), (0, number * band))
    return len(write(bands)) * image.height // (8 * band)
