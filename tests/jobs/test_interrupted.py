"""A Ctrl+C, a cancel or the end of Python between two steps loses no request."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from seedream_widgets.errors import JobCancelled
from seedream_widgets.jobs import current
from seedream_widgets.jobs.client import Client
from seedream_widgets.jobs.engine import shared
from seedream_widgets.library import Library
from seedream_widgets.library.journal import Journal
from seedream_widgets.testing import ScriptedBackend
from seedream_widgets.values.request import Request
from tests.jobs.another import Another
from tests.scripted import SECONDS, kinds, until


def script(code, *arguments):
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=250, check=False)


ARMED = """
import gc, random, signal, time

gc.disable()  # of an interrupt in a finalizer Python tells on stderr, and goes on
armed = False

def interrupt(*_):
    global armed
    if armed:
        armed = False
        raise KeyboardInterrupt

signal.signal(signal.SIGALRM, interrupt)
"""
CTRL_C = """
import sys
from seedream_widgets.jobs.client import Client
from seedream_widgets.jobs.engine import shared
from seedream_widgets.testing import ScriptedBackend
from seedream_widgets.values.request import Request
from tests.scripted import until

backend = ScriptedBackend("fal", hold=["fetch"])
client = Client(backend, library=sys.argv[1])
client.submit(Request("warm", seed=0))
took = interrupted = number = 0
while interrupted < 40 and number < 2000:
    number += 1
    began = time.perf_counter()
    try:
        armed = True
        signal.setitimer(signal.ITIMER_REAL, 1e-6 + took * random.random())
        client.submit(Request(f"fox {number}", seed=number if number % 2 else None))
        armed = False
        took = time.perf_counter() - began
    except KeyboardInterrupt:
        interrupted += 1
assert interrupted > 10, (interrupted, number)
shared().uninterrupted(lambda: None)  # one after the other: those before it have ended
until(lambda: backend.count("submit") == len(client.jobs))
listed = {job.request.prompt for job in client.jobs}
sent = {request.prompt for request in backend.requests}
assert sent == listed, sent ^ listed
entries = client.library._journal.pending()
assert {entry.id for entry in entries} == {job.id for job in client.jobs}
"""


@pytest.mark.slow
def test_a_ctrl_c_in_a_submit_hides_no_job(tmp_path):
    done = script(ARMED + CTRL_C, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


class SlowPrices(ScriptedBackend):
    """Presses Ctrl+C once a submit waits for prices, and tells them when it may."""

    def __init__(self):
        super().__init__("fal")
        self.may_tell = threading.Event()

    async def prices(self):
        if self.may_tell.is_set():
            return {}
        main = threading.main_thread().ident
        while sys._current_frames()[main].f_code.co_name != "uninterrupted":
            await asyncio.sleep(0.01)
        signal.pthread_kill(main, signal.SIGINT)
        while not self.may_tell.is_set():
            await asyncio.sleep(0.01)
        return {}


@pytest.mark.skipif(os.name == "nt", reason="no signal can be sent to a thread there")
def test_a_ctrl_c_while_a_submit_waits_for_prices_sends_nothing(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(current, "_WAIT_SECONDS", SECONDS)
    backend = SlowPrices()
    client = Client(backend, library=tmp_path)
    client.budget.limit = 5
    # A job in a shell's background is born deaf to interrupts, and so are its children.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            client.submit(Request("a fox", seed=7))
    finally:
        signal.signal(signal.SIGINT, before)
    assert "If sd.jobs() has it, it was sent and goes on" in capsys.readouterr().out
    backend.may_tell.set()
    shared().uninterrupted(lambda: None)  # one after the other: the submit has ended
    assert (client.jobs, backend.count("submit")) == ((), 0)
    assert client.library._journal.pending() == []
    assert client.submit(Request("a fox", seed=7)).result(SECONDS)


STUCK = """
from seedream_widgets.jobs.engine import shared

engine = shared()
took = interrupted = tries = 0
while interrupted < 3000 and tries < 30_000:
    tries += 1
    began = time.perf_counter()
    try:
        armed = True
        signal.setitimer(signal.ITIMER_REAL, 1e-6 + took * random.random())
        engine.uninterrupted(lambda: None)
        armed = False
        took = time.perf_counter() - began
    except KeyboardInterrupt:
        interrupted += 1
