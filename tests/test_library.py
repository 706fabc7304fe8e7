"""Results on disk: found by anyone with the folder, whole, private, and never over another."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from seedream_widgets.client import Client
from seedream_widgets.errors import RequestError, ResultError
from seedream_widgets.request import Request
from seedream_widgets.store import Library
from tests.scripted import SECONDS, ScriptedBackend, picture


def kept(folder, prompt="a fox", **settings):
    client = Client(ScriptedBackend("fal"), library=folder)
    return client.submit(Request(prompt, **settings)).result(SECONDS)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


def test_a_copy_of_the_folder_is_all_it_takes(tmp_path):
    result = kept(tmp_path / "here", images=picture(9))
    os.rename(tmp_path / "here", tmp_path / "there")
    library = Library(str(tmp_path / "there"))
    assert [entry.prompt for entry in library.search("fox")] == ["a fox"]
    again = library.get("r1")
    assert again.receipt == result.receipt
    assert again.request.images[0].data == picture(9)


def test_all_is_private(tmp_path):
    kept(tmp_path / "new" / "library", images=picture(9))
    for path in (tmp_path / "new" / "library").rglob("*"):
        mode = path.stat().st_mode & 0o777
        assert mode in ((0o700,) if path.is_dir() else (0o600, 0o644)), path
        if path.name == "receipt.json" or path.parent.parent.name == "inputs":
            assert mode == 0o600
    assert (tmp_path / "new" / "library").stat().st_mode & 0o777 == 0o700


def test_an_input_is_kept_once_and_found_by_its_digest(tmp_path):
    library, request = Library(tmp_path), Request("a fox", [picture(1), picture(2), picture(1)])
    for _ in range(2):
        library.keep_inputs(request)
    assert len(list(tmp_path.glob("inputs/*/*"))) == 2
    assert [library.input(image.sha256) for image in request.images] == list(request.images)


@pytest.mark.parametrize("digest", ["", "*", "../" * 21 + "x", "A" * 64, "0" * 64, "?" * 64])
def test_an_input_that_is_not_there(tmp_path, digest):
    Library(tmp_path).keep_inputs(Request("a fox", picture()))
    with pytest.raises(RequestError, match=r"is not in .*; give the image itself"):
        Library(tmp_path).input(digest)


def test_an_input_that_was_changed_is_not_taken_for_it(tmp_path):
    (image,) = Request("a fox", picture(1)).images
    Library(tmp_path).keep_inputs(Request("a fox", picture(1)))
    (path,) = tmp_path.glob("inputs/*/*")
    path.write_bytes(picture(2))
    with pytest.raises(RequestError, match="is not in"):
        Library(tmp_path).input(image.sha256)


def test_the_same_result_a_second_time_leaves_the_first(tmp_path):
    first = kept(tmp_path)
    before = first.files[0].path.stat()
    second = kept(tmp_path)  # another session fetches the same request id
    assert second.files == first.files
    assert first.files[0].path.stat() == before
    assert len(list(tmp_path.glob("results/*/*"))) == 1
    assert not list(tmp_path.glob(".staging/*"))


@pytest.mark.parametrize("damage", ["receipt", "file", "both"])
@pytest.mark.parametrize("indexed", [True, False])
def test_a_damaged_folder_is_made_whole(tmp_path, damage, indexed):
    first = kept(tmp_path)
    path = first.files[0].path
    (path.parent / "notes.txt").write_text("mine")
    if damage != "file":
        (path.parent / "receipt.json").write_text("{")
    if damage != "receipt":
        path.unlink()
    if not indexed:
        (index,) = _cache().rglob("*.sqlite")
        index.unlink()
    second = kept(tmp_path)
    assert second.files == first.files
    assert second.note is None
    assert Library(tmp_path).get("r1").receipt == second.receipt
    assert (path.parent / "notes.txt").read_text() == "mine"
    assert len(list(tmp_path.glob("results/*/*"))) == 1


def test_a_request_id_stays_in_its_folder(tmp_path):
    library = Library(tmp_path)
    result = kept(tmp_path / "other")
    stage = library.stage("job")
    (stage / "1.png").write_bytes(picture())
    receipt = json.loads(json.dumps({**result.receipt.to_dict(), "request_id": "../../../x/.."}))
    folder = library.commit(stage, type(result.receipt)(**receipt), "a-fox")
    assert folder.parent.parent == tmp_path / "results"
    assert folder.name == "a-fox-.._.._.._x_.."


def test_favourites(tmp_path):
    result, library = kept(tmp_path), Library(tmp_path)
    assert len(library.search(favourite=True)) == 0
    library.favourite(result)
    assert [entry.request_id for entry in library.search(favourite=True)] == ["r1"]
    (entry,) = library.search()
    library.favourite(entry, False)
    assert len(library.search(favourite=True)) == 0
    with pytest.raises(ResultError, match="no result 'r9'"):
        library.get("r9")


@pytest.mark.parametrize("damage", [b"no database", b"", b"SQLite format 3\0" + b"\xff" * 4096])
def test_a_corrupt_index(tmp_path, damage):
    kept(tmp_path, seed=7)
    (index,) = _cache().rglob("*.sqlite")
    index.write_bytes(damage)
    library = Library(tmp_path)
    assert [entry.prompt for entry in library.search()] == ["a fox"]
    backend = ScriptedBackend("fal")
    client = Client(backend, library=library)
    assert client.submit(Request("a fox", seed=7)).result(SECONDS).cached


@pytest.mark.parametrize("cache", ["file", "folder"])
def test_an_index_that_can_not_be_written(tmp_path, cache, monkeypatch):
    place = tmp_path / "cache"
    place.write_text("a file") if cache == "file" else place.mkdir()
    monkeypatch.setenv("XDG_CACHE_HOME", str(place))
    if cache == "folder":
        (place / "seedream_widgets").write_text("in the way")
    result = kept(tmp_path / "library", seed=7)
    assert result.note is None
    assert [entry.prompt for entry in Library(tmp_path / "library").search()] == ["a fox"]


CODE = """
import sys
from tests.scripted import *
from seedream_widgets.store import Library
name, folder = sys.argv[1:]
class Own(ScriptedBackend):
    async def submit(self, request, image_urls):
        handle = await super().submit(request, image_urls)
        return Handle(f"{name}-{handle.request_id}", handle.endpoint_id)
client = Client(Own("fal"), library=folder)
for job in [client.submit(Request(f"fox {name} {n}", seed=n)) for n in range(20)]:
    assert job.result(60).note is None, job.result().note
assert len(Library(folder).search(name)) == 20
"""


def test_two_processes_on_one_library(tmp_path):
    commands = [[sys.executable, "-c", CODE, name, str(tmp_path)] for name in ("one", "two")]
    running = [subprocess.Popen(command, stderr=-1, text=True) for command in commands]
    for process in running:
        assert process.communicate(timeout=60)[1] == ""
        assert process.returncode == 0
    library = Library(tmp_path)
    assert len(library.search()) == len(list(tmp_path.glob("results/*/*"))) == 40
    assert library.journal.pending() == []
    assert not list(tmp_path.glob(".staging/*"))


def _cache():
    from platformdirs import user_cache_path

    return user_cache_path("seedream_widgets", appauthor=False)
