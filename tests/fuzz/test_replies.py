"""Replies no fal would send: each ends in an error with a sentence, or in a sound value."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from seedream_widgets.backends.base import Output, OutputFile
from seedream_widgets.backends.fal import FalBackend
from seedream_widgets.credentials import Key
from seedream_widgets.errors import SeedreamError
from seedream_widgets.images import ImageInput
from seedream_widgets.values.handle import Handle
from tests.backends.fal.drive import FOX, QUICK
from tests.image_files import drawing, encoded

from . import JSON, TEXT, fuzz

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator
    from pathlib import Path

    from seedream_widgets.values.status import Status

SECRET = "id-12345:secret-67890"
STATUSES = st.sampled_from([200, 200, 200, 201, 204, 301, 400, 401, 403, 404, 418, 422, 500, 503])
TYPES = st.sampled_from(["application/json", "text/html", "text/event-stream", "image/png"])
URLS = st.sampled_from(
    ["https://queue.fal.run/x", "http://169.254.169.254/", "file:///etc/passwd", "https://a.test/1"]
)
NAMES = ["request_id", "status_url", "response_url", "cancel_url", "status", "queue_position",
         "logs", "error", "error_type", "detail", "images", "seed", "metrics"]  # fmt: skip
ENTRY = st.dictionaries(
    st.sampled_from(["loc", "msg", "type", "ctx", "url", "width", "height", "content_type"]),
    JSON | URLS | st.just(SECRET),
)
VALUES = (
    JSON | URLS | st.lists(ENTRY, max_size=3)
    | st.sampled_from(["IN_QUEUE", "IN_PROGRESS", "COMPLETED", "PAUSED", SECRET, "\x1b[31m"])
)  # fmt: skip
PLAUSIBLE = st.fixed_dictionaries(
    {"status": st.sampled_from(["IN_QUEUE", "IN_PROGRESS", "COMPLETED"]), "logs": VALUES},
    optional={"queue_position": VALUES, "error": VALUES, "error_type": VALUES, "metrics": VALUES},
)
BODIES = (
    st.binary(max_size=80)
    | JSON.map(lambda value: json.dumps(value).encode())
    | (PLAUSIBLE | st.dictionaries(st.sampled_from(NAMES), VALUES)).map(
        lambda value: json.dumps(value).encode()
    )
)
HEADERS = st.dictionaries(
    st.sampled_from(["X-Fal-Error-Type", "X-Fal-Billable-Units", "x-fal-request-id", "Location"]),
    st.sampled_from(["", "1e999", "-1", "internal_error", "x" * 500, "http://a.test/", SECRET]),
    max_size=2,
)
REPLIES = st.tuples(STATUSES, TYPES, HEADERS, BODIES)
PNG = encoded(drawing(), "PNG")


@dataclass
class Server:
    """Answer everything with one reply, and drive a backend against it on one loop."""

    loop: asyncio.AbstractEventLoop
    backend: FalBackend
    url: str = ""
    reply: tuple[int, str, dict[str, str], bytes] = (200, "application/json", {}, b"{}")

    async def answer(self, request: web.Request) -> web.Response:
        status, kind, headers, body = self.reply
        return web.Response(
            status=status,
            body=body,
            headers={"Content-Type": kind, **headers, "Connection": "close"},
        )

    def tell(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Return what the backend returns, or the error with its sentence."""
        try:
            return self.loop.run_until_complete(asyncio.wait_for(work, 60))
        except SeedreamError as error:
            text = str(error)
            assert 10 < len(text) < 700
            assert text.isprintable()
            for part in SECRET.split(":"):
                assert part not in text
            return error


