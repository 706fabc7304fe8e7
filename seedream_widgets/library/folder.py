"""Where a library's files are: ``results/<day>/<slug>-<request id>/receipt.json``."""

from __future__ import annotations

import errno
import json
import os
import shutil
import stat
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from seedream_widgets.library.processes import follows, this_process

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

STAGING = ".staging"
RESULTS = "results"
RECEIPT = "receipt.json"
FAVOURITE = "favourite"
RECEIPT_LIMIT = 1 << 20
"""Bytes of a receipt that are read; a larger one is not ours."""


def folders(parent: Path) -> dict[str, int] | None:
    """Return the folders in `parent` and when each was changed, in nanoseconds.

    A missing `parent` has none; ``None`` means that it can't be read just now.
    """
    try:
        with os.scandir(parent) as found:
            return dict(_changed(found))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError:
        return None


def _changed(found: Iterator[os.DirEntry[str]]) -> Iterator[tuple[str, int]]:
    for entry in found:
        if _is_folder(entry):
            try:
                yield entry.name, os.stat(entry.path).st_mtime_ns
            except FileNotFoundError:
                continue


def names(parent: Path, known: Collection[str]) -> set[str] | None:
    """Return the names of the folders in `parent`, ``None`` when it can't be read just now.

    Only what is not `known` is looked at.
    """
    try:
        with os.scandir(parent) as found:
            return {entry.name for entry in found if entry.name in known or _is_folder(entry)}
    except (FileNotFoundError, NotADirectoryError):
        return set()
    except OSError:
        return None


def _is_folder(entry: os.DirEntry[str]) -> bool:
    name = entry.name
    if name.startswith(".") or not (name.isascii() or _is_text(name)):
        return False
    return entry.is_dir(follow_symlinks=False) or (entry.is_symlink() and os.path.isdir(entry.path))


def _is_text(name: str) -> bool:
    """Tell whether a file name is Unicode: other bytes come as surrogates, no database's text."""
    return name.encode("utf-8", "replace").decode() == name


def is_favourite(folder: str) -> bool:
    """Tell whether a result's folder holds the empty file ``favourite``."""
    return os.path.exists(f"{folder}/{FAVOURITE}")


def receipt_changed(folder: str) -> int:
    """Return when a folder's receipt was changed, in nanoseconds; 0 where there is none."""
    try:
        return os.stat(f"{folder}/{RECEIPT}").st_mtime_ns
    except OSError:
        return 0


def read_receipt(folder: str) -> dict[str, Any] | None:
    """Return a folder's receipt as data, ``None`` where it is missing or is none.

    Raises:
        OSError: It is there and can't be read just now.
    """
    try:
        data = read_file(f"{folder}/{RECEIPT}", RECEIPT_LIMIT)
        value = json.loads(data) if data is not None else None
    except (FileNotFoundError, NotADirectoryError, ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def read_file(path: str, limit: int) -> bytes | None:
    """Return a regular file's bytes, ``None`` where it is none or has more than `limit`.

    A pipe or a device by that name must neither block nor flood, and a link of a stranger's
    folder must not lead to other files.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        handle = os.open(path, flags | getattr(os, "O_NOFOLLOW", 0))
    except OSError as error:
        if error.errno == errno.ELOOP:
            return None
        raise
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return None
        with open(handle, "rb", closefd=False) as file:
            data = file.read(limit + 1)
        return data if len(data) <= limit else None
    finally:
        os.close(handle)


def make_private(folder: Path, root: Path) -> Path:
    """Make `folder` and what it lies in down from `root`, and return it."""
    if folder.is_dir():
        return folder
    for each in (*reversed(folder.relative_to(root).parents), folder):
        (root / each).mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def staging(name: str, root: Path) -> Path:
    """Return where this process puts what is not whole yet; `sweep` tells by it whose it is."""
    return root / STAGING / f"{name}.{this_process()}"


def write_private(path: Path, data: bytes, root: Path) -> None:
    """Write a file below `root` whole or not at all, and have it on the disk when done."""
    part = staging(uuid4().hex, root)
    make_private(part.parent, root)
    make_private(path.parent, root)
    try:
        with open(part, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def sweep(root: Path) -> None:
    """Take away what processes that have ended were about to make below `root`."""
    if (root / STAGING).is_symlink():  # never ours: what it leads to is somebody else's
        return
    for path in root.glob(f"{STAGING}/*"):
        with suppress(OSError):  # another process is faster, or it is only read
            if follows(path.name.rpartition(".")[2], path.stat().st_mtime):
                continue
            shutil.rmtree(path) if path.is_dir() else path.unlink()
