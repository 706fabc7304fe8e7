"""`Search`: a lazy sequence of the library's results, read a page at a time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, NoReturn, Protocol, SupportsIndex, overload

from seedream_widgets.errors import (
    NoItemError,
    RequestError,
    StaysHereError,
    check_index,
    check_type,
    described,
    refused,
    whole_between,
)
from seedream_widgets.late_imports import mime_bundle
from seedream_widgets.library.entry import (
    COLUMNS,
    Entry,
    Row,
    clean,
    microseconds,
    moment,
    plain_date,
)
from seedream_widgets.values.endpoints import ENDPOINTS
from seedream_widgets.values.marks import MOST

_PAGE = 100
_MOST_WORDS = 200
_MOST_TEXT = 20_000
_FARTHEST = 1 << 40
# Scripts without spaces between words: full-text search would take a whole phrase for one word.
_UNSPACED = re.compile("[฀-໿က-႟ក-៿぀-ヿ㐀-鿿豈-﫿\U00020000-\U0003ffff]")


@dataclass(frozen=True)
class Filter:
    """A search as SQL conditions with values; words are quoted, so they are never SQL syntax."""

    conditions: tuple[str, ...] = ()
    values: tuple[Any, ...] = ()
    words: tuple[str, ...] = ()
    newest_first: bool = True
    among: frozenset[str] | None = None

    def where(self, full_text: bool) -> tuple[str, tuple[Any, ...]]:
        """Return the condition and its values, for an index with full-text search or without."""
        phrases = [word for word in self.words if full_text and _is_for_full_text(word)]
        conditions, values = list(self.conditions), list(self.values)
        if self.among is not None:
            conditions.append("among(request_id)")  # an SQL function that the index defines
        if phrases:
            conditions.append("id IN (SELECT rowid FROM words WHERE words MATCH ?)")
            values.append(" ".join('"' + word.replace('"', '""') + '"*' for word in phrases))
        parts = [part for word in self.words if word not in phrases for part in _parts(word)]
        conditions += ["instr(lower(prompt), lower(?))"] * len(parts)
        values += parts
        texts = (clean(each) if isinstance(each, str) else each for each in values)
        return " AND ".join(conditions) or "1", tuple(texts)


def filter_of(
    text: str = "",
    *,
    since: datetime | date | str | None = None,
    until: datetime | date | str | None = None,
    endpoint: str | None = None,
    model: str | None = None,
    backend: str | None = None,
    favourite: bool | None = None,
    rating: int | None = None,
    kind: str | None = None,
    fewer: bool = False,
    among: Iterable[str] | None = None,
) -> Filter:
    """Return the filter for a search's arguments, which `Library.search` explains.

    Raises:
        RequestError: An argument is of another type, or out of range.
    """
    check_type(text, str, "text", "words to look for in prompts, as text")
    check_type(favourite, (bool, type(None)), "favourite", "True, False or None")
    check_type(fewer, bool, "fewer", "True or False")
    equal = {"endpoint": endpoint, "model": model, "backend": backend}
    for name, value in equal.items():
        check_type(value, (str, type(None)), name, "a text or None")
    if isinstance(among, str | bytes) or not isinstance(among, Iterable | None):
        raise RequestError(
            f"among takes a list of request ids, got {described(among)}", field="among", value=among
        )
    asked: list[tuple[str, Any]] = []
    if since is not None:
        asked.append(("created >= ?", _moment("since", since)))
    if until is not None:
        asked.append(_ending(until))
    given = {**equal, "favourite": favourite}
    asked += [(f"{name} = ?", value) for name, value in given.items() if value is not None]
    if rating is not None:
        asked.append(("rating >= ?", whole_between(rating, "rating", 0, MOST)))
    conditions, values = [pair[0] for pair in asked], [pair[1] for pair in asked]
    if kind is not None:
        ids = [row.id for row in ENDPOINTS.values() if row.kind == kind]
        if not ids:
            raise refused("kind", "'text-to-image' or 'edit'", kind)
        conditions.append(f"endpoint IN ({', '.join('?' * len(ids))})")
        values += ids
    if fewer:
        conditions.append("images < asked")
    only = None if among is None else frozenset(among)
    return Filter(tuple(conditions), tuple(values), _words(text), among=only)


class Rows(Protocol):
    """An index, as far as a search needs it."""

    @property
    def trouble(self) -> str | None:
        """Why each query reads all folders, else ``None``."""
        ...

    def select(self, columns: str, asked: Filter, tail: str = "") -> list[Row]:
        """Return the `columns` of all rows that match a filter."""
        ...

    def entry(self, row: Row) -> Entry:
        """Return the entry of a row of `COLUMNS`."""
        ...


class Search(Sequence[Entry]):
    """The entries that match a search, newest first, counted and read only when needed.

    It keeps no entries: iteration reads 100 at a time and takes account of what is added or deleted
    meanwhile, and ``len(search)`` counts each time.
    """

    __slots__ = ("_filter", "_index")

    def __init__(self, index: Rows, asked: Filter) -> None:
        self._index = index
        self._filter = asked

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise StaysHereError("a search stays with its library; copy or send list(search) instead")

    def __len__(self) -> int:
        return int(self._index.select("COUNT(*)", self._filter)[0][0])

    def __iter__(self) -> Iterator[Entry]:
        if self._index.trouble:  # each page would read all folders
            yield from map(self._index.entry, self._rows(""))
            return
        condition: str = ""
        position: tuple[Any, ...] = ()
        before = "<" if self._filter.newest_first else ">"
        while rows := self._rows(f"LIMIT {_PAGE}", condition, position):
            for row in rows:
                yield self._index.entry(row)
            condition, position = f"(created, request_id) {before} (?, ?)", (row[3], row[2])

    def __reversed__(self) -> Iterator[Entry]:
        asked = replace(self._filter, newest_first=not self._filter.newest_first)
        return iter(Search(self._index, asked))

    @overload
    def __getitem__(self, index: int) -> Entry: ...
    @overload
    def __getitem__(self, index: slice) -> list[Entry]: ...
    def __getitem__(self, index: int | slice) -> Entry | list[Entry]:
        check_index(
            index,
            "a number, 0 is the newest, or a slice; library.get(request_id) finds one by its id",
        )
        if isinstance(index, slice):
            for end in (index.start, index.stop, index.step):
                check_type(end, (SupportsIndex, type(None)), "index", "a slice of whole numbers")
            return self._slice(index)
        index = int(index)
        place = index if index >= 0 else index + len(self)
        rows = self._rows(f"LIMIT 1 OFFSET {place}") if 0 <= place <= _FARTHEST else []
        if not rows:
            count = len(self)
            are = f"is {count} result" if count == 1 else f"are {count} results"
            raise NoItemError(
                f"no result of index {described(index)}: there {are}, 0 is the newest",
                field="index",
                value=index,
            )
        return self._index.entry(rows[0])

    def __contains__(self, value: object) -> bool:
        if not isinstance(value, Entry):
            return False
        return bool(self._rows("LIMIT 1", "request_id = ?", (value.request_id,)))

    def __bool__(self) -> bool:
        return bool(self._rows("LIMIT 1"))

    def __repr__(self) -> str:
        count = len(self)
        slow = "; it reads all folders, as its index can't be used" if self._index.trouble else ""
        return f"<Search: {count} result{'' if count == 1 else 's'}{slow}>"

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        """Show the newest as a contact sheet: small, however many there are."""
        return {"text/plain": repr(self), **mime_bundle("search_bundle", self)}

    def within(self, other: Search) -> Search:
        """Return the results that are in both searches.

        Raises:
            RequestError: `other` is not a search.
        """
        check_type(other, Search, "other", "a search, such as sd.library.search('fox')")
        one, two = self._filter, other._filter
        sets = [each.among for each in (one, two) if each.among is not None]
        both = replace(
            one,
            conditions=(*one.conditions, *two.conditions),
            values=(*one.values, *two.values),
            words=(*one.words, *two.words),
            among=frozenset.intersection(*sets) if sets else None,
        )
        return Search(self._index, both)

    def rows(self, columns: str) -> list[Row]:
        """Return some columns of all matching rows, in order."""
        return self._rows("", columns=columns)

    def entries(self, request_ids: Iterable[str]) -> dict[str, Entry]:
        """Return entries by request id, as last seen; those that are not here are left out."""
        wanted = tuple(request_ids)
        marks = ", ".join("?" * len(wanted))
        rows = self._index.select(COLUMNS, Filter((f"request_id IN ({marks})",), wanted))
        return {row[2]: self._index.entry(row) for row in rows}

    def _slice(self, index: slice) -> list[Entry]:
        ends = (index.start or 0, 0 if index.stop is None else index.stop, index.step or 1)
        length = len(self) if min(ends) < 0 else _FARTHEST
        wanted = range(*index.indices(length))
        if not wanted:
            return []
        first, last = min(wanted[0], wanted[-1]), max(wanted[0], wanted[-1])
        rows = self._rows(f"LIMIT {last - first + 1} OFFSET {first}")
        return [self._index.entry(row) for row in rows[wanted[0] - first :: wanted.step]]

    def _rows(
        self,
        tail: str,
        condition: str = "",
        values: tuple[Any, ...] = (),
        columns: str = COLUMNS,
    ) -> list[Row]:
        order = "DESC" if self._filter.newest_first else "ASC"
        asked = self._filter
        if condition:
            together = (*asked.conditions, condition)
            asked = replace(asked, conditions=together, values=(*asked.values, *values))
        tail = f"ORDER BY created {order}, request_id {order} {tail}"
        return self._index.select(columns, asked, tail)


def _moment(field: str, value: Any) -> int:
    try:
        return microseconds(moment(value))
    except (ValueError, TypeError, AttributeError) as error:
        takes = "a datetime, a date or text such as '2026-05-01' or '2026-05-01T18:30'"
        raise refused(field, takes, value) from error


def _ending(until: Any) -> tuple[str, int]:
    """Return the condition for `until`, where a date means the whole day."""
    try:
        day = _day(plain_date(until))
    except (ValueError, TypeError):
        day = None
    if day is None or day == date.max:
        return "created <= ?", _moment("until", until)
    return "created < ?", _moment("until", day + timedelta(days=1))


def _day(value: datetime | date | str) -> date | None:
    if isinstance(value, str):
        try:
            return date.fromisoformat(value.strip())
        except ValueError:
            return None
    return value if isinstance(value, date) and not isinstance(value, datetime) else None


def _words(text: str) -> tuple[str, ...]:
    words = clean(text[:_MOST_TEXT].replace("\0", " ")).split()
    return tuple(dict.fromkeys(words))[:_MOST_WORDS]


def _is_for_full_text(word: str) -> bool:
    """Tell whether full-text search can find a word: not an emoji or a script without spaces."""
    return any(map(str.isalnum, word)) and not _UNSPACED.search(word)


def _parts(word: str) -> list[str]:
    """Split a word at punctuation; return the word itself if it is nothing else."""
    return re.findall(r"[^\W_]+", word) or [word]
