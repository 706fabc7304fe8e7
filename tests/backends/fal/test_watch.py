from __future__ import annotations

import asyncio
import time
from contextlib import aclosing, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from seedream_widgets.backends.base import Policy
from seedream_widgets.backends.fal.session import FalSession
from seedream_widgets.backends.fal.watch import LINES, Progress, Report, Watch, read_logs
from seedream_widgets.credentials import Key
from seedream_widgets.errors import BackendError, ContentRejectedError, SubmitUnknownError
from seedream_widgets.jobs.client import Client
from seedream_widgets.testing import picture
from seedream_widgets.values.handle import Handle
from seedream_widgets.values.request import Request
from seedream_widgets.values.status import Completed, InProgress, Log, Queued, Status

from .drive import FOX, PATIENT, QUICK, drive, submitted, watched
from .loopback import saying

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from pathlib import Path

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
    fal_server.settings.waits = lambda: not fal_server.state.streams
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
    statuses = drive(followed, first_event=5.0 if kind == "silent" else PATIENT)
    assert messages(statuses[-1]) == SAID
    assert fal_server.count("stream") == 1
    assert fal_server.count("status") >= 1


def test_a_stream_that_never_speaks_is_left_soon(fal_server: FalServer) -> None:
    fal_server.fail("stream", "silent", times=None)
    began = time.monotonic()
    assert isinstance(drive(followed, first_event=0.3, silence=200.0)[-1], Completed)
    assert time.monotonic() - began < 100


def test_a_stream_that_falls_silent_is_left(fal_server: FalServer) -> None:
    fal_server.settings.logs = ()
    fal_server.settings.runs_on = lambda: not fal_server.count("status")
    assert isinstance(drive(followed, silence=4.0)[-1], Completed)
    assert fal_server.count("stream") == 1
    assert fal_server.count("status") >= 1


def test_a_stream_that_was_cut_is_opened_again_without_doubled_lines(
    fal_server: FalServer,
) -> None:
    fal_server.settings.runs_on = lambda: fal_server.count("stream") < 3
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
    statuses = drive(followed, call=2.0)
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
        while fal_server.count("status") < 3:
            await asyncio.sleep(0.02)
        await asyncio.wait(tasks, timeout=0.5)  # in which a fourth would come
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        return fal_server.count("status")

    assert drive(scenario, requests=3) == 3


def test_polls_go_out_one_after_the_other(fal_server: FalServer) -> None:
    fal_server.settings.waits = lambda: True
    number = 400

    async def scenario(backend: FalBackend) -> float:
        handle = await submitted(backend)
        began = time.monotonic()
        tasks = [asyncio.create_task(watched(backend, handle)) for _ in range(8)]
        while fal_server.count("status") < number:
            await asyncio.sleep(0.001)
        took = time.monotonic() - began
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        return took

    assert drive(scenario, streams=0, poll=(0.0, 0.0)) > 0.8 * number / 200


def test_leaving_the_watch_closes_its_connection(fal_server: FalServer) -> None:
    fal_server.settings.runs_on = lambda: True

    async def scenario(backend: FalBackend) -> bool:
        handle = await submitted(backend)
        task = asyncio.create_task(watched(backend, handle))
        while not fal_server.state.streams:
            await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.wait([task], timeout=PATIENT)
        await asyncio.to_thread(fal_server.wait, lambda server: not server.state.streams)
        return task.cancelled()

    assert drive(scenario)


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


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
SAYS = b'data: {"status": "IN_PROGRESS", "logs": [{"message": "still at it"}]}\n\n'


