"""What is asked: exact arguments, equality, JSON, and every refusal."""

from __future__ import annotations

import base64
import dataclasses
import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seedream_widgets.errors import ImageInputError, RequestError
from seedream_widgets.images import ImageInput, ImageUrl
from seedream_widgets.testing import picture
from seedream_widgets.values.request import MAX_SEED, Request
from tests.image_files import encoded, photo, transparent

URL = "https://example.org/fox.png"
PLAIN = {
    "prompt": "a fox",
    "image_size": {"width": 2048, "height": 2048},
    "num_images": 1,
    "max_images": 1,
    "sync_mode": False,
    "enable_safety_checker": True,
}


@pytest.mark.parametrize(
    ("given", "endpoint", "arguments"),
    [
        ({}, "v4/text-to-image", PLAIN | {"enhance_prompt_mode": "standard"}),
        ({"model": "v4.5"}, "v4.5/text-to-image", PLAIN),
        ({"images": URL}, "v4/edit",
         PLAIN | {"enhance_prompt_mode": "standard", "image_urls": [URL]}),
        ({"images": [URL, URL], "model": "v4.5"}, "v4.5/edit", PLAIN | {"image_urls": [URL, URL]}),
        (
            {"image_size": "auto_4K", "num_images": 2, "max_images": 3, "seed": 0,
             "enhance_prompt_mode": "fast", "enable_safety_checker": False, "sync_mode": True},
            "v4/text-to-image",
            {"prompt": "a fox", "image_size": "auto_4K", "num_images": 2, "max_images": 3,
             "seed": 0, "enhance_prompt_mode": "fast", "enable_safety_checker": False,
             "sync_mode": True},
        ),
    ],
)  # fmt: skip
def test_what_fal_gets(given, endpoint, arguments):
    request = Request("a fox", **given)
    assert request.endpoint.id == f"fal-ai/bytedance/seedream/{endpoint}"
    assert request.arguments == arguments
    assert json.loads(json.dumps(request.arguments)) == arguments


NEWER = {
    "prompt": "a fox", "image_size": "auto_2K", "num_images": 1, "sync_mode": False,
    "enable_safety_checker": True,
}  # fmt: skip


@pytest.mark.parametrize(
    ("given", "endpoint", "arguments"),
    [
        ({"model": "v5-lite", "max_images": 2}, "v5/lite/text-to-image", NEWER | {"max_images": 2}),
        ({"model": "v5-flash"}, "v5/flash/text-to-image", NEWER),
        ({"model": "v5-pro", "images": URL, "output_format": "jpeg", "image_size": "16:9"},
         "v5/pro/edit", NEWER | {"output_format": "jpeg", "image_urls": [URL],
                                 "image_size": {"width": 2560, "height": 1440}}),
        ({"model": "v5.5", "background": "transparent"}, "v5.5/text-to-image",
         NEWER | {"background": "transparent", "output_format": "png"}),
        ({"model": "v5.5", "background": "auto", "draw": 3}, "v5.5/text-to-image",
         NEWER | {"background": "auto"}),
    ],
)  # fmt: skip
def test_what_the_newer_endpoints_get(given, endpoint, arguments):
    request = Request("a fox", **given)
    assert request.endpoint.id == f"bytedance/seedream/{endpoint}"
    assert request.arguments == arguments


KEYS = [  # as the versions before the newer models made them
    ({"seed": 7}, "cc60a1dcca5673b98da4e96de1d749a55ecdecc2ee06e9600e5325a35094ebd9"),
    ({"seed": 0, "model": "v4.5", "image_size": "auto_4K"},
     "cdf1fed7cf851e2e2a13a7b34179630b32914be29168bacee70744f51e298f2f"),
    ({"seed": 5, "images": URL, "num_images": 2, "max_images": 3, "enhance_prompt_mode": "fast"},
     "7bc33e613f55b83770918efe81d908849abcf54af6da6d3965741582aec3e3fa"),
    ({"seed": 1, "images": [URL, URL], "model": "v4.5", "image_size": (2304, 1728),
      "sync_mode": True, "enable_safety_checker": False},
     "b20d5b9e112c319ba727a86513a996d1aa8451c284fd1086ef438f990e685bcb"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "key"), KEYS)
def test_what_was_paid_for_is_still_found(given, key):
    assert Request("a fox", **given).key == key


def test_a_draw_names_a_picture():
    def key(**given):
        return Request("a fox", model="v5-flash", **given).key

    assert key() is None
    assert key(draw=1) == key(draw=1)
    assert len({key(draw=1), key(draw=2), Request("a fox", draw=1).key}) == 3
    seeded = [Request("a fox", seed=7, draw=draw).key for draw in (None, 1, 2)]
    assert len(set(seeded)) == 3
    assert "draw" not in Request("a fox", draw=1).arguments


