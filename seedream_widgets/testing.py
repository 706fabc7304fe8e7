"""For tests of your own code: a backend that costs nothing and follows a script.

It needs no key and no network, and answers at once; jobs, results, receipts and the library are
the real ones::

    import seedream_widgets as sd
    from seedream_widgets.testing import ScriptedBackend, as_default_client


    def poster(text):  # the code to be tested
        return sd.generate(f"a poster that says {text}", image_size="4:3").image


    def test_the_poster_says_it(tmp_path):
        backend = ScriptedBackend()
        with as_default_client(sd.Client(backend, library=tmp_path)):
            assert poster("Hello").size == (32, 24)
        assert backend.requests[0].prompt == "a poster that says Hello"


    def test_a_refused_prompt_is_an_error(tmp_path):
        refused = sd.ContentRejectedError("The safety checker refused this prompt.")
        client = sd.Client(ScriptedBackend(errors={"submit": refused}), library=tmp_path)
        job = client.submit(sd.Request("something refused"))
        with pytest.raises(sd.ContentRejectedError):
            job.result(timeout=10)


    def test_a_job_can_be_cancelled_while_it_waits(tmp_path):
        backend = ScriptedBackend(hold=["queued"])
        job = sd.Client(backend, library=tmp_path).submit(sd.Request("a fox"))
        backend.wait_for("queued")
        job.cancel()
        with pytest.raises(sd.JobCancelled):
            job.result(timeout=10)
"""

from __future__ import annotations

import asyncio
import io
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from PIL import Image

from seedream_widgets import api
from seedream_widgets.backends.base import Output, OutputFile
from seedream_widgets.jobs.engine import shared
from seedream_widgets.values.handle import Handle
from seedream_widgets.values.status import Completed, InProgress, Log, Queued

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
    from decimal import Decimal
    from pathlib import Path

    from seedream_widgets.errors import Billing
    from seedream_widgets.images import ImageInput
    from seedream_widgets.images.growing import Arriving
    from seedream_widgets.jobs.client import Client
    from seedream_widgets.values.endpoints import Price
    from seedream_widgets.values.request import Request
    from seedream_widgets.values.status import Status

__all__ = ["LOGS", "ScriptedBackend", "as_default_client", "picture"]

LOGS = (Log("started"), Log("step 1 of 2"), Log("done"))
"""The log lines of each request, unless `ScriptedBackend.statuses` is changed."""
STEPS = (
    *("upload", "submit", "queued", "in_progress", "completed", "fetch", "download"),
    *("cancel", "forget", "prices", "aclose"),
)


