from __future__ import annotations

import ast
import io
import multiprocessing
import os
import struct
import threading
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from importlib import util
from pathlib import Path

import pytest
from PIL import Image, ImageFile, PngImagePlugin, features

import seedream_widgets
from seedream_widgets.errors import ImageInputError
from seedream_widgets.images import ImageInput, InputLimits, load_image, load_images
from seedream_widgets.images.guard import decode, one_large_at_a_time, open_image
from seedream_widgets.images.metadata import exif_orientation
from seedream_widgets.images.previews import preview
from tests.image_files import chunk, drawing, encoded, exif, giant_png, oriented, photo
from tests.memory import taken
from tests.scripted import SECONDS
from tests.sources import parsed

HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(200)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"\x89PNG\r\n\x1a\n", "truncated or damaged"),
        (b"\xff\xd8\xff", "truncated or damaged"),
        (b"GIF89a", "truncated or damaged"),
        (b"BM", "truncated or damaged"),
        (b"II*\x00", "truncated or damaged"),
        (b"RIFF\x00\x00\x00\x00WEBP", "truncated or damaged"),
        (b"<!DOCTYPE html><html><body>404</body></html>", "a web page"),
        (b'<?xml version="1.0"?>\n<!-- x --><svg xmlns="x"/>', "an SVG"),
        (b"%PDF-1.7 ...", "a PDF"),
        (b"PK\x03\x04....", "a ZIP"),
        (b"8BPS\x00\x01", "Photoshop"),
        (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "JPEG 2000"),
        (b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00isomiso2", "a video"),
        (b"\x1a\x45\xdf\xa3webm", "a video"),
        (b"plain words", "its first bytes are 'plain wo'"),
        (bytes(1000), "be read as an image"),
    ],
)
def test_what_is_no_image_is_refused_with_a_next_step(data: bytes, words: str) -> None:
    with pytest.raises(ImageInputError, match=words) as caught:
        open_image(data)
    assert "\n" not in str(caught.value)
    assert ";" in str(caught.value)


@pytest.mark.parametrize("format_name", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"])
@pytest.mark.parametrize("part", [0.2, 0.6, 0.95])
def test_truncated_files_are_refused(format_name: str, part: float) -> None:
    data = encoded(photo(200, 150), format_name)
    with pytest.raises(ImageInputError, match="truncated or damaged"):
        load_images(data[: int(len(data) * part)])


def test_damaged_pixels_are_refused() -> None:
    data = encoded(photo(), "PNG")
    at = data.index(b"IDAT") + 200
    with pytest.raises(ImageInputError, match="truncated or damaged"):
        load_images(data[:at] + bytes(400) + data[at + 400 :])


@pytest.mark.slow
@pytest.mark.parametrize("size", [(50_000, 50_000), (2**31 - 1, 2**31 - 1), (178_956_971, 1)])
def test_giant_png_header_is_refused_before_decoding(size: tuple[int, int]) -> None:
    assert taken(refused_as_giant, size).peak < 10_000_000


def refused_as_giant(size: tuple[int, int]) -> None:
    with pytest.raises(ImageInputError, match=f"{size[0]}x{size[1]} px.*bomb"):
        load_images(giant_png(*size))


def test_giant_headers_of_other_formats_are_refused() -> None:
    gif = b"GIF89a" + struct.pack("<HH", 65535, 65535) + encoded(drawing(), "GIF")[10:]
    bmp = bytearray(encoded(drawing(), "BMP"))
    bmp[18:26] = struct.pack("<ii", 60_000, 60_000)
    extended = b"VP8X" + struct.pack("<I", 10) + bytes(4) + b"\xff\x3f\x00" * 2
    lossless = b"VP8L" + struct.pack("<I", 5) + b"/" + struct.pack("<I", 0x0FFFFFFF)
    lossy = b"VP8 " + struct.pack("<I", 10) + bytes(3) + b"\x9d\x01\x2a" + b"\xff\x3f" * 2
    webps = [b"RIFF" + struct.pack("<I", 100) + b"WEBP" + body for body in (extended, lossless)]
    webps.append(b"RIFF" + struct.pack("<I", 100) + b"WEBP" + lossy)
    for data in (gif, bytes(bmp), *webps):
        with pytest.raises(ImageInputError, match="bomb"):
            load_images(data)


@pytest.mark.slow
def test_between_pillows_warning_and_its_error_no_warning_is_given() -> None:
    side = 10_000
    assert side * side > (Image.MAX_IMAGE_PIXELS or 0)
    assert open_image(giant_png(side, side)).size == (side, side)
    decode(open_image(encoded(Image.new("1", (side, side)), "PNG")))
    decode(open_image(encoded(Image.new("L", (side, side)), "GIF")))


@pytest.mark.slow
def test_metadata_bombs_and_damaged_metadata_are_never_parsed() -> None:
    """Pillow would raise on the text, and warn on the EXIF; warnings are errors here."""
    png = encoded(drawing(), "PNG")
    bomb = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(200_000_000), 9))
    image = open_image(png[:33] + bomb + chunk(b"eXIf", b"MM\x00*\xff\xff") + png[33:])
    decode(image)
    assert image.text == {}  # type: ignore[attr-defined]
    bad = b"Exif\0\0II*\0\x08\0\0\0\xff\xff\x0e\x01\x02\0\xff\xff\xff\x7f\x00\x00\x00\x01"
    jpeg = encoded(drawing(), "JPEG")
    body = b"\xff\xe1" + struct.pack(">H", len(bad) + 2) + bad
    assert load_image(jpeg[:2] + body + jpeg[20:]).data  # type: ignore[union-attr]


