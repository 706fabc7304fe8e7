"""`Session`: connects one studio with the client: its jobs, and what its page is told of them."""

from __future__ import annotations

import logging
import time
from contextlib import ExitStack, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from seedream_widgets.api import default_client
from seedream_widgets.errors import CredentialsError, RequestError, SeedreamError
from seedream_widgets.jobs.engine import shared
from seedream_widgets.money.pricing import estimate
from seedream_widgets.studio.answers import Aside
from seedream_widgets.studio.cards import FORM, card, money
from seedream_widgets.studio.continued import Continued, notebook_name
from seedream_widgets.studio.deck import PAGE, Deck
from seedream_widgets.studio.facts import facts
from seedream_widgets.studio.news import News
from seedream_widgets.studio.previews import Previews
from seedream_widgets.studio.publisher import Publisher
from seedream_widgets.studio.shelf import Shelf
from seedream_widgets.studio.terms import Terms, TermsError
from seedream_widgets.values.request import Request
from seedream_widgets.values.result import image_id
from seedream_widgets.values.status import Completed

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from seedream_widgets.backends.base import Backend
    from seedream_widgets.images.growing import Growing
    from seedream_widgets.jobs.client import Client
    from seedream_widgets.jobs.job import Job
    from seedream_widgets.library import Library
    from seedream_widgets.library.library import Change
    from seedream_widgets.studio.form import Form
    from seedream_widgets.studio.protocol import Card
    from seedream_widgets.values.result import Result

_log = logging.getLogger(__name__)
LIMITS_SECONDS = 6.0
"""Seconds between two looks at what other kernels have spent, if a day or month has a limit."""


