"""The model picker, and what a change of model does to the form; pictures to look at."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from .layout import overflowing, resize
from .studio import Studio

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from .conftest import OpenNotebook, Shot

BILLED = """import seedream_widgets as sd
studio = sd.Studio(sd.Client("fal", key="nobody:nothing"), prompt="a fox", num_images=2)
studio"""
CLEAR = """studio.model, studio.background = "v5.5", "transparent"
other = sd.Studio(sd.Client("offline"), model="v5.5", background="transparent", prompt="a fox",
                  image_size=(1024, 1024))
other"""


def test_the_picker_and_what_it_changes(
    errors: list[str], notebook: OpenNotebook, page: Page, shot: Shot
) -> None:
    page.set_viewport_size({"width": 1280, "height": 1500})
    book = notebook([BILLED, CLEAR])
    book.run(0)
    studio = Studio(page)
    picker = studio.root.get_by_role("button", name=re.compile("^Model "))
    studio.field("Seed").fill("7")
    picker.click()
    options = studio.root.get_by_role("radiogroup", name="Model").get_by_role("radio")
    expect(options).to_have_count(6)
    expect(options.nth(0)).to_contain_text("about $0.06")
    expect(options.nth(4)).to_contain_text("about $0.27")
    expect(options.nth(3)).to_contain_text("fast")
    assert overflowing(studio.root) == []
    shot("models-light", studio.root)
    resize(studio.root, 320)
    assert overflowing(studio.root) == []
    shot("models-narrow", studio.root)
    resize(studio.root, 920)
    page.keyboard.press("Escape")  # JupyterLab may take the focus as it changes its theme
    expect(options).to_have_count(0)
    book.theme("Dark")
    picker.click()
    expect(options.nth(0)).to_be_focused()
    shot("models-dark", studio.root)
    for model in range(1, 4):
        page.keyboard.press("ArrowDown")
        expect(options.nth(model)).to_be_focused()
    page.keyboard.press("Escape")
    expect(picker).to_have_accessible_name("Model V5 Flash")
    expect(picker).to_be_focused()
    expect(studio.field("Seed")).to_have_count(0)
    expect(studio.root).to_contain_text("What you set for seed is kept")
    expect(studio.root).to_contain_text("each click asks for another picture")
    studio.root.get_by_text("Advanced").click()
    shot("models-switched-dark", studio.root)
    picker.click()
    options.nth(0).click()
    expect(studio.field("Seed")).to_have_value("7")
    book.run(1)
    clear = Studio(page, 1)
    clear.submit("a fox")
    clear.wait_for_pictures("a fox")
    shot("models-clear-dark", clear.root)
    book.theme("Light")
    shot("models-clear-light", clear.root)
    assert errors == []
