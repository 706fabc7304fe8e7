"""Kernels killed or asleep before a change of the library's files, each in a library of its own.

`make model` takes every change, which takes about half an hour::

    CRASH_EVERY=1 pytest tests/crash/test_changes.py --log-cli-level=INFO
"""

from __future__ import annotations

import itertools
import logging
import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests.crash.audit import audit
from tests.crash.notebook import Notebook
from tests.fal_server import FalServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.crash.kernel import Kernels

_log = logging.getLogger(__name__)
EVERY = int(os.environ.get("CRASH_EVERY", "24"))
EDIT = "cells.submit('fox', 2, 2, edit=True)"


@pytest.mark.timeout(300 + 3600 // EVERY)
@pytest.mark.parametrize(("cell", "changes"), [(EDIT, 60), ("cells.resume()", 25)])
def test_before_any_change(kernels: Kernels, tmp_path: Path, cell: str, changes: int) -> None:
    for number, server in numbers(kernels):
        notebook = Notebook(kernels, tmp_path / str(number), server)
        if cell != EDIT:
            leave_behind(notebook)
        change = notebook.killed_before_change(number, cell)
        outcomes = notebook.resumed()
        _log.info("%d: %s: %s", number, change, [job["error"] for job in outcomes])
        if not change:
            break
        for job in outcomes:
            unsent = "lists no such request" in job.get("message", "")
            assert unsent or job["error"] in ("", "JobCancelled", "SubmitUnknownError"), job
    assert number > changes


@pytest.mark.timeout(300 + 3600 // EVERY)
def test_asleep_before_any_change(kernels: Kernels, tmp_path: Path) -> None:
    """Another machine takes everything for left behind; then the first one wakes up."""
    for number, server in numbers(kernels):
        here = Notebook(kernels, tmp_path / str(number), server)
        there = Notebook(kernels, here.library, server, machine="another")
        kernel, running, change = here.stopped_before_change(number, "cells.submit('fox', 2, 2)")
        if not change:
            break
        grow_old(here.library)
        other = there.kernel()
        other.ask("cells.resume()")
        kernel.process.send_signal(signal.SIGCONT)
        _, outcomes = kernel.answer(running)
        _log.info("%d: %s: %s", number, change, outcomes)
        assert {job["error"] for job in outcomes} <= {"", "BackendError"}
        told = [job["message"] for job in outcomes if job["error"]]
        assert all("took this request over" in message for message in told), told
        assert other.ask("cells.resume()") == []
        audit(here.library, server, other.ask("cells.spending()"))
    assert number > 60


def numbers(kernels: Kernels) -> Iterator[tuple[int, FalServer]]:
    """Yield the numbers of the changes, each with a fal of its own; its kernels end with it."""
    for number in itertools.count(EVERY // 2 or 1, EVERY):
        with FalServer() as server:
            yield number, server
        kernels.close()


def grow_old(library: Path) -> None:
    """Have nothing of a library look as if anybody had been at it for an hour."""
    an_hour_ago = time.time() - 3600
    for path in (*library.glob("journal/*"), *library.glob("leases/*")):
        os.utime(path, (an_hour_ago, an_hour_ago))


def leave_behind(notebook: Notebook) -> None:
    """Have two requests completed at fal while no kernel is there to fetch them."""
    server = notebook.server
    server.settings.runs_on = lambda: True
    notebook.killed(EDIT, lambda: server.count("stream") == 2)
    server.settings.runs_on = bool
    server.wait(lambda s: len(s.bill) == 2)
