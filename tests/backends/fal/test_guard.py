"""A submit is tried again while that is safe, and not without an end."""

from __future__ import annotations

import asyncio
import time
from decimal import Decimal
from typing import TYPE_CHECKING

import httpcore
import httpx
import pytest

from seedream_widgets.backends.fal.guard import Attempt, GivenUp, read_units
from seedream_widgets.errors import SubmitUnknownError
from seedream_widgets.values.request import Request

from .drive import drive, submitted, watched

if TYPE_CHECKING:
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


def test_after_a_refusal_no_try_begins_too_late_to_be_answered() -> None:
    attempt = Attempt(unreachable=60, refused=0.05)
    tried(attempt, REFUSAL)
    tried(attempt, REFUSAL)
    time.sleep(0.06)
    with pytest.raises(GivenUp):
        attempt.begin()
    assert attempt.reply is REFUSAL


def test_a_refusal_is_the_last_word_until_something_is_sent() -> None:
    attempt = Attempt(unreachable=0, refused=60)
    tried(attempt, REFUSAL)
    attempt.begin()
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

    assert drive(scenario, call=20.0, patience=20.0) == [(count, count) for count in counts]
