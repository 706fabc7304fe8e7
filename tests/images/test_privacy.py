"""What is no pixel and no colour is not sent; the pixels are the same byte for byte."""

from __future__ import annotations

import hashlib
import io
import json
import struct
import time
import zlib
from typing import TYPE_CHECKING

import pytest
from PIL import Image, PngImagePlugin

from seedream_widgets.images import ImageInput, load_image
from seedream_widgets.images.metadata import pixels_only
from seedream_widgets.jobs.client import Client
from seedream_widgets.library import Library
from seedream_widgets.testing import ScriptedBackend
from seedream_widgets.values.request import Request
from tests.image_files import (
    P3,
    chunk,
    drawing,
    encoded,
    located,
    photo,
    profile,
    segment,
    transparent,
    xmp,
)
from tests.scripted import SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRET = b"a secret place"
ICC = b"ICC_PROFILE\0"


def load(value: object) -> ImageInput:
    image = load_image(value)
    assert isinstance(image, ImageInput)
    return image


def with_segments(jpeg: bytes, *segments: bytes) -> bytes:
    return jpeg[:2] + b"".join(segments) + jpeg[2:]


def with_chunks(png: bytes, *chunks: bytes) -> bytes:
    return png[:33] + b"".join(chunks) + png[33:]


def between_scans(jpeg: bytes, part: bytes) -> bytes:
    """Put a part before the last scan of a progressive JPEG."""
    at = jpeg.rindex(b"\xff\xda")
    return jpeg[:at] + part + jpeg[at:]


def thumbnail() -> bytes:
    """Return a JFIF head that holds a thumbnail of 4 x 4 px."""
    return segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\4\4" + (SECRET * 4)[:48])


PICTURE = photo()
JPEG = encoded(PICTURE, "JPEG")
PNG = encoded(PICTURE, "PNG")
SECOND = encoded(photo(), "JPEG", exif=located(), comment=SECRET)
JPEGS = {
    "exif": encoded(photo(), "JPEG", exif=located() + SECRET),
    "xmp": with_segments(JPEG, segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp())),
    "long xmp": with_segments(
        JPEG, segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0" + SECRET)
    ),
    "photoshop": with_segments(JPEG, segment(0xED, b"Photoshop 3.0\x008BIM" + SECRET)),
    "comment": encoded(photo(), "JPEG", comment=SECRET),
    "thumbnail": JPEG[:2] + thumbnail() + JPEG[20:],
    "extended thumbnail": with_segments(JPEG, segment(0xE0, b"JFXX\0\x10" + SECRET)),
    "maker's": with_segments(JPEG, segment(0xEC, SECRET), segment(0xEF, SECRET)),
    "other profile": with_segments(JPEG, segment(0xE2, b"FPXR\0" + SECRET)),
    "long Adobe": with_segments(JPEG, segment(0xEE, b"Adobe\0\x64\0\0\0\0\1" + SECRET)),
    "after the picture": JPEG + SECRET + SECOND,
    "in between": between_scans(
        encoded(photo(), "JPEG", progressive=True), segment(0xFE, SECRET) + segment(0xE1, SECRET)
    ),
    "second picture": encoded(
        photo(), "MPO", save_all=True, append_images=[photo()], comment=SECRET
    )
    + SECRET,
}
PNGS = {
    "tEXt": with_chunks(PNG, chunk(b"tEXt", b"workflow\0" + SECRET)),
    "zTXt": with_chunks(PNG, chunk(b"zTXt", b"prompt\0\0" + zlib.compress(SECRET, 0))),
    "iTXt": with_chunks(PNG, chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp())),
    "eXIf": encoded(PICTURE, "PNG", exif=located() + SECRET),
    "time and size": with_chunks(
        PNG, chunk(b"tIME", b"\7\xe0\1\1\1\1\1"), chunk(b"pHYs", SECRET[:9])
    ),
    "private": with_chunks(PNG, chunk(b"prVt", SECRET), chunk(b"caBX", SECRET)),
    "long gamma": with_chunks(PNG, chunk(b"gAMA", b"\0\0\xb1\x8f" + SECRET)),
    "end": PNG[:-12] + chunk(b"IEND", SECRET),
    "after the picture": PNG + SECRET + SECOND,
    "after the pixels": PNG[:-12] + chunk(b"tEXt", b"x\0" + SECRET) + PNG[-12:],
}
CLEAN = {
    "exif": located(),
    "secret": SECRET,
    "gps": located()[-24:],
    "time": b"tIME",
    "xmp": b"xmpmeta",
}


