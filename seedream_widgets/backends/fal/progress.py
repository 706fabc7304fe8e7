"""What fal says about a running request, made into our statuses; changes only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from seedream_widgets.values.status import Completed, InProgress, Log, Queued, Status

if TYPE_CHECKING:
    from collections.abc import Mapping

LINES = 200
"""Log lines kept of one job."""
_MESSAGE = 2000
_WORD = 64


class Report(NamedTuple):
    """Hold one status reply: fal's state, and what came with it (untrusted)."""

    state: str
    position: object = None
    logs: object = None
    error: object = None
    error_type: object = None

    @classmethod
    def from_event(cls, data: Mapping[str, Any]) -> Report:
        """Read the JSON of one event of the status stream."""
        return cls(
            str(data.get("status")),
            data.get("queue_position"),
            data.get("logs"),
            data.get("error"),
            data.get("error_type"),
        )


class Progress:
    """Remember what was told, and turn reports into the changes."""

    def __init__(self) -> None:
        self._logs: tuple[Log, ...] = ()
        self._last: Status | None = None

    def change(self, report: Report) -> Status | None:
        """Return the new status, or ``None`` when nothing changed or the state is unknown."""
        self._logs = _joined(self._logs, read_logs(report.logs))
        status: Status
        if report.state == "IN_QUEUE":
            status = Queued(_position(report.position))
        elif report.state == "IN_PROGRESS":
            status = InProgress(self._logs)
        elif report.state == "COMPLETED":
            status = Completed(self._logs)
        else:
            return None
        if status == self._last:
            return None
        self._last = status
        return status


def read_logs(entries: object) -> tuple[Log, ...]:
    """Read fal's log entries; what is no entry is left out, what is too long is cut."""
    if not isinstance(entries, list):
        return ()
    return tuple(
        Log(
            message[:_MESSAGE],
            str(entry.get("level") or "INFO")[:_WORD],
            str(entry.get("timestamp") or "")[:_WORD],
        )
        for entry in entries[-LINES:]
        if isinstance(entry, dict) and isinstance(message := entry.get("message"), str)
    )


def _joined(known: tuple[Log, ...], new: tuple[Log, ...]) -> tuple[Log, ...]:
    """Join two runs of lines: the stream sends only new ones, a poll all of them."""
    for overlap in range(min(len(known), len(new)), 0, -1):
        if known[-overlap:] == new[:overlap]:
            return (known + new[overlap:])[-LINES:]
    return (known + new)[-LINES:]


def _position(value: object) -> int | None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole and 0 <= value < 10**9 else None  # type: ignore[operator, return-value]
