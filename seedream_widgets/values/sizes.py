"""Image sizes: the official table by shape and tier, and the rules an endpoint sets."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import ceil, floor, log, sqrt
from operator import index
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from seedream_widgets.errors import RequestError, refused

if TYPE_CHECKING:
    from collections.abc import Mapping


_LONGEST = 10**6
_UNREAL = 10**9
"""A side of more pixels is a typing error; up to here floating-point arithmetic is exact."""


class Size(NamedTuple):
    """A width and a height in pixels; equal to the plain tuple."""

    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


_LANDSCAPE = {
    # Seedream 4.0 tutorial of the vendor; at 4K its larger sides are cut to 4096, as whether
    # fal takes sides over 4096 is unknown.
    "1:1": ((1024, 1024), (2048, 2048), (4096, 4096)),
    "4:3": ((1152, 864), (2304, 1728), (4096, 3072)),
    "16:9": ((1312, 736), (2848, 1600), (4096, 2304)),
    "3:2": ((1248, 832), (2496, 1664), (4096, 2730)),
    "21:9": ((1568, 672), (3136, 1344), (4096, 1756)),
}
TIERS = ("1K", "2K", "4K")
RATIOS = ("1:1", "4:3", "3:4", "16:9", "9:16", "3:2", "2:3", "21:9")


def _table() -> dict[tuple[str, str], Size]:
    table = {}
    for ratio in RATIOS:
        mirrored = ":".join(reversed(ratio.split(":")))
        for tier, (width, height) in zip(
            TIERS, _LANDSCAPE.get(ratio) or _LANDSCAPE[mirrored], strict=True
        ):
            table[ratio, tier] = Size(width, height) if ratio in _LANDSCAPE else Size(height, width)
    return table


SIZES: Mapping[tuple[str, str], Size] = MappingProxyType(_table())
"""Width and height in pixels by (ratio, tier), such as ``SIZES["4:3", "2K"] == (2304, 1728)``."""
SMALLER_SIZES: Mapping[tuple[str, str], Size] = MappingProxyType(
    {  # the tutorial's older 2K
        ("16:9", "2K"): Size(2560, 1440),
        ("9:16", "2K"): Size(1440, 2560),
        ("21:9", "2K"): Size(3024, 1296),
    }
)
"""Sizes for endpoints that do not take as many pixels as `SIZES` has."""


@dataclass(frozen=True)
class SizeRule:
    """The sizes in pixels that an endpoint takes.

    A size passes when its total pixels lie between `min_pixels` and `max_pixels`, or when
    both sides lie within `sides`; and its ratio is at most `max_ratio` to 1 (upstream's limit).
    With `scales_up`, fewer pixels are taken too: fal enlarges the picture, ratio kept.
    """

    min_pixels: int
    max_pixels: int
    sides: tuple[int, int] | None = None
    scales_up: bool = False
    max_ratio: int = 16

    def allows(self, size: Size) -> bool:
        """Return whether the endpoint takes `size`."""
        width, height = size
        if min(size) < 1 or max(size) > self.max_ratio * min(size):
            return False
        if self.sides and all(self.sides[0] <= side <= self.sides[1] for side in size):
            return True
        return (
            self.scales_up or self.min_pixels <= width * height
        ) and width * height <= self.max_pixels

    def nearest(self, size: Size) -> Size:
        """Return the allowed size closest to `size`, of the same ratio where the rule permits."""
        width, height = self._within_ratio(*(min(max(1, side), _LONGEST) for side in size))
        pixels = width * height
        if pixels > self.max_pixels:
            scale = sqrt(self.max_pixels / pixels)
            return self._within_ratio(floor(width * scale), floor(height * scale))
        if pixels < self.min_pixels and not self.scales_up:
            scale = sqrt(self.min_pixels / pixels)
            return Size(ceil(width * scale), ceil(height * scale))
        return Size(width, height)

    def _within_ratio(self, width: int, height: int) -> Size:
        least = ceil(width / self.max_ratio), ceil(height / self.max_ratio)
        return Size(max(width, least[1]), max(height, least[0]))

    def __str__(self) -> str:
        low, high = f"{self.min_pixels:,}", f"{self.max_pixels:,}"
        text = f"at most {high} pixels" if self.scales_up else f"{low} to {high} pixels in all"
        if self.sides:
            text = f"each side {self.sides[0]} to {self.sides[1]}, or {text}"
        return f"{text}, ratio at most {self.max_ratio}:1"


_LONGEST_SIDE = 4096
"""Whether fal takes longer ones is unknown."""
_RATIO_TOLERANCE = 0.02
"""How far a picture's ratio may be from one of the table to count as that ratio."""


def size_like(width: int, height: int, rule: SizeRule) -> Size:
    """Return the size to ask for so that an edit keeps its picture's shape.

    It is the table's size for the picture's ratio at the nearest tier, or else the picture's own
    ratio at that tier; then the nearest size that the endpoint takes.

    Args:
        width: The picture's width in pixels.
        height: Its height in pixels.
        rule: The endpoint's rule.
    """
    edges = [min(SIZES["1:1", tier]) for tier in TIERS]
    tier = min(range(len(TIERS)), key=lambda at: abs(log(edges[at] ** 2 / (width * height))))
    for ratio in RATIOS:
        size = _from_table(ratio, TIERS[tier], rule)
        if abs(size.width * height / (size.height * width) - 1) <= _RATIO_TOLERANCE:
            return size if rule.allows(size) else rule.nearest(size)
    scale = min(edges[tier] / sqrt(width * height), _LONGEST_SIDE / max(width, height))
    return rule.nearest(Size(round(width * scale), round(height * scale)))


_RATIO_TIER = re.compile(r"(\d+:\d+)(?:[ @]([124]K))?", re.IGNORECASE)
_PIXELS = re.compile(r"(\d{1,6}) ?[x×] ?(\d{1,6})", re.IGNORECASE)


def read_size(value: Any, rule: SizeRule | None = None) -> Size | str:
    """Read a size as people write it, without checking whether an endpoint takes it.

    Args:
        value: ``(width, height)``, ``{"width": ..., "height": ...}``, ``"2304x1728"``, a ratio
            ``"4:3"`` (2K) or ``"4:3 4K"``, or one of fal's names such as ``"auto"``.
        rule: The endpoint's rule: a ratio then means a size that the endpoint takes, if it can.

    Returns:
        A `Size` in pixels, or the name as it is.

    Raises:
        RequestError: It is not one of these.
    """
    if isinstance(value, str):
        text = value.strip()
        if match := _RATIO_TIER.fullmatch(text):
            return _from_table(match[1], (match[2] or "2K").upper(), rule)
        if match := _PIXELS.fullmatch(text):
            return Size(int(match[1]), int(match[2]))
        return text
    try:
        if isinstance(value, dict):
            width, height = value["width"], value["height"]
        else:
            width, height = value
        if isinstance(width, bool) or isinstance(height, bool):
            raise TypeError("a bool is not a number of pixels")
        size = Size(index(width), index(height))
        if max(map(abs, size)) > _UNREAL:
            raise ValueError("no picture is that large")
        return size
    except (TypeError, ValueError, KeyError) as error:
        takes = (
            "(width, height) in whole pixels, a ratio such as '4:3 2K' or a name such as "
            "'square_hd'"
        )
        raise refused("image_size", takes, value) from error


def _from_table(ratio: str, tier: str, rule: SizeRule | None) -> Size:
    try:
        size = SIZES[ratio, tier]
        smaller = SMALLER_SIZES.get((ratio, tier), size)
        return smaller if rule and not rule.allows(size) and rule.allows(smaller) else size
    except KeyError:
        raise RequestError(
            f"image_size takes the ratios {', '.join(RATIOS)}, got {ratio!r}; "
            "give (width, height) in pixels for another",
            field="image_size",
            value=ratio,
        ) from None
