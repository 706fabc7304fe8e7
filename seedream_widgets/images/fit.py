"""Prepares one image for sending: its own bytes if they are acceptable, else re-encoded."""

from __future__ import annotations

import hashlib
import logging
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from PIL.ImageFile import ImageFile

from seedream_widgets.errors import ImageInputError
from seedream_widgets.files import written
from seedream_widgets.images.encode import encode, png
from seedream_widgets.images.guard import (
    ANIMATED,
    BY_EXIF,
    DEEP,
    ORIENTATION,
    decode,
    one_large_at_a_time,
    open_image,
    refuse_raw,
)
from seedream_widgets.images.limits import megabytes
from seedream_widgets.images.metadata import exif_size, orientation_of, pixels_only
from seedream_widgets.images.origins import origin_in, origin_of, pixel_digest
from seedream_widgets.images.pixels import (
    changes_colours,
    profile_note,
    scaling_of,
    to_rgb,
    upright,
    with_profile,
)
from seedream_widgets.images.values import ImageInput

if TYPE_CHECKING:
    from PIL.Image import Image

    from seedream_widgets.images.limits import InputLimits
    from seedream_widgets.images.sources import FileBytes

_log = logging.getLogger(__name__)
_SENT_MODES = {"PNG": {"1", "L", "LA", "P", "PA", "RGB", "RGBA"}, "JPEG": {"L", "RGB"}}
_SUFFIXES = {"PNG": (".png",), "JPEG": (".jpg", ".jpeg")}


def fit_file(file: FileBytes, limits: InputLimits, exact: bool = False) -> ImageInput:
    """Return a file's image; pixels that are sRGB and within `limits` are kept byte for byte.

    With `exact` its `original` is the file, whatever is sent.

    Raises:
        ImageInputError: It can't be read, or can't be made to fit.
    """
    image = open_image(file.data, limits)
    limits.refuse_shape(*image.size)
    with one_large_at_a_time(image):
        return _fit_opened(image, file, limits, exact)


def _fit_opened(image: ImageFile, file: FileBytes, limits: InputLimits, exact: bool) -> ImageInput:
    reasons = _reasons(image, limits)
    size, turn, format_name = image.size, image.info[ORIENTATION], image.format or "PNG"
    too_long, too_big = max(size) > limits.max_side, len(file.data) > limits.max_bytes
    # Early versions sent such a file as it is, and their results are known by the file's digest.
    # So it keeps that digest, even if it is converted today.
    sent_by_early_versions = not (reasons or too_long or too_big)
    reasons += _newer_reasons(image)
    decode(image, least=limits.max_side if too_long else None)
    if not (reasons or too_long or too_big):
        try:
            data = pixels_only(file.data, format_name)
        except ImageInputError:  # Pillow is more tolerant
            reasons = ["its metadata can't be removed"]
        else:
            name, media_type = safe_name(file.name, format_name), f"image/{format_name.lower()}"
            notes = [limits.ratio_note(*size), profile_note(image)]
            note = "; ".join(filter(None, notes)) or None
            fitted = ImageInput.from_data(data, media_type, size, name, note, file.data)
            return _with_digests(fitted, to_rgb(upright(image, turn)), file)
    found = scaling_of(image)
    plain = to_rgb(upright(image, turn))
    fitted = _encode_within(
        plain,
        limits,
        file.name,
        [*reasons, *filter(None, [found and found.note, profile_note(image)])],
        size[::-1] if turn >= 5 else size,
        len(file.data),
        file.data if sent_by_early_versions or exact else None,
    )
    return _with_digests(fitted, plain, file)


def _with_digests(fitted: ImageInput, plain: Image, file: FileBytes) -> ImageInput:
    """Add the digests and origin by which the file of a result's picture can be recognised."""
    pixels = pixel_digest(plain)
    origin = file.origin or origin_in(file.data, pixels)
    digests = (hashlib.sha256(file.data).hexdigest(), pixels)
    return replace(fitted, digests=digests, origin=origin)


def fit_pil(
    image: Image, limits: InputLimits, note: str | None = None, exact: bool = False
) -> ImageInput:
    """Return a PIL image encoded within `limits`.

    The EXIF orientation in its ``info`` is applied, which images made by ``convert``, ``copy`` or
    ``resize`` still have. Images that the user turned with ``rotate`` have it as well: if the shape
    shows that, it is not applied; if that can't be told, a note says so.

    Args:
        image: The image.
        limits: Limits of what is sent.
        note: A remark to add to its note.
        exact: Whether its `original` has every pixel of the image, whatever is sent.

    Raises:
        ImageInputError: It can't be decoded, or can't be made to fit.
    """
    limits.refuse_pixels(*image.size)
    limits.refuse_shape(*image.size)
    refuse_raw(image)
    with one_large_at_a_time(image):
        return _fit_pil(image, limits, note, exact)


