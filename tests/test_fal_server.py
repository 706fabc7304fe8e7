"""The local fal, driven by the unmodified fal_client and by plain httpx."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import Any

import fal_client
import httpx
import pytest

from tests.fal_server import Authority, FalServer, Settings
from tests.fal_server.driving import (
    EDIT,
    QUEUE,
    V4,
    async_client,
    color,
    events,
    finish,
    submit,
    sync_client,
)
from tests.fal_server.pictures import draw


def test_async_client_goes_the_whole_way(fal_server: FalServer) -> None:
    seen: list[Any] = []
    fal_server.settings.waits = lambda: not seen
    fal_server.settings.runs_on = lambda: not isinstance(seen[-1], fal_client.InProgress)

    async def go() -> dict[str, Any]:
        async with async_client(fal_server.settings.key) as client:
            arguments = {"prompt": "fox", "seed": 5, "num_images": 2}
            handle = await client.submit(V4, arguments)
            async for event in handle.iter_events(with_logs=True, interval=0.01):
                seen.append(event)
            output: dict[str, Any] = await handle.get()
            return output

    output = asyncio.run(go())
    kinds = list(dict.fromkeys(type(event).__name__ for event in seen))
    assert kinds == ["Queued", "InProgress", "Completed"]
    assert [line["message"] for line in seen[-1].logs] == list(fal_server.settings.logs)
    assert output["seed"] == 5
    for index, image in enumerate(output["images"]):
        content = httpx.get(image["url"], timeout=60).content
        assert (len(content), 2048, 2048) == (image["file_size"], image["width"], image["height"])
        assert color(content) == fal_server.expected_color("fox", 5, index)
    assert [charge[1:] for charge in fal_server.bill] == [(2, 0.06, 2)]
    assert fal_server.hosts_with_key() == {"queue.fal.run"}
    assert set(fal_server.tunnels) == {"queue.fal.run", "v3.fal.media"}


# fal_client's SyncClient leaves the connection of each upload to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_sync_client_uploads_and_edits(fal_server: FalServer) -> None:
    picture = draw((64, 48), (1, 2, 3))
    with sync_client(fal_server.settings.key) as client:
        url = client.upload(picture, "image/png", "a.png")
        output = client.subscribe(EDIT, {"prompt": "night", "image_urls": [url]}, interval=0.01)
    assert len(output["images"]) == 1
    assert fal_server.jobs[0].inputs == [picture]
    assert httpx.get(url, timeout=60).content == picture
    assert [fal_server.count(step) for step in ("token", "upload", "initiate")] == [1, 1, 0]
    assert fal_server.hosts_with_key() == {"queue.fal.run", "rest.fal.ai"}
    gc.collect()


@pytest.mark.parametrize("broken", ["token", "upload"])
def test_upload_falls_back_to_initiate_and_put(fal_server: FalServer, broken: str) -> None:
    fal_server.fail(broken, "500", times=None)

    async def go() -> str:
        async with async_client(fal_server.settings.key) as client:
            return str(await client.upload(b"bytes", "image/png", "a.png"))

    url = asyncio.run(go())
    assert httpx.get(url, timeout=60).content == b"bytes"
    assert [fal_server.count(step) for step in ("initiate", "put")] == [1, 1]
    # A fact of fal_client: its key goes to the upload host as well.
    assert "v3b.fal.media" in fal_server.hosts_with_key()


def test_an_upload_needs_its_token(fal_server: FalServer, fal_http: httpx.Client) -> None:
    for path in ("/files/upload", "/files/upload/multipart"):
        assert fal_http.post("https://v3.fal.media" + path, content=b"x").status_code == 401
    assert fal_server.files == {}


def test_upload_in_parts(fal_server: FalServer) -> None:
    async def go() -> str:
        from fal_client.client import AsyncMultipartUpload

        async with async_client(fal_server.settings.key) as client, client._cdn_client() as cdn:
            return await AsyncMultipartUpload.save(
                client=cdn,
                token_manager=await client._token_manager,
                file_name="a.bin",
                data=bytes(range(250)),
                chunk_size=100,
                content_type="image/png",
            )

    reply = httpx.get(asyncio.run(go()), timeout=60)
    assert reply.content == bytes(range(250))
    assert reply.headers["content-type"] == "image/png"
    assert fal_server.count("multipart") == 5


def test_the_stream_pushes_changes_and_new_log_lines(
    fal_server: FalServer, fal_http: httpx.Client
) -> None:
    fal_server.settings.waits = lambda: not fal_server.state.streams
    job = submit(fal_http)
    told = events(fal_http, job)
    states = list(dict.fromkeys(event["status"] for event in told))
    assert states == ["IN_QUEUE", "IN_PROGRESS", "COMPLETED"]
    lines = [line["message"] for event in told for line in event["logs"]]
    assert lines == list(fal_server.settings.logs)
    assert {event["request_id"] for event in told} == {job["request_id"]}
    assert events(fal_http, job)[-1]["status"] == "COMPLETED"
    fal_server.settings.stream_logs = "all"
    assert len(events(fal_http, job)[-1]["logs"]) == 3


def test_the_stream_keeps_alive(fal_server: FalServer, fal_http: httpx.Client) -> None:
    lines: list[str] = []
    fal_server.settings.keep_alive_seconds = 0.02
    fal_server.settings.runs_on = lambda: ": ping" not in lines
    job = submit(fal_http)
    with fal_http.stream("GET", job["status_url"] + "/stream") as response:
        for line in response.iter_lines():
            lines.append(line)
    assert response.headers["x-fal-request-id"] == job["request_id"]


def test_status_codes_and_logs_on_demand(fal_server: FalServer, fal_http: httpx.Client) -> None:
    held = True
    fal_server.settings.runs_on = lambda: held
    job = submit(fal_http)
    root = f"{QUEUE}fal-ai/bytedance/requests/{job['request_id']}"
    assert (job["response_url"], job["status_url"]) == (root, root + "/status")
    early = fal_http.get(job["status_url"], params={"logs": "false"})
    assert (early.status_code, early.json()["logs"]) == (202, None)
    assert fal_http.get(root).json() == {"detail": "Request is still in progress"}
    held = False
    finish(fal_server, job["request_id"])
    done = fal_http.get(job["status_url"], params={"logs": "true"})
    assert (done.status_code, len(done.json()["logs"])) == (200, 3)
    assert done.headers["x-fal-request-id"] == job["request_id"]
    assert fal_http.get(root).json() == fal_http.get(root + "/response").json()


def test_cancel_in_queue_costs_nothing(fal_server: FalServer, fal_http: httpx.Client) -> None:
    fal_server.settings.queue_seconds = 600
    job = submit(fal_http)
    reply = fal_http.put(job["cancel_url"])
    assert (reply.status_code, reply.json()["status"]) == (202, "CANCELLATION_REQUESTED")
    assert fal_http.get(job["status_url"]).json()["error_type"] == "client_cancelled"
    assert fal_http.get(job["response_url"]).status_code == 499
    assert fal_http.put(job["cancel_url"]).json() == {"status": "ALREADY_COMPLETED"}
    assert (fal_server.bill, fal_server.maybe_billed) == ((), ())


def test_cancel_while_running_may_be_billed(fal_server: FalServer) -> None:
    fal_server.settings.run_seconds = 600
    with sync_client(fal_server.settings.key) as client:
        handle = client.submit(V4, {"prompt": "fox"})
        fal_server.wait(lambda s: s.jobs[0].phase == "IN_PROGRESS")
        handle.cancel()
        with pytest.raises(fal_client.FalClientHTTPError) as caught:
            handle.get(interval=0.01)
    assert (caught.value.status_code, caught.value.error_type) == (499, "client_cancelled")
    assert (fal_server.bill, fal_server.maybe_billed) == ((), (handle.request_id,))


def test_unknown_things_are_404(fal_server: FalServer, fal_http: httpx.Client) -> None:
    unknown = fal_http.get(f"{QUEUE}fal-ai/bytedance/requests/none/status")
    assert (unknown.status_code, unknown.json()) == (404, {"status": "NOT_FOUND"})
    assert fal_http.post(QUEUE + "fal-ai/nothing/here", json={}).status_code == 404
    assert httpx.get("https://v3.fal.media/files/b/none/0.png", timeout=60).status_code == 404
    assert fal_server.jobs == ()


def test_the_key_is_checked(fal_server: FalServer) -> None:
    url = QUEUE + V4
    assert httpx.post(url, json={"prompt": "x"}, timeout=60).status_code == 401
    with sync_client("wrong") as client, pytest.raises(fal_client.FalClientHTTPError) as caught:
        client.submit(V4, {"prompt": "x"})
    assert caught.value.status_code == 401
    assert fal_server.jobs == ()


def test_concurrency_keeps_the_others_in_queue(
    fal_server: FalServer, fal_http: httpx.Client
) -> None:
    fal_server.settings.concurrency, fal_server.settings.queue_seconds = 1, 0
    fal_server.settings.runs_on = lambda: not fal_server.state.streams
    jobs = [submit(fal_http, prompt=str(number)) for number in range(3)]
    positions = [event.get("queue_position") for event in events(fal_http, jobs[2])]
    assert list(dict.fromkeys(positions)) in ([1, 0, None], [2, 1, 0, None])
    starts = [job.started_at or 0 for job in fal_server.jobs]
    ends = [job.completed_at or 0 for job in fal_server.jobs]
    assert starts[1] >= ends[0]
    assert starts[2] >= ends[1]


def test_the_direct_run(fal_server: FalServer) -> None:
    with sync_client(fal_server.settings.key) as client:
        output = client.run(V4, {"prompt": "fox", "seed": 1})
    assert output["seed"] == 1
    assert fal_server.hosts_with_key() == {"fal.run"}


def test_reached_without_the_proxy(
    fal_server: FalServer, fal_http: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "localhost")
    for base in (fal_server.https_url, fal_server.http_url):
        with httpx.Client(headers=fal_http.headers, timeout=60) as direct:
            job = direct.post(f"{base}/queue/{V4}", json={"prompt": "fox"}).json()
            assert job["status_url"].startswith(f"{base}/queue/fal-ai/bytedance/requests/")
            finish(fal_server, job["request_id"])
            (image,) = direct.get(job["response_url"]).json()["images"]
            assert len(direct.get(image["url"]).content) == image["file_size"]
    assert fal_server.tunnels == ()


def test_connections_are_counted(fal_server: FalServer, fal_http: httpx.Client) -> None:
    job = submit(fal_http)
    for _ in range(5):
        fal_http.get(job["status_url"])
    assert (fal_server.connections("status"), fal_server.count("status")) == (1, 5)
    httpx.get(job["status_url"], headers=dict(fal_http.headers), timeout=60)
    assert fal_server.connections("status") == 2
    assert fal_server.requests[0].body_size == len(b'{"prompt":"fox"}')


def test_stop_ends_open_streams_and_frees_the_ports(
    fal_authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = FalServer(Settings(run_seconds=600), authority=fal_authority).start()
    for name, value in server.env.items():
        monkeypatch.setenv(name, value)
    headers = {"Authorization": f"Key {server.settings.key}"}
    idle = socket.create_connection(("127.0.0.1", int(server.proxy_url.rpartition(":")[2])))
    with idle, httpx.Client(headers=headers, timeout=60) as http:
        job = submit(http)
        with http.stream("GET", job["status_url"] + "/stream") as response:
            lines = response.iter_lines()
            assert next(lines).startswith("data: ")
            start = time.monotonic()
            server.stop()
            with pytest.raises(httpx.TransportError):
                list(lines)
        idle.settimeout(60)
        assert idle.recv(1) == b""
        with pytest.raises(httpx.ConnectError):
            http.get(job["status_url"])
    assert time.monotonic() - start < 60
    assert "fal" not in {thread.name for thread in threading.enumerate()}
    server.stop()


@pytest.mark.slow
def test_alone_it_prints_what_to_export(monkeypatch: pytest.MonkeyPatch) -> None:
    command = [sys.executable, "-m", "tests.fal_server", "--queue-seconds=0", "--run-seconds=0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in iter(process.stdout.readline, ""):
            name, _, value = line.removeprefix("export ").strip().partition("=")
            if line.startswith("#"):
                break
            monkeypatch.setenv(name, value.strip("'"))
        with sync_client(os.environ["FAL_KEY"]) as client:
            assert client.subscribe(V4, {"prompt": "fox", "seed": 3}, interval=0.01)["seed"] == 3
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert not os.path.exists(os.environ["SSL_CERT_FILE"])
