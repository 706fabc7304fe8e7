"""A world of one disk, one fal and a few processes that take turns, all of it made from a seed.

Time is counted, not waited for. Each process runs the package's own client, jobs, journal,
claims and leases on a thread and an event loop of its own; one of them runs at a time, and at
each of its steps on the disk or to fal another may go on, it may be killed, be stopped for
minutes, or find the disk full.
"""

from __future__ import annotations

import asyncio
import errno
import io
import random
import selectors
import shutil
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from PIL import Image

from seedream_widgets.backends.base import Output, OutputFile
from seedream_widgets.jobs.client import Client
from seedream_widgets.jobs.engine import SENDING, Engine, Following
from seedream_widgets.jobs.lost import LostReplies
from seedream_widgets.library import Library
from seedream_widgets.library.journal import Journal
from seedream_widgets.library.leases import Leases
from seedream_widgets.library.steps import Found
from seedream_widgets.values.handle import Handle
from seedream_widgets.values.status import Completed, InProgress, Queued

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from seedream_widgets.values.request import Request

START = 1.8e9
_WAYS = ((0.0, 0.0), (0.0, 0.0), (2.0, 0.0), (0.0, 2.0), (0.0, 8.0))
"""Seconds that a submit and its reply take: an end of Python waits for the reply up to 5."""
_FILE = io.BytesIO()
Image.new("RGB", (4, 4)).save(_FILE, "PNG")
PICTURE = _FILE.getvalue()


class Killed(BaseException):
    """End a process where it stands; nothing of it runs afterwards."""


