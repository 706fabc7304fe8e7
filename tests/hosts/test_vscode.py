"""What VS Code alone has: themes of high contrast, and drags that need Shift."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.axe import Audit
from tests.browser.layout import resize
from tests.browser.studio import STUDIO

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from .conftest import OpenBook, Shot

EDGES = """root => [".sd-chosen", "[aria-checked=true]", ".sd-go", ".sd-link"].map(name => {
  const light = colour => {
    const parts = colour.match(/[\\d.]+/g).slice(0, 3).map(Number);
    return parts.map(part => part / 255)
      .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
      .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
  };
  const style = getComputedStyle(root.querySelector(name));
  const seen = { ".sd-chosen": style.outlineColor, ".sd-link": style.color }[name];
  const colours = [seen ?? style.borderTopColor, getComputedStyle(root).backgroundColor];
  const [low, high] = colours.map(light).sort((one, other) => one - other);
  return [name, (high + 0.05) / (low + 0.05)];
})"""


@pytest.mark.parametrize("theme", ["Dark High Contrast", "Light High Contrast"])
def test_high_contrast(book: OpenBook, page: Page, shot: Shot, theme: str) -> None:
    opened = book(STUDIO)
    opened.run(0)
    opened.theme(theme)
    studio = opened.studio()
    expect(studio.root).to_contain_text("Drop with Shift held, paste or browse")
    studio.prompt.fill("a fox, dress image 3")
    studio.field("Images").fill("2")
    studio.generate.click()
    expect(studio.root.locator(".sd-error")).to_contain_text("Press Generate again")
    page.wait_for_timeout(1200)  # within a second it would be the same press
    studio.generate.click()
    studio.wait_for_pictures("a fox, dress image 3", 2)
    studio.card("a fox, dress image 3").get_by_role("button", name="Reuse").focus()
    name = theme.lower().replace(" ", "-")
    shot(name)
    for part, contrast in studio.root.evaluate(EDGES):
        assert contrast >= (4.5 if part == ".sd-link" else 3), part
    frame = page.frame("webview")
    assert frame is not None
    audit = Audit(frame)
    audit.look(theme, studio.root)
    resize(studio.root, 320)
    audit.look(f"{theme}, 320 pixels wide", studio.root)
    shot(f"{name}-320")
    assert "\n".join(audit.found) == ""
