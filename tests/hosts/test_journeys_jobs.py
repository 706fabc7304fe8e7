"""Generate, and use what comes, once in every host. Docstrings are named in RESULTS.md."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.studio import STUDIO, HeldJobs, busy_until

from .reading import JOBS, read

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import OpenBook, Say
    from .host import Host


def test_generate(book: OpenBook, errors: list[str], tmp_path: Path) -> None:
    """State and log line move, previews arrive."""
    held = HeldJobs(tmp_path, 0)
    opened = book(held.cell(), JOBS)
    opened.run(0)
    studio = opened.studio()
    studio.field("Images").fill("2")
    card = studio.submit("a fox")
    expect(card).to_contain_text("In queue")
    for step in (5, 20):
        held.go_on(step)
        expect(card).to_contain_text(f"step {step} of 30")
    held.go_on()
    studio.wait_for_pictures("a fox", 2)
    assert all(0 < size < 100_000 for size in studio.preview_sizes())
    read(opened, 1, "['completed']")
    assert errors == []


def test_cancel(book: OpenBook, errors: list[str]) -> None:
    """Cancel."""
    opened = book(STUDIO, JOBS)
    opened.run(0)
    studio = opened.studio()
    card = studio.submit("slow, offline:slow 200")
    studio.cancel("slow, offline:slow 200").click()
    expect(card).to_contain_text("Cancelled")
    read(opened, 1, "['cancelled']")
    assert errors == []


def test_error(book: OpenBook, errors: list[str]) -> None:
    """A refusal is a sentence on the card."""
    opened = book(STUDIO)
    opened.run(0)
    card = opened.studio().submit("offline:refuse")
    expect(card).to_contain_text("The safety checker refused this prompt.")
    expect(card).not_to_contain_text("Traceback")
    assert errors == []


def test_next_cell(book: OpenBook, errors: list[str]) -> None:
    """`studio.image` in the next cell."""
    opened = book(STUDIO, "print(studio.image.size)")
    opened.run(0)
    studio = opened.studio()
    studio.submit("a fox")
    studio.wait_for_pictures("a fox")
    read(opened, 1, "(2048, 2048)")
    assert errors == []


def test_busy(book: OpenBook, host: Host, errors: list[str], instead: Say, tmp_path: Path) -> None:
    """A click while a cell computes."""
    opened = book(STUDIO, busy_until(tmp_path / "end"), JOBS)
    opened.run(0)
    studio = opened.studio()
    studio.prompt.fill("meanwhile")
    opened.run(1, wait=False)
    studio.generate.click()
    if host.serves_while_busy:
        studio.wait_for_pictures("meanwhile")
        assert "computed" not in opened.text(1), "the cell had ended, so nothing was proven"
        (tmp_path / "end").touch()
    else:
        expect(studio.generate).to_have_text(re.compile("Waiting for the kernel"))
        assert "computed" not in opened.text(1), "the cell had ended, so nothing was proven"
        (tmp_path / "end").touch()
        instead("the button says that it waits for the kernel; then it runs, once")
        studio.wait_for_pictures("meanwhile")
    expect(studio.cards).to_have_count(1)
    read(opened, 2, "['completed']")
    assert errors == []
