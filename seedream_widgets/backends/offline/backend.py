"""`OfflineBackend`: answers requests with locally drawn pictures, for free."""

from __future__ import annotations

import asyncio
import random
import re
import secrets
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from seedream_widgets.backends.base import Output, OutputFile
from seedream_widgets.errors import BackendError, ContentRejectedError
from seedream_widgets.files import in_place_of
from seedream_widgets.images import ImageInput
from seedream_widgets.library.folder import private
from seedream_widgets.values.endpoints import MAX_SEED, PRESETS, Price
from seedream_widgets.values.handle import Handle
from seedream_widgets.values.sizes import Size
from seedream_widgets.values.status import Completed, InProgress, Log, Queued, Status

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence
    from io import BytesIO

    from seedream_widgets.errors import Billing
    from seedream_widgets.images.growing import Arriving
    from seedream_widgets.values.request import Request

STEPS = 30
_ANSWERED = 4
_SLOW = re.compile(r"offline:slow(?: (\d{1,3}))?")
_AREA = {
    "auto_1K": 1024 * 1024,
    "auto_1.5K": 1536 * 1536,
    "auto_3K": 3072 * 3072,
    "auto_4K": 4096 * 4096,
}


@dataclass(frozen=True)
class _Accepted:
    """What the backend remembers of one request."""

    request: Request
    seed: int
    counts: tuple[int, ...]
    drawn: set[int] = field(default_factory=set)


class OfflineBackend:
    """Draws pictures that depend only on the request, with a queue, progress and logs like fal's.

    Args:
        pace: Seconds in the queue; generating takes four times that. 0 is as fast as it goes.
        label: The label that the widget shows.
    """

    name = "offline"
    bills = False

    def __init__(self, pace: float = 0.25, label: str = "Offline preview") -> None:
        self.pace = pace
        self.label = label
        self._accepted: dict[str, _Accepted] = {}
        self._drawing = asyncio.Semaphore(2)

    async def upload(self, image: ImageInput) -> str:
        """Return a name for the bytes; they stay in the request."""
        return f"offline:{image.sha256}"

    async def forget(self, image: ImageInput) -> None:
        """Do nothing: nothing was uploaded."""

    async def submit(self, request: Request, image_urls: Sequence[str]) -> Handle:
        """Accept the request."""
        request_id = f"offline-{secrets.token_hex(8)}"
        seed = secrets.randbelow(MAX_SEED + 1) if request.seed is None else request.seed
        self._accepted[request_id] = _Accepted(request, seed, _counts(request, seed))
        return Handle(request_id, request.endpoint.id)

    async def watch(self, handle: Handle) -> AsyncGenerator[Status, None]:
        """Yield queue positions, then log lines, then `Completed`."""
        accepted = self._find(handle)
        slow, error = _simulation_of(accepted.request.prompt, handle.request_id)
        pace = self.pace * slow
        for position in (1, 0):
            yield Queued(position)
            await asyncio.sleep(pace / 2)
        logs: tuple[Log, ...] = (Log(f"seed {accepted.seed}"),)
        for step in range(1, STEPS + 1):
            logs = (*logs, Log(f"step {step} of {STEPS}", timestamp=_now()))
            yield InProgress(logs)
            await asyncio.sleep(pace * 4 / STEPS)
            if error and step == STEPS // 2:
                raise error
        yield Completed(logs)

    async def fetch(self, handle: Handle) -> Output:
        """Name the pictures; they are drawn when they are downloaded."""
        accepted = self._find(handle)
        count = sum(accepted.counts)
        files = tuple(OutputFile(f"offline:{handle.request_id}/{n}") for n in range(count))
        return Output(files, accepted.seed)

    async def download(
        self, file: OutputFile, target: Path | BytesIO, arriving: Arriving | None = None
    ) -> None:
        """Draw one picture and write it."""
        request_id, number = file.url.removeprefix("offline:").split("/")
        accepted = self._accepted[request_id]
        async with self._drawing:
            data = await asyncio.to_thread(_draw, accepted.request, accepted.seed, int(number))
        await asyncio.to_thread(_write, target, data)
        accepted.drawn.add(int(number))
        if len(accepted.drawn) == sum(accepted.counts):
            self._forget_answered()

    def _forget_answered(self) -> None:
        """Forget answered requests except the last few, whose files may be asked for again."""
        answered = [
            name for name, each in self._accepted.items() if len(each.drawn) == sum(each.counts)
        ]
        for name in answered[:-_ANSWERED]:
            del self._accepted[name]

    async def cancel(self, handle: Handle) -> Billing:
        """Stop the request; offline pictures never cost anything."""
        self._find(handle)
        return "no"

    async def prices(self) -> dict[str, Price]:
        """Return none: nothing is billed."""
        return {}

    async def aclose(self) -> None:
        """Forget every request."""
        self._accepted.clear()

    def _find(self, handle: Handle) -> _Accepted:
        try:
            return self._accepted[handle.request_id]
        except KeyError:
            raise BackendError(
                f"{handle.request_id} is not known to this offline preview, which forgets its "
                "requests when Python ends; submit it again",
                request_id=handle.request_id,
            ) from None


