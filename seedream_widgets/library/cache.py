"""The index's SQLite file: opened late, shared by processes, given up rather than failing."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TypeVar

from seedream_widgets.library import schema

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator
    from pathlib import Path

T = TypeVar("T")
_BUSY_SECONDS = 5.0


class Cache:
    """Hold one connection to the file at `path`; in memory where the file can't be used.

    A corrupt file, or one of another version, is deleted and made anew. A locked or read-only
    one is left alone. Whatever is new is filled by `fill` before it is read.
    """

    def __init__(
        self, path: Path, fill: Callable[[sqlite3.Connection], None], *, full_text: bool = True
    ) -> None:
        self._path: Path | None = path
        self._fill = fill
        self._full_text = full_text
        self._anew = False
        self._start()
        self._left: list[sqlite3.Connection] = []

    def __del__(self) -> None:
        with suppress(Exception):
            self.close()

    def _start(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.RLock()
        self._db: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._filled = False

    @property
    def in_memory(self) -> bool:
        """Whether the file was given up."""
        return self._path is None

    def run(self, work: Callable[[sqlite3.Connection], T], *, filled: bool = True) -> T:
        """Return what `work` makes of the connection; it may run twice, and must not mind.

        It has read all it needs when it returns: an open cursor would hold others up.
        """
        import sqlite3

        self._notice_fork()
        with self._lock:
            while True:
                try:
                    db = self._open()
                    if filled and not self._filled:
                        self._fill(db)
                        self._filled = True
                    return work(db)
                except (sqlite3.DatabaseError, OSError) as error:
                    if self._path is None:
                        raise
                    self._retreat(error)

    def refresh(self) -> None:
        """Fill the index with what is new."""
        self._notice_fork()
        with self._lock:
            self._filled = False
            self.run(lambda db: None)

    def close(self) -> None:
        """Close the connection; the next use opens it again."""
        self._notice_fork()
        with self._lock:
            if self._db is not None:
                self._db.close()
            self._db, self._filled = None, False

    def _notice_fork(self) -> None:
        """Start anew in a forked child: closing or using a parent's connection harms its file."""
        if self._pid == os.getpid():
            return
        if self._db is not None:
            self._left.append(self._db)
        self._start()

    def _open(self) -> sqlite3.Connection:
        import sqlite3

        if self._db is not None and (self._path is None or _identity(self._path) == self._file):
            return self._db
        self.close()
        if self._path is not None:
            _create_private(self._path)
            self._file = _identity(self._path)
        where = self._path or ":memory:"
        self._db = sqlite3.connect(
            where, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        # No WAL: it needs memory shared by all users of the file, which a network folder has not.
        self._db.execute("PRAGMA journal_mode = TRUNCATE").fetchall()
        self._db.execute("PRAGMA synchronous = OFF")
        schema.create(self._db, self._full_text)
        return self._db

    def _retreat(self, error: Exception) -> None:
        """Go on with a new file, or in memory when that can't help or was tried before."""
        ours = self._path is not None and _identity(self._path) == self._file
        with suppress(Exception):
            self.close()
        self._db, self._filled = None, False
        if self._anew or _is_in_use(error) or isinstance(error, OSError):
            self._path = None
        elif ours and self._path is not None:
            self._anew = True
            try:
                _delete(self._path)
            except OSError:
                self._path = None


@contextmanager
def writing(db: sqlite3.Connection, *, durable: bool = False) -> Iterator[None]:
    """Make one transaction; `durable` also outlasts a power cut, with all that came before."""
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


def _is_in_use(error: Exception) -> bool:
    """Tell whether the file may serve others well: locked, or with a search this SQLite lacks."""
    return any(words in str(error) for words in ("locked", "locking", "no such module"))


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _create_private(path: Path) -> None:
    """Create an empty file that only its owner reads: prompts are private.

    One that exists is not even opened: closing it would drop this process's other locks on it.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _delete(path: Path) -> None:
    """Delete the file, its journal first: a journal left alone would be played into the next."""
    for ending in ("-journal", "-wal", "-shm", ""):
        path.with_name(path.name + ending).unlink(missing_ok=True)
