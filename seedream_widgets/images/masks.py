"""Edits one region of a picture: reads the mask, marks the region, and puts the answer in.

fal's Seedream takes no mask. So it gets the picture, a copy with the region painted, and words that
explain it. Its answer is a whole new picture, usually a little shifted and scaled. This computer
aligns the answer and puts its pixels into the region of the original; outside the region every
pixel stays the original's.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from operator import index
from typing import TYPE_CHECKING, Any, NamedTuple

from seedream_widgets.errors import ImageInputError, MissingPackageError, quoted
from seedream_widgets.images.limits import LIMITS
from seedream_widgets.images.load import load_image
from seedream_widgets.images.origins import pixel_digest
from seedream_widgets.images.sources import FileBytes, read_path, read_text
from seedream_widgets.images.values import ImageInput, ImageUrl

if TYPE_CHECKING:
    import os

    from PIL.Image import Image

    from seedream_widgets.images.align import Alignment

MASK_NAME = "mask.png"
TAKES = (
    "a PIL image of mode '1' or 'L', an array of (height, width), the path of such a file, or a "
    "box (left, top, right, bottom) in pixels; white is what may change"
)
PAINT = (255, 0, 255)
"""The colour of the region in the copy that the model gets."""
_WHITE = 128
_FEATHER = 12
"""The widest feather inside the region's edge, in pixels, for pictures of 1000 pixels or more."""

MOST_NUMBERS = 20_000
"""The most numbers in all strokes together."""
_FARTHEST = 100_000
_MOST_WORK = 8_000_000_000
"""The most pixels that drawing the strokes may touch, which takes seconds."""


class Box(NamedTuple):
    """A region's edges in pixels; `right` and `bottom` are just outside of it."""

    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True)
class Strokes:
    """Brush strokes: for each its diameter, then x and y of each point, in pixels."""

    strokes: tuple[tuple[int, ...], ...]

    @classmethod
    def read(cls, value: Any) -> Strokes:
        """Read what a page sends.

        Raises:
            ValueError: It is not a list of strokes, or more than can be drawn in good time.
        """
        if not isinstance(value, list) or not value:
            raise ValueError("strokes must be a list of strokes")
        count, work = 0, 0
        for stroke in value:
            if not isinstance(stroke, list) or len(stroke) < 3 or len(stroke) % 2 == 0:
                raise ValueError("each stroke must be a diameter, and x and y of each point")
            count += len(stroke)
            if count > MOST_NUMBERS:
                raise ValueError(f"strokes may have {MOST_NUMBERS} numbers together")
            if not all(type(each) is int and abs(each) <= _FARTHEST for each in stroke):
                raise ValueError("strokes must be whole numbers of pixels")
            if stroke[0] < 1:
                raise ValueError("the diameter of a stroke must be 1 pixel or more")
            work += len(stroke) // 2 * stroke[0] ** 2
        if work > _MOST_WORK:
            raise ValueError("so many strokes of so wide a brush take too long; paint with fewer")
        return cls(tuple(tuple(stroke) for stroke in value))

    def draw_mask(self, size: tuple[int, int]) -> Image:
        """Return them as a mask of mode L: 255 where the brush went, else 0."""
        from PIL import Image, ImageDraw

        mask = Image.new("L", size, 0)
        draw = ImageDraw.Draw(mask)
        for diameter, *numbers in self.strokes:
            points = list(zip(numbers[::2], numbers[1::2], strict=True))
            half = (diameter - 1) / 2
            draw.line(points, fill=255, width=diameter)
            for x, y in points:  # round ends and joints
                draw.ellipse((x - half, y - half, x + half, y + half), fill=255)
        return mask


