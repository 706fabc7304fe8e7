"""A library's files, such as ``results/<day>/<slug>-<request id>/receipt.json``: list and write."""

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

    A missing `parent` has none; ``None`` means that it can't be read at the moment.
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
    """Return the names of the folders in `parent`, or ``None`` if it can't be read at the moment.

    Names that are `known` to be folders are not checked.
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
    """Return a file name as Unicode, whatever the process's locale, or ``None`` if it is not."""
    if name.isascii():
        return name
    try:
        return os.fsencode(name).decode()
    except UnicodeDecodeError:
        return None


def path_of(results: Path | str, day: str, name: str) -> str:
    """Return the folder of a result, encoded for this process's locale."""
    there = f"{results}/{day}/{name}"
    return there if there.isascii() else f"{results}/{_on_disk(day)}/{_on_disk(name)}"


def _on_disk(text: str) -> str:
    return os.fsdecode(text.encode())


def text_of(folder: Path) -> tuple[str, str]:
    """Return day and name of a result's folder as the index keeps them."""
    day, name = folder.parent.name, folder.name
    return _as_text(day) or day, _as_text(name) or name


def receipt_changed(folder: str) -> int:
    """Return when a folder's receipt was changed, in nanoseconds; 0 if there is none."""
    try:
        return os.stat(f"{folder}/{RECEIPT}").st_mtime_ns
    except OSError:
        return 0


def read_receipt(folder: str) -> dict[str, Any] | None:
    """Return a folder's receipt as data, or ``None`` if it is missing or not valid JSON.

    Raises:
        OSError: It is there, but can't be read at the moment.
    """
    try:
        data = read_file(f"{folder}/{RECEIPT}", MAX_BYTES)
        value = read_json(data) if data is not None else None
    except (FileNotFoundError, NotADirectoryError, ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def make_private(folder: Path, root: Path) -> Path:
    """Make `folder` and its parents, private from `root` down, and return it."""
    if folder.is_dir():
        return folder
    missing = [each for each in (folder, *folder.parents) if not each.is_dir()]
    for each in reversed(missing):
        ours = each == root or root in each.parents
        each.mkdir(mode=0o700 if ours else 0o777, exist_ok=True)
        _sync_folder(each.parent)
    return folder


def staging(name: str, root: Path) -> Path:
    """Return a path for an incomplete file or folder; its name tells `sweep` the process."""
    return root / STAGING / f"{name}.{this_process()}"


def make_stage(folder: Path, root: Path) -> Path:
    """Make a staging folder and return it; it survives a power cut only once `put` has moved it."""
    make_private(folder.parent, root)
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def private(path: str, flags: int) -> int:
    """An ``opener`` for `open` that makes a new file readable only by its owner."""
    return os.open(path, flags, 0o600)


def write_private(path: Path, data: bytes, root: Path, *, lasting: bool = True) -> None:
    """Write a file below `root`, whole or not at all; synced to the disk if `lasting`."""
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
    """Move a synced file or folder from `staging` to its place, and sync the move if `lasting`.

    If the place is on another disk (``results`` or ``inputs`` may be a link or a mount), it is
    first copied there, so that it still appears whole at once. A file that is not `lasting` need
    not be synced before.
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
    """Sync a file, or a folder with its files, to the disk, so that it survives a power cut."""
    if path.is_dir():
        for each in path.iterdir():
            sync(each)
        _sync_folder(path)
        return
    with open(path, "r+b") as file:  # Windows only syncs files that are open for writing
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # Windows can't open folders, but NTFS journals changes to them
        return
    try:
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:  # some network disks can't; a parent may not be readable
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.EACCES):
            raise


def sweep(root: Path, follows: Callable[[str, float], bool]) -> None:
    """Delete what processes that have ended left in the staging folders.

    Args:
        root: The library's folder.
        follows: Tells whether a process is still alive, see `Leases.follows`.
    """
    for folder in (root / STAGING, *root.glob(f"*/{STAGING}")):
        if folder.is_symlink():  # not made by us, so its target belongs to somebody else
            continue
        for path in folder.glob("*"):
            with suppress(OSError):  # another process was faster, or it is read-only
                if follows(path.name.rpartition(".")[2], path.stat().st_mtime):
                    continue
                shutil.rmtree(path) if path.is_dir() else path.unlink()
