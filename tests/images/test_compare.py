"""How far two pictures are apart."""

from __future__ import annotations

import pytest
from PIL import Image, ImageDraw

from seedream_widgets.errors import RequestError
from seedream_widgets.images.compare import difference


def half(colour: object) -> Image.Image:
    image = Image.new("RGB", (64, 64), (100, 100, 100))
    ImageDraw.Draw(image).rectangle((0, 0, 31, 63), colour)
    return image


def test_equal_pictures():
    found = difference(half("red"), half("red"))
    assert (found.mean, found.changed) == (0, 0)
    assert found.ssim in (1, None)


def test_half_changed():
    found = difference(half((100, 100, 100)), half((130, 100, 100)))
    assert found.changed == 0.5
    assert found.mean == pytest.approx(5)
    assert found.image.getpixel((0, 0)) == (30, 0, 0)
    assert "mean difference 5.00 of 255, 50.0% of the pixels" in str(found)


def test_what_compression_does_is_no_change():
    assert difference(half((100, 100, 100)), half((107, 100, 100))).changed == 0


def test_transparency_counts_as_white():
    clear = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    assert difference(clear, Image.new("RGB", (8, 8), "white")).mean == 0


def test_other_sizes_are_told():
    with pytest.raises(RequestError, match="got 8 x 8 and 9 x 8; pass unequal='fit' or"):
        difference(Image.new("RGB", (8, 8)), Image.new("RGB", (9, 8)))


def test_unequal_sizes_are_fitted_or_cropped_where_asked():
    small, large = half("red"), half("red").resize((128, 128), Image.Resampling.NEAREST)
    assert difference(small, large, "fit").mean < 1
    wide = Image.new("RGB", (80, 64), "blue")
    wide.paste(small, (8, 0))
    assert difference(small, wide, "crop").mean == 0
    assert difference(wide, small, "crop").image.size == (64, 64)
    with pytest.raises(RequestError, match="unequal takes 'fit', 'crop'"):
        difference(small, large, "stretch")


@pytest.mark.slow
def test_large_pictures_are_compared_within_bounded_memory():
    """SSIM of 16 megapixels as they are takes 2 GB."""
    pytest.importorskip("skimage")
    image = Image.linear_gradient("L").convert("RGB")
    one, two = image.resize((2048, 1500)), image.rotate(180).resize((2048, 1500))
    found = difference(one, two)
    assert found.ssim == difference(one.reduce(2), two.reduce(2)).ssim
    assert difference(one, one).ssim == 1
