"""What the soak's kernel does: its jobs, its cancels, and what it weighs."""

from __future__ import annotations

import asyncio
import faulthandler
import gc
import io
import os
import random
import sys
import threading
import time
import traceback
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

import seedream_widgets as sd
from seedream_widgets import api
from seedream_widgets.jobs.engine import shared

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

SIZE = (1024, 1024)
SECONDS = 240
"""Most that one job may take: far longer than any should, on a busy machine too."""
LOOKED_FOR = 10.0
"""Seconds that a lost reply is looked for; the three minutes of real life are for a real list."""
CANCELLED = 0.1
"""Share of the jobs that are cancelled, at any moment of their life."""

_INTERNED = tracemalloc.Filter(False, "*pathlib*")
"""Paths' names are interned, and Python's table of these grows in steps of megabytes."""


LETTING_GO = 60
"""Seconds for what is under way to come to its end."""


def weigh() -> dict[str, int]:
    """Return what this process holds; the objects are those made since the first call."""
    if not tracemalloc.is_tracing():
        tracemalloc.start()
    gc.collect()
    process = psutil.Process()
    return {
        "KB of objects": tracemalloc.get_traced_memory()[0] // 1000,
        "KB resident": process.memory_info().rss // 1000,
        "threads": threading.active_count(),
        "open files": process.num_fds(),
        "sockets": len(process.net_connections()),
    }


def start_threads() -> str:
    """Have every thread that may come later come now, and write: ipykernel opens a file for each.

    The answer is long: with the first such one pyzmq starts a thread of its own.
    """
    engine = shared()
    engine.loop.call_soon_threadsafe(_write)
    asyncios: Any = engine.loop._default_executor  # type: ignore[attr-defined]
    for pool in (engine.pool, engine.arrivals, engine.disk, asyncios):
        _fill(pool)
    return "x" * 200_000


def _fill(pool: ThreadPoolExecutor) -> None:
    together = threading.Barrier(pool._max_workers)

    def meet(_: int) -> None:
        together.wait(60)
        _write()

    list(pool.map(meet, range(pool._max_workers)))


def _write() -> None:
    print("here", file=sys.stderr)


def stacks() -> Path:
    """Return the file that has the stacks of all threads where a round itself hangs."""
    return Path(os.environ["SEEDREAM_HOME"]).parent / "stacks.txt"


def run(first: int, jobs: int, seconds: float) -> list[dict[str, Any]]:
    """Run jobs at once, cancel some of them, and tell what came of each.

    A round that takes longer than `seconds` leaves its stacks behind and ends the kernel.
    """
    with stacks().open("w") as file:
        faulthandler.dump_traceback_later(seconds, exit=True, file=file)
        try:
            return _run(first, jobs)
        finally:
            faulthandler.cancel_dump_traceback_later()


def _run(first: int, jobs: int) -> list[dict[str, Any]]:
    looks = shared().lost
    looks.patience, looks.pace = LOOKED_FOR, (0.3, 1.0)
    chance = random.Random(first)
    submitted = [
        sd.submit(
            f"soak {number}",
            image_size=SIZE,
            num_images=1 + number % 2,
            seed=number if number % 3 else None,
        )
        for number in range(first, first + jobs)
    ]
    unwanted = chance.sample(submitted, int(jobs * CANCELLED))
    began, moments = time.monotonic(), sorted(chance.uniform(0, 2) for _ in unwanted)
    for moment, job in zip(moments, unwanted, strict=True):
        time.sleep(max(0.0, began + moment - time.monotonic()))
        job.cancel()
    return [_outcome(job) for job in submitted]


def _outcome(job: sd.Job) -> dict[str, Any]:
    told = {"prompt": job.request.prompt, "request_id": job.request_id, "error": "", "billing": ""}
    try:
        result = job.result(SECONDS)
    except sd.JobTimeout:
        raise RuntimeError(_hung(job)) from None
    except sd.SeedreamError as error:
        billing = getattr(error, "billing", "")
        return {**told, "error": type(error).__name__, "billing": billing, "message": str(error)}
    return {**told, "images": len(result)}


def _hung(job: sd.Job) -> str:
    """Tell where a job that never ends stands, here and on disk, and what the engine is at."""
    history = ", ".join(f"{at - job.created:.1f} s {status.text}" for at, status in job.history)
    engine, said = job._engine, io.StringIO()

    async def tasks() -> None:
        for task in asyncio.all_tasks():
            task.print_stack(file=said)

    engine.start(tasks()).result(60)
    for thread in threading.enumerate():
        print(f"{thread.name}:", file=said)
        frame = sys._current_frames().get(thread.ident or 0)
        traceback.print_stack(frame, limit=6, file=said)
    entry = sd.library._journal.find(job.id)
    return (
        f"{job!r} hangs after {SECONDS} s: {history}; on disk {entry}; {len(engine.replies)} "
        f"submits without a reply, {engine.slots}\n{said.getvalue()}"
    )


def resume() -> list[dict[str, Any]]:
    return [_outcome(job) for job in sd.resume()]


def forget(files: int) -> dict[str, int]:
    """Let go of the client and its jobs, and weigh what is left.

    What is still under way holds them to its end: wait a while for no more than so many open files.
    """
    api.default_client().close()
    api._client = None
    end = time.monotonic() + LETTING_GO
    while True:
        time.sleep(0.5)  # a closed connection's file goes with the loop's next turn
        weighed = weigh()
        if weighed["open files"] <= files or time.monotonic() > end:
            break
    left = tracemalloc.take_snapshot().filter_traces((_INTERNED,))
    return {**weighed, "KB of objects": sum(trace.size for trace in left.traces) // 1000}
