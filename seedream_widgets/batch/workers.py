"""Runs cells in other processes and on other machines, on any executor, with a shared library.

A task holds its cell's request and never a key: each worker finds a key in its own environment. It
claims the cell in the shared library or place before sending it, and saves fal's request id at
once, so that a task that runs twice, or whose worker dies, is paid for once.
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
from seedream_widgets.values.receipt import describe_inputs, describe_settings, request_from_receipt
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
"""How many results of other machines are copied here at once."""
SECONDS = 24 * 3600.0
"""How long a worker waits for one cell at most."""


def task_of(cell: Cell, library: Library, backend: str) -> dict[str, Any]:
    """Return what a worker needs to run a cell, as small JSON without secrets."""
    request = cell.request
    return {
        # With a shared place, each worker has its own library.
        "library": None if library._shared else str(library.path),
        "shared": library._shared.address if library._shared else None,
        "backend": backend,
        "name": cell.name,
        "prompt": request.prompt,
        "settings": describe_settings(request),
        "inputs": describe_inputs(request.images),
    }


def run_task(task: dict[str, Any], fresh: bool = False) -> str:
    """Run one cell in this process and return the request id of its result.

    Raises:
        CredentialsError: This process has another backend, as it has no key.
        SeedreamError: The cell failed.
    """
    client = _client(task["library"], task["shared"])
    if client.backend.name != task["backend"]:
        raise CredentialsError(
            f"this worker uses the {client.backend.name} backend, but the batch uses "
            f"{task['backend']}: set FAL_KEY in the worker's own environment"
        )
    request = request_from_receipt(
        task["prompt"], task["settings"], task["inputs"], client.library.input
    )
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
        # Another worker sent it and ended before fal's reply came: look for it in fal's list.
        left = client._resume_keys({request.key or ""}) if error.billing == "no" else ()
        if not left:
            raise
    try:
        return left[0].result(SECONDS).request_id
    except BackendError as error:
        if error.billing != "no":
            raise
    return client.submit(request).result(SECONDS).request_id  # it never reached fal


def _is_missing(image: ImageInput | ImageUrl) -> bool:
    """Tell whether this is an image whose bytes are not in the library."""
    return isinstance(image, ImageInput) and not image.data


@lru_cache(maxsize=4)
def _client(library: str | None, shared: str | None) -> Client:
    """Return this worker's client for a library, which all its tasks share."""
    client = Client(library=library)
    return client._with_shared_place(place_at(shared)) if shared else client


class RemoteJob:
    """A cell's task on an executor, with the interface of a `Job`.

    Args:
        request: The cell's request.
        future: The executor's future.
        library: The library that will have the result.
        backend: The name of the backend.
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
        future.add_done_callback(lambda _: self._call_back())

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
        """`InProgress` until it ends."""
        if not self.done:
            return InProgress()
        return Failed(self.error) if self.error else Completed()

    def result(self) -> Result:
        """Open its result from the library, once it is done."""
        return self._library.get(self._future.result())

    def cancel(self) -> bool:
        """Cancel it if no worker has begun it yet."""
        return self._future.cancel()

    def on_update(self, callback: Callable[[RemoteJob], object]) -> None:
        """Call ``callback(job)`` when it ends."""
        with self._lock:
            if not self._future.done():
                self._callbacks.append(callback)
                return
        callback(self)

    def _call_back(self) -> None:
        with self._lock:
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback(self)


def takes_work(executor: Executor) -> bool:
    """Tell whether an executor still accepts tasks, by submitting one that does nothing."""
    try:
        executor.submit(int).cancel()
    except Exception:  # shut down, broken, or cut off from its cluster: each raises its own
        return False
    return True


def submitter(
    executor: Executor, library: Library, backend: str
) -> Callable[[Cell, bool], RemoteJob]:
    """Return a function that submits a cell to an executor.

    Args:
        executor: Anything with ``submit(function, *arguments)`` that returns a future of
            `concurrent.futures`: a process pool, or ``distributed.Client().get_executor()``.
        library: The library; each worker must see the same folder, or it has a shared place.
        backend: The name of the backend.
    """
    fetchers = ThreadPoolExecutor(_FETCHERS, thread_name_prefix="seedream-bring")

    def submit(cell: Cell, fresh: bool) -> RemoteJob:
        library._keep_inputs(cell.request)
        future = executor.submit(run_task, task_of(cell, library, backend), fresh)
        if library._shared is not None:
            future = _copied_here(future, fetchers, library, cell.request.key or "", backend)
        return RemoteJob(cell.request, future, library, backend)

    return submit


def _copied_here(
    future: Future[str], fetchers: Executor, library: Library, key: str, backend: str
) -> Future[str]:
    """Return a future that is done once the other future's result is also in this library."""
    copied: Future[str] = _CancelsOther(future)

    def copy() -> None:
        try:
            request_id = future.result()
            found = library._twin(key, backend)
            if found is None:
                raise ResultError(
                    f"its worker kept the result as {request_id}, but it could not be copied to "
                    f"{library.path}; run the batch again: it is not paid for again",
                    request_id=request_id,
                )
            copied.set_result(found.request_id)
        except BaseException as error:
            copied.set_exception(error)

    def ended(_: Future[str]) -> None:
        if future.cancelled():
            Future.cancel(copied)
            copied.set_running_or_notify_cancel()
        else:
            fetchers.submit(copy)

    future.add_done_callback(ended)
    return copied


class _CancelsOther(Future[str]):
    """A future whose `cancel` cancels the future that it waits for."""

    def __init__(self, other: Future[str]) -> None:
        super().__init__()
        self._other = other

    def cancel(self) -> bool:
        return self._other.cancel()
