"""Connections as the environment configures them: proxies, certificates, pools for downloads."""

from __future__ import annotations

import importlib
import os
import ssl
import threading
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import (  # type: ignore[attr-defined]
    getproxies,
    getproxies_environment,
    proxy_bypass,
    proxy_bypass_environment,
)

import httpx
from urllib3 import PoolManager, ProxyManager
from urllib3.util import Timeout, make_headers, parse_url

from seedream_widgets.errors import BackendError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from urllib3.response import HTTPResponse

_HEADERS = {"Accept": "image/*", "Accept-Encoding": "identity"}
_PROXIES = ("http", "https", "all")
_SCHEMES = ("http", "https", "socks5", "socks5h")
_SOCKS = {"socksio": "socksio", "socks": "PySocks"}
"""Modules that a SOCKS proxy needs (for requests and for downloads): their packages."""
_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE")
_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Where requests and curl look for certificates; companies often set the first."""
# The variable that was set in os.environ and its value, so that it can be removed again.
_lent: tuple[str, str] | None = None


def lend_bundle() -> str | None:
    """Have fal_client trust the certificates of ``REQUESTS_CA_BUNDLE``, as requests does.

    fal_client makes its own HTTP clients, which read only ``SSL_CERT_FILE`` and ``SSL_CERT_DIR``.
    If neither is set, the bundle is put there for this process, and updated when a later cell
    changes the bundle.

    Returns:
        The variable whose certificates are used in place of ``SSL_CERT_FILE``, if any.
    """
    global _lent
    if _lent and os.environ.get(_lent[0]) != _lent[1]:
        _lent = None  # somebody else has changed it since
    if not _lent and (os.environ.get("SSL_CERT_FILE") or os.environ.get("SSL_CERT_DIR")):
        return None
    for name in _BUNDLES:
        path = os.environ.get(name, "")
        if path and os.path.exists(path):
            found = ("SSL_CERT_DIR" if os.path.isdir(path) else "SSL_CERT_FILE", path)
            break
    else:
        name, found = None, None
    if found != _lent:
        if _lent:
            del os.environ[_lent[0]]
        if found:
            os.environ[found[0]] = found[1]
        _lent = found
    return name


@dataclass(frozen=True)
class Environment:
    """The proxies and certificates that the environment names; each gets its own connections."""

    proxies: tuple[tuple[str, str], ...]
    files: tuple[tuple[str, str, float], ...]
    tls: str
    bundle: str | None = None
    """The variable whose certificates are used in place of ``SSL_CERT_FILE``."""

    @classmethod
    def now(cls) -> Environment:
        """Read the variables, the system's proxy settings, and whether truststore is in use."""
        bundle = lend_bundle()
        files = ((name, os.environ.get(name, "")) for name in _CERTIFICATES)
        return cls(
            tuple(sorted((_named() or _of_system()).items())),
            tuple((name, path, _changed(path)) for name, path in files if path),
            ssl.SSLContext.__module__,  # truststore replaces the class by its own
            bundle,
        )

    def context(self) -> ssl.SSLContext:
        """Check the settings before anything is sent, and return a TLS context; it takes 45 ms.

        Raises:
            BackendError: A setting can't be used; nothing was sent.
        """
        for error in self._errors():
            raise BackendError(error)
        try:
            context = httpx.create_ssl_context()
        except (OSError, ValueError) as error:
            raise BackendError(self._unread(error)) from error
        try:
            httpx.AsyncClient(verify=context)
        except (httpx.InvalidURL, ImportError, ValueError) as error:
            raise BackendError(
                "the proxy settings of the environment can't be used "
                f"({type(error).__name__}). Check HTTPS_PROXY, ALL_PROXY and NO_PROXY, then try "
                "again."
            ) from error
        return context

    def _errors(self) -> Iterator[str]:
        proxies = dict(self.proxies)
        excepted = [each.strip() for each in proxies.get("no", "").split(",")]
        if "*" not in excepted:
            for scheme in _PROXIES:
                if proxies.get(scheme):
                    yield from _proxy_errors(_variable(f"{scheme}_proxy"), proxies[scheme])
            if any(map(proxies.get, _PROXIES)):
                for entry in filter(_is_no_host, excepted):
                    yield (
                        f"{_variable('no_proxy')} holds {entry[:80]!r}, which the HTTP client "
                        "can't read: write host names and addresses without brackets, such as "
                        "localhost,127.0.0.1,::1,.example.com, then try again."
                    )
        for name, path, _ in self.files:
            if name == "SSL_CERT_DIR" and not os.path.isdir(path):
                yield f"{name} is {path[:200]!r}, which is not a folder. {_mend(name)}"

    def _unread(self, error: Exception) -> str:
        for name, path, _ in self.files:
            if name != "SSL_CERT_DIR":
                said = (isinstance(error, OSError) and error.strerror) or str(error)
                if name == "SSL_CERT_FILE":
                    name = self.bundle or name
                return f"{name} is {path[:200]!r}, which can't be read ({said}). {_mend(name)}"
        return f"the certificates that Python trusts can't be read ({error!s:.200})."


def is_untrusted(error: BaseException | None) -> bool:
    """Tell whether an untrusted certificate caused a failure, so that retrying can't help."""
    seen = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        if "CERTIFICATE_VERIFY_FAILED" in str(error)[:1000]:
            return True
        reason = getattr(error, "reason", None)  # urllib3 keeps the cause here
        error = (
            error.__cause__
            or error.__context__
            or (reason if isinstance(reason, BaseException) else None)
        )
    return False


