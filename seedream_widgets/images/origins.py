"""Recognises a result's picture when it comes back as an input.

It may come back as the result, its file, a PIL image, or a file that PIL or another program wrote.
The digest of the file recognises the first two, the digest of the pixels any copy with the same
pixels, and otherwise the PIL image's ``info`` or a receipt in the file names the origin.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from seedream_widgets.errors import SeedreamError
from seedream_widgets.files import read_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PIL.Image import Image

ORIGIN = "seedream_sha256"
"""The key in the ``info`` of a result's PIL image that has the file's digest; Pillow's operations
(copy, crop, resize, filter) pass it on."""
_DIGEST = re.compile(r"[0-9a-f]{64}")
_ROWS = 512
_MOST_ID = 200
_MOST_IMAGES = 100


class Origin(NamedTuple):
    """The result's picture that an image came from, as far as it is known.

    Attributes:
        sha256: Hex digest of that picture's file; empty where it is not known.
        request_id: The result's request id; empty where it is not known.
        image: Which of the result's images, from 1; 0 where it is not known.
    """

    sha256: str
    request_id: str = ""
    image: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dict of what is known."""
        return {name: value for name, value in self._asdict().items() if value}

    @classmethod
    def from_dict(cls, said: object) -> Origin | None:
        """Read an untrusted dict; ``None`` where it names neither a picture nor a result."""
        if not isinstance(said, dict):
            return None
        image, id = said.get("image"), said.get("request_id")
        is_number = isinstance(image, int) and not isinstance(image, bool)
        origin = cls(
            digest_of(said.get("sha256")),
            id if isinstance(id, str) and len(id) <= _MOST_ID and id.isprintable() else "",
            int(image) if image and is_number and 0 < image <= _MOST_IMAGES else 0,
        )
        return origin if origin.sha256 or origin.request_id else None


def digest_of(said: object) -> str:
    """Return an untrusted hex digest of SHA-256, or an empty text where it is not one."""
    return said if isinstance(said, str) and _DIGEST.fullmatch(said) else ""


def pixel_digest(image: Image) -> str:
    """Return the SHA-256 of an image's size and pixels, which does not depend on the file format.

    `image` is upright, and 8-bit RGB or RGBA in sRGB, as `pixels.to_rgb` returns it.
    """
    digest = hashlib.sha256(f"{image.mode} {image.width}x{image.height} ".encode())
    for top in range(0, image.height, _ROWS):
        rows = image.crop((0, top, image.width, min(top + _ROWS, image.height)))
        digest.update(rows.tobytes())
    return digest.hexdigest()


def digest_of_pixels(data: bytes, size: tuple[int, int]) -> str:
    """Return the `pixel_digest` of an image file, or an empty text if it can't be decoded.

    A file that does not have the given size, which is from a receipt, is not decoded.
    """
    from seedream_widgets.images.guard import ORIENTATION, decode, one_large_at_a_time, open_image
    from seedream_widgets.images.pixels import to_rgb, upright

    try:
        image = open_image(data)
        if image.size != size:
            return ""
        with one_large_at_a_time(image):
            decode(image)
            return pixel_digest(to_rgb(upright(image, image.info[ORIENTATION])))
    except Exception:  # Pillow's decoders raise anything, and the picture counts more
        return ""


def origin_of(info: Mapping[Any, Any]) -> Origin | None:
    """Return the origin that the ``info`` of a PIL image names, if any."""
    digest = digest_of(info.get(ORIGIN))
    return Origin(digest) if digest else None


def origin_in(data: bytes, pixels: str) -> Origin | None:
    """Return the origin that the receipt in a file names, if it has one; it is untrusted.

    Args:
        data: The file.
        pixels: Its `pixel_digest`, which finds the image in receipts of early versions.
    """
    from seedream_widgets.images.receipts import extract

    try:
        text = extract(data)
        said = read_json(text) if text else None
    except (ValueError, RecursionError, SeedreamError):
        return None
    images = said.get("images") if isinstance(said, dict) else None
    if not isinstance(said, dict) or not isinstance(images, list):
        return None
    named = [each for each in images[:_MOST_IMAGES] if isinstance(each, dict)]
    number = said.get("image")
    if type(number) is not int or not 0 < number <= len(named):
        equal = [n for n, each in enumerate(named, 1) if each.get("pixels") == pixels]
        number = equal[0] if equal else int(len(named) == 1)
    about = {"request_id": said.get("request_id"), "image": number}
    return Origin.from_dict(about | ({"sha256": named[number - 1].get("sha256")} if number else {}))
