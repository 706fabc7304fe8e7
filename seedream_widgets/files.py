"""Files: the library's folder, names valid on every file system, safe reading and replacing."""

from __future__ import annotations

import errno
import json
import os
import re
import stat
import sys
import time
import unicodedata
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

from seedream_widgets.errors import RequestError, check_type

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")
# A surrogate, escaped or encoded as invalid UTF-8. Valid pairs match as well, and stay whole.
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]|\xed[\xa0-\xbf]")
NAME_BYTES = 143
"""The longest file name in bytes: what an encrypted home folder (eCryptfs) leaves of 255."""
_NAME_CHARACTERS = 40
_READ = 4000
"""How many characters of a text are considered for a name."""
_EMPTY = "seedream"
_OPEN_ELSEWHERE = (5, 32, 33)
"""Windows' numbers: access denied, sharing violation, lock violation."""
_PAUSES = (0.01, 0.05, 0.1, 0.3, 0.6)
"""Seconds between retries."""
# Joiners shape the letters around them, as in Hindi or Persian, so they stay; variation selectors
# only change emoji.
_JOINERS = "\u200c\u200d"
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
# Windows takes these for devices, whatever suffix follows.
DEVICES = re.compile(r"(con|prn|aux|nul|(com|lpt)[0-9¹²³]|conin\$|conout\$)(\.|$)", re.IGNORECASE)


def library_folder(path: str | os.PathLike[str] | None = None) -> Path:
    """Return a library's absolute folder: `path`, else ``SEEDREAM_HOME``, else the data folder.

    Raises:
        RequestError: There is no home folder, or no working folder, to find it from.
    """
    given = path if path is not None else os.environ.get("SEEDREAM_HOME") or None
    if given is not None:
        return user_path(given, "library").absolute()
    from platformdirs import user_data_path

    try:
        return user_data_path("seedream_widgets", appauthor=False)
    except (RuntimeError, KeyError) as error:
        raise RequestError(
            "this user has no home folder, so there is no place for the library; set "
            "SEEDREAM_HOME to an absolute folder that can be written, such as /tmp/seedream",
            field="library",
        ) from error


def cache_folder(library: Path) -> Path:
    """Return the folder for a library's rebuildable data; within it for users without a home."""
    from platformdirs import user_cache_path

    try:
        return user_cache_path("seedream_widgets", appauthor=False)
    except (RuntimeError, KeyError):
        return library / ".cache"


NOT_JSON = (ValueError, RecursionError)
"""What `read_json` raises: the text is not JSON, or is nested too deeply."""


def read_json(text: str | bytes) -> Any:
    """Parse untrusted JSON into values whose strings can be written anywhere.

    JSON can hold a lone surrogate, which neither files nor messages to the page can: it becomes
    ``?``.

    Raises:
        ValueError: It is not JSON.
        RecursionError: It is nested too deeply.
    """
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    values = json.loads(raw)
    if _SURROGATE.search(raw):
        values = json.loads(json.dumps(values, ensure_ascii=False).encode("utf-8", "replace"))
    return values


