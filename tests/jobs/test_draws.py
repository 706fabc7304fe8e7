"""Models without a seed: a call asks anew, and a draw names a picture that is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

import seedream_widgets as sd
from seedream_widgets.testing import ScriptedBackend
from seedream_widgets.values.receipt import describe_settings
from tests.scripted import SECONDS

FOX = {"prompt": "a fox", "model": "v5-flash"}


@pytest.fixture
def backend():
    return ScriptedBackend("fal")


@pytest.fixture
def client(backend, tmp_path):
    return sd.Client(backend, library=tmp_path)


def asked(client, **given):
    return client.submit(sd.Request(**{**FOX, **given})).result(SECONDS)


def test_a_rerun_asks_again(client, backend):
    results = [asked(client), asked(client)]
    assert backend.count("submit") == 2
    assert not any(result.cached for result in results)


def test_a_draw_that_was_kept_is_answered_from_the_library(client, backend, tmp_path):
    first, second = asked(client, draw=1), asked(client, draw=2)
    assert backend.count("submit") == 2
    later = sd.Client(backend, library=tmp_path)
    for who in (client, later):
        again = asked(who, draw=1)
        assert again.cached
        assert [file.path for file in again.files] == [file.path for file in first.files]
        assert asked(who, draw=2).request_id == second.request_id
    assert backend.count("submit") == 2
    assert not asked(client).cached
    assert backend.count("submit") == 3


def test_it_is_in_key_and_receipt_only_when_given(client):
    plain, drawn = asked(client), asked(client, draw=2)
    assert (plain.receipt.key, "draw" in plain.receipt.settings) == (None, False)
    assert drawn.receipt.settings["draw"] == 2
    assert drawn.receipt.key == drawn.request.key is not None
    assert "draw" not in drawn.receipt.arguments
    kept = client.library.get(drawn.request_id)
    assert kept.request == drawn.request
    assert "draw=2" in drawn.as_code()
    assert "draw" not in plain.as_code()


def test_draws_and_seeds_go_together_where_there_is_a_seed(client, backend):
    for draw in (None, 1, 2, None, 1):
        asked(client, model="v4", seed=7, draw=draw)
    assert backend.count("submit") == 3


@pytest.mark.parametrize("model", ["v5-lite", "v5-flash", "v5-pro", "v5.5"])
def test_what_takes_no_seed_tells_none(client, model):
    """The scripted backend answers seed 7; nothing may offer to reuse it."""
    result = asked(client, model=model)
    assert result.seed is result.receipt.seed is None
    assert "seed" not in repr(result)
    assert "no seed" in result._repr_mimebundle_()["text/html"]
    assert result.files[0].path.exists()
    saved = result.save(Path(result.files[0].path.parent.parent) / "saved")
    assert saved[0].name == "a-fox-1.png"
    with pytest.raises(sd.RequestError, match="seed"):
        result.verify_seed()
    assert asked(client, model="v4").seed == 7


def test_old_receipts_read_as_before():
    settings = describe_settings(sd.Request("a fox", seed=7))
    assert list(settings) == [
        "image_size", "num_images", "max_images", "seed", "enhance_prompt_mode",
        "enable_safety_checker", "sync_mode", "model",
    ]  # fmt: skip
