"""Files made to mislead, to exhaust, or simply broken."""

from __future__ import annotations

import struct
import time
import zlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedream_widgets.errors import RequestError
from seedream_widgets.images.receipts import MAX_TEXT, embed, extract
from seedream_widgets.images.xmp import NAMESPACE
from tests.fuzz import fuzz
from tests.image_files import chunk, drawing, encoded, exif
from tests.memory import taken
from tests.receipt_files import FOREIGN

if TYPE_CHECKING:
    from collections.abc import Callable

PNG = b"\x89PNG\r\n\x1a\n"
KEY = b"seedream_receipt\x00"
XAP = b"http://ns.adobe.com/xap/1.0/\x00"
OWN = b"seedream-receipt\x00"
RECEIPT = '{"prompt": "a fox", "seed": 7}'
SMALL = {name: encoded(drawing(24, 16), name) for name in ("PNG", "JPEG", "WEBP")}
CARRYING = {name: embed(data, RECEIPT) for name, data in SMALL.items()}
CARRYING["JPEG in parts"] = embed(SMALL["JPEG"], RECEIPT + " " * 66_000)
CARRYING["WEBP exif"] = embed(encoded(drawing(24, 16), "WEBP", exif=exif(6)), RECEIPT)


def app1(body: bytes) -> bytes:
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body


def jpeg_with(*segments: bytes) -> bytes:
    return SMALL["JPEG"][:2] + b"".join(segments) + SMALL["JPEG"][2:]


def png_with(*chunks: bytes) -> bytes:
    return SMALL["PNG"][:33] + b"".join(chunks) + SMALL["PNG"][33:]


def webp_with(*chunks: tuple[bytes, bytes]) -> bytes:
    vp8x = (b"VP8X", bytes((4, 0, 0, 0, 23, 0, 0, 15, 0, 0)))
    body = b"WEBP"
    for kind, data in (vp8x, *chunks):
        body += kind + struct.pack("<I", len(data)) + data + b"\x00" * (len(data) % 2)
    body += SMALL["WEBP"][12:]
    return b"RIFF" + struct.pack("<I", len(body)) + body


def packet(inside: str) -> bytes:
    return FOREIGN.replace("{}", inside).encode()


def receipt_element(text: str) -> str:
    return f'<s:receipt xmlns:s="{NAMESPACE}">{text}</s:receipt>'


def tried(data: bytes) -> None:
    """Ask for what has to hold for any bytes at all."""
    text = extract(data)
    assert text is None or len(text.encode()) <= 2 * MAX_TEXT
    try:
        made = embed(data, RECEIPT)
    except RequestError:
        return
    assert extract(made) == RECEIPT
    assert embed(made, RECEIPT) == made


