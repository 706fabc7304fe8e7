"""Drive a local fal: its clients, closed after use, and the steps of the protocol by hand."""

from __future__ import annotations

import io
import json
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

import fal_client
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    import httpx

    from .server import FalServer

V4 = "fal-ai/bytedance/seedream/v4/text-to-image"
EDIT = "fal-ai/bytedance/seedream/v4/edit"
QUEUE = "https://queue.fal.run/"


@asynccontextmanager
async def async_client(key: str) -> AsyncIterator[fal_client.AsyncClient]:
    client = fal_client.AsyncClient(key=key)
    try:
        yield client
    finally:
        await (await client._client).aclose()


@contextmanager
def sync_client(key: str) -> Iterator[fal_client.SyncClient]:
    client = fal_client.SyncClient(key=key)
    try:
        yield client
    finally:
        client._client.close()


def submit(http: httpx.Client, endpoint: str = V4, **arguments: Any) -> dict[str, Any]:
    response = http.post(QUEUE + endpoint, json={"prompt": "fox", **arguments})
    assert response.status_code == 200, response.text
    return dict(response.json())


def finish(server: FalServer, request_id: str) -> None:
    job = server.state.jobs[request_id]
    server.wait(lambda _: job.phase == "COMPLETED")


def result(server: FalServer, http: httpx.Client, **arguments: Any) -> httpx.Response:
    job = submit(http, arguments.pop("endpoint", V4), **arguments)
    finish(server, job["request_id"])
    return http.get(job["response_url"])


def events(http: httpx.Client, job: dict[str, Any]) -> list[dict[str, Any]]:
    with http.stream("GET", job["status_url"] + "/stream", params={"logs": 1}) as response:
        assert response.headers["content-type"] == "text/event-stream"
        lines = [line for line in response.iter_lines() if line.startswith("data: ")]
    return [json.loads(line[6:]) for line in lines]


def color(content: bytes) -> tuple[int, ...]:
    with Image.open(io.BytesIO(content)) as image:
        image.load()
        assert image.mode == "RGB"
        corners = {image.getpixel((0, 0)), image.getpixel((image.width - 1, image.height - 1))}
    (found,) = corners
    return tuple(found)
