"""Parts of large pictures, as sharp as they are asked for and never too large."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from seedream_widgets.errors import ImageInputError
from seedream_widgets.images import previews
from seedream_widgets.images.pixels import decoded
from seedream_widgets.images.previews import region
from tests.image_files import drawing, encoded, exif, noise, photo, transparent


def opened(part):
    image = Image.open(io.BytesIO(part.data))
    assert image.size == (part.width, part.height)
    assert part.media_type == f"image/{image.format.lower()}"
    return image


def test_a_part_at_its_own_size_is_as_sharp_as_the_picture():
    image = decoded(encoded(drawing(600, 400), "PNG"))
    part = region(image, (150, 100, 350, 300), (200, 200))
    assert part.media_type == "image/jpeg"
    shown = opened(part).convert("RGB")
    for at in ((10, 10), (60, 10), (60, 150)):
        wanted = image.getpixel((150 + at[0], 100 + at[1]))
        assert all(abs(a - b) < 6 for a, b in zip(shown.getpixel(at), wanted, strict=True)), at


def test_it_is_scaled_down_and_never_up():
    image = decoded(encoded(photo(600, 400), "PNG"))
    assert opened(region(image, (0, 0, 600, 400), (300, 300))).size == (300, 200)
    assert opened(region(image, (0, 0, 60, 40), (600, 400))).size == (60, 40)


def test_what_lies_outside_is_left_away():
    image = decoded(encoded(photo(60, 40), "PNG"))
    assert opened(region(image, (50, -10, 100, 100), (500, 500))).size == (10, 40)
    with pytest.raises(ValueError, match="no pixel of 60 x 40"):
        region(image, (60, 0, 100, 40), (40, 40))


def test_a_clear_part_stays_clear_and_an_opaque_one_is_a_jpeg():
    image = transparent(256, 256)
    image.paste((9, 9, 9, 255), (0, 128, 256, 256))
    whole = decoded(encoded(image, "PNG"))
    clear = region(whole, (0, 0, 256, 100), (256, 100))
    assert clear.media_type == "image/webp"
    assert opened(clear).getchannel("A").getextrema()[0] < 10
    assert region(whole, (0, 128, 256, 256), (256, 128)).media_type == "image/jpeg"


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_it_is_bounded_in_bytes_and_pixels(monkeypatch, mode):
    image = noise(900, 900, mode)
    part = region(image, (0, 0, 900, 900), (900, 900), 20_000)
    assert len(part.data) <= 20_000
    opened(part)
    monkeypatch.setattr(previews, "MAX_PIXELS", 100 * 100)
    assert max(opened(region(image, (0, 0, 900, 900), (900, 900))).size) == 100


def test_it_is_upright():
    data = encoded(drawing(96, 64), "JPEG", exif=exif(6))
    assert decoded(data).size == (64, 96)


@pytest.mark.parametrize("data", [b"", b"nonsense", encoded(photo(), "PNG")[:3000]])
def test_what_is_damaged_is_told(data):
    with pytest.raises(ImageInputError):
        decoded(data)
