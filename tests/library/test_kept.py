"""A result is kept once it is whole, synced and readable again: only then is it closed."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from seedream_widgets.backends.base import Output, OutputFile, Policy
from seedream_widgets.errors import RequestError, ResultError
from seedream_widgets.jobs.client import Client
from seedream_widgets.jobs.record import entry_of
from seedream_widgets.library import Library
from seedream_widgets.library.folder import sweep
from seedream_widgets.money.pricing import Prices
from seedream_widgets.testing import ScriptedBackend, picture
from seedream_widgets.values.handle import Handle
from seedream_widgets.values.receipt import MAX_BYTES, MAX_HISTORY, Receipt
from seedream_widgets.values.request import MAX_PROMPT, Request
from seedream_widgets.values.status import Completed, Queued
from tests.scripted import SECONDS


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


class Numbered(ScriptedBackend):
    """Give each request an id of its own, in all sessions."""

    def __init__(self, first=1, **arguments):
        super().__init__("fal", **arguments)
        self.first = first

    async def submit(self, request, image_urls):
        handle = await super().submit(request, image_urls)
        return Handle(f"n{self.first + self.count('submit') - 1}", handle.endpoint_id)


def ask(folder, backend=None, prompt="a fox", **settings):
    client = Client(backend or Numbered(), library=folder)
    return client.submit(Request(prompt, **settings)).result(SECONDS)


def forget_digests(result):
    """Make its receipt one of before digests were written."""
    path = result.files[0].path.with_name("receipt.json")
    values = json.loads(path.read_bytes())
    for image in values["images"]:
        del image["bytes"], image["sha256"]
    path.write_text(json.dumps(values))


def empty(path):
    path.write_bytes(b"")


def cut(path):
    path.write_bytes(path.read_bytes()[:-20])


def zeros(path):
    """Leave what a power cut leaves of a file that was never synced."""
    path.write_bytes(bytes(path.stat().st_size))


def one_byte(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


DAMAGE = [empty, cut, zeros, one_byte]


def test_the_receipt_says_how_many_bytes_came_and_which(tmp_path):
    result = ask(tmp_path)
    (image,) = json.loads(result.files[0].path.with_name("receipt.json").read_bytes())["images"]
    data = result.files[0].path.read_bytes()
    assert image["bytes"] == len(data)
    assert image["sha256"] == result.files[0].sha256
    assert Library(tmp_path).get("n1").files == result.files


# One byte of a JPEG whose receipt has no digest is not among them: nothing tells of it.
@pytest.mark.parametrize(
    ("kind", "old", "damage"),
    [
        *itertools.product(["PNG", "JPEG"], [False], DAMAGE),
        *itertools.product(["PNG"], [True], DAMAGE),
        *itertools.product(["JPEG"], [True], [empty, cut, zeros]),
    ],
)
def test_a_damaged_file_is_no_answer_to_a_seeded_repeat(tmp_path, kind, old, damage):
    backend = Numbered()
    backend.bytes["https://files.test/n1/0"] = picture(size=(300, 200), kind=kind)
    first = ask(tmp_path, backend, seed=3)
    if old:
        forget_digests(first)
    damage(first.files[0].path)
    again = ask(tmp_path, Numbered(2), seed=3)
    assert (again.request_id, again.cached) == ("n2", False)
    again.image.load()


@pytest.mark.parametrize("old", [False, True])
def test_a_whole_result_is_not_bought_again(tmp_path, old):
    first = ask(tmp_path, seed=3)
    if old:
        forget_digests(first)
    backend = Numbered(2)
    assert ask(tmp_path, backend, seed=3).request_id == "n1"
    assert backend.count("submit") == 0


def test_a_damaged_newest_twin_does_not_pay_when_an_older_one_is_whole(tmp_path):
    ask(tmp_path, seed=3)
    client = Client(Numbered(2), library=tmp_path)
    newest = client.submit(Request("a fox", seed=3), fresh=True).result(SECONDS)
    cut(newest.files[0].path)
    backend = Numbered(3)
    assert ask(tmp_path, backend, seed=3).request_id == "n1"
    assert backend.count("submit") == 0


@pytest.mark.parametrize("damage", DAMAGE)
def test_resuming_fetches_again_what_is_damaged(tmp_path, damage):
    backend = Numbered()
    job = Client(backend, library=tmp_path).submit(Request("a fox"))
    first, library = job.result(SECONDS), Library(tmp_path)
    damage(first.files[0].path)
    # Python ended after the folder appeared and before the entry went.
    asked = job.request, "fal", job.id, job.created, Prices(), Policy()
    entry = library._journal.claim(entry_of(*asked))
    entry = library._journal.step(entry, "accepted", job.handle.to_dict())
    library._journal.release(entry)
    (again,) = Client(backend, library=tmp_path).resume()
    assert again.result(SECONDS).files[0].path.read_bytes() == backend.bytes[first.files[0].url]
    assert (backend.count("submit"), backend.count("fetch")) == (1, 2)
    assert library._journal.pending() == []


@pytest.mark.parametrize("damage", DAMAGE)
def test_what_is_damaged_is_told_when_it_is_read(tmp_path, damage):
    result = ask(tmp_path)
    damage(result.files[0].path)
    with pytest.raises(ResultError, match=r"1\.png"):
        Library(tmp_path).search()[0].result().image.load()
    with pytest.raises(ResultError, match=r"not the file that came.*PIL\.Image"):
        result.save(tmp_path / "out")


def test_a_request_id_that_is_given_twice_keeps_both_pictures(tmp_path):
    first = ask(tmp_path, Numbered())
    other = Numbered()
    other.bytes["https://files.test/n1/0"] = picture(5)
    second = ask(tmp_path, other, prompt="an owl")
    assert first.files[0].path.read_bytes() == picture(0)
    assert second.files[0].path.read_bytes() == picture(5)
    assert [second.request_id, second.receipt.request_id] == ["n1-2"] * 2
    found = {each.request_id: each.prompt for each in Library(tmp_path).search()}
    assert found == {"n1": "a fox", "n1-2": "an owl"}
    assert ask(tmp_path, Numbered()).files == first.files


def test_a_damaged_picture_is_not_replaced_by_another(tmp_path):
    first = ask(tmp_path, Numbered())
    cut(first.files[0].path)
    left, other = first.files[0].path.read_bytes(), Numbered()
    other.bytes["https://files.test/n1/0"] = picture(5)
    assert ask(tmp_path, other).files[0].path.read_bytes() == picture(5)
    assert first.files[0].path.read_bytes() == left


class Disk:
    """Note in which order folders and files are synced, moved and taken away."""

    def __init__(self, monkeypatch):
        self.synced, self.moments, self.unlinked = {}, [], []
        fsync, replace_, unlink = os.fsync, os.replace, os.unlink

        def noting_fsync(handle):
            fsync(handle)
            about = os.fstat(handle)
            self.synced[about.st_ino] = len(self.moments)

        def noting_replace(source, target, **rest):
            replace_(source, target, **rest)
            self.moments.append(("replace", str(target)))

        def noting_unlink(path, **rest):
            if "/journal/" in str(path):
                self.moments.append(("unlink", str(path)))
                self.unlinked.append((len(self.moments), dict(self.synced)))
            unlink(path, **rest)

        monkeypatch.setattr(os, "fsync", noting_fsync)
        monkeypatch.setattr(os, "replace", noting_replace)
        monkeypatch.setattr(os, "unlink", noting_unlink)


def test_all_of_a_result_is_on_the_disk_before_its_entry_goes(tmp_path, monkeypatch):
    disk, library = Disk(monkeypatch), tmp_path / "library"
    result = ask(library, Numbered(images=2))
    folder = result.files[0].path.parent
    placed = disk.moments.index(("replace", str(folder)))
    synced = next(synced for moment, synced in disk.unlinked if moment > placed)
    for path in (*folder.iterdir(), folder):
        assert synced.get(path.stat().st_ino, placed + 1) <= placed, f"{path} was not synced"
    for parent in (folder.parent, library / "results", library, tmp_path):
        assert parent.stat().st_ino in synced, f"{parent} was not synced"
    assert synced[folder.parent.stat().st_ino] > placed, "the move was not synced"


@pytest.fixture
def another_disk(tmp_path):
    """A folder on another disk than the temporary one: in memory, or not in memory."""
    import tempfile

    places = [place for place in map(Path, ("/dev/shm", "/var/tmp")) if place.is_dir()]
    others = [place for place in places if place.stat().st_dev != tmp_path.stat().st_dev]
    if not others:
        pytest.skip("needs /dev/shm or /var/tmp on another disk than the temporary folder")
    with tempfile.TemporaryDirectory(dir=others[0]) as folder:
        yield Path(folder)


@pytest.mark.parametrize("moved", ["results", "inputs", "journal"])
def test_a_part_of_the_library_on_another_disk(tmp_path, another_disk, moved):
    assert os.stat(another_disk).st_dev != os.stat(tmp_path).st_dev
    (tmp_path / moved).symlink_to(another_disk)
    backend = Numbered()
    result = ask(tmp_path, backend, images=picture(3), seed=3)
    assert result.note is None
    assert result.files[0].path.is_relative_to(tmp_path / "results")
    assert Library(tmp_path).get("n1").request.images[0].data == picture(3)
    assert Library(tmp_path)._journal.pending() == []
    assert not list(tmp_path.glob("**/.staging/*"))
    assert not list(another_disk.glob("**/.staging/*"))
    assert ask(tmp_path, Numbered(2), images=picture(3), seed=3).request_id == "n1"


def test_what_was_left_on_another_disk_is_swept_away(tmp_path):
    for name in ("left", "followed"):
        (tmp_path / "results" / ".staging" / f"job.{name}").mkdir(parents=True)
    sweep(tmp_path, lambda owner, _: owner == "followed")
    assert [path.name for path in tmp_path.glob("results/.staging/*")] == ["job.followed"]


@pytest.mark.slow
def test_without_any_writable_disk_the_pictures_are_in_memory(tmp_path):
    code = f"""
