"""The README's Python runs, offline, as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import seedream_widgets as sd
from tests.readme import write

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", README, flags=re.S)


def test_there_are_blocks_to_run():
    assert len(BLOCKS) == 3


@pytest.mark.slow
@pytest.mark.parametrize("block", BLOCKS, ids=["widget", "headless", "library"])
def test_a_block_runs(block, tmp_path, monkeypatch, page):
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(compile(block, "README.md", "exec"), names)
    saved = [*tmp_path.glob("fox.png"), *tmp_path.glob("fox.jpg"), *tmp_path.glob("night/*")]
    assert len(saved) == 1
    if "studio" in names:
        names["studio"].close()


def test_every_link_to_a_file_leads_somewhere():
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in link]
    assert links
    for link in links:
        assert (ROOT / link).exists(), link


def test_the_table_of_arguments_is_complete():
    named = set(re.findall(r"^\| `(\w+)` \|", README, flags=re.M))
    assert named == set(sd.Request.__dataclass_fields__)


BEGIN, END = "<!-- bench: begin -->\n", "<!-- bench: end -->"


def test_a_table_is_written_between_its_markers(tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{BEGIN}old\n{END}\nafter\n")
    write("bench", "new\n", readme)
    assert readme.read_text() == f"before\n{BEGIN}new\n{END}\nafter\n"


@pytest.mark.parametrize("text", ["", BEGIN, f"{END}\n{BEGIN}", "x"])
def test_no_table_is_written_without_its_markers(tmp_path, text):
    readme = tmp_path / "README.md"
    readme.write_text(text)
    with pytest.raises(SystemExit, match=r"bench: begin"):
        write("bench", "new\n", readme)
    assert readme.read_text() == text
