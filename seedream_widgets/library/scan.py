"""Bring the index up to date with the folders, reading only what changed."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from seedream_widgets.library import folder as layout
from seedream_widgets.library.cache import writing
from seedream_widgets.library.entry import COLUMNS, Row, row_of

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

_SETTLED_NS = 2_000_000_000
"""A file system may tell time in steps this coarse: a younger folder may change unseen."""
_PASSES = 3
_INSERT = f"INSERT INTO results ({COLUMNS}) VALUES ({', '.join('?' * 14)})"
_SKIP = "INSERT OR REPLACE INTO skipped (day, name, stamp, request_id) VALUES (?, ?, ?, ?)"


@dataclass
class _Changes:
    """Gather what a day's folders hold that the index does not."""

    vanished: set[str] = field(default_factory=set)
    fresh: set[str] = field(default_factory=set)
    rows: list[Row] = field(default_factory=list)
    bad: list[tuple[str, int]] = field(default_factory=list)
    marks: list[tuple[bool, str]] = field(default_factory=list)
    whole: bool = True

    def __bool__(self) -> bool:
        return bool(self.vanished or self.rows or self.bad or self.marks)


def refresh(db: sqlite3.Connection, results: Path, *, marks: bool = True) -> None:
    """Bring the index up to date; where a result vanished, look again for copies of it.

    Without `marks` a busy day is only asked for names: what came and went is seen, and whether
    what stayed is a favourite, a look at each folder, waits until the day is quiet.
    """
    for _ in range(_PASSES):
        if not _refresh_once(db, results, marks):
            return


def insert(db: sqlite3.Connection, results: Path, row: Row) -> None:
    """Add one row at once; its day is read again later, as others may have changed it too."""
    with writing(db):
        db.execute("INSERT OR IGNORE INTO days VALUES (?, 0)", row[:1])
        db.execute("DELETE FROM skipped WHERE day = ? AND name = ?", row[:2])
        _place(db, results, row)


def _refresh_once(db: sqlite3.Connection, results: Path, marks: bool) -> bool:
    """Read the changed days; tell whether a result vanished."""
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
    """Return the skipped folders, by day, whose receipt is another than the one skipped."""
    retry: dict[str, set[str]] = {}
    for day, name, stamp in db.execute(
        "SELECT day, name, stamp FROM skipped LIMIT 1000"
    ).fetchall():
        if layout.receipt_changed(f"{results}/{day}/{name}") != stamp:
            retry.setdefault(day, set()).add(name)
    return retry


def _changes(
    db: sqlite3.Connection, results: Path, day: str, retry: set[str], marks: bool
) -> _Changes:
    # What is known is asked before the folder: what others add in between is not "vanished".
    known = dict(db.execute("SELECT name, favourite FROM results WHERE day = ?", (day,)).fetchall())
    skipped = {name for (name,) in db.execute("SELECT name FROM skipped WHERE day = ?", (day,))}
    before = known.keys() | skipped
    there = layout.names(results / day, before)
    if there is None:
        return _Changes(whole=False)
    changes = _Changes(vanished=before - there)
    changes.fresh = there - known.keys() - (skipped - retry)
    for name in known.keys() & there if marks else ():
        favourite = layout.is_favourite(f"{results}/{day}/{name}")
        if favourite != known[name]:
            changes.marks.append((favourite, name))
    for name in changes.fresh:
        _read(changes, f"{results}/{day}/{name}", day, name)
    return changes


def _read(changes: _Changes, folder: str, day: str, name: str) -> None:
    stamp = layout.receipt_changed(folder)
    try:
        receipt = layout.read_receipt(folder)
    except OSError:
        changes.whole = False
        return
    row = receipt and row_of(receipt, day, name, layout.is_favourite(folder))
    if row:
        changes.rows.append(row)
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
        db.executemany(
            "UPDATE results SET favourite = ? WHERE day = ? AND name = ?",
            [(favourite, day, name) for favourite, name in changes.marks],
        )
        for row in changes.rows:
            _place(db, results, row)
        db.executemany(_SKIP, [(day, name, stamp, None) for name, stamp in changes.bad])


def _place(db: sqlite3.Connection, results: Path, row: Row) -> None:
    """Insert a row, unless its request id has one: then keep the one whose folder is there."""
    day, name, request_id = row[:3]
    asked = "SELECT day, name FROM results WHERE request_id = ?"
    holder = db.execute(asked, (request_id,)).fetchone()
    if holder and holder != (day, name) and os.path.isdir(f"{results}/{holder[0]}/{holder[1]}"):
        stamp = layout.receipt_changed(f"{results}/{day}/{name}")
        db.execute(_SKIP, (day, name, stamp, request_id))
        return
    db.execute("DELETE FROM results WHERE request_id = ?", (request_id,))
    db.execute("DELETE FROM results WHERE day = ? AND name = ?", (day, name))
    db.execute(_INSERT, row)


def _settle(db: sqlite3.Connection, stamps: list[tuple[int, str]], gone: set[str]) -> None:
    """Mark days as read, once all that was read of them is sure to be on the disk."""
    if not (stamps or gone):
        return
    with writing(db, durable=True):
        db.executemany("UPDATE days SET stamp = ? WHERE day = ?", stamps)
        db.executemany("DELETE FROM days WHERE day = ?", [(day,) for day in gone])
