"""From a picture to the next request: the form asks for it again, and a viewer walks its line."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest
from PIL import Image

import seedream_widgets as sd
from seedream_widgets.testing import ScriptedBackend
from tests.studio.test_widget import FORM, finish, picture

STROKES = (
    [],
    [[]],
    [[4, 5]],
    [[4, 5, 6, 7]],
    [[0, 5, 6]],
    [[4, 5, "6"]],
    [[4, 5, 6.5]],
    [[4, 5, float("nan")]],
    [[4, True, 6]],
    [[4, 5, 10**30]],
    [[4, 5, 6], 7],
    [[4, 5, 6], None],
    [[4, *[1] * 20_000]],
    [[4, 5, 6]] * 7_000,
    [[5_000, *[1] * 1000]],
    [[4, -50, -50]],
    [[400, 100, 75]],
)
"""No strokes, or strokes of no brush, beside the picture, all over it, or without end."""


@pytest.fixture
def backend():
    return ScriptedBackend(images=3)


@pytest.fixture
def there(page, tmp_path, backend):
    """Return a page with one job that was to give 4 pictures and gave 3, and the id of the 2nd."""
    opened = page(sd.Client(backend, library=tmp_path))
    job = finish(opened, {**FORM, "num_images": 1, "max_images": 4})
    return opened, picture(opened, job).replace(":0", ":1")


def again(page, target, how):
    page.studio.prompt = "something being written"
    return page.ask("ask_again", image_id=target, how=how)[0]


def test_settings_are_in_the_form_as_they_were_asked(there):
    page, fox = there
    assert again(page, fox, "reuse")["kind"] == "reply"
    assert page.studio.request() == page.studio.result.request


def test_a_variation_is_in_the_form_with_another_seed(there):
    page, fox = there
    assert again(page, fox, "vary")["kind"] == "reply"
    request = page.studio.request()
    assert request == replace(page.studio.result.request, seed=None)
    assert page.studio._session.jobs[0].request.prompt == FORM["prompt"]


def test_the_same_in_4k_keeps_shape_and_seed(there):
    page, fox = there
    again(page, fox, "large")
    request = page.studio.request()
    assert request.image_size == (4096, 3072)
    assert request.seed == 7


def test_what_is_missing_of_a_set_goes_beside_what_came(there):
    page, fox = there
    again(page, fox, "missing")
    request = page.studio.request()
    assert (request.num_images, request.max_images, len(request.images)) == (1, 1, 3)
    assert "Generate the 1 that is missing" in request.prompt
    assert len(page.studio._references) == 3


@pytest.mark.parametrize(
    ("target", "how", "says"),
    [
        ("nobody:0", "vary", "no longer in the library"),
        (None, "better", "how takes reuse, vary, large or missing"),
        ("r1:9", "vary", "has no image 10"),
    ],
)
def test_what_can_not_be_asked_for_leaves_the_form_alone(there, target, how, says):
    page, fox = there
    answer = again(page, target or fox, how)
    assert answer["kind"] == "error"
    assert says in answer["message"]
    assert page.studio.prompt == "something being written"


def test_a_whole_set_and_a_picture_of_a_region_are_refused(there, backend):
    page, _ = there
    backend.images = 1
    one = page.studio._session.client.submit(sd.Request("a fox")).result(60)
    assert (
        "no picture of this set is missing"
        in again(page, f"{one.request_id}:0", "missing")["message"]
    )
    big = Image.effect_noise((200, 150), 60).convert("RGB")
    masked = page.studio._session.client.submit(
        sd.Request("a hat", [big], mask=(10, 10, 60, 60))
    ).result(60)
    said = again(page, f"{masked.request_id}:0", "vary")["message"]
    assert "with a marked region" in said
    rows = page.ask("receipt", target=f"{masked.request_id}:0")[0]["result"]["rows"]
    assert any(row["name"] == "Region" for row in rows)


def test_the_line_of_a_picture_is_told_to_walk_along(there, backend):
    page, fox = there
    client, backend.images = page.studio._session.client, 1
    root = client.library.get(fox.partition(":")[0])
    night = client.submit(sd.Request("image 1 at night", [root.images[1]])).result(60)
    dawn = client.submit(sd.Request("image 1 at dawn", [night.image])).result(60)

    def line(result):
        told = page.ask("receipt", target=f"{result.request_id}:0")[0]["result"]["line"]
        return [(each["id"], each["kin"]) for each in told]

    ids = [fox, f"{night.request_id}:0", f"{dawn.request_id}:0"]
    assert line(night) == list(zip(ids, ["made from", "this", "made of it"], strict=True))
    assert line(dawn) == list(zip(ids, ["made from", "made from", "this"], strict=True))
    # Who has gone back to the first sees the way on to the last.
    on = [(each, "made of it") for each in ids[1:]]
    assert line(root) == [(f"{root.request_id}:0", "this"), *on]
    shutil.rmtree(night.files[0].path.parent)
    (gone, words), this = [
        (each["kin"], each["words"])
        for each in page.ask("receipt", target=ids[2])[0]["result"]["line"]
    ]
    assert gone == "gone"
    assert f"result {night.request_id}, which is not in the library" in words
    assert this == ("this", "image 1 at dawn")


def test_a_region_marked_on_the_page_changes_alone(there, backend):
    page, _ = there
    backend.images = 1
    photo = Image.effect_noise((200, 150), 60).convert("RGB")
    client = page.studio._session.client
    shown = client.submit(sd.Request("image 1", [photo])).result(60)
    page.ask("use_result", image_id=f"{shown.request_id}:0", exact=True)
    (given,) = page.studio._references
    form = {**FORM, "num_images": 1, "references": [given["id"]], "image_size": [960, 960]}
    finish(page, {**form, "mask": [4, 4, 20, 16]})
    request = backend.requests[-1]
    assert request.mask.pil.convert("L").getbbox() == (4, 4, 20, 16)
    finish(page, {**form, "mask": [[5, 8, 8, 16, 8], [3, 20, 20, 20, 20]]})
    assert backend.requests[-1].mask.pil.convert("L").getbbox() == (6, 6, 22, 22)
    result = page.studio.result
    assert result.files[0].composed is not None
    assert result.image.size == shown.image.size
    again = page.studio._session.snapshot()["jobs"][0]["form"]
    said = page.ask("submit", form=again, terms=None, pressed=0)[0]
    assert "mark it again in the viewer" in said["message"], "a whole edit was not meant"
    for wrong in ([1, 2, 3], "box", [0, 0, 5000, 10], [1, 1, 1, 1], [0.5, 1, 2, 3], *STROKES):
        said = page.ask("submit", form={**form, "mask": wrong}, terms=None, pressed=0)[0]
        assert said["kind"] == "error"
        assert "mask" in said["message"]