@pytest.mark.parametrize("at", [37, 50])
def test_a_damaged_part_that_is_no_pixel_is_refused_too(at: int) -> None:
    """It is known by now that the file did not arrive whole."""
    png = encoded(drawing(), "PNG")
    data = bytearray(png[:33] + chunk(b"tEXt", b"Comment\0some words") + png[33:])
    assert load_image(bytes(data)).original == data  # type: ignore[union-attr]
    data[at] = 0
    with pytest.raises(ImageInputError, match="truncated or damaged"):
        load_images(bytes(data))


@pytest.mark.slow
def test_a_million_parts_are_refused_at_once() -> None:
    png = encoded(drawing(), "PNG")
    jpeg = encoded(drawing(), "JPEG")
    start = time.thread_time()
    for data in (
        png[:33] + chunk(b"tEXt", b"") * 1_000_000 + png[33:],
        jpeg[:2] + b"\xff\xfe\x00\x02" * 1_000_000 + jpeg[2:],
        b"\xff\xd8" + b"\xff" * 5_000_000,
    ):
        with pytest.raises(ImageInputError, match="damaged"):
            load_images(data)
    assert time.thread_time() - start < 5


def test_too_many_bytes_are_refused_before_reading(tmp_path) -> None:
    limits = InputLimits(max_read_bytes=1000)
    path = tmp_path / "a.png"
    path.write_bytes(bytes(1001))
    for value in (bytes(1001), path, io.BytesIO(bytes(1001)), "data:," + "a" * 2000):
        with pytest.raises(ImageInputError, match="at most 1 KB are read"):
            load_images(value, limits=limits)
    sparse = tmp_path / "huge.png"
    with sparse.open("wb") as file:
        file.truncate(300_000_000)
    with pytest.raises(ImageInputError, match="300 MB, and at most 256 MB"):
        load_images(sparse)


@pytest.mark.parametrize("format_name", ["PNG", "JPEG"])
def test_polyglots_are_read_as_what_they_begin_with(format_name: str) -> None:
    data = encoded(drawing(), format_name) + b"PK\x03\x04<html>%PDF-1.7"
    image = load_image(data)
    assert isinstance(image, ImageInput)
    assert image.original == data
    assert image.data == encoded(drawing(), format_name)
    with pytest.raises(ImageInputError, match="a web page"):
        load_images(b"<html>" + data)


