"""A batch as a sheet in JupyterLab: filled, looked through, chosen in, voted on and saved."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from .axe import Audit
from .layout import overflowing, resize
from .studio import GESTURE_MS, wait_until_drawn

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Locator, Page

    from .conftest import OpenNotebook, Shot
    from .lab import Notebook

HELD = """
import asyncio, os, threading
import seedream_widgets as sd
from seedream_widgets.backends.offline import OfflineBackend
from seedream_widgets.batch.batch import make
from seedream_widgets.testing import ScriptedBackend
from seedream_widgets.values.status import Queued

class Held(OfflineBackend):
    # It draws offline as if it cost money; owls wait until they are let go, cats are refused.
    name, bills = "fal", True
    go, owls = threading.Event(), set()

    async def submit(self, request, image_urls):
        if "cat" in request.prompt:
            raise sd.ContentRejectedError("The safety checker refused this prompt.", billing="no")
        handle = await super().submit(request, image_urls)
        if "owl" in request.prompt:
            self.owls.add(handle.request_id)
        return handle

    async def watch(self, handle):
        yield Queued(0)
        while handle.request_id in self.owls and not self.go.is_set():
            await asyncio.sleep(0.02)
        async for status in super().watch(handle):
            yield status

backend = Held(pace=0)
client = sd.Client(backend, library=FOLDER)
"""
NINE = """
batch = make(client, name="subjects and weather", prompt="a {fox|cat|owl} {weather}", seed=7,
             weather=["in fresh snow", "at night, stars", "in autumn, among many falling leaves"],
             image_size=(1152, 864))
sheet = batch.sheet()
sheet"""
FOUR = """
batch = make(client, name="four", prompt=["a red fox", "a tall tree"], seed=[1, 2],
             image_size=(1152, 864)).run(progress=False)
sheet = batch.sheet()
sheet"""
AXES = """
batch = make(sd.Client(ScriptedBackend("fal"), library=FOLDER), name="many axes",
             prompt="a {red|blue} {fox|tree} {place}",
             place=["in snow", "at night", "by the sea"], seed=range(7)).run(progress=False)
sheet = batch.sheet()
sheet"""
THIRTY = """
batch = make(sd.Client(ScriptedBackend("fal"), library=FOLDER), name="thirty",
             prompt=[f"a fox, drawn as number {n} of a long series" for n in range(30)],
             seed=range(30)).run(progress=False)
