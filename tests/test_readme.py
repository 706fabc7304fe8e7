"""What newcomers read is true: README's Python runs, links lead somewhere, tables are whole."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import seedream_widgets as sd
from tests.results import BEGIN, END, results, write

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()
ON_DISK = (ROOT / "seedream_widgets" / "jobs" / "README.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", README, flags=re.S)
PLACES = (ROOT, ROOT / "seedream_widgets")


def test_there_are_blocks_to_run():
    assert len(BLOCKS) == 4


@pytest.mark.slow
@pytest.mark.parametrize("block", BLOCKS, ids=["widget", "headless", "library", "explore"])
def test_a_block_runs(block, tmp_path, monkeypatch, page):
    monkeypatch.chdir(tmp_path)
    sd.default_client().backend.pace = 0.0
    names = {}
    exec(compile(block, "README.md", "exec"), names)
    kept = ("fox.png", "fox.jpg", "night/*", "foxes.html")
    saved = [path for name in kept for path in tmp_path.glob(name)]
    assert len(saved) == 1
    if "studio" in names:
        names["studio"].close()


def test_the_readme_is_short_and_begins_with_a_picture_and_the_two_commands():
    lines = README.splitlines()
    assert len(lines) <= 160
    top = "\n".join(lines[:12])
    assert top.index("![") < top.index("make lab") < top.index("make test")


def test_every_link_to_a_file_leads_somewhere():
    pages = README + CONTRIBUTING
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", pages) if "://" not in link]
    assert links
    for link in links:
        assert (ROOT / link).exists(), link


def test_contributing_is_short():
    assert len(CONTRIBUTING.splitlines()) <= 60


def test_every_file_that_contributing_names_is_there():
    named = re.findall(r"`([\w/]+(?:\.\w+)+|(?:tests|js)/[\w/]+)`", CONTRIBUTING + ON_DISK)
    assert len(named) > 30
    for name in named:
        assert any((place / name).exists() for place in PLACES), name


def test_the_walk_is_ten_lines_and_enters_each_file_once():
    walk = CONTRIBUTING.partition("## From the click")[2].partition("\n## ")[0]
    assert re.findall(r"(?m)^(\d+)\. ", walk) == [str(number) for number in range(1, 11)]
    files = re.findall(r"`([\w/]+\.\w+)`", walk)
    assert len(files) == len(set(files)) > 20


def test_every_target_that_is_named_exists():
    named = set(re.findall(r"`?make ([\w-]+)", README + CONTRIBUTING)) - {"must"}
    targets = set(re.findall(r"(?m)^([\w-]+):", (ROOT / "Makefile").read_text()))
    assert named - targets <= {"dev"}, named - targets


def test_the_table_of_arguments_is_complete():
    named = set(re.findall(r"^\| `(\w+)` \|", README, flags=re.M))
    assert named == set(sd.Request.__dataclass_fields__)


@pytest.mark.parametrize("room", ["bench", "faults", "hosts", "range"])
def test_a_rooms_table_stands_beside_its_tests(room):
    table = results(room).read_text().partition(BEGIN)[2].partition(END)[0]
    assert table.count("\n|") > 8


def test_a_table_is_written_between_its_markers(tmp_path):
    page = tmp_path / "RESULTS.md"
    page.write_text(f"before\n{BEGIN}old\n{END}\nafter\n")
    write(page, "new\n")
    assert page.read_text() == f"before\n{BEGIN}new\n{END}\nafter\n"


@pytest.mark.parametrize("text", ["", BEGIN, f"{END}\n{BEGIN}", "x"])
def test_no_table_is_written_without_its_markers(tmp_path, text):
    page = tmp_path / "RESULTS.md"
    page.write_text(text)
    with pytest.raises(SystemExit, match=r"made: begin"):
        write(page, "new\n")
    assert page.read_text() == text