import os, resource, sys
from seedream_widgets.money.pricing import Prices
from seedream_widgets.testing import *
from tests.scripted import *
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # no file of this process takes a byte
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
backend = ScriptedBackend("fal", images=2)
job = Client(backend, library={str(tmp_path)!r}).submit(Request("a fox"))
result = job.result(SECONDS)
assert [file.data for file in result.files] == [backend.bytes[f.url] for f in result.files]
assert [image.size for image in result] == [(32, 24)] * 2
os.write(1, result.note.encode())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "File too large" in done.stdout
    assert "save them with result.save()" in done.stdout


class Waiting(Numbered):
    """Tell of so many places in the queue."""

    def __init__(self, places):
        super().__init__()
        self.statuses = (*(Queued(place) for place in range(places, 0, -1)), Completed())


def test_a_long_wait_in_the_queue_leaves_a_result_that_can_be_read(tmp_path):
    result = ask(tmp_path, Waiting(12_000), seed=3)
    assert result.note is None
    history = Library(tmp_path).get("n1").receipt.history
    assert len(history) == MAX_HISTORY
    assert history[0]["status"] == "preparing"
    assert history[-1]["status"] == "fetching"
    assert ask(tmp_path, Numbered(2), seed=3).request_id == "n1"


class Talkative(Numbered):
    """Answer with as many pictures, and as long addresses, as are taken."""

    async def fetch(self, handle):
        await self._step("fetch", handle)
        long = "https://files.test/" + "x" * 4000
        return Output(tuple(OutputFile(f"{long}{n}") for n in range(64)), seed=7)