def _simulation_of(prompt: str, request_id: str) -> tuple[float, BackendError | None]:
    """Return how many times slower to go, and the error to fail with, to teach and test with.

    ``offline:slow 20`` goes 20 times slower, ``offline:refuse`` is refused like an unsafe
    prompt, ``offline:fail`` fails like a broken runner.
    """
    match = _SLOW.search(prompt)
    slow = float(match[1] or 10) if match else 1.0
    if "offline:refuse" in prompt:
        return slow, ContentRejectedError(
            "The safety checker refused this prompt. Change the wording and try again. "
            "Offline nothing is billed; fal may bill a refusal.",
            status_code=422,
            request_id=request_id,
            error_type="content_policy_violation",
            field="prompt",
        )
    if "offline:fail" in prompt:
        return slow, BackendError(
            "The runner broke off (HTTP 503). Nothing is billed. Try again.",
            status_code=503,
            request_id=request_id,
            error_type="runner_disconnected",
        )
    return slow, None


def _write(target: Path | BytesIO, data: bytes) -> None:
    if not isinstance(target, Path):
        target.write(data)
        return
    with in_place_of(target) as part, open(part, "wb", opener=private) as file:
        file.write(data)


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def _counts(request: Request, seed: int) -> tuple[int, ...]:
    """Return how many images each generation gives: 1 to `max_images`, as with fal."""
    dice = random.Random(f"{seed} {request.prompt}")
    return tuple(dice.randint(1, request.max_images) for _ in range(request.num_images))


def _draw(request: Request, seed: int, index: int) -> bytes:
    from seedream_widgets.backends.offline.art import render

    images = [image.pil for image in request.images if isinstance(image, ImageInput)]
    return render(
        request.prompt,
        seed,
        output_size(request),
        images=images,
        index=index,
        png=request.output_format == "png",
        transparent=request.background == "transparent",
    )


def output_size(request: Request) -> Size:
    """Return the size drawn: as asked, and for fal's ``auto`` the shape of the first image."""
    size = request.image_size or request.endpoint.default_size
    if isinstance(size, Size):
        rule = request.endpoint.size_rule
        if rule.scales_up and size.width * size.height < rule.min_pixels:
            return replace(rule, scales_up=False).nearest(size)
        return size
    if size in PRESETS:
        return PRESETS[size]
    area = _AREA.get(size, 2048 * 2048)
    first = next((image for image in request.images if isinstance(image, ImageInput)), None)
    ratio = first.width / first.height if first else 1.0
    return Size(round((area * ratio) ** 0.5), round((area / ratio) ** 0.5))
