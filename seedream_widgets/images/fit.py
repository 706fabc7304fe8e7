"""Make one image fit for sending: its own bytes where they will do, else re-encoded."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from PIL.ImageFile import ImageFile

from seedream_widgets.files import written
from seedream_widgets.images.encode import encode
from seedream_widgets.images.guard import ANIMATED, ORIENTATION, decode, open_image
from seedream_widgets.images.limits import megabytes
from seedream_widgets.images.metadata import exif_orientation
from seedream_widgets.images.pixels import to_rgb, upright
from seedream_widgets.images.values import ImageInput

if TYPE_CHECKING:
    from PIL.Image import Image

    from seedream_widgets.images.limits import InputLimits
    from seedream_widgets.images.sources import FileBytes

_SENT_MODES = {"PNG": {"1", "L", "LA", "P", "PA", "RGB", "RGBA"}, "JPEG": {"L", "RGB"}}
_SUFFIXES = {"PNG": (".png",), "JPEG": (".jpg", ".jpeg")}


def fit_file(file: FileBytes, limits: InputLimits) -> ImageInput:
    """Return a file's image, its bytes untouched if they are within `limits`.

    Raises:
        ImageInputError: It can't be read, or can't be made to fit.
    """
    image = open_image(file.data, limits)
    limits.refuse_shape(*image.size)
    reasons = _reasons(image, limits)
    size, turn, format_name = image.size, image.info[ORIENTATION], image.format or "PNG"
    too_long, too_big = max(size) > limits.max_side, len(file.data) > limits.max_bytes
    decode(image, least=limits.max_side if too_long else None)
    if reasons or too_long or too_big:
        upright_size = size[::-1] if turn >= 5 else size
        plain = upright(image, turn)
        return _encoded(plain, limits, file.name, reasons, upright_size, len(file.data))
    return ImageInput.from_data(
        file.data,
        f"image/{format_name.lower()}",
        size,
        safe_name(file.name, format_name),
        limits.ratio_note(*size),
    )


def fit_pil(image: Image, limits: InputLimits) -> ImageInput:
    """Return a PIL image encoded within `limits`.

    EXIF's orientation is applied to an image as it was opened from a file, not to one made
    from it: that one may have been turned already.

    Raises:
        ImageInputError: It can't be decoded, or can't be made to fit.
    """
    limits.refuse_pixels(*image.size)
    limits.refuse_shape(*image.size)
    decode(image)
    turn, exif = 1, image.info.get("exif")
    # Pillow has turned a TIFF by itself.
    if isinstance(image, ImageFile) and isinstance(exif, bytes) and image.format != "TIFF":
        turn = exif_orientation(exif)
    plain = upright(image, turn)
    name = getattr(image, "filename", "")
    reasons = ["turned upright"] if turn != 1 else []
    return _encoded(plain, limits, name if isinstance(name, str) else "", reasons, plain.size)


def safe_name(name: str, format_name: str) -> str:
    """Return a file name without folder or surprises, its suffix that of the format."""
    suffixes = _SUFFIXES[format_name]
    base = re.split(r"[/\\]", name)[-1]
    stem, dot, suffix = base.rpartition(".")
    stem = written(stem if dot else base, "_", "_.-").strip("._-")[:80]
    kept = dot + suffix.lower()
    return (stem or "image") + (kept if kept in suffixes else suffixes[0])


def _reasons(image: ImageFile, limits: InputLimits) -> list[str]:
    """Say why the file's own bytes won't do, whatever their number."""
    format_name = image.format or "unknown"
    reasons = [] if format_name in limits.formats else [format_name]
    if image.info[ANIMATED]:
        reasons.append("first frame of several")
    if image.info[ORIENTATION] != 1:
        reasons.append("turned upright")
    if format_name in _SENT_MODES and image.mode not in _SENT_MODES[format_name]:
        reasons.append("16 bit to 8 bit" if image.mode[0] == "I" else f"{image.mode} to RGB")
    return reasons


def _encoded(
    image: Image,
    limits: InputLimits,
    name: str,
    reasons: list[str],
    size: tuple[int, int],
    length: int | None = None,
) -> ImageInput:
    encoded = encode(to_rgb(image), limits)
    if encoded.size != size:
        reasons = [*reasons, f"scaled from {_times(size)} to {_times(encoded.size)}"]
    if length is not None and length > limits.max_bytes:
        change = f"{megabytes(length)} to {megabytes(len(encoded.data))}"
        reasons = [*reasons, f"{change} (limit {megabytes(limits.max_bytes)})"]
    notes = [f"re-encoded as {encoded.format_name}: {', '.join(reasons)}"] if reasons else []
    notes += filter(None, [limits.ratio_note(*encoded.size)])
    return ImageInput.from_data(
        encoded.data,
        f"image/{encoded.format_name.lower()}",
        encoded.size,
        safe_name(name, encoded.format_name),
        "; ".join(notes) or None,
    )


def _times(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"
