from __future__ import annotations

import asyncio
import base64
import gzip
import io
import os
import re
import ssl
import subprocess
import sys
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from urllib3.exceptions import HTTPError

from seedream_widgets.backends.base import OutputFile
from seedream_widgets.backends.fal import downloads
from seedream_widgets.backends.fal.connections import Connections
from seedream_widgets.backends.fal.downloads import Pace, Passing, Refused, Transfer, in_thread
from seedream_widgets.backends.fal.limits import Limits
from seedream_widgets.errors import ResultError
from seedream_widgets.images.growing import Broken, Growing
from tests.fal_server.state import File
from tests.scripted import until

from .drive import PATIENT, drive
from .loopback import reply, saying

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator
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


def test_slow_files_make_room_for_others(server: FalServer, tmp_path: Path) -> None:
    server.fail("download", "slow", times=5)  # more than there are slots
    server.state.store("/files/b/slow.png", File(PICTURE[:16_000], "image/png"))

    async def scenario(backend: FalBackend) -> None:
        slow = [
            asyncio.ensure_future(
                backend.download(OutputFile(URL.replace("fox", "slow")), tmp_path / f"slow {n}")
            )
            for n in range(5)
        ]
        while server.count("download") < 5:
            await asyncio.sleep(0.01)
        await backend.download(OutputFile(URL), tmp_path / "quick")
        assert not any(each.done() for each in slow)
        server.heal()
        await asyncio.gather(*slow)

    drive(scenario, downloads=3, turn=0.1)
    assert (tmp_path / "slow 4").read_bytes() == PICTURE[:16_000]
    assert (tmp_path / "quick").read_bytes() == PICTURE


def test_slow_files_are_few_at_once(server: FalServer, tmp_path: Path) -> None:
    server.fail("download", "slow", times=None)
    server.state.store("/files/b/slow.png", File(PICTURE[:16_000], "image/png"))

    async def scenario(backend: FalBackend) -> None:
        url = OutputFile(URL.replace("fox", "slow"))
        slow = [asyncio.ensure_future(backend.download(url, tmp_path / f"{n}")) for n in range(12)]
        while server.count("download") < 5:
            await asyncio.sleep(0.01)
        await asyncio.wait(slow, timeout=0.5)  # in which a sixth would come
        assert server.count("download") == 5
        server.heal()
        await asyncio.gather(*slow)

    drive(scenario, downloads=2, slow=3, turn=0.02)


@pytest.mark.parametrize("kind", ["cut", "drop", "500"])
def test_memory_takes_a_file_whole(server: FalServer, kind: str) -> None:
    server.fail("download", kind)
    memory = io.BytesIO()
    drive(lambda backend: backend.download(OutputFile(URL), memory))
    assert memory.getvalue() == PICTURE


def test_memory_takes_an_inline_file(server: FalServer) -> None:
    memory, url = io.BytesIO(), f"data:image/png;base64,{base64.b64encode(PICTURE).decode()}"
    drive(lambda backend: backend.download(OutputFile(url), memory))
    assert memory.getvalue() == PICTURE


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


@pytest.mark.parametrize("speed", [50_000, 0.005], ids=["running", "next byte minutes away"])
def test_cancelling_leaves_nothing(server: FalServer, tmp_path: Path, speed: float) -> None:
    server.settings.bytes_per_second = speed

    async def scenario(backend: FalBackend) -> None:
        task = asyncio.create_task(backend.download(OutputFile(URL), tmp_path / "fox"))
        while not list(tmp_path.iterdir()):
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)  # a byte came
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.to_thread(until, lambda: not list(tmp_path.iterdir()))

    drive(scenario, stall=200.0)


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
    server.fail("download", "slow", times=None)
    seen: list[threading.Thread] = []

    def arriving(growing: Growing) -> None:
        seen.append(threading.current_thread())
        growing.close()

    async def scenario(backend: FalBackend) -> None:
        files = [backend.download(OutputFile(URL), tmp_path / str(n), arriving) for n in range(6)]
        together = asyncio.gather(*files)
        while len(seen) < 2:
            await asyncio.sleep(0.01)
        await asyncio.wait([together], timeout=0.3)  # in which a third would begin
        assert len(seen) == 2
        server.heal()
        await together

    drive(scenario, downloads=2, turn=PATIENT)
    assert len({*seen}) == 6
    assert all(thread.daemon and thread.name == "seedream-download" for thread in seen)


@pytest.mark.parametrize(
    ("proxy", "says"),
    [
        ("http://127.0.0.1:1", r"the proxy: \[Errno \d+\] Connection refused"),
        ("http://proxy.invalid:3128", r"the proxy: \[Errno -\d+\] .+"),
        ("socks5://127.0.0.1:1", r"Error connecting to SOCKS5 proxy .*Connection refused"),
    ],
)
def test_a_proxy_out_of_reach_is_told_in_plain_words(
    server: FalServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, proxy: str, says: str
) -> None:
    async def scenario(backend: FalBackend) -> None:
        await backend._open()
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
        ("download", "hang", r"nothing came for 3 s"),
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
        save(tmp_path, attempts=1, stall=3.0 if kind == "hang" else PATIENT)
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


