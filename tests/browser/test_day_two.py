"""The cell run again, and the notebook on another day, go on where they were."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from .layout import overflowing
from .studio import STUDIO, Studio

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from .conftest import OpenNotebook, Shot

OTHER = "other = sd.Studio()\nother"
TOLD = "studio.prompt, studio.result.prompt, studio.image.size, len(studio.results)"


def test_a_cell_goes_on_in_this_kernel_and_the_next(
    errors: list[str], notebook: OpenNotebook, page: Page, shot: Shot
) -> None:
    book = notebook([STUDIO, TOLD, OTHER])
    book.run(0)
    studio = Studio(page)
    studio.shape("3:2").click()
    studio.field("Seed").fill("7")
    for prompt in ("a red fox in snow", "an owl at vespers"):
        studio.submit(prompt)
        studio.wait_for_pictures(prompt)
    # Of the whole library, which other tests fill as well.
    expect(studio.root).to_contain_text(re.compile(r"\d pictures"))
    studio.card("an owl at vespers").get_by_role("button", name="Dismiss").click()
    expect(studio.cards).to_have_count(1)
    expect(studio.results).to_contain_text("Dismissed: an owl at vespers")
    shot("dismissed", studio.root)
    studio.button("Undo").click()
    expect(studio.cards).to_have_count(2)
    expect(studio.button("Undo")).to_have_count(0)
    studio.card("a red fox in snow").get_by_role("button", name="Dismiss").click()
    studio.prompt.fill("a hare in the hay")
    studio.button("Gallery").click()
    gallery = studio.root.get_by_role("region", name="Gallery", exact=True)
    gallery.get_by_role("searchbox").fill("vespers")
    expect(gallery.get_by_role("gridcell")).to_have_count(1)

    # The same cell of this kernel; another cell begins with nothing.
    book.run(0)
    studio = Studio(page)
    expect(studio.prompt).to_have_value("a hare in the hay")
    expect(studio.field("Seed")).to_have_value("7")
    expect(studio.shape("3:2")).to_have_attribute("aria-checked", "true")
    studio.wait_for_pictures("an owl at vespers")
    expect(studio.cards).to_have_count(1)
    expect(studio.root).to_contain_text("1 picture found")
    book.run(2)
    other = Studio(page, nth=1)
    expect(other.prompt).to_have_value("")
    expect(other.cards).to_have_count(0)

    # The next kernel.
    book.restart_kernel()
    book.run(0)
    studio = Studio(page)
    expect(studio.prompt).to_have_value("a hare in the hay")
    studio.wait_for_pictures("an owl at vespers")
    expect(studio.tiles("an owl at vespers")).to_have_attribute("aria-pressed", "true")
    expect(studio.results).to_contain_text(re.compile("studio.image.*an owl at vespers"))
    expect(studio.results).not_to_contain_text("fox")
    assert overflowing(studio.root) == []
    shot("day-two", studio.root)
    book.run(1)
    prompt, made, size, count = eval(book.text(1))
    assert (prompt, made, count) == ("a hare in the hay", "an owl at vespers", 1)
    assert size[0] * 2 == size[1] * 3
    assert errors == []


def test_what_was_typed_without_a_kernel_is_offered_when_the_cell_is_run_again(
    notebook: OpenNotebook, page: Page, shot: Shot
) -> None:
    hare = STUDIO.replace("Studio()", "Studio(prompt='a hare in the hay')")
    book = notebook([hare, OTHER])
    book.run(0)
    book.run(1)
    for nth in range(2):
        expect(Studio(page, nth).root).to_contain_text(re.compile(r"\d pictures?"))
    book.restart_kernel()
    expect(Studio(page).root).to_contain_text("The kernel is gone")
    expect(Studio(page, nth=1).root).to_contain_text("The kernel is gone")
    Studio(page).prompt.fill("a lynx in the larches")
    Studio(page, nth=1).prompt.fill("a crow in the cold")
    book.save()
    assert "larches" not in book.file.read_text()
    book.run(0)
    book.run(1)
    studio, other = Studio(page), Studio(page, nth=1)
    expect(studio.prompt).to_have_value("a hare in the hay")
    shot("typed-without-a-kernel", studio.root)
    studio.button("Undo").click()
    expect(studio.prompt).to_have_value("a lynx in the larches")
    expect(other.prompt).to_have_value("")
    other.button("Undo").click()
    expect(other.prompt).to_have_value("a crow in the cold")
    book.run(0)
    expect(Studio(page).prompt).to_have_value("a hare in the hay")
    expect(Studio(page).button("Undo")).to_have_count(0)
