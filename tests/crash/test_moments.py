"""Kernels killed, or asked to end, at random moments, each on the library that the last one left.

`make model` kills 100; more::

    CRASH_RUNS=500 CRASH_SEED=7 pytest tests/crash/test_moments.py --log-cli-level=INFO
"""

from __future__ import annotations

import logging
import os
import random
import signal
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from tests.crash.audit import audit, pending

if TYPE_CHECKING:
    from tests.crash.notebook import Notebook
    from tests.fal_server import Job

_log = logging.getLogger(__name__)
RUNS = int(os.environ.get("CRASH_RUNS", "12"))
SEED = int(os.environ.get("CRASH_SEED", "3"))
LONGEST = 1.5
JOBS, IMAGES = 4, 2
ENDS = (signal.SIGKILL, signal.SIGTERM)
MANY = 50
"""Runs that are enough to come by most points of a request's life."""


@pytest.mark.timeout(300 + 10 * RUNS)
def test_random_moments(notebook: Notebook) -> None:
    settings, moments = notebook.server.settings, random.Random(SEED)
    settings.queue_seconds, settings.run_seconds = 0.1, 0.3
    settings.file_bytes, settings.bytes_per_second = 30_000, 100_000
    points: Counter[str] = Counter()
    known: set[str] = set()
    kernel = notebook.kernel()
    for number in range(RUNS):
        moment = moments.uniform(0, LONGEST)
        try:
            kernel.start(f"cells.submit('run {number}, fox', {JOBS}, {IMAGES}, edit=True)")
            time.sleep(moment)
            notebook.kernels.end(kernel, ENDS[number % 2])
            points.update(points_of(notebook, f"run {number},"))
            kernel = notebook.kernel()
            kernel.ask("cells.resume()")
            rows = kernel.ask("cells.spending()")
            known |= audit(notebook.library, notebook.server, rows, known)
        except BaseException as error:
            raise AssertionError(
                f"run {number} of CRASH_SEED={SEED}, {ENDS[number % 2].name} after {moment:.4f} s"
            ) from error
    assert notebook.server.count("submit") <= RUNS * JOBS
    _log.info("killed at: %s", dict(points.most_common()))
    assert len(points) > 4 or RUNS < MANY, f"the moments are not spread out: {points}"
    audit(notebook.library, notebook.server, kernel.ask("cells.spending()"))


def points_of(notebook: Notebook, name: str) -> list[str]:
    """Tell where each job of a run stood when its kernel was killed."""
    at_fal = {job.prompt: job for job in notebook.server.jobs if job.prompt.startswith(name)}
    entries = {entry["request"]["prompt"]: entry for entry in pending(notebook.library)}
    unseen = ["before it was planned"] * (JOBS - len(at_fal.keys() | entries.keys()))
    return unseen + [
        point(notebook, entries.get(prompt), at_fal.get(prompt))
        for prompt in at_fal.keys() | entries.keys()
    ]


def point(notebook: Notebook, entry: dict[str, Any] | None, job: Job | None) -> str:
    if entry is None:
        return "done"
    if entry["step"] != "accepted" or job is None:
        return f"{entry['step']}, {'accepted' if job else 'not accepted'}"
    if job.phase != "COMPLETED":
        return job.phase.lower()
    if notebook.staged(f"{entry['id']}*/receipt.json"):
        return "about to be renamed"
    return "downloading" if notebook.staged(f"{entry['id']}*/*") else "completed"
