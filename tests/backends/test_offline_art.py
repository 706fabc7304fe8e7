"""The offline pictures: the same wherever they are drawn, labelled, quick, and of the prompt."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import time

import pytest
from PIL import Image, ImageChops, ImageFont, ImageStat, features

from seedream_widgets.backends.offline.art import SCENES, draw, label, paint, render
from seedream_widgets.backends.offline.palette import theme

SMALL = (256, 256)
PROMPTS = {
    "mountains": "a mountain",
    "forest": "pine trees",
    "sea": "a sailing boat",
    "dunes": "the Sahara desert",
    "city": "the skyline of Tokyo",
    "space": "an astronaut",
    "flowers": "tulips",
    "portrait": "a portrait",
    "ribbons": "abstract silk",
    "table": "a bowl of soup",
    "title": "the meaning of life",
}
HOSTILE = (
    "",
    " \n\t\r\n",
    "\x00\x1b[31m",
    "🦊" * 500,
    "ثعلب أحمر في الثلج",
    "\u202e\u2066 fox \u2069",
    "\ud800 lone surrogate",
    "a" * 200_000,
    "fox " * 50_000,
    "s",
    "'s %s {0} <b>",
)


def difference(first: Image.Image, second: Image.Image) -> float:
    """Return the mean difference of two pictures, 0 to 255."""
    channels = ImageStat.Stat(ImageChops.difference(first, second)).mean
    return sum(channels) / len(channels)


def mean(image: Image.Image) -> tuple[float, ...]:
    return tuple(ImageStat.Stat(image).mean)


@pytest.mark.slow
def test_the_same_request_gives_the_same_bytes_in_another_process() -> None:
    code = (
        "import hashlib; from PIL import Image\n"
        "from seedream_widgets.backends.offline.art import render\n"
        "red = Image.new('RGB', (90, 60), 'red')\n"
        "for images in ((), (red, red)):\n"
        "    data = render('a red fox in snow', 7, (320, 200), images=images, index=1)\n"
        "    print(hashlib.sha256(data).hexdigest())"
    )
    red = Image.new("RGB", (90, 60), "red")
    ours = [
        hashlib.sha256(render("a red fox in snow", 7, (320, 200), images=images, index=1))
        for images in ((), (red, red))
    ]
    for hash_seed in ("1", "4242"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.split() == [digest.hexdigest() for digest in ours]


@pytest.mark.slow
@pytest.mark.parametrize(
    "size", [(960, 960), (4096, 1756), (512, 4096), (4096, 512), (97, 61), (16, 16), (1, 1)]
)
def test_size_and_mode_are_what_was_asked(size: tuple[int, int]) -> None:
    picture = draw("a sea of trees", 1, size)
    assert (picture.size, picture.mode) == (size, "RGB")
    photo = Image.new("RGB", (64, 48), "teal")
    assert draw("by night", 1, size, images=[photo, photo]).size == size


def test_render_is_a_jpeg_file() -> None:
    with Image.open(io.BytesIO(render("tulips", 3, (300, 200)))) as picture:
        assert picture.format == "JPEG"
        assert picture.size == (300, 200)
        assert difference(picture.convert("RGB"), draw("tulips", 3, (300, 200))) < 6


@pytest.mark.parametrize("scene", SCENES)
def test_words_choose_the_scene_and_seed_and_index_vary_it(scene: str) -> None:
    prompt = PROMPTS[scene]
    assert theme(prompt).scene == scene
    first = draw(prompt, 1, SMALL)
    assert difference(first, draw(prompt, 2, SMALL)) > 2
    assert difference(first, draw(prompt, 1, SMALL, index=1)) > 2
    assert difference(first, draw(prompt, 1, SMALL)) == 0


def test_the_prompt_changes_the_picture() -> None:
    pictures = [draw(prompt, 1, SMALL) for prompt in PROMPTS.values()]
    for i, one in enumerate(pictures):
        assert all(difference(one, other) > 8 for other in pictures[:i])


def test_night_is_dark_and_blue_and_snow_is_bright() -> None:
    night = mean(paint("mountains at night", 1, SMALL))
    snow = mean(paint("mountains in snow", 1, SMALL))
    assert sum(night) < 250 < 500 < sum(snow)
    assert night[2] > night[0]


@pytest.mark.parametrize("seed", range(4))
def test_a_fox_adds_warm_colour_to_the_snow(seed: int) -> None:
    def orange(prompt: str) -> int:
        red, _, blue = paint(prompt, seed, SMALL).split()
        return (
            ImageChops.subtract(red, blue).point(lambda value: 255 * (value > 90)).histogram()[255]
        )

    assert orange("a red fox in snow") > 1000 > 50 > orange("mountains in snow")


def test_an_animal_never_shares_the_picture_with_a_bust() -> None:
    wanted = theme("portrait of a cat")
    assert wanted.subject == "cat"
    assert wanted.scene != "portrait"


@pytest.mark.parametrize("size", [(256, 256), (512, 512), (1024, 436), (300, 1200), (2048, 2048)])
@pytest.mark.parametrize("colour", ["white", "black", "#888888"])
def test_the_label_stands_out_in_the_lower_left_corner(size: tuple[int, int], colour: str) -> None:
    plain = Image.new("RGB", size, colour)
    labelled = plain.copy()
    left, top, right, bottom = label(labelled)
    assert 0 < left < right <= size[0] * 0.97
    assert size[1] / 2 < top < bottom < size[1]
    low, high = labelled.crop((left, top, right, bottom)).convert("L").getextrema()
    assert high > 235
    assert low < 70
    box = ImageChops.difference(plain, labelled).getbbox()
    assert box is not None
    assert box[0] >= left
    assert box[1] >= top
    assert bottom - top >= 0.03 * min(size)


def test_drawn_pictures_carry_the_label_and_nothing_else_differs() -> None:
    size = (640, 480)
    bare, labelled = paint("hills", 1, size), draw("hills", 1, size)
    assert ImageChops.difference(bare, labelled).getbbox() == label(bare.copy())


def test_the_label_is_written_without_freetype(monkeypatch: pytest.MonkeyPatch) -> None:
    assert features.check("freetype2"), "this Pillow can't show the difference"
    bitmap = ImageFont.load_default_imagefont()

    def load_default(size: float | None = None) -> ImageFont.ImageFont:
        if size is not None:
            raise ImportError("The _imagingft C module is not installed")
        return bitmap

    monkeypatch.setattr(ImageFont, "load_default", load_default)
    picture = Image.new("RGB", (1024, 1024), "white")
    left, top, right, bottom = label(picture)
    assert bottom - top > 30
    assert picture.crop((left, top, right, bottom)).convert("L").getextrema()[1] > 235


def test_an_edit_shows_the_first_image() -> None:
    photo = Image.new("RGB", (200, 100), "#c02020")
    photo.paste("#2040c0", (100, 0, 200, 100))
    edited = paint("hello", 1, (400, 200), images=[photo])
    left = mean(edited.crop((20, 40, 180, 160)))
    right = mean(edited.crop((220, 40, 380, 160)))
    assert left[0] > left[2] + 60
    assert right[2] > right[0] + 30
    assert difference(edited, paint("hello", 1, (400, 200))) > 20


def test_an_edit_follows_the_prompt_the_index_and_every_image() -> None:
    photo = Image.linear_gradient("L").convert("RGB")
    other = Image.new("RGB", (64, 64), "#00ff00")
    plain = paint("hello", 1, SMALL, images=[photo])
    night = paint("image 1, but at night", 1, SMALL, images=[photo])
    assert sum(mean(night)) < sum(mean(plain)) - 60
    assert difference(plain, paint("hello", 1, SMALL, images=[photo], index=1)) > 2
    green = paint("hello", 1, SMALL, images=[photo, other])
    changed = ImageChops.difference(green, plain).convert("L")
    print_ = changed.point([255 * (value > 20) for value in range(256)]).getbbox()
    assert print_ is not None
    assert print_[0] >= SMALL[0] * 0.45
    assert ImageChops.subtract(green.getchannel("G"), green.getchannel("R")).getextrema()[1] > 200


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "I;16", "F"])
def test_an_edit_takes_any_mode_and_leaves_it_alone(mode: str) -> None:
    image = Image.new(mode, (70, 50))
    before = image.tobytes()
    assert draw("hello", 1, SMALL, images=[image] * 10).size == SMALL
    assert (image.mode, image.tobytes()) == (mode, before)


def test_clear_pixels_show_the_paper_not_black() -> None:
    clear = Image.new("RGBA", (50, 50), (0, 0, 0, 0))
    assert min(mean(paint("hello", 1, SMALL, images=[clear]))) > 120


@pytest.mark.parametrize("prompt", HOSTILE, ids=range(len(HOSTILE)))
def test_any_prompt_gives_a_picture(prompt: str) -> None:
    started = time.thread_time()
    picture = draw(prompt, 2**63, SMALL, index=5)
    assert ImageStat.Stat(picture.convert("L")).stddev[0] > 5
    assert time.thread_time() - started < 3


@pytest.mark.slow
@pytest.mark.parametrize("prompt", ["a red fox in snow", "a city at night", "tulips"])
def test_two_k_is_quick_and_small(prompt: str) -> None:
    started = time.thread_time()
    data = render(prompt, 1, (2048, 2048))
    assert time.thread_time() - started < 2
    assert 100_000 < len(data) < 1_500_000


@pytest.mark.parametrize(
    ("prompt", "subject", "scene"),
    [
        ("a lighthouse", "lighthouse", "sea"),
        ("an owl at night", "owl", "forest"),
        ("two dogs in snow", "dog", "mountains forest"),
        ("a horse", "horse", "mountains forest"),
        ("a small house in the mountains", "house", "mountains"),
        ("an old oak tree", "tree", "mountains forest"),
        ("a red car", "car", "city"),
        ("food", "food", "table"),
        ("an old man", None, "portrait"),
    ],
)
def test_the_nouns_people_try_first_are_drawn(prompt: str, subject: str, scene: str) -> None:
    wanted = theme(prompt)
    assert wanted.subject == subject
    assert wanted.scene in scene.split()
    nothing = paint("mountains", 3, SMALL)
    assert difference(paint(prompt, 3, SMALL), nothing) > 5
    for size in ((1, 1), (300, 90), (90, 300)):
        assert draw(prompt, 3, size).size == size


def test_an_old_man_is_grey() -> None:
    old, young = paint("an old man", 3, SMALL), paint("a man", 3, SMALL)
    box = (110, 150, 146, 190)  # the chin
    assert min(mean(old.crop(box))) > min(mean(young.crop(box)))


@pytest.mark.parametrize(
    "prompt", ["hello", "Quarterly report, Q3", "a" * 300, "Überraschung für Zoë", "x " * 60]
)
def test_what_nothing_fits_is_a_card_with_its_words(prompt: str) -> None:
    wanted = theme(prompt)
    assert (wanted.scene, wanted.subject) == ("title", None)
    assert wanted.title.rstrip("…") in " ".join(prompt.split())
    assert len(wanted.title) <= 140
    light = paint(prompt, 1, SMALL).convert("L").point([255 * (v > 215) for v in range(256)])
    box = light.getbbox()
    assert box is not None, "no words"
    assert 10 < box[0] < box[2] < SMALL[0] - 10


@pytest.mark.parametrize("prompt", ["", " ", "красная площадь", "🦊", "a\x1bb", "winter"])
def test_no_card_without_letters_for_it_or_where_a_mood_is_named(prompt: str) -> None:
    assert theme(prompt).scene != "title"
    assert draw(prompt, 1, SMALL).size == SMALL
