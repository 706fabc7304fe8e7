"""Masks: what they may be, the copy the model gets, and the picture that is put together."""

from __future__ import annotations

import io
import sys

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageDraw

import seedream_widgets as sd
from seedream_widgets.images import load_images
from seedream_widgets.images.masks import Strokes, base_picture, compose, marked_copy, read_mask
from tests.image_files import exif

SIZE = (96, 64)


def scene(size=SIZE, seed=0):
    """Return a picture with detail everywhere, so that it can be told how another lies on it."""
    dice, whole = np.random.default_rng(seed), np.zeros((size[1], size[0], 3))
    for cells in (4, 9, 20, 45):
        for channel in range(3):
            rough = Image.fromarray(dice.normal(0, 1, (cells, cells)).astype("float32"))
            smooth = np.asarray(rough.resize(size, Image.Resampling.BICUBIC))
            whole[..., channel] += smooth * 90 / cells**0.5
    return Image.fromarray((whole + 128).clip(0, 255).astype("uint8"))


def scene_file():
    file = io.BytesIO()
    Image.new("RGB", SIZE, "green").save(file, "PNG")
    return file.getvalue()


def loaded(image, exact=True):
    return load_images(image, exact=exact)[0]


def drawn(box=(20, 10, 60, 40), size=SIZE, mode="L"):
    mask = Image.new("L", size, 0)
    mask.paste(255, box)
    return mask.convert(mode)


def as_path(folder):
    drawn().save(folder / "mask.png")
    return folder / "mask.png"


def test_a_brush_paints_round_strokes():
    mask = read_mask(Strokes.read([[11, 30, 20, 60, 20]]), loaded(scene())).pil.convert("L")
    assert mask.getbbox() == (25, 15, 66, 26)
    assert [mask.getpixel(at) for at in ((25, 15), (65, 25), (45, 15), (45, 25))] == [
        0, 0, 255, 255,
    ]  # fmt: skip
    corner = read_mask(Strokes.read([[9, 20, 20, 50, 20, 50, 40]]), loaded(scene())).pil
    assert corner.convert("L").getpixel((53, 17)) == 255, "joints are round, too"


def test_what_was_painted_alone_changes():
    picture, answer = scene(), io.BytesIO()
    Image.new("RGB", SIZE, "red").save(answer, "PNG")
    mask = read_mask(Strokes.read([[9, 20, 20, 50, 40]]), loaded(picture))
    whole = Image.open(io.BytesIO(compose(answer.getvalue(), loaded(picture), mask).data))
    changed = np.asarray(ImageChops.difference(whole, picture)).any(axis=2)
    inside = np.asarray(mask.pil.convert("L")) > 0
    assert changed.any()
    assert not (changed & ~inside).any()


