"""Turn numpy arrays into PIL images without importing numpy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PIL import Image

from seedream_widgets.errors import ImageInputError

if TYPE_CHECKING:
    from seedream_widgets.images.limits import InputLimits

_SHAPES = "height x width, optionally x 1, 3 or 4 channels"


def is_array(value: object) -> bool:
    """Tell whether `value` is a numpy array, or makes one of itself (as a torch tensor does)."""
    return hasattr(value, "__array_interface__") or hasattr(value, "__array__")


def array_to_pil(value: Any, limits: InputLimits) -> Image.Image:
    """Return a PIL image of an array of uint8, uint16, bool, or floats in 0..1.

    Raises:
        ImageInputError: Its shape, type or values are not those of an image.
    """
    array = value if hasattr(value, "__array_interface__") else value.__array__()
    _refuse_shape(tuple(array.shape), limits)
    return Image.fromarray(_as_uint8(array[:, :, 0] if array.shape[2:] == (1,) else array))


def _refuse_shape(shape: tuple[int, ...], limits: InputLimits) -> None:
    if len(shape) in (2, 3) and all(shape) and (*shape, 1)[2] in (1, 3, 4):
        limits.refuse_pixels(shape[1], shape[0])
        return
    hint = "reshape it"
    if len(shape) == 3 and shape[0] in (1, 3, 4):
        hint = "move the channels last, such as with array.transpose(1, 2, 0)"
    elif len(shape) == 4:
        hint = "pass its images one by one, as list(array)"
    raise ImageInputError(f"its array has shape {shape}, and an image is {_SHAPES}; {hint}")


def _as_uint8(array: Any) -> Any:
    kind, width = array.dtype.kind, array.dtype.itemsize
    if kind == "u" and width == 1:
        return array
    if kind == "u" and width == 2:
        return (array >> 8).astype("uint8")
    if kind == "b":
        return array.astype("uint8") * 255
    if kind != "f":
        raise ImageInputError(
            f"its array is of {array.dtype}; pass uint8, uint16, bool or floats in 0..1"
        )
    low, high = float(array.min()), float(array.max())
    if not (low >= 0 and high <= 1):  # also when one is NaN
        raise ImageInputError(
            f"its floats go from {low:g} to {high:g}; scale them to 0..1, or pass uint8"
        )
    return (array * 255 + 0.5).astype("uint8")
