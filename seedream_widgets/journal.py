"""What was asked of a backend and has not ended: one small file each, written before it is sent.

A file a request, replaced whole, needs no lock: several kernels, and another machine with the
same folder, can all read and write.
"""

from __future__ import annotations

import json
import os
import socket
import time
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from seedream_widgets.errors import Billing

Step = Literal["planned", "sending", "accepted", "failed", "cancelled", "unknown"]
MAX_BYTES = 512 * 1024
AWAY_SECONDS = 600
"""How long another machine's request may lie untouched before it counts as left behind."""


@dataclass(frozen=True)
class Entry:
    """Hold one request on its way.

    Attributes:
        id: The job's id.
        step: ``"planned"``: not sent. ``"sending"``: it may have been accepted. ``"accepted"``:
            `handle` finds it again. The others are ends without a result.
        backend: ``"fal"`` or ``"offline"``.
        created: Seconds since the epoch.
        request: The request's JSON, local images by digest.
        endpoint: The endpoint's id.
        low: Least it may cost, US dollars.
        high: Most it may cost, US dollars.
        handle: fal's names for it.
        billing: Whether an ended one is billed.
        message: Why it ended.
        host: The machine that sent it.
        pid: The process that sent it.
        started: When that process started, as the system counts.
    """

    id: str
    step: Step
    backend: str
    created: float
    request: dict[str, Any]
    endpoint: str
    low: str = "0"
    high: str = "0"
    handle: dict[str, str] | None = None
    billing: Billing = "maybe"
    message: str = ""
    host: str = ""
    pid: int = 0
    started: str = ""

    @property
    def ours(self) -> bool:
        """Whether this very process sent it."""
        return (self.host, self.pid, self.started) == _me()

    @property
    def alive(self) -> bool:
        """Whether the process that sent it still follows it, as far as can be told."""
        if self.host != socket.gethostname():
            return time.time() - self.created < AWAY_SECONDS
        return _started(self.pid) == self.started if self.started else _exists(self.pid)


class Journal:
    """Keep the entries of one library folder.

    Args:
        folder: ``<library>/journal``; made when first written to.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def plan(self, entry: Entry) -> Entry:
        """Write a request down as this process's own."""
        host, pid, started = _me()
        entry = replace(entry, host=host, pid=pid, started=started)
        self._write(self._open(entry.id), entry)
        return entry

    def step(self, entry: Entry, step: Step, handle: dict[str, str] | None = None) -> Entry:
        """Write down how far it is."""
        entry = replace(entry, step=step, handle=handle or entry.handle)
        self._write(self._open(entry.id), entry)
        return entry

    def close(self, entry: Entry) -> None:
        """Take a request out whose result is in the library."""
        self._open(entry.id).unlink(missing_ok=True)

    def end(self, entry: Entry, step: Step, billing: Billing, message: str) -> None:
        """Move a request that ended without a result to the ended ones."""
        ended = replace(entry, step=step, billing=billing, message=message[:500])
        day = time.strftime("%Y-%m-%d", time.gmtime(entry.created))
        self._write(self.folder / "ended" / day / f"{entry.id}.json", ended)
        self.close(entry)

    def pending(self) -> list[Entry]:
        """Return what has not ended, oldest first."""
        return sorted(self._read(self.folder.glob("*.json")), key=lambda entry: entry.created)

    def ended(self) -> list[Entry]:
        """Return what ended without a result, oldest first."""
        found = self._read(self.folder.glob("ended/*/*.json"))
        return sorted(found, key=lambda entry: entry.created)

    def left_behind(self) -> list[Entry]:
        """Return pending requests that no living process follows."""
        return [entry for entry in self.pending() if not entry.ours and not entry.alive]

    def _open(self, name: str) -> Path:
        return self.folder / f"{name}.json"

    def _read(self, paths: Iterator[Path]) -> list[Entry]:
        found = []
        for path in paths:
            try:
                if path.stat().st_size <= MAX_BYTES:
                    found.append(Entry(**json.loads(path.read_bytes())))
            except (OSError, ValueError, TypeError):
                continue  # taken away meanwhile, or no entry of ours
        return found

    def _write(self, path: Path, entry: Entry) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.{os.getpid()}.part")
        file = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.write(file, json.dumps(asdict(entry), ensure_ascii=False, indent=1).encode())
            os.fsync(file)
        finally:
            os.close(file)
        os.replace(part, path)


def _me() -> tuple[str, int, str]:
    return socket.gethostname(), os.getpid(), _started(os.getpid())


def _started(pid: int) -> str:
    """Return when a process started in the system's ticks, so that a reused pid is told apart."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, AttributeError):
        return True
    return True
