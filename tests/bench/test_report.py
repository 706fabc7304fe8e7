"""The benchmarks' table: no target is missed in silence, and README is not written by guess."""

from __future__ import annotations

import pytest

from tests.bench.report import BEGIN, END, table, unexplained, write
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


def test_it_is_written_between_the_markers(tmp_path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{BEGIN}old\n{END}\nafter\n")
    write("new\n", readme)
    assert readme.read_text() == f"before\n{BEGIN}new\n{END}\nafter\n"


@pytest.mark.parametrize("text", ["", BEGIN, f"{END}\n{BEGIN}", "x"])
def test_it_fails_without_the_markers(tmp_path, text: str) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(text)
    with pytest.raises(SystemExit, match=r"bench: begin"):
        write("new\n", readme)
    assert readme.read_text() == text
