"""The search index of a library: an SQLite cache of its receipts, rebuilt from them at any time."""

from __future__ import annotations

import hashlib
import logging
import os
import time
import weakref
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from seedream_widgets.errors import SeedreamError
from seedream_widgets.files import cache_folder, delete
from seedream_widgets.library import folder as layout
from seedream_widgets.library.entry import (
    COLUMNS,
    Entry,
    Link,
    Row,
    clean,
    entry_of,
    links_of,
    pixels_of,
    row_of,
)
from seedream_widgets.library.search import Filter, Search, filter_of
from seedream_widgets.values.marks import read_marks

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Sequence

_log = logging.getLogger(__name__)
_SETTLED_NS = 2_000_000_000
"""File times may be as coarse as this, so a folder changed more recently may change unseen."""
_PASSES = 3
_INSERT = f"INSERT INTO results ({COLUMNS}) VALUES ({', '.join('?' * 16)})"
_MARK = "UPDATE results SET favourite = ?, rating = ? WHERE day = ? AND name = ?"
_LINK = "INSERT INTO pictures (result, digest, number, made) VALUES (?, ?, ?, ?)"
_LEARN = (
    "UPDATE pictures SET digest = ? WHERE made = 1"
    " AND result = (SELECT id FROM results WHERE request_id = ?) AND number = ? AND digest = ?"
)
_MOST_PIXELS = 200_000_000
"""The most pixels decoded in one go to recognise a picture (about 8 s); the next call goes on."""
_SKIP = "INSERT OR REPLACE INTO skipped (day, name, stamp, request_id) VALUES (?, ?, ?, ?)"


@dataclass
class _Changes:
    """The differences between a day's folders and the index."""

    vanished: set[str] = field(default_factory=set)
    fresh: set[str] = field(default_factory=set)
    rows: list[tuple[Row, list[Link]]] = field(default_factory=list)
    bad: list[tuple[str, int]] = field(default_factory=list)
    marked: list[str] = field(default_factory=list)
    whole: bool = True

    def __bool__(self) -> bool:
        return bool(self.vanished or self.rows or self.bad or self.marked)


def refresh(db: sqlite3.Connection, results: Path, *, marks: bool = True) -> None:
    """Bring the index up to date; if a result has vanished, look again for copies of it.

    Reading marks takes a look at each folder. Without `marks`, only the names of folders are
    listed on a day that is still changing, and their marks are read once it no longer does.
    """
    for _ in range(_PASSES):
        if not _refresh_once(db, results, marks):
            return


def insert(db: sqlite3.Connection, results: Path, row: Row, links: list[Link]) -> None:
    """Add one row now; its day is read again later, as others may have changed it too."""
    with writing(db):
        db.execute("INSERT OR IGNORE INTO days VALUES (?, 0)", row[:1])
        db.execute("DELETE FROM skipped WHERE day = ? AND name = ?", row[:2])
        _place(db, results, row, links)


def _refresh_once(db: sqlite3.Connection, results: Path, marks: bool) -> bool:
    """Read the changed days, and return whether a result has vanished."""
    retry = _changed_receipts(db, results)
    known = dict(db.execute("SELECT day, stamp FROM days").fetchall())
    now = time.time_ns()
    found = layout.folders(results)
    if found is None:
        return False
    vanished, stamps = False, []
    for day, stamp in [*found.items(), *((day, 0) for day in known.keys() - found.keys())]:
        if known.get(day) == stamp != 0 and day not in retry:
            continue
        quiet = now - stamp > _SETTLED_NS
        changes = _changes(db, results, day, retry.get(day, set()), marks or quiet)
        _write(db, results, day, changes, is_new=day not in known)
        vanished = vanished or bool(changes.vanished)
        settled = stamp if changes.whole and quiet else 0
        if settled != known.get(day, 0):
            stamps.append((settled, day))
    _settle(db, stamps, known.keys() - found.keys())
    return vanished


