"""Small files that several processes and machines change in turn, by atomic steps.

`Steps.create` decides between writers: of all that create the same name at once, exactly one
succeeds. Folders can do that, and so can object stores (conditional puts), which have no rename.
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
    """A file's bytes, and when it was written, by the clock of its disk."""

    data: bytes
    touched: float


class Steps(Protocol):
    """Keeps small files by name, such as ``journal/3f2a.2.json``.

    All methods but `touched` raise `OSError` if they fail.
    """

    def create(self, name: str, data: bytes, *, lasting: bool = False) -> bool:
        """Create a file with all of its bytes; return ``False`` if the name is taken.

        Args:
            name: The file's name, with ``/`` between folders.
            data: Its bytes.
            lasting: Whether it has to survive a power cut right afterwards.

        Raises:
            OSError: It can't be written, and does not exist.
        """
        ...

    def read(self, name: str, limit: int) -> Found | None:
        """Return a file, or ``None`` if there is none or it has more bytes than `limit`."""
        ...

    def names(self, folder: str) -> list[str]:
        """Return the names of the files directly in a folder; none if it does not exist."""
        ...

    def delete(self, name: str) -> bool:
        """Delete a file, and return whether it was there."""
        ...

    def clear(self, folder: str) -> None:
        """Delete a folder that nobody writes to any more, and the files directly in it."""
        ...

    def move(self, name: str, to: str) -> bool:
        """Rename a file to a name that is free, and return whether it was there.

        This also works on a full disk. A store without a rename raises `OSError`.
        """
        ...

    def touch(self, name: str) -> float:
        """Set a file's time to now, creating it if needed, and return that time."""
        ...

    def touched(self, name: str) -> float:
        """Return when a file was last written or touched; 0 if there is none."""
        ...


class FolderSteps:
    """Keeps them in a folder, readable only by its owner.

    Args:
        root: The library's folder; made when first written to.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def create(self, name: str, data: bytes, *, lasting: bool = False) -> bool:
        """Create a file with all of its bytes; return ``False`` if the name is taken."""
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
                    os.fsync(file.fileno())  # once it has its name, which must last, too
        except FileExistsError:
            return False
        finally:
            part.unlink(missing_ok=True)
        return True

    def read(self, name: str, limit: int) -> Found | None:
        """Return a file, or ``None`` if there is none or it has more bytes than `limit`.

        Anything but a regular file, such as a pipe in a stranger's library, is read as an empty
        file, as its name is taken.
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
        """Return the names of the files directly in a folder; none if it does not exist."""
        try:
            return os.listdir(self._root / folder)
        except (FileNotFoundError, NotADirectoryError):
            return []

    def delete(self, name: str) -> bool:
        """Delete a file, and return whether it was there."""
        path = self._root / name
        try:
            delete(path)
        except FileNotFoundError:
            return False
        except OSError:
            if path.is_dir():  # in a stranger's library
                return False
            raise
        return True

    def clear(self, folder: str) -> None:
        """Delete a folder that nobody writes to any more, and the files directly in it."""
        path = self._root / folder
        if path.is_symlink():  # not made by us, so its target belongs to somebody else
            return
        for each in path.iterdir():
            delete(each)
        path.rmdir()

    def move(self, name: str, to: str) -> bool:
        """Rename a file to a name that is free, and return whether it was there."""
        try:
            put_in_place(self._root / name, self._root / to)
        except FileNotFoundError:
            return False
        return True

    def touch(self, name: str) -> float:
        """Set a file's time to now, creating it if needed, and return that time."""
        path = self._root / name
        try:
            os.utime(path)  # by the disk's clock: in a network folder the server sets the time
        except FileNotFoundError:
            make_private(path.parent, self._root)
            os.close(private(str(path), os.O_CREAT | os.O_WRONLY))
            os.utime(path)
        return path.stat().st_mtime

    def touched(self, name: str) -> float:
        """Return when a file was last written or touched; 0 if there is none."""
        try:
            return (self._root / name).stat().st_mtime
        except OSError:
            return 0.0


def _link(part: Path, path: Path) -> bool:
    """Hard-link a complete file to its name; return ``False`` if the disk has no hard links.

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
    """Write a new file in place; a process that reads it too early falls back on the last entry.

    Raises:
        FileExistsError: The name is taken.
        OSError: It can't be written, and does not exist.
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
