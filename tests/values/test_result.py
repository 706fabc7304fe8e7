"""What came: the images, their files, saving, and how a result shows itself."""

from __future__ import annotations

import copy
import gc
import io
import pickle
import subprocess
import sys
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from seedream_widgets.errors import RequestError, ResultError
from seedream_widgets.images.pixels import decoded
from seedream_widgets.jobs.client import Client
from seedream_widgets.library import Library
from seedream_widgets.testing import ScriptedBackend, as_default_client
from seedream_widgets.values.request import Request
from tests.image_files import (
    P3,
    encoded,
    exif,
    grey_profile,
    near,
    noise,
    photo,
    profile,
    transparent,
)
from tests.memory import taken
from tests.scripted import SECONDS


def make(folder, *files, **arguments):
    """Return a result whose files hold these bytes."""
    backend = ScriptedBackend("fal", images=len(files))
    backend.bytes = {f"https://files.test/r1/{n}": data for n, data in enumerate(files)}
    request = Request(arguments.pop("prompt", "A red Fox, in snow!"), **arguments)
    return Client(backend, library=folder / "kept").submit(request).result(SECONDS)


def pixels(path):
    with Image.open(path) as image:
        return image.tobytes()


@pytest.fixture
def fox(tmp_path):
    return make(tmp_path, encoded(photo(), "PNG"), encoded(photo(48, 32), "JPEG"))


def test_facts_are_read_from_the_bytes(fox):
    assert [(f.format, f.width, f.height, f.media_type) for f in fox.files] == [
        ("PNG", 96, 64, "image/png"),
        ("JPEG", 48, 32, "image/jpeg"),
    ]
    assert [file.path.suffix for file in fox.files] == [".png", ".jpg"]
    assert repr(fox) == "<Result 2 images 96x64, seed 7: 'A red Fox, in snow!'>"
    assert "offline preview (not Seedream)" in repr(replace(fox, backend="offline"))


def test_it_is_a_sequence_of_pil_images(fox):
    assert len(fox) == 2
    assert [image.size for image in fox] == [(96, 64), (48, 32)]
    assert fox[0] == fox.image
    assert fox[-1] == fox[1] == fox[1:][0]
    assert [image.size for image in fox[::-1]] == [(48, 32), (96, 64)]
    with pytest.raises(IndexError):
        fox[2]


def test_each_caller_gets_an_image_of_its_own(fox):
    small, kept = fox.image, fox.images
    small.thumbnail((8, 8))
    small.paste("black", (0, 0, 8, 8))
    assert [image.size for image in (fox.image, fox[0], kept[0], next(iter(fox)))] == [(96, 64)] * 4
    assert fox.arrays[0].shape == (64, 96, 3)
    assert isinstance(fox.image, PngImagePlugin.PngImageFile)


def test_an_image_is_let_go(fox):
    image = fox.image
    image.load()
    gone = weakref.ref(image)
    del image
    assert gone() is None


def test_an_image_is_decoded_when_asked_for(fox):
    image = fox.image
    assert getattr(image, "_im", None) is None
    fox.files[0].path.unlink()
    assert image.getpixel((0, 0))


@pytest.mark.slow
def test_threads_may_share_an_image_that_is_not_decoded_yet(tmp_path):
    for kind in ("PNG", "JPEG", "WEBP"):
        fox = make(tmp_path / kind, encoded(photo(1500, 1000), kind))
        for _ in range(5):
            image, together = fox.image, threading.Barrier(8)

            def crop(number, image=image, together=together):
                together.wait(60)
                return np.asarray(image.crop((number * 100, 0, number * 100 + 500, 500))).mean()

            with ThreadPoolExecutor(8) as pool:
                assert len(list(pool.map(crop, range(8)))) == 8


def test_an_image_can_be_copied_and_pickled(fox):
    for copied in (
        pickle.loads(pickle.dumps(fox.image)),
        copy.deepcopy(fox.image),
        copy.copy(fox.image),
    ):
        assert copied.tobytes() == fox.image.tobytes()


def test_a_result_is_a_plain_dict_and_still_asks_by_its_client(tmp_path):
    fox = make(tmp_path, encoded(noise(8, 6), "PNG"), seed=1)
    assert asdict(fox)["request"]["prompt"] == fox.prompt
    assert replace(fox, note="moved").vary().request_id != fox.request_id


def test_a_fresh_result_can_be_copied_and_pickled(tmp_path):
    client = Client(ScriptedBackend(images=2), library=tmp_path)
    fox = client.submit(Request("a fox", images=[encoded(photo(), "PNG")], seed=3)).result(SECONDS)
    assert fox._again is not None
    for copied in (pickle.loads(pickle.dumps(fox)), copy.deepcopy(fox)):
        assert (copied.request, copied.files) == (fox.request, fox.files)
        assert copied.receipt == fox.receipt
        assert copied._again is None, "its client stays behind"
        with as_default_client(client):
            check = copied.verify_seed()
        assert (check.result.prompt, check.result.cached) == ("a fox", False)
    assert len(client.jobs) == 3


