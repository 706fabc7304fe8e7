"""One thread, one loop; what a fork, an interrupt and the interpreter's end do to them."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import CancelledError

import pytest

from seedream_widgets.jobs.engine import Engine, shared

SETUP = """
import logging, os, signal, sys, threading, time
import seedream_widgets as sd
from seedream_widgets.backends.offline import OfflineBackend
# A job in a shell's background is born deaf to interrupts, and so are its children.
signal.signal(signal.SIGINT, signal.default_int_handler)
logging.basicConfig(level=logging.WARNING)
def submit(prompt, pace):
    return sd.Client(OfflineBackend(pace)).submit(sd.Request(prompt, image_size=(960, 960)))
"""


def script(code, before=SETUP):
    """Run a script with real threads and signals; return what it printed and its seconds."""
    start = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", before + textwrap.dedent(code)],
        capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split(), time.monotonic() - start


HELD = """
from seedream_widgets.testing import ScriptedBackend
backend = ScriptedBackend(hold=["completed"])
job = sd.Client(backend).submit(sd.Request("a fox"))
def interrupt_soon():
    def interrupt():
        waiting.wait()
        time.sleep(0.3)
        os.kill(os.getpid(), signal.SIGINT)
    waiting = threading.Event()
    threading.Thread(target=interrupt).start()
    return waiting
"""


@pytest.fixture
def engine():
    engine = Engine()
    yield engine
    engine.close()


def test_there_is_one():
    before = {*threading.enumerate()}  # those of other tests may still be ending
    assert shared() is shared()
    new = {*threading.enumerate()} - before
    assert [each.name for each in new].count("seedream-engine") <= 1


def test_work_runs_on_its_thread(engine):
    async def work():
        await asyncio.sleep(0)
        return engine.here, threading.current_thread().daemon

    assert engine.start(work()).result(60) == (True, True)
    assert not engine.here


def test_decoding_runs_in_the_pool(engine):
    async def work():
        return await engine.run_in_pool(
            lambda mark, *, sign: (mark, sign, engine.here), "a", sign="b"
        )

    assert engine.start(work()).result(60) == ("a", "b", False)


def test_an_error_while_decoding_comes_back(engine):
    with pytest.raises(ValueError, match="invalid literal"):
        engine.start(engine.run_in_pool(int, "x")).result(60)


def test_pictures_do_not_hold_up_the_disk(engine):
    busy = threading.Event()
    for _ in range(8):
        engine.pool.submit(busy.wait, 200)
    try:
        assert engine.start(engine.run_on_disk(lambda: "written")).result(60) == "written"
    finally:
        busy.set()


@pytest.mark.parametrize("error", [SystemExit(1), KeyboardInterrupt(), ValueError("a bug")])
def test_nothing_that_is_raised_on_it_stops_it(engine, error):
    def fail():
        raise error

    async def work():
        fail()

    async def beside():
        await asyncio.sleep(0.1)
        return "goes on"

    running = engine.start(beside())
    engine.loop.call_soon_threadsafe(fail)
    with pytest.raises(type(error)):
        engine.start(work()).result(60)
    with pytest.raises(type(error)):
        engine.start(engine.run_in_pool(fail)).result(60)
    assert running.result(60) == "goes on"


def test_close_ends_every_task_and_the_thread():
    engine = Engine()
    begun, ended = threading.Event(), threading.Event()

    async def work():
        try:
            begun.set()
            await asyncio.sleep(600)
        finally:
            ended.set()

    waiting = engine.start(work())
    assert begun.wait(60)
    start = time.monotonic()
    engine.close()
    assert time.monotonic() - start < 60
    assert ended.is_set()
    assert engine.loop.is_closed()
    with pytest.raises(CancelledError):
        waiting.result(60)
    engine.close()


@pytest.mark.slow
def test_a_forked_child_says_at_once_that_a_job_is_its_parents():
    said, seconds = script(
        """
        from seedream_widgets.errors import SeedreamError
        done, running = submit("a fox", 0), submit("offline:slow 100", 1)
        done.result(60)
        def waits(work):
            try:
                work()
            except SeedreamError as error:
                print("belongs" in str(error), flush=True)
        async def await_(job):
            return await job
        child = os.fork()
        if not child:
            import asyncio
            print(len(done.result()), len(asyncio.run(await_(done))), done.cancel(), flush=True)
            waits(running.result)
            waits(lambda: asyncio.run(await_(running)))
            waits(running.cancel)
            print(len(submit("an owl", 0).result(60)), flush=True)
            os._exit(0)
        os.waitpid(child, 0)
        running.cancel()
        """
    )
    assert said == ["1", "1", "False", "True", "True", "True", "1"]
    assert seconds < 90


SLOW_MODULE = """
import time, whence
whence.begun.set()
whence.forks.wait()
time.sleep(0.1)  # in which a fork that does not wait is over
"""
FORKS_INSIDE = """
import asyncio, types
whence = sys.modules["whence"] = types.ModuleType("whence")
whence.begun, whence.forks = threading.Event(), threading.Event()
sys.path.insert(0, {folder!r})
from seedream_widgets.jobs.engine import shared
def take_in():
    import slow_module
