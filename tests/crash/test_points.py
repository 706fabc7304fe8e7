"""Kernels killed at each point of a request's life."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.crash.audit import ended, pending
from tests.crash.notebook import right

if TYPE_CHECKING:
    from tests.crash.notebook import Notebook


def test_before_the_claim(notebook: Notebook) -> None:
    notebook.killed_before("os.link", "journal/*.1.json", "cells.submit('fox')")
    assert notebook.resumed() == []
    assert notebook.server.count("submit") == 0


def test_claimed_and_not_yet_said_to_be_sent(notebook: Notebook) -> None:
    notebook.killed_before("os.link", "journal/*.2.json", "cells.submit('fox')")
    assert notebook.steps == {"claimed"}
    (job,) = notebook.resumed()
    assert job["error"] == "JobCancelled"
    assert notebook.server.count("submit") == 0


def test_said_to_be_sent_and_not_yet_sent(notebook: Notebook) -> None:
    notebook.killed_before("os.remove", "journal/*.1.json", "cells.submit('fox')")
    assert notebook.steps == {"claimed", "sending"}
    assert notebook.server.count("submit") == 0
    (job,) = notebook.resumed()
    assert job["error"] == "SubmitUnknownError"


def test_while_uploading_before_the_submit(notebook: Notebook) -> None:
    server = notebook.server
    server.fail("upload", "hang", times=None)
    notebook.killed("cells.submit('fox', 1, edit=True)", lambda: server.count("upload"))
    assert notebook.steps == {"claimed"}
    (job,) = notebook.resumed()
    assert job["error"] == "JobCancelled"
    assert server.jobs == ()
    assert server.count("submit") == 0
    (entry,) = ended(notebook.library, "cancelled")
    assert entry["billing"] == "no"


def test_submitted_and_accepted_before_the_reply(notebook: Notebook) -> None:
    notebook.server.fail("submit", "accept_hang", times=None)
    notebook.killed("cells.submit('fox', 2)", lambda: len(notebook.server.jobs) == 2)
    assert notebook.steps == {"sending"}
    assert right(notebook.resumed(), notebook.server, jobs=2, images=1)  # fal lists them
    assert notebook.server.count("submit") == 2


def test_accepted_before_the_reply_and_the_key_may_not_ask(notebook: Notebook) -> None:
    notebook.server.fail("submit", "accept_hang", times=None)
    notebook.server.fail("listing", "403", times=None)
    notebook.killed("cells.submit('fox', 2)", lambda: len(notebook.server.jobs) == 2)
    outcomes = notebook.resumed()
    assert [job["error"] for job in outcomes] == ["SubmitUnknownError"] * 2
    assert "may have accepted" in outcomes[0]["message"]
    assert len(notebook.server.bill) == len(ended(notebook.library, "unknown")) == 2


def test_submitted_and_never_accepted_before_the_reply(notebook: Notebook) -> None:
    notebook.server.fail("submit", "hang", times=None)
    notebook.killed("cells.submit('fox')", lambda: notebook.server.count("submit"))
    (job,) = notebook.resumed()
    assert job["error"] == "SubmitUnknownError"  # nobody can tell


def test_queued(notebook: Notebook) -> None:
    server = notebook.server
    server.settings.waits = lambda: True
    notebook.killed("cells.submit('fox', 3, 2, edit=True)", lambda: server.count("stream") == 3)
    assert {job.phase for job in server.jobs} == {"IN_QUEUE"}
    server.settings.waits = bool
    assert notebook.steps == {"accepted"}
    assert right(notebook.resumed(), server, jobs=3, images=2)


def test_in_progress(notebook: Notebook) -> None:
    server = notebook.server
    server.settings.runs_on = lambda: True
    notebook.killed(
        "cells.submit('fox', 3)",
        lambda: server.count("stream") == 3 and all(job.logs for job in server.jobs),
    )
    assert {job.phase for job in server.jobs} == {"IN_PROGRESS"}
    server.settings.runs_on = bool
    assert right(notebook.resumed(), server, jobs=3)


def test_completed_at_fal_while_nobody_looked(notebook: Notebook) -> None:
    server = notebook.server
    server.settings.runs_on = lambda: True
    notebook.killed("cells.submit('fox')", lambda: server.count("stream"))
    server.settings.runs_on = bool
    server.wait(lambda s: len(s.bill) == 1)
    assert right(notebook.resumed(), server, jobs=1)


def test_failed_at_fal_while_nobody_looked(notebook: Notebook) -> None:
    server = notebook.server
    server.settings.runs_on = lambda: True
    server.fail("run", "policy")
    notebook.killed("cells.submit('fox')", lambda: server.count("stream"))
    server.settings.runs_on = bool
    server.wait(lambda s: s.jobs[0].failure)
    submits, kernel = server.count("submit"), notebook.kernel()
    (job,) = kernel.ask("cells.resume()")
    assert job["error"] == "ContentRejectedError"
    (row,) = kernel.ask("cells.spending()")
    assert (row["state"], row["certainty"]) == ("failed", "may be billed")
    assert server.count("submit") == submits
    assert pending(notebook.library) == []


def test_while_downloading(notebook: Notebook) -> None:
    server = notebook.server
    server.settings.file_bytes, server.settings.bytes_per_second = 3_000_000, 10_000
    notebook.killed(
        "cells.submit('fox', 1, 2)",
        lambda: any(path.stat().st_size for path in notebook.staged("*.part")),
    )
    assert not list(notebook.library.glob("results/*/*"))
    server.settings.bytes_per_second = None
    assert right(notebook.resumed(), server, jobs=1, images=2)


def test_some_files_whole_and_others_not(notebook: Notebook) -> None:
    server = notebook.server
    server.fail("download", "slow")
    notebook.killed("cells.submit('fox', 1, 4)", lambda: len(notebook.staged("*.png")) == 3)
    assert notebook.staged("*.part")
    assert not list(notebook.library.glob("results/*/*"))
    server.heal()
    assert right(notebook.resumed(), server, jobs=1, images=4)


@pytest.mark.parametrize(
    ("event", "path"),
    [
        ("os.link", "journal/*.3.json"),  # as accepted
        ("os.remove", "journal/*.2.json"),
        ("os.rename", ".staging/*/1"),  # a picture that is whole
        ("os.rename", ".staging/*/2.png"),
        ("os.rename", "results/*/*"),
    ],
)
def test_between_two_writes_of_what_fal_accepted(notebook: Notebook, event: str, path: str) -> None:
    notebook.killed_before(event, path, "cells.submit('fox', 1, 2)")
    assert not list(notebook.library.glob("results/*/*"))
    assert right(notebook.resumed(), notebook.server, jobs=1, images=2)
    assert len(list(notebook.library.glob("results/*/*"))) == 1


def test_in_its_place_and_not_yet_crossed_out(notebook: Notebook) -> None:
    server = notebook.server
    notebook.killed_before("os.remove", "journal/*.3.json", "cells.submit('fox', 1, 2)")
    assert notebook.steps == {"accepted"}
    server.expire(server.jobs[0].request_id)  # it is here, so fal's copy is not needed
    downloads = server.count("download")
    assert right(notebook.resumed(), server, jobs=1, images=2)
    assert server.count("download") == downloads


def test_right_after_completion(notebook: Notebook) -> None:
    kernel = notebook.kernel()
    kernel.ask("[cells.submit('fox', 2), cells.wait()]")
    kernel.kill()
    assert notebook.resumed() == []
    assert len(list(notebook.library.glob("results/*/*"))) == 2
