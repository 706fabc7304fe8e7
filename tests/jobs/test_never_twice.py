"""The same request is not paid for a second time."""

from __future__ import annotations

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal

import pytest

from seedream_widgets.errors import BackendError, JobCancelled
from seedream_widgets.jobs.client import Client
from seedream_widgets.testing import ScriptedBackend, picture
from seedream_widgets.values.request import Request
from tests.scripted import SECONDS, until

FOX = {"prompt": "a fox", "seed": 7}


def make(tmp_path, **script):
    backend = ScriptedBackend("fal", **script)
    return backend, Client(backend, library=tmp_path)


def test_it_is_answered_from_the_library_at_no_cost(tmp_path):
    backend, client = make(tmp_path)
    first = client.submit(Request(**FOX, images=picture())).result(SECONDS)
    spent = client.spent
    for asked in (client, Client(backend, library=tmp_path)):
        again = asked.submit(Request(**FOX, images=picture())).result(SECONDS)
        assert (again.cached, first.cached) == (True, False)
        assert again.files == first.files
    assert backend.count("submit") == 1
    assert client.spent == spent


def test_what_no_disk_took_is_not_bought_again_in_its_session(tmp_path):
    (tmp_path / "a-file").touch()
    backend, client = make(tmp_path / "a-file")
    first = client.submit(Request(**FOX)).result(SECONDS)
    again = client.submit(Request(**FOX)).result(SECONDS)
    assert (again.cached, again.files) == (True, first.files)
    assert first.files[0].data is not None, "it is in memory alone"
    assert (backend.count("submit"), client.spent) == (1, Decimal("0.03"))
    assert not client.submit(Request(**FOX), fresh=True).result(SECONDS).cached


@pytest.mark.parametrize(
    "other",
    [
        {"prompt": "a fox"}, {**FOX, "seed": 8}, {**FOX, "prompt": "a fox "},
        {**FOX, "num_images": 2}, {**FOX, "model": "v4.5"}, {**FOX, "images": picture()},
    ],
    ids=str,
)  # fmt: skip
def test_another_request_is_sent(tmp_path, other):
    backend, client = make(tmp_path)
    for asked in (FOX, other):
        assert not client.submit(Request(**asked)).result(SECONDS).cached
    assert backend.count("submit") == 2


def test_without_a_seed_each_is_its_own(tmp_path):
    backend, client = make(tmp_path)
    for _ in range(2):
        client.submit(Request("a fox")).result(SECONDS)
    assert backend.count("submit") == 2


def test_one_that_names_the_seed_that_came_is_answered_from_the_library(tmp_path):
    backend, client = make(tmp_path)
    bought = client.submit(Request("a fox", images=picture())).result(SECONDS)
    again = replace(bought.request, seed=bought.seed)
    for asked in (client, Client(backend, library=tmp_path)):
        result = asked.submit(again).result(SECONDS)
        assert (result.cached, result.request_id) == (True, bought.request_id)
    assert backend.count("submit") == 1
    assert not client.submit(replace(again, seed=8)).result(SECONDS).cached


def test_fresh_asks_again(tmp_path):
    backend, client = make(tmp_path)
    for _ in range(2):
        assert not client.submit(Request(**FOX), fresh=True).result(SECONDS).cached
    assert backend.count("submit") == 2


def test_fal_is_asked_for_what_only_the_preview_answered(tmp_path):
    preview = Client(ScriptedBackend("offline"), library=tmp_path)
    preview.submit(Request(**FOX)).result(SECONDS)
    backend, client = make(tmp_path)
    backend.calls.append(("submit", None))  # so that its request id is another
    assert not client.submit(Request(**FOX)).result(SECONDS).cached


def test_many_clicks_at_once_are_one_job(tmp_path):
    backend, client = make(tmp_path, hold=["submit"])
    with ThreadPoolExecutor(16) as pool:
        jobs = set(pool.map(lambda _: client.submit(Request(**FOX)), range(64)))
    assert client.jobs == tuple(jobs)
    assert client.submit(Request(**FOX), fresh=True) not in jobs
    backend.release("submit")
    until(lambda: all(job.done for job in client.jobs))
    assert backend.count("submit") == 2


def test_without_room_for_a_claim_it_is_sent_all_the_same_and_that_is_said(tmp_path, caplog):
    (tmp_path / "claims").write_text("no folder")
    backend, client = make(tmp_path, hold=["submit"])
    job = client.submit(Request(**FOX))
    assert client.submit(Request(**FOX)) is job
    assert "another process that asks for the same would pay" in caplog.text
    backend.wait_for("submit")
    (entry,) = client.library._journal.pending()
    assert (entry.id, entry.step) == (job.id, "sending")
    backend.release("submit")
    assert job.result(SECONDS).note is None
    assert client.submit(Request(**FOX)).result(SECONDS).cached
    assert client.library._journal.pending() == []


