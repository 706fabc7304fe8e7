from __future__ import annotations

import io
import math
import os
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image, ImageChops, ImageStat

from seedream_widgets.errors import ImageInputError
from seedream_widgets.images.growing import Broken, Growing
from seedream_widgets.images.previews import Preview, preview, reduce_arriving
from tests.image_files import (
    drawing,
    encoded,
    giant_png,
    near,
    noise,
    oriented,
    photo,
    shows_drawing,
    transparent,
)

if TYPE_CHECKING:
    from collections.abc import Callable


def opened(small: Preview) -> Image.Image:
    assert small.media_type == "image/webp"
    image = Image.open(io.BytesIO(small.data))
    assert image.format == "WEBP"
    assert image.size == (small.width, small.height)
    return image


@pytest.mark.parametrize("format_name", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
@pytest.mark.parametrize(
    ("size", "expected"),
    [((1500, 1000), (512, 341)), ((400, 1600), (128, 512)), ((300, 200), (300, 200))],
)
def test_size_and_content(
    format_name: str, size: tuple[int, int], expected: tuple[int, int]
) -> None:
    small = preview(encoded(drawing(*size), format_name))
    image = opened(small)
    assert image.size == expected
    assert shows_drawing(image)
    assert len(small.data) < 20_000


def test_edge_and_path(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(encoded(drawing(1000, 10), "PNG"))
    assert opened(preview(path, edge=100)).size == (100, 1)
    assert opened(preview(path, edge=20)).size == (20, 1)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16", "I", "CMYK", "F"])
@pytest.mark.parametrize("edge", [32, 512])
def test_modes(mode: str, edge: int) -> None:
    source = transparent() if mode in ("LA", "RGBA") else drawing()
    if mode == "I;16":
        given = Image.frombytes(mode, (96, 64), b"\x00\x80" * 96 * 64)
    else:
        given = source.convert(mode)
    kind = "TIFF" if mode in ("CMYK", "F", "I") else "PNG"
    image = opened(preview(encoded(given, kind), edge=edge))
    assert image.size == (min(edge, 96), min(64, round(edge * 64 / 96)))
    assert (image.mode == "RGBA") == (mode in ("LA", "RGBA"))
    if mode == "I;16":
        assert near(image.getpixel((3, 3)), (128, 128, 128), 3)


def test_transparency_is_kept() -> None:
    alpha = opened(preview(encoded(transparent(1000, 800), "PNG"))).getchannel("A")
    assert alpha.getpixel((50, 3)) < 8
    assert alpha.getpixel((50, alpha.height - 4)) > 247
    plain = opened(preview(encoded(drawing(900, 900).convert("RGBA"), "PNG")))
    assert plain.mode == "RGB"


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("size", [(90, 60), (1500, 1000)])
def test_orientation_is_applied(orientation: int, size: tuple[int, int]) -> None:
    image = opened(preview(oriented(orientation, "JPEG", size), edge=300))
    assert image.size == (min(size[0], 300), min(size[1], 200))
    assert shows_drawing(image)


@pytest.mark.slow
@pytest.mark.parametrize("max_bytes", [100_000, 20_000, 3000, 1000])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_never_more_bytes_than_asked_for(max_bytes: int, mode: str) -> None:
    small = preview(encoded(noise(700, 600, mode), "PNG"), edge=700, max_bytes=max_bytes)
    assert len(small.data) <= max_bytes
    assert len(small.data) > max_bytes * 0.3
    assert opened(small).mode == mode


def test_an_odd_profile_does_not_outgrow_the_limit() -> None:
    data = encoded(drawing(), "PNG", icc_profile=os.urandom(200_000))
    assert len(preview(data, max_bytes=5000).data) <= 5000


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"<html>", "a web page"),
        (encoded(photo(), "PNG")[:-300], "truncated"),
        (encoded(photo(), "JPEG")[:-300], "truncated"),
        (giant_png(50_000, 50_000), "bomb"),
    ],
)
def test_undecodable(data: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "broken"
    path.write_bytes(data)
    for given in (data, path):
        with pytest.raises(ImageInputError, match=words):
            preview(given)


def test_missing_file() -> None:
    with pytest.raises(ImageInputError, match="there is no file"):
        preview(Path("nowhere.png"))


@pytest.mark.parametrize(("edge", "max_bytes"), [(0, 100_000), (512, 999)])
def test_senseless_limits(edge: int, max_bytes: int) -> None:
    with pytest.raises(ValueError, match="1000 or more"):
        preview(b"", edge=edge, max_bytes=max_bytes)


@pytest.mark.slow
def test_threads_agree() -> None:
    files = [encoded(photo(900, 600), name) for name in ("PNG", "JPEG", "WEBP")] * 4
    with ThreadPoolExecutor(4) as pool:
        many = list(pool.map(preview, files))
    assert many == [preview(data) for data in files]


def test_a_large_jpeg_is_decoded_small() -> None:
    """By the memory that Pillow takes for pixels; at full size a preview could only take more."""
    data = encoded(drawing(4000, 4000), "JPEG")

    def blocks(work: Callable[[], object]) -> int:
        Image.core.reset_stats()
        work()
        stats = Image.core.get_stats()
        return int(stats["allocated_blocks"] + stats["reused_blocks"])

    before = Image.core.get_block_size()
    Image.core.set_block_size(1 << 20)
    try:
        full = blocks(lambda: Image.open(io.BytesIO(data)).load())
        assert blocks(lambda: preview(data, edge=64)) < full / 4
    finally:
        Image.core.set_block_size(before)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P"])
@pytest.mark.parametrize("size", [(1400, 1000), (500, 700), (90, 60)])
def test_one_made_while_it_comes_is_the_same(mode: str, size: tuple[int, int]) -> None:
    source = transparent(*size) if mode == "RGBA" else photo(*size).convert(mode)
    data = encoded(source, "PNG")
    made = reduce_arriving(iter([data[:100], data[100:]]), 400)
    if mode != "RGBA":  # whose colours are weighed and unweighed once more
        assert made.preview(400) == preview(data, 400)
    # Each is made of half as many pixels again as it has: no worse than one of the file.
    for edge in (400, 256, 128):
        early, plain = opened(made.preview(edge)), opened(preview(data, edge))
        assert early.size == plain.size
        assert mean_difference(early, plain) < 2


def mean_difference(one: Image.Image, other: Image.Image) -> float:
    difference = ImageChops.difference(one.convert("RGB"), other.convert("RGB"))
    return sum(ImageStat.Stat(difference).mean) / 3


@pytest.mark.slow
def test_a_reduced_picture_knows_how_far_it_serves() -> None:
    large = reduce_arriving(iter([encoded(photo(1400, 1000), "PNG")]), 400)
    assert large.image.size == (700, 500)
    assert large.edge == 466
    assert opened(large.preview(5000)).size == (466, 333)
    small = reduce_arriving(iter([encoded(photo(90, 60), "PNG")]), 768)
    assert (small.image.size, small.edge) == ((90, 60), math.inf)


@pytest.mark.parametrize("orientation", [3, 6])
def test_a_reduced_picture_is_upright(orientation: int) -> None:
    made = reduce_arriving(iter([oriented(orientation, "PNG", (1500, 1000))]), 300)
    assert shows_drawing(opened(made.preview(300)))


def test_a_picture_that_broke_off_is_not_reduced() -> None:
    """Even where all of its bytes came: only the end tells that it is whole."""
    growing = Growing()
    with ThreadPoolExecutor(1) as pool:
        made = pool.submit(reduce_arriving, growing, 300)
        growing.add(encoded(photo(), "PNG"))
        with pytest.raises(FutureTimeout):
            made.result(0.3)
        growing.end(whole=False)
        with pytest.raises((ImageInputError, Broken)):
            made.result(60)
