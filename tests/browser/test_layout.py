"""Nothing overflows at any width, nothing jumps when pictures come; pictures to look at."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from PIL import Image
from playwright.sync_api import expect

from .chromium import at_rest, drop_files
from .layout import boxes, overflowing, resize
from .studio import STUDIO, HeldJobs, Studio

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from .conftest import OpenNotebook, Shot

WIDTHS = (320, 420, 620, 920, 1400)
SHOTS = (320, 420, 920)
PRINTED = """import seedream_widgets as sd
from IPython.display import HTML, display
from seedream_widgets.display.html import sheet_html
WORD = "W" * 300
client = sd.Client(library=FOLDER)
request = sd.Request(prompt=WORD, image_size=(1024, 1024))
results = [client.submit(request).result() for _ in range(2)]
display(HTML(sheet_html(results)), results, client.library, sd.show(results))"""
WIDER = """output => [...output.querySelectorAll("div, th, td, span")].filter(each =>
  each.scrollWidth > each.clientWidth + 1 && getComputedStyle(each).overflowX === "visible"
    && getComputedStyle(each).display !== "inline").map(each => each.textContent)"""
LONG = "a harbour at dawn, mist over the water, a red boat, gulls, very fine detail"


def look(studio: Studio, shot: Shot, state: str) -> None:
    """Check every width, and take the pictures of some."""
    for width in WIDTHS:
        resize(studio.root, width)
        assert studio.root.bounding_box()["width"] == width  # type: ignore[index]
        assert overflowing(studio.root) == [], (state, width)
        if width in SHOTS:
            shot(f"{state}-{width}", studio.root)


def test_every_state_at_every_width(
    errors: list[str], notebook: OpenNotebook, page: Page, shot: Shot, tmp_path: Path
) -> None:
    page.set_viewport_size({"width": 1600, "height": 1700})
    for name, colour in (("one", "teal"), ("two", "peru"), ("three", "olive")):
        Image.new("RGB", (300, 200), colour).save(tmp_path / f"{name}.png")
    jobs = HeldJobs(tmp_path, 5)
    book = notebook([jobs.cell()])
    book.run(0)
    studio = Studio(page)
    look(studio, shot, "empty")
    drop_files(page, ".sd-refs", sorted(tmp_path.glob("*.png")))
    (tmp_path / "broken.png").write_bytes(b"no picture at all")
    drop_files(page, ".sd-refs", [tmp_path / "broken.png"])
    expect(studio.button("Dismiss broken.png")).to_be_attached()
    expect(studio.root.get_by_role("listitem", name="Image 3: two.png")).to_be_attached()
    expect(studio.references).to_have_count(4)
    look(studio, shot, "references")
    studio.field("Images").fill("4")
    studio.shape("3:2").click()
    running = studio.submit(f"{LONG}, and it runs")
    expect(running).to_contain_text("step 5 of 30")
    look(studio, shot, "running")
    book.theme("Dark")
    shot("running-dark")
    studio.cancel(f"{LONG}, and it runs").click()
    expect(running).to_contain_text("Cancelled")
    jobs.go_on()
    studio.submit(LONG)
    studio.wait_for_pictures(LONG, 4)
    look(studio, shot, "done")
    resize(studio.root, 1400)
    shot("done-dark")
    book.theme("Light")
    shot("done-light")
    assert errors == []


def test_tiles_stay_where_they_are(
    errors: list[str], notebook: OpenNotebook, page: Page, tmp_path: Path
) -> None:
    jobs = HeldJobs(tmp_path, 5)
    book = notebook([jobs.cell()])
    book.run(0)
    studio = Studio(page)
    for count, shape in ((1, "16:9"), (3, "2:3")):
        prompt = f"{count} of {shape}"
        jobs.go_on(5)
        studio.field("Images").fill(str(count))
        studio.shape(shape).click()
        card = studio.submit(prompt)
        tiles = card.locator(".sd-tile")
        expect(tiles).to_have_count(count)
        expect(card).to_contain_text("step 5 of 30")
        at_rest(tiles.first)
        before = boxes(tiles)
        jobs.go_on()
        studio.wait_for_pictures(prompt, count)
        assert boxes(tiles) == before
    assert errors == []


def test_what_a_card_offers_shares_a_line(notebook: OpenNotebook, page: Page) -> None:
    book = notebook([STUDIO])
    book.run(0)
    studio = Studio(page)
    prompt = "dress the fox in the colour of the sea"
    card = studio.submit(prompt)
    studio.wait_for_pictures(prompt)
    links = card.get_by_role("button", name=re.compile("^(Copy as code|Vary|Reuse)$"))
    expect(links).to_have_count(3)
    for width in (320, 420):
        resize(studio.root, width)
        # All at once: the card comes into sight once the press is over.
        tops = links.evaluate_all("links => links.map(link => link.getBoundingClientRect().top)")
        assert len(set(tops)) == 1, width
        assert overflowing(studio.root) == [], width


def test_a_long_word_stays_within_its_place_in_what_is_printed(
    notebook: OpenNotebook, page: Page, shot: Shot, tmp_path: Path
) -> None:
    book = notebook([f"FOLDER = {str(tmp_path)!r}\n{PRINTED}"])
    book.run(0)
    assert "Error" not in book.text(0), book.text(0)
    printed = book.cell(0).locator(".jp-OutputArea-output")
    expect(printed.locator("img").first).to_be_visible()
    expect(printed).to_have_count(4)
    for output in printed.all():
        assert output.evaluate(WIDER) == []
    shot("printed", book.cell(0))
