"""The tables of the index."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

VERSION = 2

# A day with stamp 0 is read again at the next refresh. `skipped` holds the folders without a
# readable receipt, and the copies of a result that has its row already: those tell its id, and
# come up again (stamp -1) when that row goes.
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
  billable_units TEXT
);
CREATE UNIQUE INDEX folder ON results (day, name);
CREATE INDEX newest ON results (created, request_id);
CREATE INDEX twin ON results (key, backend, created) WHERE key IS NOT NULL;
CREATE TRIGGER copies AFTER DELETE ON results BEGIN
  UPDATE skipped SET stamp = -1 WHERE request_id = old.request_id;
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


def create(db: sqlite3.Connection, full_text: bool) -> None:
    """Create the tables in an empty database, with full-text search where SQLite has it.

    Raises:
        sqlite3.DatabaseError: The database is not empty, and not an index of this version.
    """
    import sqlite3

    if _version(db) == VERSION:
        return
    db.execute("BEGIN IMMEDIATE")
    try:
        if _version(db) == 0:
            words = _WORDS if full_text and _has_fts5(db) else ""
            _run(db, f"{_TABLES}{words}PRAGMA user_version = {VERSION};")
        elif _version(db) != VERSION:
            raise sqlite3.DatabaseError("an index of another version")
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def has_words(db: sqlite3.Connection) -> bool:
    """Tell whether this index has full-text search."""
    found = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'words'").fetchone()
    return found is not None


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
    """Run statements inside the open transaction, which `executescript` would commit."""
    import sqlite3

    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            db.execute(statement)
            statement = ""
