from __future__ import annotations

import io
import struct

import pytest
from PIL import Image, ImageCms

from seedream_widgets.errors import ImageInputError
from seedream_widgets.images import ImageInput, InputLimits, load_image
from tests.image_files import (
    COLOURS,
    drawing,
    encoded,
    exif,
    near,
    noise,
    oriented,
    photo,
    shows_drawing,
    transparent,
)


def load(value: object, **limits: int) -> ImageInput:
    image = load_image(value, limits=InputLimits(**limits))
    assert isinstance(image, ImageInput)
    assert image.pil.format == image.media_type.removeprefix("image/").upper()
    assert image.pil.size == image.size
    return image


@pytest.mark.parametrize("mode", ["RGB", "P", "CMYK", "YCbCr", "HSV", "RGBX"])
def test_colour_modes_of_pil(mode: str) -> None:
    image = load(drawing().convert(mode))
    assert image.pil.mode == "RGB"
    assert near(image.pil.getpixel((8, 40)), COLOURS["red"], 40)
    assert image.note is None


@pytest.mark.parametrize("mode", ["RGBA", "LA", "La", "RGBa", "PA"])
def test_transparent_modes_of_pil_become_png(mode: str) -> None:
    picture = transparent()
    if mode == "La":
        given = picture.convert("LA").convert("La")
    else:
        given = picture.convert("P").convert("PA") if mode == "PA" else picture.convert(mode)
    image = load(given)
    assert (image.media_type, image.pil.mode) == ("image/png", "RGBA")
    if mode != "PA":  # Pillow's P to PA makes it opaque in places
        assert near(image.pil.getchannel("A").getextrema(), (0, 255), 2)


def test_palette_with_transparent_colour_keeps_it() -> None:
    palette = drawing().convert("P", palette=Image.Palette.ADAPTIVE, colors=4)
    palette.info["transparency"] = palette.getpixel((8, 40))
    rgb = drawing()
    rgb.info["transparency"] = COLOURS["red"]
    for given in (palette, rgb, encoded(palette, "GIF")):
        alpha = load(given).pil.convert("RGBA").getchannel("A")
        assert alpha.getpixel((8, 40)) == 0
        assert alpha.getpixel((60, 10)) == 255


def test_opaque_alpha_is_dropped() -> None:
    opaque = photo().convert("RGBA")
    assert load(opaque).media_type == "image/jpeg"
    assert load(encoded(opaque, "BMP")).media_type == "image/jpeg"


@pytest.mark.parametrize(
    ("mode", "value", "expected"),
    [
        ("1", 1, 255),
        ("L", 77, 77),
        ("I;16", 77 * 256 + 255, 77),
        ("I;16B", 77 * 256 + 255, 77),
        ("I", 77, 77),
        ("I", 77 * 256 + 128, 77),
        ("F", 0.5, 127),
        ("F", 77.0, 77),
        ("F", 77 * 256.0, 77),
    ],
)
def test_grey_modes_of_pil(mode: str, value: float, expected: int) -> None:
    if mode == "I;16B":
        image = Image.frombytes(mode, (40, 30), struct.pack(">H", int(value)) * 1200)
    else:
        image = Image.new(mode, (40, 30), value)
    assert near(load(image).pil.getpixel((9, 9)), (expected,) * 3, 1)


@pytest.mark.parametrize(("mode", "low", "high"), [("I", -5, 100_000), ("F", -2.0, 9.0)])
def test_wide_ranges_are_stretched(mode: str, low: float, high: float) -> None:
    image = Image.new(mode, (40, 30), low)
    image.paste(high, (20, 0, 40, 30))
    assert load(image).pil.convert("L").getextrema() == (0, 255)


def test_values_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(ImageInputError, match="NaN or infinite"):
        load(Image.new("F", (40, 30), float("inf")))


def test_lab() -> None:
    grey = load(Image.new("LAB", (40, 30), (200, 128, 128))).pil.getpixel((3, 3))
    assert near(grey, (194, 194, 194))