@pytest.mark.parametrize("name", CARRYING)
def test_truncated(name: str) -> None:
    data = CARRYING[name]
    step = max(7, len(data) // 3000 // 7 * 7)
    for length in range(0, len(data), step):
        cut = data[:length]
        assert extract(cut) in (None, extract(data))
        with pytest.raises(RequestError, match=r"truncated or damaged|not a PNG, JPEG or WebP"):
            embed(cut, RECEIPT)


@fuzz(300)
@given(st.sampled_from([PNG, b"\xff\xd8\xff", b"RIFF\xff\x00\x00\x00WEBP", b""]), st.binary())
def test_random_bytes(start: bytes, rest: bytes) -> None:
    tried(start + rest)


@fuzz(300)
@given(st.sampled_from(sorted(CARRYING)), st.data())
def test_a_few_bytes_changed(name: str, draw: st.DataObject) -> None:
    data = bytearray(CARRYING[name])
    places = st.integers(0, min(len(data), 1500) - 1)
    for at, value in draw.draw(st.lists(st.tuples(places, st.integers(0, 255)), max_size=6)):
        data[at] = value
    tried(bytes(data))


ITXT = KEY + b"\x00\x00\x00\x00"
PACKED = KEY + b"\x01\x00\x00\x00"
UNREADABLE = {
    "png crc": png_with(chunk(b"iTXt", ITXT + b"text")[:-1] + b"\x00"),
    "png utf-8": png_with(chunk(b"iTXt", ITXT + b"\xff\xfe")),
    "png no flags": png_with(chunk(b"iTXt", KEY)),
    "png no language": png_with(chunk(b"iTXt", KEY + b"\x00\x00")),
    "png unknown method": png_with(chunk(b"iTXt", KEY + b"\x01\x07\x00\x00" + b"text")),
    "png not compressed": png_with(chunk(b"iTXt", PACKED + b"text")),
    "png half compressed": png_with(chunk(b"iTXt", PACKED + zlib.compress(b"text")[:-5])),
    "png zTXt empty": png_with(chunk(b"zTXt", KEY)),
    "png too long": png_with(chunk(b"tEXt", KEY + b"x" * (MAX_TEXT + 1))),
    "png giant length": png_with(b"\xff\xff\xff\xffiTXt" + ITXT),
    "png after 100,000 chunks": png_with(chunk(b"prVt", b"") * 99_999, chunk(b"iTXt", ITXT)),
    "png other keyword": png_with(chunk(b"iTXt", b"seedream_receipts" + ITXT[16:] + b"text")),
    "png other kind": png_with(chunk(b"prVt", ITXT + b"text")),
    "jpeg part missing": jpeg_with(app1(OWN + b"\x01\x02{")),
    "jpeg parts swapped": jpeg_with(app1(OWN + b"\x02\x02}"), app1(OWN + b"\x01\x02{")),
    "jpeg part empty": jpeg_with(app1(OWN)),
    "jpeg 300 parts": jpeg_with(*[app1(OWN + bytes((n % 256, 44))) for n in range(1, 301)]),
    "jpeg short length": jpeg_with(b"\xff\xe1\x00\x00"),
    "jpeg other namespace": jpeg_with(app1(XAP + packet("<receipt>text</receipt>"))),
    "jpeg other property": jpeg_with(
        app1(XAP + packet(receipt_element("text").replace("receipt", "receipts")))
    ),
    "jpeg unbound prefix": jpeg_with(
        app1(XAP + packet(f"<!-- {NAMESPACE} --><seedream:receipt>text</seedream:receipt>"))
    ),
    "xmp in app2": jpeg_with(b"\xff\xe2" + app1(XAP + packet(receipt_element("text")))[2:]),
    "xmp surrogate": jpeg_with(app1(XAP + packet(receipt_element("&#xD800;")))),
    "xmp unknown entity": jpeg_with(app1(XAP + packet(receipt_element("&secret;")))),
    "webp utf-8": webp_with((b"SDRM", b"\xff")),
    "webp own too long": webp_with((b"SDRM", b"x" * (MAX_TEXT + 1))),
    "webp xmp too long": webp_with((b"XMP ", packet(receipt_element("x" * (MAX_TEXT + 1))))),
    "webp damaged xmp": webp_with((b"XMP ", packet(receipt_element("text"))[:-20] + b"<")),
}


@pytest.mark.parametrize("data", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_unreadable(data: bytes) -> None:
    assert extract(data) is None
    tried(data)


VP8 = SMALL["WEBP"].index(b"VP8 ")
BROKEN = {
    "jpeg without scan": SMALL["JPEG"][: SMALL["JPEG"].index(b"\xff\xda")] + b"\xff\xd9",
    "jpeg alone": b"\xff\xd8\xff\xd9",
    "png without pixels": PNG + chunk(b"IHDR", bytes(13)) + chunk(b"IEND", b""),
    "webp without picture": b"RIFF\x10\x00\x00\x00WEBPEXIF\x04\x00\x00\x00MM\x00*",
    "webp no width": SMALL["WEBP"][: VP8 + 14] + bytes(2) + SMALL["WEBP"][VP8 + 16 :],
    "webp no start code": SMALL["WEBP"][: VP8 + 11] + bytes(3) + SMALL["WEBP"][VP8 + 14 :],
    "webp empty": b"RIFF\x04\x00\x00\x00WEBP",
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN.keys())
def test_broken(data: bytes) -> None:
    assert extract(data) is None
    with pytest.raises(RequestError, match="truncated or damaged") as caught:
        embed(data, RECEIPT)
    assert caught.value.field == "file"


def test_fill_bytes_before_a_segment() -> None:
    data = jpeg_with(b"\xff\xff\xff" + app1(XAP + packet(receipt_element("text"))))
    assert extract(data) == "text"
    assert embed(data, RECEIPT).startswith(data[:5])
    tried(data)


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "utf-7", "utf_16", "idna", "hex", "no"])
def test_an_encoding_that_the_packet_claims(encoding: str) -> None:
    claim = f'<?xml version="1.0" encoding="{encoding}"?>'.encode()
    inside = packet(receipt_element("é")).partition(b"?>")[2]
    data = webp_with((b"XMP ", claim + inside))
    assert extract(data) in ("é", None)
    tried(data)


