"""What goes wrong around a request rather than in a reply: names, certificates, clocks, outages."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from typing import TYPE_CHECKING, NamedTuple

from tests.fal_server import Authority

if TYPE_CHECKING:
    import pytest

    from seedream_widgets.jobs.job import Job
    from tests.fal_server import FalServer

HOUR = 3600.0


class World(NamedTuple):
    """What is done while the job runs, and what puts it right again."""

    meanwhile: Callable[[Job], object] = lambda job: None
    heal: Callable[[], object] = lambda: None


plain = World()
Make = Callable[["FalServer", "pytest.MonkeyPatch"], AbstractContextManager[World]]


@contextmanager
def undisturbed(server: FalServer, patch: pytest.MonkeyPatch) -> Iterator[World]:
    yield plain


@contextmanager
def sound(server: FalServer, patch: pytest.MonkeyPatch) -> Iterator[World]:
    yield World(heal=server.heal)


def proxied(address: str) -> Make:
    """Have another proxy: everything fails before a connection is made."""

    @contextmanager
    def world(server: FalServer, patch: pytest.MonkeyPatch) -> Iterator[World]:
        for name in ("HTTPS_PROXY", "https_proxy"):
            patch.setenv(name, address)
        yield plain

    return world


@contextmanager
def refused(server: FalServer, patch: pytest.MonkeyPatch) -> Iterator[World]:
    with closing(socket.create_server(("127.0.0.1", 0))) as unused:
        port = unused.getsockname()[1]
    with proxied(f"http://127.0.0.1:{port}")(server, patch) as world:
        yield world


@contextmanager
def hung(server: FalServer, patch: pytest.MonkeyPatch) -> Iterator[World]:
    with (
        closing(socket.create_server(("127.0.0.1", 0))) as silent,
        proxied(f"http://127.0.0.1:{silent.getsockname()[1]}")(server, patch) as world,
    ):
        yield world


@contextmanager
def distrusted(server: FalServer, patch: pytest.MonkeyPatch) -> Iterator[World]:
    """Have the server show a certificate nobody here vouches for."""
    with closing(Authority()) as other:
        patch.setenv("SSL_CERT_FILE", str(other.ca_file))
        yield plain


def clock(jump: float) -> Make:
    """Set the wall clock while the model runs; the monotonic one goes on."""

    @contextmanager
    def world(server: FalServer, patch: pytest.MonkeyPatch) -> Iterator[World]:
        right = time.time

        def set_clock(job: Job) -> None:
            _runs(job)
            patch.setattr(time, "time", lambda: right() + jump)

        yield World(set_clock)

    return world


def outage(seconds: float | None) -> Make:
    """Cut every connection while the model runs, for a while or for good."""

    @contextmanager
    def world(server: FalServer, patch: pytest.MonkeyPatch) -> Iterator[World]:
        def go_down(job: Job) -> None:
            _runs(job)
            server.go_down()
            if seconds is not None:
                time.sleep(seconds)
                server.come_back()

        yield World(go_down, plain.heal if seconds is not None else server.come_back)

    return world


@contextmanager
def cancelled(server: FalServer, patch: pytest.MonkeyPatch) -> Iterator[World]:
    """Have the user cancel while the model runs."""

    def cancel(job: Job) -> None:
        _runs(job)
        assert job.cancel()

    yield World(cancel)


def _runs(job: Job) -> None:
    end = time.monotonic() + 60
    while job.status.kind != "in_progress":
        assert time.monotonic() < end, job.status
        time.sleep(0.01)


WORLDS: dict[str, Make] = {
    "": undisturbed,
    "connect": sound,
    "no such name": proxied("http://proxy.invalid:3128"),
    "refused": refused,
    "hung": hung,
    "distrusted": distrusted,
    "clock an hour forward": clock(HOUR),
    "clock an hour back": clock(-HOUR),
    "clock a year back": clock(-365 * 24 * HOUR),
    "cancelled": cancelled,
    "restart": outage(1.0),
    "outage": outage(None),
}
