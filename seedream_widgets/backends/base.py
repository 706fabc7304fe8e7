"""What a backend does for one request, step by step.

The client drives the steps in this order: `upload` each local image, `submit`, `watch`
until it ends, `fetch` the output, `download` each file. `cancel` may come at any time
after `submit`. Every step runs on the engine's loop and must not block it; every error
is one of `seedream_widgets.errors`.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from seedream_widgets.errors import RequestError, check_type, described

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
    from decimal import Decimal
    from io import BytesIO
    from pathlib import Path
    from weakref import WeakMethod

    from seedream_widgets.errors import Billing
    from seedream_widgets.images import ImageInput
    from seedream_widgets.images.growing import Arriving
    from seedream_widgets.values.endpoints import Price
    from seedream_widgets.values.handle import Handle
    from seedream_widgets.values.request import Request
    from seedream_widgets.values.status import Status

reach_listener: ContextVar[WeakMethod[Callable[[bool], object]] | None] = ContextVar(
    "seedream_reach_listener", default=None
)
"""Set by a job around the calls to its backend; see `tell_reached`. The reference is weak because
asyncio keeps the context of a cancelled timer until the timer would have fired."""


def tell_reached(reached: bool) -> None:
    """Tell the current job whether its backend can be reached; call it on the loop.

    Args:
        reached: ``False`` once retries have failed for some seconds and go on.
    """
    listener = reach_listener.get()
    tell = listener() if listener else None
    if tell:
        tell(reached)


SHORTEST, LONGEST = 60, 10**9
"""The least and most seconds that fal keeps a file: what its client calls "immediate", and 31
years."""


@dataclass(frozen=True)
class Policy:
    """What fal and the library may keep.

    Args:
        expire_media: Seconds after which fal deletes uploads and results; ``None`` leaves it to
            the account, which by default keeps them for ever, public to whoever has the URL.
        store_prompts: Whether prompts go into the library's receipts and journal. If not, fal is
            also asked not to store the request's payload.

    Raises:
        RequestError: `expire_media` is not a whole number from 60 to 1,000,000,000, or
            `store_prompts` is neither true nor false.
    """

    expire_media: int | None = None
    store_prompts: bool = True

    def __post_init__(self) -> None:
        seconds = self.expire_media
        if seconds is not None and (type(seconds) is not int or not SHORTEST <= seconds <= LONGEST):
            raise RequestError(
                f"expire_media takes whole seconds, {SHORTEST} to {LONGEST:,}, or None, got "
                f"{described(seconds)}",
                field="expire_media",
                value=seconds,
            )
        check_type(self.store_prompts, bool, "store_prompts", "True or False")


@dataclass(frozen=True)
class OutputFile:
    """One image of an output: where it is, and what the backend says of it (untrusted)."""

    url: str
    content_type: str | None = None
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True)
class Output:
    """What a backend answered for a finished request; the bytes come with `download`.

    `extra` holds further fields of the answer, as JSON of a few thousand characters at most.
    `billable_units` is how many units of its price it bills, if it says so.
    """

    files: tuple[OutputFile, ...]
    seed: int | None = None
    extra: dict[str, Any] | None = None
    billable_units: Decimal | None = None


@dataclass(frozen=True)
class Listed:
    """A request in a backend's list, with its arguments if the backend stored them."""

    request_id: str
    arguments: dict[str, Any] | None


@runtime_checkable
class Finder(Protocol):
    """A backend that can also list the requests that were sent to it."""

    async def find(self, endpoint_id: str, since: float) -> tuple[Listed, ...]:
        """Return the requests sent to an endpoint since a time, in seconds since the epoch.

        Raises:
            CredentialsError: The key has no permission to list requests.
            BackendError: The list can't be had.
        """
        ...


class Backend(Protocol):
    """Who answers requests: fal itself, or the offline preview."""

    @property
    def name(self) -> str:
        """``"fal"`` or ``"offline"``."""
        ...

    @property
    def label(self) -> str | None:
        """A label that the widget must show, such as ``"Offline preview: no FAL_KEY"``."""
        ...

    @property
    def bills(self) -> bool:
        """Whether its images cost money."""
        ...

    async def upload(self, image: ImageInput) -> str:
        """Upload a local image and return its URL; the same bytes are uploaded once."""
        ...

    async def forget(self, image: ImageInput) -> None:
        """Forget where an image was uploaded to, as it can no longer be fetched there."""
        ...

    async def submit(self, request: Request, image_urls: Sequence[str]) -> Handle:
        """Send the request; never send it again if it may have been accepted."""
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
            BackendError: The request failed, and its error came in place of the output.
        """
        ...

    async def download(
        self, file: OutputFile, target: Path | BytesIO, arriving: Arriving | None = None
    ) -> None:
        """Write the untouched bytes of one output file to `target`, whole or not at all.

        `target` is a path, or a buffer in memory if no file can be written.
        A backend may call `arriving` with the bytes of each try while they come, for a preview.
        """
        ...

    async def cancel(self, handle: Handle) -> Billing:
        """Ask to stop the request and tell whether it may still be billed.

        ``"no"``: it had not started. ``"maybe"``: it was running. ``"yes"``: it had already
        finished, so its output can be fetched.

        Raises:
            BackendError: Asking failed; the request goes on.
        """
        ...

    async def prices(self) -> Mapping[str, Price]:
        """Return current prices by endpoint id; empty if there are none to be had."""
        ...

    async def aclose(self) -> None:
        """Close connections and end tasks."""
        ...
