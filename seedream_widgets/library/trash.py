"""The library's trash: deleted results, until they are restored or the trash is emptied.

``trash/results/<day>/<name>/`` holds each as it was. When the trash is emptied, the receipts of
results that were paid for stay, without prompts and pictures, so that their cost still counts.
"""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from seedream_widgets.errors import SeedreamError
from seedream_widgets.library.folder import RECEIPT, RESULTS, put, read_receipt, write_private
from seedream_widgets.library.index import Index

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime
    from pathlib import Path

    from seedream_widgets.library.entry import Entry
    from seedream_widgets.library.search import Search

FOLDER = "trash"
_EMPTIED = "emptied-"


class Trash:
    """The deleted results of the library at `root`."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.path = root / FOLDER
        self._index = Index(self.path)

    def __bool__(self) -> bool:
        return (self.path / RESULTS).is_dir()

    def put(self, entry: Entry) -> None:
        """Move a result into the trash.

        Raises:
            SeedreamError: Its folder can't be moved.
        """
        self._move(entry.folder, self.path / RESULTS / entry.folder.parent.name)
        self._index.refresh()

    def take(self, entry: Entry) -> Path:
        """Move a result back to its day and return its folder.

        Raises:
            SeedreamError: Its folder can't be moved.
        """
        return self._move(entry.folder, self._root / RESULTS / entry.folder.parent.name)

    def _move(self, folder: Path, day: Path) -> Path:
        target = day / folder.name
        if target.exists():
            target = day / f"{folder.name}-{uuid4().hex[:6]}"
        try:
            put(folder, target, self._root)
        except OSError as error:
            raise SeedreamError(
                f"{folder} can't be moved to {day} ({error.strerror}); make both writable"
            ) from error
        return target

    def search(self, since: datetime | date | str | None = None, **equal: Any) -> Search:
        """Return what is in the trash, including receipts left when it was emptied."""
        return self._index.search(since=since, **equal)

    def get(self, request_id: str) -> Entry | None:
        """Return a deleted result that can be restored, if there is one of that id."""
        entry = self._index.get(request_id) if self else None
        return entry if entry and entry.images else None

    def identical(self, key: str, backend: str) -> list[Entry]:
        """Return deleted results of identical requests, newest first."""
        return self._index.identical(key, backend) if self else []

    def entries(self) -> Iterator[Entry]:
        """Yield the results that can be restored, newest first."""
        if self:
            yield from (entry for entry in self.search() if entry.images)

    def empty(self) -> int:
        """Delete the results in it for good, and return how many there were."""
        entries = list(self.entries())
        for entry in entries:
            if entry.backend == "fal":
                self._keep_cost(entry)
            shutil.rmtree(entry.folder, ignore_errors=True)
            with suppress(OSError):  # the day's folder is not empty
                entry.folder.parent.rmdir()
        if self:
            self._index.refresh()
        return len(entries)

    def _keep_cost(self, entry: Entry) -> None:
        receipt = read_receipt(str(entry.folder)) or {}
        nothing: dict[str, Any] = {
            "prompt": "",
            "images": [],
            "inputs": [],
            "arguments": {},
            "key": None,
        }
        name = f"{_EMPTIED}{uuid4().hex[:12]}"
        text = json.dumps({**receipt, **nothing}, ensure_ascii=False, indent=1)
        write_private(entry.folder.parent / name / RECEIPT, text.encode(), self._root)
