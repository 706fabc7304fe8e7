"""No key meant for the widget reaches the notebook, and the keyboard alone does everything."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from PIL import Image
from playwright.sync_api import expect

from .studio import STUDIO, Studio

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Locator, Page

    from .conftest import OpenNotebook
    from .lab import Notebook

COMMAND_KEYS = ("a", "b", "m", "y", "x", "d", "d", "z", "Enter", "Shift+Enter", "Alt+Enter")
REFERENCES = """
from PIL import Image
colours = ("red", "green", "blue")
studio.references = [Image.new("RGB", (40 + at, 30), name) for at, name in enumerate(colours)]
"""
WIDTHS = "[image.width for image in studio.references]"
CHOSEN = "len(studio.jobs), studio.image.size, studio.selected.endswith(':1')"
STOPS = ["Image 1: image.png, 40 × 30", "Remove image 1", "Image 2: image.png, 41 × 30"]
COPIED = "async () => (await navigator.clipboard.readText()).includes('a fox')"
INSIDE = "() => document.activeElement.closest('.sd-root') !== null"
SEEN = """() => {
  const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(document.activeElement);
  return outlineStyle !== "none" && parseFloat(outlineWidth) >= 1 && !/, 0\\)/.test(outlineColor);
}"""
NAME = """() => {
  const active = document.activeElement;
  return active.getAttribute("aria-label") ?? active.labels?.[0]?.textContent ?? active.textContent;
}"""


def focused(page: Page) -> str:
    return str(page.evaluate(NAME))


def tab_to(page: Page, name: str) -> list[str]:
    """Press Tab until what has focus is called so; return the stops on the way."""
    stops: list[str] = []
    while not stops or not stops[-1].startswith(name):
        assert len(stops) < 40, stops
        page.keyboard.press("Tab")
        stops.append(focused(page))
    return stops


def see(page: Page, name: str) -> None:
    """Go by Tab to what a pattern names; the focus is seen at each stop, and stays inside."""
    page.wait_for_function(INSIDE)  # where the last key moves it, a frame later
    for _ in range(60):
        page.keyboard.press("Tab")
        assert page.evaluate(INSIDE), name
        assert page.evaluate(SEEN), focused(page)
        if re.match(name, focused(page)):
            return
    raise AssertionError(f"no way to {name!r} by Tab")


def expect_widths(studio: Studio, *widths: int) -> None:
    studio.expect_references(*(f"image.png, {width} × 30" for width in widths))


def test_keys_stay_in_the_widget(errors: list[str], notebook: OpenNotebook, page: Page) -> None:
    book = notebook([STUDIO, "x = 1", "len(studio.jobs), studio.prompt"])
    book.run_all()
    studio = Studio(page)
    cells = book.cells()
    studio.prompt.click()
    for key in COMMAND_KEYS:
        page.keyboard.press(key)
    expect(studio.prompt).to_have_value(re.compile(r"^abmyxddz\n\n"))
    assert book.cells() == cells
    expect(studio.cards).to_have_count(0)

    for target in (studio.add, studio.button("Random seed"), studio.shape("1:1"), studio.root):
        target.focus()
        for letter in ("a", "b", "m", "y", "d", "d", "x", "ArrowDown", "Escape"):
            page.keyboard.press(letter)
        assert book.cells() == cells
    studio.prompt.fill("one job")
    page.keyboard.press("Control+Enter")
    studio.wait_for_pictures("one job")
    expect(studio.cards).to_have_count(1)
    assert book.cells() == cells
    book.run(2)
    assert book.text(2) == "(1, 'one job')"
    assert errors == []


def press_save(page: Page, book: Notebook, source: str) -> None:
    """Press the host's key until the file has `source`; JupyterLab ignores it while it saves."""
    for _ in range(20):
        page.keyboard.press("Control+s")
        for _ in range(20):
            if source in book.file.read_text():
                return
            page.wait_for_timeout(100)
    raise AssertionError("the notebook was not saved")


