"""Looking through what was made, once in every host. Docstrings are named in RESULTS.md."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.studio import wait_until_drawn
from tests.scripted import SECONDS

from .reading import read

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from .conftest import OpenBook, Shot

MADE = """import tempfile
import seedream_widgets as sd
from seedream_widgets.backends.offline import OfflineBackend
lib = sd.Library(tempfile.mkdtemp())
client = sd.Client(backend=OfflineBackend(pace=0), library=lib)
for seed, prompt in enumerate(["a red fox", "a red fox at night", "a tall owl"]):
    client.submit(sd.Request(prompt, seed=seed, image_size=(1024, 1280))).result()"""
ALONE = f"{MADE}\ngallery = sd.gallery(library=lib)\ngallery"
SELECTION = "print([(r.request.prompt, r.favourite) for r in gallery.selection])"
STUDIO = f"{MADE}\nstudio = sd.Studio(client=client)\nstudio"
SHARP = """root => [...root.querySelectorAll(".sd-layer")].map(
  layer => [...layer.querySelectorAll(".sd-sharp")].some(image => image.naturalWidth))"""
WIDE = """dialog =>
  dialog.querySelector(".sd-picture img").getBoundingClientRect().width === 1024"""


def wait_until_sharp(dialog: Locator, layers: int) -> None:
    """Wait until so many pictures lie there in the screen's own pixels."""
    wait_until(dialog, SHARP, [True] * layers)


def wait_until(dialog: Locator, script: str, expected: object) -> None:
    end = time.monotonic() + SECONDS
    while (found := dialog.evaluate(script)) != expected:
        assert time.monotonic() < end, found
        dialog.page.wait_for_timeout(100)


def test_gallery(book: OpenBook, errors: list[str], shot: Shot) -> None:
    """Gallery: searched, chosen by mouse and by keyboard, marked, read in the next cell."""
    opened = book(ALONE, SELECTION)
    opened.run(0)
    gallery = opened.place(0).get_by_role("region", name="Gallery", exact=True)
    count = gallery.get_by_role("status").first
    expect(count).to_have_text("3 pictures", timeout=60_000)
    cells = gallery.get_by_role("gridcell")
    wait_until_drawn(cells.first.locator("img"))
    shot("gallery")
    gallery.get_by_role("searchbox", name="Search prompts").fill("fox")
    expect(count).to_have_text("2 pictures")
    cells.first.click()
    cells.first.press("Shift+ArrowRight")
    toolbar = gallery.get_by_role("toolbar", name="Selection")
    expect(toolbar).to_contain_text("2 selected")
    cells.nth(1).press("f")
    expect(cells.first).to_have_attribute("aria-label", re.compile("favourite"))
    read(opened, 1, "[('a red fox at night', True), ('a red fox', True)]")
    toolbar.get_by_role("button", name=re.compile("^Delete")).click()
    expect(count).to_have_text("0 pictures")
    gallery.get_by_role("button", name="Undo").click()
    expect(count).to_have_text("2 pictures")
    assert errors == []


def test_viewer(book: OpenBook, errors: list[str], shot: Shot) -> None:
    """Viewer and compare: sharp at 100 %, stepped by keys, two pictures beside each other."""
    opened = book(STUDIO)
    opened.run(0)
    studio = opened.studio()
    studio.button("Gallery").click()
    cell = studio.root.get_by_role("gridcell").first
    wait_until_drawn(cell.locator("img"))
    cell.click()
    cell.press("Enter")
    viewer = studio.root.get_by_role("dialog", name="Viewer")
    expect(viewer).to_be_focused()
    receipt = viewer.get_by_role("complementary")
    expect(receipt).to_contain_text("a tall owl")
    wait_until_sharp(viewer, 1)
    viewer.get_by_role("button", name="100 %", exact=True).click()
    wait_until(viewer, WIDE, True)
    wait_until_sharp(viewer, 1)
    viewer.get_by_role("button", name="Fit", exact=True).click()
    viewer.press("ArrowRight")
    expect(receipt).to_contain_text("a red fox at night")
    shot("viewer")
    viewer.get_by_role("button", name="Compare", exact=True).click()
    viewer.get_by_role("radio", name="Side by side", exact=True).click()
    wait_until_sharp(viewer, 2)
    shot("compare")
    viewer.get_by_role("radio", name="Difference", exact=True).click()
    expect(receipt).to_contain_text("mean", ignore_case=True)
    viewer.press("Escape")
    expect(viewer).to_have_count(0)
    expect(cell).to_be_focused()
    assert errors == []
