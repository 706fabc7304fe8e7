"""Guards the traffic of fal_client's httpx client, with httpx's own event hooks.

fal_client sends a failed POST up to ten times without an idempotency key, so a submit whose reply
was lost could become two jobs and two bills. The guard never lets a submit go out again that may
have been accepted. fal_client also adds the key to every request; the guard removes it from those
to other hosts, such as storage uploads, and sends nothing to this computer or its network. It
limits how much of a reply is read, unpacked, and notes the billed units that come with a result.
"""

from __future__ import annotations

import asyncio
import re
import time
import zlib
from contextlib import contextmanager
from contextvars import ContextVar
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

import httpx

from seedream_widgets.backends.base import tell_reached
from seedream_widgets.backends.fal.addresses import may_be_sent, takes_key
from seedream_widgets.backends.fal.connections import is_untrusted
from seedream_widgets.errors import SubmitUnknownError
from seedream_widgets.files import NOT_JSON

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from seedream_widgets.backends.fal.limits import Limits


HEADER = "X-Fal-Billable-Units"
# A request gives 36 images at most, so a larger number is not a count of images.
_NUMBER = re.compile(r"[0-9]{1,4}(\.[0-9]{1,12})?")


class Heard:
    """The billable units in the reply to one request, once it has come."""

    units: Decimal | None = None


_heard: ContextVar[Heard | None] = ContextVar("seedream_result", default=None)


@contextmanager
def hearing() -> Iterator[Heard]:
    """Note the billable units in the replies to what is awaited inside."""
    heard = Heard()
    token = _heard.set(heard)
    try:
        yield heard
    finally:
        _heard.reset(token)


def hear(reply: httpx.Response) -> None:
    """Note the billable units of a reply; the last reply, which is the result, counts."""
    heard = _heard.get()
    if heard is not None:
        heard.units = read_units(reply.headers.get(HEADER))


def read_units(told: str | None) -> Decimal | None:
    """Return billed units exactly; ``None`` for anything but a plain number of 0 or more."""
    return Decimal(told) if told is not None and _NUMBER.fullmatch(told) else None


T = TypeVar("T", bound="Tries")
_tries: ContextVar[Tries | None] = ContextVar("seedream_tries", default=None)
_UNREACHED_AFTER = 3.0
"""Seconds without a connection after which the job's status says so."""
_PIECE = 1 << 16
_GROWTH = 50
"""How many times a reply may grow when unpacked; fal's JSON grows about tenfold at most."""


class GivenUp(Exception):
    """fal could not be reached in time; nothing was sent."""


class NotSent(httpx.RequestError):
    """fal named an address that this package sends nothing to."""


class Tries:
    """Follows a request through fal_client's retries, and ends them if they are in vain.

    Args:
        unreachable: Seconds after which no further try may begin if fal was not reached.
    """

    def __init__(self, unreachable: float) -> None:
        self.failure: Exception | None = None
        self._unreachable = unreachable
        self._since: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Let a try begin, or raise what fal_client's retry loop does not catch."""
        now = time.monotonic()
        if self._since is None:
            self._since = now
        elif now - self._since > self._unreachable or is_untrusted(self.failure):
            raise GivenUp from self.failure
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(_UNREACHED_AFTER, tell_reached, False)

    async def trace(self, event: str, info: dict[str, Any]) -> None:
        """Take an event of httpcore's ``trace`` extension, which tells what is being sent."""
        if event.endswith(".failed"):
            self.failure = info["exception"]
        # A proxy's CONNECT sends headers too.
        if event.endswith("send_request_headers.started") and info["request"].method != b"CONNECT":
            self.reached()

    async def answer(self, reply: httpx.Response) -> None:
        """Take a reply, which shows that fal was reached."""
        self._since = self.failure = None
        self.reached()

    def reached(self) -> None:
        """Note that fal was reached."""
        self.end()
        tell_reached(True)

    def end(self) -> None:
        """Note that no more tries follow."""
        if self._timer:
            self._timer.cancel()
            self._timer = None