BODY = os.urandom(700_000)
CHUNKED = "Transfer-Encoding: chunked"


@pytest.fixture
def transfer(tmp_path: Path) -> Iterator[Callable[..., Transfer]]:
    with closing(Connections(ssl.create_default_context(), 4)) as connections:

        def made(address: str, arriving: object = None, **limits: object) -> Transfer:
            url, target = f"http://{address}/fox.png", tmp_path / "fox"
            known = Limits(**{"stall": 200.0, **limits})
            return Transfer(url, target, connections, known, lambda url: True, arriving)

        yield made


def chunked(body: bytes, size: int) -> bytes:
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


@pytest.mark.parametrize(
    "answer",
    [
        reply(BODY),
        reply(BODY, "Connection: close", length=False),
        reply(BODY, "Content-Length: ²", length=False),
        reply(chunked(BODY, 70_000), CHUNKED, length=False),
        reply(gzip.compress(BODY), "Content-Encoding: gzip"),
        reply(chunked(gzip.compress(BODY), 999), CHUNKED, "Content-Encoding: gzip", length=False),
    ],
    ids=[
        "length",
        "until it closes",
        "no number",
        "chunked",
        "compressed",
        "compressed and chunked",
    ],
)
def test_however_it_comes(transfer, tmp_path: Path, answer: bytes) -> None:
    with saying(answer) as (address, heads):
        transfer(address).run()
    assert (tmp_path / "fox").read_bytes() == BODY
    assert os.listdir(tmp_path) == ["fox"]
    assert b"\r\naccept-encoding: identity\r\n" in heads[0].lower()


@pytest.mark.parametrize(
    "answer",
    [
        reply(BODY)[:-1],
        reply(chunked(BODY, 70_000), CHUNKED, length=False)[:-500_000],
        reply(chunked(BODY, 70_000), CHUNKED, length=False)[:-5],
        reply(b"no gzip", "Content-Encoding: gzip"),
        b"HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\nhello",
        b"SSH-2.0-OpenSSH\r\n",
        b"",
    ],
    ids=["cut", "cut chunk", "no last chunk", "no gzip", "two lengths", "no HTTP", "nothing"],
)
def test_what_is_broken_may_come_another_time(transfer, tmp_path: Path, answer: bytes) -> None:
    seen: list[Growing] = []
    with saying(answer) as (address, _), pytest.raises(HTTPError):
        transfer(address, seen.append).run()
    assert os.listdir(tmp_path) == []
    for growing in seen:
        with pytest.raises(Broken):
            list(growing)


def test_bytes_that_drip_are_judged_before_a_block_is_full(transfer, tmp_path: Path) -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(reply(BODY)[:200])
        for _ in range(1500):
            connection.sendall(b"x")
            time.sleep(0.02)

    with saying(drip) as (address, _), pytest.raises(Passing, match=r"only \d+ bytes in \d+ s"):
        transfer(address, pace=(1000, 0.2)).run()
    assert os.listdir(tmp_path) == []


def test_the_size_is_judged_as_it_comes(transfer, tmp_path: Path) -> None:
    def endless(connection: socket.socket) -> None:
        connection.sendall(reply(b"", "Connection: close", length=False))
        while True:
            connection.sendall(bytes(50_000))

    with saying(endless) as (address, _), pytest.raises(Refused, match="larger than any"):
        transfer(address, file_bytes=1_000_000).run()
    assert os.listdir(tmp_path) == []


def test_the_size_is_judged_before_it_comes(transfer) -> None:
    large = reply(b"", "Content-Length: 1000001", length=False)
    with saying(large) as (address, _), pytest.raises(Refused, match="larger than any"):
        transfer(address, file_bytes=1_000_000).run()


def test_a_small_file_that_unpacks_large_is_refused(transfer, tmp_path: Path) -> None:
    bomb = reply(gzip.compress(bytes(5_000_000)), "Content-Encoding: gzip")
    with saying(bomb) as (address, _), pytest.raises(Refused, match="larger than any"):
        transfer(address, file_bytes=1_000_000).run()


@pytest.mark.parametrize("before", [b"", reply(BODY)[:300_000]], ids=["no reply", "half"])
def test_silence_ends_in_time(transfer, tmp_path: Path, before: bytes) -> None:
    def silent(connection: socket.socket) -> None:
        connection.sendall(before)
        connection.recv(1)

    with saying(silent) as (address, _):
        began = time.monotonic()
        with pytest.raises(HTTPError, match="timed out"):
            transfer(address, stall=0.2).run()
        assert time.monotonic() - began < 100
    assert os.listdir(tmp_path) == []