WAYS = {
    "L": lambda folder: drawn(),
    "1": lambda folder: drawn(mode="1"),
    "box": lambda folder: (20, 10, 60, 40),
    "box of numpy": lambda folder: tuple(np.array([20, 10, 60, 40])),
    "bool": lambda folder: np.asarray(drawn()) > 0,
    "ones": lambda folder: (np.asarray(drawn()) > 0).astype(int),
    "floats": lambda folder: (np.asarray(drawn()) > 0).astype("float32"),
    "bytes": lambda folder: np.asarray(drawn()),
    "one channel": lambda folder: np.asarray(drawn())[..., None],
    "path": as_path,
    "text": lambda folder: str(as_path(folder)),
    "file": lambda folder: as_path(folder).read_bytes(),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_mask_means_the_same(way, tmp_path):
    mask = read_mask(WAYS[way](tmp_path), loaded(scene()))
    assert mask.pil.convert("L").tobytes() == drawn().tobytes()
    assert mask == read_mask(drawn(), loaded(scene()))


WRONG = {
    "another size": (drawn(size=(95, 64)), "has 95 x 64 pixels and its picture 96 x 64"),
    "empty": (Image.new("L", SIZE, 0), "marks nothing"),
    "nearly black": (Image.new("L", SIZE, 127), "marks nothing"),
    "full": (Image.new("L", SIZE, 255), "covers the whole picture"),
    "RGB": (drawn(mode="RGB"), r"mode RGB: use mask.convert\('L'\)"),
    "RGBA": (drawn(mode="RGBA"), "mode RGBA"),
    "an array of colours": (np.zeros((64, 96, 3)), r"shape \(64, 96, 3\)"),
    "words": (np.array([["a"]]), "array of shape"),
    "a box outside": ((20, 10, 97, 40), "takes a box inside the picture, which is 96 x 64"),
    "a box the wrong way": ((60, 10, 20, 40), "left before right"),
    "half a box": ((1, 2, 3), "four whole numbers"),
    "a box of floats": ((0.1, 0.2, 0.3, 0.4), "four whole numbers"),
    "no file": ("nowhere.png", "can't be read: there is no file"),
    "a URL": ("https://example.com/mask.png", "can't be at a URL"),
    "a number": (5, "takes a PIL image"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_mask_is_told_before_anything_is_sent(what):
    mask, said = WRONG[what]
    with pytest.raises(sd.ImageInputError, match=said) as caught:
        sd.Request("a hat", [scene()], mask=mask)
    assert caught.value.field == "mask"


def test_without_numpy_nothing_is_sent(monkeypatch):
    monkeypatch.setitem(sys.modules, "numpy", None)
    with pytest.raises(sd.MissingPackageError, match=r"seedream-widgets\[mask\]"):
        sd.Request("a hat", [scene_file()], mask=(1, 1, 5, 5))


def test_a_mask_needs_a_picture_of_ones_own():
    with pytest.raises(sd.RequestError, match="there are no images"):
        sd.Request("a hat", mask=(1, 1, 5, 5))
    with pytest.raises(sd.RequestError, match="got its URL"):
        sd.Request("a hat", ["https://example.com/fox.png"], mask=(1, 1, 5, 5))


def test_the_answer_has_the_pictures_shape():
    wide = sd.Request("a hat", [scene((300, 100))], mask=(10, 10, 50, 50))
    assert wide.image_size[0] / wide.image_size[1] == pytest.approx(3, rel=0.01)
    sd.Request("a hat", [scene((300, 100))], mask=(10, 10, 50, 50), image_size=(3000, 1000))
    with pytest.raises(sd.RequestError, match="must have the shape of image 1, which is 300 x 100"):
        sd.Request("a hat", [scene((300, 100))], mask=(10, 10, 50, 50), image_size="1:1")


def test_a_marked_copy_counts_as_an_image():
    with pytest.raises(sd.RequestError, match="takes up to 10 images, got 11"):
        sd.Request("a hat", [scene()] * 10, mask=(1, 1, 9, 9))


def test_the_copy_is_painted_in_the_region_alone():
    picture = loaded(scene())
    copy = marked_copy(picture, read_mask(drawn(), picture))
    apart = ImageChops.difference(copy.pil.convert("RGB"), scene()).convert("L")
    inside = apart.crop((22, 12, 58, 38))
    far = apart.copy()
    far.paste(0, (16, 6, 64, 44))
    assert np.asarray(inside).mean() > 40
    assert np.asarray(far).mean() < 4, "it is a JPEG, otherwise the same"


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P"])
def test_outside_every_pixel_is_the_originals(mode):
    original = scene()
    if mode == "RGBA":
        original.putalpha(Image.linear_gradient("L").resize(SIZE))
    original = original.convert(mode)
    picture = loaded(original)
    mask = read_mask(drawn(), picture)
    answer = io.BytesIO()
    Image.new("RGB", (192, 128), "red").save(answer, "JPEG")
    whole = Image.open(io.BytesIO(compose(answer.getvalue(), picture, mask).data))
    base = base_picture(picture)
    assert base.tobytes() == original.convert(base.mode).tobytes()
    apart = np.asarray(ImageChops.difference(whole, base))
    outside = np.asarray(drawn()) == 0
    assert not apart[outside].any()
    red = whole.convert("RGB").getpixel((40, 25))
    assert red[0] > 240
    assert max(red[1:]) < 15


def test_an_answer_that_says_how_it_is_turned_lies_upright():
    picture = loaded(scene())
    answer = io.BytesIO()
    scene().transpose(Image.Transpose.ROTATE_90).save(answer, "PNG", exif=exif(6))
    composed = compose(answer.getvalue(), picture, read_mask(drawn(), picture))
    assert composed.alignment.agreement > 0.99


def test_a_flat_answer_is_not_moved_and_says_so():
    picture = loaded(scene())
    answer = io.BytesIO()
    Image.new("RGB", SIZE, "red").save(answer, "PNG")
    composed = compose(answer.getvalue(), picture, read_mask(drawn(), picture))
    assert not composed.alignment.aligned


@pytest.mark.parametrize("box", [(40, 20, 41, 21), (0, 0, 96, 1), (10, 10, 13, 60), (0, 0, 95, 64)])
def test_a_narrow_region_does_not_fade_away(box):
    picture = loaded(scene())
    answer = io.BytesIO()
    red = scene()
    ImageDraw.Draw(red).rectangle((box[0], box[1], box[2] - 1, box[3] - 1), fill="red")
    red.save(answer, "PNG")
    composed = compose(answer.getvalue(), picture, read_mask(box, picture))
    inside = np.asarray(Image.open(io.BytesIO(composed.data)).crop(box))
    reds = (inside == (255, 0, 0)).all(axis=2)
    assert reds.mean() > 0.3
