from __future__ import annotations

import io
import json
import struct
import subprocess
import sys
import time
import zlib
from xml.etree import ElementTree

import pytest
from PIL import Image

from seedream_widgets.errors import RequestError
from seedream_widgets.images.containers import splice
from seedream_widgets.images.receipts import MAX_RECEIPT, embed, extract
from seedream_widgets.images.xmp import NAMESPACE
from tests.image_files import chunk, drawing, encoded, exif, noise, photo, transparent
from tests.receipt_files import FOREIGN, files, parts, seen

RECEIPT = json.dumps({"prompt": "a fox, “quoted” & <b>bold</b>", "seed": 7}, ensure_ascii=False)
TEXTS = [
    "",
    "{}",
    RECEIPT,
    '{"p": "🦊 狐 \\u0000 ]]> <script>alert(1)</script> &amp; \'\\""}',
    "line\r\nline\rline\n\ttab ",
    "é" * 1025,
    json.dumps({"prompt": "".join(chr(32 + n * 7919 % 50_000) for n in range(35_000))}),
    "x" * MAX_RECEIPT,
    "&" * MAX_RECEIPT,
]


FILES = dict(files())
every_file = pytest.mark.parametrize("data", FILES.values(), ids=FILES.keys())


@every_file
def test_pixels_and_metadata_stay(data: bytes) -> None:
    before, made = seen(data), embed(data, RECEIPT)
    assert parts(made) == parts(data)
    assert parts(data)
    assert seen(made) == before
    assert extract(made) == RECEIPT
    assert extract(data) is None
    with Image.open(io.BytesIO(made)) as image:
        image.verify()


@every_file
@pytest.mark.parametrize("older", ["{}", "&" * 40_000, "é" * 60_000])
def test_a_newer_receipt_takes_the_place(data: bytes, older: str) -> None:
    once, long = embed(data, RECEIPT), embed(data, older)
    assert embed(once, RECEIPT) == once
    assert embed(long, RECEIPT) == once
    assert embed(once, older) == long
    assert extract(long) == older


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
@pytest.mark.parametrize("name", ["png RGB", "jpeg RGB", "jpeg xmp", "jpeg full xmp", "webp lossy"])
def test_round_trip(name: str, text: str) -> None:
    made = embed(FILES[name], text)
    assert extract(made) == text
    assert seen(made)[:2] == seen(FILES[name])[:2]


def elements(packet: bytes) -> list[str | None]:
    root = ElementTree.fromstring(packet.rstrip(b"\x00 "))
    return [element.text for element in root.iter(f"{{{NAMESPACE}}}receipt")]


@pytest.mark.parametrize("text", TEXTS[:6], ids=range(6))
@pytest.mark.parametrize("name", ["jpeg RGB", "webp lossy"])
def test_other_tools_read_the_xmp(name: str, text: str) -> None:
    with Image.open(io.BytesIO(embed(embed(FILES[name], "old"), text))) as image:
        assert elements(image.info["xmp"]) == [text or None]
        assert repr(text or None) in str(image.getxmp())


@pytest.mark.parametrize("name", ["jpeg xmp", "jpeg xmp padded", "jpeg full xmp", "webp xmp"])
def test_a_packet_of_somebody_else_stays_as_it_is(name: str) -> None:
    made = embed(embed(FILES[name], "older words"), RECEIPT)
    with Image.open(io.BytesIO(FILES[name])) as before, Image.open(io.BytesIO(made)) as image:
        assert image.info["xmp"] == before.info["xmp"]
    assert extract(made) == RECEIPT
    assert b"older words" not in made


def test_a_packet_that_just_fits_its_segment() -> None:
    for length in range(65_000, 65_200):
        made = embed(FILES["jpeg RGB"], "x" * length)
        assert extract(made) == "x" * length
        with Image.open(io.BytesIO(made)) as image:
            assert len(image.info.get("xmp", b"")) <= 65_502
            assert image.size == (97, 65)


@pytest.mark.parametrize("options", [{}, {"lossless": True}, {"exif": exif(3)}])
@pytest.mark.parametrize("picture", [photo(300, 20), transparent(31, 70)], ids=["RGB", "RGBA"])
def test_the_webp_header_is_what_libwebp_writes(
    picture: Image.Image, options: dict[str, object]
) -> None:
    made = embed(encoded(picture, "WEBP", **options), RECEIPT)
    assert made[12:30] == encoded(picture, "WEBP", xmp=b"<x/>", **options)[12:30]
    assert made[12:16] == b"VP8X"


def test_other_tools_read_the_png_text() -> None:
    for text in ("short é", "long é" * 1000):
        with Image.open(io.BytesIO(embed(FILES["png RGB"], text))) as image:
            assert image.text == {"seedream_receipt": text}
    assert len(embed(FILES["png RGB"], "x" * 100_000)) < len(FILES["png RGB"]) + 1000


def test_the_receipt_comes_before_png_pixels() -> None:
    made = embed(FILES["png metadata"], RECEIPT)
    assert 0 < made.index(b"iTXtseedream_receipt") < made.index(b"IDAT")
    assert made.index(b"iCCP") < made.index(b"iTXtseedream_receipt")


def test_exif_stays_the_first_jpeg_segment() -> None:
    made = embed(FILES["jpeg exif"], RECEIPT)
    assert made.index(b"JFIF") < made.index(b"Exif\x00") < made.index(b"http://ns.adobe.com/xap")


