from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time

import pytest

from seedream_widgets.backends.fal.threads import in_thread


def test_work_is_done_elsewhere_and_its_error_comes_back() -> None:
    seen: list[threading.Thread] = []

    def fails() -> None:
        seen.append(threading.current_thread())
        raise LookupError("fox")

    with pytest.raises(LookupError, match="fox"):
        asyncio.run(in_thread(fails, lambda: None, "fox"))
    assert seen[0] is not threading.main_thread()
    assert (seen[0].daemon, seen[0].name) == (True, "fox")


def test_the_loop_goes_on_meanwhile() -> None:
    async def main() -> int:
        work = asyncio.ensure_future(in_thread(lambda: time.sleep(0.2), lambda: None, "fox"))
        turns = 0
        while not work.done():
            await asyncio.sleep(0.01)
            turns += 1
        return turns

    assert asyncio.run(main()) > 5


def test_cancelled_work_is_stopped_and_waited_for() -> None:
    stopped, tidied = threading.Event(), threading.Event()

    def work() -> None:
        stopped.wait(5)
        time.sleep(0.05)
        tidied.set()
        raise LookupError("nobody hears this")

    async def main() -> None:
        task = asyncio.ensure_future(in_thread(work, stopped.set, "fox"))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert tidied.is_set()

    asyncio.run(main())


def test_work_that_does_not_stop_is_left_behind() -> None:
    done = threading.Event()

    async def main() -> float:
        task = asyncio.ensure_future(in_thread(lambda: done.wait(10) and None, lambda: None, "fox"))
        await asyncio.sleep(0.05)
        began = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return time.monotonic() - began

    assert 0.5 < asyncio.run(main()) < 2
    done.set()  # the loop is closed by now, which the thread must bear
    for thread in threading.enumerate():
        if thread.name == "fox":
            thread.join(5)


def test_python_ends_while_work_hangs() -> None:
    code = (
        "import asyncio, time\n"
        "from seedream_widgets.backends.fal.threads import in_thread\n"
        "async def main():\n"
        "    work = in_thread(lambda: time.sleep(60), lambda: None, 'fox')\n"
        "    task = asyncio.ensure_future(work)\n"
        "    await asyncio.sleep(0.1)\n"
        "asyncio.run(main())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], timeout=20, check=False)
    assert done.returncode == 0
