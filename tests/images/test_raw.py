"""Camera raw files are no thumbnails, and files of other kinds are called what they are."""

from __future__ import annotations

import io
import struct

import pytest
from PIL import Image, TiffImagePlugin

from seedream_widgets.errors import ImageInputError
from seedream_widgets.images import load_image, load_images
from tests.image_files import encoded, photo

THUMBNAIL = photo(160, 120)


def tiff(**tags: object) -> bytes:
    """Return a TIFF of a small picture with more tags: ``t254=1`` says that it is a thumbnail."""
    info = TiffImagePlugin.ImageFileDirectory_v2()
    for name, value in tags.items():
        tag = int(name[1:])
        if isinstance(value, bytes):
            info.tagtype[tag] = 1
        elif tag == 330:
            info.tagtype[tag] = 4
        info[tag] = value
    return encoded(THUMBNAIL, "TIFF", tiffinfo=info)


def patched(tag: int, value: int) -> bytes:
    """Return a TIFF whose first directory has another number, as no writer of Pillow's makes it."""
    data = bytearray(encoded(THUMBNAIL, "TIFF"))
    start = int.from_bytes(data[4:8], "little")
    for at in range(
        start + 2, start + 2 + 12 * int.from_bytes(data[start : start + 2], "little"), 12
    ):
        if int.from_bytes(data[at : at + 2], "little") == tag:
            data[at + 8 : at + 10] = value.to_bytes(2, "little")
    return bytes(data)


RAWS = {
    "DNG": tiff(t254=1, t50706=b"\1\4\0\0"),
    "DNG of whole size": tiff(t50706=b"\1\4\0\0"),
    "NEF, ARW and kin": tiff(t254=1, t330=(8, 8), t271="NIKON CORPORATION"),
    "PEF": patched(262, 32803),
    "linear raw": patched(262, 34892),
    "packed": patched(259, 34713),
    "CR2": b"II*\0\x10\0\0\0CR\2\0" + bytes(200),
    "IIQ": b"II*\0\x0c\0\0\0IIII" + bytes(200),
    "CR3": b"\0\0\0\x18ftypcrx \0\0\0\1crx isom" + bytes(200),
    "CRW": b"II\x1a\0\0\0HEAPCCDR" + bytes(200),
    "ORF": b"IIRO\x08\0\0\0" + bytes(200),
    "ORF, big": b"MMOR\0\0\0\x08" + bytes(200),
    "RW2": b"IIU\0\x18\0\0\0" + bytes(200),
    "RAF": b"FUJIFILMCCD-RAW 0201" + bytes(200),
    "X3F": b"FOVb" + bytes(200),
    "MRW": b"\0MRM" + bytes(200),
}


@pytest.mark.parametrize("what", RAWS)
def test_a_raw_file_is_refused_with_the_way_out(what: str) -> None:
    with pytest.raises(ImageInputError, match=r"camera raw file.*export it as JPEG or PNG"):
        load_images(RAWS[what])


@pytest.mark.parametrize("what", ["DNG", "DNG of whole size", "NEF, ARW and kin"])
def test_one_that_pillow_opened_is_refused_too(what: str) -> None:
    with pytest.raises(ImageInputError, match="camera raw file"):
        load_images(Image.open(io.BytesIO(RAWS[what])))


def test_a_thumbnail_before_the_picture_is_refused() -> None:
    pages = tiff(t254=1)
    buffer = io.BytesIO()
    info = TiffImagePlugin.ImageFileDirectory_v2()
    info[254] = 1
    THUMBNAIL.save(buffer, "TIFF", save_all=True, append_images=[photo(320, 240)], tiffinfo=info)
    with pytest.raises(ImageInputError, match="first picture is a thumbnail"):
        load_images(buffer.getvalue())
    assert load_image(pages).size == (160, 120)  # type: ignore[union-attr]


def test_tiffs_of_other_programs_are_read() -> None:
    for data in (tiff(t271="Epson"), tiff(t254=0, t330=(8, 8)), tiff(t254=2)):
        assert load_image(data).size == (160, 120)  # type: ignore[union-attr]
    big = encoded(THUMBNAIL, "TIFF", big_tiff=True)
    assert load_image(big).size == (160, 120)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "PostScript"),
        (b"\xc5\xd0\xd3\xc6" + bytes(40), "PostScript"),
        (b"\xff\x0a" + bytes(40), "JPEG XL"),
        (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(40), "JPEG XL"),
        (b"\xff\x4f\xff\x51" + bytes(40), "JPEG 2000"),
        (b"II\xbc\1" + bytes(40), "JPEG XR"),
        (b"\x76\x2f\x31\x01" + bytes(40), "OpenEXR"),
        (b"\x93NUMPY\1\0" + bytes(40), r"numpy\.load"),
        (bytes(128) + b"DICM" + bytes(40), "DICOM"),
        (b"\0\0\1\0\1\0" + bytes(40), "icon"),
        (b"\x1f\x8b\x08" + bytes(40), "gzip"),
    ],
)
def test_files_of_other_kinds_are_called_what_they_are(data: bytes, words: str) -> None:
    with pytest.raises(ImageInputError, match=words) as caught:
        load_images(data)
    assert "damaged" not in str(caught.value)


def test_what_this_pillow_can_not_decode_is_not_called_damaged() -> None:
    odd = bytearray(encoded(photo(), "BMP"))
    odd[30:34] = struct.pack("<I", 9)  # a compression that no one knows
    twelve = bytearray(encoded(photo(), "JPEG"))
    twelve[twelve.index(b"\xff\xc0") + 4] = 12
    lossless = encoded(photo(), "JPEG").replace(b"\xff\xc0", b"\xff\xcb", 1)
    zipped = patched(259, 34712)  # JPEG 2000
    for data in (bytes(odd), bytes(twelve), lossless, zipped):
        with pytest.raises(ImageInputError, match="that this Pillow can't decode") as caught:
            load_images(data)
        assert "damaged" not in str(caught.value)
        assert "PNG or JPEG first" in str(caught.value)
