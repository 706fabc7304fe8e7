"""Small pictures of large ones, for the page and for saved notebooks."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from seedream_widgets.images.guard import ORIENTATION, decode, open_image
from seedream_widgets.images.limits import LIMITS
from seedream_widgets.images.sources import read_path

if TYPE_CHECKING:
    import os

    from PIL.Image import Image

_GAP = 1.5
"""How far decoding may shrink coarsely before the good filter: SSIM .99 to a full LANCZOS."""
_QUALITIES = (80, 60, 40, 20)


@dataclass(frozen=True)
class Preview:
    """Hold a small encoded picture and its size in pixels."""

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


def _small(data: bytes, edge: int) -> Image:
    from seedream_widgets.images.encode import shrunk
    from seedream_widgets.images.pixels import eight_bit, to_rgb, upright

    image = open_image(data)
    least = int(edge * _GAP)
    decode(image, least=least if max(image.size) > least else None)
    plain, size = eight_bit(image), _within(image.size, edge)
    small = to_rgb(plain if size == plain.size else shrunk(plain, size, _GAP))
    return upright(small, image.info[ORIENTATION])


def _within(size: tuple[int, int], edge: int) -> tuple[int, int]:
    factor = min(1, edge / max(size))
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))


def _encoded(image: Image, max_bytes: int) -> Preview:
    from seedream_widgets.images.encode import shrunk

    while True:
        for quality in _QUALITIES:
            buffer = io.BytesIO()
            profile = image.info.get("icc_profile", b"")
            image.save(buffer, "WEBP", quality=quality, method=0, icc_profile=profile)
            if buffer.tell() <= max_bytes:
                return Preview(buffer.getvalue(), "image/webp", *image.size)
        # A profile that couldn't be applied may be larger than the picture.
        image.info = {}
        image = shrunk(image, _within(image.size, max(image.size) * 7 // 10))
