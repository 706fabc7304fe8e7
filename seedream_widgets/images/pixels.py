"""Converts any PIL image to upright 8-bit RGB or RGBA in sRGB, without metadata."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, NamedTuple

from PIL import Image, ImageChops

from seedream_widgets.errors import ImageInputError
from seedream_widgets.images.colours import to_srgb, verdict
from seedream_widgets.images.guard import ORIENTATION, decode, one_large_at_a_time, open_image
from seedream_widgets.images.png_colours import profile_of_info

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDING = 0.5 / 255
"""How far floats may be outside of 0..1: no 8-bit value changes by that."""
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


def decoded(data: bytes) -> Image.Image:
    """Return the whole picture of a file: upright, and as `to_rgb` makes it.

    Raises:
        ImageInputError: It can't be decoded to the end.
    """
    image = open_image(data)
    with one_large_at_a_time(image):
        decode(image)
        return to_rgb(upright(image, image.info[ORIENTATION]))


def on_white(image: Image.Image) -> Image.Image:
    """Return an image in mode RGB, on white where it is transparent."""
    if not image.has_transparency_data:
        return image if image.mode == "RGB" else image.convert("RGB")
    clear = image.convert("RGBA")
    sheet = Image.new("RGB", image.size, "white")
    sheet.paste(clear, (0, 0), clear)
    return sheet


def to_rgb(image: Image.Image) -> Image.Image:
    """Return a new RGB image in sRGB, or RGBA if a pixel is not opaque.

    A profile that can't be applied is left out, as `profile_note` says. Numbers of more than 8
    bits are scaled as `guess_scaling` says.
    """
    plain, profile = eight_bit(image), image.info.get("icc_profile")
    converted: Image.Image | None = None
    if profile and verdict(profile, plain.mode) == "changes":
        converted = to_srgb(plain, profile)
    converted = converted or plain
    if converted.mode == "LA":
        converted = converted.convert("RGBA")
    if converted.mode not in ("RGB", "RGBA"):
        converted = converted.convert("RGB")
    if converted.mode == "RGBA" and converted.getchannel("A").getextrema() == (255, 255):
        converted = converted.convert("RGB")
    if converted is image:
        converted = image.copy()
    # Pillow writes `info` into files, so nothing of the source may stay in it.
    converted.info = {}
    return converted


def with_profile(image: Image.Image) -> Image.Image:
    """Return an image with a profile for the colours that its PNG file named."""
    if image.info.get("icc_profile"):
        return image
    profile = profile_of_info(image.info)
    if profile is None:
        return image
    image = image.copy()
    image.info["icc_profile"] = profile
    return image


def changes_colours(image: Image.Image) -> bool:
    """Tell whether an image has a profile that gives it other colours than sRGB's."""
    return verdict(image.info.get("icc_profile"), image.mode) == "changes"


def profile_note(image: Image.Image) -> str | None:
    """Return a remark if an image has a profile that can't be applied."""
    if verdict(image.info.get("icc_profile"), image.mode) != "unusable":
        return None
    return "its colour profile can't be read, so its colours are taken for sRGB"


def eight_bit(image: Image.Image) -> Image.Image:
    """Return an image, perhaps the same, in mode RGB, RGBA, CMYK, L or LA.

    Its colours are not converted, so its profile stays valid and in its ``info``; grey stays grey,
    as a profile for grey does not apply to RGB.
    """
    if image.mode.startswith(("I", "F")):
        plain = _from_16_bits(image) if image.mode.startswith("I;16") else _stretch(image)
        plain.info = {name: image.info[name] for name in image.info if name != "transparency"}
        return plain
    if image.mode in ("RGB", "RGBA", "CMYK", "L", "LA") and "transparency" not in image.info:
        return image
    if image.mode in ("1", "L", "LA", "La"):
        return image.convert("LA" if image.has_transparency_data else "L")
    if image.has_transparency_data or image.mode == "RGBa":
        return image.convert("RGBA")
    return image.convert("RGB")


class Scaling(NamedTuple):
    """How values of more than 8 bits are converted to 0..255: ``value * scale + offset``."""

    scale: float
    offset: float = 0.0
    note: str | None = None


def guess_scaling(low: float, high: float, is_float: bool = False) -> Scaling:
    """Guess the range of values from `low` to `high`, with a note if the guess may be wrong.

    Values of 8, 10 or 12 bits are often stored in 16, and would be black if read as 16 bits.
    """
    if is_float and low >= -ROUNDING and high <= 1 + ROUNDING:
        return Scaling(255.0)
    given = f"its values go from {low:g} to {high:g}"
    if low < 0 or high > 65535:
        scale = 255 / ((high - low) or 1)
        return Scaling(scale, -low * scale, f"{given}, so they are stretched to black and white")
    for bits in (8, 10, 12):
        if high < 1 << bits:
            known = bits == 8 and not is_float
            note = f"{given}, so they are read as {bits} bits, 0 to {(1 << bits) - 1}"
            return Scaling(2.0 ** (8 - bits), note=None if known else note)
    note = f"{given}, and are read as 16 bits, 0 to 65535: scale them if it is too dark"
    return Scaling(1 / 256, note=note if high < 1 << 14 else None)


def guess_scaling_of_16_bits(greatest: int) -> Scaling:
    """Guess the range of 16-bit values from the greatest of them."""
    found = guess_scaling(0, greatest)
    if greatest >= 256:
        return found
    # In mode I such values are usual, in 16 bits they are worth a remark.
    note = f"its values go up to {greatest}, so they are read as 8 bits, 0 to 255"
    return found._replace(note=note if greatest else None)


def scaling_of(image: Image.Image) -> Scaling | None:
    """Return how the values of a PIL image are scaled to 8 bits; ``None`` if they have 8."""
    if image.mode.startswith("I;16"):
        return _split_16_bits(image)[0]
    return guess_scaling(*_extrema(image), image.mode == "F") if image.mode in ("I", "F") else None


def _split_16_bits(image: Image.Image) -> tuple[Scaling, Image.Image, Image.Image]:
    little = image.mode in ("I;16", "I;16L") or (
        image.mode == "I;16N" and sys.byteorder == "little"
    )
    data = image.tobytes()
    high = Image.frombytes("L", image.size, data[1 if little else 0 :: 2])
    low = Image.frombytes("L", image.size, data[0 if little else 1 :: 2])
    top = int(high.getextrema()[1])  # type: ignore[arg-type]
    # The low byte of the greatest value matters only where there is no high one.
    greatest = top * 256 + 255 if top else int(low.getextrema()[1])  # type: ignore[arg-type]
    return guess_scaling_of_16_bits(greatest), high, low


def _from_16_bits(image: Image.Image) -> Image.Image:
    found, high, low = _split_16_bits(image)
    if found.scale == 1:
        return low
    if found.scale < 1 / 128:
        return high
    upper = high.point(lambda value: int(value * 256 * found.scale))
    return ImageChops.add(upper, low.point(lambda value: int(value * found.scale)))


def _stretch(image: Image.Image) -> Image.Image:
    scale, offset, _ = guess_scaling(*_extrema(image), image.mode == "F")
    line: Callable[[float], float] = lambda value: value * scale + offset  # noqa: E731
    return image.point(line).convert("L")


def _extrema(image: Image.Image) -> tuple[float, float]:
    low, high = image.getextrema()
    if not isinstance(low, int | float) or not isinstance(high, int | float):
        raise ImageInputError(f"its mode {image.mode} has no single range of values")
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ImageInputError("it holds NaN or infinite values; scale it to 0..1 first")
    return low, high
