"""A library's files at another address: a folder, or what fsspec reaches, such as ``s3://foxes``.

An object store has no folders and no rename, and a delete does not say whether anything was there.
So `Place` only needs operations that it does have: create an object if it does not exist, replace
one as a whole, read, list, delete, and tell when an object was written.
"""

from __future__ import annotations

import errno
import os
import stat
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from urllib.parse import urlsplit
from uuid import uuid4

from seedream_widgets.errors import MissingPackageError, RequestError, check_type
from seedream_widgets.files import user_path
from seedream_widgets.library.folder import STAGING, write_private
from seedream_widgets.library.steps import FolderSteps, Found, Steps

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

T = TypeVar("T")
_PACKAGES = {"s3": "s3fs", "s3a": "s3fs"}
_AT_ONCE = 8
"""How many try to create the same file at once, when a place is tested."""
_TRIES = 5
_KEPT = 2000
"""How many journal entries are cached, as they never change."""
_A_MOMENT = 1.0
"""Touches of a name within so many seconds count as one, as object stores count whole seconds."""


class Place(Steps, Protocol):
    """Keeps a library's files by name, such as ``results/2026-11-28/fox-3f2a/receipt.json``."""

    address: str
    """Its address, as given by the user."""

    def write(self, name: str, data: bytes) -> None:
        """Write a file, or replace it, whole or not at all."""
        ...

    def find(self, folder: str) -> dict[str, int]:
        """Return the names of all files below a folder, and how many bytes each has."""
        ...


class FolderPlace(FolderSteps):
    """A place in a folder, which several machines may share.

    Args:
        root: The folder; made when first written to.
    """

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.address = str(root)

    def write(self, name: str, data: bytes) -> None:
        """Write a file, or replace it, whole or not at all."""
        write_private(self._root / name, data, self._root)

    def find(self, folder: str) -> dict[str, int]:
        """Return the names of all files below a folder, and how many bytes each has."""
        found = {}
        for parent, folders, files in os.walk(self._root / folder):  # follows no links
            folders[:] = [each for each in folders if each != STAGING]
            for each in files:
                path = Path(parent, each)
                known = path.lstat()
                if stat.S_ISREG(known.st_mode):
                    found[path.relative_to(self._root).as_posix()] = known.st_size
        return found


class FsspecPlace:
    """A place on a file system of fsspec.

    Args:
        address: Such as ``s3://bucket/foxes``.
        **options: Options of the file system; by default from its configuration and environment.

    Raises:
        MissingPackageError: fsspec, or what it needs for this address, is not installed.
        RequestError: fsspec can't open the address.
    """

    def __init__(self, address: str, **options: Any) -> None:
        try:
            from fsspec.core import url_to_fs
        except ImportError as error:
            raise MissingPackageError(f"the address {address}", "fsspec", "fsspec") from error
        self.address = address
        try:
            # No cache of listings, as others write there, too.
            self._files, self._root = url_to_fs(address, use_listings_cache=False, **options)
        except ImportError as error:
            kind = urlsplit(address).scheme
            package = _PACKAGES.get(kind, f"the package that fsspec names ({error!s:.120})")
            extra = "s3" if kind in _PACKAGES else "fsspec"
            raise MissingPackageError(f"the address {address}", package, extra) from error
        except (ValueError, TypeError) as error:
            raise RequestError(
                f"fsspec can't open the address {address!r:.120} ({error!s:.200}); give a folder, "
                "or an address such as s3://bucket/folder",
                field="address",
                value=address,
            ) from error
        self._root = self._root.rstrip("/")
        self._lock = threading.Lock()
        self._entries: dict[str, Found] = {}
        self._touches: dict[str, tuple[float, float]] = {}

    @property
    def looks_first(self) -> bool:
        """Whether it creates a file by checking for it and then writing, which is not atomic."""
        from fsspec.spec import AbstractFileSystem

        own = getattr(self._files.pipe_file, "__func__", None)
        return own is AbstractFileSystem.pipe_file

    def create(self, name: str, data: bytes, *, lasting: bool = False) -> bool:
        """Create a file with all of its bytes; return ``False`` if the name is taken."""
        for tried in range(_TRIES):
            try:
                self._do(self._files.pipe_file, self._path(name), data, mode="create")
                return True
            except FileExistsError:
                pass
            except OSError as error:
                busy = error.errno == errno.EBUSY  # another is creating it right now
                if busy and tried < _TRIES - 1:
                    time.sleep(0.05 * 2**tried)
                    continue
                if not self._exists(name):
                    raise
            # If a reply was lost, fsspec's retry finds the file that the first try created.
            found = self.read(name, len(data))
            return found is not None and found.data == data
        return False

    def write(self, name: str, data: bytes) -> None:
        """Write a file, or replace it, whole or not at all."""
        self._do(self._files.pipe_file, self._path(name), data)

    def read(self, name: str, limit: int) -> Found | None:
        """Return a file, or ``None`` if there is none or it has more bytes than `limit`."""
        known = self._entries.get(name)
        if known is not None:
            return known
        path = self._path(name)
        try:
            about = self._do(self._files.info, path)
            if about["type"] != "file" or about["size"] > limit:
                return None
            data = self._do(self._files.cat_file, path) if about["size"] else b""
            moment = self._moment(path, about)
        except (FileNotFoundError, NotADirectoryError):
            return None
        if len(data) > limit:  # replaced by a larger one meanwhile
            return None
        found = Found(bytes(data), moment)
        # A journal entry never changes, as each step has its own file.
        if name.startswith("journal/") and name.count("/") == 1:
            with self._lock:
                if len(self._entries) >= _KEPT:
                    self._entries.clear()
                self._entries[name] = found
        return found

    def names(self, folder: str) -> list[str]:
        """Return the names of the files directly in a folder."""
        try:
            found = self._do(self._files.ls, self._path(folder), detail=False)
        except (FileNotFoundError, NotADirectoryError):
            return []
        own = self._path(folder).strip("/")  # a store may list an empty object by that name
        return [each.rpartition("/")[2] for path in found if (each := path.strip("/")) != own]

    def find(self, folder: str) -> dict[str, int]:
        """Return the names of all files below a folder, and how many bytes each has."""
        try:
            found = self._do(self._files.find, self._path(folder), detail=True)
        except (FileNotFoundError, NotADirectoryError):
            return {}
        start = len(self._root) + 1
        return {path[start:]: int(each["size"] or 0) for path, each in found.items()}

    def delete(self, name: str) -> bool:
        """Delete a file, and return whether it was there."""
        with self._lock:
            self._entries.pop(name, None)
        if not self._exists(name):
            return False
        try:
            self._do(self._files.rm_file, self._path(name))
        except FileNotFoundError:
            return False
        return True

    def clear(self, folder: str) -> None:
        """Delete the files directly in a folder that nobody writes to any more."""
        for name in self.names(folder):
            self.delete(f"{folder}/{name}")

    def move(self, name: str, to: str) -> bool:
        """Raise an error, as an object store has no rename.

        Raises:
            OSError: Always.
        """
        raise OSError(errno.ENOSYS, f"{self.address} has no rename", name)

    def touch(self, name: str) -> float:
        """Set a file's time to now, creating it if needed, and return that time."""
        last, then = self._touches.get(name, (0.0, -_A_MOMENT))
        now = time.monotonic()
        if now - then < _A_MOMENT:
            return last + now - then
        path = self._path(name)
        self._do(self._files.pipe_file, path, b"")
        moment = self._moment(path)
        self._touches[name] = moment, now
        return moment

    def touched(self, name: str) -> float:
        """Return when a file was last written or touched; 0 if there is none."""
        try:
            return self._moment(self._path(name))
        except OSError:
            return 0.0

    def _exists(self, name: str) -> bool:
        try:
            return bool(self._do(self._files.info, self._path(name))["type"] == "file")
        except (FileNotFoundError, NotADirectoryError):
            return False

    def _moment(self, path: str, about: Mapping[str, Any] | None = None) -> float:
        told = (about or {}).get("LastModified") or self._do(self._files.modified, path)
        return float(told.timestamp())

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    def _do(self, work: Callable[..., T], *arguments: Any, **options: Any) -> T:
        """Call fsspec, and turn whatever its packages raise into an `OSError`."""
        try:
            return work(*arguments, **options)
        except OSError:
            raise
        except Exception as error:
            raise OSError(
                errno.EIO, f"{type(error).__name__}: {error!s:.300}", self.address
            ) from error


