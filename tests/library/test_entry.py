"""A result read back from its folder; a receipt may come from anybody."""

from __future__ import annotations

import json
import shutil

import pytest

from seedream_widgets.errors import ResultError
from seedream_widgets.library import Library
from seedream_widgets.library.entry import load
from seedream_widgets.testing import ScriptedBackend, picture
from tests.scripted import SECONDS, started


@pytest.fixture
def result(tmp_path):
    backend = ScriptedBackend("fal", images=2)
    return started(backend, tmp_path, images=[picture(9)], seed=3).result(SECONDS)


@pytest.fixture
def folder(result):
    return result.files[0].path.parent


def change(folder, **values):
    path = folder / "receipt.json"
    path.write_text(json.dumps({**json.loads(path.read_bytes()), **values}))


def test_it_is_what_was_written(result, folder):
    again = load(folder)
    assert not again.cached, "no request was answered with it"
    for name in ("request", "request_id", "files", "seed", "backend", "created", "receipt"):
        assert getattr(again, name) == getattr(result, name)
    assert again.timings.total == pytest.approx(result.timings.total, abs=0.001)
    assert [image.tobytes() for image in again] == [image.tobytes() for image in result]
    assert again.request.images[0].data == picture(9)


def test_a_lost_input_takes_nothing_with_it(result, folder, tmp_path):
    shutil.rmtree(tmp_path / "inputs")
    again = load(folder)
    assert again.request == result.request
    assert again.files == result.files


def test_a_prompt_that_was_not_stored(folder):
    change(folder, prompt="")
    assert len(load(folder)) == 2


@pytest.mark.parametrize("seed", [-5, 2**31, 10**30])
def test_a_seed_that_no_request_takes_is_none(folder, tmp_path, seed):
    change(folder, seed=seed)
    shutil.copytree(tmp_path / "results", tmp_path / "another" / "results")
    (entry,) = Library(tmp_path / "another")  # whose index has not seen it before
    assert load(folder).seed is entry.seed is None


@pytest.mark.parametrize("file", ["../secret.png", "/etc/passwd", "..", ".", "", "a\0b", 5, None])
def test_it_reads_nothing_outside_its_folder(folder, file):
    (folder.parent / "secret.png").write_bytes(picture())
    change(folder, images=[{"file": file, "format": "PNG", "width": 1, "height": 1}])
    with pytest.raises(ResultError, match="its other files are still there"):
        load(folder)


IMAGE = {"file": "1.png", "format": "PNG", "width": 32, "height": 24}


@pytest.mark.parametrize(
    "values",
    [
        {"images": []}, {"images": ["1.png"]}, {"images": [5]}, {"images": [{}]},
        {"images": [{**IMAGE, "width": float("inf")}]}, {"images": [{**IMAGE, "width": "wide"}]},
        {"images": [{**IMAGE, "format": "EXE"}]}, {"images": [{**IMAGE, "format": []}]},
        {"timings": {}}, {"timings": dict.fromkeys(("queue", "generation", "fetch", "total"), "x")},
        {"created": "yesterday"}, {"created": "9999-99-99"}, {"prompt": 5},
    ],
    ids=str,
)  # fmt: skip
def test_a_receipt_that_is_wrong(folder, values):
    change(folder, **values)
    with pytest.raises(ResultError, match="can't be read"):
        load(folder)


@pytest.mark.parametrize("data", [None, b"", b"{}", b"\xff", b" " * 600_000, b"[" * 100_000])
def test_a_receipt_that_is_none(folder, data):
    path = folder / "receipt.json"
    path.unlink() if data is None else path.write_bytes(data)
    with pytest.raises(ResultError, match="can't be read"):
        load(folder)
