"""Lost replies are found again at fal: every picture kept, nothing sent or billed twice."""

from __future__ import annotations

import asyncio
import itertools
import os
import subprocess
import sys
import weakref
from typing import TYPE_CHECKING, Any

import pytest

import seedream_widgets as sd
from seedream_widgets.jobs.engine import shared
from seedream_widgets.jobs.lost import LostReplies
from seedream_widgets.values.status import Looking
from tests.fal_server.driving import QUEUE
from tests.memory import let_go
from tests.scripted import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx

    from tests.fal_server import FalServer

SMALL: dict[str, Any] = {"image_size": (960, 960)}
TWIN = sd.Request("a twin", **SMALL)
SECONDS = 200
SUBMITS = int(os.environ.get("LOST_SUBMITS", "80"))
"""`make model` loses 200 replies of 400; here it is fewer, as each one is looked for."""
LATE = float(os.environ.get("LOST_LATE", "3"))
"""Seconds by which fal's list of requests is late; 30 in `make model`."""


@pytest.fixture
def lost(monkeypatch: pytest.MonkeyPatch) -> LostReplies:
    """Looks often."""
    looks = LostReplies(patience=SECONDS / 2, pace=(0.2, 0.5))
    monkeypatch.setattr(shared(), "lost", looks)
    return looks


@pytest.fixture
def client(fal_server: FalServer, lost: LostReplies, tmp_path: Path) -> Iterator[sd.Client]:
    fal_server.settings.queue_seconds = fal_server.settings.run_seconds = 0
    client = sd.Client("fal", library=tmp_path)
    yield client
    client.close()


def lose_every_second(server: FalServer) -> None:
    numbers = itertools.count()
    server.fail("submit", "accept_drop", times=None, when=lambda _: next(numbers) % 2 == 0)


def submitted(client: sd.Client) -> list[sd.Job]:
    """Requests told apart by their seeds, and an eighth of twins between them."""
    twins = SUBMITS // 8
    requests = [sd.Request("a fox", seed=number, **SMALL) for number in range(SUBMITS - twins)]
    for number in range(twins):
        requests.insert(8 * number, TWIN)
    return [client.submit(request) for request in requests]


def outcomes(jobs: list[sd.Job]) -> tuple[list[sd.Result], list[Exception]]:
    results, errors = [], []
    for job in jobs:
        try:
            results.append(job.result(SECONDS))
        except sd.SeedreamError as error:
            errors.append(error)
    return results, errors


@pytest.mark.parametrize("late", [0.0, LATE])
def test_every_second_reply_is_lost_and_found(
    client: sd.Client, fal_server: FalServer, late: float
) -> None:
    fal_server.settings.list_delay = late
    lose_every_second(fal_server)
    jobs = submitted(client)
    results, errors = outcomes(jobs)
    assert errors == []
    assert len({result.request_id for result in results}) == SUBMITS
    assert len(fal_server.jobs) == len(fal_server.bill) == SUBMITS
    assert fal_server.count("submit") == SUBMITS
    assert len(client.library.search()) == SUBMITS
    assert sum(map(is_looked_for, jobs)) == SUBMITS // 2
    assert client.library._journal.pending() == []
    assert client.budget.committed == client.spent


