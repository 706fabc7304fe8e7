"""What one job writes to disk: its journal entry, its inputs and, in the end, its result.

If something can't be written, `Record.note` says so and the job goes on: it is paid for.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from dataclasses import replace
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from seedream_widgets.errors import (
    BackendError,
    CredentialsError,
    JobCancelled,
    RequestError,
    ResultError,
    SubmitUnknownError,
)
from seedream_widgets.jobs.lost import Sent
from seedream_widgets.library.journal import Journal, Pending, Step, TakenOver
from seedream_widgets.library.lineage import with_origins
from seedream_widgets.money.pricing import cost, estimate, plain, price_of_image
from seedream_widgets.values.receipt import (
    MAX_HISTORY,
    Receipt,
    describe_inputs,
    describe_settings,
    iso_time,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from seedream_widgets.backends.base import Backend, Policy
    from seedream_widgets.errors import Billing, SeedreamError
    from seedream_widgets.jobs.engine import Engine
    from seedream_widgets.jobs.job import Job
    from seedream_widgets.library import Library
    from seedream_widgets.money.pricing import Prices
    from seedream_widgets.values.handle import Handle
    from seedream_widgets.values.request import Request
    from seedream_widgets.values.result import Result

_log = logging.getLogger(__name__)
T = TypeVar("T")
P = ParamSpec("P")


class Record:
    """Writes one job to disk, off the loop; only `sending` and `TakenOver` stop the job."""

    def __init__(
        self,
        job: Job,
        backend: Backend,
        library: Library,
        engine: Engine,
        entry: Pending | None,
        policy: Policy,
        submit_fresh: Callable[[Request], Job],
        prices: Prices,
    ) -> None:
        self._policy, self._submit_fresh, self._prices = policy, submit_fresh, prices
        self.job, self.library = job, library
        self._engine = engine
        self._journal: Journal | None = library._journal if backend.bills else None
        self._entry = entry
        self._bills = backend.bills
        # Optional: a user's own backend need not tell accounts apart.
        self._account: Callable[[str], str] | None = getattr(backend, "account", None)
        self._trouble: Exception | None = None
        self._origins: asyncio.Future[list[dict[str, Any]]] | None = None
        self.lost: Sent | None = None
        """What an earlier session sent without receiving the reply."""
        if entry and entry.sent:
            sent = Sent(entry.endpoint, entry.sent, max(entry.created, entry.touched))
            if entry.handle:
                engine.lost.accepted(sent, entry.handle["request_id"])
            elif entry.step == "sending":
                self.lost = sent

    async def plan(self) -> None:
        """Write the request and its images down before anything is sent."""
        if self.job.request.images:
            await self._try(self.library._keep_inputs, self.job.request)
        if self._journal and not self._entry:
            job = self.job
            about = job.request, job.backend, job.id, job.created
            self._entry = entry_of(*about, self._prices, self._policy)
            self._entry = await self._try(self._journal.plan, self._entry) or self._entry

    async def sending(self, digest: str = "") -> None:
        """Write down that fal may have it from now on, and a digest of exactly what is sent.

        Raises:
            TakenOver: Another process took it over; it must not be sent from here.
            BackendError: Several machines share the journal and it can't be written, so that the
                others would take the request for unsent.
        """
        if self._entry:
            self._entry = replace(self._entry, sent=digest)
        if self._entry and self._account:
            salt = secrets.token_hex(8)
            self._entry = replace(self._entry, account=f"{salt}:{self._account(salt)}")
        written = await self._step("sending")
        if self.library._journal.strict and not written and self._entry:
            raise BackendError(
                f"the shared place can't be written ({self._trouble!s:.300}), so another machine "
                "might send this request as well; nothing was sent. Run it again later",
                billing="no",
            )

    async def accepted(self, handle: Handle) -> None:
        """Write down fal's id of the request, by which it can be found again."""
        await self._step("accepted", handle.to_dict())
        if self.job.request.images:
            self._start_finding_origins()  # while the model is running

    def _start_finding_origins(self) -> asyncio.Future[list[dict[str, Any]]]:
        """Start to look up, once, which results the input images came from."""
        if self._origins is None:
            inputs = describe_inputs(self.job.request.images)
            self._origins = asyncio.ensure_future(self._find_origins(inputs))
        return self._origins

    async def _find_origins(self, inputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
        try:
            return await self._engine.run_on_arrivals(with_origins, inputs, self.library)
        except Exception:  # the result counts more than where it came from
            _log.exception("where the inputs of job %s came from can't be told", self.job.id)
            return inputs

    async def _step(self, step: Step, handle: dict[str, str] | None = None) -> bool:
        """Write down the step that it has reached; return whether that could be written."""
        if not (self._journal and self._entry):
            return False
        found = await self._try(self._journal.step, self._entry, step, handle)
        # A step that could not be written is written along with the next one.
        self._entry = found or replace(self._entry, step=step, handle=handle)
        return found is not None

    def explained(self, error: SeedreamError) -> SeedreamError:
        """Return `error`, or a clearer one if the request was sent with another key.

        fal shows a request only to the account that sent it; any key of that account will do.
        """
        refused = isinstance(error, CredentialsError) or (
            isinstance(error, BackendError) and error.status_code in (401, 403, 404, 410)
        )
        if not (refused and self._by_another_key()):
            return error
        meant = BackendError(
            f"{error} The request was sent with another key than the one in use now, and is left "
            "as it was: set the other key with FAL_KEY or sd.login(), then call sd.resume()",
            request_id=self.job.request_id,
            billing="maybe",
        )
        meant.__cause__ = error
        return meant

    def _by_another_key(self) -> bool:
        if not (self._entry and self._entry.account and self._account):
            return False
        salt, _, known = self._entry.account.partition(":")
        return self._account(salt) != known

    async def failed(self, error: SeedreamError) -> None:
        """Write down how it ended, unless fal may still have the result: then it can be resumed."""
        await self.drop_inputs()
        if not (self._journal and self._entry):
            return
        goes_on = isinstance(error, CredentialsError) and self._entry.step == "accepted"
        if goes_on or _may_have_result(error):
            await self._try(self._journal.release, self._entry)
            return
        step: Step = "failed"
        if isinstance(error, JobCancelled):
            step = "cancelled"
        elif isinstance(error, SubmitUnknownError):
            step = "unknown"
        billing: Billing = getattr(error, "billing", "no")
        await self._try(self._journal.end, self._entry, step, billing, str(error))

    async def drop_inputs(self) -> None:
        """Drop the input images of a job that ends from memory; the library has them."""
        if self.job.request.images:
            light = await self._try(self.library._without_inputs, self.job.request)
            self.job.request = light or self.job.request

    def stage(self) -> Path:
        """Create and return the folder to download to."""
        return self.library._stage(self.job.id)

    def trouble(self, error: Exception) -> None:
        """Note that something could not be written."""
        if str(error) != str(self._trouble):  # once, though a full disk refuses every step
            _log.warning("%s can't be written (%s)", self.library.path, error)
        self._trouble = error

    @property
    def note(self) -> str | None:
        """What could not be written, in a sentence."""
        if self._trouble is None:
            return None
        return f"{self.library.path} can't be written ({self._trouble})"

    async def commit(self, result: Result) -> Result:
        """Move a complete result into the library, and return it with its files there."""
        receipt = self._receipt(result)
        if receipt.inputs:
            receipt = replace(receipt, inputs=await self._start_finding_origins())
        await self.drop_inputs()
        result = replace(
            result, request=self.job.request, receipt=receipt, _again=self._submit_fresh
        )
        kept = None
        if all(file.data is None for file in result.files):
            kept = await self._try(self._commit, result)
        if kept:
            shared = self.library._shared is None or await self._try(self._share, kept)
            if self._journal and self._entry:
                # If others can't see it yet, the entry stays, so that they fetch it from fal.
                end = self._journal.close if shared else self._journal.release
                await self._try(end, self._entry)
            return replace(
                kept, note=self._join_notes(result.note, "the result is there all the same")
            )
        note = self._join_notes(
            result.note, "the images are in memory: save them with result.save()"
        )
        in_memory = [self._engine.run_on_disk(file.in_memory) for file in result.files]
        files = tuple(await asyncio.gather(*in_memory))
        self.library._clear(self.job.id)
        if self._journal and self._entry:  # resuming can then fetch it again, once there is room
            await self._try(self._journal.release, self._entry)
        return replace(result, files=files, note=note)

    def _join_notes(self, before: str | None, what: str) -> str | None:
        """Return one sentence of what went wrong before and what could not be written."""
        return "; ".join(filter(None, [before, self.note and f"{self.note}; {what}"])) or None

    def _receipt(self, result: Result) -> Receipt:
        receipt = receipt_of(self.job, result, self._bills, self._prices)
        if not self._policy.store_prompts:
            arguments = {**receipt.arguments, "prompt": ""}
            receipt = replace(receipt, prompt="", arguments=arguments)
        # A resumed request may have lost settings that are no longer accepted: the entry's key
        # is that of the request as it was sent.
        key = self._entry.key if self._entry else receipt.key
        return replace(receipt, key=key or _key_of_what_came(result))

    def _commit(self, result: Result) -> Result:
        assert result.receipt is not None
        stage = self.library._staging(self.job.id)
        folder, kept = self.library._commit(stage, result.receipt, result.receipt.prompt)
        files = tuple(file.within(folder) for file in result.files)
        return replace(result, request_id=kept.request_id, files=files, receipt=kept)

    def _share(self, result: Result) -> bool:
        self.library._share(result)
        return True

    async def _try(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
        try:
            return await self._engine.run_on_disk(work, *args, **kwargs)
        except TakenOver:
            raise
        except Exception as error:  # any error: the images are paid for and must not be lost
            self.trouble(error)
            return None


def entry_of(
    request: Request, backend: str, id: str, created: float, prices: Prices, policy: Policy
) -> Pending:
    """Return a request's first journal entry."""
    expected = estimate(request, prices)
    asked = {
        "prompt": request.prompt if policy.store_prompts else "",
        "settings": describe_settings(request),
        "inputs": describe_inputs(request.images),
    }
    return Pending(
        id=id,
        step="claimed",
        backend=backend,
        created=created,
        request=asked,
        endpoint=request.endpoint.id,
        key=request.key,
        low=plain(expected.low),
        high=plain(expected.high),
    )


def _key_of_what_came(result: Result) -> str | None:
    """Return the key of the same request with the seed that came, which asks for this picture."""
    if result.seed is None:
        return None
    try:
        return replace(result.request, seed=result.seed).key
    except RequestError:  # the model takes no seed
        return None


def receipt_of(job: Job, result: Result, bills: bool, prices: Prices) -> Receipt:
    """Return the receipt of a result that has just come."""
    request, price = result.request, estimate(result.request, prices).price
    each = price_of_image(request, price)[1]
    timings = result.timings
    return Receipt(
        request_id=result.request_id,
        created=result.created.isoformat(),
        backend=result.backend,
        endpoint=job.handle.endpoint_id if job.handle else request.endpoint.id,
        model=request.model,
        prompt=request.prompt,
        settings=describe_settings(request),
        arguments=request.arguments,
        inputs=describe_inputs(request.images),
        seed=result.seed,
        images=[file.to_dict() for file in result.files],
        timings={
            name: round(getattr(timings, name), 3)
            for name in ("queue", "generation", "fetch", "total")
        },
        price={"usd": plain(each), "as_of": price.as_of, "source": price.source},
        cost=plain(cost(result, prices)) if bills else "0",
        history=[
            {"at": iso_time(seconds), "status": status.kind, "text": status.text}
            for seconds, status in _shortened(job.history)
        ],
        key=request.key,
        package=_version(),
        billable_units=None if result.billable_units is None else plain(result.billable_units),
        extra=result.extra,
    )


def _shortened(history: tuple[T, ...]) -> tuple[T, ...]:
    """Leave out the middle of a long history, so that the receipt stays within its limit."""
    half = MAX_HISTORY // 2
    return history if len(history) <= MAX_HISTORY else history[:half] + history[-half:]


def _may_have_result(error: SeedreamError) -> bool:
    """Tell whether fal may still have the result: no answer came, or its files did not."""
    if isinstance(error, SubmitUnknownError | JobCancelled):
        return False
    if isinstance(error, ResultError):
        return error.status_code not in (200, 404, 410)
    return isinstance(error, BackendError) and error.status_code is None and error.billing != "no"


@lru_cache(maxsize=1)  # reading it takes a millisecond of the loop's time for each job
def _version() -> str:
    try:
        return version("seedream-widgets")
    except PackageNotFoundError:
        return ""
