"""A request as code: running it gives an equal request."""

from __future__ import annotations

import pytest

import seedream_widgets as sd
from seedream_widgets.testing import picture
from seedream_widgets.values.code import as_code
from seedream_widgets.values.request import Request

PROMPTS = [
    "a fox",
    "it's \"quoted\" and 'quoted'", 'ends in \\', '"""', "two\nlines\r\n\ttab", "Füchse 🦊",
    "\u2028\u202e\x00\x1b[31m", "{braces} %s $x", "x" * 5000,
]  # fmt: skip


def rebuilt(code):
    build, _, run = code.partition("result = ")
    assert run == "sd.submit(request).result()\n"
    names = {}
    exec(build, names)
    return names["request"]


@pytest.mark.parametrize("prompt", PROMPTS)
def test_text_to_image(prompt):
    request = Request(prompt)
    assert rebuilt(as_code(request)) == request


@pytest.mark.parametrize("prompt", PROMPTS)
def test_edit(prompt):
    url = "https://a.test/b.png?x='y'&n=1"
    request = Request(prompt, [picture(1), url, picture(2)], seed=0)
    sd.library._keep_inputs(request)
    again = rebuilt(as_code(request))
    assert again == request
    assert [getattr(i, "data", None) for i in again.images] == [picture(1), None, picture(2)]


@pytest.mark.parametrize(
    "settings",
    [
        {"image_size": (960, 1280), "num_images": 6, "max_images": 2, "seed": 2147483647},
        {"image_size": "4:3 4K", "model": "v4.5"},
        {"image_size": "auto_4K", "enhance_prompt_mode": "fast"},
        {"enable_safety_checker": False, "sync_mode": True},
    ],
)
def test_settings(settings):
    request = Request("a fox", **settings)
    assert rebuilt(as_code(request)) == request


def test_it_is_short_and_holds_no_key(monkeypatch):
    monkeypatch.setenv("FAL_KEY", "key-id:very-secret")
    code = as_code(Request("a fox", seed=7, model="v4.5", image_size=(2048, 2048)))
    assert code == (
        "import seedream_widgets as sd\n\nrequest = sd.Request(\n    'a fox',\n"
        "    image_size=(2048, 2048),\n    seed=7,\n    model='v4.5',\n)\n"
        "result = sd.submit(request).result()\n"
    )


@pytest.mark.slow
def test_a_result_gives_it_and_it_runs():
    result = sd.generate("a fox", image_size=(960, 960), seed=5)
    names = {}
    exec(result.as_code(), names)
    assert names["request"] == result.request
    assert names["result"].cached


@pytest.mark.slow
def test_a_client_of_its_own_is_named_by_its_library(tmp_path):
    folder = tmp_path / "it's here"
    client = sd.Client("offline", library=folder)
    request = Request("night", [picture(1)], image_size=(960, 960), seed=5)
    result = client.submit(request).result(60)
    code = result.as_code()
    assert code == as_code(request, folder)
    names = {}
    exec(code, names)
    assert names["request"] == request
    assert names["result"].cached
    assert names["result"].files == result.files
    assert "sd.submit" in as_code(request, sd.library.path)
