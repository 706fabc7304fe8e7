"""What the server remembers: its settings, jobs, files, requests and the bill."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, NamedTuple

from .faults import Faults

if TYPE_CHECKING:
    from decimal import Decimal

Seconds = float | Callable[[Mapping[str, Any]], float]


@dataclass
class Settings:
    """What may be changed while the server runs.

    `queue_seconds` and `run_seconds` may be functions of a request's arguments. `units_header`
    tells what a result's ``X-Fal-Billable-Units`` says of the units billed; ``None``: no header.
    A job whose seconds are over stays in queue while `waits` is true, and goes on running while
    `runs_on` is: a test may hold it so until the client, however slow, has come to a point.
    """

    key: str = "local-id:local-secret"
    other_keys: Sequence[str] = ()
    queue_seconds: Seconds = 0.05
    run_seconds: Seconds = 0.1
    waits: Callable[[], object] = bool
    runs_on: Callable[[], object] = bool
    logs: Sequence[str] = ("Loading the model", "Drawing", "Encoding")
    concurrency: int | None = None
    image_format: str = "png"
    file_bytes: int = 0
    draw: Callable[[Job, int], bytes] | None = None
    images_per_set: int | None = None
    bytes_per_second: float | None = None
    keep_alive_seconds: float = 15.0
    stream_logs: str = "new"
    validate_at_submit: bool = False
    prices: dict[str, object] = field(default_factory=dict)
    units_per_image: str = "1"
    units_header: Callable[[Decimal], str | None] = str
    extra_output: dict[str, Any] = field(default_factory=dict)
    extra_image: dict[str, Any] = field(default_factory=dict)
    retired: frozenset[str] = frozenset()
    list_delay: float = 0.0
    lists_running: bool = True


@dataclass
class Record:
    """One HTTP request as it came in; `status` is 0 until it was answered."""

    step: str
    method: str
    host: str
    path: str
    query: str
    headers: dict[str, str]
    body_size: int
    connection: int
    at: float
    status: int = 0


class Charge(NamedTuple):
    request_id: str
    images: int
    usd: float
    units: Decimal


class File(NamedTuple):
    content: bytes
    content_type: str


class Failure(NamedTuple):
    """How a job ended badly: the result's status and body, and what its status says of it."""

    status: int
    body: dict[str, Any]
    error: str | None = None
    error_type: str | None = None


@dataclass(eq=False)
class Job:
    request_id: str
    number: int
    endpoint_id: str
    arguments: dict[str, Any]
    queue_url: str
    media_url: str
    phase: str = "IN_QUEUE"
    logs: list[dict[str, str]] = field(default_factory=list)
    seed: int | None = None
    inputs: list[bytes] = field(default_factory=list)
    output: dict[str, Any] | None = None
    units: Decimal | None = None
    failure: Failure | None = None
    said: Failure | None = None
    """A failure that the status tells of, though the result is there."""
    cancelled: bool = False
    expired: bool = False
    accepted_at: float = field(default_factory=time.monotonic)
    accepted_time: float = field(default_factory=time.time)
    stored: bool = True
    started_at: float | None = None
    completed_at: float | None = None
    life: asyncio.Task[None] | None = field(default=None, repr=False)
    _changed: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    @property
    def prompt(self) -> str:
        return str(self.arguments.get("prompt", ""))

    @property
    def url(self) -> str:
        root = "/".join(self.endpoint_id.split("/")[:2])
        return f"{self.queue_url}/{root}/requests/{self.request_id}"

    def log(self, message: str) -> None:
        stamp = datetime.now(timezone.utc).isoformat()
        line = {"message": message, "level": "INFO", "source": "USER", "timestamp": stamp}
        self.logs.append(line)
        self.tell()

    def tell(self) -> None:
        """Wake all who wait for a change."""
        self._changed.set()
        self._changed = asyncio.Event()

    def change(self) -> asyncio.Event:
        return self._changed


class State:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.faults = Faults()
        self.jobs: dict[str, Job] = {}
        self.files: dict[str, File] = {}
        self.parts: dict[str, dict[int, bytes]] = {}
        self.accounts: dict[str, str] = {}
        """Whose upload token, or whose place in the storage, each is: keys of fal."""
        self.requests: list[Record] = []
        self.tunnels: list[str] = []
        self.refused: list[str] = []
        self.bill: list[Charge] = []
        self.maybe_billed: list[str] = []
        self.errors: list[BaseException] = []
        self.random = random.Random(0)
        self.streams = self.most_streams = 0
        """Status streams open now, and most of them at once."""
        self._numbers = itertools.count()

    def accept(self, endpoint_id: str, body: bytes, queue_url: str, media_url: str) -> Job:
        arguments = parse_object(body)
        number = next(self._numbers)
        job = Job(str(uuid.uuid4()), number, endpoint_id, arguments, queue_url, media_url)
        self.jobs[job.request_id] = job
        return job

    @contextmanager
    def streaming(self) -> Iterator[None]:
        """Count a status stream while it is open."""
        self.streams += 1
        self.most_streams = max(self.most_streams, self.streams)
        try:
            yield
        finally:
            self.streams -= 1

    def waiting(self) -> list[Job]:
        return [job for job in self.jobs.values() if job.phase == "IN_QUEUE"]

    def position(self, job: Job) -> int:
        """Count the jobs before this one; without a limit no job waits for another."""
        if self.settings.concurrency is None:
            return 0
        return sum(other.number < job.number for other in self.waiting())

    def may_start(self, job: Job) -> bool:
        limit = self.settings.concurrency
        if limit is None:
            return True
        running = sum(other.phase == "IN_PROGRESS" for other in self.jobs.values())
        return running < limit and self.position(job) == 0

    def queue_moved(self) -> None:
        if self.settings.concurrency is not None:
            for job in self.waiting():
                job.tell()

    def store(self, path: str, file: File) -> None:
        self.files[path] = file


def parse_object(body: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(body or b"{}")
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def seconds(setting: Seconds, arguments: Mapping[str, Any]) -> float:
    return setting(arguments) if callable(setting) else setting
