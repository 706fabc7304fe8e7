"""Python and page, view and view: what one is told the other shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from .studio import STUDIO, Studio

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from .conftest import OpenNotebook

OBSERVED = """
heard = []
studio.observe(lambda change: heard.append((change.name, change.new)), ["prompt", "seed"])
"""
SET = """
studio.prompt, studio.seed, studio.num_images = "from Python", 77, 3
studio.image_size = (3136, 1344)
"""
CUSTOM = "studio.image_size = (1500, 1400)"
READ = "studio.prompt, studio.seed, studio.num_images, studio.image_size"
SECOND = "other = sd.Studio(prompt='the other')\nother"
BOTH = "[[len(each.jobs), len(each.references), each.prompt] for each in (studio, other)]"


def test_python_and_page(errors: list[str], notebook: OpenNotebook, page: Page) -> None:
    book = notebook([STUDIO, OBSERVED, SET, CUSTOM, READ, "heard", "studio"])
    book.run(0)
    studio = Studio(page)
    book.run(1)
    book.run(2)
    expect(studio.prompt).to_have_value("from Python")
    expect(studio.field("Seed")).to_have_value("77")
    expect(studio.field("Images")).to_have_value("3")
    expect(studio.shape("21:9")).to_have_attribute("aria-checked", "true")
    book.run(3)
    expect(studio.field("Width")).to_have_value("1500")
    expect(studio.field("Height")).to_have_value("1400")

    studio.prompt.fill("from the page")
    studio.field("Seed").fill("5")
    studio.field("Images").fill("2")
    studio.shape("4:3").click()
    studio.add.focus()
    book.run_until(4, "('from the page', 5, 2, Size(width=2304, height=1728))")
    book.run(5)
    heard = eval(book.text(5))
    assert heard[:2] == [("prompt", "from Python"), ("seed", 77)]
    assert heard[-2:] == [("prompt", "from the page"), ("seed", 5)]
    assert errors == []


def test_two_views_of_one_studio(errors: list[str], notebook: OpenNotebook, page: Page) -> None:
    book = notebook([STUDIO, "studio"])
    book.run_all()
    first, second = Studio(page, 0), Studio(page, 1)
    first.prompt.fill("in both views")
    expect(second.prompt).to_have_value("in both views")
    second.shape("3:2").click()
    expect(first.shape("3:2")).to_have_attribute("aria-checked", "true")
    first.paste(first.prompt, "pasted.png", "orange")
    second.expect_references("pasted.png")
    first.field("Images").fill("2")
    expect(second.field("Images")).to_have_value("2")
    second.generate.click()
    for view in (first, second):
        view.wait_for_pictures("in both views", 2)
        expect(view.cards).to_have_count(1)
    second.tiles("in both views").nth(1).click()
    expect(first.tiles("in both views").nth(1)).to_have_attribute("aria-pressed", "true")
    second.button("Dismiss").click()
    expect(second.cards).to_have_count(0)
    expect(first.cards).to_have_count(0)
    assert errors == []


def test_two_studios(errors: list[str], notebook: OpenNotebook, page: Page) -> None:
    book = notebook([STUDIO, SECOND, BOTH])
    book.run_all()
    studio, other = Studio(page, 0), Studio(page, 1)
    studio.submit("mine")
    studio.paste(studio.prompt, "pasted.png", "orange")
    studio.expect_references("pasted.png")
    studio.wait_for_pictures("mine")
    expect(other.cards).to_have_count(0)
    expect(other.references).to_have_count(0)
    expect(other.prompt).to_have_value("the other")
    other.submit("yours")
    other.wait_for_pictures("yours")
    expect(studio.cards).to_have_count(1)
    book.run(2)
    assert book.text(2) == "[[1, 1, 'mine'], [1, 0, 'yours']]"
    assert errors == []
