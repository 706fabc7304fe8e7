"""A submit is tried again while that is safe, and not without an end."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from decimal import Decimal
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import httpcore
import httpx
import pytest

from seedream_widgets.backends.fal import guard
from seedream_widgets.backends.fal.guard import Attempt, GivenUp, NotSent, read_units, watch_over
from seedream_widgets.backends.fal.limits import Limits
from seedream_widgets.errors import SubmitUnknownError
from seedream_widgets.values.request import Request
from tests.memory import taken

from .drive import drive, submitted, watched
from .loopback import reply, saying

if TYPE_CHECKING:
    from collections.abc import Callable

    from seedream_widgets.backends.fal import FalBackend
    from tests.fal_server import FalServer


POST = {"request": httpcore.Request("POST", "https://queue.fal.run/fal-ai/fox")}
SENT = "http11.send_request_headers.started"
REFUSAL = httpx.Response(429, json={"detail": "too many"})


def tried(attempt: Attempt, reply: httpx.Response | None) -> None:
    async def one() -> None:
        attempt.begin()
        await attempt.trace(SENT, POST)
        if reply is not None:
            await attempt.answer(reply)

    asyncio.run(one())


def test_after_a_refusal_no_try_begins_too_late_to_be_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 5.0
    monkeypatch.setattr(guard, "time", SimpleNamespace(monotonic=lambda: now))
    attempt = Attempt(unreachable=60, refused=2.0)
    tried(attempt, REFUSAL)
    tried(attempt, REFUSAL)
    now += 2.1
    with pytest.raises(GivenUp):
        attempt.begin()
    assert attempt.reply is REFUSAL


def test_a_refusal_is_the_last_word_until_something_is_sent() -> None:
    attempt = Attempt(unreachable=0, refused=60)
    tried(attempt, REFUSAL)

    async def begin() -> None:
        attempt.begin()

    asyncio.run(begin())
    assert (attempt.reply, attempt.sent) == (REFUSAL, False)
    tried(attempt, None)
    assert (attempt.reply, attempt.sent) == (None, True)
    with pytest.raises(SubmitUnknownError):
        attempt.begin()


NONSENSE = [
    *("", " ", "1 ", "-1", "+1", "NaN", "inf", "-0", "1e3", "0x2", "1_0", "1,5", "1, 2", "two"),
    *("1.", ".5", "10000", "9" * 5000, "1." + "3" * 13, "\u0661"),
]


@pytest.mark.parametrize("told", ["0", "1", "2.0", "1.5", "0.000000000001", "9999"])
def test_units_are_read_exactly(told: str) -> None:
    units = read_units(told)
    assert str(units) == str(Decimal(told))


@pytest.mark.parametrize("told", [None, *NONSENSE])
def test_what_is_no_count_of_images_is_not_taken(told: str | None) -> None:
    assert read_units(told) is None


async def finished(backend: FalBackend, request: Request) -> tuple[int, Decimal | None]:
    handle = await submitted(backend, request)
    await watched(backend, handle)
    output = await backend.fetch(handle)
    return len(output.files), output.billable_units


def test_the_output_tells_them(fal_server: FalServer) -> None:
    fal_server.settings.units_per_image = "1.25"
    told = drive(lambda backend: finished(backend, Request("a fox", num_images=2)))
    assert told == (2, Decimal("2.5"))


@pytest.mark.parametrize("header", [None, "-3", "free", "9" * 5000])
def test_without_them_it_tells_none(fal_server: FalServer, header: str | None) -> None:
    fal_server.settings.units_header = lambda units: header
    assert drive(lambda backend: finished(backend, Request("a fox"))) == (1, None)


def test_requests_at_once_keep_theirs_apart(fal_server: FalServer) -> None:
    fal_server.settings.run_seconds = lambda arguments: 0.3 / arguments["num_images"]
    counts = [1, 2, 3, 4, 5, 6] * 4

    async def scenario(backend: FalBackend) -> list[tuple[int, Decimal | None]]:
        asked = [Request("fox", image_size=(960, 960), num_images=count) for count in counts]
        return await asyncio.gather(*(finished(backend, request) for request in asked))

    assert drive(scenario) == [(count, count) for count in counts]


BOMB = gzip.compress(b'{"prices": [' + b" " * (100 << 20) + b"]}")


def packed(body: bytes, kind: str, length: bool = True) -> bytes:
    return reply(body, f"Content-Encoding: {kind}", length=length)


def got(answer: bytes, path: str = "/requests/r/status", **limits: Any) -> httpx.Response:
    """Return what a guarded client makes of an answer of the queue."""

    async def main(address: str) -> httpx.Response:
        async with httpx.AsyncClient() as client:
            watch_over(client, f"http://{address}/queue", Limits(**limits))
            return await client.get(f"http://{address}{path}")

    with saying(answer) as (address, _):
        return asyncio.run(main(address))


@pytest.mark.parametrize(
    ("kind", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress), ("identity", bytes)]
)
def test_a_packed_reply_is_unpacked(kind: str, pack: Callable[[bytes], bytes]) -> None:
    assert got(packed(pack(b'{"a": 1}' * 9000), kind)).content == b'{"a": 1}' * 9000


@pytest.mark.parametrize("path", ["/requests/r/status", "/requests/r"])
def test_a_small_reply_does_not_fill_the_memory(path: str) -> None:
    assert len(BOMB) < 300_000
    assert taken(refused_as_larger, path).peak < 30_000_000


def refused_as_larger(path: str) -> None:
    with pytest.raises(httpx.DecodingError, match="larger than"):
        got(packed(BOMB, "gzip"), path)


@pytest.mark.parametrize("answer", [packed(b"xx", "br"), packed(b"no gzip at all", "gzip")])
def test_what_can_not_be_unpacked_is_an_error_of_the_network(answer: bytes) -> None:
    with pytest.raises(httpx.DecodingError, match="is packed"):
        got(answer)


def test_a_reply_is_bounded_and_a_result_may_be_larger() -> None:
    body = reply(b"x" * 5000)
    with pytest.raises(httpx.DecodingError):
        got(body, reply_bytes=4000)
    assert len(got(body, "/requests/r", reply_bytes=4000, result_bytes=6000).content) == 5000
    with pytest.raises(httpx.DecodingError):
        got(body, "/requests/r", result_bytes=4000)


@pytest.mark.parametrize("url", ["https://10.0.0.1/a", "https://metadata.internal/a"])
def test_nothing_is_sent_to_a_private_address(url: str) -> None:
    async def main() -> None:
        async with httpx.AsyncClient() as client:
            watch_over(client, "https://queue.fal.run/a", Limits())
            await client.put(url, content=b"fox")

    with pytest.raises(NotSent):
        asyncio.run(main())