class ScriptedBackend:
    """A backend that answers at once, and waits or fails at the steps that you choose.

    The steps of a request, in their order: ``"upload"`` (once for each local image),
    ``"submit"``, ``"queued"``, ``"in_progress"``, ``"completed"``, ``"fetch"``, ``"download"``
    (once for each picture that comes). ``"cancel"``, ``"forget"``, ``"prices"`` and ``"aclose"``
    may come at any time.

    Args:
        name: Its name in results and receipts. With ``"fal"`` it costs money, so that budgets and
            ``sd.spending()`` count its requests.
        hold: Steps to wait in until `release` is called.
        errors: The error to raise in a step: one of `seedream_widgets.errors`, or any other to
            test an unexpected one.
        images: How many pictures each request gives.
        billing: What `cancel` answers: ``"no"``, ``"maybe"`` or ``"yes"``.

    Raises:
        ValueError: `hold` or `errors` names an unknown step.

    Attributes:
        requests: Every `Request` submitted, in order.
        calls: Every step entered with what it was given: ``("upload", image)``,
            ``("submit", image_urls)``, ``("fetch", handle)``.
        statuses: The statuses that each request goes through.
        bytes: Files by address; fill it to choose what is downloaded, by default a `picture`.
        current: Prices by endpoint id, as from fal's API.
        units: The billable units reported with each result, or ``None``.
        asked_prices: How often prices were asked for.
    """

    label = None

    def __init__(
        self,
        name: str = "scripted",
        *,
        hold: Sequence[str] = (),
        errors: Mapping[str, BaseException] | None = None,
        images: int = 1,
        billing: Billing = "no",
    ) -> None:
        for step in (*hold, *(errors or ())):
            if step not in STEPS:
                raise ValueError(f"{step!r} is not a step; the steps are {', '.join(STEPS)}")
        self.name, self.bills = name, name == "fal"
        self.errors, self.images, self.billing = dict(errors or {}), images, billing
        self.statuses: tuple[Status, ...] = (Queued(0), InProgress(LOGS[:2]), Completed(LOGS))
        self.requests: list[Request] = []
        self.calls: list[tuple[str, Any]] = []
        self.bytes: dict[str, bytes] = {}
        self.current: dict[str, Price] = {}
        self.units: Decimal | None = None
        self.asked_prices = 0
        self._gates = {step: asyncio.Event() for step in hold}
        self._called = threading.Condition()

    def count(self, step: str) -> int:
        """Return how many times a step was entered."""
        return sum(step == called for called, _ in self.calls)

    def wait_for(self, step: str, times: int = 1, seconds: float = 60) -> None:
        """Wait until a step has been entered so many times.

        Raises:
            TimeoutError: That did not happen within `seconds`.
        """
        with self._called:
            if not self._called.wait_for(lambda: self.count(step) >= times, seconds):
                raise TimeoutError(f"{step} was not entered {times} time(s); calls: {self.calls}")

    def release(self, step: str) -> None:
        """Let requests go on that wait in a step named in `hold`."""
        shared().loop.call_soon_threadsafe(self._gates[step].set)

    async def _step(self, step: str, what: object) -> None:
        with self._called:
            self.calls.append((step, what))
            self._called.notify_all()
        await self._held_or_failed(step)

    async def _held_or_failed(self, step: str) -> None:
        if step in self._gates:
            await self._gates[step].wait()
        if step in self.errors:
            raise self.errors[step]

    async def upload(self, image: ImageInput) -> str:
        """Return an address made from the image's digest."""
        await self._step("upload", image)
        return f"https://up.test/{image.sha256[:8]}"

    async def forget(self, image: ImageInput) -> None:
        """Record the call."""
        await self._step("forget", image)

    async def submit(self, request: Request, image_urls: Sequence[str]) -> Handle:
        """Accept the request: the first is ``r1``."""
        self.requests.append(request)
        await self._step("submit", list(image_urls))
        return Handle(f"r{self.count('submit')}", request.endpoint.id)

    async def watch(self, handle: Handle) -> AsyncGenerator[Status, None]:
        """Yield `statuses`."""
        for status in self.statuses:
            await self._step(status.kind, handle)
            yield status

    async def fetch(self, handle: Handle) -> Output:
        """Return an output of `images` files and seed 7."""
        await self._step("fetch", handle)
        names = (f"https://files.test/{handle.request_id}/{n}" for n in range(self.images))
        files = tuple(OutputFile(name) for name in names)
        return Output(files, seed=7, billable_units=self.units)

    async def download(
        self, file: OutputFile, target: Path | io.BytesIO, arriving: Arriving | None = None
    ) -> None:
        """Write the file's content from `bytes`, or a new `picture`."""
        await self._step("download", file)
        data = self.bytes.setdefault(file.url, picture(len(self.bytes)))
        if isinstance(target, io.BytesIO):
            target.write(data)
        else:
            target.write_bytes(data)

    async def cancel(self, handle: Handle) -> Billing:
        """Return `billing`."""
        await self._step("cancel", handle)
        return self.billing

    async def prices(self) -> dict[str, Price]:
        """Return `current`; not recorded in `calls`, as it belongs to no job."""
        self.asked_prices += 1
        await self._held_or_failed("prices")
        return self.current

    async def aclose(self) -> None:
        """Record the call."""
        await self._step("aclose", None)


def picture(number: int = 0, size: tuple[int, int] = (32, 24), kind: str = "PNG") -> bytes:
    """Return a small image file of one colour.

    Args:
        number: Selects the colour.
        size: Width and height in pixels.
        kind: A format of Pillow: ``"PNG"``, ``"JPEG"``, ``"WEBP"``.
    """
    file = io.BytesIO()
    Image.new("RGB", size, (40 * number % 256, 90, 200)).save(file, kind)
    return file.getvalue()


@contextmanager
def as_default_client(client: Client) -> Iterator[Client]:
    """Have ``sd.generate``, ``sd.submit``, ``sd.library`` and so on use `client` meanwhile."""
    before = api.replace_default_client(client)
    try:
        yield client
    finally:
        api.replace_default_client(before)
