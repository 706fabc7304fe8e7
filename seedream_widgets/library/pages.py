"""A search picture by picture: how many each day has, and a page of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seedream_widgets.library.entry import Entry
    from seedream_widgets.library.search import Search


@dataclass(frozen=True)
class Day:
    """What a search found of one day, in local time.

    Attributes:
        date: Such as ``"2026-11-28"``.
        pictures: How many.
        cost: US dollars, as far as they are known.
    """

    date: str
    pictures: int
    cost: Decimal


@dataclass(frozen=True)
class Page:
    """A page of what a search found.

    Attributes:
        total: How many pictures it found in all.
        days: Newest first; together they have `total`.
        pictures: Each picture of the page: the result's entry, and the number of the picture in
            it, from 0.
        place: How many pictures stand before the one that was looked for; ``None`` without it.
    """

    total: int
    days: tuple[Day, ...]
    pictures: tuple[tuple[Entry, int], ...]
    place: int | None = None


def page(search: Search, offset: int, count: int, find: tuple[str, int] | None = None) -> Page:
    """Return `count` pictures of a search from `offset` on.

    Args:
        search: Of which.
        offset: How many pictures to pass over.
        count: How many to return at most.
        find: A request id and the number of a picture, whose place is asked for, too.
    """
    rows = search.rows("id, images, created, cost, request_id")
    wanted: list[tuple[int, int]] = []
    before, place = 0, None
    for number, images, _, _, request_id in rows:
        first, last = max(offset, before), min(offset + count, before + images)
        wanted += [(number, at - before) for at in range(first, last)]
        if find is not None and find[0] == request_id and find[1] < images:
            place = before + find[1]
        before += images
    entries = search.numbered(list(dict.fromkeys(number for number, _ in wanted)))
    shown = tuple((entries[number], at) for number, at in wanted if number in entries)
    return Page(before, tuple(_days(rows)), shown, place)


def _days(rows: list[tuple[int, int, int, str | None, str]]) -> list[Day]:
    found = []
    for date, group in groupby(rows, lambda row: local_day(row[2])):
        listed = list(group)
        cost = sum((Decimal(row[3]) for row in listed if row[3]), Decimal(0))
        found.append(Day(date, sum(row[1] for row in listed), cost))
    return found


def local_day(microseconds: int) -> str:
    """Return the day of a moment, in microseconds since 1970, as this computer counts it."""
    try:
        return datetime.fromtimestamp(microseconds / 1e6).date().isoformat()
    except (OverflowError, ValueError, OSError):  # what no calendar here holds
        return "9999-12-31" if microseconds > 0 else "0001-01-01"


def picture_ids(search: Search, offset: int, count: int) -> list[str]:
    """Return the ids of pictures alone: ``<request id>:<number>``."""
    ids: list[str] = []
    before = 0
    for images, request_id in search.rows("images, request_id"):
        first, last = max(offset, before), min(offset + count, before + images)
        ids += [f"{request_id}:{at - before}" for at in range(first, last)]
        before += images
        if before >= offset + count:
            break
    return ids
