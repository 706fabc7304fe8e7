"""Whatever Pillow understands as orientation is understood, and nothing is turned twice."""

from __future__ import annotations

import io
import logging
import zlib

import pytest
from PIL import Image, ImageOps

from seedream_widgets.images import ImageInput, load_image
from tests.image_files import chunk, drawing, encoded, located, segment, shows_drawing, xmp

UNDO = Image.Transpose.ROTATE_90
STORED = drawing().transpose(UNDO)  # as a phone that was held upright stores it
QUALITY = {"quality": 95, "subsampling": 0}


def load(value: object) -> ImageInput:
    image = load_image(value)
    assert isinstance(image, ImageInput)
    return image


def after_head(png: bytes, *chunks: bytes) -> bytes:
    return png[:33] + b"".join(chunks) + png[33:]


JPEG = encoded(STORED, "JPEG", **QUALITY)
PNG = encoded(STORED, "PNG")
RAW_PROFILE = b"\nexif\n%8d\n" % len(located(6)) + located(6).hex().encode() + b"\n"
FILES = {
    "EXIF": encoded(STORED, "JPEG", exif=located(6), **QUALITY),
    "EXIF in PNG": encoded(STORED, "PNG", exif=located(6)),
    "EXIF after the pixels": PNG[:-12] + chunk(b"eXIf", located(6)[6:]) + PNG[-12:],
    "EXIF as text": after_head(
        PNG, chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(RAW_PROFILE))
    ),
    "XMP": JPEG[:2] + segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp(6)) + JPEG[2:],
    "XMP in PNG": after_head(PNG, chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp(6))),
    "compressed XMP": after_head(
        PNG, chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(xmp(6)))
    ),
    "WebP": encoded(STORED, "WEBP", lossless=True, exif=located(6)),
    "XMP in WebP": encoded(STORED, "WEBP", lossless=True, xmp=xmp(6)),
    "TIFF": encoded(STORED, "TIFF", exif=located(6)),
    "AVIF": encoded(STORED, "AVIF", quality=95, exif=located(6)),
    "both": encoded(STORED, "JPEG", exif=located(6), xmp=xmp(6), **QUALITY),
}


@pytest.mark.parametrize("what", FILES)
def test_a_file_is_turned_as_pillow_turns_it(what: str) -> None:
    data = FILES[what]
    assert shows_drawing(ImageOps.exif_transpose(Image.open(io.BytesIO(data))))
    for value in (data, Image.open(io.BytesIO(data))):
        image = load(value)
        assert image.size == (96, 64)
        assert shows_drawing(image.pil)
        if what != "TIFF":
            assert "turned upright" in str(image.note)


@pytest.mark.parametrize("what", FILES)
def test_what_pillow_turned_is_not_turned_again(
    what: str, caplog: pytest.LogCaptureFixture
) -> None:
    opened = Image.open(io.BytesIO(FILES[what]))
    turned = ImageOps.exif_transpose(opened)
    for value in (turned, turned.convert("RGB"), turned.copy()):
        image = load(value)
        assert shows_drawing(image.pil)
        assert image.note is None
    assert not caplog.records


def camera(format_name: str = "JPEG") -> Image.Image:
    """Return a phone's photo: EXIF tells the size that was stored."""
    exif = located(6, width=64, height=96)
    return Image.open(io.BytesIO(encoded(STORED, format_name, exif=exif, **QUALITY)))


def test_one_made_from_it_is_turned_where_its_shape_shows_that_it_was_not() -> None:
    for made in (camera().convert("RGB"), camera().copy(), camera().resize((128, 192))):
        image = load(made)
        assert image.width > image.height
        assert shows_drawing(image.pil)
        assert "turned upright" in str(image.note)
    for made in (camera().rotate(-90, expand=True), camera().transpose(Image.Transpose.ROTATE_270)):
        assert shows_drawing(load(made).pil)
        assert load(made).note is None


def test_where_its_shape_can_not_tell_it_is_turned_with_a_word(
    caplog: pytest.LogCaptureFixture,
) -> None:
    opened = Image.open(io.BytesIO(FILES["EXIF"]))
    cropped = camera().crop((0, 0, 60, 60))
    upside = Image.open(
        io.BytesIO(
            encoded(
                drawing().transpose(Image.Transpose.ROTATE_180),
                "JPEG",
                exif=located(3, width=96, height=64),
                **QUALITY,
            )
        )
    )
    for made, size in (
        *((opened.convert("RGB"), (96, 64)), (opened.copy(), (96, 64))),
        *((cropped, (60, 60)), (upside.convert("RGB"), (96, 64))),
    ):
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            image = load(made)
        assert image.size == size
        assert made is cropped or shows_drawing(image.pil)
        assert "ImageOps.exif_transpose" in str(image.note)
        assert "ImageOps.exif_transpose" in caplog.text


def test_an_orientation_that_is_a_long_number() -> None:
    exif = bytearray(located(6))
    at = exif.index(b"\x01\x12\x00\x03" if exif[6:8] == b"MM" else b"\x12\x01\x03\x00")
    big = exif[6:8] == b"MM"
    exif[at + 2 : at + 12] = b"\0\4\0\0\0\1\0\0\0\6" if big else b"\4\0\1\0\0\0\6\0\0\0"
    assert load(encoded(STORED, "JPEG", exif=bytes(exif), **QUALITY)).size == (96, 64)
