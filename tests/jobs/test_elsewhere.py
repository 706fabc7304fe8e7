"""An identical request that another kernel or client has under way is joined, not paid for."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from seedream_widgets.errors import BackendError, JobCancelled
from seedream_widgets.jobs.client import Client
from seedream_widgets.library.processes import this_process
from seedream_widgets.testing import ScriptedBackend
from seedream_widgets.values.request import Request
from tests.scripted import SECONDS, kinds, until

FOX = Request("a fox", seed=7)


def pair(tmp_path, **script):
    """Return two clients of one library, as of two kernels; the first one's request is sent."""
    one, two = ScriptedBackend("fal", **script), ScriptedBackend("fal")
    first, second = Client(one, library=tmp_path), Client(two, library=tmp_path)
    job = first.submit(FOX)
    one.wait_for("submit")
    return one, two, job, second


def test_it_waits_for_the_others_result(tmp_path):
    one, two, job, second = pair(tmp_path, hold=["fetch"])
    waiting = second.submit(FOX)
    assert second.submit(FOX) is waiting
    one.wait_for("fetch")
    until(lambda: kinds(waiting)[-1] == "queued")
    one.release("fetch")
    result = waiting.result(SECONDS)
    assert (result.cached, result.request_id) == (True, "r1")
    assert result.files == job.result(SECONDS).files
    assert two.calls == []
    assert second.spent == second.budget.committed == 0


def test_fresh_and_another_seed_do_not_wait(tmp_path):
    one, two, job, second = pair(tmp_path, hold=["fetch"])
    second.submit(FOX, fresh=True)
    second.submit(Request("a fox", seed=8))
    two.wait_for("submit", 2)
    one.release("fetch")
    job.result(SECONDS)
    until(lambda: all(each.done for each in second.jobs))


def test_where_the_other_fails_nothing_is_sent(tmp_path):
    refused = BackendError("refused", status_code=422, billing="maybe")
    one, two, _, second = pair(tmp_path, hold=["fetch"], errors={"fetch": refused})
    waiting = second.submit(FOX)
    one.release("fetch")
    with pytest.raises(BackendError, match="another Python asked for the same") as caught:
        waiting.result(SECONDS)
    assert caught.value.billing == "no"
    assert two.calls == []
    assert len(second.submit(FOX).result(SECONDS)) == 1
    assert two.count("submit") == 1


def test_what_the_other_could_not_fetch_is_fetched(tmp_path):
    lost = BackendError("no net", billing="maybe")
    one, two, job, second = pair(tmp_path, hold=["fetch"], errors={"fetch": lost})
    waiting = second.submit(FOX)
    one.release("fetch")
    result = waiting.result(SECONDS)
    assert (result.cached, result.request_id, two.count("submit")) == (False, "r1", 0)
    assert waiting.handle == job.handle
    until(lambda: second.spent > 0)
    assert not list(tmp_path.glob("journal/*.json"))


def test_what_may_have_been_accepted_is_not_sent_again(tmp_path):
    one, two, job, second = pair(tmp_path, hold=["submit"])
    waiting = second.submit(FOX)
    until(lambda: kinds(waiting)[-1] == "queued")
    (path,) = tmp_path.glob("journal/*.json")
    path.rename(path.with_name(f"{job.id}.{this_process()[:8]}-999999999-1.json"))  # it is dead
    with pytest.raises(BackendError, match="another Python asked for the same"):
        waiting.result(SECONDS)
    assert two.calls == []
    one.release("submit")
    job.result(SECONDS)


def test_cancelling_stops_the_waiting_alone(tmp_path):
    one, two, job, second = pair(tmp_path, hold=["fetch"])
    waiting = second.submit(FOX)
    until(lambda: kinds(waiting)[-1] == "queued")
    waiting.cancel()
    with pytest.raises(JobCancelled, match="goes on"):
        waiting.result(SECONDS)
    one.release("fetch")
    assert len(job.result(SECONDS)) == 1
    assert (one.count("cancel"), two.calls) == (0, [])


@pytest.mark.parametrize("when", ["before", "while waiting"])
def test_one_that_is_stuck_holds_nobody_up(tmp_path, when):
    one, two, _, second = pair(tmp_path, hold=["fetch"])
    one.wait_for("fetch")
    (path,) = tmp_path.glob("journal/*.json")
    waiting = second.submit(FOX) if when != "before" else None
    os.utime(path, (time.time() - 4000,) * 2)
    if waiting:
        assert waiting.result(SECONDS).request_id == "r1"  # fetched: it was accepted
        assert two.count("submit") == 0
    else:
        second.submit(FOX).result(SECONDS)
        assert two.count("submit") == 1
    one.release("fetch")


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
    assert len(client.submit(FOX).result(SECONDS)) == 1
    assert one.count("submit") == 2


KERNEL = """
import sys
import seedream_widgets as sd
client = sd.Client("fal", library=sys.argv[1])
job = client.submit(sd.Request("a fox", image_size=(1024, 1024), seed=7))
print(job.result(40).request_id)
client.close()
"""


def kernel(tmp_path):
    command = [sys.executable, "-c", KERNEL, str(tmp_path / "library")]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_two_live_kernels_pay_once(fal_server, tmp_path):
    fal_server.settings.run_seconds = 4.0
    first = kernel(tmp_path)
    fal_server.wait(lambda server: server.count("submit"), 30)
    second = kernel(tmp_path)
    ids = {process.communicate(timeout=60)[0] for process in (first, second)}
    assert len(ids) == len(fal_server.bill) == fal_server.count("submit") == 1


def test_a_kernel_that_is_killed_meanwhile_is_followed_up(fal_server, tmp_path):
    fal_server.settings.run_seconds = 6.0
    first = kernel(tmp_path)
    fal_server.wait(lambda server: server.count("stream"), 30)
    client = Client("fal", library=tmp_path / "library")
    waiting = client.submit(Request("a fox", image_size=(1024, 1024), seed=7))
    until(lambda: kinds(waiting)[-1] == "queued")
    assert not waiting.handle
    first.kill()
    first.communicate()
    waiting.result(30)
    assert len(fal_server.bill) == fal_server.count("submit") == 1
    client.close()
