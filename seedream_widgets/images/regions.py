"""Parts of large pictures, as sharp as a screen shows them."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from seedream_widgets.images.previews import Preview

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_BYTES = 900_000
"""Most bytes of one region: what VS Code carries in half a second."""
MAX_PIXELS = 4_200_000
"""Most pixels of one region: a window of 2048 x 2048."""
_QUALITIES = (92, 85, 75, 60, 40, 20)
_OPAQUE_FROM = 255

Box = tuple[int, int, int, int]


def region(image: Image, box: Box, size: tuple[int, int], max_bytes: int = MAX_BYTES) -> Preview:
    """Return a part of a picture of `decoded` as a JPEG, or as a WebP where it is not opaque.

    It is never larger than the part itself, than `MAX_PIXELS` pixels or than `max_bytes` bytes;
    quality goes down first, then the size.

    Args:
        image: The whole picture.
        box: Left, top, right and bottom in its pixels; what lies outside of it is left away.
        size: Width and height wanted, in pixels.
        max_bytes: 2000 or more.

    Raises:
        ValueError: `box` holds no pixel of it, or `size` none.
    """
    from seedream_widgets.images.encode import shrunk

    left, top = max(0, box[0]), max(0, box[1])
    right, bottom = min(image.width, box[2]), min(image.height, box[3])
    if left >= right or top >= bottom or min(size) < 1:
        raise ValueError(f"no pixel of {image.width} x {image.height} is in {box}, {size} px")
    width, height = right - left, bottom - top
    factor = min(1, size[0] / width, size[1] / height, (MAX_PIXELS / (width * height)) ** 0.5)
    part = image.crop((left, top, right, bottom))
    if part.mode == "RGBA" and part.getchannel("A").getextrema()[0] == _OPAQUE_FROM:
        part = part.convert("RGB")
    while True:
        to = max(1, round(width * factor)), max(1, round(height * factor))
        found = _encoded(shrunk(part, to, 1.5) if factor < 1 else part, max_bytes)
        if found is not None:
            return found
        factor *= 0.7


def _encoded(image: Image, max_bytes: int) -> Preview | None:
    name = "WEBP" if image.mode == "RGBA" else "JPEG"
    for quality in _QUALITIES:
        options = {"method": 0} if name == "WEBP" else {"subsampling": 0 if quality > 80 else 2}
        file = io.BytesIO()
        image.save(file, name, quality=quality, **options)
        if file.tell() <= max_bytes:
            return Preview(file.getvalue(), f"image/{name.lower()}", *image.size)
    return None
