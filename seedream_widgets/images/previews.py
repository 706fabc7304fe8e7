"""Small pictures of large ones, for the page and for saved notebooks."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from seedream_widgets.images.guard import ORIENTATION, decode, in_turn, open_image
from seedream_widgets.images.limits import LIMITS
from seedream_widgets.images.sources import read_path

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

    from PIL.Image import Image

_GAP = 1.5
"""How far a picture may be shrunk coarsely before the good filter: SSIM .99 to a full LANCZOS."""
_DRAFT_GAP = 1.3
"""The same for what a JPEG's decoder shrinks, which is a good filter itself: SSIM .999."""
_QUALITIES = (80, 60, 40, 20)


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
    then the size. Pillow lets go of the GIL in nearly all of it, so threads help.

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
    return _encoded(_small(data, edge), max_bytes)


def preview_of(image: Image, edge: int, max_bytes: int) -> Preview:
    """Return a preview as `preview` does, of the pixels that a PIL image has now.

    Args:
        image: Any; it stays as it is, and is not turned.
        edge: The longer side in pixels, 1 or more.
        max_bytes: 1000 or more.
    """
    from seedream_widgets.images.pixels import eight_bit, to_rgb

    image.load()
    return _encoded(to_rgb(_scaled(eight_bit(image), _within(image.size, edge))), max_bytes)


@dataclass(frozen=True)
class Reduced:
    """An upright picture, reduced as far as previews of up to `edge` px allow."""

    image: Image = field(repr=False)
    edge: float

    def preview(self, edge: int, max_bytes: int = 100_000) -> Preview:
        """Return a preview as `preview` does, of at most `self.edge` px a side."""
        size = _within(self.image.size, min(edge, self.edge))
        return _encoded(_scaled(self.image, size), max_bytes)


def reduced(blocks: Iterable[bytes], edge: int) -> Reduced:
    """Decode a PNG while its blocks come, to what previews of `edge` px are made of.

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


def _small(data: bytes, edge: int) -> Image:
    from seedream_widgets.images.pixels import eight_bit, to_rgb, upright

    image = open_image(data)
    least = int(edge * _DRAFT_GAP)
    with in_turn(image):
        decode(image, least=least if max(image.size) > least else None)
        plain, size = eight_bit(image), _within(image.size, edge)
        return upright(to_rgb(_scaled(plain, size)), image.info[ORIENTATION])


def _scaled(image: Image, size: tuple[int, int]) -> Image:
    from seedream_widgets.images.encode import shrunk

    return image if size == image.size else shrunk(image, size, _GAP)


def _within(size: tuple[int, int], edge: float) -> tuple[int, int]:
    factor = min(1, edge / max(size))
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))


def _encoded(image: Image, max_bytes: int) -> Preview:
    from seedream_widgets.images.encode import shrunk

    while True:
        for quality in _QUALITIES:
            buffer = io.BytesIO()
            image.save(buffer, "WEBP", quality=quality, method=0)
            if buffer.tell() <= max_bytes:
                return Preview(buffer.getvalue(), "image/webp", *image.size)
        image = shrunk(image, _within(image.size, max(image.size) * 7 // 10))
