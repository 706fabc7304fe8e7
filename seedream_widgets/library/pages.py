"""`Listing`: the pictures of a search, by page and by day."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import accumulate, islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from seedream_widgets.library.entry import Entry
    from seedream_widgets.library.search import Search


@dataclass(frozen=True)
class Day:
    """What a search found for one day, in local time.

    Attributes:
        date: Such as ``"2026-11-28"``.
        pictures: How many.
        cost: US dollars, as far as they are known.
    """

    date: str
    pictures: int
    cost: Decimal


class Listing:
    """The pictures that a search finds at this moment, so that all pages are of the same list.

    Making it looks at all results found, a page only at its own.

    Args:
        search: The search.

    Attributes:
        total: How many pictures it found.
        days: The days, newest first; together they have `total` pictures.
    """

    def __init__(self, search: Search) -> None:
        rows = search.rows("request_id, images, created, cost")
        self._search = search
        self._results = [row[0] for row in rows]
        self._ends = list(accumulate(row[1] for row in rows))
        self.total: int = self._ends[-1] if rows else 0
        self.days = tuple(_days(row[1:] for row in rows))

    def places(self, offset: int, count: int) -> list[tuple[str, int]]:
        """Return `count` pictures from `offset` on, each as a request id and a number from 0."""
        return list(islice(self._from(offset), max(0, count)))

    def _from(self, offset: int) -> Iterator[tuple[str, int]]:
        first = bisect_right(self._ends, offset)
        begin = self._ends[first - 1] if first else 0
        for request_id, end in zip(self._results[first:], self._ends[first:], strict=True):
            for at in range(max(begin, offset), end):
                yield request_id, at - begin
            begin = end

    def pictures(self, offset: int, count: int) -> list[tuple[Entry, int]]:
        """Return pictures like `places`, with their entries; deleted ones are left out."""
        places = self.places(offset, count)
        entries = self._search.entries(dict.fromkeys(request_id for request_id, _ in places))
        return [(entries[each], at) for each, at in places if each in entries]

    def place(self, request_id: str, number: int) -> int | None:
        """Return the position of a picture in the list, or ``None`` if it is not in it."""
        try:
            result = self._results.index(request_id)
        except ValueError:
            return None
        begin = self._ends[result - 1] if result else 0
        return begin + number if begin + number < self._ends[result] else None


def _days(rows: Iterable[tuple[int, int, str | None]]) -> Iterator[Day]:
    date, begin, end = "", 0, 0
    pictures, costs = 0, Counter[str]()
    for images, created, cost in rows:
        if not begin <= created < end:
            begin, end = _day_around(created)
            found = local_day(created)
            if found != date:
                if pictures:
                    yield Day(date, pictures, _sum(costs))
                date, pictures, costs = found, 0, Counter()
        pictures += images
        if cost:
            costs[cost] += 1
    if pictures:
        yield Day(date, pictures, _sum(costs))


def _sum(costs: Counter[str]) -> Decimal:
    return sum((Decimal(cost) * count for cost, count in costs.items()), Decimal(0))


def _day_around(microseconds: int) -> tuple[int, int]:
    """Return the begin and end of a time's local day, in microseconds since 1970."""
    try:
        day = datetime.fromtimestamp(microseconds / 1e6).replace(
            hour=0, minute=0, second=0, microsecond=0
        )
        begin, end = day.timestamp(), (day + timedelta(days=1)).timestamp()
    except (OverflowError, ValueError, OSError):  # what no calendar here holds
        return microseconds, microseconds + 1
    return int(begin * 1e6), int(end * 1e6)


def local_day(microseconds: int) -> str:
    """Return the local day of a time in microseconds since 1970."""
    try:
        return datetime.fromtimestamp(microseconds / 1e6).date().isoformat()
    except (OverflowError, ValueError, OSError):  # what no calendar here holds
        return "9999-12-31" if microseconds > 0 else "0001-01-01"
