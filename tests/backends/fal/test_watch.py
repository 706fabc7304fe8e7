from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest

from seedream_widgets.backends.fal.watch import LINES, EventReader, Progress, Report, read_logs
from seedream_widgets.errors import BackendError, ContentRejectedError
from seedream_widgets.values.handle import Handle
from seedream_widgets.values.request import Request
from seedream_widgets.values.status import Completed, InProgress, Log, Queued, Status

from .drive import FOX, drive, submitted, watched

if TYPE_CHECKING:
    from seedream_widgets.backends.fal import FalBackend
    from tests.fal_server import FalServer


SAID = ["Loading the model", "Drawing", "Encoding"]


async def followed(backend: FalBackend) -> list[Status]:
    return await watched(backend, await submitted(backend))


def messages(status: Status) -> list[str]:
    assert isinstance(status, (InProgress, Completed))
    return [log.message for log in status.logs]


@pytest.mark.parametrize("stream_logs", ["new", "all"])
def test_changes_come_in_order_with_all_lines(fal_server: FalServer, stream_logs: str) -> None:
    fal_server.settings.stream_logs = stream_logs
    statuses = drive(followed)
    assert statuses[0] == Queued(0)
    assert [type(each) for each in statuses[1:-1]] == [InProgress] * (len(statuses) - 2)
    assert messages(statuses[-1]) == SAID
    assert len(statuses) == len(set(statuses))
    assert fal_server.count("stream") == 1
    assert fal_server.count("status") == 0


@pytest.mark.parametrize("kind", ["404", "405", "500", "html", "not_json", "garbage", "silent"])
def test_without_a_stream_it_polls(fal_server: FalServer, kind: str) -> None:
    fal_server.fail("stream", kind, times=None)
    statuses = drive(followed)
    assert messages(statuses[-1]) == SAID
    assert fal_server.count("stream") == 1
    assert fal_server.count("status") >= 1


def test_a_stream_that_never_speaks_is_left_soon(fal_server: FalServer) -> None:
    fal_server.fail("stream", "silent", times=None)
    began = time.monotonic()
    assert isinstance(drive(followed, silence=30.0)[-1], Completed)
    assert time.monotonic() - began < 3


def test_a_stream_that_falls_silent_is_left(fal_server: FalServer) -> None:
    fal_server.settings.logs = ()
    fal_server.settings.run_seconds = 1.2
    assert isinstance(drive(followed, silence=0.2)[-1], Completed)
    assert fal_server.count("stream") == 1
    assert fal_server.count("status") >= 1


def test_a_stream_that_was_cut_is_opened_again_without_doubled_lines(
    fal_server: FalServer,
) -> None:
    fal_server.settings.run_seconds = 0.3
    fal_server.fail("stream", "cut", times=2)
    statuses = drive(followed)
    assert messages(statuses[-1]) == SAID
    assert fal_server.count("stream") == 3


@pytest.mark.parametrize("point", ["stream", "status"])
def test_an_unknown_state_is_waited_out(fal_server: FalServer, point: str) -> None:
    fal_server.fail("stream", "405" if point == "status" else "unknown")
    if point == "status":
        fal_server.fail("status", "unknown", times=2)
    assert isinstance(drive(followed)[-1], Completed)


@pytest.mark.parametrize("kind", ["500", "503", "429", "nginx_502", "html", "drop", "hang"])
def test_trouble_while_waiting_does_not_lose_the_job(fal_server: FalServer, kind: str) -> None:
    fal_server.fail("stream", "405")
    fal_server.fail("status", kind, times=2)
    statuses = drive(followed, call=0.3, patience=20.0)
    assert messages(statuses[-1]) == SAID


def test_patience_ends_with_the_request_id(fal_server: FalServer) -> None:
    fal_server.fail("stream", "drop", times=None)
    fal_server.fail("status", "drop", times=None)
    with pytest.raises(BackendError, match="can't be reached") as caught:
        drive(followed, call=0.2, patience=0.5)
    (job,) = fal_server.jobs
    assert caught.value.request_id == job.request_id
    assert job.request_id in str(caught.value)
    assert caught.value.billing == "maybe"


def test_a_content_refusal_names_the_prompt(fal_server: FalServer) -> None:
    fal_server.fail("run", "policy")
    with pytest.raises(ContentRejectedError, match="The safety checker refused this") as caught:
        drive(followed)
    error = caught.value
    assert (error.field, error.billing, error.status_code) == ("prompt", "maybe", 422)
    assert error.request_id == fal_server.jobs[0].request_id
    assert error.error_type == "content_policy_violation"
    assert error.details[0]["loc"] == ["body", "prompt"]


def test_a_failure_whose_result_can_not_be_had_is_explained_by_its_status(
    fal_server: FalServer,
) -> None:
    fal_server.fail("run", "policy")
    fal_server.fail("result", "hang", times=None)
    with pytest.raises(ContentRejectedError):
        drive(followed, call=0.3)


@pytest.mark.parametrize("kind", ["500", "504"])
def test_a_failure_of_fal_is_not_billed(fal_server: FalServer, kind: str) -> None:
    fal_server.fail("run", kind)
    with pytest.raises(BackendError, match="nothing is billed") as caught:
        drive(followed)
    assert caught.value.billing == "no"


def test_a_request_that_fal_does_not_know(fal_server: FalServer) -> None:
    handle = Handle("never-existed", FOX.endpoint.id)
    with pytest.raises(BackendError) as caught:
        drive(lambda backend: watched(backend, handle))
    assert caught.value.status_code == 404


