"""One try, over a plain socket: what a server may do to it."""

from __future__ import annotations

import gzip
import os
import ssl
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from urllib3.exceptions import HTTPError

from seedream_widgets.backends.fal.connections import Connections
from seedream_widgets.backends.fal.limits import Limits
from seedream_widgets.backends.fal.transfer import Pace, Passing, Refused, Transfer
from seedream_widgets.images.growing import Broken, Growing

from .loopback import reply, saying

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator
    from pathlib import Path

BODY = os.urandom(700_000)
CHUNKED = "Transfer-Encoding: chunked"


@pytest.fixture
def transfer(tmp_path: Path) -> Iterator[Callable[..., Transfer]]:
    with closing(Connections(ssl.create_default_context(), 4)) as connections:

        def made(address: str, arriving: object = None, **limits: object) -> Transfer:
            url, target = f"http://{address}/fox.png", tmp_path / "fox"
            known = Limits(**{"stall": 5.0, **limits})
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
        for _ in range(100):
            connection.sendall(b"x")
            time.sleep(0.02)

    with saying(drip) as (address, _):
        began = time.monotonic()
        with pytest.raises(Passing, match=r"only \d+ bytes in 0 s"):
            transfer(address, pace=(1000, 0.2)).run()
        assert time.monotonic() - began < 1.0
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
        assert time.monotonic() - began < 1.5
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
        while not list(tmp_path.glob("fox.part")):
            time.sleep(0.005)
        at_work.stop()
        thread.join(1.0)
        assert not thread.is_alive()
        assert hung_up.wait(1.0)
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
        go_on.wait(5)
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
        thread.join(5)


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
