from __future__ import annotations

from dataclasses import replace

import pytest
from PIL import Image

import seedream_widgets as sd
from seedream_widgets.backends.offline import OfflineBackend
from seedream_widgets.testing import ScriptedBackend

SMALL = sd.Request("a fox", image_size=(960, 960), num_images=2, seed=5)


@pytest.mark.slow
def test_the_offline_preview_repeats_itself_and_a_second_run_is_made(tmp_path):
    client = sd.Client(OfflineBackend(0), library=tmp_path)
    first = client.submit(SMALL).result(60)
    check = first.verify_seed()
    assert check.same
    assert check.different == ()
    assert check.result.request_id != first.request_id
    assert "same pixels" in str(check)
    assert client.verify_seed(client.library.get(first.request_id)).same


class Moody(OfflineBackend):
    """Draw the second picture in another colour each time."""

    colours = iter(("red", "blue"))

    async def download(self, file, target, arriving=None):
        await super().download(file, target)
        if file.url.endswith("/1"):
            Image.new("RGB", (960, 960), next(self.colours)).save(target, "PNG")


@pytest.mark.slow
def test_other_pixels_are_told_by_their_numbers(tmp_path):
    client = sd.Client(Moody(0), library=tmp_path)
    check = client.submit(SMALL).result(60).verify_seed()
    assert (check.same, check.different) == (False, (2,))
    assert "image 2" in str(check)


def test_without_a_seed_there_is_nothing_to_verify(tmp_path):
    backend = ScriptedBackend("fal")
    client = sd.Client(backend, library=tmp_path)
    result = client.submit(sd.Request("a fox")).result(60)
    with pytest.raises(sd.RequestError, match="reported no seed"):
        replace(result, seed=None).verify_seed()


@pytest.mark.slow
def test_a_result_of_the_library_asks_by_the_session_s_client():
    sd.default_client().backend.pace = 0.0
    first = sd.generate("a fox", image_size=(960, 960), seed=5)
    for opened in (
        sd.library.get(first.request_id),
        sd.library.search("fox")[0].result(),
        sd.generate("a fox", image_size=(960, 960), seed=5),
    ):
        check = opened.verify_seed()
        assert check.same
        assert not check.result.cached


def test_a_result_without_its_prompt_is_not_asked_for_with_another(tmp_path):
    client = sd.Client(ScriptedBackend("fal"), library=tmp_path, store_prompts=False)
    result = client.submit(sd.Request("a fox", seed=5)).result(60)
    opened = client.library.get(result.request_id)
    with pytest.raises(sd.RequestError, match="prompt of this result was not stored"):
        opened.verify_seed()
    assert len(client.jobs) == 1
