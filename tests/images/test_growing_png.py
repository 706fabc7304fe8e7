"""A PNG opened while it comes must be what it is when it is whole."""

from __future__ import annotations

import threading
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from seedream_widgets.errors import ImageInputError
from seedream_widgets.images.growing import ArrivingPng, Growing, open_arriving
from seedream_widgets.images.guard import decode
from seedream_widgets.images.metadata import strip_metadata
from tests.image_files import (
    chunk,
    drawing,
    encoded,
    exif,
    giant_png,
    noise,
    oriented,
    transparent,
)
from tests.scripted import SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator

PNG = encoded(noise(300, 200), "PNG")
END = chunk(b"IEND", b"")


def blocks(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


@pytest.mark.parametrize("size", [1, 7, 1000, 10**9])
def test_the_bytes_are_those_without_metadata(size: int) -> None:
    text = chunk(b"tEXt", b"Comment\0hello") + chunk(b"zTXt", b"x" * 5000)
    data = PNG[:33] + text + PNG[33:]
    assert ArrivingPng(blocks(data, size)).read() == strip_metadata(data, "PNG").data == PNG


def test_it_reads_forwards_only() -> None:
    file = ArrivingPng(blocks(PNG, 100))
    assert (file.read(8), file.tell()) == (PNG[:8], 8)
    assert file.seek(8) == 8
    for offset in (0, 9):
        with pytest.raises(OSError, match="forwards"):
            file.seek(offset)
    assert file.read(10**9) == PNG[8:]
    assert file.read(1) == b""


@pytest.mark.parametrize(
    "image",
    [
        noise(300, 200),
        transparent(),
        drawing().convert("P"),
        drawing().convert("1"),
        Image.frombytes("I;16", (96, 64), b"\x00\x80" * 96 * 64),
    ],
    ids=lambda image: image.mode,
)
@pytest.mark.parametrize("size", [13, 100_000])
def test_the_pixels_are_the_same(image: Image.Image, size: int) -> None:
    data = encoded(image, "PNG")
    found = open_arriving(ArrivingPng(blocks(data, size)))
    decode(found)
    expected = Image.open(BytesIO(data))
    assert (found.mode, found.size) == (expected.mode, expected.size)
    assert found.tobytes() == expected.tobytes()


def test_decoding_goes_on_while_it_comes() -> None:
    """The head is enough to open it, and the decoder waits for the rest."""
    growing, opened = Growing(), threading.Event()
    found: list[Image.Image] = []

    def read() -> None:
        image = open_arriving(ArrivingPng(growing))
        opened.set()
        decode(image)
        found.append(image)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    growing.add(PNG[:2000])
    assert opened.wait(SECONDS)
    assert thread.is_alive()
    growing.add(PNG[2000:])
    growing.end(whole=True)
    thread.join(SECONDS)
    assert found[0].tobytes() == Image.open(BytesIO(PNG)).tobytes()


@pytest.mark.parametrize("orientation", [1, 6, 8])
@pytest.mark.parametrize("late", [True, False])
def test_the_orientation_is_told_wherever_it_stands(orientation: int, late: bool) -> None:
    part = chunk(b"eXIf", exif(orientation).removeprefix(b"Exif\0\0"))
    at = len(PNG) - len(END) if late else 33
    file = ArrivingPng(blocks(PNG[:at] + part + PNG[at:], 50))
    assert file.read() == PNG
    assert file.orientation == orientation


def test_a_whole_file_with_orientation_agrees() -> None:
    data = oriented(6, "PNG", (90, 60))
    file = ArrivingPng(blocks(data, 50))
    file.read()
    assert file.orientation == strip_metadata(data, "PNG").orientation == 6


@pytest.mark.parametrize("at", [0, 7, 8, 20, 33, 60, 90_000, -13, -1])
def test_one_that_is_cut_is_refused(at: int) -> None:
    with pytest.raises(ImageInputError):
        ArrivingPng(blocks(PNG[:at], 100)).read()


@pytest.mark.parametrize("at", [1, 12, 17, 30, 45, 90_000, -18, -2])
def test_one_wrong_bit_is_refused(at: int) -> None:
    wrong = PNG[:at] + bytes([PNG[at] ^ 1]) + PNG[at + 1 :]
    with pytest.raises(ImageInputError):
        ArrivingPng(blocks(wrong, 100)).read()


def test_what_is_dropped_is_checked_too() -> None:
    part = bytearray(chunk(b"tEXt", b"Comment\0hello"))
    part[-1] ^= 1
    with pytest.raises(ImageInputError):
        ArrivingPng(blocks(PNG[:33] + part + PNG[33:], 100)).read()


@pytest.mark.slow
@pytest.mark.parametrize(
    "data",
    [
        b"",
        encoded(drawing(), "JPEG"),
        PNG[:33] + chunk(b"acTL", b"\0\0\0\2\0\0\0\0") + PNG[33:],
        PNG[:33] + chunk(b"tEXt", b"") * 100_001 + PNG[33:],
    ],
    ids=["empty", "JPEG", "animated", "too many parts"],
)
def test_what_is_not_decoded_while_it_comes(data: bytes) -> None:
    with pytest.raises(ImageInputError):
        decode(open_arriving(ArrivingPng(blocks(data, 100_000))))


def test_a_bomb_is_refused_by_its_head() -> None:
    with pytest.raises(ImageInputError, match="bomb"):
        open_arriving(ArrivingPng(blocks(giant_png(50_000, 50_000), 100)))
