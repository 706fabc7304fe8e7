"""The recorded terminal of `sd.generate` shows what a terminal shows today."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.display.record_terminal import record

KEPT = Path(__file__).parents[2] / "notebooks" / "images" / "generate.cast"
RECORDS = 5
"""At most: a machine may be too busy to show what lasts for a second."""
STATES = {"Sending", "In queue, 1st", "Generating", "Fetching", "Fetching # of #", "Completed"}


def told(file: Path) -> tuple[list[str], set[str], str]:
    """Return what was typed, the states of the progress line, and the last line."""
    head, typed, *rest = map(json.loads, file.read_text(encoding="utf-8").splitlines())
    assert (head["version"], head["width"], typed[0]) == (2, 80, 0)
    times = [moment for moment, _, _ in rest]
    assert times == sorted(times)
    lines = re.split(r"[\r\n]+", "".join(text for _, _, text in rest).strip())
    *progress, last = [line.strip() for line in lines]
    states = {re.sub(r"\b\d+\b", "#", line.partition(" · ")[0]) for line in progress}
    return typed[2].split("\r\n"), states, last


@pytest.mark.slow
def test_it_is_true_today(tmp_path):
    for _ in range(RECORDS):
        record(tmp_path / "now.cast")
        typed, states, last = told(tmp_path / "now.cast")
        if "Generating" in states:
            break
    kept_typed, kept_states, kept_last = told(KEPT)
    assert (typed, last) == (kept_typed, kept_last)
    for shown in (states, kept_states):  # a slow or a fast machine misses one of them
        assert {"Generating", "Completed"} <= shown <= STATES