def test_sixteen_bit_png_becomes_eight_bit() -> None:
    levels = b"".join(struct.pack("<H", 100 * 256 + n) for n in range(256)) * 90
    image = load(encoded(Image.frombytes("I;16", (256, 90), levels), "PNG"))
    assert image.note == "re-encoded as PNG: 16 bit to 8 bit"
    assert image.pil.getextrema() == ((100, 100),) * 3


def test_cmyk_jpeg_becomes_rgb() -> None:
    image = load(encoded(drawing().convert("CMYK"), "JPEG", quality=95, subsampling=0))
    assert image.note == "re-encoded as PNG: CMYK to RGB"
    assert shows_drawing(image.pil)


@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(2, 9))
def test_orientation_is_applied(format_name: str, orientation: int) -> None:
    data = oriented(orientation, format_name)
    image = load(data)
    assert "turned upright" in str(image.note)
    assert image.size == (96, 64)
    assert shows_drawing(image.pil)
    assert b"secret" in data
    assert b"secret" not in image.data


def test_oriented_tiff_is_turned_once() -> None:
    image = load(oriented(6, "TIFF"))
    assert image.size == (96, 64)
    assert shows_drawing(image.pil)


def test_upright_jpeg_with_exif_keeps_its_pixels() -> None:
    data = oriented(1)
    assert load(data).original == data
    assert load(data).pil.tobytes() == Image.open(io.BytesIO(data)).tobytes()


@pytest.mark.parametrize("format_name", ["BMP", "TIFF", "WEBP", "GIF"])
def test_other_formats_are_encoded_anew(format_name: str) -> None:
    image = load(encoded(drawing(), format_name))
    assert image.note == f"re-encoded as PNG: {format_name}"
    assert shows_drawing(image.pil)
    if format_name != "GIF":
        assert load(encoded(photo(), format_name)).media_type == "image/jpeg"


@pytest.mark.parametrize("format_name", ["GIF", "WEBP", "PNG", "TIFF"])
def test_first_frame_of_several(format_name: str) -> None:
    frames = [photo() for _ in range(3)]
    data = encoded(drawing(), format_name, save_all=True, append_images=frames)
    image = load(data)
    assert "first frame of several" in str(image.note)
    assert shows_drawing(image.pil)
    assert b"fdAT" not in image.data


def test_photographs_are_jpeg_of_high_quality_and_drawings_png() -> None:
    image = load(photo())
    assert image.media_type == "image/jpeg"
    jpeg = Image.open(io.BytesIO(image.data))
    assert jpeg.layer[0][1:3] == (1, 1)  # type: ignore[attr-defined]
    assert jpeg.quantization[0][0] <= 2  # type: ignore[attr-defined]
    assert load(photo().convert("L")).media_type == "image/jpeg"
    drawn = load(drawing())
    assert drawn.media_type == "image/png"
    assert drawn.pil.tobytes() == drawing().tobytes()


def test_too_large_opaque_becomes_a_smaller_jpeg() -> None:
    data = encoded(noise(300, 300), "PNG")
    first = load(data, max_bytes=200_000)
    assert (first.media_type, first.size) == ("image/jpeg", (300, 300))
    assert first.note == f"re-encoded as JPEG: {kb(data)} to {kb(first.data)} (limit 200 KB)"
    tight = load(data, max_bytes=20_000)
    assert len(tight.data) <= 20_000
    assert tight.width < 300
    assert "scaled from 300x300 to" in str(tight.note)
    assert len(load(noise(300, 300), max_bytes=20_000).data) <= 20_000


def kb(data: bytes) -> str:
    return f"{len(data) / 1000:.1f}".removesuffix(".0") + " KB"


def test_too_large_transparent_becomes_a_smaller_png() -> None:
    image = load(encoded(noise(300, 300, "RGBA"), "PNG"), max_bytes=100_000)
    assert 50_000 < len(image.data) <= 100_000
    assert image.pil.mode == "RGBA"
    assert 120 < image.width < 200


