"""The benchmarks' table: no target is missed in silence."""

from __future__ import annotations

import pytest

from tests.bench.report import table, unexplained
from tests.bench.rows import Row


@pytest.mark.parametrize(
    ("row", "cells"),
    [
        (Row("a", 2, 12.0, times=5), "| a | 2 | 12 | 6× | ≥ 5× | yes |"),
        (Row("a", 2, 8.0, times=5, why="b"), "| a | 2 | 8 | 4× | ≥ 5× | no: b |"),
        (Row("a", 2, 12.0, times=5, why="b"), "| a | 2 | 12 | 6× | ≥ 5× | yes |"),
        (Row("a", 1234.5, most=250), "| a | 1,234 |  |  | ≤ 250 | no: the reason is not known |"),
        (Row("a", 0, "dies", most=1), "| a | 0 | dies |  | ≤ 1 | yes |"),
        (Row("a", 0.0312, 40.0), "| a | 0.0312 | 40 | 1,282× |  |  |"),
    ],
)
def test_a_row(row: Row, cells: str) -> None:
    assert table([row]).splitlines()[2] == cells


def test_what_is_missed_without_a_reason() -> None:
    rows = [Row("told", 2, 1, times=5, why="b"), Row("silent", 2, 1, times=5), Row("free", 1, 1)]
    assert unexplained(rows) == ["silent"]