def _changed_receipts(db: sqlite3.Connection, results: Path) -> dict[str, set[str]]:
    """Return the skipped folders, by day, whose receipt has changed since."""
    retry: dict[str, set[str]] = {}
    for day, name, stamp in db.execute(
        "SELECT day, name, stamp FROM skipped LIMIT 1000"
    ).fetchall():
        if layout.receipt_changed(layout.path_of(results, day, name)) != stamp:
            retry.setdefault(day, set()).add(name)
    return retry


def _changes(
    db: sqlite3.Connection, results: Path, day: str, retry: set[str], marks: bool
) -> _Changes:
    # The index is read before the folder, so that what others add in between is not "vanished".
    asked = "SELECT name, favourite, rating FROM results WHERE day = ?"
    known = {name: marks for name, *marks in db.execute(asked, (day,)).fetchall()}
    skipped = {name for (name,) in db.execute("SELECT name FROM skipped WHERE day = ?", (day,))}
    before = known.keys() | skipped
    there = layout.names(results / os.fsdecode(day.encode()), before)
    if there is None:
        return _Changes(whole=False)
    changes = _Changes(vanished=before - there)
    changes.fresh = there - known.keys() - (skipped - retry)
    for name in known.keys() & there if marks else ():
        if [*read_marks(layout.path_of(results, day, name))] != known[name]:
            changes.marked.append(name)
    for name in changes.fresh:
        _read(changes, layout.path_of(results, day, name), day, name)
    return changes


def _read(changes: _Changes, folder: str, day: str, name: str) -> None:
    stamp = layout.receipt_changed(folder)
    try:
        receipt = layout.read_receipt(folder)
    except OSError:
        changes.whole = False
        return
    row = receipt and row_of(receipt, day, name)
    if receipt and row:
        changes.rows.append((row, links_of(receipt)))
    else:
        young = stamp and time.time_ns() - stamp <= _SETTLED_NS
        changes.bad.append((name, -1 if young else stamp))


def _write(
    db: sqlite3.Connection, results: Path, day: str, changes: _Changes, *, is_new: bool
) -> None:
    if not (changes or is_new):
        return
    gone = [(day, name) for name in changes.vanished]
    unskipped = [(day, name) for name in changes.vanished | changes.fresh]
    with writing(db):
        db.execute("INSERT OR IGNORE INTO days VALUES (?, 0)", (day,))
        db.executemany("DELETE FROM results WHERE day = ? AND name = ?", gone)
        db.executemany("DELETE FROM skipped WHERE day = ? AND name = ?", unskipped)
        for name in changes.marked:  # read again under the lock, so that no older marks win
            db.execute(_MARK, (*read_marks(layout.path_of(results, day, name)), day, name))
        for row, links in changes.rows:
            _place(db, results, row, links)
        db.executemany(_SKIP, [(day, name, stamp, None) for name, stamp in changes.bad])


def _place(db: sqlite3.Connection, results: Path, row: Row, links: list[Link]) -> None:
    """Insert a row; if its request id has one already, keep the one whose folder exists."""
    day, name, request_id = row[:3]
    asked = "SELECT day, name FROM results WHERE request_id = ?"
    holder = db.execute(asked, (request_id,)).fetchone()
    folder = layout.path_of(results, day, name)
    if holder and holder != (day, name) and os.path.isdir(layout.path_of(results, *holder)):
        db.execute(_SKIP, (day, name, layout.receipt_changed(folder), request_id))
        return
    db.execute("DELETE FROM results WHERE request_id = ?", (request_id,))
    db.execute("DELETE FROM results WHERE day = ? AND name = ?", (day, name))
    number = db.execute(_INSERT, (*row, *read_marks(folder))).lastrowid
    db.executemany(_LINK, [(number, *link) for link in links])


def _settle(db: sqlite3.Connection, stamps: list[tuple[int, str]], gone: set[str]) -> None:
    """Mark days as read, once everything read from them is safely on the disk."""
    if not (stamps or gone):
        return
    with writing(db, durable=True):
        db.executemany("UPDATE days SET stamp = ? WHERE day = ?", stamps)
        db.executemany("DELETE FROM days WHERE day = ?", [(day,) for day in gone])