@pytest.mark.parametrize("what", JPEGS)
def test_a_jpeg_is_sent_without(what: str) -> None:
    data = JPEGS[what]
    image = load(data)
    assert not [name for name, mark in CLEAN.items() if mark in image.data]
    assert len(image.data) < len(data)
    given, sent = Image.open(io.BytesIO(data)), Image.open(io.BytesIO(image.data))
    assert (sent.mode, sent.size, sent.tobytes()) == (given.mode, given.size, given.tobytes())
    assert not sent.getexif()
    assert set(sent.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density", "dpi"} | {
        "adobe",
        "adobe_transform",
        "progressive",
        "progression",
    }
    assert sent.format == "JPEG"
    assert image.data.endswith(b"\xff\xd9")
    assert image.note is None


@pytest.mark.parametrize("what", PNGS)
def test_a_png_is_sent_without(what: str) -> None:
    data = PNGS[what]
    image = load(data)
    assert not [name for name, mark in CLEAN.items() if mark in image.data]
    given, sent = Image.open(io.BytesIO(data)), Image.open(io.BytesIO(image.data))
    assert (sent.mode, sent.size, sent.tobytes()) == (given.mode, given.size, given.tobytes())
    sent.load()
    assert sent.info == {}
    assert image.data == PNG
    assert image.note is None


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_blocks": 3}])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_jpeg_that_says_nothing_is_sent_as_it_is(mode: str, options: dict[str, object]) -> None:
    data = encoded(photo(301, 207).convert(mode), "JPEG", **options)
    assert load(data).data is data


def test_fill_bytes_are_no_trouble() -> None:
    data = JPEG[:2] + b"\xff\xff" + segment(0xFE, SECRET) + JPEG[2:-2] + b"\xff\xff\xff\xd9"
    image = load(data)
    assert SECRET not in image.data
    assert image.pil.tobytes() == Image.open(io.BytesIO(JPEG)).tobytes()


@pytest.mark.parametrize("value", [JPEGS["exif"], PNGS["tEXt"], JPEGS["after the picture"]])
def test_however_it_is_handed_over(value: bytes, tmp_path: Path) -> None:
    path = tmp_path / "photo"
    path.write_bytes(value)

    class Result:
        def __seedream_images__(self) -> tuple[bytes, ...]:
            return (value,)

    for given in (path, str(path), io.BytesIO(value), Result(), Image.open(path), [value]):
        image = load(given)
        assert SECRET not in image.data
        assert located() not in image.data
    again = load(image)
    assert again is image


@pytest.mark.parametrize("format_name", ["PNG", "JPEG", "WEBP", "TIFF", "AVIF", "GIF"])
@pytest.mark.parametrize("picture", [photo, drawing, transparent])
def test_what_is_encoded_anew_says_nothing_either(format_name: str, picture) -> None:
    image = picture().convert("RGB") if format_name == "JPEG" else picture()
    told = PngImagePlugin.PngInfo()
    told.add_text("prompt", SECRET.decode())
    options = {"PNG": {"pnginfo": told}, "GIF": {"comment": SECRET}, "JPEG": {"comment": SECRET}}
    if format_name not in ("GIF",):
        options.setdefault(format_name, {})["exif"] = located(3)
    if format_name in ("WEBP", "AVIF", "JPEG"):
        options[format_name]["xmp"] = xmp()
    data = encoded(image, format_name, **options.get(format_name, {}))
    for given in (data, Image.open(io.BytesIO(data)), Image.open(io.BytesIO(data)).copy()):
        sent = load(given).data
        assert not [name for name, mark in CLEAN.items() if mark in sent]


def test_it_is_known_by_what_was_given_and_uploads_by_what_is_sent() -> None:
    data = JPEGS["exif"]
    image = load(data)
    assert image.original == data
    assert image.sha256 == hashlib.sha256(data).hexdigest()
    assert image.sent_sha256 == hashlib.sha256(image.data).hexdigest() != image.sha256
    plain = load(JPEG)
    assert plain.given is None
    assert plain.sha256 == plain.sent_sha256 == hashlib.sha256(JPEG).hexdigest()