class World:
    """Hold what all processes share.

    Args:
        seed: Everything that happens follows from it.
        unseen: Seconds until one machine sees in its listings what another has written.
    """

    def __init__(self, seed: int, unseen: float = 0.0) -> None:
        self.random = random.Random(seed)
        self.unseen = unseen
        self.now = START
        self.processes: list[Process] = []
        self.current: Process | None = None
        self.disk: dict[str, tuple[bytes, float, str]] = {}
        """What is there by name: its bytes, when it was written, and on which machine."""
        self.gone: dict[str, tuple[float, str]] = {}
        """When a name was taken away, and where."""
        self.writes = 0
        self.full_at: range = range(0)
        """Which writes find no room."""
        self.fal: dict[str, FalJob] = {}
        self.results: dict[str, Kept] = {}
        self.folder = Path(tempfile.mkdtemp(prefix="world-"))
        self._done = threading.Event()
        self.error: BaseException | None = None
        self.told: list[str] = []
        """What happened, for who reads a failure."""

    def tell(self, what: str) -> None:
        name = self.current.name if self.current else ""
        self.told.append(f"{self.now - START:9.2f} {name:14} {what}")

    def run(self, *processes: Process) -> None:
        """Run processes to their ends."""
        self.processes += processes
        self._done.clear()
        for process in processes:
            process.thread.start()
        self._next(None)
        assert self._done.wait(120), "the world stands still"
        for process in processes:
            process.thread.join()
        if self.error:
            raise self.error

    def close(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def point(self) -> None:
        """Be at a step of the current process: others may go on, or it may end here."""
        process = self.current
        assert process is not None
        process.points += 1
        if process.points == process.killed_at:
            self.tell("killed")
        if process.dead or process.points == process.killed_at:
            process.dead = True
            raise Killed
        if process.points == process.ends_at:
            self.tell("is asked to end")
            process.end()
        if process.points == process.stopped_at:
            process.stopped = process.was_stopped = True
            self.tell(f"stopped for {process.stopped_for} s")
            self.sleep(process.stopped_for)
            process.stopped = False
        elif self.random.random() < 0.4:
            self.sleep(0)

    def sleep(self, seconds: float) -> None:
        process = self.current
        assert process is not None
        process.wakes = self.now + seconds
        self._next(process)
        if process.dead:
            raise Killed

    def end(self) -> None:
        process, self.current = self.current, None
        assert process is not None
        process.ended = process.dead = True
        self._next(None)

    def _next(self, before: Process | None) -> None:
        waiting = [each for each in self.processes if not each.ended]
        if not waiting:
            self._done.set()
            return
        if not any(each.wakes <= self.now for each in waiting):
            self.now = min(each.wakes for each in waiting)
        chosen = self.random.choice([each for each in waiting if each.wakes <= self.now])
        self.current = chosen
        if chosen is before:
            return
        chosen.turn.release()
        if before is not None:
            before.turn.acquire()

    def runs(self, name: str, machine: str) -> bool | None:
        """Tell as a machine's system does whether a process runs."""
        if name.partition("-")[0] != machine:
            return None
        return any(each.name == name and not each.dead for each in self.processes)


@dataclass
class FalJob:
    prompt: str
    done_at: float
    cancelled: bool = False
    billed: bool = False


@dataclass(frozen=True)
class Kept:
    """Stand for a `Result` of the library."""

    request_id: str
    key: str | None
    prompt: str
    receipt: Any = None
    request: Any = None
    _again: Any = None
    cached: bool = False


class Disk:
    """Be the library's small files, as one machine sees them."""

    def __init__(self, world: World, machine: str) -> None:
        self._world, self._machine = world, machine

    def _room(self) -> None:
        self._world.writes += 1
        if self._world.writes in self._world.full_at:
            raise OSError(errno.ENOSPC, "No space left on device")

    def create(self, name: str, data: bytes, *, lasting: bool = False) -> bool:
        self._world.point()
        if name in self._world.disk:
            return False
        self._room()
        self._world.disk[name] = data, self._world.now, self._machine
        self._world.gone.pop(name, None)
        self._world.tell(f"+ {name}")
        self._world.point()
        return True

    def read(self, name: str, limit: int) -> Found | None:
        self._world.point()
        found = self._world.disk.get(name)
        if found is None or self._unseen(found[1], found[2]):
            return None
        return Found(found[0], found[1])

    def _unseen(self, when: float, machine: str) -> bool:
        return machine != self._machine and self._world.now - when < self._world.unseen

    def names(self, folder: str) -> list[str]:
        self._world.point()
        start = f"{folder}/"
        there = {name for name, (_, *rest) in self._world.disk.items() if not self._unseen(*rest)}
        still = {name for name, rest in self._world.gone.items() if self._unseen(*rest)}
        inside = {name.removeprefix(start) for name in there | still if name.startswith(start)}
        return sorted({name.partition("/")[0] for name in inside})

    def delete(self, name: str) -> bool:
        self._world.point()
        was = self._world.disk.pop(name, None)
        if was is not None:
            self._world.gone[name] = self._world.now, self._machine
            self._world.tell(f"- {name}")
        self._world.point()
        return was is not None

    def clear(self, folder: str) -> None:
        for name in self.names(folder):
            self.delete(f"{folder}/{name}")

    def move(self, name: str, to: str) -> bool:
        self._world.point()
        was = self._world.disk.pop(name, None)
        if was is not None:
            self._world.gone[name] = self._world.now, self._machine
            self._world.disk[to] = was[0], self._world.now, self._machine
        self._world.point()
        return was is not None

    def touch(self, name: str) -> float:
        self._world.disk[name] = b"", self._world.now, self._machine
        return self._world.now

    def touched(self, name: str) -> float:
        found = self._world.disk.get(name)
        if found is None:
            return 0.0
        # A process that runs touches its lease every few seconds.
        owner = name.rpartition("/")[2]
        for each in self._world.processes:
            if each.name == owner and not (each.dead or each.stopped):
                return self._world.now
        return found[1]


class Fal:
    """Be fal, as one process speaks to it."""

    name, label, bills = "fal", None, True

    def __init__(self, world: World) -> None:
        self._world = world

    async def submit(self, request: Request, image_urls: object) -> Handle:
        self._world.point()
        there, back = self._world.random.choice(_WAYS)
        await asyncio.sleep(there)
        id = f"r{len(self._world.fal) + 1}"
        runs = self._world.random.choice((0.0, 1.0, 400.0))
        self._world.fal[id] = FalJob(request.prompt, self._world.now + runs)
        self._world.tell(f"{request.prompt} is {id} at fal")
        self._world.point()
        await asyncio.sleep(back)
        return Handle(id, request.endpoint.id)

    async def watch(self, handle: Handle) -> AsyncGenerator[Any, None]:
        job = self._world.fal[handle.request_id]
        yield Queued(0)
        yield InProgress(())
        while job.done_at > self._world.now:
            await asyncio.sleep(job.done_at - self._world.now)
        self._world.point()
        yield Completed(())

    async def fetch(self, handle: Handle) -> Output:
        self._world.point()
        return Output((OutputFile(f"https://files.test/{handle.request_id}"),), seed=7)

    async def download(self, file: OutputFile, target: Any, arriving: object = None) -> None:
        self._world.point()
        if isinstance(target, Path):
            target.write_bytes(PICTURE)
        else:
            target.write(PICTURE)
        self._world.point()

    async def cancel(self, handle: Handle) -> str:
        self._world.point()
        job = self._world.fal[handle.request_id]
        if job.done_at <= self._world.now:
            return "yes"
        job.cancelled = True
        return "maybe"


class VirtualLibrary(Library):
    """Keep results in the world, and the journal on its disk."""

    def __init__(self, process: Process) -> None:
        super().__init__(process.world.folder)
        self._world, self._process = process.world, process
        self._disk = Disk(process.world, process.machine)
        runs = process.world.runs
        leases = Leases(
            self._disk,
            own=lambda: process.name,
            runs=lambda name: runs(name, process.machine),
            keep=lambda _: None,
        )
        self._journal = Journal(self.path, self._disk, leases)

    def _twin(self, key: str, backend: str) -> Any:
        return next((each for each in self._seen() if each.key == key), None)

    def _find(self, request_id: str) -> Any:
        return next((each for each in self._seen() if each.request_id == request_id), None)

    def _seen(self) -> list[Kept]:
        return [self._world.results[id] for id in self._disk.names("results")]

    def _staging(self, name: str) -> Path:
        return self.path / f"{name}.{self._process.name}"

    def _stage(self, name: str) -> Path:
        self._staging(name).mkdir(exist_ok=True)
        return self._staging(name)

    def _commit(self, stage: Path, receipt: Any, words: str) -> Any:
        known = Kept(receipt.request_id, receipt.key, receipt.prompt, receipt)
        self._world.results.setdefault(receipt.request_id, known)
        self._disk.create(f"results/{receipt.request_id}", b"")
        return stage, receipt

    def _sweep(self) -> None:
        self._journal.sweep()


class _Selector(selectors.SelectSelector):
    """Let a loop wait in the world's time."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world

    def select(self, timeout: float | None = None) -> list[Any]:
        assert timeout is not None, "it waits for ever"
        self._world.sleep(timeout + 1e-5 if timeout > 0 else 0.0)
        return []


class VirtualClient(Client):
    """Be the package's client, of one process of the world."""

    def __init__(self, process: Process) -> None:
        super().__init__(Fal(process.world), library=VirtualLibrary(process))
        self._engine = lambda: process.engine

    @property
    def backend(self) -> Any:
        return self._choice.current


class Process:
    """Run `life` as a process of a machine.

    Args:
        world: Where it runs.
        machine: On which machine.
        life: What it does.
        killed_at: At which of its steps it is killed; 0: never.
        ends_at: At which one Python ends, as after `sys.exit`.
        stopped_at: At which one it is stopped.
        stopped_for: For how many seconds.
        clock: How many seconds its machine's clock is ahead.
    """

    def __init__(
        self,
        world: World,
        machine: str,
        life: Callable[[Process], Awaitable[None]],
        *,
        killed_at: int = 0,
        ends_at: int = 0,
        stopped_at: int = 0,
        stopped_for: float = 0.0,
        clock: float = 0.0,
    ) -> None:
        self.world, self.machine = world, machine
        self.name = f"{machine}-{len(world.processes)}{world.random.randrange(10**6)}-1"
        self.killed_at, self.stopped_at, self.stopped_for = killed_at, stopped_at, stopped_for
        self.ends_at, self.clock = ends_at, clock
        self.points, self.wakes = 0, world.now
        self.dead = self.stopped = self.was_stopped = self.ended = False
        self.turn = threading.Semaphore(0)
        self.thread = threading.Thread(target=self._run, args=(life,), daemon=True)
        self._ending: asyncio.Task[None] | None = None
        self.client: VirtualClient
        self.engine: Any

    def end(self) -> None:
        """Have Python end: the engine hears the replies that are due, and ends every task."""
        self._ending = self.engine.loop.create_task(Engine._end_all_tasks(self.engine))

    def _run(self, life: Callable[[Process], Awaitable[None]]) -> None:
        self.turn.acquire()
        loop = asyncio.SelectorEventLoop(_Selector(self.world))
        loop.set_exception_handler(lambda *_: None)
        try:
            self.engine = _engine(loop)
            self.client = VirtualClient(self)
            try:
                loop.run_until_complete(life(self))
            except asyncio.CancelledError:
                if not self._ending:
                    raise
            if self._ending:
                loop.run_until_complete(self._ending)
                self.client.library._journal.leases.let_go()
        except Killed:
            pass
        except BaseException as error:
            if not self.dead:
                self.world.error = self.world.error or error
        finally:
            self.dead = True
            loop._ready.clear()  # type: ignore[attr-defined]
            loop.close()
            self.world.end()


def _engine(loop: asyncio.AbstractEventLoop) -> Any:
    async def run(work: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return work(*args, **kwargs)

    engine = SimpleNamespace(
        loop=loop, run_on_disk=run, run_in_pool=run, run_on_arrivals=run,
        uninterrupted=lambda work: work(),
        here=False, forked=False, ending=False, following=Following(), _closing=[],
        slots=asyncio.Semaphore(SENDING), replies=set(), lost=LostReplies(),
    )  # fmt: skip
    engine._await_replies = lambda: Engine._await_replies(engine)
    return engine
