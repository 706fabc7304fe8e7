"""Files part by part, whole or not."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from seedream_widgets.images.containers import is_cut
from tests.image_files import encoded, noise

THUMBNAIL = b"\xff\xe1\x00\x40" + bytes(30) + encoded(Image.new("L", (1, 1)), "JPEG")[-32:]
FILES = {
    "PNG": ("PNG", encoded(noise(200, 150), "PNG")),
    "JPEG": ("JPEG", encoded(noise(200, 150), "JPEG")),
    "progressive": ("JPEG", encoded(noise(200, 150), "JPEG", progressive=True)),
    "with a thumbnail": (
        "JPEG",
        b"\xff\xd8" + THUMBNAIL + encoded(noise(200, 150), "JPEG")[2:],
    ),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("after", [b"", b"\0", b"what an editor put behind it \xff\xd8\xff"])
def test_a_whole_file_is_not_cut_whatever_follows_it(name: str, after: bytes) -> None:
    format_name, data = FILES[name]
    assert Image.open(io.BytesIO(data)).format == format_name
    assert not is_cut(data + after, format_name)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 1.0])
def test_a_file_that_ends_early_is_cut(name: str, share: float) -> None:
    format_name, data = FILES[name]
    assert is_cut(data[: min(int(len(data) * share), len(data) - 1)], format_name)


@pytest.mark.parametrize("format_name", ["PNG", "JPEG"])
@pytest.mark.parametrize("data", [b"", b"nonsense" * 20])
def test_nonsense_is_cut(format_name: str, data: bytes) -> None:
    assert is_cut(data, format_name)


def test_a_webp_that_ends_early_can_not_be_opened() -> None:
    data = encoded(noise(201, 151), "WEBP")
    for cut in (data[:-1], data[: len(data) // 2]):
        with pytest.raises(OSError, match="decoder"):
            Image.open(io.BytesIO(cut), formats=["WEBP"])
    assert not is_cut(data, "WEBP")
