"""What a backend does for one request, step by step.

The client drives the steps in this order: `upload` each local image, `submit`, `watch`
until it ends, `fetch` the output, `download` each file. `cancel` may come at any time
after `submit`. Every step runs on the engine's loop and must not block it; every error
is one of `seedream_widgets.errors`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence
    from decimal import Decimal
    from pathlib import Path

    from seedream_widgets.errors import Billing
    from seedream_widgets.images import ImageInput
    from seedream_widgets.images.growing import Arriving
    from seedream_widgets.values.endpoints import Price
    from seedream_widgets.values.request import Request
    from seedream_widgets.values.status import Status


@dataclass(frozen=True)
class Handle:
    """Name one accepted request, enough to find it again from another process."""

    request_id: str
    endpoint_id: str
    status_url: str = ""
    response_url: str = ""
    cancel_url: str = ""

    def to_dict(self) -> dict[str, str]:
        """Return a JSON-ready dict; ``Handle(**d)`` is its inverse."""
        return asdict(self)


@dataclass(frozen=True)
class OutputFile:
    """Name one image of an output: where it is, and what the backend says of it (untrusted)."""

    url: str
    content_type: str | None = None
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True)
class Output:
    """Hold what a backend answered for a finished request; the bytes come with `download`.

    `billable_units` is what it says it bills, in the unit of its price, where it says so.
    """

    files: tuple[OutputFile, ...]
    seed: int | None = None
    raw: dict[str, Any] | None = None
    billable_units: Decimal | None = None


class Backend(Protocol):
    """Answer requests: fal itself, or the offline preview."""

    @property
    def name(self) -> str:
        """``"fal"`` or ``"offline"``."""
        ...

    @property
    def label(self) -> str | None:
        """What the widget must say about it, such as ``"Offline preview: no FAL_KEY"``."""
        ...

    @property
    def bills(self) -> bool:
        """Whether its images cost money."""
        ...

    async def upload(self, image: ImageInput) -> str:
        """Make a local image reachable and return its URL; the same bytes go up once."""
        ...

    async def forget(self, image: ImageInput) -> None:
        """Upload an image anew next time: it could not be fetched where it was."""
        ...

    async def submit(self, request: Request, image_urls: Sequence[str]) -> Handle:
        """Send the request once; never again when it may have been accepted."""
        ...

    def watch(self, handle: Handle) -> AsyncGenerator[Status, None]:
        """Yield `Queued` and `InProgress` as they change, then one `Completed`, and end.

        Raises:
            BackendError: The request failed at the backend.
        """
        ...

    async def fetch(self, handle: Handle) -> Output:
        """Return the finished request's output.

        Raises:
            BackendError: The request failed; the result itself carries the error.
        """
        ...

    async def download(
        self, file: OutputFile, target: Path, arriving: Arriving | None = None
    ) -> None:
        """Write the untouched bytes of one output file to `target`, whole or not at all.

        `arriving` may be given the bytes of each try while they come; it need not be.
        """
        ...

    async def cancel(self, handle: Handle) -> Billing:
        """Ask to stop the request and tell whether it may still be billed.

        ``"no"``: it had not started. ``"maybe"``: it was running. ``"yes"``: it had already
        finished, so its output can be fetched.

        Raises:
            BackendError: The ask did not get through; the request goes on.
        """
        ...

    async def prices(self) -> Mapping[str, Price]:
        """Return current prices by endpoint id; empty where none can be told."""
        ...

    async def aclose(self) -> None:
        """Let go of connections and tasks."""
        ...
