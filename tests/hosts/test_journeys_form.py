"""Fill in the form, once in every host. Docstrings are named in RESULTS.md."""

from __future__ import annotations

import os
import re
import time
from typing import TYPE_CHECKING

from PIL import Image
from playwright.sync_api import expect

from tests.browser.chromium import drop_files
from tests.browser.layout import overflowing
from tests.browser.studio import STUDIO
from tests.scripted import SECONDS

from .reading import JOBS, SIZES, read

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Locator

    from .conftest import OpenBook, Shot
    from .host import Book

COMMANDS = ("a", "b", "m", "y", "x", "d", "d", "z", "Enter", "Shift+Enter", "Alt+Enter")


def picture(path: Path, width: int = 64) -> Path:
    Image.new("RGB", (width, 48), "teal").save(path)
    return path


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


def test_host_keys(book: OpenBook, errors: list[str]) -> None:
    """Ctrl+S in the widget saves the notebook."""
    opened = book(STUDIO, "x = 1")
    opened.run(0)
    studio = opened.studio()
    studio.prompt.fill("a fox")
    targets = (studio.prompt, studio.add, studio.shape("1:1"), studio.field("Seed"), studio.results)
    for number, target in enumerate(targets):
        written = f"x = 'changed {number} times'"
        opened.write(1, written)
        before = opened.sources()
        target.focus()
        save_by_key(opened, written)
        expect(target).to_be_focused()
        assert opened.sources() == before
    expect(studio.prompt).to_have_value("a fox")
    assert errors == []


HEARD = """root => {
  window.heard = [];
  // As a host hears them, that has not taken them: what it does is its own matter.
  root.parentElement.addEventListener("keydown", event => {
    if (event.key === "s" || event.key === "Control") return;
    window.heard.push(event.key);
    event.preventDefault();
    event.stopPropagation();
  });
}"""
BILLED = """import seedream_widgets as sd
from seedream_widgets.testing import ScriptedBackend
studio = sd.Studio(client=sd.Client(ScriptedBackend("fal")))
studio"""
SHEET = """batch = sd.batch(prompt="an owl", seed=[1, 2], image_size=(960, 960))
batch.run(progress=False)
batch.sheet()"""


def test_host_keys_everywhere(book: OpenBook, errors: list[str]) -> None:
    """The host's keys are its own over the ledger, the viewer, the gallery and a sheet."""
    opened = book(BILLED, "x = 1", SHEET)
    opened.run(0)
    studio = opened.studio()
    studio.submit("a fox")
    studio.wait_for_pictures("a fox")
    studio.root.evaluate(HEARD)
    times = 0

    def host_hears(target: Locator) -> None:
        nonlocal times
        times += 1
        written = f"x = 'changed {times} times'"
        opened.write(1, written)
        target.focus()
        save_by_key(opened, written)
        expect(target).to_be_focused()
        target.evaluate("() => { window.heard = []; }")
        for key in ("Control+p", "F1", "Control+PageDown"):
            opened.page.keyboard.press(key)
        assert target.evaluate("() => window.heard") == ["p", "F1", "PageDown"]
        expect(target).to_be_focused()

    pill = studio.root.locator("summary.sd-pill")
    pill.click()
    expect(studio.root.get_by_role("table", name="Money")).to_be_visible()
    host_hears(pill)
    pill.press("Escape")  # it lies over the results
    studio.card("a fox").get_by_role("button", name="View image").click()
    viewer = studio.root.get_by_role("dialog", name="Viewer")
    host_hears(viewer)
    viewer.press("Escape")
    studio.button("Gallery").click()
    host_hears(studio.root.get_by_role("gridcell").first)
    opened.run(2)
    sheet = opened.place(2).locator(".sd-sheet")
    expect(sheet).to_contain_text("2 of 2 pictures", timeout=60_000)
    sheet.locator("xpath=ancestor-or-self::*[contains(@class, 'sd-root')]").evaluate(HEARD)
    for target in (sheet.get_by_role("gridcell").first, sheet.get_by_role("slider", name="Size")):
        host_hears(target)
    sheet.get_by_role("gridcell").first.press("Enter")
    host_hears(opened.place(2).get_by_role("dialog", name="Viewer"))
    assert errors == []


def save_by_key(book: Book, written: str) -> None:
    """Press Ctrl+S until this is on disk: JupyterLab passes it over until the last save ended.

    That is a good while after the file was written: its checkpoint comes last.
    """
    end = time.monotonic() + SECONDS
    while written not in book.on_disk():
        assert time.monotonic() < end, "the notebook was not saved"
        book.page.keyboard.press("Control+s")
        book.page.wait_for_timeout(250)


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
    expect(studio.references.first).to_have_attribute(
        "aria-label", re.compile("^Image 1: big.jpg, 3300 × 3100"), timeout=90_000
    )
    expect(studio.references).to_have_count(1)
    read(opened, 1, "[(3300, 3100)]")
    assert errors == []