def untrusted() -> str:
    """Return advice for an untrusted certificate, as on networks of companies that sign their own.

    A sentence that says what to do next is to follow its last word, "Then".
    """
    said = "Set SSL_CERT_FILE to the file of your company's or proxy's certificates (PEM)"
    for name in _BUNDLES:
        path = os.environ.get(name, "")
        if path and not os.path.exists(path):
            said = f"{name} is {path[:200]!r}, which does not exist. {said}"
    return (
        f"The certificate it shows is not trusted. {said}, or have the system's certificates "
        "used: pip install truststore, then import truststore; truststore.inject_into_ssl(). "
        "Then"
    )


def _proxy_errors(name: str, given: str) -> Iterator[str]:
    """Yield sentences about what is wrong with a proxy, without its user and password."""
    address = given if "://" in given else f"http://{given}"
    try:
        parts = urlsplit(address)
        shown = f"{parts.scheme}://{_host(parts)}"
    except ValueError:
        yield f"{name} is not the address of a proxy. {_mend_proxy(name)}"
        return
    if not parts.hostname:
        yield f"{name} names no host. {_mend_proxy(name)}"
    elif parts.scheme not in _SCHEMES:
        yield (
            f"{name} is {shown[:200]!r}, a kind of proxy that can't be used ({parts.scheme}). "
            f"{_mend_proxy(name)}"
        )
    elif parts.scheme.startswith("socks"):
        importlib.invalidate_caches()  # it may just have been installed
        missing = [package for module, package in _SOCKS.items() if find_spec(module) is None]
        if missing:
            yield (
                f"{name} is {shown[:200]!r}, and a SOCKS proxy needs {' and '.join(missing)}: run "
                "pip install 'seedream-widgets[socks]', then try again; nothing needs a restart."
            )


def _host(parts: SplitResult) -> str:
    port = parts.port  # raises ValueError if it is not a number
    return f"{parts.hostname}" + (f":{port}" if port else "")


def _mend_proxy(name: str) -> str:
    return (
        f"Write it as http://host:port or socks5://host:port, or unset it with "
        f"os.environ.pop({name!r}, None), then try again."
    )


def _mend(name: str) -> str:
    what = "a folder" if name == "SSL_CERT_DIR" else "a file"
    return (
        f"Set it to {what} that is there, or unset it with os.environ.pop({name!r}, None), "
        "then try again."
    )


def _variable(name: str) -> str:
    """Return a variable's name as the environment spells it, else in capitals."""
    return name if os.environ.get(name) else name.upper()


def _is_no_host(entry: str) -> bool:
    """Tell whether httpx, which makes a URL pattern of an entry of NO_PROXY, can't read it."""
    if not entry or "://" in entry:
        return False
    try:
        ip_network(entry, strict=False)
    except ValueError:
        try:
            httpx.URL(f"all://*{entry}")
        except httpx.InvalidURL:
            return True
    return False


def _named() -> dict[str, str]:
    """Return the proxies that variables name, by scheme."""
    names = (n for n in os.environ if n[-6:].lower() == "_proxy" or n == "REQUEST_METHOD")
    return _read(tuple((name, os.environ.get(name)) for name in names))


@lru_cache(maxsize=1)
def _read(variables: tuple[tuple[str, str | None], ...]) -> dict[str, str]:
    """Have urllib read the proxies, cached, as each step of each job asks for them.

    urllib looks at all variables each time, which takes ten times as long.
    """
    return getproxies_environment()


def _of_system() -> dict[str, str]:
    """Return the proxies of the system settings, which macOS and Windows have."""
    return {} if getproxies is getproxies_environment else getproxies()


def _changed(path: str) -> float:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return 0.0


class Connections:
    """Connection pools for downloads, usable from any thread; they never have the key."""

    def __init__(self, context: ssl.SSLContext, most: int) -> None:
        self._context, self._most = context, most
        self._lock = threading.Lock()
        self._managers: dict[str, PoolManager] = {}

    def get(self, url: str, stall: float) -> HTTPResponse:
        """Return the reply with its body still to be read; a redirect is not followed.

        Raises:
            urllib3.exceptions.HTTPError: There is none.
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
            from urllib3.contrib.socks import SOCKSProxyManager

            # The proxy resolves host names, as with httpx: this computer may not be able to.
            return SOCKSProxyManager(proxy.replace("socks5://", "socks5h://", 1), **options)
        auth = parse_url(proxy).auth
        named = make_headers(proxy_basic_auth=unquote(auth)) if auth else None
        return ProxyManager(proxy, proxy_headers=named, proxy_ssl_context=self._context, **options)

    def close(self) -> None:
        """Close idle connections; the others close when they are done."""
        with self._lock:
            for manager in self._managers.values():
                manager.clear()


def _proxy(url: str) -> str:
    """Return the address of the proxy to `url`; empty for none."""
    parts = urlsplit(url)
    named = _named()
    if named or getproxies is getproxies_environment:
        bypassed = bool(proxy_bypass_environment(parts.netloc, named))
    else:
        bypassed = bool(proxy_bypass(parts.netloc))
    if bypassed:
        return ""
    proxies = named or _of_system()
    found = proxies.get(parts.scheme) or proxies.get("all") or ""
    return found if not found or "://" in found else f"http://{found}"
