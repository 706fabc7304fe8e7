"""Colours that a PNG names in chunks of its own reach fal as the sRGB numbers that they mean."""

from __future__ import annotations

import io
import struct

import pytest
from PIL import Image

from seedream_widgets.errors import ImageInputError
from seedream_widgets.images import ImageInput, load_image
from seedream_widgets.images.png_colours import profile_of
from seedream_widgets.images.previews import preview, reduce_arriving
from tests.image_files import chunk, encoded

# Display P3's numbers of colours that sRGB has, and sRGB's own for them (as CSS converts them).
P3 = {(158, 68, 55): (171, 60, 49), (100, 140, 90): (88, 141, 84), (70, 90, 150): (64, 91, 155)}
PLAIN = Image.new("RGB", (64, 48))


def png(image: Image.Image, *chunks: bytes) -> bytes:
    data = encoded(image, "PNG")
    return data[:33] + b"".join(chunks) + data[33:]


def corners(*xy: float) -> bytes:
    return chunk(b"cHRM", struct.pack(">8I", *(round(each * 100_000) for each in xy)))


P3_CORNERS = corners(0.3127, 0.3290, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060)
SRGB_CORNERS = corners(0.3127, 0.3290, 0.640, 0.330, 0.300, 0.600, 0.150, 0.060)


def gamma(value: int) -> bytes:
    return chunk(b"gAMA", struct.pack(">I", value))


def sent(value: object) -> ImageInput:
    image = load_image(value)
    assert isinstance(image, ImageInput)
    return image


def colour(image: ImageInput) -> tuple[int, ...]:
    found = image.pil.convert("RGB").getpixel((20, 20))
    assert isinstance(found, tuple)
    return found


def near(one: tuple[int, ...], other: tuple[int, ...], most: int = 2) -> bool:
    return all(abs(a - b) <= most for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("given", P3)
@pytest.mark.parametrize("how", ["cICP", "cHRM", "PIL"])
def test_display_p3_is_converted(given: tuple[int, int, int], how: str) -> None:
    said = chunk(b"cICP", bytes((12, 13, 0, 1))) if how == "cICP" else gamma(45455) + P3_CORNERS
    data = png(Image.new("RGB", (64, 48), given), said)
    image = sent(Image.open(io.BytesIO(data)).convert("RGB") if how == "PIL" else data)
    assert near(colour(image), P3[given])
    assert "colours to sRGB" in str(image.note)
    assert b"cICP" not in image.data
    assert b"cHRM" not in image.data


def test_linear_numbers_are_brightened() -> None:
    data = png(Image.new("RGB", (64, 48), (55, 55, 55)), gamma(100_000))
    assert near(colour(sent(data)), (128, 128, 128))
    assert near(colour(sent(Image.open(io.BytesIO(data)))), (128, 128, 128))


@pytest.mark.parametrize(
    "chunks",
    [
        gamma(45455) + SRGB_CORNERS,
        gamma(45455),
        chunk(b"sRGB", b"\0") + gamma(100_000) + P3_CORNERS,  # sRGB goes before both
        chunk(b"cICP", bytes((1, 13, 0, 1))) + gamma(100_000),
        chunk(b"cICP", bytes((200, 13, 0, 1))),
        chunk(b"cICP", b"short"),
        gamma(0),
        corners(*[0.0] * 8),
        corners(*[0.3] * 8),
        chunk(b"cHRM", b"\xff" * 32),
    ],
)
def test_srgb_and_nonsense_change_nothing(chunks: bytes) -> None:
    data = png(Image.new("RGB", (64, 48), (200, 100, 50)), chunks)
    image = sent(data)
    assert colour(image) == (200, 100, 50)
    assert "sRGB" not in str(image.note)
    if b"cICP" not in chunks:  # which Pillow does not hand on
        assert colour(sent(Image.open(io.BytesIO(data)))) == (200, 100, 50)


@pytest.mark.parametrize("chunks", [chunk(b"cICP", bytes((12, 13, 0, 1))), P3_CORNERS])
def test_a_picture_has_them_while_it_comes(chunks: bytes) -> None:
    red = Image.new("RGB", (64, 48), (200, 50, 50))
    data = png(red, chunks)
    early, plain = reduce_arriving(iter([data]), 64).preview(64), preview(data, 64)
    assert early == plain
    assert early != preview(png(red), 64)


@pytest.mark.parametrize("transfer", [16, 18])
def test_hdr_is_refused_with_the_way_out(transfer: int) -> None:
    data = png(PLAIN, chunk(b"cICP", bytes((9, transfer, 0, 1))))
    with pytest.raises(ImageInputError, match=r"HDR picture .+ export it as SDR"):
        sent(data)


def test_apple_s_own_png_is_refused_with_the_way_out() -> None:
    data = encoded(PLAIN, "PNG")
    apple = data[:8] + chunk(b"CgBI", b"\x50\0\x20\x02") + data[8:]
    with pytest.raises(ImageInputError, match=r"Xcode .+ \(CgBI\).+pngcrush"):
        sent(apple)


def test_a_profile_of_a_file_goes_before_gamma_but_not_before_cicp() -> None:
    assert profile_of({b"iCCP": b"x", b"gAMA": (100_000).to_bytes(4, "big")}) is None
    assert profile_of({b"iCCP": b"x", b"cICP": bytes((12, 13, 0, 1))}) is not None
