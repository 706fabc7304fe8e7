"""A submit is tried again while that is safe, and not without an end."""

from __future__ import annotations

import asyncio
import time

import httpcore
import httpx
import pytest

from seedream_widgets.backends.fal.guard import Attempt, GivenUp
from seedream_widgets.errors import SubmitUnknownError

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
