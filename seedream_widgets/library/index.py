"""The search index of a library: a cache of its receipts, made again from them at any time."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seedream_widgets.library import folder as layout
from seedream_widgets.library import scan, schema
from seedream_widgets.library.cache import Cache
from seedream_widgets.library.entry import COLUMNS, Entry, Row, entry_of, row_of
from seedream_widgets.library.search import Filter, Search, filter_of

if TYPE_CHECKING:
    import sqlite3
    from datetime import date, datetime


class Index:
    """Find results in the library at `root`, for many threads and processes at once.

    Args:
        root: The library's folder, which holds ``results/<day>/<slug>-<request id>/``.
        cache: The SQLite file to use; by default one for each root in the user's cache folder.
        full_text: Whether a new file gets full-text search, where SQLite has it.
    """

    def __init__(self, root: Path, cache: Path | None = None, *, full_text: bool = True) -> None:
        self._root = Path(root).resolve()
        self._results = self._root / layout.RESULTS
        self._cache = Cache(cache or _cache_path(self._root), self._scan, full_text=full_text)

    def __repr__(self) -> str:
        return f"Index({str(self._root)!r})"

    @property
    def in_memory(self) -> bool:
        """Whether the cache file can't be used, so that this session keeps its own index."""
        return self._cache.in_memory

    @property
    def unreadable(self) -> int:
        """How many result folders have no receipt that can be read."""
        self.refresh()
        asked = "SELECT COUNT(*) FROM skipped WHERE request_id IS NULL"
        return int(self._cache.run(lambda db: db.execute(asked).fetchone()[0]))

    def refresh(self) -> None:
        """Take in what changed in the folders; it costs a look at each day's folder."""
        self._cache.refresh()

    def add(self, folder: Path, receipt: dict[str, Any], favourite: bool = False) -> None:
        """Insert a result that has just been saved; a second time changes nothing."""
        folder = Path(folder)
        row = row_of(receipt, folder.parent.name, folder.name, favourite)
        if row is not None:
            self._cache.run(lambda db: scan.insert(db, self._results, row), filled=False)

    def search(
        self,
        text: str = "",
        *,
        since: datetime | date | str | None = None,
        until: datetime | date | str | None = None,
        endpoint: str | None = None,
        model: str | None = None,
        backend: str | None = None,
        favourite: bool | None = None,
        newest_first: bool = True,
    ) -> Search:
        """Return the results that match all that is given, as a lazy sequence.

        Args:
            text: Words that the prompt holds, each at least in its beginning.
            since: The earliest moment; local time unless it names a time zone.
            until: The latest moment; a date counts as the whole day.
            endpoint: The fal endpoint id.
            model: Such as ``"v4.5"``.
            backend: ``"fal"`` or ``"offline"``.
            favourite: Only favourites, or only others.
            newest_first: Or oldest first.

        Raises:
            RequestError: `since` or `until` is no date.
        """
        equal = {"endpoint": endpoint, "model": model, "backend": backend, "favourite": favourite}
        asked = filter_of(text, since, until, equal, newest_first)
        self.refresh()
        return Search(self, asked)

    def find(self, key: str, backend: str) -> Entry | None:
        """Return the newest result of an identical request, if there is one."""
        self._look()
        return self._first(Filter(("key = ?", "backend = ?"), (key, backend)))

    def get(self, request_id: str) -> Entry | None:
        """Return the result of a request id, if it is here."""
        self._look()
        return self.known(request_id)

    def known(self, request_id: str) -> Entry | None:
        """Return the result of a request id as it was last seen, without a look at the folders."""
        return self._first(Filter(("request_id = ?",), (request_id,)))

    def close(self) -> None:
        """Close the cache file; the next use opens it again."""
        self._cache.close()

    def _look(self) -> None:
        """Take in which results came and went."""
        self._cache.run(lambda db: scan.refresh(db, self._results, marks=False))

    def _first(self, asked: Filter) -> Entry | None:
        newest = "ORDER BY created DESC, request_id DESC LIMIT 1"
        rows = self._select(COLUMNS, asked, newest)
        return self._entry(rows[0]) if rows else None

    def _scan(self, db: sqlite3.Connection) -> None:
        scan.refresh(db, self._results)

    def _select(self, columns: str, asked: Filter, tail: str = "") -> list[Row]:
        """Return all rows at once, so that no reader holds up a writer."""

        def rows(db: sqlite3.Connection) -> list[Row]:
            where, values = asked.where(full_text=schema.has_words(db))
            query = f"SELECT {columns} FROM results WHERE {where} {tail}"
            return db.execute(query, values).fetchall()

        return self._cache.run(rows)

    def _entry(self, row: Row) -> Entry:
        return entry_of(row, str(self._results))


def _cache_path(root: Path) -> Path:
    from platformdirs import user_cache_path

    name = hashlib.sha256(str(root).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return user_cache_path("seedream_widgets", appauthor=False) / f"index-{name}.sqlite"
