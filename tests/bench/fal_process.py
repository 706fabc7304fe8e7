"""The local fal in a process of its own, so that it takes nothing of what is measured."""

from __future__ import annotations

from contextlib import contextmanager
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.fal_server import FalServer, Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection
    from pathlib import Path


class Seen(NamedTuple):
    """What happened since it was last asked."""

    done: dict[str, float]
    """When each job was completed, on the clock that all processes share."""
    requests: int
    connections: int


class FalProcess:
    """Speak to the server's process."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self.env: dict[str, str] = pipe.recv()

    def seen(self) -> Seen:
        return Seen(*self._ask("seen"))

    def fail(self, point: str, kind: str) -> None:
        """Switch a fault on for good."""
        self._ask("fail", point, kind)

    def heal(self) -> None:
        self._ask("heal")

    def _ask(self, *command: str) -> Any:
        self._pipe.send(command)
        return self._pipe.recv()


@contextmanager
def fal_process(
    picture: Path | None = None, run_seconds: tuple[float, float] = (0.1, 0.1), **settings: Any
) -> Iterator[FalProcess]:
    """Start one; every job gives `picture`, and takes seconds by the number in its prompt."""
    here, there = get_context("spawn").Pipe()
    process = get_context("spawn").Process(
        target=_serve, args=(there, picture, run_seconds, settings)
    )
    process.start()
    try:
        yield FalProcess(here)
    finally:
        here.send(("stop",))
        process.join(60)
        process.kill()


def _serve(
    pipe: Connection, picture: Path | None, span: tuple[float, float], options: dict[str, Any]
) -> None:
    def run_seconds(arguments: Any) -> float:
        last = arguments["prompt"].split()[-1]
        return span[0] + (span[1] - span[0]) * (int(last) * 7 % 100 if last.isdigit() else 0) / 100

    content = picture.read_bytes() if picture else b""
    draw = (lambda job, index: content) if content else None
    settings = Settings(run_seconds=run_seconds, draw=draw, **options)
    with FalServer(settings) as server:
        pipe.send(server.env)
        before = 0
        while (command := pipe.recv())[0] != "stop":
            if command[0] == "fail":
                server.fail(command[1], command[2], times=None)
            elif command[0] == "heal":
                server.heal()
            new = server.requests[before:] if command[0] == "seen" else ()
            before += len(new)
            done = {job.request_id: job.completed_at for job in server.jobs}
            pipe.send((done, len(new), len({record.connection for record in new})))
