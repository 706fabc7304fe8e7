"""Measures how much two pictures differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seedream_widgets.errors import RequestError, refused

if TYPE_CHECKING:
    from PIL.Image import Image

CHANGED = 8
"""A pixel counts as changed if a channel differs by this or more, of 255; JPEG and resizing cause
smaller differences."""
UNEQUAL = ("", "fit", "crop")
_SSIM_SIDE = 1024


@dataclass(frozen=True)
class Difference:
    """The difference of two pictures of one size.

    Attributes:
        mean: Mean absolute difference over all pixels and channels, 0 to 255.
        changed: Share of the pixels, 0 to 1, that differ by 8 or more of 255 in a channel.
        ssim: Structural similarity, 1 for equal pictures, of both reduced to at most 1024 pixels
            a side; ``None`` where scikit-image is not installed or a side is under 7 pixels.
        image: The absolute difference as a PIL image, mode RGB.
    """

    mean: float
    changed: float
    ssim: float | None
    image: Image

    def __str__(self) -> str:
        alike = "" if self.ssim is None else f", SSIM {self.ssim:.3f}"
        return f"mean difference {self.mean:.2f} of 255, {self.changed:.1%} of the pixels{alike}"


def difference(first: Image, second: Image, unequal: str = "") -> Difference:
    """Compare two pictures pixel by pixel; transparency counts as white.

    Args:
        first: A PIL image.
        second: Another one.
        unequal: What to do if their sizes differ: ``"fit"`` scales the second one until it fills
            the first, and cuts off the rest; ``"crop"`` cuts both to the size they share, around
            their centres. By default it is an error.

    Raises:
        RequestError: Their sizes differ and `unequal` is empty, or `unequal` is unknown.
    """
    from PIL import ImageChops, ImageStat

    from seedream_widgets.images.pixels import on_white, to_rgb, with_profile

    first, second = (to_rgb(with_profile(image)) for image in (first, second))
    one, two = (on_white(image) for image in _match_sizes(first, second, unequal))
    apart = ImageChops.difference(one, two)
    red, green, blue = apart.split()
    largest = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    histogram = largest.histogram()
    mean = sum(ImageStat.Stat(apart).mean) / 3
    changed = sum(histogram[CHANGED:]) / (one.width * one.height)
    return Difference(mean, changed, _ssim(one, two), apart)


def _match_sizes(first: Image, second: Image, unequal: str) -> tuple[Image, Image]:
    if not isinstance(unequal, str) or unequal not in UNEQUAL:
        raise refused("unequal", "'fit', 'crop' or '' (refuse)", unequal)
    if first.size == second.size:
        return first, second
    if not unequal:
        raise RequestError(
            f"only pictures of the same size can be compared, got {first.width} x {first.height} "
            f"and {second.width} x {second.height}; pass unequal='fit' or unequal='crop'",
            field="image",
        )
    from PIL import ImageOps

    if unequal == "fit":
        return first, ImageOps.fit(second, first.size)
    common = min(first.width, second.width), min(first.height, second.height)
    return _crop_centre(first, common), _crop_centre(second, common)


def _crop_centre(image: Image, size: tuple[int, int]) -> Image:
    left, top = (image.width - size[0]) // 2, (image.height - size[1]) // 2
    return image.crop((left, top, left + size[0], top + size[1]))


def _ssim(one: Image, two: Image) -> float | None:
    if min(one.size) < 7:
        return None
    try:
        from skimage.metrics import structural_similarity
    except ImportError:
        return None
    import numpy as np

    # Of 4096 x 4096 pixels as they are it takes 2 GB of memory, and what it measures is coarser.
    factor = -(-max(one.size) // _SSIM_SIDE)
    if factor > 1 and min(one.size) // factor >= 7:
        one, two = one.reduce(factor), two.reduce(factor)
    compare: Any = structural_similarity
    return float(compare(*(np.asarray(image.convert("L")) for image in (one, two))))
