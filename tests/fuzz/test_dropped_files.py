"""Files dropped on the page: each becomes the right reference, or is refused by its name."""

from __future__ import annotations

import io
import struct
import time
import tracemalloc
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import seedream_widgets as sd
from seedream_widgets.backends.offline import OfflineBackend
from seedream_widgets.errors import ImageInputError
from seedream_widgets.images import ImageInput
from seedream_widgets.studio.references import load
from tests.image_files import chunk, drawing, encoded, exif, giant_png, photo, shows_drawing

from . import fuzz

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.page import Page

SCRIPT = (
    b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'><script>alert(2)</script></svg>"
)
PNG = encoded(drawing(), "PNG")
JPEG = encoded(drawing(), "JPEG", quality=95)
FRAMES: dict[str, Any] = {"save_all": True, "append_images": [photo()], "duration": 50}


def deep_png() -> bytes:
    grey = Image.linear_gradient("L").resize((96, 64)).convert("I").point(lambda v: v * 257)
    return encoded(grey.convert("I;16"), "PNG")


def bomb(side: int) -> bytes:
    """Return a true PNG, small as a file, of that many pixels a side."""
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes(side * (side // 8 + 1)), 9)
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", rows), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


SHOWN: dict[str, bytes] = {
    "wrong extension.jpg": PNG,
    "no extension": JPEG,
    "polyglot.png": PNG + b"PK\x03\x04<script>alert(1)</script>%PDF-1.7",
    "polyglot.jpg": JPEG[:2] + b"\xff\xfe\x00\x21<html><script>alert(1)</script>" + JPEG[2:],
    "animated.gif": encoded(drawing(), "GIF", **FRAMES),
    "animated.png": encoded(drawing(), "PNG", **FRAMES),
    "animated.webp": encoded(drawing(), "WEBP", lossless=True, **FRAMES),
    "cmyk.jpg": encoded(drawing().convert("CMYK"), "JPEG", quality=95),
    "cmyk.tiff": encoded(drawing().convert("CMYK"), "TIFF"),
    "two pages.tiff": encoded(drawing(), "TIFF", save_all=True, append_images=[photo()]),
    "turned.jpg": encoded(drawing().transpose(Image.Transpose.ROTATE_90), "JPEG", exif=exif(6)),
    "palette.bmp": encoded(drawing().quantize(8), "BMP"),
}
REFUSED: dict[str, tuple[bytes, str]] = {
    "script.svg": (SCRIPT, "an SVG"),
    "script.png": (b'<?xml version="1.0"?>' + SCRIPT, "an SVG"),
    "page.jpg": (b"<!DOCTYPE html><script>alert(1)</script>", "a web page"),
    "half.jpg": (JPEG[: len(JPEG) // 2], "truncated or damaged"),
    "half.png": (PNG[: len(PNG) // 2], "truncated or damaged"),
    "claims to be huge.png": (giant_png(60_000, 60_000), "bomb"),
    "bomb.png": (bomb(20_000), "bomb"),
    "thin.png": (encoded(Image.new("L", (4000, 2)), "PNG"), "at least 15 px"),
    "long.png": (encoded(Image.new("L", (4000, 20)), "PNG"), "longer than 16:1"),
    "archive.zip": (b"PK\x03\x04" + bytes(99), "a ZIP"),
    "notes.txt": (b"plain words\n" * 9, "first bytes are"),
    "<img src=x onerror=alert(1)>.svg": (SCRIPT, "an SVG"),
}


@pytest.fixture
def opened(page: Callable[..., Page], tmp_path: Any) -> Page:
    return page(sd.Client(OfflineBackend(0.0), library=tmp_path))


def drop(page: Page, name: str, data: bytes) -> dict[str, Any]:
    page.ask("upload", upload_id=name, name=name, size=len(data))
    for offset in range(0, len(data), 400_000):
        page.send("chunk", data[offset : offset + 400_000], upload_id=name, offset=offset)
    return page.wait(lambda m: m["kind"] in ("uploaded", "upload_failed"), seconds=20)[0]


@pytest.mark.parametrize("name", SHOWN)
def test_what_is_an_image_is_shown_as_it_is(opened: Page, name: str) -> None:
    answer = drop(opened, name, SHOWN[name])
    assert answer["kind"] == "uploaded", answer
    (reference,) = opened.studio.references
    assert reference.media_type in ("image/png", "image/jpeg")
    with Image.open(io.BytesIO(reference.data)) as image:
        assert (image.format, image.mode) in [("PNG", "RGB"), ("PNG", "P"), ("JPEG", "RGB")]
        assert shows_drawing(image)
    kept, _, suffix = answer["reference"]["name"].rpartition(".")
    assert kept == (name.rpartition(".")[0] or name).replace(" ", "_")
    assert suffix in ("png", "jpg", "jpeg")


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_none_is_refused_by_its_name(opened: Page, name: str) -> None:
    data, why = REFUSED[name]
    answer = drop(opened, name, data)
    assert answer["kind"] == "upload_failed"
    with pytest.raises(ImageInputError, match=why):
        load(name, data)
    assert name in answer["message"]
    assert ";" in answer["message"], "no next step"
    assert opened.studio.references == ()


def test_sixteen_bits_become_eight(opened: Page) -> None:
    assert drop(opened, "deep.png", deep_png())["kind"] == "uploaded"
    (reference,) = opened.studio.references
    with Image.open(io.BytesIO(reference.data)) as image:
        low, high = image.convert("L").getextrema()
        assert image.mode in ("L", "RGB")
        assert (low < 8, high > 247) == (True, True)


FORMATS = {name: encoded(drawing(48, 32), name) for name in ("PNG", "JPEG", "GIF", "BMP", "TIFF")}
FORMATS["WEBP"] = encoded(drawing(48, 32), "WEBP")
FORMATS["APNG"] = encoded(drawing(48, 32), "PNG", save_all=True, append_images=[photo(48, 32)])
BYTES = st.integers(0, 255)
EDITS = st.lists(st.tuples(st.integers(0, 4000), BYTES), min_size=1, max_size=8)
CUTS = st.tuples(st.integers(0, 4000), st.integers(0, 400), st.binary(max_size=60))


def told(name: str, words: str) -> None:
    assert name in words
    assert len(words) < 500
    assert words.isprintable()


def sound(image: object) -> None:
    """Anybody's Pillow reads what would be sent."""
    assert isinstance(image, ImageInput)
    with Image.open(io.BytesIO(image.data)) as opened:
        opened.load()
        assert opened.size == (image.width, image.height)
        assert opened.format in ("PNG", "JPEG")


def checked(name: str, data: bytes) -> None:
    """Ask for what has to hold for any bytes at all."""
    tracemalloc.start()
    began = time.monotonic()
    try:
        image = load(name, data)
        sound(image)
    except ImageInputError as error:
        told(name, str(error))
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert time.monotonic() - began < 100
    assert peak < 400_000_000


@fuzz(250)
@given(st.sampled_from(sorted(FORMATS)), EDITS)
def test_a_few_bytes_changed(kind: str, edits: list[tuple[int, int]]) -> None:
    data = bytearray(FORMATS[kind])
    for at, value in edits:
        data[at % len(data)] = value
    checked("fox.png", bytes(data))


@fuzz(250)
@given(st.sampled_from(sorted(FORMATS)), st.sampled_from(sorted(FORMATS)), CUTS)
def test_a_piece_cut_out_doubled_or_put_in(
    kind: str, other: str, cut: tuple[int, int, bytes]
) -> None:
    data, (at, length, given) = FORMATS[kind], cut
    at %= len(data)
    checked("fox.png", data[:at] + given + data[at + length :])
    checked("fox.png", data[:at] + FORMATS[other][at:])
