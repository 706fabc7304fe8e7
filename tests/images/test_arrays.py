from __future__ import annotations

import numpy as np
import pytest

from seedream_widgets.errors import ImageInputError
from seedream_widgets.images import ImageInput, load_image, load_images


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
