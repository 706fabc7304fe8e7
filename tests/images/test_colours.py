"""The same picture gives the same sRGB numbers, however it is handed over."""

from __future__ import annotations

import base64
import io
import struct
from typing import TYPE_CHECKING

import pytest
from PIL import Image, ImageCms

from seedream_widgets.images import ImageInput, load_image
from seedream_widgets.images.colours import verdict
from seedream_widgets.images.compare import difference
from seedream_widgets.images.pixels import decoded
from seedream_widgets.images.previews import preview, preview_of, reduce_arriving
from tests.image_files import (
    P3,
    SRGB,
    drawing,
    encoded,
    grey_profile,
    near,
    photo,
    profile,
    shows_drawing,
    transparent,
)

if TYPE_CHECKING:
    from pathlib import Path

SCREEN = profile(P3, name="sRGB IEC61966-2.1")  # the name is a lie
PLAIN = profile(SRGB, name="c2")  # the name says nothing
GAMMA = profile(SRGB, gamma=1.8)
OWN = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def load(value: object) -> ImageInput:
    image = load_image(value)
    assert isinstance(image, ImageInput)
    return image


def in_srgb(image: Image.Image, icc: bytes) -> Image.Image:
    source = ImageCms.ImageCmsProfile(io.BytesIO(icc))
    converted = ImageCms.profileToProfile(
        image, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
    )
    assert converted is not None
    return converted


@pytest.mark.parametrize(
    ("icc", "mode", "expected"),
    [
        (SCREEN, "RGB", "changes"),
        (SCREEN, "RGBA", "changes"),
        (GAMMA, "RGB", "changes"),
        (PLAIN, "RGB", "none"),
        (OWN, "RGB", "none"),
        (grey_profile(1.0), "L", "changes"),
        (grey_profile(2.2), "RGB", "none"),  # of another image: it says nothing here
        (SCREEN, "L", "none"),
        (SCREEN, "CMYK", "none"),
        (b"nonsense", "RGB", "unusable"),
        (SCREEN[:200], "RGB", "unusable"),
        (bytes(5_000_000), "RGB", "none"),
        (None, "RGB", "none"),
        ("text", "RGB", "none"),
    ],
)
def test_a_profile_is_judged_by_what_it_does(icc: object, mode: str, expected: str) -> None:
    assert verdict(icc, mode) == expected


@pytest.mark.parametrize("format_name", ["PNG", "JPEG", "TIFF", "WEBP"])
@pytest.mark.parametrize("icc", [SCREEN, GAMMA, PLAIN, OWN])
def test_every_way_in_gives_the_same_colours(format_name: str, icc: bytes, tmp_path: Path) -> None:
    options = {"quality": 100, "subsampling": 0} if format_name == "JPEG" else {}
    if format_name == "WEBP":
        options = {"lossless": True}
    data = encoded(drawing(), format_name, icc_profile=icc, **options)
    path = tmp_path / "fox"
    path.write_bytes(data)
    opened = Image.open(path)
    ways = [
        data,
        path,
        str(path),
        io.BytesIO(data),
        "data:;base64," + base64.b64encode(data).decode(),
        opened,
        opened.copy(),
        opened.convert("RGB"),
        opened.resize(opened.size),
    ]
    expected = in_srgb(drawing(), icc)
    for value in ways:
        image = load(value)
        assert "icc_profile" not in image.pil.info
        for spot in ((8, 40), (60, 10), (60, 50)):
            found = image.pil.convert("RGB").getpixel(spot)
            assert near(found, expected.getpixel(spot), 5 if format_name == "JPEG" else 2)
        told = "colours to sRGB" in str(image.note)
        assert told == (icc in (SCREEN, GAMMA)) or format_name in ("TIFF", "WEBP")


def test_a_png_with_srgb_under_any_name_keeps_its_pixels_and_loses_the_profile() -> None:
    for icc in (PLAIN, OWN):
        data = encoded(photo(), "PNG", icc_profile=icc)
        image = load(data)
        assert image.note is None
        assert image.pil.tobytes() == Image.open(io.BytesIO(data)).tobytes()
        assert b"iCCP" not in image.data
        jpeg = encoded(photo(), "JPEG", icc_profile=icc)
        assert b"ICC_PROFILE" not in load(jpeg).data
        assert load(jpeg).pil.tobytes() == Image.open(io.BytesIO(jpeg)).tobytes()


@pytest.mark.parametrize("profile", [b"the owner's name", OWN[:200]])
@pytest.mark.parametrize(("format_name", "mark"), [("PNG", b"iCCP"), ("JPEG", b"ICC_PROFILE")])
def test_a_profile_that_can_not_be_applied_is_left_out(
    format_name: str, mark: bytes, profile: bytes
) -> None:
    data = encoded(photo(), format_name, icc_profile=profile)
    sent = load(data)
    assert mark in data
    assert mark not in sent.data
    assert sent.pil.tobytes() == Image.open(io.BytesIO(data)).tobytes()
    assert sent.original == data
    assert sent.note == "its colour profile can't be read, so its colours are taken for sRGB"
    assert "can't be read" in (load(Image.open(io.BytesIO(data))).note or "")


