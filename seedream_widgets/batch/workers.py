"""Cells on other processes and machines: any executor, and a library or a place that all share.

A task holds what its cell asks for, never a key: each worker finds a key in its own environment.
It claims the cell in the shared place before it sends it and writes fal's request id down at once,
so that a task that runs twice, or whose worker died, costs once.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from seedream_widgets.batch.cell import cell_name
from seedream_widgets.errors import (
    BackendError,
    CredentialsError,
    ResultError,
    SeedreamError,
    SubmitUnknownError,
)
from seedream_widgets.images import ImageInput
from seedream_widgets.jobs.client import Client
from seedream_widgets.library.place import place_at
from seedream_widgets.values.receipt import describe_inputs, describe_settings, request_again
from seedream_widgets.values.status import Completed, Failed, InProgress

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

    from seedream_widgets.batch.cell import Cell
    from seedream_widgets.images import ImageUrl
    from seedream_widgets.library import Library
    from seedream_widgets.values.request import Request
    from seedream_widgets.values.result import Result
    from seedream_widgets.values.status import Status

_FETCHERS = 4
"""Results of other machines that are copied here at once."""
SECONDS = 24 * 3600.0
"""Most seconds that a worker waits for one cell."""


def task_of(cell: Cell, library: Library, backend: str) -> dict[str, Any]:
    """Return what a worker needs to know of a cell: small, JSON, and no secret."""
    request = cell.request
    return {
        # With a place that all share, each worker has a library of its own.
        "library": None if library._shared else str(library.path),
        "shared": library._shared.address if library._shared else None,
        "backend": backend,
        "name": cell.name,
        "prompt": request.prompt,
        "settings": describe_settings(request),
        "inputs": describe_inputs(request.images),
    }


def run_task(task: dict[str, Any], fresh: bool = False) -> str:
    """Ask for one cell in this process and return the request id of its result.

    Raises:
        CredentialsError: This process would be answered by another backend: it has no key.
        SeedreamError: The cell failed.
    """
    client = _client(task["library"], task["shared"])
    if client.backend.name != task["backend"]:
        raise CredentialsError(
            f"this worker uses the {client.backend.name} backend, but the batch uses "
            f"{task['backend']}: set FAL_KEY in the worker's own environment"
        )
    request = request_again(task["prompt"], task["settings"], task["inputs"], client.library.input)
    if cell_name(request) != task["name"] or any(
        _is_missing(each) for each in (*request.images, *filter(None, [request.mask]))
    ):
        raise BackendError(
            f"the input images of cell {task['name']} are not in {client.library.path}: the "
            "workers need the same library folder as the batch, or a place to share: "
            "run(executor=..., shared=...)",
            billing="no",
        )
    try:
        return client.submit(request, fresh=fresh).result(SECONDS).request_id
    except SubmitUnknownError as error:
        # A worker sent it and ended before fal's reply came: it is looked for in fal's list.
        left = client._resume_keys({request.key or ""}) if error.billing == "no" else ()
        if not left:
            raise
    try:
        return left[0].result(SECONDS).request_id
    except BackendError as error:
        if error.billing != "no":
            raise
    return client.submit(request).result(SECONDS).request_id  # it never came to fal


def _is_missing(image: ImageInput | ImageUrl) -> bool:
    """Tell whether this is an image of which the library has no more than the digest."""
    return isinstance(image, ImageInput) and not image.data


@lru_cache(maxsize=4)
def _client(library: str | None, shared: str | None) -> Client:
    """Return this worker's client for a library: its connections serve every task."""
    client = Client(library=library)
    return client._sharing(place_at(shared)) if shared else client


class RemoteJob:
    """A cell's task at an executor, followed as a `Job` is.

    Args:
        request: What the cell asks for.
        future: The executor's.
        library: Where its result will be.
        backend: Who is to answer.
    """

    def __init__(
        self, request: Request, future: Future[str], library: Library, backend: str
    ) -> None:
        self.request = request
        self.backend = backend
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


def takes_work(executor: Executor) -> bool:
    """Tell whether an executor still takes tasks; it gets one that does nothing."""
    try:
        executor.submit(int).cancel()
    except Exception:  # shut down, broken, or cut off from its cluster: each raises its own
        return False
    return True


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
    fetchers = ThreadPoolExecutor(_FETCHERS, thread_name_prefix="seedream-bring")

    def submit(cell: Cell, fresh: bool) -> RemoteJob:
        library._keep_inputs(cell.request)
        future = executor.submit(run_task, task_of(cell, library, backend), fresh)
        if library._shared is not None:
            future = _brought(future, fetchers, library, cell.request.key or "", backend)
        return RemoteJob(cell.request, future, library, backend)

    return submit


def _brought(
    future: Future[str], fetchers: Executor, library: Library, key: str, backend: str
) -> Future[str]:
    """Return a future that is done once the result of another one is in this library, too."""
    brought: Future[str] = _Asked(future)

    def bring() -> None:
        try:
            request_id = future.result()
            found = library._twin(key, backend)
            if found is None:
                raise ResultError(
                    f"its worker kept the result as {request_id}, and {library.path} can't get "
                    "it; run the batch again: it is not asked for a second time",
                    request_id=request_id,
                )
            brought.set_result(found.request_id)
        except BaseException as error:
            brought.set_exception(error)

    def ended(_: Future[str]) -> None:
        if future.cancelled():
            Future.cancel(brought)
            brought.set_running_or_notify_cancel()
        else:
            fetchers.submit(bring)

    future.add_done_callback(ended)
    return brought


class _Asked(Future[str]):
    """Cancel the future that it waits for, not itself."""

    def __init__(self, other: Future[str]) -> None:
        super().__init__()
        self._other = other

    def cancel(self) -> bool:
        return self._other.cancel()
