"""The functions people type, on the session's default client."""

from __future__ import annotations

import asyncio

import pytest
from PIL import Image

import seedream_widgets as sd
from seedream_widgets.backends.offline import OfflineBackend
from seedream_widgets.testing import ScriptedBackend, as_default_client, picture

SMALL = (960, 960)


@pytest.fixture(autouse=True)
def _quick():
    backend = sd.default_client().backend
    assert isinstance(backend, OfflineBackend)
    backend.pace = 0.0


def test_generate_waits_for_the_result(tmp_path):
    result = sd.generate("a fox", image_size=SMALL, num_images=2, seed=7)
    assert [image.size for image in result.images] == [SMALL] * 2
    assert (result.seed, result.backend) == (7, "offline")
    assert result.files[0].path.is_relative_to(tmp_path)
    assert sd.jobs()[0].result() is result


def test_submit_returns_at_once_and_is_awaited():
    async def main():
        return await asyncio.gather(*[sd.submit(p, image_size=SMALL) for p in ("a fox", "an owl")])

    fox, owl = asyncio.run(main())
    assert (fox.request.prompt, owl.request.prompt) == ("a fox", "an owl")


@pytest.mark.parametrize("form", ["bytes", "pil", "result", "file of a result"])
def test_edit_takes_images(form):
    if form == "bytes":
        images = picture()
    else:
        fox = sd.generate("a fox", image_size=SMALL)
        images = {"pil": fox.images, "result": fox, "file of a result": fox.files[0]}[form]
    result = sd.edit(images, "at night", image_size=SMALL)
    assert result.request.endpoint.kind == "edit"
    assert len(result.request.images) == 1
    if "result" in form:
        assert result.request.images[0].data == fox.files[0].read_bytes()


def test_a_whole_request():
    request = sd.Request("a fox", image_size=SMALL, seed=3)
    assert sd.generate(request).request is request
    with pytest.raises(
        sd.RequestError, match=r"got seed as well; use dataclasses\.replace"
    ) as caught:
        sd.submit(request, seed=4)
    assert caught.value.field == "seed"


def test_one_client_for_the_session():
    assert sd.default_client() is sd.default_client()
    assert sd.jobs() == sd.default_client().jobs


@pytest.mark.parametrize(
    ("call", "field", "words"),
    [
        (
            lambda: sd.generate("a fox", sede=1),
            "sede",
            "sede is not an argument .* did you mean seed=",
        ),
        (
            lambda: sd.submit("a fox", size=(1, 1)),
            "size",
            "size is not .* did you mean image_size=",
        ),
        (lambda: sd.edit([], "at night"), "images", "takes 1 to 10 images, got none"),
        (lambda: sd.generate(""), "prompt", "empty"),
        (lambda: sd.edit(None, "at night"), "images", "read this as an image"),
    ],
)
def test_a_refusal_sends_nothing(call, field, words):
    before = sd.jobs()
    with pytest.raises(sd.RequestError, match=words) as caught:
        call()
    assert caught.value.field == field
    assert sd.jobs() == before


def test_a_failure_is_raised():
    with pytest.raises(sd.ContentRejectedError, match="safety checker"):
        sd.generate("a fox offline:refuse")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("given", "model", "size"),
    [
        ((768, 1024), "v4", (864, 1152)),
        ((1600, 900), "v4", (1312, 736)),
        ((3000, 4000), "v4", (3072, 4096)),
        ((512, 512), "v4.5", (1920, 1920)),
        ((1234, 1000), "v5-flash", (1138, 922)),
    ],
)
def test_an_edit_keeps_the_shape_of_its_picture(given, model, size):
    result = sd.edit(Image.new("RGB", given, "teal"), "at night", model=model)
    assert result.request.image_size == size
    assert result.image.size == size


@pytest.mark.slow
def test_image_size_decides_and_the_default_is_a_word_away():
    portrait = Image.new("RGB", (768, 1024), "teal")
    for asked in ("default", (2048, 2048)):
        request = sd.edit(portrait, "at night", image_size=asked, seed=1).request
        assert request.image_size == (2048, 2048)
    assert sd.edit(portrait, "at night", image_size="4:3 1K").request.image_size == (1152, 864)
    assert sd.Request("at night", portrait).image_size == (2048, 2048)


def test_an_edit_that_was_kept_before_is_answered_from_the_library():
    portrait = Image.new("RGB", (768, 1024), "teal")
    with as_default_client(sd.Client(ScriptedBackend())):
        before = sd.submit(sd.Request("at night", portrait, seed=5)).result()
        again = sd.edit(portrait, "at night", seed=5, image_size="default")
        assert again.cached
        assert again.request.key == before.request.key
        assert not sd.edit(portrait, "at night", seed=5).cached
