"""Where files go, and names that every file system takes."""

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
# Escaped, or written as no UTF-8 is; a pair for one character is found too, and stays whole.
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]|\xed[\xa0-\xbf]")
NAME_BYTES = 143
"""Most bytes of a whole file name: what an encrypted home folder (eCryptfs) leaves of 255."""
_NAME_CHARACTERS = 40
_READ = 4000
"""Characters of a text that are looked at for a name."""
_EMPTY = "seedream"
_OPEN_ELSEWHERE = (5, 32, 33)
"""Windows' numbers: access denied, sharing violation, lock violation."""
_PAUSES = (0.01, 0.05, 0.1, 0.3, 0.6)
"""Seconds between two tries."""
# A joiner shapes the letters around it, in Hindi or Persian; a variation selector only emoji.
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
    """Return where what can be made again of a library is: for who has no home, within it."""
    from platformdirs import user_cache_path

    try:
        return user_cache_path("seedream_widgets", appauthor=False)
    except (RuntimeError, KeyError):
        return library / ".cache"


NOT_JSON = (ValueError, RecursionError)
"""What is raised for JSON that can't be read: it is none, or is nested too deeply."""


def read_json(text: str | bytes) -> Any:
    """Return JSON from outside as Python values whose texts can be written anywhere.

    JSON can hold half of a pair of surrogates, which neither files nor messages to the page can:
    ``?`` takes its place.

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
    """Return a regular file's bytes, ``None`` where it is not one or has more than `limit`.

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


def user_path(path: str | os.PathLike[str], field: str) -> Path:
    """Return a path as a person gives it, ``~`` expanded; what is relative stays so.

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
    """Rename as `os.replace` does; Windows refuses while another process has either open, so wait.

    Raises:
        OSError: It is refused for longer than a virus scanner or a preview takes.
    """
    patiently(lambda: os.replace(part, path))


@contextmanager
def in_place_of(path: Path) -> Iterator[Path]:
    """Give the name of a new file beside `path` that takes its place once it is written to its end.

    Raises:
        OSError: As of `put_in_place`.
    """
    part = path.with_name(f"{path.name[:40]}.{uuid4().hex[:8]}.part")  # nobody else's
    try:
        yield part
        put_in_place(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def delete(path: str | os.PathLike[str]) -> None:
    """Delete a file as `os.unlink` does, and wait in the same way.

    Raises:
        OSError: It is not there, or stays open elsewhere.
    """
    patiently(lambda: os.unlink(path))


def patiently(work: Callable[[], T]) -> T:
    """Do something with a file that Windows refuses while another process has it open.

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
    """Tell whether this system has names of such characters."""
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

    It has at most `most` bytes, is no device of Windows, ends with no dot, and is ASCII where the
    file system of this process takes nothing else.

    Args:
        text: Such as a prompt; untrusted.
        ending: What tells it from others, suffix included; ASCII.
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
    """Return `text` with `between` in place of all that is not a part of a word in any script.

    Args:
        text: Read up to its first 4,000 characters.
        between: What stands for any number of other characters.
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
    """Return as many letters, each with its marks, as `most` characters and `room` bytes take."""
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
