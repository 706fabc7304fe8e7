"""Turns numpy arrays into PIL images without importing numpy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PIL import Image

from seedream_widgets.errors import ImageInputError
from seedream_widgets.images.pixels import ROUNDING, guess_scaling_of_16_bits

if TYPE_CHECKING:
    from seedream_widgets.images.limits import InputLimits

_SHAPES = "height x width, optionally x 1, 3 or 4 channels"


def is_array(value: object) -> bool:
    """Tell whether `value` is a numpy array, or can be converted to one, like a torch tensor."""
    kind = type(value)
    return hasattr(kind, "__array_interface__") or hasattr(kind, "__array__")


def array_to_pil(value: Any, limits: InputLimits) -> tuple[Image.Image, str | None]:
    """Return a PIL image of an array of uint8, uint16, bool, or floats in 0..1, and a remark.

    Raises:
        ImageInputError: Its shape, type or values are not those of an image.
    """
    array = value if hasattr(type(value), "__array_interface__") else _to_numpy(value)
    _refuse_shape(tuple(array.shape), limits)
    plain, note = _to_uint8(array[:, :, 0] if array.shape[2:] == (1,) else array)
    return Image.fromarray(plain), note


def _to_numpy(value: Any) -> Any:
    """Return a numpy array, converting a tensor if need be."""
    try:
        array = value.__array__()
        _ = array.shape, array.dtype.kind, array.dtype.itemsize
    except Exception as error:  # each library raises its own errors
        reason = " ".join(str(error).split())[:150] or type(error).__name__
        hint = "turn it into a numpy array of uint8 first"
        if hasattr(type(value), "cpu"):
            floats = ".float()" if "bfloat16" in reason.lower() else ""
            hint = f"pass value.detach().cpu(){floats}.numpy()"
        elif "cpu()" in reason:
            hint = "pass value.cpu()"
        raise ImageInputError(f"it can't be made a numpy array ({reason}); {hint}") from error
    return array


def _refuse_shape(shape: tuple[int, ...], limits: InputLimits) -> None:
    if len(shape) in (2, 3) and all(shape) and (*shape, 1)[2] in (1, 3, 4):
        limits.refuse_pixels(shape[1], shape[0])
        return
    hint = "reshape it"
    if len(shape) == 3 and shape[0] in (1, 3, 4):
        hint = "move the channels last, such as with array.transpose(1, 2, 0)"
    elif len(shape) == 4:
        hint = "pass its images one by one, as list(array)"
    raise ImageInputError(f"it is an array of shape {shape}, where an image is {_SHAPES}; {hint}")


def _to_uint8(array: Any) -> tuple[Any, str | None]:
    kind, width = array.dtype.kind, array.dtype.itemsize
    if kind == "u" and width == 1:
        dark = int(array.max()) == 1
        note = "its values are 0 and 1 of 255, so it is black: multiply it by 255" if dark else None
        return array, note
    if kind == "u" and width == 2:
        found = guess_scaling_of_16_bits(int(array.max()))
        shift = {1.0: 0, 1 / 4: 2, 1 / 16: 4}.get(found.scale, 8)
        return (array >> shift).astype("uint8"), found.note
    if kind == "b":
        return array.astype("uint8") * 255, None
    if kind in "iu":
        raise ImageInputError(
            f"it is an array of {array.dtype}; if its values are 0..255, pass "
            "array.astype('uint8'), else scale them to that first"
        )
    if kind != "f":
        raise ImageInputError(
            f"it is an array of {array.dtype}; pass uint8, uint16, bool or floats in 0..1"
        )
    low, high = float(array.min()), float(array.max())
    if not (low >= -ROUNDING and high <= 1 + ROUNDING):  # also when one is NaN
        hint = "divide by 255" if 2 < high <= 255 and low >= 0 else "scale them to 0..1"
        raise ImageInputError(
            f"it holds floats from {low:g} to {high:g}, where 0..1 is expected; {hint}, cut them "
            "off with numpy.clip(array, 0, 1), or pass uint8"
        )
    return (array.clip(0, 1) * 255 + 0.5).astype("uint8"), None
