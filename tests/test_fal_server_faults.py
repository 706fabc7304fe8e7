"""The local fal's faults, each seen from the client's side."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import fal_client
import httpx
import pytest

from tests.fal_server import KINDS, FalServer
from tests.fal_server.driving import (
    QUEUE,
    V4,
    async_client,
    events,
    finish,
    result,
    submit,
    sync_client,
)

if TYPE_CHECKING:
    from collections.abc import Callable

PROMPT = {"prompt": "fox", "image_size": "square_hd"}


def seen(call: Callable[[], httpx.Response]) -> int | str:
    """Tell how a call ended: its status, that its reply is no JSON, or its transport error."""
    try:
        reply = call()
    except httpx.TransportError as error:
        return type(error).__name__
    try:
        reply.json()
    except ValueError:
        return f"{reply.status_code} {reply.headers['content-type'].split(';')[0]}"
    return reply.status_code


ANYWHERE = {
    "400": 400,
    "401": 401,
    "403": 403,
    "404": 404,
    "405": 405,
    "429": 429,
    "500": 500,
    "503": 503,
    "504": 504,
    "nginx_502": "502 text/html",
    "not_json": "200 application/json",
    "html": "200 text/html",
    "drop": "RemoteProtocolError",
    "hang": "ReadTimeout",
}


@pytest.mark.parametrize("kind", sorted(ANYWHERE))
def test_faults_that_may_happen_anywhere(
    fal_server: FalServer, fal_http: httpx.Client, kind: str
) -> None:
    fal_server.settings.queue_seconds = fal_server.settings.run_seconds = 0
    done = submit(fal_http, **PROMPT)
    finish(fal_server, done["request_id"])
    file = fal_http.get(done["response_url"]).json()["images"][0]["url"]
    rest = "https://rest.fal.ai/storage/"
    calls: dict[str, Callable[[], httpx.Response]] = {
        "submit": lambda: fal_http.post(QUEUE + V4, json=PROMPT),
        "status": lambda: fal_http.get(done["status_url"]),
        "stream": lambda: fal_http.get(done["status_url"] + "/stream"),
        "result": lambda: fal_http.get(done["response_url"]),
        "cancel": lambda: fal_http.put(done["cancel_url"]),
        "token": lambda: fal_http.post(rest + "auth/token", json={}),
        "initiate": lambda: fal_http.post(rest + "upload/initiate", json={}),
        "upload": lambda: fal_http.post("https://v3.fal.media/files/upload", content=b"x"),
        "put": lambda: fal_http.put("https://v3b.fal.media/files/a/b/c", content=b"x"),
        "download": lambda: fal_http.get(file),
        "pricing": lambda: fal_http.get("https://api.fal.ai/v1/models/pricing"),
        "listing": lambda: fal_http.get("https://api.fal.ai/v1/models/requests/by-endpoint"),
    }
    assert set(calls) == set(KINDS) - {"connect", "run"}
    fal_http.timeout = httpx.Timeout(60.0, read=1.0 if kind == "hang" else 60.0)
    for point, call in calls.items():
        fal_server.fail(point, kind)
        assert seen(call) == ANYWHERE[kind], point
    assert len(fal_server.jobs) == 1


def test_faults_are_scoped(fal_server: FalServer, fal_http: httpx.Client) -> None:
    def post(prompt: str) -> int:
        return fal_http.post(QUEUE + V4, json={"prompt": prompt}).status_code

    fal_server.fail("submit", "503", times=2, when=lambda prompt: prompt == "fox")
    assert [post("cat"), post("fox"), post("fox"), post("fox")] == [200, 503, 503, 200]
    fal_server.fail("submit", "403", times=None)
    assert [post("cat"), post("fox")] == [403, 403]
    fal_server.heal()
    fal_server.fail("submit", "500", host="queue.falrun.com")
    assert post("cat") == 200
    with pytest.raises(ValueError, match="KINDS"):
        fal_server.fail("submit", "policy")


def test_fal_client_retries_nginx_but_not_json_errors(fal_server: FalServer) -> None:
    with sync_client(fal_server.settings.key) as client:
        fal_server.fail("submit", "nginx_502")
        client.submit(V4, PROMPT)
        assert (fal_server.count("submit"), len(fal_server.jobs)) == (2, 1)
        fal_server.fail("submit", "503")
        with pytest.raises(fal_client.FalClientHTTPError) as caught:
            client.submit(V4, PROMPT)
    assert caught.value.error_type == "runner_scheduling_failure"
    assert fal_server.count("submit") == 3


@pytest.mark.parametrize(("kind", "jobs"), [("drop", 1), ("accept_drop", 2)])
def test_a_dropped_submit_is_sent_again_by_fal_client(
    fal_server: FalServer, kind: str, jobs: int
) -> None:
    fal_server.fail("submit", kind)

    async def go() -> Any:
        async with async_client(fal_server.settings.key) as client:
            handle = await client.submit(V4, PROMPT)
            return await handle.get(interval=0.01)

    assert len(asyncio.run(go())["images"]) == 1
    fal_server.wait(lambda s: len(s.bill) == jobs)
    assert (fal_server.count("submit"), len(fal_server.jobs)) == (2, jobs)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("accept_drop", "RemoteProtocolError"),
        ("accept_hang", "ReadTimeout"),
        ("accept_not_json", "200 application/json"),
        ("accept_no_id", 200),
    ],
)
def test_an_accepted_submit_whose_reply_is_lost_runs(
    fal_server: FalServer, fal_http: httpx.Client, kind: str, expected: int | str
) -> None:
    fal_server.fail("submit", kind)
    fal_http.timeout = httpx.Timeout(60.0, read=5.0 if kind == "accept_hang" else 60.0)
    assert seen(lambda: fal_http.post(QUEUE + V4, json=PROMPT)) == expected
    fal_server.wait(lambda s: s.bill)
    assert len(fal_server.jobs) == 1


@pytest.mark.parametrize(
    ("kind", "code", "told", "may_bill"),
    [
        ("policy", 422, "content_policy_violation", True),
        ("policy_silent", 422, None, True),
        ("no_media", 422, None, True),
        ("500", 500, "internal_server_error", False),
        ("504", 504, "generation_timeout", False),
    ],
)
def test_runs_that_fail(
    fal_server: FalServer,
    fal_http: httpx.Client,
    kind: str,
    code: int,
    told: str | None,
    may_bill: bool,
) -> None:
    fal_server.fail("run", kind)
    job = submit(fal_http)
    last = events(fal_http, job)[-1]
    assert (last["status"], last.get("error_type")) == ("COMPLETED", told)
    assert fal_http.get(job["response_url"]).status_code == code
    assert (fal_server.bill, bool(fal_server.maybe_billed)) == ((), may_bill)


def test_odd_results(fal_server: FalServer, fal_http: httpx.Client) -> None:
    fal_server.fail("run", "empty")
    assert result(fal_server, fal_http).json()["images"] == []
    fal_server.fail("result", "policy")
    assert result(fal_server, fal_http).json()["detail"][0]["type"] == "content_policy_violation"
    fal_server.fail("result", "wrong_shape")
    assert result(fal_server, fal_http).json() == {"images": "none"}
    fal_server.fail("result", "expired")
    assert result(fal_server, fal_http).status_code == 404
    job = submit(fal_http)
    fal_server.expire(job["request_id"])
    finish(fal_server, job["request_id"])
    assert fal_http.get(job["response_url"]).status_code == 404


def test_odd_statuses(fal_server: FalServer, fal_http: httpx.Client) -> None:
    held = True
    fal_server.settings.runs_on = lambda: held
    job = submit(fal_http)
    fal_server.fail("status", "unknown")
    assert fal_http.get(job["status_url"]).json()["status"] == "PAUSED"
    fal_server.fail("status", "no_logs")
    assert "logs" not in fal_http.get(job["status_url"]).json()
    fal_server.fail("cancel", "ignored")
    assert fal_http.put(job["cancel_url"]).status_code == 202
    held = False
    finish(fal_server, job["request_id"])
    assert len(fal_server.bill) == 1


def test_streams_that_fail(fal_server: FalServer, fal_http: httpx.Client) -> None:
    held = True
    fal_server.settings.runs_on = lambda: held
    job = submit(fal_http)
    url = job["status_url"] + "/stream"
    fal_server.fail("stream", "cut")
    with pytest.raises(httpx.RemoteProtocolError):
        fal_http.get(url)
    held = False
    finish(fal_server, job["request_id"])
    fal_server.fail("stream", "garbage")
    assert fal_http.get(url).text.startswith("data: {not json\n\n")
    fal_server.fail("stream", "unknown")
    assert [event["status"] for event in events(fal_http, job)] == ["PAUSED", "COMPLETED"]
    fal_server.fail("stream", "silent")
    with fal_http.stream("GET", url, timeout=httpx.Timeout(60.0, read=5.0)) as response:
        assert response.status_code == 200
        with pytest.raises(httpx.ReadTimeout):
            response.read()


def test_an_upload_that_fails_everywhere(fal_server: FalServer) -> None:
    for point in ("upload", "initiate"):
        fal_server.fail(point, "500", times=None)

    async def go() -> None:
        async with async_client(fal_server.settings.key) as client:
            await client.upload(b"x", "image/png")

    with pytest.raises(fal_client.FalClientHTTPError):
        asyncio.run(go())
    assert fal_server.files == {}
