"""Watches what leaves through fal_client's httpx client, with httpx's own event hooks.

fal_client sends a failed POST up to ten times without an idempotency key: a submit whose
reply was lost would become two jobs, and two bills. Here a submit that may have been accepted
is never sent again. And the key, which fal_client's client adds to every request, is taken
off those that go to another host, such as a storage upload. On the way back, the billed units
of a result are heard.
"""

from __future__ import annotations

import re
import time
from contextlib import contextmanager
from contextvars import ContextVar
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from seedream_widgets.backends.fal.addresses import takes_key
from seedream_widgets.errors import SubmitUnknownError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx


HEADER = "X-Fal-Billable-Units"
# At most 36 images come of a request: what goes far over that is no count of them.
_NUMBER = re.compile(r"[0-9]{1,4}(\.[0-9]{1,12})?")


class Heard:
    """Hold the units that the reply of one request told, once it has come."""

    units: Decimal | None = None


_heard: ContextVar[Heard | None] = ContextVar("seedream_result", default=None)


@contextmanager
def hearing() -> Iterator[Heard]:
    """Listen to the replies of what is awaited inside, and of nothing else."""
    heard = Heard()
    token = _heard.set(heard)
    try:
        yield heard
    finally:
        _heard.reset(token)


def hear(reply: httpx.Response) -> None:
    """Note what a reply says of units: the last one, which is the result, counts."""
    heard = _heard.get()
    if heard is not None:
        heard.units = read_units(reply.headers.get(HEADER))


def read_units(told: str | None) -> Decimal | None:
    """Return billed units exactly; ``None`` for what is no plain number from 0 on."""
    return Decimal(told) if told is not None and _NUMBER.fullmatch(told) else None


_attempt: ContextVar[Attempt | None] = ContextVar("seedream_submit", default=None)


class GivenUp(Exception):
    """Tell that trying has taken long enough; nothing is with fal."""


class Attempt:
    """Follow one submit through fal_client's retries.

    Args:
        unreachable: Seconds in which a new try may begin while fal was not reached.
        refused: The same once it was reached, and refused.
    """

    def __init__(self, unreachable: float, refused: float) -> None:
        self.sent = False
        """Whether fal may have it: its head began to leave and no refusal came back."""
        self.reply: httpx.Response | None = None
        """The answer to what was sent last."""
        self.failure: Exception | None = None
        self._tried = False
        self._began = time.monotonic()
        self._unreachable, self._refused = unreachable, refused

    def begin(self) -> None:
        """Let the POST leave, or stop fal_client's retry loop with what it does not catch."""
        if self.sent:
            raise unknown() from self.failure
        # Not every failure is traced: a proxy that refuses to connect is none of httpcore's.
        longest = self._unreachable if self.reply is None else self._refused
        if self._tried and time.monotonic() - self._began > longest:
            raise GivenUp from self.failure
        self._tried = True

    async def trace(self, event: str, info: dict[str, Any]) -> None:
        """Hear from httpcore what happens on the wire (its documented ``trace`` extension)."""
        if event.endswith(".failed"):
            self.failure = info["exception"]
        # A proxy's CONNECT sends headers too.
        elif event.endswith("send_request_headers.started") and info["request"].method == b"POST":
            self.sent, self.reply = True, None

    async def answer(self, reply: httpx.Response) -> None:
        """Take a reply; a definite refusal means that it may be sent again."""
        await reply.aread()
        self.reply = reply
        self.sent = not _refuses(reply)


@contextmanager
def submitting(unreachable: float, refused: float) -> Iterator[Attempt]:
    """Guard the submit made inside; how long it may be tried, see `Attempt`."""
    attempt = Attempt(unreachable, refused)
    token = _attempt.set(attempt)
    try:
        yield attempt
    finally:
        _attempt.reset(token)


def watch_over(client: httpx.AsyncClient, queue: str) -> None:
    """Install the hooks; `queue` is a URL of the host that gets the key."""

    async def before(request: httpx.Request) -> None:
        address = request.url.copy_with(query=None, fragment=None)
        if not takes_key(str(address), queue):
            request.headers.pop("Authorization", None)
        attempt = _attempt.get()
        if attempt is not None:
            attempt.begin()
            request.extensions["trace"] = attempt.trace

    async def after(response: httpx.Response) -> None:
        attempt = _attempt.get()
        if attempt is not None:
            await attempt.answer(response)
        hear(response)

    client.event_hooks = {"request": [before], "response": [after]}


def unknown(**known: Any) -> SubmitUnknownError:
    """Return the error for a submit whose fate is not known."""
    return SubmitUnknownError(
        "The reply to this submit was lost, so fal may have accepted it and may bill it. It was "
        "not sent again. Look at https://fal.ai/dashboard/requests before you submit it anew.",
        billing="maybe",
        **known,
    )


def _refuses(reply: httpx.Response) -> bool:
    """Tell whether a reply says for sure that the request was not taken."""
    if reply.status_code < 300:
        return False
    if reply.status_code < 500:
        return True
    # 5xx: fal itself answers with JSON; anything else comes from something in between.
    try:
        return isinstance(reply.json(), dict)
    except ValueError:
        return False
