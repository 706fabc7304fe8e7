"""The kept state of studios: a plain JSON file for each name."""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from typing import TYPE_CHECKING, Any

from seedream_widgets.files import file_name, read_file, read_json
from seedream_widgets.library.folder import write_private

if TYPE_CHECKING:
    from pathlib import Path

_log = logging.getLogger(__name__)
FOLDER = "studios"
MOST_BYTES = 400_000
"""The largest file: several times what the longest prompt and everything else take."""
MOST_RESULTS = 12
"""How many results the next studio of a name shows."""
MOST_ID = 200


class KeptStudio:
    """The state that studios of one name leave for the next one, in a library.

    It is read as untrusted. Each write changes one part, and keeps what another kernel wrote to
    the other parts. If the disk is full or read-only, nothing is kept.

    Args:
        root: The library's folder.
        name: Such as a notebook's path.
    """

    def __init__(self, root: Path, name: str) -> None:
        self._root, self._name = root, name
        digest = hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:12]
        words = name.replace("\\", "/").rpartition("/")[2]
        self.path = root / FOLDER / file_name(words, f"-{digest}.json")
        self._lock = threading.Lock()
        self._is_told = False

    def read(self) -> dict[str, Any]:
        """Return the kept parts, of ``form``, ``gallery``, ``results`` and ``pinned``.

        All values are untrusted.
        """
        try:
            data = read_file(str(self.path), MOST_BYTES)
            kept = None if data is None else read_json(data)
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, RecursionError) as error:
            self._tell("read", error)
            return {}
        if not isinstance(kept, dict) or kept.get("name") != self._name:
            self._tell("read", "it is not what a studio of this name wrote")
            return {}
        return kept

    def results(self) -> list[str]:
        """Return the request ids of the results to show, newest first."""
        found = self.read().get("results")
        listed = found[: 10 * MOST_RESULTS] if isinstance(found, list) else []
        ids = [each for each in listed if isinstance(each, str) and 0 < len(each) <= MOST_ID]
        return list(dict.fromkeys(ids))[:MOST_RESULTS]

    def write(self, **parts: Any) -> None:
        """Replace some parts."""
        with self._lock:
            self._write({**self.read(), **parts})

    def change_results(self, *, came: str = "", gone: str = "") -> None:
        """Put a result in front of the others, or remove one."""
        with self._lock:
            others = [each for each in self.results() if each not in (came, gone)]
            listed = [came, *others] if came else others
            self._write({**self.read(), "results": listed[:MOST_RESULTS]})

    def _write(self, kept: dict[str, Any]) -> None:
        text = json.dumps({**kept, "name": self._name}, ensure_ascii=False, indent=1)
        data = text.encode("utf-8", "replace")
        if len(data) > MOST_BYTES:
            self._tell("written", f"it would have more than {MOST_BYTES:,} bytes")
            return
        try:
            # Not synced, as it is written while the user types.
            write_private(self.path, data, self._root, lasting=False)
        except OSError as error:
            self._tell("written", error)

    def _tell(self, done: str, why: object) -> None:
        if not self._is_told:
            self._is_told = True
            _log.warning("%s can't be %s, so that studio starts empty: %s", self.path, done, why)