assert interrupted > 300, (interrupted, tries)
assert engine.uninterrupted(lambda: "still works") == "still works"
"""


@pytest.mark.slow
def test_a_ctrl_c_at_any_moment_leaves_no_thread_stuck(tmp_path):
    done = script(ARMED + STUCK)
    assert (done.returncode, done.stderr) == (0, "")


ENDS = """
import asyncio, sys
from seedream_widgets.jobs import engine
from seedream_widgets.jobs.client import Client
from seedream_widgets.testing import ScriptedBackend
from seedream_widgets.values.request import Request

class Slow(ScriptedBackend):
    async def submit(self, request, image_urls):
        handle = await super().submit(request, image_urls)
        comes = {"at once": lambda: engine.shared().ending, "once said": lambda: said}
        while not comes.get(sys.argv[2], bool)():
            await asyncio.sleep(0.01)
        return handle

def hear(*words):
    said.append(words)
    say(*words)

said, say, engine.say = [], engine.say, hear
if len(sys.argv) > 3:
    engine._SAID_AFTER, engine._REPLY_SECONDS = map(float, sys.argv[3:])
backend = Slow("fal", hold=["queued"])
Client(backend, library=sys.argv[1]).submit(Request("a fox"))
backend.wait_for("submit")
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("comes", "limits", "waited"),
    [("at once", (60, 90), ""), ("once said", (0.2, 90), "90 s"), ("never", (), "5 s")],
)
def test_python_ends_once_the_reply_to_a_submit_is_there(tmp_path, comes, limits, waited):
    """Limits: seconds of waiting before it is said, and of all waiting; else 1 and 5."""
    began = time.monotonic()
    done = script(ENDS, tmp_path, comes, *limits)
    assert done.returncode == 0, done.stderr
    said = f"waiting up to {waited} for fal's reply to 1 request"
    assert said in done.stderr if waited else not done.stderr
    assert time.monotonic() - began < 100
    (entry,) = Library(tmp_path)._journal.left_behind()
    handle = (entry.handle or {}).get("request_id")
    assert (entry.step, handle) == (("sending", None) if comes == "never" else ("accepted", "r1"))


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="who reads a pipe there is gone in another way")
def test_the_reply_is_waited_for_though_nobody_reads_what_is_said(tmp_path):
    """As in ``python script.py 2>&1 | head``, or where Python has no output at all."""
    reads, writes = os.pipe()
    os.close(reads)
    command = [sys.executable, "-c", ENDS, str(tmp_path), "once said", "0.2", "90"]
    subprocess.run(command, stdout=writes, stderr=writes, timeout=200, check=False)
    os.close(writes)
    (entry,) = Library(tmp_path)._journal.left_behind()
    assert (entry.step, (entry.handle or {}).get("request_id")) == ("accepted", "r1")


class HeldTakeOver(Journal):
    """Says when a take-over has begun, and goes on with it when it may."""

    def __init__(self, path):
        super().__init__(path)
        self.begun, self.may_go_on = threading.Event(), threading.Event()

    def take_over(self, entry):
        self.begun.set()
        assert self.may_go_on.wait(SECONDS)
        return super().take_over(entry)


@pytest.mark.slow
def test_a_cancel_during_a_take_over_leaves_the_request_to_be_resumed(tmp_path):
    library = Library(tmp_path)
    library._journal = journal = HeldTakeOver(tmp_path)
    client = Client(ScriptedBackend("fal"), library=library)
    other = Another(tmp_path)
    other.submit("hold=['fetch']", until="fetch")
    job = client.submit(Request("a fox", seed=7))
    until(lambda: kinds(job)[-1] == "queued")
    other.kill()
    assert journal.begun.wait(SECONDS)
    job.cancel()
    journal.may_go_on.set()
    with pytest.raises(JobCancelled):
        job.result(SECONDS)
    until(lambda: client._count_resumable() == 1)
    (again,) = client.resume()
    assert again.result(SECONDS).request_id == "r1"
