"""Results on disk: found by anyone with the folder, whole, private, and never over another."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from dataclasses import replace

import pytest

import seedream_widgets as sd
from seedream_widgets.errors import RequestError, ResultError
from seedream_widgets.jobs.client import Client
from seedream_widgets.library import Library
from seedream_widgets.testing import ScriptedBackend, picture
from seedream_widgets.values.request import Request
from tests.library_folders import counted, keep_busy, save
from tests.scripted import SECONDS


def kept(folder, prompt="a fox", **settings):
    client = Client(ScriptedBackend("fal"), library=folder)
    return client.submit(Request(prompt, **settings)).result(SECONDS)


def commit(library, receipt):
    """Put a result into the library, as a job does when its files are downloaded."""
    stage = library._stage(f"job-{threading.get_ident()}")
    (stage / "1.png").write_bytes(picture())
    return library._commit(stage, receipt, "a-fox")[0]


def state(path):
    """Tell a file from one put in its place, or changed; reading it changes nothing."""
    about = path.stat()
    return about.st_ino, about.st_mtime_ns, about.st_size


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
        library._keep_inputs(request)
    assert len(list(tmp_path.glob("inputs/*/*"))) == 2
    assert [library.input(image.sha256) for image in request.images] == list(request.images)


@pytest.mark.parametrize("digest", ["", "*", "../" * 21 + "x", "A" * 64, "0" * 64, "?" * 64])
def test_an_input_that_is_not_there(tmp_path, digest):
    Library(tmp_path)._keep_inputs(Request("a fox", picture()))
    with pytest.raises(RequestError, match=r"is not in .*; give the image itself"):
        Library(tmp_path).input(digest)


def test_an_input_that_was_changed_is_not_taken_for_it(tmp_path):
    (image,) = Request("a fox", picture(1)).images
    Library(tmp_path)._keep_inputs(Request("a fox", picture(1)))
    (path,) = tmp_path.glob("inputs/*/*")
    path.write_bytes(picture(2))
    with pytest.raises(RequestError, match="is not in"):
        Library(tmp_path).input(image.sha256)


def test_the_same_result_a_second_time_leaves_the_first(tmp_path):
    first = kept(tmp_path)
    before = state(first.files[0].path)
    second = kept(tmp_path)  # another session fetches the same request id
    assert second.files == first.files
    assert state(first.files[0].path) == before
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


@pytest.mark.slow
def test_a_further_result_is_the_same_work_on_a_busy_day(tmp_path):
    result, work = kept(tmp_path / "other"), []
    for others in (1, 400):
        library = Library(tmp_path / str(others))
        for number in range(others):
            save(library.path, f"other-{number}", day=result.receipt.created[:10])
        folder = commit(library, replace(result.receipt, request_id="first"))
        keep_busy(library.path, folder.parent.name)
        with counted() as calls:
            commit(library, replace(result.receipt, request_id="second"))
        work.append(calls)
        assert len(library.search()) == others + 2
    assert work[0] == work[1]


@pytest.mark.slow
def test_an_identical_request_is_no_look_into_each_folder(tmp_path):
    mine, result = Library(tmp_path / "here"), kept(tmp_path / "other", seed=7)
    for number in range(400):
        save(mine.path, f"other-{number}", day=result.receipt.created[:10])
    assert mine._twin(result.receipt.key, "fal") is None
    another = Library(tmp_path / "here")
    folder = commit(another, replace(result.receipt, images=result.receipt.images[:1]))
    keep_busy(mine.path, folder.parent.name)  # a quiet day is looked through for favourites
    with counted() as calls:
        assert mine._twin(result.receipt.key, "fal").request_id == "r1"
    assert calls["stat"] < 20, calls
    assert calls["open"] < 5, calls


def test_what_another_kernel_put_there_unseen_stays(tmp_path, monkeypatch):
    mine = Library(tmp_path / "here")
    assert len(mine.search()) == 0
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "another's cache"))
    receipt = kept(tmp_path / "other").receipt
    folder = commit(Library(mine.path), receipt)
    before = state(folder / "receipt.json")
    assert commit(mine, replace(receipt, seed=99)) == folder
    assert state(folder / "receipt.json") == before
    assert not list(mine.path.glob(".staging/*"))


def test_a_result_that_was_moved_by_hand_stays_where_it_is(tmp_path):
    library, receipt = Library(tmp_path / "here"), kept(tmp_path / "other").receipt
    elsewhere = library.path / "results" / "foxes of May" / "the best"
    first = commit(library, receipt)
    elsewhere.parent.mkdir()
    first.rename(elsewhere)
    assert commit(library, receipt) == elsewhere
    assert list(library.path.glob("results/*/*")) == [elsewhere]


@pytest.mark.parametrize("folder", ["there", "link"])
def test_a_damaged_folder_is_made_whole_below_a_relative_path(tmp_path, monkeypatch, folder):
    (tmp_path / "link").symlink_to("there")
    (tmp_path / "there").mkdir()
    monkeypatch.chdir(tmp_path)
    first = kept(folder)
    first.files[0].path.unlink()
    second = kept(folder)
    assert second.note is first.note is None
    assert second.files == first.files
    monkeypatch.chdir("/")
    assert second.files[0].path.exists()


@pytest.mark.slow
def test_kernels_that_put_the_same_result_there_at_once(tmp_path):
    receipt, troubles, together = kept(tmp_path / "other").receipt, [], threading.Barrier(4)

    def put(library):
        try:
            for number in range(25):
                together.wait(SECONDS)
                commit(library, replace(receipt, request_id=f"r-{number}"))
        except Exception as error:
            troubles.append(error)
            together.abort()

    kernels = [threading.Thread(target=put, args=(Library(tmp_path / "a"),)) for _ in range(4)]
    for kernel in kernels:
        kernel.start()
    for kernel in kernels:
        kernel.join()
    assert troubles == []
    assert {entry.request_id for entry in Library(tmp_path / "a").search()} == {
        entry.result().request_id for entry in Library(tmp_path / "a").search()
    }
    assert len(list((tmp_path / "a").glob("results/*/*"))) == 25


def test_a_request_id_stays_in_its_folder(tmp_path):
    library = Library(tmp_path)
    result = kept(tmp_path / "other")
    receipt = json.loads(json.dumps({**result.receipt.to_dict(), "request_id": "../../../x/.."}))
    folder = commit(library, type(result.receipt)(**receipt))
    assert folder.parent.parent == tmp_path / "results"
    assert folder.name == "a-fox-.._.._.._x_"  # Windows would take a dot at its end away


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
from seedream_widgets.testing import *
from tests.scripted import *
from seedream_widgets.library import Library
from seedream_widgets.values.handle import Handle
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


@pytest.mark.slow
def test_two_processes_on_one_library(tmp_path):
    commands = [[sys.executable, "-c", CODE, name, str(tmp_path)] for name in ("one", "two")]
    running = [subprocess.Popen(command, stderr=-1, text=True) for command in commands]
    for process in running:
        assert process.communicate(timeout=200)[1] == ""
        assert process.returncode == 0
    library = Library(tmp_path)
    assert len(library.search()) == len(list(tmp_path.glob("results/*/*"))) == 40
    assert library._journal.pending() == []
    assert not list(tmp_path.glob(".staging/*"))


def _cache():
    from platformdirs import user_cache_path

    return user_cache_path("seedream_widgets", appauthor=False)


def test_a_favourite_that_can_not_be_marked_names_the_folder():
    result = kept(sd.library.path)
    folder = result.files[0].path.parent
    (folder / "favourite").mkdir()  # which is a mark as well, and can't be unlinked
    with pytest.raises(sd.SeedreamError, match="can't be written") as caught:
        sd.library.favourite(result)
    assert str(folder) in str(caught.value)
