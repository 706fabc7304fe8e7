"""What a page shows of large pictures: a small preview of each, or a sharp part of one."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from seedream_widgets.images.guard import ORIENTATION, decode, one_large_at_a_time, open_image
from seedream_widgets.images.limits import LIMITS
from seedream_widgets.images.sources import read_path

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

    from PIL.Image import Image

_GAP = 1.5
"""How much of the scaling the good filter is left to do: SSIM .99 compared with full LANCZOS."""
_DRAFT_GAP = 1.3
"""The same for a JPEG's decoder, which scales well itself: SSIM .999."""
_QUALITIES = (80, 60, 40, 20)
MAX_BYTES = 900_000
"""Most bytes of one region: what VS Code carries in half a second."""
MAX_PIXELS = 4_200_000
"""Most pixels of one region: a window of 2048 x 2048."""
_REGION_QUALITIES = (92, 85, 75, 60, 40, 20)


@dataclass(frozen=True)
class Preview:
    """A small encoded picture and its size in pixels."""

    data: bytes = field(repr=False)
    media_type: str
    width: int
    height: int


def preview(
    data_or_path: bytes | os.PathLike[str], edge: int = 512, max_bytes: int = 100_000
) -> Preview:
    """Return a WebP picture, upright, of at most `edge` px a side and `max_bytes` bytes.

    It is never larger than the image itself. Transparency is kept. Quality goes down first,
    then the size. Pillow releases the GIL nearly all the time, so threads help.

    Args:
        data_or_path: An image's bytes, or the path of its file.
        edge: The longer side in pixels, 1 or more.
        max_bytes: 1000 or more.

    Raises:
        ImageInputError: It can't be decoded.
        ValueError: `edge` or `max_bytes` is too small.
    """
    if edge < 1 or max_bytes < 1000:
        raise ValueError(f"edge must be 1 or more and max_bytes 1000 or more: {edge}, {max_bytes}")
    given = data_or_path
    data = given if isinstance(given, bytes) else read_path(given, LIMITS).data
    return _encode_smaller(_decode_small(data, edge), max_bytes)


def preview_of(image: Image, edge: int, max_bytes: int) -> Preview:
    """Return a preview as `preview` does, of the pixels that a PIL image has now.

    Args:
        image: Any; it stays as it is, and is not turned.
        edge: The longer side in pixels, 1 or more.
        max_bytes: 1000 or more.
    """
    from seedream_widgets.images.pixels import eight_bit, to_rgb, with_profile

    image.load()
    small = _shrink_to(eight_bit(image), _within(image.size, edge))
    return _encode_smaller(to_rgb(with_profile(small)), max_bytes)


@dataclass(frozen=True)
class Reduced:
    """An upright picture, reduced as far as previews of up to `edge` px allow."""

    image: Image = field(repr=False)
    edge: float

    def preview(self, edge: int, max_bytes: int = 100_000) -> Preview:
        """Return a preview as `preview` does, of at most `self.edge` px a side."""
        size = _within(self.image.size, min(edge, self.edge))
        return _encode_smaller(_shrink_to(self.image, size), max_bytes)


def reduce_arriving(blocks: Iterable[bytes], edge: int) -> Reduced:
    """Decode a PNG while its blocks come, reduced as far as previews of `edge` px allow.

    Raises:
        ImageInputError: It is not one, or can't be decoded to the end.
    """
    from seedream_widgets.images.growing import ArrivingPng, open_arriving
    from seedream_widgets.images.pixels import eight_bit, to_rgb, upright

    file = ArrivingPng(blocks)
    image = open_arriving(file)
    decode(image)
    file.read()  # to its end: only there is it known to be whole
    factor = int(max(image.size) / (edge * _GAP)) or 1
    small = upright(to_rgb(eight_bit(image).reduce(factor)), file.orientation)
    return Reduced(small, int(max(small.size) / _GAP) if factor > 1 else math.inf)


def region(
    image: Image,
    box: tuple[int, int, int, int],
    size: tuple[int, int],
    max_bytes: int = MAX_BYTES,
) -> Preview:
    """Return a part of a picture of `decoded` as a JPEG, or as a WebP where it is not opaque.

    It is never larger than the part itself, than `MAX_PIXELS` pixels or than `max_bytes` bytes;
    quality goes down first, then the size.

    Args:
        image: The whole picture.
        box: Left, top, right and bottom in its pixels; what lies outside the picture is ignored.
        size: Width and height wanted, in pixels.
        max_bytes: 2000 or more.

    Raises:
        ValueError: `box` holds no pixel of it, or `size` none.
    """
    left, top = max(0, box[0]), max(0, box[1])
    right, bottom = min(image.width, box[2]), min(image.height, box[3])
    if left >= right or top >= bottom or min(size) < 1:
        raise ValueError(f"no pixel of {image.width} x {image.height} is in {box}, {size} px")
    width, height = right - left, bottom - top
    factor = min(1, size[0] / width, size[1] / height, (MAX_PIXELS / (width * height)) ** 0.5)
    part = image.crop((left, top, right, bottom))
    if part.mode == "RGBA" and part.getchannel("A").getextrema()[0] == 255:  # opaque
        part = part.convert("RGB")
    format_name = "WEBP" if part.mode == "RGBA" else "JPEG"
    while True:
        to = max(1, round(width * factor)), max(1, round(height * factor))
        if found := _encode_within(_shrink_to(part, to), max_bytes, _REGION_QUALITIES, format_name):
            return found
        factor *= 0.7


def _decode_small(data: bytes, edge: int) -> Image:
    from seedream_widgets.images.pixels import eight_bit, to_rgb, upright

    image = open_image(data)
    least = int(edge * _DRAFT_GAP)
    with one_large_at_a_time(image):
        decode(image, least=least if max(image.size) > least else None)
        plain, size = eight_bit(image), _within(image.size, edge)
        return upright(to_rgb(_shrink_to(plain, size)), image.info[ORIENTATION])


def _shrink_to(image: Image, size: tuple[int, int]) -> Image:
    from seedream_widgets.images.encode import shrunk

    return image if size == image.size else shrunk(image, size, _GAP)


def _within(size: tuple[int, int], edge: float) -> tuple[int, int]:
    factor = min(1, edge / max(size))
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))


def _encode_smaller(image: Image, max_bytes: int) -> Preview:
    from seedream_widgets.images.encode import shrunk

    while not (found := _encode_within(image, max_bytes, _QUALITIES, "WEBP")):
        image = shrunk(image, _within(image.size, max(image.size) * 7 // 10))
    return found


def _encode_within(
    image: Image, max_bytes: int, qualities: Iterable[int], format_name: str
) -> Preview | None:
    """Return a picture at the best quality that fits, or ``None`` if it must be made smaller."""
    for quality in qualities:
        subsampling = {"subsampling": 0 if quality > 80 else 2}
        options = {"method": 0} if format_name == "WEBP" else subsampling
        file = io.BytesIO()
        image.save(file, format_name, quality=quality, **options)
        if file.tell() <= max_bytes:
            return Preview(file.getvalue(), f"image/{format_name.lower()}", *image.size)
    return None
