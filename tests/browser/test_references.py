"""Reference images: dropped, pasted, browsed for, reordered, dragged from results, refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PIL import Image
from playwright.sync_api import expect

from .chromium import drop_files
from .studio import STUDIO, Studio

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from .conftest import OpenNotebook

SIZES = "[image.size for image in studio.references]"


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    """Write a.png to l.png, each wider than the one before."""
    paths = [tmp_path / f"{letter}.png" for letter in "abcdefghijkl"]
    for width, path in enumerate(paths, start=40):
        Image.new("RGB", (width, 30), "teal").save(path)
    return paths


def test_every_way_in(
    errors: list[str], notebook: OpenNotebook, page: Page, pictures: list[Path]
) -> None:
    book = notebook([STUDIO, SIZES])
    book.run(0)
    studio = Studio(page)
    drop_files(page, ".sd-refs", pictures[:2])
    studio.expect_references("a.png", "b.png")
    studio.prompt.focus()
    studio.paste(studio.prompt, "pasted.png", "orange")
    studio.expect_references("a.png", "b.png", "pasted.png")
    with page.expect_file_chooser() as chooser:
        studio.add.click()
    chooser.value.set_files(pictures[3])
    studio.expect_references("a.png", "b.png", "pasted.png", "d.png")
    studio.references.nth(3).drag_to(studio.references.nth(0))
    studio.expect_references("d.png", "a.png", "b.png", "pasted.png")
    studio.references.nth(1).hover()
    studio.button("Remove image 2").click()
    studio.expect_references("d.png", "b.png", "pasted.png")
    studio.submit("edit them")
    studio.wait_for_pictures("edit them")
    studio.tiles("edit them").drag_to(studio.reference_list.locator("xpath=.."))
    expect(studio.references).to_have_count(4)
    studio.wait_for_reference(3)
    book.run(1)
    assert book.text(1) == "[(43, 30), (41, 30), (64, 48), (1226, 855)]"  # of the shape of d.png
    assert errors == []


def test_what_is_refused(
    errors: list[str], notebook: OpenNotebook, page: Page, tmp_path: Path, pictures: list[Path]
) -> None:
    notes, broken = tmp_path / "notes.txt", tmp_path / "broken.png"
    notes.write_text("no picture")
    broken.write_bytes(pictures[0].read_bytes()[:60])
    book = notebook([STUDIO, SIZES])
    book.run(0)
    studio = Studio(page)
    drop_files(page, ".sd-refs", [notes])
    expect(studio.root).to_contain_text("notes.txt is not an image; drop PNG, JPEG or WebP files.")
    drop_files(page, ".sd-refs", [broken])
    fault = studio.references.filter(has_text="broken.png")
    expect(fault).to_have_count(1)
    studio.button("Dismiss broken.png").click()
    expect(studio.references).to_have_count(0)
    drop_files(page, ".sd-refs", pictures[:11])
    expect(studio.root).to_contain_text("edit takes up to 10 images; the last 1 stayed out.")
    studio.expect_references(*(path.name for path in pictures[:10]))
    expect(studio.add).to_have_count(0)
    drop_files(page, ".sd-root", [pictures[11]])
    expect(studio.root).to_contain_text("edit takes up to 10 images; remove one first.")
    book.run(1)
    assert len(eval(book.text(1))) == 10
    assert errors == []
