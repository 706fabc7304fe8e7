"""What the soak's kernel does: its jobs, its cancels, and what it weighs."""

from __future__ import annotations

import gc
import random
import threading
import time
import tracemalloc
from typing import Any

import psutil

import seedream_widgets as sd
from seedream_widgets import api

SIZE = (1024, 1024)
SECONDS = 90
CANCELLED = 0.1
"""Share of the jobs that are cancelled, at any moment of their life."""

_INTERNED = tracemalloc.Filter(False, "*pathlib*")
"""Paths' names are interned, and Python's table of these grows in steps of megabytes."""


def weigh() -> dict[str, int]:
    """Return what this process holds."""
    if not tracemalloc.is_tracing():
        tracemalloc.start()
    gc.collect()
    process = psutil.Process()
    taken = tracemalloc.take_snapshot().filter_traces((_INTERNED,))
    return {
        "KB of objects": sum(trace.size for trace in taken.traces) // 1000,
        "KB resident": process.memory_info().rss // 1000,
        "threads": threading.active_count(),
        "open files": process.num_fds(),
        "sockets": len(process.net_connections()),
    }


def run(first: int, jobs: int) -> list[dict[str, Any]]:
    """Run jobs at once, cancel some of them, and tell what came of each."""
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
    except sd.SeedreamError as error:
        billing = getattr(error, "billing", "")
        return {**told, "error": type(error).__name__, "billing": billing, "message": str(error)}
    return {**told, "images": len(result)}


def resume() -> list[dict[str, Any]]:
    return [_outcome(job) for job in sd.resume()]


def forget() -> dict[str, int]:
    """Let go of the client and its jobs, and weigh what is left."""
    api.default_client().close()
    api._client = None
    time.sleep(0.5)  # a closed connection's file goes with the loop's next turn
    return weigh()