class Session:
    """The jobs of one studio, between the client and the page.

    Args:
        studio: The studio, of which it needs the form.
        client: The client to submit to; ``None`` for the session's default one.
        name: The studio's name, under which its state is kept; see `Studio`.
        results_changed: Called when the results that are shown have changed.
    """

    def __init__(
        self,
        studio: Form,
        client: Client | None,
        name: str | None,
        results_changed: Callable[[], object],
    ) -> None:
        self.studio = studio
        self.engine = shared()
        self.previews = Previews(self.engine)
        self.aside = Aside(self.engine)
        self._parts = ExitStack()
        self._parts.callback(self.aside.close)
        self._results_changed = results_changed
        self._client = client
        self._deck = Deck()
        self._forgotten: dict[str, tuple[str, bool]] = {}
        self._announced: set[str] = set()
        """Ids of the jobs whose results the listeners have received."""
        self._listeners: list[Callable[[Result], object]] = []
        self._put_on_top_at: dict[str, float] = {}
        self._selected_at = 0.0
        self._limits_due = time.monotonic() + LIMITS_SECONDS
        studio.observe(self._note_selection, "selected")
        self._publisher = Publisher(self.engine, studio._lock, self._tell)
        if not self.client._policy.store_prompts:
            name = ""
        elif name is None:
            name = notebook_name(self.engine)
        self.kept = Continued(studio, self._library(), name)
        self._restored: set[str] = set()
        self.shelf = Shelf(
            *(studio, self.aside, self._library, self._session_result_ids, self._result_of),
            searched=self.kept.keep_search,
        )
        self._parts.callback(self.shelf.close)
        self._parts.callback(self._library().on_change(self._note_change))
        self._news = News(self.engine, studio._lock, self.refresh)
        self._parts.callback(self._news.end)
        self.client.prices.on_change(self._news.tell_soon)
        self.client.budget.on_change(self._news.tell_soon)

    def _library(self) -> Library:
        return self.client.library

    def _session_result_ids(self) -> set[str]:
        """Return the request ids of the results that this session made or got."""
        jobs = (*self.client.jobs, *self._deck)
        return {job.request_id for job in jobs if job.request_id} | {
            job.result().request_id for job in self.completed if job.id not in self._restored
        }

    def _note_change(self, change: Change) -> None:
        """Remove the card of a deleted result, and show it again if the result is restored."""
        what, request_id = change
        if what == "saved":  # called in a thread that jobs need, so take no lock
            return
        for job in self._deck.of_result(request_id):
            if what == "deleted" and job.id not in self._forgotten:
                self.forget(job.id)
            elif what == "restored" and job.id in self._forgotten:
                self.show_again(job.id)

    def _result_of(self, request_id: str) -> Result | None:
        """Return the result of the job with that request id, if this studio has it."""
        jobs = self._deck.of_result(request_id)
        return jobs[-1].result() if jobs else None

    def begin(self, given: Collection[str]) -> None:
        """Restore the state that was kept, and show jobs of the library that still run here.

        Those may come from clicks in an earlier run of this cell, perhaps with another client.

        Args:
            given: The fields of the form that were set by the caller.
        """
        self.kept.fill(given)
        for job in self.kept.results(self.engine):
            self._deck.put(job)
        self._restored = {job.id for job in self._deck}
        self._announced |= self._restored
        if self._restored and not {"selected", "pinned"} & {*given}:
            pinned = self.kept.pinned
            self.studio.pinned = self._has_picture(pinned)
            self.studio.selected = pinned if self.studio.pinned else first_image(self.jobs[0])
        running = self.engine.following.of(self.client.library.path)
        for job in sorted(running, key=lambda job: job.created):
            if not job.done:
                self._show(job)
        self._news.begin()

    def _has_picture(self, name: str) -> bool:
        """Tell whether a picture of this id, an untrusted text, is among the jobs' results."""
        if self._result_of(name.rpartition(":")[0]) is None:
            return False
        try:
            self.shelf.find_picture(name)
        except SeedreamError:
            return False
        return True

    def close(self) -> None:
        """Stop telling the page, and leave the jobs, which would keep the studio alive."""
        self._parts.close()

    @property
    def client(self) -> Client:
        """The client that sends the requests."""
        return self._client or default_client()

    @property
    def jobs(self) -> tuple[Job, ...]:
        """The jobs, newest first."""
        return tuple(self._deck)

    @property
    def completed(self) -> tuple[Job, ...]:
        """The jobs that have a result, newest first."""
        return tuple(job for job in self.jobs if _is_completed(job))

    @property
    def shown(self) -> tuple[Job, ...]:
        """The completed jobs that were not dismissed on the page, newest first."""
        return tuple(job for job in self.completed if job.id not in self._forgotten)

    @property
    def _latest(self) -> Job | None:
        """The shown job whose result came last, or was last answered from the library."""
        return max(self.shown, key=self._arrived_at, default=None)

    def _arrived_at(self, job: Job) -> float:
        return max(job.finished or 0.0, self._put_on_top_at.get(job.id, 0.0))

    def _note_selection(self, _: object) -> None:
        self._selected_at = time.time()

    def backend(self) -> dict[str, Any]:
        """Return what the page shows of the backend."""
        try:
            backend = self.client.backend
        except CredentialsError:  # a click will say what is wrong with the key
            return {"name": "none", "label": "The fal key can't be used", "bills": False}
        return {"name": backend.name, "label": backend.label, "bills": backend.bills}

    def _check_terms(self, request: Request, shown: Terms, backend: Backend) -> None:
        """Check that the backend and price are still those that the button showed.

        Raises:
            TermsError: They are not, so that the user has to confirm.
        """
        costs = estimate(request, self.client.prices)
        now = Terms.of(backend, costs.high)
        if not now.is_same(shown):
            raise TermsError(now, shown, costs.brief)

    def request(self) -> Request:
        """Return what the form asks for.

        Raises:
            RequestError: It holds something the endpoint does not accept.
        """
        values = {name: getattr(self.studio, name) for name in FORM}
        return Request(images=self.studio.references, **values)

    def start(self, request: Request, clicked: bool = False, shown: Terms | None = None) -> Job:
        """Submit `request`, and show its job on the page, on top.

        Args:
            request: What to submit.
            clicked: Whether it was clicked on the page, which then tells Python when the pictures
                have arrived there.
            shown: The backend and price that the button showed when it was clicked.

        Raises:
            TermsError: They have changed; the page is updated, and the user has to confirm.
            BudgetError: It could cost more than the budget leaves; nothing was sent.
        """
        self.refresh()
        try:
            if shown is None:
                job = self.client.submit(request)
            else:
                job = self.client._submit_as_agreed(
                    request, partial(self._check_terms, request, shown)
                )
        except TermsError:
            self.refresh()
            raise
        job._clicked = job._clicked or clicked
        self._show(job)
        return job

    def count_resumable(self) -> int:
        """Return how many requests from before can be resumed; it reads the disk."""
        try:
            return self.client._count_resumable()
        except OSError:
            return 0  # an error is shown when the library is needed

    def resume(self) -> int:
        """Resume requests of earlier sessions, and return how many jobs that makes.

        Raises:
            SeedreamError: There are some, but none can be resumed.
        """
        try:
            jobs = self.client.resume()
        except OSError as error:
            path = self.client.library.path
            raise SeedreamError(
                f"requests from before can't be fetched, as {path} can't be written ({error}); "
                "make room there, then fetch again"
            ) from error
        for job in jobs:
            job._clicked = True
            self._show(job)
        if not jobs and self.count_resumable():
            raise SeedreamError(
                "requests from before can't be fetched; the Python log says why"
                if self.client.backend.bills
                else "requests from before were sent to fal: set FAL_KEY or call sd.login(), "
                "then fetch again"
            )
        return len(jobs)

    def _show(self, job: Job) -> None:
        with self.studio._lock:
            self._put_on_top_at[job.id] = time.time()
            self._forgotten.pop(job.id, None)
            self._announced.discard(job.id)
            is_new = self._deck.put(job)
            self._deck.mark_changed(job.id)
        self.refresh()
        if is_new:
            job._arriving = partial(self._begin_preview, job)
            self._parts.callback(job.on_update(self._publisher.publish))
            self._parts.callback(setattr, job, "_arriving", None)
        self._publisher.publish(job)

    def _begin_preview(self, job: Job, index: int, growing: Growing) -> None:
        self.previews.begin(image_id(job.request_id or job.id, index), growing)

    def refresh(self) -> None:
        """Tell the page the backend, the prices, what was spent and the limit."""
        client, studio = self.client, self.studio
        with studio._lock:
            studio._backend = self.backend()
            studio._facts = facts(client.prices)
            studio._money = money(client._limits.standing)
        self._read_limits_if_due()

    def _read_limits_if_due(self) -> None:
        """Now and then, read what was spent this day and month, as other kernels spend, too."""
        now, limits = time.monotonic(), self.client._limits
        if limits.stale or now >= self._limits_due:
            limits.stale, self._limits_due = False, now + LIMITS_SECONDS
            self.aside.start(self._read_limits)

    def _read_limits(self) -> None:
        before = self.client._limits.standing
        self.client._limits.read_limited()
        if self.client._limits.standing != before:
            self._news.tell_soon()

    def _tell(self, job: Job, seq: int) -> None:
        self._deck.mark_sent(job.id, seq)
        if job.status.final:
            self.studio._money = money(self.client._limits.standing)
            self._results_changed()
        self.studio._post({"kind": "job", "seq": seq, "job": self._card(job)})
        self._call_listeners(job)
        if job.status.final:
            self._select_latest()  # last, as a user's observer may raise

    def on_result(self, listener: Callable[[Result], object]) -> Callable[[], None]:
        """Call `listener` with each result that comes; return a function that stops that."""
        self._listeners.append(listener)

        def stop() -> None:
            with suppress(ValueError):
                self._listeners.remove(listener)

        return stop

    def _call_listeners(self, job: Job) -> None:
        """Once per job, pass its result to the listeners, in this studio's own threads."""
        if job.id in self._announced or not _is_completed(job):
            return
        self._announced.add(job.id)
        result = job.result()
        self.aside.start(self.kept.add_result, result)
        if result.cached:  # otherwise the library announces that it was saved
            self.shelf.changed()
        for listener in tuple(self._listeners):
            self.engine.start(self._call(listener, result))

    async def _call(self, listener: Callable[[Result], object], result: Result) -> None:
        try:
            await self.aside(listener, result)
        except Exception:  # one listener's error must not affect the others
            _log.exception("a function given to studio.on_result failed")

    def _select_latest(self) -> None:
        if self._latest and not self._keeps_selection():
            self.studio.selected = first_image(self._latest)

    def _keeps_selection(self) -> bool:
        """Tell whether the selection stays, rather than moving to the latest result."""
        latest, studio = self._latest, self.studio
        if not studio.selected:
            return False
        return studio.pinned or latest is None or self._arrived_at(latest) <= self._selected_at

    def _card(self, job: Job) -> Card:
        return card(job, self._deck.place(job))

    def snapshot(self, since: int | None = None) -> dict[str, Any]:
        """Return the cards that the page shows, and the number of the last change.

        Args:
            since: The last change that the page knows: only later ones are returned, unless there
                are too many.
        """
        self.refresh()
        with self.studio._lock:
            seq = self._publisher.seq
            changed = [] if since is None else self._deck.changed_since(since)
            if since is None or since > seq or len(changed) > PAGE:
                return {"seq": seq, "whole": True, "gone": [], **self._page()}
            jobs = [self.job(name) for name in changed if name not in self._forgotten]
            gone = [name for name in changed if name in self._forgotten]
            told = {"jobs": list(self._cards(jobs)), "next": None}
            return {"seq": seq, "whole": False, "gone": gone, **told}

    def older(self, before: int) -> dict[str, Any]:
        """Return a page of cards at places below `before`."""
        with self.studio._lock:
            return self._page(before)

    def _page(self, before: int | None = None) -> dict[str, Any]:
        jobs, after = self._deck.page(self._forgotten, before)
        return {"jobs": list(self._cards(jobs)), "next": after}

    def _cards(self, jobs: list[Job]) -> Iterator[Card]:
        for job in jobs:
            try:
                yield self._card(job)
            except Exception:  # one failing card must not hide the others
                _log.exception("the card of job %s could not be made", job.id)

    def job(self, name: str) -> Job:
        """Return a job by its id.

        Raises:
            RequestError: This studio has no job of that id.
        """
        job = self._deck.get(name)
        if job is None:
            raise RequestError(f"this studio has no job {name!r:.60}", field="job_id", value=name)
        return job

    def forget(self, name: str) -> None:
        """Dismiss an ended job's card; the job stays in `jobs`, and its result in the library.

        Raises:
            RequestError: The job is still running, or this studio has no job of that id.
        """
        job = self.job(name)
        if not job.done:
            raise RequestError("a running job can't be dismissed; cancel it", field="job_id")
        with self.studio._lock:
            gone = job.result() if _is_completed(job) else None
            selected, pinned = self.studio.selected, self.studio.pinned
            was_selected = gone is not None and selected.rpartition(":")[0] == gone.request_id
            self._forgotten[name] = (selected, pinned) if was_selected else ("", False)
            if was_selected:
                latest = self._latest
                self.studio.pinned = False
                self.studio.selected = first_image(latest) if latest else ""
            seq = self._publisher.next_number()
            self._deck.mark_sent(name, seq)
            self.studio._post({"kind": "forgotten", "seq": seq, "job_id": name})
        if gone is not None:
            self.aside.start(self.kept.remove_result, gone)
        # A dismissed result leaves the saved notebook, too.
        self.engine.loop.call_soon_threadsafe(self._results_changed)

    def show_again(self, name: str) -> None:
        """Bring a dismissed card back, and select its picture if it was selected before.

        Raises:
            RequestError: This studio has no job of that id.
        """
        job = self.job(name)
        with self.studio._lock:
            selected, pinned = self._forgotten.pop(name, ("", False))
            self._deck.mark_changed(name)
            if selected:
                self.studio.selected, self.studio.pinned = selected, pinned
        if _is_completed(job):
            self.aside.start(self.kept.add_result, job.result())
        self._publisher.publish(job)
        self.engine.loop.call_soon_threadsafe(self._results_changed)

    def selection(self) -> tuple[Result, int]:
        """Return the result and number of the selected image, else the first of the latest result.

        Raises:
            SeedreamError: There is no image yet.
        """
        latest = self._latest
        if self._keeps_selection():
            return self.shelf.find_picture(self.studio.selected)
        if latest is None:
            raise SeedreamError(
                "studio has no image yet; press Generate, or call studio.submit().result()"
            )
        return latest.result(), 0

    def add_reference(self, image: Any) -> dict[str, Any]:
        """Append a reference, and return its entry for the page."""
        with self.studio._lock:
            self.studio.references = (*self.studio.references, image)
            return self.studio._references[-1]


def first_image(job: Job) -> str:
    """Return the id of the first picture of a job's result."""
    return image_id(job.result().request_id, 0)


def _is_completed(job: Job) -> bool:
    return job.done and isinstance(job.status, Completed)
