"""A picture is where the next one begins: edit it, vary it, ask for a set, walk its lineage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from .axe import Audit
from .layout import overflowing, resize
from .studio import Studio

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from .conftest import OpenNotebook, Shot

STUDIO = "import seedream_widgets as sd\nstudio = sd.Studio(image_size='1:1 1K')\nstudio"
LINE = "[parent.prompt for parent in studio.result.parents]"


@pytest.mark.timeout(600)
@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_the_next_picture_begins_with_this_one(
    errors: list[str], notebook: OpenNotebook, page: Page, shot: Shot, theme: str
) -> None:
    book = notebook([STUDIO, LINE])
    book.theme(theme)
    book.run(0)
    studio, audit = Studio(page), Audit(page)
    studio.submit("a red fox")
    studio.wait_for_pictures("a red fox")
    studio.prompt.fill("")
    card = studio.card("a red fox")
    card.get_by_role("listitem").hover()
    card.get_by_role("button", name="Edit image").click()
    expect(studio.references).to_have_count(1)
    expect(studio.prompt).to_be_focused()
    page.keyboard.type("@")
    named = studio.root.get_by_role("listbox", name="Reference images to name")
    expect(named.get_by_role("option", selected=True)).to_contain_text("image 1")
    page.keyboard.press("Enter")
    expect(studio.prompt).to_have_value("image 1")
    page.keyboard.type(" at night")
    page.keyboard.press("Control+Enter")
    studio.wait_for_pictures("image 1 at night")
    book.run(1)
    assert book.text(1) == "['a red fox']"

    # The next step takes the place of the one before.
    card = studio.card("image 1 at night")
    card.get_by_role("listitem").hover()
    card.get_by_role("button", name="Edit image").click()
    expect(studio.button("Undo")).to_be_visible()
    expect(studio.references).to_have_count(1)
    expect(studio.root.get_by_role("button", name="Renumber")).to_have_count(0)
    studio.button("Undo").click()
    expect(studio.button("Undo")).to_have_count(0)

    studio.tiles("image 1 at night").focus()
    page.keyboard.press("Enter")
    viewer = studio.root.get_by_role("dialog", name="Viewer")
    line = viewer.get_by_role("region", name="Lineage")
    steps = line.get_by_role("button")
    expect(steps).to_have_count(2)
    for width in (1280, 420):
        resize(studio.root, width)
        line.scroll_into_view_if_needed()
        expect(steps.locator("img")).to_have_count(2)
        shot(f"lineage-{theme}-{width}", studio.root)
        assert overflowing(studio.root) == []
    # Rows at the ends of what scrolls are cut, and axe can't tell what they stand on.
    audit.look("lineage", studio.root, covered="elmPartially")
    steps.nth(0).focus()
    page.keyboard.press("Enter")
    expect(steps.nth(0)).to_have_attribute("aria-current", "true")
    viewer.get_by_role("button", name="Vary").click()
    page.wait_for_function("document.activeElement.matches('.sd-go:focus-visible')")
    expect(viewer).to_have_count(0)
    expect(studio.prompt).to_have_value("a red fox")
    expect(studio.references).to_have_count(0)
    expect(studio.generate).to_be_focused()

    resize(studio.root, 1280)
    studio.prompt.fill("a fox from morning to night, offline:one")
    studio.button("Ask for a series of 4").click()
    expect(studio.field("Up to")).to_have_value("4")
    shot(f"series-{theme}", studio.root)
    audit.look("a series", studio.root)
    studio.button("Undo").click()
    expect(studio.prompt).to_have_value("a fox from morning to night, offline:one")
    assert audit.found == []
    assert errors == []
