"""Files of every kind a receipt goes into, and what others see in them."""

from __future__ import annotations

import io
import os
import struct
import zlib
from typing import TYPE_CHECKING

from PIL import Image, ImageCms, ImageSequence, PngImagePlugin

from seedream_widgets.images.xmp import NAMESPACE
from tests.image_files import chunk, drawing, encoded, exif, noise, photo, transparent

if TYPE_CHECKING:
    from collections.abc import Iterator

ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
FOREIGN = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    f'<rdf:RDF xmlns:rdf="{RDF}"><rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/'
    'elements/1.1/" dc:format="image/é">{}</rdf:Description></rdf:RDF></x:xmpmeta>'
    f"{' ' * 200}<?xpacket end='w'?>"
)


def interlaced() -> bytes:
    """Write an Adam7 PNG by hand, as Pillow writes none."""
    grey = drawing(9, 7).convert("L")
    rows = b""
    for x0, y0, dx, dy in [
        *((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4)),
        *((0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)),
    ]:
        for y in range(y0, 7, dy):
            rows += b"\x00" + bytes(grey.getpixel((x, y)) for x in range(x0, 9, dx))
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 9, 7, 8, 0, 0, 0, 1))
    data = chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + header + data + chunk(b"IEND", b"")


def png_texts() -> PngImagePlugin.PngInfo:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Title", "mine")
    texts.add_itxt("XML:com.adobe.xmp", FOREIGN)
    texts.add_text("After", "pixels", zip=True)
    return texts


def files() -> Iterator[tuple[str, bytes]]:
    small, frames = photo(97, 65), [drawing(40, 30), photo(40, 30), transparent(40, 30)]
    many = {"save_all": True, "append_images": frames[1:], "duration": 50}
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA"):
        yield f"png {mode}", encoded(small.convert(mode), "PNG")
    yield "png 16 bit", encoded(Image.frombytes("I;16", (60, 40), os.urandom(4800)), "PNG")
    yield "png transparency", encoded(small.convert("P"), "PNG", transparency=3)
    yield "png many IDAT", encoded(noise(400, 300), "PNG", compress_level=0)
    options = {"exif": exif(6), "icc_profile": ICC, "dpi": (300, 300), "pnginfo": png_texts()}
    yield "png metadata", encoded(small, "PNG", **options)
    yield "png animated", encoded(frames[0], "PNG", **many)
    yield "png interlaced", interlaced()
    yield "png trailing bytes", encoded(small, "PNG") + b"trailing"
    for mode in ("L", "RGB", "CMYK"):
        yield f"jpeg {mode}", encoded(small.convert(mode), "JPEG", quality=90)
    yield "jpeg progressive", encoded(small, "JPEG", progressive=True, optimize=True)
    yield "jpeg restart", encoded(small, "JPEG", restart_marker_blocks=2, subsampling=0)
    yield "jpeg exif", encoded(small, "JPEG", exif=exif(6), dpi=(300, 300), comment=b"hi")
    yield "jpeg icc", encoded(small, "JPEG", icc_profile=ICC * 30)
    yield "jpeg xmp", encoded(small, "JPEG", xmp=FOREIGN.encode(), exif=exif(3), icc_profile=ICC)
    yield "jpeg xmp padded", encoded(small, "JPEG", xmp=FOREIGN.encode() + b"\x00 \x00")
    yield "jpeg full xmp", encoded(small, "JPEG", xmp=FOREIGN.encode().ljust(65_500))
    yield "jpeg bad xmp", encoded(small, "JPEG", xmp=b"<rdf:RDF>" + NAMESPACE.encode())
    yield "jpeg utf-16 xmp", encoded(small, "JPEG", xmp=FOREIGN.encode("utf-16"))
    yield "mpo", encoded(small, "MPO", save_all=True, append_images=[drawing(97, 65)])
    yield "webp lossy", encoded(small, "WEBP", quality=80)
    yield "webp lossless", encoded(small, "WEBP", lossless=True)
    yield "webp lossy alpha", encoded(frames[2], "WEBP")
    yield "webp lossless alpha", encoded(frames[2], "WEBP", lossless=True)
    yield "webp animated", encoded(frames[0], "WEBP", **many)
    yield "webp exif icc", encoded(small, "WEBP", exif=exif(6), icc_profile=ICC)
    yield "webp xmp", encoded(small, "WEBP", xmp=FOREIGN.encode(), exif=exif(3))
    yield "webp bad xmp", encoded(frames[2], "WEBP", xmp=b"<rdf:RDF>" + NAMESPACE.encode())


def seen(data: bytes) -> list[object]:
    """Return all that Pillow sees in a file but its receipt: frames and metadata."""
    with Image.open(io.BytesIO(data)) as image:
        pages = [(page.mode, page.size, page.tobytes()) for page in ImageSequence.Iterator(image)]
        info = {key: value for key, value in image.info.items() if key != "seedream_receipt"}
        if b"receipt" in info.get("xmp", b""):
            info["xmp"] = foreign_part(info["xmp"])
        info.pop("mpoffset", None)
        info.pop("mp", None)
        return [image.format, pages, {k: v for k, v in info.items() if v or k != "xmp"}]


def foreign_part(packet: bytes) -> bytes:
    start, end = b"<rdf:Description xmlns:rdf", b"</seedream:receipt></rdf:Description>"
    head, _, rest = packet.partition(start)
    bare = head + rest.partition(end)[2]
    return bare if b"Description" in bare else b""


def parts(data: bytes) -> list[bytes]:
    """Cut a file up independently of the package, leaving out where receipts live."""
    if data[:2] == b"\xff\xd8":
        start = data.index(b"\xff\xdb")
        return [data[start:]]
    found, at = [], 12 if data[:4] == b"RIFF" else 8
    while data[:4] == b"RIFF" and at < len(data):
        size = struct.unpack("<I", data[at + 4 : at + 8])[0]
        found.append(data[at : at + 8 + size + size % 2])
        at += len(found[-1])
    while data[:4] != b"RIFF" and data[at : at + 4]:
        found.append(data[at : at + 12 + struct.unpack(">I", data[at : at + 4])[0]])
        at += len(found[-1])
        if found[-1][4:8] == b"IEND":
            found.append(data[at:])
            break
    outside = (b"VP8X", b"XMP ", b"SDRM")
    return [p for p in found if b"seedream_receipt" not in p and p[:4] not in outside]
