"""No key meant for the widget reaches the notebook, and the keyboard alone does everything."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from .studio import STUDIO, Studio

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from .conftest import OpenNotebook

COMMAND_KEYS = ("a", "b", "m", "y", "x", "d", "d", "z", "Enter", "Shift+Enter", "Alt+Enter")
REFERENCES = """
from PIL import Image
colours = ("red", "green", "blue")
studio.references = [Image.new("RGB", (40 + at, 30), name) for at, name in enumerate(colours)]
"""
WIDTHS = "[image.width for image in studio.references]"
CHOSEN = "len(studio.jobs), studio.image.size, studio.selected.endswith('-1')"
STOPS = ["Image 1: image.png, 40 × 30", "Remove image 1", "Image 2: image.png, 41 × 30"]
INSIDE = "() => document.activeElement.closest('.sd-root') !== null"
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


def test_the_keyboard_alone(errors: list[str], notebook: OpenNotebook, page: Page) -> None:
    book = notebook([STUDIO, REFERENCES, WIDTHS, CHOSEN])
    book.run(0)
    book.run(1)
    studio = Studio(page)
    press = page.keyboard.press
    expect(studio.references).to_have_count(3)
    studio.prompt.focus()
    page.keyboard.type("by keyboard, offline:slow 20")
    assert tab_to(page, "Image 2") == STOPS[:3]
    press("Alt+ArrowLeft")
    expect_widths(studio, 41, 40, 42)
    assert focused(page).startswith("Image 1: image.png, 41")
    press("Delete")
    expect_widths(studio, 40, 42)
    tab_to(page, "1:1")
    press("ArrowRight")
    expect(studio.shape("4:3")).to_be_focused()
    expect(studio.shape("4:3")).to_have_attribute("aria-checked", "true")
    assert tab_to(page, "Images") == ["2K", "Images"]
    press("ArrowUp")
    expect(studio.field("Images")).to_have_value("2")
    rest = ["Up to", "Seed", "Reuse last seed", "Random seed", "Advanced", "Generate"]
    assert tab_to(page, "Generate") == rest
    press("Enter")
    running = studio.card("by keyboard, offline:slow 20")
    expect(running).to_contain_text("In queue")
    assert tab_to(page, "Cancel")[0] == "Results"
    press("Enter")
    expect(running).to_contain_text("Cancelled")
    assert page.evaluate(INSIDE)

    studio.prompt.focus()
    press("Control+a")
    page.keyboard.type("quick")
    press("Control+Enter")
    studio.wait_for_pictures("quick", 2)
    tab_to(page, "quick, image 2 of 2")
    press("Enter")
    expect(studio.tiles("quick").nth(1)).to_have_attribute("aria-pressed", "true")
    book.run(2)
    assert book.text(2) == "[40, 42]"
    book.run(3)
    assert book.text(3) == "(2, (2304, 1728), True)"
    assert errors == []