def test_the_notebook_is_saved_by_its_own_key(
    errors: list[str], notebook: OpenNotebook, page: Page
) -> None:
    book = notebook([STUDIO, "x = 1"])
    book.run(0)
    studio = Studio(page)
    for number, target in enumerate((studio.prompt, studio.add, studio.shape("1:1"))):
        book.write(1, f"x = 'changed {number} times'")
        sources = book.sources()
        target.focus()
        press_save(page, book, sources[1])
        expect(target).to_be_focused()
        assert book.sources() == sources
    assert errors == []


HEARD = """() => {
  window.heard = [];
  // As a host hears it: outside of the widget, and before the host has taken it.
  const output = document.querySelector(".sd-root").closest(".jp-OutputArea");
  output.addEventListener("keydown", event => {
    window.heard.push(event.key + (event.defaultPrevented ? " taken" : ""));
    if (event.key === "p") event.preventDefault(); // else it would print
  });
}"""
HOSTS = {"Control+p": "p", "F1": "F1", "Control+PageDown": "PageDown", "Control+b": "b"}


def test_what_lies_over_the_form_leaves_the_host_its_keys(
    errors: list[str], notebook: OpenNotebook, page: Page
) -> None:
    book = notebook([STUDIO, "x = 1"])
    book.run(0)
    studio = Studio(page)
    for number in range(2):
        studio.submit(f"fox {number}")
        studio.wait_for_pictures(f"fox {number}")
    page.evaluate(HEARD)
    times = 0

    def host_hears(place: Locator) -> None:
        nonlocal times
        times += 1
        expect(place).to_be_focused()
        book.write(1, f"x = 'changed {times} times'")
        source = book.sources()[1]
        place.focus()
        press_save(page, book, source)
        expect(place).to_be_focused()
        page.evaluate("window.heard = []")
        for key in HOSTS:
            page.keyboard.press(key)
        heard = page.evaluate("window.heard")
        assert [key for key in heard if key != "Control"] == list(HOSTS.values()), place

    tile = studio.tiles("fox 0").first
    tile.focus()
    page.keyboard.press("Shift+F10")
    host_hears(studio.root.get_by_role("menuitem", name="View"))
    page.keyboard.press("Enter")
    viewer = studio.root.get_by_role("dialog", name="Viewer")
    host_hears(viewer)
    viewer.get_by_role("button", name="Mark a region").click()
    edge = viewer.get_by_role("spinbutton", name="Left")
    edge.focus()
    host_hears(edge)
    viewer.get_by_role("button", name="Paint a region").click()
    brush = viewer.get_by_role("slider", name="Brush")
    brush.focus()
    host_hears(brush)
    page.keyboard.press("c")
    slider = viewer.get_by_role("slider", name="Divider")
    slider.focus()
    host_hears(slider)
    page.keyboard.press("Escape")
    expect(viewer).to_have_count(0)
    studio.button("Gallery").click()
    cell = studio.root.get_by_role("gridcell").first
    cell.click()
    host_hears(cell)
    assert errors == []


