"""An identical request that another kernel or client has under way is joined, not paid for."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from seedream_widgets.errors import (
    BackendError,
    JobCancelled,
    SeedreamError,
    SubmitUnknownError,
)
from seedream_widgets.jobs import resume
from seedream_widgets.jobs.client import Client
from seedream_widgets.library.processes import this_process
from seedream_widgets.testing import ScriptedBackend, picture
from seedream_widgets.values.request import Request
from tests.jobs.another import Another
from tests.scripted import SECONDS, kinds, until

FOX = Request("a fox", seed=7)


@pytest.fixture
def another(tmp_path):
    """Another Python with the same library."""
    other = Another(tmp_path)
    yield other
    other.kill()


@pytest.fixture
def here(tmp_path):
    """A client here, and its backend, which is `two` where `another` has the first one."""
    backend = ScriptedBackend("fal")
    return Client(backend, library=tmp_path), backend


def waiting_for(job):
    until(lambda: kinds(job)[-1] == "queued")
    return job


def test_it_waits_for_the_others_result(another, here):
    client, two = here
    another.submit("hold=['fetch']", until="fetch")
    waiting = waiting_for(client.submit(FOX))
    assert client.submit(FOX) is waiting
    path = another.run("backend.release('fetch'); said = str(job.result(SECONDS).files[0].path)")
    result = waiting.result(SECONDS)
    assert (result.cached, result.request_id, str(result.files[0].path)) == (True, "r1", path)
    assert two.calls == []
    assert client.spent == client.budget.committed == 0


def test_another_client_of_this_process_has_the_same_job(tmp_path, here):
    one = ScriptedBackend("fal", hold=["fetch"])
    first = Client(one, library=tmp_path)
    client, two = here
    job = first.submit(FOX)
    assert client.submit(FOX) is job
    assert client.jobs == (job,)
    one.release("fetch")
    assert job.result(SECONDS).request_id == "r1"
    assert two.calls == []
    assert client.submit(Request("a fox", seed=7)).result(SECONDS).cached


def test_fresh_and_another_seed_do_not_wait(another, here):
    client, two = here
    another.submit("hold=['fetch']")
    client.submit(FOX, fresh=True)
    client.submit(Request("a fox", seed=8))
    two.wait_for("submit", 2)
    until(lambda: all(each.done for each in client.jobs))


def test_where_the_other_fails_nothing_is_sent(another, here, tmp_path):
    client, two = here
    refused = "BackendError('refused', status_code=422, billing='maybe')"
    another.submit(f"hold=['fetch'], errors={{'fetch': {refused}}}")
    waiting = waiting_for(client.submit(FOX))
    another.run("backend.release('fetch')")
    with pytest.raises(BackendError, match="another process sent the same request") as caught:
        waiting.result(SECONDS)
    assert caught.value.billing == "no"
    assert two.calls == []
    until(lambda: not [path for path in tmp_path.glob("claims/*") if path.is_file()])
    assert len(client.submit(FOX).result(SECONDS)) == 1
    assert two.count("submit") == 1


def test_what_the_other_could_not_fetch_is_fetched(another, here, tmp_path):
    client, two = here
    lost = "BackendError('no net', billing='maybe')"
    another.submit(f"hold=['fetch'], errors={{'fetch': {lost}}}")
    waiting = waiting_for(client.submit(FOX))
    another.run("backend.release('fetch')")
    result = waiting.result(SECONDS)
    assert (result.cached, result.request_id, two.count("submit")) == (False, "r1", 0)
    until(lambda: client.spent > 0)
    assert not list(tmp_path.glob("journal/*.json"))
    assert [path.name for path in tmp_path.glob("claims/*")] == ["kept"]


def test_what_may_have_been_accepted_is_told_and_not_sent_again(another, here):
    client, two = here
    id = another.submit("hold=['submit']")
    waiting = waiting_for(client.submit(FOX))
    another.kill()
    for job in (waiting, client.submit(FOX)):
        with pytest.raises(SubmitUnknownError, match=rf"sent before, .*job {id}.*fresh=True") as no:
            job.result(SECONDS)
        assert no.value.billing == "no"
    assert two.calls == []
    assert len(client.submit(FOX, fresh=True).result(SECONDS)) == 1
    (old,) = client.resume()
    assert (old.id, old.error.billing) == (id, "maybe")


def test_what_the_other_never_sent_is_sent_once_from_here(another, here, tmp_path):
    client, two = here
    another.client("hold=['upload']")
    another.run("job = client.submit(Request('a fox', seed=7, images=picture(0)))")
    another.run("backend.wait_for('upload')")
    waiting = waiting_for(client.submit(Request("a fox", seed=7, images=picture(0))))
    another.kill()
    assert len(waiting.result(SECONDS)) == 1
    assert two.count("submit") == 1
    assert client.spent > 0
    assert not list(tmp_path.glob("journal/*.json"))
    assert client.library._journal.ended() == []


@pytest.mark.parametrize("full", [False, True], ids=["a disk that takes it", "a full disk"])
@pytest.mark.parametrize(
    ("limits", "told"),
    [('{"day": "0.01"}', "the limit of the day leaves"), ("{", "budget.json holds the limits")],
    ids=["a limit that is reached", "limits that can't be read"],
)
def test_what_the_other_never_sent_and_may_not_be_sent_ends(
    another, here, tmp_path, monkeypatch, limits, told, full
):
    client, two = here
    another.client("hold=['upload']")
    another.run("job = client.submit(Request('a fox', seed=7, images=picture(0)))")
    another.run("backend.wait_for('upload')")
    waiting = waiting_for(client.submit(Request("a fox", seed=7, images=picture(0))))
    (tmp_path / "budget.json").write_text(limits)
    if full:
        monkeypatch.setattr(client.library._journal, "end", full_disk)
    another.kill()
    with pytest.raises(SeedreamError, match=told):
        waiting.result(SECONDS)
    assert two.count("submit") == 0
    if not full:
        assert [entry.step for entry in client.library._journal.ended()] == ["cancelled"]


def full_disk(*_):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_cancelling_stops_the_waiting_alone(another, here):
    client, two = here
    another.submit("hold=['fetch']")
    waiting = waiting_for(client.submit(FOX))
    waiting.cancel()
    with pytest.raises(JobCancelled, match="goes on"):
        waiting.result(SECONDS)
    told = "backend.release('fetch'); said = len(job.result(SECONDS)), backend.count('cancel')"
    assert another.run(told) == [1, 0]
    assert two.calls == []


@pytest.mark.parametrize("stopped", [False, True], ids=["runs", "is stopped"])
def test_a_process_that_lives_keeps_its_own_however_long_it_is_silent(
    another, here, tmp_path, stopped
):
    client, two = here
    another.submit("hold=['fetch']", until="fetch")
    if stopped:
        another.process.send_signal(signal.SIGSTOP)
    for path in (*tmp_path.glob("journal/*.json"), *tmp_path.glob("leases/*")):
        os.utime(path, (time.time() - 40_000,) * 2)
    waiting = waiting_for(client.submit(FOX))
    assert client.resume() == ()
    time.sleep(3 * resume.PAUSE)
    assert (waiting.done, two.calls) == (False, [])
    another.process.send_signal(signal.SIGCONT)
    another.run("backend.release('fetch')")
    assert waiting.result(SECONDS).cached


def test_an_own_one_whose_end_could_not_be_written_is_not_waited_for(tmp_path):
    refused = BackendError("refused", status_code=422)
    one = ScriptedBackend("fal", hold=["fetch"], errors={"fetch": refused})
    client = Client(one, library=tmp_path)
    job = client.submit(FOX)
    one.wait_for("fetch")
    (path,) = tmp_path.glob("journal/*.json")
    data = path.read_bytes()
    one.release("fetch")
    until(lambda: job.done)
    path.write_bytes(data)
    one.errors.clear()
    assert client.submit(FOX).result(SECONDS).request_id == job.request_id
    assert one.count("submit") == 1


def test_an_entry_of_an_earlier_version_is_joined_and_fetched(another, here, tmp_path):
    """It has no claim, and its owner in its name."""
    client, two = here
    id = another.submit("hold=['fetch']", until="fetch")
    (path,) = tmp_path.glob("journal/*.json")
    another.kill()
    values = json.loads(path.read_bytes())
    for name in ("owner", "account"):
        del values[name]
    path.unlink()
    for claim in tmp_path.glob("claims/*"):
        if claim.is_file():
            claim.unlink()
    dead = f"{this_process().split('-')[0]}-999999999-1"
    (tmp_path / "journal" / f"{id}.{dead}.json").write_text(json.dumps(values))
    assert client.submit(FOX).result(SECONDS).request_id == "r1"
    assert two.count("submit") == 0
    assert not list(tmp_path.glob("journal/*.json"))


KERNEL = """
import sys
import seedream_widgets as sd
from tests.scripted import kinds, until
client = sd.Client("fal", library=sys.argv[1])
job = client.submit(sd.Request("a fox", image_size=(1024, 1024), seed=7))
until(lambda: kinds(job)[-1] != "preparing")
print(kinds(job)[-1], flush=True)
print(job.result(150).request_id)
client.close()
"""


def kernel(tmp_path):
    command = [sys.executable, "-c", KERNEL, str(tmp_path / "library")]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_two_live_kernels_pay_once(fal_server, tmp_path):
    held = True
    fal_server.settings.runs_on = lambda: held
    first = kernel(tmp_path)
    fal_server.wait(lambda server: server.count("stream"))
    second = kernel(tmp_path)
    assert second.stdout.readline() == "queued\n"  # it waits for the other's
    held = False
    ids = {process.communicate(timeout=200)[0].split()[-1] for process in (first, second)}
    assert len(ids) == len(fal_server.bill) == fal_server.count("submit") == 1


def test_a_kernel_that_is_killed_meanwhile_is_followed_up(fal_server, tmp_path):
    alive = True
    fal_server.settings.runs_on = lambda: alive
    first = kernel(tmp_path)
    fal_server.wait(lambda server: server.count("stream"))
    client = Client("fal", library=tmp_path / "library")
    waiting = client.submit(Request("a fox", image_size=(1024, 1024), seed=7))
    until(lambda: kinds(waiting)[-1] == "queued")
    assert not waiting.handle
    first.kill()
    first.communicate()
    alive = False
    waiting.result(SECONDS)
    assert len(fal_server.bill) == fal_server.count("submit") == 1
    client.close()


ASKED = {
    "whole": 'sd.Request("a fox", image_size=(1024, 1024), seed=7)',
    "in a region": (
        'sd.Request("a red hat", [Image.linear_gradient("L").resize((320, 240)).convert("RGB")], '
        "mask=(60, 40, 150, 110), seed=7)"
    ),
}
SEED = """
import os, sys, time
import seedream_widgets as sd
import seedream_widgets.backends.fal.session
from PIL import Image
client = sd.Client("fal", library=sys.argv[1])
request = eval(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
print(client.submit(request).result(150).request_id)
client.close()
"""


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
def test_processes_that_ask_at_the_same_moment_pay_once(fal_server, tmp_path, asked):
    command = [sys.executable, "-c", SEED, str(tmp_path / "library"), asked]
    processes = [subprocess.Popen(command, stdin=-1, stdout=-1, text=True) for _ in range(3)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    ids = {process.communicate(timeout=200)[0] for process in processes}
    assert len(ids) == len(fal_server.bill) == fal_server.count("submit") == 1


def test_two_clients_of_one_process_that_ask_at_the_same_moment_pay_once(fal_server, tmp_path):
    from concurrent.futures import ThreadPoolExecutor

    clients = [Client("fal", library=tmp_path) for _ in range(2)]
    request = Request("a fox", image_size=(1024, 1024), seed=7)
    with ThreadPoolExecutor(8) as pool:
        jobs = list(pool.map(lambda n: clients[n % 2].submit(request), range(16)))
    assert len({job.result(SECONDS).request_id for job in jobs}) == 1
    assert len(fal_server.bill) == fal_server.count("submit") == 1
    for client in clients:
        client.close()


FORK = """
import os, sys
import seedream_widgets as sd
from PIL import Image
def say(text):  # one write a line: all three write into one pipe
    os.write(1, f"{text}\\n".encode())
client = sd.Client("fal", library=sys.argv[1])
request = eval(sys.argv[2])
assert not client.library.search("fox")
job = client.submit(request)
children = []
for _ in range(2):
    if not (child := os.fork()):
        same = client.submit(request)
        say(same.result(150).request_id)
        client.library.favourite(same.result())  # with an index that is its own
        os._exit(0 if len(client.library.search(favourite=True)) == 1 else 3)
    children.append(child)
say(job.result(150).request_id)
for child in children:
    assert os.waitpid(child, 0)[1] == 0
client.close()
"""


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
def test_forked_children_wait_for_their_parents_request(fal_server, tmp_path, asked):
    fal_server.settings.run_seconds = 1.0
    command = [sys.executable, "-W", "ignore", "-c", FORK, str(tmp_path / "library"), asked]
    done = subprocess.run(command, capture_output=True, text=True, timeout=250)
    assert done.returncode == 0, done.stderr
    assert (len(done.stdout.split()), len(set(done.stdout.split()))) == (3, 1)
    assert len(fal_server.bill) == fal_server.count("submit") == 1
