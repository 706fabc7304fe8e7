from __future__ import annotations

import base64
import hashlib
import io
import os
import pickle
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import pytest
from PIL import Image

from seedream_widgets.errors import ImageInputError, ResultError
from seedream_widgets.images import ImageInput, ImageUrl, load_image, load_images
from tests.image_files import (
    drawing,
    encoded,
    near,
    noise,
    oriented,
    photo,
    shows_drawing,
    transparent,
)


def load(value: object) -> ImageInput:
    image = load_image(value)
    assert isinstance(image, ImageInput)
    return image


class Result:
    """Stand for any object that offers its images' bytes."""

    def __init__(self, *images: bytes) -> None:
        self.images = images

    def __seedream_images__(self) -> tuple[bytes, ...]:
        return self.images


@pytest.mark.slow
def test_import_stays_light() -> None:
    code = (
        "import sys, seedream_widgets.images, seedream_widgets.images.previews\n"
        "print([m for m in ('PIL', 'numpy', 'httpx') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_input_is_a_value() -> None:
    data = encoded(drawing(), "PNG")
    one, same, other = load(data), load(io.BytesIO(data)), load(encoded(photo(), "PNG"))
    assert one == same
    assert hash(one) == hash(same)
    assert one != other
    assert one.sha256 == hashlib.sha256(data).hexdigest()
    assert pickle.loads(pickle.dumps(one)) == one
    assert repr(one) == repr(same)
    assert len(repr(one)) < 120
    assert "96x64" in repr(one)
    assert shows_drawing(one.pil)
    assert one.pil is not one.pil


@pytest.mark.parametrize("format_name", ["PNG", "JPEG"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_fitting_file_goes_untouched(tmp_path: Path, format_name: str, mode: str) -> None:
    data = encoded(photo().convert(mode), format_name)
    path = tmp_path / f"photo.{format_name.lower()}"
    path.write_bytes(data)
    image = load(path)
    assert image.data == data
    assert image.note is None
    assert image.size == (96, 64)
    assert image.media_type == f"image/{format_name.lower()}"
    assert image.name == path.name


@pytest.mark.parametrize("mode", ["1", "LA", "P", "RGBA"])
def test_fitting_png_of_other_modes_goes_untouched(mode: str) -> None:
    data = encoded(transparent().convert(mode), "PNG")
    assert load(data).data == data


def test_every_way_in_gives_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = encoded(drawing(), "PNG")
    path = tmp_path / "a fox.png"
    path.write_bytes(data)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    written = io.BytesIO()
    written.write(data)  # left at its end, as after PIL's save
    with path.open("rb") as opened:
        values = [
            data,
            bytearray(data),
            memoryview(data),
            path,
            str(path),
            "a fox.png",
            "~/a fox.png",
            Path("~/a fox.png"),
            opened,
            written,
            "data:image/png;base64," + base64.b64encode(data).decode(),
            "data:;base64," + base64.b64encode(data).decode().rstrip("="),
            "DATA:image/jpeg," + quote(data),
            Result(data),
            load(data),
        ]
        images = load_images(values)
    assert len(images) == len(values)
    assert {image.data for image in images if isinstance(image, ImageInput)} == {data}
    assert load(path).name == "a_fox.png"


def test_results_and_nesting_keep_their_order() -> None:
    files = [encoded(noise(32, 32), "PNG") for _ in range(5)]
    images = load_images([Result(*files[:2]), [files[2], (files[3],)[0]], files[4]])
    assert [image.data for image in images if isinstance(image, ImageInput)] == files
    assert load_images([]) == ()
    assert load_images(Result()) == ()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("IMG_01.JPEG", "IMG_01.jpeg"),
        ("photo.png", "photo.jpg"),
        ("a/b\\..\\c.gif", "c.jpg"),
        ("..", "image.jpg"),
        ("x\r\ny: z.jpg", "x_y_z.jpg"),
        ("n" * 300 + ".jpg", "n" * 80 + ".jpg"),
        ("赤い狐.png", "赤い狐.jpg"),
        ("लाल लोमड़ी.jpg", "लाल_लोमड़ी.jpg"),
        ("лиса\u202egnp.jpg", "лиса_gnp.jpg"),
        ("fox\udce9.jpg", "fox.jpg"),
    ],
)
def test_names_are_safe(name: str, expected: str) -> None:
    file = io.BytesIO(encoded(photo(), "JPEG"))
    file.name = name  # type: ignore[attr-defined]
    assert load(file).name == expected


def test_https_url_passes() -> None:
    url = "https://v3.fal.media/files/a/b.png?sig=1%202#x"
    assert load_image(url) == ImageUrl(url)
    assert load_image(ImageUrl(url)) == ImageUrl(url)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://example.com/a.png", "begins with http://"),
        ("ftp://example.com/a.png", "begins with ftp://"),
        ("file:///etc/passwd", "pass its path"),
        ("https://me:hunter2@example.com/a.png", "password"),
        ("https:///a.png", "no host"),
        ("https://example.com:99999/a.png", "malformed"),
        ("https://[::1/a.png", "malformed"),
        ("https://example.com/a b.png", "spaces"),
        ("https://example.com/" + "a" * 9000, "over 8192"),
    ],
)
def test_bad_urls_are_refused_and_not_repeated(url: str, words: str) -> None:
    with pytest.raises(ImageInputError, match=words) as caught:
        load_images(url)
    assert "hunter2" not in str(caught.value) + repr(caught.value.value)
    assert len(str(caught.value)) < 300


