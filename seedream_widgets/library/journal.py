"""What was asked of a backend and has not ended: one small file each, written before it is sent.

A file a request, replaced whole, needs no lock: several kernels, and another machine with the
same folder, can all read and write. The file's name says which process follows the request, so
that a rename takes it over, and one process alone can win it.
"""

from __future__ import annotations

import json
import os
import re
import time
from dataclasses import asdict, dataclass, replace
from decimal import Decimal, InvalidOperation
from stat import S_ISREG
from typing import TYPE_CHECKING, Any, Literal, get_args

from seedream_widgets.errors import Billing
from seedream_widgets.files import read_json
from seedream_widgets.library.folder import write_private
from seedream_widgets.library.processes import follows, runs, this_process
from seedream_widgets.values.handle import Handle

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

Step = Literal["planned", "sending", "accepted", "failed", "cancelled", "unknown"]
MAX_BYTES = 512 * 1024
_NAME = re.compile(r"([A-Za-z0-9_-]{1,64})(?:\.([A-Za-z0-9-]{1,80}))?\.json")
_FAR = 1e11


@dataclass(frozen=True)
class Pending:
    """Hold one request on its way.

    Attributes:
        id: The job's id.
        step: ``"planned"``: not sent. ``"sending"``: it may have been accepted. ``"accepted"``:
            `handle` finds it again. The others are ends without a result.
        backend: ``"fal"`` or ``"offline"``.
        created: Seconds since the epoch.
        request: The request's JSON, local images by digest.
        endpoint: The endpoint's id.
        key: Digest that equal requests with a seed share.
        low: Least it may cost, US dollars.
        high: Most it may cost, US dollars.
        handle: fal's names for it.
        billing: Whether an ended one is billed.
        message: Why it ended.
        owner: The process that follows it; empty when it was let go.
        touched: When its file was last changed, seconds since the epoch.
    """

    id: str
    step: Step
    backend: str
    created: float
    request: dict[str, Any]
    endpoint: str
    key: str | None = None
    low: str = "0"
    high: str = "0"
    handle: dict[str, str] | None = None
    billing: Billing = "maybe"
    message: str = ""
    owner: str = ""
    touched: float = 0

    @property
    def followed(self) -> bool:
        """Whether a process still follows it, as far as can be told."""
        return follows(self.owner, self.touched)


class Journal:
    """Keep the entries of one library.

    Args:
        library: The library's folder; ``journal`` in it is made when first written to.
    """

    def __init__(self, library: Path) -> None:
        self._library = library
        self.folder = library / "journal"

    def plan(self, entry: Pending) -> Pending:
        """Write a request down as this process's own."""
        return self._write(replace(entry, owner=this_process()))

    def step(self, entry: Pending, step: Step, handle: dict[str, str] | None = None) -> Pending:
        """Write down how far it is."""
        return self._write(replace(entry, step=step, handle=handle or entry.handle))

    def claim(self, entry: Pending) -> Pending | None:
        """Take over a request that was left behind; ``None`` when another process was faster."""
        ours = replace(entry, owner=this_process())
        try:
            os.rename(self._path(entry), self._path(ours))
            os.utime(self._path(ours))
        except FileNotFoundError:
            return None
        return ours

    def release(self, entry: Pending) -> None:
        """Let go of a request whose result may still be had, for whoever resumes it."""
        os.replace(self._path(entry), self._path(replace(entry, owner="")))

    def close(self, entry: Pending) -> None:
        """Take a request out whose result is in the library."""
        self._path(entry).unlink(missing_ok=True)

    def end(self, entry: Pending, step: Step, billing: Billing, message: str) -> None:
        """Move a request that ended without a result to the ended ones."""
        ended = replace(entry, step=step, billing=billing, message=message[:500], owner="")
        day = self.folder / "ended" / time.strftime("%Y-%m-%d", time.gmtime(entry.created))
        self._write(ended, day)
        self.close(entry)

    def pending(self, but: Collection[str] = ()) -> list[Pending]:
        """Return what has not ended, oldest first.

        Args:
            but: Ids whose files are not read while this process follows them.
        """
        ours = this_process() if but else ""
        passed = {f"{name}.{ours}.json" for name in but}
        return sorted(_read(self.folder, passed=passed), key=lambda entry: entry.created)

    def find(self, name: str) -> Pending | None:
        """Return what has not ended, by its id."""
        return next((entry for entry in _read(self.folder, f"{name}.*") if entry.id == name), None)

    def ended(self, since: float = 0) -> list[Pending]:
        """Return what was asked from a moment on and ended without a result, oldest first."""
        first = time.strftime("%Y-%m-%d", time.gmtime(since))
        days = [day for day in self.folder.glob("ended/*") if day.name >= first]
        found = [entry for day in days for entry in _read(day) if entry.created >= since]
        return sorted(found, key=lambda entry: entry.created)

    def left_behind(self) -> list[Pending]:
        """Return pending requests that no living process follows."""
        return [entry for entry in self.pending() if not entry.followed]

    def away(self) -> list[Pending]:
        """Return pending requests of other machines, whose end can't be told from here yet."""
        return [entry for entry in self.pending() if entry.followed and runs(entry.owner) is None]

    def _path(self, entry: Pending) -> Path:
        return self.folder / ".".join(filter(None, (entry.id, entry.owner, "json")))

    def _write(self, entry: Pending, folder: Path | None = None) -> Pending:
        values = asdict(entry)
        del values["owner"], values["touched"]
        path = (folder or self.folder) / self._path(entry).name
        text = json.dumps(values, ensure_ascii=False, indent=1)
        write_private(path, text.encode(), self._library)
        return entry


def _read(folder: Path, names: str = "*.json", passed: Collection[str] = ()) -> Iterator[Pending]:
    for path in folder.glob(names):
        name = None if path.name in passed else _NAME.fullmatch(path.name)
        if name is None:
            continue
        try:
            known = path.lstat()
            if S_ISREG(known.st_mode) and known.st_size <= MAX_BYTES:
                values = read_json(path.read_bytes())
                facts = {"id": name[1], "owner": name[2] or "", "touched": known.st_mtime}
                yield _checked(Pending(**{**values, **facts}))
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            continue  # taken away meanwhile, or no entry of ours


def _checked(entry: Pending) -> Pending:
    """Return an entry whose values are of their types; the folder may come from anybody.

    Raises:
        ValueError, TypeError, KeyError: One is not.
    """
    if entry.handle is not None:
        Handle(**entry.handle)
    texts = [entry.backend, entry.endpoint, entry.message, *(entry.handle or {}).values()]
    request = entry.request
    good = (
        entry.step in get_args(Step)
        and entry.billing in get_args(Billing)
        and 0 <= entry.created < _FAR
        and all(isinstance(text, str) for text in texts)
        and isinstance(entry.key, str | None)
        and isinstance(request["prompt"], str)
        and isinstance(request["settings"], dict)
        and isinstance(request["inputs"], list)
    )
    try:
        good = good and all(0 <= Decimal(usd) < _FAR for usd in (entry.low, entry.high))
    except InvalidOperation:
        good = False
    if not good:
        raise ValueError("it is no entry of a journal")
    return entry