def test_without_permission(client: sd.Client, fal_server: FalServer) -> None:
    fal_server.fail("listing", "403", times=None)
    lose_every_second(fal_server)
    jobs = submitted(client)
    results, errors = outcomes(jobs)
    assert (len(results), len(errors)) == (SUBMITS // 2, SUBMITS // 2)
    assert all(isinstance(error, sd.SubmitUnknownError) for error in errors)
    assert {error.billing for error in errors} == {"maybe"}  # type: ignore[attr-defined]
    assert all("this key may not ask fal for its requests" in str(error) for error in errors)
    assert len(fal_server.jobs) == fal_server.count("submit") == SUBMITS
    ended = client.library._journal.ended()
    assert {(entry.step, entry.billing) for entry in ended} == {("unknown", "maybe")}
    assert len(ended) == SUBMITS // 2


def lose(server: FalServer, kind: str = "accept_drop", times: int | None = 1) -> None:
    server.fail("submit", kind, times=times)


def is_looked_for(job: sd.Job) -> bool:
    return any(isinstance(status, Looking) for _, status in job.history)


def test_one_is_followed_to_its_result(client: sd.Client, fal_server: FalServer) -> None:
    lose(fal_server)
    fal_server.settings.list_delay = 1.0
    job = client.submit(TWIN)
    until(lambda: is_looked_for(job))
    (looking,) = (status for _, status in job.history if isinstance(status, Looking))
    assert looking.text == "The reply was lost; looking for it at fal"
    assert job.result(SECONDS).request_id == fal_server.jobs[0].request_id == job.request_id
    assert len(fal_server.bill) == 1


def test_what_was_found_is_let_go_with_its_client(
    fal_server: FalServer, lost: LostReplies, tmp_path: Path
) -> None:
    """Timers of others are set: behind them asyncio keeps cancelled ones of ours."""
    fal_server.settings.queue_seconds = fal_server.settings.run_seconds = 0
    others = shared().start(timers())
    client = sd.Client("fal", library=tmp_path)
    lose(fal_server)
    client.submit(TWIN).result(SECONDS)
    gone = weakref.ref(client)
    client.close()
    del client
    let_go(gone)
    others.cancel()


async def timers() -> None:
    await asyncio.gather(*(asyncio.sleep(number / 4) for number in range(4 * SECONDS)))


def test_more_than_were_lost_are_not_taken(
    client: sd.Client, fal_server: FalServer, fal_http: httpx.Client
) -> None:
    """Somebody else asks for the very same, on the same account."""
    lose(fal_server)
    fal_server.fail("listing", "500", times=None)  # until both have been sent
    job = client.submit(TWIN)
    fal_server.wait(lambda server: len(server.jobs) == 1)
    fal_http.post(QUEUE + TWIN.endpoint.id, json=TWIN.arguments)
    fal_server.heal()
    with pytest.raises(sd.SubmitUnknownError, match="fal lists 2 such requests, and 1") as caught:
        job.result(SECONDS)
    assert all(other.request_id in str(caught.value) for other in fal_server.jobs)
    assert caught.value.billing == "maybe"


def test_what_fal_never_got_is_told_so(
    client: sd.Client, fal_server: FalServer, lost: LostReplies
) -> None:
    """It ends as not billed once the list shows a later one of ours."""
    lose(fal_server, "drop")
    job = client.submit(TWIN)
    until(lambda: is_looked_for(job))
    client.submit(sd.Request("later", **SMALL)).result(SECONDS)
    looks = fal_server.count("listing")
    fal_server.wait(lambda server: server.count("listing") > looks)  # one has begun since
    lost.patience = 1.0
    with pytest.raises(sd.BackendError, match="fal lists no such request") as caught:
        job.result(SECONDS)
    assert caught.value.billing == "no"
    assert not isinstance(caught.value, sd.SubmitUnknownError)
    assert [entry.billing for entry in client.library._journal.ended()] == ["no"]
    assert client.budget.committed == client.spent
    assert fal_server.count("submit") == 2


def test_without_a_later_one_it_stays_unknown(
    client: sd.Client, fal_server: FalServer, lost: LostReplies
) -> None:
    lost.patience = 3.0
    lose(fal_server, "drop")
    with pytest.raises(sd.SubmitUnknownError, match="its list shows none like it so far") as caught:
        client.submit(TWIN).result(SECONDS)
    assert caught.value.billing == "maybe"


def test_where_payloads_are_not_stored(
    fal_server: FalServer, lost: LostReplies, tmp_path: Path
) -> None:
    lost.patience = 3.0
    client = sd.Client("fal", library=tmp_path, store_prompts=False)
    lose(fal_server)
    with pytest.raises(sd.SubmitUnknownError, match="does not say what the requests asked"):
        client.submit(TWIN).result(SECONDS)
    client.close()


def test_a_cancel_while_it_is_looked_for(client: sd.Client, fal_server: FalServer) -> None:
    fal_server.settings.queue_seconds = 600
    fal_server.settings.list_delay = 600
    lose(fal_server)
    job = client.submit(TWIN)
    until(lambda: is_looked_for(job))
    job.cancel()
    fal_server.settings.list_delay = 0
    with pytest.raises(sd.JobCancelled):
        job.result(SECONDS)
    assert fal_server.jobs[0].cancelled


KILLED = """
import sys, time
import seedream_widgets as sd
jobs = [sd.submit("left behind", image_size=(960, 960)) for _ in range(3)]
while sum(job.done for job in jobs) < 1 or any(
    entry.step != "sending" for entry in sd.library._journal.pending()
):
    time.sleep(0.01)
print("there", flush=True)
sys.stdin.read()
"""


def test_after_a_kill_they_are_found_by_resume(
    fal_server: FalServer, lost: LostReplies, tmp_path: Path
) -> None:
    fal_server.settings.queue_seconds = fal_server.settings.run_seconds = 0
    numbers = itertools.count()
    fal_server.fail("submit", "accept_hang", times=None, when=lambda _: next(numbers) < 2)
    with subprocess.Popen([sys.executable, "-c", KILLED], stdin=-1, stdout=-1) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"there\n"
        fal_server.wait(lambda server: len(server.jobs) == 3)
        process.kill()
    fal_server.heal()
    client = sd.Client("fal", library=tmp_path)
    jobs = client.resume()
    assert len(jobs) == 2
    results, errors = outcomes(list(jobs))
    assert errors == []
    kept = {entry.request_id for entry in client.library.search()}
    assert kept == {job.request_id for job in fal_server.jobs}
    assert len({result.request_id for result in results}) == 2
    assert fal_server.count("submit") == 3
    assert len(fal_server.bill) == 3
    client.close()
