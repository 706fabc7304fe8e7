from __future__ import annotations

import asyncio
import base64
import os
import re
import threading
import time
from typing import TYPE_CHECKING

import pytest

from seedream_widgets.backends.base import OutputFile
from seedream_widgets.errors import ResultError
from tests.fal_server.state import File

from .drive import drive

if TYPE_CHECKING:
    from pathlib import Path

    from seedream_widgets.backends.fal import FalBackend
    from tests.fal_server import FalServer

PICTURE = b"\x89PNG\r\n\x1a\n" + os.urandom(3_000_000)
HUNG_UP = r"Remote end closed connection without response|.*Connection reset by peer"
URL = "https://v3.fal.media/files/b/fox.png"


@pytest.fixture
def server(fal_server: FalServer) -> FalServer:
    fal_server.state.store("/files/b/fox.png", File(PICTURE, "image/png"))
    return fal_server


def save(folder: Path, url: str = URL, **limits: object) -> bytes:
    target = folder / "fox"
    drive(lambda backend: backend.download(OutputFile(url), target), **limits)
    return target.read_bytes()


def test_bytes_are_untouched_and_private(server: FalServer, tmp_path: Path) -> None:
    assert save(tmp_path) == PICTURE
    assert (tmp_path / "fox").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["fox"]
    assert "authorization" not in server.requests[0].headers


@pytest.mark.parametrize("kind", ["cut", "drop", "500", "503", "nginx_502", "429"])
def test_what_may_pass_is_tried_again(server: FalServer, tmp_path: Path, kind: str) -> None:
    server.fail("download", kind)
    assert save(tmp_path) == PICTURE
    assert server.count("download") == 2


@pytest.mark.parametrize("kind", ["cut", "500"])
def test_trying_again_ends(server: FalServer, tmp_path: Path, kind: str) -> None:
    server.fail("download", kind, times=None)
    with pytest.raises(ResultError, match="did not arrive") as caught:
        save(tmp_path)
    assert caught.value.billing == "yes"
    assert server.count("download") == 3
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("kind", "says"),
    [("404", "is gone"), ("403", "is gone"), ("400", "HTTP 400"), ("html", "web page"),
     ("not_json", "web page"), ("empty", "is empty")],
)  # fmt: skip
def test_what_is_final_is_not_tried_again(
    server: FalServer, tmp_path: Path, kind: str, says: str
) -> None:
    server.fail("download", kind, times=None)
    with pytest.raises(ResultError, match=says):
        save(tmp_path)
    assert server.count("download") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["endless", None])
def test_a_file_too_large_is_left(server: FalServer, tmp_path: Path, kind: str | None) -> None:
    if kind:
        server.fail("download", kind)
    with pytest.raises(ResultError, match="larger than any image"):
        save(tmp_path, file_bytes=2_000_000)
    assert list(tmp_path.iterdir()) == []


def test_a_redirect_to_another_host_is_followed(server: FalServer, tmp_path: Path) -> None:
    server.fail("download", "redirect_host")
    assert save(tmp_path) == PICTURE
    assert [record.host for record in server.requests] == ["v3.fal.media", "v3b.fal.media"]


def test_a_redirect_to_plain_http_is_refused(server: FalServer, tmp_path: Path) -> None:
    server.fail("download", "redirect_http")
    with pytest.raises(ResultError, match="not safe to fetch"):
        save(tmp_path)
    assert server.count("download") == 1


def test_endless_redirects_end(server: FalServer, tmp_path: Path) -> None:
    server.fail("download", "redirect_loop", times=None)
    with pytest.raises(ResultError, match="redirected too often"):
        save(tmp_path)
    assert server.count("download") == 6


def test_an_inline_image_is_decoded(server: FalServer, tmp_path: Path) -> None:
    url = f"data:image/png;base64,{base64.b64encode(PICTURE).decode()}"
    assert save(tmp_path, url) == PICTURE
    assert (tmp_path / "fox").stat().st_mode & 0o777 == 0o600
    assert server.requests == ()


@pytest.mark.parametrize("body", ["", "%%%", "AAA", "A" * 2000])
def test_a_damaged_inline_image_is_refused(server: FalServer, tmp_path: Path, body: str) -> None:
    with pytest.raises(ResultError, match="damaged"):
        save(tmp_path, f"data:image/png;base64,{body}", file_bytes=1000)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_missing_is_an_os_error(server: FalServer, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="missing"):
        save(tmp_path / "missing")


