"""`Client`: submits requests to a backend, within the budget, and keeps this session's jobs."""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NoReturn
from uuid import uuid4

from seedream_widgets.backends.base import Finder, Policy
from seedream_widgets.backends.choice import BackendChoice
from seedream_widgets.errors import (
    SeedreamError,
    StaysHereError,
    check_type,
    say,
    without_our_frames,
)
from seedream_widgets.jobs.claims import Ours, Theirs, find_or_claim, unreached_place
from seedream_widgets.jobs.current import CurrentPrices
from seedream_widgets.jobs.engine import shared
from seedream_widgets.jobs.job import Job
from seedream_widgets.jobs.record import Record, entry_of
from seedream_widgets.jobs.resume import job_of, left_behind, settle, take_over, wait
from seedream_widgets.jobs.run import run
from seedream_widgets.library import Library
from seedream_widgets.library.journal import UNSENT, Pending
from seedream_widgets.library.processes import AWAY_SECONDS
from seedream_widgets.money.budget import Budget
from seedream_widgets.money.limits import SpendingLimits, kept_limits
from seedream_widgets.money.pricing import Estimate, Prices, estimate
from seedream_widgets.values.handle import Handle
from seedream_widgets.values.request import Request
from seedream_widgets.values.result import Result, SeedCheck, check_seed
from seedream_widgets.values.wording import warn_of_references

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Coroutine
    from decimal import Decimal
    from pathlib import Path

    from seedream_widgets.backends.base import Backend
    from seedream_widgets.jobs.engine import Engine
    from seedream_widgets.library.place import Place

_TAKES = "a Request, such as sd.Request('a red fox'), or give the text to sd.submit"
_log = logging.getLogger(__name__)