def test_a_request_is_found_again_by_its_id_alone(fal_server: FalServer) -> None:
    handle = drive(submitted)
    again = Handle(handle.request_id, handle.endpoint_id)
    assert isinstance(drive(lambda backend: watched(backend, again))[-1], Completed)


def test_polling_keeps_to_few_requests_at_once(fal_server: FalServer) -> None:
    fal_server.fail("stream", "405", times=None)
    fal_server.fail("status", "hang", times=None)

    async def scenario(backend: FalBackend) -> int:
        prompts = [f"fox {number}" for number in range(10)]
        handles = [await submitted(backend, Request(prompt)) for prompt in prompts]
        tasks = [asyncio.create_task(watched(backend, handle)) for handle in handles]
        await asyncio.wait(tasks, timeout=0.5)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        return fal_server.count("status")

    assert drive(scenario, requests=3, call=10.0) == 3


def test_polls_go_out_one_after_the_other(fal_server: FalServer) -> None:
    fal_server.fail("stream", "405", times=None)
    fal_server.fail("status", "hang", times=None)
    number = 40

    async def scenario(backend: FalBackend) -> list[float]:
        handle = await submitted(backend)
        tasks = [asyncio.create_task(watched(backend, handle)) for _ in range(number)]
        while fal_server.count("status") < number:
            await asyncio.sleep(0.02)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        return sorted(record.at for record in fal_server.requests if record.step == "status")

    asked = drive(scenario, requests=number, call=30.0)
    assert asked[-1] - asked[0] > 0.8 * number / 200


def test_leaving_the_watch_closes_its_connection(fal_server: FalServer) -> None:
    fal_server.settings.run_seconds = 5

    async def scenario(backend: FalBackend) -> float:
        handle = await submitted(backend)
        task = asyncio.create_task(watched(backend, handle))
        while not fal_server.count("stream"):
            await asyncio.sleep(0.01)
        began = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return time.monotonic() - began

    assert drive(scenario) < 0.5


STREAM = (
    b': hello\n\ndata: {"a": 1}\r\n\r\nevent: x\nid: 3\ndata:two\ndata: lines\n\n: ping\n\n'
    b"data: \xc3\xa9\n\ndata: unfinished"
)
EVENTS = ['{"a": 1}', "two\nlines", "é"]


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_chunks_may_be_cut_anywhere(size: int) -> None:
    reader = EventReader()
    chunks = [STREAM[start : start + size] for start in range(0, len(STREAM), size)]
    assert [event for chunk in chunks for event in reader.feed(chunk)] == EVENTS


def test_bytes_that_are_no_text_do_not_raise() -> None:
    assert EventReader().feed(b"data: \xff\n\n") == ["\ufffd"]


@pytest.mark.parametrize("chunk", [b"data: " + b"x" * 200, b"data: x\n" * 200])
def test_what_is_too_large_is_refused(chunk: bytes) -> None:
    with pytest.raises(ValueError, match="status stream"):
        EventReader(largest=100).feed(chunk)


def line(number: int) -> dict[str, Any]:
    return {"message": f"line {number}", "level": "INFO", "timestamp": f"t{number}"}


def lines(*numbers: int) -> list[dict[str, Any]]:
    return [line(number) for number in numbers]


def test_only_changes_are_told() -> None:
    progress = Progress()
    assert progress.change(Report("IN_QUEUE", position=1)) == Queued(1)
    assert progress.change(Report("IN_QUEUE", position=1)) is None
    assert progress.change(Report("IN_QUEUE", position=0)) == Queued(0)
    assert progress.change(Report("PAUSED")) is None
    assert progress.change(Report("IN_PROGRESS")) == InProgress()
    assert progress.change(Report("IN_PROGRESS", logs=[])) is None
    assert progress.change(Report("COMPLETED")) == Completed()


@pytest.mark.parametrize(
    "runs",
    [
        [lines(1), lines(2), lines(3)],
        [lines(1), lines(1, 2), lines(1, 2, 3)],
        [lines(1, 2), lines(1, 2, 3), None, []],
        [lines(1, 2), lines(2, 3)],
    ],
)
def test_lines_are_joined_whether_all_or_only_new_ones_come(runs: list[Any]) -> None:
    progress = Progress()
    for run in runs:
        progress.change(Report("IN_PROGRESS", logs=run))
    done = progress.change(Report("COMPLETED"))
    assert isinstance(done, Completed)
    assert [log.message for log in done.logs] == ["line 1", "line 2", "line 3"]


def test_the_last_lines_are_kept() -> None:
    progress = Progress()
    for end in (250, 300):
        status = progress.change(Report("IN_PROGRESS", logs=lines(*range(end))))
    assert isinstance(status, InProgress)
    assert [log.message for log in status.logs] == [f"line {n}" for n in range(100, 300)]
    assert len(status.logs) == LINES


def test_log_entries_are_untrusted() -> None:
    long = {"message": "m" * 9999, "level": "l" * 999, "timestamp": None}
    assert read_logs(["text", None, {}, {"message": 7}, long]) == (Log("m" * 2000, "l" * 64, ""),)
    assert read_logs("no list") == ()


@pytest.mark.parametrize("position", [None, "1", True, -1, 10**12, 1.5])
def test_a_position_that_is_none(position: object) -> None:
    assert Progress().change(Report("IN_QUEUE", position=position)) == Queued(None)
