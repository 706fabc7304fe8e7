"""Which way a request goes: as the environment says, and never with more than it must say."""

from __future__ import annotations

import base64
import ssl
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from urllib3.exceptions import ProxyError, SSLError

from seedream_widgets.backends.fal.connections import Connections, NoSocks

from .loopback import reply, saying

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fal_server import Authority

NAMES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
REFUSES = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> Iterator[Connections]:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with closing(Connections(ssl.create_default_context(), 2)) as made:
        yield made


def asked(connections: Connections, url: str) -> bytes:
    reply = connections.get(url, 5)
    try:
        return reply.read()
    finally:
        reply.close()
        reply.release_conn()


def test_straight_without_a_proxy(connections: Connections) -> None:
    with saying(reply(b"straight")) as (address, heads):
        assert asked(connections, f"http://{address}/a.png?b=c") == b"straight"
    assert heads[0].startswith(b"GET /a.png?b=c HTTP/1.1\r\n")
    assert b"authorization" not in heads[0].lower()


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("scheme", ["http://", ""])
def test_through_a_proxy(
    connections: Connections, monkeypatch: pytest.MonkeyPatch, name: str, scheme: str
) -> None:
    with saying(reply(b"by proxy")) as (proxy, heads):
        monkeypatch.setenv(name.lower() if name.islower() else name, f"{scheme}{proxy}")
        if name == "HTTP_PROXY":  # which a CGI script's visitor could set
            monkeypatch.setenv("http_proxy", f"{scheme}{proxy}")
        assert asked(connections, "http://fal.example/a.png") == b"by proxy"
    assert heads[0].startswith(b"GET http://fal.example/a.png HTTP/1.1\r\n")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_proxy_gets_its_password(
    connections: Connections, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    with saying(REFUSES) as (proxy, heads):
        monkeypatch.setenv(f"{scheme}_proxy", f"http://fox:a%40b@{proxy}")
        if scheme == "https":
            with pytest.raises(ProxyError):
                asked(connections, "https://fal.example/a.png")
            assert heads[0].startswith(b"CONNECT fal.example:443 ")
        else:
            asked(connections, "http://fal.example/a.png")
    said = base64.b64encode(b"fox:a@b")
    assert b"\r\nproxy-authorization: basic " + said.lower() in heads[0].lower()


@pytest.mark.parametrize("trusted", [True, False])
def test_whom_to_trust_is_the_session_s_to_say(
    connections: Connections, fal_authority: Authority, trusted: bool
) -> None:
    context = ssl.create_default_context(cafile=fal_authority.ca_file if trusted else None)
    with (
        saying(reply(b"secure"), tls=fal_authority.context) as (address, _),
        closing(Connections(context, 2)) as own,
    ):
        if trusted:
            assert asked(own, f"https://{address}/a.png") == b"secure"
        else:
            with pytest.raises(SSLError, match="certificate verify failed"):
                asked(own, f"https://{address}/a.png")


@pytest.mark.parametrize("name", ["127.0.0.1", "*", "localhost,127.0.0.1"])
def test_past_the_proxy(
    connections: Connections, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy.invalid:3128")
    monkeypatch.setenv("no_proxy", name)
    with saying(reply(b"straight")) as (address, _):
        assert asked(connections, f"http://{address}/a.png") == b"straight"


def test_a_connection_is_used_again(connections: Connections) -> None:
    def twice(connection) -> None:
        connection.sendall(reply(b"one"))
        connection.recv(65536)
        connection.sendall(reply(b"two"))

    with saying(twice) as (address, heads):
        assert asked(connections, f"http://{address}/a.png") == b"one"
        assert asked(connections, f"http://{address}/b.png") == b"two"
    assert len(heads) == 1


def test_a_redirect_is_left_to_the_caller(connections: Connections) -> None:
    answer = b"HTTP/1.1 302 Found\r\nLocation: http://10.0.0.1/\r\nContent-Length: 0\r\n\r\n"
    with saying(answer) as (address, _):
        found = connections.get(f"http://{address}/a.png", 5)
        assert (found.status, found.get_redirect_location()) == (302, "http://10.0.0.1/")
        found.close()


def test_a_socks_proxy_needs_another_package(
    connections: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1080")
    with pytest.raises(NoSocks):
        connections.get("https://fal.example/a.png", 5)
