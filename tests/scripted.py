"""Short ways to start scripted jobs and to wait for them."""

from __future__ import annotations

import multiprocessing
import time
from typing import TYPE_CHECKING, Any

from seedream_widgets.jobs.client import Client
from seedream_widgets.values.request import Request

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from seedream_widgets.jobs.job import Job
    from seedream_widgets.testing import ScriptedBackend

SECONDS = 120
"""Most seconds any wait of a test may take: only one that fails takes so long."""


def started(backend: ScriptedBackend, folder: Path, prompt: str = "a fox", **arguments: Any) -> Job:
    return Client(backend, library=folder).submit(Request(prompt, **arguments))


def until(true: Callable[[], object], seconds: float = SECONDS) -> None:
    """Wait until something comes true."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.002)


def kinds(job: Job) -> list[str]:
    return [status.kind for _, status in job.history]


def in_two_processes(work: Callable[..., None], folder: Path) -> list[Any]:
    """Return what two processes tell that do the same at the same moments.

    Args:
        work: Called with the folder, a barrier at which the two wait for each other, and a queue
            into which it puts what it tells.
    """
    spawn = multiprocessing.get_context("spawn")
    together, told = spawn.Barrier(2), spawn.Queue()
    both = [spawn.Process(target=work, args=(folder, together, told)) for _ in range(2)]
    for each in both:
        each.start()
    found = [told.get(timeout=200) for _ in both]
    for each in both:
        each.join(SECONDS)
    return found
