"""One request's life here: follow it, wait for it, await it, cancel it."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn
from uuid import uuid4

from seedream_widgets.errors import (
    ImageInputError,
    JobCancelled,
    JobTimeout,
    RequestError,
    SeedreamError,
    StaysHereError,
    check_type,
    described,
    without_our_frames,
)
from seedream_widgets.late_imports import show_live
from seedream_widgets.values.status import (
    Cancelled,
    Completed,
    Failed,
    Fetching,
    InProgress,
    Log,
    Preparing,
    Queued,
    Status,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator
    from types import TracebackType

    from seedream_widgets.images.growing import Growing
    from seedream_widgets.images.origins import Origin
    from seedream_widgets.jobs.engine import Engine
    from seedream_widgets.values.handle import Handle
    from seedream_widgets.values.request import Request
    from seedream_widgets.values.result import Result

_log = logging.getLogger(__name__)


def check_listener(callback: object, told: str = "job") -> None:
    """Refuse a callback that can't be called.

    Args:
        callback: What was given as `on_update`.
        told: What it would be called with, for the message.

    Raises:
        RequestError: `callback` is not callable.
    """
    if not callable(callback):
        raise RequestError(
            f"on_update takes a function that is called with the {told}, got {described(callback)}",
            field="on_update",
            value=callback,
        )


class _JobFuture(Future["Result"]):
    """A future whose callbacks can't end the engine's thread, on which all jobs depend."""

    def add_done_callback(self, fn: Callable[[Future[Result]], object]) -> None:
        def guarded(future: Future[Result]) -> None:
            try:
                fn(future)
            except BaseException:  # SystemExit too
                _log.exception("a callback of a job's future failed")

        super().add_done_callback(guarded)


class Job:
    """One request under way: its status, its log, and its result when it comes.

    ``job.result()`` waits anywhere, ``await job`` on any event loop. A time-out, a keyboard
    interrupt or a cancelled task stops the waiting, never the job; `cancel` stops the job.

    Attributes:
        id: The job's id on this computer, 12 hexadecimal digits.
        request: What was asked for.
        backend: ``"fal"`` or ``"offline"``.
        handle: fal's id and URLs of the request once accepted, else ``None``.
        created: Seconds since the epoch.
        finished: Seconds since the epoch, or ``None`` while it runs.
    """

    def __init__(
        self,
        request: Request,
        *,
        backend: str,
        engine: Engine,
        id: str | None = None,
        created: float | None = None,
        shows_prompt: bool = True,
    ) -> None:
        self.id = id or uuid4().hex[:12]
        self.request = request
        self.backend = backend
        self.handle: Handle | None = None
        self.created = created or time.time()
        self.finished: float | None = None
        self._engine = engine
        self._shows_prompt = shows_prompt
        self._history: list[tuple[float, Status]] = [(self.created, Preparing())]
        self._logs: tuple[Log, ...] = ()
        self._callbacks: list[Callable[[Job], object]] = []
        self._future: Future[Result] = _JobFuture()
        self._future.set_running_or_notify_cancel()
        self._task: asyncio.Future[None] | None = None
        self._cancelling = False
        self._arriving: Callable[[int, Growing], object] | None = None
        """Called with the index and the bytes of each image while it downloads, if they are few."""
        self._clicked = False
        """Whether it was started in a studio's page, not by a cell."""
        self._on_outcome: Callable[[Result | SeedreamError], object] | None = None
        """Counts the cost: called with the outcome, before anybody who waits for it is woken."""
        self._cancel_requested = False
        self._outcome: Result | SeedreamError | None = None
        self._trace: TracebackType | None = None

    @classmethod
    def _ended_before(cls, result: Result, engine: Engine) -> Job:
        """Return a job that ended with `result` in an earlier session."""
        ended = result.created.timestamp()
        began = ended - min(max(0.0, result.timings.total), 86_400.0)
        job = cls(result.request, backend=result.backend, engine=engine, created=began)
        job._history.append((ended, Completed()))
        job.finished, job._outcome = ended, result
        job._future.set_result(result)
        return job

    @property
    def prompt(self) -> str:
        """The prompt as it may be shown: empty if prompts must not be stored, as notebooks are."""
        return self.request.prompt if self._shows_prompt else ""

    @property
    def request_id(self) -> str | None:
        """The request id at fal, once the request is accepted."""
        return self.handle.request_id if self.handle else None

    @property
    def status(self) -> Status:
        """The current status."""
        return self._history[-1][1]

    @property
    def history(self) -> tuple[tuple[float, Status], ...]:
        """Every status it had, each with its time in seconds since the epoch."""
        return tuple(self._history)

    @property
    def logs(self) -> tuple[Log, ...]:
        """The model's log lines so far: untrusted text."""
        return self._logs

    @property
    def done(self) -> bool:
        """Whether it has ended: completed, failed or cancelled."""
        return self._outcome is not None

    @property
    def error(self) -> SeedreamError | None:
        """Why it ended without a result, or ``None``."""
        return self._outcome if isinstance(self._outcome, SeedreamError) else None

    def result(self, timeout: float | None = None) -> Result:
        """Wait for the result.

        Args:
            timeout: Most seconds to wait; ``None`` waits until the job ends.

        Raises:
            JobTimeout: The job is still running after `timeout` seconds; it goes on.
            JobCancelled: It was cancelled.
            BackendError: It failed; the error says what may be billed.
            SeedreamError: It runs in the process that this one was forked from.
        """
        check_type(timeout, (int, float, type(None)), "timeout", "seconds as a number, or None")
        if timeout is not None:
            timeout = min(timeout, threading.TIMEOUT_MAX)  # Python refuses to wait longer
        if self._engine.forked:
            return self._outcome_before_fork()
        if self._engine.here and not self.done:
            raise SeedreamError("job.result() would block its own engine; use await job here")
        try:
            return self._future.result(timeout)
        except SeedreamError as error:
            # The error may be raised several times: drop the frames that the last time added.
            raise error.with_traceback(self._trace) from error.__cause__
        except KeyboardInterrupt as stopped:
            without_our_frames(stopped)
            raise
        except FutureTimeout as error:
            if self._future.done():  # it has ended at the last moment
                return self._future.result()
            raise JobTimeout(
                f"no result after {timeout} s ({self.status.text.lower()}); the job goes on, "
                "call job.result() again or job.cancel()"
            ) from error

    @property
    def future(self) -> Future[Result]:
        """The job as a `concurrent.futures.Future`, for `wait`, `as_completed` and the like.

        Functions given to its `add_done_callback` are called on the engine's thread and must
        return at once. Its ``cancel()`` does nothing and returns False; use `Job.cancel`.

        Raises:
            SeedreamError: The job runs in the process that this one was forked from.
        """
        if self._engine.forked:
            self._outcome_before_fork()
        return self._future

    def _outcome_before_fork(self) -> Result:
        """Return the result that the job had before this process was forked.

        It can't end in this process, and the future's lock may have been held at the fork, so
        the future is not used.
        """
        if isinstance(self._outcome, SeedreamError):
            raise self._outcome
        if self._outcome is None:
            raise SeedreamError(
                f"job {self.id} belongs to the process that forked this one; wait for it there, "
                "or look for its result with sd.library and sd.resume()"
            )
        return self._outcome

    def __await__(self) -> Generator[Any, None, Result]:
        if self._engine.forked:
            return self._outcome_before_fork()
        try:
            return (yield from asyncio.wrap_future(self._future).__await__())
        except SeedreamError as error:
            raise error.with_traceback(self._trace) from error.__cause__
        except asyncio.CancelledError as stopped:
            without_our_frames(stopped)
            raise

    def cancel(self) -> bool:
        """Ask to stop the job, at fal too, and return at once.

        The status then says whether fal may bill it. A job that finishes first keeps its result,
        as that is paid for.

        Returns:
            Whether it was still running.
        """
        if self.done:
            return False
        if self._engine.forked:
            self._outcome_before_fork()
        self._cancel_requested = True
        self._engine.loop.call_soon_threadsafe(self._start_cancelling)
        return True

    def _start_cancelling(self) -> None:
        if not self._cancelling and not self.done:
            self._cancelling = True
            if self._task:  # in the next turn: a task cancelled before its first step never runs
                self._engine.loop.call_soon(self._task.cancel)

    def _may_be_joined(self, engine: Engine) -> bool:
        """Tell whether an equal request can share it: it runs, and nobody asked to stop it."""
        return not self.done and not self._cancel_requested and self._engine is engine

    def _note_cancel_failed(self) -> None:
        """Note that cancelling failed and the job goes on; `cancel` may be called again."""
        self._cancelling = self._cancel_requested = False
        self._call_listeners()

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Start the coroutine that takes it to its end; only on the engine's thread."""
        self._task = asyncio.ensure_future(work)
        if self._cancelling:
            self._engine.loop.call_soon(self._task.cancel)

    def on_update(self, callback: Callable[[Job], object]) -> Callable[[], None]:
        """Call ``callback(job)`` at each change, on the engine's thread.

        A callback must return at once; an error in it is logged and harms nothing.

        Returns:
            A function that stops the calls.
        """
        check_listener(callback)
        self._callbacks.append(callback)

        def stop() -> None:
            if callback in self._callbacks:
                self._callbacks.remove(callback)

        return stop

    def _accept(self, handle: Handle) -> None:
        """Note that the backend has accepted it; only on the engine's thread."""
        self.handle = handle
        self._update(Queued())

    def _update(self, status: Status) -> None:
        """Set the status; only on the engine's thread."""
        if isinstance(status, InProgress | Completed) and status.logs:
            self._logs = status.logs
        if isinstance(status, Completed):  # at the backend; its images are still to be fetched
            status = Fetching()
        if status == self.status:
            return
        began, before = self._history[-1]
        more_logs = isinstance(status, InProgress) and isinstance(before, InProgress)
        if more_logs or replace(before, unreached=status.unreached) == status:
            self._history[-1] = (began, status)
        else:
            self._history.append((time.time(), status))
        self._call_listeners()

    def _succeed(self, result: Result) -> None:
        """End it with its result; only on the engine's thread."""
        self._end(Completed(self._logs))
        self._count_cost(result)
        self._outcome = result
        self._future.set_result(result)
        self._call_listeners()

    def _fail(self, error: SeedreamError) -> None:
        """End it with an error; only on the engine's thread."""
        cancelled = isinstance(error, JobCancelled)
        self._end(Cancelled(error.billing) if isinstance(error, JobCancelled) else Failed(error))
        self._count_cost(error)
        self._outcome, self._trace = error, error.__traceback__
        self._future.set_exception(error)
        self._call_listeners()
        if not cancelled:
            _log.debug("job %s failed: %s", self.id, error)

    def _count_cost(self, end: Result | SeedreamError) -> None:
        if self._on_outcome is not None:
            try:
                self._on_outcome(end)
            except Exception:  # those who wait for the job must be woken all the same
                _log.exception("the cost of job %s could not be counted", self.id)

    def _end(self, status: Status) -> None:
        self.finished = time.time()
        self._history.append((self.finished, status))

    def _call_listeners(self) -> None:
        if self.done:  # the last call: do not keep the callbacks alive
            self._arriving = None
            callbacks, self._callbacks = tuple(self._callbacks), []
        else:
            callbacks = tuple(self._callbacks)
        for callback in callbacks:
            try:
                callback(self)
            except BaseException:  # SystemExit too: it would end the engine for every job
                _log.exception("a callback of job %s failed", self.id)

    def _ipython_display_(self, **_: object) -> None:
        show_live(self)

    def __seedream_images__(self) -> tuple[bytes, ...]:
        return self._ended_result().__seedream_images__()

    def __seedream_origins__(self) -> tuple[Origin, ...]:
        return self._ended_result().__seedream_origins__()

    def _ended_result(self) -> Result:
        if not self.done:
            raise ImageInputError("this job has no images yet; wait for them with job.result()")
        return self.result()

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise StaysHereError(
            "a Job stays in the process that runs it; copy or send job.result() instead"
        )

    def __repr__(self) -> str:
        return f"<Job {self.status.text.lower()}: {self.prompt[:60]!r}>"
