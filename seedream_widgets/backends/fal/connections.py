"""Connections to where files are: kept open, through the proxy that the environment names."""

from __future__ import annotations

import threading
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from urllib3 import PoolManager, ProxyManager
from urllib3.util import Timeout, make_headers, parse_url

if TYPE_CHECKING:
    import ssl

    from urllib3.response import HTTPResponse


_HEADERS = {"Accept": "image/*", "Accept-Encoding": "identity"}


class NoSocks(Exception):
    """Tell that the proxy is a SOCKS proxy, which needs another package."""


class Connections:
    """Ask for files from any thread; nothing here knows the key."""

    def __init__(self, context: ssl.SSLContext, most: int) -> None:
        self._context, self._most = context, most
        self._lock = threading.Lock()
        self._managers: dict[str, PoolManager] = {}

    def get(self, url: str, stall: float) -> HTTPResponse:
        """Return the reply with its body still to be read; a redirect is not followed.

        Raises:
            urllib3.exceptions.HTTPError: There is none.
            NoSocks: It can't be asked for.
        """
        reply = self._manager(_proxy(url)).urlopen(
            "GET",
            url,
            headers=_HEADERS,
            redirect=False,
            retries=False,
            preload_content=False,
            timeout=Timeout(connect=stall, read=stall),
        )
        return cast("HTTPResponse", reply)

    def _manager(self, proxy: str) -> PoolManager:
        with self._lock:
            if proxy not in self._managers:
                self._managers[proxy] = self._made(proxy)
            return self._managers[proxy]

    def _made(self, proxy: str) -> PoolManager:
        options: dict[str, Any] = {"maxsize": self._most, "ssl_context": self._context}
        if not proxy:
            return PoolManager(**options)
        if proxy.startswith("socks"):
            if find_spec("socks") is None:
                raise NoSocks
            from urllib3.contrib.socks import SOCKSProxyManager

            return SOCKSProxyManager(proxy, **options)
        auth = parse_url(proxy).auth
        named = make_headers(proxy_basic_auth=unquote(auth)) if auth else None
        return ProxyManager(proxy, proxy_headers=named, proxy_ssl_context=self._context, **options)

    def close(self) -> None:
        """Close those that nobody uses; the others close when they are done."""
        with self._lock:
            for manager in self._managers.values():
                manager.clear()


def _proxy(url: str) -> str:
    """Return the address of the proxy to `url`; empty for none."""
    parts = urlsplit(url)
    if proxy_bypass(parts.netloc):
        return ""
    proxies = getproxies()
    found = proxies.get(parts.scheme) or proxies.get("all") or ""
    return found if not found or "://" in found else f"http://{found}"
