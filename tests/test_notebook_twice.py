"""Offline and seeded, two runs of one notebook in fresh libraries give the same bytes."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "python.ipynb"


def executed(home: Path) -> str:
    env = {"SEEDREAM_HOME": str(home), "FAL_KEY": "", "FAL_KEY_ID": "", "FAL_KEY_SECRET": ""}
    book = nbformat.read(NOTEBOOK, as_version=4)
    client = NotebookClient(book, timeout=300, record_timing=False, store_widget_state=False)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in env.items():
            patch.setenv(name, value)
        client.execute()
    return nbformat.writes(book)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_two_runs_of_one_notebook_are_equal_to_the_byte(tmp_path):
    first, second = executed(tmp_path / "one"), executed(tmp_path / "two")
    for before, after in zip(first.splitlines(), second.splitlines(), strict=True):
        assert before[:2000] == after[:2000]
    assert first == second
    assert str(tmp_path) not in first
    assert "widget-state" not in first, "the bundle is in the notebook"
    assert len(first) < 600_000
