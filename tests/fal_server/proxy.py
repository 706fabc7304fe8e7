"""A CONNECT proxy that ends TLS itself for fal's hosts and refuses every other."""

from __future__ import annotations

import asyncio
import ssl
import weakref
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from aiohttp import web

    from .state import State

_ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"
_REFUSED = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Proxy:
    """Hand each accepted tunnel to the web server, as if the client had reached fal."""

    def __init__(
        self, state: State, server: web.Server, context: ssl.SSLContext, hosts: frozenset[str]
    ) -> None:
        self.state = state
        self.hosts = hosts
        self._server = server
        self._context = context
        self._listener: asyncio.Server | None = None
        self._transports: weakref.WeakSet[asyncio.Transport] = weakref.WeakSet()
        self._upgrades: set[asyncio.Task[None]] = set()
        self._closed = False

    async def listen(self, port: int = 0) -> int:
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(lambda: _Tunnel(self), "127.0.0.1", port)
        given: int = self._listener.sockets[0].getsockname()[1]
        return given

    async def close(self) -> None:
        self._closed = True
        if self._listener is not None:
            # asyncio drops, unclosed, what was just accepted by a listener that then closes.
            for listening in self._listener.sockets:
                asyncio.get_running_loop().remove_reader(listening.fileno())
            await asyncio.sleep(0)
            self._listener.close()
        for upgrade in tuple(self._upgrades):
            upgrade.cancel()
        for transport in tuple(self._transports):
            transport.abort()
        await asyncio.sleep(0)

    def adopt(self, transport: asyncio.Transport) -> None:
        self._transports.add(transport)
        if self._closed:  # it was being accepted when the others were closed
            transport.abort()

    def upgrade(self, tunnel: asyncio.Protocol, transport: asyncio.Transport) -> None:
        task = asyncio.create_task(self._upgrade(tunnel, transport))
        self._upgrades.add(task)
        task.add_done_callback(self._upgrades.discard)

    async def _upgrade(self, tunnel: asyncio.Protocol, transport: asyncio.Transport) -> None:
        handler = self._server()
        try:
            secure = await asyncio.get_running_loop().start_tls(
                transport, handler, self._context, server_side=True
            )
        except (OSError, ssl.SSLError):
            transport.abort()
            return
        if secure is None:
            transport.abort()
            return
        handler.connection_made(secure)


class _Tunnel(asyncio.Protocol):
    """Read one CONNECT head, then step aside."""

    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy
        self._head = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._proxy.adopt(self._transport)

    def data_received(self, data: bytes) -> None:
        self._head += data
        if b"\r\n\r\n" in self._head:
            self._answer(*self._head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")[:2])
        elif len(self._head) > 16_384 and self._transport is not None:
            self._transport.abort()

    def _answer(self, method: str = "", target: str = "") -> None:
        transport, state = self._transport, self._proxy.state
        if transport is None:
            return
        host, _, port = target.rpartition(":")
        fault = state.faults.take("connect", host=host)
        if method != "CONNECT" or port != "443" or host not in self._proxy.hosts or fault == "502":
            state.refused.append(host or target)
            transport.write(_REFUSED)
            transport.close()
            return
        if fault == "hang":
            return
        if fault == "close":
            transport.abort()
            return
        state.tunnels.append(host)
        transport.write(_ESTABLISHED)
        if fault == "tls":
            transport.close()
        else:
            self._proxy.upgrade(self, transport)