def streamed(*answers: bytes | Callable[[socket.socket], object], **limits: Any) -> list[Any]:
    """Follow a request whose stream a plain socket serves; its polls find no such request."""

    async def main(address: str) -> list[Any]:
        session = await FalSession.open(Key("id:key"), replace(QUICK, **limits), Policy())
        known = await session.client.get_handle("fal-ai/bytedance/x", "r1")
        watch = Watch(session, replace(known, status_url=f"http://{address}/requests/r1"))
        found: list[Any] = []
        try:
            async with aclosing(watch.statuses()) as statuses:
                async for status in statuses:
                    found.append(status)
        except BackendError as error:
            found.append(error)
        finally:
            await session.aclose()
        return found

    with saying(*answers) as (address, _):
        return asyncio.run(main(address))


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_events_may_be_cut_anywhere(size: int) -> None:
    said = (
        b': hello\n\ndata: {"status": "IN_QUEUE",\r\ndata: "queue_position": 2}\r\n\r\n: ping\n\n'
        b'event: x\nid: 3\ndata:{"status": "IN_PROGRESS", "logs": [{"message": "\xc3\xa9"}]}\n\n'
        b'data: {"status": "COMPLETED"}\n\ndata: more'
    )

    def say(connection: socket.socket) -> None:
        connection.sendall(HEAD)
        for start in range(0, len(said), size):
            connection.sendall(said[start : start + size])

    first, second, last = streamed(say)
    assert first == Queued(2)
    assert messages(second) == ["\u00e9"]
    assert isinstance(last, Completed)


@pytest.mark.parametrize(
    "said", [b"data: " + b"x" * 9000, b": x\n\n" * 3000, b'data: {"status": "\xff"}\n\n' * 900]
)
def test_a_stream_that_says_too_much_is_left(said: bytes) -> None:
    (error,) = streamed(HEAD + said, stream_bytes=8000, call=0.3, patience=0.2)
    assert isinstance(error, BackendError)  # which is what its polls, for which nobody is, end in


def test_a_chatty_stream_does_not_hold_others_up() -> None:
    def flood(connection: socket.socket) -> None:
        connection.sendall(HEAD)
        with suppress(OSError):
            while True:
                connection.sendall(SAYS * 1000)

    async def main(addresses: list[str]) -> float:
        session = await FalSession.open(Key("id:key"), QUICK, Policy())
        known = await session.client.get_handle("fal-ai/bytedance/x", "r1")
        longest = 0.0

        async def follow(address: str) -> None:
            watch = Watch(session, replace(known, status_url=f"http://{address}/requests/r1"))
            async for _ in watch.statuses():
                pass

        tasks = [asyncio.create_task(follow(each)) for each in addresses]
        until = time.monotonic() + 2
        while time.monotonic() < until:
            began = time.thread_time()  # what others on the machine take is not ours
            await asyncio.sleep(0.005)
            longest = max(longest, time.thread_time() - began)
        for task in tasks:
            assert not task.done()
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await session.aclose()
        return longest

    with saying(flood) as (one, _), saying(flood) as (two, _), saying(flood) as (three, _):
        assert asyncio.run(main([one, two, three])) < 0.3


def test_jobs_beyond_the_open_streams_are_polled(fal_server: FalServer) -> None:
    fal_server.settings.runs_on = lambda: fal_server.count("status") <= 6

    async def work(backend: FalBackend) -> list[list[Status]]:
        return await asyncio.gather(*(followed(backend) for _ in range(6)))

    found = drive(work, open_streams=2)
    assert all(isinstance(each[-1], Completed) for each in found)
    assert 0 < fal_server.state.most_streams <= 2  # one that ended makes room for another
    assert fal_server.count("status") > 6


@pytest.mark.parametrize("point", ["stream", "status", "result", "initiate", "upload", "pricing"])
def test_a_reply_that_is_nested_too_deep_is_no_reply(
    fal_server: FalServer, tmp_path: Path, point: str
) -> None:
    fal_server.fail(point, "deep")
    if point == "status":
        fal_server.fail("stream", "405", times=None)
    client = Client(library=tmp_path)
    assert client.submit(Request("a fox", images=[picture(1, (640, 640))])).result(60)
    assert len(fal_server.bill) == 1
    client.close()


def test_a_submit_whose_reply_is_nested_too_deep_may_have_arrived(fal_server: FalServer) -> None:
    fal_server.fail("submit", "deep")
    with pytest.raises(SubmitUnknownError):
        drive(submitted)
