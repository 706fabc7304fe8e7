"""Receipts: written beside results, carried in files, read with distrust."""

from __future__ import annotations

import io
import json

import pytest

from seedream_widgets.errors import RequestError
from seedream_widgets.images.receipts import embed
from seedream_widgets.testing import ScriptedBackend, picture
from seedream_widgets.values.receipt import MAX_BYTES, Receipt, read_receipt
from tests.image_files import encoded, photo
from tests.scripted import SECONDS, started

PROMPT = 'Füchse 🦊 "quoted" <b>&amp;</b> ]]> \u2028\ufffe\x01\nend'


@pytest.fixture
def result(tmp_path):
    return started(ScriptedBackend("fal"), tmp_path, PROMPT, images=picture(), seed=3).result(
        SECONDS
    )


@pytest.mark.parametrize("suffix", ["png", "jpg", "jpeg", "webp"])
@pytest.mark.parametrize("form", ["path", "str", "bytes", "file"])
def test_a_saved_file_gives_it_back(result, tmp_path, suffix, form):
    (path,) = result.save(tmp_path / f"fox.{suffix}")
    data = path.read_bytes()
    given = {"path": path, "str": str(path), "bytes": data, "file": io.BytesIO(data)}[form]
    receipt = read_receipt(given)
    assert receipt == result.receipt
    assert receipt.prompt == PROMPT


def test_json_round_trip(result):
    assert Receipt.from_json(result.receipt.to_json()) == result.receipt
    assert Receipt.from_json(result.receipt.to_json().encode()) == result.receipt


def test_a_later_version_may_say_more(result):
    more = {**result.receipt.to_dict(), "version": 2, "mood": "happy"}
    assert Receipt.from_json(json.dumps(more)).version == 2


@pytest.mark.parametrize(
    "values",
    [
        {"prompt": 5}, {"prompt": None}, {"settings": []}, {"images": {}}, {"seed": "7"},
        {"seed": True}, {"seed": 1.5}, {"inputs": None}, {"cost": 0.03}, {"timings": []},
    ],
    ids=str,
)  # fmt: skip
def test_values_of_another_type_are_refused(result, values):
    text = json.dumps({**result.receipt.to_dict(), **values})
    with pytest.raises(RequestError, match="not a receipt of seedream_widgets") as caught:
        Receipt.from_json(text)
    assert caught.value.field == "receipt"


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", "null", '{"prompt": "a fox"}', "[" * 100_000, "\x00", " " * (MAX_BYTES + 1)],
)
def test_what_is_no_receipt_is_refused_in_files_too(text):
    with pytest.raises(RequestError, match="not a receipt of seedream_widgets"):
        Receipt.from_json(text)
    if text and len(text) <= MAX_BYTES:
        with pytest.raises(RequestError, match="receipt"):
            read_receipt(embed(encoded(photo(), "PNG"), text))


@pytest.mark.parametrize(
    "data", [b"", b"no image", encoded(photo(), "PNG"), encoded(photo(), "GIF")]
)
def test_a_file_without_one(data):
    with pytest.raises(RequestError, match="there is no receipt in this file"):
        read_receipt(data)


@pytest.mark.parametrize("file", ["missing.png", ".", 5, None])
def test_what_can_not_be_read(tmp_path, file):
    with pytest.raises(
        RequestError, match=r"file (can't be read|takes a path, as text or a Path; got)"
    ):
        read_receipt(tmp_path / file if isinstance(file, str) else file)
