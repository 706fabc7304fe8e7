"""Where a library's files are: ``results/<day>/<slug>-<request id>/receipt.json``."""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from seedream_widgets.files import put_in_place, read_file, read_json
from seedream_widgets.library.processes import this_process
from seedream_widgets.values.receipt import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

STAGING = ".staging"
RESULTS = "results"
RECEIPT = "receipt.json"


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
                yield _as_text(entry.name) or "", os.stat(entry.path).st_mtime_ns
            except FileNotFoundError:
                continue


def names(parent: Path, known: Collection[str]) -> set[str] | None:
    """Return the names of the folders in `parent`, ``None`` when it can't be read just now.

    Only what is not `known` is looked at.
    """
    try:
        with os.scandir(parent) as found:
            named = ((_as_text(entry.name), entry) for entry in found)
            return {name for name, entry in named if name and (name in known or _is_folder(entry))}
    except (FileNotFoundError, NotADirectoryError):
        return set()
    except OSError:
        return None


def _is_folder(entry: os.DirEntry[str]) -> bool:
    if entry.name.startswith(".") or _as_text(entry.name) is None:
        return False
    return entry.is_dir(follow_symlinks=False) or (entry.is_symlink() and os.path.isdir(entry.path))


def _as_text(name: str) -> str | None:
    """Return a file name as Unicode whatever this process's locale is, ``None`` for other bytes."""
    if name.isascii():
        return name
    try:
        return os.fsencode(name).decode()
    except UnicodeDecodeError:
        return None


def path_of(results: Path | str, day: str, name: str) -> str:
    """Return the folder of a result as this process's locale has it."""
    there = f"{results}/{day}/{name}"
    return there if there.isascii() else f"{results}/{_on_disk(day)}/{_on_disk(name)}"


def _on_disk(text: str) -> str:
    return os.fsdecode(text.encode())


def text_of(folder: Path) -> tuple[str, str]:
    """Return day and name of a result's folder as the index keeps them."""
    day, name = folder.parent.name, folder.name
    return _as_text(day) or day, _as_text(name) or name


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
        data = read_file(f"{folder}/{RECEIPT}", MAX_BYTES)
        value = read_json(data) if data is not None else None
    except (FileNotFoundError, NotADirectoryError, ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def make_private(folder: Path, root: Path) -> Path:
    """Make `folder` and what it lies in, private from `root` down, and return it."""
    if folder.is_dir():
        return folder
    missing = [each for each in (folder, *folder.parents) if not each.is_dir()]
    for each in reversed(missing):
        ours = each == root or root in each.parents
        each.mkdir(mode=0o700 if ours else 0o777, exist_ok=True)
        _sync_folder(each.parent)
    return folder


def staging(name: str, root: Path) -> Path:
    """Return where this process puts what is not whole yet; `sweep` tells by it whose it is."""
    return root / STAGING / f"{name}.{this_process()}"


def make_stage(folder: Path, root: Path) -> Path:
    """Make a folder of `staging` and return it; a power cut may take it, until `put` moves it."""
    make_private(folder.parent, root)
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def private(path: str, flags: int) -> int:
    """Open a file that its owner alone may read, as `open` takes it for its ``opener``."""
    return os.open(path, flags, 0o600)


def write_private(path: Path, data: bytes, root: Path, *, lasting: bool = True) -> None:
    """Write a file below `root` whole or not at all, and have it on the disk if it is to last."""
    part = staging(uuid4().hex, root)
    make_private(part.parent, root)
    try:
        with open(part, "xb", opener=private) as file:
            file.write(data)
            if lasting:
                file.flush()
                os.fsync(file.fileno())
        put(part, path, root, lasting=lasting)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def put(part: Path, path: Path, root: Path, *, lasting: bool = True) -> None:
    """Move a synced file or folder of `staging` to its place, and have the move on the disk.

    Where the place is on another disk (``results`` or ``inputs`` may be a link or a mount), a
    copy is made there first, so that it still appears whole. What is not to be `lasting` need not
    be synced, and neither is the move.
    """
    make_private(path.parent, root)
    try:
        put_in_place(part, path)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        near = root / path.relative_to(root).parts[0] / STAGING / part.name
        make_private(near.parent, root)
        shutil.copytree(part, near) if part.is_dir() else shutil.copy2(part, near)
        sync(near)
        put_in_place(near, path)
        shutil.rmtree(part, ignore_errors=True) if part.is_dir() else part.unlink()
    if lasting:
        _sync_folder(path.parent)


def sync(path: Path) -> None:
    """Have a file, or a folder and the files in it, on the disk, so that no power cut takes it."""
    if path.is_dir():
        for each in path.iterdir():
            sync(each)
        _sync_folder(path)
        return
    with open(path, "r+b") as file:  # Windows syncs only what is open for writing
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # can't open folders; NTFS keeps their changes in its own journal
        return
    try:
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:  # some network disks can't; a parent may be closed to us
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.EACCES):
            raise


def sweep(root: Path, follows: Callable[[str, float], bool]) -> None:
    """Take away what processes that have ended were about to make below `root`.

    Args:
        root: The library's folder.
        follows: Tells whether a named process still lives, see `Leases.follows`.
    """
    for folder in (root / STAGING, *root.glob(f"*/{STAGING}")):
        if folder.is_symlink():  # never ours: what it leads to is somebody else's
            continue
        for path in folder.glob("*"):
            with suppress(OSError):  # another process is faster, or it is only read
                if follows(path.name.rpartition(".")[2], path.stat().st_mtime):
                    continue
                shutil.rmtree(path) if path.is_dir() else path.unlink()
