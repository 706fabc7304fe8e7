from __future__ import annotations

from typing import Any

import pytest

from seedream_widgets.backends.fal.progress import LINES, Progress, Report, read_logs
from seedream_widgets.values.status import Completed, InProgress, Log, Queued


def line(number: int) -> dict[str, Any]:
    return {"message": f"line {number}", "level": "INFO", "timestamp": f"t{number}"}


def lines(*numbers: int) -> list[dict[str, Any]]:
    return [line(number) for number in numbers]


def test_only_changes_are_told() -> None:
    progress = Progress()
    assert progress.change(Report("IN_QUEUE", position=1)) == Queued(1)
    assert progress.change(Report("IN_QUEUE", position=1)) is None
    assert progress.change(Report("IN_QUEUE", position=0)) == Queued(0)
    assert progress.change(Report("PAUSED")) is None
    assert progress.change(Report("IN_PROGRESS")) == InProgress()
    assert progress.change(Report("IN_PROGRESS", logs=[])) is None
    assert progress.change(Report("COMPLETED")) == Completed()


@pytest.mark.parametrize(
    "runs",
    [
        [lines(1), lines(2), lines(3)],
        [lines(1), lines(1, 2), lines(1, 2, 3)],
        [lines(1, 2), lines(1, 2, 3), None, []],
        [lines(1, 2), lines(2, 3)],
    ],
)
def test_lines_are_joined_whether_all_or_only_new_ones_come(runs: list[Any]) -> None:
    progress = Progress()
    for run in runs:
        progress.change(Report("IN_PROGRESS", logs=run))
    done = progress.change(Report("COMPLETED"))
    assert isinstance(done, Completed)
    assert [log.message for log in done.logs] == ["line 1", "line 2", "line 3"]


def test_the_last_lines_are_kept() -> None:
    progress = Progress()
    for end in (250, 300):
        status = progress.change(Report("IN_PROGRESS", logs=lines(*range(end))))
    assert isinstance(status, InProgress)
    assert [log.message for log in status.logs] == [f"line {n}" for n in range(100, 300)]
    assert len(status.logs) == LINES


def test_log_entries_are_untrusted() -> None:
    long = {"message": "m" * 9999, "level": "l" * 999, "timestamp": None}
    assert read_logs(["text", None, {}, {"message": 7}, long]) == (Log("m" * 2000, "l" * 64, ""),)
    assert read_logs("no list") == ()


@pytest.mark.parametrize("position", [None, "1", True, -1, 10**12, 1.5])
def test_a_position_that_is_none(position: object) -> None:
    assert Progress().change(Report("IN_QUEUE", position=position)) == Queued(None)