@contextmanager
def served(loop: asyncio.AbstractEventLoop, patch: pytest.MonkeyPatch) -> Iterator[Server]:
    quick = replace(
        QUICK,
        submit=0.6,
        unreachable=0.4,
        call=1.0,
        answer=1.0,
        patience=0.0,
        attempts=1,
        streams=0,
    )
    server = Server(loop, FalBackend(Key(SECRET), quick))
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.answer)
    runner = web.AppRunner(app, access_log=None)
    loop.run_until_complete(runner.setup())
    loop.run_until_complete(web.TCPSite(runner, "127.0.0.1", 0).start())
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    # The redirections fal_client has for plain http.
    patch.setattr("fal_client.client.QUEUE_URL_FORMAT", server.url)
    patch.setattr("fal_client.client.REST_URL", server.url.rstrip("/"))
    patch.setattr("fal_client.client.CDN_URL", server.url.rstrip("/"))
    patch.setattr("fal_client.client.MAX_ATTEMPTS", 1)
    try:
        yield server
    finally:
        loop.run_until_complete(server.backend.aclose())
        loop.run_until_complete(runner.cleanup())


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    loop = asyncio.new_event_loop()
    with pytest.MonkeyPatch.context() as patch, served(loop, patch) as found:
        yield found
    loop.close()


def handle(server: Server) -> Handle:
    return Handle("r1", FOX.endpoint.id)


async def watched(backend: FalBackend, handle: Handle) -> list[Status]:
    """Return the first status: what is in the queue for ever is watched for ever."""
    async with aclosing(backend.watch(handle)) as statuses:
        return [await anext(statuses)]


@fuzz(150)
@given(REPLIES)
def test_submit(server: Server, reply: Any) -> None:
    server.reply = reply
    told = server.tell(server.backend.submit(FOX, []))
    assert isinstance(told, Handle | SeedreamError)
    if isinstance(told, Handle):
        for url in (told.status_url, told.response_url, told.cancel_url):
            assert url.startswith(server.url)


@fuzz(150)
@given(REPLIES)
def test_result(server: Server, reply: Any) -> None:
    server.reply = reply
    told = server.tell(server.backend.fetch(handle(server)))
    assert isinstance(told, Output | SeedreamError)


@fuzz(150)
@given(JSON | st.dictionaries(st.sampled_from(NAMES), VALUES), JSON | URLS)
def test_output(server: Server, data: Any, url: Any) -> None:
    """Completed, and then anything: the status and the result share one reply here."""
    body = {"status": "COMPLETED", "logs": None, **(data if isinstance(data, dict) else {})}
    body["status"] = "COMPLETED"
    if isinstance(url, str):
        body["images"] = [{"url": url, **(data if isinstance(data, dict) else {})}]
    server.reply = (200, "application/json", {}, json.dumps(body).encode())
    told = server.tell(server.backend.fetch(handle(server)))
    if isinstance(told, Output):
        for file in told.files:
            assert file.url.startswith(("https://", "data:", "http://127.0.0.1"))


@fuzz(100)
@given(REPLIES, st.booleans())
def test_status(server: Server, reply: Any, cancels: bool) -> None:
    server.reply = reply
    work = server.backend.cancel if cancels else lambda it: watched(server.backend, it)
    told = server.tell(work(handle(server)))
    assert isinstance(told, list | str | SeedreamError)


@fuzz(60)
@given(REPLIES, st.binary(min_size=1, max_size=9))
def test_upload(server: Server, reply: Any, data: bytes) -> None:
    server.reply = reply
    image = ImageInput.from_data(data, "image/png", (1, 1), "fox.png", None)
    told = server.tell(server.backend.upload(image))
    assert isinstance(told, str | SeedreamError)
    assert not isinstance(told, str) or told.startswith(("https://", "http://127.0.0.1"))


@fuzz(80)
@given(REPLIES, TEXT)
def test_download(server: Server, tmp_path: Path, reply: Any, text: str) -> None:
    server.reply = reply
    target = tmp_path / "1"
    told = server.tell(server.backend.download(OutputFile(server.url + "1.png"), target))
    assert told is None or isinstance(told, SeedreamError)
    assert target.exists() == (told is None)
    target.unlink(missing_ok=True)
    assert list(tmp_path.glob("*.part")) == []
