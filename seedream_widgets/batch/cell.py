"""`Cell`: one request of a batch, and its state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Protocol

from seedream_widgets.errors import ImageInputError, ResultError, SubmitUnknownError
from seedream_widgets.values.status import Completed

if TYPE_CHECKING:
    from collections.abc import Callable

    from seedream_widgets.backends.base import Backend
    from seedream_widgets.errors import SeedreamError
    from seedream_widgets.images.origins import Origin
    from seedream_widgets.library import Entry
    from seedream_widgets.values.request import Request
    from seedream_widgets.values.result import Result
    from seedream_widgets.values.status import Status

State = Literal["missing", "running", "done", "failed", "uncertain"]


class Followed(Protocol):
    """A `Job`, or a task on an executor, that runs a cell."""

    backend: str

    @property
    def done(self) -> bool:
        """Whether it has ended."""
        ...

    @property
    def status(self) -> Status:
        """The current status."""
        ...

    @property
    def error(self) -> SeedreamError | None:
        """Why it ended without a result, or ``None``."""
        ...

    def result(self) -> Result:
        """Return the result, once it is done."""
        ...

    def cancel(self) -> bool:
        """Ask to stop it."""
        ...

    def on_update(self, callback: Callable[[Any], object]) -> object:
        """Call ``callback(self)`` at each change."""
        ...


def cell_name(request: Request) -> str:
    """Return the name of the cell that asks for `request`: 16 hexadecimal digits.

    Raises:
        ValueError: The request has neither a seed nor a draw, so it has no key.
    """
    if request.key is None:
        raise ValueError("a cell has a seed or a draw")
    return request.key[:16]


class Cell:
    """One request of a batch.

    Attributes:
        name: A stable name: cells with equal requests have the same name in every batch.
        request: The request.
        places: Its places in the grid, one or more, each an index into each axis.
        job: The `Job` or task that runs it in this session, or ``None``.
        entry: The library's entry of its result, or ``None``.
        doubt: Why it may have been billed without a result, or ``None``. `Batch.run` skips such a
            cell; `Batch.retry` sends it again.
        sent: Whether fal was last known to have accepted it from another run: while it has no
            result, `Batch.run` only fetches it, and does not pay again.
    """

    __slots__ = ("doubt", "entry", "job", "name", "places", "refusal", "request", "sent")

    def __init__(self, name: str, request: Request, at: tuple[int, ...]) -> None:
        self.name = name
        self.request = request
        self.places = [at]
        self.job: Followed | None = None
        self.entry: Entry | None = None
        self.doubt: SeedreamError | None = None
        self.sent = False
        self.refusal: SeedreamError | None = None
        """Why the client refused it, such as an exhausted budget."""

    @property
    def at(self) -> tuple[int, ...]:
        """Its first place."""
        return self.places[0]

    @property
    def state(self) -> State:
        """``"missing"``, ``"running"``, ``"done"``, ``"failed"`` or ``"uncertain"``."""
        if self.job is not None and not self.job.done:
            return "running"
        if self.entry is not None or (self.job and isinstance(self.job.status, Completed)):
            return "done"
        error = self.error
        if isinstance(error, SubmitUnknownError) or getattr(error, "billing", "no") != "no":
            return "uncertain"
        return "failed" if error else "missing"

    @property
    def error(self) -> SeedreamError | None:
        """Why it has no result, or ``None``."""
        if self.entry is not None:
            return None
        job_error = self.job.error if self.job is not None else None
        return self.refusal or job_error or self.doubt

    @property
    def result(self) -> Result | None:
        """Its result, opened from the library, or ``None`` if there is none yet."""
        if self.job is not None and isinstance(self.job.status, Completed):
            return self.job.result()
        return self.entry.whole() if self.entry is not None else None

    def opened(self) -> Result | None:
        """Return its result without checking all bytes of the pictures, else ``None``."""
        if self.entry is None:
            return self.result if self.state == "done" else None
        try:
            found: Result = self.entry.result()
        except ResultError:
            return None
        return found

    def __seedream_images__(self) -> tuple[bytes, ...]:
        return self._result_with_images().__seedream_images__()

    def __seedream_origins__(self) -> tuple[Origin, ...]:
        return self._result_with_images().__seedream_origins__()

    def _result_with_images(self) -> Result:
        result = self.opened()
        if result is None:
            raise ImageInputError(f"cell {self.name} has no images yet; run its batch first")
        return result

    def is_preview(self, backend: Backend) -> bool:
        """Tell whether it only has an offline preview, although `backend` costs money."""
        by = self.entry or self.job
        return backend.bills and by is not None and by.backend != backend.name

    def cancel(self) -> bool:
        """Ask to stop it, and return whether it was running."""
        return self.job.cancel() if self.job is not None else False

    def __repr__(self) -> str:
        return f"<Cell {self.name} {self.state}: {self.request.prompt[:60]!r}>"