def _fit_pil(image: Image, limits: InputLimits, note: str | None, exact: bool) -> ImageInput:
    size = image.size
    decode(image)
    image = with_profile(image)
    turn, remark = _orientation_to_apply(image, size)
    reasons = ["turned upright"] if turn != 1 else []
    if changes_colours(image):
        reasons.append("colours to sRGB")
    found = scaling_of(image)
    notes = [*filter(None, [note, remark, found and found.note, profile_note(image)])]
    for each in notes:  # logged for scripts, which don't look at notes
        _log.warning("an input image: %s", each)
    plain, name = to_rgb(upright(image, turn)), getattr(image, "filename", "")
    given = png(plain) if exact else None
    fitted = _encode_within(
        plain, limits, name if isinstance(name, str) else "", reasons, plain.size, given=given
    )
    notes = [*filter(None, [fitted.note]), *notes]
    return replace(
        fitted,
        note="; ".join(notes) or None,
        digests=(pixel_digest(plain),),
        origin=origin_of(image.info),
    )


def _orientation_to_apply(image: Image, size: tuple[int, int]) -> tuple[int, str | None]:
    """Return the orientation to apply, and a remark where the shape can't confirm it."""
    # A TIFF was turned by Pillow itself as it was loaded.
    turn = 1 if image.format == "TIFF" else orientation_of(image.info)
    if turn == 1 or isinstance(image, ImageFile):
        return turn, None
    exif = image.info.get("exif")
    stored = exif_size(exif) if isinstance(exif, bytes) and turn >= 5 else None
    if stored and _has_shape_of(size, stored):
        return turn, None
    if stored and _has_shape_of(size, stored[::-1]):
        return 1, None
    # PIL.ImageOps.exif_transpose takes the orientation out of `info`, `rotate` leaves it there.
    return turn, (
        f"it is turned as its EXIF says (orientation {turn}); if you had turned it yourself, use "
        "PIL.ImageOps.exif_transpose instead, or run image.info.pop('exif', None)"
    )


def _has_shape_of(size: tuple[int, int], stored: tuple[int, int]) -> bool:
    """Tell whether two sizes have the same shape, and would not have it if one were turned."""
    shape, wanted = size[0] / size[1], stored[0] / stored[1]
    return abs(wanted - 1 / wanted) > 0.1 and abs(shape / wanted - 1) < 0.02


def safe_name(name: str, format_name: str) -> str:
    """Return a safe file name without a folder, with the suffix of the format."""
    suffixes = _SUFFIXES[format_name]
    base = re.split(r"[/\\]", name)[-1]
    stem, dot, suffix = base.rpartition(".")
    stem = written(stem if dot else base, "_", "_.-").strip("._-")[:80]
    kept = dot + suffix.lower()
    return (stem or "image") + (kept if kept in suffixes else suffixes[0])


def _reasons(image: ImageFile, limits: InputLimits) -> list[str]:
    """Return the reasons, other than its length, for converting a file before it is sent."""
    format_name = image.format or "unknown"
    reasons = [] if format_name in limits.formats else [format_name]
    if image.info[ANIMATED]:
        reasons.append("first frame of several")
    if image.info[ORIENTATION] != 1 and image.info[BY_EXIF]:
        reasons.append("turned upright")
    if format_name in _SENT_MODES and image.mode not in _SENT_MODES[format_name]:
        reasons.append("16 bit to 8 bit" if image.mode[0] == "I" else f"{image.mode} to RGB")
    return reasons


def _newer_reasons(image: ImageFile) -> list[str]:
    """Return the reasons for converting a file that early versions did not check."""
    reasons = []
    if image.info[ORIENTATION] != 1 and not image.info[BY_EXIF]:
        reasons.append("turned upright")
    if image.info[DEEP]:
        reasons.append("16 bit to 8 bit")
    if changes_colours(image):
        reasons.append("colours to sRGB")
    return reasons


def _encode_within(
    image: Image,
    limits: InputLimits,
    name: str,
    reasons: list[str],
    size: tuple[int, int],
    length: int | None = None,
    given: bytes | None = None,
) -> ImageInput:
    encoded = encode(image, limits)
    if encoded.size != size:
        reasons = [*reasons, f"scaled from {_size_text(size)} to {_size_text(encoded.size)}"]
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
        given,
    )


def _size_text(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"