T = TypeVar("T")
_NO_WAL = "PRAGMA journal_mode = TRUNCATE"
"""A WAL needs memory shared by all users of the file, which network folders don't have."""
_BUSY_SECONDS = 5.0
_TRIES = 5
"""More than one, as processes that meet a corrupt file together may delete it for each other."""
_AGAIN_SECONDS = 30.0
"""How long to wait before a file that can't be used is tried again."""


class Cache:
    """Runs work on the SQLite file at `path`, on a connection that nobody else uses meanwhile.

    A connection stays open between two calls, as opening one takes longer than a query; but not on
    Windows, where an open file can't be deleted.

    A corrupt file, or one of another version, is deleted and created again; `fill` fills a new one.
    If the file can't be used (locked, or on a full or read-only disk), the folders are read for
    each call instead, and `trouble` says why.
    """

    def __init__(self, path: Path, fill: Callable[[sqlite3.Connection], None]) -> None:
        self._path, self._fill = path, fill
        self.trouble: str | None = None
        self._again = 0.0
        self._idle: dict[int, tuple[sqlite3.Connection, tuple[int, int]]] = {}
        """The open connection and its file, by process id, as connections must not cross a fork."""
        weakref.finalize(self, _close, self._idle)

    def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Return what `work` returns for the connection; it may have to run twice.

        It must have read all it needs when it returns: an open cursor would block others.
        """
        import sqlite3

        if self.trouble and time.monotonic() < self._again:
            return self._walk(work)
        for left in reversed(range(_TRIES)):
            before = _identity(self._path)
            try:
                if before is None:
                    _create_private(self._path)
                found = self._run_on(before, work)
                self.trouble = None
                return found
            except (sqlite3.DatabaseError, OSError) as error:
                if not left or isinstance(error, OSError) or _is_in_use(error):
                    return self._give_up(work, error)
                try:
                    if _identity(self._path) == before:  # else another process has replaced it
                        _delete(self._path)
                except OSError as refused:
                    return self._give_up(work, refused)
        raise AssertionError("the last try returns")

    def _run_on(self, file: tuple[int, int] | None, work: Callable[[sqlite3.Connection], T]) -> T:
        kept, its = self._idle.pop(os.getpid(), (None, None))
        if kept and its != file:  # the inode of an open file is not used again
            kept.close()
            kept = None
        db = kept or self._open()
        try:
            if kept:  # check that the file is still usable
                db.execute(_NO_WAL).fetchall()
            found = work(db)
        except BaseException:
            db.close()
            raise
        if file is None or os.name == "nt" or os.getpid() in self._idle:
            db.close()
        else:
            self._idle[os.getpid()] = db, file
        return found

    def _open(self) -> sqlite3.Connection:
        import sqlite3

        how: dict[str, Any] = {"isolation_level": None, "check_same_thread": False}
        db: sqlite3.Connection = sqlite3.connect(self._path, timeout=_BUSY_SECONDS, **how)
        try:
            db.execute(_NO_WAL).fetchall()
            db.execute("PRAGMA synchronous = OFF")
            create(db)
            if not _is_filled(db):
                self._fill(db)
                db.execute("PRAGMA application_id = 1")
        except BaseException:
            db.close()
            raise
        return db

    def _give_up(self, work: Callable[[sqlite3.Connection], T], error: Exception) -> T:
        if self.trouble is None:
            _log.warning("%s can't be used (%s): searches read all folders", self._path, error)
        self.trouble, self._again = str(error), time.monotonic() + _AGAIN_SECONDS
        return self._walk(work)

    def _walk(self, work: Callable[[sqlite3.Connection], T]) -> T:
        import sqlite3

        with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
            create(db)
            self._fill(db)
            return work(db)


@contextmanager
def writing(db: sqlite3.Connection, *, durable: bool = False) -> Iterator[None]:
    """Run one transaction; if `durable`, it and all before it survive a power cut."""
    if durable:
        db.execute("PRAGMA synchronous = FULL")
    try:
        db.execute("BEGIN IMMEDIATE")
        try:
            yield
            db.execute("COMMIT")
        except BaseException:
            with suppress(Exception):
                db.execute("ROLLBACK")
            raise
    finally:
        if durable:
            db.execute("PRAGMA synchronous = OFF")


def _close(idle: dict[int, tuple[sqlite3.Connection, tuple[int, int]]]) -> None:
    if found := idle.pop(os.getpid(), None):
        found[0].close()


def _is_in_use(error: Exception) -> bool:
    """Tell whether the file may be good, but is locked or needs a module this SQLite lacks."""
    return any(words in str(error) for words in ("locked", "locking", "no such module"))


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _create_private(path: Path) -> None:
    """Create an empty file that only its owner can read, as prompts are private.

    An existing file is not even opened, as closing it would drop this process's other locks on it.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _delete(path: Path) -> None:
    """Delete the file, its journal first: a leftover journal would be applied to the next file."""
    for ending in ("-journal", "-wal", "-shm", ""):
        with suppress(FileNotFoundError):
            delete(path.with_name(path.name + ending))