def test_local_images_stand_as_digests_until_they_are_uploaded():
    request = Request("a fox", images=[picture(), URL])
    digest = request.images[0].sha256
    assert request.arguments["image_urls"] == [f"sha256:{digest}", URL]
    assert request.arguments_with(["https://up/1", URL])["image_urls"] == ["https://up/1", URL]


def test_the_same_bytes_are_the_same_request(tmp_path):
    data = picture()
    (tmp_path / "fox.png").write_bytes(data)
    forms = [
        data, bytearray(data), tmp_path / "fox.png", str(tmp_path / "fox.png"),
        f"data:image/png;base64,{base64.b64encode(data).decode()}", (data,),
    ]  # fmt: skip
    requests = {Request("a fox", images=form) for form in forms}
    assert len(requests) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"image_size": "4:3"}, {"image_size": (2304, 1728)}),
        ({"image_size": None}, {"image_size": "1:1 2K"}),
        ({"seed": np.int64(5)}, {"seed": 5}),
        ({"num_images": np.uint8(2)}, {"num_images": 2}),
        ({"sync_mode": np.True_}, {"sync_mode": True}),
        ({"draw": np.int64(2)}, {"draw": 2}),
        (
            {"model": "v5.5", "background": "transparent"},
            {"model": "v5.5", "background": "transparent", "output_format": "png"},
        ),
    ],
)
def test_equal_by_content(one, other):
    assert Request("a fox", **one) == Request("a fox", **other)
    assert hash(Request("a fox", **one)) == hash(Request("a fox", **other))
    assert Request("a fox", **one).to_json() == Request("a fox", **other).to_json()


@pytest.mark.parametrize(
    "change",
    [
        {"prompt": "an owl"}, {"images": URL}, {"image_size": "4:3"}, {"num_images": 2},
        {"max_images": 2}, {"seed": 1}, {"enhance_prompt_mode": "fast"}, {"sync_mode": True},
        {"enable_safety_checker": False}, {"model": "v4.5"}, {"draw": 2},
    ],
    ids=lambda change: next(iter(change)),
)  # fmt: skip
def test_each_argument_counts(change):
    request = Request("a fox")
    changed = dataclasses.replace(request, **change)
    assert changed != request
    assert Request.from_json(changed.to_json()) == changed


def test_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Request("a fox").prompt = "an owl"


@pytest.mark.parametrize(
    "image",
    [
        picture(), encoded(photo(), "JPEG"), transparent(), photo(), encoded(photo(), "BMP"), URL,
        Image.new("I;16", (64, 64)), np.zeros((64, 64), bool),
    ],
    ids=range(8),
)  # fmt: skip
def test_json_there_and_back(image):
    request = Request('"Füchse" 🦊\n', images=[image, URL], seed=7, image_size="auto")
    again = Request.from_json(request.to_json().encode())
    assert again == request
    assert [type(each) for each in again.images] == [type(each) for each in request.images]
    if isinstance(request.images[0], ImageInput):
        assert again.images[0].data == request.images[0].data


@pytest.mark.parametrize(
    "text",
    [
        "", "nonsense", "[]", "null", '"x"', "{}", "[" * 100_000, b"\xff", '{"prompt": 1}',
        '{"prompt": "x", "surprise": 1}', '{"prompt": "x", "images": 1}',
        '{"prompt": "x", "images": ["https://example.org/a.png"]}', '{"prompt": "x", "seed": NaN}',
        '{"prompt": "x", "images": [{"name": "fox"}]}', '{"prompt": "x", "images": [{"url": 1}]}',
        '{"prompt": "x", "images": [{"url": "http://localhost/a.png"}]}',
        '{"prompt": "x", "images": [{"url": "data:image/png;base64,AAAA"}]}',
        '{"prompt": "x", "model": []}', '{"prompt": "x", "enhance_prompt_mode": {}}',
        '{"prompt": "x", "image_size": [%s, 1]}' % ("9" * 400), '{"prompt": "\\ud800"}',
        '{"prompt": "x", "sync_mode": 1}', '{"prompt": "x", "num_images": 1.0}', "1" * 5000,
    ],
    ids=range(24),
)  # fmt: skip
def test_hostile_json_is_refused(text):
    with pytest.raises(RequestError):
        Request.from_json(text)


@pytest.mark.parametrize("wrap", [str, lambda path: [path], lambda path: f" {path}"])
def test_json_never_reads_a_file_of_this_computer(tmp_path, wrap):
    path = tmp_path / "secret.png"
    path.write_bytes(picture())
    text = json.dumps({"prompt": "x", "images": [{"url": wrap(str(path))}]})
    with pytest.raises(RequestError, match="no https:// or data: URL"):
        Request.from_json(text)


