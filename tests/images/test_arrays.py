from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from seedream_widgets.errors import ImageInputError
from seedream_widgets.images import ImageInput, load_image, load_images
from tests.image_files import encoded


def load(value: object) -> ImageInput:
    image = load_image(value)
    assert isinstance(image, ImageInput)
    return image


@pytest.mark.parametrize(
    ("array", "pixel"),
    [
        (np.full((20, 30), 200, np.uint8), (200, 200, 200)),
        (np.full((20, 30, 1), 200, np.uint8), (200, 200, 200)),
        (np.full((20, 30, 3), (9, 90, 200), np.uint8), (9, 90, 200)),
        (np.full((20, 30, 4), (9, 90, 200, 128), np.uint8), (9, 90, 200, 128)),
        (np.full((20, 30), True), (255, 255, 255)),
        (np.full((20, 30, 3), 51400, np.uint16), (200, 200, 200)),
        (np.full((20, 30), 51400, np.dtype(">u2")), (200, 200, 200)),
        (np.full((20, 30, 3), 0.5, np.float32), (128, 128, 128)),
        (np.full((20, 30, 3), 1.0, np.float64), (255, 255, 255)),
        (np.full((30, 20, 3), (9, 90, 200), np.uint8).transpose(1, 0, 2), (9, 90, 200)),
    ],
)
def test_arrays(array: np.ndarray, pixel: tuple[int, ...]) -> None:
    image = load(array)
    assert image.size == (30, 20)
    assert image.pil.getpixel((5, 5)) == pixel


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((3, 20, 30), np.uint8), r"shape \(3, 20, 30\).*transpose"),
        (np.zeros((2, 20, 30, 3), np.uint8), r"one by one"),
        (np.zeros((20, 30, 2), np.uint8), r"shape \(20, 30, 2\)"),
        (np.zeros((20,), np.uint8), r"shape \(20,\)"),
        (np.zeros((0, 20, 3), np.uint8), r"shape \(0, 20, 3\)"),
        (np.zeros((20, 30), np.int64), "int64"),
        (np.zeros((20, 30), complex), "complex128"),
        (np.full((20, 30), 1.5), "from 1.5 to 1.5"),
        (np.full((20, 30), -0.1), "-0.1"),
        (np.full((20, 30), np.nan), "nan"),
        (np.broadcast_to(np.uint8(0), (20_000, 20_000)), "20000x20000"),
    ],
)
def test_arrays_that_are_no_image(array: np.ndarray, words: str) -> None:
    with pytest.raises(ImageInputError, match=words):
        load_images(array)


def test_array_makers_are_accepted() -> None:
    class Tensor:
        def __array__(self) -> np.ndarray:
            return np.full((20, 30, 3), 7, np.uint8)

    assert load(Tensor()).pil.getpixel((0, 0)) == (7, 7, 7)


def test_a_class_is_no_array() -> None:
    with pytest.raises(ImageInputError, match="can't read this as an image"):
        load_images(np.ndarray)