def read_file(path: str, limit: int) -> bytes | None:
    """Return a regular file's bytes, or ``None`` if it is not one or is larger than `limit`.

    A pipe or device of that name must neither block nor deliver without end, and a symbolic link
    in a stranger's folder must not lead to other files.
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


def user_path(path: str | os.PathLike[str], field: str) -> Path:
    """Return a path given by the user with ``~`` expanded; a relative path stays relative.

    Raises:
        RequestError: There is no home folder for ``~``, the working folder was deleted, or no path
            here can have one of its characters.
    """
    check_type(path, (str, os.PathLike), field, "a path, as text or a Path")

    def wrong(why: str) -> RequestError:
        return RequestError(f"{field} is {str(path)[:200]!r}, {why}", field=field, value=path)

    if not _can_be_written(path):
        raise wrong("which holds a character that no path can have here; remove it")
    try:
        found = Path(path).expanduser()
    except RuntimeError as error:
        raise wrong("and no home folder is known for its ~; give an absolute path") from error
    if not found.is_absolute():
        try:
            os.getcwd()
        except FileNotFoundError as error:
            raise wrong(
                "and the working folder was deleted; give an absolute path, or change to a folder "
                "that exists"
            ) from error
    return found


def put_in_place(part: str | os.PathLike[str], path: str | os.PathLike[str]) -> None:
    """Rename like `os.replace`, retrying while Windows refuses because either file is open.

    Raises:
        OSError: It is refused for longer than a virus scanner or a preview takes.
    """
    patiently(lambda: os.replace(part, path))


@contextmanager
def in_place_of(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; the file written there replaces `path` at the end.

    Raises:
        OSError: As from `put_in_place`.
    """
    # Unique: two processes may write the same file at once.
    part = path.with_name(f"{path.name[:40]}.{uuid4().hex[:8]}.part")
    try:
        yield part
        put_in_place(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def delete(path: str | os.PathLike[str]) -> None:
    """Delete a file like `os.unlink`, with the same retries.

    Raises:
        OSError: It is not there, or stays open elsewhere.
    """
    patiently(lambda: os.unlink(path))


def patiently(work: Callable[[], T]) -> T:
    """Retry an operation that Windows refuses while another process has the file open.

    Raises:
        OSError: It is refused for longer than a virus scanner or a preview takes.
    """
    for pause in _PAUSES:
        try:
            return work()
        except OSError as error:
            if getattr(error, "winerror", None) not in _OPEN_ELSEWHERE:
                raise
        time.sleep(pause)
    return work()


def _can_be_written(path: str | os.PathLike[str]) -> bool:
    """Tell whether this system's file names can hold these characters."""
    try:
        return b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:
        return False


def is_default_library(path: Path) -> bool:
    """Tell whether `path` is the folder that `library_folder` finds by itself."""
    try:
        return path == library_folder()
    except RequestError:
        return False


def file_name(text: str, ending: str = "", most: int = NAME_BYTES) -> str:
    """Return the first words of `text` in any script, then `ending`, as the name of a file.

    It has at most `most` bytes, is not a device name on Windows, does not end with a dot, and is
    ASCII if this process can't name files in anything else.

    Args:
        text: Such as a prompt; untrusted.
        ending: What makes it unique, suffix included; ASCII.
        most: Bytes of UTF-8 for the whole name.
    """
    ending = ending[-(most - len(_EMPTY)) :].rstrip(". ")
    room = most - len(ending) - 1
    words = _cut(written(text.lower()).strip("-_"), _NAME_CHARACTERS, room)
    if not _is_encodable(words):
        words = written(unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode())
    name = (words.strip("-_") or _EMPTY[:room]) + ending
    return f"_{name}" if DEVICES.match(name) else name


def written(text: str, between: str = "-", kept: str = "_") -> str:
    """Return `text` with `between` in place of anything that is not part of a word in any script.

    Args:
        text: Only the first 4,000 characters are read.
        between: Replaces each run of other characters.
        kept: Further characters that stay.
    """
    words: list[str] = []
    inside = False
    for character in unicodedata.normalize("NFC", text[:_READ]):
        if inside and _is_mark(character):
            words.append("" if _SELECTORS.match(character) else character)
        elif unicodedata.category(character)[0] in "LN" or character in kept:
            words.append(character)
            inside = True
        else:
            inside = False
            if not words or words[-1] != between:
                words.append(between)
    return re.sub(f"[{_JOINERS}]+(?={re.escape(between)}|$)", "", "".join(words))


def _is_mark(character: str) -> bool:
    return unicodedata.category(character) in ("Mn", "Mc") or character in _JOINERS


def _cut(words: str, most: int, room: int) -> str:
    """Cut to at most `most` characters and `room` bytes, never between a letter and its marks."""
    letters: list[str] = []
    for character in words:
        if letters and _is_mark(character):
            letters[-1] += character
        else:
            letters.append(character)
    cut = ""
    for letter in letters:
        if len(cut) + len(letter) > most or len((cut + letter).encode()) > room:
            break
        cut += letter
    return cut


def _is_encodable(name: str) -> bool:
    try:
        name.encode(sys.getfilesystemencoding())
    except UnicodeError:
        return False
    return True
