"""Real image files for tests, made by Pillow or by hand."""

from __future__ import annotations

import io
import os
import struct
import zlib

from PIL import Image

COLOURS = {"red": (220, 30, 30), "green": (30, 200, 40), "blue": (30, 60, 220)}


def encoded(image: Image.Image, format_name: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format_name, **options)
    return buffer.getvalue()


def photo(width: int = 96, height: int = 64) -> Image.Image:
    """Return a picture of many colours: gradients with some grain."""
    side = (width, height)
    grey = Image.linear_gradient("L").resize(side)
    bands = [grey, grey.rotate(180), Image.radial_gradient("L").resize(side)]
    grain = Image.frombytes("L", side, os.urandom(width * height))
    return Image.merge("RGB", [Image.blend(band, grain, 0.1) for band in bands])


def noise(width: int, height: int, mode: str = "RGB") -> Image.Image:
    return Image.frombytes(mode, (width, height), os.urandom(width * height * len(mode)))


def drawing(width: int = 96, height: int = 64) -> Image.Image:
    """Return flat colours: the left third red, the top right green, the rest blue."""
    image = Image.new("RGB", (width, height), COLOURS["blue"])
    image.paste(COLOURS["green"], (width // 3, 0, width, height // 2))
    image.paste(COLOURS["red"], (0, 0, width // 3, height))
    return image


def transparent(width: int = 96, height: int = 64) -> Image.Image:
    image = drawing(width, height)
    image.putalpha(Image.linear_gradient("L").resize((width, height)))
    return image


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def giant_png(width: int, height: int) -> bytes:
    """Return a tiny file whose header claims a giant picture."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(1_000_000))
    magic = b"\x89PNG\r\n\x1a\n"
    return magic + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def exif(orientation: int) -> bytes:
    tags = Image.Exif()
    tags[0x0112] = orientation
    tags[0x010E] = "a secret place"
    return tags.tobytes()


def oriented(
    orientation: int, format_name: str = "JPEG", size: tuple[int, int] = (96, 64)
) -> bytes:
    """Return a file that shows `drawing` upright once its orientation is applied."""
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    image = drawing(*size)
    if orientation in undo:
        image = image.transpose(undo[orientation])
    options = {"quality": 95, "subsampling": 0} if format_name == "JPEG" else {}
    return encoded(image, format_name, exif=exif(orientation), **options)


def shows_drawing(image: Image.Image) -> bool:
    """Tell whether `drawing` is seen, upright."""
    width, height = image.size
    points = {"red": (1 / 6, 3 / 4), "green": (2 / 3, 1 / 4), "blue": (2 / 3, 3 / 4)}
    rgb = image.convert("RGB")
    return all(
        near(rgb.getpixel((int(width * x), int(height * y))), COLOURS[name])
        for name, (x, y) in points.items()
    )


def near(one: tuple[int, ...], other: tuple[int, ...], by: int = 12) -> bool:
    return len(one) == len(other) and all(abs(a - b) <= by for a, b in zip(one, other, strict=True))