def test_the_keyboard_alone(errors: list[str], notebook: OpenNotebook, page: Page) -> None:
    book = notebook([STUDIO, REFERENCES, WIDTHS, CHOSEN])
    book.run(0)
    book.run(1)
    studio = Studio(page)
    press = page.keyboard.press
    expect(studio.references).to_have_count(3)
    studio.prompt.focus()
    page.keyboard.type("by keyboard, offline:slow 200")
    assert tab_to(page, "Image 2") == STOPS[:3]
    press("Alt+ArrowLeft")
    expect_widths(studio, 41, 40, 42)
    expect(studio.references.nth(0)).to_be_focused()
    press("Delete")
    expect_widths(studio, 40, 42)
    page.wait_for_function(INSIDE)
    tab_to(page, "4:3")  # that of image 1
    press("ArrowRight")
    expect(studio.shape("3:4")).to_be_focused()
    expect(studio.shape("3:4")).to_have_attribute("aria-checked", "true")
    assert tab_to(page, "Images") == ["1K", "Images"]
    press("ArrowUp")
    expect(studio.field("Images")).to_have_value("2")
    rest = ["Up to", "Seed", "Reuse last seed", "Random seed"]
    rest += ["Ask for a series of 4", "Advanced"]
    assert tab_to(page, "Generate")[:-1] == rest
    press("Enter")
    running = studio.card("by keyboard, offline:slow 200")
    expect(running).to_contain_text(re.compile("In queue|step"))
    assert tab_to(page, "Cancel")[0] == "Results"
    press("Enter")
    expect(running).to_contain_text("Cancelled")
    page.wait_for_function(INSIDE)

    studio.prompt.focus()
    press("Control+a")
    page.keyboard.type("quick")
    press("Control+Enter")
    studio.wait_for_pictures("quick", 2)
    tab_to(page, "quick, image 1 of 2")
    press("ArrowRight")
    expect(studio.tiles("quick").nth(1)).to_be_focused()
    press("Space")
    expect(studio.tiles("quick").nth(1)).to_have_attribute("aria-pressed", "true")
    book.run(2)
    assert book.text(2) == "[40, 42]"
    book.run(3)
    assert book.text(3) == "(2, (864, 1152), True)"
    assert errors == []


def references_by_keyboard(page: Page, studio: Studio, picture: Path) -> None:
    press = page.keyboard.press
    page.on("filechooser", lambda _: None)  # a key does not wait until choosers are listened for
    see(page, "Add images")
    with page.expect_file_chooser() as chooser:
        press("Enter")
    chooser.value.set_files(picture)
    studio.expect_references("a.png")
    studio.paste(studio.add, "pasted.png", "orange")
    studio.expect_references("a.png", "pasted.png")
    press("Shift+Tab")
    expect(studio.button("Remove image 2")).to_be_focused()
    press("Enter")
    studio.expect_references("a.png")


def form_by_keyboard(page: Page, studio: Studio) -> None:
    press = page.keyboard.press
    see(page, "4:3")  # the shape of image 1
    for _ in range(7):
        press("ArrowRight")
    expect(studio.shape("W×H")).to_be_focused()
    for name in ("Width", "Height"):
        see(page, name)
        press("Control+a")
        page.keyboard.type("1200")
    expect(studio.root).to_contain_text("1200 × 1200")
    see(page, "Advanced")
    press("Enter")
    see(page, "Prompt enhancement")
    see(page, "Safety checker")
    press("Space")
    expect(studio.root.get_by_role("checkbox", name="Safety checker")).not_to_be_checked()
    see(page, "Sync mode")


@pytest.mark.own_page
def test_the_rest_by_keyboard(
    errors: list[str], notebook: OpenNotebook, page: Page, tmp_path: Path
) -> None:
    Image.new("RGB", (40, 30), "teal").save(tmp_path / "a.png")
    book = notebook([STUDIO])
    book.run(0)
    studio = Studio(page)
    press = page.keyboard.press
    studio.prompt.focus()
    page.keyboard.type("a fox")
    references_by_keyboard(page, studio, tmp_path / "a.png")
    form_by_keyboard(page, studio)
    see(page, "Generate")
    press("Enter")
    studio.wait_for_pictures("a fox")
    see(page, "Copy as code")
    press("Enter")
    page.wait_for_function(COPIED)
    see(page, "a fox, image")
    see(page, "Use image as a reference")
    press("Enter")
    expect(studio.references).to_have_count(2)
    see(page, "Save image")
    with page.expect_download() as download:
        press("Enter")
    assert download.value.suggested_filename.startswith("a-fox-")
    studio.prompt.focus()
    press("Control+a")
    page.keyboard.type("another idea")
    see(page, "Reuse$")
    press("Enter")
    expect(studio.prompt).to_have_value("a fox")
    studio.expect_references("a.png")
    see(page, "Dismiss")
    press("Enter")
    expect(studio.cards).to_have_count(0)
    expect(studio.results).to_be_focused()
    assert errors == []
