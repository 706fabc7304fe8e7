"""Put a receipt into an image file without touching its pixels, and read it back.

PNG holds it as an ``iTXt`` chunk, JPEG and WebP in their XMP packet; a packet that is already
there keeps everything it says. What is read back is untrusted text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from seedream_widgets.embed import jpeg, png, webp
from seedream_widgets.errors import RequestError

if TYPE_CHECKING:
    from seedream_widgets.embed.splice import Pieces

MAX_RECEIPT = 512 * 1024
"""The most bytes of UTF-8 a receipt may have to be embedded."""

_REFUSED = (
    (b"GIF8", "GIF"),
    (b"BM", "BMP"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"II+\x00", "TIFF"),
    (b"MM\x00+", "TIFF"),
)
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def embed(data: bytes, receipt: str) -> bytes:
    """Return a new file that carries `receipt`; see `embed_pieces`."""
    return b"".join(embed_pieces(data, receipt))


def embed_pieces(data: bytes, receipt: str) -> Pieces:
    """Return a file that carries `receipt`, in place of an older one it carried, in pieces.

    Args:
        data: A PNG, JPEG or WebP file; its pixel data is kept byte for byte.
        receipt: JSON text. Characters that XML can't hold, such as U+FFFE, are written as JSON
            escapes: the text may change, what it says does not.

    Raises:
        RequestError: The file is of another format or damaged, or the receipt is too long.
    """
    receipt = _NOT_XML.sub(lambda match: f"\\u{ord(match[0]):04x}", receipt)
    size = len(receipt.encode())
    if size > MAX_RECEIPT:
        raise RequestError(
            f"the receipt has {size:,} bytes, more than the {MAX_RECEIPT:,} a file may carry; "
            "save the image without it",
            field="receipt",
            value=size,
        )
    if data.startswith(png.SIGNATURE):
        return png.embed(data, receipt)
    if data.startswith(jpeg.SIGNATURE):
        return jpeg.embed(data, receipt)
    if webp.is_webp(data):
        return webp.embed(data, receipt)
    raise _refusal(data)


def extract(data: bytes) -> str | None:
    """Return the receipt that a file carries, or ``None``; never raise, whatever the bytes.

    The text comes from outside: whoever made the file may have written anything.
    """
    if data.startswith(png.SIGNATURE):
        return png.extract(data)
    if data.startswith(jpeg.SIGNATURE):
        return jpeg.extract(data)
    return webp.extract(data) if webp.is_webp(data) else None


def _refusal(data: bytes) -> RequestError:
    name = next((name for start, name in _REFUSED if data.startswith(start)), None)
    if data[4:8] == b"ftyp":
        name = "AVIF" if data[8:12] in (b"avif", b"avis") else "HEIF"
    what = f"{name} files can't carry a receipt" if name else "it is not a PNG, JPEG or WebP file"
    begin = bytes(data[:8])
    return RequestError(
        f"{what} (it begins with {begin!r}); save the image as PNG, JPEG or WebP",
        field="file",
        value=name or begin,
    )
