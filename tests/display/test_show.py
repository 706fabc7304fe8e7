"""Pictures side by side: small in a notebook, and as one image."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

import seedream_widgets as sd
from seedream_widgets.images.pixels import decoded
from seedream_widgets.jobs.client import Client
from seedream_widgets.testing import ScriptedBackend
from tests.image_files import encoded, grey_profile, near


@pytest.fixture
def client(tmp_path):
    return Client(ScriptedBackend("fal", images=2), library=tmp_path)


def results(client, count=3):
    return [client.submit(sd.Request("a fox", seed=n)).result(60) for n in range(count)]


def html(shown) -> str:
    return shown._repr_mimebundle_()["text/html"]


def test_results_images_jobs_and_entries_are_shown_together(client):
    found = results(client, 2)
    job = client.submit(sd.Request("an owl"))
    job.result(60)
    mixed = [*found, Image.new("RGB", (64, 64)), job, client.library[0]]
    sheet = sd.show(mixed, columns=3)
    assert len(sheet) == 2 * 2 + 1 + 2 + 2
    assert html(sheet).count("<img") == 9


def test_captions_are_text(client):
    (result,) = results(client, 1)
    assert "&lt;b&gt;" in html(sd.show(result, captions=["<b>", "c"]))
    with pytest.raises(sd.RequestError, match="one text for each picture: 2, got 1"):
        sd.show(result, captions=["x"])


@pytest.mark.parametrize("columns", [0, -1, True, 101])
def test_bad_columns(columns):
    with pytest.raises(sd.RequestError, match="columns takes a whole number from 1 to 100"):
        sd.show([], columns=columns)


def test_what_is_no_picture_is_told():
    with pytest.raises(
        sd.RequestError, match=r"takes results, .+, got 'fox.png'; open a file with"
    ):
        sd.show(["fox.png"])


def test_a_large_picture_is_small_in_the_notebook():
    noise = np.random.default_rng(0).integers(0, 255, (2048, 2048, 3), np.uint8)
    assert len(html(sd.show(Image.fromarray(noise)))) < 420_000


def test_pictures_are_shown_in_their_profile_s_colours(tmp_path):
    backend = ScriptedBackend("fal")
    given = Image.new("LA", (90, 60), (100, 128))
    data = encoded(given, "PNG", icc_profile=grey_profile(1.0))
    backend.bytes = {"https://files.test/r1/0": data}
    result = Client(backend, library=tmp_path).submit(sd.Request("a fox")).result(60)
    seen = decoded(data)
    assert near(seen.getpixel((3, 3)), (168, 168, 168, 128), 1)
    sheet = sd.contact_sheet([result, result.image], columns=2)
    for at in (200, 592):
        # White lets itself be seen through what is half clear.
        assert near(sheet.getpixel((at, 200)), (211, 211, 211), 2)
    for kept in re.findall(r'base64,([^"]+)', html(sd.show([result, result.image]))):
        image = Image.open(io.BytesIO(base64.b64decode(kept)))
        assert near(image.getpixel((3, 3)), seen.getpixel((3, 3)), 3)


def test_a_contact_sheet_is_one_image(client):
    sheet = sd.contact_sheet(results(client), columns=2)
    assert sheet.mode == "RGB"
    assert sheet.width == 2 * (384 + 8) + 8


def test_an_array_of_one_image_and_a_sentence_for_several(tmp_path, client):
    one = Client(ScriptedBackend("fal"), library=tmp_path / "one")
    result = one.submit(sd.Request("a fox")).result(60)
    assert np.asarray(result).shape == (24, 32, 3)
    assert np.asarray(result, dtype=float).dtype == float
    with pytest.raises(sd.RequestError, match="has 2 images and an array holds one"):
        np.asarray(results(client, 1)[0])


@pytest.mark.slow
def test_two_results_are_compared(client):
    first, second = results(client, 2)
    assert first.difference(first).mean == 0
    assert first.difference(second).mean > 0
    assert first.difference(second.files[0].pil).mean > 0
    with pytest.raises(sd.RequestError, match="image takes the number"):
        first.difference(second, image=2)


def test_the_library_is_a_sequence_of_its_newest(client):
    found = results(client)
    library = client.library
    assert len(library) == 3
    assert library[0].request_id == found[-1].request_id
    assert [entry.request_id for entry in library[:2]] == [r.request_id for r in found[:0:-1]]
    assert [entry.request_id for entry in library] == [r.request_id for r in found[::-1]]
    assert "<img" in html(library)


def test_an_empty_library_is_one_all_the_same(tmp_path):
    assert bool(sd.Library(tmp_path))
    assert len(sd.Library(tmp_path)) == 0