@pytest.mark.parametrize("mode", ["L", "LA"])
def test_grey_with_a_profile_of_its_own(mode: str) -> None:
    plain = Image.new(mode, (40, 30), 100 if mode == "L" else (100, 99))
    data = encoded(plain, "PNG", icc_profile=grey_profile(1.0))
    expected = in_srgb(Image.new("L", (1, 1), 100), grey_profile(1.0)).getpixel((0, 0))
    assert expected[0] > 150
    sent = (load(value).pil for value in (data, Image.open(io.BytesIO(data))))
    for image in (*sent, decoded(data)):
        found = image.convert("RGBA").getpixel((3, 3))
        assert near(found[:3], expected, 1)
        assert found[3] == (255 if mode == "L" else 99)


def grey(mode: str, **options: object) -> bytes:
    """Return a PNG of one grey, 100 of 255, whose profile makes it lighter."""
    made = {
        "LA": lambda: Image.new("LA", (90, 60), (100, 99)),
        "I;16": lambda: Image.frombytes("I;16", (90, 60), b"\0\x64" * 90 * 60),
    }.get(mode, lambda: Image.new(mode, (90, 60), 1 if mode == "1" else 100))
    return encoded(made(), "PNG", icc_profile=grey_profile(1.0), **options)


@pytest.mark.parametrize(
    ("mode", "options"), [("L", {}), ("LA", {}), ("I;16", {}), ("L", {"transparency": 7})]
)
@pytest.mark.parametrize("edge", [30, 90])
def test_a_grey_picture_has_its_colours_wherever_it_is_seen(
    mode: str, options: dict[str, object], edge: int
) -> None:
    data = grey(mode, **options)
    seen = decoded(data)
    assert near(seen.convert("RGB").getpixel((3, 3)), (168, 168, 168), 1)
    small = (
        preview(data, edge),
        preview_of(Image.open(io.BytesIO(data)), edge, 100_000),
        reduce_arriving(iter([data]), 90).preview(edge),
    )
    for each in small:
        image = Image.open(io.BytesIO(each.data)).convert("RGBA")
        assert near(image.getpixel((3, 3)), seen.convert("RGBA").getpixel((3, 3)), 2)
    sent = load(data)
    assert near(sent.pil.convert("RGB").getpixel((3, 3)), (168, 168, 168), 1)
    assert "colours to sRGB" in str(sent.note)


def test_a_small_picture_of_pil_has_the_colours_that_its_png_names() -> None:
    linear = Image.new("RGB", (90, 60), (55, 55, 55))
    linear.info["gamma"] = 1.0
    image = Image.open(io.BytesIO(preview_of(linear, 30, 100_000).data))
    assert near(image.getpixel((3, 3)), (128, 128, 128), 2)


def test_pictures_are_compared_as_they_are_seen() -> None:
    given = Image.open(io.BytesIO(grey("LA")))
    found = difference(given, decoded(grey("LA")))
    assert (found.mean, found.changed) == (0, 0)
    assert difference(given, Image.new("LA", (90, 60), (100, 99))).mean > 20


@pytest.mark.parametrize("mode", ["P", "RGBA"])
def test_palettes_and_transparent_pictures_are_converted(mode: str) -> None:
    given = transparent().convert("RGBA") if mode == "RGBA" else drawing().convert("P")
    data = encoded(given, "PNG", icc_profile=SCREEN)
    expected = in_srgb(given.convert("RGB"), SCREEN).getpixel((8, 40))
    for value in (data, Image.open(io.BytesIO(data))):
        image = load(value)
        assert near(image.pil.convert("RGB").getpixel((8, 40)), expected, 2)
        assert image.pil.mode == ("RGB" if mode == "P" else "RGBA")


def test_a_profile_of_another_kind_of_colours_is_passed_over() -> None:
    """`Image.convert` leaves the profile of what it was."""
    grey = drawing().convert("L")
    grey.info["icc_profile"] = SCREEN
    assert load(grey).pil.convert("L").getpixel((8, 40)) == grey.getpixel((8, 40))
    colour = drawing()
    colour.info["icc_profile"] = grey_profile(1.0)
    assert shows_drawing(load(colour).pil)
    assert "icc_profile" not in load(colour).pil.info


def deep(value: int, mode: int = 2) -> bytes:
    import zlib

    from tests.image_files import chunk

    head = struct.pack(">IIBBBBB", 40, 30, 16, mode, 0, 0, 0)
    rows = (b"\0" + struct.pack(">H", value) * (3 if mode == 2 else 1) * 40) * 30
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize("mode", [0, 2])
def test_sixteen_bits_are_told_about_in_grey_and_in_colour(mode: int) -> None:
    image = load(deep(100 * 257, mode))
    assert image.note == "re-encoded as PNG: 16 bit to 8 bit"
    assert image.data[24] == 8
    assert image.pil.convert("RGB").getpixel((3, 3)) == (100, 100, 100)