def test_offsets_into_a_multi_picture_file_stay_right() -> None:
    mpo = FILES["mpo"]
    at = mpo.index(b"\xff\xdb")
    packet = b"http://ns.adobe.com/xap/1.0/\x00" + FOREIGN.encode()
    segment = b"\xff\xe1" + struct.pack(">H", len(packet) + 2) + packet
    # The second picture begins this much later, as the file's own table has to say.
    table = mpo.index(b"MPF\x00") + 4
    offset = mpo.index(b"\xff\xd8\xff", 2) - table
    fixed = mpo.replace(struct.pack("<I", offset), struct.pack("<I", offset + len(segment)))
    late = fixed[:at] + segment + fixed[at:]
    assert fixed != mpo
    assert seen(late)[1] == seen(mpo)[1]
    assert seen(embed(late, RECEIPT))[1] == seen(mpo)[1]
    assert extract(embed(late, RECEIPT)) == RECEIPT


@pytest.mark.parametrize(
    "spelling",
    [
        '<s:receipt xmlns:s="{ns}">{text}</s:receipt>',
        '<rdf:li xmlns:s="{ns}"   s:receipt = "{text}"/>',
        "<rdf:li xmlns:s=\"{ns}\" s:receipt='{text}'>more</rdf:li>",
    ],
)
def test_xmp_rewritten_by_another_tool_is_read_and_replaced(spelling: str) -> None:
    packet = FOREIGN.replace("{}", spelling.format(ns=NAMESPACE, text="&quot;é&quot; &#x1F98A;"))
    for name in ("JPEG", "WEBP"):
        data = encoded(drawing(), name, xmp=packet.encode())
        assert extract(data) == '"é" 🦊'
        made = embed(data, RECEIPT)
        assert extract(made) == RECEIPT
        assert "🦊".encode() not in made
        assert b"x1F98A" not in made
        with Image.open(io.BytesIO(made)) as image:
            assert b"image/\xc3\xa9" in image.info["xmp"]
            assert elements(image.info["xmp"]) == []


@pytest.mark.parametrize("kind", [b"tEXt", b"zTXt"])
def test_png_text_rewritten_by_another_tool_is_read_and_replaced(kind: bytes) -> None:
    text = b"\x00" + zlib.compress(b"caf\xe9") if kind == b"zTXt" else b"caf\xe9"
    part = chunk(kind, b"seedream_receipt\x00" + text)
    bare = FILES["png RGB"]
    data = splice(bare, [(len(bare) - 12, len(bare) - 12, part)])
    assert extract(data) == "café"
    assert embed(data, RECEIPT) == embed(bare, RECEIPT)


def test_of_several_packets_none_keeps_an_older_receipt() -> None:
    """As files of before had it: merged into somebody else's packet."""
    old = f'<s:receipt xmlns:s="{NAMESPACE}">old words</s:receipt>'
    data = encoded(drawing(), "JPEG", xmp=FOREIGN.replace("{}", old).encode())
    at, start = data.index(b"\xff\xdb"), data.index(b"http://ns.adobe.com/xap") - 4
    size = struct.unpack(">H", data[start + 2 : start + 4])[0] + 2
    double = data[:at] + data[start : start + size] + data[at:]
    assert extract(double) == "old words"
    assert b"old words" not in embed(double, RECEIPT)
    assert extract(embed(double, RECEIPT)) == RECEIPT


@pytest.mark.parametrize("name", ["png RGB", "jpeg RGB", "webp lossy"])
def test_what_xml_cannot_hold_is_written_as_json_escapes(name: str) -> None:
    value = {"prompt": "\x00 \x0b \ufffe \ud800 \x7f"}
    text = extract(embed(FILES[name], json.dumps(value, ensure_ascii=False)))
    assert text is not None
    assert json.loads(text) == value


def test_webp_of_odd_length_is_padded_first() -> None:
    packet = FOREIGN.encode() + b" " * (1 - len(FOREIGN.encode()) % 2)
    assert len(packet) % 2
    for options in ({"xmp": packet}, {"exif": exif(3) + b"\x00" * (1 - len(exif(3)) % 2)}):
        good = encoded(drawing(), "WEBP", **options)
        bad = good[:4] + struct.pack("<I", len(good) - 9) + good[8:-1]
        assert embed(bad, RECEIPT) == embed(good, RECEIPT)


def test_a_receipt_too_long_is_refused() -> None:
    with pytest.raises(RequestError, match=r"524,289 bytes.*save the image without it") as caught:
        embed(FILES["png RGB"], "x" * (MAX_RECEIPT + 1))
    assert (caught.value.field, caught.value.value) == ("receipt", MAX_RECEIPT + 1)


@pytest.mark.parametrize("name", ["GIF", "BMP", "TIFF", "AVIF"])
def test_a_format_that_holds_no_receipt_is_refused(name: str) -> None:
    data = encoded(drawing(), name)
    with pytest.raises(
        RequestError, match=f"{name} files can't carry.*PNG, JPEG or WebP"
    ) as caught:
        embed(data, RECEIPT)
    assert (caught.value.field, caught.value.value) == ("file", name)
    assert extract(data) is None


@pytest.mark.slow
def test_embedding_in_a_large_file_is_quick() -> None:
    data = encoded(noise(2800, 2750), "PNG", compress_level=0)
    times = []
    for _ in range(5):
        start = time.thread_time()
        made = embed(data, RECEIPT)
        times.append(time.thread_time() - start)
    assert len(data) > 23_000_000
    # A few ms of the processor; room for a busy machine, none for an encoder, which takes over a
    # second.
    assert min(times) < 0.2
    assert extract(made) == RECEIPT


@pytest.mark.slow
def test_no_image_library_is_imported() -> None:
    code = (
        "import sys, seedream_widgets.images.receipts\n"
        "print([m for m in ('PIL', 'numpy', 'xml.etree', 'xml.dom') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