@pytest.mark.parametrize("speed", [500_000, 1], ids=["running", "the next byte is a second away"])
def test_cancelling_leaves_nothing(server: FalServer, tmp_path: Path, speed: int) -> None:
    server.settings.bytes_per_second = speed

    async def scenario(backend: FalBackend) -> float:
        task = asyncio.create_task(backend.download(OutputFile(URL), tmp_path / "fox"))
        while not list(tmp_path.iterdir()):
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)  # a byte came
        began = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return time.monotonic() - began

    assert drive(scenario) < 0.5
    assert list(tmp_path.iterdir()) == []


def test_few_connections_at_once(server: FalServer, tmp_path: Path) -> None:
    async def scenario(backend: FalBackend) -> None:
        await asyncio.gather(
            *(backend.download(OutputFile(URL), tmp_path / str(n)) for n in range(12))
        )

    drive(scenario, downloads=3)
    assert {path.read_bytes() == PICTURE for path in tmp_path.iterdir()} == {True}
    assert server.connections("download") <= 3


def test_each_file_has_a_thread_that_python_need_not_wait_for(
    server: FalServer, tmp_path: Path
) -> None:
    server.settings.bytes_per_second = 3_000_000
    seen: list[threading.Thread] = []

    async def scenario(backend: FalBackend) -> None:
        files = [backend.download(OutputFile(URL), tmp_path / str(n)) for n in range(6)]
        together = asyncio.gather(*files)
        while not together.done():
            at_work = [each for each in threading.enumerate() if each.name == "seedream-download"]
            assert len(at_work) <= 2
            seen.extend(at_work)
            await asyncio.sleep(0.01)
        await together

    drive(scenario, downloads=2)
    assert len({*seen}) == 6
    assert all(thread.daemon for thread in seen)


@pytest.mark.parametrize(
    ("proxy", "says"),
    [
        ("http://127.0.0.1:1", r"the proxy: \[Errno \d+\] Connection refused"),
        ("http://proxy.invalid:3128", r"the proxy: \[Errno -\d+\] .+"),
        ("socks5://127.0.0.1:1", "can't be fetched through a SOCKS proxy without PySocks"),
    ],
)
def test_a_proxy_out_of_reach_is_told_in_plain_words(
    server: FalServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, proxy: str, says: str
) -> None:
    async def scenario(backend: FalBackend) -> None:
        await backend._open()  # httpx itself would not start with a SOCKS proxy
        for name in ("HTTPS_PROXY", "https_proxy"):
            monkeypatch.setenv(name, proxy)
        await backend.download(OutputFile(URL), tmp_path / "fox")

    with pytest.raises(ResultError, match=says) as caught:
        drive(scenario, attempts=1)
    assert caught.value.billing == "yes"


@pytest.mark.parametrize(
    ("point", "kind", "says"),
    [
        ("download", "cut", r"it broke off after 1,500,004 bytes"),
        ("download", "drop", HUNG_UP),
        ("download", "hang", r"nothing came for 0\.3 s"),
        ("download", "503", r"HTTP 503"),
        ("connect", "close", HUNG_UP),
        ("connect", "502", r"Tunnel connection failed: 502 Bad Gateway"),
        ("connect", "tls", rf".*EOF.*|{HUNG_UP}"),
    ],
)
def test_why_it_did_not_arrive_is_told_in_plain_words(
    server: FalServer, tmp_path: Path, point: str, kind: str, says: str
) -> None:
    server.fail(point, kind, times=None)
    with pytest.raises(ResultError) as caught:
        save(tmp_path, attempts=1, stall=0.3)
    shown = re.fullmatch(r"The image did not arrive \((.+)\): https://v3\S+ .+", str(caught.value))
    assert shown, caught.value
    assert re.fullmatch(says, shown[1]), shown[1]
    assert "object at" not in shown[1]
    assert "Connection(" not in shown[1]


def test_no_key_goes_along(server: FalServer, tmp_path: Path) -> None:
    server.fail("download", "redirect_host")
    save(tmp_path)
    for record in server.requests:
        assert server.settings.key not in str(record.headers)
        assert not {"authorization", "cookie"} & {name.lower() for name in record.headers}
