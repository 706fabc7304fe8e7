"""Collections of results, each in a plain JSON file that can be backed up and shared."""

from __future__ import annotations

import json
import logging
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from seedream_widgets.errors import RequestError, SeedreamError, check_type
from seedream_widgets.files import delete, file_name, read_file, read_json
from seedream_widgets.library.folder import write_private

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from seedream_widgets.library.entry import Entry
    from seedream_widgets.library.search import Search
    from seedream_widgets.values.result import Result

_log = logging.getLogger(__name__)
FOLDER = "collections"
MOST_NAME = 100
MOST_RESULTS = 10_000
MOST_FILES = 1_000
MOST_BYTES = 4_000_000
_lock = threading.Lock()


class Collection:
    """A named set of results: iterate over it, count it, add and remove results.

    It is created when the first result is added. A result can be in many collections, and deleting
    a collection deletes no results.
    """

    def __init__(self, of: Collections, name: str) -> None:
        self.name = name
        self._of = of

    @property
    def ids(self) -> tuple[str, ...]:
        """The request ids in it, in the order they were added."""
        return self._of.read().get(self.name, ())

    def search(self, text: str = "", **filters: Any) -> Search:
        """Return its results in the library, newest first; filters as in `Library.search`."""
        return self._of.search(text, among=self.ids, **filters)

    def add(self, *results: Result | Entry) -> None:
        """Add results; a result that is in it already keeps its place.

        Raises:
            RequestError: It would hold more than 10,000.
            SeedreamError: Its file can't be written.
        """
        self._write(lambda ids: [*ids, *_ids(results)])

    def remove(self, *results: Result | Entry) -> None:
        """Remove results from the collection; they stay in the library."""
        gone = set(_ids(results))
        self._write(lambda ids: [each for each in ids if each not in gone])

    def delete(self) -> None:
        """Delete the collection; its results stay in the library."""
        self._of.forget(self.name)

    def _write(self, change: Callable[[tuple[str, ...]], Iterable[str]]) -> None:
        with _lock:
            self._of.write(self.name, list(dict.fromkeys(change(self.ids))))

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.search())

    def __len__(self) -> int:
        return len(self.search())

    def __bool__(self) -> bool:
        return True  # even if it is empty

    def __contains__(self, result: object) -> bool:
        return getattr(result, "request_id", result) in self.ids

    def __repr__(self) -> str:
        return f"<Collection {self.name!r}, {len(self.ids)} results>"


class Collections:
    """All collections of a library, by name: ``sd.library.collections["Trip"].add(result)``."""

    def __init__(self, root: Path, search: Callable[..., Search]) -> None:
        self._root = root
        self.search = search
        self._told: dict[Path, str] = {}

    def __getitem__(self, name: str) -> Collection:
        """Return a collection by its name; it need not exist yet.

        Raises:
            RequestError: `name` is not a valid name.
        """
        return Collection(self, _checked(name))

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self.read(), key=str.casefold))

    def __len__(self) -> int:
        return len(self.read())

    def __contains__(self, name: object) -> bool:
        return name in self.read()

    def __repr__(self) -> str:
        return f"<Collections: {', '.join(map(repr, self)) or 'none yet'}>"

    def read(self) -> dict[str, tuple[str, ...]]:
        """Return the request ids of each collection; other files are ignored.

        Files of the same name, such as copies, are one collection.
        """
        found: dict[str, tuple[str, ...]] = {}
        for _, name, ids in self._files():
            found[name] = tuple(dict.fromkeys((*found.get(name, ()), *ids)))
        return found

    def write(self, name: str, ids: list[str]) -> None:
        """Write a collection's file.

        Raises:
            RequestError: It would hold too many results.
            SeedreamError: Its file can't be written.
        """
        if len(ids) > MOST_RESULTS:
            raise RequestError(
                f"a collection holds up to {MOST_RESULTS:,} results and {name!r} would have "
                f"{len(ids):,}; begin another",
                field="collection",
            )
        text = json.dumps({"name": name, "results": ids}, ensure_ascii=False, indent=1)
        path, *copies = [path for path, known, _ in self._files() if known == name] or [
            self._free(name)
        ]
        try:
            write_private(path, text.encode(), self._root)
            for copy in copies:  # merged into the one that was just written
                delete(copy)
        except OSError as error:
            raise SeedreamError(
                f"the collection {name!r} can't be written ({error.strerror}); make "
                f"{self._root / FOLDER} writable"
            ) from error

    def forget(self, name: str) -> None:
        """Delete a collection's file."""
        for path, known, _ in self._files():
            if known == name:
                with suppress(FileNotFoundError):  # another process was faster
                    delete(path)

    def _free(self, name: str) -> Path:
        number, path = 1, self._root / FOLDER / file_name(name, ".json")
        while path.exists():
            number += 1
            path = path.with_name(file_name(name, f"-{number}.json"))
        return path

    def _files(self) -> Iterator[tuple[Path, str, tuple[str, ...]]]:
        found = sorted((self._root / FOLDER).glob("*.json"))[:MOST_FILES]
        for path in found:
            try:
                yield path, *_read(path)
            except (OSError, ValueError, RecursionError, RequestError) as error:
                said = str(error)
                if self._told.get(path) != said:  # once, though the gallery lists them often
                    self._told[path] = said
                    _log.warning("%s is not a collection: %s", path, said)


def _read(path: Path) -> tuple[str, tuple[str, ...]]:
    data = read_file(str(path), MOST_BYTES)
    if data is None:
        raise ValueError(f"it is not a file of at most {MOST_BYTES:,} bytes")
    said = read_json(data)
    name, ids = (said.get("name"), said.get("results")) if isinstance(said, dict) else (None, None)
    if not isinstance(ids, list) or len(ids) > MOST_RESULTS:
        raise ValueError(f"it lists no results, or more than {MOST_RESULTS:,}")
    kept = [each for each in ids if isinstance(each, str) and 0 < len(each) <= 200]
    return _checked(name), tuple(dict.fromkeys(kept))


def _checked(name: object) -> str:
    if not isinstance(name, str) or not name.strip() or len(name) > MOST_NAME:
        raise RequestError(
            f"a collection's name takes 1 to {MOST_NAME} characters, got {name!r:.120}",
            field="collection",
        )
    if not name.isprintable():
        raise RequestError(
            "a collection's name takes letters, digits, signs and spaces, no line breaks",
            field="collection",
        )
    return name.strip()


def _ids(results: Iterable[Result | Entry]) -> list[str]:
    for result in results:
        takes = "results and entries of the library"
        check_type(getattr(result, "request_id", None), str, "results", takes)
    return [result.request_id for result in results]