def read_mask(value: Any, picture: ImageInput) -> ImageInput:
    """Read a mask for a picture; it becomes a black PNG that is white where it may change.

    Args:
        value: As in `TAKES`, the strokes of a brush, or a mask that was read before.
        picture: The picture, as `load_images` gives it.

    Raises:
        ImageInputError: It is not a mask, of another size, empty, or covers the whole picture.
        MissingPackageError: numpy is not installed.
    """
    try:
        import numpy  # noqa: F401  to align the answer: better missed now than when it is paid for
    except ImportError as error:
        raise MissingPackageError("an edit with a mask", "numpy", "mask") from error
    if isinstance(value, ImageInput) and value.name == MASK_NAME:
        return value
    size = base_picture(picture).size
    if isinstance(value, Strokes):
        mask = value.draw_mask(size)
    elif isinstance(value, tuple | list):
        mask = _mask_from_box(value, size)
    else:
        mask = _to_black_and_white(value)
    if mask.size != size:
        raise _mask_error(
            f"has {mask.width} x {mask.height} pixels and its picture {size[0]} x {size[1]}; "
            "make the mask as large as the picture"
        )
    low, high = mask.getextrema()
    if not high:
        raise _mask_error(
            f"marks nothing: no pixel of it is white ({_WHITE} or more of 255); paint the region "
            "that may change white"
        )
    if low:
        raise _mask_error("covers the whole picture; leave it out to change all of it")
    data = io.BytesIO()
    mask.convert("1").save(data, "PNG")
    read = ImageInput.from_data(data.getvalue(), "image/png", size, MASK_NAME, None)
    return replace(read, digests=(pixel_digest(mask),))


def base_picture(picture: ImageInput) -> Image:
    """Return the picture as it was given: upright, in 8-bit sRGB, mode RGB or RGBA.

    Raises:
        ImageInputError: Its bytes are not there any more.
    """
    from seedream_widgets.images.pixels import decoded

    data = picture.loaded().original
    if not data:
        raise ImageInputError(
            f"image 1 ({picture.name}) is not in the library any more; give the image itself",
            field="images",
        )
    return decoded(data)


def marked_copy(picture: ImageInput, mask: ImageInput) -> ImageInput:
    """Return the picture with the region painted and outlined, as it is sent to the model.

    Raises:
        ImageInputError: The mask is not of the picture's size, or one of them is gone.
    """
    from PIL import Image, ImageFilter

    base, region = _base_and_region(picture, mask)
    base = base.convert("RGB")
    if base.size != picture.size:  # it is sent smaller
        base, region = base.resize(picture.size), region.resize(picture.size)
    painted = Image.new("RGB", base.size, PAINT)
    base.paste(Image.blend(base, painted, 0.45), (0, 0), region)
    edge = region.filter(ImageFilter.MaxFilter(5))
    edge.paste(0, (0, 0), region.filter(ImageFilter.MinFilter(3)))
    base.paste(painted, (0, 0), edge)
    marked = load_image(base)
    assert isinstance(marked, ImageInput)
    return replace(marked, name="marked" + marked.name[marked.name.rfind(".") :])


@dataclass(frozen=True)
class Composed:
    """A picture with the answer put into its region.

    Attributes:
        data: The picture as PNG.
        size: Its width and height in pixels.
        alignment: How the answer lay on the original, and was moved back.
        feather: How many pixels inside the region's edge the answer fades in over.
    """

    data: bytes
    size: tuple[int, int]
    alignment: Alignment
    feather: int


def compose(answer: bytes, picture: ImageInput, mask: ImageInput) -> Composed:
    """Put the model's answer into the region of the original, everything else untouched.

    Raises:
        ImageInputError: One of them can't be read, or the mask is of another size.
    """
    from PIL import Image, ImageChops

    from seedream_widgets.images.align import align
    from seedream_widgets.images.encode import png
    from seedream_widgets.images.pixels import decoded

    base, region = _base_and_region(picture, mask)
    drawn = decoded(answer).convert("RGB")
    if drawn.size != base.size:
        drawn = drawn.resize(base.size, Image.Resampling.LANCZOS)
    found = align(drawn, base.convert("RGB"), ImageChops.invert(region))
    if found.moves:
        drawn, covered = found.undo(drawn)
        region = ImageChops.darker(region, covered)  # what the answer does not reach stays
    weight, feather = _feather(region)
    whole = Image.composite(drawn.convert(base.mode), base, weight)
    return Composed(png(whole), whole.size, found, feather)


