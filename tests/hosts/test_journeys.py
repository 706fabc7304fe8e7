"""What people do with a studio, once in every host. A docstring's first line names it in README."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.chromium import drop_files
from tests.browser.layout import overflowing, resize
from tests.browser.studio import STUDIO

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from .conftest import OpenBook, Say, Shot
    from .host import Book, Host

SECOND = "studio"
SIZES = "print([image.size for image in studio.references])"
JOBS = "print([str(job.status.kind) for job in studio.jobs])"
BUSY = "import time\ntime.sleep(5)\nprint('computed')"
COMMANDS = ("a", "b", "m", "y", "x", "d", "d", "z", "Enter", "Shift+Enter", "Alt+Enter")
COLOURS = """root => ["background-color", "color"].map(name => {
  const [r, g, b] = getComputedStyle(root).getPropertyValue(name).match(/[\\d.]+/g).map(Number);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
})"""


def picture(path: Path, width: int = 64) -> Path:
    Image.new("RGB", (width, 48), "teal").save(path)
    return path


def read(book: Book, cell: int, expected: str) -> None:
    """Run a cell until it says so: the page writes a moment later, on a shell of its own."""
    for _ in range(20):
        book.run(cell)
        if book.text(cell).strip() == expected:
            return
        book.page.wait_for_timeout(250)
    assert book.text(cell).strip() == expected


def test_render(book: OpenBook, errors: list[str], shot: Shot) -> None:
    """Runs and draws."""
    opened = book(STUDIO)
    opened.run(0)
    studio = opened.studio()
    expect(studio.generate).to_be_visible()
    expect(studio.root).to_contain_text("without Seedream")
    assert overflowing(studio.root) == []
    shot("light")
    assert errors == []


def test_type(book: OpenBook, errors: list[str]) -> None:
    """Typing stays in the widget."""
    opened = book(STUDIO, "x = 1", JOBS)
    opened.run(0)
    studio = opened.studio()
    before = opened.sources()
    studio.prompt.click()
    for key in COMMANDS:
        opened.page.keyboard.press(key)
    expect(studio.prompt).to_have_value(re.compile(r"^abmyxddz\n\n"))
    for target in (studio.add, studio.button("Random seed"), studio.shape("1:1")):
        target.focus()
        for key in ("a", "b", "m", "d", "d", "x", "Escape"):
            opened.page.keyboard.press(key)
    assert opened.sources() == before
    studio.prompt.fill("one job")
    opened.page.keyboard.press("Control+Enter")
    studio.wait_for_pictures("one job")
    assert opened.sources() == before
    read(opened, 2, "['completed']")
    assert errors == []


def test_drop(book: OpenBook, errors: list[str], tmp_path: Path) -> None:
    """Drop images."""
    opened = book(STUDIO, SIZES)
    opened.run(0)
    studio = opened.studio()
    files = [picture(tmp_path / "a.png", 64), picture(tmp_path / "b.png", 65)]
    drop_files(opened.page, studio.references_zone, files)
    studio.expect_references("a.png", "b.png")
    studio.wait_for_reference(1)
    read(opened, 1, "[(64, 48), (65, 48)]")
    assert errors == []


def test_paste(book: OpenBook, errors: list[str]) -> None:
    """Paste an image."""
    opened = book(STUDIO, SIZES)
    opened.run(0)
    studio = opened.studio()
    studio.prompt.click()
    studio.paste(studio.prompt, "pasted.png", "orange")
    studio.expect_references("pasted.png")
    read(opened, 1, "[(64, 48)]")
    assert errors == []


@pytest.mark.timeout(180)
def test_browse(book: OpenBook, errors: list[str], tmp_path: Path) -> None:
    """Browse for an image of 30 MB."""
    big = tmp_path / "big.png"
    Image.frombytes("RGB", (3300, 3100), os.urandom(3300 * 3100 * 3)).save(big, compress_level=0)
    assert big.stat().st_size > 30_000_000
    opened = book(STUDIO, SIZES)
    opened.run(0)
    studio = opened.studio()
    with opened.page.expect_file_chooser() as chooser:
        studio.add.click()
    chooser.value.set_files(big)
    expect(studio.references).to_have_attribute(
        "aria-label", re.compile("^Image 1: big.jpg, 3300 × 3100"), timeout=90_000
    )
    read(opened, 1, "[(3300, 3100)]")
    assert errors == []


def test_generate(book: OpenBook, errors: list[str]) -> None:
    """State and log line move, previews arrive."""
    opened = book(STUDIO, JOBS)
    opened.run(0)
    studio = opened.studio()
    studio.field("Images").fill("2")
    card = studio.submit("a fox, offline:slow 3")
    expect(card).to_contain_text(re.compile("In queue|Generating"))
    expect(card).to_contain_text(re.compile(r"step \d+ of 30"))
    studio.wait_for_pictures("a fox, offline:slow 3", 2)
    assert all(0 < size < 100_000 for size in studio.preview_sizes())
    read(opened, 1, "['completed']")
    assert errors == []


def test_cancel(book: OpenBook, errors: list[str]) -> None:
    """Cancel."""
    opened = book(STUDIO, JOBS)
    opened.run(0)
    studio = opened.studio()
    card = studio.submit("slow, offline:slow 40")
    studio.cancel("slow, offline:slow 40").click()
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


def test_reload(book: OpenBook, host: Host, instead: Say) -> None:
    """Page reloaded, kernel alive."""
    opened = book(STUDIO, JOBS)
    opened.run(0)
    studio = opened.studio()
    studio.submit("before")
    studio.wait_for_pictures("before")
    studio.prompt.fill("half written")
    studio.add.focus()
    opened.page.wait_for_timeout(500)
    opened.reload()
    if not host.restores:
        expect(opened.place(0).get_by_text("Seedream studio")).to_be_visible()
        for dead in opened.place(0).locator(".sd-root").all():
            expect(dead.get_by_role("alert")).to_have_text(re.compile("Run the cell again."))
        instead("a contact sheet stands there; run the cell again")
        opened.run(0)
        opened.studio()
        return
    studio = opened.studio()
    expect(studio.prompt).to_have_value("half written")
    studio.wait_for_pictures("before")
    studio.submit("after")
    studio.wait_for_pictures("after")
    read(opened, 1, "['completed', 'completed']")


def test_two_views(book: OpenBook, errors: list[str]) -> None:
    """Two views of one studio."""
    opened = book(STUDIO, SECOND, JOBS)
    opened.run(0)
    opened.run(1)
    first, second = opened.studio(0), opened.studio(1)
    first.prompt.fill("in both")
    expect(second.prompt).to_have_value("in both")
    second.generate.click()
    for view in (first, second):
        view.wait_for_pictures("in both")
        expect(view.cards).to_have_count(1)
    read(opened, 2, "['completed']")
    assert errors == []


def test_dark(book: OpenBook, errors: list[str], shot: Shot) -> None:
    """Dark theme, followed live."""
    opened = book(STUDIO)
    opened.run(0)
    studio = opened.studio()
    studio.submit("a fox at night")
    studio.wait_for_pictures("a fox at night")
    paper, ink = studio.root.evaluate(COLOURS)
    assert paper > 200 > 80 > ink
    opened.theme("Dark")
    studio = opened.studio()
    expect(studio.root).to_have_attribute("data-sd-theme", "dark")
    paper, ink = studio.root.evaluate(COLOURS)
    assert paper < 70 < 160 < ink
    shot("dark")
    opened.theme("Light")
    expect(opened.studio().root).to_have_attribute("data-sd-theme", "light")
    assert errors == []


def test_narrow(book: OpenBook, errors: list[str], shot: Shot) -> None:
    """Narrow output, 320 px."""
    opened = book(STUDIO)
    opened.run(0)
    studio = opened.studio()
    studio.submit("a fox in a narrow place")
    studio.wait_for_pictures("a fox in a narrow place")
    resize(studio.root, 320)
    assert overflowing(studio.root) == []
    shot("narrow")
    assert errors == []


def test_busy(book: OpenBook, host: Host, errors: list[str], instead: Say) -> None:
    """A click while a cell computes."""
    opened = book(STUDIO, BUSY, JOBS)
    opened.run(0)
    studio = opened.studio()
    studio.prompt.fill("meanwhile")
    opened.run(1, wait=False)
    studio.generate.click()
    if host.serves_while_busy:
        studio.wait_for_pictures("meanwhile")
        assert "computed" not in opened.text(1), "the cell had ended, so nothing was proven"
    else:
        expect(studio.generate).to_have_text(re.compile("Waiting for the kernel"))
        assert "computed" not in opened.text(1), "the cell had ended, so nothing was proven"
        instead("the button says that it waits for the kernel; then it runs, once")
        studio.wait_for_pictures("meanwhile")
    expect(studio.cards).to_have_count(1)
    read(opened, 2, "['completed']")
    assert errors == []


def test_restart(book: OpenBook, host: Host, instead: Say) -> None:
    """Kernel restarted: it says so, and what to do."""
    opened = book(STUDIO)
    opened.run(0)
    studio = opened.studio()
    studio.submit("lost with its kernel, offline:slow 40")
    opened.restart_kernel()
    if host.clears_on_restart:
        instead("the widget goes with its kernel, and the host marks the cell; run it again")
        expect(studio.root).to_have_count(0)
    else:
        if not host.tells_restart:
            instead("says so at the next click")
            studio.generate.click()
        expect(studio.alert).to_have_text(re.compile("The kernel is gone. Run the cell again."))
    opened.run(0)
    studio = opened.studio()
    studio.submit("a new kernel")
    studio.wait_for_pictures("a new kernel")


def test_page_is_quiet(page: Page, errors: list[str], book: OpenBook) -> None:
    """No request leaves the machine."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    opened = book(STUDIO)
    opened.run(0)
    studio = opened.studio()
    studio.submit("quiet")
    studio.wait_for_pictures("quiet")
    local = re.compile(r"^(blob:|data:|about:|\w+://(127\.0\.0\.1|localhost)[:/])")
    assert [url for url in asked if not local.match(url)] == []
    assert errors == []
