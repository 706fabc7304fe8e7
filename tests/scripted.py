"""A backend that does what a test tells it, and remembers what it was asked."""

from __future__ import annotations

import asyncio
import io
import threading
import time
from typing import TYPE_CHECKING, Any

from PIL import Image

from seedream_widgets.backends.base import Output, OutputFile
from seedream_widgets.jobs.client import Client
from seedream_widgets.jobs.engine import shared
from seedream_widgets.values.handle import Handle
from seedream_widgets.values.request import Request
from seedream_widgets.values.status import Completed, InProgress, Log, Queued

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence
    from decimal import Decimal
    from pathlib import Path

    from seedream_widgets.errors import Billing
    from seedream_widgets.images import ImageInput
    from seedream_widgets.images.growing import Arriving
    from seedream_widgets.jobs.job import Job
    from seedream_widgets.values.endpoints import Price
    from seedream_widgets.values.status import Status

SECONDS = 10
"""Most seconds any wait of a test may take."""
LOGS = (Log("started"), Log("step 1 of 2"), Log("done"))


class ScriptedBackend:
    """Hold at, fail at and record the steps: upload, submit, the statuses, fetch, download, cancel.

    Args:
        name: As `Backend.name`.
        hold: Steps to wait in until the test calls `release`.
        errors: What to raise, by step.
        images: How many images come.
        billing: What `cancel` answers.
    """

    label = None

    def __init__(
        self,
        name: str = "scripted",
        *,
        hold: Sequence[str] = (),
        errors: dict[str, BaseException] | None = None,
        images: int = 1,
        billing: Billing = "no",
    ) -> None:
        self.name, self.bills = name, name == "fal"
        self.errors, self.images, self.billing = errors or {}, images, billing
        self.statuses: tuple[Status, ...] = (Queued(0), InProgress(LOGS[:2]), Completed(LOGS))
        self.calls: list[tuple[str, Any]] = []
        self.bytes: dict[str, bytes] = {}
        self.current: dict[str, Price] = {}
        self.units: Decimal | None = None
        self.asked_prices = 0
        self._gates = {step: asyncio.Event() for step in hold}
        self._called = threading.Condition()

    async def _step(self, step: str, what: object) -> None:
        with self._called:
            self.calls.append((step, what))
            self._called.notify_all()
        if step in self._gates:
            await self._gates[step].wait()
        if step in self.errors:
            raise self.errors[step]

    def count(self, step: str) -> int:
        return sum(step == called for called, _ in self.calls)

    def reached(self, step: str, times: int = 1) -> None:
        """Wait until a step was entered so many times."""
        with self._called:
            assert self._called.wait_for(lambda: self.count(step) >= times, SECONDS), self.calls

    def release(self, step: str) -> None:
        shared().loop.call_soon_threadsafe(self._gates[step].set)

    async def upload(self, image: ImageInput) -> str:
        await self._step("upload", image)
        return f"https://up.test/{image.sha256[:8]}"

    async def forget(self, image: ImageInput) -> None:
        await self._step("forget", image)

    async def submit(self, request: Request, image_urls: Sequence[str]) -> Handle:
        await self._step("submit", list(image_urls))
        return Handle(f"r{self.count('submit')}", request.endpoint.id)

    async def watch(self, handle: Handle) -> AsyncGenerator[Status, None]:
        for status in self.statuses:
            await self._step(status.kind, handle)
            yield status

    async def fetch(self, handle: Handle) -> Output:
        await self._step("fetch", handle)
        names = (f"https://files.test/{handle.request_id}/{n}" for n in range(self.images))
        files = tuple(OutputFile(name) for name in names)
        return Output(files, seed=7, billable_units=self.units)

    async def download(
        self, file: OutputFile, target: Path | io.BytesIO, arriving: Arriving | None = None
    ) -> None:
        await self._step("download", file)
        data = self.bytes.setdefault(file.url, picture(len(self.bytes)))
        if isinstance(target, io.BytesIO):
            target.write(data)
        else:
            target.write_bytes(data)

    async def cancel(self, handle: Handle) -> Billing:
        await self._step("cancel", handle)
        return self.billing

    async def prices(self) -> dict[str, Price]:
        self.asked_prices += 1  # no call of a job's
        if "prices" in self._gates:
            await self._gates["prices"].wait()
        if "prices" in self.errors:
            raise self.errors["prices"]
        return self.current

    async def aclose(self) -> None:
        await self._step("aclose", None)


def picture(number: int = 0, size: tuple[int, int] = (32, 24), kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, (40 * number % 256, 90, 200)).save(file, kind)
    return file.getvalue()


def started(backend: ScriptedBackend, folder: Path, prompt: str = "a fox", **arguments: Any) -> Job:
    return Client(backend, library=folder).submit(Request(prompt, **arguments))


def until(true: Callable[[], object]) -> None:
    """Wait until something comes true."""
    end = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.002)


def kinds(job: Job) -> list[str]:
    return [status.kind for _, status in job.history]
