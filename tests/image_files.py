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


def segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body


def located(orientation: int = 1, **numbers: int) -> bytes:
    """Return EXIF of a phone: where it was taken, and the size that the camera stored."""
    tags = Image.Exif()
    tags[0x0112] = orientation
    gps = tags.get_ifd(0x8825)
    gps[1], gps[2], gps[3], gps[4] = "N", (48.0, 51.0, 29.6), "E", (2.0, 17.0, 40.2)
    camera = tags.get_ifd(0x8769)
    for tag, number in ((0xA002, numbers.get("width")), (0xA003, numbers.get("height"))):
        if number:
            camera[tag] = number
    return tags.tobytes()


def xmp(orientation: int = 1) -> bytes:
    return (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
        b'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
        b'xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="%d">a secret place'
        b"</rdf:Description></rdf:RDF></x:xmpmeta>" % orientation
    )


def profile(
    primaries: tuple[tuple[float, ...], ...], gamma: float | None = None, name: str = "mine"
) -> bytes:
    """Return an ICC profile of a screen; the curve is sRGB's unless `gamma` is given."""

    def fixed(*values: float) -> bytes:
        return b"".join(struct.pack(">i", round(value * 65536)) for value in values)

    def xyz(*values: float) -> bytes:
        return b"XYZ \0\0\0\0" + fixed(*values)

    described = name.encode()
    curve = b"para\0\0\0\0\0\3\0\0" + fixed(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    if gamma:
        curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256))
    length = struct.pack(">I", len(described) + 1)
    tags = {
        b"desc": b"desc\0\0\0\0" + length + described + bytes(79),
        b"wtpt": xyz(0.9642, 1, 0.8249),
        **{
            b"%cXYZ" % letter: xyz(*values)
            for letter, values in zip(b"rgb", primaries, strict=True)
        },
        **{b"%cTRC" % letter: curve for letter in b"rgb"},
    }
    return _icc(tags, b"RGB ")


def grey_profile(gamma: float) -> bytes:
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256))
    white = b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061)
    described = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"grey" + bytes(80)
    return _icc({b"desc": described, b"wtpt": white, b"kTRC": curve}, b"GRAY")


def _icc(tags: dict[bytes, bytes], space: bytes) -> bytes:
    table = data = b""
    for kind, value in tags.items():
        value += bytes(-len(value) % 4)
        table += kind + struct.pack(">II", 132 + 12 * len(tags) + len(data), len(value))
        data += value
    body = struct.pack(">I", len(tags)) + table + data
    head = struct.pack(">I4sI4s4s4s", 128 + len(body), b"lcms", 0x02400000, b"mntr", space, b"XYZ ")
    head += struct.pack(">6H", 2020, 1, 1, 0, 0, 0) + b"acsp" + bytes(28)
    return (head + struct.pack(">3i", 63190, 65536, 54061)).ljust(128, b"\0") + body


SRGB = ((0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141))
P3 = ((0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841))
