"""What an earlier session left behind comes back, without a new submit."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time

import pytest

from seedream_widgets.errors import BackendError, JobCancelled, SubmitUnknownError
from seedream_widgets.jobs.client import Client
from seedream_widgets.library import Library
from seedream_widgets.library.processes import AWAY_SECONDS, this_process
from seedream_widgets.testing import ScriptedBackend, picture
from seedream_widgets.values.request import Request
from tests.scripted import SECONDS, until

LOST = BackendError("no net", billing="maybe")


def left_behind(tmp_path, step="accepted", **settings):
    """Leave a request behind at a step, as a process that ended there."""
    backend = ScriptedBackend("fal", errors={"fetch": LOST})
    job = Client(backend, library=tmp_path).submit(Request("a fox", seed=3, **settings))
    with pytest.raises(BackendError):
        job.result(SECONDS)
    (path,) = tmp_path.glob("journal/*.json")
    entry = json.loads(path.read_bytes())
    if step != "accepted":
        entry |= {"step": step, "handle": None}
    path.write_text(json.dumps(entry))
    return job


def later(tmp_path, **script):
    backend = ScriptedBackend("fal", **script)
    return backend, Client(backend, library=tmp_path)


def test_an_accepted_one_runs_to_its_result(tmp_path):
    old = left_behind(tmp_path, images=picture(), num_images=2)
    backend, client = later(tmp_path, images=2)
    assert client._count_resumable() == 1
    (job,) = client.resume()
    assert (job.id, job.created, job.request) == (old.id, old.created, old.request)
    result = job.result(SECONDS)
    assert result.request_id == "r1"
    assert result.receipt.key == old.request.key
    assert client.library.get("r1").files == result.files
    assert backend.count("submit") == backend.count("upload") == client._count_resumable() == 0
    assert client.resume() == ()


def test_one_whose_request_id_is_another_results_is_fetched_all_the_same(tmp_path):
    """fal gave the id twice, and Python ended between the two."""
    Client(ScriptedBackend("fal"), library=tmp_path).submit(Request("an owl")).result(SECONDS)
    left_behind(tmp_path)
    (entry,) = tmp_path.glob("journal/*.json")
    data = entry.read_bytes()
    for _ in range(2):  # the second time it was kept already, and not yet crossed out
        backend, client = later(tmp_path)
        backend.bytes["https://files.test/r1/0"] = picture(5)
        entry.write_bytes(data)
        (job,) = client.resume()
        result = job.result(SECONDS)
        assert (result.request_id, result.files[0].read_bytes()) == ("r1-2", picture(5))
        assert (backend.count("submit"), client._count_resumable()) == (0, 0)
    found = {each.request_id: each.prompt for each in client.library.search()}
    assert found == {"r1": "an owl", "r1-2": "a fox"}


@pytest.mark.parametrize("found", [0, 1])
def test_its_inputs_are_not_needed(tmp_path, found):
    images = [picture(1), picture(2)]
    old = left_behind(tmp_path, images=images)
    kept = sorted(tmp_path.glob("inputs/*/*"), key=lambda path: path.read_bytes() != images[1])
    for path in kept[found:]:
        path.unlink()
    _, client = later(tmp_path)
    (job,) = client.resume()
    result = job.result(SECONDS)
    assert result.request == old.request
    assert result.receipt.arguments == old.request.arguments


def test_settings_that_are_not_accepted_any_more_are_not_in_its_way(tmp_path):
    left_behind(tmp_path, image_size=(960, 960))
    (path,) = tmp_path.glob("journal/*.json")
    entry = json.loads(path.read_bytes())
    entry["request"]["settings"] |= {"image_size": [1, 1], "model": "v3"}
    path.write_text(json.dumps(entry))
    _, client = later(tmp_path)
    (job,) = client.resume()
    receipt = job.result(SECONDS).receipt
    assert (receipt.key, receipt.endpoint) == (entry["key"], entry["endpoint"])


@pytest.mark.parametrize(
    ("step", "error", "billing"),
    [("planned", JobCancelled, "no"), ("sending", SubmitUnknownError, "maybe")],
)
def test_one_that_fal_never_answered_is_told_once(tmp_path, step, error, billing):
    left_behind(tmp_path, step)
    backend, client = later(tmp_path)
    (job,) = client.resume()
    with pytest.raises(error) as caught:
        job.result(SECONDS)
    assert caught.value.billing == billing
    assert [entry.billing for entry in client.library._journal.ended()] == [billing]
    assert client.resume() == ()
    assert backend.calls == []


def test_one_that_is_here_already_is_only_crossed_out(tmp_path):
    left_behind(tmp_path)
    journal = shutil.copytree(tmp_path / "journal", tmp_path / "copy")
    _, client = later(tmp_path)
    client.resume()[0].result(SECONDS)
    shutil.copytree(journal, tmp_path / "journal", dirs_exist_ok=True)
    backend, client = later(tmp_path)
    (job,) = client.resume()
    assert not job.result(SECONDS).cached, "it was bought, if long ago"
    assert backend.calls == []
    assert client._count_resumable() == 0
    assert len(list(tmp_path.glob("results/*/*"))) == 1


def test_twice_at_once_is_once(tmp_path):
    left_behind(tmp_path)
    backend, client = later(tmp_path, hold=["fetch"])
    (job,) = client.resume()
    assert client.resume() == Client(backend, library=tmp_path).resume() == ()
    backend.release("fetch")
    job.result(SECONDS)
    assert backend.count("fetch") == 1


def test_what_failed_is_resumed_by_who_was_just_told_of_it(tmp_path):
    """The engine has not come further than to wake who waits."""
    resumed = threading.Event()
    backend = ScriptedBackend("fal", hold=["fetch"], errors={"fetch": LOST})
    client = Client(backend, library=tmp_path)
    failed = client.submit(Request("a fox"))
    failed.future.add_done_callback(lambda _: resumed.wait(SECONDS))
    backend.release("fetch")
    with pytest.raises(BackendError):
        failed.result(SECONDS)
    backend.errors.clear()
    jobs = client.resume()
    resumed.set()
    assert [len(job.result(SECONDS)) for job in jobs] == [1]
    assert backend.count("submit") == 1


def test_cancelled_while_resumed_fal_is_asked(tmp_path):
    left_behind(tmp_path)
    backend, client = later(tmp_path, hold=["completed"], billing="maybe")
    (job,) = client.resume()
    backend.wait_for("completed")
    job.cancel()
    with pytest.raises(JobCancelled, match="may finish and bill it"):
        job.result(SECONDS)
    assert backend.count("cancel") == 1


def test_without_a_key_it_waits(tmp_path, caplog):
    left_behind(tmp_path)
    client = Client(library=tmp_path)
    assert client.resume() == ()
    assert "set FAL_KEY or call sd.login(), then resume again" in caplog.text
    assert client._count_resumable() == 1


def test_what_is_no_entry_is_not_in_its_way(tmp_path):
    left_behind(tmp_path)
    for name, text in (("a", "{"), ("b", "[]"), ("c", '{"step": "accepted"}')):
        (tmp_path / "journal" / f"{name}.json").write_text(text)
    _, client = later(tmp_path)
    (job,) = client.resume()
    assert len(job.result(SECONDS)) == 1


@pytest.mark.slow
def test_a_living_process_keeps_its_own(tmp_path):
    code = (
        "import sys\nfrom seedream_widgets.testing import *\nfrom tests.scripted import *\n"
        "backend = ScriptedBackend('fal', hold=['queued'])\n"
        "job = Client(backend, library=sys.argv[1]).submit(Request('a fox', seed=3))\n"
        "backend.wait_for('queued'); print('there', flush=True); input()"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(command, stdin=-1, stdout=-1, cwd=os.getcwd()) as process:
        assert process.stdout.readline().strip() == b"there"
        _, client = later(tmp_path)
        assert client.resume() == ()
        process.kill()
        process.wait()
    (job,) = client.resume()
    assert len(job.result(SECONDS)) == 1
    assert Library(tmp_path)._journal.pending() == []


def test_an_unexpected_error_while_resumed_may_be_billed_and_leaves_it_to_be_resumed(tmp_path):
    left_behind(tmp_path)
    _, client = later(tmp_path, errors={"fetch": LookupError("a bug")})
    (job,) = client.resume()
    with pytest.raises(BackendError, match="unexpected LookupError") as caught:
        job.result(SECONDS)
    assert caught.value.billing == "maybe"
    assert client._count_resumable() == 1


def test_what_another_computer_may_be_at_is_told(tmp_path, caplog):
    left_behind(tmp_path)
    (path,) = tmp_path.glob("journal/*.json")
    away = path.rename(path.with_name(f"{path.name.split('.')[0]}.deadbeef-17-99.json"))
    then = time.time() - 30
    os.utime(away, (then, then))
    for lease in tmp_path.glob("leases/*"):
        lease.unlink()
    _, client = later(tmp_path)
    assert client.resume() == ()
    said = r"another computer: 1, last heard of (\d+) s ago\..* resume again in (\d+) s"
    ago, again = map(int, re.search(said, caplog.text).groups())
    assert ago >= 30
    assert ago + again == AWAY_SECONDS
    os.utime(away, (then - 100, then - 100))
    caplog.clear()
    (job,) = client.resume()
    job.result(SECONDS)
    backend, client = later(tmp_path, hold=["fetch"])
    here = client.submit(Request("another fox"))
    backend.wait_for("fetch")
    assert client.resume() == ()
    assert caplog.text == ""
    backend.release("fetch")
    here.result(SECONDS)


def test_what_a_dead_process_was_about_to_write_goes_on_first_use(tmp_path):
    dead = [
        tmp_path / ".staging" / f"old{n}.{this_process().split('-')[0]}-999999999-1" for n in (1, 2)
    ]
    dead[0].mkdir(parents=True)
    dead[1].touch()
    _, client = later(tmp_path)
    client.submit(Request("a fox")).result(SECONDS)
    assert not any(path.exists() for path in dead)


@pytest.mark.slow
def test_under_another_key_it_is_asked_for_and_left_as_it_was(fal_server, tmp_path, monkeypatch):
    fal_server.settings.other_keys = ["other-id:other-secret"]
    held = True
    fal_server.settings.runs_on = lambda: held
    client = Client("fal", library=tmp_path)
    job = client.submit(Request("a fox", image_size=(960, 960)))
    until(lambda: job.request_id)
    (path,) = tmp_path.glob("journal/*.json")
    text = path.read_text()
    assert "local-secret" not in text
    entry = json.loads(text)
    (tmp_path / "two" / "journal").mkdir(parents=True)
    (tmp_path / "two" / "journal" / f"{job.id}.json").write_text(text)
    held = False
    assert len(job.result(60)) == 1
    fal_server.fail("status", "404", times=None)
    fal_server.fail("stream", "404", times=None)
    fal_server.fail("result", "404", times=None)
    other = Client("fal", key="other-id:other-secret", library=tmp_path / "two")
    (asked,) = other.resume()
    with pytest.raises(BackendError, match=r"sent with another key .* left as it was"):
        asked.result(60)
    assert other._count_resumable() == 1
    (path,) = (tmp_path / "two").glob("journal/*.json")
    left = json.loads(path.read_bytes())
    assert {**left, "owner": ""} == {**entry, "owner": ""}
    fal_server.heal()  # the account's own key, made anew, is another key, too
    (asked,) = other.resume()
    assert len(asked.result(60)) == 1
    for each in (client, other):
        each.close()