class Attempt(Tries):
    """Follows one submit, and never lets it be sent again if it may have been accepted.

    Args:
        unreachable: Seconds after which no further try may begin if fal was not reached.
        refused: The same once fal was reached and has refused.
    """

    def __init__(self, unreachable: float, refused: float) -> None:
        super().__init__(unreachable)
        self.sent = False
        """Whether fal may have it: its headers began to be sent, and no refusal came back."""
        self.reply: httpx.Response | None = None
        """The reply to the last try."""
        self._refused = refused

    def begin(self) -> None:
        """Let a try begin, or raise what fal_client's retry loop does not catch."""
        if self.sent:
            raise unknown() from self.failure
        super().begin()

    async def trace(self, event: str, info: dict[str, Any]) -> None:
        """Note when the headers of the submit begin to be sent."""
        await super().trace(event, info)
        # A proxy's CONNECT sends headers too.
        if event.endswith("send_request_headers.started") and info["request"].method == b"POST":
            self.sent, self.reply = True, None

    async def answer(self, reply: httpx.Response) -> None:
        """Take a reply; a definite refusal means that it may be sent again."""
        await reply.aread()
        self.reply = reply
        self.sent = not _refuses(reply)
        self._unreachable = self._refused


@contextmanager
def following(tries: T) -> Iterator[T]:
    """Guard what is sent inside: a submit with an `Attempt`, other requests with `Tries`."""
    token = _tries.set(tries)
    try:
        yield tries
    finally:
        _tries.reset(token)
        tries.end()


def watch_over(client: httpx.AsyncClient, queue: str, limits: Limits) -> None:
    """Install the guard's hooks on `client`; `queue` is any URL of the queue host."""

    async def before(request: httpx.Request) -> None:
        address = str(request.url.copy_with(query=None, fragment=None))
        if not may_be_sent(address, queue):
            raise NotSent("fal named an address on this computer or its network", request=request)
        if not takes_key(address, queue):
            request.headers.pop("Authorization", None)
        if tries := _tries.get():
            tries.begin()
            request.extensions["trace"] = tries.trace

    async def after(reply: httpx.Response) -> None:
        bound(reply, limits.result_bytes if _is_result(reply.request) else limits.reply_bytes)
        if tries := _tries.get():
            await tries.answer(reply)
        hear(reply)

    client.event_hooks = {"request": [before], "response": [after]}


def _is_result(request: httpx.Request) -> bool:
    """Tell whether the reply may hold images, as with `sync_mode`."""
    return request.method == "GET" and not request.url.path.endswith("/status")


def bound(reply: httpx.Response, most: int) -> None:
    """Limit a reply to `most` bytes once unpacked, and how many times it may grow."""
    if isinstance(reply.stream, httpx.AsyncByteStream):
        reply.stream = _Bounded(reply.stream, reply.headers.pop("Content-Encoding", ""), most)


class _Bounded(httpx.AsyncByteStream):
    """A reply's body, unpacked piece by piece up to a limit: 300 KB could become gigabytes."""

    def __init__(self, stream: httpx.AsyncByteStream, encoding: str, most: int) -> None:
        self._stream, self._most = stream, most
        self._encoding = encoding.strip().lower()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        came = given = 0
        unpack = self._unpacker()
        async for chunk in self._stream:
            came += len(chunk)
            for piece in unpack(chunk):
                given += len(piece)
                if given > min(self._most, (1 << 20) + _GROWTH * came):
                    raise httpx.DecodingError(f"a reply is larger than {given:,} bytes")
                yield piece

    def _unpacker(self) -> Callable[[bytes], Iterator[bytes]]:
        if self._encoding in ("", "identity"):
            return lambda chunk: iter((chunk,))
        if self._encoding not in ("gzip", "x-gzip", "deflate"):
            raise httpx.DecodingError(f"a reply is packed as {self._encoding[:40]!r}")
        unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32)

        def pieces(chunk: bytes) -> Iterator[bytes]:
            while chunk:
                try:
                    piece = unpacker.decompress(chunk, _PIECE)
                except zlib.error as error:
                    raise httpx.DecodingError("a reply is packed badly") from error
                chunk = unpacker.unconsumed_tail
                if piece:
                    yield piece

        return pieces

    async def aclose(self) -> None:
        await self._stream.aclose()


def unknown(**known: Any) -> SubmitUnknownError:
    """Return the error for a submit that fal may have accepted."""
    return SubmitUnknownError(
        "The reply to this submit was lost, so fal may have accepted it and may bill it. It was "
        "not sent again. Look at https://fal.ai/dashboard/requests before you submit it again.",
        billing="maybe",
        **known,
    )


def _refuses(reply: httpx.Response) -> bool:
    """Tell whether a reply says for certain that fal did not accept the request."""
    if reply.status_code < 300:
        return False
    if reply.status_code < 500:
        return True
    # A 5xx with JSON is from fal itself; any other may come from a proxy after fal accepted.
    try:
        return isinstance(reply.json(), dict)
    except NOT_JSON:
        return False
