"""The local fal's faults in downloads and in connections, each seen from the client's side."""

from __future__ import annotations

import httpx
import pytest

from tests.fal_server import Authority, FalServer
from tests.fal_server.driving import V4, color, result, sync_client

PROMPT = {"prompt": "fox", "image_size": "square_hd"}


@pytest.fixture
def picture(fal_server: FalServer, fal_http: httpx.Client) -> str:
    return str(result(fal_server, fal_http, **PROMPT, seed=1).json()["images"][0]["url"])


def test_downloads_that_fail(fal_server: FalServer, picture: str) -> None:
    whole = httpx.get(picture, timeout=60)
    fal_server.fail("download", "cut")
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(picture, timeout=60)
    fal_server.fail("download", "wrong_type")
    wrong = httpx.get(picture, timeout=60)
    assert (wrong.headers["content-type"], wrong.content) == ("text/plain", whole.content)
    fal_server.fail("download", "garbage")
    assert httpx.get(picture, timeout=60).content.startswith(b"this is no image")
    fal_server.fail("download", "empty")
    assert httpx.get(picture, timeout=60).content == b""
    fal_server.fail("download", "slow")
    with httpx.stream("GET", picture, timeout=60) as response:
        assert 0 < len(next(response.iter_raw())) < 100
    fal_server.fail("download", "endless")
    with httpx.stream("GET", picture, timeout=60) as response:
        assert "content-length" not in response.headers
        received = 0
        for block in response.iter_raw():
            received += len(block)
            if received > 5_000_000:
                break
    assert received > 5_000_000


def test_downloads_that_lead_elsewhere(fal_server: FalServer, picture: str) -> None:
    expected = fal_server.expected_color("fox", 1)
    fal_server.fail("download", "redirect_host", times=None, host="v3.fal.media")
    reply = httpx.get(picture, follow_redirects=True, timeout=60)
    assert (reply.url.host, color(reply.content)) == ("v3b.fal.media", expected)
    fal_server.heal()
    fal_server.fail("download", "redirect_http")
    reply = httpx.get(picture, follow_redirects=True, timeout=60)
    assert (reply.url.scheme, color(reply.content)) == ("http", expected)
    fal_server.fail("download", "redirect_elsewhere")
    with pytest.raises(httpx.ProxyError):
        httpx.get(picture, follow_redirects=True, timeout=60)
    assert fal_server.refused == ("files.elsewhere.example",)
    fal_server.fail("download", "redirect_loop", times=None)
    with pytest.raises(httpx.TooManyRedirects):
        httpx.get(picture, follow_redirects=True, timeout=60)


def test_throttled_downloads(fal_server: FalServer, picture: str) -> None:
    fal_server.settings.bytes_per_second = 50_000
    reply = httpx.get(picture, timeout=60)
    assert reply.elapsed.total_seconds() >= 0.7 * len(reply.content) / 50_000


@pytest.mark.parametrize(
    ("kind", "error"),
    [("502", httpx.ProxyError), ("close", httpx.TransportError), ("tls", httpx.ConnectError)],
)
def test_connections_that_fail(
    fal_server: FalServer, kind: str, error: type[httpx.TransportError]
) -> None:
    fal_server.fail("connect", kind, host="v3.fal.media")
    with pytest.raises(error):
        httpx.get("https://v3.fal.media/files/x", timeout=60)
    assert httpx.get("https://v3.fal.media/files/x", timeout=60).status_code == 404


def test_other_hosts_are_refused(fal_server: FalServer) -> None:
    for host in ("example.org", "queue.falrun.com"):
        with pytest.raises(httpx.ProxyError):
            httpx.get(f"https://{host}/", timeout=60)
    assert fal_server.refused == ("example.org", "queue.falrun.com")
    assert fal_server.requests == ()


def test_the_backup_host_takes_over(
    fal_authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FalServer(authority=fal_authority, backup_hosts=True) as server:
        for name, value in server.env.items():
            monkeypatch.setenv(name, value)
        server.fail("connect", "tls", host="queue.fal.run")
        with sync_client(server.settings.key) as client:
            client.submit(V4, PROMPT)
        assert server.requests[0].host == "queue.falrun.com"