def place_at(address: str | Path, **options: Any) -> Place:
    """Return the place at an address.

    Args:
        address: A folder, or an address that fsspec knows, such as ``s3://bucket/foxes``.
        **options: Options of fsspec's file system, such as ``endpoint_url=``.

    Raises:
        MissingPackageError: The address needs a package that is not installed.
        RequestError: It is not an address, or holds a password.
    """
    check_type(address, (str, os.PathLike), "address", "a folder or an address, as s3://bucket/a")
    text = str(address)
    if not text.strip():
        raise RequestError(
            f"address is {text!r:.40}; give a folder or an address, as s3://bucket/a",
            field="address",
            value=address,
        )
    if "://" not in text:
        return FolderPlace(user_path(text, "address").absolute())
    parts = urlsplit(text)
    if parts.username or parts.password:
        raise RequestError(
            "address has a user name or a password in it, which would be shown and logged; put it "
            "into the environment or fsspec's configuration instead",
            field="address",
        )
    if parts.scheme in ("file", "local"):
        return FolderPlace(Path(parts.netloc + parts.path).absolute())
    return FsspecPlace(text, **options)


def check_exclusive(place: Place) -> None:
    """Test whether only one of several processes that create the same file at once succeeds.

    Raises:
        RequestError: More do, so that two machines could pay for the same cell; or the place can't
            be written or read.
    """
    name = f".trial/{uuid4().hex}"
    start = threading.Barrier(_AT_ONCE)

    def create(number: int) -> bool:
        start.wait()
        return place.create(name, b"%d" % number)

    try:
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            made = sum(pool.map(create, range(_AT_ONCE)))
        place.delete(name)
    except OSError as error:
        raise RequestError(
            f"{place.address} can't be a shared place: it can't be written ({error!s:.300}). "
            "Check the address, that the bucket or folder is there, and who may write to it",
            field="shared",
            value=place.address,
        ) from error
    if made != 1 or getattr(place, "looks_first", False):
        told = f"{made} succeeded" if made != 1 else "it checks first and then writes"
        raise RequestError(
            f"{place.address} can't be a shared place: when {_AT_ONCE} processes create the same "
            f"file at once, exactly one may succeed, but {told}, so two machines could pay for "
            "the same cell. Use a folder, or an object store with conditional puts, such as S3",
            field="shared",
            value=place.address,
        )