def test_names_and_claims_are_not_believed(tmp_path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(encoded(drawing(), "PNG"))
    image = load_image(path)
    assert isinstance(image, ImageInput)
    assert (image.media_type, image.name) == ("image/png", "photo.png")


def test_heic_without_a_reader_says_what_to_do() -> None:
    try:
        import pillow_heif  # noqa: F401
    except ImportError:
        words = "pip install pillow-heif"
    else:
        words = "its HEIF data is truncated or damaged"
    with pytest.raises(ImageInputError, match=words):
        load_images(HEIC)


def test_avif_is_read_or_refused_with_a_next_step() -> None:
    if util.find_spec("PIL.AvifImagePlugin") and features.check("avif"):
        image = load_image(encoded(photo(), "AVIF"))
        assert image.note == "re-encoded as JPEG: AVIF"  # type: ignore[union-attr]
    else:
        with pytest.raises(ImageInputError, match=r"AVIF.*pip install -U pillow"):
            load_images(HEIC.replace(b"heic", b"avif"))


def test_globals_of_pillow_stay_as_they_are() -> None:
    from PIL import ImageFile

    before = (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES, dict(Image.OPEN))
    load_images([encoded(photo(), "WEBP"), encoded(photo(), "TIFF"), oriented(3)])
    with pytest.raises(ImageInputError):
        load_images(giant_png(50_000, 50_000))
    assert before == (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES, dict(Image.OPEN))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_read(orientation: int) -> None:
    assert exif_orientation(exif(orientation)) == orientation
    assert exif_orientation(exif(orientation).removeprefix(b"Exif\0\0")) == orientation


@pytest.mark.parametrize(
    "data", [b"", b"Exif\0\0", b"Exif\0\0II*\0", b"MM\0*\xff\xff\xff\xff", exif(9), exif(6)[:16]]
)
def test_orientation_that_is_nonsense_is_upright(data: bytes) -> None:
    assert exif_orientation(data) == 1


def test_big_endian_orientation() -> None:
    entry = struct.pack(">HHIHH", 0x0112, 3, 1, 6, 0)
    assert exif_orientation(b"MM\0*" + struct.pack(">IH", 8, 1) + entry) == 6


@pytest.mark.slow
def test_nothing_is_opened_as_whatever_pillow_takes_it_for() -> None:
    """Of all that Pillow reads, some would start other programs."""
    package = Path(seedream_widgets.__file__).parent
    calls = [
        (path.name, node)
        for path in package.rglob("*.py")
        for node in ast.walk(parsed(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("Image.open")
    ]
    assert calls
    for name, call in calls:
        assert "formats" in {keyword.arg for keyword in call.keywords}, name


@pytest.mark.slow
def test_large_pictures_are_decoded_one_after_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each takes several hundred megabytes while it is read."""
    large = encoded(Image.new("L", (6000, 5100)), "PNG")
    under_way: list[int] = []
    most, meet, met = 0, False, threading.Event()
    load = ImageFile.ImageFile.load

    def counted(image: ImageFile.ImageFile) -> object:
        nonlocal most, meet
        under_way.append(1)
        most = max(most, len(under_way))
        if most > 1:
            met.set()
        meet = met.wait(SECONDS if meet else 0.02) and meet  # one wait in vain is enough
        found = load(image)
        under_way.pop()
        return found

    monkeypatch.setattr(PngImagePlugin.PngImageFile, "load", counted)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(preview, [large] * 4))
        assert most == 1
        meet = True
        list(pool.map(preview, [encoded(drawing(), "PNG")] * 8))
        assert most > 1


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_forked_child_waits_for_no_picture_of_its_parent() -> None:
    large = open_image(encoded(Image.new("L", (6000, 5100)), "PNG"))
    with one_large_at_a_time(large), multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.apply_async(_takes_its_turn).get(120)


def _takes_its_turn() -> bool:
    with one_large_at_a_time(Image.new("1", (6000, 5100))):
        return True
