"""Bring any PIL image to upright 8-bit RGB or RGBA in sRGB, without metadata."""

from __future__ import annotations

import io
import math
import sys
from typing import TYPE_CHECKING

from PIL import Image

from seedream_widgets.errors import ImageInputError

if TYPE_CHECKING:
    from collections.abc import Callable

_MAX_PROFILE_BYTES = 4_000_000
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def upright(image: Image.Image, orientation: int) -> Image.Image:
    """Apply an EXIF orientation, 1 to 8."""
    turn = _TURNS.get(orientation)
    return image.transpose(turn) if turn is not None else image


def to_rgb(image: Image.Image) -> Image.Image:
    """Return a new RGB image in sRGB, or RGBA where a pixel is not opaque.

    16-bit greys keep their high byte. Wider numbers (modes I and F) are read as 0..1, 0..255
    or 0..65535 where they fit, and stretched from their least to their greatest otherwise.
    """
    profile = image.info.get("icc_profile")
    plain = eight_bit(image)
    if profile and plain.mode in ("RGB", "RGBA", "CMYK", "L"):
        converted, profile = _to_srgb(plain, profile)
    else:
        converted, profile = plain, None
    if converted.mode not in ("RGB", "RGBA"):
        converted, profile = converted.convert("RGB"), None
    if converted.mode == "RGBA" and converted.getchannel("A").getextrema() == (255, 255):
        converted = converted.convert("RGB")
    if converted is image:
        converted = image.copy()
    # Pillow writes what it finds in info; nothing of the source may leak.
    converted.info = {"icc_profile": profile} if profile else {}
    return converted


def eight_bit(image: Image.Image) -> Image.Image:
    """Return an image in mode RGB, RGBA, CMYK or L, maybe itself."""
    if image.mode.startswith("I;16"):
        return _high_bytes(image)
    if image.mode in ("I", "F"):
        return _scaled(image)
    if image.mode in ("RGB", "RGBA", "CMYK", "L") and "transparency" not in image.info:
        return image
    if image.mode == "La":
        return image.convert("LA").convert("RGBA")
    if image.has_transparency_data or image.mode == "RGBa":
        return image.convert("RGBA")
    return image.convert("RGB")


def _high_bytes(image: Image.Image) -> Image.Image:
    little = image.mode in ("I;16", "I;16L") or (
        image.mode == "I;16N" and sys.byteorder == "little"
    )
    return Image.frombytes("L", image.size, image.tobytes()[1 if little else 0 :: 2])


def _scaled(image: Image.Image) -> Image.Image:
    low, high = _extrema(image)
    # Older Pillow opens a 16-bit grey PNG as mode I.
    is_png16 = image.mode == "I" and image.format == "PNG"
    if low >= 0 and high <= 1 and image.mode == "F":
        scale, offset = 255.0, 0.0
    elif low >= 0 and high <= 255 and not is_png16:
        scale, offset = 1.0, 0.0
    elif low >= 0 and high <= 65535:
        scale, offset = 1 / 256, 0.0
    else:
        scale = 255 / ((high - low) or 1)
        offset = -low * scale
    line: Callable[[float], float] = lambda value: value * scale + offset  # noqa: E731
    return image.point(line).convert("L")


def _extrema(image: Image.Image) -> tuple[float, float]:
    low, high = image.getextrema()
    if not isinstance(low, int | float) or not isinstance(high, int | float):
        raise ImageInputError(f"its mode {image.mode} has no single range of values")
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ImageInputError("it holds NaN or infinite values; scale it to 0..1 first")
    return low, high


def _to_srgb(image: Image.Image, profile: bytes) -> tuple[Image.Image, bytes | None]:
    """Convert to sRGB; where that fails, return the image with the profile to embed."""
    mode = "RGBA" if image.mode == "RGBA" else "RGB"
    keep = profile if image.mode == mode and len(profile) <= _MAX_PROFILE_BYTES else None
    if keep is None and image.mode == mode:
        return image, None
    try:
        from PIL import ImageCms

        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if image.mode == mode and "srgb" in ImageCms.getProfileDescription(source).lower():
            return image, None
        target = ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(image, source, target, outputMode=mode)
    except Exception:  # damaged profiles fail in many ways; the pixels are still good
        return image, keep
    return (converted, None) if converted is not None else (image, keep)
