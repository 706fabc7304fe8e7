"""Schedules requests on a backend and remembers this session's jobs."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from seedream_widgets.allowance import Budget
from seedream_widgets.backends.base import Handle
from seedream_widgets.credentials import Key, find_key
from seedream_widgets.engine import shared
from seedream_widgets.errors import (
    CredentialsError,
    JobCancelled,
    RequestError,
    SubmitUnknownError,
)
from seedream_widgets.job import Job
from seedream_widgets.receipt import request_of
from seedream_widgets.record import Record
from seedream_widgets.run import run
from seedream_widgets.store import Library

if TYPE_CHECKING:
    from decimal import Decimal
    from pathlib import Path

    from seedream_widgets.backends.base import Backend
    from seedream_widgets.engine import Engine
    from seedream_widgets.journal import Entry
    from seedream_widgets.request import Request
    from seedream_widgets.result import Result

_log = logging.getLogger(__name__)


class Client:
    """Send requests and keep their jobs.

    Args:
        backend: ``"fal"``, ``"offline"``, a `Backend`, or ``None``: fal when a key is found,
            else the offline preview. ``None`` looks again at each submit, for a key
            set later.
        key: fal key; ``None`` looks in `login`, ``FAL_KEY``, ``FAL_KEY_ID`` with
            ``FAL_KEY_SECRET``, and Colab's secrets.
        library: The `Library` that keeps results and journal, or its folder; ``None`` is the
            user's data folder, or ``SEEDREAM_HOME``.

    Raises:
        RequestError: `backend` is another word.
        CredentialsError: `backend` is ``"fal"`` and no key is found, or the key is malformed.
    """

    def __init__(
        self,
        backend: Literal["fal", "offline"] | Backend | None = None,
        *,
        key: str | None = None,
        library: Library | str | Path | None = None,
    ) -> None:
        if isinstance(backend, str) and backend not in ("fal", "offline"):
            raise RequestError(
                f"backend takes 'fal', 'offline' or a Backend, got {backend!r:.80}",
                field="backend",
                value=backend,
            )
        self._choice = backend
        self._given = find_key(key) if backend == "fal" or key is not None else None
        self._colab: Key | None = None
        self.library = library if isinstance(library, Library) else Library(library)
        self.budget = Budget()
        self._backends: dict[tuple[Engine, Key | None], Backend] = {}
        self._lock = threading.Lock()
        self._jobs: list[Job] = []
        if backend is None:
            self.find_key()
        if backend == "fal" and self._given is None:
            raise CredentialsError(
                "no fal key found; set FAL_KEY, call sd.login(), or pass key= to Client"
            )

    @property
    def backend(self) -> Backend:
        """Who would answer a request submitted now."""
        if self._choice not in (None, "fal", "offline"):
            return self._choice  # type: ignore[return-value]
        key = None if self._choice == "offline" else self._current_key()
        own = shared(), key  # connections belong to one loop: a forked child makes its own
        with self._lock:
            if own not in self._backends:
                self._backends[own] = self._make_backend(key)
                own[0].at_close(self._backends[own].aclose)
            return self._backends[own]

    def find_key(self) -> bool:
        """Look for a key again, in Colab's secrets too, and tell whether there is one.

        Call it from a cell: Colab's secrets block until the page answers.
        """
        if not self._given and find_key(colab=False) is None:
            self._colab = find_key()
        return self._current_key() is not None

    def _current_key(self) -> Key | None:
        return self._given or find_key(colab=False) or self._colab

    def _make_backend(self, key: Key | None) -> Backend:
        if key is None:
            from seedream_widgets.backends.offline import OfflineBackend

            chosen = self._choice == "offline"
            return OfflineBackend(label="Offline preview" + ("" if chosen else ": no FAL_KEY"))
        from seedream_widgets.backends.fal import FalBackend

        return FalBackend(key)

    @property
    def jobs(self) -> tuple[Job, ...]:
        """This session's jobs, newest first."""
        return tuple(reversed(self._jobs))

    @property
    def spent(self) -> Decimal:
        """Estimated US dollars for the images that have come in this session."""
        return self.budget.spent

    def submit(self, request: Request, *, fresh: bool = False) -> Job:
        """Start `request` and return its job at once.

        A request with a seed that was asked before, of the same backend, is answered from the
        library and costs nothing; one that is under way is joined.

        Args:
            request: What to ask for.
            fresh: Ask again all the same.

        Raises:
            BudgetError: It could cost more than the budget leaves; nothing was sent.
        """
        engine, backend = shared(), self.backend
        twin = None if fresh else self._twin(request, backend.name)
        if isinstance(twin, Job):
            return twin
        job = Job(request, backend=backend.name, engine=engine)
        if twin:
            engine.loop.call_soon_threadsafe(job.succeed, replace(twin, request=request))
        else:
            self._start(job, backend, engine)
        self._jobs.append(job)
        return job

    def _twin(self, request: Request, backend: str) -> Job | Result | None:
        key = request.key
        if key is None:
            return None
        for job in self._jobs:
            if not job.done and job.backend == backend and job.request.key == key:
                return job
        return self.library.twin(key, backend)

    def _start(
        self, job: Job, backend: Backend, engine: Engine, entry: Entry | None = None
    ) -> None:
        if backend.bills:
            self.budget.take(job.id, job.request, limited=entry is None)
            job.on_update(self._settle)
        record = Record(job, backend, self.library, engine, entry)
        engine.loop.call_soon_threadsafe(job.begin, run(job, backend, record, engine))

    def _settle(self, job: Job) -> None:
        if job.done:
            self.budget.settle(job)

    def waiting(self) -> int:
        """Return how many requests of earlier sessions can be resumed; a quick look."""
        return len(self.library.journal.left_behind())

    def resume(self) -> tuple[Job, ...]:
        """Follow what earlier sessions left behind, here or on another machine; send nothing.

        Returns:
            A job for each: those that fal accepted run to their results; those whose reply was
            lost have failed with `SubmitUnknownError`; those that were never sent are cancelled.
        """
        jobs = []
        for entry in self.library.journal.left_behind():
            try:
                job = self._resume(entry)
            except (RequestError, CredentialsError) as error:
                _log.warning("request %s can't be resumed: %s", entry.id, error)
                continue
            self._jobs.append(job)
            jobs.append(job)
        return tuple(jobs)

    def _resume(self, entry: Entry) -> Job:
        engine, backend = shared(), self.backend
        asked = entry.request
        request = request_of(
            asked["prompt"], asked["settings"], asked["inputs"], self.library.input
        )
        job = Job(request, backend=entry.backend, engine=engine, id=entry.id, created=entry.created)
        if entry.step == "accepted" and entry.handle:
            if backend.name != entry.backend:
                raise CredentialsError(
                    f"it was sent to {entry.backend}; set FAL_KEY or call sd.login() first"
                )
            job.handle = Handle(**entry.handle)
            self.library.clear(job.id)
            entry = self.library.journal.plan(entry)  # ours from now on
            self._start(job, backend, engine, entry)
            return job
        error = _lost(entry)
        self.library.journal.end(
            entry, "unknown" if entry.step == "sending" else "cancelled", error.billing, str(error)
        )
        engine.loop.call_soon_threadsafe(job.fail, error)
        return job

    def close(self) -> None:
        """Let go of its connections, once its jobs have ended; a backend of yours stays open."""
        with self._lock:
            backends, self._backends = self._backends, {}
        for (engine, _), backend in backends.items():
            if engine is shared():
                engine.start(backend.aclose()).result()

    def __repr__(self) -> str:
        name = self._choice if isinstance(self._choice, str | None) else self._choice.name
        return f"<Client {name or 'fal or offline'}, {len(self._jobs)} jobs>"


def _lost(entry: Entry) -> SubmitUnknownError | JobCancelled:
    if entry.step == "sending":
        return SubmitUnknownError(
            "Python ended before fal's reply came: fal may have accepted this request and may "
            "bill it. It is not sent again by itself; look at fal's dashboard, then submit anew",
            billing="maybe",
        )
    return JobCancelled("Python ended before it was sent; nothing is billed", billing="no")
