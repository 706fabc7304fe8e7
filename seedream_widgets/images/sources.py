"""Reads the bytes of a path, ``data:`` URL or open file, and checks ``https://`` URLs."""

from __future__ import annotations

import base64
import binascii
import errno
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes, urlsplit

from seedream_widgets.errors import ImageInputError
from seedream_widgets.files import user_path
from seedream_widgets.images.signatures import base64_hint, base64_kind
from seedream_widgets.images.values import ImageUrl

if TYPE_CHECKING:
    from seedream_widgets.images.limits import InputLimits
    from seedream_widgets.images.origins import Origin

ACCEPTED = (
    "a path, an https:// or data: URL, a PIL image, a numpy array, bytes, an open binary file "
    "or a result"
)
_MAX_URL = 8192


@dataclass(frozen=True)
class FileBytes:
    """The bytes of an image file, and its name."""

    data: bytes
    name: str = ""
    origin: Origin | None = None
    """The result's picture that this is, if that is known beforehand."""


def read_text(text: str, limits: InputLimits) -> FileBytes | ImageUrl:
    """Read a path or ``data:`` URL, or check an ``https://`` URL.

    Raises:
        ImageInputError: It is not one of them, or can't be read.
    """
    stripped = text.strip()
    if stripped[:5].lower() == "data:":
        return FileBytes(_data_url(stripped, limits))
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", stripped):
        return _checked_url(stripped)
    kind = base64_kind(stripped)
    if kind and not _is_file(text):
        raise ImageInputError(base64_hint(kind))
    return read_path(text, limits)


def _is_file(text: str) -> bool:
    try:
        return Path(text).expanduser().is_file()
    except (OSError, ValueError, RuntimeError):
        return False


def read_path(path: str | os.PathLike[Any], limits: InputLimits) -> FileBytes:
    """Read a file, ``~`` expanded.

    Raises:
        ImageInputError: It is missing, no plain file, too large, or can't be read.
    """
    try:
        shown = shortened(os.fsdecode(path))
        file = user_path(os.fsdecode(path), "image")
        found = file.stat()
        if not stat.S_ISREG(found.st_mode):
            kind = "folder" if stat.S_ISDIR(found.st_mode) else "special file"
            raise ImageInputError(f"{shown} is a {kind}; pass the path of an image file")
        limits.refuse_length(found.st_size)
        with file.open("rb") as stream:
            return FileBytes(stream.read(limits.max_read_bytes + 1), file.name)
    except FileNotFoundError as error:
        hint = f"; give {ACCEPTED}" if isinstance(path, str) else ""
        where = "" if file.is_absolute() else f" in {Path.cwd()}"
        raise ImageInputError(f"there is no file {shown}{where}{hint}") from error
    except (OSError, ValueError) as error:
        if isinstance(error, ImageInputError):
            raise
        reason = (isinstance(error, OSError) and error.strerror) or str(error)
        if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
            reason = "it is too long for a path"
        raise ImageInputError(f"can't read {shown}: {reason}; give {ACCEPTED}") from error


def shortened(path: str) -> str:
    """Return a path as it is shown in errors: its end tells more than its start."""
    return repr(path if len(path) <= 80 else f"…{path[-79:]}")


def read_stream(stream: Any, limits: InputLimits) -> FileBytes:
    """Read an open binary file from its start.

    Raises:
        ImageInputError: It is closed, or open as text.
    """
    try:
        if hasattr(stream, "seekable") and stream.seekable():
            stream.seek(0)
        data = stream.read(limits.max_read_bytes + 1)
    except Exception as error:  # any object with a read method may come
        raise ImageInputError(f"can't read the open file: {error}; open it again") from error
    if not isinstance(data, bytes | bytearray | memoryview):
        raise ImageInputError("the file is open as text; open it with mode 'rb'")
    name = getattr(stream, "name", "")
    return FileBytes(bytes(data), os.path.basename(name) if isinstance(name, str) else "")


def _data_url(url: str, limits: InputLimits) -> bytes:
    header, comma, payload = url[5:].partition(",")
    if not comma:
        raise ImageInputError("the data: URL has no comma, so it holds no data; copy the whole URL")
    limits.refuse_length(len(payload) * 3 // 4)
    raw = unquote_to_bytes(payload)
    if not header.lower().rstrip().endswith(";base64"):
        return raw
    compact = b"".join(raw.split())
    try:
        compact = compact.translate(bytes.maketrans(b"-_", b"+/"))
        return base64.b64decode(compact + b"=" * (-len(compact) % 4), validate=True)
    except binascii.Error as error:
        raise ImageInputError("the data: URL is not valid base64; copy the whole URL") from error


def _checked_url(url: str) -> ImageUrl:
    """Pass on an ``https://`` URL; a refused one is not repeated, as it may hold a secret."""
    try:
        parts = urlsplit(url)
        host, scheme, has_user = parts.hostname, parts.scheme.lower(), "@" in parts.netloc
        _ = parts.port
    except ValueError as error:
        raise ImageInputError(f"the URL is malformed: {error}; copy it again") from error
    if scheme != "https":
        raise ImageInputError(
            f"the URL begins with {scheme}://, and fal is only given https:// URLs; "
            "download the file and pass its path"
        )
    if has_user:
        raise ImageInputError(
            "the URL holds a user name or password, which would go to fal; "
            "download the file and pass its path"
        )
    if not host:
        raise ImageInputError("the URL names no host; copy it again")
    if len(url) > _MAX_URL or re.search(r"[\s\x00-\x1f\x7f\\<>\"\ud800-\udfff]", url):
        raise ImageInputError(
            f"the URL holds spaces or control characters, or is over {_MAX_URL} characters; "
            "copy it again"
        )
    return ImageUrl(url)