def test_errors_count_from_one_and_name_the_field(tmp_path: Path) -> None:
    good = encoded(drawing(), "PNG")
    missing = tmp_path / "fox.png"
    with pytest.raises(ImageInputError, match=r"^refs, image 3 \('.*fox.png'\): there is no") as e:
        load_images([good, [good], missing], field="refs")
    assert e.value.field == "refs[2]"
    assert isinstance(e.value.__cause__, FileNotFoundError)
    with pytest.raises(
        ImageInputError, match=r"^images, bytes, 7 bytes: it can't be read as an image"
    ) as e:
        load_images(b"GIF is!")
    assert e.value.field == "images"
    with pytest.raises(ImageInputError, match="it has 2 images"):
        load_image([good, good])


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "give a path, an https:// or data: URL"),
        (3, "can't read this as an image"),
        (Result, "can't read this as an image"),
        ([[[b""]]], "can't read this as an image"),
        (io.StringIO("text"), "mode 'rb'"),
        ("no such file.png", "give a path"),
        ("nul\0.png", "can't read"),
        ("~nobody-here/x.png", "can't read"),
        ("x" * 5000, "can't read"),
        ("data:image/png;base64", "no comma"),
        ("data:image/png;base64,@@@@", "base64"),
        ("data:image/png;base64,", "empty"),
        (os.curdir, "is a folder"),
        ("/dev/zero", "special file"),
    ],
)
def test_what_is_no_image_is_refused(value: object, words: str) -> None:
    with pytest.raises(ImageInputError, match=words) as caught:
        load_images(value)
    assert len(str(caught.value)) < 700


def test_closed_file_and_closed_pil_image_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(encoded(drawing(), "PNG"))
    with path.open("rb") as file:
        pass
    with pytest.raises(ImageInputError, match="open it again"):
        load_images(file)
    lazy = Image.open(path)
    lazy.close()
    with pytest.raises(ImageInputError, match="PIL image"):
        load_images(lazy)


def test_opened_pil_image_is_turned_once() -> None:
    opened = Image.open(io.BytesIO(oriented(6)))
    turned = opened.rotate(-90, expand=True)
    turned.info.pop("exif")  # as the note on it says
    image = load(opened)
    assert shows_drawing(image.pil)
    assert image.note == "re-encoded as PNG: turned upright"
    assert shows_drawing(load(turned).pil)


def test_users_pil_image_stays_as_it_was() -> None:
    mine = transparent()
    mine.info["comment"] = b"mine"
    before = mine.tobytes()
    load(mine)
    assert mine.tobytes() == before
    assert mine.info == {"comment": b"mine"}
    plain = drawing()
    plain.info["icc_profile"] = b"not a profile"
    load(plain)
    assert plain.info == {"icc_profile": b"not a profile"}