sheet = batch.sheet()
sheet"""
CHOSEN = "print([result.request.prompt for result in sheet.selection])"
DRAWN = """grid => {
  const tiles = [...grid.querySelectorAll(".sd-cell-view")];
  return tiles.length && tiles.every(tile => tile.querySelector("img")?.naturalWidth);
}"""

# What sticks out of the box of a label or a cell, where it would be cut in the middle of a line.
CUT = """grid => [...grid.querySelectorAll("p, .sd-sheet-side, .sd-sheet-label")].filter(box => {
  const { top, bottom } = box.getBoundingClientRect();
  const text = (box.querySelector("span") ?? box).getBoundingClientRect();
  return text.top < top || text.bottom > bottom || box.scrollHeight > box.clientHeight;
}).map(box => box.textContent)"""


class Shown:
    """A sheet on the page, by the names a screen reader hears."""

    def __init__(self, book: Notebook, page: Page) -> None:
        self.book, self.page = book, page
        self.root = page.locator(".sd-root").first
        self.region = self.root.get_by_role("region", name=re.compile("^Sheet of"))
        self.region.wait_for(timeout=60_000)
        self.bar = self.region.locator("header")
        self.grid = self.region.get_by_role("grid", name="Sheet")
        self.dialog = self.root.get_by_role("dialog", name="Viewer")
        self.vote = self.region.get_by_role("region", name="Vote")
        self.status = self.root.get_by_role("status")

    def cell(self, name: str | re.Pattern[str]) -> Locator:
        return self.grid.get_by_role("gridcell", name=name)

    def button(self, name: str | re.Pattern[str]) -> Locator:
        return self.region.get_by_role("button", name=name)

    def counted(self, words: str) -> None:
        expect(self.bar).to_contain_text(words, timeout=60_000)

    def drawn(self) -> None:
        """Wait until every picture that is near the screen is there."""
        self.page.wait_for_function(DRAWN, arg=self.grid.element_handle(), timeout=60_000)

    def focused(self, name: str | re.Pattern[str]) -> None:
        expect(self.grid.locator("[role=gridcell]:focus")).to_have_attribute("aria-label", name)

    def expect_chosen(self, words: str) -> None:
        """Wait until the kernel says so."""
        self.book.run_until(1, words)


@pytest.fixture
def shown(notebook: OpenNotebook, page: Page, tmp_path: Path) -> Any:
    def show(cells: str) -> Shown:
        book = notebook([f"FOLDER = {str(tmp_path)!r}\n{HELD}{cells}", CHOSEN, "backend.go.set()"])
        book.run(0)
        assert "Error" not in book.text(0), book.text(0)
        return Shown(book, page)

    return show


def test_it_fills_and_is_chosen_in_by_mouse(
    errors: list[str], shown: Any, page: Page, shot: Shot, tmp_path: Path
) -> None:
    sheet: Shown = shown(NINE)
    sheet.counted("0 of 9 pictures · 9 missing")
    expect(sheet.cell("fox, in fresh snow, not asked yet")).to_be_visible()
    sheet.button("Run 9 requests, about $0.27").click()
    sheet.counted("3 of 9 pictures · 3 running")
    sheet.counted("$0.09 of about $0.27")
    expect(sheet.region).to_contain_text("3 refused by a safety checker")
    expect(
        sheet.cell(re.compile("^cat, in fresh snow, The safety checker refused"))
    ).to_be_visible()
    sheet.drawn()
    shot("sheet_filling_light", sheet.root)
    sheet.book.run(2)
    sheet.counted("6 of 9 pictures · $0.18 of about $0.27")
    expect(sheet.status).to_contain_text("The run has ended: 6 pictures.")
    expect(sheet.button("Retry 3 requests, about $0.09")).to_be_visible()
    expect(sheet.button("Cancel")).to_have_count(0)

    first = sheet.cell(re.compile("^fox, in fresh snow"))
    first.get_by_role("button", name="Choose").click()
    expect(first).to_have_attribute("aria-selected", "true")
    expect(sheet.region).to_contain_text("1 in sheet.selection")
    sheet.expect_chosen("['a fox in fresh snow']")

    first.get_by_role("button", name="View").click()
    expect(sheet.dialog).to_contain_text("1 of 6")
    sheet.dialog.get_by_role("button", name="Next picture").click()
    expect(sheet.dialog).to_contain_text("2 of 6")
    shot("sheet_viewer_light", sheet.root)
    sheet.dialog.get_by_role("button", name="Close").click()

    with page.expect_download() as download:
        sheet.button("Save as PNG").click()
    assert download.value.suggested_filename == "subjects-and-weather.png"
    download.value.save_as(tmp_path / "saved.png")
    assert (tmp_path / "saved.png").read_bytes().startswith(b"\x89PNG")
    with page.expect_download() as download:
        sheet.button("Save as HTML").click()
    download.value.save_as(tmp_path / "saved.html")
    assert (tmp_path / "saved.html").read_text().count("<img") == 6
    assert errors == []


def test_all_of_it_is_cancelled_and_asked_for_again(shown: Any, page: Page) -> None:
    """Each press a gesture later: sooner, it would be the rest of the one before."""
    sheet: Shown = shown(NINE)
    sheet.button("Run 9 requests, about $0.27").click()
    sheet.counted("3 of 9 pictures · 3 running")
    page.wait_for_timeout(GESTURE_MS)
    sheet.button("Cancel").click()
    expect(sheet.region).to_contain_text("3 cancelled", timeout=60_000)
    expect(sheet.button("Cancel")).to_have_count(0)
    sheet.book.run(2)
    page.wait_for_timeout(GESTURE_MS)
    sheet.button("Retry 6 requests, about $0.18").click()
    sheet.counted("6 of 9 pictures · $0.09 of about $0.18")


def test_by_keyboard_alone(errors: list[str], shown: Any, page: Page, shot: Shot) -> None:
    sheet: Shown = shown(NINE)
    sheet.button("Run 9 requests, about $0.27").focus()
    page.keyboard.press("Enter")
    sheet.counted("3 of 9 pictures · 3 running")
    sheet.book.run(2)
    sheet.counted("6 of 9 pictures · $0.18")
    sheet.button("Save as HTML").focus()
    page.keyboard.press("Tab")
    sheet.focused(re.compile("^fox, in fresh snow"))
    page.keyboard.press("ArrowRight")
    sheet.focused(re.compile("^fox, at night, stars"))
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    sheet.focused(re.compile("^cat, at night, stars, The safety checker"))
    page.keyboard.press("ArrowDown")
    sheet.focused(re.compile("^owl, at night, stars"))
    page.keyboard.press("Space")
    owl = sheet.cell(re.compile("^owl, at night"))
    expect(owl).to_have_attribute("aria-selected", "true")
    sheet.expect_chosen("['a fox at night, stars', 'a owl at night, stars']")
    sheet.cell(re.compile("^owl, at night")).focus()
    page.keyboard.press("Enter")
    expect(sheet.dialog).to_contain_text("5 of 6")
    expect(sheet.dialog).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(sheet.dialog).to_contain_text("6 of 6")
    page.keyboard.press("ArrowUp")  # past the cat that was refused
    expect(sheet.dialog).to_contain_text("3 of 6")
    page.keyboard.press("ArrowLeft")
    expect(sheet.dialog).to_contain_text("2 of 6")
    page.keyboard.press("ArrowDown")
    expect(sheet.dialog).to_contain_text("5 of 6")
    page.keyboard.press("ArrowDown")
    expect(sheet.dialog).to_contain_text("5 of 6")
    page.keyboard.press("Escape")
    sheet.focused(re.compile("^owl, at night, stars"))

    sheet.button("Vote on the chosen").focus()
    page.keyboard.press("Enter")
    expect(sheet.vote).to_be_focused()
    expect(sheet.vote).to_contain_text("Which one is better?")
    page.keyboard.press("ArrowRight")
    expect(sheet.vote).to_contain_text("The order is clear")
    expect(sheet.status).to_contain_text("The order is clear.")
    best = sheet.vote.get_by_role("listitem")
    expect(best).to_have_count(2)
    wait_until_drawn(best.nth(1).locator("img"))
    shot("sheet_vote_end_light", sheet.root)
    sheet.vote.get_by_role("button", name="Back to the sheet").focus()
    page.keyboard.press("Enter")
    expect(sheet.grid).to_be_visible()
    assert errors == []


def test_further_axes_are_tabs_and_a_slider(shown: Any, page: Page, shot: Shot) -> None:
    sheet: Shown = shown(AXES)
    sheet.counted("84 of 84 pictures")
    tabs = sheet.region.get_by_role("group", name="red|blue")
    expect(tabs.get_by_role("button", name="red")).to_have_attribute("aria-pressed", "true")
    expect(sheet.grid.get_by_role("columnheader", name="6", exact=True)).to_be_attached()
    expect(sheet.cell(re.compile("a red fox in snow"))).to_have_count(7)
    expect(sheet.cell(re.compile("a blue fox"))).to_have_count(0)
    sheet.drawn()
    shot("sheet_axes_light", sheet.root)
    tabs.get_by_role("button", name="blue").click()
    expect(sheet.cell(re.compile("a blue fox")).first).to_be_visible()
    sheet.region.get_by_role("combobox", name="Across").select_option("red|blue")
    slider = sheet.region.get_by_role("slider", name="seed: 0")
    slider.focus()
    page.keyboard.press("ArrowRight")
    expect(sheet.region.get_by_role("slider", name="seed: 1")).to_have_attribute(
        "aria-valuetext", "1"
    )
    expect(sheet.grid.get_by_role("columnheader", name="blue", exact=True)).to_be_visible()
    sheet.drawn()
    shot("sheet_slider_light", sheet.root)


@pytest.mark.parametrize("width", [420, 1280])
def test_axe_is_content_in_each_state(shown: Any, page: Page, shot: Shot, width: int) -> None:
    page.set_viewport_size({"width": max(1280, width + 360), "height": 900})
    sheet: Shown = shown(NINE)
    resize(sheet.root, width)
    audit = Audit(page)

    def look(state: str, covered: str = "-") -> None:
        for theme in ("Dark", "Light"):
            sheet.book.theme(theme)
            name = f"sheet_{state.replace(' ', '_')}_{width}_{theme.lower()}"
            shot(name, sheet.root)
            audit.look(name, sheet.root, fewest=5, covered=covered)
        assert overflowing(sheet.root) == []

    look("not asked")
    sheet.button("Run 9 requests").click()
    sheet.counted("3 of 9 pictures · 3 running")
    sheet.drawn()
    look("filling")
    sheet.book.run(2)
    sheet.counted("6 of 9 pictures · $0.18")
    sheet.cell(re.compile("^fox, at night")).get_by_role("button", name="Choose").click()
    sheet.drawn()
    look("grid")
    sheet.cell(re.compile("^fox, at night")).get_by_role("button", name="View").click()
    expect(sheet.dialog.locator(".sd-picture img").first).to_be_visible()
    look("viewer", covered="elmPartially")  # what the receipt's own scrolling hides
    sheet.dialog.get_by_role("button", name="Close").click()
    sheet.button("Vote").click()
    expect(sheet.vote.locator("img")).to_have_count(2)
    for at in range(2):
        wait_until_drawn(sheet.vote.locator("img").nth(at))
    look("vote")
    assert "\n".join(audit.found) == ""


def test_what_small_cells_have_no_room_for_is_told_below_the_grid(
    shown: Any, page: Page, shot: Shot
) -> None:
    sheet: Shown = shown(NINE.replace("{fox|cat|owl}", "{fox|cat|owl that has a very long name}"))
    resize(sheet.root, 420)
    sheet.button("Run 9 requests").click()
    sheet.book.run(2)
    sheet.counted("6 of 9 pictures · $0.18")
    sheet.drawn()
    assert sheet.grid.evaluate(CUT) == []
    told = sheet.region.locator(".sd-sheet-scroll + p")
    expect(told).to_be_hidden()  # it is about the cell that has the keyboard
    refused = "at night, stars, The safety checker refused this prompt."
    cell = sheet.cell(re.compile(refused))
    words = cell.locator("span")
    assert words.evaluate("span => span.scrollHeight > span.clientHeight")
    cell.click()
    expect(told).to_be_visible()
    expect(told).to_have_text(f"cat, {refused}")
    page.keyboard.press("ArrowDown")
    expect(told).to_contain_text("owl that has a very long name, at night, stars")
    expect(cell).to_have_attribute("title", f"cat, {refused}")
    shot("sheet_told_420_light", sheet.root)
    assert overflowing(sheet.root) == []


def test_two_by_two_fills_the_room(shown: Any, page: Page, shot: Shot) -> None:
    sheet: Shown = shown(FOUR)
    sheet.counted("4 of 4 pictures")
    sheet.drawn()
    shot("sheet_2x2_light", sheet.root)
    expect(sheet.grid.get_by_role("gridcell")).to_have_count(4)
    box, tile = sheet.grid.bounding_box(), sheet.cell(re.compile("red fox")).first.bounding_box()
    assert box is not None
    assert tile is not None
    assert tile["width"] >= 250  # the size slider's largest is for those who want more


def test_thirty_by_thirty_keeps_its_labels_while_it_scrolls(
    shown: Any, page: Page, shot: Shot
) -> None:
    sheet: Shown = shown(THIRTY)
    for width in (1280, 420):
        page.set_viewport_size({"width": max(1280, width + 360), "height": 900})
        resize(sheet.root, width)
        sheet.grid.evaluate("grid => grid.scrollTo(0, 0)")
        thirty_by_thirty(sheet, page, shot, width)


def thirty_by_thirty(sheet: Shown, page: Page, shot: Shot, width: int) -> None:
    """Look at its beginning and at its end."""
    sheet.counted("900 of 900 pictures")
    sheet.drawn()
    shot(f"sheet_30x30_{width}", sheet.root)
    assert sheet.grid.get_by_role("gridcell").count() < 400  # what is near the screen alone
    assert overflowing(sheet.root) == []
    audit = Audit(page)
    audit.look("30 x 30", sheet.root, fewest=5, covered="bgOverlap")  # by labels that stay
    assert "\n".join(audit.found) == ""
    sheet.grid.evaluate("grid => grid.scrollTo(grid.scrollWidth, grid.scrollHeight)")
    last = sheet.cell(re.compile("number 29 of a long series, 29"))
    expect(last).to_be_visible()
    sheet.drawn()
    grid = sheet.grid.bounding_box()
    side = sheet.grid.get_by_role("rowheader", name=re.compile("number 29")).bounding_box()
    head = sheet.grid.get_by_role("columnheader", name="29", exact=True).bounding_box()
    assert grid is not None
    assert side is not None
    assert head is not None
    assert abs(side["x"] - grid["x"]) < 3
    assert abs(head["y"] - grid["y"]) < 3
    shot(f"sheet_30x30_end_{width}", sheet.root)