def test_the_largest_result_can_be_read_again(tmp_path):
    prompt = "\x01" * MAX_PROMPT  # six bytes each in JSON
    images = [f"https://example.org/{'é' * 8000}{n}" for n in range(10)]
    result = ask(tmp_path, Talkative(), prompt=prompt, images=images, seed=3)
    assert result.note is None
    size = result.files[0].path.with_name("receipt.json").stat().st_size
    assert size <= MAX_BYTES
    assert Library(tmp_path).get("n1").receipt == result.receipt
    assert ask(tmp_path, Numbered(2), prompt=prompt, images=images, seed=3).request_id == "n1"


def test_the_largest_request_is_an_entry_that_can_be_read_again(tmp_path):
    backend = Numbered(hold=["queued"])
    images = [f"https://example.org/{'é' * 8000}{n}" for n in range(10)]
    job = Client(backend, library=tmp_path).submit(Request("\x01" * MAX_PROMPT, images))
    backend.wait_for("queued")
    (entry,) = Library(tmp_path)._journal.pending()
    assert entry.handle == job.handle.to_dict()
    backend.release("queued")
    job.result(SECONDS)


def test_a_prompt_has_an_end():
    Request("x" * MAX_PROMPT)
    with pytest.raises(RequestError, match="up to 20,000 characters, got 20,001; shorten it"):
        Request("x" * (MAX_PROMPT + 1))


def test_a_longer_prompt_of_before_is_still_read(tmp_path):
    result = ask(tmp_path, seed=3)
    path = result.files[0].path.with_name("receipt.json")
    old = replace(result.receipt, prompt="y" * 90_000)
    path.write_text(old.to_json())
    again = Library(tmp_path).get("n1")
    assert again.receipt.prompt == "y" * 90_000
    assert (again.request.prompt, again.request.seed) == ("y" * MAX_PROMPT, 3)


def test_a_receipt_without_digests_is_read_as_before(tmp_path):
    result = ask(tmp_path)
    forget_digests(result)
    again = Library(tmp_path).get("n1")
    again.image.load()
    assert (again.files[0].byte_count, again.files[0].sha256) == (None, "")
    assert Receipt.from_json(again.receipt.to_json()) == again.receipt