async def here():
    take_in()
engine = shared()
engine.start({work})
whence.begun.wait()
os.register_at_fork(before=whence.forks.set)  # called first: before what has the fork wait
child = os.fork()
if not child:
    signal.alarm(120)  # what waits for a lock of the parent's waits for ever
    take_in()
    os.write(1, b"whole\\n")
    os._exit(0)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "work",
    ["here()", "engine.run_on_disk(take_in)", "asyncio.to_thread(take_in)"],
    ids=["loop", "disk", "thread"],
)
def test_a_fork_waits_for_what_a_child_could_never_end(tmp_path, work):
    (tmp_path / "slow_module.py").write_text(SLOW_MODULE)
    said, _ = script(FORKS_INSIDE.format(folder=str(tmp_path), work=work))
    assert said == ["whole", "0"]


@pytest.mark.slow
def test_a_fork_waits_for_no_work_that_goes_on_and_on():
    said, _ = script(
        """
        from seedream_widgets.backends.forks import gate
        from seedream_widgets.jobs.engine import shared
        on, off, ended = threading.Event(), threading.Event(), threading.Event()
        def work():
            with gate:  # once more
                on.set()
                off.wait()
        shared().pool.submit(work)
        on.wait()
        def fork():
            child = os.fork()
            if not child:
                print(len(submit("an owl", 0).result(60)), flush=True)
                os._exit(0)
            print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
        fork()
        shared().loop.call_soon_threadsafe(lambda: (fork(), ended.set()))  # from where it is itself
        ended.wait()
        off.set()
        print(len(submit("a fox", 0).result(60)))
        """
    )
    assert said == ["1", "0", "1", "0", "1"]


@pytest.mark.slow
def test_an_interrupt_stops_waiting_not_the_job():
    said, _ = script(
        """
        waiting = interrupt_soon()
        try:
            waiting.set()
            job.result()
        except KeyboardInterrupt:
            print("interrupted", job.done)
        backend.release("completed")
        print(len(job.result(60)), job.status)
        """,
        SETUP + HELD,
    )
    assert said == ["interrupted", "False", "1", "Completed"]


@pytest.mark.slow
def test_an_interrupt_of_asyncio_run_stops_waiting_not_the_job():
    said, _ = script(
        """
        import asyncio
        async def wait():
            waiting.set()
            return await job
        waiting = interrupt_soon()
        try:
            asyncio.run(wait())
        except KeyboardInterrupt:
            print("interrupted", job.done)
        backend.release("completed")
        print(len(asyncio.run(wait())))
        """,
        SETUP + HELD,
    )
    assert said == ["interrupted", "False", "1"]


@pytest.mark.slow
def test_a_forked_child_has_its_own_engine():
    said, _ = script(
        """
        def say(*words):  # one write a line: both write into one pipe
            os.write(1, (" ".join(map(str, words)) + "\\n").encode())
        def draw(client):
            client.backend.pace = 0
            request = sd.Request("a fox", image_size=(960, 960))
            say(len(client.submit(request).result(60)))
        clients = sd.Client("offline"), sd.default_client()
        for client in clients:
            draw(client)
        backends = [client.backend for client in clients]
        child = os.fork()
        for client in clients:
            draw(client)
        if not child:
            shared = [client.backend for client in clients if client.backend in backends]
            say("child", len(shared))
            sys.exit()
        say(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        """
    )
    assert sorted(said) == ["0", "0", *["1"] * 6, "child"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "code",
    [
        "job = submit('offline:slow 100', 1)\ntime.sleep(0.3)\nprint(job.status.kind)",
        "job = submit('offline:slow 100', 1)\nprint('at once')",
        "job = submit('offline:slow 100', 1)\ntime.sleep(0.2)\njob.cancel()\nprint('cancel')",
        "jobs = [submit('fox', 0) for _ in range(20)]\ntime.sleep(0.3)\nprint('drawing')",
    ],
    ids=["running", "starting", "cancelling", "drawing"],
)
def test_the_interpreter_ends_promptly_and_quietly(code):
    said, seconds = script(code)
    assert said
    assert seconds < 90


@pytest.mark.slow
def test_the_interpreter_ends_while_a_submit_hangs_and_is_cancelled():
    said, seconds = script(
        """
        import asyncio
        class Hanging(OfflineBackend):
            async def submit(self, request, urls):
                try:
                    begun.set()
                    await asyncio.sleep(600)
                finally:
                    print("ended")
        begun = threading.Event()
        job = sd.Client(Hanging(0)).submit(sd.Request("a fox"))
        begun.wait()
        job.cancel()
        time.sleep(0.1)
        """
    )
    assert said == ["ended"]
    assert seconds < 90
