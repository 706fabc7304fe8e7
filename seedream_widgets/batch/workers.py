"""Cells on other processes and machines: any executor, with the library as the shared place.

A task holds what its cell asks for, never a key: each worker finds a key in its own environment.
It claims the cell in the library before it sends it and writes fal's request id down at once, so
that a task that runs twice, or whose worker died, costs once.
"""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from seedream_widgets.batch.cell import cell_name
from seedream_widgets.errors import BackendError, CredentialsError, SeedreamError
from seedream_widgets.images import ImageInput
from seedream_widgets.jobs.client import Client
from seedream_widgets.values.receipt import describe_inputs, describe_settings, request_again
from seedream_widgets.values.status import Completed, Failed, InProgress

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor, Future

    from seedream_widgets.batch.cell import Cell
    from seedream_widgets.images import ImageUrl
    from seedream_widgets.library import Library
    from seedream_widgets.values.request import Request
    from seedream_widgets.values.result import Result
    from seedream_widgets.values.status import Status

SECONDS = 24 * 3600.0
"""Most seconds that a worker waits for one cell."""


def task_of(cell: Cell, library: Library, backend: str) -> dict[str, Any]:
    """Return what a worker needs to know of a cell: small, JSON, and no secret."""
    request = cell.request
    return {
        "library": str(library.path),
        "backend": backend,
        "name": cell.name,
        "prompt": request.prompt,
        "settings": describe_settings(request),
        "inputs": describe_inputs(request),
    }


def run_task(task: dict[str, Any], fresh: bool = False) -> str:
    """Ask for one cell in this process and return the request id of its result.

    Raises:
        CredentialsError: This process would be answered by another backend: it has no key.
        SeedreamError: The cell failed.
    """
    client = _client(task["library"])
    if client.backend.name != task["backend"]:
        raise CredentialsError(
            f"this worker would be answered by the {client.backend.name} backend, and the batch "
            f"asks {task['backend']}: set FAL_KEY in the worker's own environment"
        )
    request = request_again(task["prompt"], task["settings"], task["inputs"], client.library.input)
    if cell_name(request) != task["name"] or any(
        _is_missing(each) for each in (*request.images, *filter(None, [request.mask]))
    ):
        raise BackendError(
            f"the input images of cell {task['name']} are not in {client.library.path}: the "
            "workers need the same library folder as the batch",
            billing="no",
        )
    return client.submit(request, fresh=fresh).result(SECONDS).request_id


def _is_missing(image: ImageInput | ImageUrl) -> bool:
    """Tell whether this is an image of which the library has no more than the digest."""
    return isinstance(image, ImageInput) and not image.data


@lru_cache(maxsize=4)
def _client(library: str) -> Client:
    """Return this worker's client for a library: its connections serve every task."""
    return Client(library=library)


class RemoteJob:
    """A cell's task at an executor, followed as a `Job` is.

    Args:
        request: What the cell asks for.
        future: The executor's.
        library: Where its result will be.
    """

    def __init__(self, request: Request, future: Future[str], library: Library) -> None:
        self.request = request
        self._future = future
        self._library = library
        self._lock = threading.Lock()
        self._callbacks: list[Callable[[RemoteJob], object]] = []
        future.add_done_callback(lambda _: self._tell())

    @property
    def done(self) -> bool:
        """Whether it has ended."""
        return self._future.done()

    @property
    def error(self) -> SeedreamError | None:
        """Why it ended without a result, or ``None``."""
        if not self._future.done():
            return None
        if self._future.cancelled():
            return BackendError("it was cancelled before a worker began it", billing="no")
        error = self._future.exception()
        if error is None or isinstance(error, SeedreamError):
            return error
        return BackendError(
            f"its worker ended ({type(error).__name__}: {error}); run the batch again: what fal "
            "has accepted is fetched, and nothing is paid for twice",
            billing="no",
        )

    @property
    def status(self) -> Status:
        """In progress until it ends."""
        if not self.done:
            return InProgress()
        return Failed(self.error) if self.error else Completed()

    def result(self) -> Result:
        """Open its result from the library, once it is done."""
        return self._library.get(self._future.result())

    def cancel(self) -> bool:
        """Ask not to begin it; what a worker has begun goes on."""
        return self._future.cancel()

    def on_update(self, callback: Callable[[RemoteJob], object]) -> None:
        """Call ``callback(job)`` when it ends."""
        with self._lock:
            if not self._future.done():
                self._callbacks.append(callback)
                return
        callback(self)

    def _tell(self) -> None:
        with self._lock:
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback(self)


def submitter(
    executor: Executor, library: Library, backend: str
) -> Callable[[Cell, bool], RemoteJob]:
    """Return what sends a cell to an executor.

    Args:
        executor: Anything with ``submit(function, *arguments)`` that returns a future of
            `concurrent.futures`: a process pool, or ``distributed.Client().get_executor()``.
        library: The shared place; each worker must see the same folder.
        backend: Who is to answer.
    """

    def submit(cell: Cell, fresh: bool) -> RemoteJob:
        library._keep_inputs(cell.request)
        task = task_of(cell, library, backend)
        return RemoteJob(cell.request, executor.submit(run_task, task, fresh), library)

    return submit