def test_where_nothing_can_be_written_it_is_sent_all_the_same_and_that_is_said(tmp_path, caplog):
    library = tmp_path / "library"
    library.write_text("no folder")
    backend, client = make(library)
    result = client.submit(Request(**FOX)).result(SECONDS)
    assert "Its pictures stay in memory" in caplog.text
    assert "save them with result.save()" in result.note
    assert result.image.size == (32, 24)
    assert backend.count("submit") == 1


def test_one_that_is_being_cancelled_is_not_joined(tmp_path):
    backend, client = make(tmp_path, hold=["cancel", "completed"])
    first = client.submit(Request(**FOX))
    backend.wait_for("completed")
    first.cancel()
    second = client.submit(Request(**FOX))
    assert second is not first
    for step in ("cancel", "completed"):
        backend.release(step)
    with pytest.raises(JobCancelled):
        first.result(SECONDS)
    assert len(second.result(SECONDS)) == 1


def test_one_whose_cancelling_failed_is_joined_again(tmp_path):
    backend, client = make(tmp_path, hold=["completed"], errors={"cancel": BackendError("no net")})
    job = client.submit(Request(**FOX))
    backend.wait_for("completed")
    job.cancel()
    backend.wait_for("completed", 2)
    assert client.submit(Request(**FOX)) is job
    backend.release("completed")
    job.result(SECONDS)


def test_one_that_failed_is_sent_again(tmp_path):
    backend, client = make(tmp_path, errors={"fetch": BackendError("refused", status_code=422)})
    with pytest.raises(BackendError):
        client.submit(Request(**FOX)).result(SECONDS)
    backend.errors.clear()
    assert len(client.submit(Request(**FOX)).result(SECONDS)) == 1
    assert backend.count("submit") == 2


def test_one_whose_result_was_not_fetched_is_fetched_not_sent_again(tmp_path):
    backend, client = make(tmp_path, errors={"fetch": BackendError("no net", billing="maybe")})
    with pytest.raises(BackendError):
        client.submit(Request(**FOX)).result(SECONDS)
    backend.errors.clear()
    assert len(client.submit(Request(**FOX)).result(SECONDS)) == 1
    assert backend.count("submit") == 1


@pytest.mark.parametrize("damage", ["folder", "file", "receipt"])
def test_one_that_is_not_whole_any_more_is_sent_again(tmp_path, damage):
    backend, client = make(tmp_path)
    path = client.submit(Request(**FOX)).result(SECONDS).files[0].path
    if damage == "folder":
        shutil.rmtree(path.parent)
    else:
        (path if damage == "file" else path.with_name("receipt.json")).unlink()
    again = client.submit(Request(**FOX)).result(SECONDS)
    assert not again.cached
    assert again.files[0].path.exists()
    assert backend.count("submit") == 2


def test_over_a_real_server_one_bill(fal_server, tmp_path):
    request = Request("a fox", image_size=(960, 960), seed=7)
    for _ in range(2):
        client = Client("fal", library=tmp_path)
        jobs = [client.submit(request) for _ in range(3)]
        assert len({job.result(60).files for job in jobs}) == 1
        client.close()
    assert len(fal_server.bill) == fal_server.count("submit") == 1


NIGHT = """
import sys
import seedream_widgets as sd
request = sd.Request("night", images=sys.argv[2], image_size=(1024, 1024))
client = sd.Client("fal", library=sys.argv[1])
print(client.submit(request).result(60).request_id)
client.close()
"""


def test_other_kernels_do_not_upload_the_same_image_again(fal_server, tmp_path):
    fox = tmp_path / "fox.png"
    fox.write_bytes(picture())
    library = str(tmp_path / "library")
    ids = set()
    for _ in range(2):
        command = [sys.executable, "-c", NIGHT, library, str(fox)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=200)
        assert done.returncode == 0, done.stderr
        ids.add(done.stdout)
    assert len(ids) == len(fal_server.bill) == 2
    assert (fal_server.count("token"), fal_server.count("upload")) == (1, 1)


def test_an_upload_that_is_gone_at_fal_is_made_again(fal_server, tmp_path):
    client = Client("fal", library=tmp_path)
    request = Request("night", images=picture(), image_size=(1024, 1024))
    client.submit(request).result(SECONDS)
    for path in [path for path in fal_server.files if path.startswith("/files/a/")]:
        del fal_server.state.files[path]
    with pytest.raises(BackendError, match="can't fetch an input image") as caught:
        client.submit(request).result(SECONDS)
    assert caught.value.error_type == "file_download_error"
    client.submit(request).result(SECONDS)
    assert fal_server.count("upload") == 2
    client.close()