def _feather(region: Image) -> tuple[Image, int]:
    """Return how much of the answer each pixel takes: none outside, all inside the edge."""
    from PIL import ImageChops, ImageFilter

    area = region.histogram()[255]
    radius = min(_FEATHER, max(1, max(region.size) * _FEATHER // 1000))
    while radius:
        # A box that reaches over a straight edge by half is half white: 0 there, 1 a radius inside.
        blurred = region.filter(ImageFilter.BoxBlur(radius))
        weight = blurred.point(lambda value: max(0, 2 * value - 255))
        weight = ImageChops.darker(weight, region)
        if weight.histogram()[255] >= 0.4 * area:  # a narrow region must not fade as a whole
            return weight, radius
        radius //= 2
    return region, 0


def _base_and_region(picture: ImageInput, mask: ImageInput) -> tuple[Image, Image]:
    base, region = base_picture(picture), mask.loaded().pil.convert("L")
    if region.size != base.size:
        raise _mask_error("is not of the size of image 1; make it as large as the picture")
    return base, region


def _mask_from_box(value: Any, size: tuple[int, int]) -> Image:
    from PIL import Image

    try:
        box = Box(*(index(each) for each in value))
    except TypeError as error:
        raise _mask_error(f"takes a box of four whole numbers, got {quoted(value)}") from error
    if not (0 <= box.left < box.right <= size[0] and 0 <= box.top < box.bottom <= size[1]):
        raise _mask_error(
            f"takes a box inside the picture, which is {size[0]} x {size[1]} pixels, with left "
            f"before right and top before bottom; got {tuple(box)}"
        )
    mask = Image.new("L", size, 0)
    mask.paste(255, (box.left, box.top, box.right, box.bottom))
    return mask


def _to_black_and_white(value: Any) -> Image:
    """Return a mask as mode L of 0 and 255."""
    from PIL import Image

    from seedream_widgets.images.arrays import is_array

    if isinstance(value, ImageInput):
        value = value.loaded().original
    if isinstance(value, Image.Image):
        image = value
    elif is_array(value):
        image = _mask_from_array(value)
    else:
        image = _open_mask(value)
    if image.mode not in ("1", "L"):
        raise _mask_error(
            f"takes {TAKES}; got a picture of mode {image.mode}: use mask.convert('L'), or "
            "mask.getchannel('A') for the transparent part"
        )
    return image.convert("L").point(lambda value: 255 * (value >= _WHITE))


def _mask_from_array(value: Any) -> Image:
    import numpy as np
    from PIL import Image

    array = np.asarray(value)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    if array.ndim != 2 or array.dtype.kind not in "biuf":
        raise _mask_error(f"takes {TAKES}; got an array of shape {array.shape} and {array.dtype}")
    # Masks are written as True, as 1 or 1.0, and as 255.
    threshold = _WHITE if array.dtype.kind in "iu" and array.size and array.max() > 1 else 0.5
    return Image.fromarray(((array >= threshold) * 255).astype(np.uint8))


def _open_mask(value: Any) -> Image:
    from seedream_widgets.images.guard import open_image

    try:
        if isinstance(value, str):
            file = read_text(value, LIMITS)
        elif isinstance(value, bytes):
            file = FileBytes(value)
        elif hasattr(value, "__fspath__"):
            path: os.PathLike[str] = value
            file = read_path(path, LIMITS)
        else:
            raise _mask_error(f"takes {TAKES}; got {type(value).__name__}")
        if isinstance(file, ImageUrl):
            raise _mask_error("can't be at a URL; download it and pass its path")
        return open_image(file.data)
    except ImageInputError as error:
        if error.field == "mask":
            raise
        raise _mask_error(f"can't be read: {error}") from error


def _mask_error(what: str) -> ImageInputError:
    return ImageInputError(f"mask {what}", field="mask")