@pytest.mark.parametrize(
    "inside",
    [
        receipt_element(receipt_element("text")),
        f'<s:receipt xmlns:s="{NAMESPACE}" s:receipt="text"/>',
        receipt_element("text") * 9,
    ],
    ids=["nested", "both", "nine"],
)
def test_a_packet_that_cannot_be_edited_stays_as_it_is(inside: str) -> None:
    for data in (jpeg_with(app1(XAP + packet(inside))), webp_with((b"XMP ", packet(inside)))):
        assert packet(inside) in embed(data, RECEIPT)
        tried(data)


@pytest.mark.parametrize("outside", ["SYSTEM 'file:///etc/passwd'", "'lol'"])
def test_a_dtd_is_refused(outside: str) -> None:
    dtd = f"<!DOCTYPE x [<!ENTITY secret {outside}>]>"
    data = webp_with((b"XMP ", dtd.encode() + packet(receipt_element("&secret;"))))
    assert extract(data) is None
    assert extract(webp_with((b"XMP ", dtd.encode() + packet(receipt_element("text"))))) is None
    tried(data)


def bombs(count: int) -> bytes:
    bomb = chunk(b"iTXt", PACKED + zlib.compress(bytes(100_000_000)))
    return png_with(bomb * count)


def nested(inside: str) -> bytes:
    depth = 280_000
    return webp_with((b"XMP ", packet("<a>" * depth + inside + "</a>" * depth)))


HEAVY: dict[str, Callable[[], bytes]] = {
    "png bomb": lambda: bombs(1),
    "png 200 bombs": lambda: bombs(200),
    "png zTXt bomb": lambda: png_with(
        chunk(b"zTXt", KEY + b"\x00" + zlib.compress(bytes(100_000_000)))
    ),
    "png 10,000 chunks": lambda: png_with(chunk(b"prVt", b"") * 10_000),
    "png 1,000,000 chunks": lambda: png_with(chunk(b"prVt", b"") * 1_000_000),
    "jpeg fill bytes": lambda: jpeg_with(b"\xff" * 10_000_000),
    "jpeg 50,000 packets": lambda: jpeg_with(app1(XAP + b"<" + NAMESPACE.encode()) * 50_000),
    "webp deep packet": lambda: nested(receipt_element("&amp;" * 10)),
    "webp wide packet": lambda: webp_with((b"XMP ", packet("<a/>" * 1_000_000))),
    "webp many attributes": lambda: webp_with(
        (b"XMP ", packet(f'<a xmlns:é="{NAMESPACE}">' + '<b é:receipt=""/>' * 200_000 + "</a>"))
    ),
    "webp huge packet": lambda: webp_with((b"XMP ", packet(NAMESPACE + "<a/>" * 5_000_000))),
}


@pytest.mark.parametrize("make", HEAVY.values(), ids=HEAVY.keys())
def test_heavy(make: Callable[[], bytes]) -> None:
    data = make()
    start = time.thread_time()
    extract(data)
    assert time.thread_time() - start < 3
    tried(data)
    assert time.thread_time() - start < 12


@pytest.mark.parametrize("name", ["png 200 bombs", "png 1,000,000 chunks", "webp deep packet"])
def test_reading_takes_little_memory(name: str) -> None:
    assert taken(extract, HEAVY[name]()).peak < 50_000_000
