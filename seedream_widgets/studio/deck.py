"""A studio's jobs as their cards lie: by place, by id and by result, and what changed since."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from seedream_widgets.values.status import Completed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from seedream_widgets.jobs.job import Job

PAGE = 50
"""Cards that the page gets at once; older ones when it asks for them."""


class Deck:
    """The jobs of one studio, each at a place; a higher place is newer.

    What changes here changes under the studio's lock. Looking up takes none.
    """

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._places: dict[str, int] = {}
        self._next = itertools.count(1)
        self._open: dict[str, Job] = {}
        self._made: dict[str, dict[str, Job]] = {}
        self._untold: dict[str, None] = {}
        self._told: dict[str, int] = {}

    def __iter__(self) -> Iterator[Job]:
        """Go through the jobs, newest first."""
        return iter(tuple(self._jobs.values())[::-1])

    def get(self, name: str) -> Job | None:
        """Return a job by its id."""
        return self._jobs.get(name)

    def place(self, job: Job) -> int:
        """Return where a job's card lies."""
        return self._places[job.id]

    def put(self, job: Job) -> bool:
        """Lay a job's card on top; tell whether it is a new one."""
        is_new = job.id not in self._jobs
        # A new dictionary: others may be going through the old one.
        others = {name: each for name, each in self._jobs.items() if name != job.id}
        self._places[job.id] = next(self._next)
        self._open[job.id] = job
        self._jobs = {**others, job.id: job}
        return is_new

    def of_result(self, request_id: str) -> tuple[Job, ...]:
        """Return the jobs that have this result."""
        for name, job in tuple(self._open.items()):
            if not job.done:
                continue
            if isinstance(job.status, Completed):
                self._made.setdefault(job.result().request_id, {})[name] = job
            self._open.pop(name, None)
        return tuple(self._made.get(request_id, {}).values())

    def touch(self, name: str) -> None:
        """Note that the page is still to be told of a job."""
        self._untold[name] = None

    def told(self, name: str, number: int) -> None:
        """Note with which number the page was told of a job; each number is higher."""
        self._untold.pop(name, None)
        self._told.pop(name, None)
        self._told[name] = number

    def since(self, number: int) -> list[str]:
        """Return the ids of the jobs that the page was told of after `number`, or is to be told."""
        later = itertools.takewhile(lambda name: self._told[name] > number, reversed(self._told))
        return list(dict.fromkeys((*self._untold, *later)))

    def page(
        self, hidden: Iterable[str], before: int | None = None
    ) -> tuple[list[Job], int | None]:
        """Return a page of jobs, newest first, and the place before which the next one begins.

        Args:
            hidden: Ids of those that are not shown.
            before: Return only jobs at lower places; the first page has all that still run, too.
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
