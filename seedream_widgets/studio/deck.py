"""`Deck`: a studio's jobs in the order of their cards, and which have changed since when."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from seedream_widgets.values.status import Completed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from seedream_widgets.jobs.job import Job

PAGE = 50
"""How many cards the page gets at once; it asks for older ones."""


class Deck:
    """The jobs of one studio, each at a place; a higher place is newer.

    Hold the studio's lock for changes; looking something up needs none.
    """

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._places: dict[str, int] = {}
        self._next = itertools.count(1)
        self._unindexed: dict[str, Job] = {}
        self._by_result_id: dict[str, dict[str, Job]] = {}
        self._unsent: dict[str, None] = {}
        self._sent_in: dict[str, int] = {}

    def __iter__(self) -> Iterator[Job]:
        """Iterate over the jobs, newest first."""
        return iter(tuple(self._jobs.values())[::-1])

    def get(self, name: str) -> Job | None:
        """Return a job by its id."""
        return self._jobs.get(name)

    def place(self, job: Job) -> int:
        """Return the place of a job's card."""
        return self._places[job.id]

    def put(self, job: Job) -> bool:
        """Put a job's card on top, and return whether it is a new one."""
        is_new = job.id not in self._jobs
        # A new dictionary, as other threads may be iterating over the old one.
        others = {name: each for name, each in self._jobs.items() if name != job.id}
        self._places[job.id] = next(self._next)
        self._unindexed[job.id] = job
        self._jobs = {**others, job.id: job}
        return is_new

    def of_result(self, request_id: str) -> tuple[Job, ...]:
        """Return the jobs that have this result."""
        for name, job in tuple(self._unindexed.items()):
            if not job.done:
                continue
            if isinstance(job.status, Completed):
                self._by_result_id.setdefault(job.result().request_id, {})[name] = job
            self._unindexed.pop(name, None)
        return tuple(self._by_result_id.get(request_id, {}).values())

    def mark_changed(self, name: str) -> None:
        """Note that the page does not yet know of a job's change."""
        self._unsent[name] = None

    def mark_sent(self, name: str, number: int) -> None:
        """Note that the page was told of a job, in the message of this (rising) number."""
        self._unsent.pop(name, None)
        self._sent_in.pop(name, None)
        self._sent_in[name] = number

    def changed_since(self, number: int) -> list[str]:
        """Return the ids of the jobs that changed after message `number`."""
        later = itertools.takewhile(
            lambda name: self._sent_in[name] > number, reversed(self._sent_in)
        )
        return list(dict.fromkeys((*self._unsent, *later)))

    def page(
        self, hidden: Iterable[str], before: int | None = None
    ) -> tuple[list[Job], int | None]:
        """Return a page of jobs, newest first, and the place below which the next page begins.

        Args:
            hidden: Ids of jobs that are not shown.
            before: Return only jobs at lower places. By default, the first page, which also has all
                jobs that are still running.
        """
        hidden = frozenset(hidden)
        found = [
            job
            for job in self
            if job.id not in hidden and (before is None or self._places[job.id] < before)
        ]
        page, rest = found[:PAGE], found[PAGE:]
        after = self._places[page[-1].id] if rest else None
        if before is None:
            page += [job for job in rest if not job.done]
        return page, after
