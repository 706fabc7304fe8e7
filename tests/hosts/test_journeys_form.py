"""Fill in the form, once in every host. Docstrings are named in RESULTS.md."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.chromium import drop_files
from tests.browser.layout import overflowing
from tests.browser.studio import STUDIO

from .reading import JOBS, SIZES, read

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

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
        opened.page.keyboard.press("Control+s")
        wait_until(opened, lambda written=written: written in opened.on_disk())
        expect(target).to_be_focused()
        assert opened.sources() == before
    expect(studio.prompt).to_have_value("a fox")
    assert errors == []


def wait_until(book: Book, true: Callable[[], bool]) -> None:
    for _ in range(60):
        if true():
            return
        book.page.wait_for_timeout(250)
    raise AssertionError("the notebook was not saved")


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
    expect(studio.references.first).to_have_attribute(
        "aria-label", re.compile("^Image 1: big.jpg, 3300 × 3100"), timeout=90_000
    )
    expect(studio.references).to_have_count(1)
    read(opened, 1, "[(3300, 3100)]")
    assert errors == []
