"""Faults stand where they belong, and nothing from outside is more than text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from .layout import overflowing
from .studio import STUDIO, Studio

if TYPE_CHECKING:
    from playwright.sync_api import Dialog, Page

    from .conftest import OpenNotebook, Shot

HOSTILE = (
    "<img src=x onerror=\"alert('prompt')\"><script>alert(1)</script>",
    "\u202e\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627 gnp.live\u202c",
    "long " * 2000,
    "W" * 10_000,
)


def test_a_refused_prompt(
    errors: list[str], notebook: OpenNotebook, page: Page, shot: Shot
) -> None:
    book = notebook([STUDIO])
    book.run(0)
    studio = Studio(page)
    card = studio.submit("offline:refuse")
    expect(card).to_contain_text("The safety checker refused this prompt.")
    expect(card).not_to_contain_text("Traceback")
    studio.prompt.fill("another idea")
    shot("error", studio.root)
    card.get_by_role("button", name="Edit prompt").click()
    expect(studio.prompt).to_have_value("offline:refuse")
    expect(studio.prompt).to_be_focused()
    assert errors == []


def test_an_impossible_size(
    errors: list[str], notebook: OpenNotebook, page: Page, shot: Shot
) -> None:
    book = notebook([STUDIO, "len(studio.jobs), studio.image_size"])
    book.run(0)
    studio = Studio(page)
    studio.prompt.fill("too large")
    expect(studio.generate).not_to_have_attribute("aria-disabled", "true")
    studio.shape("W×H").click()
    studio.field("Width").fill("5000")
    studio.field("Height").fill("5000")
    expect(studio.root).to_contain_text("5000 × 5000 is outside what V4 takes")
    expect(studio.field("Width")).to_have_attribute("aria-invalid", "true")
    expect(studio.generate).to_have_attribute("aria-disabled", "true")
    expect(studio.generate).to_have_accessible_description("Choose a size that the model takes.")
    shot("impossible-size", studio.root)
    studio.generate.click(force=True)
    studio.prompt.press("Control+Enter")
    studio.button("Use 4096 × 4096").click()
    expect(studio.generate).not_to_have_attribute("aria-disabled", "true")
    expect(studio.cards).to_have_count(0)
    book.run(1)
    assert book.text(1) == "(0, Size(width=4096, height=4096))"
    assert errors == []


@pytest.mark.own_page
def test_hostile_prompts_are_text(
    errors: list[str], notebook: OpenNotebook, page: Page, shot: Shot
) -> None:
    dialogs: list[str] = []

    def on_dialog(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", on_dialog)
    book = notebook([STUDIO])
    book.run(0)
    studio = Studio(page)
    for number, prompt in enumerate(HOSTILE, 1):
        studio.prompt.fill(prompt)
        studio.generate.click()
        expect(studio.cards).to_have_count(number)
        expect(studio.cards.first.locator("img")).to_be_attached(timeout=60_000)
        shown = studio.cards.first.locator("span").first.text_content()
        assert str(shown).strip() == prompt.strip()
    expect(studio.root.get_by_role("progressbar")).to_have_count(0, timeout=60_000)
    assert studio.root.locator("script, img[onerror], img[src=x]").count() == 0
    assert overflowing(studio.root) == []
    shot("hostile", studio.root)
    assert dialogs == []
    assert errors == []
