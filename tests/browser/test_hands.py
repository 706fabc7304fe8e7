"""Small things under the hand: the menu of a picture, the clipboard, arrows, and Try again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from .chromium import at_rest
from .studio import STUDIO as SIMPLE
from .studio import Studio

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from .conftest import OpenNotebook, Shot
    from .lab import Notebook

JOBS = 30
STUDIO = f"""
import seedream_widgets as sd
from seedream_widgets.backends.offline import OfflineBackend
client = sd.Client(backend=OfflineBackend(pace=0))
studio = sd.Studio(client=client, prompt="fox {JOBS}", image_size=(960, 960))
for number in range({JOBS}):
    request = sd.Request(f"fox {{number}}", image_size=(960, 960), num_images=2, seed=number)
    studio._session.start(request).result()
studio"""
STOPS = """() => {
  const stops = "a[href], button, input, select, textarea, summary, [tabindex]";
  const root = document.querySelector(".sd-root");
  return [...root.querySelectorAll(stops)].filter(each => each.tabIndex >= 0
    && each.checkVisibility()).length;
}"""
COPIED = """async () => {
  const [item] = await navigator.clipboard.read();
  const bitmap = await createImageBitmap(await item.getType("image/png"));
  return [bitmap.width, bitmap.height];
}"""
IN_NOTEBOOK = """() => {
  const active = document.activeElement;
  return active.closest(".sd-root") === null && active.closest(".jp-Notebook") !== null;
}"""
FOCUSED = "name => document.activeElement.getAttribute('aria-label') === name"


@pytest.fixture
def book(notebook: OpenNotebook) -> Notebook:
    there = notebook([STUDIO, "x = 1"])
    there.run_all()
    return there


@pytest.fixture
def studio(book: Notebook, page: Page) -> Studio:
    there = Studio(page)
    there.wait_for_pictures(f"fox {JOBS - 1}", 2)
    return there


def item(studio: Studio, name: str) -> Locator:
    return studio.root.get_by_role("menuitem", name=name, exact=True)


def test_pictures_are_one_stop_and_arrows_go_between_them(
    errors: list[str], studio: Studio, page: Page
) -> None:
    expect(studio.cards).to_have_count(JOBS)
    # JupyterLab has a style of its own for code.
    expect(studio.root.locator(".sd-current code")).to_have_css("font-size", "11px")
    form = "() => document.querySelectorAll('.sd-body .sd-stage').length"
    assert page.evaluate(form) == 1
    assert page.evaluate(STOPS) < 50  # with 30 jobs of two pictures there were over 250
    press = page.keyboard.press
    studio.tiles(f"fox {JOBS - 1}").first.focus()
    for key, name in [
        ("ArrowRight", f"fox {JOBS - 1}, image 2 of 2"),
        ("ArrowRight", f"fox {JOBS - 2}, image 1 of 2"),
        ("ArrowLeft", f"fox {JOBS - 1}, image 2 of 2"),
        ("End", "fox 0, image 2 of 2"),
        ("Home", f"fox {JOBS - 1}, image 1 of 2"),
        ("ArrowDown", f"fox {JOBS - 3}, image 1 of 2"),  # two jobs flow in a row
        ("ArrowUp", f"fox {JOBS - 1}, image 1 of 2"),
    ]:
        press(key)
        page.wait_for_function(FOCUSED, arg=name)
    assert page.evaluate(STOPS) < 50
    press("Tab")
    page.wait_for_function(FOCUSED, arg="View image 1 of 2")
    assert errors == []


def test_the_menu_of_a_picture_by_mouse_and_by_keyboard(
    errors: list[str], studio: Studio, page: Page, shot: Shot
) -> None:
    tile = studio.tiles(f"fox {JOBS - 1}").first
    tile.click(button="right")
    expect(item(studio, "View")).to_be_focused()
    shot("picture_menu", studio.root)
    item(studio, "Copy picture").click()
    expect(studio.status).to_contain_text("Picture copied")
    assert page.evaluate(COPIED) == [960, 960]
    expect(studio.root.get_by_role("menu")).to_have_count(0)
    tile.focus()
    page.keyboard.press("Shift+F10")
    expect(item(studio, "View")).to_be_focused()
    page.keyboard.press("Escape")
    expect(tile).to_be_focused()
    page.keyboard.press("Shift+F10")
    expect(item(studio, "View")).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(item(studio, "Dismiss")).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(item(studio, "Copy as code")).to_be_focused()
    page.keyboard.press("Enter")
    expect(studio.status).to_contain_text("Code copied")
    assert "fox 29" in page.evaluate("navigator.clipboard.readText()")
    tile.focus()
    page.keyboard.press("Shift+F10")
    expect(item(studio, "View")).to_be_focused()
    page.keyboard.press("Enter")
    viewer = studio.root.get_by_role("dialog", name="Viewer")
    expect(viewer).to_be_focused()
    page.keyboard.press("Escape")
    expect(tile).to_be_focused()
    other = studio.tiles(f"fox {JOBS - 1}").nth(1)
    other.click(button="right")
    item(studio, "Compare with studio.image").click()
    expect(viewer.get_by_role("radiogroup", name="Compare mode")).to_be_visible()
    assert errors == []


def test_a_picture_is_dragged_into_another_cell(
    errors: list[str], book: Notebook, studio: Studio, page: Page
) -> None:
    page.set_viewport_size({"width": 1280, "height": 1800})  # both cells are in sight
    tile = studio.tiles(f"fox {JOBS - 1}").first
    source = at_rest(tile)
    goal = book.cell(1).locator(".cm-line").first.bounding_box()
    assert goal is not None
    page.mouse.move(source["x"] + 60, source["y"] + 60)
    page.mouse.down()
    for at in (0.3, 0.6, 0.9, 1.0):
        page.mouse.move(
            source["x"] + 60 + at * (goal["x"] + 12 - source["x"] - 60),
            source["y"] + 60 + at * (goal["y"] + 6 - source["y"] - 60),
        )
    page.mouse.up()
    dropped = '[...document.querySelectorAll(".jp-Cell .cm-content")].some(' \
        'each => each.innerText.includes("sd.library.get("))'  # fmt: skip
    page.wait_for_function(f"() => {dropped}")
    assert re.search(r'sd\.library\.get\("[^"]+"\)\.images\[0\]', book.sources()[1])
    assert errors == []


def test_escape_gives_the_keyboard_back_to_the_notebook(
    studio: Studio, book: Notebook, page: Page
) -> None:
    cells = len(book.sources())
    studio.tiles(f"fox {JOBS - 1}").first.focus()
    page.keyboard.press("Escape")
    page.wait_for_function(IN_NOTEBOOK)
    page.keyboard.press("b")
    page.wait_for_function(
        "count => document.querySelectorAll('.jp-Cell').length > count", arg=cells
    )
    assert len(book.sources()) == cells + 1


def test_a_failed_card_is_tried_again(
    errors: list[str], notebook: OpenNotebook, page: Page
) -> None:
    book = notebook([SIMPLE, "len(studio.jobs)"])
    book.run(0)
    studio = Studio(page)
    studio.submit("a fox, offline:fail")
    again = studio.cards.first.get_by_role("button", name="Try again")
    expect(again).to_be_visible()
    # Within a second it would be the same press for the same.
    expect(studio.generate).to_contain_text("Generate")
    again.click()
    expect(studio.root.get_by_role("button", name="Try again")).to_have_count(2)
    book.run(1)
    assert book.text(1) == "2"
    assert errors == []
