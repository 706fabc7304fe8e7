"""Small files that several processes and machines change in turn, one atomic step after another.

What decides between two writers is `Steps.create`: of all who create a name at once exactly one
succeeds. A folder has that, and so has an object store (a conditional put), which has no rename.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, NamedTuple, Protocol
from uuid import uuid4

from seedream_widgets.files import delete, patiently, put_in_place, read_file
from seedream_widgets.library.folder import make_private, private, staging

if TYPE_CHECKING:
    from pathlib import Path


class Found(NamedTuple):
    """Hold a file's bytes and when it was written, by the clock of its disk."""

    data: bytes
    touched: float


class Steps(Protocol):
    """Keep small files by name, such as ``journal/3f2a.2.json``.

    All but `touched` raise `OSError` where it can't be done.
    """

    def create(self, name: str, data: bytes, *, lasting: bool = False) -> bool:
        """Make a file with all of its bytes, or tell that there is one by that name.

        Args:
            name: Its name, folders by ``/``.
            data: Its bytes.
            lasting: Whether a power cut right afterwards must not lose it.

        Raises:
            OSError: It can't be written; there is none.
        """
        ...

    def read(self, name: str, limit: int) -> Found | None:
        """Return a file, ``None`` where there is none, or one of more bytes than `limit`."""
        ...

    def names(self, folder: str) -> list[str]:
        """Return the names of the files right in a folder, if it is there, without its own."""
        ...

    def delete(self, name: str) -> bool:
        """Take a file away, and tell whether it was there."""
        ...

    def clear(self, folder: str) -> None:
        """Take a folder away that nobody writes to any more, with the files right in it."""
        ...

    def move(self, name: str, to: str) -> bool:
        """Give a file another name that nobody has, and tell whether it was there.

        It needs no room, so it works on a full disk. Where there is no such thing: `OSError`.
        """
        ...

    def touch(self, name: str) -> float:
        """Mark an own file as written just now, made where it is not, and return that moment."""
        ...

    def touched(self, name: str) -> float:
        """Return when a file was last written or touched; 0 where there is none."""
        ...


class FolderSteps:
    """Keep them in a folder, for its owner alone.

    Args:
        root: The library's folder; made when first written to.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def create(self, name: str, data: bytes, *, lasting: bool = False) -> bool:
        """Make a file with all of its bytes, or tell that there is one by that name."""
        path = self._root / name
        part = staging(uuid4().hex, self._root)
        for needed in (part, path):
            make_private(needed.parent, self._root)
        try:
            with open(part, "xb", opener=private) as file:
                file.write(data)
                file.flush()
                made = _link(part, path) or _write(path, data)
                if made and lasting:
                    os.fsync(file.fileno())  # after it has its name: that is to last, too
        except FileExistsError:
            return False
        finally:
            part.unlink(missing_ok=True)
        return True

    def read(self, name: str, limit: int) -> Found | None:
        """Return a file, ``None`` where there is none, or one of more bytes than `limit`.

        What is no file, such as a pipe in a stranger's library, is as an empty one: its name is
        taken, so that it can't be claimed as one that is not there.
        """
        path = self._root / name
        try:
            known = path.lstat()
            regular = stat.S_ISREG(known.st_mode)
            data = patiently(lambda: read_file(str(path), limit)) if regular else b""
        except (FileNotFoundError, NotADirectoryError):
            return None
        return None if data is None else Found(data, known.st_mtime)

    def names(self, folder: str) -> list[str]:
        """Return the names of the files right in a folder, without its own."""
        try:
            return os.listdir(self._root / folder)
        except (FileNotFoundError, NotADirectoryError):
            return []

    def delete(self, name: str) -> bool:
        """Take a file away, and tell whether it was there."""
        path = self._root / name
        try:
            delete(path)
        except FileNotFoundError:
            return False
        except OSError:
            if path.is_dir():  # a stranger's: no file of that name is there
                return False
            raise
        return True

    def clear(self, folder: str) -> None:
        """Take a folder away that nobody writes to any more, with the files right in it."""
        path = self._root / folder
        if path.is_symlink():  # never ours: what it leads to is somebody else's
            return
        for each in path.iterdir():
            delete(each)
        path.rmdir()

    def move(self, name: str, to: str) -> bool:
        """Give a file another name that nobody has, and tell whether it was there."""
        try:
            put_in_place(self._root / name, self._root / to)
        except FileNotFoundError:
            return False
        return True

    def touch(self, name: str) -> float:
        """Mark an own file as written just now, made where it is not, and return that moment."""
        path = self._root / name
        try:
            os.utime(path)  # the moment is the disk's: a network folder's server sets it
        except FileNotFoundError:
            make_private(path.parent, self._root)
            os.close(private(str(path), os.O_CREAT | os.O_WRONLY))
            os.utime(path)
        return path.stat().st_mtime

    def touched(self, name: str) -> float:
        """Return when a file was last written or touched; 0 where there is none."""
        try:
            return (self._root / name).stat().st_mtime
        except OSError:
            return 0.0


def _link(part: Path, path: Path) -> bool:
    """Give a whole file its second name at once, where the disk has such a thing.

    Raises:
        FileExistsError: The name is taken.
    """
    try:
        os.link(part, path)
    except FileExistsError:
        raise
    except (OSError, AttributeError, NotImplementedError):
        return False
    return True


def _write(path: Path, data: bytes) -> bool:
    """Write a new file; who reads it meanwhile finds it damaged, and takes the one before.

    Raises:
        FileExistsError: There is one.
        OSError: It can't be written; there is none.
    """
    with open(path, "xb", opener=private) as file:
        try:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        except OSError:
            path.unlink(missing_ok=True)
            raise
    return True
