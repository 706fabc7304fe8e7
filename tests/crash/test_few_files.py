"""256 open files, as macOS has it, and 400 jobs: killed while all of them wait, then resumed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.crash.audit import audit, ended, pending

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fal_server import FalServer

pytestmark = pytest.mark.timeout(700)
JOBS, FILES = 400, 256
SCRIPT = f"""
import json, os, resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, ({FILES}, {FILES}))
import seedream_widgets as sd
from tests.crash import cells
if sys.argv[1] == "submit":
    cells.submit("fox", {JOBS})
    cells.wait(300)
else:
    print(json.dumps([cells.resume(), cells.spending()]))
"""


def script(what: str, library: Path) -> subprocess.Popen[str]:
    variables = {**os.environ, "SEEDREAM_HOME": str(library)}
    command = [sys.executable, "-c", SCRIPT, what]
    return subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, text=True)


def open_files(process: subprocess.Popen[str]) -> int:
    return len(os.listdir(f"/proc/{process.pid}/fd"))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="counts open files in /proc")
def test_few_open_files_lose_no_picture(library: Path, fal_server: FalServer) -> None:
    server, most = fal_server, 0
    server.settings.concurrency = 0  # all stay in fal's queue
    first = script("submit", library)

    def all_wait(server: FalServer) -> bool:
        nonlocal most
        most = max(most, open_files(first))
        return len(server.jobs) == JOBS and server.count("status") > JOBS

    try:
        server.wait(all_wait, 200)
    finally:
        first.kill()
        first.communicate()
    assert most < FILES - 40, "hardly a file is left for the user's own"
    assert sum(entry["step"] == "sending" for entry in pending(library)) <= 16  # the slots
    server.settings.concurrency = JOBS
    server.start_queue()
    submits = server.count("submit")
    second = script("resume", library)
    outcomes, rows = json.loads(second.communicate(timeout=200)[0])
    assert server.count("submit") == submits
    assert {each.get("note") for each in outcomes} == {None}
    audit(library, server, rows)
    # fal's list told of those whose reply had not come; what it never got may stay unknown.
    unknown = {entry["request"]["prompt"] for entry in ended(library, "unknown")}
    assert not unknown & {job.prompt for job in server.jobs}
    kept = [each for each in outcomes if not each["error"]]
    _check_colors(kept, server)
    for each in outcomes:
        unsent = each["error"] == "BackendError" and "lists no such request" in each["message"]
        untold = each["prompt"] in unknown
        assert unsent or untold or each["error"] in ("", "JobCancelled"), each


def _check_colors(kept: list[dict[str, Any]], server: FalServer) -> None:
    assert kept
    for each in kept:
        assert tuple(each["colors"][0]) == server.expected_color(each["prompt"], each["seed"], 0)
