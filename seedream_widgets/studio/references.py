"""A studio's reference images: stable ids, and what the page shows of them."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING, Any

from seedream_widgets.images import ImageInput, ImageUrl, load_image
from seedream_widgets.images.sources import FileBytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


MARKED = "marked-region"
"""Added to a card's references if its request had a marked region, which is not in the form: so the
form can't be submitted without it."""


def reference_ids(images: Sequence[ImageInput | ImageUrl]) -> list[str]:
    """Return an id for each image: the same for the same bytes, unique within `images`."""
    seen: Counter[str] = Counter()
    ids = []
    for image in images:
        digest = _digest(image)
        seen[digest] += 1
        ids.append(f"{digest}-{seen[digest]}")
    return ids


def load(name: str, data: bytes) -> ImageInput | ImageUrl:
    """Read an image file's bytes; `name` is untrusted and made safe.

    Raises:
        ImageInputError: The bytes are not an image.
    """
    return load_image(FileBytes(data, name), field="references")


def by_id(*groups: Iterable[ImageInput | ImageUrl]) -> dict[str, ImageInput | ImageUrl]:
    """Return every image of every group by its id within that group."""
    found: dict[str, ImageInput | ImageUrl] = {}
    for group in groups:
        images = tuple(group)
        found.update(zip(reference_ids(images), images, strict=True))
    return found


def describe(images: Sequence[ImageInput | ImageUrl]) -> list[dict[str, Any]]:
    """Return what the page shows of each reference; small JSON, no bytes."""
    return [
        {"id": each, "name": "image at a URL", "width": 0, "height": 0, "note": image.url[:200]}
        if isinstance(image, ImageUrl)
        else {
            "id": each,
            "name": image.name,
            "width": image.width,
            "height": image.height,
            "note": image.note,
        }
        for each, image in zip(reference_ids(images), images, strict=True)
    ]


def _digest(image: ImageInput | ImageUrl) -> str:
    if isinstance(image, ImageInput):
        return image.sha256[:16]
    return hashlib.sha256(image.url.encode()).hexdigest()[:16]