@pytest.mark.slow
def test_results_come_back_from_other_processes(tmp_path):
    code = f"""
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
import seedream_widgets as sd
def work(prompt):
    client = sd.Client("offline", library={str(tmp_path)!r})
    return client.submit(sd.Request(prompt, image_size=(960, 960))).result(60)
if __name__ == "__main__":
    work("before the fork")
    for way in ("fork", "spawn"):
        with ProcessPoolExecutor(2, multiprocessing.get_context(way)) as pool:
            for result in pool.map(work, ["a fox", "an owl"]):
                print(result.request.prompt, result.image.size)
"""
    (tmp_path / "work.py").write_text(code)
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "work.py"],
        cwd=tmp_path, capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["a fox (960, 960)", "an owl (960, 960)"] * 2


def test_one_image_reads_one_file(fox):
    fox.files[1].path.unlink()
    assert fox[0].size == (96, 64)
    with pytest.raises(ResultError, match=r"2\.jpg is gone: it was deleted or moved"):
        _ = fox[1]


def test_files_go_with_neither_handles_nor_warnings_left(fox):
    for file in fox.files:
        file.pil.load()
        file.path.unlink()
    del fox
    gc.collect()


@pytest.mark.parametrize(
    ("image", "shape"),
    [(photo(), (64, 96, 3)), (transparent(), (64, 96, 4)), (photo().convert("L"), (64, 96, 3))],
    ids=["RGB", "RGBA", "L"],
)
def test_arrays(tmp_path, image, shape):
    (array,) = make(tmp_path, encoded(image, "PNG")).arrays
    assert (array.shape, array.dtype) == (shape, np.uint8)
    assert (array[..., 0] == np.asarray(image.convert("RGB"))[..., 0]).all()
    array[0, 0] = 0


def test_saved_to_a_folder_untouched_and_never_over_another(fox, tmp_path):
    target = tmp_path / "out" / "deep"
    first = fox.save(target)
    assert [path.name for path in first] == [
        "a-red-fox-in-snow-7-1.png",
        "a-red-fox-in-snow-7-2.jpg",
    ]
    second = fox.save(str(target))
    assert [path.name for path in second] == [
        "a-red-fox-in-snow-7-1-2.png",
        "a-red-fox-in-snow-7-2-2.jpg",
    ]
    third = fox.save(target, receipt=False)
    assert [path.read_bytes() for path in third] == [file.read_bytes() for file in fox.files]
    for path, image in zip((*first, *second), (*fox, *fox), strict=True):
        assert path.read_bytes() != third[0].read_bytes()
        assert pixels(path) == image.tobytes()


@pytest.mark.parametrize("name", ["fox.png", "FOX.PNG"])
def test_saved_to_a_file_of_the_same_suffix_byte_for_byte(tmp_path, name):
    data = encoded(photo(), "PNG")
    result = make(tmp_path, data)
    (path,) = result.save(tmp_path / "out" / name)
    assert path == tmp_path / "out" / name
    assert pixels(path) == result.image.tobytes()
    result.save(path, receipt=False)
    assert path.read_bytes() == data


@pytest.mark.slow
def test_saving_holds_the_file_in_memory_once(tmp_path):
    data = encoded(noise(1000, 1000), "PNG", compress_level=0)
    make(tmp_path, data)
    peak = taken(save_newest, tmp_path).peak
    assert len(data) < (tmp_path / "fox.png").stat().st_size
    assert peak < 1.5 * len(data)


def save_newest(folder):
    Library(folder / "kept").search()[0].result().save(folder / "fox.png")


def test_jpeg_is_jpg(tmp_path):
    data = encoded(photo(), "JPEG")
    result = make(tmp_path, data)
    (path,) = result.save(tmp_path / "fox.jpeg")
    assert pixels(path) == result.image.tobytes()
    result.save(path, receipt=False)
    assert path.read_bytes() == data


@pytest.mark.parametrize(
    ("suffix", "kind"), [("jpg", "JPEG"), ("webp", "WEBP"), ("tiff", "TIFF"), ("bmp", "BMP")]
)
def test_another_suffix_converts_what_came(tmp_path, suffix, kind):
    result = make(tmp_path, encoded(transparent(), "PNG"))
    changed = result.image
    changed.thumbnail((8, 8))  # what the user does to an image stays out of the files
    (path,) = result.save(tmp_path / f"fox.{suffix}")
    with Image.open(path) as saved:
        assert (saved.format, saved.size) == (kind, (96, 64))