@pytest.mark.parametrize(
    ("arguments", "field", "words"),
    [
        ({"prompt": ""}, "prompt", "empty; say what to draw"),
        ({"prompt": " \n"}, "prompt", "empty; say what to draw"),
        ({"prompt": 5}, "prompt", "takes text, got 5; give a str"),
        ({"prompt": None}, "prompt", "takes text, got None"),
        ({"prompt": "fox \ud800"}, "prompt", "broken character at position 4; remove it"),
        ({"num_images": 0}, "num_images", "takes 1 to 6, got 0; submit several requests"),
        ({"num_images": 7}, "num_images", "takes 1 to 6, got 7"),
        ({"max_images": 7}, "max_images", "takes 1 to 6, got 7"),
        ({"max_images": -1}, "max_images", "takes 1 to 6, got -1"),
        ({"num_images": True}, "num_images", "takes a whole number, 1 to 6, got True"),
        ({"num_images": "2"}, "num_images", "takes a whole number, 1 to 6, got '2'"),
        ({"num_images": 2.0}, "num_images", "takes a whole number, 1 to 6, got 2.0"),
        ({"max_images": None}, "max_images", "takes a whole number"),
        ({"seed": -1}, "seed", "takes 0 to 2147483647, or None for a random one, got -1"),
        ({"seed": MAX_SEED + 1}, "seed", "takes 0 to 2147483647"),
        ({"seed": 1.5}, "seed", "takes a whole number, 0 to 2147483647, or None"),
        ({"seed": False}, "seed", "takes a whole number"),
        ({"enhance_prompt_mode": "slow"}, "enhance_prompt_mode", "'fast', got 'slow'"),
        ({"enhance_prompt_mode": None}, "enhance_prompt_mode", "'standard' or 'fast', got None"),
        ({"enhance_prompt_mode": "fast", "model": "v4.5"}, "enhance_prompt_mode",
         r"v4\.5 takes no enhance_prompt_mode; v4 does. Leave it out, got 'fast'"),
        ({"model": "v5-flash", "seed": 7}, "seed", r"v5-flash takes no seed; v4 and v4\.5 do"),
        ({"model": "v5.5", "seed": 7}, "seed", r"v5\.5 takes no seed; v4 and v4\.5 do"),
        ({"model": "v5-lite", "seed": 7}, "seed", r"v5-lite takes no seed; v4 and v4\.5 do"),
        ({"model": "v5-pro", "max_images": 2}, "max_images",
         r"v5-pro takes no max_images; v4, v4\.5 and v5-lite do"),
        ({"output_format": "png"}, "output_format",
         r"v4 takes no output_format; v5-flash, v5-pro and v5\.5 do"),
        ({"model": "v5-flash", "output_format": "webp"}, "output_format",
         "of v5-flash takes 'jpeg' or 'png', got 'webp'"),
        ({"model": "v5-flash", "background": "transparent"}, "background",
         r"v5-flash takes no background; v5\.5 does"),
        ({"images": URL, "background": "opaque"}, "background",
         "v4 takes no background; no model does for edit"),
        ({"model": "v5.5", "background": "blue"}, "background",
         "takes 'auto' or 'opaque' or 'transparent', got 'blue'"),
        ({"model": "v5.5", "background": "transparent", "output_format": "jpeg"}, "output_format",
         "'jpeg' can't be transparent; leave it out, or give 'png'"),
        ({"draw": 0}, "draw", "takes 1 to 2147483647, or None to ask anew each time, got 0"),
        ({"draw": True}, "draw", "takes a whole number, 1 to 2147483647, or None"),
        ({"model": "v5-flash", "image_size": (512, 512)}, "image_size",
         r"1,048,576 to 4,194,304 .* the nearest is \(1024, 1024\)"),
        ({"model": "v5-lite", "image_size": "1:1 1K"}, "image_size", "3,686,400 to 9,437,184"),
        ({"enable_safety_checker": 1}, "enable_safety_checker", "takes True or False, got 1"),
        ({"sync_mode": "yes"}, "sync_mode", "takes True or False, got 'yes'"),
        ({"model": "v9"}, "model",
         r"takes one of v4, v4\.5, v5-lite, v5-flash, v5-pro, v5\.5, got 'v9'"),
        ({"image_size": "huge"}, "image_size", r"square_hd, .*auto_4K, a ratio such as '4:3 2K'"),
        ({"image_size": "auto", "model": "v4.5"}, "image_size", r"of v4\.5 .* got 'auto'"),
        ({"image_size": (512, 512)}, "image_size",
         r"921,600 to .* got 512x512 \(262,144 pixels\); the nearest is \(960, 960\)"),
        ({"image_size": (8000, 400)}, "image_size", r"at most 16:1.*nearest is \(8000, 500\)"),
        ({"image_size": (-5, 100)}, "image_size", "the nearest is"),
        ({"image_size": (5000, 5000), "images": URL}, "image_size",
         r"edit takes at most 16,777,216 pixels.*nearest is \(4096, 4096\)"),
        ({"images": [URL] * 11}, "images",
         r"takes up to 10 images, got 11 \(fal would silently keep the last 10\); leave some out"),
        ({"images": [URL] * 10, "num_images": 6}, "num_images",
         "images in and out of one edit are at most 15, got 10 in and up to 6 out"),
        ({"images": [URL] * 4, "num_images": 3, "max_images": 4}, "num_images",
         "got 4 in and up to 12 out; lower num_images or max_images, or leave images out"),
    ],
)  # fmt: skip
def test_a_refusal_names_field_value_and_next_step(arguments, field, words):
    with pytest.raises(RequestError, match=words) as caught:
        Request(**{"prompt": "a fox", **arguments})
    assert caught.value.field == field
    given = 11 if words.startswith("takes up to 10") else arguments.get(field)
    assert caught.value.value == given
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("images", [None, "no such file.png", 5, b"text", [picture(), 5]])
def test_what_is_no_image(images):
    with pytest.raises(ImageInputError, match="images"):
        Request("a fox", images=images)