def test_large_transparent_png_is_not_written_in_vain() -> None:
    middling = noise(700, 700, "RGBA")
    assert load(middling, max_bytes=2_100_000).size == (700, 700)
    image = load(middling, max_bytes=400_000)
    assert 250_000 < len(image.data) <= 400_000
    corner = Image.new("RGBA", (700, 700))
    corner.paste(noise(700, 40, "RGBA"), (0, 0))
    assert len(load(corner, max_bytes=50_000).data) <= 50_000


def test_long_sides_are_scaled_down() -> None:
    image = load(drawing(900, 600), max_side=300)
    assert image.size == (300, 200)
    assert image.note == "re-encoded as PNG: scaled from 900x600 to 300x200"
    file = load(encoded(drawing(900, 600), "PNG"), max_side=300)
    assert (file.size, file.note) == (image.size, image.note)
    jpeg = load(oriented(6, "JPEG", (900, 600)), max_side=300)
    assert jpeg.size == (300, 200)
    assert "scaled from 900x600 to 300x200" in str(jpeg.note)
    assert shows_drawing(jpeg.pil)
    assert load(transparent(900, 600), max_side=300).size == (300, 200)


@pytest.mark.parametrize("size", [(14, 100), (100, 14), (1, 1)])
def test_small_sides_are_refused(size: tuple[int, int]) -> None:
    for value in (Image.new("RGB", size), encoded(Image.new("RGB", size), "PNG")):
        with pytest.raises(ImageInputError, match="at least 15 px; pass a larger image"):
            load(value)
    assert load(Image.new("RGB", (15, 15))).size == (15, 15)


def test_ratios() -> None:
    assert load(Image.new("RGB", (300, 100))).note is None
    data = encoded(Image.new("RGB", (301, 100)), "PNG")
    assert load(data).data == data
    assert load(data).note == "301x100 px is longer than 3:1, which fal may refuse"
    assert "may refuse" in str(load(Image.new("RGB", (20, 320))).note)
    with pytest.raises(ImageInputError, match="longer than 16:1; crop it first"):
        load(Image.new("RGB", (20, 321)))


def swapped_profile() -> bytes:
    """Return an RGB profile whose red and green primaries are exchanged."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    tags = int.from_bytes(data[128:132], "big")
    entries = {bytes(data[132 + 12 * n : 136 + 12 * n]): 132 + 12 * n for n in range(tags)}
    red, green = entries[b"rXYZ"] + 4, entries[b"gXYZ"] + 4
    data[red : red + 8], data[green : green + 8] = data[green : green + 8], data[red : red + 8]
    return bytes(data).replace("sRGB".encode("utf-16-be"), "mine".encode("utf-16-be"))


def test_colour_profile_is_converted_to_srgb() -> None:
    swapped = Image.merge("RGB", [drawing().getchannel(band) for band in "GRB"])
    image = load(encoded(swapped, "TIFF", icc_profile=swapped_profile()))
    assert shows_drawing(image.pil)
    assert "icc_profile" not in image.pil.info
    jpeg = encoded(
        swapped.rotate(180), "JPEG", quality=95, icc_profile=swapped_profile(), exif=exif(3)
    )
    assert shows_drawing(load(jpeg).pil)
    alpha = swapped.copy()
    alpha.putalpha(Image.new("L", swapped.size, 99))
    alpha.info["icc_profile"] = swapped_profile()
    kept = load(alpha).pil
    assert shows_drawing(kept)
    assert kept.getchannel("A").getextrema() == (99, 99)


def test_srgb_and_unusable_profiles() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    plain = load(encoded(drawing(), "TIFF", icc_profile=srgb)).pil
    assert plain.tobytes() == drawing().tobytes()
    assert "icc_profile" not in plain.info
    odd = load(encoded(drawing(), "TIFF", icc_profile=b"nonsense")).pil
    assert "icc_profile" not in odd.info
    grey = load(encoded(drawing().convert("L"), "TIFF", icc_profile=b"nonsense")).pil
    assert "icc_profile" not in grey.info


def test_nothing_of_the_source_is_left() -> None:
    given = photo()
    given.info.update(exif=exif(1), comment=b"a secret place", xmp=b"a secret place")
    for value in (given, transparent().convert("RGBA")):
        value.info.update(given.info)
        assert b"secret" not in load(value).data
