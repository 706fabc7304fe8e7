"""One job on disk: written down before it is sent, put away whole, and never in its own way."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
import time
from decimal import Decimal

import pytest
from PIL import Image

from seedream_widgets.backends.offline import OfflineBackend
from seedream_widgets.errors import BackendError, ResultError, SubmitUnknownError
from seedream_widgets.jobs.client import Client
from seedream_widgets.jobs.engine import WRITERS, shared
from seedream_widgets.library import Library
from seedream_widgets.testing import ScriptedBackend, picture
from seedream_widgets.values.request import Request
from tests.memory import taken
from tests.scripted import SECONDS, started, until


def pending(library):
    return [(entry.step, entry.handle) for entry in Library(library)._journal.pending()]


def test_it_is_written_down_before_it_is_sent(tmp_path):
    backend = ScriptedBackend("fal", hold=["upload", "submit", "queued"])
    image = picture()
    job = started(backend, tmp_path, images=image, seed=3)
    backend.wait_for("upload")
    (entry,) = Library(tmp_path)._journal.pending()
    assert (entry.step, entry.id, entry.key) == ("claimed", job.id, job.request.key)
    assert (entry.low, entry.high) == ("0.03", "0.03")
    assert Library(tmp_path).input(job.request.images[0].sha256).data == image
    backend.release("upload")
    backend.wait_for("submit")
    assert pending(tmp_path) == [("sending", None)]
    backend.release("submit")
    backend.wait_for("queued")
    assert pending(tmp_path) == [("accepted", job.handle.to_dict())]
    backend.release("queued")
    result = job.result(SECONDS)
    assert pending(tmp_path) == []
    assert result.note is None
    assert not list(tmp_path.glob(".staging/*"))


def test_only_what_bills_is_written_down(tmp_path):
    backend = ScriptedBackend("offline", hold=["queued"])
    job = started(backend, tmp_path)
    backend.wait_for("queued")
    assert not (tmp_path / "journal").exists()
    backend.release("queued")
    assert job.result(SECONDS).files[0].path.is_relative_to(tmp_path)


@pytest.mark.parametrize(
    ("step", "error", "ended"),
    [
        ("submit", BackendError("refused", status_code=400), ("failed", "no")),
        ("submit", SubmitUnknownError("lost", billing="maybe"), ("unknown", "maybe")),
        (
            "completed",
            BackendError("refused", status_code=422, billing="maybe"),
            ("failed", "maybe"),
        ),
        ("fetch", ResultError("gone", status_code=404, billing="maybe"), ("failed", "maybe")),
        ("fetch", BackendError("no answer", billing="maybe"), None),
        ("download", ResultError("not whole", billing="yes"), None),
        ("queued", LookupError("a bug"), None),
    ],
)
def test_an_end_is_written_and_what_may_still_come_is_kept(tmp_path, step, error, ended):
    job = started(ScriptedBackend("fal", errors={step: error}), tmp_path)
    with pytest.raises(BackendError):
        job.result(SECONDS)
    journal = Library(tmp_path)._journal
    assert [(entry.step, entry.billing) for entry in journal.ended()] == ([ended] if ended else [])
    assert len(journal.left_behind()) == (ended is None)


def test_the_receipt_tells_all(tmp_path):
    backend = ScriptedBackend("fal", images=2)
    job = started(backend, tmp_path, "Füchse", images=[picture(), "https://a.test/b.png"], seed=3)
    result = job.result(SECONDS)
    receipt = json.loads((result.files[0].path.parent / "receipt.json").read_bytes())
    assert receipt == result.receipt.to_dict()
    assert receipt["arguments"] == job.request.arguments
    assert receipt["inputs"][0]["sha256"] == job.request.images[0].sha256
    assert receipt["inputs"][1] == {"url": "https://a.test/b.png"}
    assert (receipt["seed"], receipt["settings"]["seed"]) == (7, 3)
    assert (receipt["cost"], receipt["price"]["usd"]) == ("0.06", "0.03")
    assert receipt["key"] == job.request.key
    assert [image["file"] for image in receipt["images"]] == ["1.png", "2.png"]
    assert receipt["history"][-1]["status"] == "fetching"


class SlowLibrary(Library):
    """Take a while to put a result in, and say when it has begun."""

    def __init__(self, path):
        super().__init__(path)
        self.begun, self.go_on = threading.Event(), threading.Event()

    def _commit(self, *result):
        self.begun.set()
        assert self.go_on.wait(SECONDS)
        return super()._commit(*result)


def test_a_cancel_while_the_result_is_written_comes_too_late(tmp_path):
    backend, library = ScriptedBackend("fal"), SlowLibrary(tmp_path)
    job = Client(backend, library=library).submit(Request("a fox"))
    assert library.begun.wait(SECONDS)
    job.cancel()
    time.sleep(0.05)
    assert not job.done
    library.go_on.set()
    assert job.result(SECONDS).files[0].path.is_relative_to(tmp_path / "results")
    assert (backend.count("fetch"), backend.count("cancel")) == (1, 0)


def test_a_cancel_while_the_failure_is_written_comes_too_late(tmp_path):
    error, busy = BackendError("broken", status_code=500), threading.Event()
    backend = ScriptedBackend("fal", hold=["fetch"], errors={"fetch": error})
    job = started(backend, tmp_path)
    backend.wait_for("fetch")
    for _ in range(WRITERS):
        shared().disk.submit(busy.wait, SECONDS)  # nothing gets to the disk until then
    until(lambda: not shared().disk._work_queue.qsize())
    backend.release("fetch")
    until(shared().disk._work_queue.qsize)
    job.cancel()
    time.sleep(0.05)
    assert not job.done
    busy.set()
    with pytest.raises(BackendError, match="broken"):
        job.result(SECONDS)


def test_a_library_that_is_a_file(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    backend = ScriptedBackend("fal", images=2)
    result = started(backend, tmp_path / "file", seed=1).result(SECONDS)
    assert [file.data for file in result.files] == [backend.bytes[f.url] for f in result.files]
    names = ["a-fox-7-1.png", "a-fox-7-2.png"]
    assert [path.name for path in result.save(tmp_path / "out")] == names
    assert "file can't be written" in result.note
    assert "save them with result.save()" in result.note


def test_trouble_with_the_journal_alone_is_told_and_stops_nothing(tmp_path):
    (tmp_path / "journal").write_text("not a folder")
    client = Client(ScriptedBackend("fal"), library=tmp_path)
    result = client.submit(Request("a fox")).result(SECONDS)
    assert result.files[0].path.is_relative_to(tmp_path / "results")
    assert result.files[0].data is None
    assert "can't be written" in result.note
    assert result.note.endswith("the result is there all the same")
    assert client.spent == Decimal("0.03")


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 64 KiB; where none can be mounted, the tests on it can't be run."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    if sys.platform != "linux" or os.geteuid() or subprocess.run(mount, check=False).returncode:
        pytest.skip("needs to be root on Linux to mount a small disk")
    yield disk
    # The engine may still close a file there, of which nobody waits for the end.
    until(lambda: not subprocess.run(["umount", str(disk)], check=False).returncode)


@pytest.mark.slow
@pytest.mark.parametrize("first_fits", [True, False])
def test_a_full_disk(small_disk, first_fits, tmp_path):
    backend = ScriptedBackend("fal", images=2)
    padding = b"\0" * 80_000
    small, large = picture(1), picture(2) + padding
    data = [small if first_fits else large, large]
    backend.bytes = {f"https://files.test/r1/{n}": each for n, each in enumerate(data)}
    client = Client(backend, library=small_disk)
    result = client.submit(Request("a fox")).result(SECONDS)
    assert [file.data for file in result.files] == data
    assert "No space left on device" in result.note
    assert [image.size for image in result] == [(32, 24)] * 2
    saved = result.save(tmp_path / "out", receipt=False)
    assert [path.read_bytes() for path in saved] == data
    assert not list(small_disk.glob("results/*/*"))
    (again,) = client.resume()  # no more room than before
    assert [file.data for file in again.result(SECONDS).files] == data
    backend.bytes = {f"https://files.test/r1/{n}": small for n in range(2)}
    (again,) = client.resume()
    kept = again.result(SECONDS)
    assert kept.note is None
    assert kept.files[1].path.read_bytes() == small
    assert backend.count("submit") == 1
    assert client.spent == Decimal("0.06"), "two images, fetched three times and paid for once"
    assert client.resume() == ()


@pytest.mark.slow
def test_a_disk_that_is_full_from_the_start(small_disk, caplog):
    with open(small_disk / "everything", "wb", buffering=0) as file:
        while file.write(bytes(4096)) == 4096 and os.statvfs(small_disk).f_bavail:
            pass
    backend = ScriptedBackend("fal")
    result = started(backend, small_disk).result(SECONDS)
    said = [record for record in caplog.records if "can't be written (" in record.getMessage()]
    assert len(said) <= 3, "each step meets the same full disk, and says so once"
    assert result.files[0].read_bytes() == backend.bytes["https://files.test/r1/0"]
    assert "No space left on device" in result.note


def large():
    """Return a picture of 3 MB, of noise."""
    file = io.BytesIO()
    Image.frombytes("RGB", (1000, 1000), os.urandom(3_000_000)).save(file, "PNG")
    return file.getvalue()


@pytest.mark.slow
@pytest.mark.parametrize("end", ["result", "failed", "repeated", "offline"])
def test_inputs_of_ended_jobs_are_not_held_in_memory(tmp_path, end):
    # 7 of 3 MB; the offline preview keeps 4 that it may be asked for
    assert taken(seven_that_end, tmp_path, end).held < 16_000_000


def seven_that_end(folder, end):
    errors = {"submit": BackendError("refused", status_code=400)} if end == "failed" else {}
    backend = OfflineBackend(0) if end == "offline" else ScriptedBackend("fal", errors=errors)
    client, data = Client(backend, library=folder), large()
    size = (1280, 960)
    if end == "repeated":
        client.submit(Request("a fox", data, seed=1, image_size=size)).result(SECONDS)

    def ask(number):
        seed = 1 if end == "repeated" else None
        job = client.submit(Request("a fox", bytearray(data), seed=seed, image_size=size))
        until(lambda: job.done)

    for number in range(7):
        ask(number)
    assert all(job.request.images[0].data == data for job in client.jobs)
    for seen in (backend.calls, backend.requests) if end != "offline" else ():
        seen.clear()
    return client


def test_opening_a_result_decodes_no_input(tmp_path):
    client = Client(ScriptedBackend("fal"), library=tmp_path)
    client.submit(Request("a fox", picture(1), seed=1)).result(SECONDS)
    (kept,) = tmp_path.glob("inputs/*/*")
    kept.write_bytes(b"no image any more")
    result = Library(tmp_path).search()[0].result()
    assert result.request.images[0].size == (32, 24)
    assert result.request.images[0].data == b""