@pytest.mark.parametrize("channels", [(), (3,)])
@pytest.mark.parametrize(
    ("greatest", "value", "expected", "words"),
    [
        (255, 200, 200, "read as 8 bits, 0 to 255"),
        (1023, 800, 200, "read as 10 bits, 0 to 1023"),
        (4095, 3200, 200, "read as 12 bits, 0 to 4095"),
        (10_000, 9_000, 35, "read as 16 bits, 0 to 65535: scale them if it is too dark"),
        (65_535, 51_400, 200, None),
    ],
)
def test_numbers_of_fewer_bits_in_sixteen_are_no_black(
    channels: tuple[int, ...],
    greatest: int,
    value: int,
    expected: int,
    words: str | None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    array = np.full((20, 30, *channels), value, np.uint16)
    array[0, 0] = greatest
    ways: list[object] = [array, array.astype(">u2")]
    if not channels:
        ways += [Image.fromarray(array), Image.frombytes("I;16B", (30, 20), array.astype(">u2"))]
        ways += [Image.fromarray(array.astype(np.int32)), encoded(Image.fromarray(array), "PNG")]
        ways += [encoded(Image.fromarray(array), "TIFF")]
    for way in ways:
        caplog.clear()
        image = load(way)
        assert image.pil.convert("RGB").getpixel((5, 5)) == (expected,) * 3
        is_int = isinstance(way, Image.Image) and way.mode == "I"
        if words and not (is_int and greatest == 255):  # mode I is read so as a matter of course
            assert words in str(image.note)
        if not isinstance(way, bytes):
            assert bool(caplog.records) == bool(image.note)
    assert load(np.zeros((20, 30), np.uint16)).note is None


def test_rounding_is_forgiven() -> None:
    array = np.full((20, 30, 3), 0.5, np.float32)
    array[0, 0], array[0, 1] = -1e-3, 1 + 1e-3
    image = load(array)
    assert [image.pil.getpixel((x, 0)) for x in range(3)] == [(n,) * 3 for n in (0, 255, 128)]
    grey = load(Image.fromarray(array[:, :, 0]))
    assert [grey.pil.getpixel((x, 0))[0] for x in range(3)] == [0, 255, 127]
    for far in (-0.01, 1.01):
        array[0, 0] = far
        with pytest.raises(ImageInputError, match=r"numpy\.clip"):
            load(array)
    with pytest.raises(ImageInputError, match="divide by 255"):
        load(np.full((20, 30), 200.0))


def test_numbers_of_pil_that_are_out_of_range_are_told_about() -> None:
    wide = Image.new("F", (40, 30), -2.0)
    wide.paste(9.0, (20, 0, 40, 30))
    assert "stretched to black and white" in str(load(wide).note)
    assert "read as 8 bits" in str(load(Image.new("F", (40, 30), 1.5)).note)
    assert load(Image.new("F", (40, 30), 0.5)).note is None
    assert load(Image.new("I", (40, 30), 77)).note is None


class Tensor:
    """Stand for a tensor that makes no array of itself."""

    def __init__(self, error: Exception | None) -> None:
        self.error = error

    def __array__(self) -> object:
        if self.error:
            raise self.error
        return [[1, 2], [3, 4]]


class TorchTensor(Tensor):
    def cpu(self) -> None:
        raise NotImplementedError


CUDA = TypeError(
    "can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu() to copy the tensor first."
)
GRAD = RuntimeError("Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy()")
BFLOAT = TypeError("Got unsupported ScalarType BFloat16")
CUPY = TypeError("Implicit conversion to a NumPy array is not allowed. Please use `.get()`.")


@pytest.mark.parametrize(
    ("tensor", "words"),
    [
        (Tensor(CUDA), r"cuda:0.*; pass value\.cpu\(\)"),
        (TorchTensor(CUDA), r"cuda:0.*; pass value\.detach\(\)\.cpu\(\)\.numpy\(\)"),
        (TorchTensor(GRAD), r"requires grad.*; pass value\.detach\(\)\.cpu\(\)\.numpy\(\)"),
        (TorchTensor(BFLOAT), r"BFloat16.*\.float\(\)\.numpy\(\)"),
        (Tensor(CUPY), r"use `\.get\(\)`.*; turn it into a numpy array"),
        (Tensor(NotImplementedError("symbolic")), "symbolic"),
        (Tensor(RuntimeError()), "RuntimeError"),
        (Tensor(None), "can't be made a numpy array"),
    ],
)
def test_a_tensor_that_is_no_array_is_named(tensor: Tensor, words: str) -> None:
    good = np.full((64, 64, 3), 9, np.uint8)
    with pytest.raises(ImageInputError, match=r"^images, image 2 \(a value of type T.*" + words):
        load_images([good, tensor])


@pytest.mark.parametrize("kind", ["int8", "int32", "int64", "uint32"])
def test_whole_numbers_of_other_widths_say_what_to_pass(kind: str) -> None:
    with pytest.raises(ImageInputError, match=rf"of {kind}.*array.astype\('uint8'\)"):
        load(np.full((20, 30), 9, kind))


def test_bytes_that_are_only_0_and_1_are_told_about():
    image = load_images(np.ones((40, 40, 3), np.uint8))[0]
    assert "multiply it by 255" in image.note
    assert load_images(np.zeros((40, 40, 3), np.uint8))[0].note is None
