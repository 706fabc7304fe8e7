"""Schedules requests on a backend and remembers this session's jobs."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from seedream_widgets.backends.base import Policy
from seedream_widgets.backends.choice import BackendChoice
from seedream_widgets.jobs.current import CurrentPrices
from seedream_widgets.jobs.engine import shared
from seedream_widgets.jobs.job import Job
from seedream_widgets.jobs.record import Record
from seedream_widgets.jobs.resume import at_work, job_of, settle, take_over, wait
from seedream_widgets.jobs.run import run
from seedream_widgets.library import Library
from seedream_widgets.library.processes import AWAY_SECONDS
from seedream_widgets.money.budget import Budget
from seedream_widgets.money.pricing import Estimate, Prices, estimate
from seedream_widgets.values.handle import Handle
from seedream_widgets.values.result import Result, SeedCheck, check_seed

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from decimal import Decimal
    from pathlib import Path

    from seedream_widgets.backends.base import Backend
    from seedream_widgets.errors import SeedreamError
    from seedream_widgets.jobs.engine import Engine
    from seedream_widgets.library.journal import Pending
    from seedream_widgets.values.request import Request

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
        expire_media: Seconds, 60 or more, after which fal deletes uploads and results; ``None``
            leaves it to the account, which keeps them for ever unless set otherwise.
        store_prompts: Whether receipts and journal hold prompts. Without, fal is asked not to
            store the requests' payloads either.

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
        expire_media: int | None = None,
        store_prompts: bool = True,
    ) -> None:
        self.policy = Policy(expire_media, store_prompts)
        self.library = library if isinstance(library, Library) else Library(library)
        self._choice = BackendChoice(backend, key, shared, self.policy, self.library.uploads)
        self.prices = Prices()
        self.budget = Budget(self.prices)
        self._current_prices = CurrentPrices(self.prices)
        self._lock = threading.RLock()
        self._jobs: list[Job] = []

    @property
    def backend(self) -> Backend:
        """Who would answer a request submitted now."""
        backend = self._choice.current
        self._current_prices.ask(backend)
        return backend

    def estimate(self, request: Request) -> Estimate:
        """Return what `request` may cost at current prices.

        While fal is being asked for them it waits, for a few seconds at most; where fal does not
        tell them it is the dated price, and the estimate says so.
        """
        if self.backend.bills:
            self._current_prices.wait()
        return estimate(request, self.prices)

    def find_key(self) -> bool:
        """Look for a key again, in Colab's secrets too, and tell whether there is one.

        Call it from a cell: Colab's secrets block until the page answers.
        """
        return self._choice.find_key()

    @property
    def jobs(self) -> tuple[Job, ...]:
        """This session's jobs, newest first."""
        return tuple(reversed(self._jobs))

    @property
    def spent(self) -> Decimal:
        """US dollars for the images that have come in this session: as fal told, else estimated."""
        return self.budget.spent

    def submit(self, request: Request, *, fresh: bool = False) -> Job:
        """Start `request` and return its job at once.

        A request with a seed that was asked before, of the same backend, is answered from the
        library and costs nothing; one that is under way, here or in another Python with the same
        library, is joined.

        Args:
            request: What to ask for.
            fresh: Ask again all the same.

        Raises:
            BudgetError: It could cost more than the budget leaves; nothing was sent.
        """
        engine, backend = shared(), self.backend
        if self.budget.limit is not None:
            self._current_prices.wait()  # counted at another price, the limit would not hold
        with self._lock:  # two clicks at once are one after the other
            twin = None if fresh else self._twin(request, backend, engine)
            if isinstance(twin, Job):
                return twin
            job = Job(request, backend=backend.name, engine=engine)
            if isinstance(twin, Result):
                engine.loop.call_soon_threadsafe(
                    job.succeed, replace(twin, request=request, again=self._again, cached=True)
                )
            elif twin:
                self._wait(job, twin, backend, engine)
            else:
                self._start(job, backend, engine)
            self._jobs.append(job)
        return job

    def _twin(
        self, request: Request, backend: Backend, engine: Engine
    ) -> Job | Result | Pending | None:
        key = request.key
        if key is None:
            return None
        for job in self._jobs:
            if job.may_be_joined(engine) and job.backend == backend.name and job.request.key == key:
                return job
        return self.library.twin(key, backend.name) or self._journalled_twin(key, backend)

    def _journalled_twin(self, key: str, backend: Backend) -> Job | Pending | None:
        """Find an identical request of an earlier session, or of another one at work now."""
        if not backend.bills:
            return None
        ours = {job.id for job in self._jobs}
        for entry in self.library.journal.pending(but=ours):
            if (entry.key, entry.backend) != (key, backend.name):
                continue
            if at_work(entry) and entry.id not in ours:
                return entry
            if not entry.followed and entry.step == "accepted":
                return self._resume(entry)
        return None

    def _wait(self, job: Job, entry: Pending, backend: Backend, engine: Engine) -> None:
        """Have `job` wait for another's request, and go on with it where that leaves it behind."""

        async def adopt(ours: Pending) -> None:
            job.handle = Handle(**(ours.handle or {}))
            await self._work(job, backend, engine, ours)

        waiting = wait(job, entry, self.library, engine, adopt)
        engine.loop.call_soon_threadsafe(job.begin, waiting)

    def _start(
        self, job: Job, backend: Backend, engine: Engine, entry: Pending | None = None
    ) -> None:
        work = self._work(job, backend, engine, entry)
        engine.loop.call_soon_threadsafe(job.begin, work)

    def _work(
        self, job: Job, backend: Backend, engine: Engine, entry: Pending | None = None
    ) -> Coroutine[Any, Any, None]:
        if backend.bills:
            self.budget.take(job.id, job.request, limited=entry is None)
            job.account = partial(self._settle, job)
        record = Record(
            job, backend, self.library, engine, entry, self.policy, self._again, self.prices
        )
        return run(job, backend, record, engine)

    def _again(self, request: Request) -> Job:
        return self.submit(request, fresh=True)

    def _settle(self, job: Job, end: Result | SeedreamError) -> None:
        came = end if isinstance(end, Result) else None
        billed = getattr(end, "billing", "no") != "no"
        self.budget.settle(job.id, came, billed=billed)

    def waiting(self) -> int:
        """Return how many requests of earlier sessions can be resumed; a quick look."""
        running = {job.id for job in self._jobs if not job.done}
        return len([each for each in self.library.journal.left_behind() if each.id not in running])

    def resume(self) -> tuple[Job, ...]:
        """Follow what earlier sessions left behind, here or on another machine; send nothing.

        Returns:
            A job for each: those that fal accepted run to their results; those whose reply was
            lost have failed with `SubmitUnknownError`; those that were never sent are cancelled.
        """
        self.library.sweep()
        self._say_what_is_away()
        found = [self._resume(entry) for entry in self.library.journal.left_behind()]
        return tuple(job for job in found if job)

    def _say_what_is_away(self) -> None:
        """Tell of requests that nobody here can tell the end of; a silent () would mislead."""
        away = self.library.journal.away()
        if away:
            last = max(0, int(time.time() - max(entry.touched for entry in away)))
            _log.warning(
                "requests of another computer: %d, last heard of %d s ago. They may still be "
                "under way there; if they are not, resume again in %d s",
                *(len(away), last, max(1, AWAY_SECONDS - last)),
            )

    def _resume(self, entry: Pending) -> Job | None:
        engine, backend = shared(), self.backend
        if entry.handle and backend.name != entry.backend:
            _log.warning(
                "request %s was sent to %s: set FAL_KEY or call sd.login(), then resume again",
                entry.id,
                entry.backend,
            )
            return None
        with self._lock:
            if any(job.id == entry.id and not job.done for job in self._jobs):
                return None
            ours = take_over(entry, self.library)
            if ours is None:
                return None
            job = job_of(ours, self.library, engine)
            if not settle(job, ours, self.library, engine):
                self.library.clear(job.id)
                self._start(job, backend, engine, ours)
            self._jobs = [each for each in self._jobs if each.id != job.id] + [job]
            return job

    def verify_seed(self, result: Result) -> SeedCheck:
        """Ask again with a result's seed, at full price, and compare pixel by pixel.

        Raises:
            RequestError: The result names no seed.
        """
        return check_seed(result, self._again)

    def close(self) -> None:
        """Let go of its connections; a backend of yours stays open.

        Jobs that run go on to their end, and the connections last as long; it returns at once then.
        """
        running = [job for job in self._jobs if not job.done]
        self._choice.close(running)
        self._current_prices.close()

    def __repr__(self) -> str:
        return f"<Client {self._choice}, {len(self._jobs)} jobs>"