VERSION = 5

# A day with stamp 0 is read again at the next refresh. `skipped` holds the folders without a
# readable receipt, and further copies of a result that has a row already: these have its request
# id, and are looked at again (stamp -1) when that row is deleted. `pictures` holds digests of each
# result's images (made = 1) and inputs (made = 0).
_TABLES = """
CREATE TABLE days (day TEXT PRIMARY KEY, stamp INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE skipped (
  day TEXT, name TEXT, stamp INTEGER NOT NULL, request_id TEXT, PRIMARY KEY (day, name)
) WITHOUT ROWID;
CREATE TABLE results (
  id INTEGER PRIMARY KEY,
  day TEXT NOT NULL, name TEXT NOT NULL,
  request_id TEXT NOT NULL UNIQUE, created INTEGER NOT NULL,
  prompt TEXT NOT NULL, endpoint TEXT NOT NULL, model TEXT NOT NULL, backend TEXT NOT NULL,
  seed INTEGER, images INTEGER NOT NULL, cost TEXT, favourite INTEGER NOT NULL, key TEXT,
  billable_units TEXT, rating INTEGER NOT NULL, asked INTEGER
);
CREATE UNIQUE INDEX folder ON results (day, name);
CREATE INDEX newest ON results (created, request_id);
CREATE INDEX twin ON results (key, backend, created) WHERE key IS NOT NULL;
CREATE TRIGGER copies AFTER DELETE ON results BEGIN
  UPDATE skipped SET stamp = -1 WHERE request_id = old.request_id;
END;
CREATE TABLE pictures (
  result INTEGER NOT NULL, digest TEXT NOT NULL, number INTEGER NOT NULL, made INTEGER NOT NULL
);
CREATE INDEX known_by ON pictures (digest, made);
CREATE INDEX pictures_of ON pictures (result);
CREATE TRIGGER gone AFTER DELETE ON results BEGIN
  DELETE FROM pictures WHERE result = old.id;
END;
"""
_WORDS = """
CREATE VIRTUAL TABLE words USING fts5(prompt, content='results', content_rowid='id');
CREATE TRIGGER told AFTER INSERT ON results BEGIN
  INSERT INTO words (rowid, prompt) VALUES (new.id, new.prompt);
END;
CREATE TRIGGER untold AFTER DELETE ON results BEGIN
  INSERT INTO words (words, rowid, prompt) VALUES ('delete', old.id, old.prompt);
END;
"""


def create(db: sqlite3.Connection) -> None:
    """Create the tables in an empty database, with full-text search if SQLite has it.

    Raises:
        sqlite3.DatabaseError: The database is not empty, and not an index of this version.
    """
    import sqlite3

    if _version(db) == VERSION:
        return
    with writing(db):
        if _version(db) == 0:
            words = _WORDS if _has_fts5(db) else ""
            _run(db, f"{_TABLES}{words}PRAGMA user_version = {VERSION};")
        elif _version(db) != VERSION:
            raise sqlite3.DatabaseError("an index of another version")


