"""Colour profiles: recognises those that change colours, and converts images to sRGB.

A model ignores profiles, so images are sent in sRGB.
"""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Literal, TypeAlias

from PIL import Image, ImageChops

Verdict: TypeAlias = Literal["none", "changes", "unusable"]
"""What a profile does to colours: nothing visible, changes them, or it can't be read."""

_LARGEST = 4_000_000
_NEAR = 2
"""Largest deviation, of 256 steps, that counts as sRGB: tools round sRGB curves differently."""
_SPACES = {"RGB": b"RGB ", "CMYK": b"CMYK", "L": b"GRAY"}
_KINDS = {
    **dict.fromkeys(("RGB", "RGBA", "RGBa", "P", "PA"), "RGB"),
    **dict.fromkeys(("1", "L", "LA", "La", "I", "I;16", "I;16L", "I;16B", "I;16N", "F"), "L"),
    "CMYK": "CMYK",
}
"""The colour space of an image's numbers, by its mode."""


def verdict(profile: object, mode: str) -> Verdict:
    """Tell what a profile does to the colours of an image of this mode."""
    if not isinstance(profile, bytes) or not profile:
        return "none"
    kind = _KINDS.get(mode)
    if len(profile) > _LARGEST or kind is None:
        return "none"
    # After `image.convert` the profile may be one of another colour space, and is of no use.
    if profile[36:40] == b"acsp" and profile[16:20] != _SPACES[kind]:
        return "none"
    return _verdict(profile, kind)


def to_srgb(image: Image.Image, profile: bytes) -> Image.Image | None:
    """Return an image converted to sRGB (RGB or RGBA), or ``None`` if the profile can't be applied.

    Args:
        image: In mode RGB, RGBA, CMYK, L or LA.
        profile: An ICC profile of the same colour space.
    """
    if image.mode == "LA":
        found = to_srgb(image.getchannel("L"), profile)
        if found is not None:
            found.putalpha(image.getchannel("A"))
        return found
    try:
        from PIL import ImageCms

        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        target = ImageCms.createProfile("sRGB")
        mode = "RGBA" if image.mode == "RGBA" else "RGB"
        return ImageCms.profileToProfile(image, source, target, outputMode=mode)
    except Exception:  # damaged profiles fail in many ways; the pixels are still good
        return None


@lru_cache(maxsize=16)
def _verdict(profile: bytes, mode: str) -> Verdict:
    colours = _samples(mode)
    converted = to_srgb(colours, profile)
    if converted is None:
        return "unusable"
    if mode == "CMYK":
        return "changes"
    ranges = ImageChops.difference(converted, colours.convert("RGB")).getextrema()
    return "changes" if any(band[1] > _NEAR for band in ranges) else "none"  # type: ignore[index]


def _samples(mode: str) -> Image.Image:
    """Return all greys, and colours all over the cube."""
    greys = Image.frombytes("L", (256, 1), bytes(range(256)))
    if mode == "L":
        return greys
    steps = [round(step * 255 / 8) for step in range(9)]
    cube = bytes(value for r in steps for g in steps for b in steps for value in (r, g, b))
    image = Image.new("RGB", (256 + 729, 1))
    image.paste(greys.convert("RGB"), (0, 0))
    image.paste(Image.frombytes("RGB", (729, 1), cube), (256, 0))
    return image.convert(mode)
