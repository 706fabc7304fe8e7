"""Where a job stands.

`Queued`, `InProgress` and `Completed` are fal's own; the others say what happens here
before, after and instead of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from seedream_widgets.errors import Billing, SeedreamError


@dataclass(frozen=True)
class Log:
    """One line a model logged while it ran: untrusted text."""

    message: str
    level: str = "INFO"
    timestamp: str = ""


@dataclass(frozen=True)
class Status:
    """Where a job stands; `kind` is its name in messages and files.

    `unreached` is true while the backend can't be reached and is being retried.
    """

    kind: ClassVar[str]
    final: ClassVar[bool] = False
    unreached: bool = field(default=False, kw_only=True)

    @property
    def text(self) -> str:
        """The status in words, as the widget shows it."""
        words = self._words
        return f"{words}: fal can't be reached yet, trying again" if self.unreached else words

    @property
    def _words(self) -> str:
        return self.kind.replace("_", " ").capitalize()

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Preparing(Status):
    """The request is checked and its images are uploaded; nothing is billed yet."""

    kind: ClassVar[str] = "preparing"
    uploaded: int = 0
    uploads: int = 0

    @property
    def _words(self) -> str:
        if not self.uploads or self.uploaded >= self.uploads:
            return "Sending"
        return f"Uploading image {self.uploaded + 1} of {self.uploads}"


@dataclass(frozen=True)
class Looking(Preparing):
    """The reply was lost, so fal may have the request: it is looked for there, not sent again."""

    @property
    def _words(self) -> str:
        return "The reply was lost; looking for it at fal"


@dataclass(frozen=True)
class Queued(Status):
    """fal has the request and has not started it; `position` counts the requests before it."""

    kind: ClassVar[str] = "queued"
    position: int | None = None

    @property
    def _words(self) -> str:
        return "In queue" if self.position is None else f"In queue, {_ordinal(self.position + 1)}"


@dataclass(frozen=True)
class InProgress(Status):
    """The model is running; `logs` holds all log lines so far."""

    kind: ClassVar[str] = "in_progress"
    logs: tuple[Log, ...] = ()

    @property
    def _words(self) -> str:
        return "Generating"


@dataclass(frozen=True)
class Fetching(Status):
    """The model has finished, and its images are being downloaded."""

    kind: ClassVar[str] = "fetching"
    fetched: int = 0
    images: int = 0

    @property
    def _words(self) -> str:
        if not self.images:
            return "Fetching"
        return f"Fetching {min(self.fetched + 1, self.images)} of {self.images}"


@dataclass(frozen=True)
class Completed(Status):
    """Done. From a backend: the result can be fetched. From a job: its images are here."""

    kind: ClassVar[str] = "completed"
    final: ClassVar[bool] = True
    logs: tuple[Log, ...] = ()


@dataclass(frozen=True)
class Failed(Status):
    """The job ended with `error`."""

    kind: ClassVar[str] = "failed"
    final: ClassVar[bool] = True
    error: SeedreamError | None = None


@dataclass(frozen=True)
class Cancelled(Status):
    """The job was cancelled; `billing` tells whether fal may bill it all the same."""

    kind: ClassVar[str] = "cancelled"
    final: ClassVar[bool] = True
    billing: Billing = "maybe"

    @property
    def _words(self) -> str:
        return "Cancelled" if self.billing == "no" else "Cancelled, may be billed"


def _ordinal(number: int) -> str:
    suffix = (
        "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    )
    return f"{number}{suffix}"