def has_words(db: sqlite3.Connection) -> bool:
    """Tell whether this index has full-text search."""
    found = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'words'").fetchone()
    return found is not None


def _is_filled(db: sqlite3.Connection) -> bool:
    """Tell whether all folders have been read; the process that created it may not have done so."""
    return bool(db.execute("PRAGMA application_id").fetchone()[0])


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def _has_fts5(db: sqlite3.Connection) -> bool:
    import sqlite3

    try:
        db.execute("CREATE VIRTUAL TABLE temp.probe USING fts5(prompt)")
        db.execute("DROP TABLE temp.probe")
    except sqlite3.OperationalError:
        return False
    return True


def _run(db: sqlite3.Connection, script: str) -> None:
    """Run a script in the open transaction, which `executescript` would commit."""
    import sqlite3

    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            db.execute(statement)
            statement = ""


class Index:
    """A search index of the library at `root`, for many threads and processes at once.

    Args:
        root: The library's folder, which holds ``results/<day>/<slug>-<request id>/``.
        cache: The SQLite file to use; by default one for each root in the user's cache folder.
    """

    def __init__(self, root: Path, cache: Path | None = None) -> None:
        self._root = Path(os.path.realpath(root))  # of links in a circle `resolve` makes an error
        self._results = self._root / layout.RESULTS
        self._cache = Cache(cache or _cache_path(self._root), self._scan)

    def __repr__(self) -> str:
        return f"Index({str(self._root)!r})"

    @property
    def trouble(self) -> str | None:
        """Why the cache file can't be used, so that each query reads all folders; else ``None``."""
        return self._cache.trouble

    @property
    def unreadable(self) -> int:
        """How many result folders have no readable receipt."""
        self.refresh()
        asked = "SELECT COUNT(*) FROM skipped WHERE request_id IS NULL"
        return int(self._run(lambda db: db.execute(asked).fetchone()[0]))

    def refresh(self) -> None:
        """Update the index from the folders; this looks at each day's folder."""
        self._run(self._scan)

    def add(self, folder: Path, receipt: dict[str, Any]) -> None:
        """Add a result that has just been saved; repeating that changes nothing."""
        folder = Path(folder)
        row = row_of(receipt, *layout.text_of(folder))
        if row is not None:
            links = links_of(receipt)
            self._run(lambda db: insert(db, self._results, row, links))

    def search(self, text: str = "", **asked: Any) -> Search:
        """Return the results that match all arguments, which are those of `filter_of`."""
        wanted = filter_of(text, **asked)
        self.refresh()
        return Search(self, wanted)

    def identical(self, key: str, backend: str) -> list[Entry]:
        """Return the newest results of identical requests, up to 20, newest first."""
        self._look()
        return self._newest(Filter(("key = ?", "backend = ?"), (key, backend)), 20)

    def linked(
        self, digests: Sequence[str], *, made: bool, size: str = ""
    ) -> list[tuple[Entry, str, int]]:
        """Return the results that made a picture with one of these digests, or that used it.

        Newest first, up to 1,000, each with the digest of the picture's file and the picture's
        number, from 1. If there are none, pictures of `size` whose pixels have no digest yet are
        decoded, the newest first, up to `_MOST_PIXELS`.
        """
        self._look()
        known, size = [*map(clean, digests)], clean(size)
        marks = ", ".join("?" * len(known))
        file = (
            "(SELECT digest FROM pictures AS of WHERE of.result = results.id AND"
            " of.made = pictures.made AND of.number = pictures.number ORDER BY rowid LIMIT 1)"
        )
        asked = (
            f"SELECT DISTINCT {COLUMNS}, {file}, number FROM results"
            f" JOIN pictures ON pictures.result = results.id"
            f" WHERE made = ? AND digest IN ({marks}) ORDER BY created DESC LIMIT 1000"
        )

        def rows(db: sqlite3.Connection) -> list[Row]:
            found = db.execute(asked, (int(made), *known)).fetchall()
            if size and not found and self._look_at_pixels(db, "digest = ?", size):
                found = db.execute(asked, (int(made), *known)).fetchall()
            return found

        return [(self.entry(row), row[-2], row[-1]) for row in self._run(rows)]

    def made_by(self, request_id: str) -> list[str]:
        """Return all digests of a result's pictures, of their files and their pixels."""
        asked = (
            "SELECT digest FROM pictures JOIN results ON pictures.result = results.id"
            " WHERE made = 1 AND request_id = ? AND digest <> '' AND digest NOT LIKE '%x%'"
        )

        def digests(db: sqlite3.Connection) -> list[str]:
            self._look_at_pixels(db, "request_id = ?", request_id)
            return [digest for (digest,) in db.execute(asked, (request_id,)).fetchall()]

        self._look()
        return self._run(digests)

    def _look_at_pixels(self, db: sqlite3.Connection, which: str, value: str) -> int:
        """Replace sizes by digests of pixels, and return how many pictures were decoded.

        This is done only when needed, as few pictures ever become an input, and decoding one
        takes longer than all else that is done for a result.
        """
        asked = (
            f"SELECT {COLUMNS}, number, digest FROM results"
            f" JOIN pictures ON pictures.result = results.id"
            f" WHERE made = 1 AND digest LIKE '%x%' AND {which} ORDER BY created DESC LIMIT 1000"
        )
        looked_at, left = 0, _MOST_PIXELS
        for row in db.execute(asked, (value,)).fetchall():
            *_, number, size = row
            width, _, height = size.partition("x")
            left -= int(width) * int(height)
            if looked_at and left < 0:
                break
            learned = (pixels_of(self.entry(row), number), row[2], number, size)
            with writing(db):
                db.execute(_LEARN, learned)
            looked_at += 1
        return looked_at

    def get(self, request_id: str) -> Entry | None:
        """Return the entry of a request id, if it is here."""
        self._look()
        return self.known(request_id)

    def known(self, request_id: str) -> Entry | None:
        """Return the entry of a request id as last seen, without looking at the folders."""
        found = self._newest(Filter(("request_id = ?",), (request_id,)), 1)
        return found[0] if found else None

    def _look(self) -> None:
        """Note which results have come and gone, but not all changed marks."""
        self._run(lambda db: refresh(db, self._results, marks=False))

    def _newest(self, asked: Filter, most: int) -> list[Entry]:
        newest = f"ORDER BY created DESC, request_id DESC LIMIT {most}"
        return [self.entry(row) for row in self.select(COLUMNS, asked, newest)]

    def _scan(self, db: sqlite3.Connection) -> None:
        refresh(db, self._results)

    def select(self, columns: str, asked: Filter, tail: str = "") -> list[Row]:
        """Return all rows at once, so that no reader blocks a writer."""

        def rows(db: sqlite3.Connection) -> list[Row]:
            where, values = asked.where(full_text=has_words(db))
            if (among := asked.among) is not None:
                db.create_function("among", 1, among.__contains__)
            query = f"SELECT {columns} FROM results WHERE {where} {tail}"
            found = db.execute(query, values).fetchall()
            if among is not None:
                db.create_function("among", 1, None)
            return found

        return self._run(rows)

    def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return self._cache.run(work)
        except ImportError as error:
            raise SeedreamError(
                f"this Python has no sqlite3 ({error}), which a search of the library needs; use a "
                f"Python that has it. The results themselves are the folders in {self._results}"
            ) from error

    def entry(self, row: Row) -> Entry:
        """Return the entry of a row of `COLUMNS`."""
        return entry_of(row, str(self._results))


def _cache_path(root: Path) -> Path:
    name = hashlib.sha256(str(root).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return cache_folder(root) / f"index-{name}.sqlite"
