"""Jobs on the page: cancelled, and alive while the kernel computes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import psutil
from playwright.sync_api import expect

from .studio import GESTURE_MS, STUDIO, HeldJobs, Studio, busy_until

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from .conftest import OpenNotebook, Shot


def test_one_of_two_jobs_is_cancelled(
    errors: list[str], notebook: OpenNotebook, page: Page, tmp_path: Path
) -> None:
    jobs = HeldJobs(tmp_path, 5)
    book = notebook([jobs.cell(), "[str(job.status.kind) for job in studio.jobs]"])
    book.run(0)
    studio = Studio(page)
    studio.submit("a harbour")
    studio.submit("another harbour")
    expect(studio.cards).to_have_count(2)
    card = studio.card("a harbour")
    studio.cancel("a harbour").click()
    expect(card).to_contain_text("Cancelled")
    expect(card.get_by_role("progressbar")).to_have_count(0)
    expect(card.get_by_role("button", name="Cancel")).to_have_count(0)
    expect(card.get_by_role("button", name="Reuse")).to_be_visible()
    expect(studio.cancel("another harbour")).to_be_visible()
    jobs.go_on()
    studio.wait_for_pictures("another harbour")
    book.run(1)
    assert book.text(1) == "['completed', 'cancelled']"
    card.get_by_role("button", name="Dismiss").click()
    expect(studio.cards).to_have_count(1)
    assert errors == []


def test_a_running_job_goes_on_while_a_cell_computes(
    errors: list[str], notebook: OpenNotebook, page: Page, tmp_path: Path
) -> None:
    jobs = HeldJobs(tmp_path, 5)
    book = notebook([jobs.cell(), busy_until(tmp_path / "end")])
    book.run(0)
    studio = Studio(page)
    card = studio.submit("meanwhile")
    expect(card).to_contain_text("step 5 of 30")
    book.run(1, wait=False)
    jobs.go_on(20)
    expect(card).to_contain_text("step 20 of 30")
    jobs.go_on()
    studio.wait_for_pictures("meanwhile")
    assert book.text(1) == "", "the cell had ended, so nothing was proven"
    (tmp_path / "end").touch()
    expect(book.cell(1)).to_contain_text("computed")
    assert errors == []


def test_a_click_after_a_reload_is_served_while_a_cell_computes(
    errors: list[str], notebook: OpenNotebook, page: Page, tmp_path: Path
) -> None:
    book = notebook([STUDIO, busy_until(tmp_path / "end")])
    book.run(0)
    Studio(page)
    book.save()
    book.reload()
    studio = Studio(page)
    book.run(1, wait=False)
    studio.submit("at once")
    studio.wait_for_pictures("at once")
    assert book.text(1) == "", "the cell had ended, so nothing was proven"
    (tmp_path / "end").touch()
    assert errors == []


def test_a_kernel_that_is_silent_is_busy_or_gone(
    notebook: OpenNotebook, page: Page, shot: Shot
) -> None:
    """It was not gone: all goes on by itself, and the click is sent once."""
    book = notebook([STUDIO, "import os\nos.getpid()", "len(studio.jobs)"])
    book.run(0)
    book.run(1)
    studio = Studio(page)
    studio.submit("frozen meanwhile, offline:slow 8")
    kernel = psutil.Process(int(book.text(1)))
    kernel.suspend()
    try:
        studio.prompt.fill("sent while it was frozen")
        studio.generate.click()
        expect(studio.alert).to_contain_text("The kernel is busy, or gone", timeout=60_000)
        expect(studio.generate).to_have_text(re.compile("Waiting for the kernel"))
        shot("silent", studio.root)
    finally:
        kernel.resume()
    expect(studio.alert).to_have_count(0, timeout=60_000)
    studio.wait_for_pictures("sent while it was frozen")
    studio.wait_for_pictures("frozen meanwhile, offline:slow 8", timeout=60_000)
    book.run(2)
    assert book.text(2) == "2"


def test_reuse_can_be_undone(
    errors: list[str], notebook: OpenNotebook, page: Page, shot: Shot
) -> None:
    """By the button, and as any text is: by the browser's own undo."""
    book = notebook([STUDIO])
    book.run(0)
    studio = Studio(page)
    studio.submit("a fox")
    studio.wait_for_pictures("a fox")
    studio.prompt.fill("")
    studio.prompt.press_sequentially("an idea, dress image 4")
    expect(studio.root.locator(".sd-warn", has_text="names image 4")).to_be_visible()
    shot("warning", studio.root)
    reuse = studio.card("a fox").get_by_role("button", name="Reuse")
    reuse.click()
    expect(studio.prompt).to_have_value("a fox")
    expect(reuse).to_be_focused()
    shot("reused", studio.root)
    studio.button("Undo").click()
    expect(studio.prompt).to_have_value("an idea, dress image 4")
    reuse.click()
    expect(studio.prompt).to_have_value("a fox")
    studio.prompt.focus()
    page.keyboard.press("Control+z")
    expect(studio.prompt).to_have_value("an idea, dress image 4")
    studio.generate.click()  # it names an image that is not there: that is told first
    expect(studio.root).to_contain_text("Press Generate again to send it")
    page.wait_for_timeout(GESTURE_MS)  # within a second it would be the same press
    studio.generate.click()
    expect(studio.cards).to_have_count(2)
    assert errors == []