def deep_png() -> bytes:
    head = struct.pack(">IIBBBBB", 40, 30, 16, 2, 0, 0, 0)
    rows = (b"\0" + struct.pack(">3H", 200 * 257, 60 * 257, 40 * 257) * 40) * 30
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


CHANGED = {
    "cleaned": JPEGS["exif"],
    "workflow": PNGS["tEXt"],
    "Display P3": encoded(photo(), "PNG", icc_profile=profile(P3, 2.2)),
    "16 bit": deep_png(),
    "turned by XMP": with_segments(JPEG, segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp(6))),
    "untouched": PNG,
}


@pytest.mark.parametrize("what", CHANGED)
def test_keys_of_before_still_match(what: str) -> None:
    """Before, all of these were sent as they were, and known by the file's digest."""
    data = CHANGED[what]
    request = Request("a fox", data, seed=7)
    asked = {
        "prompt": "a fox",
        "image_urls": [f"sha256:{hashlib.sha256(data).hexdigest()}"],
        "image_size": {"width": 2048, "height": 2048},
        "num_images": 1,
        "max_images": 1,
        "seed": 7,
        "enhance_prompt_mode": "standard",
        "enable_safety_checker": True,
        "sync_mode": False,
    }
    named = {name: asked[name] for name in request.endpoint.arguments if name in asked}
    text = json.dumps([request.endpoint.id, named], sort_keys=True)
    assert request.key == hashlib.sha256(text.encode()).hexdigest()
    again = Request.from_json(request.to_json())
    assert again == request
    assert again.key == request.key
    assert again.images[0].data == request.images[0].data  # type: ignore[union-attr]


@pytest.mark.parametrize("what", CHANGED)
def test_the_original_stays_in_the_library(what: str, tmp_path: Path) -> None:
    data = CHANGED[what]
    digest = hashlib.sha256(data).hexdigest()
    backend = ScriptedBackend("fal")
    result = (
        Client(backend, library=tmp_path).submit(Request("a fox", data, seed=7)).result(SECONDS)
    )
    (kept,) = tmp_path.glob("inputs/*/*")
    assert kept.stem == digest
    assert kept.read_bytes() == data
    assert result.receipt.inputs[0]["sha256"] == digest
    found = Library(tmp_path).input(digest)
    assert found == result.request.images[0]
    assert found.data == result.request.images[0].data
    again = Client(ScriptedBackend("fal"), library=tmp_path)
    assert again.submit(Request("a fox", data, seed=7)).result(SECONDS).cached
    opened = Library(tmp_path).get("r1")
    assert again.submit(opened.request).result(SECONDS).cached


def test_an_input_of_before_is_found_though_it_is_made_fit_in_another_way_now(
    tmp_path: Path,
) -> None:
    data = encoded(photo(), "JPEG", exif=located(6))  # was not kept as it is, but may lie here
    digest = hashlib.sha256(data).hexdigest()
    folder = tmp_path / "inputs" / digest[:2]
    folder.mkdir(parents=True)
    (folder / f"{digest}.jpg").write_bytes(data)
    found = Library(tmp_path).input(digest)
    assert found.sha256 == digest
    assert found.original == data
    assert located(6) not in found.data


def parts(data: bytes) -> Iterator[bytes]:
    at = 8
    while at < len(data):
        yield data[at + 4 : at + 8]
        at += 12 + int.from_bytes(data[at : at + 4], "big")


def test_colours_stay() -> None:
    tagged = with_chunks(PNG, chunk(b"gAMA", b"\0\0\xb1\x8f"), chunk(b"sRGB", b"\0"))
    assert load(tagged).data == tagged
    palette = transparent().convert("P")
    palette.info["transparency"] = 3
    data = encoded(palette, "PNG", exif=located())
    assert set(parts(load(data).data)) == {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
    inverted = encoded(photo().convert("CMYK"), "JPEG")
    assert load(inverted).note == "re-encoded as JPEG: CMYK to RGB"


@pytest.mark.slow
def test_twenty_megabytes_are_cleaned_in_no_time() -> None:
    big = encoded(Image.effect_noise((5000, 4000), 90).convert("RGB"), "JPEG", quality=98)
    assert len(big) > 12_000_000
    start = time.thread_time()
    pixels_only(big, "JPEG")
    assert time.thread_time() - start < 3
