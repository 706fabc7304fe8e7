"""Requests resumed by another machine, by two kernels at once, and under a careless parent."""

from __future__ import annotations

import os
import shutil
import time
from typing import TYPE_CHECKING

from tests.crash.audit import audit
from tests.crash.notebook import Notebook, right

if TYPE_CHECKING:
    from pathlib import Path


def test_another_machine_with_the_same_library(notebook: Notebook, tmp_path: Path) -> None:
    server = notebook.server
    server.settings.runs_on = lambda: True
    notebook.killed("cells.submit('fox', 2, 2, edit=True)", lambda: server.count("stream") == 2)
    server.settings.runs_on = bool
    there = Notebook(notebook.kernels, tmp_path / "copy", server, machine="another")
    shutil.copytree(notebook.library, there.library)
    assert there.kernel().ask("cells.resume()") == []  # its kernel may still be at work
    an_hour_ago = time.time() - 3600
    for path in (*there.library.glob("journal/*"), *there.library.glob("leases/*")):
        os.utime(path, (an_hour_ago, an_hour_ago))
    assert right(there.resumed(), server, jobs=2, images=2)


def test_two_kernels_at_once(notebook: Notebook) -> None:
    server, settings = notebook.server, notebook.server.settings
    settings.runs_on = lambda: True
    notebook.killed("cells.submit('fox', 6, 3)", lambda: server.count("stream") == 6)
    settings.runs_on = bool
    server.wait(lambda s: len(s.bill) == 6)
    settings.file_bytes, settings.bytes_per_second = 60_000, 200_000
    kernels = [notebook.kernel() for _ in range(2)]
    for kernel in kernels:
        kernel.ask("cells.spending()")  # warm
    at = time.time() + 0.2
    cells = [kernel.start(f"cells.resume({at})") for kernel in kernels]
    outcomes = [kernel.answer(cell) for kernel, cell in zip(kernels, cells, strict=True)]
    prompts = sorted(job["prompt"] for told in outcomes for job in told)
    assert prompts == [f"fox {n}" for n in range(6)]  # each is followed by one of the two
    for told in outcomes:
        assert right(told, server, jobs=len(told), images=3)
    assert server.count("submit") == 6
    audit(notebook.library, server, kernels[0].ask("cells.spending()"))


def test_a_killed_kernel_that_nobody_has_waited_for(notebook: Notebook) -> None:
    server, kernel = notebook.server, notebook.kernel()
    kernel.ask("cells.submit('fox')")
    server.wait(lambda s: s.count("stream"))
    kernel.kill(reap=False)
    assert right(notebook.resumed(), server, jobs=1)


def test_the_resuming_kernel_is_killed_too(notebook: Notebook) -> None:
    server = notebook.server
    server.settings.waits = lambda: True
    notebook.killed("cells.submit('fox', 2, 2)", lambda: server.count("stream") == 2)
    notebook.killed("cells.resume()", lambda: server.count("stream") == 4)
    server.settings.waits = bool
    server.settings.file_bytes, server.settings.bytes_per_second = 500_000, 5000
    notebook.killed("cells.resume()", lambda: notebook.staged("*"))
    server.settings.bytes_per_second = None
    assert right(notebook.resumed(), server, jobs=2, images=2)


def test_a_kernel_at_work_keeps_its_requests(notebook: Notebook) -> None:
    server, kernel, other = notebook.server, notebook.kernel(), notebook.kernel()
    server.settings.runs_on = lambda: True
    kernel.ask("cells.submit('fox', 2)")
    server.wait(lambda s: s.count("stream") == 2)
    assert other.ask("cells.resume()") == []
    server.settings.runs_on = bool
    assert right(kernel.ask("cells.wait()"), server, jobs=2)
    audit(notebook.library, server, kernel.ask("cells.spending()"))