def test_it_stops_while_nothing_comes_and_hangs_up(transfer, tmp_path: Path) -> None:
    hung_up = threading.Event()

    def silent(connection: socket.socket) -> None:
        connection.sendall(reply(BODY)[:300_000])
        while connection.recv(1):
            pass
        hung_up.set()

    with saying(silent) as (address, _):
        at_work = transfer(address)
        thread = threading.Thread(target=pytest.raises, args=((Passing, HTTPError), at_work.run))
        thread.start()
        while not list(tmp_path.glob("fox*.part")):
            time.sleep(0.005)
        at_work.stop()
        thread.join(60)
        assert not thread.is_alive()
        assert hung_up.wait(60)
    assert os.listdir(tmp_path) == []


def test_one_stopped_between_two_blocks_takes_no_other(transfer) -> None:
    """Even where those are here already: packed, the whole reply is."""
    at_work: list[Transfer] = []
    packed = reply(gzip.compress(bytes(5_000_000)), "Content-Encoding: gzip")
    with saying(packed) as (address, _):
        at_work.append(transfer(address, lambda _: at_work[0].stop(), file_bytes=1_000_000))
        with pytest.raises(Passing):
            at_work[0].run()


def test_one_stopped_before_it_began_writes_nothing(transfer, tmp_path: Path) -> None:
    seen: list[Growing] = []
    with saying(reply(BODY)) as (address, _):
        at_work = transfer(address, seen.append)
        at_work.stop()
        with pytest.raises(Passing):
            at_work.run()
        at_work.stop()
    assert (os.listdir(tmp_path), seen) == ([], [])


def test_bytes_are_shown_while_they_come(transfer) -> None:
    go_on = threading.Event()
    seen: list[Growing] = []

    def halting(connection: socket.socket) -> None:
        connection.sendall(reply(BODY)[:300_000])
        go_on.wait(60)
        connection.sendall(reply(BODY)[300_000:])

    with saying(halting) as (address, _):
        thread = threading.Thread(target=transfer(address, seen.append).run)
        thread.start()
        while not seen:
            time.sleep(0.005)
        blocks = iter(seen[0])
        first = next(blocks)
        assert thread.is_alive()
        go_on.set()
        assert first + b"".join(blocks) == BODY
        thread.join(60)


def test_a_disk_that_takes_no_more_is_an_os_error(transfer, tmp_path: Path) -> None:
    (tmp_path / "fox").mkdir()
    with saying(reply(BODY)) as (address, _), pytest.raises(OSError, match="fox"):
        transfer(address).run()
    assert os.listdir(tmp_path) == ["fox"]


def test_pace_counts_anew_each_time() -> None:
    pace = Pace(100, 0.05)
    for _ in range(3):
        time.sleep(0.06)
        pace.note(100)
    time.sleep(0.06)
    with pytest.raises(Passing, match="only 99 bytes"):
        pace.note(99)


def test_work_is_done_elsewhere_and_its_error_comes_back() -> None:
    seen: list[threading.Thread] = []

    def fails() -> None:
        seen.append(threading.current_thread())
        raise LookupError("fox")

    with pytest.raises(LookupError, match="fox"):
        asyncio.run(in_thread(fails, lambda: None, "fox"))
    assert seen[0] is not threading.main_thread()
    assert (seen[0].daemon, seen[0].name) == (True, "fox")


def test_the_loop_goes_on_meanwhile() -> None:
    go_on, seen = threading.Event(), []

    async def main() -> None:
        work = in_thread(lambda: seen.append(go_on.wait(60)), lambda: None, "fox")
        at_work = asyncio.ensure_future(work)
        for _ in range(5):
            await asyncio.sleep(0.01)
        go_on.set()
        await at_work

    asyncio.run(main())
    assert seen == [True]


def test_cancelled_work_is_stopped_and_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "_LINGER", 60.0)
    stopped, tidied = threading.Event(), threading.Event()

    def work() -> None:
        stopped.wait(60)
        time.sleep(0.05)
        tidied.set()
        raise LookupError("nobody hears this")

    async def main() -> None:
        task = asyncio.ensure_future(in_thread(work, stopped.set, "fox"))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert tidied.is_set()

    asyncio.run(main())


def test_work_that_does_not_stop_is_left_behind() -> None:
    done = threading.Event()

    async def main() -> float:
        task = asyncio.ensure_future(in_thread(lambda: done.wait(60) and None, lambda: None, "fox"))
        await asyncio.sleep(0.05)
        began = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return time.monotonic() - began

    assert 0.5 < asyncio.run(main()) < 30
    done.set()  # the loop is closed by now, which the thread must bear
    for thread in threading.enumerate():
        if thread.name == "fox":
            thread.join(60)


def test_python_ends_while_work_hangs() -> None:
    code = (
        "import asyncio, time\n"
        "from seedream_widgets.backends.fal.downloads import in_thread\n"
        "async def main():\n"
        "    work = in_thread(lambda: time.sleep(600), lambda: None, 'fox')\n"
        "    task = asyncio.ensure_future(work)\n"
        "    await asyncio.sleep(0.1)\n"
        "asyncio.run(main())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], timeout=200, check=False)
    assert done.returncode == 0
