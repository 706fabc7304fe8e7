"""`load_images`: accepts one or many images in any form."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from seedream_widgets.errors import ImageInputError, SeedreamError
from seedream_widgets.images.limits import LIMITS, InputLimits, megabytes
from seedream_widgets.images.signatures import base64_kind
from seedream_widgets.images.sources import (
    ACCEPTED,
    FileBytes,
    read_path,
    read_stream,
    read_text,
    shortened,
)
from seedream_widgets.images.values import HasImages, ImageInput, ImageUrl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seedream_widgets.images.origins import Origin

Loaded = ImageInput | ImageUrl
MOST_GIVEN = 100
"""The most images of one request that are read: no model takes even a fifth of them."""


def load_images(
    value: Any, *, field: str = "images", limits: InputLimits = LIMITS, exact: bool = False
) -> tuple[Loaded, ...]:
    """Load every image of `value`, in order.

    Args:
        value: One image, or a list, tuple or generator of images, which may hold lists or tuples
            once more. An image is a PIL image, a numpy array (height x width, optionally x 1, 3
            or 4; uint8, uint16, bool, or floats in 0..1), a path, an ``https://`` or
            ``data:`` URL, bytes, an open binary file, or a result, which gives all its images.
        field: The argument's name, for errors.
        limits: Limits of what is read and sent.
        exact: Whether the first image keeps every pixel as `ImageInput.original`, even if what is
            sent is compressed or smaller.

    Raises:
        ImageInputError: One of them is not an image, damaged, or can't be made to fit. The
            message counts images from 1; ``error.field`` is such as ``"images[2]"``.
    """
    if isinstance(value, Iterator) and not hasattr(value, "read"):  # such as Path.glob
        value = list(value)
    many = isinstance(value, list | tuple)
    loaded: list[Loaded] = []
    for item in _flatten(value):
        number = len(loaded) + 1
        try:
            loaded.extend(_load(item, limits, exact and not loaded))
        except Exception as error:
            if isinstance(error, SeedreamError) and not isinstance(error, ImageInputError):
                raise
            what = _describe_safely(item)
            label = f"image {number} ({what})" if many else what
            place = f"{field}[{number - 1}]" if many else field
            reason, cause = str(error), error.__cause__
            if not isinstance(error, ImageInputError):  # of Pillow, numpy, or a class of the user's
                said, cause = " ".join(reason.split())[:150], error
                reason = f"it can't be read ({type(error).__name__}: {said}); pass {ACCEPTED}"
            raise ImageInputError(f"{field}, {label}: {reason}", field=place, value=what) from cause
    return tuple(loaded)


def load_given(value: Any, *, field: str = "images", exact: bool = False) -> tuple[Loaded, ...]:
    """Load the images of one request; see `load_images`.

    Raises:
        ImageInputError: As of `load_images`; or they are more than any request takes, such as a
            whole folder of photos: then none is read.
    """
    if isinstance(value, Iterator) and not hasattr(value, "read"):
        value = list(islice(value, MOST_GIVEN + 1))  # it may have no end
    if sum(1 for _ in islice(_flatten(value), MOST_GIVEN + 1)) > MOST_GIVEN:
        raise ImageInputError(
            f"{field} are more than {MOST_GIVEN}, which no model takes, so none was read; leave "
            "some out",
            field=field,
        )
    return load_images(value, field=field, exact=exact)


def load_image(value: Any, *, field: str = "images", limits: InputLimits = LIMITS) -> Loaded:
    """Load exactly one image; see `load_images`.

    Raises:
        ImageInputError: It can't be loaded, or it holds no image or several.
    """
    loaded = load_images(value, field=field, limits=limits)
    if len(loaded) != 1:
        what = _describe_safely(value)
        raise ImageInputError(
            f"{field}, {what}: it has {len(loaded)} images, and one is needed; pick one",
            field=field,
            value=what,
        )
    return loaded[0]


def _flatten(value: Any) -> Iterator[Any]:
    for item in value if isinstance(value, list | tuple) else [value]:
        if isinstance(item, list | tuple):
            yield from item
        else:
            yield item


def _load(item: Any, limits: InputLimits, exact: bool) -> list[Loaded]:
    if isinstance(item, ImageInput | ImageUrl):
        return [item]
    # A class has the method too, but no images.
    if isinstance(item, HasImages) and not isinstance(item, type):
        files = [bytes(data) for data in item.__seedream_images__()]
        origins = _origins(item, len(files))
        return [
            _fit_source(FileBytes(data, origin=origin), limits, exact)
            for data, origin in zip(files, origins, strict=True)
        ]
    source = _read_source(item, limits)
    return [source if isinstance(source, ImageUrl) else _fit_source(source, limits, exact)]


def _origins(item: Any, count: int) -> Sequence[Origin | None]:
    """Return the origin of each image of an object, or ``None`` for each if it does not tell."""
    tell = getattr(item, "__seedream_origins__", None)
    return tell() if tell is not None else (None,) * count


def _read_source(item: Any, limits: InputLimits) -> Any:
    """Return file bytes, a PIL image, maybe with a remark, or a URL."""
    if isinstance(item, str):
        return read_text(item, limits)
    if isinstance(item, os.PathLike):
        return read_path(item, limits)
    if isinstance(item, bytes | bytearray | memoryview):
        limits.refuse_length(memoryview(item).nbytes)
        return FileBytes(bytes(item))
    if isinstance(item, FileBytes):
        limits.refuse_length(len(item.data))
        return item
    if _is_pil(item):
        return item
    from seedream_widgets.images.arrays import array_to_pil, is_array

    if is_array(item):
        return array_to_pil(item, limits)  # with a remark
    if hasattr(item, "read"):
        return read_stream(item, limits)
    raise ImageInputError(f"can't read this as an image; give {ACCEPTED}")


def _fit_source(source: Any, limits: InputLimits, exact: bool) -> ImageInput:
    from seedream_widgets.images.fit import fit_file, fit_pil

    if isinstance(source, FileBytes):
        return fit_file(source, limits, exact)
    image, note = source if isinstance(source, tuple) else (source, None)
    return fit_pil(image, limits, note, exact)


def _is_pil(item: Any) -> bool:
    module = sys.modules.get("PIL.Image")  # an instance exists only once it was imported
    return module is not None and isinstance(item, module.Image)


def _describe_safely(item: Any) -> str:
    """Describe a value in a few words, without its pixels and without secrets of a URL."""
    try:
        return _describe(item)
    except Exception:  # a path object, or a class of the user's, that is broken itself
        return f"a value of type {type(item).__name__}"


def _describe(item: Any) -> str:
    if isinstance(item, str):
        if item.lstrip()[:5].lower() == "data:" or "://" in item:
            return "a URL"
        if base64_kind(item.strip()):
            return f"text of {len(item):,} characters"
        return shortened(item)
    if isinstance(item, FileBytes):
        return shortened(item.name)
    if isinstance(item, os.PathLike):
        return shortened(os.fsdecode(item))
    if isinstance(item, bytes | bytearray | memoryview):
        return f"{type(item).__name__}, {megabytes(memoryview(item).nbytes)}"
    if _is_pil(item):
        return f"PIL image, mode {item.mode}, {item.size[0]}x{item.size[1]} px"
    if isinstance(item, list | tuple):
        return f"{type(item).__name__} of {len(item)}"
    if item is None:
        return "None"
    return f"a value of type {type(item).__name__}"
