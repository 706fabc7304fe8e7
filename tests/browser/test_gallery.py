"""The gallery in JupyterLab: looked through, searched, selected in and acted on."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.many_results import fill

from .axe import Audit
from .chromium import at_rest
from .layout import overflowing, resize
from .studio import Studio, wait_until_drawn

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import FloatRect, Locator, Page

    from .conftest import OpenNotebook, Shot
    from .lab import Notebook

ALONE = "import seedream_widgets as sd\ngallery = sd.gallery()\ngallery"
SAY = "print(*[(r.request_id, r.favourite, r.rating) for r in gallery.selection])"


def at(folder: Path) -> str:
    return f"import os\nos.environ['SEEDREAM_HOME'] = {str(folder)!r}\n"


def shown(page: Page) -> Locator:
    gallery = page.get_by_role("region", name="Gallery", exact=True)
    gallery.wait_for(timeout=60_000)
    return gallery


def box(of: Locator) -> FloatRect:
    found = of.bounding_box()
    assert found is not None
    return found


def cells(gallery: Locator) -> Locator:
    return gallery.get_by_role("gridcell")


def counted(gallery: Locator, words: str) -> None:
    expect(gallery.get_by_role("status").first).to_have_text(words, timeout=60_000)


@pytest.fixture
def alone(notebook: OpenNotebook, page: Page, tmp_path: Path) -> tuple[Notebook, Locator]:
    """A gallery alone of 60 results with 120 pictures, on 4 days."""
    fill(tmp_path, 60, days=4)
    book = notebook([at(tmp_path) + ALONE, SAY])
    book.run(0)
    gallery = shown(page)
    counted(gallery, "120 pictures")
    return book, gallery


# Pictures that come meanwhile would be work of their own.
DRAWN = """() => {
  const thumbs = [...document.querySelectorAll(".sd-thumb")];
  return thumbs.length && thumbs.every(each => each.querySelector("img")?.naturalWidth);
}"""
CHANGE = """async () => {
  const frame = () => new Promise(requestAnimationFrame)
  await frame()
  document.querySelector("#jp-main-statusbar").append(document.createElement("p"))
  await frame()
  await frame()
}"""


def test_a_change_elsewhere_on_the_page_is_no_work_for_all_of_it(
    alone: tuple[Notebook, Locator], page: Page, tmp_path: Path
) -> None:
    page.wait_for_function(DRAWN)
    browser, trace = page.context.browser, tmp_path / "trace.json"
    assert browser is not None
    timeline = ["devtools.timeline", "disabled-by-default-devtools.timeline"]
    browser.start_tracing(page=page, path=trace, categories=timeline)
    page.evaluate(CHANGE)
    browser.stop_tracing()
    events = json.loads(trace.read_text())["traceEvents"]
    styled = [
        event["args"]["elementCount"]
        for event in events
        if event["name"] == "UpdateLayoutTree" and "elementCount" in event.get("args", {})
    ]
    everything = page.locator("*").count()
    assert max(styled) < everything / 4


def test_by_mouse(alone: tuple[Notebook, Locator], page: Page, shot: Shot) -> None:
    book, gallery = alone
    first = cells(gallery).nth(0)
    wait_until_drawn(first.locator("img"))
    shot("gallery-light")
    first.click()
    cells(gallery).nth(4).click(modifiers=["Shift"])
    toolbar = gallery.get_by_role("toolbar", name="Selection")
    expect(toolbar).to_contain_text("5 selected")
    cells(gallery).nth(2).click(modifiers=["Control"])
    expect(toolbar).to_contain_text("4 selected")
    toolbar.get_by_role("button", name="Favourite").click()
    expect(first).to_have_attribute("aria-label", re.compile("favourite"))
    toolbar.get_by_role("combobox", name="Rating").select_option("4")
    expect(first).to_have_attribute("aria-label", re.compile("rated 4 of 5"))
    shot("gallery-selected")
    first.click()
    book.run(1)
    assert "True, 4)" in book.text(1)
    gallery.get_by_role("button", name="★ Favourites").click()
    counted(gallery, "6 pictures")
    gallery.get_by_role("button", name="All").click()
    gallery.get_by_role("searchbox", name="Search prompts").fill("fox no. 25")
    counted(gallery, "2 pictures")
    cells(gallery).nth(0).click()
    expect(cells(gallery).nth(0)).to_have_attribute("aria-selected", "true")
    toolbar.get_by_role("button", name="Delete 2 pictures").click()
    expect(gallery).to_contain_text("2 pictures of 1 result are in the library's trash")
    counted(gallery, "0 pictures")
    gallery.get_by_role("button", name="Undo").click()
    counted(gallery, "2 pictures")
    book.theme("Dark")
    gallery.get_by_role("searchbox", name="Search prompts").fill("")
    counted(gallery, "120 pictures")
    shot("gallery-dark")
    book.theme("Light")


def test_a_band_drawn_with_the_mouse_selects(
    alone: tuple[Notebook, Locator], page: Page, shot: Shot
) -> None:
    _, gallery = alone
    grid, mouse = gallery.get_by_role("grid", name="Pictures"), page.mouse
    toolbar = gallery.get_by_role("toolbar", name="Selection")
    band = gallery.locator(".sd-band")
    wait_until_drawn(cells(gallery).nth(0).locator("img"))
    at_rest(cells(gallery).nth(0))
    first, third, whole = (
        box(each) for each in (cells(gallery).nth(0), cells(gallery).nth(2), grid)
    )
    mouse.move(first["x"] + 3, first["y"] - 8)  # on the day's heading
    mouse.down()
    mouse.move(third["x"] + 12, third["y"] + 12, steps=5)
    expect(band).to_have_count(1)
    expect(toolbar).to_contain_text("3 selected")
    shot("gallery-band")
    mouse.move(first["x"] + 12, first["y"] + 12, steps=3)
    expect(toolbar).to_contain_text("1 selected")
    mouse.up()
    expect(band).to_have_count(0)
    expect(toolbar).to_contain_text("1 selected")
    page.keyboard.down("Control")
    mouse.move(third["x"] + third["width"] - 3, first["y"] - 8)
    mouse.down()
    mouse.move(third["x"] + third["width"] - 12, third["y"] + 12, steps=5)
    mouse.up()
    page.keyboard.up("Control")
    expect(toolbar).to_contain_text("2 selected")
    mouse.move(first["x"] + 3, first["y"] - 8)
    mouse.down()
    for at in range(1000):  # near the edge it scrolls on, once for moves that come together
        mouse.move(first["x"] + 200 + at % 50, whole["y"] + whole["height"] - 6)
        if grid.evaluate("grid => grid.scrollTop") > 100:
            break
    expect(toolbar).to_contain_text("selected")
    assert grid.evaluate("grid => grid.scrollTop") > 100
    mouse.up()
    expect(band).to_have_count(0)
    mouse.click(whole["x"] + 3, whole["y"] + 60)  # on nothing: it selects nothing
    expect(toolbar).to_have_count(0)


def test_by_keyboard(alone: tuple[Notebook, Locator], page: Page) -> None:
    _, gallery = alone
    gallery.get_by_role("button", name="Medium").focus()
    page.keyboard.press("Tab")
    expect(cells(gallery).nth(0)).to_be_focused()
    toolbar = gallery.get_by_role("toolbar", name="Selection")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    expect(toolbar).to_contain_text("2 selected")
    page.keyboard.press("f")
    page.keyboard.press("3")
    focused = gallery.locator("[role=gridcell]:focus")
    expect(focused).to_have_attribute("aria-label", re.compile("rated 3 of 5"))
    page.keyboard.press("End")
    expect(focused).to_have_attribute("data-index", "119")
    page.keyboard.press("PageUp")
    expect(focused).not_to_have_attribute("data-index", "119")
    page.keyboard.press("Home")
    expect(focused).to_have_attribute("data-index", "0")
    page.keyboard.press("Control+a")
    expect(toolbar).to_contain_text("120 selected")
    page.keyboard.press("Escape")
    expect(toolbar).to_have_count(0)
    page.keyboard.press("ArrowDown")
    expect(toolbar).to_contain_text("1 selected")
    page.keyboard.press("Delete")
    expect(gallery).to_contain_text("in the library's trash")
    gallery.get_by_role("button", name="Undo").focus()
    page.keyboard.press("Enter")
    counted(gallery, "120 pictures")


def test_in_the_studio_from_a_strip(
    notebook: OpenNotebook, page: Page, tmp_path: Path, shot: Shot
) -> None:
    fill(tmp_path, 12, days=2)
    for receipt in tmp_path.glob("results/*/many-*/receipt.json"):
        receipt.write_text(receipt.read_text().replace('"num_images": 2', '"num_images": 3'))
    make = "import seedream_widgets as sd\nstudio = sd.Studio()\nstudio"
    book = notebook([at(tmp_path) + make, "print(len(studio.gallery.selection))"])
    book.run(0)
    studio = Studio(page)
    studio.button("Gallery").click()
    gallery = shown(page)
    counted(gallery, "24 pictures")
    wait_until_drawn(cells(gallery).nth(3).locator("img"))
    cells(gallery).nth(0).click()
    toolbar = gallery.get_by_role("toolbar", name="Selection")
    toolbar.get_by_role("button", name="Use as references").click()
    expect(studio.references).to_have_count(1)
    book.run_until(1, "1")
    shot("gallery-in-studio", studio.root)
    toolbar.get_by_role("button", name="Add to…").click()
    toolbar.get_by_role("textbox", name="Collection").or_(
        toolbar.get_by_role("combobox", name="Collection")
    ).fill("Trip")
    page.keyboard.press("Enter")
    expect(toolbar).to_contain_text("Added to Trip")
    gallery.get_by_role("button", name="More…").click()
    gallery.get_by_role("combobox", name="Collection").select_option("Trip")
    counted(gallery, "2 pictures")
    audit = Audit(page)
    audit.look("gallery in the studio", studio.root)
    assert "\n".join(audit.found) == ""
    studio.prompt.fill("an idea half written")
    toolbar.get_by_role("button", name="Reuse settings").click()
    expect(studio.prompt).not_to_have_value("an idea half written")
    expect(studio.generate).to_be_focused()
    studio.button("Undo").click()
    expect(studio.prompt).to_have_value("an idea half written")
    toolbar.get_by_role("button", name="Vary").click()
    expect(studio.prompt).not_to_have_value("an idea half written")
    expect(studio.generate).to_be_focused()
    toolbar.get_by_role("button", name="Edit as image 1").click()
    expect(studio.references).to_have_count(1)
    expect(studio.prompt).to_be_focused()
    missing = toolbar.get_by_role("button", name="Ask for what is missing")
    expect(missing).to_have_count(0)
    gallery.get_by_role("combobox", name="Collection").select_option(index=0)
    counted(gallery, "24 pictures")
    gallery.get_by_text("asked 3, got 2").first.click()
    missing.click()
    expect(studio.field("Images")).to_have_value("1")
    expect(studio.generate).to_be_focused()


@pytest.mark.parametrize("width", [320, 560, 900, 1600])
def test_nothing_overflows_and_axe_is_content(
    alone: tuple[Notebook, Locator], page: Page, shot: Shot, width: int
) -> None:
    page.set_viewport_size({"width": max(1280, width + 360), "height": 900})
    _, gallery = alone
    root = page.get_by_role("region", name="Seedream gallery")
    resize(root, width)
    gallery.get_by_role("button", name="More…").click()
    cells(gallery).nth(0).click()
    toolbar = gallery.get_by_role("toolbar", name="Selection")
    toolbar.get_by_role("button", name="Add to…").click()
    toolbar.locator("input").fill("A collection whose name goes on and on, to its hundredth letter")
    page.keyboard.press("Enter")
    expect(toolbar).to_contain_text("Added to A collection")
    expect(gallery.get_by_role("combobox", name="Collection")).to_be_visible()
    wait_until_drawn(cells(gallery).nth(0).locator("img"))
    shot(f"gallery-{width}", root)
    assert overflowing(root) == []
    audit = Audit(page)
    audit.look(f"gallery at {width} pixels", root)
    assert "\n".join(audit.found) == ""