def test_threads_agree() -> None:
    values = [oriented(n % 8 + 1) for n in range(24)] + [encoded(noise(300, 200), "BMP")] * 8
    with ThreadPoolExecutor(4) as pool:
        images = list(pool.map(load, values))
    assert all(shows_drawing(image.pil) for image in images[:24])
    assert len({image.sha256 for image in images[24:]}) == 1


@pytest.mark.slow
def test_thirty_megabytes_fit_in_time() -> None:
    data = encoded(noise(3300, 3300), "PNG", compress_level=1)
    assert len(data) > 30_000_000
    start = time.process_time()
    image = load(data)
    assert time.process_time() - start < 10
    assert len(image.data) <= 10_000_000
    assert image.media_type == "image/jpeg"
    assert image.note is not None
    assert "32.7 MB to" in image.note
    assert near(image.pil.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0)), (127, 127, 127))


@pytest.mark.parametrize("format_name", ["PNG", "JPEG", "WEBP", "TIFF", "GIF", "BMP"])
def test_a_closed_image_is_called_closed(format_name: str, tmp_path: Path) -> None:
    path = tmp_path / "fox"
    path.write_bytes(encoded(photo(), format_name))
    lazy = Image.open(path)
    lazy.close()
    with Image.open(path) as within:
        pass
    with path.open("rb") as file:
        behind = Image.open(file)
    made = Image.new("RGB", (40, 30))
    made.close()
    for closed in (lazy, within, behind, made):
        try:
            closed.copy()
        except (ValueError, AttributeError, OSError, AssertionError):
            with pytest.raises(ImageInputError, match=r"image 2 \(PIL image.*the image is closed"):
                load_images([photo(), closed])
        else:  # Pillow reads some formats whole as it opens them
            assert load(closed).size == closed.size


def test_base64_text_is_called_base64(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    small = Image.new("L", (1, 1))
    for format_name, kind in {"PNG": "png", "JPEG": "jpeg", "WEBP": "webp", "GIF": "gif"}.items():
        for picture in (noise(64, 64), small):
            text = base64.b64encode(encoded(picture, format_name)).decode()
            wrapped = base64.encodebytes(encoded(picture, format_name)).decode()
            url_safe = text.replace("+", "-").replace("/", "_")
            for value in (text, wrapped, url_safe, text.encode(), f"  {text}\n"):
                with pytest.raises(ImageInputError, match=f"base64.*data:image/{kind};") as caught:
                    load_images(value)
                assert len(str(caught.value)) < 250
                assert text[:20] not in str(caught.value)
    named = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAAB"
    (tmp_path / named).write_bytes(encoded(drawing(), "PNG"))
    assert load(named).size == (96, 64)


def test_a_data_url_may_be_url_safe_and_bytes_say_so() -> None:
    data = encoded(noise(64, 64), "PNG")
    text = "data:image/png;base64," + base64.urlsafe_b64encode(data).decode()
    assert load(text).data == data
    with pytest.raises(ImageInputError, match="a data: URL in bytes; pass it as text"):
        load_images(text.encode())


def test_a_long_text_is_not_repeated_whole() -> None:
    with pytest.raises(ImageInputError, match="too long for a path") as caught:
        load_images("a red fox in the snow, " * 300)
    assert len(str(caught.value)) < 450


class Broken:
    """Stand for objects that fail in ways of their own."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __fspath__(self) -> str:
        raise self.error


class BrokenResult(Broken):
    def __seedream_images__(self) -> tuple[bytes, ...]:
        raise self.error


@pytest.mark.parametrize("kind", [Broken, BrokenResult])
def test_an_object_that_fails_is_named(kind: type[Broken]) -> None:
    with pytest.raises(
        ImageInputError, match=r"image 2 \(a value of type Bro.*KeyError: 'x'.*pass"
    ):
        load_images([photo(), kind(KeyError("x"))])
    said = ResultError("its file is gone", billing="yes")
    with pytest.raises(ResultError, match="its file is gone"):
        load_images([BrokenResult(said)])