class Client:
    """Sends requests and keeps their jobs.

    Args:
        backend: ``"fal"``, ``"offline"``, a `Backend`, or ``None``: fal when a key is found,
            else the offline preview. With ``None`` each submit looks again, as a key may be set
            later.
        key: The fal key; by default from `login`, ``FAL_KEY``, ``FAL_KEY_ID`` with
            ``FAL_KEY_SECRET``, or Colab's secrets.
        library: The `Library` that keeps results and journal, or its folder; by default
            ``SEEDREAM_HOME``, or else the user's data folder.
        expire_media: Seconds, 60 to 1,000,000,000, after which fal deletes uploads and results;
            ``None`` leaves it to the account, which keeps them for ever unless set otherwise.
        store_prompts: Whether prompts are kept in receipts and the journal, and a studio's form
            and prompts in saved notebooks. If not, fal is also asked not to store the requests'
            payloads.

    Raises:
        RequestError: `backend` is something else.
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
        self._policy = Policy(expire_media, store_prompts)
        self.library = library if isinstance(library, Library) else Library(library)
        self._choice = BackendChoice(backend, key, shared, self._policy, self.library._uploads)
        self.prices = Prices()
        self.budget = Budget(self.prices)
        self._limits = SpendingLimits(self.library, self.budget)
        self._current_prices = CurrentPrices(self.prices)
        self._jobs: list[Job] = []
        self._in_memory: dict[tuple[str, str], Result] = {}
        """Results that could not be written to disk, by the request's key and the backend."""
        self._engine: Callable[[], Engine] = shared

    @property
    def backend(self) -> Backend:
        """The backend that a request submitted now would go to."""
        backend = self._choice.current
        self._current_prices.ask(backend)
        return backend

    def estimate(self, request: Request) -> Estimate:
        """Return what `request` may cost at current prices.

        It waits a few seconds at most for fal's prices. Where they can't be had the built-in dated
        table is used, and the estimate says so.
        """
        check_type(request, Request, "request", _TAKES)
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
        """US dollars spent on this session's images, as fal reported, else estimated."""
        return self.budget.spent

    def submit(self, request: Request, *, fresh: bool = False) -> Job:
        """Start `request` and return its job at once.

        A request with a seed that the same backend has answered before is answered from the
        library and costs nothing; one that is under way, here or in another process with the same
        library, is joined.

        A prompt that refers to an image that is not there ("image 4" of three) is sent, with a
        `PromptWarning`.

        Args:
            request: What to ask for.
            fresh: Send it in any case.

        Raises:
            RequestError: `request` is not a `Request`.
            BudgetError: It could cost more than the budget leaves; nothing was sent.
            KeyboardInterrupt: It was interrupted; if it was sent all the same, `jobs` has it.
        """
        check_type(request, Request, "request", _TAKES)
        warn_of_references(request.prompt, len(request.images))
        interrupted = False

        def agree(_: Backend) -> None:
            if interrupted:
                raise SeedreamError("it was interrupted before it was sent")

        try:
            return self._engine().uninterrupted(partial(self._submit, request, fresh, agree))
        except KeyboardInterrupt as stopped:
            interrupted = True
            without_our_frames(stopped)
            say(
                "Interrupted while the request was being submitted. If sd.jobs() has it, it was "
                "sent and goes on; otherwise it was not sent."
            )
            raise

    def _submit_as_agreed(
        self,
        request: Request,
        agree: Callable[[Backend], object],
        *,
        fresh: bool = False,
        sends: bool = True,
    ) -> Job:
        """Start `request`, unless `agree`, called with the backend that will answer, raises.

        As a key may be set at any moment, this makes sure that the request goes to the backend
        that the user agreed to. `agree` is called on another thread and must not block. With
        ``sends=False`` the request may only be fetched or join an equal one; else this raises.
        """
        work = partial(self._submit, request, fresh, agree, sends)
        return self._engine().uninterrupted(work)

    def _submit(
        self,
        request: Request,
        fresh: bool,
        agree: Callable[[Backend], object] | None = None,
        sends: bool = True,
    ) -> Job:
        engine, backend = self._engine(), self.backend
        if self.budget.limit is not None or (backend.bills and kept_limits(self.library)):
            self._current_prices.wait()  # with an outdated price the limit might be exceeded
        if agree is not None:
            agree(backend)
        with engine.following.lock:  # of two equal clicks at once, the second must see the first
            answer = Ours(None) if fresh else self._find_or_claim(request, backend, engine)
            if not sends and isinstance(answer, Ours | Theirs):
                self._refuse_to_send(answer)
            if isinstance(answer, Job):
                return self._add_to_jobs(answer)
            if isinstance(answer, Ours):
                return self._send(request, backend, engine, answer.entry)
            job = self._new_job(request, backend, engine)
            if isinstance(answer, Theirs):
                engine.following.add(job, self.library.path)
                self._jobs.append(job)
                self._wait_for_other(job, answer.entry, backend, engine)
            else:
                job.request = self.library._without_inputs(request)
                result = replace(
                    answer, request=job.request, _again=self._submit_fresh, cached=True
                )
                self._jobs.append(job)
                engine.loop.call_soon_threadsafe(job._succeed, result)
            return job

    def _refuse_to_send(self, answer: Ours | Theirs) -> None:
        """Raise unless `answer` is what fal has accepted: that is only fetched."""
        if isinstance(answer, Theirs) and answer.entry.step == "accepted":
            return
        if isinstance(answer, Ours) and answer.entry:
            with suppress(OSError):
                self.library._journal.withdraw(answer.entry)
        raise SeedreamError(
            "this request was sent before and was only to be fetched, and it ended meanwhile "
            "without a result; nothing was sent. Run the batch again to send it anew"
        )

    def _find_or_claim(
        self, request: Request, backend: Backend, engine: Engine
    ) -> Job | Result | Ours | Theirs:
        plan = partial(self._new_entry, request, backend) if backend.bills else None
        key = request.key
        if key is None:
            return Ours(None)
        held = self._in_memory.get((key, backend.name))
        try:
            return find_or_claim(key, backend.name, self.library, engine, plan, held)
        except OSError as error:
            raise unreached_place(error) from error

    def _new_entry(self, request: Request, backend: Backend) -> Pending:
        about = request, backend.name, uuid4().hex[:12], time.time()
        return entry_of(*about, self.prices, self._policy)

    def _new_job(
        self, request: Request, backend: Backend, engine: Engine, entry: Pending | None = None
    ) -> Job:
        return Job(
            request,
            backend=backend.name,
            engine=engine,
            id=entry.id if entry else None,
            created=entry.created if entry else None,
            shows_prompt=self._policy.store_prompts,
        )

    def _add_to_jobs(self, job: Job) -> Job:
        """Add a job, which another client of this process may have begun, to this one's list."""
        if job not in self._jobs:
            self._jobs.append(job)
        return job

    def _send(
        self, request: Request, backend: Backend, engine: Engine, entry: Pending | None
    ) -> Job:
        if entry is None and backend.bills and kept_limits(self.library):
            # Before the limits are checked, as other kernels have to count this request.
            with suppress(OSError):
                entry = self.library._journal.plan(self._new_entry(request, backend))
        job = self._new_job(request, backend, engine, entry)
        try:
            work = self._prepare_run(job, backend, engine, entry)
        except BaseException:  # over the budget
            if entry:
                with suppress(OSError):
                    self.library._journal.withdraw(entry)
            raise
        engine.following.add(job, self.library.path)
        self._jobs.append(job)
        engine.loop.call_soon_threadsafe(job._begin, work)
        return job

    def _wait_for_other(self, job: Job, entry: Pending, backend: Backend, engine: Engine) -> None:
        """Have `job` wait for another process's request, and take it over if that one ends."""

        async def adopt(ours: Pending) -> None:
            job.handle = Handle(**ours.handle) if ours.handle else None
            try:
                work = self._prepare_run(job, backend, engine, ours)
            except Exception as error:  # over a limit, or what it leaves can't be told
                why = error if isinstance(error, SeedreamError) else unreached_place(error)
                await self._fail_taken_over(job, ours, why, engine)
            else:
                await work

        waiting = wait(job, entry, self.library, engine, adopt)
        engine.loop.call_soon_threadsafe(job._begin, waiting)

    async def _fail_taken_over(
        self, job: Job, ours: Pending, why: SeedreamError, engine: Engine
    ) -> None:
        """End a job that can't go on, whatever the disk takes: somebody waits for it."""
        end = self.library._journal.end
        try:
            if ours.step in UNSENT:  # else it stays, to be resumed
                await engine.run_on_disk(end, ours, "cancelled", "no", str(why))
        except OSError as error:
            _log.warning("%s can't be written (%s)", self.library.path, error)
        finally:
            job._fail(why)

    def _prepare_run(
        self, job: Job, backend: Backend, engine: Engine, entry: Pending | None = None
    ) -> Coroutine[Any, Any, None]:
        if backend.bills:
            limited = entry is None or entry.step in UNSENT
            if limited:
                self._limits.check(job.id, self.budget.high(job.request))
            self.budget.take(job.id, job.request, limited=limited, written=entry is not None)
            job._on_outcome = partial(self._count_cost, job)
        record = Record(
            job, backend, self.library, engine, entry, self._policy, self._submit_fresh, self.prices
        )
        return run(job, backend, record, engine)

    def _submit_fresh(self, request: Request) -> Job:
        return self.submit(request, fresh=True)

    def _count_cost(self, job: Job, end: Result | SeedreamError) -> None:
        came = end if isinstance(end, Result) else None
        billed = getattr(end, "billing", "no") != "no"
        self.budget.settle(job.id, came, billed=billed)
        if came and came.receipt and came.receipt.key and came.files[0].data is not None:
            self._in_memory[came.receipt.key, came.backend] = came

    def _count_resumable(self) -> int:
        """Return how many requests of earlier sessions can be resumed."""
        return len(left_behind(self.library, self._engine()))

    def resume(self) -> tuple[Job, ...]:
        """Pick up requests that earlier sessions left unfinished, here or elsewhere; send nothing.

        Returns:
            A job for each: a request that fal accepted runs to its result; one whose reply was lost
            is searched for in fal's list of requests, and fails with `SubmitUnknownError` if that
            does not settle it; one that was never sent is cancelled.
        """
        self.library._sweep()
        self._warn_of_other_computers()
        found = [self._resume_entry(entry) for entry in left_behind(self.library, self._engine())]
        return tuple(job for job in found if job)

    def _warn_of_other_computers(self) -> None:
        """Log requests that may still run on another computer: returning () alone would mislead."""
        away = self.library._journal.away()
        if away:
            leases = self.library._journal.leases
            last = int(min(leases.silent(entry.owner, entry.touched) for entry in away))
            _log.warning(
                "requests of another computer: %d, last heard of %d s ago. They may still be "
                "under way there; if they are not, resume again in %d s",
                *(len(away), last, max(1, AWAY_SECONDS - last)),
            )

    def _resume_entry(self, entry: Pending) -> Job | None:
        engine, backend = self._engine(), self.backend
        if entry.handle and backend.name != entry.backend:
            _log.warning(
                "request %s was sent to %s: set FAL_KEY or call sd.login(), then resume again",
                entry.id,
                entry.backend,
            )
            return None
        with engine.following.lock:
            if engine.following.get(entry.id):
                return None
            job = job_of(entry, self.library, engine)
            engine.following.add(job, self.library.path)
            ours = take_over(entry, self.library)
            if ours is None:
                engine.following.drop(job)
                return None
            can_search = isinstance(backend, Finder) and backend.name == ours.backend
            if not settle(job, ours, self.library, engine, can_search=can_search):
                self.library._clear(job.id)
                work = self._prepare_run(job, backend, engine, ours)
                engine.loop.call_soon_threadsafe(job._begin, work)
            self._jobs = [each for each in self._jobs if each.id != job.id] + [job]
            return job

    def _resume_keys(self, keys: Collection[str]) -> tuple[Job, ...]:
        """Pick up unfinished requests with these keys; see `resume`."""
        found = left_behind(self.library, self._engine(), keys)
        return tuple(job for entry in found if (job := self._resume_entry(entry)))

    def _with_shared_place(self, place: Place) -> Client:
        """Return this client with its library shared with other machines through a place.

        Jobs, budget and prices are those of this client.
        """
        client = object.__new__(Client)
        vars(client).update(vars(self))
        client.library = Library(self.library.path, place)
        client._limits = SpendingLimits(client.library, self.budget)
        return client

    def verify_seed(self, result: Result) -> SeedCheck:
        """Ask again with a result's seed, at full price, and compare pixel by pixel.

        Raises:
            RequestError: The result names no seed.
        """
        return check_seed(result, self._submit_fresh)

    def close(self) -> None:
        """Close the connections; a `Backend` that you passed stays open.

        While jobs are running it returns at once, and the connections close when they have ended.
        """
        running = [job for job in self._jobs if not job.done]
        self._choice.close(running)
        self._current_prices.close()

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise StaysHereError("a Client stays in its process, with its key; make another one there")

    def __repr__(self) -> str:
        return f"<Client {self._choice}, {len(self._jobs)} jobs>"
