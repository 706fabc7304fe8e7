"""Pictures take the room there is: one is large, those of many jobs flow together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from .chromium import at_rest
from .layout import overflowing, resize
from .studio import STUDIO, Studio

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from .conftest import OpenNotebook, Shot

LIKE = "a lighthouse on a cliff above the sea, storm clouds, long exposure, in the manner of"
STYLES = (
    *("ink", "oil", "gouache", "charcoal", "woodcut", "collage"),
    *("pastel", "etching", "mosaic", "fresco", "linocut"),
)
TWELVE = f"""
for style in {STYLES!r}:
    studio.prompt = {LIKE!r} + " " + style
    studio.submit()
"""
IN_SIGHT = """pictures => pictures.every(picture => {
  const { top, bottom } = picture.getBoundingClientRect();
  const stage = picture.closest(".sd-stage").getBoundingClientRect();
  return top >= Math.max(0, stage.top) && bottom <= Math.min(innerHeight, stage.bottom);
})"""
HIGHEST = "headers => Math.max(...headers.map(header => header.clientHeight))"
# Facts that begin in a card's header without room for what they say.
CUT = """facts => facts.filter(each => {
  const { top, width } = each.getBoundingClientRect();
  return width && width < 56 && top < each.parentElement.getBoundingClientRect().bottom - 1;
}).map(each => each.textContent)"""
INSIDE = "element => element.scrollWidth <= element.clientWidth"


def test_one_is_large_and_twelve_are_seen_at_once(
    errors: list[str], notebook: OpenNotebook, page: Page, shot: Shot
) -> None:
    page.set_viewport_size({"width": 1900, "height": 1000})
    book = notebook([STUDIO, TWELVE])
    book.run(0)
    studio = Studio(page)
    studio.shape("3:2").click()
    resize(studio.root, 1600)
    studio.submit(f"{LIKE} glass")
    studio.wait_for_pictures(f"{LIKE} glass")
    one = at_rest(studio.tiles(f"{LIKE} glass"))
    assert one["width"] > 750
    assert one["height"] < 640
    shot("room-one-1600", studio.root)

    book.run(1)
    pictures = studio.results.locator("img")
    expect(pictures).to_have_count(12, timeout=60_000)
    expect(studio.cards.locator("[role=progressbar]")).to_have_count(0)
    studio.root.evaluate("root => root.scrollIntoView()")
    seen = f"({IN_SIGHT})([...document.querySelectorAll('.sd-stage img')])"
    page.wait_for_function(seen)
    # Prompts that differ at their ends alone are told apart.
    for style in STYLES:
        end = studio.card(f"{LIKE} {style}").locator(".sd-job-prompt span").last
        expect(end).to_have_text(style)
        assert end.evaluate(INSIDE)
    shot("room-twelve-1600", studio.root)
    book.theme("Dark")
    shot("room-twelve-1600-dark", studio.root)
    book.theme("Light")
    sizes = []
    for density in ("Medium", "Large", "Small"):
        expect(studio.button(density)).to_be_visible()
        sizes.append(at_rest(studio.tiles(f"{LIKE} oil"))["width"])
        for width in (1600, 1280, 1100, 720, 420, 320):
            resize(studio.root, width)
            assert overflowing(studio.root) == [], (density, width)
            # A line for the prompt, and one for all the rest: pictures of one row are level. Where
            # each card has a row of its own, what was made and what can be done share none.
            headers = studio.cards.locator("header")
            assert headers.evaluate_all(HIGHEST) < (60 if width > 1000 else 72), (density, width)
            assert headers.locator(".sd-meta").evaluate_all(CUT) == [], (density, width)
            if density == "Medium" or width == 1280:
                shot(f"room-{density.lower()}-{width}", studio.root)
        resize(studio.root, 1600)
        studio.button(density).click()
    medium, large, small = sizes
    assert small < medium < large
    assert errors == []


@pytest.mark.parametrize(("width", "height"), [(640, 400), (960, 540)])
def test_generate_and_the_newest_result_fit_a_screen_at_200_percent(
    errors: list[str], notebook: OpenNotebook, page: Page, shot: Shot, width: int, height: int
) -> None:
    """Of 1280 by 800 and of 1920 by 1080 pixels: zoomed, they are half as many."""
    page.set_viewport_size({"width": width, "height": height})
    book = notebook([STUDIO])
    book.run(0)
    studio = Studio(page)
    studio.submit("a fox")
    studio.wait_for_pictures("a fox")
    picture = studio.tiles("a fox")
    # Once the press is over, its card comes into sight by itself.
    expect(studio.generate).to_contain_text("Generate")
    at_rest(picture)
    (studio.generate if width < 700 else studio.root).evaluate("each => each.scrollIntoView()")
    shot(f"room-200-percent-{width}")
    expect(picture).to_be_in_viewport(ratio=0.95)  # borders fall between pixels
    expect(studio.generate).to_be_in_viewport(ratio=0.95)  # borders fall between pixels
    box = picture.bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= 130
    assert overflowing(studio.root) == []
    assert errors == []


def test_what_runs_is_told_and_brought_into_sight(
    errors: list[str], notebook: OpenNotebook, page: Page, shot: Shot
) -> None:
    book = notebook([STUDIO, f"{TWELVE}for job in studio.jobs:\n    job.result()"])
    book.run(0)
    studio = Studio(page)
    book.run(1)
    resize(studio.root, 420)
    expect(studio.cards).to_have_count(len(STYLES))
    for prompt in ("one, offline:slow 200", "two, offline:slow 200"):
        studio.submit(prompt)
        # Once the press is over, its card comes into sight: not under the next press.
        expect(studio.generate).to_contain_text("Generate")
        studio.cards.last.scroll_into_view_if_needed()
    running = studio.button("2 running")
    expect(running).to_be_visible()
    shot("room-running", studio.root)
    running.click()
    expect(studio.card("two, offline:slow 200")).to_be_in_viewport()
    expect(studio.card("two, offline:slow 200")).to_be_focused()
    for prompt in ("one, offline:slow 200", "two, offline:slow 200"):
        studio.cancel(prompt).click()
    expect(running).to_have_count(0)
    expect(studio.root.get_by_text("running", exact=True)).to_have_count(0)
    # It comes into sight by itself, too, when it was asked for here.
    studio.cards.last.scroll_into_view_if_needed()
    card = studio.submit("three, offline:slow 200")
    expect(card).to_be_in_viewport()
    assert errors == []