@pytest.mark.parametrize("suffix", ["jpg", "webp", "bmp", "tiff", "png"])
@pytest.mark.parametrize("mode", ["RGB", "L", "LA"])
def test_a_converted_file_looks_as_what_came(tmp_path, suffix, mode):
    """Its colours are its profile's, and it is turned as it says."""
    icc = profile(P3) if mode == "RGB" else grey_profile(1.0)
    plain = Image.new(mode, (60, 40), {"RGB": (200, 50, 50), "L": 100, "LA": (100, 255)}[mode])
    kind = "PNG" if mode == "LA" else "JPEG"
    data = encoded(plain, kind, icc_profile=icc, exif=exif(6))
    (path,) = make(tmp_path, data).save(tmp_path / f"fox.{suffix}")
    seen, saved = decoded(data), decoded(path.read_bytes())
    assert saved.size == seen.size == (40, 60)
    assert near(saved.getpixel((3, 3)), seen.getpixel((3, 3)), 4)
    assert not near(plain.convert("RGB").getpixel((3, 3)), seen.getpixel((3, 3)), 15)


def test_several_images_are_numbered(fox, tmp_path):
    paths = fox.save(tmp_path / "fox.png", receipt=False)
    assert [path.name for path in paths] == ["fox-1.png", "fox-2.png"]
    assert paths[0].read_bytes() == fox.files[0].read_bytes()
    with Image.open(paths[1]) as converted:
        assert (converted.format, converted.size) == ("PNG", (48, 32))


@pytest.mark.parametrize("name", ["album.png", "v1.2"])
def test_an_existing_folder_is_one_whatever_its_name(fox, tmp_path, name):
    (tmp_path / name).mkdir()
    assert {path.parent for path in fox.save(tmp_path / name)} == {tmp_path / name}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("fox.jfif", "JPEG"),
        ("fox.JPE", "JPEG"),
        ("fox.apng", "PNG"),
        ("fox.ico", "ICO"),
        ("fox.tga", "TGA"),
        ("fox.ppm", "PPM"),
        ("fox.pcx", "PCX"),
        ("fox.gif", "GIF"),
    ],
)
@pytest.mark.parametrize("picture", [photo, transparent])
def test_every_suffix_that_pillow_writes_is_written(tmp_path, name, kind, picture):
    data = encoded(picture(), "PNG")
    (path,) = make(tmp_path, data).save(tmp_path / "new" / name)
    assert path == tmp_path / "new" / name
    with Image.open(path) as saved:
        saved.load()
        assert (saved.format, saved.size) == (kind, (96, 64))
    assert (pixels(path) == pixels(io.BytesIO(data))) or kind != "PNG"


@pytest.mark.parametrize("picture", [photo, transparent])
def test_a_pdf_is_written(tmp_path, picture):
    (path,) = make(tmp_path, encoded(picture(), "PNG")).save(str(tmp_path / "fox.pdf"))
    assert path.read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize("name", ["fox.heic", "fox.jxl", "fox.pgn", "fox.svg", "fox.psd", "fox.h5"])
def test_a_suffix_that_can_not_be_written_says_which_can(tmp_path, name):
    result = make(tmp_path, encoded(photo(), "PNG"))
    target = tmp_path / "new" / name
    with pytest.raises(
        RequestError, match=r"target, 'fox\..*\.png, \.jpg, \.webp.*a slash"
    ) as caught:
        result.save(target)
    assert caught.value.field == "target"
    assert not target.exists()


@pytest.mark.parametrize(
    "name", ["foxes", "v4.5", "2026.11.28", "a.heic/", ".hidden", "foxes.older1"]
)
def test_a_folder_is_made_by_any_other_name(tmp_path, name):
    (path,) = make(tmp_path, encoded(photo(), "PNG")).save(f"{tmp_path}/{name}")
    assert path.parent == tmp_path / name


@pytest.mark.parametrize(
    ("prompt", "stem"),
    [
        ("../../etc/passwd", "etc-passwd-7-1"),
        ("C:\\Windows\\nul", "c-windows-nul-7-1"),
        ("...", "seedream-7-1"),
        ("🦊🦊", "seedream-7-1"),
        ("-rf ~ $(ls) `x` \n\t\0", "rf-ls-x-7-1"),
        ("Füchse im Schnee", "füchse-im-schnee-7-1"),
        ("x" * 500, "x" * 40 + "-7-1"),
        ("a" * 39 + " fox", "a" * 39 + "-7-1"),
        (".hidden", "hidden-7-1"),
    ],
)
def test_a_prompt_makes_a_safe_name(tmp_path, prompt, stem):
    result = make(tmp_path, encoded(photo(), "PNG"), prompt=prompt)
    assert result._file_stem(1) == stem
    (path,) = result.save(tmp_path / "out")
    assert path.parent == tmp_path / "out"
    assert replace(result, seed=None)._file_stem(2) == stem.replace("-7-1", "-2")


def test_a_result_is_input_for_an_edit_as_it_is(fox):
    assert [i.data for i in Request("x", images=fox).images] == [f.read_bytes() for f in fox.files]
    (one,) = Request("x", images=fox.files[1]).images
    assert one.data == fox.files[1].read_bytes()


def test_results_are_themselves(fox):
    assert fox != replace(fox)
    assert len({fox, replace(fox)}) == 2
    assert fox.files[0] == replace(fox.files[0])


def test_noise_stays_exact(tmp_path):
    image = noise(33, 21)
    result = make(tmp_path, encoded(image, "PNG"))
    assert (result.arrays[0] == np.asarray(image)).all()