@pytest.mark.parametrize(
    ("arguments", "outputs"),
    [({}, (1, 1)), ({"num_images": 2, "max_images": 3}, (2, 6)),
     ({"images": [URL] * 10, "num_images": 5}, (5, 5)),
     ({"num_images": 6, "max_images": 6}, (6, 36))],
)  # fmt: skip
def test_how_many_images_may_come(arguments, outputs):
    assert Request("a fox", **arguments).images_range == outputs


def test_small_sizes_pass_for_an_edit_as_fal_scales_them_up():
    assert Request("a fox", images=URL, image_size=(512, 512)).image_size == (512, 512)


def test_images_of_a_request_are_given_on_as_they_are():
    request = Request("a fox", images=[picture(), URL])
    again = Request("an owl", images=request.images)
    assert again.images[0] is request.images[0]
    assert again.images[1] == ImageUrl(URL)


@pytest.mark.parametrize(
    ("argument", "value", "guess"),
    [
        ("image_size", "4x3", "did you mean '4:3'?"),
        ("image_size", (16, 9), "did you mean '16:9'?"),
        ("image_size", "2K", "did you mean '1:1 2K' or 'auto_2K'?"),
        ("image_size", "1k", "did you mean '1:1 1K'?"),
        ("image_size", "16/9", "did you mean '16:9'?"),
        ("image_size", "4:3 3K", "did you mean '4:3 4K'?"),
        ("image_size", "sqare_hd", "did you mean 'square_hd'?"),
        ("model", "V4", "did you mean 'v4'?"),
        ("model", "5.5", "did you mean 'v5.5'?"),
        ("model", "Seedream-4.5", "did you mean 'v4.5'?"),
        ("enhance_prompt_mode", "Fast", "did you mean 'fast'?"),
        ("size", "4:3", "size is not an argument of a request; did you mean image_size=?"),
        ("n", 2, "did you mean num_images=?"),
        ("sede", 2, "did you mean seed=?"),
        ("colour", 2, "it takes prompt, images, image_size"),
    ],
)
def test_a_mistake_gets_a_guess(argument, value, guess):
    with pytest.raises(RequestError) as caught:
        Request("a fox", **{argument: value})
    assert guess in str(caught.value)
    assert caught.value.field == argument


@pytest.mark.parametrize(
    ("name", "said"),
    [("", "'' is"), ("a b\n", "'a b\\n' is"), ("x" * 100_000, "x" * 60 + " is")],
)
def test_an_unknown_name_in_json_is_quoted_and_cut(name, said):
    with pytest.raises(RequestError) as caught:
        Request.from_json(json.dumps({"prompt": "a fox", name: 1}))
    assert str(caught.value).startswith(f"{said} not an argument of a request; ")
    assert caught.value.field == name[:60]
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("size", ["8x8", "hello", "9K", (100, 100)])
def test_no_guess_where_nothing_is_near(size):
    with pytest.raises(RequestError) as caught:
        Request("a fox", image_size=size)
    assert "did you mean" not in str(caught.value)


def test_all_but_prompt_and_images_are_named():
    with pytest.raises(TypeError, match="positional"):
        Request("a fox", (), "4:3")


@pytest.mark.parametrize(
    "many", [list, iter, lambda paths: [paths]], ids=["list", "glob", "nested"]
)
def test_of_a_whole_folder_no_picture_is_read(many):
    paths = [Path(f"/no/such/{number}.png") for number in range(5000)]
    with pytest.raises(ImageInputError, match="images are more than 100, which no model takes"):
        Request("a fox", many(paths))


def test_images_without_end_are_refused():
    with pytest.raises(ImageInputError, match="images are more than 100"):
        Request("a fox", (URL for _ in itertools.count()))
