"""Switches for what can go wrong, scoped to the next n, to a prompt or to a host.

Where there is no prompt, what stands for it is the file's name, and for an upload token the key.
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from .authority import ELSEWHERE
from .replies import ERRORS, INGRESS, NGINX, PORTAL, TYPES, reply

if TYPE_CHECKING:
    from collections.abc import Callable

_BODIES = {"not_json": "{not json", "blank": "", "deep": "[" * 20_000 + "]" * 20_000}
_ANYWHERE = {
    *ERRORS,
    *(f"nginx_{status}" for status in INGRESS),
    *("not_json", "deep", "html", "blank", "half", "drip", "elsewhere", "drop", "hang"),
    "elsewhere_307",
}
KINDS: dict[str, set[str]] = {
    "connect": {"502", "close", "tls", "hang"},
    "submit": _ANYWHERE | {"accept_drop", "accept_hang", "accept_not_json", "accept_no_id"},
    "run": {
        *TYPES,
        "policy",
        "policy_silent",
        "500",
        "500_silent",
        "504",
        "no_media",
        "status_error",
        "empty",
    },
    "status": _ANYWHERE | {"unknown", "no_logs"},
    "stream": _ANYWHERE | {"silent", "cut", "garbage", "unknown"},
    "pricing": _ANYWHERE,
    "listing": _ANYWHERE,
    "result": _ANYWHERE | {"policy", "expired", "wrong_shape"},
    "cancel": _ANYWHERE | {"ignored"},
    "token": _ANYWHERE,
    "upload": _ANYWHERE | {"held"},
    "initiate": _ANYWHERE | {"local"},
    "put": _ANYWHERE,
    "download": _ANYWHERE
    | {"cut", "short", "wrong_type", "garbage", "empty", "endless", "slow"}
    | {"redirect_host", "redirect_http", "redirect_elsewhere", "redirect_loop"},
}


@dataclass(eq=False)
class Fault:
    point: str
    kind: str
    times: int | None = 1
    when: Callable[[str], bool] | None = None
    host: str | None = None

    def fits(self, point: str, prompt: str, host: str) -> bool:
        if self.point != point or self.times == 0 or self.host not in (None, host):
            return False
        return self.when is None or self.when(prompt)


class Faults:
    """Hold the switched-on faults; set from the test's thread, taken from the server's."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        if fault.kind not in KINDS.get(fault.point, ()):
            raise ValueError(f"no fault {fault.kind!r} at {fault.point!r}; KINDS lists them")
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def on(self, point: str, kind: str) -> bool:
        """Tell whether a fault was switched on and is not healed, though it may be used up."""
        with self._lock:
            return any((fault.point, fault.kind) == (point, kind) for fault in self._faults)

    def take(self, point: str, prompt: str = "", host: str = "") -> str | None:
        """Return the kind of the first fault that fits, and use it up once."""
        with self._lock:
            for fault in self._faults:
                if fault.fits(point, prompt, host):
                    if fault.times is not None:
                        fault.times -= 1
                    return fault.kind
        return None


async def play(kind: str, request: web.Request) -> web.StreamResponse:
    """Answer with one of the faults that may happen anywhere."""
    if kind == "drop":
        return drop(request)
    if kind == "hang":
        await hang()
    if kind == "elsewhere":
        raise web.HTTPFound(f"https://{ELSEWHERE}/")
    if kind == "elsewhere_307":  # a client that follows it sends the body again
        raise web.HTTPTemporaryRedirect(f"https://{ELSEWHERE}/")
    if kind in ("half", "drip"):
        return await _unfinished(request, drips=kind == "drip")
    if kind.startswith("nginx_"):
        status = int(kind.removeprefix("nginx_"))
        page = NGINX.format(INGRESS[status])
        return web.Response(text=page, status=status, content_type="text/html")
    if kind == "html":
        return web.Response(text=PORTAL, content_type="text/html")
    if kind in _BODIES:
        text = _BODIES[kind]
        return web.Response(text=text, content_type="application/json")
    status, body = ERRORS[kind]
    return reply(body, status)


async def _unfinished(request: web.Request, *, drips: bool) -> web.Response:
    """Answer with half a reply and cut it, or byte by byte without an end."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    response.content_length = 1_000_000
    await response.prepare(request)
    await response.write(b'{"status": "IN_')
    with suppress(ConnectionError):
        while drips:
            await asyncio.sleep(0.05)
            await response.write(b" ")
    return drop(request)


def drop(request: web.Request) -> web.Response:
    """Cut the connection without an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def hang() -> None:
    """Answer never: until the client gives up or the server stops."""
    await asyncio.Event().wait()
