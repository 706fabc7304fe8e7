"""Which addresses in fal's replies may be used, and for what: every one of them is untrusted."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urlsplit

_LONGEST = 4096
_REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}")
_ENDPOINT_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*(/[A-Za-z0-9_-][A-Za-z0-9_.-]*){2,7}")
_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")
# Resolvers take 127.1 and 0x7f000001 for addresses; a top-level domain begins with a letter.
_PUBLIC_NAME = re.compile(r"([a-z0-9_-]+\.)+[a-z][a-z0-9-]*\.?")
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_LOCAL_NAMES = (".localhost", ".local", ".internal", ".home.arpa")
# Exact names, as fal's users run their own apps on subdomains.
_QUEUES = frozenset({"queue.fal.run", "queue.falrun.com"})
_TAKE_KEY = _QUEUES | {"fal.run", "falrun.com", "rest.fal.ai", "api.fal.ai"}
"""The hosts that get the key: fal_client's, its backup ones, and fal's Platform API."""
_UPLOADS = ".fal.media"
"""The domain of fal's CDN, where uploads are."""


def is_request_id(text: object) -> bool:
    """Tell whether `text` can stand in a path as a request id."""
    return isinstance(text, str) and _REQUEST_ID.fullmatch(text) is not None


def is_endpoint_id(text: object) -> bool:
    """Tell whether `text` can stand in a path as an endpoint id."""
    return isinstance(text, str) and len(text) < 256 and _ENDPOINT_ID.fullmatch(text) is not None


def is_about(url: object, request_id: str, queue: str) -> bool:
    """Tell whether `url` is about this one request, and the key may be sent there."""
    parts, home = _split(url), _split(queue)
    if parts is None or home is None or not takes_key(url, queue):
        return False
    known = parts.netloc == home.netloc or _is_loopback(parts.hostname)
    return (known or parts.hostname in _QUEUES) and f"/requests/{request_id}" in parts.path


def takes_key(url: object, queue: str) -> bool:
    """Tell whether the key may be sent to `url`; `queue` is any URL of the queue host."""
    parts, home = _split(url), _split(queue)
    if parts is None or home is None or parts.query or parts.fragment:
        return False
    if parts.scheme == "https" and parts.netloc == home.netloc:
        return True
    if _is_loopback(home.hostname):
        return parts.scheme in ("http", "https") and _is_loopback(parts.hostname)
    return parts.scheme == "https" and parts.port in (None, 443) and parts.hostname in _TAKE_KEY


def may_be_fetched(url: object, queue: str) -> bool:
    """Tell whether a file may be fetched from `url`: https, not on this computer or network."""
    parts, home = _split(url), _split(queue)
    if parts is None:
        return False
    if home is not None and _is_loopback(home.hostname) and _is_loopback(parts.hostname):
        return parts.scheme in ("http", "https")
    return parts.scheme == "https" and _is_public(parts.hostname or "")


def may_be_sent(url: object, queue: str) -> bool:
    """Tell whether anything, such as an upload, may be sent to `url`; it may have a query."""
    return may_be_fetched(url, queue) or takes_key(url, queue)


def is_upload(url: object, queue: str) -> bool:
    """Tell whether `url` is a file on fal's CDN, as an upload's address is."""
    parts, home = _split(url), _split(queue)
    if parts is None or parts.query or parts.fragment:
        return False
    if home is not None and _is_loopback(home.hostname) and _is_loopback(parts.hostname):
        return parts.scheme in ("http", "https")
    on_cdn = f".{parts.hostname}".endswith(_UPLOADS) and parts.port in (None, 443)
    return parts.scheme == "https" and on_cdn


def _split(url: object) -> SplitResult | None:
    return _parts(url) if isinstance(url, str) and len(url) <= _LONGEST else None


@lru_cache(maxsize=64)  # each job checks a handful of addresses, about fifty times
def _parts(url: str) -> SplitResult | None:
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        return None
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises for a port that is not one
    except ValueError:
        return None
    if not _HOST.fullmatch(parts.hostname or "") or "@" in parts.netloc:
        return None
    return parts


def _is_loopback(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return False


def _is_public(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        local = f".{host.rstrip('.')}".endswith(_LOCAL_NAMES)
        return _PUBLIC_NAME.fullmatch(host) is not None and not local
    if isinstance(address, IPv6Address) and (
        address not in _GLOBAL_UNICAST or address.sixtofour or address.teredo
    ):
        return False  # it may embed an IPv4 address
    return address.is_global and not address.is_multicast
