"""What marimo alone does: cells that run again by themselves, and its own way to show things."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.studio import STUDIO, wait_until_drawn

from .reading import read

if TYPE_CHECKING:
    from .conftest import OpenBook, Shot
    from .host import Book

SETTLE_MS = 1500
COUNT = "print(len(studio.jobs))"


def expect_text(book: Book, cell: int, text: str | re.Pattern[str]) -> None:
    """Wait until a cell says so, without running it."""
    output = book.place(cell).locator(".output-area, .console-output-area")
    expect(output.filter(has_text=text).first).to_be_attached()


def test_next_cell_runs_by_itself(book: OpenBook, errors: list[str], shot: Shot) -> None:
    opened = book(STUDIO, "print('size', studio.image.size)", "print('chosen', studio.selected)")
    opened.run(0)
    opened.run(1)
    opened.run(2)
    expect_text(opened, 1, "studio has no image yet; press Generate")
    studio = opened.studio()
    studio.field("Images").fill("2")
    studio.submit("a pair of foxes")
    studio.wait_for_pictures("a pair of foxes", 2)
    expect_text(opened, 1, "size (2048, 2048)")
    studio.tiles("a pair of foxes").nth(1).click()
    expect_text(opened, 2, re.compile(r"chosen [\w-]+:1"))
    shot("reactive")
    assert errors == []


def test_a_cell_that_submits_comes_to_rest(book: OpenBook, errors: list[str]) -> None:
    submit = "job = studio.submit()\nprint('submitted', job.request.prompt)"
    opened = book(STUDIO, submit, COUNT, "print(studio.prompt)")
    opened.run(0)
    studio = opened.studio()
    studio.prompt.fill("sent by a cell")
    studio.add.focus()
    read(opened, 3, "sent by a cell")
    opened.run(1)
    expect_text(opened, 1, "submitted sent by a cell")
    studio.wait_for_pictures("sent by a cell")
    opened.page.wait_for_timeout(SETTLE_MS)
    expect(studio.cards).to_have_count(1)
    read(opened, 2, "1")  # marimo may send what a cell printed after its end
    assert errors == []


def test_the_wrapper_reads_and_writes_the_studio(book: OpenBook, errors: list[str]) -> None:
    write = "studio.prompt = 'written in a cell'"
    tell = "print([studio.request().prompt, studio.widget.prompt, studio.value['prompt']])"
    opened = book(STUDIO, write, tell)
    opened.run(0)
    opened.run(1)
    expect(opened.studio().prompt).to_have_value("written in a cell")
    read(opened, 2, str(["written in a cell"] * 3))
    assert errors == []


def test_a_studio_without_the_wrapper(book: OpenBook, errors: list[str]) -> None:
    bare = "import seedream_widgets as sd\nbare = sd.Studio(prompt='bare')\nbare"
    opened = book(bare, "print(bare.image.size)")
    opened.run(0)
    studio = opened.studio()
    studio.generate.click()
    studio.wait_for_pictures("bare")
    read(opened, 1, "(2048, 2048)")
    assert errors == []


def test_results_show_themselves(book: OpenBook, errors: list[str], shot: Shot) -> None:
    submit = "job = sd.submit('awaited')\nprint((await job).images[0].size)"
    opened = book("import seedream_widgets as sd", "sd.generate('a fox by the sea')", submit)
    for cell in range(3):
        opened.run(cell)
    picture = opened.place(1).get_by_role("img", name="a fox by the sea")
    wait_until_drawn(picture)
    assert re.search(r"1 image · 2048 × 2048 · seed \d+", opened.text(1))
    assert "Result(" not in opened.text(1)
    expect_text(opened, 2, re.compile(r"^\s*\(2048, 2048\)\s*$"))
    picture.scroll_into_view_if_needed()
    shot("result")
    assert errors == []
