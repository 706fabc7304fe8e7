"""A request as it once was, whatever became of its inputs and settings."""

from __future__ import annotations

import pytest

from seedream_widgets.errors import ImageInputError, RequestError
from seedream_widgets.images import ImageInput
from seedream_widgets.jobs.client import Client
from seedream_widgets.testing import ScriptedBackend, picture
from seedream_widgets.values.receipt import (
    UNKNOWN_PROMPT,
    describe_inputs,
    describe_settings,
    request_from_receipt,
)
from seedream_widgets.values.request import Request
from tests.scripted import SECONDS


def nothing(digest):
    raise RequestError(f"{digest} is not here")


def again(request, find=nothing, **changed):
    told = {
        "prompt": request.prompt,
        "settings": describe_settings(request),
        "inputs": describe_inputs(request.images),
    }
    return request_from_receipt(**{**told, **changed}, find=find)


@pytest.mark.parametrize(
    "request_",
    [
        Request("a fox", image_size=(960, 1280), seed=7, num_images=2, max_images=3),
        Request("a fox", model="v4.5", image_size="auto_4K", sync_mode=True),
        Request("two", [picture(1), "https://a.test/b.png", picture(2)], seed=0),
    ],
)
def test_it_is_equal_with_its_inputs_or_without(request_):
    images = {image.sha256: image for image in request_.images if isinstance(image, ImageInput)}
    found, lost = again(request_, images.__getitem__), again(request_)
    assert found == lost == request_
    assert found.key == lost.key == request_.key
    assert lost.arguments == request_.arguments
    assert [getattr(image, "data", b"") for image in lost.images] == [b""] * len(lost.images)


def test_a_request_without_its_inputs_is_not_sent(tmp_path):
    backend = ScriptedBackend("fal")
    job = Client(backend, library=tmp_path).submit(again(Request("a fox", picture())))
    with pytest.raises(ImageInputError, match="not in the library any more; give the image itself"):
        job.result(SECONDS)
    assert backend.calls == []
    assert not list(tmp_path.glob("inputs/*/*"))


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"prompt": ""}, {"prompt": UNKNOWN_PROMPT}),
        ({"prompt": "\ud800"}, {"prompt": UNKNOWN_PROMPT}),
        ({"settings": {"seed": 7, "num_images": 99}}, {"seed": 7, "num_images": 1}),
        ({"settings": {"image_size": [1, 1], "model": "v4.5"}}, {"model": "v4.5"}),
        ({"settings": {"model": "v9", "seed": 7}}, {"model": "v4", "seed": 7}),
        ({"settings": {"model": [], "image_size": {"a": 1}, "seed": {}}}, {"seed": None}),
        ({"settings": {"image_size": [1e308, None], "sync_mode": "yes"}}, {"sync_mode": False}),
        ({"settings": {"images": ["/etc/passwd"], "prompt": "x"}}, {"images": (), "prompt": "a"}),
        (
            {"inputs": ["url", 5, None, {}, {"url": "/etc/passwd"}, {"sha256": "../x"}]},
            {"images": ()},
        ),
        ({"inputs": [{"url": "http://10.0.0.1/"}, {"url": ["https://"]}]}, {"images": ()}),
        ({"inputs": [{"url": "https://a.test/b.png"}] * 11}, {"images": ()}),
    ],
)
def test_as_nearly_as_it_is_accepted(changed, expected):
    found = again(Request("a"), **changed)
    assert {name: getattr(found, name) for name in expected} == expected
