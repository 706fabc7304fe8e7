"""The PIL images of results: Pillow's own, with a small face in a notebook."""

from __future__ import annotations

import base64
import copy
import io
import pickle
import re

import numpy as np
import pytest
from PIL import Image, ImageOps, JpegImagePlugin

import seedream_widgets as sd
from seedream_widgets.values.picture import picture

LIMIT = 120_000


@pytest.fixture(scope="module")
def noise():
    return np.random.default_rng(1).integers(0, 256, (2048, 2048, 3), dtype=np.uint8)


def face(image):
    bundle = image._repr_mimebundle_(include=None, exclude=None)
    assert sum(map(len, bundle.values())) <= LIMIT
    return bundle


@pytest.fixture
def fox():
    return sd.generate("a fox", image_size=(1280, 960), seed=3, progress=False)


def test_its_face_is_small_and_says_its_size(noise):
    image = picture(Image.fromarray(noise))
    bundle = face(image)
    assert bundle["text/plain"] == "<Image 2048x2048 RGB>"
    assert "2,048 × 2,048 pixels" in bundle["text/html"]
    seen = Image.open(io.BytesIO(base64.b64decode(bundle["image/jpeg"])))
    assert max(seen.size) <= 768
    assert image._repr_png_() is None
    assert image._repr_jpeg_() == base64.b64decode(bundle["image/jpeg"])


def test_a_difference_is_small_in_a_notebook_too(fox):
    found = fox.difference(Image.new("RGB", (1280, 960), "teal"))
    face(found.image)
    assert found.image._repr_png_() is None
    assert found.image.mode == "RGB"


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "I", "F"])
def test_an_image_of_any_mode_has_a_face(mode):
    image = picture(Image.new("RGB", (700, 500), "teal").convert("L" if "I" in mode else mode))
    assert "700 × 500" in face(image)["text/html"]


def test_its_face_shows_the_pixels_of_now(fox):
    image = fox.image
    image.paste("red", (0, 0, *image.size))
    image.thumbnail((100, 100))
    html = face(image)["text/html"]
    assert "100 × 75 pixels" in html
    data = re.search(r"base64,([^\"]+)", html)[1]
    seen = Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB")
    red, green, blue = seen.getpixel((50, 40))
    assert (red > 240, green < 20, blue < 20) == (True, True, True)


def test_every_image_of_a_result_has_one(fox):
    for image in (fox.image, *fox.images, fox[0], *list(fox), fox.files[0].pil):
        assert "1,280 × 960" in face(image)["text/html"]


def test_a_contact_sheet_has_one(fox):
    assert "pixels" in face(sd.contact_sheet([fox, fox]))["text/html"]


def test_it_is_pillow_s_in_all(fox, tmp_path):
    image = fox.image
    assert isinstance(image, JpegImagePlugin.JpegImageFile)
    assert image.format == "JPEG"
    assert type(image).__name__ == "JpegImageFile"
    with Image.open(fox.files[0].path) as file:
        plain = file.copy()
    for made in (image.copy(), image.convert("RGB"), Image.fromarray(np.asarray(image))):
        assert made.tobytes() == plain.tobytes()
    assert type(image.copy()) is Image.Image
    assert image.resize((64, 48)).size == (64, 48)
    assert image.crop((0, 0, 10, 10)).size == (10, 10)
    assert ImageOps.grayscale(image).mode == "L"
    assert image.rotate(90, expand=True).size == (960, 1280)
    assert Image.blend(image, image, 0.5).size == image.size
    image.save(tmp_path / "fox.webp")
    with Image.open(tmp_path / "fox.webp") as saved:
        assert saved.size == image.size
    with fox.image as opened:
        assert opened.getpixel((0, 0)) == plain.getpixel((0, 0))


def test_it_survives_a_process_border_with_its_face(fox):
    for again in (pickle.loads(pickle.dumps(fox.image)), copy.deepcopy(fox.image)):
        assert again.tobytes() == fox.image.tobytes()
        assert "1,280 × 960" in face(again)["text/html"]


def test_no_address_is_shown(fox):
    assert repr(fox.image) == "<JpegImageFile 1280x960 RGB>"
