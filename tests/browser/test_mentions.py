"""Names of images in the prompt: the list behind "@", the lit tile, the warning, renumbering."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PIL import Image
from playwright.sync_api import expect

from .axe import Audit
from .chromium import drop_files
from .layout import overflowing, resize
from .studio import STUDIO, Studio

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from .conftest import OpenNotebook, Shot

COLOURS = {"fox": "orangered", "coat": "teal", "hat": "goldenrod"}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_an_image_is_named_by_hand_and_by_keys(
    errors: list[str], notebook: OpenNotebook, page: Page, tmp_path: Path, shot: Shot, theme: str
) -> None:
    book = notebook([STUDIO, "len(studio._session.jobs)"])
    book.theme(theme)
    book.run(0)
    studio, audit = Studio(page), Audit(page)
    for name, colour in COLOURS.items():
        Image.new("RGB", (60, 40), colour).save(tmp_path / f"{name}.png")
    drop_files(page, ".sd-refs", [tmp_path / f"{name}.png" for name in COLOURS])
    studio.expect_references("fox.png", "coat.png", "hat.png")
    for width in (1280, 420):
        resize(studio.root, width)
        studio.prompt.fill("")
        studio.prompt.press_sequentially("dress @")
        listed = studio.root.get_by_role("listbox", name="Reference images to name")
        expect(listed.get_by_role("option")).to_have_count(3)
        page.keyboard.press("ArrowDown")
        expect(listed.get_by_role("option", selected=True)).to_contain_text("image 2")
        expect(studio.references.nth(1)).to_have_class("sd-ref sd-lit")
        shot(f"mentions-{theme}-{width}", studio.root)
        assert overflowing(studio.root) == []
        audit.look(f"the list of images, {width}", studio.root, covered="bgOverlap")
        page.keyboard.press("Enter")
        expect(studio.prompt).to_have_value("dress image 2")
        page.keyboard.type(" in @ha")
        expect(listed.get_by_role("option")).to_have_count(1)
        listed.get_by_role("option").click()
        expect(studio.prompt).to_have_value("dress image 2 in image 3")
        expect(studio.prompt).to_be_focused()
        expect(studio.references.nth(2)).to_have_class("sd-ref sd-lit")
        page.keyboard.press("Control+z")
        expect(studio.prompt).to_have_value("dress image 2 in @ha")
        page.keyboard.press("Escape")
        expect(listed).to_have_count(0)
        expect(studio.prompt).to_be_focused()
    studio.prompt.fill("dress image 4 in image 1")
    studio.generate.click()
    told = studio.root.locator(".sd-error", has_text="Press Generate again to send it")
    expect(told).to_be_visible()
    shot(f"mentions-warned-{theme}", studio.root)
    audit.look("a prompt that names what is not there", studio.root)
    assert studio.cards.count() == 0
    studio.prompt.fill("dress image 2 in image 1")
    expect(told).to_have_count(0)
    studio.references.nth(0).press("Alt+ArrowRight")
    studio.expect_references("coat.png", "fox.png", "hat.png")
    renumber = studio.button("Renumber")
    expect(renumber).to_be_visible()
    shot(f"mentions-renumber-{theme}", studio.root)
    audit.look("moved images", studio.root)
    renumber.focus()
    page.keyboard.press("Enter")
    expect(studio.prompt).to_have_value("dress image 1 in image 2")
    studio.button("Undo").click()
    expect(studio.prompt).to_have_value("dress image 2 in image 1")
    assert audit.found == []
    assert errors == []
